"""Devices: what the practice home's things do when they are set; a little physics, no judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.hub.points import Given

if TYPE_CHECKING:
    from collections.abc import Iterator


BATTERY_WH = 10_000.0
HOUR_S = 3600.0
FULL_PERCENT = 100.0


class Seen(msgspec.Struct, frozen=True):
    """A value that a thing shows; `by_hand` when somebody pressed its own button."""

    at: float
    thing: str
    point: str
    value: Given
    by_hand: bool = False


class Devices:
    """Things by name and what they show; `take` gives what changed since it was last asked.

    Attributes:
        deaf: things that acknowledge what they are told, and do nothing.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._values: dict[tuple[str, str], Given] = {
            ("television", "power"): True,
            ("television", "playing"): False,
            ("battery", "charge_w"): 0,
            ("battery", "state_of_charge_percent"): 62.0,
            ("lights", "power"): True,
        }
        self._changed: list[Seen] = []
        self.deaf: set[str] = set()

    def value(self, thing: str, point: str) -> Given | None:
        """What it shows now; None where it has no such point."""
        return self._values.get((thing, point))

    def points(self) -> Iterator[tuple[str, str]]:
        """Everything that can be seen."""
        yield from self._values

    def write(
        self, thing: str, point: str, value: Given, now: float, *, by_hand: bool = False
    ) -> None:
        """Set a point, as its driver or somebody at it does."""
        if (thing, point) not in self._values or (thing in self.deaf and not by_hand):
            return
        self._set(thing, point, value, now, by_hand=by_hand)
        if (thing, point, value) == ("television", "power", False):
            self._set("television", "playing", value=False, now=now)

    def play(self, now: float, *, playing: bool) -> None:
        """Somebody starts or ends a film."""
        self._set("television", "playing", value=playing, now=now)

    def step(self, now: float) -> None:
        """The battery fills or empties."""
        hours = max(0.0, now - self._now) / HOUR_S
        self._now = now
        power, filled = (
            self._values["battery", p] for p in ("charge_w", "state_of_charge_percent")
        )
        if power and isinstance(power, (int, float)) and isinstance(filled, (int, float)):
            after = filled + power * hours / BATTERY_WH * FULL_PERCENT
            self._values["battery", "state_of_charge_percent"] = min(FULL_PERCENT, max(0.0, after))

    def take(self) -> list[Seen]:
        """What changed since the last time."""
        changed, self._changed = self._changed, []
        return changed

    def _set(
        self, thing: str, point: str, value: Given, now: float, *, by_hand: bool = False
    ) -> None:
        if self._values[thing, point] != value:
            self._values[thing, point] = value
            self._changed.append(Seen(now, thing, point, value, by_hand))
