"""A home's automations, indexed by what they set and what sets them off: never all pairs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from omamori.hub.automating.conflict import WEIGHTS, Conflict, facts, weaker
from omamori.hub.automating.domain import EVERY
from omamori.hub.automating.reading import Reader
from omamori.hub.automating.vocabulary import VIRTUAL, domain_of, kind_of, room_of
from omamori.hub.automating.ways import STATE, Effect, Rule, Way

if TYPE_CHECKING:
    from omamori.documents.automation import Automations
    from omamori.documents.reason import Reason
    from omamori.hub.automating.domain import Situation, Var

CONFLICTS_MAX = 5_000
PAIRS_MAX = 20_000  # looked at for one point of one thing; what is over is said, not hidden
LINKS_MAX = 50_000  # of one automation to the next


class Doing(msgspec.Struct, frozen=True, gc=False):
    """An effect with the rule whose it is."""

    rule: Rule
    effect: Effect


class Listening(msgspec.Struct, frozen=True, gc=False):
    """A way that a state sets off, with the rule whose it is."""

    rule: Rule
    way: Way


class Home:
    """The rules of a home that are on, by what they set and by what sets them off."""

    def __init__(self, told: Automations) -> None:
        self.told = told
        self.things = {thing.id: thing for thing in told.things}
        reader = Reader(told)
        self.rules = [reader.rule(one) for one in told.automations if one.is_on]
        self.by_id = {rule.id: rule for rule in self.rules}
        self.doing: dict[Var, list[Doing]] = defaultdict(list)
        self.listening: dict[Var, list[Listening]] = defaultdict(list)
        self.asking: dict[Var, list[Rule]] = defaultdict(list)
        self.has_rooms = any(thing.room for thing in told.things)
        of_rules = {effect.thing for rule in self.rules for effect in rule.effects}
        self.is_one_room = not self.has_rooms and not any(map(domain_of, of_rules))
        for rule in self.rules:
            self._index(rule)

    def _index(self, rule: Rule) -> None:
        for effect in rule.effects:
            self.doing[effect.thing, effect.point].append(Doing(rule, effect))
        heard: set[tuple[int, Var]] = set()
        for way in rule.ways:
            if way.signal.form == STATE:
                self.listening[way.signal.var].append(Listening(rule, way))
                heard.add((0, way.signal.var))
        for var in rule.asks:
            if var[0] not in {"", "trigger"}:
                self.asking[var].append(rule)

    def named(self, thing: str) -> str:
        """A thing's name for people."""
        known = self.things.get(thing)
        return (known.name if known else "") or thing

    def kind(self, thing: str) -> str:
        """A thing's kind; empty where nobody knows."""
        return kind_of(thing, self.things.get(thing))

    def room(self, thing: str) -> str:
        """The room of a thing; empty where nobody knows."""
        return room_of(thing, self.things.get(thing))

    def is_body(self, thing: str) -> bool:
        """Whether it is a thing in the world, and not a helper of a program."""
        return domain_of(thing) not in VIRTUAL


class Findings:
    """Conflicts found, each once, the surest of its like."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._found: dict[tuple[object, ...], Conflict] = {}
        self.is_full = False
        self.crowded: set[str] = set()

    def add(
        self,
        kind: str,
        rules: tuple[Rule, ...],
        var: Var,
        sure: str,
        weight: str,
        situation: Situation,
        reason: Reason,
        repair: Reason,
    ) -> None:
        """Keep a conflict, unless the same is known more surely."""
        ids = tuple(rule.id for rule in rules)
        key = (kind, frozenset(ids), var[0])
        known = self._found.get(key)
        if known is not None and weaker(sure, known.sure) == sure:
            return
        if known is None and len(self._found) >= CONFLICTS_MAX:
            self.is_full = True
            return
        told = facts(situation, self._home.named)
        self._found[key] = Conflict(kind, ids, *var, sure, weight, told, reason, repair)

    def told(self) -> tuple[Conflict, ...]:
        """All of them, the gravest and surest first."""
        return tuple(
            sorted(
                self._found.values(),
                key=lambda one: (
                    WEIGHTS.index(one.weight),
                    ("sure", "likely", "possible").index(one.sure),
                    one.kind,
                    one.automations,
                    one.thing,
                ),
            )
        )


def is_any(way: Way) -> bool:
    """Whether any change at all sets it off."""
    return way.signal.domain is EVERY
