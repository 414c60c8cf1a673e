"""Two automations at one thing or in one room: opposite, repeated, and working against each other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.automating import conflict as told
from omamori.hub.automating.home import PAIRS_MAX, Doing, Findings, Home
from omamori.hub.automating.meeting import collision
from omamori.hub.automating.physics import OPPOSED, influences
from omamori.hub.points import OPERATE, act_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.documents.reason import Value

_SWITCHES = {
    "power": "automating.opposite-power",
    "locked": "automating.opposite-lock",
    "opened": "automating.opposite-open",
    "valve_open": "automating.opposite-open",
}


def at_one_thing(home: Home, found: Findings) -> None:
    """Opposite and repeated commands to the same point of the same thing."""
    for (thing, point), doings in home.doing.items():
        for one, other in _pairs(doings, thing, found):
            if one.rule is other.rule:
                continue
            if one.effect.to is None or other.effect.to is None:
                _unclear(home, found, one, other)
                continue
            differs = one.effect.to != other.effect.to
            met = collision(one.effect, other.effect, told.POSSIBLE if differs else told.SURE)
            if met is None:
                continue
            sure, situation = met
            if sure == told.POSSIBLE and not home.is_body(thing):
                continue  # the helpers of a program are set from many sides: that is their use
            var = (thing, point)
            if one.effect.to != other.effect.to:
                first, second = (one, other) if one.effect.to != "off" else (other, one)
                reason = _opposite(home, first, second)
                weight = _weight(home, thing, point, sure)
                repair = Reason("automating.repair-condition", _names(first, second))
                rules = (first.rule, second.rule)
                found.add(told.OPPOSITE, rules, var, sure, weight, situation, reason, repair)
            elif sure == told.SURE:
                params: dict[str, Value] = {**_names(one, other), "thing": home.named(thing)}
                reason = Reason("automating.repeated", params)
                repair = Reason("automating.repair-one", _names(one, other))
                rules = (one.rule, other.rule)
                found.add(told.REPEATED, rules, var, sure, told.NOTE, situation, reason, repair)


def _unclear(home: Home, found: Findings, one: Doing, other: Doing) -> None:
    """Two commands to one point, and what one of them sets is known only when it runs."""
    thing, point = one.effect.thing, one.effect.point
    met = collision(one.effect, other.effect) if home.is_body(thing) else None
    if met is None:
        return
    reason = Reason(
        "automating.opposite-unclear", {**_names(one, other), "thing": home.named(thing)}
    )
    repair = Reason("automating.repair-condition", _names(one, other))
    rules, var = (one.rule, other.rule), (thing, point)
    found.add(told.OPPOSITE, rules, var, told.POSSIBLE, told.NOTE, met[1], reason, repair)


def _pairs(doings: list[Doing], thing: str, found: Findings) -> Iterator[tuple[Doing, Doing]]:
    seen = 0
    for at, one in enumerate(doings):
        for other in doings[at + 1 :]:
            seen += 1
            if seen > PAIRS_MAX:
                found.crowded.add(thing)
                return
            yield one, other


def _names(one: Doing, other: Doing) -> dict[str, Value]:
    return {"first": one.rule.name, "second": other.rule.name}


def _weight(home: Home, thing: str, point: str, sure: str) -> str:
    if not home.is_body(thing):
        return told.NOTE
    if act_of(point, home.kind(thing)) == OPERATE and sure == told.SURE:
        return told.ACT
    return told.NOTE if sure == told.POSSIBLE else told.LOOK


def _opposite(home: Home, one: Doing, other: Doing) -> Reason:
    thing, point = one.effect.thing, one.effect.point
    names: dict[str, Value] = {**_names(one, other), "thing": home.named(thing)}
    key = _SWITCHES.get(point)
    if key is not None and {one.effect.to, other.effect.to} == {"on", "off"}:
        return Reason(key, names)
    values = {"value": one.effect.to or "", "other": other.effect.to or ""}
    return Reason("automating.opposite", {**names, "point": point, **values})


def in_one_room(home: Home, found: Findings) -> None:
    """Two things that work against each other through the air that they share."""
    rooms: dict[str, list[tuple[str, Doing]]] = defaultdict(list)
    for (thing, point), doings in home.doing.items():
        if not home.is_body(thing):
            continue
        kind, room = home.kind(thing), home.room(thing)
        if not room and home.has_rooms:
            continue  # binding to a room is what keeps false alarms away
        for one in doings:
            for influence in influences(kind, point, one.effect.to):
                if any(influence in pair for pair in OPPOSED):
                    rooms[room].append((influence, one))
    for room, doings_of in rooms.items():
        _against(home, found, room, doings_of)


def _against(home: Home, found: Findings, room: str, doings: list[tuple[str, Doing]]) -> None:
    seen = 0
    for at, (influence, one) in enumerate(doings):
        for against, other in doings[at + 1 :]:
            thing, with_ = one.effect.thing, other.effect.thing
            seen += 1
            if seen > PAIRS_MAX:
                found.crowded.add(thing)
                return
            if thing == with_ or frozenset({influence, against}) not in OPPOSED:
                continue
            met = collision(one.effect, other.effect)
            if met is None or (met[0] == told.POSSIBLE and not room and home.has_rooms):
                continue
            names: dict[str, Value] = {
                **_names(one, other),
                "thing": home.named(thing),
                "against": home.named(with_),
            }
            rules = (one.rule, other.rule) if one.rule is not other.rule else (one.rule,)
            sure = met[0] if room or home.is_one_room else told.POSSIBLE
            weight = told.NOTE if sure == told.POSSIBLE else told.LOOK
            reason = Reason(f"automating.goals-{_pair_name(influence, against)}", names)
            repair = Reason("automating.repair-goals", names)
            var = (thing, one.effect.point)
            found.add(told.GOALS, rules, var, sure, weight, met[1], reason, repair)


def _pair_name(one: str, other: str) -> str:
    if "wets" in {one, other} or "dries" in {one, other}:
        return "humidity"
    return "air" if "airs" in {one, other} else "temperature"
