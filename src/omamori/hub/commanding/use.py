"""Use: a thing in use keeps what it needs; what would take it away waits, and both sides are told."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from omamori.hub.points import Given

USE_S_MAX = 12 * 3600.0
"""No use lasts longer without being said again: a film that never ends blocks nothing for ever."""

USES_PER_THING_MAX = 4
NEEDS_PER_USE_MAX = 16
VALUES_PER_NEED_MAX = 16
TEXT_MAX = 200


class Need(msgspec.Struct, frozen=True):
    """What a use needs of a point: one of these values, or a number between these.

    Attributes:
        values: those that are fine; empty where the bounds say it.
    """

    point: str
    values: Annotated[tuple[Given, ...], Meta(max_length=VALUES_PER_NEED_MAX)] = ()
    low: float = -float("inf")
    high: float = float("inf")

    def allows(self, value: Given) -> bool:
        """Whether the use goes on with this value."""
        if self.values:
            is_bool = isinstance(value, bool)  # 1 is not True
            return any(v == value and isinstance(v, bool) is is_bool for v in self.values)
        if isinstance(value, str):
            return False
        return self.low <= value <= self.high


class Use(msgspec.Struct, frozen=True):
    """A thing in use.

    Attributes:
        by: who uses it, as the word goes to them; unique for a thing.
        why: what it is in use for: ``playing``, ``charging``, ``cooking`` and so on.
    """

    by: str
    needs: Annotated[tuple[Need, ...], Meta(max_length=NEEDS_PER_USE_MAX)]
    until: float
    why: str

    def minds(self, point: str, value: Given) -> bool:
        """Whether setting the point so would take away what is needed."""
        return any(need.point == point and not need.allows(value) for need in self.needs)


def needed(point: str, *values: Given) -> Need:
    """A need of one of these values."""
    return Need(point, values)
