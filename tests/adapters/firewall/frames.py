"""Raw frames for the firewall's tests, well formed and not."""

from __future__ import annotations

import struct
from ipaddress import ip_address

from omamori.hub.guarding.plan import Place

ECHONET = 3610
SYN, SYN_ACK, ACK, RST = 0x02, 0x12, 0x10, 0x04


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def place(number: int, port: str = "") -> Place:
    """A thing; at port `p<number>` when told so."""
    return Place(
        f"thing{number}",
        (f"02:00:00:00:00:{number:02x}",),
        (f"192.168.77.{number}", f"fd77::{number:x}"),
        port,
    )


def ether(source: str, target: str, kind: int, carried: bytes) -> bytes:
    return mac(target) + mac(source) + struct.pack("!H", kind) + carried


def ip(source: str, target: str, protocol: int, carried: bytes, *, piece: int = 0) -> bytes:
    """An IPv4 or IPv6 packet, by the addresses' version; `piece` is the fragment field of IPv4."""
    one, other = ip_address(source), ip_address(target)
    if one.version == 6:
        head = struct.pack("!IHBB", 6 << 28, len(carried), protocol, 64)
    else:
        whole = 20 + len(carried)
        head = struct.pack("!BBHHHBBH", 0x45, 0, whole, 7, piece, 64, protocol, 0)
        total = sum(struct.unpack("!10H", head + one.packed + other.packed))
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        head = head[:10] + struct.pack("!H", total ^ 0xFFFF)  # RFC 1071
    return head + one.packed + other.packed + carried


def udp(ports: tuple[int, int], carried: bytes = b"") -> bytes:
    return struct.pack("!HHHH", *ports, 8 + len(carried), 0) + carried


def tcp(ports: tuple[int, int], flags: int) -> bytes:
    return struct.pack("!HHIIBBHHH", *ports, 1, 1, 0x50, flags, 65535, 0, 0)


def echonet(service: int, *, to: int = 0x0130_01, head: int = 0x1081) -> bytes:
    """ECHONET Lite specification part 2: one property."""
    told = struct.pack("!HH", head, 1) + bytes((5, 0xFF, 1)) + to.to_bytes(3, "big")
    return told + bytes((service, 1, 0x80, 1, 0x30))


def kind_of(address: str) -> int:
    return 0x86DD if ":" in address else 0x0800


def sent(
    one: Place, other: Place, protocol: int, carried: bytes, *, version: int = 4, piece: int = 0
) -> bytes:
    """A packet from one thing to another."""
    source, target = (place.ips[0 if version == 4 else 1] for place in (one, other))
    packet = ip(source, target, protocol, carried, piece=piece)
    return ether(one.macs[0], other.macs[0], kind_of(source), packet)


def to_group(one: Place, address: str, group_mac: str, protocol: int, carried: bytes) -> bytes:
    source = one.ips[1 if ":" in address else 0]
    return ether(one.macs[0], group_mac, kind_of(address), ip(source, address, protocol, carried))


def arp(
    sender: Place, asked_ip: str, *, claim: str = "", target: str = "ff:ff:ff:ff:ff:ff"
) -> bytes:
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
    told = mac(sender.macs[0]) + ip_address(claim or sender.ips[0]).packed
    asked = bytes(6) + ip_address(asked_ip).packed
    return ether(sender.macs[0], target, 0x0806, head + told + asked)


def tagged(frame: bytes, kind: int = 0x8100) -> bytes:
    """The same frame with a VLAN's tag."""
    return frame[:12] + struct.pack("!HH", kind, 5) + frame[12:]
