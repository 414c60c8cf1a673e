"""How many openings are told one by one in a second: of one sender, of newcomers, of all."""

from __future__ import annotations

OPENINGS_PER_MAC_MAX = 256  # told one by one, per second of the capture
OPENINGS_MAX = 4_096  # the same, of all together
OPENINGS_OF_NEWCOMERS_MAX = 1_024  # the same, of all that were not heard before this second


class Budget:
    """One kind's share of openings; what is beyond it is only counted.

    Kinds have shares of their own, so that nobody hides calls behind datagrams that mean nothing.
    """

    def __init__(self) -> None:
        self._second = 0.0
        self._opened = 0
        self._by: dict[bytes, int] = {}

    def spend(self, at: float, mac: bytes, *, is_known: bool) -> bool:
        """Whether one more opening of this sender may be told; if so, it is counted."""
        if not 0 <= at - self._second < 1:
            self._second = at // 1
            self._opened = 0
            self._by.clear()
        spent = self._by.get(mac, 0)
        if spent >= OPENINGS_PER_MAC_MAX or self._opened >= (
            OPENINGS_MAX if is_known else OPENINGS_OF_NEWCOMERS_MAX
        ):
            return False
        self._by[mac] = spent + 1
        self._opened += 1
        return True
