"""Holds the beginning of a TCP direction until a ClientHello or a request head is whole."""

from __future__ import annotations

from typing import NamedTuple

HELD_MAX = 256
HELD_OCTETS_MAX = 16_389  # the largest TLS record with its header; request heads are smaller


class Held(NamedTuple):
    """Octets so far, and the sequence number that must come next."""

    octets: bytes
    next_sequence: int


class Openings:
    """Beginnings waiting for their rest: at most ``HELD_MAX``, the oldest goes first."""

    def __init__(self) -> None:
        self._held: dict[bytes, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def join(self, key: bytes, sequence: int, payload: bytes) -> bytes:
        """What was held for this direction with ``payload`` behind it; else ``payload``.

        A segment out of order ends the holding: one guess less is better than a wrong one.
        """
        held = self._held.pop(key, None)
        if held is None or held.next_sequence != sequence:
            return payload
        return held.octets + payload

    def hold(self, key: bytes, sequence: int, size: int, octets: bytes) -> None:
        """Keep ``octets``, whose last segment began at ``sequence`` and had ``size`` octets."""
        if len(octets) > HELD_OCTETS_MAX:
            return
        while len(self._held) >= HELD_MAX:
            del self._held[next(iter(self._held))]
        self._held[key] = Held(octets, (sequence + size) & 0xFFFF_FFFF)
