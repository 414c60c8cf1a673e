"""The compiled rules answer as the table says, whatever is asked, and the floor holds under any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ruling.asked import QUESTIONS, answered, matched, tables
from omamori.documents.policy_shape import Rule
from omamori.documents.reason import Reason
from omamori.hub.ruling.floor import FLOOR
from omamori.hub.ruling.question import Question
from omamori.hub.ruling.rules import SILENCE, Rules
from omamori.hub.ruling.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from omamori.documents.policy_shape import Box

WHY = Reason("ruling.in-use")


def rule(name: str, effect: str, when: Box, *unless: Box) -> Rule:
    return Rule(name, effect, when, unless, WHY)


EVERYTHING_ALLOWED = (rule("all", "allow", {"act": frozenset(("look", "adjust", "operate"))}),)


@given(tables(), QUESTIONS)
def test_compiled_and_plain_agree(table: tuple[Rule, ...], question: Question) -> None:
    rules = Rules(table)
    ruling = rules.ask(question)
    assert (ruling.answer, ruling.deciding) == answered(rules.rules, question)
    assert rules.ask(question) == ruling
    assert [one.rule for one in rules.considered(question)] == matched(rules.rules, question)
    deciding = [one.rule.id for one in rules.considered(question) if one.is_deciding]
    assert tuple(deciding) == ruling.deciding


@given(tables(), QUESTIONS)
def test_one_rule_more_never_makes_an_answer_milder(
    table: tuple[Rule, ...], question: Question
) -> None:
    order = ["allow", "limit", "ask", "refuse"]
    more = Rules(table, floor=()).ask(question)
    for at in range(len(table)):
        fewer = Rules(table[:at] + table[at + 1 :], floor=()).ask(question)
        if fewer.deciding:  # otherwise nobody spoke, which refuses
            assert order.index(more.answer) >= order.index(fewer.answer)


def test_where_nobody_speaks_the_answer_is_no() -> None:
    assert Rules((), floor=()).ask(Question()) == SILENCE
    assert SILENCE.answer == "refuse"
    assert SILENCE.deciding == ()


def test_the_strictest_wins_and_all_who_say_so_are_named_in_order() -> None:
    yes: Box = {"slot": frozenset(("automation",))}
    table = [rule(f"{n}-{e}", e, yes) for n in (1, 2) for e in ("allow", "ask", "limit")]
    ruling = Rules(table).ask(Question(slot="automation"))
    assert ruling.answer == "ask"
    assert ruling.deciding == ("1-ask", "2-ask")
    assert len(ruling.reasons) == 2


def test_an_exception_lifts_only_its_own_rule() -> None:
    yes: Box = {"slot": frozenset(("automation",))}
    lifted: Box = {"in_use": frozenset((True,))}
    table = [rule("a", "refuse", yes, lifted), rule("b", "ask", yes), rule("c", "ask", yes, lifted)]
    assert Rules(table).ask(Question(slot="automation", in_use=True)).deciding == ("b",)
    assert Rules(table).ask(Question(slot="automation")).deciding == ("a",)


@pytest.mark.parametrize(
    "question",
    [
        Question(act="operate", suspect=True, rung=5, channel="meeting", harm="comfort"),
        Question(
            act="operate", harm="life", rung=5, channel="meeting",
            asker_industry="energy", target_industry="health",
        ),
        Question(act="operate", harm="life", rung=5, channel="meeting", asker_industry="energy"),
        Question(act="operate", channel="network", rung=5),
        Question(act="operate", harm="life", rung=0, channel="page", asker_kind="person"),
        Question(act="operate", point="pacing_bpm", harm="life", rung=5, fresh=True, channel="meeting"),
        Question(act="operate", point="dose_u", rung=5, near=True, channel="meeting"),
        Question(act="operate", point="dose_u", rung=2, near=True, fresh=True, channel="meeting"),
    ],
)  # fmt: skip
def test_no_table_lifts_the_floor_and_a_hand_is_never_shut_out(question: Question) -> None:
    rules = Rules(EVERYTHING_ALLOWED)
    ruling = rules.ask(question)
    assert ruling.answer == "refuse"
    assert all(name.startswith("floor-") for name in ruling.deciding)
    assert rules.ask(msgspec.structs.replace(question, at_hand=True)).answer == "allow"


def test_the_homes_own_safety_may_act_where_life_is_at_stake() -> None:
    fire = Question(act="operate", harm="life", channel="hub", slot="safety-auto")
    assert Rules(EVERYTHING_ALLOWED).ask(fire).answer == "allow"
    pretended = msgspec.structs.replace(fire, channel="broker")
    assert Rules(EVERYTHING_ALLOWED).ask(pretended).answer == "refuse"


@given(
    st.text(max_size=9), st.text(max_size=9), st.text(max_size=9),
    st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), tables(),
)  # fmt: skip
def test_a_word_that_nobody_knows_has_its_gravest_meaning(
    act: str, harm: str, channel: str, rung: int, hour: int, table: tuple[Rule, ...]
) -> None:
    asked = Question(
        act=act, harm=harm, channel=channel, rung=rung, hour=hour, purpose=act, slot=harm,
        suspect=True, grant=act, ground=harm, point=act, asker_kind=act, target_kind=harm,
        asker_industry=act, target_industry=harm,
    )  # fmt: skip
    grave = asked.gravest()
    assert grave.gravest() is grave
    assert grave.act == (act if act in {"look", "adjust"} and grave.harm != "life" else grave.act)
    assert Rules(table).ask(asked) == Rules(table).ask(grave)
    if act not in {"look", "adjust"}:
        assert Rules(EVERYTHING_ALLOWED).ask(asked).answer == "refuse"


def test_to_adjust_what_can_harm_life_is_to_operate_it() -> None:
    asked = Question(act="adjust", harm="life", channel="meeting")
    assert Rules(EVERYTHING_ALLOWED).ask(asked).deciding == ("floor-life-without-level",)


def test_nothing_of_a_file_is_run_as_a_program() -> None:
    odd = "__import__('os').system('x')"
    table = (rule(odd, "allow", {"asker_industry": frozenset((odd,))}),)
    assert Rules(table).ask(Question(asker_industry=odd)).deciding == (odd,)


def test_every_attribute_can_be_asked_of_a_question() -> None:
    for name, attribute in VOCABULARY.items():
        assert type(getattr(Question(), name)) is attribute.of
    assert set(VOCABULARY) == {*Question.__struct_fields__, "industries"}


def test_the_floor_speaks_only_of_operating_and_never_to_a_hand() -> None:
    for one in FLOOR:
        assert one.effect == "refuse"
        assert one.when["act"] == {"operate"}
        assert {"at_hand": {True}} in one.unless
