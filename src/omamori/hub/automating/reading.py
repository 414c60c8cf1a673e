"""From an automation as written to what a check needs: in which situation which point is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents import automation as doc
from omamori.hub.automating.domain import (
    EVERY,
    Domain,
    Situation,
    Var,
    both,
    either,
    meet,
    only,
    other_than,
    span,
    word,
)
from omamori.hub.automating.vocabulary import Token, domain_of, point_of, sets_of, token_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CASES_MAX = 64  # alternatives kept of one condition; a wider one counts as not understood
WAYS_MAX = 64  # triggers times alternatives kept of one action
INLINE_DEPTH_MAX = 4
EFFECTS_MAX = 256
WAIT_S = 60.0  # a wait that names no end is counted as this long
DAY_MINUTES = 1440.0

# When the sun can rise and set where people live (to 60° of latitude, summer time included).
SUNRISE, SUNSET = span(3 * 60, 9 * 60 + 30), span(15 * 60, 22 * 60 + 30)
SUN_UP = span(3 * 60, 22 * 60 + 30)
SUN_DOWN = either((span(0, 9 * 60 + 30), span(15 * 60, DAY_MINUTES, with_high=False)))
TIME: Var = ("", "time")
DAY: Var = ("", "day")
SUN: Var = ("", "sun")

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
    """

    thing: str
    point: str
    to: Token | None
    ways: tuple[Way, ...]
    after_s: float = 0.0


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


UNCLEAR = (Case({}, is_exact=False),)


def domain_for(operator: str, value: object, point: str) -> Domain:
    """The values for which a comparison holds."""
    sign = doc.operator_of(operator)
    if sign in {"in", "not in"} or isinstance(value, tuple):
        values = value if isinstance(value, tuple) else (value,)
        tokens = [token_of(point, one) for one in values[: doc.PARTS_MAX]]
        held = either(only(to) for to in tokens if to is not None)
        return other_than(held) if sign in {"not in", "!="} else held
    to = token_of(point, value)  # type: ignore[arg-type]  # a tuple has returned above
    if sign == "changes" and to is None:
        return EVERY
    if to is None:
        return EVERY
    if sign in {"=", "changes"}:
        return only(to)
    if sign == "!=":
        return other_than(only(to))
    if isinstance(to, str):
        return EVERY
    infinite = float("inf")
    if sign in {"<", "<="}:
        return span(-infinite, to, with_low=False, with_high=sign == "<=")
    return span(to, infinite, with_low=sign == ">=", with_high=False)


class Reader:
    """Reads automations of one home."""

    def __init__(self, home: doc.Automations) -> None:
        self._things = {thing.id: thing for thing in home.things}
        self._scenes = {scene.id: scene for scene in home.scenes}
        self._scripts = {script.id: script for script in home.scripts}

    def rule(self, automation: doc.Automation) -> Rule:
        """The automation as the checks read it."""
        base = self._all(automation.conditions, automation.id, is_so=True)
        ways: list[Way] = []
        for at, trigger in enumerate(automation.triggers):
            signal, situation = self._signal(trigger)
            situation = {**situation, ("trigger", automation.id): word(trigger.id or str(at))}
            for case in base:
                held = both(situation, case.situation)
                if held is not None:
                    ways.append(Way(signal, held, case.is_exact))
        walk = _Walk(self, automation.id, tuple(ways[:WAYS_MAX]))
        walk.do(automation.actions, (Case({}),), 0)
        asks = {var for way in ways for var in way.situation}
        asks |= {var for effect in walk.effects for way in effect.ways for var in way.situation}
        return Rule(
            automation,
            tuple(ways[:WAYS_MAX]),
            tuple(walk.effects),
            tuple(walk.turns),
            frozenset(asks),
            walk.tells,
        )

    # Triggers.

    def _signal(self, trigger: doc.Trigger) -> tuple[Signal, Situation]:
        if isinstance(trigger, doc.StateTrigger):
            return self._comes(trigger)
        if isinstance(trigger, doc.TimeTrigger):
            minute = only(doc.minute_of(trigger.at))
            situation: Situation = {TIME: minute}
            if trigger.days:
                situation[DAY] = _days(trigger.days)
            return Signal(CLOCK, domain=minute), situation
        if isinstance(trigger, doc.SunTrigger):
            return _sun(trigger)
        if isinstance(trigger, doc.EveryTrigger):
            return Signal(EVERY_SO, name=str(trigger.seconds)), {}
        return Signal(EVENT, var=(trigger.thing, ""), name=trigger.name), {}

    def _comes(self, trigger: doc.StateTrigger) -> tuple[Signal, Situation]:
        held = self._state(trigger.thing, trigger.attribute, trigger.operator, trigger.value)
        point = self.point(trigger.thing, trigger.attribute, _first(trigger.value))
        var = (trigger.thing, point)
        domain = held.get(var, EVERY)
        before = other_than(domain) if domain is not EVERY else EVERY
        if trigger.before is not None:
            before = meet(before, domain_for("in", _many(trigger.before), point))
        return Signal(STATE, var, domain, before, trigger.for_s), held

    def point(self, thing: str, attribute: str, value: doc.Value) -> str:
        """Our name of a thing's point."""
        return point_of(thing, attribute, value, self._things.get(thing))

    def _state(self, thing: str, attribute: str, operator: str, value: object) -> Situation:
        point = self.point(thing, attribute, _first(value))
        if thing == "sun.sun" and point == "sun":
            is_up = _first(value) == "above_horizon"
            return dict(_SUN_IS["up" if is_up == (operator not in {"!=", "not in"}) else "down"])
        domain = domain_for(operator, value, point)
        return {} if domain is EVERY else {(thing, point): domain}

    # Conditions, as alternatives (a disjunction of conjunctions).

    def cases(
        self, condition: doc.Condition, owner: str, *, is_so: bool = True
    ) -> tuple[Case, ...]:
        """The alternatives in which it holds, or with `is_so` false, in which it does not."""
        if isinstance(condition, doc.NotAny):
            return self._any(condition.of, owner, is_so=not is_so)
        if isinstance(condition, doc.AnyOf):
            return self._any(condition.of, owner, is_so=is_so)
        if isinstance(condition, doc.AllOf):
            return self._all(condition.of, owner, is_so=is_so)
        if isinstance(condition, doc.Unclear):
            return UNCLEAR
        if isinstance(condition, doc.SunIs):
            where = condition.where if is_so else {"up": "down", "down": "up"}[condition.where]
            return (Case(dict(_SUN_IS[where])),)
        held = self._simple(condition, owner)
        if is_so:
            return () if any(domain.is_empty for domain in held.values()) else (Case(held),)
        turned = [
            (var, meet(other_than(domain), _ALL.get(var, EVERY))) for var, domain in held.items()
        ]
        return tuple(Case({var: domain}) for var, domain in turned if not domain.is_empty)

    def _simple(self, condition: doc.StateIs | doc.TimeIs | doc.TriggerIs, owner: str) -> Situation:
        if isinstance(condition, doc.StateIs):
            return self._state(
                condition.thing, condition.attribute, condition.operator, condition.value
            )
        if isinstance(condition, doc.TriggerIs):
            return {("trigger", owner): either(word(one) for one in condition.ids)}
        held: Situation = {}
        if condition.after or condition.before:
            held[TIME] = clock_span(condition.after, condition.before)
        if condition.days:
            held[DAY] = _days(condition.days)
        return held

    def _all(self, of: Sequence[doc.Condition], owner: str, *, is_so: bool) -> tuple[Case, ...]:
        if not is_so:
            return _gathered(self.cases(one, owner, is_so=False) for one in of)
        found: tuple[Case, ...] = (Case({}),)
        for one in of:
            found = joined(found, self.cases(one, owner))
        return found

    def _any(self, of: Sequence[doc.Condition], owner: str, *, is_so: bool) -> tuple[Case, ...]:
        if is_so:
            return _gathered(self.cases(one, owner) for one in of)
        found: tuple[Case, ...] = (Case({}),)
        for one in of:
            found = joined(found, self.cases(one, owner, is_so=False))
        return found

    # What actions set.

    def sets(self, action: doc.SetPoint | doc.Command) -> list[tuple[str, Token | None]]:
        """The points that an action sets."""
        known = self._things.get(action.thing)
        if isinstance(action, doc.Command):
            return sets_of(action.thing, action.command, action.value, known)
        point = self.point(action.thing, action.attribute, action.value)
        return [(point, token_of(point, action.value))]

    def scene(self, name: str) -> tuple[doc.SetPoint, ...]:
        """What a scene sets; nothing for one that nobody knows."""
        found = self._scenes.get(name)
        return found.sets if found else ()

    def script(self, name: str) -> tuple[doc.Action, ...]:
        """What a script does; nothing for one that nobody knows."""
        found = self._scripts.get(name)
        return found.actions if found else ()


_SUN_IS: Mapping[str, Situation] = {
    "up": {SUN: word("up"), TIME: SUN_UP},
    "down": {SUN: word("down"), TIME: SUN_DOWN},
}


_ALL: Mapping[Var, Domain] = {
    TIME: span(0, DAY_MINUTES, with_high=False),
    DAY: either(word(day) for day in doc.DAYS),
    SUN: either((word("up"), word("down"))),
}
"""All that the clock, the calendar and the sun can be."""


def clock_span(after: str, before: str) -> Domain:
    """The minutes of the day from `after` up to `before`, over midnight where after is later."""
    start = doc.minute_of(after) if after else 0.0
    end = doc.minute_of(before) if before else DAY_MINUTES
    if start < end:
        return span(start, end, with_high=False)
    late = span(start, DAY_MINUTES, with_high=False)
    return either((late, span(0, end, with_high=False)))


def _days(days: Iterable[str]) -> Domain:
    return either(word(day) for day in days)


def _first(value: object) -> doc.Value:
    while isinstance(value, tuple):
        value = value[0] if value else None
    return value  # type: ignore[return-value]  # the document holds nothing else


def _many(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _sun(trigger: doc.SunTrigger) -> tuple[Signal, Situation]:
    low, high = (SUNRISE if trigger.event == "sunrise" else SUNSET).spans[0]
    shift = trigger.offset_s / 60
    start, end = low[0] + shift, high[0] + shift
    window = EVERY if start < 0 or end > DAY_MINUTES else span(start, end)
    situation: Situation = {} if window is EVERY else {TIME: window}
    if trigger.offset_s:
        is_up = (trigger.event == "sunrise") == (trigger.offset_s > 0)
        situation[SUN] = word("up" if is_up else "down")
    return Signal(
        SUN_EVENT, name=trigger.event, offset_s=trigger.offset_s, domain=window
    ), situation


def _gathered(many: Iterable[tuple[Case, ...]]) -> tuple[Case, ...]:
    found = [case for cases in many for case in cases]
    return tuple(found) if len(found) <= CASES_MAX else UNCLEAR


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


class _Walk:
    """One pass over an automation's actions."""

    def __init__(self, reader: Reader, owner: str, ways: tuple[Way, ...]) -> None:
        self._reader, self._owner, self._ways = reader, owner, ways
        self.effects: list[Effect] = []
        self.turns: list[tuple[str, str]] = []
        self.tells = False
        self._after_s = 0.0

    def do(self, actions: Sequence[doc.Action], guard: tuple[Case, ...], depth: int) -> None:
        """Follow the actions in order; `guard` is what held on the way here."""
        for action in actions:
            if isinstance(action, doc.Stop):
                return
            if isinstance(action, doc.OnlyIf):
                guard = joined(guard, self._reader.cases(action.condition, self._owner))
            elif isinstance(action, doc.Delay):
                self._after_s += action.seconds
            elif isinstance(action, doc.Wait):
                self._after_s += action.timeout_s or WAIT_S
            else:
                self._one(action, guard, depth)

    def _one(self, action: doc.Action, guard: tuple[Case, ...], depth: int) -> None:
        if isinstance(action, (doc.SetPoint, doc.Command)):
            self._set(action, guard)
        elif isinstance(action, doc.ApplyScene):
            for one in self._reader.scene(action.scene):
                self._set(one, guard)
        elif isinstance(action, (doc.Repeat, doc.Together)):
            self.do(action.actions, guard, depth)
        elif isinstance(action, doc.RunScript):
            if depth < INLINE_DEPTH_MAX:
                self.do(self._reader.script(action.script), guard, depth + 1)
        elif isinstance(action, doc.Choose):
            self._choose(action, guard, depth)
        elif isinstance(action, doc.Turn):
            if guard and len(self.turns) < EFFECTS_MAX:
                self.turns.append((action.automation, action.to))
        elif isinstance(action, doc.Notify):
            self.tells = True

    def _choose(self, action: doc.Choose, guard: tuple[Case, ...], depth: int) -> None:
        started_s = latest_s = self._after_s
        for branch in action.branches:
            told = doc.AllOf(branch.conditions)
            self._after_s = started_s
            taken = joined(guard, self._reader.cases(told, self._owner))
            self.do(branch.actions, taken, depth)
            latest_s = max(latest_s, self._after_s)
            guard = joined(guard, self._reader.cases(told, self._owner, is_so=False))
        self._after_s = started_s
        self.do(action.otherwise, guard, depth)
        self._after_s = max(latest_s, self._after_s)

    def _set(self, action: doc.SetPoint | doc.Command, guard: tuple[Case, ...]) -> None:
        ways: list[Way] = []
        for way in self._ways:
            for case in guard:
                held = both(way.situation, case.situation)
                if held is not None and len(ways) < WAYS_MAX:
                    ways.append(Way(way.signal, held, way.is_exact and case.is_exact))
        if not ways:
            return
        for point, to in self._reader.sets(action):
            if len(self.effects) < EFFECTS_MAX:
                self.effects.append(Effect(action.thing, point, to, tuple(ways), self._after_s))


def is_program(thing: str) -> bool:
    """Whether a thing lives only in its program, such as a helper switch."""
    return domain_of(thing).startswith("input_")
