"""Another's policy engine, Cedar, answers the same as ours on random tables and questions."""

from __future__ import annotations

from random import Random

import cedarpy
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.policy_cedar import answered, policy, request
from hub.ruling.asked import drawn_question, drawn_table
from omamori.adapters.policy import load
from omamori.documents.policy_shape import Rule
from omamori.documents.reason import Reason
from omamori.hub.ruling.question import Question
from omamori.hub.ruling.rules import Rules

QUESTIONS_EACH = 40


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_cedar_answers_the_same_on_any_table(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - a fixed draw
    rules = Rules(drawn_table(dice, 20))
    questions = [drawn_question(dice) for _ in range(QUESTIONS_EACH)]
    ours = [rules.ask(question) for question in questions]
    assert [(one.answer, one.deciding) for one in ours] == answered(rules.rules, questions)


def test_cedar_answers_the_same_on_the_usual_rules() -> None:
    dice = Random(119)  # noqa: S311 - a fixed draw
    rules = load()[0]
    questions = [drawn_question(dice) for _ in range(2_000)]
    ours = [rules.ask(question) for question in questions]
    assert {one.answer for one in ours} == {"allow", "limit", "ask", "refuse"}
    assert [(one.answer, one.deciding) for one in ours] == answered(rules.rules, questions)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_allow_and_refuse_alone_are_cedars_own_permit_and_forbid(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - a fixed draw
    rules = Rules([r for r in drawn_table(dice, 20) if r.effect in {"allow", "refuse"}])
    text = "\n".join(
        policy(rule, "permit" if rule.effect == "allow" else "forbid") for rule in rules.rules
    )
    questions = [drawn_question(dice) for _ in range(QUESTIONS_EACH)]
    theirs = cedarpy.is_authorized_batch([request(q) for q in questions], text, [])
    for question, result in zip(questions, theirs, strict=True):
        ruling = rules.ask(question)
        assert (ruling.answer == "allow") == result.allowed
        numbers = sorted(int(name.removeprefix("policy")) for name in result.diagnostics.reasons)
        assert tuple(rules.rules[number].id for number in numbers) == ruling.deciding


def test_a_difference_would_be_seen() -> None:
    why = Reason("ruling.in-use")
    rule = Rule("a", "refuse", {"hour": frozenset((1, 2))}, (), why)
    wider = Rule("a", "refuse", {"hour": frozenset((1, 2, 3))}, (), why)
    asked = Question(hour=3)
    ours = Rules([rule], floor=()).ask(asked)
    assert (ours.answer, ours.deciding) != answered([wider], [asked])[0]
