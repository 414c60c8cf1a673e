"""What was last seen of each point, so that changes are told, and now and then what stays; bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from omamori.adapters.things.driver import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.things.driver import Address
    from omamori.hub.points import Given

POINTS_MAX = 8192  # 256 things of 32 points each
AGAIN_S = 300.0
"""What is still as it was is told again so often: a film that goes on is still a use of the thing, and
a reading that stays is no old one (`in_use.SAID_AGAIN_S`, `envelope.CONDITION_AGE_S_MAX`)."""


class Seen:
    """The last value of each point, and what the hub itself set last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: dict[tuple[str, str], tuple[Given, float]] = {}
        self._wrote: dict[tuple[str, str], Given] = {}

    def wrote(self, address: Address, point: str, value: Given) -> None:
        """The hub sets a point: the same value seen next is nobody's hand."""
        _put(self._wrote, (address.thing, point), value)

    def is_now(
        self,
        address: Address,
        point: str,
        value: Given,
        tell: Callable[[Change], None],
        *,
        by_hand: bool | None = None,
    ) -> None:
        """A point is seen; told when it is not as it was, or was not told for some time."""
        key, now = (address.thing, point), self._clock()
        before, told_at = self._last.get(key, (None, 0.0))
        if before == value:
            if 0 <= now - told_at < AGAIN_S:
                return
            by_hand = None  # nobody set it again
        elif self._wrote.pop(key, None) == value:
            by_hand = False
        _put(self._last, key, (value, now))
        tell(Change(address.thing, point, value, now, by_hand))


_Kept = TypeVar("_Kept")


def _put(kept: dict[tuple[str, str], _Kept], key: tuple[str, str], value: _Kept) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > POINTS_MAX:
        del kept[next(iter(kept))]
