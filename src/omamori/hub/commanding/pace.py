"""Pace: how many commands an origin, a thing and the whole home take in a minute."""

from __future__ import annotations

import msgspec

PER_ORIGIN_PER_MIN = 60.0
PER_ORIGIN_BURST = 30.0
PER_THING_PER_MIN = 180.0
PER_THING_BURST = 90.0
PER_HOME_PER_MIN = 12_000.0
PER_HOME_BURST = 3_000.0
"""Our own figures: one origin alone can neither use up a thing's share nor the home's. Two hundred
things that get fifty commands a minute each are within them."""

AGAIN_S = 60.0
"""For how long repeated refusals for haste are counted as one."""

_MINUTE_S = 60.0


class Bucket(msgspec.Struct):
    """A token bucket: what may still pass; `at` is when it was last filled."""

    left: float = -1.0
    at: float = 0.0

    def take(self, per_min: float, burst: float, now: float, amount: float = 1.0) -> bool:
        """Whether it passes; only what passes is taken off."""
        left = self.filled(per_min, burst, now)
        if left < amount:
            return False
        self.left, self.at = left - amount, now
        return True

    def filled(self, per_min: float, burst: float, now: float) -> float:
        """What may pass now."""
        if self.left < 0:
            return burst  # never used
        return min(burst, self.left + max(0.0, now - self.at) * per_min / _MINUTE_S)
