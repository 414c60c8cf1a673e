"""Phones get the doors that phones need, and no thing's word opens another's sensitive ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.guarding.guarded import NOW, mac
from omamori.hub.guarding.carriers import (
    ANNOUNCED,
    ANNOUNCED_MIN,
    CARRIER_KINDS,
    CARRIERS_MAX,
    DOORS,
    DOORS_MAX,
    NEVER_ANNOUNCED,
    Announced,
    carriers_of,
    is_carrier,
)
from omamori.hub.guarding.plan import Place, Plan
from omamori.hub.guarding.rules import desired
from omamori.hub.knowing.identify_kinds import KINDS


def test_every_door_has_its_reason_and_source_and_fits() -> None:
    assert all(door.why and door.source for door in DOORS)
    doors = Announced().doors()
    assert len(doors) < DOORS_MAX
    carriers = carriers_of([Place("phone", (mac(1),))], doors)
    desired(Plan(carriers=carriers), NOW)


def test_no_usual_door_is_one_by_which_trouble_spreads() -> None:
    ports = {int(door.door.partition("/")[2]) for door in DOORS}
    assert not ports & {*NEVER_ANNOUNCED, 21, 22, 23, 139, 445, 502}


def test_who_goes_from_network_to_network() -> None:
    assert KINDS.keys() >= CARRIER_KINDS
    assert is_carrier("phone")
    assert not is_carrier("computer")
    assert is_carrier("computer", is_guest=True)
    assert is_carrier("unknown", is_guest=True)
    assert not is_carrier("television", is_guest=True)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.one_of(st.sampled_from(sorted(ANNOUNCED)), st.text(max_size=30)),
            st.one_of(st.integers(-5, 70_000).map(str), st.text(max_size=8)),
        ),
        max_size=80,
    )
)
def test_whatever_is_announced_opens_no_sensitive_door(said: list[tuple[str, str, str]]) -> None:
    announced = Announced()
    usual = set(announced.doors())
    for thing, kind, port in said:
        announced.heard(thing, {"type": kind, "port": port})
    doors = announced.doors()
    assert len(doors) <= DOORS_MAX
    for door in set(doors) - usual:
        number = int(door.partition("/")[2])
        assert number >= ANNOUNCED_MIN
        assert number not in NEVER_ANNOUNCED
    desired(Plan(carriers=carriers_of([Place("phone", (mac(1),))], doors)), NOW)
    for thing in "abc":
        announced.forget(thing)
    assert set(announced.doors()) == usual


def test_a_controllers_door_is_not_opened_by_its_word() -> None:
    announced = Announced()
    usual = announced.doors()
    for port in (*NEVER_ANNOUNCED, 0, ANNOUNCED_MIN - 1, 65_536):
        announced.heard("a", {"type": "_hap._udp", "port": str(port)})
    assert announced.doors() == usual


def test_one_thing_cannot_use_up_all_doors() -> None:
    announced = Announced()
    for port in range(2000, 4000):
        announced.heard("a", {"type": "_hap._tcp", "port": str(port)})
    announced.heard("b", {"type": "_airplay._tcp", "port": "7001"})
    assert "tcp/7001" in announced.doors()


def test_who_has_no_hardware_address_is_left_out() -> None:
    assert carriers_of([Place("phone", (), ("10.0.0.1",))], ("tcp/80",)) == ()
    many = [Place(str(n), (mac(n),)) for n in range(CARRIERS_MAX + 9)]
    assert len(carriers_of(many, ("tcp/80",))) == CARRIERS_MAX
