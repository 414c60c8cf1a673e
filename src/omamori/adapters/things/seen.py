"""What was last seen of each point, so that only changes are told; bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters.things.driver import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.things.driver import Address
    from omamori.hub.points import Given

POINTS_MAX = 8192  # 256 things of 32 points each


class Seen:
    """The last value of each point, and what the hub itself set last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: dict[tuple[str, str], Given] = {}
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
        """A point is seen; told when it is not as it was."""
        key = (address.thing, point)
        if key in self._last and self._last[key] == value:
            return
        if self._wrote.pop(key, None) == value:
            by_hand = False
        _put(self._last, key, value)
        tell(Change(address.thing, point, value, self._clock(), by_hand))


def _put(kept: dict[tuple[str, str], Given], key: tuple[str, str], value: Given) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > POINTS_MAX:
        del kept[next(iter(kept))]
