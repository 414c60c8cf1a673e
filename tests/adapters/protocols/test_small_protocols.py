"""HTTP, SSDP, DHCP, NetBIOS, CoAP and MQTT: what each says, and that nothing breaks them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.protocols import coap, dhcp, http, lldp, mqtt, netbios

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.protocols.text import Facts

NOTIFY = (
    b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\n"
    b"NTS: ssdp:alive\r\nUSN: uuid:1::upnp:rootdevice\r\nServer: Linux UPnP/1.0 Lamp/2\r\n"
    b"LOCATION: http://192.168.1.20/d.xml\r\n\r\n"
)
ANNOUNCED = {
    "nt": "upnp:rootdevice",
    "usn": "uuid:1::upnp:rootdevice",
    "server": "Linux UPnP/1.0 Lamp/2",
    "location": "http://192.168.1.20/d.xml",
}
SEARCH = b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\nUSER-AGENT: app\r\n\r\n'


def test_ssdp_announcements_answers_and_searches() -> None:
    assert http.ssdp_facts(NOTIFY) == [("ssdp.notify", ANNOUNCED)]
    answer = NOTIFY.replace(b"NOTIFY * HTTP/1.1", b"HTTP/1.1 200 OK").replace(b"\nNT:", b"\nST:")
    assert http.ssdp_facts(answer) == [("ssdp.notify", ANNOUNCED)]
    assert http.ssdp_facts(NOTIFY.replace(b"alive", b"byebye")) == []
    assert http.ssdp_facts(SEARCH) == [("ssdp.search", {"st": "ssdp:all", "user_agent": "app"})]


def test_the_first_of_equal_headers_counts_and_bodies_are_not_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nServer: one\r\nserver: two\r\n\r\n"
    assert http.response_facts(head) == [("http.response", {"server": "one"})]
    assert http.response_facts(b"HTTP/1.1 200 OK\r\nDate: x\r\n\r\nab\r\nServer: body\r\n") == []


def test_a_request_keeps_no_secret_behind_the_question_mark() -> None:
    [(_, fields)] = http.request_facts(b"GET /a?user=me&password=x HTTP/1.1\r\nHost: A.b\r\n\r\n")
    assert fields == {"method": "GET", "path": "/a", "host": "a.b"}


def test_dhcp_options_are_joined_when_split_and_ignored_when_cut() -> None:
    message = dhcp.parse(wire.dhcp([(12, b"lam"), (0, b""), (12, b"p")]))
    assert message.client_facts == [("dhcp.request", {"hostname": "lamp"})]
    fqdn = b"\x04\0\0" + wire.name("lamp.home")
    [(_, fields)] = dhcp.parse(wire.dhcp([(81, fqdn), (50, bytes([192, 168, 1, 9]))])).client_facts
    assert fields == {"hostname": "lamp.home", "requested_ip": "192.168.1.9"}
    assert dhcp.parse(wire.dhcp([])[:200]) == dhcp.NOTHING
    cut = wire.dhcp([(12, b"lamp")])[:-3]
    assert dhcp.parse(cut).client_facts == []


MUD_URL = b"https://maker.example/lamp.json"


def test_dhcp_options_may_overflow_into_the_fields_before_them() -> None:
    whole = wire.dhcp([(12, b"la"), (52, b"\x03")])
    file = b"\x0c\x01m\xff".ljust(128, b"\0")
    server_name = b"\x0c\x01p\xff".ljust(64, b"\0")
    overflowing = whole[:44] + server_name + file + whole[236:]
    assert dhcp.parse(overflowing).client_facts == [("dhcp.request", {"hostname": "lamp"})]
    # Without the option these fields are what they are named.
    plain = wire.dhcp([(12, b"la")])
    named = plain[:44] + server_name + file + plain[236:]
    assert dhcp.parse(named).client_facts == [("dhcp.request", {"hostname": "la"})]


def test_dhcp_tells_the_clients_identifier_and_the_url_of_what_it_should_do() -> None:
    options = [(61, b"\xff\0\1\2\3" + bytes(200)), (161, MUD_URL[:10]), (161, MUD_URL[10:])]
    [(_, fields)] = dhcp.parse(wire.dhcp(options)).client_facts
    assert fields["mud_url"] == MUD_URL.decode()
    assert fields["client_id"].startswith("ff00010203")
    assert len(fields["client_id"]) == 2 * dhcp.CLIENT_ID_OCTETS_MAX


@pytest.mark.parametrize(
    "raw",
    [
        b"http://maker.example/a",
        b"https://a b",
        b"ftp:",
        b"",
        b"https://" + b"a" * 250,
        b"\xff\xfe",
    ],
)
def test_what_is_no_https_url_is_no_mud_url(raw: bytes) -> None:
    assert dhcp.url(raw) == ""


@pytest.mark.parametrize(("code", "message"), [(2, "offer"), (5, "ack"), (6, "nak")])
def test_a_dhcp_server_tells_what_it_is_to_everyone(code: int, message: str) -> None:
    options = [(53, bytes([code])), (54, bytes([192, 168, 1, 1])), (3, b"\1\2\3\4")]
    options.append((6, b"\x09\x09\x09\x09" + bytes(4) + b"\1\1\1\1" * 20))
    told = dhcp.parse(wire.dhcp(options, reply=True))
    resolvers = "9.9.9.9,1.1.1.1,1.1.1.1"
    expected = {"router": "1.2.3.4", "dns": resolvers, "server": "192.168.1.1", "message": message}
    assert told.server_facts == [("dhcp.offer", expected)]
    given = [("address.ipv4", {"ip": wire.PHONE_IP})] if message == "ack" else []
    assert told.client_facts == given
    assert dhcp.parse(wire.dhcp([(53, b"\x01")], reply=True)) == dhcp.NOTHING


def field(kind: int, value: bytes) -> bytes:
    return (kind << 9 | len(value)).to_bytes(2) + value


LLDP = (
    field(1, b"\x04\2\0\0\0\0\1")
    + field(2, b"\x07port")
    + field(3, b"\0x")
    + field(127, b"\x00\x80\xc2\x01\0\1")
    + field(127, b"\x00\x00\x5e\x01" + MUD_URL)
    + field(5, b"lamp")
    + field(6, b"Lamp OS 1.2")
    + field(0, b"")
)


def test_lldp_tells_name_description_and_mud_url() -> None:
    expected = {"name": "lamp", "description": "Lamp OS 1.2", "mud_url": MUD_URL.decode()}
    assert lldp.facts(LLDP) == [("lldp.says", expected)]
    assert lldp.facts(LLDP[:20]) == []
    assert lldp.facts(b"\x04" + LLDP[1:]) == []


def test_dhcpv6_tells_name_class_and_wishes() -> None:
    def option(code: int, value: bytes) -> bytes:
        return struct.pack("!HH", code, len(value)) + value

    vendor = struct.pack("!IH", 9, 5) + b"maker"
    payload = b"\x01abc" + option(6, b"\0\x17\0\x18") + option(16, vendor)
    payload += option(39, b"\0" + wire.name("lamp.home"))
    payload += option(1, b"\0\3\0\1\2\0\0\0\0\1") + option(112, MUD_URL)
    expected = {
        "fqdn": "lamp.home",
        "vendor_class": "maker",
        "options": "23,24",
        "duid": "00030001020000000001",
        "mud_url": MUD_URL.decode(),
    }
    assert dhcp.facts6(payload) == [("dhcp6.request", expected)]
    assert dhcp.facts6(b"\x02" + payload[1:]) == []


def encoded(name: str, suffix: int) -> bytes:
    octets = name.encode().ljust(15) + bytes([suffix])
    return b"\x20" + b"".join(bytes([65 + (o >> 4), 65 + (o & 15)]) for o in octets) + b"\0"


def test_netbios_names_are_told_by_those_who_claim_them() -> None:
    claim = struct.pack("!6H", 1, 0x2910, 1, 0, 0, 1) + encoded("DESKTOP", 0x20)
    claim += struct.pack("!HH", 0x20, 1) + b"\xc0\x0c" + bytes(16)
    told = [("netbios.name", {"name": "DESKTOP", "suffix": "20"})]
    assert netbios.name_facts(claim) == told
    query = struct.pack("!6H", 1, 0x0110, 1, 0, 0, 0) + encoded("OTHER", 0) + b"\0\x20\0\1"
    assert netbios.name_facts(query) == []
    answer = struct.pack("!6H", 1, 0x8500, 0, 1, 0, 0) + encoded("DESKTOP", 0x20)
    address = struct.pack("!HHIHH4s", 0x20, 1, 60, 6, 0, bytes([192, 168, 1, 5]))
    assert netbios.name_facts(answer + address) == told
    entries = b"\x02" + b"DESKTOP".ljust(15) + b"\x20\x04\0" + b"GROUP".ljust(15) + b"\0\x84\0"
    status = struct.pack("!6H", 1, 0x8400, 0, 1, 0, 0) + encoded("*", 0)
    status += struct.pack("!HHIH", 0x21, 1, 0, len(entries)) + entries
    assert netbios.name_facts(status) == told
    datagram = bytes([0x11, 2]) + bytes(12) + encoded("DESKTOP", 0x20) + encoded("GROUP", 0x1D)
    assert netbios.datagram_facts(datagram) == told


def test_coap_roles_and_paths() -> None:
    get = b"\x42\x01\x00\x01" + b"tk" + b"\xb7sensors\x04temp" + b"\xff..."
    assert coap.facts(get) == [("coap.message", {"role": "client", "path": "/sensors/temp"})]
    long = b"\x40\x01\x00\x01" + b"\xbd\x02" + b"x" * 15
    assert coap.facts(long) == [("coap.message", {"role": "client", "path": "/" + "x" * 15})]
    assert coap.facts(b"\x60\x45\x00\x01\xff21") == [("coap.message", {"role": "server"})]
    assert coap.facts(b"\x40\x01\x00\x01\xf0") == []
    assert coap.facts(b"\x40\x00\x00\x01") == []


@pytest.mark.parametrize("level", [3, 4, 5])
def test_mqtt_tells_the_client_and_keeps_its_user_name_unread(level: int) -> None:
    name = b"\0\6MQIsdp" if level == 3 else b"\0\4MQTT"
    properties = b"\x05\x11\0\0\0\1" if level == 5 else b""
    body = name + bytes([level, 0xC2, 0, 60]) + properties + b"\0\4lamp\0\2me\0\2pw"
    payload = b"\x10" + bytes([len(body)]) + body
    expected = {"role": "client", "client_id": "lamp", "username_present": "yes"}
    assert mqtt.connect_facts(payload) == [("mqtt.connect", expected)]
    assert mqtt.connack_facts(b"\x20\x02\x00\x00") == [("mqtt.connect", {"role": "server"})]
    assert mqtt.connect_facts(payload[: -len(b"lamp\0\2me\0\2pw")]) == []


def _dhcp(payload: bytes) -> Facts:
    message = dhcp.parse(payload)
    return message.client_facts + message.server_facts


SAMPLES: list[tuple[Callable[[bytes], Facts], bytes]] = [
    (http.ssdp_facts, NOTIFY),
    (http.request_facts, b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\n\r\n"),
    (http.response_facts, b"HTTP/1.1 200 OK\r\nServer: a\r\n\r\n"),
    (_dhcp, wire.dhcp([(53, b"\x05"), (12, b"lamp"), (3, b"\1\2\3\4"), (81, b"\4\0\0\3abc\0")])),
    (dhcp.facts6, b"\x01abc\0\6\0\2\0\x17\0\x10\0\7\0\0\0\1\0\1a"),
    (lldp.facts, LLDP),
    (netbios.name_facts, struct.pack("!6H", 1, 0x2910, 1, 0, 0, 1) + encoded("A", 0)),
    (netbios.datagram_facts, bytes([0x11, 2]) + bytes(12) + encoded("A", 0)),
    (coap.facts, b"\x42\x01\x00\x01tk\xb7sensors\x04temp"),
    (mqtt.connect_facts, b"\x10\x12\0\4MQTT\5\2\0\0\5\x11\0\0\0\1\0\1a"),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample[0].__qualname__)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_octets_give_facts_or_nothing(
    sample: tuple[Callable[[bytes], Facts], bytes], data: st.DataObject
) -> None:
    facts, valid = sample
    payload = bytearray(data.draw(st.just(valid) | st.binary(max_size=400)))
    for place in data.draw(st.lists(st.integers(0, max(len(payload) - 1, 0)), max_size=6)):
        if payload:
            payload[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(payload)))
    for octets in (bytes(payload), bytes(payload[:end])):
        for _, fields in facts(octets):
            assert all(value.isprintable() and len(value) <= 300 for value in fields.values())
