"""Link layers: from a frame to who sent it, what it carries and where that begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters.capture import frames as link

if TYPE_CHECKING:
    from collections.abc import Callable

Linked = tuple[bytes, int, int]
"""The sender's MAC address (empty where the link has none), EtherType, and payload offset."""

ARP, VLAN, IPV4, IPV6 = 0x0806, 0x8100, 0x0800, 0x86DD
_COMMON = {IPV4, IPV6, ARP}
_TAGS = {VLAN, 0x88A8, 0x9100}  # 802.1Q, 802.1ad, and QinQ before it was standard
_TAGS_MAX = 4
_LENGTH_MAX = 1500  # IEEE 802.3: below this the field is a length and LLC follows
_SNAP = b"\xaa\xaa\x03\x00\x00\x00"
_MAC = 6
_ARPHRD_WITH_MAC = {1, 6}  # Ethernet, IEEE 802


def _typed(frame: bytes, at: int) -> tuple[int, int]:
    """The EtherType behind VLAN tags and SNAP; 0 for LLC that carries something else."""
    kind = int.from_bytes(frame[at : at + 2])
    for _ in range(_TAGS_MAX):
        if kind not in _TAGS:
            break
        at += 4
        kind = int.from_bytes(frame[at : at + 2])
    at += 2
    if kind <= _LENGTH_MAX:
        if frame[at : at + 6] != _SNAP:
            return 0, at
        kind, at = int.from_bytes(frame[at + 6 : at + 8]), at + 8
    return kind, at


def ethernet(frame: bytes, at: int = 0) -> Linked | None:
    """Ethernet II and IEEE 802.3, with or without tags."""
    if len(frame) < at + 14:
        return None
    kind = frame[at + 12] << 8 | frame[at + 13]
    if kind in _COMMON:
        return frame[at + 6 : at + 12], kind, at + 14
    kind, start = _typed(frame, at + 12)
    return frame[at + 6 : at + 12], kind, start


def _raw(frame: bytes, at: int = 0) -> Linked | None:
    """An IP packet with nothing before it."""
    version = frame[at] >> 4 if len(frame) > at else 0
    kind = {4: IPV4, 6: IPV6}.get(version)
    return None if kind is None else (b"", kind, at)


def _loopback(frame: bytes) -> Linked | None:
    """BSD loopback: four octets of address family in some byte order; the IP version decides."""
    return _raw(frame, 4)


def _linux_sll(frame: bytes) -> Linked | None:
    """Linux "cooked" capture: packet type, ARPHRD type, address length, address, EtherType."""
    if len(frame) < 16:  # noqa: PLR2004 - LINKTYPE_LINUX_SLL
        return None
    kind, start = int.from_bytes(frame[14:16]), 16  # small numbers are Linux's own, not lengths
    if kind in _TAGS:
        kind, start = _typed(frame, 14)
    return _cooked_mac(frame[2:4], frame[4:6], frame[6:12]), kind, start


def _linux_sll2(frame: bytes) -> Linked | None:
    if len(frame) < 20:  # noqa: PLR2004 - LINKTYPE_LINUX_SLL2
        return None
    kind = int.from_bytes(frame[:2])
    start = 20
    if kind in _TAGS:
        kind, start = _typed(frame, 22)
    return _cooked_mac(frame[8:10], b"\0" + frame[11:12], frame[12:18]), kind, start


def _cooked_mac(hardware: bytes, size: bytes, address: bytes) -> bytes:
    has_mac = int.from_bytes(hardware) in _ARPHRD_WITH_MAC and int.from_bytes(size) == _MAC
    return address if has_mac else b""


def _ppi(frame: bytes) -> Linked | None:
    """Per-Packet Information: a little-endian header that names the link type inside."""
    start, inner = int.from_bytes(frame[2:4], "little"), int.from_bytes(frame[4:8], "little")
    if start < 8 or inner != link.ETHERNET:  # noqa: PLR2004 - the PPI header's own size
        return None
    return ethernet(frame, start)


LINKS: dict[int, Callable[[bytes], Linked | None]] = {
    link.ETHERNET: ethernet,
    link.NULL: _loopback,
    link.LOOP: _loopback,
    link.RAW: _raw,
    12: _raw,  # DLT_RAW as some systems write it
    14: _raw,
    link.IPV4: _raw,
    link.IPV6: _raw,
    link.LINUX_SLL: _linux_sll,
    link.LINUX_SLL2: _linux_sll2,
    link.PPI: _ppi,
}
