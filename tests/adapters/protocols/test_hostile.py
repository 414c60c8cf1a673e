"""Hostile names and floods, given to every decoder in the form that each expects."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.capture import wire
from adapters.protocols.test_mqtt_home import LAMP_TOPIC
from adapters.protocols.test_quic import crypto, protect
from adapters.protocols.test_small_protocols import encoded, field
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.protocols import (
    coap,
    dhcp,
    dns,
    echonet,
    http,
    lldp,
    mqtt,
    mqtt_home,
    netbios,
    quic,
    tls,
)
from omamori.adapters.protocols.reached import reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.protocols.text import Facts
    from omamori.hub.sighting import Sighting

HOSTILE = {
    "right to left": "lamp\u202egnp.exe\u2066\u2069",
    "control": "lamp\x1b[2J\x07\x00\x9b\r\nSet-Cookie: a",
    "invisible": "l\u200ba\u200dm\ufeffp\u00ad\u2060",
    "separators": "la\u2028mp\u2029",
    "private use": "\ue000\U000f0000",
    "markup": "<script>alert(1)</script>",
    "half": "\udcff\udc80",
    "many marks": "a" + "\u0301" * 500,
    "long": "x" * 5000,
}
FIELDS_MAX = 64  # of one fact
FACTS_MAX = 600  # of one payload: DNS records, Zigbee things, ECHONET objects
TEXT_MAX = 512  # an ECHONET value in hexadecimal digits; everything else is shorter


def label(raw: bytes, width: int = 1) -> bytes:
    return wire.vector(raw[: 256**width - 1], width)


def _dhcp(raw: bytes) -> Facts:
    options = [(12, raw[:250]), (60, raw[:250]), (161, b"https://" + raw[:200]), (61, raw[:250])]
    message = dhcp.parse(wire.dhcp(options))
    return message.client_facts + message.server_facts


def _dhcp6(raw: bytes) -> Facts:
    def option(code: int, value: bytes) -> bytes:
        return struct.pack("!HH", code, len(value)) + value

    name = option(39, b"\0" + label(raw[:63]) + b"\0")
    raw = raw[:10_000]
    vendor = option(16, bytes(4) + label(raw, 2))
    return dhcp.facts6(b"\1abc" + name + vendor + option(1, raw) + option(112, raw))


def _records(raw: bytes) -> bytes:
    owner = label(raw[:63]) + wire.name("_hap._tcp.local")
    text = b"".join(label(part) for part in (b"md=" + raw[:250], raw[:200] + b"=x", raw[:255]))
    return wire.answer(
        wire.record(owner, 16, text),
        wire.record(owner, 33, bytes(6) + label(raw[:63]) + b"\0"),
        wire.record(label(raw[:63]) + b"\0", 1, bytes([192, 168, 1, 5])),
        wire.record(wire.name("_hap._tcp.local"), 12, owner),
    )


def _asked(raw: bytes) -> bytes:
    head = struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0) + label(raw[:63]) + b"\0\0\1\0\1"
    return head + wire.record(b"\xc0\x0c", 1, bytes([203, 0, 113, 9]))


def _question(raw: bytes) -> bytes:
    return struct.pack("!6H", 7, 0, 1, 0, 0, 0) + label(raw[:63]) + b"\0\0\x0c\0\1"


def _head(raw: bytes) -> bytes:
    names = (b"Host", b"User-Agent", b"Server", b"NT", b"USN", b"LOCATION", b"ST")
    return b"".join(name + b": " + raw + b"\r\n" for name in names) + b"\r\n"


def _hello(raw: bytes) -> bytes:
    names = label(label(raw[:255]), 2)
    server = label(b"\0" + label(raw[:10_000], 2), 2)
    return wire.client_hello(extensions=((0, server), (16, names)))


def _discovery(raw: bytes) -> Facts:
    text = raw.decode("utf-8", "replace")
    device = {"ids": text, "name": text, "mf": text, "mdl": text, "via_device": "x"}
    one = json.dumps({"device": device}).encode()
    listed = json.dumps([{"ieee_address": text, "friendly_name": text}]).encode()
    found = mqtt_home.children(LAMP_TOPIC, one) + mqtt_home.children("z/bridge/devices", listed)
    return [("bridge.child", child.fields) for child in found]


def _path(raw: bytes) -> bytes:
    """A GET whose Uri-Path has an option length of two octets (RFC 7252 §3.1)."""
    raw = raw.ljust(269, b"/")[:60_000]
    return b"\x40\x01\0\1\xbe" + (len(raw) - 269).to_bytes(2) + raw


def _connect(raw: bytes) -> bytes:
    body = b"\0\4MQTT\4\2\0\0" + label(raw[:60], 2)
    return b"\x10" + bytes([len(body)]) + body


DECODERS: dict[str, Callable[[bytes], Facts]] = {
    "coap": lambda raw: coap.facts(_path(raw)),
    "dhcp": _dhcp,
    "dhcp6": _dhcp6,
    "dns answer": lambda raw: dns.answer_facts(_asked(raw)),
    "dns query": lambda raw: dns.query_facts(_question(raw)),
    "echonet": lambda raw: echonet.sightings(
        bytes.fromhex("1081000005ff01 0ef001 72018c") + label(raw[:255])
    ),
    "http request": lambda raw: http.request_facts(b"GET /" + raw + b" HTTP/1.1\r\n" + _head(raw)),
    "http response": lambda raw: http.response_facts(b"HTTP/1.1 200 OK\r\n" + _head(raw)),
    "lldp": lambda raw: lldp.facts(
        field(1, b"x") + field(5, raw[:500]) + field(6, raw[:500]) + field(0, b"")
    ),
    "llmnr": lambda raw: dns.llmnr_facts(_records(raw)),
    "mdns": lambda raw: dns.mdns_facts(_records(raw)),
    "mdns search": lambda raw: dns.mdns_facts(_question(b"_" + raw)),
    "mqtt connect": lambda raw: mqtt.connect_facts(_connect(raw)),
    "mqtt discovery": _discovery,
    "netbios": lambda raw: (
        netbios.datagram_facts(
            bytes([0x11, 2]) + bytes(12) + encoded(raw.decode("latin-1")[:15], 0)[:34]
        )
        if raw.isascii()
        else []
    ),
    "quic": lambda raw: quic.Hellos().read(b"a", protect(crypto(0, _hello(raw)[5:])))[0],
    "reached": lambda raw: reached([("tls.client", {"sni": raw.decode("utf-8", "replace")})], "")[
        1:
    ],
    "ssdp": lambda raw: http.ssdp_facts(b"NOTIFY * HTTP/1.1\r\n" + _head(raw)),
    "ssdp search": lambda raw: http.ssdp_facts(b"M-SEARCH * HTTP/1.1\r\n" + _head(raw)),
    "tls": lambda raw: tls.facts(_hello(raw)),
}


def check(facts: Facts) -> None:
    assert len(facts) <= FACTS_MAX
    for kind, fields in facts:
        assert len(fields) <= FIELDS_MAX, kind
        for name, value in fields.items():
            assert value.isprintable(), (kind, name)
            assert name.isprintable(), (kind, name)
            assert len(value) <= TEXT_MAX, (kind, name)


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_are_cleaned_and_cut(name: str, raw: str) -> None:
    check(DECODERS[name](raw.encode("utf-8", "surrogateescape")))


@pytest.mark.parametrize("name", DECODERS)
def test_a_harmless_name_is_told(name: str) -> None:
    """Else the others would pass because nothing is read at all."""
    assert DECODERS[name](b"_lamp.example" if name == "mdns search" else b"lamp.example")


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_name_is_cleaned_and_cut(name: str, raw: bytes) -> None:
    check(DECODERS[name](raw))


def test_ten_megabytes_of_text_records_over_tcp_cost_a_bounded_memory() -> None:
    told: list[Sighting] = []
    decoder = Decoder(told.append)
    payload = struct.pack("!6H", 7, 0x8180, 0, 65535, 0, 0)
    payload += wire.record(wire.name("a.local"), 16, label(b"k=" + b"x" * 200) * 300)
    stream = wire.vector(payload.ljust(65535, b"x")[:65535], 2)
    for port in (53, 80, 443, 1883, 5353, 40000):
        sequence = 1
        for _ in range(10_000_000 // 1460 // 6):
            at = sequence % 60_000
            segment = wire.tcp(stream[at : at + 1460], port, 40000, sequence=sequence)
            packet = wire.ipv4(segment, 6, wire.ROUTER_IP, wire.PHONE_IP)
            decoder.hear([(1.0, 1, wire.ether(packet, 0x0800, wire.ROUTER, wire.PHONE))])
            sequence += 1460
    held = decoder._talk._openings._held.values()
    assert sum(len(one.octets) for one in held) <= 6 * 20_000
    assert len(told) < 20


def test_ten_megabytes_given_to_a_decoder_at_once_tell_no_more_than_a_little() -> None:
    huge = b"x" * 10_000_000
    for decode in DECODERS.values():
        check(decode(huge))
    check(dns.mdns_facts(wire.answer(*[_records(b"a" * 60)[12:]] * 20)))
