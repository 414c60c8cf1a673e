"""A guarded home with a lamp, a heater and a door, for a broker to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.watched import Watched
from omamori.adapters import policy
from omamori.adapters.firewall.memory import MemoryFirewall
from omamori.app.broker import HouseBroker
from omamori.app.config import Broker
from omamori.app.protection import Protection
from omamori.app.vouching import Silent
from omamori.documents.reason import Reason
from omamori.hub.guarding.plan import Place
from omamori.hub.points import POINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omamori.hub.commanding.command import Command, Write
    from omamori.hub.points import Point
    from omamori.ledger.entry import Entry

LAMP, HEATER, DOOR, MAC_HUB = (f"02:00:00:00:00:1{n}" for n in range(4))
KINDS = {LAMP: ("Lamp", "light"), HEATER: ("Heater", "heater"), DOOR: ("Door", "lock")}
OFFERED = {
    LAMP: ("power", "brightness_percent"),
    HEATER: ("power",),
    DOOR: ("locked",),
}


class GuardedHome:
    """Things do at once what the arbiter decides."""

    def __init__(self, user: str = "hub", lang: str = "en") -> None:
        self.home = Watched()
        self.written: list[Write] = []
        self.entries: list[Entry] = []
        self.protection = Protection(
            self.home.watch,
            Silent(Reason("vouch.doubted")),
            MemoryFirewall(),
            self,
            policy.load()[0],
            lambda: self.home.now,
            self.entries.extend,
        )
        self.protection.stand(Place("hub", (MAC_HUB,)), frozenset({MAC_HUB}), frozenset())
        for number, (mac, (name, kind)) in enumerate(KINDS.items(), 20):
            self.home.joins(mac, number)
            self.home.watch.correct(mac, name, kind)
            for point in OFFERED[mac]:
                value = 40 if point == "brightness_percent" else point == "locked"
                self.protection.steward.seen(mac, point, value)
        self.house = HouseBroker(
            self.protection,
            self.home.household,
            self.settable,
            lambda reason, _lang: reason,
            Broker(host="x", user=user, language="en" if lang == "en" else "ja"),
        )

    def settable(self, thing: str) -> Mapping[str, Point]:
        return {name: POINTS[name] for name in OFFERED.get(thing, ())}

    def write(self, write: Write, command: Command | None) -> None:
        del command
        self.written.append(write)
        self.protection.steward.seen(write.target, write.point, write.value)
