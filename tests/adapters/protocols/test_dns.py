"""DNS, mDNS and LLMNR: names are read, loops and floods are not followed."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.protocols import dns

SERVICE = wire.vector(b"Living Room v1.2", 1) + wire.name("_hap._tcp.local")
ANNOUNCED = wire.answer(
    wire.record(wire.name("_hap._tcp.local"), 12, b"\x10Living Room v1.2\xc0\x0c"),
    wire.record(SERVICE, 33, struct.pack("!HHH", 0, 0, 8080) + wire.name("Lamp.local"), 4500),
    wire.record(SERVICE, 16, b"\x08md=LX-10\x04MD=x\x05flags\x00", 4500),
    wire.record(wire.name("Lamp.local"), 1, bytes([192, 168, 1, 20])),
    wire.record(wire.name("Lamp.local"), 28, bytes([0xFE, 0x80, *[0] * 13, 1])),
    wire.record(wire.name("gone.local"), 1, bytes([192, 168, 1, 21]), ttl_s=0),
)


def test_a_service_is_told_whole_and_a_goodbye_not_at_all() -> None:
    assert dns.mdns_facts(ANNOUNCED) == [
        ("mdns.name", {"name": "Lamp.local", "ip": "192.168.1.20"}),
        ("mdns.name", {"name": "Lamp.local", "ip": "fe80::1"}),
        (
            "mdns.service",
            {
                "type": "_hap._tcp.local",
                "instance": "Living Room v1.2",
                "port": "8080",
                "host": "Lamp.local",
                "txt.md": "LX-10",
                "txt.flags": "",
            },
        ),
    ]


def test_things_of_matter_announce_themselves_before_and_after_they_are_commissioned() -> None:
    def announced(kind: str, instance: str, text: bytes) -> dict[str, str]:
        owner = wire.vector(instance.encode(), 1) + wire.name(kind)
        records = [
            wire.record(wire.name(kind), 12, owner),
            wire.record(
                owner, 33, struct.pack("!3H", 0, 0, 5540) + wire.name("B75AFB458ECD.local")
            ),
            wire.record(owner, 16, text),
        ]
        [(heard, fields)] = dns.mdns_facts(wire.answer(*records))
        assert heard == "mdns.service"
        return fields

    def texts(*pairs: str) -> bytes:
        return b"".join(wire.vector(pair.encode(), 1) for pair in pairs)

    waiting = announced(
        "_matterc._udp.local",
        "DD200C20D25AE5F7",
        texts("D=840", "CM=2", "VP=65521+32769", "DT=257", "DN=Kitchen Lamp", "PH=36"),
    )
    assert waiting == {
        "type": "_matterc._udp.local",
        "instance": "DD200C20D25AE5F7",
        "port": "5540",
        "host": "B75AFB458ECD.local",
        "txt.d": "840",
        "txt.cm": "2",
        "txt.vp": "65521+32769",
        "txt.dt": "257",
        "txt.dn": "Kitchen Lamp",
        "txt.ph": "36",
    }
    operating = announced(
        "_matter._tcp.local", "2906C908D115D362-8FC7772401CD0696", texts("SII=3300", "T=0")
    )
    assert operating["instance"] == "2906C908D115D362-8FC7772401CD0696"
    assert operating["txt.sii"] == "3300"
    asking = announced("_matterd._udp.local", "DD200C20D25AE5F8", texts("VP=123+456", "DT=35"))
    assert (asking["type"], asking["txt.dt"]) == ("_matterd._udp.local", "35")
    subtype = wire.question("_L840._sub._matterc._udp.local", 12)
    assert dns.mdns_facts(subtype) == [("mdns.search", {"type": "_l840._sub._matterc._udp.local"})]


def test_a_search_tells_the_types_and_not_what_the_asker_knows() -> None:
    questions = wire.name("_googlecast._tcp.local") + struct.pack("!HH", 12, 1)
    questions += wire.name("_services._dns-sd._udp.local") + struct.pack("!HH", 12, 1)
    known = wire.record(wire.name("other.local"), 1, bytes([192, 168, 1, 99]))
    payload = struct.pack("!6H", 0, 0, 2, 1, 0, 0) + questions + known
    assert dns.mdns_facts(payload) == [("mdns.search", {"type": "_googlecast._tcp.local"})]


def test_only_a_clients_question_is_told() -> None:
    asked = wire.question("Example.ORG")
    assert dns.query_facts(asked) == [("dns.query", {"name": "example.org"})]
    assert dns.query_facts(wire.answer()) == []


def answered(asked: str, *records: bytes, flags: int = 0x8180, questions: int = 1) -> bytes:
    head = struct.pack("!6H", 7, flags, questions, len(records), 0, 0)
    return head + (wire.name(asked) + b"\0\1\0\1") * questions + b"".join(records)


def addresses(payload: bytes) -> list[tuple[str, str]]:
    told = dns.answer_facts(payload)
    assert all(kind == "name.address" and fields["by"] == "dns" for kind, fields in told)
    return [(fields["name"], fields["ip"]) for _, fields in told]


CHAIN = answered(
    "Cloud.Example",
    wire.record(wire.name("edge.cdn.example"), 1, bytes([203, 0, 113, 9])),  # out of order
    wire.record(b"\xc0\x0c", 5, wire.name("cdn.example")),
    wire.record(wire.name("CDN.example"), 5, wire.name("edge.cdn.example")),
    wire.record(wire.name("edge.cdn.example"), 28, bytes([0x20, 1, 0x0D, 0xB8, *[0] * 11, 1])),
    wire.record(wire.name("other.example"), 1, bytes([203, 0, 113, 66])),
)


def test_an_answer_tells_the_addresses_of_the_asked_name_through_its_aliases() -> None:
    expected = [("cloud.example", "203.0.113.9"), ("cloud.example", "2001:db8::1")]
    assert addresses(CHAIN) == expected


def test_only_a_good_answer_with_real_addresses_tells_any() -> None:
    good = wire.record(b"\xc0\x0c", 1, bytes([203, 0, 113, 9]))
    assert addresses(answered("a.example", good)) == [("a.example", "203.0.113.9")]
    assert addresses(answered("a.example", good, flags=0x8183)) == []
    assert addresses(answered("a.example", good, flags=0x0100)) == []
    assert addresses(answered("a.example", good, questions=2)) == []
    for blocked in (bytes(4), bytes([127, 0, 0, 1]), bytes([224, 0, 0, 1]), b"\1\2\3"):
        assert addresses(answered("a.example", wire.record(b"\xc0\x0c", 1, blocked))) == []
    for blocked in (bytes(16), bytes(15) + b"\1", b"\xff" + bytes(15)):
        assert addresses(answered("a.example", wire.record(b"\xc0\x0c", 28, blocked))) == []


def test_aliases_in_a_circle_and_too_many_addresses_are_bounded() -> None:
    circle = [
        wire.record(wire.name("a.example"), 5, wire.name("b.example")),
        wire.record(wire.name("b.example"), 5, wire.name("a.example")),
    ]
    many = [wire.record(b"\xc0\x0c", 1, bytes([203, 0, i >> 8, i & 255])) for i in range(200)]
    assert len(addresses(answered("a.example", *circle, *many))) == dns.ADDRESSES_MAX


def test_messages_over_tcp_stand_behind_their_length() -> None:
    stream = wire.vector(CHAIN, 2) + wire.vector(b"", 2) + wire.vector(CHAIN, 2)[:-1]
    assert dns.framed(stream) == ([CHAIN, b""], len(CHAIN) + 4)
    assert dns.framed(b"\0") == ([], 0)
    assert len(dns.framed(b"\0\0" * 999)[0]) == dns.FRAMED_MAX


def test_llmnr_tells_the_name_that_is_answered_to() -> None:
    answer = wire.answer(wire.record(wire.name("DESKTOP"), 1, bytes([192, 168, 1, 5])))
    assert dns.llmnr_facts(answer) == [("llmnr.name", {"name": "DESKTOP"})]
    assert dns.llmnr_facts(wire.question("DESKTOP")) == []


@pytest.mark.parametrize(
    "name",
    [
        b"\xc0\x0c",
        b"\x01a\xc0\x0c",
        b"\xc0\xff",
        b"\xc0",
        b"\x40" + b"a" * 64 + b"\0",
        (b"\x3f" + b"a" * 63) * 4 + b"\0",
        b"\x05ab",
    ],
    ids=["itself", "loop", "ahead", "half", "long label", "long name", "cut"],
)
def test_a_broken_name_is_no_message(name: bytes) -> None:
    head = struct.pack("!6H", 0, 0, 1, 0, 0, 0)
    assert dns.parse(head + name + b"\0\1\0\1") is None


def test_a_chain_of_pointers_ends() -> None:
    count = 2000
    pointers = b"\x01a\0" + b"".join(
        struct.pack("!H", 0xC000 | (12 if i == 0 else 15 + 2 * (i - 1))) for i in range(count)
    )
    head = struct.pack("!6H", 0, 0x8400, 1, dns.RECORDS_MAX, 0, 0)
    last = struct.pack("!H", 0xC000 | 15 + 2 * (count - 1))
    assert dns.parse(head + pointers + last + b"\0\1\0\1") is None
    chained = (
        head
        + b"\x01a\0\0\1\0\1"
        + b"".join(
            wire.record(struct.pack("!H", 0xC000 | 12), 1, b"\1\2\3\4")
            for _ in range(dns.RECORDS_MAX)
        )
    )
    message = dns.parse(chained)
    assert message is not None
    assert len(message.records) == dns.RECORDS_MAX


def test_counts_that_claim_too_much_are_bounded() -> None:
    assert dns.parse(struct.pack("!6H", 0, 0, 65535, 0, 0, 0)) is None
    assert dns.parse(struct.pack("!6H", 0, 0x8000, 0, 65535, 0, 0)) is None


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_any_octets_give_facts_or_nothing(data: st.DataObject) -> None:
    payload = bytearray(
        data.draw(
            st.sampled_from([ANNOUNCED, CHAIN, wire.question("a.b")]) | st.binary(max_size=300)
        )
    )
    for place in data.draw(st.lists(st.integers(0, max(len(payload) - 1, 0)), max_size=6)):
        if payload:
            payload[place] = data.draw(st.integers(0, 255))
    for facts in (dns.mdns_facts, dns.query_facts, dns.llmnr_facts, dns.answer_facts):
        for _, fields in facts(bytes(payload)):
            assert all(value.isprintable() and len(value) <= 255 for value in fields.values())
