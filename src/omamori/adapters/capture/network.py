"""IPv4 (RFC 791) and IPv6 (RFC 8200) headers: to whom, which transport, and where it lies."""

from __future__ import annotations

from typing import NamedTuple

EXTENSIONS_MAX = 8
HOP_BY_HOP, ICMP, TCP, UDP, ROUTING, FRAGMENT, AUTHENTICATION, ICMP6 = 0, 1, 6, 17, 43, 44, 51, 58
_DESTINATION, _MOBILITY, _HIP, _SHIM6 = 60, 135, 139, 140
_EXTENSIONS = {HOP_BY_HOP, ROUTING, _DESTINATION, _MOBILITY, _HIP, _SHIM6}


class Packet(NamedTuple):
    """An IP packet inside ``octets``.

    Attributes:
        protocol: the transport's number.
        source: 4 or 16 octets.
        destination: 4 or 16 octets.
        start: where the transport begins in the frame.
        end: where it ends; never beyond the frame.
        piece: None for a whole packet, else (identification, offset, whether more follows).
        hops: how many more routers may pass it on (time to live, hop limit).
    """

    protocol: int
    source: bytes
    destination: bytes
    start: int
    end: int
    piece: tuple[bytes, int, bool] | None
    hops: int


def ipv4(frame: bytes, at: int) -> Packet | None:
    """The IPv4 packet at ``at``, or None when its header is no header."""
    if len(frame) < at + 20 or frame[at] >> 4 != 4:  # noqa: PLR2004 - IPv4's header and version
        return None
    start = at + (frame[at] & 15) * 4
    total = frame[at + 2] << 8 | frame[at + 3]
    # Zero: the sender's network card was to split it (segmentation offload).
    end = min(at + total, len(frame)) if total else len(frame)
    if start < at + 20 or start > end:
        return None
    flags = frame[at + 6] << 8 | frame[at + 7]
    piece = None
    if flags & 0x3FFF:  # more fragments, or an offset
        piece = (frame[at + 4 : at + 6], (flags & 0x1FFF) * 8, bool(flags & 0x2000))
    source, destination = frame[at + 12 : at + 16], frame[at + 16 : at + 20]
    return Packet(frame[at + 9], source, destination, start, end, piece, frame[at + 8])


def ipv6(frame: bytes, at: int) -> Packet | None:
    """The IPv6 packet at ``at`` with its extension headers passed, or None."""
    if len(frame) < at + 40 or frame[at] >> 4 != 6:  # noqa: PLR2004 - IPv6's header and version
        return None
    start = at + 40
    size = int.from_bytes(frame[at + 4 : at + 6])
    end = min(start + size, len(frame)) if size else len(frame)
    protocol, piece = frame[at + 6], None
    for _ in range(EXTENSIONS_MAX):
        if start + 8 > end:
            break
        if protocol in _EXTENSIONS:
            protocol, start = frame[start], start + 8 + frame[start + 1] * 8
        elif protocol == AUTHENTICATION:
            protocol, start = frame[start], start + (frame[start + 1] + 2) * 4
        elif protocol == FRAGMENT and piece is None:
            place = int.from_bytes(frame[start + 2 : start + 4])
            if place & 0xFFF9:
                piece = (frame[start + 4 : start + 8], place & 0xFFF8, bool(place & 1))
            protocol, start = frame[start], start + 8
            if piece and piece[1]:
                break  # only the first fragment says what follows
        else:
            break
    if start > end:
        return None
    source, destination = frame[at + 8 : at + 24], frame[at + 24 : at + 40]
    return Packet(protocol, source, destination, start, end, piece, frame[at + 7])
