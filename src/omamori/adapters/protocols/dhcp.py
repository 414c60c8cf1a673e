"""DHCP for IPv4 (RFC 2131, 2132) and IPv6 (RFC 8415): what a thing says to get an address."""

from __future__ import annotations

from socket import inet_ntoa
from typing import NamedTuple

from omamori.adapters.protocols.text import Facts, plain, worded

OPTIONS_MAX = 128
PARAMETERS_MAX = 64
SERVERS_MAX = 4  # resolvers told of one offer
CLIENT_ID_OCTETS_MAX = 64  # kept of what identifies a client
DUID_OCTETS_MAX = 130  # RFC 8415 §11.1
URL_LENGTH_MAX = 255

_FIXED = 240  # RFC 2131 §2: header and magic cookie
_COOKIE = b"\x63\x82\x53\x63"
_MAC = 6
_CLIENT_MESSAGES6 = {1, 3, 4, 5, 6, 8, 9, 11}  # RFC 8415 §7.3, those that a client sends
_MESSAGES = {b"\x02": "offer", b"\x05": "ack", b"\x06": "nak"}  # RFC 2132 §9.6
_OVERLOADED = {1: ((108, 236),), 2: ((44, 108),), 3: ((108, 236), (44, 108))}
"""Where more options lie, by the overload option's value (RFC 2132 §9.3): file, server name."""


class Dhcp(NamedTuple):
    """What a DHCP message says: about the client, and (when a server speaks) about the server."""

    client_mac: bytes
    client_facts: Facts
    server_facts: Facts


NOTHING = Dhcp(b"", [], [])


def _options(payload: bytes) -> dict[int, bytes]:
    """Options by code; parts of a long one are joined, wherever they lie (RFC 3396 §7)."""
    found: dict[int, bytes] = {}
    _collect(payload[_FIXED:], found)
    overload = found.get(52, b"")
    for begin, end in _OVERLOADED.get(overload[0], ()) if overload else ():
        _collect(payload[begin:end], found)
    return found


def _collect(area: bytes, found: dict[int, bytes]) -> None:
    at = 0
    for _ in range(OPTIONS_MAX):
        if at + 1 >= len(area) or area[at] == 255:  # noqa: PLR2004 - the end option
            break
        code = area[at]
        if code == 0:
            at += 1
            continue
        size = area[at + 1]
        value = area[at + 2 : at + 2 + size]
        if len(value) < size:
            break
        found[code] = found.get(code, b"") + value
        at += 2 + size


def _address(raw: bytes) -> str:
    return inet_ntoa(raw[:4]) if len(raw) >= 4 and any(raw[:4]) else ""  # noqa: PLR2004 - IPv4


def _addresses(raw: bytes) -> str:
    """A list of addresses (RFC 2132 §3.8), with commas."""
    parts = (_address(raw[at : at + 4]) for at in range(0, 4 * SERVERS_MAX, 4))
    return ",".join(filter(None, parts))


def parse(payload: bytes) -> Dhcp:
    """The facts in a DHCPv4 message over Ethernet; ``NOTHING`` when it is not one."""
    if len(payload) < _FIXED or payload[236:_FIXED] != _COOKIE or payload[1:3] != b"\x01\x06":
        return NOTHING
    mac, found = payload[28 : 28 + _MAC], _options(payload)
    if payload[0] == 1:
        return Dhcp(mac, _request(payload, found), [])
    message = _MESSAGES.get(found.get(53, b""), "")
    if payload[0] != 2 or not message:  # noqa: PLR2004 - BOOTREPLY
        return NOTHING
    offer = worded(
        router=_address(found.get(3, b"")),
        dns=_addresses(found.get(6, b"")),
        server=_address(found.get(54, b"")),
        message=message,
    )
    given = _address(payload[16:20]) if message == "ack" else ""
    client: Facts = [("address.ipv4", {"ip": given})] if given else []
    return Dhcp(mac, client, [("dhcp.offer", offer)])


def url(raw: bytes) -> str:
    """A MUD URL (RFC 8520 §9), which has to be an ``https`` one; empty when it is none."""
    text = plain(raw.rstrip(b"\0"), URL_LENGTH_MAX)
    is_whole = len(raw) <= URL_LENGTH_MAX and not any(mark.isspace() for mark in text)
    return text if is_whole and text.lower().startswith("https://") else ""


def _request(payload: bytes, found: dict[int, bytes]) -> Facts:
    name = found.get(12, b"") or _fqdn4(found.get(81, b""))
    fields = worded(
        hostname=plain(name.rstrip(b"\0")),
        vendor_class=plain(found.get(60, b"")),
        parameters=",".join(map(str, found.get(55, b"")[:PARAMETERS_MAX])),
        requested_ip=_address(found.get(50, b"")) or _address(payload[12:16]),
        client_id=found.get(61, b"")[:CLIENT_ID_OCTETS_MAX].hex(),
        mud_url=url(found.get(161, b"")),
    )
    return [("dhcp.request", fields)] if fields else []


def _fqdn4(value: bytes) -> bytes:
    """The name in the client FQDN option (RFC 4702 §2.1): DNS labels when the E flag is set."""
    if len(value) <= 3:  # noqa: PLR2004 - flags and two retired octets
        return b""
    return _labels(value[3:]) if value[0] & 4 else value[3:]


def _labels(value: bytes) -> bytes:
    """An uncompressed DNS name (RFC 1035 §3.1) with dots; compression is not allowed here."""
    labels: list[bytes] = []
    at = 0
    while at < len(value) and 0 < value[at] < 64 and len(labels) < 32:  # noqa: PLR2004 - label bound
        labels.append(value[at + 1 : at + 1 + value[at]])
        at += 1 + value[at]
    return b".".join(labels)


def facts6(payload: bytes) -> Facts:
    """The facts in a DHCPv6 client's message; nothing for relays and servers."""
    if len(payload) < 4 or payload[0] not in _CLIENT_MESSAGES6:  # noqa: PLR2004 - RFC 8415 §8
        return []
    found: dict[int, bytes] = {}
    at = 4
    for _ in range(OPTIONS_MAX):
        code, size = int.from_bytes(payload[at : at + 2]), int.from_bytes(payload[at + 2 : at + 4])
        value = payload[at + 4 : at + 4 + size]
        if at + 4 > len(payload) or len(value) < size:
            break
        found.setdefault(code, value)
        at += 4 + size
    wanted = found.get(6, b"")[: 2 * PARAMETERS_MAX]
    codes = [int.from_bytes(wanted[i : i + 2]) for i in range(0, len(wanted) - 1, 2)]
    fields = worded(
        fqdn=plain(_labels(found.get(39, b"")[1:])),  # RFC 4704 §4: one octet of flags
        vendor_class=_vendor6(found.get(16, b"")),
        options=",".join(map(str, codes)),
        duid=found.get(1, b"")[:DUID_OCTETS_MAX].hex(),
        mud_url=url(found.get(112, b"")),
    )
    return [("dhcp6.request", fields)] if fields else []


def _vendor6(value: bytes) -> str:
    """The first vendor class after the enterprise number (RFC 8415 §21.16)."""
    size = int.from_bytes(value[4:6])
    return plain(value[6 : 6 + size])
