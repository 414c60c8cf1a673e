"""Whatever is done to credentials, nobody climbs; and the answer follows the level."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.trust.standing import (
    Credentials,
    Proof,
    Standing,
    judge,
)
from omamori.trust.verdict import ALLOW, ASK, LIMIT, PURPOSES, REFUSE, Purpose, decide
from trust.industries import NOW, Industry

MAP = {5: 4, 4: 3, 3: 3, 2: 1}


def rungs(standing: Standing) -> tuple[int, int, int]:
    levels = (standing.certified, standing.current, standing.effective)
    return tuple(level.rung if level else 0 for level in levels)  # type: ignore[return-value]


def why(standing: Standing) -> list[str]:
    return [reason.key for reason in standing.reasons]


HEALTH = Industry("health")
ENERGY = Industry("energy")
ENERGY.recognise(HEALTH, MAP)
BOOK = ENERGY.book()
THINGS = {rung: HEALTH.thing(rung) for rung in range(1, 6)}
SHOWN = {rung: thing.credentials(seq=5) for rung, thing in THINGS.items()}


def _mutated(octets: bytes, at: int, put: bytes, cut: int) -> bytes:
    at %= len(octets)
    return octets[:at] + put + octets[at + cut :]


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 5),
    st.sampled_from(["certificate", "statement", "vouch"]),
    st.integers(0, 700),
    st.binary(max_size=3),
    st.integers(0, 3),
)
def test_mutated_credentials_never_stand_higher(
    rung: int, part: str, at: int, put: bytes, cut: int
) -> None:
    good = SHOWN[rung]
    parts = {
        "certificate": good.certificate,
        "statement": good.statement,
        "vouch": THINGS[rung].vouch(2) if part == "vouch" else b"",
    }
    parts[part] = _mutated(parts[part], at, put, cut)
    standing = judge(Credentials(**parts), None, BOOK, NOW)
    assert rungs(standing)[2] <= MAP.get(rung, 0)
    if part == "certificate" and parts[part] != good.certificate:
        assert standing.effective is None


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 5), st.integers(0, 5), st.integers(0, 5))
def test_mixed_credentials_never_stand_higher_than_the_certificate(
    one: int, two: int, three: int
) -> None:
    shown = Credentials(
        SHOWN[one].certificate,
        SHOWN[two].statement if two else b"",
        THINGS[three].vouch(5) if three else b"",
    )
    standing = judge(shown, None, BOOK, NOW)
    assert rungs(standing)[2] <= MAP.get(one, 0)


@given(
    st.binary(max_size=200),
    st.binary(max_size=200),
    st.binary(max_size=200),
    st.binary(max_size=80),
)
def test_any_bytes_give_a_standing_without_level(
    certificate: bytes, statement: bytes, vouch: bytes, proof: bytes
) -> None:
    shown = Credentials(certificate, statement, vouch)
    assert judge(shown, Proof(proof, proof), BOOK, NOW).effective is None
    own = Credentials(SHOWN[5].certificate, statement or b"x", vouch)
    assert judge(own, None, BOOK, NOW).effective is None
    proved = judge(SHOWN[5], Proof(statement, proof), BOOK, NOW)
    assert proved.effective is None


# The answer.

READ, ACT = Purpose("read", 2, 1, ask=True), Purpose("act", 3, 2)


@pytest.mark.parametrize(
    ("purpose", "rung", "answer"),
    [
        (READ, 5, ALLOW), (READ, 2, ALLOW), (READ, 1, LIMIT),
        (ACT, 3, ALLOW), (ACT, 2, LIMIT), (ACT, 1, REFUSE),
        (Purpose("p", 4, 3, ask=True), 1, ASK),
    ],
)  # fmt: skip
def test_the_answer_follows_the_level(purpose: Purpose, rung: int, answer: str) -> None:
    thing = THINGS_OWN[rung]
    standing = judge(thing.credentials(), thing.proof(), BOOK, NOW)
    verdict = decide(standing, purpose)
    assert verdict.answer == answer
    assert verdict.level == ENERGY.ladder.level(rung)
    assert verdict.reasons
    assert verdict.until == standing.valid_until


THINGS_OWN = {rung: ENERGY.thing(rung) for rung in range(1, 6)}


@pytest.mark.parametrize("purpose", PURPOSES.values(), ids=str)
def test_without_a_level_only_a_person_may_allow_and_only_the_unknown(purpose: Purpose) -> None:
    nobody = judge(Credentials(b""), None, BOOK, NOW)
    assert decide(nobody, purpose).answer == (ASK if purpose.ask else REFUSE)
    revoked = judge(Credentials(SHOWN[5].certificate, b"rot"), None, BOOK, NOW)
    verdict = decide(revoked, purpose)
    assert verdict.answer == REFUSE
    assert [r.key for r in verdict.reasons] == ["statement.unreadable", "verdict.no-level"]
