"""Traffic as it is kept over a restart: one bounded value per thing."""

from __future__ import annotations

from array import array
from typing import Annotated

import msgspec
from msgspec import Meta

from omamori.hub.talking.partners import (
    EVERYONE,
    NOBODY,
    OUTSIDE,
    REST_HERE,
    REST_OUTSIDE,
    THING,
)
from omamori.hub.talking.series import DAYS_MAX, HOURS_MAX, Series
from omamori.hub.talking.talk import (
    COUNTRIES_PER_THING_MAX,
    FORMER_PER_THING_MAX,
    IPS_PER_PARTNER_MAX,
    NAMES_PER_PARTNER_MAX,
    OFFERED_PER_THING_MAX,
    PARTNERS_PER_THING_MAX,
    SERVICES_PER_PARTNER_MAX,
    Row,
    Talk,
)

VERSION = 1
VALUE_OCTETS_MAX = 1_000_000  # a full table of busy partners takes about half of it
TEXT_MAX = 320  # characters of any text kept
_KINDS = frozenset({THING, OUTSIDE, EVERYONE, NOBODY, REST_HERE, REST_OUTSIDE})
_STANDING_ROWS = 4
INDEX_MAX = 2**33 // 3600  # hours since the epoch

Count = Annotated[int, Meta(ge=0, le=2**52)]
Text = Annotated[str, Meta(max_length=TEXT_MAX)]
Moment = Annotated[float, Meta(ge=0, le=2**33)]


class _KeptSeries(msgspec.Struct, frozen=True, array_like=True):
    """Flat pieces of three, each index as the difference to the one before it."""

    hours: Annotated[tuple[Count, ...], Meta(max_length=(HOURS_MAX + 61) * 3)]
    days: Annotated[tuple[Count, ...], Meta(max_length=DAYS_MAX * 3)]
    before: tuple[Count, Count]


class _KeptRow(msgspec.Struct, frozen=True, array_like=True):
    key: Text
    kind: Text
    other: Text
    first_at: Moment
    last_at: Moment
    counts: tuple[Count, Count, Count, Count, Count, Count, Count, Count]
    services: Annotated[dict[Text, Count], Meta(max_length=SERVICES_PER_PARTNER_MAX)]
    ips: Annotated[dict[Text, Text], Meta(max_length=IPS_PER_PARTNER_MAX)]
    names: Annotated[tuple[Text, ...], Meta(max_length=NAMES_PER_PARTNER_MAX)]
    series: _KeptSeries
    returning: bool


class _KeptTalk(msgspec.Struct, frozen=True, array_like=True):
    version: int
    first_at: Moment
    last_at: Moment
    rows: Annotated[tuple[_KeptRow, ...], Meta(max_length=PARTNERS_PER_THING_MAX + _STANDING_ROWS)]
    countries: Annotated[dict[Text, Moment], Meta(max_length=COUNTRIES_PER_THING_MAX)]
    offered: Annotated[dict[Text, Moment], Meta(max_length=OFFERED_PER_THING_MAX)]
    former: Annotated[
        tuple[Annotated[int, Meta(ge=0, lt=2**32)], ...], Meta(max_length=FORMER_PER_THING_MAX)
    ]
    outside: _KeptSeries
    here: _KeptSeries
    folded: Count


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_KeptTalk)
_COUNTS = ("sent", "received", "frames", "begun", "asked", "tries", "answered", "partners")


def pack(talk: Talk) -> bytes:
    """A thing's talk as one value; minutes as hours, names as its partners have them."""
    talk.settle_all()
    rows = tuple(
        _KeptRow(
            row.key, row.kind, row.other, row.first_at, row.last_at,
            (row.sent, row.received, row.frames, row.begun, row.asked, row.tries, row.answered,
             row.partners),
            row.services, row.ips, tuple(row.names), _series(row.series), row.returning,
        )
        for row in talk.rows.values()
    )  # fmt: skip
    return _ENCODER.encode(
        _KeptTalk(
            VERSION, talk.first_at, talk.last_at, rows, talk.countries, talk.offered,
            tuple(talk.former), _series(talk.outside), _series(talk.here), talk.folded,
        )
    )  # fmt: skip


def unpack(value: bytes) -> Talk | None:
    """The talk that was kept, or None where the value is not one."""
    if len(value) > VALUE_OCTETS_MAX:
        return None
    try:
        return _talk(_DECODER.decode(value))
    except (ValueError, msgspec.DecodeError):
        return None


def _talk(kept: _KeptTalk) -> Talk | None:
    if kept.version != VERSION or any(row.kind not in _KINDS for row in kept.rows):
        return None
    talk = Talk(kept.first_at)
    talk.last_at = kept.last_at
    for row in kept.rows:
        talk.rows[row.key] = _row(row)
        if row.kind == OUTSIDE and row.names:
            for ip in row.ips:
                talk.names.keep(ip, row.names[-1])
    talk.countries, talk.offered = kept.countries, kept.offered
    talk.former = array("I", kept.former)
    _take(talk.outside, kept.outside)
    _take(talk.here, kept.here)
    talk.folded = kept.folded
    return talk


def _row(kept: _KeptRow) -> Row:
    row = Row(kept.key, kept.kind, kept.other, kept.first_at)
    row.last_at = kept.last_at
    for name, count in zip(_COUNTS, kept.counts, strict=True):
        setattr(row, name, count)
    row.services, row.ips = kept.services, kept.ips
    row.names = dict.fromkeys(kept.names)
    row.returning = kept.returning
    _take(row.series, kept.series)
    row.settled = (row.sent, row.received)
    return row


def _series(series: Series) -> _KeptSeries:
    hours, days, before = series.kept()
    return _KeptSeries(_closer(hours), _closer(days), before)


def _take(series: Series, kept: _KeptSeries) -> None:
    series.take(_apart(kept.hours), _apart(kept.days), kept.before)


def _closer(flat: tuple[int, ...]) -> tuple[int, ...]:
    """Indices as differences: they are small numbers, and small numbers are short."""
    out, last = list(flat), 0
    for place in range(0, len(flat), 3):
        out[place], last = flat[place] - last, flat[place]
    return tuple(out)


def _apart(flat: tuple[int, ...]) -> tuple[int, ...]:
    out, last = list(flat), 0
    for place in range(0, len(flat), 3):
        last += flat[place]
        if last > INDEX_MAX:
            raise ValueError("no such hour")
        out[place] = last
    return tuple(out)
