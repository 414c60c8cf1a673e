"""Puts fragmented packets together within fixed bounds; overlapping pieces are refused."""

from __future__ import annotations

PENDING_MAX = 64
PIECES_MAX = 64
PACKET_OCTETS_MAX = 65_535


class Pieces:
    """Fragments waiting for the rest, by sender, receiver, protocol and identification."""

    def __init__(self) -> None:
        self._pending: dict[bytes, dict[int, bytes]] = {}
        self._ends: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, key: bytes, offset: int, octets: bytes, *, more: bool) -> bytes | None:
        """The whole payload once its last missing piece arrives, else None.

        A packet whose pieces overlap is dropped whole (RFC 5722 §3, and good sense for IPv4:
        what would be read depends on who reads it).
        """
        waiting = self._pending.get(key)
        if waiting is None:
            while len(self._pending) >= PENDING_MAX:
                self._drop(next(iter(self._pending)))
            waiting = self._pending[key] = {}
        if waiting.get(offset) == octets:
            return None
        end = offset + len(octets)
        if not octets or end > PACKET_OCTETS_MAX or len(waiting) >= PIECES_MAX:
            self._drop(key)
            return None
        if any(offset < begin + len(part) and begin < end for begin, part in waiting.items()):
            self._drop(key)
            return None
        waiting[offset] = octets
        if not more:
            self._ends[key] = end
        if not self._is_whole(key, waiting):
            return None
        whole = b"".join(waiting[begin] for begin in sorted(waiting))
        self._drop(key)
        return whole

    def _is_whole(self, key: bytes, waiting: dict[int, bytes]) -> bool:
        """Pieces that do not overlap, fill as much as the last one ends at, and end there."""
        total = self._ends.get(key)
        last = max(waiting)
        held = sum(map(len, waiting.values()))
        return total is not None and held == total == last + len(waiting[last])

    def _drop(self, key: bytes) -> None:
        self._pending.pop(key, None)
        self._ends.pop(key, None)
