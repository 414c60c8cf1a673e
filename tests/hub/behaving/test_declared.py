"""What a file lets through fits; what it does not, departs; where nobody can tell, that is said."""

from __future__ import annotations

from typing import Any

import pytest

from hub.flows_made import MAKER, accepts, uses
from omamori.documents.mud import MudFile
from omamori.documents.mud_acl import Ace, Acl, Ports
from omamori.hub.behaving.declared import Fit, fit
from omamori.hub.behaving.deed import Peer, deed_of
from omamori.hub.flow import Flow

AT = 1_700_000_000.0


def made(*sent: Ace, received: tuple[Ace, ...] = ()) -> MudFile:
    return MudFile(
        url="https://maker.example/cam",
        last_update="2026-01-01T00:00:00Z",
        is_supported=True,
        from_device=(Acl("out", "ipv4-acl-type", sent),),
        to_device=(Acl("in", "ipv4-acl-type", received),),
    )


def rule(**fields: Any) -> Ace:
    return Ace(name="rule", **fields)


def held(mud: MudFile, flow: Flow, peer: Peer, maker: str = "") -> Fit:
    deed = deed_of(flow)
    assert deed is not None
    return fit(mud, flow, deed, peer, maker)


def test_what_no_rule_lets_through_departs() -> None:
    assert held(made(), uses(AT, 443), MAKER) is Fit.NO


def test_local_names_and_time_are_always_let_through() -> None:
    router = Peer(is_router=True, is_resolver=True)
    for port in (53, 123):
        assert held(made(), uses(AT, port, proto="udp", outside=False), router) is Fit.YES
    assert held(made(), uses(AT, 53, proto="udp"), MAKER) is Fit.NO


@pytest.mark.parametrize(
    ("declared", "heard", "expected"),
    [
        ("api.maker.example", "api.maker.example", Fit.YES),
        ("api.maker.example", "api.eu.maker.example", Fit.NEAR),
        ("shop.maker.co.jp", "shop.maker.com", Fit.NEAR),
        ("shop.maker.co.jp", "shop.other.co.jp", Fit.NO),
        ("0.cn.pool.ntp.org", "2.asia.pool.ntp.org", Fit.NEAR),
        ("203.0.113.9", "anything.example", Fit.YES),
        ("203.0.113.10", "anything.example", Fit.NO),
    ],
)
def test_names_differ_by_country_and_label(declared: str, heard: str, expected: Fit) -> None:
    peer = Peer(is_outside=True, names=(heard,))
    assert held(made(rule(target_name=declared)), uses(AT, 443), peer) is expected


def test_an_address_whose_name_nobody_heard_cannot_be_told() -> None:
    mud = made(rule(target_name="api.maker.example", target_ports=Ports("eq", 443), protocol=6))
    nameless = Peer(is_outside=True)
    assert held(mud, uses(AT, 443), nameless) is Fit.UNKNOWN
    assert held(mud, uses(AT, 8443), nameless) is Fit.NO
    assert held(mud, uses(AT, 443, outside=False), Peer(thing="x")) is Fit.NO


@pytest.mark.parametrize(
    ("fields", "peer", "expected"),
    [
        ({"is_local": True}, Peer(thing="x"), Fit.YES),
        ({"is_local": True}, Peer(is_everyone=True), Fit.YES),
        ({"is_local": True}, MAKER, Fit.NO),
        ({"is_my_controller": True}, Peer(thing="x"), Fit.UNKNOWN),
        ({"is_my_controller": True}, Peer(is_everyone=True), Fit.NO),
        ({"controller": "https://maker.example/hub"}, Peer(thing="x"), Fit.UNKNOWN),
        ({"controller": "urn:ietf:params:mud:dns"}, Peer(is_resolver=True), Fit.YES),
        ({"controller": "urn:ietf:params:mud:dns"}, Peer(thing="x"), Fit.NO),
        ({"controller": "urn:ietf:params:mud:gateway"}, Peer(is_router=True), Fit.YES),
        ({"controller": "urn:ietf:params:mud:ntp"}, Peer(thing="x"), Fit.NO),
        ({"is_same_maker": True}, Peer(mud_url="https://maker.example/plug"), Fit.YES),
        ({"is_same_maker": True}, Peer(mud_url="https://other.example/plug"), Fit.NO),
        ({"is_same_maker": True}, Peer(thing="x", maker="Maker"), Fit.NEAR),
        ({"is_same_maker": True}, Peer(thing="x", maker="Other"), Fit.NO),
        ({"is_same_maker": True}, Peer(thing="x"), Fit.UNKNOWN),
        ({"is_same_maker": True}, MAKER, Fit.NO),
        ({"maker": "other.example"}, Peer(mud_url="https://other.example/plug"), Fit.YES),
        ({"model": "https://other.example/a"}, Peer(mud_url="https://other.example/a"), Fit.YES),
        ({"model": "https://other.example/a"}, Peer(mud_url="https://other.example/b"), Fit.NO),
    ],
)
def test_the_other_side_is_as_the_rule_says(
    fields: dict[str, Any], peer: Peer, expected: Fit
) -> None:
    flow = uses(AT, 8443, outside=peer.is_outside)
    assert held(made(rule(**fields)), flow, peer, "Maker") is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"family": "ipv4"}, Fit.YES),
        ({"family": "ipv6"}, Fit.NO),
        ({"protocol": 6}, Fit.YES),
        ({"protocol": 17}, Fit.NO),
        ({"ethertype": 0x0800}, Fit.YES),
        ({"ethertype": 0x888E}, Fit.NO),
        ({"target_ports": Ports("range", 440, 450)}, Fit.YES),
        ({"source_ports": Ports("eq", 443)}, Fit.NO),
        ({"target": "203.0.113.0/24"}, Fit.YES),
        ({"target": "198.51.100.0/24"}, Fit.NO),
        ({"source": "192.168.1.0/24"}, Fit.YES),
        ({"initiated": "from-device"}, Fit.YES),
        ({"initiated": "to-device"}, Fit.NO),
        ({"target_mac": "ff:ff:ff:ff:ff:ff"}, Fit.NO),
        ({"icmp_type": 8}, Fit.NO),
    ],
)
def test_the_packet_is_as_the_rule_says(fields: dict[str, Any], expected: Fit) -> None:
    assert held(made(rule(**fields)), uses(AT, 443), MAKER) is expected


def test_the_first_rule_that_holds_decides() -> None:
    drop, accept = rule(forwarding="drop", target_ports=Ports("eq", 23)), Ace(name="all")
    assert held(made(drop, accept), uses(AT, 23), MAKER) is Fit.NO
    assert held(made(accept, drop), uses(AT, 23), MAKER) is Fit.YES
    assert held(made(drop, accept), uses(AT, 24), MAKER) is Fit.YES


def test_a_rule_that_may_forbid_does_not_forbid() -> None:
    maybe = rule(forwarding="reject", target_name="bad.example")
    assert held(made(maybe, Ace(name="all")), uses(AT, 443), Peer(is_outside=True)) is Fit.YES


def test_what_others_begin_is_told_by_either_policy() -> None:
    phone = Peer(thing="phone")
    into = rule(target_ports=Ports("eq", 80), protocol=6, initiated="to-device", is_local=True)
    out = rule(source_ports=Ports("eq", 80), protocol=6, is_local=True)
    assert held(made(received=(into,)), accepts(AT, 80), phone) is Fit.YES
    assert held(made(out), accepts(AT, 80), phone) is Fit.YES
    assert held(made(received=(into,)), accepts(AT, 81), phone) is Fit.NO
    assert held(made(received=(into,)), accepts(AT, 80, outside=True), MAKER) is Fit.NO


def test_an_answered_ping_is_held_against_the_ping() -> None:
    pong = Flow(
        first_at=AT, at=AT, mac="", peer_mac="", source="192.168.1.20", target="192.168.1.1",
        proto="icmp", from_port=0, to_port=0, is_answer=True,
    )  # fmt: skip
    let_in = rule(protocol=1, icmp_type=8, icmp_code=0)
    assert held(made(received=(let_in,)), pong, Peer(is_router=True)) is Fit.YES
    assert held(made(received=(rule(protocol=1, icmp_type=3),)), pong, Peer()) is Fit.NO
