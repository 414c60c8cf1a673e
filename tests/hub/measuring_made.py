"""A source and its receiver, with clocks that a test turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.documents.measurement import THING, Reading
from omamori.documents.sealed import sign_raw
from omamori.hub.measuring.receiver import Receiver, Speaker
from omamori.hub.measuring.signer import Signer

if TYPE_CHECKING:
    from omamori.hub.measuring.receiver import Received

NOW = 1_790_000_000.0
NAME = "thing:pulse"
KEY_ID = b"k" * 20
KEY = ec.derive_private_key(119, ec.SECP256R1())
STRANGER = ec.derive_private_key(911, ec.SECP256R1())


def who(source: str, key_id: bytes) -> Speaker | None:
    return Speaker(THING, KEY.public_key()) if (source, key_id) == (NAME, KEY_ID) else None


def pulse(value: float = 72, at: float = NOW) -> tuple[Reading, ...]:
    return (Reading("heart_rate_bpm", "/min", value, round(at * 1000)),)


class Thing:
    """A thing with a disk and two clocks."""

    def __init__(self, block: int = 4, key: ec.EllipticCurvePrivateKey = KEY) -> None:
        self.disk: bytes | None = None
        self.block, self.key = block, key
        self.starts = 0
        self.start()

    def _keep(self, kept: bytes) -> None:
        self.disk = kept

    def start(self, boot: bytes | None = None) -> None:
        self.starts += 1
        made = boot or self.starts.to_bytes(8, "big")
        self.signer = Signer(
            NAME, THING, KEY_ID, lambda octets: sign_raw(self.key, octets), self._keep, self.disk,
            made, block=self.block,
        )  # fmt: skip

    def say(self, value: float = 72, at: float = NOW, clock: float = 0.0) -> bytes:
        return self.signer.measure(pulse(value, at + clock), at + clock, at)


def receiver() -> Receiver:
    return Receiver(who)


def why(received: Received) -> list[str]:
    return [reason.key.removeprefix("measurement.") for reason in received.reasons]


def with_value(octets: bytes, value: float) -> bytes:
    """The message with another value under the old signature."""
    tag = cbor2.loads(octets)
    protected, outside, payload, signature = tag.value
    items = cbor2.loads(payload)
    items[-1][0][2] = value
    return cbor2.dumps(cbor2.CBORTag(18, [protected, outside, cbor2.dumps(items), signature]))
