"""Practice: the practice home's network, heard and watched exactly as a real one is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omamori.adapters import policy, rules
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.firewall.memory import MemoryFirewall
from omamori.app.protection import Protection
from omamori.documents.reason import RefusedError
from omamori.hub.alerting.alert import Alerts
from omamori.hub.guarding.plan import Place
from omamori.hub.knowing.inventory import CorrectionRefusedError
from omamori.hub.points import LOOK, POINTS
from omamori.hub.service import Watch
from omamori.hub.sighting import Sighting
from omamori.simulation.devices import Devices
from omamori.simulation.practice import PracticeNetwork
from omamori.simulation.practice_cast import (
    CAST,
    HEATER,
    NETWORK,
    PHONES,
    ROUTER,
    STRANGER,
    country_of,
)
from omamori.simulation.situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omamori.adapters.capture.frames import Frame
    from omamori.app.protection import Speaker
    from omamori.app.theatre import Theatre
    from omamori.documents.mud import MudFile
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.commanding.command import Command, Write
    from omamori.hub.flow import Flow
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.points import Point
    from omamori.ledger.entry import Entry

BEAT_S, READ_EVERY_S = 0.5, 30.0
PORTS_MAX = 256
_HUB = Place("hub", ("00:00:5e:00:53:fe",), (f"{NETWORK}254",))
DEVICE_OF = {CAST[name].end.mac: name for name in ("television", "battery", "lights")}
"""Things of the play that can be set, by their ids."""

_MEMBERS = {member.end.mac: member for member in (*CAST.values(), HEATER, STRANGER)}
_LANGUAGES = ("ja", "en")


class PracticeError(RefusedError):
    """A wish that the practice home cannot fulfil."""


class _Atlas:
    """`hub.ports.Places` of the practice home."""

    def country(self, ip: str) -> str:
        return country_of(ip)


class Practice:
    """Plays the practice network and watches it; nothing of it is kept."""

    def __init__(
        self,
        seed: int,
        clock: Callable[[], float],
        changed: Callable[[], None],
        speaker: Speaker,
        append: Callable[[list[Entry]], object],
    ) -> None:
        self.clock = clock
        self.changed = changed
        self.network = PracticeNetwork(seed, clock())
        self.watch = Watch(rules.load()[0], _Atlas())
        self.devices = Devices(clock())
        self.firewall = MemoryFirewall()
        self.protection = Protection(
            self.watch, speaker, self.firewall, self, policy.load()[0], clock, append
        )
        self.protection.stand(_HUB, frozenset(_HUB.macs), frozenset({ROUTER.mac}))
        self.is_open = False
        self.theatre: Theatre | None = None
        self._ports: set[str] = set()
        self._read_at = -READ_EVERY_S
        self._said: list[Sighting] = []
        self._talked: list[Flow] = []
        self._decoder = Decoder(self._said.append, self._talked.extend)

    async def run(self) -> None:
        """Hear the days that were, then what comes, until cancelled."""
        for piece in self.network.past():
            self._hear(piece)
            if piece:
                self.watch.step(piece[-1][0])
            await asyncio.sleep(0)
        for member in CAST.values():
            if self.watch.inventory.thing(member.end.mac) is not None and not member.is_phone:
                self.watch.correct(member.end.mac, "", member.kind)
        self.is_open = True
        self.changed()
        while True:
            await asyncio.sleep(BEAT_S)
            if self.beat(self.clock()):
                self.changed()

    def beat(self, now: float) -> bool:
        """Hear what was sent until now; returns whether anything was."""
        is_heard = False
        for frame in self.network.step(now):  # one by one: what is cut off now stops the next
            if self._is_sent(frame):
                self._hear([frame])
                is_heard = True
        self._decoder.step(now)
        is_heard |= self._take()
        self.protection.alerted(*self.watch.step(now))
        self.devices.step(now)
        self._see()
        self.protection.step()
        is_played = self.theatre is not None and self.theatre.step(now)
        return is_heard or is_played

    def _is_sent(self, frame: Frame) -> bool:
        """A thing answers only what reached it: nothing is said to whoever is cut off."""
        at, _, octets = frame
        target, source = octets[:6].hex(":"), octets[6:12].hex(":")
        if source not in self._ports and len(self._ports) < PORTS_MAX:
            self._ports.add(source)
            self._said.append(Sighting(at, source, "bridge.port", {"port": _port(source)}))
        passes = self.firewall.passes(octets, _port(source), at, _port(target))
        return passes or not self.protection.shield.guard.is_cut(self._thing_at(target))

    def _thing_at(self, mac: str) -> str:
        return self.watch.inventory.thing_of(mac, "")

    def _hear(self, frames: list[Frame]) -> None:
        self._decoder.hear(frames)
        self._take()

    def _take(self) -> bool:
        heard = bool(self._said or self._talked)
        self.protection.hear(self._said)
        told = self.watch.hear(self._said, self._talked)
        if told:
            self.protection.alerted(told, [])
        self._said.clear()
        self._talked.clear()
        return heard

    def settable(self, thing: str) -> Mapping[str, Point]:
        """Which points of a thing can be set in the play."""
        name = DEVICE_OF.get(thing, "")
        points = (POINTS[point] for device, point in self.devices.points() if device == name)
        return {point.name: point for point in points if point.act != LOOK}

    # Hands (`steward.Hands`): the practice home's things do what they are told, at once.

    def write(self, write: Write, command: Command | None) -> None:
        """Set a thing of the play."""
        del command
        name = DEVICE_OF.get(write.target)
        if name is not None:
            self.devices.write(name, write.point, write.value, self.clock())

    def _see(self) -> None:
        now = self.clock()
        if not 0 <= now - self._read_at < READ_EVERY_S:  # as a driver looks now and then
            self._read_at = now
            for name, point in self.devices.points():
                value = self.devices.value(name, point)
                if value is not None:
                    self.protection.steward.seen(CAST[name].end.mac, point, value)
        for seen in self.devices.take():
            thing = CAST[seen.thing].end.mac
            self.protection.steward.seen(thing, seen.point, seen.value, by_hand=seen.by_hand)

    def disturb(self, situation: str) -> None:
        """Let something go wrong; empty is calm again.

        Raises:
            PracticeError: for a situation that nobody has written, or too early.
        """
        if situation and situation not in SITUATIONS:
            raise PracticeError("sample.no-such-situation")
        if not self.is_open:
            raise PracticeError("sample.not-open-yet")
        self.network.calm()
        if situation:
            self.network.disturb(situation)
        else:
            accused = {alert.thing for alert in self.watch.alerts.all()}
            self.protection.shield.calm()
            self.watch.alerts = Alerts()  # what is played again is told again
            for thing in accused:
                self.protection.again(thing)
            self._decoder = Decoder(self._said.append, self._talked.extend)
        self.changed()

    def name_of(self, known: KnownThing, lang: str) -> str:
        """What this family calls a thing."""
        member = _MEMBERS.get(known.id)
        if member is None and known.id in {end.mac for end in PHONES}:
            member = CAST["phone"]
        if member is None or known.behind:
            return known.names[0] if known.names else known.id
        return member.name[_LANGUAGES.index(lang) if lang in _LANGUAGES else 0]

    # A person's word; it lasts as long as the practice.

    def say_fine(self, alert_id: str, *, fine: bool) -> Alert:
        """Keep that an alert is fine, or take that back."""
        alert = self.watch.say_fine(alert_id, self.clock(), fine=fine)
        self.protection.said_fine(alert, "family", fine=fine)
        self.changed()
        return alert

    def declare(self, thing_id: str, mud: MudFile | None) -> None:
        """Hold a thing against its maker's rules; None takes them away."""
        if self.watch.inventory.thing(thing_id) is None:
            raise CorrectionRefusedError("identify.no-such-thing")
        self.watch.declare(thing_id, mud)
        self.changed()

    def part(self, alias: str) -> None:
        """Keep that an address is not the same thing."""
        self.watch.inventory.part(alias)
        self.changed()

    def join(self, thing_id: str, alias: str) -> None:
        """Keep that two addresses are the same thing."""
        self.watch.inventory.join(thing_id, alias)
        self.changed()


def _port(mac: str) -> str:
    """Every thing of the play is plugged into a port of its own."""
    return f"p{mac.replace(':', '')[-8:]}"
