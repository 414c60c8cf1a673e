"""A home for stories: the practice network's frames, heard and watched in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters import rules
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.shelf import MemoryShelf
from omamori.hub.service import Watch
from omamori.simulation.practice import DAY_S, PAST_DAYS, PracticeNetwork
from omamori.simulation.practice_cast import country_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from omamori.hub.alerting.alert import Alert
    from omamori.hub.flow import Flow
    from omamori.hub.sighting import Sighting

TODAY = 1_800_000_000.0
HOUR_S, MINUTE_S = 3600.0, 60.0
STEP_S = 600.0
RULES, _ = rules.load()


class Atlas:
    """The practice home's own."""

    def country(self, ip: str) -> str:
        return country_of(ip)


class HeardHome:
    """Four days have passed when it is made; nothing but `live` lets more of it pass.

    Attributes:
        told: alerts that a person was told of, in order.
        ended: alerts that ended.
        away: hardware addresses that are not at home: nobody speaks as or to them.
        ahead_s: how far the hub's clock is before the story's.
    """

    def __init__(self, seed: int = 119, days: int = PAST_DAYS) -> None:
        self.network = PracticeNetwork(seed, TODAY)
        self.now = TODAY - PAST_DAYS * DAY_S
        self.shelf = MemoryShelf()
        self.told: list[Alert] = []
        self.ended: list[Alert] = []
        self.away: Collection[str] = ()
        self.ahead_s = 0.0
        self.begin()
        self.live(days * DAY_S)

    def begin(self) -> None:
        """The hub starts, with what is on its shelf."""
        self._said: list[Sighting] = []
        self._talked: list[Flow] = []
        self.decoder = Decoder(self._hear, self._count)
        self.watch = Watch(RULES, Atlas())
        assert self.watch.restore(self.shelf, self.clock) == 0

    def restart(self) -> None:
        """The hub stops in good order, and starts again."""
        self.decoder.finish()
        self._take()
        self.watch.keep(self.shelf, with_counts=True)
        self.begin()

    @property
    def clock(self) -> float:
        """What the hub's clock shows."""
        return self.now + self.ahead_s

    def live(self, for_s: float, step_s: float = STEP_S) -> list[Alert]:
        """Let time pass; returns what a person was told of meanwhile."""
        told, until = len(self.told), self.now + for_s
        while self.now < until:
            self.now = min(self.now + step_s, until)
            frames = [
                (at + self.ahead_s, kind, frame)
                for at, kind, frame in self.network.step(self.now)
                if not {frame[6:12].hex(":"), frame[:6].hex(":")} & set(self.away)
            ]
            self.decoder.hear(frames)
            self.decoder.step(self.clock)
            self._take()
            alerts, ended = self.watch.step(self.clock)
            self.told += alerts
            self.ended += ended
        return self.told[told:]

    def happens(self, situation: str, for_s: float = 300.0) -> list[Alert]:
        """Something goes wrong; then it is calm again."""
        self.network.disturb(situation)
        told = self.live(for_s, step_s=0.5)
        self.network.calm()
        return told

    def _take(self) -> None:
        self.told += self.watch.hear(self._said, self._talked)
        self._said.clear()
        self._talked.clear()

    def _hear(self, sighting: Sighting) -> None:  # a method, so that a copied home hears itself
        self._said.append(sighting)

    def _count(self, flows: list[Flow]) -> None:
        self._talked += flows

    # Looking.

    def kinds(self) -> list[str]:
        """What kinds of alert a person was told of."""
        return [alert.kind for alert in self.told]

    def news(self, since: float) -> list[tuple[str, str]]:
        """What a page names as new, by kind and thing."""
        return [(news.kind, news.thing) for news in self.watch.news(since, self.clock)]
