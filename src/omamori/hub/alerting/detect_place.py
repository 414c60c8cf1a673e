"""Place: who plays which part on this network, as far as detectors must know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omamori.hub.flow import Flow

ROUTERS_MAX = 16
OUTSIDERS_ENOUGH = 3  # answers of so many addresses outside come through a router only
CANDIDATES_MAX = 64
HEARD_MAX = 8192  # hardware addresses whose latest frame is remembered: about 1 MB
EVICT_SHARE = 8


class Place:
    """Knows this machine's own addresses, the routers, and who was heard when.

    Attributes:
        heard: hardware address → when it was heard last; the longest known first.
    """

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own
        self._routers: dict[str, None] = {}
        self._candidates: dict[str, set[str]] = {}
        self.heard: dict[str, float] = {}

    def hear(self, flow: Flow) -> bool:
        """Note who speaks; returns whether the sender is new."""
        mac = flow.mac
        is_new = mac not in self.heard
        if is_new and len(self.heard) >= HEARD_MAX:
            # The youngest go first: a flood of made-up addresses is young.
            for young in list(self.heard)[-HEARD_MAX // EVICT_SHARE :]:
                del self.heard[young]
        self.heard[mac] = flow.at
        if flow.is_answer and not flow.is_from_here and mac not in self._routers:
            self._maybe_router(mac, flow.source)
        return is_new

    def know_own(self, own: frozenset[str]) -> None:
        """This machine's addresses change when a card is put in or pulled out."""
        self._own = own

    def is_own(self, mac: str) -> bool:
        """Whether it is this machine, which asks its neighbours by itself."""
        return mac in self._own

    def is_router(self, mac: str) -> bool:
        """Whether answers from outside come through it."""
        return mac in self._routers

    def add_router(self, mac: str) -> None:
        """It was seen to play a router's part; the first ones stay."""
        if len(self._routers) < ROUTERS_MAX:
            self._routers[mac] = None

    def last_heard(self, mac: str) -> float | None:
        """When it spoke last, or None where nobody knows."""
        return self.heard.get(mac)

    def _maybe_router(self, mac: str, outsider: str) -> None:
        seen = self._candidates.get(mac)
        if seen is None:
            if len(self._candidates) >= CANDIDATES_MAX:
                del self._candidates[next(iter(self._candidates))]
            seen = self._candidates[mac] = set()
        seen.add(outsider)
        if len(seen) >= OUTSIDERS_ENOUGH:
            del self._candidates[mac]
            self.add_router(mac)
