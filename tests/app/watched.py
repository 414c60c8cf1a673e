"""A watched home for the tests of its views: things that speak, and names that mean harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hub.alerting.detect_made import answered, asks_arp, goes_on, home, opens, world
from omamori.adapters import rules
from omamori.app.household import Household
from omamori.app.vouching import Silent
from omamori.documents.reason import Reason
from omamori.hub.flow import ACK, SYN, Flow
from omamori.hub.service import Watch
from omamori.hub.sighting import Sighting
from omamori.web.views_talk import HearingView

if TYPE_CHECKING:
    from omamori.documents.mud import MudFile
    from omamori.hub.alerting.alert import Alert

RULES, _ = rules.load()
START, DAY_S, HOUR_S = 1_800_000_000.0, 86_400.0, 3600.0
ROUTER, CAMERA, TV, IRON = (f"02:00:00:00:00:0{n}" for n in (1, 2, 3, 4))
CLOUD, FAR = world(1), world(70_000)
HEARING = HearingView("router", "br0")
HOSTILE = '<script>alert("1")</script>\u202emoc.live & "x"'
SHOWN = HOSTILE.replace("\u202e", "")
"""What is left of it on the way: nothing that turns text around; pages escape the rest, once."""


class Atlas:
    """Two places in the world."""

    def country(self, ip: str) -> str:
        return {CLOUD: "JP", FAR: "AQ"}.get(ip, "")


class Watched:
    """A keeper in memory, and the household on it."""

    def __init__(self) -> None:
        self.now = START
        self.watch = Watch(RULES, Atlas())
        self.declared: list[str] = []
        self.household = Household(
            self, "", Silent(Reason("vouch.doubted")), lambda: HEARING, lambda: self.now
        )

    def say_fine(self, alert_id: str, *, fine: bool) -> Alert:
        return self.watch.say_fine(alert_id, self.now, fine=fine)

    def declare(self, thing_id: str, mud: MudFile | None) -> None:
        self.declared.append(thing_id)
        if mud is None:
            self.watch.behaviour.undeclare(thing_id)
        else:
            self.watch.declare(thing_id, mud)

    def part(self, alias: str) -> None:
        self.watch.inventory.part(alias)

    def join(self, thing_id: str, alias: str) -> None:
        self.watch.inventory.join(thing_id, alias)

    def says(self, mac: str, what: str, **fields: str) -> None:
        self.watch.hear([Sighting(self.now, mac, what, fields)], ())

    def joins(self, mac: str, number: int) -> None:
        self.says(mac, "address.ipv4", ip=home(number))

    def calls(self, mac: str, number: int, target: str, name: str = "") -> list[Alert]:
        """A connection outside that is accepted."""
        if name:
            self.says(mac, "name.address", ip=target, name=name, by="dns")
        port = 40_000 + int(self.now) % 20_000
        asked = opens(self.now, target, 443, mac=mac, source=home(number), from_port=port)
        asked = msgspec.structs.replace(asked, octets=60)
        said = msgspec.structs.replace(goes_on(asked, self.now + 5), flags=SYN | ACK, octets=3_000)
        back = msgspec.structs.replace(answered(asked), octets=700)
        return self.watch.hear((), [asked, back, said])

    def talks(self, one: tuple[str, int], other: tuple[str, int], port: int) -> None:
        """A connection at home that is accepted."""
        asked = opens(self.now, home(other[1]), port, mac=one[0], source=home(one[1]))
        asked = msgspec.structs.replace(asked, peer_mac=other[0], octets=60)
        self.watch.hear((), [asked, msgspec.structs.replace(answered(asked), octets=90)])

    def sweeps(self, mac: str, number: int) -> list[Alert]:
        """It looks for everybody."""
        asked: list[Flow] = [
            asks_arp(self.now + n / 50, home(n), mac, home(number)) for n in range(100, 160)
        ]
        return self.watch.hear((), asked)

    def lives(self, days: float = 4.0) -> None:
        """A camera calls its maker every three hours; the television is asked by it once a day."""
        for number, mac in enumerate((ROUTER, CAMERA, TV), 1):
            self.joins(mac, number)
        until = self.now + days * DAY_S
        while self.now < until:
            self.calls(CAMERA, 2, CLOUD, "cam.maker.example")
            self.talks((CAMERA, 2), (TV, 3), 8009)
            self.now += 3 * HOUR_S
            self.watch.step(self.now)
