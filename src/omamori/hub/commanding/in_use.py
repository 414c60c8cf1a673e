"""In use: what a value that was seen says of a thing's use, and what that use then needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.commanding.use import Need, Use, needed

if TYPE_CHECKING:
    from omamori.hub.points import Given

SAID_AGAIN_S = 1800.0
"""A use that is not seen again for so long is over: whoever tells of it may be gone."""

_ON = needed("power", True)  # noqa: FBT003 - a value, not an option
NEEDS: dict[tuple[str, Given], tuple[str, tuple[Need, ...]]] = {
    ("playing", True): ("playing", (_ON, needed("playback", "play"))),
    ("cook", True): ("cooking", (_ON, needed("cook", True))),  # noqa: FBT003 - as above
    ("drive", "start"): ("driving", (needed("drive", "start"),)),
}
"""What was seen → what it is in use for, and what must stay so meanwhile."""


def use_of(point: str, value: Given, by: str, now: float) -> Use | None:
    """The use that a value shows; None where it shows none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return None  # 1 is not True
    found = NEEDS.get((point, value))
    if found is None:
        return None
    why, needs = found
    return Use(by, needs, now + SAID_AGAIN_S, why)


def shows_use(point: str) -> bool:
    """Whether this point tells of use at all."""
    return any(point == shown for shown, _ in NEEDS)
