"""Effect: whether what was written is what is seen, and whether somebody else sets it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.points import POINTS, Given

if TYPE_CHECKING:
    from omamori.hub.commanding.slots import Spot

CONFIRM_S = 15.0
"""Within this the effect must be seen; ECHONET Lite nodes announce changes at once, polled ones
within a few seconds. Our own figure."""

TRIES_SAFETY = 3
"""How often a write of the home's own protection is tried, and one that brings a point to rest;
others once."""

REVERT_S = 60.0
"""A change this soon after ours is somebody setting it back."""

ROUNDS_MAX = 3
ROUNDS_WITHIN_S = 600.0
YIELD_S = 3600.0
"""Set back so often within so long, we let the other be for so long; our own figures."""

REWRITE_S_MIN = 5.0
"""What must win is written again no faster than this."""

TOLERANCE = {"°C": 0.5, "%": 1.0, "W": 50.0, "K": 50.0, "A": 0.5, "/min": 1.0}
"""Things round what they are told; by unit."""

EXACT = frozenset({"dose_u", "pacing_bpm"})


def same(point: str, one: Given, other: Given) -> bool:
    """Whether two values of a point are one for such a thing."""
    if isinstance(one, (bool, str)) or isinstance(other, (bool, str)):
        return type(one) is type(other) and one == other
    unit = "" if point in EXACT else POINTS[point].unit
    return abs(one - other) <= TOLERANCE.get(unit, 1e-9)


def another_round(spot: Spot, now: float) -> int:
    """Count one more time that it was set back; how often within the last minutes."""
    spot.rounds = [at for at in spot.rounds if now - ROUNDS_WITHIN_S <= at <= now][-ROUNDS_MAX:]
    spot.rounds.append(now)
    return len(spot.rounds)
