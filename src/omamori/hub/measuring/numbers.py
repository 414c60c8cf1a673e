"""Numbers: which of a source's messages came, which are missing, and whether one repeats another.

What came is kept as its complement: the holes. So a number that comes weeks late is still told from
one that came before, whatever length of history that takes; only the bytes of the newest few are
remembered, to tell a repeated message from a second one that bears its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from omamori.documents.measurement import Measurement

WINDOW = 256
"""Newest messages whose hashes are remembered; 16 of 32 octets: 2^64 tries for a pair, signed ones."""

DIGEST_BYTES = 16
HOLES_MAX = 512
"""Gaps that stay open for what comes late; above it the oldest is closed, and told as such."""

STARTS_MAX = 64
"""Starts of the source that are known one by one; older ones are one past."""

NEW, LATE, AGAIN, LONG_AGO, TOO_OLD, FORKED = (
    "new", "late", "again", "long-ago", "too-old", "forked",
)  # fmt: skip


class Start(msgspec.Struct, frozen=True, array_like=True):
    """One start of the source."""

    epoch: int
    boot: bytes
    began: int
    unsure: int


class Hole(msgspec.Struct, array_like=True):
    """Numbers that did not come, both ends included.

    Attributes:
        since: when it was noticed, by our steady clock; infinite: to be counted from now on.
        sure: they were surely given; else the source itself does not know.
        told: its loss was told.
    """

    first: int
    last: int
    since: float
    sure: bool = True
    told: bool = False


class Numbers:
    """The numbers of one source.

    Attributes:
        starts: its starts, the oldest first; holes: what did not come, the lowest first.
        window: hash of each of the newest messages and of the one before it.
        top: the highest number that came.
        given_up: up to here holes were closed because there were too many: what came is not known.
        came: when each of the newest came, by our steady clock.
        heard_from: where we began to listen; what is missing before it is not told.
        expected: we waited for it before it first spoke: what is missing before that is lost, too.
    """

    def __init__(self) -> None:
        self.starts: list[Start] = []
        self.holes: list[Hole] = []
        self.window: dict[int, tuple[bytes, bytes]] = {}
        self.top = 0
        self.given_up = 0
        self.came: dict[int, float] = {}
        self._closed: list[Hole] = []
        self.expected = False
        self.heard_from = 0

    def judge(self, m: Measurement, digest: bytes) -> tuple[str, bool]:
        """What this message is, and for a late one whether its loss was told; nothing changes."""
        own = digest[:DIGEST_BYTES]
        known = self.window.get(m.seq)
        if known is not None and known[0] == own:
            return AGAIN, False
        if not self._start_fits(m):
            return FORKED, False
        if m.seq > self.top:
            return (NEW if self._chain_holds(m, own) else FORKED), False
        hole = self._hole(m.seq)
        if hole is not None:
            return (LATE if self._chain_holds(m, own) else FORKED), hole.told
        if known is not None:
            return FORKED, False
        return (TOO_OLD if m.seq <= self.given_up else LONG_AGO), False

    def _start_fits(self, m: Measurement) -> bool:
        """Whether the message's start agrees with all that is known of the others."""
        if not self.starts:
            return True
        before = after = None
        for start in self.starts:
            if start.epoch < m.epoch:
                before = start
            elif start.epoch > m.epoch and after is None:
                after = start
            if (start.epoch == m.epoch or start.boot == m.boot) and start != _start(m):
                return False
        if after is not None and m.seq >= after.began:
            return False
        if _start(m) in self.starts:
            return True
        return m.began > (self.top if after is None else before.began if before else 0)

    def _chain_holds(self, m: Measurement, own: bytes) -> bool:
        if not m.previous and m.seq != m.began:
            return False
        before, after = self.window.get(m.seq - 1), self.window.get(m.seq + 1)
        if before is not None and m.previous and before[0] != m.previous[:DIGEST_BYTES]:
            return False
        return after is None or not after[1] or after[1] == own

    def take(self, m: Measurement, digest: bytes, steady: float) -> None:
        """Count a message that was judged ``new`` or ``late``."""
        fresh = not self.starts
        sure = self.expected or not fresh
        start = _start(m)
        if start not in self.starts:
            self.starts.append(start)
            self.starts.sort(key=lambda one: one.epoch)
            del self.starts[:-STARTS_MAX]
        if m.seq > self.top:
            # Of what was given before we first heard this source, nothing is sure; it may still come.
            first = self.top + 1
            if fresh:
                self.heard_from = 1 if self.expected else m.began
            self._miss(first, min(m.unsure, m.seq) - 1, steady, sure=sure)
            self._miss(max(first, m.unsure), m.began - 1, steady, sure=False)
            self._miss(max(first, m.began), m.seq - 1, steady, sure=sure)
            self.top = m.seq
        else:
            self._fill(m.seq)
        self.window[m.seq] = (digest[:DIGEST_BYTES], m.previous[:DIGEST_BYTES])
        self.came[m.seq] = steady
        if len(self.window) > WINDOW:
            lowest = min(self.window)
            del self.window[lowest]
            self.came.pop(lowest, None)

    def _miss(self, first: int, last: int, steady: float, *, sure: bool) -> None:
        if first > last:
            return
        self.holes.append(Hole(first, last, steady, sure))
        self._bound()

    def _fill(self, seq: int) -> None:
        for place, hole in enumerate(self.holes):
            if hole.first <= seq <= hole.last:
                ends = ((hole.first, seq - 1), (seq + 1, hole.last))
                self.holes[place : place + 1] = [
                    Hole(first, last, hole.since, hole.sure, hole.told)
                    for first, last in ends
                    if first <= last
                ]
                self._bound()
                return

    def _bound(self) -> None:
        while len(self.holes) > HOLES_MAX:
            gone = self.holes.pop(0)
            self.given_up = max(self.given_up, gone.last)
            if not gone.told:
                self._closed.append(gone)

    def _hole(self, seq: int) -> Hole | None:
        return next((hole for hole in self.holes if hole.first <= seq <= hole.last), None)

    def overdue(self, steady: float, grace_s: float) -> list[Hole]:
        """Holes whose time for coming in disorder is over; each is given once."""
        due, self._closed = self._closed, []
        for hole in self.holes:
            hole.since = min(hole.since, steady)
            if not hole.told and steady - hole.since >= grace_s:
                hole.told = True
                if hole.last >= self.heard_from:
                    due.append(hole)
        return due


def _start(m: Measurement) -> Start:
    return Start(m.epoch, m.boot, m.began, m.unsure)
