"""What every asker speaks through: facts become sightings, made safe, at a bounded rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from omamori.adapters.protocols.text import plain
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

RATE_PER_S_MAX = 200.0  # sightings; a home says far less, a flood must not fill the hub
BURST_MAX = 1000.0
FIELDS_MAX = 32
SPEAKERS_MAX = 512


class Asker(Protocol):
    """One way of asking the network what is there."""

    name: str

    async def run(self, is_well: Callable[[], None]) -> None:
        """Ask until cancelled; call ``is_well`` once the sockets are open.

        Raises:
            OSError: when the network does not let it; it is started again later.
        """
        ...


class Voice:
    """Passes sightings on.

    Attributes:
        speakers: IP addresses that were spoken of lately, at most ``SPEAKERS_MAX``.
        dropped: sightings beyond ``RATE_PER_S_MAX``, which were not passed on.
    """

    def __init__(self, hear: Callable[[Sighting], None], clock: Callable[[], float]) -> None:
        self._hear = hear
        self._clock = clock
        self._tokens = BURST_MAX
        self._filled_at = clock()
        self.dropped = 0
        self.speakers: dict[str, None] = {}

    def say(self, source: str, kind: str, fields: dict[str, str], age_s: float = 0.0) -> None:
        """One fact about ``source``, heard ``age_s`` seconds ago."""
        now = self._clock()
        gained = max(now - self._filled_at, 0.0) * RATE_PER_S_MAX
        self._tokens = min(BURST_MAX, self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1.0:
            self.dropped += 1
            return
        self._tokens -= 1.0
        if source.startswith("ip:"):
            self.speakers.pop(source[3:], None)
            self.speakers[source[3:]] = None
            if len(self.speakers) > SPEAKERS_MAX:
                del self.speakers[next(iter(self.speakers))]
        safe = {
            plain(name.encode("utf-8", "replace"), 64): plain(text.encode("utf-8", "replace"))
            for name, text in list(fields.items())[:FIELDS_MAX]
        }
        self._hear(Sighting(now - age_s, source, kind, safe))
