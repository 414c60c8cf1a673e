"""A measurement's way as a play: a pulse meter, somebody on the way, and the service that receives."""

from __future__ import annotations

import cbor2
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.documents.measurement import THING, Reading, read_measurement
from omamori.documents.reason import Reason
from omamori.documents.sealed import COSE_SIGN1_TAG, sign_raw
from omamori.hub.measuring.receiver import Missing, Received, Receiver, Speaker
from omamori.hub.measuring.signer import Signer

SOURCE, KEY_ID = "play:pulse-meter", b"play-key"
POINT, UNIT = "heart_rate_bpm", "/min"
_SECRET = 119  # a key of the play; it opens nothing

SOUND, ALTERED, REPLAYED, DELAYED, LOST, FOUND = (
    "sound", "altered", "replayed", "delayed", "lost", "found",
)  # fmt: skip
STEPS = (SOUND, ALTERED, REPLAYED, DELAYED, LOST, FOUND)
"""What a visitor may let happen; ``found`` lets through what was ``lost`` before."""

STEP_OF = {"alter": ALTERED, "replay": REPLAYED, "delay": DELAYED, "lose": LOST, "go-on": SOUND}
"""A visitor's choices (`web.names_protect.CHOICES`) as steps."""

PULSES = (68, 71, 70, 74, 72, 69, 73)
FALSE_PULSE = 190
BETWEEN_S, HELD_S, NOTICED_S = 5.0, 45.0, 20.0
HELD_MAX = 16


class Told(msgspec.Struct, frozen=True):
    """One thing that the receiver says.

    Attributes:
        at: in the play's own time; it runs ahead of the visitor's.
        seq: the message's number; of a gap its first.
        kind: of `receiver.ARRIVED`, or ``lost`` or ``silent``.
        measured: what the meter measured; arrived: what came; None where nothing did.
        kept: it is in the series; current: it may be acted upon.
    """

    at: float
    kind: str
    measured: float | None
    arrived: float | None
    reasons: tuple[Reason, ...]
    kept: bool = False
    current: bool = False
    seq: int = 0


class MeasuredPlay:
    """One visitor's play; the same steps always give the same story."""

    def __init__(self, at: float) -> None:
        """Begin at this moment, seconds since the epoch."""
        key = ec.derive_private_key(_SECRET, ec.SECP256R1())
        self._signer = Signer(
            SOURCE, THING, KEY_ID, lambda octets: sign_raw(key, octets), lambda _: None, None,
            b"the-play",
        )  # fmt: skip
        speaker = Speaker(THING, key.public_key())
        self._receiver = Receiver(lambda source, _: speaker if source == SOURCE else None)
        self._at, self._count = at, 0
        self._held: list[tuple[float, bytes]] = []
        self.play(SOUND)

    def play(self, step: str) -> tuple[Told, ...]:
        """Let one step happen; returns what the receiver says, in order. A step of no name is sound."""
        self._at += BETWEEN_S
        if step == FOUND:
            held, self._held = self._held, []
            return tuple(self._take(octets, value) for value, octets in held)
        value, octets = self._measure()
        if step == ALTERED:
            return (self._take(_changed(octets), value), self._take(octets, value))
        if step == REPLAYED:
            return (self._take(octets, value), self._take(octets, value, after_s=60.0))
        if step == DELAYED:
            return (self._take(octets, value, after_s=HELD_S),)
        if step == LOST:
            self._held = [*self._held, (value, octets)][-HELD_MAX:]
            self._at += BETWEEN_S
            next_value, following = self._measure()
            came = self._take(following, next_value)
            self._at += NOTICED_S
            return (came, *(self._gone(one) for one in self._receiver.step(self._at)))
        return (self._take(octets, value),)

    def _measure(self) -> tuple[float, bytes]:
        value = PULSES[self._count % len(PULSES)]
        self._count += 1
        reading = Reading(POINT, UNIT, value, round(self._at * 1000))
        return value, self._signer.measure([reading], self._at, self._at)

    def _take(self, octets: bytes, value: float, after_s: float = 0.2) -> Told:
        self._at += after_s
        return self._came(self._receiver.take(octets, self._at), octets, value)

    def _came(self, received: Received, octets: bytes, value: float) -> Told:
        message = read_measurement(octets).measurement
        arrived = message.readings[0].value
        reasons = received.reasons or (Reason("measurement.ok"),)
        return Told(
            at=self._at,
            kind=received.kind,
            measured=value,
            arrived=float(arrived) if not isinstance(arrived, str) else None,
            reasons=reasons,
            kept=received.kept,
            current=received.current,
            seq=message.seq,
        )

    def _gone(self, missing: Missing) -> Told:
        return Told(self._at, missing.kind, None, None, missing.reasons, seq=missing.first)


def _changed(octets: bytes) -> bytes:
    """The message with another value under its old signature."""
    protected, outside, payload, signature = cbor2.loads(octets).value
    items = cbor2.loads(payload)
    items[-1][0][2] = FALSE_PULSE
    body = [protected, outside, cbor2.dumps(items), signature]
    return cbor2.dumps(cbor2.CBORTag(COSE_SIGN1_TAG, body))
