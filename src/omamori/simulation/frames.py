"""Frames of the practice home, made octet by octet as its things would send them."""

from __future__ import annotations

import struct
from functools import lru_cache
from ipaddress import ip_address

import msgspec

EVERYONE = "ff:ff:ff:ff:ff:ff"
FIN_ACK, SYN, RST_ACK, PSH_ACK, SYN_ACK = 17, 2, 20, 24, 18
ARP_ASKS, ARP_ANSWERS = 1, 2
MDNS = ("01:00:5e:00:00:fb", "224.0.0.251", 5353)  # RFC 6762 §3
ECHONET = ("01:00:5e:00:17:00", "224.0.23.0", 3610)  # ECHONET Lite specification, part 2
FRAME_OCTETS = 1454
ADDRESSES_REMEMBERED = 1024  # as octets: the cast's few are written again and again

_IPV4, _ARP = 0x0800, 0x0806
_TCP, _UDP = 6, 17
_A, _TXT, _PTR, _SRV = 1, 16, 12, 33  # RFC 1035 §3.2.2, RFC 2782
_DHCP_COOKIE = b"\x63\x82\x53\x63"


class End(msgspec.Struct, frozen=True):
    """One end of talk: hardware and IP address."""

    mac: str
    ip: str


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def _ip(text: str) -> bytes:
    return ip_address(text).packed


def _ether(source: str, target: str, kind: int, carried: bytes) -> bytes:
    return _mac(target) + _mac(source) + struct.pack("!H", kind) + carried


def _ipv4(one: End, other: End, protocol: int, carried: bytes, hops: int) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(carried), 0, 0, hops, protocol, 0)
    addresses = _ip(one.ip) + _ip(other.ip)
    return _ether(one.mac, other.mac, _IPV4, head + addresses + carried)


def arp(sender: End, target_ip: str, operation: int = ARP_ASKS, target: str = EVERYONE) -> bytes:
    """Who has the address (RFC 826), or the answer to it."""
    head = struct.pack("!HHBBH", 1, _IPV4, 6, 4, operation)
    told = _mac(sender.mac) + _ip(sender.ip)
    asked = (bytes(6) if operation == ARP_ASKS else _mac(target)) + _ip(target_ip)
    return _ether(sender.mac, target, _ARP, head + told + asked + bytes(18))


def tcp(one: End, other: End, ports: tuple[int, int], flags: int, size: int = 0) -> bytes:
    """A segment with `size` octets of nothing in it."""
    head = struct.pack("!HHIIBBHHH", *ports, 1, 1, 0x50, flags, 65535, 0, 0)
    return _ipv4(one, other, _TCP, head + bytes(size), 64)


def udp(one: End, other: End, ports: tuple[int, int], carried: bytes, hops: int = 64) -> bytes:
    """A datagram."""
    head = struct.pack("!HHHH", *ports, 8 + len(carried), 0)
    return _ipv4(one, other, _UDP, head + carried, hops)


def _name(text: str) -> bytes:
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def dns_question(name: str, number: int) -> bytes:
    """Which address has the name (RFC 1035 §4)."""
    head = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0)
    return head + _name(name) + struct.pack("!HH", _A, 1)


def dns_answer(name: str, ip: str, number: int) -> bytes:
    """This address has the name."""
    asked = _name(name) + struct.pack("!HH", _A, 1)
    found = b"\xc0\x0c" + struct.pack("!HHIH", _A, 1, 300, 4) + _ip(ip)
    return struct.pack("!6H", number, 0x8180, 1, 1, 0, 0) + asked + found


def mdns_service(service: str, instance: str, host: str, ip: str, txt: dict[str, str]) -> bytes:
    """A service announced with its host (RFC 6763)."""
    full = f"{instance.replace('.', '')}.{service}"
    said = [f"{key}={value}".encode() for key, value in txt.items()]
    text = b"".join(bytes([len(part)]) + part for part in said) or b"\0"
    records = (
        _record(service, _PTR, _name(full)),
        _record(full, _SRV, struct.pack("!HHH", 0, 0, 8009) + _name(host)),
        _record(full, _TXT, text),
        _record(host, _A, _ip(ip)),
    )
    return struct.pack("!6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def _record(owner: str, kind: int, value: bytes) -> bytes:
    return _name(owner) + struct.pack("!HHIH", kind, 1, 4500, len(value)) + value


def dhcp(client: End, message: int, options: dict[int, bytes], given_ip: str = "") -> bytes:
    """A DHCP message (RFC 2131 §2); with `given_ip` it is a server's."""
    head = struct.pack("!BBBBIHH", 2 if given_ip else 1, 1, 6, 0, 119, 0, 0)
    given = _ip(given_ip) if given_ip else bytes(4)
    addresses = bytes(4) + given + bytes(8)
    fixed = head + addresses + _mac(client.mac) + bytes(10 + 192) + _DHCP_COOKIE
    told = {53: bytes([message]), **options}
    return fixed + b"".join(bytes([code, len(v)]) + v for code, v in told.items()) + b"\xff"


def echonet_says(objects: tuple[str, ...]) -> bytes:
    """An ECHONET Lite node announces the objects that it has (EPC 0xD5)."""
    listed = bytes([len(objects)]) + b"".join(map(bytes.fromhex, objects))
    head = bytes.fromhex("10810001" + "0ef001" + "0ef001" + "73" + "01" + "d5")
    return head + bytes([len(listed)]) + listed
