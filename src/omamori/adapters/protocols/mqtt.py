"""MQTT (3.1.1 and 5.0 §3.1 to §3.3): who speaks to a broker, and what it publishes."""

from __future__ import annotations

from typing import NamedTuple

from omamori.adapters.protocols.text import Facts, plain, worded

PACKET_OCTETS_MAX = 4096
TOPIC_OCTETS_MAX = 256
PUBLISH = 3
_QOS = 6
_NAMES = (b"\x00\x04MQTT", b"\x00\x06MQIsdp")
_VERSION_5 = 5


def looks_like_connect(payload: bytes) -> bool:
    """Whether a CONNECT packet begins here."""
    return payload[:1] == b"\x10" and any(name in payload[2:13] for name in _NAMES)


def looks_like_connack(payload: bytes) -> bool:
    """Whether a CONNACK packet of MQTT 3 or 5 begins here."""
    return payload[:1] == b"\x20" and len(payload) >= 4 and payload[1] >= 2 and payload[2] < 2  # noqa: PLR2004


def connack_facts(payload: bytes) -> Facts:
    """Who answers to CONNECT is a broker."""
    return [("mqtt.connect", {"role": "server"})] if looks_like_connack(payload) else []


def _variable(payload: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer of at most four octets (MQTT 5.0 §1.5.5) and what follows."""
    value = 0
    for shift in (0, 7, 14, 21):
        octet = int.from_bytes(payload[at : at + 1])
        at += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:  # noqa: PLR2004 - the continuation bit
            break
    return value, at


def connect_facts(payload: bytes) -> Facts:
    """The client's name, and whether it shows a user name (the name itself stays unread)."""
    if not looks_like_connect(payload):
        return []
    payload = payload[:PACKET_OCTETS_MAX]
    _, at = _variable(payload, 1)
    named = next((name for name in _NAMES if payload.startswith(name, at)), None)
    if named is None:
        return []
    at += len(named)
    level, flags = payload[at : at + 1], payload[at + 1 : at + 2]
    at += 4
    if level == bytes([_VERSION_5]):
        size, at = _variable(payload, at)
        at += size
    size = int.from_bytes(payload[at : at + 2])
    client = payload[at + 2 : at + 2 + size]
    if not flags or len(client) < size:
        return []
    username = "yes" if flags[0] & 0x80 else "no"
    fields = worded(role="client", client_id=plain(client), username_present=username)
    return [("mqtt.connect", fields)]


class Packet(NamedTuple):
    """One control packet: its type and flags, and what follows the fixed header (§2.1)."""

    head: int
    body: bytes

    @property
    def kind(self) -> int:
        """The packet's type."""
        return self.head >> 4


def size_of(octets: bytes) -> int:
    """How many octets the packet that begins here has; 0 while its header is not whole."""
    size, at = _variable(octets[:5], 1)
    return at + size if at <= len(octets) else 0


def packet(octets: bytes) -> Packet:
    """The whole packet that ``octets`` are."""
    _, at = _variable(octets[:5], 1)
    return Packet(octets[0], octets[at:])


def published(one: Packet) -> tuple[str, bytes]:
    """Topic and JSON text of a PUBLISH packet; empty when it carries anything else."""
    size = int.from_bytes(one.body[:2])
    topic = one.body[2 : 2 + size]
    if one.kind != PUBLISH or not 0 < size == len(topic) <= TOPIC_OCTETS_MAX:
        return "", b""
    at = 2 + size + (2 if one.head & _QOS else 0)
    if one.body[at : at + 1] not in (b"{", b"["):  # then MQTT 5's properties come before (§3.3.2.3)
        size, at = _variable(one.body, at)
        at += size
    text = one.body[at:]
    return (plain(topic), text) if text[:1] in (b"{", b"[") else ("", b"")
