"""Wishes: what comes from a broker becomes a question to the home, or nothing at all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from omamori.adapters.home_broker.shown import NEVER, Answer, BrokerError
from omamori.adapters.home_broker.topics import CUT, Topics, read_switch, read_value, slug_of
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.commanding.command import DONE, REFUSED
from omamori.hub.commanding.pace import Bucket
from omamori.hub.points import LOOK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omamori.adapters.home_broker.shown import BrokerHome, PointShown, ThingShown

PER_MIN, BURST = 120.0, 40.0
"""Wishes of one broker: a scene switches some dozens of things at once. What comes faster is let go
before anybody thinks about it. Our own figures."""

KEPT, STRANGE, FAST, UNKNOWN = "kept", "strange", "fast", "unknown"
"""Why a message is no wish: the broker had kept it; another topic; too many; of no thing or point."""


class Wishes:
    """Takes messages in, and tells what became of them."""

    def __init__(
        self,
        topics: Topics,
        home: BrokerHome,
        clock: Callable[[], float],
        tell: Callable[[Answer], None],
    ) -> None:
        self._topics = topics
        self._home = home
        self._clock = clock
        self._tell = tell
        self._things: dict[str, ThingShown] = {}
        self._pace = Bucket()
        self.ignored: Counter[str] = Counter({KEPT: 0, STRANGE: 0, FAST: 0, UNKNOWN: 0})

    def know(self, things: Sequence[ThingShown]) -> None:
        """The things that were announced: of others nothing is asked."""
        self._things = {slug_of(thing.id): thing for thing in things}

    def heard(self, topic: str, octets: bytes, *, is_kept: bool) -> None:
        """A message on a topic of commands; total.

        What a broker had kept is no wish: somebody once said it, perhaps years ago.
        """
        asked = self._topics.asked(topic)
        if asked is None or is_kept:
            self.ignored[STRANGE if asked is None else KEPT] += 1
            return
        thing = self._things.get(asked[0])
        if thing is None:
            self.ignored[UNKNOWN] += 1
        elif not self._pace.take(PER_MIN, BURST, self._clock()):
            self.ignored[FAST] += 1
        else:
            self._asked(thing, asked[1], octets)

    def _asked(self, thing: ThingShown, key: str, octets: bytes) -> None:
        try:
            if key == CUT:
                self._cut(thing, octets)
                return
            shown = _offered(thing, key)
            if shown is None:
                self.ignored[UNKNOWN] += 1
                return
            self._home.ask(thing.id, key, read_value(shown.point, octets), self._tell)
        except RefusedError as error:
            self._refused(thing, key, error.reason)

    def _cut(self, thing: ThingShown, octets: bytes) -> None:
        if not (thing.can_cut or thing.is_cut):
            raise BrokerError("broker.cut-elsewhere")
        wanted = read_switch(octets)
        if wanted != thing.is_cut:
            self._home.set_cut(thing.id, cut=wanted)
        self._tell(Answer(thing.id, CUT, DONE))

    def _refused(self, thing: ThingShown, key: str, reason: Reason) -> None:
        self._tell(Answer(thing.id, key, REFUSED, self._home.said(reason)))


def _offered(thing: ThingShown, key: str) -> PointShown | None:
    """A point that this thing is announced with."""
    for shown in thing.points:
        if shown.point.name == key and shown.point.act != LOOK and key not in NEVER:
            return shown
    return None
