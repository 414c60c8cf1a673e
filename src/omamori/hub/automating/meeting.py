"""Whether two automations can be set off together, and the situation in which they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.automating.conflict import LIKELY, POSSIBLE, SURE, weaker
from omamori.hub.automating.domain import Situation, both, meet
from omamori.hub.automating.reading import DAY, SUN, TIME
from omamori.hub.automating.ways import CLOCK, EVENT, STATE, SUN_EVENT

if TYPE_CHECKING:
    from omamori.hub.automating.ways import Effect, Signal, Way

TRIES_MAX = 512  # alternatives of two effects that are held against each other
SAME_MOMENT_S = 60.0  # sun events this near to each other count as one
_CLOCKS = frozenset({TIME, DAY, SUN})


def together(one: Signal, other: Signal) -> str:  # noqa: PLR0911 - a table in lines
    """How sure it is that one moment sets both off; empty where it never does.

    Two moments that are nothing to each other (eight in the morning and a button) are not told of:
    that they coincide is chance, and the later one is what somebody wanted.
    """
    if one.form == STATE and other.form == STATE:
        return _states(one, other)
    if STATE in {one.form, other.form}:
        return POSSIBLE
    if one.form == CLOCK and other.form == CLOCK:
        return "" if meet(one.domain, other.domain).is_empty else SURE
    if one.form == SUN_EVENT and other.form == SUN_EVENT:
        near = abs(one.offset_s - other.offset_s) < SAME_MOMENT_S
        return SURE if one.name == other.name and near else ""
    if one.form == other.form == EVENT:
        same = one.name == other.name and one.var == other.var and bool(one.name)
        return SURE if same else ""
    if {one.form, other.form} == {CLOCK, SUN_EVENT}:
        # Eight in the morning and sunset never meet; half past five and sunset do, some days.
        return "" if meet(one.domain, other.domain).is_empty else POSSIBLE
    return SURE if one.form == other.form and one.name == other.name else ""


def _states(one: Signal, other: Signal) -> str:
    if one.var != other.var:
        return LIKELY
    shared = meet(one.domain, other.domain)
    if shared.is_empty:
        return ""
    if one.for_s != other.for_s or meet(one.before, other.before).is_empty:
        return LIKELY
    # Rising past 20° and past 25° are two moments, one after the other, and then both hold.
    return LIKELY if shared.spans and one.domain != other.domain else SURE


def meeting(one: Way, other: Way) -> tuple[str, Situation] | None:
    """How sure, and the situation in which both act; None where they exclude each other."""
    sure = together(one.signal, other.signal)
    if not sure:
        return None
    held = both(one.situation, other.situation)
    if held is None:
        return None
    if not (one.is_exact and other.is_exact):
        sure = weaker(sure, LIKELY if sure == SURE else POSSIBLE)
    return sure, held


def collision(one: Effect, other: Effect, least: str = POSSIBLE) -> tuple[str, Situation] | None:
    """The surest way in which both effects come about at once, at least as sure as `least`."""
    best: tuple[str, Situation] | None = None
    later, tries = one.after_s != other.after_s, 0
    if (later and least != POSSIBLE) or both(one.always, other.always) is None:
        return None
    for way in one.ways:
        for against in other.ways:
            rank = together(way.signal, against.signal)
            wanted = rank and (best is None or weaker(rank, best[0]) != rank)
            if not wanted or weaker(rank, least) != least:
                continue
            tries += 1
            if tries > TRIES_MAX:
                return best
            met = meeting(way, against)
            if met is None:
                continue
            sure = POSSIBLE if later else met[0]
            if weaker(sure, least) == least and (best is None or weaker(sure, best[0]) != sure):
                best = (sure, met[1])
            if sure == SURE or later:
                return best
    return best


def without_time(situation: Situation) -> Situation:
    """The same some time later: the clock has moved on."""
    return {var: domain for var, domain in situation.items() if var not in _CLOCKS}
