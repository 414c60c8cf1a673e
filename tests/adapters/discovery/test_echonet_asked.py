"""What is asked of ECHONET objects next: little, politely, and never without end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.discovery import echonet_asked
from omamori.adapters.discovery.echonet_asked import FIRST, THEN, Asked, Question
from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Epc, Esv, Frame, Property

NODE = "192.0.2.9"
LAMP = bytes.fromhex("029001")
VALUES = {
    Epc.STATUS: b"\x30", Epc.INSTALLED: b"\x08", Epc.VERSION: b"\0\0R\0", Epc.MAKER: b"\0\0\x0b",
    Epc.PRODUCT: b"LAMP-1", Epc.INF_MAP: b"\x01\x80", Epc.SET_MAP: b"\x01\x80",
    Epc.GET_MAP: b"\x08\x80\x81\x82\x8a\x8c\x9d\x9e\x9f",
}  # fmt: skip


def answer(question: Question, *, only: frozenset[int] | None = None, tid: int = 0) -> Frame:
    """What a node says that has ``VALUES`` and gives those of ``only``."""
    told = tuple(
        Property(epc, VALUES.get(Epc(epc), b"") if only is None or epc in only else b"")
        for epc in question.epcs
    )
    esv = Esv.GET_RES if all(one.edt for one in told) else Esv.GET_SNA
    return Frame(tid, question.eoj, echonet.CONTROLLER, esv, told)


def run(
    asked: Asked, seconds: float = 120.0, *, begin: float = 0.0
) -> list[tuple[float, Question]]:
    """The questions put while nobody answers."""
    steps = (begin + 0.1 * step for step in range(int(seconds * 10)))
    return [(now, question) for now in steps if (question := asked.next(now))]


def only(asked: Asked, now: float) -> Question:
    question = asked.next(now)
    assert question is not None
    return question


def test_what_the_get_map_has_is_asked_after_what_every_object_has() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    first = only(asked, 0.0)
    assert first == Question(NODE, LAMP, FIRST, by_tcp=False)
    asked.hear(NODE, answer(first), 0.1)
    then = only(asked, 1.0)
    assert then.epcs == (Epc.INSTALLED, Epc.PRODUCT)
    asked.hear(NODE, answer(then), 1.1)
    assert run(asked, begin=2.0) == []


def test_an_answer_in_several_frames_is_put_together() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    first = only(asked, 0.0)
    half = Question(NODE, LAMP, first.epcs[:3], by_tcp=False)
    rest = Question(NODE, LAMP, first.epcs[3:], by_tcp=False)
    asked.hear(NODE, answer(half), 0.1)
    asked.hear(NODE, answer(rest), 0.15)
    assert only(asked, 1.0).epcs == (Epc.INSTALLED, Epc.PRODUCT)


def test_a_partial_answer_is_taken_and_what_was_refused_is_not_asked_again() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    asked.hear(NODE, answer(only(asked, 0.0), only=frozenset({Epc.MAKER, Epc.GET_MAP})), 0.1)
    assert only(asked, 1.0).epcs == (Epc.INSTALLED, Epc.PRODUCT)


def test_a_node_that_refuses_all_at_once_is_asked_for_one_property_at_a_time() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    asked.hear(NODE, answer(only(asked, 0.0), only=frozenset()), 0.1)
    heard: list[int] = []
    now = 1.0
    while question := asked.next(now):
        heard += question.epcs
        assert len(question.epcs) == 1
        asked.hear(NODE, answer(question), now + 0.1)
        now += 1.0
    assert heard == [*FIRST, Epc.INSTALLED, Epc.PRODUCT]


@pytest.mark.parametrize("tid", [0, 1, 77])
def test_whatever_number_an_answer_has_it_is_taken(tid: int) -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    asked.hear(NODE, answer(only(asked, 0.0), tid=tid), 0.1)
    assert only(asked, 1.0).epcs == (Epc.INSTALLED, Epc.PRODUCT)


def test_who_does_not_answer_is_asked_twice_then_by_tcp_then_for_less_then_no_more() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    asked.want(NODE, bytes.fromhex("029002"), 0.0)
    put = [(question.by_tcp, len(question.epcs)) for _, question in run(asked)]
    assert put == [(False, 6), (False, 6), (True, 6), (False, 1)]


def test_a_node_that_answered_by_tcp_is_asked_so_from_the_start() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    now = next(now + 0.1 for now in range(9) if only(asked, float(now * 3)).by_tcp) * 3
    asked.hear(NODE, Frame(1, LAMP, echonet.CONTROLLER, Esv.GET_RES, (Property(0x9F, b"\0"),)), now, by_tcp=True)  # fmt: skip
    asked.want(NODE, bytes.fromhex("029002"), now)
    others = [question for _, question in run(asked, begin=now + 1) if question.eoj != LAMP]
    assert others[0].by_tcp


def test_nobody_is_asked_again_within_the_hour_but_who_says_it_has_just_started() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    run(asked)
    asked.want(NODE, LAMP, 500.0)
    assert asked.next(500.0) is None
    asked.want(NODE, LAMP, 501.0, has_started=True)
    assert asked.next(501.0) is not None
    run(asked, begin=501.0)
    asked.want(NODE, LAMP, 501.0 + echonet_asked.AGAIN_S)
    assert asked.next(501.0 + echonet_asked.AGAIN_S) is not None


def test_one_question_is_open_at_a_node_and_others_need_not_wait_for_it() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    asked.want(NODE, bytes.fromhex("013001"), 0.0)
    asked.want("192.0.2.10", LAMP, 0.0)
    assert {only(asked, 0.0).ip, only(asked, 0.1).ip} == {NODE, "192.0.2.10"}
    assert asked.next(0.2) is None


def test_a_flood_of_nodes_makes_room_for_itself_only() -> None:
    asked = Asked()
    asked.want(NODE, LAMP, 0.0)
    asked.hear(NODE, answer(only(asked, 0.0)), 0.1)
    for number in range(3000):
        asked.want(f"10.0.{number // 250}.{number % 250}", LAMP, 1.0 + number)
    assert NODE in asked._nodes
    assert len(asked._nodes) <= echonet_asked.NODES_MAX


def test_a_node_with_too_many_objects_is_asked_for_the_first_of_them() -> None:
    asked = Asked()
    for number in range(1000):
        asked.want(NODE, number.to_bytes(3, "big"), 0.0)
    assert len(asked._nodes[NODE].objects) == echonet_asked.OBJECTS_PER_NODE_MAX


frames = st.builds(
    Frame,
    st.integers(0, 0xFFFF),
    st.sampled_from([LAMP, echonet.NODE_PROFILE, b"\1\2\3"]),
    st.just(echonet.CONTROLLER),
    st.sampled_from([Esv.GET_RES, Esv.GET_SNA, Esv.INF, Esv.SET_RES]),
    st.lists(
        st.builds(Property, st.sampled_from([*FIRST, *THEN, 0xE0]), st.binary(max_size=18)),
        max_size=8,
    ).map(tuple),
)


@given(st.lists(st.tuples(st.floats(-10.0, 10.0), frames), max_size=40))
def test_whatever_a_node_says_an_hour_brings_it_few_questions(
    said: list[tuple[float, Frame]],
) -> None:
    asked, now, questions = Asked(), 0.0, 0
    asked.want(NODE, LAMP, now)
    for gone_s, frame in said:
        now = max(now + gone_s, 0.0)
        questions += asked.next(now) is not None
        asked.hear(NODE, frame, now)
    questions += len(run(asked, 200.0, begin=now))
    assert 1 <= questions <= echonet_asked.QUESTIONS_PER_ROUND_MAX
