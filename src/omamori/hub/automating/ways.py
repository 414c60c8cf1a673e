"""What a check needs of an automation: the ways in which which point is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents import automation as doc
from omamori.hub.automating.domain import EVERY, Domain, Situation, Var, both, either
from omamori.hub.automating.vocabulary import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES_MAX = 64  # alternatives kept of one condition; a wider one counts as not understood
WAYS_MAX = 64  # triggers times alternatives kept of one action
EFFECTS_MAX = 256

STATE, CLOCK, SUN_EVENT, EVERY_SO, EVENT = "state", "time", "sun", "every", "event"


class Case(msgspec.Struct, frozen=True):
    """One alternative of a condition; not exact where a part of it was not understood."""

    situation: Situation
    is_exact: bool = True


class Signal(msgspec.Struct, frozen=True):
    """What sets an automation going."""

    form: str
    var: Var = ("", "")
    domain: Domain = EVERY
    before: Domain = EVERY
    for_s: float = 0.0
    name: str = ""
    offset_s: float = 0.0


class Way(msgspec.Struct, frozen=True):
    """A signal together with what must hold when it comes."""

    signal: Signal
    situation: Situation
    is_exact: bool = True


class Effect(msgspec.Struct, frozen=True):
    """A point that an automation sets, and how it comes to that.

    Attributes:
        to: what it is set to; None where that is known only when it runs.
        after_s: how long after the signal.
        always: what holds in each of its ways: where these exclude each other, all ways do.
    """

    thing: str
    point: str
    to: Token | None
    ways: tuple[Way, ...]
    after_s: float = 0.0
    always: Situation = {}


class Rule(msgspec.Struct, frozen=True):
    """An automation as the checks read it.

    Attributes:
        turns: automations that it switches: which, and to what, in which ways.
        asks: what its conditions ask for.
    """

    automation: doc.Automation
    ways: tuple[Way, ...]
    effects: tuple[Effect, ...]
    turns: tuple[tuple[str, str], ...] = ()
    asks: frozenset[Var] = frozenset()
    tells: bool = False

    @property
    def id(self) -> str:
        """The automation's."""
        return self.automation.id

    @property
    def name(self) -> str:
        """For people."""
        return self.automation.name or self.automation.id


def joined(one: tuple[Case, ...], other: tuple[Case, ...]) -> tuple[Case, ...]:
    """Both conditions at once; past the limit the wider one counts as not understood."""
    if len(one) * len(other) > CASES_MAX:
        kept = min(one, other, key=len)
        return tuple(Case(case.situation, is_exact=False) for case in kept)
    found = []
    for first in one:
        for second in other:
            held = both(first.situation, second.situation)
            if held is not None:
                found.append(Case(held, first.is_exact and second.is_exact))
    return tuple(found)


def always(ways: Sequence[Way]) -> Situation:
    """What holds in each of the ways: the points that all of them name, with what any allows."""
    if len(ways) == 1:
        return ways[0].situation
    shared = set.intersection(*(set(way.situation) for way in ways))
    return {var: either({way.situation[var] for way in ways}) for var in shared}
