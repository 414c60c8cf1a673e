"""The table agrees with the Consortium's own, and no octets make a value that cannot be."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.things.driver import DriverError, offered
from omamori.adapters.things.driver import given as can_be
from omamori.adapters.things.echonet.forms import (
    Charge,
    Climate,
    Form,
    Level,
    Meter,
    Number,
    Opening,
    States,
)
from omamori.adapters.things.echonet.table import CLASSES, COMMON, forms_of
from omamori.hub.points import BOOL, CHOICE, POINTS

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.hub.points import Given

ALL = [(eoj, point) for eoj in CLASSES for point in forms_of(eoj)]


def release(shared_data: Path) -> Path:
    found = sorted((shared_data / "echonet" / "mra").glob("MRA_v*"))
    if not found:
        pytest.skip("the machine-readable release is not beside this clone")
    return found[-1]


class Published:
    """The properties of a class, its own before those of the superclass."""

    def __init__(self, folder: Path, eoj: str) -> None:
        named = json.loads((folder / "definitions" / "definitions.json").read_bytes())
        self.named: dict[str, Any] = named["definitions"]
        self.properties: dict[int, list[dict[str, Any]]] = {}
        for path in (f"devices/0x{eoj.upper()}.json", "superClass/0x0000.json"):
            own: dict[int, list[dict[str, Any]]] = {}
            for each in json.loads((folder / path).read_bytes())["elProperties"]:
                for one in each.get("oneOf", [each]):
                    if one.get("validRelease", each.get("validRelease"))["to"] == "latest":
                        found = {**each, **one}
                        own.setdefault(int(each["epc"], 16), []).append(found)
            self.properties = {**own, **self.properties}

    def parts(self, epc: int) -> list[dict[str, Any]]:
        """The alternatives of a property's value, references followed."""
        found: list[dict[str, Any]] = []
        waiting = [one["data"] for one in self.properties[epc]]
        while waiting:
            data = waiting.pop()
            if "$ref" in data:
                name = data["$ref"].rpartition("/")[2]
                waiting.append({**self.named[name]})
            elif "oneOf" in data:
                waiting += data["oneOf"]
            else:
                found.append(data)
        return found


def codes_said(form: Form) -> set[int]:
    """Codes of a form that a class must have in the release at all."""
    return set(form.reads | form.sets | form.asks)


@pytest.mark.shared
@pytest.mark.parametrize(("eoj", "point"), ALL)
def test_every_row_is_as_published(shared_data: Path, eoj: str, point: str) -> None:
    published = Published(release(shared_data), eoj)
    form = forms_of(eoj)[point]
    for epc in codes_said(form):
        rules = [one["accessRule"] for one in published.properties[epc]]
        assert any(rule["get"] != "notApplicable" for rule in rules), hex(epc)
        if epc in form.sets:
            assert any(rule["set"] != "notApplicable" for rule in rules), hex(epc)
    if isinstance(form, States):
        same_states(published, form)
    if isinstance(form, Number):
        same_number(published, form)


def same_states(published: Published, form: States) -> None:
    told = {
        int(one["edt"], 16): one
        for part in published.parts(form.epc)
        for one in part.get("enum", ())
        if "..." not in one["edt"]
    }
    for byte, _ in form.table:
        assert byte in told, hex(byte)
    values = [value for _, value in form.table]
    if values == [True, False]:
        yes, no = (told[byte]["name"] for byte, _ in form.table)
        assert (yes, no) in {("true", "false"), ("anyOpen", "allClose"), ("open", "close")}


def same_number(published: Published, form: Number) -> None:
    numbers = [part for part in published.parts(form.epc) if part.get("type") == "number"]
    assert len(numbers) == 1
    (number,) = numbers
    assert (form.low, form.high) == (number["minimum"], number["maximum"])
    assert form.unit == number.get("multiple", number.get("multipleOf", 1))
    bits = int(number["format"].removeprefix("u").removeprefix("int"))
    assert form.size * 8 == bits
    assert (form.low < 0) == (not number["format"].startswith("u"))
    for part in published.parts(form.epc):
        for one in part.get("enum", ()):
            code = int(one["edt"], 16)
            assert code in form.void or not form.low <= code <= form.high


@pytest.mark.parametrize(("eoj", "point"), ALL)
def test_every_row_is_a_point_of_the_hub(eoj: str, point: str) -> None:
    known, form = POINTS[point], forms_of(eoj)[point]
    if isinstance(form, States):
        assert known.form in {BOOL, CHOICE}
    if isinstance(form, (Charge, Opening, Level)):
        assert form.is_set
    if isinstance(form, Climate):
        assert {value for _, value in form.table} | {"off"} == set(known.choices)


OCTETS = st.dictionaries(st.sampled_from([*range(0x80, 0x100)]), st.binary(max_size=6))


@given(st.sampled_from(ALL), OCTETS)
def test_hostile_octets_make_no_value_that_cannot_be(
    row: tuple[str, str], values: dict[int, bytes]
) -> None:
    form = forms_of(row[0])[row[1]]
    full = {**dict.fromkeys(form.reads, b"\x41"), **values}
    with suppress(DriverError):
        can_be(offered(row[1], is_set=False), form.read(full))


WISHES = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(["off", "cool"])
)


@given(st.sampled_from(ALL), WISHES)
def test_what_can_be_set_reads_back_as_itself(row: tuple[str, str], wish: Given) -> None:
    form = forms_of(row[0])[row[1]]
    try:
        can_be(offered(row[1], is_set=True), wish)
        wanted = form.write(wish, frozenset(range(0x80, 0x100)))
    except DriverError:
        return
    shown = {**dict.fromkeys(form.reads | form.asks, b"\x30"), **{p.epc: p.edt for p in wanted}}
    if isinstance(form, Charge):
        shown = {**{code: bytes(4) for code in form.reads}, **{p.epc: p.edt for p in wanted}}
    assert form.is_done(wish, shown)


def test_a_battery_is_told_how_much_before_what_for() -> None:
    battery = Charge(methods=(0xC1, 0xC2), is_set=True)
    wanted = battery.write(-1500, frozenset({0xC2, 0xDA, 0xEB, 0xEC}))
    assert [(p.epc, p.edt.hex()) for p in wanted] == [
        (0xC2, "03"), (0xEC, "000005dc"), (0xDA, "43"),
    ]  # fmt: skip
    assert [p.epc for p in battery.write(0, frozenset())] == [0xDA]


def test_a_half_degree_is_said_to_be_too_fine() -> None:
    with pytest.raises(DriverError) as refused:
        COMMON_TARGET.write(22.5, frozenset())
    assert refused.value.reason.key == "driving.too-fine"


COMMON_TARGET = forms_of("0130")["target_temperature_c"]


def test_a_meter_counts_in_its_own_unit_and_coefficient() -> None:
    meter = forms_of("0288")["energy_kwh"]
    assert isinstance(meter, Meter)
    values = {0xE0: (12345).to_bytes(4, "big"), 0xE1: b"\x01", 0xD3: (10).to_bytes(4, "big")}
    assert meter.read(values) == 12345.0
    del values[0xD3]
    assert meter.read(values) == 1234.5
    with pytest.raises(DriverError):
        meter.read({**values, 0xE0: b"\xff\xff\xff\xfe"})


def test_locks_meters_and_batteries_are_never_switched_off() -> None:
    for eoj in ("026f", "0288", "027d", "027e", "0279", "027c", "026b", "0272", "03b7"):
        assert forms_of(eoj)["power"] is COMMON["power"]
        assert not COMMON["power"].sets
