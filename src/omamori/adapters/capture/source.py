"""A bounded stream of octets from a file, plain or gzip, that says where and how it ended."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from typing import IO

GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's word for "a gzip member, with its check"
_PACKED_OCTETS = 16_384


class Unpacked:
    """The octets packed in a gzip file (RFC 1952), all its members one after the other.

    Unlike ``gzip.GzipFile`` it gives what could be unpacked before it tells of an early end.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._member = zlib.decompressobj(_GZIP)
        self._packed = b""
        self._trouble: Exception | None = None

    def read(self, most: int) -> bytes:
        """``most`` octets, fewer at the end.

        Raises:
            EOFError: the file ends inside a member, and everything before was given.
            zlib.error: the same for a damaged member.
        """
        pieces: list[bytes] = []
        wanted = most
        while wanted and self._trouble is None:
            try:
                piece = self._piece(wanted)
            except (EOFError, zlib.error) as error:
                self._trouble = error
                break
            if not piece:
                break
            pieces.append(piece)
            wanted -= len(piece)
        if self._trouble and not pieces:
            raise self._trouble
        return b"".join(pieces)

    def _piece(self, most: int) -> bytes:
        """Some octets; empty at the end of the last member."""
        while True:
            if self._member.eof:
                self._packed = self._member.unused_data or self._raw.read(_PACKED_OCTETS)
                if not self._packed:
                    return b""
                self._member = zlib.decompressobj(_GZIP)
            elif not self._packed:
                self._packed = self._raw.read(_PACKED_OCTETS)
                if not self._packed:
                    raise EOFError
            piece = self._member.decompress(self._packed, most)
            self._packed = self._member.unconsumed_tail
            if piece:
                return piece


class Source:
    """Octets in order; never more than asked for is held.

    Attributes:
        trouble: what stopped the reading early, or None. What was read before stays valid.
    """

    def __init__(self, raw: IO[bytes], *, is_gzip: bool) -> None:
        self.trouble: Reason | None = None
        self._raw = raw
        self._unpacked = Unpacked(raw) if is_gzip else None
        self._read_octets = 0

    def read(self, most: int) -> bytes:
        """Up to ``most`` octets; empty at the end, whatever kind of end it is."""
        try:
            octets = (self._unpacked or self._raw).read(most)
        except EOFError:
            self.cut_short()
            return b""
        except (OSError, zlib.error):
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
