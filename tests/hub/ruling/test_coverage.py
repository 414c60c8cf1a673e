"""Which rules can ever decide: found by looking for a question, and agreeing with what is asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.ruling.asked import QUESTIONS, answered, matched, tables
from omamori.documents.policy_shape import Rule
from omamori.documents.reason import Reason
from omamori.hub.ruling import coverage
from omamori.hub.ruling.coverage import Unknown, look_through, witness
from omamori.hub.ruling.question import Question

WHY = Reason("ruling.in-use")
HAND = {"at_hand": frozenset((True,))}
BY_ANOTHER = {"at_hand": frozenset((False,))}


def rule(name: str, effect: str, when: dict[str, frozenset[bool]]) -> Rule:
    return Rule(name, effect, dict(when), (), WHY)


@given(tables(6))
def test_what_is_found_is_decided_so(table: tuple[Rule, ...]) -> None:
    for found in look_through(table):
        if isinstance(found.decides, Question):
            assert found.rule.id in answered(table, found.decides)[1]
        if isinstance(found.alone, Question):
            assert answered(table, found.alone)[1] == (found.rule.id,)


@given(tables(6), st.lists(QUESTIONS, max_size=30))
def test_what_is_called_dead_never_decides(
    table: tuple[Rule, ...], questions: list[Question]
) -> None:
    dead = {found.rule.id for found in look_through(table) if found.decides is None}
    for question in questions:
        assert dead.isdisjoint(answered(table, question)[1])


def test_a_rule_under_a_stricter_one_is_dead() -> None:
    table = (rule("a", "allow", HAND), rule("b", "refuse", HAND))
    first, second = look_through(table)
    assert first.decides is None
    assert isinstance(second.alone, Question)


def test_a_rule_under_two_that_share_it_is_dead_as_well() -> None:
    both = {"suspect": frozenset((True,))}
    table = (rule("a", "allow", both), rule("b", "ask", HAND), rule("c", "refuse", BY_ANOTHER))
    assert look_through(table)[0].decides is None


def test_a_rule_said_twice_changes_nothing_but_decides() -> None:
    first, second = look_through((rule("a", "ask", HAND), rule("b", "ask", HAND)))
    assert isinstance(first.decides, Question)
    assert first.alone is None
    assert second.alone is None


def test_industries_that_contradict_their_relation_are_no_question() -> None:
    same = Rule("a", "allow", {"industries": frozenset(("same",))}, (), WHY)
    other = Rule("b", "refuse", {"asker_industry": frozenset(("energy",))}, (), WHY)
    asked = witness(same, [other])
    assert isinstance(asked, Question)
    assert asked.asker_industry == asked.target_industry != "energy"
    assert asked.asker_industry


def test_a_search_without_end_is_given_up() -> None:
    flags = ("suspect", "at_hand", "near", "fresh", "in_use")
    allowed = Rule("a", "allow", {"rung": frozenset((1, 2, 3))}, (), WHY)
    steps = coverage.STEPS_MAX
    hours = [
        Rule(f"{n}", "refuse", {f: frozenset((bool(n >> b & 1),)) for b, f in enumerate(flags)}, (), WHY)
        for n in range(32)
    ]  # fmt: skip
    try:
        coverage.STEPS_MAX = 10
        assert isinstance(witness(allowed, hours), Unknown)
    finally:
        coverage.STEPS_MAX = steps
    assert witness(allowed, hours) is None


@given(tables(4), QUESTIONS)
def test_alone_means_that_without_it_the_answer_changes(
    table: tuple[Rule, ...], question: Question
) -> None:
    for found in look_through(table):
        rest = [one for one in table if one is not found.rule]
        if found.alone is None and matched(rest, question):
            assert answered(table, question)[0] == answered(rest, question)[0]
