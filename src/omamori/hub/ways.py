"""Ways: through whose hardware address talk goes outside, by what others do and not by its word."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omamori.hub.flow import Flow

WAYS_MAX = 16
OUTSIDERS_ENOUGH = 3  # answers of so many addresses outside come through a router only
USED_MAX = 64  # hardware addresses that others send outside talk to, and that are no way yet


class Ways:
    """Knows the ways out of this network.

    Saying so makes nobody a router, and neither do answers that it may have made up: another
    thing here must send what goes outside to it, too.  No frame of its own does that for it.
    """

    def __init__(self, outsiders: int = OUTSIDERS_ENOUGH) -> None:
        """So many ``outsiders`` must answer through one."""
        self._outsiders = outsiders
        self._ways: dict[str, None] = {}
        self._used: dict[str, set[str]] = {}

    def __contains__(self, mac: object) -> bool:
        return mac in self._ways

    @property
    def are_known(self) -> bool:
        """Whether any is."""
        return bool(self._ways)

    def hear(self, flow: Flow) -> None:
        """Take in an opening flow."""
        if flow.is_from_here:
            if not flow.is_to_here and flow.peer_mac not in self._ways:
                self._uses(flow.mac, flow.peer_mac)
        elif flow.is_answer and flow.mac not in self._ways:
            self._brings(flow.mac, flow.source)

    def add(self, mac: str) -> None:
        """It was a way out before a restart; the first ones stay."""
        if len(self._ways) < WAYS_MAX:
            self._ways[mac] = None

    def _uses(self, sender: str, mac: str) -> None:
        if not mac or mac == sender or mac in self._used:
            return
        if len(self._used) >= USED_MAX:
            # Those that brought least, the youngest of them: made-up receivers bring nothing.
            least = min(reversed(self._used), key=lambda one: len(self._used[one]))
            del self._used[least]
        self._used[mac] = set()

    def _brings(self, mac: str, outsider: str) -> None:
        brought = self._used.get(mac)
        if brought is None:
            return
        brought.add(outsider)
        if len(brought) >= self._outsiders:
            del self._used[mac]
            self.add(mac)
