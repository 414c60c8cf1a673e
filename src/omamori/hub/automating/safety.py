"""What one automation alone, or against a safety rule, does to people: doors, fire, heat, alarms."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.automating import conflict as told
from omamori.hub.automating.domain import EVERY, both
from omamori.hub.automating.meeting import together
from omamori.hub.automating.physics import HOT, RUNS_OUT
from omamori.hub.automating.ways import CLOCK, EVENT, STATE, SUN_EVENT, Effect, Rule

if TYPE_CHECKING:
    from omamori.documents.reason import Value
    from omamori.hub.automating.domain import Situation
    from omamori.hub.automating.home import Findings, Home
    from omamori.hub.automating.vocabulary import Token
    from omamori.hub.automating.ways import Way

DANGERS = frozenset({"smoke", "gas", "leak", "siren", "fault"})
_MODES_AWAY = frozenset({"away", "armed_away", "vacation", "not_home"})
BUDGET_RULES_MAX = 64


def is_safety(rule: Rule) -> bool:
    """Whether somebody's life or home hangs on it: told, or it listens for danger or sounds a siren."""
    if rule.automation.is_safety is not None:
        return rule.automation.is_safety
    for way in rule.ways:
        signal = way.signal
        if signal.form == STATE and signal.var[1] in DANGERS and signal.domain.holds("on"):
            return True
        if signal.form == STATE and signal.var[1] == "armed" and signal.domain.holds("triggered"):
            return True
    return any(one.point == "siren" and one.to == "on" for one in rule.effects)


def silenced(  # noqa: C901 - two ways to silence, one pass
    home: Home, found: Findings
) -> None:
    """Safety rules that another automation makes deaf, mute or late."""
    safe = [rule for rule in home.rules if is_safety(rule)]
    needs: dict[str, list[Rule]] = defaultdict(list)
    for rule in safe:
        for thing in _needed(rule):
            needs[thing].append(rule)
    ids = {rule.id for rule in safe}
    for rule in home.rules:
        for name, to in rule.turns:
            if to == "off" and name in ids and name != rule.id:
                _tell_silenced(home, found, rule, home.by_id[name], name, rule.ways)
        if rule.id in ids:
            continue
        for effect in rule.effects:
            if effect.to == "off" and effect.point in {"power", "siren", "armed"}:
                for other in needs.get(effect.thing, ()):
                    if not _clears(effect, other):
                        _tell_silenced(home, found, rule, other, effect.thing, effect.ways)
            _blocks(home, found, rule, effect, ids)


def _needed(rule: Rule) -> set[str]:
    """The things without which a safety rule does nothing: what it hears with and what it sounds."""
    heard = {way.signal.var[0] for way in rule.ways if way.signal.form == STATE}
    sounded = {one.thing for one in rule.effects if one.point in {"siren", "valve_open"}}
    return heard | sounded


def _clears(effect: Effect, other: Rule) -> bool:
    """Whether it only ends the alarm once the danger is over."""
    dangers = {way.signal.var for way in other.ways if way.signal.form == STATE}
    return all(
        any(var in way.situation and not way.situation[var].holds("on") for var in dangers)
        for way in effect.ways
    )


def _blocks(home: Home, found: Findings, rule: Rule, effect: Effect, safe: set[str]) -> None:
    var = (effect.thing, effect.point)
    for other in home.asking.get(var, ()):
        ways = [way for way in other.ways if var in way.situation and way.signal.var != var]
        if other.id not in safe or not ways or effect.to is None:
            continue
        if not any(way.situation[var].holds(effect.to) for way in ways):
            _tell_silenced(home, found, rule, other, effect.thing, effect.ways)


def _tell_silenced(
    home: Home, found: Findings, rule: Rule, other: Rule, thing: str, ways: tuple[Way, ...]
) -> None:
    names: dict[str, Value] = {"first": rule.name, "second": other.name, "thing": home.named(thing)}
    situation = ways[0].situation if ways else {}
    key, repair = "automating.silences", Reason("automating.repair-silences", names)
    rules, var = (rule, other), (thing, "power")
    found.add(
        told.SILENCES, rules, var, told.LIKELY, told.ACT, situation, Reason(key, names), repair
    )


def alone(home: Home, found: Findings) -> None:
    """What an automation does by itself that somebody may regret."""
    for rule in home.rules:
        for effect in rule.effects:
            if not home.is_body(effect.thing):
                continue
            _opens(home, found, rule, effect)
            _hot(home, found, rule, effect)
            _undoes_person(home, found, rule, effect)
            _cuts_off(home, found, rule, effect)


def _opens(home: Home, found: Findings, rule: Rule, effect: Effect) -> None:
    is_lock = effect.point == "locked" and effect.to == "off"
    kind = home.kind(effect.thing)
    is_door = effect.point == "opened" and effect.to == "on" and kind in {"door", "garage-door"}
    if not (is_lock or is_door):
        return
    for way in effect.ways:
        sure = _nobody_watches(way)
        if sure:
            _tell_alone(home, found, told.UNGUARDED, rule, effect, way, sure)


def _nobody_watches(way: Way) -> str:
    """Sure where nobody is at home; possible where nobody has asked; empty where somebody has."""
    signal = way.signal
    if signal.form == STATE and signal.var[1] in DANGERS:
        return ""  # doors open in a fire: that is the way out
    if _is_away(way.situation):
        return told.SURE
    if signal.form == EVENT or any(point == "presence" for _thing, point in way.situation):
        return ""
    watched = {"mode", "armed", "option"}
    if any(
        point in watched and domain is not EVERY
        for (_thing, point), domain in way.situation.items()
    ):
        return ""
    return told.POSSIBLE if signal.form in {STATE, CLOCK, SUN_EVENT} else ""


def _is_away(situation: Situation) -> bool:
    for (_thing, point), domain in situation.items():
        if point == "presence" and domain.holds("away") and not domain.holds("home"):
            return True
        is_mode = point in {"mode", "armed", "option"} and domain.words and not domain.is_all_but
        if is_mode and domain.words <= _MODES_AWAY:
            return True
    return False


def _hot(home: Home, found: Findings, rule: Rule, effect: Effect) -> None:
    kind = home.kind(effect.thing)
    if effect.point != "power" or effect.to != "on" or kind not in RUNS_OUT:
        return
    if kind in HOT:
        for way in effect.ways:
            if _is_away(way.situation):
                _tell_alone(home, found, told.HOT_AWAY, rule, effect, way, told.LIKELY)
    ends = home.doing[effect.thing, "power"]
    if not any(one.effect.to in {"off", None} for one in ends):
        _tell_alone(home, found, told.STAYS_ON, rule, effect, effect.ways[0], told.LIKELY)


def _undoes_person(home: Home, found: Findings, rule: Rule, effect: Effect) -> None:
    """A person presses, and the automation takes it back at once."""
    var = (effect.thing, effect.point)
    if effect.after_s or effect.to not in {"on", "off"}:
        return
    for way in effect.ways:
        signal = way.signal
        is_own = signal.var == var and signal.form == STATE and not signal.for_s
        if is_own and signal.domain is not EVERY and not signal.domain.holds(effect.to):
            sure = told.LIKELY if way.is_exact else told.POSSIBLE
            _tell_alone(home, found, told.PERSON, rule, effect, way, sure)
            return


def _cuts_off(home: Home, found: Findings, rule: Rule, effect: Effect) -> None:
    thing = home.things.get(effect.thing)
    if thing is None or not thing.is_reserved:
        return
    if effect.point not in {"power", "playback", "mode"} or effect.to not in {
        "off",
        "stop",
        "pause",
    }:
        return
    for way in effect.ways:
        if not any(name == effect.thing for name, _point in way.situation):
            _tell_alone(home, found, told.RESERVED, rule, effect, way, told.LIKELY)
            return


_ALONE = {
    told.UNGUARDED: ("automating.unguarded", "automating.repair-unguarded"),
    told.HOT_AWAY: ("automating.hot-away", "automating.repair-hot-away"),
    told.STAYS_ON: ("automating.stays-on", "automating.repair-stays-on"),
    told.PERSON: ("automating.person", "automating.repair-person"),
    told.RESERVED: ("automating.reserved", "automating.repair-reserved"),
}


def _tell_alone(
    home: Home, found: Findings, kind: str, rule: Rule, effect: Effect, way: Way, sure: str
) -> None:
    names: dict[str, Value] = {"first": rule.name, "thing": home.named(effect.thing)}
    key, repair = _ALONE[kind]
    grave = kind in {told.UNGUARDED, told.HOT_AWAY} and sure != told.POSSIBLE
    weight = told.ACT if grave else told.NOTE if sure == told.POSSIBLE else told.LOOK
    var = (effect.thing, effect.point)
    reason, help_ = Reason(key, names), Reason(repair, names)
    found.add(kind, (rule,), var, sure, weight, way.situation, reason, help_)


def over_budget(home: Home, found: Findings) -> None:
    """Things that one moment switches on together and that draw more than the home has."""
    budget_w = home.told.budget_w
    if not budget_w:
        return
    starts: list[tuple[Way, Rule, Effect, float]] = []
    for rule in home.rules:
        for effect in rule.effects:
            thing = home.things.get(effect.thing)
            if thing and thing.power_w and effect.point in {"power", "mode"} and _is_on(effect.to):
                starts.extend((way, rule, effect, thing.power_w) for way in effect.ways)
    for at, (way, rule, effect, draw_w) in enumerate(starts[: BUDGET_RULES_MAX * 4]):
        total_w, rules, held = draw_w, {rule.id: rule}, way.situation
        things = {effect.thing}
        for other, with_, more, more_w in starts[at + 1 : BUDGET_RULES_MAX * 4]:
            if more.thing in things or together(way.signal, other.signal) != told.SURE:
                continue
            joined = both(held, other.situation)
            if joined is None:
                continue
            held, total_w = joined, total_w + more_w
            rules[with_.id] = with_
            things.add(more.thing)
        if total_w > budget_w:
            names: dict[str, Value] = {
                "first": rule.name,
                "count": len(things),
                "power": total_w,
                "limit": budget_w,
            }
            reason = Reason("automating.budget", names)
            repair = Reason("automating.repair-budget", names)
            of, var = tuple(rules.values()), (effect.thing, "power_w")
            found.add(told.BUDGET, of, var, told.SURE, told.LOOK, held, reason, repair)


def _is_on(to: Token | None) -> bool:
    return to not in {None, "off"}
