"""MQTT CONNECT and CONNACK (MQTT 3.1.1 and 5.0 §3.1, §3.2): who speaks to a broker, and how."""

from __future__ import annotations

from omamori.adapters.protocols.text import Facts, plain, worded

PACKET_OCTETS_MAX = 4096
_CONNECT = 0x10
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
