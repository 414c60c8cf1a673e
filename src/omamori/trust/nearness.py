"""Nearness: whether who commands an implant (or a lock) is at the body, and met it just now.

Evidence is one of three. *Touch*: a reader that works only in contact saw the asker's key. *Body*:
both felt the same heartbeat at the same time (Rostami, Juels, Koushanfar: Heart-to-Heart, CCS 2013).
*Round trip*: one-bit questions whose answers come back too quickly to have travelled far (Brands and
Chaum 1993; Hancke and Kuhn 2005), all of it signed in the meeting.

What a round trip timed in software can show: nothing below its own jitter. Light covers 150 m there
and back in one microsecond; an operating system wobbles by fifty and more. So a bound measured by a
program excludes one who is far away on a network, not a relay in the next room: it counts as
`near` only where `clock` is ``hardware``, and is otherwise called ``not-by-software``.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

import cbor2
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.documents.reason import Reason
from omamori.documents.sealed import verify_der

if TYPE_CHECKING:
    from collections.abc import Sequence

TOUCH, BODY, ROUND_TRIP = "touch", "body", "round-trip"
HARDWARE, SOFTWARE = "hardware", "software"

ROUNDS = 64
ROUNDS_MAX = 256
"""Whoever stands between must guess each question beforehand, for the asker signs those he heard: one
in 2^64. A far asker who has the key himself knows the answer early where both registers agree: he
passes once in (4/3)^64, about 100 million (Hancke and Kuhn 2005, §4)."""

NEAR_M = 2.0
LIGHT_M_PER_S = 299_792_458.0
TURN_S = 30e-9
"""What the answering circuit itself needs: published prototypes take 1 ns to 60 ns."""

SOFTWARE_TRIP_S = 0.002
"""A program on the same link answers within two milliseconds; a relay over the internet does not."""

FRESH_S = 60.0
"""`Question.fresh`: they met within the last minute."""

BEATS_MIN = 32
"""Bits of the heartbeat that are compared: 4 of each of 8 intervals, about 8 seconds (Rostami, §6)."""

BEATS_MAX = 512
BEAT_ERRORS_SHARE = 0.10
"""Of honest bits about 3 in 100 differ (Rostami, §6.2); of a stranger's, half do. Uncalibrated here."""

USED_MAX = 4096
NONCE_BYTES = 32


class Met(msgspec.Struct, frozen=True):
    """The meeting in which the command came.

    Attributes:
        binding: channel binding of its TLS (RFC 9266); at: when they met, by the verifier's clock.
        key: proven key of who asks; rung: effective level in this home's ladder.
    """

    binding: bytes
    at: float
    key: ec.EllipticCurvePublicKey
    rung: int


class Evidence(msgspec.Struct, frozen=True):
    """What is shown of being near; measured by the verifier, signed by the asker.

    Attributes:
        kind: ``touch``, ``body`` or ``round-trip``.
        nonce: the verifier's, for this meeting alone.
        at: when it was taken, by the verifier's clock.
        clock: ``hardware`` where the radio's circuit times the rounds, else ``software``.
        asked, answered: bits, one octet each; trips_s: one time for each.
        mine, theirs: bits of the heartbeat that both measured, one octet each.
        signature: DER, over `transcript`, by the asker's key.
    """

    kind: str
    nonce: bytes
    at: float
    signature: bytes
    clock: str = SOFTWARE
    asked: bytes = b""
    answered: bytes = b""
    trips_s: tuple[float, ...] = ()
    mine: bytes = b""
    theirs: bytes = b""


class Nearness(msgspec.Struct, frozen=True):
    """Facts for `hub.ruling.Question`, with every reason.

    Attributes:
        near: shown, in this very meeting; fresh: met within `FRESH_S`.
        rung: the asker's; 0 where nothing was proven.
        within_m: the distance that the round trips bound; 0 where nothing bounds it.
    """

    near: bool
    fresh: bool
    rung: int
    within_m: float
    reasons: tuple[Reason, ...]


def transcript(kind: str, nonce: bytes, binding: bytes, asked: bytes, answered: bytes) -> bytes:
    """What the asker signs: everything that ties the evidence to this meeting and to these answers.

    For ``body``, `answered` is the asker's own reading, told only after the implant has committed to
    its reading (`commit`): whoever has not felt the heart cannot repeat what he hears.
    """
    return cbor2.dumps(
        ["omamori-nearness/1", kind, nonce, binding, sha256(asked).digest(), answered]
    )


def commit(reading: bytes, nonce: bytes) -> bytes:
    """The implant's commitment to its own reading, told before the asker's is heard."""
    return sha256(b"omamori-nearness/1 body" + nonce + reading).digest()


def expected_bits(secret: bytes, nonce: bytes, asked: bytes) -> bytes:
    """The right answers: each from one of two registers, chosen by the question (Hancke–Kuhn).

    Args:
        secret: known to both, such as a TLS exporter value of this meeting; never `binding` itself.
    """
    bits = bytearray()
    for place, chosen in enumerate(asked[:ROUNDS_MAX]):
        block = sha256(secret + nonce + bytes([chosen & 1]) + (place // 256).to_bytes(2, "big"))
        octet = block.digest()[place % 256 // 8]
        bits.append(octet >> (place % 8) & 1)
    return bytes(bits)


class Verifier:
    """The implant's side (or the hub's, for it): asks once per meeting, and believes nothing twice."""

    def __init__(self, near_m: float = NEAR_M, rounds: int = ROUNDS) -> None:
        self._near_m, self._rounds = near_m, min(max(rounds, 1), ROUNDS_MAX)
        self._asked: dict[bytes, tuple[bytes, float]] = {}
        self._used: dict[bytes, None] = {}

    def ask(self, nonce: bytes, binding: bytes, now: float) -> None:
        """Begin: `nonce` is 32 random octets, new for each meeting."""
        if len(nonce) != NONCE_BYTES or nonce in self._used:
            return
        while len(self._asked) >= USED_MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[nonce] = (binding, now)

    def judge(
        self, evidence: Evidence | None, met: Met, now: float, secret: bytes = b""
    ) -> Nearness:
        """Whether the asker is near and met just now; total, and each evidence counts once.

        Args:
            secret: for ``round-trip``, what `expected_bits` needs.
        """
        fresh = 0 <= now - met.at <= FRESH_S
        reasons = [] if fresh else [Reason("nearness.not-fresh")]
        if evidence is None:
            reasons.append(Reason("nearness.not-near"))
            return Nearness(
                near=False, fresh=fresh, rung=met.rung, within_m=0.0, reasons=tuple(reasons)
            )
        against = self._bound_to(evidence, met, now)
        within = 0.0
        shown: tuple[Reason, ...] = ()
        if not against:
            against, shown, within = self._shows(evidence, secret)
        near = not against
        reasons += [*against, *shown]
        return Nearness(near, fresh, met.rung, within, tuple(reasons))

    def _bound_to(self, e: Evidence, met: Met, now: float) -> list[Reason]:
        """Whether the evidence belongs to this meeting, asker and moment."""
        asked = self._asked.pop(e.nonce, None)
        if e.nonce in self._used or asked is None:
            return [Reason("nearness.used" if e.nonce in self._used else "nearness.not-asked")]
        while len(self._used) >= USED_MAX:
            del self._used[next(iter(self._used))]
        self._used[e.nonce] = None
        answered = e.theirs if e.kind == BODY else e.answered
        signed = transcript(e.kind, e.nonce, met.binding, e.asked, answered)
        checks = (
            ("nearness.other-meeting", compare_digest(asked[0], met.binding)),
            ("nearness.clock", asked[1] <= e.at <= now),  # false for what is no number, too
            ("nearness.too-old", not now - e.at > FRESH_S),
            ("nearness.signature", verify_der(met.key, e.signature, signed)),
        )
        return [Reason(key) for key, holds in checks if not holds]

    def _shows(self, e: Evidence, secret: bytes) -> tuple[list[Reason], tuple[Reason, ...], float]:
        if e.kind == TOUCH:
            return [], (Reason("nearness.touched"),), 0.0
        if e.kind == BODY:
            differs = not same_heart(e.mine, e.theirs)
            if differs:
                return [Reason("nearness.body-differs")], (), 0.0
            return [], (Reason("nearness.body-same"),), 0.0
        if e.kind == ROUND_TRIP:
            return self._timed(e, secret)
        return [Reason("nearness.not-near")], (), 0.0

    def _timed(self, e: Evidence, secret: bytes) -> tuple[list[Reason], tuple[Reason, ...], float]:
        if not self._rounds <= len(e.asked) <= ROUNDS_MAX or not (
            len(e.asked) == len(e.answered) == len(e.trips_s)
        ):
            return [Reason("nearness.too-few")], (), 0.0
        right = expected_bits(secret, e.nonce, e.asked) if secret else b""
        if not right or not compare_digest(right, e.answered):
            return [Reason("nearness.wrong-answers")], (), 0.0
        slowest = max(e.trips_s)
        if not all(0 < trip < float("inf") for trip in e.trips_s):
            return [Reason("nearness.too-far")], (), 0.0
        within = distance_m(slowest, TURN_S if e.clock == HARDWARE else 0.0)
        if e.clock != HARDWARE:
            # Every reason is told: too slow even for a program, or quick, which shows little.
            far = [Reason("nearness.too-far")] if slowest > SOFTWARE_TRIP_S else []
            return [*far, Reason("nearness.not-by-software")], (), within
        if within > self._near_m:
            return [Reason("nearness.too-far")], (), within
        return [], (Reason("nearness.shown"),), within


def distance_m(trip_s: float, turn_s: float) -> float:
    """The farthest that one can be who answers after this time."""
    return max(0.0, trip_s - turn_s) * LIGHT_M_PER_S / 2


def same_heart(mine: Sequence[int], theirs: Sequence[int]) -> bool:
    """Whether two readings are of the same heart at the same time."""
    if not BEATS_MIN <= len(mine) <= BEATS_MAX or len(mine) != len(theirs):
        return False
    differing = sum((one ^ other) & 1 for one, other in zip(mine, theirs, strict=True))
    ones = sum(bit & 1 for bit in mine)
    if not len(mine) / 8 <= ones <= len(mine) * 7 / 8:
        return False  # a reading of hardly anything but one bit is no heartbeat
    return differing <= BEAT_ERRORS_SHARE * len(mine)
