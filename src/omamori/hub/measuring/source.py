"""Source: everything that a receiver knows of one source, and its form on the shelf."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from omamori.documents.measurement import BOOT_BYTES, NUMBER_MAX, WAIT_S_MAX
from omamori.hub.measuring.numbers import (
    DIGEST_BYTES,
    HOLES_MAX,
    STARTS_MAX,
    WINDOW,
    Hole,
    Numbers,
    Start,
)
from omamori.hub.measuring.timing import Timing

FORM = 1
RIVALS_MAX = 16
FORMER_MAX = 256
"""Starts of a life that a person ended; what bears their mark is a replay."""

VALUE_OCTETS_MAX = 128 * 1024

Number = Annotated[int, Meta(ge=0, le=NUMBER_MAX)]
Boot = Annotated[bytes, Meta(min_length=BOOT_BYTES, max_length=BOOT_BYTES)]
Digest = Annotated[bytes, Meta(max_length=DIGEST_BYTES)]


class Source:
    """One source.

    Attributes:
        next_s: within this time it promised to speak again.
        heard: when something new came, by our steady clock; None after a restart, until counted anew.
        silent: its silence was told; closed: it said that it ends.
        rivals: other starts that used its numbers, oldest first.
        doubled: both went on speaking: there are two.
        former: starts of a life that a person declared ended.
        unread: what was kept of it could not be read: old messages are not known as such.
    """

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.timing = Timing()
        self.next_s = 0
        self.heard: float | None = None
        self.silent = False
        self.closed = False
        self.rivals: dict[bytes, None] = {}
        self.doubled = False
        self.former: dict[bytes, None] = {}
        self.unread = False
        self.changed = False

    def forget_clocks(self, steady: float) -> None:
        """Our steady clock went back: what was timed by it begins anew."""
        self.timing.forget()
        self.numbers.came.clear()
        if self.heard is not None:
            self.heard = min(self.heard, steady)
        for hole in self.numbers.holes:
            hole.since = min(hole.since, steady)

    def end_life(self) -> None:
        """Begin anew: its starts so far are former ones."""
        boots = [start.boot for start in self.numbers.starts]
        self.former |= dict.fromkeys(boots)
        for boot in list(self.former)[: len(self.former) - FORMER_MAX]:
            del self.former[boot]
        self.numbers, self.timing = Numbers(), Timing()
        self.rivals.clear()
        self.doubled = self.silent = self.closed = self.unread = False
        self.heard, self.changed = None, True


class _KeptStart(msgspec.Struct, frozen=True, array_like=True):
    epoch: Number
    boot: Boot
    began: Number
    unsure: Number


class _KeptHole(msgspec.Struct, frozen=True, array_like=True):
    first: Number
    last: Number
    sure: bool
    told: bool


class _KeptSource(msgspec.Struct, frozen=True, array_like=True):
    form: int
    top: Number
    starts: Annotated[tuple[_KeptStart, ...], Meta(max_length=STARTS_MAX)]
    holes: Annotated[tuple[_KeptHole, ...], Meta(max_length=HOLES_MAX)]
    window: Annotated[dict[Number, tuple[Digest, Digest]], Meta(max_length=WINDOW)]
    given_up: Number
    next_s: Annotated[int, Meta(ge=0, le=WAIT_S_MAX)]
    silent: bool
    closed: bool
    rivals: Annotated[tuple[Boot, ...], Meta(max_length=RIVALS_MAX)]
    doubled: bool
    former: Annotated[tuple[Boot, ...], Meta(max_length=FORMER_MAX)]
    unread: bool
    expected: bool


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_KeptSource)


def pack(source: Source) -> bytes:
    """The source as it is kept; clocks are not, they mean nothing to another run."""
    n = source.numbers
    return _ENCODER.encode(
        _KeptSource(
            form=FORM,
            top=n.top,
            starts=tuple(_KeptStart(s.epoch, s.boot, s.began, s.unsure) for s in n.starts),
            holes=tuple(_KeptHole(h.first, h.last, h.sure, h.told) for h in n.holes),
            window=n.window,
            given_up=n.given_up,
            next_s=source.next_s,
            silent=source.silent,
            closed=source.closed,
            rivals=tuple(source.rivals),
            doubled=source.doubled,
            former=tuple(source.former),
            unread=source.unread,
            expected=n.expected,
        )
    )


def unpack(value: bytes) -> Source | None:
    """The source that was kept, or None where the value is none."""
    if len(value) > VALUE_OCTETS_MAX:
        return None
    try:
        kept = _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    ends = [end for hole in kept.holes for end in (hole.first, hole.last)]
    epochs = [start.epoch for start in kept.starts]
    if kept.form != FORM or epochs != sorted(set(epochs)) or ends != sorted(ends):
        return None
    if (ends and ends[-1] >= kept.top) or any(seq > kept.top for seq in kept.window):
        return None
    source = Source()
    n = source.numbers
    n.top, n.window, n.given_up = kept.top, dict(kept.window), kept.given_up
    n.starts = [Start(s.epoch, s.boot, s.began, s.unsure) for s in kept.starts]
    n.holes = [Hole(h.first, h.last, float("inf"), h.sure, h.told) for h in kept.holes]
    source.next_s, source.silent, source.closed = kept.next_s, kept.silent, kept.closed
    source.rivals, source.doubled = dict.fromkeys(kept.rivals), kept.doubled
    source.former = dict.fromkeys(kept.former)
    source.unread, n.expected = kept.unread, kept.expected
    return source
