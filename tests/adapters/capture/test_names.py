"""Which thing learns an address by which name."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from adapters.capture import wire
from adapters.protocols.test_quic import CRYPTO, HELLO, crypto, protect
from adapters.protocols.test_small_protocols import LLDP
from omamori.adapters.capture.decode import Decoder

if TYPE_CHECKING:
    from omamori.hub.sighting import Sighting

CLOUD = bytes([93, 184, 216, 34])
ANSWER = (
    struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0)
    + wire.name("cloud.example")
    + b"\0\1\0\1"
    + wire.record(b"\xc0\x0c", 1, CLOUD)
)
NAMED = {"name": "cloud.example", "ip": wire.FAR_IP, "by": "dns"}


def names(*frames: bytes) -> list[tuple[str, dict[str, str]]]:
    told: list[Sighting] = []
    decoder = Decoder(told.append)
    for index, frame in enumerate(frames):
        decoder.hear([(100.0 + index, 1, frame)])
    return [(one.source, one.fields) for one in told if one.kind == "name.address"]


def resolver_says(
    thing: str, ip: str, *, resolver: str = wire.ROUTER_IP, payload: bytes = ANSWER
) -> bytes:
    packet = wire.ipv4(wire.udp(payload, 53, 40000), 17, resolver, ip)
    return wire.ether(packet, 0x0800, wire.ROUTER, thing)


def asks(
    thing: str, ip: str, *, resolver: str = wire.ROUTER_IP, number: int = 7, port: int = 40000
) -> bytes:
    question = wire.question("cloud.example", number=number)
    packet = wire.ipv4(wire.udp(question, port, 53), 17, ip, resolver)
    return wire.ether(packet, 0x0800, thing, wire.ROUTER)


def test_an_answer_is_its_askers_fact_whoever_resolved_it() -> None:
    for resolver in (wire.ROUTER_IP, "9.9.9.9"):
        told = names(
            asks(wire.PHONE, wire.PHONE_IP, resolver=resolver),
            resolver_says(wire.PHONE, wire.PHONE_IP, resolver=resolver),
            resolver_says(wire.PHONE, wire.PHONE_IP, resolver=resolver),
            asks(wire.LAMP, wire.LAMP_IP, resolver=resolver),
            resolver_says(wire.LAMP, wire.LAMP_IP, resolver=resolver),
        )
        assert told == [(wire.PHONE, NAMED), (wire.LAMP, NAMED)]


def test_an_answer_that_was_not_asked_for_names_nothing() -> None:
    forged = resolver_says(wire.PHONE, wire.PHONE_IP)
    assert names(forged) == []
    for asked in (
        asks(wire.PHONE, wire.PHONE_IP, number=8),
        asks(wire.PHONE, wire.PHONE_IP, port=40001),
        asks(wire.PHONE, wire.PHONE_IP, resolver="9.9.9.9"),
        asks(wire.LAMP, wire.PHONE_IP),  # in the other's name
        asks(wire.LAMP, wire.LAMP_IP),
    ):
        assert names(asked, forged) == []
    idle = wire.arp(wire.LAMP, wire.LAMP_IP)
    late = [asks(wire.PHONE, wire.PHONE_IP), *[idle] * 200, forged]
    assert names(*late) == []  # a second each


def test_a_question_that_is_repeated_is_a_question_still() -> None:
    again = ANSWER[:1] + b"\x09" + ANSWER[2:].replace(CLOUD, bytes([93, 184, 216, 35]))
    told = names(
        asks(wire.PHONE, wire.PHONE_IP),
        resolver_says(wire.PHONE, wire.PHONE_IP),
        asks(wire.PHONE, wire.PHONE_IP, number=9),
        resolver_says(wire.PHONE, wire.PHONE_IP, payload=again),
    )
    assert [fields["ip"] for _, fields in told] == [wire.FAR_IP, "93.184.216.35"]


def test_an_answer_to_another_network_is_nobodys_here() -> None:
    for thing, ip in ((wire.ROUTER, wire.FAR_IP), (wire.EVERYONE, wire.PHONE_IP)):
        assert names(asks(thing, ip), resolver_says(thing, ip)) == []


def test_every_later_answer_of_the_same_resolver_is_read() -> None:
    other = ANSWER.replace(b"cloud", b"other")
    told = names(
        asks(wire.PHONE, wire.PHONE_IP),
        resolver_says(wire.PHONE, wire.PHONE_IP),
        resolver_says(wire.PHONE, wire.PHONE_IP, payload=other),
    )
    assert [fields["name"] for _, fields in told] == ["cloud.example", "other.example"]


def over_tcp(payload: bytes, sequence: int, *, resolver: str = wire.ROUTER_IP) -> bytes:
    segment = wire.tcp(payload, 53, 40000, sequence=sequence)
    packet = wire.ipv4(segment, 6, resolver, wire.PHONE_IP)
    return wire.ether(packet, 0x0800, wire.ROUTER, wire.PHONE)


def asks_over_tcp(resolver: str) -> bytes:
    question = wire.vector(wire.question("cloud.example"), 2)
    packet = wire.ipv4(wire.tcp(question, 40000, 53), 6, wire.PHONE_IP, resolver)
    return wire.ether(packet, 0x0800, wire.PHONE, wire.ROUTER)


def test_an_answer_over_tcp_that_was_not_asked_for_names_nothing() -> None:
    answer = over_tcp(wire.vector(ANSWER, 2), 1)
    assert names(answer) == []
    assert names(asks_over_tcp("9.9.9.9"), answer) == []
    assert len(names(asks_over_tcp(wire.ROUTER_IP), answer)) == 1


def test_dns_over_tcp_is_read_from_its_pieces() -> None:
    stream = wire.vector(ANSWER, 2) + wire.vector(ANSWER.replace(b"cloud", b"other"), 2)
    for resolver in (wire.ROUTER_IP, "9.9.9.9"):
        for cut in (1, 2, 20, len(ANSWER) + 10):
            told = names(
                asks_over_tcp(resolver),
                over_tcp(stream[:cut], 1, resolver=resolver),
                over_tcp(stream[cut:], 1 + cut, resolver=resolver),
            )
            assert [fields["name"] for _, fields in told] == ["cloud.example", "other.example"]


def test_a_question_over_tcp_is_told_of_its_asker() -> None:
    told: list[Sighting] = []
    payload = wire.vector(wire.question("a.example"), 2)
    Decoder(told.append).hear([(1.0, 1, wire.tcp_frame(payload, 40000, 53))])
    asked = [one for one in told if one.kind == "dns.query"]
    assert [(one.source, one.fields) for one in asked] == [(wire.PHONE, {"name": "a.example"})]


def call(payload: bytes, target: str, port: int) -> bytes:
    segment = wire.tcp(payload, 40000 + port, port)
    return wire.ether(wire.ipv4(segment, 6, wire.PHONE_IP, target), 0x0800, wire.PHONE, wire.ROUTER)


def test_hello_and_request_name_each_target_they_go_to() -> None:
    hello = wire.client_hello("cloud.example")
    request = b"GET / HTTP/1.1\r\nHost: cloud.example\r\n\r\n"
    told = names(
        call(hello, "203.0.113.1", 443),
        call(hello, "203.0.113.2", 443),
        call(request, "203.0.113.3", 80),
    )
    assert [(fields["ip"], fields["by"]) for _, fields in told] == [
        ("203.0.113.1", "tls"),
        ("203.0.113.2", "tls"),
        ("203.0.113.3", "http"),
    ]


def quic(payload: bytes, target: str = "203.0.113.7") -> bytes:
    packet = wire.ipv4(wire.udp(payload, 40000, 443), 17, wire.PHONE_IP, target)
    return wire.ether(packet, 0x0800, wire.PHONE, wire.ROUTER)


def test_a_quic_hello_names_its_target_in_one_datagram_or_in_two() -> None:
    named = {"name": "example.com", "ip": "203.0.113.7", "by": "quic"}
    assert names(quic(protect(CRYPTO))) == [(wire.PHONE, named)]
    halves = [protect(crypto(100, HELLO[100:]), 0), protect(crypto(0, HELLO[:100]), 1)]
    assert names(*map(quic, halves)) == [(wire.PHONE, named)]
    assert names(quic(halves[0]), quic(b"\x40" * 50), quic(halves[1])) == [(wire.PHONE, named)]
    lost = [quic(halves[0])] + [quic(b"\x40%d" % i) for i in range(20)] + [quic(halves[1])]
    assert names(*lost) == []


def test_what_a_thing_says_by_lldp_is_its_own() -> None:
    told: list[Sighting] = []
    Decoder(told.append).hear([(1.0, 1, wire.ether(LLDP, 0x88CC, wire.LAMP))])
    assert [(one.source, one.kind) for one in told] == [(wire.LAMP, "lldp.says")]
