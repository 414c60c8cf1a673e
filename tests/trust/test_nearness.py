"""Who is not at the body, or not just now, is not near: relays, repetitions and guesses are told."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from omamori.documents.sealed import ECDSA
from omamori.trust.emergency import Glass, Rule
from omamori.trust.nearness import (
    BODY,
    HARDWARE,
    ROUND_TRIP,
    SOFTWARE,
    TOUCH,
    Evidence,
    Met,
    Nearness,
    Verifier,
    commit,
    distance_m,
    expected_bits,
    same_heart,
    transcript,
)

NOW = 1_790_000_000.0
KEY = ec.derive_private_key(119, ec.SECP256R1())
STRANGER = ec.derive_private_key(911, ec.SECP256R1())
BINDING, SECRET, NONCE = b"b" * 32, b"s" * 32, b"n" * 32
MET = Met(BINDING, NOW, KEY.public_key(), 4)
ASKED = bytes(random.Random(1).choices((0, 1), k=64))  # noqa: S311 - fixed questions
HEART = bytes(random.Random(2).choices((0, 1), k=64))  # noqa: S311 - a fixed heart


def signed(evidence: Evidence, key: ec.EllipticCurvePrivateKey = KEY) -> Evidence:
    answered = evidence.theirs if evidence.kind == BODY else evidence.answered
    octets = transcript(evidence.kind, evidence.nonce, BINDING, evidence.asked, answered)
    return replace(evidence, signature=key.sign(octets, ECDSA))


def trip(seconds: float = 40e-9, clock: str = HARDWARE) -> Evidence:
    answered = expected_bits(SECRET, NONCE, ASKED)
    return signed(
        Evidence(ROUND_TRIP, NONCE, NOW + 1, b"", clock, ASKED, answered, (seconds,) * 64)
    )


def touch() -> Evidence:
    return signed(Evidence(TOUCH, NONCE, NOW + 1, b""))


def heart(theirs: bytes) -> Evidence:
    return signed(Evidence(BODY, NONCE, NOW + 1, b"", mine=HEART, theirs=theirs))


def judged(evidence: Evidence | None, met: Met = MET, now: float = NOW + 2) -> Nearness:
    verifier = Verifier()
    verifier.ask(NONCE, BINDING, NOW)
    return verifier.judge(evidence, met, now, SECRET)


def why(found: Nearness) -> list[str]:
    return [reason.key.removeprefix("nearness.") for reason in found.reasons]


def test_who_answers_at_once_is_near() -> None:
    found = judged(trip())
    assert (found.near, found.fresh, found.rung, why(found)) == (True, True, 4, ["shown"])
    assert 1.4 < found.within_m < 1.6


def test_touching_and_feeling_the_same_heart_are_near() -> None:
    assert why(judged(touch())) == ["touched"]
    few = bytes(bit ^ (place in (3, 40)) for place, bit in enumerate(HEART))
    assert why(judged(heart(few))) == ["body-same"]


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (None, "not-near"),
        (trip(200e-9), "too-far"),
        (trip(float("nan")), "too-far"),
        (trip(-1.0), "too-far"),
        (signed(replace(trip(), answered=bytes(64))), "wrong-answers"),
        (signed(replace(trip(), asked=ASKED[:8])), "too-few"),
        (replace(trip(), answered=bytes(64)), "signature"),
        (signed(touch(), STRANGER), "signature"),
        (replace(touch(), signature=b"rubbish"), "signature"),
        (replace(touch(), nonce=b"m" * 32), "not-asked"),
        (replace(touch(), at=NOW - 5), "clock"),
        (replace(touch(), at=NOW + 500), "clock"),
        (replace(touch(), at=float("nan")), "clock"),
        (heart(bytes(64)), "body-differs"),
        (heart(bytes(1 - bit for bit in HEART)), "body-differs"),
        (heart(HEART[:20]), "body-differs"),
        (signed(Evidence("magic", NONCE, NOW + 1, b"")), "not-near"),
    ],
)
def test_everybody_else_is_not(evidence: Evidence | None, reason: str) -> None:
    found = judged(evidence)
    assert not found.near
    assert reason in why(found)


def test_a_relay_adds_its_way_and_is_too_far() -> None:
    assert judged(trip(40e-9 + 2 * 30 / 299_792_458)).near is False


def test_a_program_cannot_show_nearness_and_says_so() -> None:
    assert why(judged(trip(0.001, SOFTWARE))) == ["not-by-software"]
    assert why(judged(trip(0.05, SOFTWARE))) == ["too-far", "not-by-software"]
    assert distance_m(1e-6, 0) > 149


def test_evidence_counts_once_and_only_in_its_meeting() -> None:
    verifier = Verifier()
    verifier.ask(NONCE, BINDING, NOW)
    assert verifier.judge(touch(), MET, NOW + 2).near
    assert why(verifier.judge(touch(), MET, NOW + 2)) == ["used"]
    verifier.ask(NONCE, BINDING, NOW)
    assert why(verifier.judge(touch(), MET, NOW + 2)) == ["used"]
    elsewhere = replace(MET, binding=b"c" * 32)
    assert why(judged(touch(), elsewhere)) == ["other-meeting", "signature"]


def test_a_late_answer_is_neither_near_nor_fresh() -> None:
    found = judged(touch(), now=NOW + 62)
    assert (found.near, found.fresh, why(found)) == (False, False, ["not-fresh", "too-old"])
    assert judged(touch(), replace(MET, at=NOW + 60)).fresh is False


def test_a_guess_of_all_answers_is_as_good_as_its_chance() -> None:
    guess = random.Random(3)  # noqa: S311 - fixed guesses
    right = expected_bits(SECRET, NONCE, ASKED)
    tries = [bytes(guess.choices((0, 1), k=64)) for _ in range(3000)]
    assert right not in tries
    agreed = sum(sum(a == b for a, b in zip(one, right, strict=True)) for one in tries) / 3000
    assert 31 < agreed < 33


def test_a_stranger_does_not_feel_the_heart() -> None:
    chance = random.Random(4)  # noqa: S311 - fixed hearts
    assert not any(same_heart(HEART, bytes(chance.choices((0, 1), k=64))) for _ in range(3000))
    assert commit(HEART, NONCE) != commit(HEART, b"m" * 32)


@given(
    st.sampled_from([TOUCH, BODY, ROUND_TRIP, ""]), st.binary(max_size=40), st.floats(),
    st.binary(max_size=80), st.binary(max_size=300), st.lists(st.floats(), max_size=300),
    st.floats(),
)  # fmt: skip
def test_judging_is_total(
    kind: str,
    nonce: bytes,
    at: float,
    signature: bytes,
    bits: bytes,
    trips: list[float],
    now: float,
) -> None:
    evidence = Evidence(kind, nonce, at, signature, HARDWARE, bits, bits, tuple(trips), bits, bits)
    assert not judged(evidence, now=now).near


CREW = Rule(frozenset({"2.25.9.1"}), frozenset({"pacing_bpm"}), uses_max=2)
NEAR = Nearness(near=True, fresh=True, rung=3, within_m=1.0, reasons=())


def test_a_crew_at_the_body_may_help_and_it_is_recorded() -> None:
    broken = Glass(CREW).break_("crew 7", CREW.policies, "pacing_bpm", NEAR, NOW)
    assert (broken.allowed, broken.lease_s) == (True, 900)
    assert broken.record == {
        "who": "crew 7", "point": "pacing_bpm", "near": 1, "fresh": 1, "rung": 3, "allowed": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("policies", "point", "nearness", "reason"),
    [
        (frozenset({"2.25.9.2"}), "pacing_bpm", NEAR, "emergency-refused"),
        (CREW.policies, "firmware", NEAR, "emergency-not-this"),
        (CREW.policies, "pacing_bpm", replace(NEAR, near=False), "not-near"),
        (CREW.policies, "pacing_bpm", replace(NEAR, fresh=False), "not-fresh"),
        (CREW.policies, "pacing_bpm", replace(NEAR, rung=1), "level-too-low"),
    ],
)
def test_everybody_else_breaks_no_glass_and_is_recorded_too(
    policies: frozenset[str], point: str, nearness: Nearness, reason: str
) -> None:
    broken = Glass(CREW).break_("x", policies, point, nearness, NOW)
    assert [one.key for one in broken.reasons] == [f"nearness.{reason}"]
    assert (broken.allowed, broken.lease_s, broken.record["allowed"]) == (False, 0, 0)


def test_the_right_is_used_seldom_also_when_the_clock_goes_back() -> None:
    glass = Glass(CREW)
    args = ("crew", CREW.policies, "pacing_bpm", NEAR)
    assert [glass.break_(*args, NOW + n).allowed for n in range(3)] == [True, True, False]
    assert not glass.break_(*args, NOW - 9000).allowed
    assert glass.break_(*args, NOW + 3700).allowed


def test_uses_outlast_a_restart_and_unreadable_ones_count_as_used_up() -> None:
    glass, args = Glass(CREW), ("crew", CREW.policies, "pacing_bpm", NEAR)
    glass.break_(*args, NOW)
    glass.break_(*args, NOW + 1)
    kept = [(key, value) for key, value in glass.take_changes() if value is not None]
    again = Glass(CREW)
    assert again.restore(kept, NOW + 2) == 0
    assert not again.break_(*args, NOW + 2).allowed
    lost = Glass(CREW)
    assert lost.restore([("uses", b"\xc1")], NOW) == 1
    assert not lost.break_(*args, NOW + 60).allowed
    assert lost.break_(*args, NOW + 3700).allowed
