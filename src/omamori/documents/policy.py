"""Policy: reads the table of rules that a person wrote, and shows every mistake at its place.

    version = 1

    [[rule]]
    id = "film"
    effect = "ask"                                   # allow, limit, ask or refuse
    when = { slot = "demand-response", in_use = true, act = { at_least = "adjust" } }
    unless = { at_hand = true }                      # or [{ … }, { … }]: any of them
    why = { ja = "映画の途中です。", en = "A film is on." }   # or the key of a built-in sentence

What may be asked about is given from outside (`Vocabulary`): this room knows no homes.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

from omamori.documents.policy_conditions import Conditions
from omamori.documents.policy_places import Path, Places, PolicyError, parse
from omamori.documents.policy_shape import (
    EFFECTS,
    ID_MAX,
    POLICY_OCTETS_MAX,
    RULES_MAX,
    SHOWN_MAX,
    UNLESS_MAX,
    WORDS_MAX,
    Box,
    Rule,
    Vocabulary,
    overlap,
    shown,
    within,
)
from omamori.documents.reason import Reason, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

VERSION = 1
MISTAKES_MAX = 50  # mistakes told of one file; who has more begins with these
OWN_WORDS = "ruling.own-words"
"""The reason of a rule whose writer gave its own sentences."""

RESERVED = "floor-"
"""How the built-in rules' names begin; nobody else's may."""

_LANGUAGES = ("ja", "en")
_TOP = ("version", "rule")
_KEYS = ("id", "effect", "when", "unless", "why")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


class Mistakes:
    """What is wrong with one file, in the order found."""

    def __init__(self, places: Places) -> None:
        self.told: list[Reason] = []
        self._places = places
        self._count = 0

    def because(self, key: str, path: Path, /, **params: Value) -> None:
        """Note a mistake at `path`."""
        self._count += 1
        if self._count <= MISTAKES_MAX:
            line, column = self._places.of(path)
            self.told.append(Reason(key, {"line": line, "column": column, **params}))

    def hint(self, word: object, known: Iterable[str]) -> None:
        """Say which known word was perhaps meant by the last mistake's."""
        if not isinstance(word, str) or not self.told or self._count > MISTAKES_MAX:
            return  # nobody waits for sixty thousand guesses
        near = get_close_matches(shown(word), list(known), 1)
        if near:
            line = self.told[-1].params["line"]
            self.told.append(Reason("policy.did-you-mean", {"line": line, "suggestion": near[0]}))

    def line(self, path: Path) -> int:
        """The line on which something stands."""
        return self._places.of(path)[0]

    def stop(self) -> NoReturn:
        """Refuse the file."""
        if self._count > MISTAKES_MAX:
            more = Reason("policy.more-mistakes", {"count": self._count - MISTAKES_MAX})
            self.told.append(more)
        raise refused(self.told)


def refused(reasons: list[Reason]) -> PolicyError:
    """The error of several mistakes."""
    error = PolicyError(reasons[0].key, reasons[0].params)
    error.reasons = tuple(reasons)
    return error


def read_policy(
    octets: bytes,
    vocabulary: Vocabulary,
    sentences: frozenset[str],
    is_impossible: Callable[[Box], bool] = lambda _: False,
) -> tuple[Rule, ...]:
    """The rules of a file, in its order.

    Args:
        vocabulary: what rules may ask about.
        sentences: keys of the built-in sentences that ``why`` may name.
        is_impossible: says of a conjunction that nothing can ever fit it.

    Raises:
        PolicyError: with every mistake found in ``reasons``, each with its line and column.
    """
    said, places = parse(_text(octets))
    mistakes = Mistakes(places)
    _top(said, mistakes)
    reader = _Reader(vocabulary, sentences, is_impossible, mistakes)
    rules = reader.rules(said.get("rule", []))
    if mistakes.told:
        mistakes.stop()
    return rules


def _text(octets: bytes) -> str:
    if len(octets) > POLICY_OCTETS_MAX:
        raise PolicyError("policy.too-large", {"max": POLICY_OCTETS_MAX})
    try:
        return octets.removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as wrong:
        before = wrong.object[: wrong.start]
        column = wrong.start - (before.rfind(b"\n") + 1) + 1
        where: dict[str, Value] = {"line": before.count(b"\n") + 1, "column": column}
        raise PolicyError("policy.not-utf8", where) from None


def _top(said: Mapping[str, object], mistakes: Mistakes) -> None:
    version = said.get("version")
    if version is None:
        mistakes.because("policy.no-version", ())
    elif type(version) is not int or version != VERSION:
        told = str(version) if type(version) is int else shown(version)
        mistakes.because("policy.version", ("version",), told=told[:SHOWN_MAX])
    _unknown(said, _TOP, (), mistakes)


def _unknown(
    said: Mapping[str, object], known: tuple[str, ...], path: Path, mistakes: Mistakes
) -> None:
    for key in said:
        if key not in known:
            mistakes.because("policy.unknown-key", (*path, key), told=shown(key))
            mistakes.hint(key, known)


class _Reader:
    """Reads the rules of one file; notes every mistake and goes on."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        sentences: frozenset[str],
        is_impossible: Callable[[Box], bool],
        mistakes: Mistakes,
    ) -> None:
        self._conditions = Conditions(vocabulary, mistakes)
        self._sentences = sentences
        self._is_impossible = is_impossible
        self._mistakes = mistakes
        self._ids: dict[str, int] = {}

    def rules(self, said: object) -> tuple[Rule, ...]:
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            self._mistakes.because("policy.rule-not-table", ("rule",))
            return ()
        if not said:
            self._mistakes.because("policy.no-rules", ())
        if len(said) > RULES_MAX:
            self._mistakes.because("policy.too-many-rules", ("rule", RULES_MAX), max=RULES_MAX)
            return ()
        return tuple(rule for at, one in enumerate(said) if (rule := self._rule(one, ("rule", at))))

    def _rule(self, said: dict[str, object], path: Path) -> Rule | None:
        _unknown(said, _KEYS, path, self._mistakes)
        name = self._id(said.get("id"), path)
        effect = self._effect(said.get("effect"), path)
        when = self._when(said, path)
        unless = self._unless(said, path, when)
        why = self._why(said.get("why"), path, name)
        if not (name and effect and when and why):
            return None
        return Rule(name, effect, when, unless, why, self._conditions.line(path))

    def _id(self, said: object, path: Path) -> str:
        if said is None:
            self._mistakes.because("policy.id-missing", path)
            return ""
        here = (*path, "id")
        if not isinstance(said, str) or len(said) > ID_MAX or not _ID.fullmatch(said):
            self._mistakes.because("policy.id-form", here, told=shown(said), max=ID_MAX)
        elif said.startswith(RESERVED):
            self._mistakes.because("policy.id-reserved", here, told=said, reserved=RESERVED)
        elif said in self._ids:
            self._mistakes.because("policy.id-twice", here, told=said, first=self._ids[said])
        else:
            self._ids[said] = self._conditions.line(here)
            return said
        return ""

    def _effect(self, said: object, path: Path) -> str:
        if said is None:
            self._mistakes.because("policy.effect-missing", path)
        elif isinstance(said, str) and said in EFFECTS:
            return said
        else:
            self._mistakes.because("policy.effect-unknown", (*path, "effect"), told=shown(said))
            self._mistakes.hint(said, EFFECTS)
        return ""

    def _when(self, said: dict[str, object], path: Path) -> Box:
        here = (*path, "when")
        if "when" not in said:
            self._mistakes.because("policy.when-missing", path)
            return {}
        if said["when"] == {}:
            self._mistakes.because("policy.when-missing", here)
            return {}
        return self._box(said["when"], here)

    def _box(self, said: object, path: Path) -> Box:
        box = self._conditions.read(said, path)
        if box and self._is_impossible(box):
            self._mistakes.because("policy.impossible", path)
            return {}
        return box

    def _unless(self, said: dict[str, object], path: Path, when: Box) -> tuple[Box, ...]:
        told = said.get("unless")
        here = (*path, "unless")
        if told is None:
            return ()
        many = told if isinstance(told, list) else [told]
        if not many:
            self._mistakes.because("policy.unless-empty", here)
        if len(many) > UNLESS_MAX:
            self._mistakes.because("policy.unless-many", here, max=UNLESS_MAX)
            return ()
        boxes = []
        for at, one in enumerate(many):
            place = (*here, at) if isinstance(told, list) else here
            if one == {}:
                self._mistakes.because("policy.unless-empty", place)
                continue
            box = self._box(one, place)
            if box and when:
                self._fits(box, when, place)
                boxes.append(box)
        return tuple(boxes)

    def _fits(self, box: Box, when: Box, place: Path) -> None:
        """An exception must take something away from its rule, and leave something."""
        if not overlap(box, when):
            self._mistakes.because("policy.unless-beside", place)
        elif within(when, box):
            self._mistakes.because("policy.unless-whole", place)

    def _why(self, said: object, path: Path, name: str) -> Reason | None:
        here = (*path, "why")
        if said is None:
            self._mistakes.because("policy.why-missing", path)
        elif isinstance(said, str):
            if said in self._sentences:
                return Reason(said, {"rule": name})
            self._mistakes.because("policy.why-unknown", here, told=shown(said))
            self._mistakes.hint(said, self._sentences)
        elif isinstance(said, dict):
            return self._own_words(said, here, name)
        else:
            self._mistakes.because("policy.why-form", here)
        return None

    def _own_words(self, said: dict[str, object], here: Path, name: str) -> Reason | None:
        before = len(self._mistakes.told)
        _unknown(said, _LANGUAGES, here, self._mistakes)
        words: dict[str, Value] = {"rule": name}
        for lang in _LANGUAGES:
            told = said.get(lang)
            place = (*here, lang)
            if told is None:
                self._mistakes.because("policy.why-language", here, lang=lang)
            elif not isinstance(told, str) or not told.strip():
                self._mistakes.because("policy.why-form", place)
            elif len(told) > WORDS_MAX:
                self._mistakes.because("policy.why-long", place, max=WORDS_MAX)
            elif not told.isprintable():
                self._mistakes.because("policy.why-unprintable", place)
            else:
                words[f"own_{lang}"] = told
        return Reason(OWN_WORDS, words) if len(self._mistakes.told) == before else None
