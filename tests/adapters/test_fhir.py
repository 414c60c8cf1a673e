"""A doctor's side sees in FHIR what the thing measured, and is told of every difference."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.measuring_made import NAME, NOW, STRANGER, Thing, receiver, who
from omamori.adapters.fhir import (
    WRITTEN,
    check_bundle,
    read_observation,
    write_bundle,
)
from omamori.adapters.fhir_shapes import FhirError
from omamori.documents.measurement import Reading
from omamori.hub.points import POINTS

AT = round(NOW * 1000) + 123


def measured() -> bytes:
    readings = (
        Reading("systolic_mmhg", "mm[Hg]", 128, AT),
        Reading("diastolic_mmhg", "mm[Hg]", 82, AT),
        Reading("heart_rate_bpm", "/min", 71, AT),
        Reading("body_weight_kg", "kg", 61.35, AT - 5000),
    )
    return Thing().signer.measure(readings, NOW, NOW)


def bundle() -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(write_bundle(measured(), "Patient/7"))
    return made


def check(made: object) -> tuple[str, list[str]]:
    checked = check_bundle(msgspec.json.encode(made), who)
    return checked.kind, [reason.key.partition(".")[2] for reason in checked.reasons]


def resource(made: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        entry["resource"]
        for entry in made["entry"]
        if entry["resource"].get("code", {}).get("coding", [{}])[0].get("code") == code
    )
    return found


def test_what_was_measured_arrives_as_measured() -> None:
    checked = check_bundle(write_bundle(measured(), "Patient/7"), who)
    assert (checked.kind, [r.key for r in checked.reasons]) == ("as-measured", ["fhir.as-measured"])
    assert {(r.point, r.value) for r in checked.readings} == {
        ("systolic_mmhg", 128), ("diastolic_mmhg", 82), ("heart_rate_bpm", 71),
        ("body_weight_kg", 61.35),
    }  # fmt: skip
    assert checked.measurement is not None
    assert checked.measurement.source == NAME
    (signed,) = checked.carried
    service = receiver()
    assert service.take(signed, NOW).kind == "ok"
    assert service.take(signed, NOW + 60).kind == "replayed"  # the same record, shown again


def test_a_changed_value_or_date_is_told() -> None:
    made = bundle()
    resource(made, "8867-4")["valueQuantity"]["value"] = 70
    assert check(made) == ("differs", ["not-as-measured"])
    made = bundle()
    resource(made, "29463-7")["effectiveDateTime"] = "2026-09-21T00:00:00Z"
    assert check(made) == ("differs", ["not-as-measured", "left-out"])


def test_an_added_and_a_left_out_value_are_told() -> None:
    made = bundle()
    panel = resource(made, "85354-9")
    panel["component"].pop()
    made["entry"].append({"resource": observation("8310-5", 39.5, "Cel")})
    assert check(made) == ("differs", ["added", "left-out"])


def test_a_value_without_signature_is_said_to_be_unsigned() -> None:
    made = bundle()
    made["entry"].pop(0)
    assert check(made) == ("unsigned", ["unsigned"])


def test_a_strangers_or_broken_signature_does_not_hold() -> None:
    made = bundle()
    made["entry"][0]["resource"]["signature"][0]["data"] = "AAAA"
    assert check(made) == ("altered", ["unreadable"])
    made["entry"][0]["resource"]["signature"][0]["data"] = "?"
    assert check(made)[0] == "altered"
    foreign = Thing(key=STRANGER).signer
    octets = foreign.measure((Reading("heart_rate_bpm", "/min", 71, AT),), NOW, NOW)
    assert check_bundle(write_bundle(octets, "Patient/7"), who).kind == "altered"
    assert check_bundle(write_bundle(octets, "Patient/7"), lambda *_: None).kind == "foreign"


def observation(code: str, value: float, unit: str, **more: object) -> dict[str, object]:
    """In the shape of the examples that FHIR publishes."""
    return {
        "resourceType": "Observation",
        "id": "example",
        "meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/vitalsigns"]},
        "text": {"status": "generated", "div": "<div>…</div>"},
        "status": "final",
        "code": {
            "coding": [
                {"system": "http://acme.example/devices", "code": "other"},
                {"system": "http://loinc.org", "code": code, "display": "…"},
            ],
            "text": "…",
        },
        "subject": {"reference": "Patient/example"},
        "effectiveDateTime": "1999-07-02",
        "valueQuantity": {
            "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit,
        },
        **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "value", "unit", "point", "ours"),
    [
        ("8867-4", 44, "/min", "heart_rate_bpm", 44),
        ("29463-7", 185, "[lb_av]", "body_weight_kg", 83.914_588_45),
        ("29463-7", 61_350, "g", "body_weight_kg", 61.35),
        ("8310-5", 36.5, "Cel", "body_temperature_c", 36.5),
        ("8310-5", 98.6, "[degF]", "body_temperature_c", 37),
        ("2708-6", 95, "%", "oxygen_saturation_percent", 95),
        ("59408-5", 95, "%", "oxygen_saturation_percent", 95),
        ("15074-8", 6.3, "mmol/L", "glucose_mmol_l", 6.3),
        ("2339-0", 113, "mg/dL", "glucose_mg_dl", 113),
    ],
)
def test_published_kinds_of_observations_are_read(
    code: str, value: float, unit: str, point: str, ours: float
) -> None:
    (read,) = read_observation(msgspec.json.encode(observation(code, value, unit)))
    assert (read.point, read.at_ms) == (point, 930_873_600_000)
    assert read.value == pytest.approx(ours)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"status": "entered-in-error"}, "status"),
        ({"status": "preliminary"}, "status"),
        ({"modifierExtension": [{"url": "x"}]}, "unreadable"),
        ({"implicitRules": "http://example.org/rules"}, "unreadable"),
        ({"valueQuantity": None}, "no-value"),
        ({"resourceType": "Patient"}, "unreadable"),
        ({"effectiveDateTime": "yesterday"}, "date-unreadable"),
        ({"effectiveDateTime": "2026-13-01"}, "date-unreadable"),
        ({"effectiveDateTime": "1969-12-31"}, "date-unreadable"),
        ({"effectiveDateTime": "2026-11-23T25:00:00Z"}, "date-unreadable"),
    ],
)
def test_what_may_not_be_used_is_refused(change: dict[str, object], key: str) -> None:
    with pytest.raises(FhirError, match=f"fhir.{key}"):
        read_observation(msgspec.json.encode(observation("8867-4", 44, "/min") | change))


@pytest.mark.parametrize(
    ("code", "quantity", "key"),
    [
        ("9999-9", {}, "code-unknown"),
        ("8867-4", {"comparator": "<"}, "no-value"),
        ("8867-4", {"value": 4000}, "value-impossible"),
        ("8867-4", {"value": "44"}, "unreadable"),
        ("8867-4", {"code": "Hz"}, "unit-differs"),
        ("8867-4", {"system": "http://acme.example"}, "unit-differs"),
    ],
)
def test_numbers_without_a_sure_meaning_are_refused(
    code: str, quantity: dict[str, object], key: str
) -> None:
    made = observation(code, 44, "/min")
    told = made["valueQuantity"]
    assert isinstance(told, dict)
    told |= quantity
    with pytest.raises(FhirError, match=f"fhir.{key}"):
        read_observation(msgspec.json.encode(made))


def test_every_point_that_is_written_is_one_of_ours_and_read_again() -> None:
    for point, (code, _, unit) in WRITTEN.items():
        assert point in POINTS
        (read,) = read_observation(msgspec.json.encode(observation(code, 40, unit)))
        assert read.point == point


@given(
    st.binary(max_size=200)
    | st.sampled_from([b"[" * 90_000, b"{}", b'{"entry":[{"resource":{}}]}'])
)
def test_any_bytes_are_read_or_refused(octets: bytes) -> None:
    for read in (read_observation, lambda octets: check_bundle(octets, who)):
        with pytest.raises(FhirError):
            read(octets)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(observation("8867-4", 1, "/min"))), JSON)
def test_any_field_is_read_or_refused(name: str, value: object) -> None:
    made = observation("8867-4", 44, "/min") | {name: value}
    try:
        assert read_observation(msgspec.json.encode(made))
    except FhirError as error:
        assert error.reason.key.startswith("fhir.")
