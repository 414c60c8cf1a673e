"""Place: who plays which part on this network, as far as detectors must know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.ways import Ways

if TYPE_CHECKING:
    from omamori.hub.flow import Flow

HEARD_MAX = 8192  # hardware addresses whose latest frame is remembered: about 1 MB
EVICT_SHARE = 8


class Place:
    """Knows this machine's own addresses, the routers, and who was heard when.

    Attributes:
        heard: hardware address → when it was heard last; the longest known first.
    """

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own
        self._ways = Ways()
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
        self._ways.hear(flow)
        return is_new

    def know_own(self, own: frozenset[str]) -> None:
        """This machine's addresses change when a card is put in or pulled out."""
        self._own = own

    def is_own(self, mac: str) -> bool:
        """Whether it is this machine, which asks its neighbours by itself."""
        return mac in self._own

    def is_router(self, mac: str) -> bool:
        """Whether others' talk goes outside through it."""
        return mac in self._ways

    def add_router(self, mac: str) -> None:
        """It was a router before a restart; the first ones stay."""
        self._ways.add(mac)

    def is_of_here(self, flow: Flow) -> bool:
        """Whether it was sent here whatever its address says: what is outside comes by a router.

        Where no router is known yet, its address is believed.
        """
        if flow.is_from_here:
            return True
        return bool(flow.mac) and self._ways.are_known and flow.mac not in self._ways

    def last_heard(self, mac: str) -> float | None:
        """When it spoke last, or None where nobody knows."""
        return self.heard.get(mac)
