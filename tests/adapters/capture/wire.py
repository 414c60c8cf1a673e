"""Builds frames and captures octet by octet, apart from the code that reads them."""

from __future__ import annotations

import struct
from ipaddress import ip_address

PHONE = "02:00:00:00:00:01"
LAMP = "02:00:00:00:00:02"
ROUTER = "02:00:00:00:00:fe"
EVERYONE = "ff:ff:ff:ff:ff:ff"
PHONE_IP, LAMP_IP, ROUTER_IP = "192.168.1.10", "192.168.1.20", "192.168.1.1"
FAR_IP = "93.184.216.34"


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ether(payload: bytes, kind: int, source: str = PHONE, target: str = EVERYONE) -> bytes:
    return mac(target) + mac(source) + struct.pack("!H", kind) + payload


def ipv4(
    payload: bytes, protocol: int, source: str = PHONE_IP, target: str = LAMP_IP, **more: int
) -> bytes:
    """``more``: identification, fragment (flags and offset), options (words of no-op), hops."""
    options = b"\x01" * (4 * more.get("options", 0))
    size = 20 + len(options) + len(payload)
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x45 + len(options) // 4,
        0,
        size,
        more.get("identification", 0),
        more.get("fragment", 0),
        more.get("hops", 64),
        protocol,
        0,
        ip_address(source).packed,
        ip_address(target).packed,
    )
    return head + options + payload


def ipv6(payload: bytes, protocol: int, source: str, target: str, hops: int = 64) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops)
    return head + ip_address(source).packed + ip_address(target).packed + payload


def udp(payload: bytes, from_port: int, to_port: int) -> bytes:
    return struct.pack("!HHHH", from_port, to_port, 8 + len(payload), 0) + payload


def tcp(
    payload: bytes, from_port: int, to_port: int, *, sequence: int = 1, flags: int = 0x18
) -> bytes:
    return struct.pack("!HHIIBBHHH", from_port, to_port, sequence, 1, 0x50, flags, 65535, 0, 0) + (
        payload
    )


def udp_frame(payload: bytes, from_port: int, to_port: int, source: str = PHONE) -> bytes:
    return ether(ipv4(udp(payload, from_port, to_port), 17), 0x0800, source)


def tcp_frame(
    payload: bytes, from_port: int, to_port: int, *, sequence: int = 1, flags: int = 0x18
) -> bytes:
    segment = tcp(payload, from_port, to_port, sequence=sequence, flags=flags)
    return ether(ipv4(segment, 6), 0x0800)


def arp(source: str, ip: str, target_ip: str = ROUTER_IP) -> bytes:
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac(source) + ip_address(ip).packed
    return ether(body + bytes(6) + ip_address(target_ip).packed + bytes(18), 0x0806, source)


def name(text: str) -> bytes:
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(text: str, kind: int = 1, *, number: int = 7) -> bytes:
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + name(text) + struct.pack("!HH", kind, 1)


def record(owner: bytes, kind: int, value: bytes, ttl_s: int = 120) -> bytes:
    return owner + struct.pack("!HHIH", kind, 0x8001, ttl_s, len(value)) + value


def answer(*records: bytes) -> bytes:
    return struct.pack("!6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def dhcp(options: list[tuple[int, bytes]], *, source: str = PHONE, reply: bool = False) -> bytes:
    head = struct.pack("!BBBBIHH", 2 if reply else 1, 1, 6, 0, 99, 0, 0)
    addresses = bytes(4) + (ip_address(PHONE_IP).packed if reply else bytes(4)) + bytes(8)
    fixed = head + addresses + mac(source) + bytes(10 + 192) + b"\x63\x82\x53\x63"
    return fixed + b"".join(bytes([code, len(value)]) + value for code, value in options) + b"\xff"


def vector(octets: bytes, width: int) -> bytes:
    return len(octets).to_bytes(width) + octets


def client_hello(
    sni: str = "",
    alpn: tuple[str, ...] = (),
    ciphers: tuple[int, ...] = (0x1301, 0x1302),
    extensions: tuple[tuple[int, bytes], ...] = (),
) -> bytes:
    """A whole TLS record; ``extensions`` follow those of ``sni`` and ``alpn``."""
    listed = list(extensions)
    if alpn:
        names = b"".join(vector(protocol.encode(), 1) for protocol in alpn)
        listed.insert(0, (16, vector(names, 2)))
    if sni:
        listed.insert(0, (0, vector(b"\0" + vector(sni.encode(), 2), 2)))
    extended = b"".join(struct.pack("!H", code) + vector(value, 2) for code, value in listed)
    body = b"\x03\x03" + bytes(range(32)) + vector(bytes(32), 1)
    body += vector(b"".join(struct.pack("!H", cipher) for cipher in ciphers), 2)
    body += vector(b"\0", 1) + vector(extended, 2)
    return b"\x16\x03\x01" + vector(b"\x01" + vector(body, 3), 2)


def pcap(
    frames: list[tuple[float, bytes]], *, order: str = "<", nano: bool = False, link: int = 1
) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    octets = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)
    for at, frame in frames:
        fraction = round((at % 1) * (1e9 if nano else 1e6))
        octets += struct.pack(order + "IIII", int(at), fraction, len(frame), len(frame)) + frame
    return octets


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(order: str = "<", link: int = 1, options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, 0) + options, order)


def packet(frame: bytes, ticks: int, order: str = "<", index: int = 0) -> bytes:
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, *[len(frame)] * 2)
    return block(6, head + frame, order)
