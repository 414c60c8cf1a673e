"""A conflict: which automations, over which thing, in which situation, how sure, and what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omamori.documents.reason import Value
    from omamori.hub.automating.domain import Domain, Var
    from omamori.hub.automating.vocabulary import Token

SURE, LIKELY, POSSIBLE = "sure", "likely", "possible"
SURENESS = (SURE, LIKELY, POSSIBLE)
"""Sure: one and the same event sets both off. Likely: both situations can hold at once, and whichever
comes last wins. Possible: nothing excludes it. Ranks, not measured probabilities."""

ACT, LOOK, NOTE = "act", "look", "note"
WEIGHTS = (ACT, LOOK, NOTE)
"""Act: a body or a home may be harmed. Look: it does not do what was meant. Note: it may be meant."""

OPPOSITE, REPEATED = "opposite", "repeated"
CHAIN, LOOP, UNDOES, ENABLES, DISABLES = "chain", "loop", "undoes", "enables", "disables"
GOALS, ROOM, ROOM_LOOP = "goals", "room", "room-loop"
SILENCES, UNGUARDED, HOT_AWAY, STAYS_ON = "silences", "unguarded", "hot-away", "stays-on"
PERSON, RESERVED, BUDGET = "person", "reserved", "budget"
KINDS = (
    OPPOSITE, REPEATED, CHAIN, LOOP, UNDOES, ENABLES, DISABLES, GOALS, ROOM, ROOM_LOOP, SILENCES,
    UNGUARDED, HOT_AWAY, STAYS_ON, PERSON, RESERVED, BUDGET,
)  # fmt: skip
"""HomeGuard (NDSS 2020) calls these: actuator race (opposite), goal conflict (goals), covert triggering
(chain, room), self disabling (undoes), loop triggering (loop, room-loop), enabling and disabling
condition (enables, disables). iRuler (CCS 2019): action conflict (opposite), duplication (repeated),
revert (undoes), loop (loop), condition bypass and block (enables, disables), group conflict (chains)."""

FACTS_MAX = 8


class Conflict(msgspec.Struct, frozen=True):
    """What is wrong with one automation or between several.

    Attributes:
        kind: one of `KINDS`.
        automations: their ids, in the order in which the sentence names them.
        thing, point: over what; empty where it is no one thing.
        sure, weight: see `SURENESS` and `WEIGHTS`.
        situation: one concrete situation in which it happens, fact by fact.
        reason: what happens, in a sentence.
        repair: one thing that would help.
    """

    kind: str
    automations: tuple[str, ...]
    thing: str
    point: str
    sure: str
    weight: str
    situation: tuple[Reason, ...]
    reason: Reason
    repair: Reason


def weaker(one: str, other: str) -> str:
    """The less sure of two."""
    return max(one, other, key=SURENESS.index)


def facts(situation: Mapping[Var, Domain], named: Callable[[str], str]) -> tuple[Reason, ...]:
    """A concrete example of a situation, as sentences."""
    told = []
    for (thing, point), domain in sorted(situation.items()):
        if thing == "trigger":
            continue
        if domain.is_all_but and thing:
            told.extend(_not(thing, point, domain, named))
            continue
        value = domain.sample()
        if value != "":
            told.append(_fact(thing, point, value, named))
    return tuple(told[:FACTS_MAX])


def _not(thing: str, point: str, domain: Domain, named: Callable[[str], str]) -> list[Reason]:
    """What it is where only what it is not is known: a switch that is not on is off."""
    if domain.words in (frozenset({"on"}), frozenset({"off"})):
        return [_fact(thing, point, "off" if "on" in domain.words else "on", named)]
    if len(domain.words) != 1:
        return []
    params: dict[str, Value] = {"thing": named(thing), "point": point, "value": min(domain.words)}
    return [Reason("automating.fact-not", params)]


def _fact(thing: str, point: str, value: Token, named: Callable[[str], str]) -> Reason:
    if not thing and point == "time" and isinstance(value, float):
        clock = f"{int(value) // 60 % 24:02}:{int(value) % 60:02}"
        return Reason("automating.fact-time", {"clock": clock})
    if not thing and point == "sun":
        return Reason("automating.fact-sun-up" if value == "up" else "automating.fact-sun-down")
    if not thing:
        return Reason("automating.fact-day", {"weekday": str(value)})
    if value in {"on", "off"}:
        key = "automating.fact-on" if value == "on" else "automating.fact-off"
        return Reason(key, {"thing": named(thing), "point": point})
    if point == "presence":
        key = "automating.fact-home" if value == "home" else "automating.fact-away"
        return Reason(key, {"thing": named(thing)})
    return Reason("automating.fact", {"thing": named(thing), "point": point, "value": value})
