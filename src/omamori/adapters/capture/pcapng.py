"""The next-generation capture format (draft-ietf-opsawg-pcapng): sections, interfaces, packets."""

from __future__ import annotations

from struct import Struct, unpack_from
from struct import error as struct_error
from typing import TYPE_CHECKING

from omamori.adapters.capture.frames import CHUNK_OCTETS, FRAME_OCTETS_MAX
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.adapters.capture.frames import Frame
    from omamori.adapters.capture.source import Source

BLOCK_OCTETS_MAX = 4 << 20
INTERFACES_MAX = 4096
OPTIONS_MAX = 64

SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE, _PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_TSRESOL, _TSOFFSET = 9, 14
_BLOCK_MIN = 12
_INTERFACE_MIN = 8
_DEFAULT_UNIT_S = 1e-6


class BrokenBlockError(ValueError):
    """A block whose own lengths contradict one another; stays in this module."""


class Section:
    """One section: its byte order and its interfaces, each (link, unit in seconds, offset)."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.head = Struct(order + "II")
        self.packet = Struct(order + "IIIII")
        self.old_packet = Struct(order + "HHIIII")
        self.interfaces: list[tuple[int, float, int]] = []

    def add_interface(self, body: bytes) -> None:
        """Learn an interface description block (§4.2)."""
        if len(self.interfaces) >= INTERFACES_MAX or len(body) < _INTERFACE_MIN:
            raise BrokenBlockError
        link = unpack_from(self.order + "H", body)[0]
        unit_s, offset_s = _DEFAULT_UNIT_S, 0
        for code, value in self._options(body[8:]):
            if code == _TSRESOL and len(value) == 1:
                power = value[0] & 0x7F
                unit_s = 2.0**-power if value[0] & 0x80 else 10.0**-power
            elif code == _TSOFFSET and len(value) == 8:  # noqa: PLR2004 - 64 bits, §4.2
                offset_s = unpack_from(self.order + "q", value)[0]
        self.interfaces.append((link, unit_s, offset_s))

    def _options(self, area: bytes) -> Iterator[tuple[int, bytes]]:
        at = 0
        for _ in range(OPTIONS_MAX):
            if at + 4 > len(area):
                return
            code, size = unpack_from(self.order + "HH", area, at)
            if code == 0:
                return
            yield code, area[at + 4 : at + 4 + size]
            at += 4 + (size + 3 & ~3)

    def frame(self, kind: int, body: bytes, last_at: float) -> Frame:
        """The frame in a packet block; a simple one has no time and takes the last."""
        if kind == _SIMPLE:
            size = min(unpack_from(self.order + "I", body)[0], len(body) - 4)
            return last_at, self.interfaces[0][0], body[4 : 4 + size]
        if kind == _PACKET:
            index, high, low, size, _ = self.packet.unpack_from(body)
        else:
            index, _, high, low, size, _ = self.old_packet.unpack_from(body)
        if size > len(body) - 20 or size > FRAME_OCTETS_MAX:
            raise BrokenBlockError
        link, unit_s, offset_s = self.interfaces[index]
        at = (high << 32 | low) * unit_s + offset_s
        return at, link, body[20 : 20 + size]


class _Reading:
    """How far the file is understood: its section and the time of its last frame."""

    def __init__(self) -> None:
        self.section = Section("<")
        self.last_at = 0.0

    def parse(self, octets: bytes) -> tuple[list[Frame], int]:
        """All whole blocks of ``octets`` as frames, and the position where they end.

        Raises:
            BrokenBlockError: with the frames before it and its position as arguments.
        """
        frames: list[Frame] = []
        at, end = 0, len(octets)
        try:
            while at + _BLOCK_MIN <= end:
                if octets[at : at + 4] == SECTION_MAGIC:
                    order = _ORDERS.get(octets[at + 8 : at + 12])
                    if order is None:
                        raise BrokenBlockError  # noqa: TRY301 - one place tells the offset
                    self.section = Section(order)
                kind, size = self.section.head.unpack_from(octets, at)
                if size < _BLOCK_MIN or size > BLOCK_OCTETS_MAX or size % 4:
                    raise BrokenBlockError  # noqa: TRY301
                if at + size > end:
                    break
                self._block(kind, octets[at + 8 : at + size - 4], frames)
                at += size
        except (BrokenBlockError, IndexError, struct_error) as error:
            raise BrokenBlockError(frames, at) from error
        return frames, at

    def _block(self, kind: int, body: bytes, frames: list[Frame]) -> None:
        if kind in (_PACKET, _SIMPLE, _OLD_PACKET):
            frame = self.section.frame(kind, body, self.last_at)
            self.last_at = frame[0]
            frames.append(frame)
        elif kind == _INTERFACE:
            self.section.add_interface(body)


def batches(source: Source, header: bytes) -> Iterator[list[Frame]]:
    """Frames in lists of about one chunk; what is wrong at the end is told to ``source.trouble``.

    Args:
        source: the stream behind ``header``.
        header: the first octets of the file, beginning with ``SECTION_MAGIC``.
    """
    reading, rest = _Reading(), header
    while chunk := source.read(CHUNK_OCTETS):
        octets = rest + chunk
        try:
            frames, at = reading.parse(octets)
        except BrokenBlockError as broken:
            frames, at = broken.args
            offset = source.offset(at, len(octets))
            source.trouble = Reason("capture.broken-record", {"offset": offset})
            yield frames
            return
        rest = octets[at:]
        yield frames
    if rest:
        source.cut_short()
