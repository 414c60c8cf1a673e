"""The rules of one place, by how they compare; few of the many patterns are tried on a text."""

from __future__ import annotations

import re
from re import _parser as grammar  # type: ignore[attr-defined] # the only reader that agrees with re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.knowing.identify_rules import Rule

_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")


class Pattern:
    """A rule's regular expression, without case, and words of which each match holds one.

    Attributes:
        search: as ``re.Pattern.search``.
        words: small letters, at least one of which is in every ASCII text that fits, written
            small; empty where nothing can be said.
    """

    __slots__ = ("search", "words")

    def __init__(self, like: str) -> None:
        """Raises ``re.error`` for what is no pattern."""
        self.search = re.compile(like, re.IGNORECASE).search
        self.words = _words(grammar.parse(like, re.IGNORECASE))


class Shelf:
    """Rules, to be found by the text that was heard."""

    def __init__(self) -> None:
        self._equals: dict[str, list[Rule]] = {}
        self._under: dict[str, list[Rule]] = {}
        self._like: list[tuple[Pattern, Rule]] = []
        self._by_word: dict[str, list[int]] = {}  # numbers in ``_like``
        self._wordless: list[int] = []

    def put(self, rule: Rule, pattern: Pattern | None) -> None:
        """Add a rule; ``pattern`` is that of its ``like``."""
        for value in rule.equals:
            self._equals.setdefault(value.casefold(), []).append(rule)
        for name in rule.under:
            self._under.setdefault(name.casefold(), []).append(rule)
        if pattern:
            number = len(self._like)
            self._like.append((pattern, rule))
            for word in pattern.words:
                self._by_word.setdefault(word, []).append(number)
            if not pattern.words:
                self._wordless.append(number)

    def find(self, text: str) -> Iterable[tuple[Rule, str]]:
        """Rules that fit, each with the model that it reads from the text."""
        folded = text.casefold()
        for rule in self._equals.get(folded, ()):
            yield rule, rule.model
        if self._under:
            labels = folded.rstrip(".").split(".")
            for first in range(len(labels)):
                for rule in self._under.get(".".join(labels[first:]), ()):
                    yield rule, rule.model
        for number in self._worth_trying(text):
            pattern, rule = self._like[number]
            match = pattern.search(text)
            if match:
                yield rule, match.group(1) or "" if rule.model == "\\1" else rule.model

    def _worth_trying(self, text: str) -> Iterable[int]:
        """Numbers of the patterns that may fit, in the order in which the rules were put."""
        if not text.isascii():  # beyond ASCII, ``re`` and ``lower`` differ about case
            return range(len(self._like))
        small = text.lower()
        hit = [numbers for word, numbers in self._by_word.items() if word in small]
        return sorted(set(self._wordless).union(*hit))


def _words(part: Any) -> frozenset[str]:  # noqa: ANN401 -- the standard library does not name its type
    """The longest words of which every match of the parsed pattern holds one, or none."""
    found: list[frozenset[str]] = []
    run = ""
    for operation, value in part:
        name = str(operation)
        if name == "LITERAL" and _is_plain(chr(value)):
            run += chr(value).lower()
            continue
        if run:
            found.append(frozenset({run}))
            run = ""
        if name == "SUBPATTERN" or (name in _REPEATS and value[0] > 0):
            found.append(_words(value[-1]))
        elif name == "BRANCH":
            branches = [_words(branch) for branch in value[-1]]
            found.append(frozenset().union(*branches) if all(branches) else frozenset())
    if run:
        found.append(frozenset({run}))
    return max(found, key=lambda words: min(map(len, words), default=0), default=frozenset())


def _is_plain(mark: str) -> bool:
    """Whether in an ASCII text this mark fits itself alone, but for its case."""
    return mark.isascii() or mark.lower() == mark.upper()
