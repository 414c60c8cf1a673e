"""What a value may be, exactly: spans of numbers and sets of words, and several at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Cut = tuple[float, int]
"""A place between numbers: (x, 0) lies just before x, (x, 1) just after it."""

Var = tuple[str, str]
"""A thing and its point."""

LEAST, MOST = (-math.inf, 0), (math.inf, 1)


class Domain(msgspec.Struct, frozen=True):
    """The values that are allowed.

    Attributes:
        spans: disjoint, ascending pairs of cuts: the numbers.
        words: the words, or with `is_all_but` the only words that are not allowed.
    """

    spans: tuple[tuple[Cut, Cut], ...] = ()
    words: frozenset[str] = frozenset()
    is_all_but: bool = False

    @property
    def is_empty(self) -> bool:
        """No value at all."""
        return not self.spans and not self.words and not self.is_all_but

    def holds(self, value: float | str) -> bool:
        """Whether this value is allowed."""
        if isinstance(value, str):
            return (value in self.words) != self.is_all_but
        return any(low <= (value, 0) and (value, 1) <= high for low, high in self.spans)

    def sample(self) -> float | str:
        """One allowed value, a plain one where there is a choice; empty text when there is none."""
        if self.words and not self.is_all_but:
            return min(self.words)
        return _number(*self.spans[0]) if self.spans else ""


EVERY = Domain(((LEAST, MOST),), frozenset(), is_all_but=True)
NOTHING = Domain()
NUMBERS = Domain(((LEAST, MOST),))


def _number(low: Cut, high: Cut) -> float:
    if math.isinf(low[0]) and math.isinf(high[0]):
        return 0.0
    if math.isinf(low[0]):
        return high[0] if high[1] else high[0] - 1
    if low[1] == 0:
        return low[0]
    if math.isinf(high[0]):
        return low[0] + 1
    return high[0] if high[1] else (low[0] + high[0]) / 2


def word(told: str) -> Domain:
    """Just this word."""
    return Domain((), frozenset((told,)))


def number(told: float) -> Domain:
    """Just this number."""
    return Domain((((told, 0), (told, 1)),))


def only(value: float | str) -> Domain:
    """Just this value."""
    return word(value) if isinstance(value, str) else number(value)


def span(low: float, high: float, *, with_low: bool = True, with_high: bool = True) -> Domain:
    """The numbers from low to high."""
    start, end = (float(low), 0 if with_low else 1), (float(high), 1 if with_high else 0)
    return Domain(((start, end),)) if start < end else NOTHING


def meet(one: Domain, other: Domain) -> Domain:
    """What both allow."""
    if one is EVERY:
        return other
    if other is EVERY:
        return one
    spans = []
    for low, high in one.spans:
        for from_, to in other.spans:
            start, end = max(low, from_), min(high, to)
            if start < end:
                spans.append((start, end))
    words, all_but = _words_meet(one, other)
    return Domain(tuple(sorted(spans)), words, all_but)


def _words_meet(one: Domain, other: Domain) -> tuple[frozenset[str], bool]:
    if one.is_all_but and other.is_all_but:
        return one.words | other.words, True
    if one.is_all_but:
        return other.words - one.words, False
    if other.is_all_but:
        return one.words - other.words, False
    return one.words & other.words, False


def other_than(one: Domain) -> Domain:
    """What it does not allow."""
    spans, at = [], LEAST
    for low, high in one.spans:
        if at < low:
            spans.append((at, low))
        at = high
    if at < MOST:
        spans.append((at, MOST))
    return Domain(tuple(spans), one.words, not one.is_all_but)


def unlike(one: Domain) -> Domain:
    """What it does not allow, of its own sort: a temperature that is not below 20° is a number."""
    others = other_than(one)
    return meet(others, NUMBERS) if one.spans and not one.words and not one.is_all_but else others


def either(many: Iterable[Domain]) -> Domain:
    """What one of them allows."""
    joined = EVERY
    for one in many:
        joined = meet(joined, other_than(one))
    return other_than(joined)


Situation = dict[Var, Domain]
"""What must hold at once; a point that is not named may be anything."""


def both(one: Mapping[Var, Domain], other: Mapping[Var, Domain]) -> Situation | None:
    """What holds when both hold; None when they exclude each other."""
    if len(one) < len(other):
        one, other = other, one
    joined = dict(one)
    for var, domain in other.items():
        mine = joined.get(var)
        if mine is None:
            joined[var] = domain
            continue
        met = meet(mine, domain)
        if met.is_empty:
            return None
        joined[var] = met
    return joined
