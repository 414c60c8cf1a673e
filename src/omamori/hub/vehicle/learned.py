"""Learned: a draft of the table from a log of a healthy car; it is in force only after a review.

Whatever is in the log becomes ordinary. So a draft says ``reviewed = false``, and requests of
diagnosis, by which a car is reprogrammed, are drafted for the workshop and the parked car alone.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from statistics import median
from typing import TYPE_CHECKING

from omamori.hub.vehicle.table import BURST_MAX, EVERY_MS_MAX, PARKED, SERVICE, STATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omamori.hub.vehicle.gateway import Frame

IDS_LEARNED_MAX = 2048
TIMES_PER_ID_MAX = 5000
CONSTANT_AFTER = 20
"""Frames before an octet that never changed is worth mentioning."""

PACE_MARGIN = 0.8
"""A little quicker than the log's own pace: clocks of control units differ by a few per cent."""

LONE_MS = 1000.0
"""Pace of an identifier that was seen once: unknown, so a slow one."""

_Key = tuple[str, int, bool, bool, bool]


class _Seen:
    """What was seen under one identifier of one bus."""

    def __init__(self, data: bytes) -> None:
        self.times: list[float] = []
        self.states: dict[str, None] = {}
        self.low = self.high = len(data)
        self.first = data
        self.constant = bytearray(b"\xff" * len(data))
        self.count = 0

    def hear(self, frame: Frame, state: str) -> None:
        self.count += 1
        if len(self.times) < TIMES_PER_ID_MAX:
            self.times.append(frame.at)
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
        self.left_out = 0

    def hear(self, frame: Frame, state: str) -> None:
        """Take in one frame that was seen while the car was in this state."""
        if frame.error or frame.bus not in self._ways or state not in STATES:
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

    def draft(self) -> str:
        """The table as TOML, to be read and corrected by a person."""
        buses = dict.fromkeys([*self._ways, *self._ways.values()])
        lines = [
            "# What may pass between this car's buses, learned from a log. What is not here is refused.",
            "# Read every rule, take away what is not needed, then write: reviewed = true",
            "version = 1",
            f"buses = [{', '.join(_quoted(bus) for bus in buses)}]",
            "reviewed = false",
            "frames_per_s_max = 2000",
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
        every_ms, burst = _pace(seen.times)
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


def _pace(times: list[float]) -> tuple[float, int]:
    """An interval and a burst by which the log itself would have passed."""
    gaps = [max(0.0, b - a) for a, b in pairwise(times)]
    usual = median(gaps) if gaps else 0.0
    every = round(min(max(usual * PACE_MARGIN * 1000, 1.0), EVERY_MS_MAX), 3) if gaps else LONE_MS
    held, least = 0.0, 0.0
    for gap in [0.0, *gaps]:
        held = min(0.0, held + gap * 1000 / every) - 1.0
        least = min(least, held)
    return every, min(BURST_MAX, max(2, ceil(-least) + 1))


def _pattern(seen: _Seen) -> str:
    pairs = zip(seen.first, seen.constant, strict=False)
    return " ".join(f"{octet:02X}" if fixed else ".." for octet, fixed in pairs)


def _quoted(text: str) -> str:
    return f'"{text}"'
