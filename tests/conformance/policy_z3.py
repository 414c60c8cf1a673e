"""A table of rules as formulas for Z3, and a model read back as a question that a person can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import z3

from omamori.documents.policy_shape import EFFECTS, Box, Plain, Rule
from omamori.hub.points import LIFE
from omamori.hub.ruling.question import OTHER, SAME, UNPROVEN, Question
from omamori.hub.ruling.vocabulary import VOCABULARY, industries_named

if TYPE_CHECKING:
    from collections.abc import Sequence

Formula = Any  # z3's own types are not known to mypy


class Home:
    """The questions of a home: every attribute a number below the count of its values."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        named = industries_named([box for rule in rules for box in (rule.when, *rule.unless)])
        self.values: dict[str, list[Plain]] = {
            name: list(attribute.values) or sorted(map(str, named))
            for name, attribute in VOCABULARY.items()
        }
        self.at = {name: z3.Int(name) for name in VOCABULARY}
        self.rules = rules

    def fits(self, box: Box) -> Formula:
        return z3.And([
            z3.Or([self.at[name] == self.values[name].index(value) for value in values])
            for name, values in box.items()
        ])  # fmt: skip

    def said(self, **wanted: Plain) -> Formula:
        return self.fits({name: frozenset((value,)) for name, value in wanted.items()})

    def matches(self, rule: Rule) -> Formula:
        return z3.And(self.fits(rule.when), *[z3.Not(self.fits(box)) for box in rule.unless])

    def answers(self, answer: str) -> Formula:
        """This answer comes out: some rule gives it, and none a stricter one."""
        strict = EFFECTS.index(answer)
        gives = z3.Or([self.matches(r) for r in self.rules if r.effect == answer])
        stricter = z3.Or([self.matches(r) for r in self.rules if EFFECTS.index(r.effect) > strict])
        if answer == EFFECTS[-1]:
            return z3.Or(gives, z3.Not(z3.Or([self.matches(r) for r in self.rules])))
        return z3.And(gives, z3.Not(stricter))

    def possible(self) -> Formula:
        """What a question can be once every word in it is known: `Question.gravest`."""
        asker, target = self.at["asker_industry"], self.at["target_industry"]
        nobody = asker == self.values["asker_industry"].index("")
        relation = z3.If(
            nobody,
            self.said(industries=UNPROVEN),
            z3.If(asker == target, self.said(industries=SAME), self.said(industries=OTHER)),
        )
        within = [
            z3.And(self.at[name] >= 0, self.at[name] < len(values))
            for name, values in self.values.items()
        ]
        return z3.And(relation, z3.Not(self.said(act="adjust", harm=LIFE)), *within)

    def find(self, *formulas: Formula) -> Question | None:
        """A question for which all of these hold; None is the proof that there is none."""
        solver = z3.Solver()
        solver.add(self.possible(), *formulas)
        if solver.check() == z3.unsat:
            return None
        model = solver.model()
        said = {
            name: values[model.eval(self.at[name], model_completion=True).as_long()]
            for name, values in self.values.items()
            if name in Question.__struct_fields__
        }
        return msgspec.convert(said, Question)


def readable(question: Question) -> str:
    """Only what is unusual about a question, for whoever must mend the table."""
    usual = Question()
    told = [
        f"{name}={getattr(question, name)}"
        for name in Question.__struct_fields__
        if getattr(question, name) != getattr(usual, name)
    ]
    return ", ".join(told) or "a question with nothing unusual"
