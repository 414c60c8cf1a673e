"""Coverage: which rules can ever decide something, found by looking for a question where they do.

Exact: a rule is a box of values less some boxes, and a question outside all stricter rules is
looked for by splitting that box where it touches one of them.  Where the search takes too long
it says that it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from omamori.documents.policy_shape import EFFECTS, Box, Plain, Rule, overlap
from omamori.hub.ruling.question import Question
from omamori.hub.ruling.vocabulary import VOCABULARY, industries_named, is_empty, pair_of

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS_MAX = 20_000  # boxes looked at for one rule; the home's own rules need at most a few hundred
_PAIR = ("asker_industry", "target_industry", "industries")


class Unknown(msgspec.Struct, frozen=True):
    """The search was given up."""


class Found(msgspec.Struct, frozen=True):
    """What is known of one rule.

    Attributes:
        decides: a question that it decides; None where there is none: it is dead.
        alone: a question whose answer it alone gives; None where others always say the same.
    """

    rule: Rule
    decides: Question | Unknown | None
    alone: Question | Unknown | None


def look_through(rules: Sequence[Rule]) -> list[Found]:
    """Look at every rule among all others (the floor belongs to them)."""
    found = []
    for rule in rules:
        strict = EFFECTS.index(rule.effect)
        stricter = [one for one in rules if EFFECTS.index(one.effect) > strict]
        equals = [one for one in rules if one.effect == rule.effect and one is not rule]
        decides = witness(rule, stricter)
        alone = witness(rule, [*stricter, *equals]) if decides is not None else None
        found.append(Found(rule, decides, alone))
    return found


def witness(rule: Rule, others: Sequence[Rule]) -> Question | Unknown | None:
    """A question that `rule` matches and none of `others`; None where there is none."""
    outside = [Rule("", "", box, (), rule.why) for box in rule.unless]
    near = [one for one in others if overlap(rule.when, one.when)]
    search = _Search([*outside, *near], industries_named(_boxes([rule, *others])))
    box = search.find(rule.when)
    if box is None:
        return Unknown() if search.steps > STEPS_MAX else None
    return question_in(box, search.named)


def _boxes(rules: Sequence[Rule]) -> list[Box]:
    return [box for rule in rules for box in (rule.when, *rule.unless)]


class _Search:
    def __init__(self, avoided: list[Rule], named: frozenset[str]) -> None:
        # What cuts off most at once comes first: the fewer conditions, the fewer branches.
        self._avoided = sorted(avoided, key=lambda rule: (len(rule.when), len(rule.unless)))
        self.named = named
        self.steps = 0

    def find(self, whole: Box) -> Box | None:
        """A part of `whole` that no avoided rule touches; None also where the search is given up."""
        open_boxes = [(whole, 0)]
        while open_boxes:
            box, begun = open_boxes.pop()
            self.steps += 1
            if self.steps > STEPS_MAX:
                return None
            if is_empty(box, self.named):
                continue
            touching = next(
                (at for at in range(begun, len(self._avoided)) if self._touches(box, at)), None
            )
            if touching is None:
                return box
            parts = self._parts(box, self._avoided[touching])
            open_boxes.extend((part, touching + 1) for part in reversed(parts))
        return None

    def _touches(self, box: Box, at: int) -> bool:
        return overlap(box, self._avoided[at].when)

    def _parts(self, box: Box, rule: Rule) -> list[Box]:
        """The parts of `box` that the rule does not match: outside it, or in its exceptions."""
        parts = []
        for name, values in rule.when.items():
            left = box.get(name, self._all(name)) - values
            if left:
                parts.append({**box, name: left})
        for exception in rule.unless:
            if overlap(box, exception):
                both = {
                    name: values & box.get(name, self._all(name))
                    for name, values in exception.items()
                }
                parts.append({**box, **both})
        return parts

    def _all(self, name: str) -> frozenset[Plain]:
        return frozenset(VOCABULARY[name].values) or frozenset[Plain](self.named)


def question_in(box: Box, named: frozenset[str]) -> Question:
    """The plainest question that fits a box: what it leaves open is as `Question` has it."""
    usual = Question()
    said: dict[str, Plain] = {}
    for name, values in box.items():
        if name in _PAIR:
            continue
        now: Plain = getattr(usual, name)
        said[name] = now if now in values else _first(name, values)
    if any(name in box for name in _PAIR):
        asker, target = cast("tuple[str, str]", pair_of(box, named))
        said |= {"asker_industry": asker, "target_industry": target}
    return msgspec.convert({**msgspec.to_builtins(usual), **said}, Question).gravest()


def _first(name: str, values: frozenset[Plain]) -> Plain:
    order = VOCABULARY[name].values
    return min(values, key=order.index) if order else min(values, key=str)
