"""Frames of a car as captures hold them: Linux SocketCAN records, and CAN over Ethernet in UDP.

SocketCAN: https://www.tcpdump.org/linktypes/LINKTYPE_CAN_SOCKETCAN.html. CAN over Ethernet is what
bus gateways of boats, machines and test stands send: proconX's CAN-ETH, as Wireshark reads it.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from omamori.hub.vehicle.gateway import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKETCAN = 227
LINUX_SLL, LINUX_SLL2, ETHERNET = 113, 276, 1
EXTENDED, REMOTE, ERROR = 0x8000_0000, 0x4000_0000, 0x2000_0000
FDF = 0x04
"""Since Linux 6.1 the mark that a record is CAN FD (linux/can.h)."""

_SOCKETCAN = Struct(">IBBBB")
_SLL_OCTETS, _SLL2_OCTETS = 16, 20
_CAN_PROTOCOLS = {0x000C: False, 0x000D: True}
_ETHERNET_OCTETS, _IPV4, _UDP, _UDP_OCTETS = 14, 0x0800, 17, 8
_MAGIC = b"ISO11898"
_CAN_ETH_HEAD = 10  # magic, version, count
_CAN_ETH = Struct("<IB8sBB")  # identifier, length, data, extended, remote
CAN_ETH_FRAMES_MAX = 127


def frames_of(at: float, link: int, octets: bytes, bus: str) -> Iterator[Frame]:
    """The frames in one record of a capture; none in one that is not of a car's bus."""
    if link == SOCKETCAN:
        yield from _socketcan(at, octets, bus, is_fd=False)
    elif link == LINUX_SLL and len(octets) > _SLL_OCTETS:
        proto = int.from_bytes(octets[14:16], "big")
        if proto in _CAN_PROTOCOLS:
            is_fd = _CAN_PROTOCOLS[proto]
            yield from _socketcan(at, octets[_SLL_OCTETS:], bus, is_fd=is_fd)
    elif link == LINUX_SLL2 and len(octets) > _SLL2_OCTETS:
        proto = int.from_bytes(octets[:2], "big")
        if proto in _CAN_PROTOCOLS:
            is_fd = _CAN_PROTOCOLS[proto]
            yield from _socketcan(at, octets[_SLL2_OCTETS:], bus, is_fd=is_fd)
    elif link == ETHERNET:
        yield from _can_eth(at, _udp(octets), bus)


def _socketcan(at: float, octets: bytes, bus: str, *, is_fd: bool) -> Iterator[Frame]:
    if len(octets) < _SOCKETCAN.size:
        return
    id_, length, flags, _, _ = _SOCKETCAN.unpack_from(octets)
    data = octets[_SOCKETCAN.size :]
    # A record of a classic frame has eight octets of room at most; a longer one is FD (canfd_frame).
    fd = is_fd or length > 8 or len(data) > 8 or bool(flags & FDF)  # noqa: PLR2004 - ISO 11898-1
    if length > len(data) or length > 64:  # noqa: PLR2004 - ISO 11898-1
        return
    extended, remote = bool(id_ & EXTENDED), bool(id_ & REMOTE)
    data = b"" if remote else data[:length]
    yield Frame(at, bus, id_ & (0x1FFF_FFFF if extended else 0x7FF), data, extended, fd, remote, bool(id_ & ERROR))  # fmt: skip


def _udp(octets: bytes) -> bytes:
    """The payload of an unbroken UDP datagram over IPv4, else nothing."""
    start = _ETHERNET_OCTETS
    if int.from_bytes(octets[12:14], "big") != _IPV4 or len(octets) < start + 28:
        return b""
    head = (octets[start] & 0x0F) * 4
    fragment = int.from_bytes(octets[start + 6 : start + 8], "big") & 0x3FFF
    if octets[start + 9] != _UDP or fragment or head < 20:  # noqa: PLR2004 - RFC 791, 3.1
        return b""
    at = start + head
    length = int.from_bytes(octets[at + 4 : at + 6], "big")
    return octets[at + _UDP_OCTETS : at + length]


def _can_eth(at: float, payload: bytes, bus: str) -> Iterator[Frame]:
    """The records of one datagram, up to the first that can be no frame."""
    if not payload.startswith(_MAGIC) or len(payload) < _CAN_ETH_HEAD:
        return
    start = _CAN_ETH_HEAD
    for _ in range(min(payload[9], CAN_ETH_FRAMES_MAX)):
        if start + _CAN_ETH.size > len(payload):
            return
        id_, length, data, extended, remote = _CAN_ETH.unpack_from(payload, start)
        if length > len(data) or id_ > (0x1FFF_FFFF if extended else 0x7FF):
            return
        told = b"" if remote else data[:length]
        yield Frame(at, bus, id_, told, bool(extended), remote=bool(remote))
        start += _CAN_ETH.size
