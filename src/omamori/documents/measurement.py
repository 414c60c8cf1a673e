"""Measurement: what a thing measured, signed where it was measured, so that its way can be judged.

A CBOR array in COSE_Sign1 (RFC 9052). Beside its readings each message says what its receiver needs
to tell four faults apart: an altered one fails its signature, a replayed one repeats a number, a
lost one leaves a number out (or breaks the chain of hashes, or the promised next word does not
come), a delayed one is late by the source's own steady clock. A heartbeat is a message without
readings. What a stranger may not read is a matter of `documents.hidden`.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import cbor2
import msgspec

from omamori.documents.limits import TEXT_CHARACTERS_MAX
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import Sealed, SealedError, read_cbor, read_sealed, seal_with

if TYPE_CHECKING:
    from collections.abc import Callable

TYPE = "application/omamori-measurement+cose"
VERSION = 1
MEASUREMENT_BYTES_MAX = 16 * 1024
"""64 readings of 200 characters; a single reading is about 250 bytes."""

READINGS_MAX = 64
UNIT_CHARACTERS_MAX = 24
SOURCE_CHARACTERS_MAX = 120
NUMBER_MAX = 2**53 - 1
"""Whole numbers that every receiver's language holds exactly (RFC 8259, 6)."""

TIME_MS_MAX = 2**33 * 1000
"""Seconds of 33 bits: until the year 2242."""

WAIT_S_MAX = 31 * 86_400
"""Nobody is silent for longer than a month without being asked after."""

BOOT_BYTES = 8
LINK_BYTES = 32

THING, HUB = "thing", "hub"
"""Who signs: the thing that measured, or the hub that vouches for what it heard of an old thing."""

READING, HEARTBEAT, CLOSING = "reading", "heartbeat", "closing"
_KINDS = (READING, HEARTBEAT, CLOSING)

Given = bool | int | float | str


class MeasurementError(RefusedError):
    """Bytes that are no measurement of this form."""


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """One value of one point.

    Attributes:
        point: what was measured, a name with its unit last, such as ``heart_rate_bpm``.
        unit: as UCUM or the point's own list spells it; empty where there is none.
        at_ms: when it was measured, by the source's clock, milliseconds since the epoch.
    """

    point: str
    unit: str
    value: Given
    at_ms: int


class Measurement(msgspec.Struct, frozen=True):
    """One message of a source.

    Attributes:
        source: id of the thing that measured.
        by: ``thing`` or ``hub``: who signs.
        audience: for whom; empty for anybody.
        epoch: which start of the source this is, from 1; boot: random, new at each start.
        seq: number of this message, from 1; grows over restarts and is never given twice.
        began: the first number of this start.
        unsure: numbers from here up to `began` may never have been given to any message: the
            source ended before it could write down how far it had come.
        previous: SHA-256 over the signed bytes of number ``seq - 1``; empty where none is known.
        sent_ms: by the source's clock, milliseconds since the epoch.
        steady_ms: since this start, by a clock that nobody sets.
        valid_s: how long its readings may be acted upon.
        next_s: the next message, if only a heartbeat, follows within this time.
        kind: ``reading``, ``heartbeat`` or ``closing`` (an orderly end: silence follows).
    """

    source: str
    by: str
    audience: str
    epoch: int
    boot: bytes
    seq: int
    began: int
    unsure: int
    previous: bytes
    sent_ms: int
    steady_ms: int
    valid_s: int
    next_s: int
    kind: str
    readings: tuple[Reading, ...] = ()


class SignedMeasurement(msgspec.Struct, frozen=True):
    """A measurement together with the signature that is still to be checked."""

    measurement: Measurement
    sealed: Sealed


def write_measurement(
    measurement: Measurement, sign: Callable[[bytes], bytes], key_id: bytes
) -> bytes:
    """Sign a measurement.

    Args:
        sign: gives r‖s of 64 bytes; the key itself stays where it is.
        key_id: subject key identifier of that key.

    Raises:
        MeasurementError: when `read_measurement` would not take it.
    """
    m = measurement
    rows = [[r.point, r.unit, r.value, r.at_ms] for r in m.readings]
    items = [
        VERSION, m.source, m.by, m.audience, m.epoch, m.boot, m.seq, m.began, m.unsure, m.previous,
        m.sent_ms, m.steady_ms, m.valid_s, m.next_s, m.kind, rows,
    ]  # fmt: skip
    _measurement(items)
    octets = seal_with(cbor2.dumps(items), TYPE, sign, key_id)
    if len(octets) > MEASUREMENT_BYTES_MAX:
        raise MeasurementError("measurement.too-long", {"bytes_max": MEASUREMENT_BYTES_MAX})
    return octets


def read_measurement(octets: bytes) -> SignedMeasurement:
    """Read a measurement from any bytes; its signature is not checked here.

    Raises:
        MeasurementError: with the key of what is wrong.
    """
    try:
        sealed = read_sealed(octets, MEASUREMENT_BYTES_MAX)
    except SealedError as error:
        raise MeasurementError("measurement.unreadable", {"why": error.reason.key}) from error
    if sealed.type != TYPE:
        raise MeasurementError("measurement.wrong-type")
    items = read_cbor(sealed.payload, MeasurementError, "measurement.malformed")
    return SignedMeasurement(_measurement(items), sealed)


def _measurement(items: object) -> Measurement:
    match items:
        case [
            1, str() as source, str() as by, str() as audience, int() as epoch, bytes() as boot,
            int() as seq, int() as began, int() as unsure, bytes() as previous, int() as sent,
            int() as steady, int() as valid, int() as wait, str() as kind, list() as rows,
        ]:  # fmt: skip
            pass
        case [int() as version, *_] if version != VERSION:
            raise MeasurementError("measurement.version-unknown")
        case _:
            raise MeasurementError("measurement.malformed")
    numbers = (epoch, seq, began, unsure, sent, steady, valid, wait)
    sound = (
        not any(isinstance(number, bool) for number in numbers)
        and 0 < len(source) <= SOURCE_CHARACTERS_MAX
        and by in (THING, HUB)
        and len(audience) <= SOURCE_CHARACTERS_MAX
        and 1 <= epoch <= NUMBER_MAX
        and len(boot) == BOOT_BYTES
        and 1 <= unsure <= began <= seq <= NUMBER_MAX
        and len(previous) in (0, LINK_BYTES)
        and 0 <= sent <= TIME_MS_MAX
        and 0 <= steady <= TIME_MS_MAX
        and 1 <= valid <= WAIT_S_MAX
        and 1 <= wait <= WAIT_S_MAX
        and kind in _KINDS
        and len(rows) <= READINGS_MAX
        and (kind == READING) == bool(rows)
    )
    if not sound:
        raise MeasurementError("measurement.malformed")
    readings = tuple(_reading(row) for row in rows)
    return Measurement(
        source, by, audience, epoch, boot, seq, began, unsure, previous, sent, steady, valid, wait,
        kind, readings,
    )  # fmt: skip


def _reading(row: object) -> Reading:
    match row:
        case [
            str() as point,
            str() as unit,
            bool() | int() | float() | str() as value,
            int() as at,
        ]:
            pass
        case _:
            raise MeasurementError("measurement.malformed")
    sound = (
        0 < len(point) <= SOURCE_CHARACTERS_MAX
        and len(unit) <= UNIT_CHARACTERS_MAX
        and not isinstance(at, bool)
        and 0 <= at <= TIME_MS_MAX
        and (not isinstance(value, str) or len(value) <= TEXT_CHARACTERS_MAX)
        and (isinstance(value, str) or (-NUMBER_MAX <= value <= NUMBER_MAX and isfinite(value)))
    )
    if not sound:
        raise MeasurementError("measurement.value-impossible", {"point": point[:40]})
    return Reading(point, unit, value, at)
