"""What the rules promise, proved for every question there is; a counterexample is shown as one."""

from __future__ import annotations

import pytest
import z3
from hypothesis import given, settings

from conformance.policy_z3 import Formula, Home, readable
from hub.ruling.asked import matched, tables
from omamori.adapters.policy import load
from omamori.documents.policy_shape import EFFECTS, REFUSE, Rule
from omamori.documents.reason import Reason
from omamori.hub.ruling.coverage import look_through
from omamori.hub.ruling.floor import FLOOR
from omamori.hub.ruling.question import Question
from omamori.hub.ruling.rules import Rules

RULES = load()[0]
WHY = Reason("ruling.in-use")


def safety(home: Home) -> dict[str, Formula]:
    """What must never be done, each as the questions that must be refused."""
    operates = z3.And(home.said(act="operate"), home.said(at_hand=False))
    own_safety = z3.And(
        home.said(channel="hub"),
        z3.Or(home.said(slot="safety-auto"), home.said(slot="safety-local")),
    )
    body = z3.Or(home.said(point="dose_u"), home.said(point="pacing_bpm"))
    beside = z3.And(
        home.said(near=True), home.said(fresh=True), home.at["rung"] >= 3, home.said(suspect=False)
    )
    return {
        "a suspect operates": z3.And(operates, home.said(suspect=True)),
        "another industry operates what can harm life": z3.And(
            operates, home.said(harm="life", industries="other")
        ),
        "the bare network operates": z3.And(operates, home.said(channel="network")),
        "nobody operates what can harm life": z3.And(
            operates, home.said(harm="life", rung=0), z3.Not(own_safety)
        ),
        "a body is acted on from afar": z3.And(operates, body, z3.Not(beside)),
    }


PROMISES = list(safety(Home(FLOOR)))


def prove(home: Home, *formulas: Formula) -> None:
    found = home.find(*formulas)
    assert found is None, f"not so when: {readable(found)}"


@pytest.mark.parametrize("promise", PROMISES)
def test_the_usual_rules_keep(promise: str) -> None:
    home = Home(RULES.rules)
    prove(home, safety(home)[promise], z3.Not(home.answers(REFUSE)))


@pytest.mark.parametrize("promise", PROMISES)
def test_the_floor_keeps_whatever_a_person_writes(promise: str) -> None:
    """Any table is four unknown truths: whether it has a matching rule of each effect."""
    home = Home(FLOOR)
    theirs = {effect: z3.Bool(f"theirs-{effect}") for effect in EFFECTS}
    ours = z3.Or([home.matches(rule) for rule in FLOOR])
    refused = z3.Or(ours, theirs[REFUSE], z3.Not(z3.Or(ours, *theirs.values())))
    prove(home, safety(home)[promise], z3.Not(refused))


def test_the_floor_never_shuts_out_a_person_at_hand() -> None:
    home = Home(FLOOR)
    prove(home, home.said(at_hand=True), z3.Or([home.matches(rule) for rule in FLOOR]))


def test_the_usual_rules_never_shut_out_a_person_at_hand() -> None:
    home = Home(RULES.rules)
    prove(home, home.said(at_hand=True), z3.Not(home.answers("allow")))


def test_the_usual_rules_let_no_low_level_from_outside_operate() -> None:
    home = Home(RULES.rules)
    outside = z3.Or([home.said(channel=one) for one in ("", "meeting", "broker", "network")])
    low = z3.And(home.said(act="operate", at_hand=False), home.at["rung"] < 3, outside)
    prove(home, low, z3.Not(home.answers(REFUSE)))


def test_the_usual_rules_never_let_energy_saving_change_what_is_in_use_unasked() -> None:
    home = Home(RULES.rules)
    changes = z3.Or(home.said(act="adjust"), home.said(act="operate"))
    saving = home.said(slot="demand-response", in_use=True, at_hand=False)
    prove(home, changes, saving, z3.Or(home.answers("allow"), home.answers("limit")))


def test_the_usual_rules_never_let_a_suspect_change_anything_unless_by_hand() -> None:
    home = Home(RULES.rules)
    changes = z3.Or(home.said(act="adjust"), home.said(act="operate"))
    prove(home, changes, home.said(suspect=True, at_hand=False), z3.Not(home.answers(REFUSE)))


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_no_usual_rule_is_dead_or_only_repeats(rule: Rule) -> None:
    home = Home(RULES.rules)
    strict = EFFECTS.index(rule.effect)
    as_strict = [
        one for one in RULES.rules if one is not rule and EFFECTS.index(one.effect) >= strict
    ]
    found = home.find(home.matches(rule), *[z3.Not(home.matches(one)) for one in as_strict])
    assert found is not None, f"{rule.id} changes nothing"
    assert RULES.ask(found).deciding == (rule.id,)


def test_a_broken_table_yields_a_question_that_the_home_really_answers_so() -> None:
    hole = Rule("hole", "allow", {"act": frozenset(("operate",))}, (), WHY)
    without = [rule for rule in FLOOR if rule.id != "floor-suspect"]
    broken = Rules([hole], floor=tuple(without))
    home = Home(broken.rules)
    found = home.find(safety(home)["a suspect operates"], z3.Not(home.answers(REFUSE)))
    assert found is not None
    assert broken.ask(found).answer == "allow"
    assert "suspect=True" in readable(found)
    assert "act=operate" in readable(found)
    with pytest.raises(AssertionError, match=r"not so when: .*suspect=True"):
        prove(home, safety(home)["a suspect operates"], z3.Not(home.answers(REFUSE)))
    assert Rules([hole]).ask(found).answer == REFUSE


@settings(max_examples=15)
@given(tables(5))
def test_our_own_search_for_dead_rules_agrees_with_z3(table: tuple[Rule, ...]) -> None:
    home = Home(table)
    for found in look_through(table):
        strict = EFFECTS.index(found.rule.effect)
        stricter = [one for one in table if EFFECTS.index(one.effect) > strict]
        theirs = home.find(
            home.matches(found.rule), *[z3.Not(home.matches(one)) for one in stricter]
        )
        assert (theirs is None) == (found.decides is None)
        if theirs is not None:
            assert isinstance(found.decides, Question)
            assert found.rule in matched(table, theirs)
