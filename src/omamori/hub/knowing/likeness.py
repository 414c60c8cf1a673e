"""Likeness: what a thing sounds like, learned from things that a person named; it only suggests.

Compared are tokens (`hub.knowing.likeness_tokens`), the rarer the weightier, with the most similar thing
that was learned (Tversky, Features of Similarity, 1977: what only the example has counts less
than what only the thing has, since one listens to a thing only for a while).  A thing that is
like nothing learned is not named.  Nothing here grants trust or changes what a thing is believed
to be.  The numbers are scores between 0 and 1; they are no probabilities.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from omamori.hub.knowing.likeness_tokens import MODEL, TOKENS_PER_THING_MAX, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

LABELS_MAX = 64  # more than there are kinds of thing; with full examples some 20 MB
LABEL_CHARS_MAX = 64
EXAMPLES_PER_LABEL_MAX = 24
STRANGERS_PER_LABEL_MAX = 24  # scores kept of how like this label's things are to other labels
LABELS_SAID_MAX = 3
BECAUSE_MAX = 4

ONLY_EXAMPLE_SHARE = 0.3  # what the example has and the thing did not say (yet); our judgement
OTHER_MODEL_FACTOR = 0.3  # a thing that names itself otherwise is hardly the same
TIE = 0.03  # scores so near are not told apart
SAME_SHARE = (
    0.8  # of the tokens: so much alike, an example is taken for the same thing, heard longer
)
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
_DESIGNATIONS = frozenset({MODEL, "echonet-eoj", "echonet-epc.8c", "mdns", "mud", "path"})
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

    __slots__ = ("examples", "mistaken", "strangers", "tried")

    def __init__(self) -> None:
        self.examples: list[frozenset[str]] = []
        self.mistaken: dict[str, int] = {}
        self.tried = 0
        self.strangers: list[float] = []

    def vocabulary(self) -> frozenset[str]:
        """Every token of its examples."""
        return frozenset().union(*self.examples)


class _Heard(NamedTuple):
    """One example, ready to be compared."""

    label: str
    tokens: frozenset[str]
    weight: float
    has_model: bool


class Likeness:
    """Learns labels from examples and says which of them a thing sounds like."""

    def __init__(self) -> None:
        self._labels: dict[str, _Label] = {}
        self._labels_with: dict[str, int] = {}  # by token
        self._examples_with: dict[str, list[_Heard]] | None = None  # by token, made when needed
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
            self._examples_with = None  # one label more changes every weight
        self._labels[label] = known
        self._try(label, known, example)
        if example not in known.examples:
            self._replace(known, [*known.examples, example][-EXAMPLES_PER_LABEL_MAX:])
        self._changed[label] = None

    def unlearn(self, label: str, tokens: Iterable[str]) -> None:
        """Drop the examples of a label that are this thing, as when a person says it is another."""
        known, heard = self._labels.get(label), frozenset(tokens)
        if known is None:
            return
        left = [e for e in known.examples if len(e & heard) < SAME_SHARE * len(e | heard)]
        if not left:
            self.forget(label)
        elif len(left) < len(known.examples):
            self._replace(known, left)
            self._changed[label] = None

    def forget(self, label: str) -> None:
        """Unlearn a label, as when a person takes a name back."""
        known = self._labels.pop(label, None)
        if known is None:
            return
        self._replace(known, [])
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
            self._replace(known, [frozenset(e[:TOKENS_PER_THING_MAX]) for e in examples if e])
            known.mistaken = dict(list(read.mistaken.items())[:LABELS_MAX])
            known.tried = max(read.tried, 0)
            known.strangers = [s for s in read.strangers if 0 <= s <= 1][-STRANGERS_PER_LABEL_MAX:]
            self._changed.pop(label, None)
        self._accept = None
        return lost

    def _try(self, label: str, known: _Label, example: frozenset[str]) -> None:
        """Note whom a new example would have been taken for."""
        ranked = self._ranked(example)
        own = next((score for score, name, _ in ranked if name == label), 0.0)
        rival = next(((score, name) for score, name, _ in ranked if name != label), None)
        if len(self._labels) == 1:
            return
        if known.examples:
            known.tried += 1
            if rival and rival[0] >= max(own - TIE, ACCEPT_MIN):
                known.mistaken[rival[1]] = known.mistaken.get(rival[1], 0) + 1
                return
        twins = self.twins(label)
        stranger = next((s for s, n, _ in ranked if n != label and n not in twins), 0.0)
        if stranger < ACCEPT_MAX:  # so like that they are twins, which shows only later
            known.strangers.append(round(stranger, 3))
            del known.strangers[:-STRANGERS_PER_LABEL_MAX]
            self._accept = None

    def _replace(self, known: _Label, examples: list[frozenset[str]]) -> None:
        """Put other examples under a label, and count anew by how many labels a token is left."""
        self._examples_with = None
        before = known.vocabulary()
        known.examples = examples
        now = known.vocabulary()
        for token in before - now:
            self._labels_with[token] -= 1
            if not self._labels_with[token]:
                del self._labels_with[token]
        for token in now - before:
            self._labels_with[token] = self._labels_with.get(token, 0) + 1

    def _weight(self, token: str) -> float:
        """The rarer among the learned labels, the weightier; what is wholly new counts most."""
        return _weight_of(token) * log(1 + len(self._labels) / self._labels_with.get(token, 1))

    def _ranked(self, heard: frozenset[str]) -> list[tuple[float, str, frozenset[str]]]:
        """Each label's best score with the example that reached it, best label first."""
        if self._examples_with is None:
            self._examples_with = self._indexed()
        total = 0.0
        shared: dict[int, float] = {}
        examples: dict[int, _Heard] = {}
        for token in heard:
            weight = self._weight(token)
            total += weight
            for example in self._examples_with.get(token, ()):
                number = id(example)  # quicker than to hash what it holds
                shared[number] = shared.get(number, 0.0) + weight
                examples[number] = example
        models = frozenset(token for token in heard if place_of(token) == MODEL)
        best: dict[str, tuple[float, frozenset[str]]] = {}
        for number, example in examples.items():
            missing = example.weight - shared[number]
            score = shared[number] / (total + ONLY_EXAMPLE_SHARE * missing)
            if models and example.has_model and models.isdisjoint(example.tokens):
                score *= OTHER_MODEL_FACTOR
            if score > best.get(example.label, (-1.0,))[0]:
                best[example.label] = score, example.tokens
        ranked = ((score, name, tokens) for name, (score, tokens) in best.items())
        return sorted(ranked, key=lambda one: (-one[0], one[1]))

    def _indexed(self) -> dict[str, list[_Heard]]:
        weights = {token: self._weight(token) for token in self._labels_with}
        index: dict[str, list[_Heard]] = {token: [] for token in weights}
        for name, label in self._labels.items():
            for tokens in label.examples:
                has_model = any(token.startswith(f"{MODEL}=") for token in tokens)
                weight = sum([weights[token] for token in tokens])
                example = _Heard(name, tokens, weight, has_model)
                for token in tokens:
                    index[token].append(example)
        return index


def _is_twin(label: _Label, name: str, tried: int) -> bool:
    return label.mistaken.get(name, 0) >= max(TWIN_SHARE * tried, 1)


def _weight_of(token: str) -> float:
    return _PLACE_WEIGHTS.get(place_of(token), 1.0)
