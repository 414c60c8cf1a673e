"""Budget: how often a point is changed within an hour; contactors and pumps wear out by chatter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.commanding.slots import of_the_family

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.commanding.command import Command
    from omamori.hub.commanding.envelope import Envelope
    from omamori.hub.commanding.slots import Spot

_HOUR_MIN = 60.0
_AT_ONCE_MIN = 2.0


def may_change(
    spot: Spot, command: Command, envelopes: Iterable[tuple[str, Envelope]], now: float
) -> bool:
    """Whether one more change is within what whoever asks has left."""
    per_hour = _changes_max(envelopes)
    if not per_hour:
        return True
    if of_the_family(command.origin):
        return spot.changes_by_family.filled(*_of_family(per_hour), now) >= 1
    return spot.changes.filled(*_of_others(per_hour), now) >= 1


def take_change(
    spot: Spot, command: Command, envelopes: Iterable[tuple[str, Envelope]], now: float
) -> None:
    """Count one change."""
    per_hour = _changes_max(envelopes)
    if not per_hour:
        return
    if of_the_family(command.origin):
        spot.changes_by_family.take(*_of_family(per_hour), now)
    else:
        spot.changes.take(*_of_others(per_hour), now)


def _changes_max(envelopes: Iterable[tuple[str, Envelope]]) -> float:
    said = [e.changes_max_per_hour for _, e in envelopes if e.changes_max_per_hour]
    return min(said, default=0.0)


def _of_others(per_hour: float) -> tuple[float, float]:
    """A tenth at once, the rest over the hour: never more than all within any hour."""
    at_once = max(per_hour / 10, min(_AT_ONCE_MIN, per_hour / 2))
    return (per_hour - at_once) / _HOUR_MIN, max(at_once, 1.0)


def _of_family(per_hour: float) -> tuple[float, float]:
    """As much again, of which nobody else takes anything: half at once and half over the hour."""
    half = per_hour / 2
    return half / _HOUR_MIN, max(half, 1.0)
