"""A bounded stream of octets from a file, plain or gzip, that says where and how it ended."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from typing import IO

GZIP_MAGIC = b"\x1f\x8b"


class Source:
    """Octets in order; never more than asked for is held.

    Attributes:
        trouble: what stopped the reading early, or None. What was read before stays valid.
    """

    def __init__(self, raw: IO[bytes], *, is_gzip: bool) -> None:
        self.trouble: Reason | None = None
        self._raw = raw
        self._stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if is_gzip else raw  # type: ignore[assignment]
        self._read_octets = 0

    def read(self, most: int) -> bytes:
        """Up to ``most`` octets; empty at the end, whatever kind of end it is."""
        try:
            octets = self._stream.read(most)
        except EOFError:
            self.cut_short()
            return b""
        except (OSError, zlib.error):  # gzip.BadGzipFile is an OSError
            self.trouble = Reason("capture.broken-record", {"offset": self._read_octets})
            return b""
        self._read_octets += len(octets)
        return octets

    def offset(self, at: int, end: int) -> int:
        """Where in the (unpacked) stream position ``at`` of a buffer ending here lies."""
        return self._read_octets - end + at

    def cut_short(self) -> None:
        """Remember that the stream ended inside a record."""
        self.trouble = self.trouble or Reason("capture.cut-short", {"octets": self._read_octets})

    def place(self) -> int:
        """How many octets of the file itself are behind us, for progress."""
        return self._raw.tell() if self._raw.seekable() else self._read_octets
