"""Learned: a draft of the table from a log of a healthy car; it is in force only after a review.

Whatever is in the log becomes ordinary. So a draft says ``reviewed = false``, and requests of
diagnosis, by which a car is reprogrammed, are drafted for the workshop and the parked car alone.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, isfinite
from statistics import median
from typing import TYPE_CHECKING

from omamori.hub.vehicle.table import (
    BURST_MAX,
    EVERY_MS_MAX,
    PARKED,
    SECOND_FRAMES_MAX,
    SERVICE,
    STATES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omamori.hub.vehicle.gateway import Frame

IDS_LEARNED_MAX = 2048
TIMES_PER_ID_MAX = 5000
CONSTANT_AFTER = 20
"""Frames before an octet that never changed is worth mentioning."""

PACE_MARGIN = 0.8
"""A little quicker than the log's own pace: clocks of control units differ by a few per cent."""

BUS_PACE_LEAST = 2000
"""Frames a second of a whole bus that no draft goes below; a busy bus of 500 kbit/s has 4,000."""

EVERY_MS_LEAST = 0.05
"""The time of the shortest frame on a bus of 1 Mbit/s."""

LONE_MS = 1000.0
"""Pace of an identifier that was seen once: unknown, so a slow one."""

_Key = tuple[str, int, bool, bool, bool]


class _Rhythm:
    """At what pace an identifier comes: the interval from its beginning, the burst from all of it."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._every_ms = 0.0
        self._last = self._held = self._least = 0.0

    def hear(self, at: float) -> None:
        if self._every_ms:
            self._go_on(at)
            return
        self._times.append(at)
        if len(self._times) >= TIMES_PER_ID_MAX:
            self._settle()

    def _settle(self) -> None:
        gaps = [max(0.0, b - a) for a, b in pairwise(self._times)]
        # Where most gaps are too small for the log's clock, the mean says how often it comes.
        usual = (median(gaps) or sum(gaps) / len(gaps)) * 1000 if gaps else 0.0
        wanted = usual * PACE_MARGIN or LONE_MS
        self._every_ms = round(min(max(wanted, EVERY_MS_LEAST), EVERY_MS_MAX), 3)
        self._last = self._times[0] if self._times else 0.0
        for at in self._times:
            self._go_on(at)
        self._times.clear()

    def _go_on(self, at: float) -> None:
        gap_ms = max(0.0, at - self._last) * 1000
        self._held = min(0.0, self._held + gap_ms / self._every_ms) - 1.0
        self._least, self._last = min(self._least, self._held), at

    def pace(self) -> tuple[float, int]:
        """An interval and a burst by which all that was heard would have passed."""
        if not self._every_ms:
            self._settle()
        return self._every_ms, min(BURST_MAX, max(2, ceil(-self._least) + 1))


class _Seen:
    """What was seen under one identifier of one bus."""

    def __init__(self, data: bytes) -> None:
        self.rhythm = _Rhythm()
        self.states: dict[str, None] = {}
        self.low = self.high = len(data)
        self.first = data
        self.constant = bytearray(b"\xff" * len(data))
        self.count = 0

    def hear(self, frame: Frame, state: str) -> None:
        self.count += 1
        self.rhythm.hear(frame.at)
        self.states[state] = None
        self.low, self.high = min(self.low, len(frame.data)), max(self.high, len(frame.data))
        del self.constant[self.low :]
        for place, (old, new) in enumerate(zip(self.first, frame.data, strict=False)):
            if old != new and place < len(self.constant):
                self.constant[place] = 0


class Learner:
    """Listens to a healthy car."""

    def __init__(self, ways: Mapping[str, str]) -> None:
        """Begin; `ways` says for each bus to which other its frames may go."""
        self._ways = dict(ways)
        self._seen: dict[_Key, _Seen] = {}
        self._seconds: dict[str, tuple[int, int]] = {}
        self._peak = 0
        self.left_out = 0

    def hear(self, frame: Frame, state: str) -> None:
        """Take in one frame that was seen while the car was in this state."""
        known = frame.bus in self._ways and state in STATES
        if frame.error or not known or not isfinite(frame.at):
            self.left_out += 1
            return
        key = (frame.bus, frame.id, frame.extended, frame.fd, frame.remote)
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= IDS_LEARNED_MAX:
                self.left_out += 1
                return
            seen = self._seen[key] = _Seen(frame.data)
        seen.hear(frame, state)
        second, count = self._seconds.get(frame.bus, (0, 0))
        count = count + 1 if int(frame.at) == second else 1
        self._seconds[frame.bus] = (int(frame.at), count)
        self._peak = max(self._peak, count)

    def draft(self) -> str:
        """The table as TOML, to be read and corrected by a person."""
        buses = dict.fromkeys([*self._ways, *self._ways.values()])
        lines = [
            "# What may pass between this car's buses, learned from a log. What is not here is refused.",
            "# Read every rule, take away what is not needed, then write: reviewed = true",
            "version = 1",
            f"buses = [{', '.join(_quoted(bus) for bus in buses)}]",
            "reviewed = false",
            f"frames_per_s_max = {min(SECOND_FRAMES_MAX, max(BUS_PACE_LEAST, 2 * self._peak))}",
        ]
        for key in sorted(self._seen):
            lines += ["", *self._rule(key, self._seen[key])]
        return "\n".join(lines) + "\n"

    def _rule(self, key: _Key, seen: _Seen) -> list[str]:
        bus, id_, extended, fd, remote = key
        states: Sequence[str] = [state for state in STATES if state in seen.states]
        lines, off = [], ""
        if is_diagnosis(id_, extended=extended):
            lines.append("# A request of diagnosis: it can reprogram a control unit.")
            safe = [state for state in states if state in (PARKED, SERVICE)]
            off, states = ("" if safe else "# "), safe or states
        every_ms, burst = seen.rhythm.pace()
        if seen.count == 1:
            lines.append("# Seen only once: please set its pace.")
        lines += [
            f"{off}[[allow]]",
            f'{off}ids = ["0x{id_:X}"]',
            f"{off}from = {_quoted(bus)}",
            f"{off}to = {_quoted(self._ways[bus])}",
            f"{off}states = [{', '.join(_quoted(state) for state in states)}]",
        ]
        marks = (("extended", extended), ("fd", fd), ("remote", remote))
        lines += [f"{off}{name} = true" for name, holds in marks if holds]
        length = str(seen.low) if seen.low == seen.high else f"{seen.low}-{seen.high}"
        lines += [
            f'{off}length = "{length}"',
            f"{off}every_ms = {every_ms:g}",
            f"{off}burst = {burst}",
        ]
        if seen.count >= CONSTANT_AFTER and any(seen.constant):
            lines.append(f'# data = "{_pattern(seen)}"  # always so in the log')
        return lines


def is_diagnosis(id_: int, *, extended: bool) -> bool:
    """Whether this identifier asks a control unit by diagnosis (ISO 15765-4, 6.3)."""
    if extended:
        return id_ >> 16 in (0x18DA, 0x18DB)
    return id_ == 0x7DF or 0x7E0 <= id_ <= 0x7E7  # noqa: PLR2004 - ISO 15765-4, 6.3.2.1


def _pattern(seen: _Seen) -> str:
    pairs = zip(seen.first, seen.constant, strict=False)
    return " ".join(f"{octet:02X}" if fixed else ".." for octet, fixed in pairs)


def _quoted(text: str) -> str:
    return f'"{text}"'
