"""Series: octets sent and received over time, fine for the last hour and coarser the older."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
MINUTES_MAX = 60  # the last hour, minute by minute
HOURS_MAX = 7 * 24  # then hours, for a week: "what is new since last week" is asked of them
DAYS_MAX = 31  # then days, for a month
AHEAD_S = HOUR_S  # a time further ahead than this was told by a clock that was wrong
_WIDTH = 3  # a piece is three numbers: its index since the epoch, sent, received
_LEVELS = ((MINUTE_S, MINUTES_MAX), (HOUR_S, HOURS_MAX), (DAY_S, DAYS_MAX))


class Series:
    """Sums by minute, hour and day; at most 60 + 168 + 31 pieces whatever is added.

    Attributes:
        before: sent and received of what is too old (or was timed by a wrong clock) to be told
            apart; nothing that was added is ever lost from the sum of all.
    """

    __slots__ = ("_levels", "before")

    def __init__(self) -> None:
        self._levels = (array("Q"), array("Q"), array("Q"))
        self.before = (0, 0)

    def add(self, index: int, sent: int, received: int) -> None:
        """Add to the minute with this index since the epoch."""
        minutes = self._levels[0]
        if minutes and minutes[-_WIDTH] == index:  # nearly always
            minutes[-2] += sent
            minutes[-1] += received
            return
        _put(minutes, index, sent, received)
        if len(minutes) > MINUTES_MAX * _WIDTH:
            self._overflow(0)

    def fold(self, now: int) -> None:
        """Sum up what has grown old; called from time to time with a clock that is steady."""
        for level, (span_s, kept) in enumerate(_LEVELS):
            pieces = self._levels[level]
            oldest = now // span_s - kept + 1
            while pieces and pieces[0] < oldest:
                self._let_go(level)
            newest = (now + AHEAD_S) // span_s
            while pieces and pieces[-_WIDTH] > newest:
                self._to_before(pieces[-2], pieces[-1])
                del pieces[-_WIDTH:]

    def merge(self, other: Series) -> None:
        """Add all of another series."""
        for level, pieces in enumerate(other._levels):
            mine = self._levels[level]
            for place in range(0, len(pieces), _WIDTH):
                _put(mine, *pieces[place : place + _WIDTH])
            if len(mine) > _LEVELS[level][1] * _WIDTH:
                self._overflow(level)
        self._to_before(*other.before)

    def since(self, at: float) -> tuple[int, int]:
        """Sent and received since then; the piece that ``at`` lies in counts whole."""
        sent = received = 0
        for start, span_s, out, into in self.pieces():
            if start + span_s > at:
                sent += out
                received += into
        if at <= 0:
            sent, received = sent + self.before[0], received + self.before[1]
        return sent, received

    def pieces(self) -> Iterator[tuple[int, int, int, int]]:
        """All pieces: start, length in seconds, sent, received; days first; each octet in one only."""
        for level in (2, 1, 0):
            span_s, pieces = _LEVELS[level][0], self._levels[level]
            for place in range(0, len(pieces), _WIDTH):
                yield pieces[place] * span_s, span_s, pieces[place + 1], pieces[place + 2]

    def _overflow(self, level: int) -> None:
        """Too many pieces at a level: the oldest become coarser, by count alone."""
        for below in range(level, len(_LEVELS)):
            pieces = self._levels[below]
            while len(pieces) > _LEVELS[below][1] * _WIDTH:
                self._let_go(below)

    def _let_go(self, level: int) -> None:
        pieces = self._levels[level]
        index, sent, received = pieces[:_WIDTH]
        del pieces[:_WIDTH]
        if level + 1 == len(_LEVELS):
            self._to_before(sent, received)
            return
        coarser = index * _LEVELS[level][0] // _LEVELS[level + 1][0]
        _put(self._levels[level + 1], coarser, sent, received)

    def _to_before(self, sent: int, received: int) -> None:
        self.before = (self.before[0] + sent, self.before[1] + received)

    def kept(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, int]]:
        """What outlasts a restart: hours (the minutes summed up) and days, flat, and before."""
        hours = array("Q", self._levels[1])
        minutes = self._levels[0]
        for place in range(0, len(minutes), _WIDTH):
            index = minutes[place] * MINUTE_S // HOUR_S
            _put(hours, index, minutes[place + 1], minutes[place + 2])
        return tuple(hours), tuple(self._levels[2]), self.before

    def take(self, hours: tuple[int, ...], days: tuple[int, ...], before: tuple[int, int]) -> None:
        """Take in what was kept, in whatever order and however much."""
        for level, flat in ((1, hours), (2, days)):
            pieces = self._levels[level]
            for place in range(0, len(flat) - len(flat) % _WIDTH, _WIDTH):
                _put(pieces, flat[place], flat[place + 1], flat[place + 2])
            self._overflow(level)
        self._to_before(*before)


def _put(pieces: array[int], index: int, sent: int, received: int) -> None:
    """Add to the piece with this index, made where it belongs; nearly always it is the last."""
    place = len(pieces) - _WIDTH
    while place >= 0 and pieces[place] > index:  # only after a clock went back
        place -= _WIDTH
    if place >= 0 and pieces[place] == index:
        pieces[place + 1] += sent
        pieces[place + 2] += received
    else:
        pieces[place + _WIDTH : place + _WIDTH] = array("Q", (index, sent, received))
