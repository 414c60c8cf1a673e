"""The authority's status list: which statements are no longer, or for now not, to be believed.

A place is drawn at random, so that neighbours on the list tell nothing about one another
(IETF Token Status List, section 12.5), and is used again only when no statement with it is alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.authority.records import StatusEntry, require, status_key
from omamori.documents.limits import CLOCK_SKEW_S_MAX, STATUS_LIST_BYTES_MAX
from omamori.documents.status import INVALID, VALID, StatusList

if TYPE_CHECKING:
    from omamori.authority.ports import Entropy, RegistryStore

BITS = 2
PER_OCTET, MASK = 8 // BITS, (1 << BITS) - 1
SIZE_MIN = 1024
SIZE_MAX = STATUS_LIST_BYTES_MAX * 8 // BITS
DRAWS_MAX = 256
"""At most half of the list is in use, so 256 draws fail once in 2^256 times."""


class StatusBook:
    """The places of one status list, in a store."""

    def __init__(self, store: RegistryStore, entropy: Entropy) -> None:
        self._store = store
        self._entropy = entropy
        self._octets: bytearray | None = None

    def forget(self) -> None:
        """The store was set back: read the list from it again when it is next needed."""
        self._octets = None

    def size(self) -> int:
        """How many places the list has: a power of two, at least twice those in use."""
        size = SIZE_MIN
        while size < self._store.counter("status.used") * 2:
            size *= 2
        # It never shrinks: a place that was once told must not fall off the list.
        return max(size, self._store.counter("status.size"))

    def allot(self) -> int:
        """A free place, now in use; raises RequestError `status.full`."""
        self._store.advance("status.used")
        size = self.size()
        require(size <= SIZE_MAX, "status.full")
        self._store.advance("status.size", size - self._store.counter("status.size"))
        for _ in range(DRAWS_MAX):
            index = int.from_bytes(self._entropy(8), "big") % size
            if self._store.get(StatusEntry, status_key(index)) is None:
                self._store.put(StatusEntry(index=index))
                return index
        require(False, "status.full")  # noqa: FBT003 - not reached but by a broken entropy source
        return -1

    def set(self, index: int, status: int, until: float = 0.0) -> None:
        """Say `status` at a place; with `until`, the place is free again after that time."""
        self._store.put(StatusEntry(index=index, status=status, until=until))
        self._mirror(index, status)

    def _mirror(self, index: int, status: int) -> None:
        if self._octets is None:
            return
        at, shift = index // PER_OCTET, index % PER_OCTET * BITS
        self._octets.extend(bytes(max(0, at + 1 - len(self._octets))))
        self._octets[at] = self._octets[at] & ~(MASK << shift) | status << shift

    def sweep(self, now: float) -> int:
        """Free the places whose statements have all expired; returns how many."""
        gone = [
            entry
            for entry in self._store.every(StatusEntry, "set")
            if entry.status == INVALID and entry.until + CLOCK_SKEW_S_MAX < now
        ]
        for entry in gone:
            self._store.remove(StatusEntry, entry.key)
            self._mirror(entry.index, VALID)
        if gone:
            self._store.advance("status.used", -len(gone))
        return len(gone)

    def list(self) -> StatusList:
        """The whole list as it is now."""
        if self._octets is None:
            self._octets = bytearray()
            for entry in self._store.every(StatusEntry, "set"):
                self._mirror(entry.index, entry.status)
        return StatusList(BITS, bytes(self._octets).ljust(self.size() // PER_OCTET, b"\0"))
