"""Questions and tables of rules as hypothesis makes them, and the rules said again, naively."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import msgspec
from hypothesis import strategies as st

from omamori.documents.policy_shape import EFFECTS, Box, Plain, Rule
from omamori.documents.reason import Reason
from omamori.hub.ruling.question import Question
from omamori.hub.ruling.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Iterable

INDUSTRIES = ("", "energy", "health", "av")
FEW = {"asker_kind": 5, "target_kind": 5, "point": 5}
"""Of long lists only the first few, so that rules and questions meet."""

ANSWERS = tuple(reversed(EFFECTS))


def values_of(name: str) -> tuple[Plain, ...]:
    values: tuple[Plain, ...] = VOCABULARY[name].values or INDUSTRIES
    return values[: FEW.get(name, len(values))]


NAMES = sorted(VOCABULARY)
ASKED = [name for name in NAMES if name in Question.__struct_fields__]


def drawn_box(dice: Random) -> Box:
    box: Box = {}
    for name in dice.sample(NAMES, dice.randint(1, 4)):
        values = values_of(name)
        box[name] = frozenset(dice.sample(values, dice.randint(1, max(1, len(values) - 1))))
    return box


def drawn_table(dice: Random, most: int) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            f"r{at}",
            dice.choice(EFFECTS),
            drawn_box(dice),
            tuple(drawn_box(dice) for _ in range(dice.choice((0, 0, 1, 2)))),
            Reason("ruling.in-use", {"rule": f"r{at}"}),
            at + 1,
        )
        for at in range(dice.randint(0, most))
    )


def drawn_question(dice: Random) -> Question:
    said = {name: dice.choice(values_of(name)) for name in ASKED}
    return msgspec.convert(said, Question).gravest()


def tables(most: int = 12) -> st.SearchStrategy[tuple[Rule, ...]]:
    """Tables by seed: drawn piece by piece they cost a hundred times as much."""
    return st.integers(0, 2**32).map(lambda seed: drawn_table(Random(seed), most))  # noqa: S311 - a fixed draw


QUESTIONS = st.integers(0, 2**32).map(lambda seed: drawn_question(Random(seed)))  # noqa: S311 - a fixed draw


def fits(box: Box, question: Question) -> bool:
    return all(getattr(question, name) in values for name, values in box.items())


def matched(rules: Iterable[Rule], question: Question) -> list[Rule]:
    """Every rule that matches, said as plainly as it can be."""
    return [
        rule
        for rule in rules
        if fits(rule.when, question) and not any(fits(box, question) for box in rule.unless)
    ]


def answered(rules: Iterable[Rule], question: Question) -> tuple[str, tuple[str, ...]]:
    speaking = matched(rules, question)
    for answer in ANSWERS:
        deciding = tuple(rule.id for rule in speaking if rule.effect == answer)
        if deciding:
            return answer, deciding
    return "refuse", ()
