"""Gateway: judges every frame between a car's buses; what no rule allows, does not pass.

A telematics unit that was taken over could send any frame to brakes and engine (Koscher 2010,
Checkoway 2011): CAN has no sender and no signature. What can be judged is which identifier comes from
which bus, in which state of the car, how long, with which octets and how often. A stolen
identifier that says something permitted at the permitted pace passes: that is told in the docs.
"""

from __future__ import annotations

from bisect import bisect_right
from math import isfinite

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.vehicle.table import (
    EXTENDED_ID_MAX,
    FD_LENGTHS,
    FD_OCTETS_MAX,
    OCTETS_MAX,
    STANDARD_ID_MAX,
    STATES,
    UNKNOWN,
    Allow,
    Table,
    VehicleError,
)

TOLD_PER_BUS_MAX = 256
"""Identifiers of refused frames that are told apart; the others are counted together."""

PACES_MAX = 8192
"""Identifiers whose pace is kept one by one, for ranges that are wide; a rule has one more at most."""


class Frame(msgspec.Struct, frozen=True):
    """One frame, as a bus gave it.

    Attributes:
        at: seconds, of a clock that nobody sets.
        bus: from which it came.
        remote: asks for data and brings none; error: a bus's own mark, no message.
    """

    at: float
    bus: str
    id: int
    data: bytes = b""
    extended: bool = False
    fd: bool = False
    remote: bool = False
    error: bool = False


class Passed(msgspec.Struct, frozen=True):
    """Where a frame may go on to; with no bus in `to` it is refused, for `reason`."""

    to: tuple[str, ...] = ()
    reason: Reason | None = None


class Refused(msgspec.Struct):
    """What was refused from one bus under one identifier; -1 stands for all further ones."""

    bus: str
    id: int
    reason: Reason
    count: int = 0
    first_at: float = 0.0
    last_at: float = 0.0


class _Pace:
    """A token bucket (RFC 2697's manner): `burst` at once, one more each `every_s`."""

    __slots__ = ("at", "held")

    def __init__(self, held: float, at: float) -> None:
        self.held, self.at = held, at

    def take(self, now: float, every_s: float, burst: int) -> bool:
        # A clock that goes back gives nothing and takes nothing.
        self.held = min(float(burst), self.held + max(0.0, now - self.at) / every_s)
        self.at = now
        if self.held < 1.0 - 1e-9:
            return False
        self.held -= 1.0
        return True


class Gateway:
    """Judges frames by a table that a person has reviewed.

    Attributes:
        state: what the car does now, of `STATES` or ``unknown``; set by what *knows* (ignition
            line, charger), never by a frame of an outer bus.
        passed, refused: how many frames.
    """

    def __init__(self, table: Table, *, unreviewed: bool = False) -> None:
        """Put the table in force.

        Raises:
            VehicleError: ``vehicle.not-reviewed``, unless `unreviewed` (for trying it out).
        """
        if not table.reviewed and not unreviewed:
            raise VehicleError("vehicle.not-reviewed")
        self.table = table
        self.state = UNKNOWN
        self.passed = self.refused = 0
        self._paces: dict[tuple[int, int], _Pace] = {}
        self._bus_paces: dict[str, _Pace] = {}
        self._news: dict[tuple[str, int, str], Refused] = {}
        numbered = list(enumerate(table.rules))
        self._index = {
            bus: _Index([x for x in numbered if x[1].source == bus]) for bus in table.buses
        }

    def set_state(self, state: str) -> None:
        """Say what the car does now; anything not of `STATES` is ``unknown``."""
        self.state = state if state in STATES else UNKNOWN

    def judge(self, frame: Frame) -> Passed:
        """Where this frame may go on to; counts what is refused."""
        answer = self._judge(frame)
        if answer.to:
            self.passed += 1
        else:
            self.refused += 1
            self._note(frame, answer.reason or Reason("vehicle.not-allowed"))
        return answer

    def _judge(self, frame: Frame) -> Passed:
        index = self._index.get(frame.bus)
        if index is None:
            return _refuse("vehicle.bus-unknown", frame)
        if not _is_sound(frame):
            return _refuse("vehicle.frame-malformed", frame)
        rules = index.find(frame.id, extended=frame.extended)
        if not rules:
            return _refuse("vehicle.not-allowed", frame)
        to: list[str] = []
        nearest = (0, "")
        for number, rule in rules:
            if rule.to in to:
                continue
            step, key = self._holds(number, rule, frame)
            if not key:
                to.append(rule.to)
            elif step > nearest[0]:
                nearest = (step, key)
        if not to:
            return _refuse(nearest[1], frame, self.state)
        return Passed(tuple(to)) if self._bus_keeps_pace(frame) else _refuse("vehicle.flood", frame)

    def _holds(self, number: int, rule: Allow, frame: Frame) -> tuple[int, str]:
        """Empty when the rule lets it pass; else what speaks against it, and how far it came."""
        always = len(rule.states) == len(STATES)
        if not always and self.state not in rule.states:
            return 1, "vehicle.not-in-this-state"
        if (
            rule.fd != frame.fd
            or frame.remote != rule.remote
            or not rule.low <= len(frame.data) <= rule.high
        ):
            return 2, "vehicle.length"
        for mask, value, octet in zip(rule.mask, rule.value, frame.data, strict=False):
            if octet & mask != value:
                return 3, "vehicle.content"
        pace = self._pace(number, frame, rule.burst)
        return (
            (0, "") if pace.take(frame.at, rule.every_s, rule.burst) else (4, "vehicle.too-often")
        )

    def _pace(self, number: int, frame: Frame, burst: int) -> _Pace:
        key = (number, frame.id)
        pace = self._paces.pop(key, None)
        if pace is None:
            if len(self._paces) >= PACES_MAX and not self._forget_idle(frame.at):
                key = (number, -1)  # under so many identifiers the rest of a rule share one pace
                pace = self._paces.pop(key, None)
            pace = pace or _Pace(float(burst), frame.at)
        self._paces[key] = pace
        return pace

    def _forget_idle(self, now: float) -> bool:
        """Forget the longest unused pace, if it is full again: then nothing is forgotten."""
        key = next(iter(self._paces))
        rule, pace = self.table.rules[key[0]], self._paces[key]
        if pace.held + max(0.0, now - pace.at) / rule.every_s < rule.burst:
            return False
        del self._paces[key]
        return True

    def _bus_keeps_pace(self, frame: Frame) -> bool:
        limit = self.table.frames_per_s_max
        pace = self._bus_paces.get(frame.bus)
        if pace is None:
            pace = self._bus_paces[frame.bus] = _Pace(float(limit), frame.at)
        return pace.take(frame.at, 1 / limit, limit)

    def _note(self, frame: Frame, reason: Reason) -> None:
        bus = frame.bus if frame.bus in self._index else ""
        key = (bus, frame.id, reason.key)
        if key not in self._news and len(self._news) >= TOLD_PER_BUS_MAX * len(self._index):
            key = (bus, -1, "vehicle.many-refused")
            reason = Reason("vehicle.many-refused")
        told = self._news.get(key)
        if told is None:
            told = self._news[key] = Refused(bus, key[1], reason, 0, frame.at)
        told.count += 1
        told.last_at = max(told.last_at, frame.at)

    def take_refused(self) -> tuple[Refused, ...]:
        """What was refused since this was last asked, one line for each bus, identifier and reason."""
        told, self._news = tuple(self._news.values()), {}
        return told


class _Index:
    """Rules of one bus by identifier: cut into spans within which the same rules hold."""

    def __init__(self, numbered: list[tuple[int, Allow]]) -> None:
        self._spans = {
            extended: _spans([x for x in numbered if x[1].extended == extended])
            for extended in (False, True)
        }

    def find(self, id_: int, *, extended: bool) -> tuple[tuple[int, Allow], ...]:
        starts, held = self._spans[extended]
        place = bisect_right(starts, id_) - 1
        return held[place] if place >= 0 else ()


_Spans = tuple[list[int], list[tuple[tuple[int, Allow], ...]]]


def _spans(numbered: list[tuple[int, Allow]]) -> _Spans:
    edges: dict[int, None] = {}
    for _, rule in numbered:
        for first, last in rule.ids:
            edges[first] = edges[last + 1] = None
    starts = sorted(edges)
    place = {edge: at for at, edge in enumerate(starts)}
    held: list[list[tuple[int, Allow]]] = [[] for _ in starts]
    for number, rule in numbered:
        for first, last in rule.ids:
            for at in range(place[first], place[last + 1]):
                if (number, rule) not in held[at][-1:]:
                    held[at].append((number, rule))
    return starts, [tuple(one) for one in held]


def _is_sound(frame: Frame) -> bool:
    if not isfinite(frame.at) or frame.error or (frame.remote and frame.data):
        return False
    if not 0 <= frame.id <= (EXTENDED_ID_MAX if frame.extended else STANDARD_ID_MAX):
        return False
    if frame.fd:
        return len(frame.data) <= FD_OCTETS_MAX and len(frame.data) in FD_LENGTHS
    return len(frame.data) <= OCTETS_MAX


def _refuse(key: str, frame: Frame, state: str = "") -> Passed:
    name = f"{frame.id:08X}" if frame.extended else f"{frame.id:03X}"
    params = {"id": name, "bus": frame.bus[:40]}
    if state:
        params["car_state"] = state
    return Passed((), Reason(key, {**params}))
