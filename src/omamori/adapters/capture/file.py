"""Opens a capture file of either format, packed or not, and reads it in bounded chunks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from omamori.adapters.capture import pcap, pcapng
from omamori.adapters.capture.frames import CaptureError
from omamori.adapters.capture.source import GZIP_MAGIC, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import IO, Self

    from omamori.adapters.capture.frames import Frame
    from omamori.documents.reason import Reason

STDIN = "-"


class CaptureFile:
    """A capture being read; a context that closes its file.

    Attributes:
        name: as the user gave it.
        size: octets of the file, or 0 where that cannot be known (a pipe).
    """

    def __init__(self, name: str, raw: IO[bytes], size: int) -> None:
        self.name = name
        self.size = size
        self._raw = raw
        self._source = Source(raw, is_gzip=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._raw.close()

    @property
    def trouble(self) -> Reason | None:
        """What stopped the reading early, or None; what was read before it stays valid."""
        return self._source.trouble

    @property
    def place(self) -> int:
        """Octets of the file that are behind us."""
        return self._source.place()

    def batches(self) -> Iterator[list[Frame]]:
        """The frames, in lists of about one chunk.

        Raises:
            CaptureError: ``capture.not-a-capture`` when the first octets are of no known format.
        """
        peeked = _peek(self._raw)
        self._source = Source(self._raw, is_gzip=peeked == GZIP_MAGIC)
        magic = self._source.read(4)
        if magic == pcapng.SECTION_MAGIC:
            yield from pcapng.batches(self._source, magic)
            return
        if not pcap.byte_order(magic):
            raise CaptureError("capture.not-a-capture", {"name": self.name})
        header = magic + self._source.read(pcap.HEADER_OCTETS - 4)
        if len(header) < pcap.HEADER_OCTETS:
            self._source.cut_short()
            return
        yield from pcap.batches(self._source, header)


def _peek(raw: IO[bytes]) -> bytes:
    """The first two octets, left in place: a buffered reader holds them (io.BufferedReader)."""
    peeked: bytes = raw.peek(2)[:2]  # type: ignore[attr-defined]
    return peeked


def open_capture(name: str) -> CaptureFile:
    """Open a capture; ``-`` is the standard input.

    Raises:
        CaptureError: ``capture.not-found`` or ``capture.not-readable``.
    """
    if name == STDIN:
        return CaptureFile(name, sys.stdin.buffer, 0)
    path = Path(name)
    try:
        raw = path.open("rb")
        return CaptureFile(name, raw, path.stat().st_size if path.is_file() else 0)
    except FileNotFoundError:
        raise CaptureError("capture.not-found", {"name": name}) from None
    except OSError:
        raise CaptureError("capture.not-readable", {"name": name}) from None
