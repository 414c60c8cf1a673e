"""Receiver: tells of each measurement whether it came as it was sent, and of what did not come.

What arrives is altered (its signature does not hold), foreign (nobody's whom we know), forked (two
sources under one name, or one restored from a backup), replayed, delayed, of doubtful time, or
sound. What does not arrive is told by `step`: numbers that are missing after the time for disorder,
and sources that do not keep their promise to speak. What comes late is kept in its place.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.documents.measurement import (
    CLOSING,
    HUB,
    SOURCE_CHARACTERS_MAX,
    Measurement,
    MeasurementError,
    SignedMeasurement,
    read_measurement,
)
from omamori.documents.reason import Reason
from omamori.hub.measuring.numbers import AGAIN, FORKED, LATE, LONG_AGO, TOO_OLD
from omamori.hub.measuring.source import RIVALS_MAX, Source, pack, unpack
from omamori.hub.measuring.timing import LATE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.hub.measuring.numbers import Hole

OK, DELAYED, TIME_UNSURE = "ok", "delayed", "time-unsure"
REPLAYED, FORK, FOREIGN, ALTERED = "replayed", "forked", "foreign", "altered"
ARRIVED = (OK, TIME_UNSURE, DELAYED, REPLAYED, FORK, FOREIGN, ALTERED)
"""What an arrival can be; the gravest that holds is its kind, every one is among its reasons."""

REPEATED = {
    AGAIN: "measurement.replayed",
    LONG_AGO: "measurement.replayed-long-ago",
    TOO_OLD: "measurement.too-old-to-tell",
}

LOST, END_UNKNOWN, SILENT = "lost", "end-unknown", "silent"

GRACE_S = 10.0
"""For so long a gap may be mere disorder: one retransmission over a bad mobile link."""

SOURCES_MAX = 1024
"""A home has dozens; only sources that `who` knows take a place."""


class Speaker(msgspec.Struct, frozen=True):
    """Who may sign for a source: the thing itself or the hub that vouches for it, and its key."""

    by: str
    key: ec.EllipticCurvePublicKey


class Received(msgspec.Struct, frozen=True):
    """What is to be said of one arrival.

    Attributes:
        kind: of `ARRIVED`.
        source: whose it is; of an altered or foreign one only whose it claims to be.
        reasons: all that speak against it, and what is worth knowing.
        measurement: what was signed; None where no signature holds.
        kept: it belongs into the source's series, at its number.
        current: it may be acted upon now.
        harmless: a repetition within seconds, as ordinary connections make them: no reason to warn.
        late_s: so much later than the fastest of its start; 0 where that is not known.
    """

    kind: str
    source: str = ""
    reasons: tuple[Reason, ...] = ()
    measurement: Measurement | None = None
    kept: bool = False
    current: bool = False
    harmless: bool = False
    late_s: float = 0.0


class Missing(msgspec.Struct, frozen=True):
    """What did not arrive.

    Attributes:
        kind: ``lost``; ``end-unknown``, numbers that the source may never have given; ``silent``.
        first, last: numbers, both included; 0 for a silence.
    """

    kind: str
    source: str
    first: int
    last: int
    reasons: tuple[Reason, ...]


def authentic(
    octets: bytes, who: Callable[[str, bytes], Speaker | None], name: str = ""
) -> SignedMeasurement | Received:
    """A message whose signature holds and that is for us, or what is said of another."""
    try:
        signed = read_measurement(octets)
    except MeasurementError as error:
        return Received(ALTERED, "", (error.reason,))
    m = signed.measurement
    speaker = who(m.source, signed.sealed.key_id)
    if speaker is None:
        return Received(FOREIGN, m.source, (Reason("measurement.foreign-signer"),))
    if not signed.sealed.verify(speaker.key):
        return Received(ALTERED, m.source, (Reason("measurement.altered"),))
    if m.by != speaker.by:
        return Received(FOREIGN, m.source, (Reason("measurement.not-its-signer"),), m)
    if m.audience and m.audience != name:
        return Received(FOREIGN, m.source, (Reason("measurement.not-for-us"),), m)
    return signed


class Receiver:
    """Where measurements arrive: a service, a doctor's side, or a hub."""

    def __init__(
        self,
        who: Callable[[str, bytes], Speaker | None],
        name: str = "",
        grace_s: float = GRACE_S,
        late_s: float = LATE_S,
    ) -> None:
        """Begin.

        Args:
            who: who may sign for this source with the key of this id; None for nobody.
            name: what a message's audience must say, unless it is for anybody.
        """
        self._who, self._name = who, name
        self._grace_s, self._late_s = grace_s, late_s
        self._sources: dict[str, Source] = {}
        self._gone: dict[str, None] = {}
        self._steady = float("-inf")

    def take(self, octets: bytes, now: float, steady: float | None = None) -> Received:
        """Judge one arrival; never raises.

        Args:
            steady: seconds of a clock that nobody sets, at every call or at none; without it `now`
                serves, and where our own clock jumps forward that looks like delay (`clock_turned`).
        """
        at = now if steady is None else steady
        self._keep_time(at)
        signed = authentic(octets, self._who, self._name)
        if isinstance(signed, Received):
            return signed
        m = signed.measurement
        source = self._sources.get(m.source)
        if source is None:
            if len(self._sources) >= SOURCES_MAX:
                return Received(FOREIGN, m.source, (Reason("measurement.too-many-sources"),), m)
            source = self._sources[m.source] = Source()
        digest = sha256(signed.sealed.signed).digest()
        return self._judged(source, m, digest, now, at)

    def _judged(
        self, source: Source, m: Measurement, digest: bytes, now: float, steady: float
    ) -> Received:
        if m.boot in source.former:
            return Received(REPLAYED, m.source, (Reason("measurement.former-life"),), m)
        place, was_told = source.numbers.judge(m, digest)
        age = source.timing.judge(m, now, steady, self._late_s)
        if place in REPEATED:
            came = source.numbers.came.get(m.seq, float("-inf"))
            twice = place == AGAIN and steady - came <= self._grace_s
            key = "measurement.came-twice" if twice else REPEATED[place]
            reasons = (Reason(key, {"seq": m.seq}), *age.reasons)
            return Received(REPLAYED, m.source, reasons, m, harmless=twice)
        if place == FORKED:
            return self._forked(source, m)
        told = list(age.reasons)
        if m.by == HUB:
            told.append(Reason("measurement.vouched"))
        if was_told:
            told.append(Reason("measurement.found-again", {"seq": m.seq}))
        if source.rivals and m.seq > source.numbers.top:
            source.doubled = True
        if source.doubled:
            told.append(Reason("measurement.two-sources"))
        if source.unread:
            told.append(Reason("measurement.memory-lost"))
        if source.silent and place != LATE:
            told.append(Reason("measurement.heard-again"))
        self._accept(source, m, digest, steady, was_late=place == LATE)
        delayed = age.delayed or was_told
        kind = DELAYED if delayed else TIME_UNSURE if age.unsure else OK
        doubtful = source.doubled or source.unread or age.unsure or was_told
        current = not doubtful and age.age_s <= m.valid_s
        return Received(
            kind, m.source, tuple(told), m, kept=True, current=current, late_s=age.late_s
        )

    def _forked(self, source: Source, m: Measurement) -> Received:
        starts = {start.boot for start in source.numbers.starts}
        key = "measurement.epoch-again"
        if m.boot in starts:  # one start, two tales: a copy of the running source
            source.doubled = True
            key = "measurement.number-twice"
        elif len(source.rivals) < RIVALS_MAX:
            source.rivals[m.boot] = None
        source.changed = True
        reasons = [Reason(key, {"seq": m.seq})]
        if source.doubled:
            reasons.append(Reason("measurement.two-sources"))
        return Received(FORK, m.source, tuple(reasons), m)

    def _accept(
        self, source: Source, m: Measurement, digest: bytes, steady: float, *, was_late: bool
    ) -> None:
        source.numbers.take(m, digest, steady)
        source.timing.take(m, steady)
        source.changed = True
        # Who lets old messages through one by one must not hide that the line is cut.
        if not was_late:
            source.heard, source.silent = steady, False
            source.next_s, source.closed = m.next_s, m.kind == CLOSING

    def missing(self) -> tuple[Missing, ...]:
        """All gaps that are open now, also those that were told; nothing changes."""
        return tuple(
            _gap(name, hole)
            for name, source in self._sources.items()
            for hole in source.numbers.holes
        )

    def step(self, now: float, steady: float | None = None) -> tuple[Missing, ...]:
        """What is missing by now; each gap and each silence is told once."""
        at = now if steady is None else steady
        self._keep_time(at)
        told: list[Missing] = []
        for name, source in self._sources.items():
            for hole in source.numbers.overdue(at, self._grace_s):
                source.changed = True
                told.append(_gap(name, hole))
            if source.heard is None:
                source.heard = at
            waited = at - source.heard
            if not (source.closed or source.silent) and waited > source.next_s + self._grace_s:
                source.silent = source.changed = True
                silence = Reason("measurement.silent", {"waited_s": round(waited)})
                told.append(Missing(SILENT, name, 0, 0, (silence,)))
        return tuple(told)

    def _keep_time(self, steady: float) -> None:
        if steady < self._steady:
            for source in self._sources.values():
                source.forget_clocks(steady)
        self._steady = steady

    def clock_turned(self, steady: float) -> None:
        """Our own clock was set: what was timed by it begins anew. Needless with a steady clock."""
        for source in self._sources.values():
            source.forget_clocks(steady)

    def expect(self, name: str, within_s: int, now: float, steady: float | None = None) -> None:
        """Wait for a source that has not spoken yet, so that a line cut from the first is found."""
        if name in self._sources or len(self._sources) >= SOURCES_MAX:
            return
        source = self._sources[name[:SOURCE_CHARACTERS_MAX]] = Source()
        source.next_s, source.changed = within_s, True
        source.numbers.expected = True
        source.heard = now if steady is None else steady

    def begin_anew(self, name: str) -> None:
        """A person's word: this source was repaired or restored; its next message begins a new life."""
        if name in self._sources:
            self._sources[name].end_life()

    def forget(self, name: str) -> None:
        """The source left the home; were it to return, old messages would not be known as such."""
        if self._sources.pop(name, None) is not None:
            self._gone[name] = None

    def doubled(self) -> tuple[str, ...]:
        """Sources under whose name more than one speaks, or was restored: a person must look."""
        return tuple(name for name, one in self._sources.items() if one.doubled or one.rivals)

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed since it was last taken, by source; None for what is forgotten."""
        gone, self._gone = self._gone, {}
        yield from ((name, None) for name in gone)
        for name, source in self._sources.items():
            if source.changed:
                source.changed = False
                yield name, pack(source)

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:  # noqa: ARG002 - `Learned` has it; our steady clock begins anew
        """Take in what was kept; returns how many pieces could not be read and were left out.

        A source whose piece is left out is not forgotten: nothing of it is current until a person
        says `begin_anew`, because old messages cannot be told from new ones.
        """
        unread = 0
        for name, value in kept:
            if len(self._sources) >= SOURCES_MAX or len(name) > SOURCE_CHARACTERS_MAX:
                unread += 1
                continue
            source = unpack(value)
            if source is None:
                unread += 1
                source = Source()
                source.unread = source.changed = True
            self._sources[name] = source
        return unread


def _gap(name: str, hole: Hole) -> Missing:
    kind = LOST if hole.sure else END_UNKNOWN
    count = hole.last - hole.first + 1
    params = {"first": hole.first, "last": hole.last, "count": count}
    reason = Reason(f"measurement.{kind}", {**params})
    return Missing(kind, name, hole.first, hole.last, (reason,))
