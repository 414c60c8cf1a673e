"""A flow shows a deed, or shows nothing; who is met is told as generally as stays true."""

from __future__ import annotations

import pytest

from omamori.hub.behaving.deed import Deed, Peer, deed_of, role_of
from omamori.hub.flow import ACK, RST, SYN, Flow

PHONE = "02:00:00:00:00:09"


def flow(
    proto: str,
    source: int,
    target: int,
    flags: int = 0,
    *,
    is_answer: bool = False,
    is_opening: bool = True,
) -> Flow:
    return Flow(
        first_at=1.0, at=1.0, mac="", peer_mac="", source="192.168.1.20", target="192.168.1.30",
        proto=proto, from_port=source, to_port=target, flags=flags,
        is_answer=is_answer, is_opening=is_opening,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("heard", "way", "service"),
    [
        (flow("tcp", 50_000, 443, SYN), "uses", "tcp/443"),
        (flow("tcp", 50_000, 50_001, SYN), "uses", "tcp/high"),
        (flow("tcp", 80, 50_000, SYN | ACK, is_answer=True), "offers", "tcp/80"),
        (flow("tcp", 80, 50_000, SYN | ACK), "offers", "tcp/80"),
        (flow("tcp", 50_000, 443, SYN | ACK, is_opening=False), "uses", "tcp/443"),
        (flow("tcp", 50_000, 443, ACK, is_answer=True), "uses", "tcp/443"),
        (flow("tcp", 443, 50_000, ACK), "offers", "tcp/443"),
        (flow("udp", 5353, 5353), "uses", "udp/5353"),
        (flow("udp", 50_000, 53), "uses", "udp/53"),
        (flow("udp", 1900, 50_000), "offers", "udp/1900"),
        (flow("udp", 9999, 50_000, is_answer=True), "offers", "udp/9999"),
        (flow("udp", 50_000, 40_000), "uses", "udp/high"),
        (flow("icmp", 8, 0), "uses", "icmp/8"),
        (flow("icmp6", 129, 0), "offers", "icmp6/129"),
        (flow("ip/47", 0, 0), "uses", "ip/47"),
    ],
)
def test_a_flow_shows_what_its_sender_does(heard: Flow, way: str, service: str) -> None:
    deed = deed_of(heard)
    assert deed is not None
    assert (deed.way, deed.service) == (way, service)


@pytest.mark.parametrize(
    "heard",
    [
        flow("tcp", 23, 50_000, RST | ACK, is_answer=True),
        flow("tcp", 23, 50_000, SYN, is_answer=True),
        flow("tcp", 50_000, 50_001, ACK),
        flow("udp", 68, 67),
        flow("udp", 546, 547),
        flow("icmp", 3, 3),
        flow("icmp6", 135, 0),
        flow("arp", 0, 1),
        flow("ip/2", 0, 0),
    ],
)
def test_refusals_and_upkeep_show_nothing(heard: Flow) -> None:
    assert deed_of(heard) is None


@pytest.mark.parametrize(
    ("peer", "port", "role"),
    [
        (Peer(is_everyone=True), 5353, "everyone"),
        (Peer(is_outside=True, country="DE"), 123, "clock"),
        (Peer(is_outside=True, is_resolver=True), 53, "resolver"),
        (Peer(is_router=True, is_resolver=True), 80, "router"),
        (Peer(thing=PHONE), 80, f"thing:{PHONE}"),
        (Peer(), 80, "home"),
        (Peer(is_outside=True, names=("a.b.example.co.jp",), country="JP"), 80, "name:example.co.jp"),
        (Peer(is_outside=True, names=("10.0.0.1",), country="JP"), 80, "country:JP"),
        (Peer(is_outside=True), 80, "outside"),
    ],
)  # fmt: skip
def test_whom_it_meets_is_told_generally(peer: Peer, port: int, role: str) -> None:
    assert role_of(Deed("uses", "udp", port, is_sure=True), peer) == role
