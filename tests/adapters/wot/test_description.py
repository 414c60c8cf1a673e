"""Thing Descriptions are read whole, or refused; what is not sure stays unknown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.adapters.wot.description import (
    AFFORDANCES_MAX,
    TD_OCTETS_MAX,
    ThingDescription,
    WotError,
    read_td,
)
from omamori.adapters.wot.mapping import CODE, NAME, TYPE, points_of
from omamori.hub.points import LOOK, POINTS

if TYPE_CHECKING:
    from pathlib import Path

FORMS = [{"href": "/x"}]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["title", "titles", "properties", "actions", "forms", "href", "op", "type", "unit",
                 "@type", "security", "securityDefinitions", "scheme", "oneOf", "minimum", "maximum",
                 "enum", "echonet:epc", "brightness", "mode", "readOnly", "base", "id"]
            ), inner, max_size=5,
        )
    ), max_leaves=30,
)  # fmt: skip


def td(**properties: dict[str, Any]) -> ThingDescription:
    told = {name: {"forms": FORMS, **one} for name, one in properties.items()}
    return read_td(json.dumps({"title": "T", "properties": told}).encode())


def mapped(**properties: dict[str, Any]) -> dict[str, str]:
    return {name: one.point.name for name, one in points_of(td(**properties)).items()}


def test_every_shared_description_is_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "wot").glob("*.jsonld"))
    assert len(paths) >= 16
    count = known = 0
    for path in paths:
        found = read_td(path.read_bytes())
        raw = json.loads(path.read_bytes())
        assert found.title()
        assert found.schemes
        assert found.left_out == 0
        for room in ("properties", "actions", "events"):
            assert [one.name for one in getattr(found, room)] == list(raw.get(room, {}))
            for one in getattr(found, room):
                assert len(one.forms) == len(raw[room][one.name].get("forms", []))
        count += len(found.properties)
        known += len(points_of(found))
    assert known / count > 0.15


def test_echonet_through_the_web_is_known_by_its_codes(shared_data: Path) -> None:
    path = shared_data / "wot" / "node-wot__echonet-homeairconditioner.td.jsonld"
    points = points_of(read_td(path.read_bytes()))
    assert {name: one.point.name for name, one in points.items()} == {
        "faultStatus": "fault", "humidity": "humidity_percent", "operationMode": "mode",
        "operationStatus": "power", "outdoorTemperature": "outdoor_temperature_c",
        "roomTemperature": "room_temperature_c", "targetTemperature": "target_temperature_c",
    }  # fmt: skip
    assert dict(points["operationMode"].words)["cooling"] == "cool"
    assert points["roomTemperature"].point.act == LOOK
    assert all(one.ground == CODE for one in points.values())


def test_a_sensors_power_is_nobodys_to_switch(shared_data: Path) -> None:
    path = shared_data / "wot" / "node-wot__echonet-temperaturesensor.td.jsonld"
    assert points_of(read_td(path.read_bytes()))["operationStatus"].point.act == LOOK


def test_names_count_only_where_form_and_unit_fit() -> None:
    number, yes_no = {"type": "number"}, {"type": "boolean"}
    assert mapped(temperature={**number, "unit": "°C"}) == {"temperature": "room_temperature_c"}
    assert mapped(temperature=number, pressure=number, on=number, brightness=number) == {}
    assert mapped(temperature={**number, "unit": "hPa"}, humidity={**number, "unit": "°C"}) == {}
    assert mapped(power=yes_no) == {"power": "power"}
    assert mapped(power={**number, "unit": "kW"}) == {"power": "power_w"}
    assert mapped(power={"type": "string"}, mode={"type": "string", "enum": ["a", "b"]}) == {}
    assert mapped(power={**number, "unit": "MW"}, power_usage={**number, "unit": "mW"}) == {}


def test_other_units_and_shares_become_ours() -> None:
    found = points_of(
        td(
            temperature={"type": "number", "unit": "Fahrenheit"},
            brightness={"type": "integer", "minimum": 0, "maximum": 255},
        )
    )
    warm, bright = found["temperature"], found["brightness"]
    assert 68 * warm.factor + warm.plus == pytest.approx(20)
    assert 255 * bright.factor + bright.plus == pytest.approx(100)
    assert (bright.point.low, bright.point.high) == (0, 100)


def test_a_type_counts_more_than_a_name() -> None:
    found = points_of(
        td(
            level={"@type": "BrightnessProperty", "type": "integer", "unit": "percent"},
            brightness={"type": "number", "unit": "%"},
            both={"@type": ["saref:OnOffState", "iot:MotionDetected"], "type": "boolean"},
        )
    )
    assert {name: (one.point.name, one.ground) for name, one in found.items()} == {
        "level": ("brightness_percent", TYPE)
    }


def test_words_for_yes_and_no_are_understood_where_both_are_there() -> None:
    lock = {"type": "string", "enum": ["locked", "unlocked", "jammed"], "@type": "LockedProperty"}
    found = points_of(td(locked=lock))["locked"]
    assert found.words == (("locked", True), ("unlocked", False))
    assert mapped(power={"type": "string", "enum": ["ON", "OFF"]}) == {"power": "power"}
    assert (
        mapped(power={"type": "string", "enum": ["on", "standby"]}, locked={"type": "string"}) == {}
    )


def test_by_name_alone_no_door_is_opened() -> None:
    found = points_of(td(locked={"type": "boolean"}, on={"type": "boolean"}))
    assert (found["locked"].point.act, found["locked"].ground) == (LOOK, NAME)
    assert found["on"].point.act == POINTS["power"].act
    assert points_of(td(on={"type": "boolean", "readOnly": True}))["on"].point.act == LOOK
    only_read = {"type": "boolean", "forms": [{"href": "/x", "op": ["readproperty"]}]}
    assert points_of(td(on=only_read))["on"].point.act == LOOK


def test_titles_in_many_languages_and_one_scheme_of_many() -> None:
    found = read_td(
        json.dumps({
            "title": "Lamp", "titles": {"ja": "照明", "en": "Lamp", "xx": 3},
            "securityDefinitions": {"a": {"scheme": "basic"}, "b": {"scheme": "nosec"}},
            "security": ["a"], "@type": "saref:LightingDevice",
        }).encode()
    )  # fmt: skip
    assert (found.title("ja"), found.title("fr"), found.schemes) == ("照明", "Lamp", ("basic",))


@pytest.mark.parametrize(
    ("octets", "key"),
    [
        (b"", "wot.not-json"), (b"\xff\xfe", "wot.not-json"), (b"[]", "wot.no-description"),
        (b"{}", "wot.no-description"), (b"[" * 100_000, "wot.not-json"),
        (b'{"title":"' + b"x" * TD_OCTETS_MAX + b'"}', "wot.too-long"),
    ],
)  # fmt: skip
def test_what_is_no_description_is_refused(octets: bytes, key: str) -> None:
    with pytest.raises(WotError) as refused:
        read_td(octets)
    assert refused.value.reason.key == key


def test_too_much_is_left_out_and_counted() -> None:
    many = {f"p{n}": {"forms": FORMS} for n in range(AFFORDANCES_MAX + 5)}
    found = read_td(json.dumps({"title": "T", "properties": many}).encode())
    assert (len(found.properties), found.left_out) == (AFFORDANCES_MAX, 5)
    found = read_td(b'{"title":"T","properties":{"a":7,"b":{"forms":[3,{"op":"x"}]}}}')
    assert ([one.name for one in found.properties], found.left_out) == (["b"], 3)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["title", "properties", "security", "titles"]), JSON))
def test_reading_is_total(told: dict[str, Any]) -> None:
    try:
        found = read_td(json.dumps(told).encode("utf-8", "replace"))
    except WotError:
        return
    for one in points_of(found).values():
        assert one.point.low <= one.point.high


@given(st.binary(max_size=300))
def test_octets_are_refused_or_read(octets: bytes) -> None:
    try:
        read_td(octets)
    except WotError as error:
        assert error.reason.key.startswith("wot.")
