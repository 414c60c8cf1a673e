"""Likeness: what a thing sounds like, learned from things that a person named; it only suggests.

Compared are tokens (`hub.likeness_tokens`), the rarer the weightier, with the most similar thing
that was learned (Tversky, Features of Similarity, 1977: what only the example has counts less
than what only the thing has, since one listens to a thing only for a while).  A thing that is
like nothing learned is not named.  Nothing here grants trust or changes what a thing is believed
to be.  The numbers are scores between 0 and 1; they are no probabilities.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import msgspec

from omamori.hub.likeness_tokens import MODEL, TOKENS_PER_THING_MAX, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

LABELS_MAX = 128
LABEL_CHARS_MAX = 64
EXAMPLES_PER_LABEL_MAX = 24
STRANGERS_PER_LABEL_MAX = 24  # scores kept of how like this label's things are to other labels
LABELS_SAID_MAX = 3
BECAUSE_MAX = 4

ONLY_EXAMPLE_SHARE = 0.3  # what the example has and the thing did not say (yet); our judgement
OTHER_MODEL_FACTOR = 0.3  # a thing that names itself otherwise is hardly the same
TIE = 0.03  # scores so near are not told apart
TWIN_SHARE = 0.2  # labels that were taken for one another in so many trials are twins
ACCEPT_MIN, ACCEPT_USUAL, ACCEPT_MAX = 0.6, 0.75, 0.9  # bounds of the calibrated threshold
ACCEPT_ABOVE_STRANGERS = 0.05
STRANGERS_MIN = 20  # below, the usual threshold stands
STRANGERS_QUANTILE = 0.97
THIN_BELOW = 1.0  # place weights shared: less says only what radio is inside

BANDS = ("none", "akin", "close")

_PLACE_WEIGHTS = {
    "dhcp-asks": 1.0, "dhcp-class": 1.0, "host": 2.0, "mdns-key": 0.3, "module": 0.3,
    MODEL: 3.0, "port": 0.5, "radio": 0.3, "talk": 0.3,
}  # fmt: skip
"""What a shared token of a place is worth beside one of any other (1); our judgement."""
_GENERIC = frozenset({"dhcp-asks", "module", "port", "radio", "talk"})
"""Places that speak of the radio module and of what everybody does."""
_DESIGNATIONS = frozenset({MODEL, "path", "mdns", "echonet-eoj", "echonet-epc.8c"})
"""Places where a thing says by itself what it is."""


class Suggestion(msgspec.Struct, frozen=True):
    """What a thing sounds like.

    Attributes:
        labels: best first; several where they cannot be told apart ("one of these"); may be empty.
        band: ``close`` where it says by itself what it is, as the learned one does; ``akin`` where
            it may as well be a sibling of it; ``none`` where it is like nothing learned.
        scores: the best labels with their scores, named or not.
        because: the weightiest tokens shared with the example.
    """

    labels: tuple[str, ...] = ()
    band: str = "none"
    scores: tuple[tuple[str, float], ...] = ()
    because: tuple[str, ...] = ()


class _Kept(msgspec.Struct, array_like=True):
    """What is kept of one label over a restart."""

    examples: list[list[str]]
    mistaken: dict[str, int]
    tried: int
    strangers: list[float]


class _Label:
    """What was learned under one label."""

    __slots__ = ("examples", "mistaken", "strangers", "tried", "vocabulary")

    def __init__(self) -> None:
        self.examples: list[frozenset[str]] = []
        self.vocabulary: set[str] = set()
        self.mistaken: dict[str, int] = {}
        self.tried = 0
        self.strangers: list[float] = []


class Likeness:
    """Learns labels from examples and says which of them a thing sounds like."""

    def __init__(self) -> None:
        self._labels: dict[str, _Label] = {}
        self._labels_with: dict[str, int] = {}  # by token
        self._accept: float | None = None
        self._changed: dict[str, None] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """What was learned, longest ago first."""
        return tuple(self._labels)

    @property
    def accept_at(self) -> float:
        """The score from which a thing is named: above what strangers among the learned reach."""
        if self._accept is None:
            scores = sorted(s for label in self._labels.values() for s in label.strangers)
            self._accept = ACCEPT_USUAL
            if len(scores) >= STRANGERS_MIN:
                high = scores[int(STRANGERS_QUANTILE * (len(scores) - 1))]
                self._accept = min(max(high + ACCEPT_ABOVE_STRANGERS, ACCEPT_MIN), ACCEPT_MAX)
        return self._accept

    def learn(self, label: str, tokens: Iterable[str]) -> None:
        """Take one thing of this label in; the label learned longest ago makes room for a new one.

        Before, the thing is tried on what is known: whom it is taken for then shows which
        labels are twins, and how like strangers are to one another.
        """
        label = label[:LABEL_CHARS_MAX]
        example = frozenset(sorted(tokens)[:TOKENS_PER_THING_MAX])
        if not label or not example:
            return
        known = self._labels.pop(label, None)
        if known is None:
            while len(self._labels) >= LABELS_MAX:
                self.forget(next(iter(self._labels)))
            known = _Label()
        self._labels[label] = known
        self._try(label, known, example)
        if example not in known.examples:
            known.examples.append(example)
            del known.examples[:-EXAMPLES_PER_LABEL_MAX]
            self._count(known)
        self._changed[label] = None

    def forget(self, label: str) -> None:
        """Unlearn a label, as when a person takes a name back."""
        known = self._labels.pop(label, None)
        if known is None:
            return
        for token in known.vocabulary:
            self._labels_with[token] -= 1
            if not self._labels_with[token]:
                del self._labels_with[token]
        for other in self._labels.values():
            other.mistaken.pop(label, None)
        self._accept = None
        self._changed[label] = None

    def twins(self, label: str) -> tuple[str, ...]:
        """Labels that were found not to be told apart from this one while learning."""
        own = self._labels.get(label)
        if own is None:
            return ()
        return tuple(
            name
            for name, other in self._labels.items()
            if name != label
            and (_is_twin(own, name, own.tried) or _is_twin(other, label, other.tried))
        )

    def suggest(self, tokens: Iterable[str]) -> Suggestion:
        """What a thing that left these tokens sounds like."""
        heard = frozenset(tokens)
        ranked = self._ranked(heard)
        if not ranked:
            return Suggestion()
        best, label, example = ranked[0]
        scores = tuple((name, round(score, 3)) for score, name, _ in ranked[:LABELS_SAID_MAX])
        if best < self.accept_at:
            return Suggestion(scores=scores)
        twins = self.twins(label)
        alike = [
            name
            for score, name, _ in ranked
            if score >= best - TIE or (name in twins and score >= self.accept_at)
        ][:LABELS_SAID_MAX]
        shared = heard & example
        is_thin = sum(_weight_of(t) for t in shared if place_of(t) not in _GENERIC) < THIN_BELOW
        if is_thin and len(alike) == 1:
            return Suggestion(scores=scores)
        is_close = not is_thin and any(place_of(token) in _DESIGNATIONS for token in shared)
        because = sorted(shared, key=lambda token: (-self._weight(token), token))[:BECAUSE_MAX]
        return Suggestion(tuple(alike), "close" if is_close else "akin", scores, tuple(because))

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed since it was last taken, by label; None for what is forgotten."""
        changed, self._changed = self._changed, {}
        for label in changed:
            known = self._labels.get(label)
            if known is None:
                yield label, None
                continue
            examples = [sorted(example) for example in known.examples]
            kept = _Kept(examples, known.mistaken, known.tried, known.strangers)
            yield label, msgspec.msgpack.encode(kept)

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; returns how many pieces could not be read and were left out."""
        del now
        lost = 0
        for label, value in kept:
            try:
                read = msgspec.msgpack.decode(value, type=_Kept)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                lost += 1
                continue
            if not label or len(label) > LABEL_CHARS_MAX or len(self._labels) >= LABELS_MAX:
                lost += 1
                continue
            self.forget(label)
            known = self._labels[label] = _Label()
            examples = read.examples[-EXAMPLES_PER_LABEL_MAX:]
            known.examples = [frozenset(e[:TOKENS_PER_THING_MAX]) for e in examples if e]
            known.mistaken = dict(list(read.mistaken.items())[:LABELS_MAX])
            known.tried = max(read.tried, 0)
            known.strangers = read.strangers[-STRANGERS_PER_LABEL_MAX:]
            self._count(known)
            self._changed.pop(label, None)
        self._accept = None
        return lost

    def _try(self, label: str, known: _Label, example: frozenset[str]) -> None:
        """Note whom a new example would have been taken for."""
        ranked = self._ranked(example)
        own = next((score for score, name, _ in ranked if name == label), 0.0)
        rival = next(((score, name) for score, name, _ in ranked if name != label), None)
        if rival is None:
            return
        if known.examples:
            known.tried += 1
            if rival[0] >= max(own - TIE, ACCEPT_MIN):
                known.mistaken[rival[1]] = known.mistaken.get(rival[1], 0) + 1
                return
        twins = self.twins(label)
        stranger = next((s for s, n, _ in ranked if n != label and n not in twins), 0.0)
        if stranger < ACCEPT_MAX:  # so like that they are twins, which shows only later
            known.strangers.append(round(stranger, 3))
            del known.strangers[:-STRANGERS_PER_LABEL_MAX]
            self._accept = None

    def _count(self, known: _Label) -> None:
        """Keep by how many labels each token is left."""
        now = {token for example in known.examples for token in example}
        for token in known.vocabulary - now:
            self._labels_with[token] -= 1
            if not self._labels_with[token]:
                del self._labels_with[token]
        for token in now - known.vocabulary:
            self._labels_with[token] = self._labels_with.get(token, 0) + 1
        known.vocabulary = now

    def _weight(self, token: str) -> float:
        """The rarer among the learned labels, the weightier; what is wholly new counts most."""
        return _weight_of(token) * log(1 + len(self._labels) / self._labels_with.get(token, 1))

    def _ranked(self, heard: frozenset[str]) -> list[tuple[float, str, frozenset[str]]]:
        """Each label's best score with the example that reached it, best label first."""
        weights = {token: self._weight(token) for token in heard}
        known = {token: self._weight(token) for token in self._labels_with}
        total = sum(weights.values())
        models = frozenset(token for token in heard if place_of(token) == MODEL)
        found = []
        for name, label in self._labels.items():
            best, best_example = -1.0, frozenset[str]()
            for example in label.examples:
                shared = sum([weights[token] for token in heard & example])
                missing = sum([known[token] for token in example - heard])
                score = shared / (total + ONLY_EXAMPLE_SHARE * missing)
                if models and models.isdisjoint(example) and _has_model(example):
                    score *= OTHER_MODEL_FACTOR
                if score > best:
                    best, best_example = score, example
            if best >= 0:
                found.append((best, name, best_example))
        return sorted(found, key=lambda one: (-one[0], one[1]))


def _is_twin(label: _Label, name: str, tried: int) -> bool:
    return label.mistaken.get(name, 0) >= max(TWIN_SHARE * tried, 1)


def _has_model(example: frozenset[str]) -> bool:
    return any(token.startswith(f"{MODEL}=") for token in example)


def _weight_of(token: str) -> float:
    return _PLACE_WEIGHTS.get(place_of(token), 1.0)
