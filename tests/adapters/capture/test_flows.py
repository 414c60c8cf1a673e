"""Frames to flows: every frame counted once, openings at once, floods bounded and fair."""

from __future__ import annotations

import struct
from collections import Counter
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.capture import flows
from omamori.adapters.capture import frames as links
from omamori.adapters.capture.budget import OPENINGS_OF_NEWCOMERS_MAX, OPENINGS_PER_MAC_MAX
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.flows import QUIET_S, SUMMED_EVERY_S
from omamori.hub.flow import ACK, ANSWERS, ASKS, CROWD, FOR_OTHER, RST, SYN, Flow

if TYPE_CHECKING:
    from collections.abc import Iterable

Timed = list[tuple[float, bytes]]
START = 1e9


def counted(timed: Iterable[tuple[float, bytes]], *, strangers: bool = False) -> list[Flow]:
    told: list[Flow] = []
    decoder = Decoder(lambda _: None, told.extend, strangers=strangers)
    for at, frame in timed:
        decoder.hear([(at, links.ETHERNET, frame)])
    decoder.finish()
    at_once: list[Flow] = []
    decoder = Decoder(lambda _: None, at_once.extend, strangers=strangers)
    decoder.hear([(at, links.ETHERNET, frame) for at, frame in timed])
    decoder.finish()
    assert told == at_once  # however the frames come in batches
    return told


class End(NamedTuple):
    mac: str
    ip: str


PHONE = End(wire.PHONE, wire.PHONE_IP)
LAMP = End(wire.LAMP, wire.LAMP_IP)
FAR = End(wire.ROUTER, wire.FAR_IP)


def sent(source: End, target: End, packet: bytes, protocol: int, **more: int) -> bytes:
    carried = wire.ipv4(packet, protocol, source.ip, target.ip, **more)
    return wire.ether(carried, 0x0800, source.mac, target.mac)


def tcp(source: End, target: End, ports: tuple[int, int], flags: int, size: int = 0) -> bytes:
    return sent(source, target, wire.tcp(bytes(size), *ports, flags=flags), 6)


def udp(source: End, target: End, ports: tuple[int, int], size: int = 12) -> bytes:
    return sent(source, target, wire.udp(bytes(size), *ports), 17)


def openings(told: list[Flow]) -> list[tuple[str, str, str, bool]]:
    return [
        (flow.source, flow.target, flow.service, flow.is_answer) for flow in told if flow.is_opening
    ]


def test_a_connection_is_told_when_it_opens_and_summed_when_it_goes_on() -> None:
    there, back = (50000, 443), (443, 50000)
    timed = [
        (START, tcp(PHONE, FAR, there, SYN)),
        (START + 0.1, tcp(FAR, PHONE, back, SYN | ACK)),
        (START + 0.2, tcp(PHONE, FAR, there, ACK)),
        (START + 0.3, tcp(PHONE, FAR, there, ACK | 8, 100)),
        (START + SUMMED_EVERY_S + 1, tcp(PHONE, FAR, there, ACK | RST)),
    ]
    asked, answered, summed, last = counted(timed)
    assert asked == Flow(
        START, START, *PHONE[:1], wire.ROUTER, wire.PHONE_IP, wire.FAR_IP, "tcp", *there,
        SYN, 1, 54, is_opening=True, is_answer=False, is_from_here=True, is_to_here=False,
    )  # fmt: skip
    assert answered == Flow(
        START + 0.1, START + 0.1, wire.ROUTER, wire.PHONE, wire.FAR_IP, wire.PHONE_IP, "tcp",
        *back, SYN | ACK, 1, 54, is_opening=True, is_answer=True, is_from_here=False,
        is_to_here=True,
    )  # fmt: skip
    assert (summed.first_at, summed.at) == (START + 0.2, START + 0.3)
    assert (summed.frames, summed.octets, summed.flags) == (2, 54 + 154, ACK | 8)
    assert not summed.is_opening
    assert (last.frames, last.flags, last.at) == (1, ACK | RST, START + SUMMED_EVERY_S + 1)


@pytest.mark.parametrize(("silence_s", "times"), [(QUIET_S, 1), (QUIET_S + 1, 2)])
def test_a_direction_opens_anew_after_a_minute_of_silence(silence_s: float, times: int) -> None:
    frame = udp(PHONE, FAR, (50000, 9999))
    told = counted([(START, frame), (START + silence_s, frame)])
    assert len(openings(told)) == times
    assert sum(flow.frames for flow in told) == 2


def test_who_was_there_first_is_remembered_over_a_silence() -> None:
    timed = [
        (START, udp(PHONE, FAR, (50000, 443))),
        (START + 1, udp(FAR, PHONE, (443, 50000))),
        (START + 300, udp(FAR, PHONE, (443, 50000))),
        (START + 301, udp(PHONE, FAR, (50000, 443))),
    ]
    assert [answer for *_, answer in openings(counted(timed))] == [False, True, True, False]


@pytest.mark.parametrize(
    ("ports", "flags", "is_answer"),
    [
        ((443, 50000), ACK, True),
        ((50000, 443), ACK, False),
        ((8883, 1500), ACK, True),  # a well-known port serves, though the other is lower
        ((40000, 50000), ACK, True),
        ((443, 50000), SYN, False),
        ((50000, 443), SYN | ACK, True),
        ((81, 50000), RST | ACK, True),
    ],
)
def test_in_the_midst_of_a_connection_the_ports_tell_who_serves(
    ports: tuple[int, int], flags: int, *, is_answer: bool
) -> None:
    [flow] = counted([(START, tcp(PHONE, LAMP, ports, flags))])
    assert flow.is_answer is is_answer


def test_what_answers_a_question_to_all_is_an_answer() -> None:
    group = End("01:00:5e:7f:ff:fa", "239.255.255.250")
    everyone = End(wire.EVERYONE, "255.255.255.255")
    nobody = End(wire.LAMP, "0.0.0.0")
    router = End(wire.ROUTER, wire.ROUTER_IP)
    later = START + 2 * QUIET_S  # when the beginning of the capture explains nothing any more
    timed = [
        (START, udp(LAMP, LAMP, (1, 2))),
        (later, udp(PHONE, group, (50000, 1900))),
        (later + 1, udp(LAMP, PHONE, (1900, 50000))),
        (later + 2, udp(LAMP, PHONE, (53, 50001))),  # nobody asked
        (later + 3, udp(nobody, everyone, (68, 67))),
        (later + 4, udp(router, LAMP, (67, 68))),
    ]
    told = counted(timed)
    assert [flow.is_answer for flow in told] == [False, False, True, False, False, True]
    assert all(flow.is_to_here and flow.is_from_here for flow in told)


def arp(source: End, wanted: str, operation: int) -> bytes:
    frame = bytearray(wire.arp(source.mac, source.ip, wanted))
    frame[20:22] = operation.to_bytes(2)
    return bytes(frame)


def test_arp_and_icmp_are_counted_by_what_they_ask() -> None:
    echo, reply = bytes((8, 0)) + bytes(6), bytes((0, 0)) + bytes(6)
    timed = [
        (START, arp(PHONE, LAMP.ip, ASKS)),
        (START, arp(PHONE, wire.ROUTER_IP, ASKS)),
        (START, arp(LAMP, PHONE.ip, ANSWERS)),
        (START, arp(PHONE, LAMP.ip, ASKS)),
        (START, sent(PHONE, FAR, echo, 1)),
        (START, sent(FAR, PHONE, reply, 1)),
        (START, sent(PHONE, End(wire.EVERYONE, "224.0.0.22"), b"\x22" + bytes(7), 2)),
    ]
    told = [
        (flow.proto, flow.source, flow.target, flow.from_port, flow.to_port, flow.is_answer)
        for flow in counted(timed)
    ]
    assert told == [
        ("arp", PHONE.ip, LAMP.ip, 0, ASKS, False),
        ("arp", PHONE.ip, wire.ROUTER_IP, 0, ASKS, False),
        ("arp", LAMP.ip, PHONE.ip, 0, ANSWERS, True),
        ("icmp", PHONE.ip, FAR.ip, 8, 0, False),
        ("icmp", FAR.ip, PHONE.ip, 0, 0, True),
        ("ip/2", PHONE.ip, "224.0.0.22", 0, 0, False),
        ("arp", PHONE.ip, LAMP.ip, 0, ASKS, False),
    ]


def test_ipv6_neighbours_ask_by_groups() -> None:
    packet = wire.ipv6(bytes((135, 0)) + bytes(22), 58, "fe80::1", "ff02::1:ff00:2", 255)
    [flow] = counted([(START, wire.ether(packet, 0x86DD, wire.PHONE, "33:33:ff:00:00:02"))])
    assert (flow.proto, flow.from_port, flow.is_from_here, flow.is_to_here) == (
        "icmp6", 135, True, True,
    )  # fmt: skip
    answer = wire.ipv6(bytes((136, 0)) + bytes(22), 58, "fe80::2", "fe80::1", 255)
    [flow] = counted([(START, wire.ether(answer, 0x86DD, wire.LAMP, wire.PHONE))])
    assert flow.is_answer


def test_only_the_first_fragment_has_ports() -> None:
    whole = wire.udp(bytes(2000), 50000, 9999)
    first = sent(PHONE, FAR, whole[:1480], 17, fragment=0x2000)
    rest = sent(PHONE, FAR, whole[1480:], 17, fragment=1480 // 8)
    told = counted([(START, first), (START, rest), (START, rest)])
    assert [(flow.proto, flow.to_port, flow.frames) for flow in told] == [
        ("udp", 9999, 1), ("ip/44", 0, 1), ("ip/44", 0, 1),
    ]  # fmt: skip


def test_a_tag_changes_nothing_but_the_octets() -> None:
    plain = udp(PHONE, FAR, (50000, 9999))
    tagged = plain[:12] + struct.pack("!HH", 0x8100, 7) + plain[12:]
    told = counted([(START, plain), (START, tagged)])
    assert [(flow.frames, flow.is_opening) for flow in told] == [(1, True), (1, False)]
    assert told[1].octets == len(plain) + 4


def test_an_address_that_is_confirmed_later_is_here_from_then_on() -> None:
    public = End(wire.PHONE, wire.FAR_IP)
    frame = udp(public, LAMP, (50000, 9999))
    told = counted(
        [(START, frame), (START + 1, wire.arp(wire.PHONE, wire.FAR_IP)), (START + 2, frame)]
    )
    assert [flow.is_from_here for flow in told if flow.proto == "udp"] == [False, True]


def test_among_strangers_the_hops_left_tell_who_is_here() -> None:
    """A recording of a network with public addresses, in which nobody asks by ARP."""
    here, far = End(wire.PHONE, "203.0.113.5"), End(wire.ROUTER, wire.FAR_IP)
    segment, answer = wire.tcp(b"", 50000, 443, flags=SYN), wire.tcp(b"", 443, 50000, flags=18)
    timed = [
        (START, sent(here, far, segment, 6, hops=64)),
        (START, sent(far, here, answer, 6, hops=57)),
    ]
    asked, answered = counted(timed, strangers=True)
    assert (asked.mac, asked.is_from_here, asked.is_to_here) == (wire.PHONE, True, False)
    assert (answered.is_from_here, answered.is_to_here) == (False, True)
    # What has come by way of a router is not believed, whatever it says of its hops.
    near_by_its_word = sent(End(wire.ROUTER, "198.51.100.7"), here, answer, 6, hops=64)
    told = counted([*timed, (START, near_by_its_word)], strangers=True)
    assert not told[-1].is_from_here
    assert [flow.is_from_here for flow in counted(timed)] == [False, False]


def test_a_clock_that_jumps_begins_anew_and_loses_nothing() -> None:
    frame = udp(PHONE, FAR, (50000, 9999))
    ats = [START, START + 1, START - 5000, START - 4999, START + 1e6, START + 1e6 - 1]
    told = counted([(at, frame) for at in ats])
    assert [flow.first_at for flow in told if flow.is_opening] == [START, START - 5000, START + 1e6]
    assert sum(flow.frames for flow in told) == len(ats)
    assert all(flow.first_at <= flow.at for flow in told)


def scan(macs: Iterable[str], at: float, times: int = 1) -> Timed:
    return [
        (at, tcp(End(mac, PHONE.ip), LAMP, (50000 + number // 60000, number % 60000), SYN))
        for number, mac in enumerate(macs)
        for _ in range(times)
    ]


def crowds(told: list[Flow]) -> list[Flow]:
    return [flow for flow in told if flow.proto == CROWD]


def random_macs(count: int) -> list[str]:
    return [f"06:{number:010x}" for number in range(count)]


def mac_text(text: str) -> str:
    return wire.mac(text).hex(":")


def test_arp_is_of_the_hardware_address_that_it_names() -> None:
    frame = bytearray(arp(PHONE, LAMP.ip, ANSWERS))
    frame[6:12] = wire.mac(wire.ROUTER)
    told = counted([(START, bytes(frame)), (START + 1, arp(PHONE, LAMP.ip, ANSWERS))])
    assert [(flow.mac, flow.from_port, flow.is_opening) for flow in told] == [
        (wire.PHONE, FOR_OTHER, True),
        (wire.PHONE, 0, True),
    ]
    frame[22:28] = bytes(6)  # nobody's
    assert [flow.mac for flow in counted([(START, bytes(frame))])] == [wire.ROUTER]


def test_a_neighbour_advertisement_comes_from_the_address_that_it_speaks_for() -> None:
    def advertises(claimed: str, hops: int = 255) -> bytes:
        said = bytes((136, 0, 0, 0, 0x60, 0, 0, 0)) + ip_address(claimed).packed
        packet = wire.ipv6(said, 58, "fe80::9", "fe80::2", hops)
        return wire.ether(packet, 0x86DD, wire.PHONE, wire.LAMP)

    frames = [advertises("fe80::1"), advertises("2001:db8::1"), advertises("fe80::1", 64)]
    told = counted([(START, frame) for frame in frames])
    assert [(flow.source, flow.is_from_here) for flow in told] == [
        ("fe80::1", True),
        ("2001:db8::1", True),
        ("fe80::9", True),
    ]


def test_a_flood_is_told_in_part_and_counted_whole() -> None:
    told: list[Flow] = []
    decoder = Decoder(lambda _: None, told.extend)
    quiet = udp(LAMP, FAR, (50000, 9999))
    many = OPENINGS_PER_MAC_MAX * 3
    decoder.hear([(at, 1, frame) for at, frame in scan([wire.PHONE] * many, START)])
    decoder.hear([(START, 1, quiet)])
    assert Counter(flow.mac for flow in told) == {wire.PHONE: OPENINGS_PER_MAC_MAX, wire.LAMP: 1}
    told.clear()
    decoder.finish()
    [crowd] = crowds(told)
    assert (crowd.mac, crowd.frames) == (wire.PHONE, many - OPENINGS_PER_MAC_MAX)
    assert (crowd.octets, crowd.first_at) == (54 * crowd.frames, START)
    told.clear()
    decoder.finish()
    assert crowds(told) == []
    decoder.hear([(at, 1, frame) for at, frame in scan([wire.PHONE] * many, START + 1)])
    assert any(flow.is_opening for flow in told)  # the next second has its own share


def test_nobody_hides_calls_or_questions_behind_datagrams() -> None:
    told: list[Flow] = []
    decoder = Decoder(lambda _: None, told.extend)
    many = OPENINGS_PER_MAC_MAX * 2
    hiding = [udp(PHONE, LAMP, (2000 + number, 1900)) for number in range(many)]
    calls = [tcp(PHONE, LAMP, (50000, 1 + number), SYN) for number in range(90)]
    asks = [wire.arp(wire.PHONE, wire.PHONE_IP, f"192.168.1.{n + 1}") for n in range(60)]
    answers = [tcp(PHONE, LAMP, (50000, 200 + number), SYN | ACK) for number in range(90)]
    decoder.hear([(START, 1, frame) for frame in [*hiding, *calls, *asks, *answers]])
    protos = Counter(flow.proto for flow in told)
    assert protos == {"udp": OPENINGS_PER_MAC_MAX, "tcp": len(calls), "arp": len(asks)}


def test_a_flood_of_newcomers_leaves_room_for_those_who_are_known() -> None:
    told: list[Flow] = []
    decoder = Decoder(lambda _: None, told.extend)
    known = [(START + at, 1, udp(LAMP, FAR, (50000, 9999))) for at in (0, 5, 11)]
    decoder.hear(known)
    macs = [mac_text(mac[:2] + ":" + mac[3:]) for mac in random_macs(OPENINGS_OF_NEWCOMERS_MAX * 2)]
    decoder.hear([(at, 1, frame) for at, frame in scan(macs, START + 12)])
    told.clear()
    decoder.hear([(START + 12.5, 1, udp(LAMP, FAR, (50001, 9999)))])
    assert [flow.mac for flow in told] == [wire.LAMP]
    decoder.finish()
    assert len(crowds(told)) <= flows.CROWDS_MAX + 1
    assert sum(crowd.frames for crowd in crowds(told)) == OPENINGS_OF_NEWCOMERS_MAX
    assert decoder._flows.crowds == {}


@pytest.mark.parametrize("is_one_sender", [True, False])
def test_a_full_table_gives_up_the_flood_and_tells_it_before(
    monkeypatch: pytest.MonkeyPatch, *, is_one_sender: bool
) -> None:
    monkeypatch.setattr(flows, "DIRECTIONS_MAX", 64)
    told: list[Flow] = []
    decoder = Decoder(lambda _: None, told.extend)
    steady = udp(LAMP, FAR, (50000, 9999))
    decoder.hear([(START + second, 1, steady) for second in range(5)])
    macs = [wire.PHONE] * 600 if is_one_sender else [mac_text(mac) for mac in random_macs(600)]
    heard = 5
    for step in range(6):
        part = scan(macs, START + 5 + step, times=2)[200 * step : 200 * step + 200]
        decoder.hear([(at, 1, frame) for at, frame in part])
        decoder.hear([(START + 5 + step, 1, steady)])
        heard += len(part) + 1
        assert len(decoder._flows) <= 64
    decoder.finish()
    assert len([flow for flow in told if flow.mac == wire.LAMP and flow.is_opening]) == 1
    assert not crowds(told)
    assert sum(flow.frames for flow in told) == heard


ENDS = [PHONE, LAMP, FAR, End(wire.LAMP, "192.168.1.21"), End(wire.PHONE, "8.8.4.4")]
ADDRESSES6 = ["fe80::1", "fe80::2", "2001:db8::9", "ff02::fb"]
PORT = st.sampled_from([53, 80, 443, 5353, 40000, 40001])


@st.composite
def frame(draw: st.DrawFn) -> bytes:
    source, target = draw(st.sampled_from(ENDS)), draw(st.sampled_from(ENDS))
    ports = draw(st.tuples(PORT, PORT))
    size = draw(st.integers(0, 40))
    protocol = draw(st.sampled_from([1, 2, 6, 17]))
    bodies = {
        1: bytes((draw(st.sampled_from([0, 3, 8])), draw(st.integers(0, 1)))) + bytes(6),
        2: bytes(8),
        6: wire.tcp(bytes(size), *ports, flags=draw(st.sampled_from([2, 18, 16, 24, 17, 4]))),
        17: wire.udp(bytes(size), *ports),
    }
    kind = draw(st.sampled_from(["four", "four", "four", "six", "tagged", "arp", "options"]))
    if kind == "arp":
        return arp(source, target.ip, draw(st.sampled_from([1, 2])))
    if kind == "six":
        addresses = draw(st.tuples(st.sampled_from(ADDRESSES6), st.sampled_from(ADDRESSES6)))
        packet = wire.ipv6(bodies[protocol], protocol, *addresses)
        return wire.ether(packet, 0x86DD, source.mac, target.mac)
    whole = sent(source, target, bodies[protocol], protocol, options=2 * (kind == "options"))
    return whole[:12] + struct.pack("!HH", 0x8100, 7) + whole[12:] if kind == "tagged" else whole


Name = tuple[str, str, str, str, int, int]


def plainly(octets: bytes) -> Name:
    """What a frame says of its direction, read as slowly as one likes."""
    mac = octets[6:12].hex(":")
    kind, octets = octets[12:14], octets[14:]
    if kind == b"\x81\x00":
        kind, octets = octets[2:4], octets[4:]
    if kind == b"\x08\x06":
        addresses = (str(ip_address(octets[14:18])), str(ip_address(octets[24:28])))
        return (mac, *addresses, "arp", 0, octets[7])
    is_four = kind == b"\x08\x00"
    source, target = (octets[12:16], octets[16:20]) if is_four else (octets[8:24], octets[24:40])
    protocol = octets[9] if is_four else octets[6]
    body = octets[(octets[0] & 15) * 4 :] if is_four else octets[40:]
    addresses = (str(ip_address(source)), str(ip_address(target)))
    if protocol in (6, 17):
        ports = struct.unpack("!HH", body[:4])
        return (mac, *addresses, {6: "tcp", 17: "udp"}[protocol], *ports)
    if protocol == 1:
        return (mac, *addresses, "icmp", body[0], body[1])
    return (mac, *addresses, f"ip/{protocol}", 0, 0)


@settings(max_examples=200)
@given(
    heard=st.lists(
        st.tuples(st.sampled_from([0.0, 0.25, 3.0, 20.0, 59.0, 70.0, -3.0, -4000.0]), frame()),
        max_size=25,
    )
)
def test_no_frame_is_lost_and_none_is_counted_twice(heard: Timed) -> None:
    at, timed = START, []
    for step_s, octets in heard:
        at += step_s
        timed.append((at, octets))
    frames, sizes = Counter[Name](), Counter[Name]()
    for flow in counted(timed):
        name = (flow.mac, flow.source, flow.target, flow.proto, flow.from_port, flow.to_port)
        frames[name] += flow.frames
        sizes[name] += flow.octets
    assert frames == Counter(plainly(octets) for _, octets in timed)
    expected = Counter[Name]()
    for _, octets in timed:
        expected[plainly(octets)] += len(octets)
    assert sizes == expected
