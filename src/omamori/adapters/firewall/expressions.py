"""Expressions of our rules on one raw frame, read as the kernel reads them (net/netfilter/nft_*.c)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import msgspec

_IPV4, _IPV6, _ARP = 0x0800, 0x86DD, 0x0806
_TAGS = (0x8100, 0x88A8)  # IEEE 802.1Q; the kernel takes the outer tag off before the bridge
_HEAD_OCTETS, _TAG_OCTETS = 14, 4
_LENGTH_MAX = 0x600  # IEEE 802.3: below it is a length, not a kind
_IPV4_OCTETS, _IPV6_OCTETS = 20, 40
_HOP, _ROUTING, _FRAGMENT, _AUTH, _NONE, _OPTIONS = 0, 43, 44, 51, 59, 60
_EXTENSIONS = (_HOP, _ROUTING, _FRAGMENT, _AUTH, _NONE, _OPTIONS)  # ipv6_ext_hdr()
_NAMES = {"arp": _ARP, "broadcast": 1, "multicast": 2}  # linux/if_packet.h: PACKET_*

# Protocol the field belongs to, octets from the network header, length.
_NETWORK: dict[tuple[str, str], tuple[int, int, int]] = {
    ("ip", "saddr"): (_IPV4, 12, 4),
    ("ip", "daddr"): (_IPV4, 16, 4),
    ("ip", "frag-off"): (_IPV4, 6, 2),
    ("ip6", "saddr"): (_IPV6, 8, 16),
    ("ip6", "daddr"): (_IPV6, 24, 16),
    ("ip6", "nexthdr"): (_IPV6, 6, 1),
    ("arp", "saddr ip"): (_ARP, 14, 4),
    ("arp", "daddr ip"): (_ARP, 24, 4),
    ("arp", "saddr ether"): (_ARP, 8, 6),
}
_PORTS = {"sport": 0, "dport": 2}


class Heard(msgspec.Struct, frozen=True):
    """A frame with what the kernel knows of it.

    Attributes:
        network: where the network header begins.
        l4: the transport's protocol number; None where the network header is malformed.
        transport: where the transport header begins.
        later_piece: a fragment that is not the first; its transport header is not read.
    """

    frame: bytes
    in_port: str
    out_port: str
    protocol: int
    network: int
    l4: int | None = None
    transport: int = 0
    later_piece: bool = False

    @classmethod
    def of(cls, frame: bytes, in_port: str, out_port: str) -> Heard | None:
        """The frame; None where it is shorter than an Ethernet header."""
        if len(frame) < _HEAD_OCTETS:
            return None
        protocol, network = int.from_bytes(frame[12:14], "big"), _HEAD_OCTETS
        if protocol in _TAGS and len(frame) >= _HEAD_OCTETS + _TAG_OCTETS:
            protocol, network = int.from_bytes(frame[16:18], "big"), network + _TAG_OCTETS
        if protocol < _LENGTH_MAX:
            protocol = 1
        read = {_IPV4: _ipv4, _IPV6: _ipv6}.get(protocol)
        l4, transport, later = (read(frame[network:]) if read else None) or (None, 0, False)
        return cls(frame, in_port, out_port, protocol, network, l4, network + transport, later)

    @property
    def target(self) -> bytes:
        """The hardware address it is for."""
        return self.frame[:6]

    def to_ip(self) -> bytes:
        """The IP address it is for; empty where it is none."""
        name = {_IPV4: "ip", _IPV6: "ip6"}.get(self.protocol)
        field = {"payload": {"protocol": name, "field": "daddr"}}
        return (value_of(field, self) or b"") if name else b""

    def bits(self, offset: int, length: int) -> bytes | None:
        """Bits of the transport header; None where there are not so many."""
        if self.l4 is None or self.later_piece:
            return None
        first, last = offset // 8, (offset + length - 1) // 8
        octets = self.frame[self.transport + first : self.transport + last + 1]
        if len(octets) != last - first + 1:
            return None
        number = int.from_bytes(octets, "big") >> ((last + 1) * 8 - offset - length)
        return (number & ((1 << length) - 1)).to_bytes((length + 7) // 8, "big")


_L4 = tuple[int, int, bool]


def _ipv4(packet: bytes) -> _L4 | None:
    """`nft_set_pktinfo_ipv4_validate`."""
    if len(packet) < _IPV4_OCTETS or packet[0] >> 4 != 4 or packet[0] & 15 < 5:  # noqa: PLR2004 - RFC 791 §3.1
        return None
    head, whole = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
    if len(packet) < whole or whole < head:
        return None
    return packet[9], head, bool(int.from_bytes(packet[6:8], "big") & 0x1FFF)


def _ipv6(packet: bytes) -> _L4 | None:
    """`nft_set_pktinfo_ipv6_validate`, which walks the headers as `ipv6_find_hdr` does."""
    if len(packet) < _IPV6_OCTETS or packet[0] >> 4 != 6:  # noqa: PLR2004 - RFC 8200 §3
        return None
    if int.from_bytes(packet[4:6], "big") + _IPV6_OCTETS > len(packet):
        return None
    kind, at = packet[6], _IPV6_OCTETS
    while kind in _EXTENSIONS and kind not in {_AUTH, _NONE}:  # it stops there: `IP6_FH_F_AUTH`
        head = packet[at : at + 8]
        if len(packet) - at < 2 or (kind == _FRAGMENT and len(head) < 4):  # noqa: PLR2004 - RFC 8200 §4
            return None
        if kind == _FRAGMENT and int.from_bytes(head[2:4], "big") & 0xFFF8:
            return None if head[0] in _EXTENSIONS else (head[0], at, True)
        octets = 8 if kind == _FRAGMENT else (head[1] + 1) * 8
        kind, at = head[0], at + octets
    return None if kind == _NONE else (kind, at, False)


def key_of(value: str | int, kind: str) -> bytes:
    """An element's key as octets."""
    if isinstance(value, int):
        return value.to_bytes(1 if kind == "inet_proto" else 2, "big")
    if kind == "ether_addr":
        return bytes.fromhex(value.replace(":", ""))
    if kind == "ifname":
        return value.encode().ljust(16, b"\0")
    return ip_address(value).packed


def number_of(value: object) -> int:
    """A constant of a rule as a number."""
    if isinstance(value, int):
        return value
    text = str(value)
    return _NAMES[text] if text in _NAMES else int(ip_address(text))


def value_of(expression: dict[str, Any], heard: Heard) -> bytes | None:
    """What an expression reads in a frame; None where the frame has no such thing."""
    verb, told = next(iter(expression.items()))
    if verb == "concat":
        parts = [value_of(part, heard) for part in told]
        return None if None in parts else b"".join(part for part in parts if part is not None)
    if verb == "&":
        value = value_of(told[0], heard)
        if value is None:
            return None
        return (int.from_bytes(value, "big") & int(told[1])).to_bytes(len(value), "big")
    return _meta(told["key"], heard) if verb == "meta" else _payload(told, heard)


def _meta(key: str, heard: Heard) -> bytes | None:
    if key == "iifname":
        return heard.in_port.encode().ljust(16, b"\0") if heard.in_port else None
    if key == "oifname":
        return heard.out_port.encode().ljust(16, b"\0") if heard.out_port else None
    if key == "protocol":
        return heard.protocol.to_bytes(2, "big")
    if key == "l4proto":
        return None if heard.l4 is None else heard.l4.to_bytes(1, "big")
    group = 1 if heard.target == b"\xff" * 6 else 2 if heard.target[0] & 1 else 0
    return bytes((group,))  # pkttype


def _payload(told: dict[str, Any], heard: Heard) -> bytes | None:
    if "base" in told:
        return heard.bits(int(told["offset"]), int(told["len"]))
    protocol, name = str(told["protocol"]), str(told["field"])
    if protocol == "ether":
        return heard.frame[6:12] if name == "saddr" else heard.frame[:6]
    if protocol == "th":
        return heard.bits(_PORTS[name] * 8, 16)
    kind, offset, length = _NETWORK[protocol, name]
    if heard.protocol != kind:
        return None
    octets = heard.frame[heard.network + offset : heard.network + offset + length]
    return octets if len(octets) == length else None
