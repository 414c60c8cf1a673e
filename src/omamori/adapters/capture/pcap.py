"""The classic capture format (draft-ietf-opsawg-pcap): every byte order and time unit."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from omamori.adapters.capture.frames import CHUNK_OCTETS, FRAME_OCTETS_MAX
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.adapters.capture.frames import Frame
    from omamori.adapters.capture.source import Source

_UNITS_S = {0xA1B2C3D4: 1e-6, 0xA1B23C4D: 1e-9}
_LINK_MASK = 0x0FFF_FFFF  # the upper bits tell of frame check sequences
HEADER_OCTETS = 24


def byte_order(magic: bytes) -> str:
    """``<`` or ``>`` when the four octets open a classic capture, else the empty string."""
    for order, name in (("<", "little"), (">", "big")):
        if int.from_bytes(magic, name) in _UNITS_S:  # type: ignore[arg-type]
            return order
    return ""


def batches(source: Source, header: bytes) -> Iterator[list[Frame]]:
    """Frames in lists of about one chunk; what is wrong at the end is told to ``source.trouble``.

    Args:
        source: the stream behind the file header.
        header: the ``HEADER_OCTETS`` of the file header, already known to be one.
    """
    order = byte_order(header[:4])
    magic, _, _, _, _, _, link = Struct(order + "IHHiIII").unpack(header)
    unit_s, link = _UNITS_S[magic], link & _LINK_MASK
    record = Struct(order + "IIII")
    unpack, head = record.unpack_from, record.size
    rest = b""
    while chunk := source.read(CHUNK_OCTETS):
        octets = rest + chunk
        at, end = 0, len(octets)
        frames: list[Frame] = []
        while at + head <= end:
            seconds, fraction, size, _ = unpack(octets, at)
            if size > FRAME_OCTETS_MAX:
                source.trouble = Reason("capture.broken-record", {"offset": source.offset(at, end)})
                break
            start = at + head
            at_next = start + size
            if at_next > end:
                break
            frames.append((seconds + fraction * unit_s, link, octets[start:at_next]))
            at = at_next
        rest = octets[at:]
        yield frames
        if source.trouble:
            return
    if rest:
        source.cut_short()
