"""Entry: one line of what a home or authority remembers, appended and never changed.

This is the minimal port: append, acknowledged only when it is on disk, and read in order. A later
chapter makes it tamper-evident without changing who calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

BODY_BYTES_MAX = 16 * 1024


class Entry(msgspec.Struct, frozen=True):
    """What happened.

    Attributes:
        at: seconds since the epoch.
        kind: dotted name, such as `link.narrowed` or `meeting.judged`.
        about: ids of the things (or link, product) concerned.
        reasons: why; sentences are made when it is told.
        facts: plain values that a page needs to tell it.
        seq: place in the ledger, given when it is appended.
    """

    at: float
    kind: str
    about: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    facts: dict[str, str | int | float] = {}
    seq: int = -1


class Entries(Protocol):
    """Where entries live."""

    def append(self, entries: Sequence[Entry]) -> int:
        """Append all or none; returns the last one's seq once they are durable."""
        ...

    def read(self, before: int | None = None, limit: int = 100) -> list[Entry]:
        """The newest entries first, those with seq < `before`."""
        ...

    def count(self) -> int:
        """How many entries there are."""
        ...
