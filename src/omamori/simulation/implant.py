"""An implant as a play: who may change its pace, and how a stranger, a relay and a crew fare."""

from __future__ import annotations

from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.documents.reason import Reason
from omamori.documents.sealed import ECDSA_DETERMINISTIC
from omamori.trust.emergency import Glass, Rule
from omamori.trust.nearness import (
    HARDWARE,
    ROUND_TRIP,
    ROUNDS,
    TOUCH,
    TURN_S,
    Evidence,
    Met,
    Nearness,
    Verifier,
    expected_bits,
    transcript,
)

POINT = "pacing_bpm"
REQUIRED = 4
"""The level that setting a heart's pace needs here; a proposal, as all of them."""

CREWS = "2.25.271499947855532359230884491432973933017.9.1"
TRIP_S = TURN_S + 5e-9
RELAY_S = TURN_S + 400e-9

DOCTOR, WEAK, STRANGER, RELAY, REPEATED, LATE, AMBULANCE = (
    "doctor", "weak", "stranger", "relay", "repeated", "late", "ambulance",
)  # fmt: skip
STEPS = (DOCTOR, WEAK, STRANGER, RELAY, REPEATED, LATE, AMBULANCE)
"""What a visitor may let happen: a doctor with the programmer at the chest; one whose programmer's
level fell; a stranger over the network; a relay in the corridor; yesterday's proof; an answer after
the minute; an ambulance crew at the body."""

_DOCTORS, _STRANGERS = (ec.derive_private_key(n, ec.SECP256R1()) for n in (119, 120))


class Told(msgspec.Struct, frozen=True):
    """What the implant answers.

    Attributes:
        done: the pace was set; near, fresh, rung: the facts for the rules.
        reasons: all of them; record: what is written down in an emergency.
    """

    done: bool
    near: bool
    fresh: bool
    rung: int
    reasons: tuple[Reason, ...]
    record: dict[str, str | int | float]


class ImplantPlay:
    """One visitor's implant."""

    def __init__(self, at: float) -> None:
        """Begin at this moment, seconds since the epoch."""
        self._verifier = Verifier()
        crews = Rule(frozenset({CREWS}), frozenset({POINT}))
        self._glass = Glass(crews)
        self._at, self._count = at, 0

    def play(self, step: str) -> Told:
        """Let one command come; a step of no name is a stranger's."""
        self._at += 120.0
        self._count += 1
        binding = sha256(b"meeting %d" % self._count).digest()
        nonce = sha256(b"question %d" % self._count).digest()
        self._verifier.ask(nonce, binding, self._at)
        if step == AMBULANCE:
            found = self._judge(self._touch(nonce, binding), binding, rung=2)
            broken = self._glass.break_("119", frozenset({CREWS}), POINT, found, self._at)
            reasons = (*found.reasons, *broken.reasons)
            return _told(found, reasons, done=broken.allowed, record=broken.record)
        found = self._meet(step, nonce, binding)
        enough = found.rung >= REQUIRED
        key = "nearness.level-enough" if enough else "nearness.level-too-low"
        level = Reason(key, {"rung": found.rung, "required": REQUIRED})
        done = found.near and found.fresh and enough
        return _told(found, (*found.reasons, level), done=done, record={})

    def _meet(self, step: str, nonce: bytes, binding: bytes) -> Nearness:
        if step == DOCTOR:
            return self._judge(self._timed(nonce, binding, TRIP_S), binding, rung=4)
        if step == WEAK:
            return self._judge(self._touch(nonce, binding), binding, rung=2)
        if step == RELAY:
            return self._judge(self._timed(nonce, binding, RELAY_S), binding, rung=4)
        if step == REPEATED:
            evidence = self._touch(nonce, binding)
            self._judge(evidence, binding, rung=4)
            return self._judge(evidence, binding, rung=4)
        if step == LATE:
            evidence = self._touch(nonce, binding)
            met = Met(binding, self._at, _DOCTORS.public_key(), 4)
            self._at += 75.0
            return self._verifier.judge(evidence, met, self._at)
        met = Met(binding, self._at, _STRANGERS.public_key(), 1)
        return self._verifier.judge(None, met, self._at)

    def _judge(self, evidence: Evidence, binding: bytes, rung: int) -> Nearness:
        met = Met(binding, self._at, _DOCTORS.public_key(), rung)
        return self._verifier.judge(evidence, met, self._at, _secret(binding))

    def _touch(self, nonce: bytes, binding: bytes) -> Evidence:
        signature = _sign(TOUCH, nonce, binding, b"", b"")
        return Evidence(TOUCH, nonce, self._at, signature)

    def _timed(self, nonce: bytes, binding: bytes, trip_s: float) -> Evidence:
        asked = bytes(octet & 1 for octet in (sha256(nonce).digest() * 2)[:ROUNDS])
        answered = expected_bits(_secret(binding), nonce, asked)
        signature = _sign(ROUND_TRIP, nonce, binding, asked, answered)
        trips = (trip_s,) * ROUNDS
        return Evidence(ROUND_TRIP, nonce, self._at, signature, HARDWARE, asked, answered, trips)


def _secret(binding: bytes) -> bytes:
    return sha256(b"secret of this meeting" + binding).digest()


def _sign(kind: str, nonce: bytes, binding: bytes, asked: bytes, answered: bytes) -> bytes:
    signed = transcript(kind, nonce, binding, asked, answered)
    return _DOCTORS.sign(signed, ECDSA_DETERMINISTIC)


def _told(
    found: Nearness,
    reasons: tuple[Reason, ...],
    *,
    done: bool,
    record: dict[str, str | int | float],
) -> Told:
    return Told(done, found.near, found.fresh, found.rung, reasons, record)
