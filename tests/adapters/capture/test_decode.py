"""Frames to sightings: who said what, once, and never about the wrong thing."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.capture import flows, recent, talk
from omamori.adapters.capture import frames as links
from omamori.adapters.capture.decode import SEEN_AGAIN_AFTER_S, TOLD_AGAIN_AFTER_S, Decoder
from omamori.adapters.capture.link import LINKS
from omamori.adapters.capture.told import FACTS_PER_SOURCE_AND_KIND_MAX
from omamori.hub.sighting import KINDS, Sighting

Told = list[tuple[str, str, dict[str, str]]]
LINK_LOCAL = "fe80::1"
GLOBAL = "2001:db8:1::10"


def hear(*frames: bytes, link: int = links.ETHERNET, strangers: bool = False) -> Told:
    told: list[Sighting] = []
    decoder = Decoder(told.append, strangers=strangers)
    # Each frame its own batch, and then all at once: both ways must tell the same.
    for frame in frames:
        decoder.hear([(100.0, link, frame)])
    again: list[Sighting] = []
    Decoder(again.append, strangers=strangers).hear([(100.0, link, frame) for frame in frames])
    assert told == again
    return [(sighting.source, sighting.kind, sighting.fields) for sighting in told]


def facts(told: Told, kind: str) -> list[dict[str, str]]:
    return [fields for _, heard, fields in told if heard == kind]


DNS = wire.udp(wire.question("example.org"), 40000, 53)


def test_a_question_tells_the_address_the_service_and_the_name() -> None:
    assert hear(wire.ether(wire.ipv4(DNS, 17), 0x0800)) == [
        (wire.PHONE, "address.ipv4", {"ip": wire.PHONE_IP}),
        (wire.PHONE, "talk.service", {"proto": "udp", "port": "53", "role": "uses"}),
        (wire.PHONE, "dns.query", {"name": "example.org"}),
    ]


CARRIED = wire.ipv4(DNS, 17)
COOKED = struct.pack("!HHH8sH", 0, 1, 6, wire.mac(wire.PHONE) + b"\0\0", 0x0800)
COOKED2 = struct.pack("!HHIHBB8s", 0x0800, 0, 1, 1, 0, 6, wire.mac(wire.PHONE) + b"\0\0")
ETHERNET = wire.ether(CARRIED, 0x0800)


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (links.ETHERNET, wire.ether(struct.pack("!HH", 5, 0x0800) + CARRIED, 0x8100)),
        (
            links.ETHERNET,
            wire.ether(struct.pack("!HHHH", 5, 0x8100, 6, 0x0800) + CARRIED, 0x88A8),
        ),
        (
            links.ETHERNET,
            wire.ether(b"\xaa\xaa\x03\0\0\0\x08\0" + CARRIED, len(CARRIED) + 8),
        ),
        (links.LINUX_SLL, COOKED + CARRIED),
        (links.LINUX_SLL2, COOKED2 + CARRIED),
        (links.PPI, struct.pack("<BBHI", 0, 0, 12, 1) + b"\0" * 4 + ETHERNET),
        (links.ETHERNET, ETHERNET + b"\0" * 7),
        (links.ETHERNET, wire.ether(wire.ipv4(DNS, 17, options=3), 0x0800)),
    ],
    ids=["VLAN", "QinQ", "SNAP", "cooked", "cooked 2", "PPI", "padded", "IP options"],
)
def test_whatever_wraps_it_the_same_is_told(link: int, frame: bytes) -> None:
    assert hear(frame, link=link) == hear(ETHERNET)


@pytest.mark.parametrize(
    ("link", "before"),
    [
        (links.RAW, b""),
        (links.IPV4, b""),
        (links.NULL, b"\x02\0\0\0"),
        (links.LOOP, b"\0\0\0\x02"),
    ],
)
def test_without_a_hardware_address_the_ip_address_speaks(link: int, before: bytes) -> None:
    told = hear(before + CARRIED, link=link)
    assert {source for source, _, _ in told} == {f"ip:{wire.PHONE_IP}"}
    assert facts(told, "dns.query") == [{"name": "example.org"}]


@pytest.mark.parametrize(("link", "name"), [(127, "802.11 (radiotap)"), (227, "CAN"), (9999, "")])
def test_a_link_that_is_not_understood_is_counted_and_named(link: int, name: str) -> None:
    decoder = Decoder(lambda _: pytest.fail("nothing can be told"))
    decoder.hear([(1.0, link, b"anything")] * 3)
    assert decoder.not_understood == {name or "link type 9999": 3}


def test_a_protocol_that_is_not_understood_is_counted_and_named() -> None:
    decoder = Decoder(lambda _: pytest.fail("nothing can be told"))
    can = struct.pack("!HHH8sH", 0, 280, 0, b"", 0x000C) + bytes(16)
    decoder.hear([(1.0, links.LINUX_SLL, can), (1.0, 1, wire.ether(bytes(50), 0x1234))])
    assert decoder.not_understood == {"CAN": 1, "0x1234": 1}


def test_what_is_repeated_is_told_once_and_presence_every_minute() -> None:
    told: list[Sighting] = []
    decoder = Decoder(told.append)
    start = 5000.0
    seconds = range(0, int(TOLD_AGAIN_AFTER_S) + 120, 10)
    for second in seconds:
        question = wire.question("example.org", number=second)
        port = 40000 + second  # a client changes port and number with each question
        decoder.hear([(start + second, 1, wire.udp_frame(question, port, 53))])
    asked = [sighting.at - start for sighting in told if sighting.kind == "dns.query"]
    seen = [sighting.at - start for sighting in told if sighting.kind == "address.ipv4"]
    assert asked == [0.0, TOLD_AGAIN_AFTER_S]
    assert seen == [float(at) for at in seconds if at % SEEN_AGAIN_AFTER_S == 0]


def test_time_that_jumps_back_begins_anew() -> None:
    told: list[Sighting] = []
    decoder = Decoder(told.append)
    frame = wire.udp_frame(wire.question("example.org"), 40000, 53)
    decoder.hear([(1e9, 1, frame), (1e8, 1, frame), (1e8 + 1, 1, frame)])
    assert [sighting.at for sighting in told if sighting.kind == "dns.query"] == [1e9, 1e8]


def test_a_frame_from_the_internet_is_not_about_the_router() -> None:
    segment = wire.tcp(b"HTTP/1.1 200 OK\r\nServer: far\r\n\r\n", 80, 50000)
    far = wire.ipv4(segment, 6, wire.FAR_IP, wire.PHONE_IP, hops=57)
    question = wire.ipv4(DNS, 17, wire.FAR_IP, hops=57)
    frames = [wire.ether(octets, 0x0800, wire.ROUTER) for octets in (far, question)]
    assert hear(*frames) == []
    told = hear(*frames, strangers=True)
    assert {source for source, _, _ in told} == {f"ip:{wire.FAR_IP}"}
    assert facts(told, "http.response") == [{"server": "far"}]


def test_a_public_address_counts_once_arp_confirms_it() -> None:
    frame = wire.ether(wire.ipv4(DNS, 17, wire.FAR_IP), 0x0800)
    question = wire.question("other.example")
    later = wire.ether(wire.ipv4(wire.udp(question, 40001, 53), 17, wire.FAR_IP), 0x0800)
    told = hear(frame, wire.arp(wire.PHONE, wire.FAR_IP), later)
    assert told[0] == (wire.PHONE, "address.ipv4", {"ip": wire.FAR_IP})
    assert facts(told, "dns.query") == [{"name": "other.example"}]


def test_who_announces_another_hardware_address_by_arp_is_not_believed() -> None:
    lie = bytearray(wire.arp(wire.PHONE, wire.PHONE_IP))
    lie[22:28] = wire.mac(wire.LAMP)
    probe = wire.arp(wire.PHONE, "0.0.0.0")
    assert hear(bytes(lie), probe) == []


def neighbour(kind: int, target: str, source: str, hops: int = 255, options: bytes = b"") -> bytes:
    body = struct.pack("!BBHI", kind, 0, 0, 0) + ip_address(target).packed + options
    return wire.ether(wire.ipv6(body, 58, source, "ff02::1", hops), 0x86DD)


def test_neighbour_discovery_confirms_addresses_only_from_this_link() -> None:
    address = {"ip": GLOBAL}
    assert facts(hear(neighbour(136, GLOBAL, LINK_LOCAL)), "address.ipv6")[0] == address
    assert facts(hear(neighbour(135, GLOBAL, "::")), "address.ipv6") == [address]
    assert facts(hear(neighbour(135, LINK_LOCAL, GLOBAL)), "address.ipv6") == [address]
    assert hear(neighbour(136, GLOBAL, "2001:db8:2::1", hops=254)) == []


def test_a_router_announces_itself_and_its_prefix_is_near() -> None:
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 0, 0, 0) + ip_address("2001:db8:1::").packed
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    body += b"\x01\x01" + wire.mac(wire.ROUTER) + prefix
    router = wire.ether(wire.ipv6(body, 58, "fe80::fe", "ff02::1", 255), 0x86DD, wire.ROUTER)
    client = wire.ether(wire.ipv6(DNS, 17, GLOBAL, "2001:db8::53"), 0x86DD)
    assert hear(client) == []
    told = hear(router, client)
    said = {"prefix": "2001:db8:1::/64", "mac": wire.ROUTER, "lifetime": "1800"}
    assert facts(told, "icmp6.router") == [said]
    assert facts(told, "dns.query") == [{"name": "example.org"}]
    bare = wire.ether(wire.ipv6(body[:16], 58, "fe80::fe", "ff02::1", 255), 0x86DD, wire.ROUTER)
    assert facts(hear(bare), "icmp6.router") == [{"mac": wire.ROUTER, "lifetime": "1800"}]


def test_extension_headers_are_passed() -> None:
    hop = bytes([60, 0]) + bytes(6)
    destination = bytes([17, 1]) + bytes(14)
    packet = wire.ipv6(hop + destination + DNS, 0, LINK_LOCAL, "fe80::2")
    assert facts(hear(wire.ether(packet, 0x86DD)), "dns.query") == [{"name": "example.org"}]


LONG = wire.udp(
    wire.answer(wire.record(wire.name("lamp.local"), 1, b"\xc0\xa8\x01\x14")), 5353, 5353
)


def pieces4(*parts: tuple[int, int, bool]) -> list[bytes]:
    return [
        wire.ether(
            wire.ipv4(
                LONG[begin:end], 17, identification=9, fragment=begin // 8 | (0x2000 if more else 0)
            ),
            0x0800,
        )
        for begin, end, more in parts
    ]


def piece6(begin: int, end: int, *, more: bool) -> bytes:
    head = struct.pack("!BBHI", 17, 0, begin | more, 77)
    return wire.ether(wire.ipv6(head + LONG[begin:end], 44, LINK_LOCAL, "ff02::fb"), 0x86DD)


def test_fragments_are_put_together_in_any_order() -> None:
    size = len(LONG)
    named = [{"name": "lamp.local", "ip": "192.168.1.20"}]
    in_order = pieces4((0, 16, True), (16, 32, True), (32, size, False))
    assert facts(hear(*in_order), "mdns.name") == named
    assert facts(hear(*reversed(in_order)), "mdns.name") == named
    assert facts(hear(*in_order[:2]), "mdns.name") == []
    six = [piece6(0, 24, more=True), piece6(24, size, more=False)]
    assert facts(hear(*six), "mdns.name") == named
    assert facts(hear(*reversed(six)), "mdns.name") == named


def test_overlapping_fragments_are_refused_whole() -> None:
    overlapping = pieces4((0, 24, True), (16, 32, True), (32, len(LONG), False))
    assert facts(hear(*overlapping), "mdns.name") == []


HELLO = wire.client_hello("cloud.example", ("h2",), extensions=((0x0A0A, bytes(1500)),))


def test_a_hello_in_two_segments_is_read_whole() -> None:
    parts = [HELLO[:700], HELLO[700:]]
    frames = [
        wire.tcp_frame(b"", 50000, 443, sequence=0, flags=2),
        wire.tcp_frame(parts[0], 50000, 443, sequence=1),
        wire.tcp_frame(b"", 50000, 443, sequence=701, flags=16),
        wire.tcp_frame(parts[1], 50000, 443, sequence=701),
    ]
    [hello] = facts(hear(*frames), "tls.client")
    assert (hello["sni"], hello["alpn"]) == ("cloud.example", "h2")
    lost = wire.tcp_frame(parts[1], 50000, 443, sequence=9999)
    assert facts(hear(frames[1], lost), "tls.client") == []


def test_a_request_head_in_two_segments_is_read_whole() -> None:
    head = b"GET /setup.xml?token=secret HTTP/1.1\r\nHost: Lamp.local\r\nUser-Agent: app/1\r\n\r\n"
    frames = [
        wire.tcp_frame(head[:50], 50000, 80, sequence=1),
        wire.tcp_frame(head[50:], 50000, 80, sequence=51),
    ]
    expected = {
        "host": "lamp.local",
        "method": "GET",
        "path": "/setup.xml",
        "user_agent": "app/1",
    }
    assert facts(hear(*frames), "http.request") == [expected]


def test_who_accepts_a_connection_offers_the_service() -> None:
    frames = [
        wire.tcp_frame(b"", 50000, 8123, flags=2),
        wire.tcp_frame(b"", 50000, 4567, flags=2),
        wire.tcp_frame(b"", 4567, 50000, flags=18),
    ]
    assert facts(hear(*frames), "talk.service") == [
        {"proto": "tcp", "port": "8123", "role": "uses"},
        {"proto": "tcp", "port": "4567", "role": "offers"},
    ]


def test_dhcp_is_about_the_client_it_names() -> None:
    request = wire.dhcp([(53, b"\x03"), (12, b"lamp"), (60, b"maker 1"), (55, b"\x01\x03\x06")])
    frame = wire.ether(
        wire.ipv4(wire.udp(request, 68, 67), 17, "0.0.0.0", "255.255.255.255"), 0x0800
    )
    expected = {"hostname": "lamp", "vendor_class": "maker 1", "parameters": "1,3,6"}
    assert hear(frame) == [(wire.PHONE, "dhcp.request", expected)]
    router = ip_address(wire.ROUTER_IP).packed
    reply = wire.dhcp([(53, b"\x05"), (3, router), (6, router)], reply=True)
    answer = wire.ipv4(wire.udp(reply, 67, 68), 17, wire.ROUTER_IP, wire.PHONE_IP)
    told = hear(wire.ether(answer, 0x0800, wire.ROUTER))
    assert told[:2] == [
        (wire.PHONE, "address.ipv4", {"ip": wire.PHONE_IP}),
        (
            wire.ROUTER,
            "dhcp.offer",
            {"router": wire.ROUTER_IP, "dns": wire.ROUTER_IP, "message": "ack"},
        ),
    ]


def test_a_flood_of_facts_is_cut_and_counted() -> None:
    told: list[Sighting] = []
    decoder = Decoder(told.append)
    many = FACTS_PER_SOURCE_AND_KIND_MAX * 3
    decoder.hear(
        [(1.0, 1, wire.udp_frame(wire.question(f"n{i}.example"), 40000, 53)) for i in range(many)]
    )
    asked = [sighting for sighting in told if sighting.kind == "dns.query"]
    assert len(asked) == FACTS_PER_SOURCE_AND_KIND_MAX
    assert decoder.told.dropped == many - FACTS_PER_SOURCE_AND_KIND_MAX


def test_memory_of_flows_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "DIRECTIONS_MAX", 100)
    monkeypatch.setattr(talk, "PAYLOADS_REMEMBERED", 100)
    decoder = Decoder(lambda _: None)
    for port in range(1024, 3024):
        decoder.hear(
            [
                (1.0, 1, wire.tcp_frame(b"hello", port, 9)),
                (1.0, 1, wire.tcp_frame(b"GET / HTTP/1.1\r\n\r\n", port, 80)),
                (1.0, 1, wire.tcp_frame(b"GET / HTTP", port, 81)),
                (1.0, 1, wire.udp_frame(port.to_bytes(4), port, 9)),
            ]
        )
    held = decoder._talk
    assert len(held.said) <= 200
    assert len(decoder._flows) <= 100
    assert len(held._openings) <= 256


def test_recent_keeps_the_latest_and_forgets_the_rest() -> None:
    lately: recent.Recent[int] = recent.Recent(10)
    for number in range(1000):
        lately.add(number)
    assert all(lately.has(number) for number in range(990, 1000))
    assert not lately.has(900)
    assert len(lately) <= 20


FRAMES = [
    wire.arp(wire.PHONE, wire.PHONE_IP),
    wire.udp_frame(wire.question("example.org"), 40000, 53),
    wire.ether(wire.ipv4(LONG, 17), 0x0800),
    wire.udp_frame(wire.dhcp([(53, b"\x03"), (12, b"lamp")]), 68, 67),
    wire.tcp_frame(wire.client_hello("cloud.example"), 50000, 443),
    wire.tcp_frame(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 50000, 80),
    neighbour(136, GLOBAL, LINK_LOCAL),
    piece6(0, 24, more=True),
    COOKED + CARRIED,
]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_frames_give_printable_sightings_or_nothing(data: st.DataObject) -> None:
    batch = []
    for _ in range(data.draw(st.integers(1, 6))):
        frame = bytearray(data.draw(st.sampled_from(FRAMES) | st.binary(max_size=200)))
        for _ in range(data.draw(st.integers(0, 6))):
            if frame:
                frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
        end = data.draw(st.integers(0, len(frame)))
        at = data.draw(st.floats(allow_nan=False, allow_infinity=False))
        batch.append((at, data.draw(st.sampled_from([*LINKS, 999])), bytes(frame[: end or None])))
    told: list[Sighting] = []
    decoder = Decoder(told.append, strangers=data.draw(st.booleans()))
    decoder.hear(batch)
    assert decoder.frames == len(batch)
    for sighting in told:
        assert sighting.kind in KINDS
        assert sighting.source.startswith("ip:") or len(sighting.source) == 17
        for key, value in sighting.fields.items():
            assert key.isprintable()
            assert value.isprintable()
            assert len(value) <= 400


def test_a_web_server_that_answered_does_not_hide_its_announcements() -> None:
    """Some routers serve HTTP on TCP port 1900 and SSDP on UDP port 1900."""
    answer = wire.tcp_frame(b"HTTP/1.1 200 OK\r\nServer: a\r\n\r\n", 1900, 50000)
    again = wire.tcp_frame(b"HTTP/1.1 200 OK\r\nServer: a\r\n\r\n", 1900, 50001)
    notify = b"NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n\r\n"
    told = hear(answer, again, wire.udp_frame(notify, 1900, 1900))
    assert facts(told, "http.response") == [{"server": "a"}]
    assert facts(told, "ssdp.notify") == [{"nt": "upnp:rootdevice"}]


def test_who_has_no_address_yet_is_heard_and_heard_again() -> None:
    """A thing may change its DHCP name, and some ask names before they have an address."""
    frames = [
        wire.ether(wire.ipv4(wire.udp(payload, port, to), 17, "0.0.0.0"), 0x0800)
        for payload, port, to in (
            (wire.dhcp([(53, b"\x03"), (12, b"IoTHub")]), 68, 67),
            (wire.dhcp([(53, b"\x03"), (12, b"DCH-G020")]), 68, 67),
            (wire.question("example.org"), 40000, 53),
        )
    ]
    told = hear(*frames)
    assert facts(told, "dhcp.request") == [{"hostname": "IoTHub"}, {"hostname": "DCH-G020"}]
    assert facts(told, "dns.query") == [{"name": "example.org"}]
    assert facts(told, "address.ipv4") == []
    assert hear(frames[2][:6] + bytes(6) + frames[2][12:]) == []
