"""Beacons: connections opened anew to one place outside, as regular as a clock.

The measure is the one that RITA made common (github.com/activecm/rita, "beacon scoring"): how far
intervals lie from their median (MAD) and how lopsided they are (Bowley's skewness), over at least
twenty connections. Home things poll, too; so what was reached under a name must be faster, longer
and more regular, and slow calls count only to places without a name. Uncalibrated beyond that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.hub.alerting.detect_counts import facts
from omamori.hub.finding import Finding

if TYPE_CHECKING:
    from omamori.documents.reason import Value
    from omamori.hub.flow import Flow

CALLS = 20  # RITA's least number of connections
CALLS_NAMED = 60
INTERVAL_S_MIN = 0.5  # what is faster is one act
INTERVAL_S_MAX_NAMED = 10.0
INTERVAL_S_MAX = 3600.0
DEVIATION_MAX = 0.10  # median deviation from the median interval, as a share of it
DEVIATION_MAX_NAMED = 0.05
SKEW_MAX = 0.4  # Bowley's; 0 is even
INTERVALS_KEPT = 32  # the latest ones
FIRST_KEPT = 6  # flows kept as facts
PAIRS_MAX = 2048  # about 3 MB
EVICT_SHARE = 8
NAMED_MAX = 8192
GROWN = 4  # found again when there were so many times as many calls
REPEATED_AFTER_S = 6 * 3600.0
_UPKEEP = frozenset({53, 123, 853})  # names and time are regular by nature


class _Calls(msgspec.Struct, gc=False):
    """What is kept of one caller and one place."""

    at: float
    count: int = 1
    level: int = 0
    found_at: float = 0.0
    intervals: list[float] = []


class Beacons:
    """Keeps the latest intervals of each caller, place and port."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str, int], _Calls] = {}
        self._first: dict[tuple[str, str, int], list[Flow]] = {}
        self._named: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._pairs)

    def name(self, ip: str) -> None:
        """Someone reached this address under a name."""
        self._named.pop(ip, None)
        if len(self._named) >= NAMED_MAX:
            del self._named[next(iter(self._named))]
        self._named[ip] = None

    def asks(self, flow: Flow, thing: str) -> Finding | None:
        """A thing opens a TCP connection to a place outside."""
        if flow.to_port in _UPKEEP:
            return None
        key = (flow.source, flow.target, flow.to_port)
        calls, at = self._pairs.get(key), flow.at
        if calls is None:
            self._begin(key, flow)
            return None
        interval = at - calls.at
        calls.at = at
        calls.count += 1
        if not 0 <= interval <= INTERVAL_S_MAX * 2:
            calls.intervals.clear()  # the clock was set, or it rested: that begins anew
            calls.count = 1
            return None
        intervals = calls.intervals
        intervals.append(interval)
        if len(intervals) > INTERVALS_KEPT:
            del intervals[0]
        if calls.count < max(CALLS, calls.level):
            if calls.count <= FIRST_KEPT:
                self._first[key].append(flow)
            if at - calls.found_at < REPEATED_AFTER_S or not calls.level:
                return None
        return self._found(key, calls, flow, thing)

    def step(self, now: float) -> None:
        """Forget who has not called for long."""
        for key, calls in list(self._pairs.items()):
            if abs(now - calls.at) > INTERVAL_S_MAX * 2:
                del self._pairs[key], self._first[key]

    def _found(
        self, key: tuple[str, str, int], calls: _Calls, flow: Flow, thing: str
    ) -> Finding | None:
        is_named = flow.target in self._named
        enough = CALLS_NAMED if is_named else CALLS
        if calls.count < enough:
            return None
        every_s = regular(
            calls.intervals,
            INTERVAL_S_MAX_NAMED if is_named else INTERVAL_S_MAX,
            DEVIATION_MAX_NAMED if is_named else DEVIATION_MAX,
        )
        if not every_s:
            return None
        calls.level = calls.count * GROWN
        calls.found_at = flow.at
        told: dict[str, Value] = {"place": flow.target, "calls": calls.count}
        told["every_s"] = round(every_s, 1)
        heard = facts([*self._first[key], flow])
        return Finding("beacon.regular", thing, flow.at, flow.target, told, heard)

    def _begin(self, key: tuple[str, str, int], flow: Flow) -> None:
        if len(self._pairs) >= PAIRS_MAX:
            least = sorted(self._pairs, key=lambda pair: self._pairs[pair].count)
            for one in least[: PAIRS_MAX // EVICT_SHARE]:
                del self._pairs[one], self._first[one]
        self._pairs[key] = _Calls(flow.at)
        self._first[key] = [flow]


def regular(intervals: list[float], longest_s: float, deviation_max: float) -> float:
    """The median interval, if these are as regular as a clock; else 0."""
    ordered = sorted(intervals)
    count = len(ordered)
    if count < CALLS - 1:
        return 0.0
    low, median, high = ordered[count // 4], ordered[count // 2], ordered[count * 3 // 4]
    if not INTERVAL_S_MIN <= median <= longest_s:
        return 0.0
    deviation = sorted(abs(interval - median) for interval in ordered)[count // 2]
    if deviation > deviation_max * median:
        return 0.0
    spread = high - low
    # Where all but lie on the median, which side they lean to says nothing.
    is_even = spread <= deviation_max * median or abs(low + high - 2 * median) <= SKEW_MAX * spread
    return median if is_even else 0.0
