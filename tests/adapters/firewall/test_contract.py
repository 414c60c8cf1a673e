"""What every engine of `hub.ports.Firewall` does, whatever holds it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from adapters.firewall.frames import (
    ACK,
    ECHONET,
    SYN,
    SYN_ACK,
    arp,
    echonet,
    place,
    sent,
    tagged,
    tcp,
    to_group,
    udp,
)  # fmt: skip
from omamori.documents.reason import RefusedError
from omamori.hub.guarding.plan import Carrier, Cut, Pair, Place, Plan

ONE, OTHER, ROUTER = place(2, "p2"), place(3, "p3"), place(4, "p4")
HUB = Place("hub", ("02:00:00:00:00:01",), ("192.168.77.1",))
CALL = sent(ONE, OTHER, 6, tcp((40000, 80), SYN))
BOTH = {"p3", "p4"}
SET = udp((ECHONET, ECHONET), echonet(0x60))
GET = udp((ECHONET, ECHONET), echonet(0x62))


def cut(engine: Any, thing: Place = ONE, seconds: float = 1000) -> Plan:
    return Plan(cuts=(Cut(thing, engine.now + seconds),), hub=HUB, routers=(ROUTER,))


def pair(reach: str, back: str = "") -> Plan:
    pairs = [Pair(ONE, OTHER, reach)] + ([Pair(OTHER, ONE, back)] if back else [])
    return Plan(pairs=tuple(pairs), hub=HUB)


def test_an_empty_plan_stops_nothing(engine: Any) -> None:
    engine.apply(Plan(hub=HUB))
    assert engine.out("p2", CALL) == BOTH


@pytest.mark.parametrize("version", [4, 6])
def test_a_cut_thing_reaches_nobody_and_nobody_reaches_it(engine: Any, version: int) -> None:
    engine.apply(cut(engine))
    for carried in (tcp((40000, 80), SYN), tcp((40000, 80), ACK)):
        assert engine.out("p2", sent(ONE, OTHER, 6, carried, version=version)) == set()
        assert engine.out("p3", sent(OTHER, ONE, 6, carried, version=version)) == set()
    assert engine.out("p3", sent(OTHER, ROUTER, 6, tcp((1, 2), SYN), version=version)) == {
        "p2",
        "p4",
    } - {"p2"}


def test_a_cut_thing_says_nothing_to_all(engine: Any) -> None:
    engine.apply(cut(engine))
    asked = udp((5353, 5353))
    assert engine.out("p2", to_group(ONE, "224.0.0.251", "01:00:5e:00:00:fb", 17, asked)) == set()
    assert engine.out("p2", arp(ONE, OTHER.ips[0])) <= {"p4"}


def test_a_cut_thing_keeps_its_address(engine: Any) -> None:
    engine.apply(cut(engine))
    assert "p4" in engine.out("p2", sent(ONE, ROUTER, 17, udp((68, 67))))
    assert "p2" in engine.out("p4", sent(ROUTER, ONE, 17, udp((67, 68))))
    assert engine.out("p2", sent(ONE, ROUTER, 6, tcp((40000, 443), SYN))) == set()
    assert engine.out("p2", sent(ONE, ROUTER, 17, udp((40000, 53)))) == set()


def test_a_new_hardware_address_at_the_same_port_stays_cut(engine: Any) -> None:
    engine.apply(cut(engine))
    other = msgspec.structs.replace(ONE, macs=("02:00:00:00:00:99",), ips=("192.168.77.99",))
    assert engine.out("p2", sent(other, OTHER, 6, tcp((1, 80), SYN))) == set()


def test_a_new_hardware_address_at_a_shared_port_stays_cut_by_its_ip(engine: Any) -> None:
    engine.apply(cut(engine, msgspec.structs.replace(ONE, port="")))
    other = msgspec.structs.replace(ONE, macs=("02:00:00:00:00:99",))
    assert engine.out("p2", sent(other, OTHER, 6, tcp((1, 80), SYN))) == set()


def test_who_claims_anothers_address_does_not_draw_it_into_its_own_cut(engine: Any) -> None:
    thief = msgspec.structs.replace(ONE, ips=(*ONE.ips, ROUTER.ips[0]))
    engine.apply(cut(engine, thief))
    assert "p4" in engine.out("p3", sent(OTHER, ROUTER, 6, tcp((1, 443), SYN)))
    assert engine.out("p2", CALL) == set()


def test_a_cut_ends_by_itself(engine: Any) -> None:
    engine.apply(cut(engine, seconds=1))
    assert engine.out("p2", CALL) == set()
    engine.wait(2.5)
    assert engine.out("p2", CALL) == BOTH


def test_a_cut_is_undone_at_once(engine: Any) -> None:
    engine.apply(cut(engine))
    engine.apply(Plan(hub=HUB))
    assert engine.out("p2", CALL) == BOTH


@pytest.mark.parametrize(
    ("reach", "asks"),
    [("none", set()), ("discover", {0x73}), ("read", {0x62, 0x73}), ("control", {0x60, 0x61, 0x62, 0x6E, 0x73})],
)  # fmt: skip
@pytest.mark.parametrize("version", [4, 6])
def test_a_reach_is_held_down_to_the_service(
    engine: Any, reach: str, asks: set[int], version: int
) -> None:
    engine.apply(pair(reach))
    for service in (0x60, 0x61, 0x62, 0x6E, 0x73):
        told = udp((ECHONET, ECHONET), echonet(service))
        found = engine.out("p2", sent(ONE, OTHER, 17, told, version=version))
        assert (found == BOTH) is (service in asks), hex(service)
    assert (engine.out("p2", CALL) == BOTH) is (reach == "control")


@pytest.mark.parametrize("reach", ["none", "discover", "read"])
def test_a_set_does_not_hide(engine: Any, reach: str) -> None:
    engine.apply(pair(reach))
    any_format = udp((ECHONET, ECHONET), echonet(0x62, head=0x1082))
    everybody = ("224.0.23.0", "01:00:5e:00:17:00", 17)
    for hidden in (
        sent(ONE, OTHER, 17, SET, piece=0x2000),
        sent(ONE, OTHER, 17, SET[:12], piece=0x2000),
        sent(ONE, OTHER, 17, any_format),
        sent(ONE, OTHER, 17, SET[:15]),
        sent(ONE, OTHER, 44, b"\x11\0\0\1\0\0\0\7" + SET, version=6),
        to_group(ONE, *everybody, SET),
        tagged(sent(ONE, OTHER, 17, SET)),
        tagged(tagged(sent(ONE, OTHER, 17, SET))),
        sent(ONE, OTHER, 6, tcp((40000, ECHONET), SYN)),
    ):
        assert engine.out("p2", hidden) == set(), hidden.hex()


def test_answers_come_back_and_nothing_else(engine: Any) -> None:
    engine.apply(pair("none"))
    answer = sent(ONE, OTHER, 6, tcp((80, 40000), SYN_ACK))
    assert engine.out("p2", answer) == set()
    assert engine.out("p3", sent(OTHER, ONE, 6, tcp((40000, 80), SYN))) == {"p2", "p4"}
    assert engine.out("p2", answer) == BOTH
    assert engine.out("p2", sent(ONE, OTHER, 6, tcp((80, 40001), SYN_ACK))) == set()
    assert engine.out("p2", CALL) == set()


def test_two_that_are_kept_apart_both_ways_have_no_answers(engine: Any) -> None:
    engine.apply(pair("none", "none"))
    assert engine.out("p3", sent(OTHER, ONE, 6, tcp((40000, 80), SYN))) == set()
    assert engine.out("p2", sent(ONE, OTHER, 6, tcp((80, 40000), SYN_ACK))) == set()
    assert engine.out("p2", arp(ONE, OTHER.ips[0])) == set()


def test_a_borrowed_address_at_another_port_is_stopped(engine: Any) -> None:
    engine.apply(pair("read"))
    assert engine.out("p4", sent(ONE, OTHER, 17, GET)) == set()
    assert engine.out("p2", sent(ONE, OTHER, 17, GET)) == BOTH


def test_nobody_else_may_claim_a_known_ip(engine: Any) -> None:
    engine.apply(pair("read"))
    stranger = place(9)
    assert engine.out("p4", arp(stranger, ONE.ips[0], claim=OTHER.ips[0])) == set()
    assert engine.out("p4", arp(stranger, ONE.ips[0])) == {"p2", "p3"}


def test_a_phone_opens_only_its_doors_at_home(engine: Any) -> None:
    phone = Carrier(ONE, ("tcp/8009",))
    engine.apply(Plan(carriers=(phone,), hub=HUB, routers=(ROUTER,)))
    outside = msgspec.structs.replace(ROUTER, ips=("203.0.113.9", "2001:db8::9"))
    assert engine.out("p2", sent(ONE, OTHER, 6, tcp((40000, 8009), SYN))) == BOTH
    for port in (22, 80, 23):
        assert engine.out("p2", sent(ONE, OTHER, 6, tcp((40000, port), SYN))) == set()
        assert engine.out("p2", sent(ONE, OTHER, 6, tcp((40000, port), ACK))) == set()
    assert engine.out("p2", sent(ONE, outside, 6, tcp((40000, 80), SYN))) == BOTH
    assert engine.out("p2", sent(ONE, ROUTER, 17, udp((40000, 53)))) == BOTH


def test_a_refused_plan_leaves_what_was_in_force(engine: Any) -> None:
    engine.apply(cut(engine))
    for bad in (
        Plan(cuts=(Cut(Place("x", ("nonsense",)), 9e9),), hub=HUB),
        Plan(cuts=(Cut(HUB, engine.now + 9),), hub=HUB),
        Plan(pairs=(Pair(ONE, OTHER, "everything"),), hub=HUB),
    ):
        with pytest.raises(RefusedError):
            engine.apply(bad)
    assert engine.out("p2", CALL) == set()


def test_what_was_stopped_is_counted_by_thing_and_kept(engine: Any) -> None:
    engine.apply(cut(engine))
    engine.out("p2", CALL)
    counted = engine.firewall.stopped()["thing2"]
    assert counted >= 1
    engine.apply(cut(engine, seconds=500))
    assert engine.firewall.stopped()["thing2"] == counted


def test_clearing_takes_all_away(engine: Any) -> None:
    engine.apply(cut(engine))
    engine.firewall.clear()
    assert engine.out("p2", CALL) == BOTH
