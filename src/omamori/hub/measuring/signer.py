"""Signer: numbers and signs what is measured, so that no number is ever given twice.

It runs where the key is: in the thing, or in the hub that vouches for an old one. Numbers are taken
in blocks that are on the disk before the first of them is used: after a power cut a block's rest is
skipped, and the next message says which numbers may never have existed.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.measurement import (
    CLOSING,
    HEARTBEAT,
    NUMBER_MAX,
    READING,
    Measurement,
    MeasurementError,
    Reading,
    read_measurement,
    write_measurement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BLOCK = 64
"""Numbers taken at once: one write to the disk for 64 messages, and at most 64 numbers in doubt."""

VALID_S = 300
NEXT_S = 60
FORM = 1


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What is on the disk: the last start, the first number not taken, where its block began.

    `last` is the hash of the last message after an orderly end, else empty.
    """

    form: int
    epoch: int
    upto: int
    since: int
    last: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Kept)


class Signer:
    """One source of measurements."""

    def __init__(
        self,
        source: str,
        by: str,
        key_id: bytes,
        sign: Callable[[bytes], bytes],
        keep: Callable[[bytes], None],
        kept: bytes | None,
        boot: bytes,
        audience: str = "",
        valid_s: int = VALID_S,
        next_s: int = NEXT_S,
        block: int = BLOCK,
    ) -> None:
        """Start the source once more; the start itself is kept before anything is signed.

        Args:
            by: ``thing`` or ``hub``.
            sign: r‖s of 64 bytes over what it gets.
            keep: puts its bytes on the disk, replacing the last; durable when it returns.
            kept: what `keep` got last; None only for a source that never started.
            boot: eight random bytes, new at each start.

        Raises:
            MeasurementError: ``measurement.counter-unreadable``: rather than give a number twice,
                the source needs a new name.
        """
        before = _read(kept)
        self.source, self.by, self.audience = source, by, audience
        self.epoch, self.boot = before.epoch + 1, boot
        self._began, self._unsure = before.upto, before.since
        self._previous = before.last
        self._next = before.upto
        self._upto = before.upto
        self._key_id, self._sign, self._keep = key_id, sign, keep
        self._valid_s, self._next_s, self._block = valid_s, next_s, block
        self._started: float | None = None
        self._said: float | None = None
        self._closed = False
        self._reserve()

    def _reserve(self) -> None:
        upto = self._next + self._block
        if upto > NUMBER_MAX:
            raise MeasurementError("measurement.counter-unreadable")
        # A start that was cut off before its first message leaves older doubt open as well.
        since = self._unsure if self._next == self._began else self._next
        self._keep(_ENCODER.encode(_Kept(FORM, self.epoch, upto, since, b"")))
        self._upto = upto

    def measure(self, readings: Sequence[Reading], now: float, steady: float) -> bytes:
        """A message with what was measured.

        Args:
            now: seconds since the epoch, by this clock.
            steady: seconds of a clock that nobody sets.

        Raises:
            MeasurementError: for readings that no receiver would take, or after `close`.
        """
        return self._write(READING, tuple(readings), now, steady)

    def step(self, now: float, steady: float) -> bytes | None:
        """A heartbeat, when half of the promised time has gone by without a word; else None."""
        if self._closed or (self._said is not None and 0 <= steady - self._said < self._next_s / 2):
            return None
        return self._write(HEARTBEAT, (), now, steady)

    def close(self, now: float, steady: float) -> bytes:
        """The last word before an orderly end; afterwards nothing is in doubt."""
        octets = self._write(CLOSING, (), now, steady)
        self.end()
        return octets

    def end(self) -> None:
        """An orderly end without a word: the numbers are kept exactly, and nothing is in doubt."""
        self._closed = True
        kept = _Kept(FORM, self.epoch, self._next, self._next, self._previous)
        self._keep(_ENCODER.encode(kept))

    def _write(self, kind: str, readings: tuple[Reading, ...], now: float, steady: float) -> bytes:
        if self._closed:
            raise MeasurementError("measurement.source-closed")
        if self._next >= self._upto:
            self._reserve()
        if self._started is None:
            self._started = steady
        message = Measurement(
            source=self.source,
            by=self.by,
            audience=self.audience,
            epoch=self.epoch,
            boot=self.boot,
            seq=self._next,
            began=self._began,
            unsure=self._unsure,
            previous=self._previous,
            sent_ms=max(0, round(now * 1000)),
            steady_ms=max(0, round((steady - self._started) * 1000)),
            valid_s=self._valid_s,
            next_s=self._next_s,
            kind=kind,
            readings=readings,
        )
        octets = write_measurement(message, self._sign, self._key_id)
        self._previous = sha256(read_measurement(octets).sealed.signed).digest()
        self._next += 1
        self._said = steady
        return octets


def _read(kept: bytes | None) -> _Kept:
    if kept is None:
        return _Kept(FORM, 0, 1, 1, b"")
    try:
        before = _DECODER.decode(kept)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MeasurementError("measurement.counter-unreadable") from error
    sound = (
        before.form == FORM
        and 1 <= before.epoch < NUMBER_MAX
        and 1 <= before.since <= before.upto < NUMBER_MAX
        and len(before.last) in (0, 32)
    )
    if not sound:
        raise MeasurementError("measurement.counter-unreadable")
    return before
