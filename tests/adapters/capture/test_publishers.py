"""What things publish by MQTT, followed over TCP's segments."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest

from adapters.capture import wire
from adapters.protocols.test_mqtt_home import LAMP, LAMP_TOLD, LAMP_TOPIC
from omamori.adapters.capture import publishers
from omamori.adapters.capture.decode import Decoder

if TYPE_CHECKING:
    from omamori.hub.sighting import Sighting


def packet(head: int, body: bytes) -> bytes:
    size, octets = len(body), b""
    while True:
        size, low = size >> 7, size & 127
        octets += bytes([low | (128 if size else 0)])
        if not size:
            return bytes([head]) + octets + body


CONNECT = packet(0x10, b"\0\4MQTT\4\2\0\x3c\0\3z2m")


def publish(topic: str, text: bytes, *, quality: int = 0, properties: bytes | None = None) -> bytes:
    head = wire.vector(topic.encode(), 2) + (b"\0\7" if quality else b"")
    head += b"" if properties is None else bytes([len(properties)]) + properties
    return packet(0x31 | quality << 1, head + text)


ANNOUNCED = publish(LAMP_TOPIC, json.dumps(LAMP).encode())
NOISE = publish("zigbee2mqtt/kitchen", b'{"state":"ON"}') + b"\xc0\0" + packet(0x82, b"\0\1\0\1#\0")


def hear(octets: bytes, size: int, *, port: int = 1883, lose: int = -1) -> list[dict[str, str]]:
    told: list[Sighting] = []
    decoder = Decoder(told.append)
    for index, at in enumerate(range(0, len(octets), size)):
        if index != lose:
            piece = octets[at : at + size]
            sequence = (0xFFFF_FF00 + at) & 0xFFFF_FFFF
            frame = wire.tcp_frame(piece, 40000, port, sequence=sequence)
            decoder.hear([(1.0 + index / 100, 1, frame), (1.0 + index / 100, 1, frame)])
    assert all(one.source == wire.PHONE for one in told)
    return [one.fields for one in told if one.kind == "bridge.child"]


@pytest.mark.parametrize("size", [20, 100, 1448, 10_000])
def test_an_announcement_is_read_however_it_is_cut(size: int) -> None:
    assert hear(CONNECT + NOISE + ANNOUNCED + NOISE, size) == [LAMP_TOLD]


def test_any_port_will_do_when_the_connections_beginning_is_heard() -> None:
    assert hear(CONNECT + ANNOUNCED, 1448, port=2883) == [LAMP_TOLD]
    assert hear(ANNOUNCED, 1448) == [LAMP_TOLD]
    assert hear(NOISE.ljust(150, b"\0") + ANNOUNCED, 200) == []  # not at its beginning
    frames = b"".join(part.ljust(1000, b"\xc0") for part in (NOISE, NOISE))
    assert hear(frames + ANNOUNCED, 1000) == [LAMP_TOLD]


@pytest.mark.parametrize("quality", [0, 1, 2])
@pytest.mark.parametrize("properties", [None, b"", b"\x01\x01", b"\x03\0\x10application/json"])
def test_every_quality_and_version_is_understood(quality: int, properties: bytes | None) -> None:
    text = json.dumps(LAMP).encode()
    one = publish(LAMP_TOPIC, text, quality=quality, properties=properties)
    assert hear(CONNECT + one, 1448) == [LAMP_TOLD]


def test_a_lost_segment_costs_only_what_it_held() -> None:
    other = dict(LAMP, device=LAMP["device"] | {"identifiers": ["other"]})  # type: ignore[operator]
    lost = CONNECT.ljust(500, b"\0") + ANNOUNCED[:500]
    second = publish(LAMP_TOPIC, json.dumps(other).encode())
    octets = lost.ljust(1000, b"\0") + second
    assert [fields["child"] for fields in hear(octets, 500, lose=1)] == ["other"]


def test_a_huge_packet_is_passed_over_and_what_follows_is_read() -> None:
    huge = publish("zigbee2mqtt/bridge/devices", b"[" + b" " * publishers.PACKET_OCTETS_MAX)
    assert hear(CONNECT + huge + ANNOUNCED, 1448) == []  # it had nothing to say for too long
    assert hear(CONNECT + huge + ANNOUNCED, 60_000) == [LAMP_TOLD]


def test_a_publisher_is_followed_shortly_and_few_at_a_time() -> None:
    many = publishers.Publishers()
    for flow in range(publishers.FOLLOWED_MAX * 2):
        assert many.read(b"%d" % flow, b"a", 1, CONNECT, is_broker=False)
    assert len(many) == publishers.FOLLOWED_MAX
    one = publishers.Publishers()
    at = 1
    for _ in range(publishers.SEGMENTS_WITHOUT_NEWS_MAX + 1):
        one.read(b"flow", b"a", at, CONNECT if at == 1 else b"\xc0\0", is_broker=False)
        at += len(CONNECT) if at == 1 else 2
    assert len(one) == 0
    assert one.read(b"flow", b"a", at, b"\xc0\0", is_broker=False) is None
    assert one.read(b"flow", b"a", at, b"\xc0\0", is_broker=True) == []


def test_noise_of_any_kind_is_survived() -> None:
    junk = struct.pack("!HH", 0x10FF, 0xFFFF) + bytes(range(256)) * 20
    for size in (1, 3, 50, 1448):
        assert hear(CONNECT + junk, size) == []
