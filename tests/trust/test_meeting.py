"""The meeting, without a network: both sides' conclusions, and every way a peer may break it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.documents.certificate import sha256
from omamori.documents.reason import RefusedError
from omamori.trust.meeting import (
    ANSWERER,
    CALLER,
    HELLO,
    MESSAGE_BYTES_MAX,
    SHOW,
    TELL,
    VERSION,
    Meeting,
    MeetingError,
    Outcome,
    Self,
)
from omamori.trust.standing import Credentials
from omamori.trust.verdict import ALLOW, LIMIT, REFUSE, link_level, stricter
from trust.industries import NOW, Industry, Thing

if TYPE_CHECKING:
    from omamori.trust.book import Book

ENERGY, HEALTH = Industry("energy"), Industry("health")
ENERGY.recognise(HEALTH, {5: 4, 4: 3, 3: 2, 2: 1})
HEALTH.recognise(ENERGY, {5: 5, 4: 4, 3: 2, 2: 2, 1: 1})
BOOKS = {"energy": ENERGY.book(), "health": HEALTH.book()}
METER, GLUCOSE = ENERGY.thing(4, "meter"), HEALTH.thing(5, "glucose")
BINDING = b"b" * 32


def side(
    role: str,
    thing: Thing,
    peer: Thing,
    *,
    purpose: str = "share-energy",
    shown: Credentials | None = None,
    binding: bytes = BINDING,
    book: Book | None = None,
    nonce: bytes | None = None,
) -> Meeting:
    return Meeting(
        role,
        Self(shown or thing.credentials(), thing),
        book or BOOKS[thing.industry.name],
        purpose if role == CALLER else "",
        nonce or role.encode().ljust(32, b"."),
        binding,
        sha256(peer.certificate),
    )


def run(caller: Meeting, answerer: Meeting) -> list[bytes]:
    """Carry all messages; returns them in order."""
    carried: list[bytes] = []
    waiting = [(answerer, caller, message) for message in caller.start()]
    while waiting:
        to, sender, message = waiting.pop(0)
        carried.append(message)
        waiting += [(sender, to, reply) for reply in to.receive(message, NOW)]
    return carried


def outcomes(caller: Meeting, answerer: Meeting) -> tuple[Outcome, Outcome]:
    run(caller, answerer)
    assert caller.outcome is not None
    assert answerer.outcome is not None
    return caller.outcome, answerer.outcome


def broken(meeting: Meeting, message: Any, now: float = NOW) -> str:
    octets = message if isinstance(message, bytes) else cbor2.dumps(message)
    with pytest.raises(MeetingError) as caught:
        meeting.receive(octets, now)
    return caught.value.reason.key.removeprefix("meeting.")


def hello(**change: Any) -> list[Any]:
    facts = {"kind": HELLO, "version": VERSION, "nonce": b"n" * 32, "purpose": "share-energy"}
    return list((facts | change).values())


def test_both_sides_conclude_each_in_its_own_ladder() -> None:
    mine, theirs = outcomes(side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER))
    assert (mine.answer, theirs.answer) == (ALLOW, ALLOW)
    assert mine.standing.effective == ENERGY.ladder.level(4)
    assert theirs.standing.effective == HEALTH.ladder.level(4)
    assert mine.peer_level == HEALTH.ladder.level(4).oid
    assert theirs.peer_level == ENERGY.ladder.level(4).oid
    # The link: the smaller of both, after each translated the other's word of itself.
    assert mine.level == ENERGY.ladder.level(3)
    assert theirs.level == HEALTH.ladder.level(4)
    assert mine.purpose == theirs.purpose == "share-energy"
    assert mine.until == theirs.until == NOW + 86400


def test_the_stricter_answer_binds_both() -> None:
    weak = ENERGY.thing(2, "weak")
    mine, theirs = outcomes(side(CALLER, weak, GLUCOSE), side(ANSWERER, GLUCOSE, weak))
    assert mine.verdict.answer == ALLOW
    assert theirs.verdict.answer == LIMIT
    assert mine.answer == theirs.answer == LIMIT
    assert mine.peer_reasons == ("verdict.level-too-low",)


def test_one_side_refuses_and_both_know_why() -> None:
    toys = Industry("toys")
    toys.recognise(HEALTH, {5: 5})
    doll = toys.thing(5)
    mine, theirs = outcomes(
        side(CALLER, doll, GLUCOSE, book=toys.book()), side(ANSWERER, GLUCOSE, doll)
    )
    assert mine.answer == theirs.answer == REFUSE
    assert mine.level is None
    assert theirs.level is None
    assert mine.peer_reasons == ("standing.unknown-authority", "verdict.no-level")


def test_an_expired_peer_is_told_so() -> None:
    old = ENERGY.thing(4, "old", now=NOW - 731 * 86400)
    mine, _ = outcomes(side(CALLER, old, GLUCOSE), side(ANSWERER, GLUCOSE, old))
    assert mine.peer_reasons[0] == "standing.certificate-expired"


def test_an_old_thing_is_brought_by_its_hub() -> None:
    hub = ENERGY.thing(5, "hub")
    shown = Credentials(hub.certificate, hub.statement(), hub.vouch(2))
    _, theirs = outcomes(
        side(CALLER, hub, GLUCOSE, shown=shown, purpose="read-measurement"),
        side(ANSWERER, GLUCOSE, hub),
    )
    assert theirs.standing.ground == "hub-word"
    assert theirs.standing.effective == HEALTH.ladder.level(2)


def test_the_calling_is_six_messages() -> None:
    carried = run(side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER))
    assert [cbor2.loads(message)[0] for message in carried] == [
        HELLO, HELLO, SHOW, SHOW, TELL, TELL,
    ]  # fmt: skip
    assert sum(map(len, carried)) < 4096


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (hello(version="omamori-meeting/2"), "version-unknown"),
        (hello(version="x" * 5000), "version-unknown"),
        (hello(nonce=b"short"), "malformed"),
        (hello(purpose="open-the-door"), "purpose-unknown"),
        (hello(purpose=""), "purpose-unknown"),
        (hello(kind=SHOW), "out-of-order"),
        (hello(more=1), "out-of-order"),
        ([], "out-of-order"),
        ({}, "out-of-order"),
        ([TELL, ALLOW, "", [], 0], "out-of-order"),
        (b"", "malformed"),
        (b"\xff", "malformed"),
        (b"\x9f\xff", "malformed"),
        (cbor2.dumps(hello()) + b"\0", "malformed"),
        (b"\0" * (MESSAGE_BYTES_MAX + 1), "too-long"),
        (b"\x9b" + b"\x7f" + b"\xff" * 7, "malformed"),
        (b"\x81" * 10_000 + b"\x00", "malformed"),
        (b"\xd8\x1c\x81\xd8\x1d\x00", "malformed"),
    ],
    ids=str,
)
def test_a_first_message_that_is_no_hello(message: Any, key: str) -> None:
    assert broken(side(ANSWERER, GLUCOSE, METER), message) == key


def test_the_caller_keeps_its_purpose() -> None:
    caller = side(CALLER, METER, GLUCOSE)
    assert broken(caller, hello(purpose="switch-power")) == "purpose-differs"


def test_a_mirror_is_no_peer() -> None:
    caller = side(CALLER, METER, GLUCOSE)
    (greeting,) = caller.start()
    assert broken(caller, greeting) == "mirrored"


def test_a_mirror_with_a_hello_of_its_own_is_no_peer_either() -> None:
    """A proof names the role of its maker, so one's own proof sent back proves nothing."""
    caller = side(CALLER, METER, METER)
    (shown,) = caller.receive(cbor2.dumps(hello()), NOW)
    caller.receive(shown, NOW)
    assert caller._standing is not None
    assert [r.key for r in caller._standing.reasons] == ["standing.key-not-proved"]


def _until_shown(caller: Meeting, answerer: Meeting) -> tuple[bytes, bytes]:
    """Both credentials messages, not yet delivered."""
    (greeting,) = caller.start()
    back, answerers = answerer.receive(greeting, NOW)
    (callers,) = caller.receive(back, NOW)
    return callers, answerers


def _standing_keys(meeting: Meeting) -> list[str]:
    assert meeting._standing is not None
    return [reason.key for reason in meeting._standing.reasons]


def test_messages_of_another_meeting_prove_nothing() -> None:
    first = side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER)
    recorded, _ = _until_shown(*first)
    again = side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER, nonce=b"z" * 32)
    _until_shown(*again)
    again[1].receive(recorded, NOW)
    assert _standing_keys(again[1]) == ["standing.key-not-proved"]


def test_a_proof_is_bound_to_its_channel() -> None:
    """A relay between two channels carries every message faithfully, and still proves nothing."""
    caller = side(CALLER, METER, GLUCOSE, binding=b"1" * 32)
    answerer = side(ANSWERER, GLUCOSE, METER, binding=b"2" * 32)
    callers, answerers = _until_shown(caller, answerer)
    answerer.receive(callers, NOW)
    caller.receive(answerers, NOW)
    assert _standing_keys(caller) == _standing_keys(answerer) == ["standing.key-not-proved"]


@pytest.mark.parametrize("part", ["statement", "vouch"])
def test_what_is_shown_is_bound_to_the_proof(part: str) -> None:
    """Nobody on the way may take away the word that lowers, or the vouch that limits."""
    hub = ENERGY.thing(5, "hub")
    shown = Credentials(hub.certificate, hub.statement(rung=1), hub.vouch(1))
    caller = side(CALLER, hub, GLUCOSE, shown=shown)
    answerer = side(ANSWERER, GLUCOSE, hub)
    callers, _ = _until_shown(caller, answerer)
    kind, certificate, *rest, proof = cbor2.loads(callers)
    parts = dict(zip(("statement", "vouch"), rest, strict=True)) | {part: b""}
    answerer.receive(cbor2.dumps([kind, certificate, *parts.values(), proof]), NOW)
    assert _standing_keys(answerer)[0] == "standing.key-not-proved"


def test_the_certificate_shown_is_the_channels() -> None:
    other = ENERGY.thing(5, "other")
    answerer = side(ANSWERER, GLUCOSE, other)
    callers, _ = _until_shown(side(CALLER, METER, GLUCOSE), answerer)
    assert broken(answerer, callers) == "not-the-channels-peer"


@pytest.mark.parametrize(
    "message",
    [
        [SHOW],
        [SHOW, b"", b"", b""],
        [SHOW, "text", b"", b"", b""],
        [SHOW, b"", None, b"", b""],
        [TELL, ALLOW, "", [], 0],
        hello(),
    ],
)
def test_a_second_message_that_shows_nothing(message: Any) -> None:
    answerer = side(ANSWERER, GLUCOSE, METER)
    answerer.receive(cbor2.dumps(hello()), NOW)
    assert broken(answerer, message) == "out-of-order"


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ([TELL, "yes", "", [], 0], "malformed"),
        ([TELL, ALLOW, "", [1], 0], "malformed"),
        ([TELL, ALLOW, "", ["k"] * 17, 0], "malformed"),
        ([TELL, ALLOW, "", ["k" * 201], 0], "malformed"),
        ([TELL, ALLOW, "", [], -1], "malformed"),
        ([TELL, ALLOW, "", [], 1 << 5000], "malformed"),
        ([TELL, ALLOW, "", [], 1.5], "out-of-order"),
        ([TELL, ALLOW, None, [], 0], "out-of-order"),
        ([TELL, ALLOW], "out-of-order"),
        ([SHOW, b"", b"", b"", b""], "out-of-order"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_third_message_that_tells_nothing(message: Any, key: str) -> None:
    caller, answerer = side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER)
    callers, _ = _until_shown(caller, answerer)
    answerer.receive(callers, NOW)
    assert broken(answerer, message) == key
    assert answerer.outcome is None


def test_who_talks_on_is_cut() -> None:
    caller, answerer = side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER)
    carried = run(caller, answerer)
    for message in (*carried, b""):
        assert broken(caller, message) == "talks-on"


@pytest.mark.parametrize("oid", ["", "1.2.3", "not an oid", "2.5.29.32.0"])
def test_a_told_level_that_means_nothing_gives_the_link_none(oid: str) -> None:
    caller, answerer = side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER)
    callers, _ = _until_shown(caller, answerer)
    answerer.receive(callers, NOW)
    answerer.receive(cbor2.dumps([TELL, ALLOW, oid, [], 1 << 39]), NOW)
    assert answerer.outcome is not None
    assert answerer.outcome.level is None


def test_a_boast_never_lifts_the_link() -> None:
    caller, answerer = side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER)
    callers, _ = _until_shown(caller, answerer)
    answerer.receive(callers, NOW)
    boast = HEALTH.ladder.level(5).oid
    answerer.receive(cbor2.dumps([TELL, ALLOW, boast, [], 1 << 39]), NOW)
    assert answerer.outcome is not None
    assert answerer.outcome.level == HEALTH.ladder.level(4)
    assert answerer.outcome.until == NOW + 86400


answers = st.sampled_from(["allow", "limit", "ask", "refuse"])
rungs = st.none() | st.integers(1, 5)


@given(answers, answers, rungs, rungs)
def test_a_link_is_never_more_than_either_side(
    one: str, two: str, mine: int | None, theirs: int | None
) -> None:
    order = ["allow", "limit", "ask", "refuse"]
    joint = stricter(one, two)
    assert joint == stricter(two, one)
    assert order.index(joint) == max(order.index(one), order.index(two))
    levels = [ENERGY.ladder.level(r) if r else None for r in (mine, theirs)]
    level = link_level(*levels)
    assert (level.rung if level else None) == (min(mine, theirs) if mine and theirs else None)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=120), min_size=1, max_size=4), st.sampled_from([CALLER, ANSWERER])
)
def test_any_bytes_are_an_answer_or_the_meetings_error(messages: list[bytes], role: str) -> None:
    meeting = side(role, METER, GLUCOSE) if role == CALLER else side(role, GLUCOSE, METER)
    for message in messages:
        with contextlib.suppress(MeetingError):
            meeting.receive(message, NOW)
    assert meeting.outcome is None


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 5), st.integers(0, 2000), st.binary(max_size=3), st.integers(0, 3))
def test_a_mutated_meeting_never_ends_better(which: int, at: int, put: bytes, cut: int) -> None:
    caller, answerer = side(CALLER, METER, GLUCOSE), side(ANSWERER, GLUCOSE, METER)
    waiting = [(answerer, caller, message) for message in caller.start()]
    count = 0
    try:
        while waiting:
            to, sender, message = waiting.pop(0)
            if count == which:
                point = at % len(message)
                message = message[:point] + put + message[point + cut :]
            count += 1
            waiting += [(sender, to, reply) for reply in to.receive(message, NOW)]
    except RefusedError:
        return
    for meeting, best in ((caller, 4), (answerer, 4)):
        if meeting.outcome is not None:
            level = meeting.outcome.verdict.level
            assert level is None or level.rung <= best
            link = meeting.outcome.level
            assert link is None or link.rung <= best
            if level is None:
                assert meeting.outcome.answer == REFUSE
