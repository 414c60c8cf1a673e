"""From an automation as written to what a check needs: in which situation which point is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    unlike,
    word,
)
from omamori.hub.automating.vocabulary import Token, point_of, sets_of, token_of
from omamori.hub.automating.walking import Walk
from omamori.hub.automating.ways import (
    CASES_MAX,
    CLOCK,
    EVENT,
    EVERY_SO,
    STATE,
    SUN_EVENT,
    WAYS_MAX,
    Case,
    Rule,
    Signal,
    Way,
    joined,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DAY_MINUTES = 1440.0

# When the sun can rise and set where people live (to 60° of latitude, summer time included).
SUNRISE, SUNSET = span(3 * 60, 9 * 60 + 30), span(15 * 60, 22 * 60 + 30)
SUN_UP = span(3 * 60, 22 * 60 + 30)
SUN_DOWN = either((span(0, 9 * 60 + 30), span(15 * 60, DAY_MINUTES, with_high=False)))
TIME: Var = ("", "time")
DAY: Var = ("", "day")
SUN: Var = ("", "sun")

UNCLEAR = (Case({}, is_exact=False),)


def domain_for(  # noqa: PLR0911 - one line an operator
    operator: str, value: object, point: str
) -> Domain:
    """The values for which a comparison holds."""
    sign = doc.operator_of(operator)
    if sign in {"in", "not in"} or isinstance(value, tuple):
        values = value if isinstance(value, tuple) else (value,)
        tokens = [token_of(point, one) for one in values[: doc.PARTS_MAX]]
        held = either(only(to) for to in tokens if to is not None)
        return unlike(held) if sign in {"not in", "!="} else held
    to = token_of(point, value)  # type: ignore[arg-type]  # a tuple has returned above
    if sign == "changes" and to is None:
        return EVERY
    if to is None:
        return EVERY
    if sign in {"=", "changes"}:
        return only(to)
    if sign == "!=":
        return unlike(only(to))
    if isinstance(to, str):
        return EVERY
    infinite = float("inf")
    if sign in {"<", "<="}:
        return span(-infinite, to, with_high=sign == "<=")
    return span(to, infinite, with_low=sign == ">=")


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
        walk = Walk(self, automation.id, tuple(ways[:WAYS_MAX]))
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

    def cases(  # noqa: PLR0911 - one line a form
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
        turned = [(var, meet(unlike(domain), _ALL.get(var, EVERY))) for var, domain in held.items()]
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
