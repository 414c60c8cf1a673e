"""FHIR Observation (R4, R5) in and out, with the thing's own signature carried beside it.

A bundle holds Observations and a Provenance whose signature is the measurement's COSE_Sign1: a
doctor's side reads the numbers as ever, and compares them with what the thing signed. Only what a home
measures is read; what FHIR says must be understood (``modifierExtension``) is refused.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import msgspec

from omamori.adapters.fhir_shapes import (
    Bundle,
    Concept,
    FhirError,
    Kind,
    Observation,
    Provenance,
    Quantity,
)
from omamori.documents.measurement import (
    MEASUREMENT_BYTES_MAX,
    READINGS_MAX,
    TIME_MS_MAX,
    Measurement,
    Reading,
    read_measurement,
)
from omamori.documents.reason import Reason
from omamori.hub.measuring.receiver import Received, Speaker, authentic
from omamori.hub.points import POINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DOCUMENT_BYTES_MAX = 512 * 1024

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
SIGNATURE_TYPE = "1.2.840.10065.1.12.1.5"
"""Verification signature, ASTM E1762-95: the data is as its source gave it."""

SIGNATURE_SYSTEM = "urn:iso-astm:E1762-95:2013"
SIGNATURE_FORMAT = "application/cose"
FINAL = frozenset({"final", "amended", "corrected"})
PRESSURE = "85354-9"

POINT_OF = {
    "8867-4": "heart_rate_bpm",
    "8480-6": "systolic_mmhg",
    "8462-4": "diastolic_mmhg",
    "2339-0": "glucose_mg_dl",
    "15074-8": "glucose_mmol_l",
    "29463-7": "body_weight_kg",
    "8310-5": "body_temperature_c",
    "59408-5": "oxygen_saturation_percent",
    "2708-6": "oxygen_saturation_percent",
}
"""LOINC codes; 2708-6 is what FHIR's own profile of oxygen saturation asks for."""

WRITTEN = {
    "heart_rate_bpm": ("8867-4", "Heart rate", "/min"),
    "systolic_mmhg": ("8480-6", "Systolic blood pressure", "mm[Hg]"),
    "diastolic_mmhg": ("8462-4", "Diastolic blood pressure", "mm[Hg]"),
    "glucose_mg_dl": ("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL"),
    "glucose_mmol_l": ("15074-8", "Glucose [Moles/volume] in Blood", "mmol/L"),
    "body_weight_kg": ("29463-7", "Body weight", "kg"),
    "body_temperature_c": ("8310-5", "Body temperature", "Cel"),
    "oxygen_saturation_percent": ("59408-5", "Oxygen saturation by pulse oximetry", "%"),
}
_PANEL = ("systolic_mmhg", "diastolic_mmhg")

CONVERTED: dict[tuple[str, str], tuple[float, float]] = {
    ("kg", "g"): (0.001, 0.0),
    ("kg", "[lb_av]"): (0.453_592_37, 0.0),
    ("Cel", "[degF]"): (5 / 9, -160 / 9),
    ("/min", "{beats}/min"): (1.0, 0.0),
    ("/min", "{Beats}/min"): (1.0, 0.0),
}
"""(ours, theirs) → factor and summand; UCUM's own figures."""

SAME_SHARE = 1e-9
"""Two decimal fractions of one number differ by less in a float."""

_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d))?)?)?"
)

Shape = TypeVar("Shape")
AS_MEASURED, DIFFERS, UNSIGNED = "as-measured", "differs", "unsigned"


class Checked(msgspec.Struct, frozen=True):
    """What a doctor's side may say of a record.

    Attributes:
        kind: ``as-measured``, ``differs``, ``unsigned``, or of a signature that does not hold
            ``altered`` or ``foreign``.
        readings: what the record says; measurement: what the thing signed, where that holds.
        carried: the signed messages; a `Receiver` tells whether one is a repetition or late.
    """

    kind: str
    reasons: tuple[Reason, ...]
    readings: tuple[Reading, ...] = ()
    measurement: Measurement | None = None
    carried: tuple[bytes, ...] = ()


def read_observation(octets: bytes) -> tuple[Reading, ...]:
    """The readings of one Observation.

    Raises:
        FhirError: with what is wrong.
    """
    _need_short(octets)
    return _readings(_decode(octets, Observation))


def write_bundle(octets: bytes, subject: str) -> bytes:
    """A signed measurement as a bundle of Observations with its signature; R4 and R5 alike.

    Args:
        octets: the measurement as it was signed; it is not verified here.
        subject: reference of the person, such as ``Patient/123``.

    Raises:
        MeasurementError: for octets that are none.
        FhirError: ``fhir.not-an-observation``: nothing in it has a code.
    """
    m = read_measurement(octets).measurement
    seed = sha256(octets).digest()
    made = list(_observations(m.readings, subject, m.source))
    if not made:
        raise FhirError("fhir.not-an-observation")
    urls = [f"urn:uuid:{_uuid(seed, number)}" for number in range(len(made) + 1)]
    who = {"identifier": {"value": m.source}}
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": url} for url in urls[1:]],
        "recorded": _written_date(m.sent_ms),
        "agent": [{"who": who}],
        "signature": [
            {
                "type": [{"system": SIGNATURE_SYSTEM, "code": SIGNATURE_TYPE}],
                "when": _written_date(m.sent_ms),
                "who": who,
                "sigFormat": SIGNATURE_FORMAT,
                "data": b64encode(octets).decode(),
            }
        ],
    }
    entries = [
        {"fullUrl": url, "resource": resource}
        for url, resource in zip(urls, [provenance, *made], strict=True)
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return msgspec.json.encode(bundle)


def check_bundle(octets: bytes, who: Callable[[str, bytes], Speaker | None]) -> Checked:
    """Whether a record says what the thing measured; every difference is a reason.

    Whose body it was, no thing signs: which person a source belongs to, the asker must know himself.

    Raises:
        FhirError: when the record itself cannot be read.
    """
    _need_short(octets)
    readings: list[Reading] = []
    carried: list[bytes] = []
    for entry in _decode(octets, Bundle).entry:
        kind = _decode(bytes(entry.resource), Kind).resource_type
        if kind == "Observation":
            readings += _readings(_decode(bytes(entry.resource), Observation))
        elif kind == "Provenance":
            carried += _carried(_decode(bytes(entry.resource), Provenance))
    told = tuple(readings)
    if not told:
        raise FhirError("fhir.not-an-observation")
    if not carried:
        return Checked(UNSIGNED, (Reason("fhir.unsigned"),), told)
    measured: dict[tuple[str, int], Measurement] = {}
    values: dict[tuple[str, int], Reading] = {}
    for one in carried:
        signed = authentic(one, who)
        if isinstance(signed, Received):
            return Checked(signed.kind, signed.reasons, told)
        for reading in signed.measurement.readings:
            values[reading.point, reading.at_ms] = reading
            measured[reading.point, reading.at_ms] = signed.measurement
    reasons = tuple(_differences(told, values))
    first = next(iter(measured.values()), None)
    if reasons:
        return Checked(DIFFERS, reasons, told, first, tuple(carried))
    return Checked(AS_MEASURED, (Reason("fhir.as-measured"),), told, first, tuple(carried))


def _differences(
    told: Iterable[Reading], values: dict[tuple[str, int], Reading]
) -> Iterable[Reason]:
    points = {point for point, _ in values}
    seen = set()
    for reading in told:
        key = (reading.point, reading.at_ms)
        signed = values.get(key)
        seen.add(key)
        if signed is None and reading.point not in points:
            yield Reason("fhir.added", {"point": reading.point})
        elif signed is None or not _same(signed.value, reading.value):
            yield Reason("fhir.not-as-measured", {"point": reading.point})
    for point, at in values:
        if point in WRITTEN and (point, at) not in seen:
            yield Reason("fhir.left-out", {"point": point})


def _same(one: object, other: object) -> bool:
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return False
    return abs(one - other) <= SAME_SHARE * max(abs(one), abs(other))


def _readings(observation: Observation) -> tuple[Reading, ...]:
    parts = observation.component
    if observation.modifier_extension or observation.implicit_rules:
        raise FhirError(
            "fhir.unreadable"
        )  # FHIR R4, 2.4.1: what changes the meaning is not skipped
    if observation.status not in FINAL:
        raise FhirError("fhir.status")
    period = observation.effective_period.start
    at_ms = _date_ms(observation.effective_date_time or observation.effective_instant or period)
    found = []
    if observation.value_quantity is not None:
        found.append(_reading(observation.code, observation.value_quantity, at_ms))
    for part in parts:
        if part.modifier_extension:
            raise FhirError("fhir.unreadable")
        if part.value_quantity is not None:
            found.append(_reading(part.code, part.value_quantity, at_ms))
    if not found:
        raise FhirError("fhir.no-value")
    return tuple(found)


def _reading(code: Concept, quantity: Quantity, at_ms: int) -> Reading:
    codes = (one.code for one in code.coding if one.system == LOINC)
    point = next((POINT_OF[one] for one in codes if one in POINT_OF), "")
    if not point:
        raise FhirError("fhir.code-unknown")
    if quantity.value is None or quantity.comparator:
        raise FhirError("fhir.no-value")  # "less than 40" is no number
    unit = quantity.code if quantity.system == UCUM else ""
    own = WRITTEN[point][2]
    factor, summand = (1.0, 0.0) if unit == own else CONVERTED.get((own, unit), (0.0, 0.0))
    if not factor:
        named = (unit or quantity.unit)[:40]
        raise FhirError("fhir.unit-differs", {"point": point, "unit": named})
    value = quantity.value if unit == own else quantity.value * factor + summand
    if not POINTS[point].low <= value <= POINTS[point].high:
        raise FhirError("fhir.value-impossible", {"point": point})
    return Reading(point, POINTS[point].unit, value, at_ms)


def _carried(provenance: Provenance) -> list[bytes]:
    found = []
    for signature in provenance.signature[:READINGS_MAX]:
        if signature.sig_format != SIGNATURE_FORMAT:
            continue
        if len(signature.data) > 2 * MEASUREMENT_BYTES_MAX:
            raise FhirError("fhir.too-long")
        try:
            found.append(b64decode(signature.data, validate=True))
        except ValueError:
            found.append(b"")  # a signature that nobody can read does not hold
    return found


def _observations(
    readings: Iterable[Reading], subject: str, source: str
) -> Iterable[dict[str, object]]:
    by_time: dict[int, dict[str, Reading]] = {}
    alone: list[list[Reading]] = []
    for reading in readings:
        if reading.point not in WRITTEN or isinstance(reading.value, bool | str):
            continue
        panel = by_time.setdefault(reading.at_ms, {})
        if reading.point in _PANEL and reading.point not in panel:
            panel[reading.point] = reading
        else:
            alone.append([reading])
    groups = [*alone, *(list(panel.values()) for panel in by_time.values() if panel)]
    for group in groups:
        body: dict[str, object] = {
            "resourceType": "Observation",
            "status": "final",
            "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs"}]}],
            "subject": {"reference": subject},
            "device": {"identifier": {"value": source}},
            "effectiveDateTime": _written_date(group[0].at_ms),
        }
        if group[0].point in _PANEL:
            body["code"] = _coded(PRESSURE, "Blood pressure panel")
            body["component"] = [{"code": _code(r), "valueQuantity": _quantity(r)} for r in group]
        else:
            body |= {"code": _code(group[0]), "valueQuantity": _quantity(group[0])}
        yield body


def _coded(code: str, display: str) -> dict[str, object]:
    return {"coding": [{"system": LOINC, "code": code, "display": display}]}


def _code(reading: Reading) -> dict[str, object]:
    code, display, _ = WRITTEN[reading.point]
    return _coded(code, display)


def _quantity(reading: Reading) -> dict[str, object]:
    unit = WRITTEN[reading.point][2]
    return {
        "value": reading.value,
        "unit": POINTS[reading.point].unit,
        "system": UCUM,
        "code": unit,
    }


def _written_date(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _date_ms(text: str) -> int:
    """FHIR's dateTime, as precise as it is given; a date alone begins at midnight UTC."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise FhirError("fhir.date-unreadable")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    offset = zone.replace("Z", "+00:00") if zone else "+00:00"
    clock = f"{hour or '00'}:{minute or '00'}:{second or '00'}"
    try:
        at = datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}T{clock}{offset}")
        seconds = at.timestamp()
    except (ValueError, OverflowError) as error:
        raise FhirError("fhir.date-unreadable") from error
    at_ms = round(seconds) * 1000 + int((fraction or "0").ljust(3, "0")[:3])
    if not 0 <= at_ms <= TIME_MS_MAX:
        raise FhirError("fhir.date-unreadable")
    return at_ms


def _uuid(seed: bytes, number: int) -> UUID:
    return UUID(bytes=sha256(seed + number.to_bytes(2, "big")).digest()[:16], version=4)


def _need_short(octets: bytes) -> None:
    if len(octets) > DOCUMENT_BYTES_MAX:
        raise FhirError("fhir.too-long")


def _decode(octets: bytes, kind: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(octets, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FhirError("fhir.unreadable") from error
