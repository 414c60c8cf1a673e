"""Ways round the rules that were tried: each fails in the kernel and in memory."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import msgspec
import pytest

from adapters.firewall.frames import (
    ECHONET,
    SYN,
    echonet,
    place,
    sent,
    tagged,
    tcp,
    to_group,
    udp,
)
from omamori.hub.guarding.plan import Cut, Pair, Place, Plan

ONE, OTHER, ROUTER = place(2, "p2"), place(3, "p3"), place(4, "p4")
HUB = Place("hub", ("02:00:00:00:00:01",), ("192.168.77.1",))
BOTH = {"p3", "p4"}
SET = udp((ECHONET, ECHONET), echonet(0x60))
GET = udp((ECHONET, ECHONET), echonet(0x62))
GET_RES = udp((ECHONET, ECHONET), echonet(0x72))


@pytest.mark.parametrize("version", [4, 6])
def test_an_answer_from_its_own_door_opens_it_for_nothing_else(engine: Any, version: int) -> None:
    engine.apply(Plan(pairs=(Pair(ONE, OTHER, "read"),), hub=HUB))
    assert engine.out("p2", sent(ONE, OTHER, 17, GET, version=version)) == BOTH
    assert engine.out("p3", sent(OTHER, ONE, 17, GET_RES, version=version)) == {"p2", "p4"}
    assert engine.out("p2", sent(ONE, OTHER, 17, SET, version=version)) == set()


def coap(code: int) -> bytes:
    """RFC 7252 §3: a confirmable message without token."""
    return bytes((0x40, code, 0, 1))


def bacnet(kind: int) -> bytes:
    """ASHRAE 135 Annex J: a unicast NPDU without routing, and an APDU of this kind."""
    return bytes((0x81, 0x0A, 0, 10, 1, 0, kind << 4, 0, 1, 15))


def test_nor_do_coap_and_bacnet(engine: Any) -> None:
    engine.apply(Plan(pairs=(Pair(ONE, OTHER, "read"),), hub=HUB))
    asked = ((40000, 5683), (47808, 47808))
    for (one, door), told in zip(asked, (coap(0x45), bacnet(3)), strict=True):
        assert engine.out("p3", sent(OTHER, ONE, 17, udp((door, one), told))) == {"p2", "p4"}
    for carried, wanted in (
        (udp((40000, 5683), coap(0x01)), BOTH),
        (udp((40000, 5683), coap(0x03)), set()),  # PUT
        (udp((47808, 47808), bacnet(3)), BOTH),  # its answer, to what was asked
        (udp((47808, 47808), bacnet(0)), set()),  # a request, as WriteProperty is
        (udp((47808, 47808), b"\x81\x0a\0\x0b\1\x08\0\1\1\x30"), set()),  # hidden behind routing
        (udp((47808, 47809), bacnet(3)), set()),
    ):
        assert engine.out("p2", sent(ONE, OTHER, 17, carried)) == wanted, carried.hex()


@pytest.mark.parametrize("version", [4, 6])
def test_who_was_never_heard_before_reads_what_can_harm_and_no_more(
    engine: Any, version: int
) -> None:
    known = (*ONE.macs, *OTHER.macs)
    engine.apply(Plan(guarded=(OTHER,), familiar=known, hub=HUB))
    made_up = place(99)
    assert engine.out("p2", sent(made_up, OTHER, 17, GET, version=version)) == BOTH
    every = ("224.0.23.0", "01:00:5e:00:17:00", 17)
    off = sent(made_up, OTHER, 17, SET, version=version)
    astray = to_group(made_up, OTHER.ips[0 if version == 4 else 1], "ff:ff:ff:ff:ff:ff", 17, SET)
    for hidden in (off, tagged(off), tagged(tagged(off)), astray, to_group(made_up, *every, SET),
                   sent(made_up, OTHER, 6, tcp((1, 80), SYN), version=version)):  # fmt: skip
        assert engine.out("p4", hidden) == set(), hidden.hex()
    assert engine.out("p4", to_group(made_up, *every, GET)) == {"p2", "p3"}
    assert engine.out("p2", sent(ONE, OTHER, 17, SET, version=version)) == BOTH
    assert engine.out("p2", sent(made_up, ONE, 6, tcp((1, 80), SYN), version=version)) == BOTH


def test_what_is_guarded_is_answered_by_strangers(engine: Any) -> None:
    engine.apply(Plan(guarded=(OTHER,), familiar=OTHER.macs, hub=HUB))
    new = place(99)
    answer = sent(new, OTHER, 6, tcp((443, 40000), 0x12))
    assert engine.out("p2", answer) == set()
    assert engine.out("p3", sent(OTHER, new, 6, tcp((40000, 443), SYN))) == {"p2", "p4"}
    assert engine.out("p2", answer) == BOTH


def test_without_anything_guarded_strangers_are_left_as_they_are(engine: Any) -> None:
    engine.apply(Plan(pairs=(Pair(ONE, OTHER, "read"),), hub=HUB))
    stranger = place(99)
    called = to_group(stranger, "239.1.2.3", "01:00:5e:01:02:03", 17, b"")
    assert engine.out("p4", called) == {"p2", "p3"}
    assert engine.out("p4", sent(stranger, OTHER, 17, SET)) == {"p2", "p3"}


def neighbour(kind: int, about: str) -> bytes:
    """RFC 4861 §4.3, §4.4: a solicitation (135) or advertisement (136), without options."""
    return bytes((kind, 0, 0, 0, 0x60 if kind == 136 else 0, 0, 0, 0)) + ip_address(about).packed


def test_a_cut_thing_tells_the_router_nothing_of_others(engine: Any) -> None:
    engine.apply(Plan(cuts=(Cut(ONE, engine.now + 1000),), hub=HUB, routers=(ROUTER,)))
    asked, told = neighbour(135, ROUTER.ips[1]), neighbour(136, OTHER.ips[1])
    assert "p4" in engine.out("p2", sent(ONE, ROUTER, 58, asked, version=6))
    in_others_name = msgspec.structs.replace(ONE, ips=OTHER.ips)
    assert engine.out("p2", sent(in_others_name, ROUTER, 58, asked, version=6)) == set()
    assert engine.out("p2", sent(ONE, ROUTER, 58, told, version=6)) == set()
    nobody = msgspec.structs.replace(ONE, ips=("0.0.0.0", "::"))
    assert "p4" in engine.out("p2", sent(nobody, ROUTER, 58, neighbour(135, ONE.ips[1]), version=6))


def test_a_cut_thing_is_commanded_from_outside_by_nothing(engine: Any) -> None:
    engine.apply(Plan(cuts=(Cut(ONE, engine.now + 1000),), hub=HUB, routers=(ROUTER,)))
    master = msgspec.structs.replace(ROUTER, ips=("203.0.113.9", "2001:db8::9"))
    for version, protocol, up, down in (
        (4, 17, udp((68, 67)), udp((67, 68))),
        (6, 17, udp((546, 547)), udp((547, 546))),
        (6, 58, neighbour(135, "fd77::4"), neighbour(136, "fd77::2")),
    ):
        for other, passes in ((master, False), (ROUTER, True)):
            out = engine.out("p2", sent(ONE, other, protocol, up, version=version))
            back = engine.out("p4", sent(other, ONE, protocol, down, version=version))
            assert ("p4" in out, "p2" in back) == (passes, passes)


def test_nobody_is_heard_under_the_address_of_who_has_a_port_alone(engine: Any) -> None:
    engine.apply(Plan(bound=(place(3, "p3"),), hub=HUB))
    assert engine.out("p4", sent(OTHER, ROUTER, 6, tcp((1, 23), SYN))) == set()
    assert engine.out("p3", sent(OTHER, ROUTER, 6, tcp((1, 23), SYN))) == {"p2", "p4"}
    assert engine.out("p4", sent(place(99), ROUTER, 6, tcp((1, 23), SYN))) == {"p2", "p3"}
