"""Network: what is on this machine's own network now, heard without rights and, with them, passively."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import structlog

from omamori.adapters import rules
from omamori.adapters.country import Countries
from omamori.adapters.discovery.service import Discovery
from omamori.adapters.echonet_port import EchonetPort
from omamori.adapters.keys import write_secret
from omamori.adapters.shelf import MemoryShelf, ShelfError, SqliteShelf, open_shelf, remembered
from omamori.adapters.vantage import (
    bridge_of,
    gateway,
    own_ips,
    own_macs,
    own_networks,
    ports_of,
    radio_ports,
)
from omamori.app.wire import Wire
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.guarding.plan import Place
from omamori.hub.knowing.inventory import CorrectionRefusedError
from omamori.hub.service import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from omamori.app.config import Network as Settings
    from omamori.app.hands import DriverHands
    from omamori.app.protection import Protection
    from omamori.documents.mud import MudFile
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.flow import Flow
    from omamori.hub.sighting import Sighting

CORRECTIONS_FILE = "corrections.json"
SHELF_FILE = "watch.sqlite3"
STEP_S, BEAT_S = 5.0, 1.0
PLACE_MACS_MAX = 32
KEEP_EVERY_S, KEEP_COUNTS_EVERY_S = 60.0, 3600.0
"""What was learned in the last minute, and counted in the last hour, may be lost with the power (an
SD card lives longer so); what a person did or was told never is."""
SOURCE_OF = {
    "mdns": "mdns",
    "llmnr": "mdns",
    "ssdp": "ssdp",
    "upnp": "ssdp",
    "echonet": "echonet",
    "neighbour": "neighbour",
    "address": "neighbour",
}
"""First part of a sighting's kind → the source that a page names."""


OWN_QUESTIONS = {"mdns.search", "ssdp.search"}
CONTROLLER_CLASS = "05ff"


class Heard(msgspec.Struct):
    """How much one source has told."""

    count: int = 0
    last_at: float | None = None


class Network:
    """The real network: discovery, an optional wire, and the watch that they feed.

    Attributes:
        watch: what is known of the network.
        wire: the interface that is listened on; None while nothing is wanted of it.
        heard: how much each source has told.
        corrections_lost, shelf_lost: names of files that could not be read and were set aside.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        clock: Callable[[], float],
        changed: Callable[[], None],
        alerted: Callable[[list[Alert], list[Alert]], None],
    ) -> None:
        """`alerted` is told of alerts that a person must see, and of those that have ended."""
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self.changed = changed
        self.alerted = alerted
        self.heard: dict[str, Heard] = {}
        self.corrections_lost = ""
        self.notes: list[Reason] = []
        self.listening = self._is_closed = False
        self.wire: Wire | None = None
        self.protection: Protection | None = None
        self.hands: DriverHands | None = None
        self.echonet_port = EchonetPort()
        self._discovery: Discovery | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._kept_at = self._counts_kept_at = 0.0
        rulebook, self.notes = rules.load(folder / "rules" if (folder / "rules").is_dir() else None)
        self._own = own_macs()
        self.watch = Watch(rulebook, Countries(), self._own)
        self.inventory = self.watch.inventory
        self._restore_corrections()
        self._shelf, self.shelf_lost = _open_shelf(folder / SHELF_FILE, clock())
        self._restore()

    def _restore(self) -> None:
        try:
            self.watch.restore(self._shelf, self.clock())
        except ShelfError as error:  # what was read until then stays
            self.shelf_lost = SHELF_FILE
            structlog.get_logger().error("shelf.not-read", reason=str(error))

    def _restore_corrections(self) -> None:
        path = self.folder / CORRECTIONS_FILE
        if not path.exists():
            return
        try:
            self.inventory.restore_corrections(msgspec.json.decode(path.read_bytes()))
        except (CorrectionRefusedError, msgspec.DecodeError) as error:
            # What a person said must not be overwritten because we could not read it.
            # Nor what was set aside before: the first may be the one that holds it.
            aside = path.with_suffix(".unreadable")
            if aside.exists():
                aside = path.with_suffix(f".unreadable-{int(self.clock())}")
            path.rename(aside)
            self.corrections_lost = aside.name
            structlog.get_logger().warning("corrections.unreadable", why=str(error))

    def attach(self, protection: Protection, hands: DriverHands) -> None:
        """Let this network be protected, from what was kept on."""
        self.protection, self.hands = protection, hands
        protection.keeper = lambda: self._keep_of(protection)
        try:
            protection.restore(self._shelf, self.clock())
        except ShelfError as error:
            self.shelf_lost = SHELF_FILE
            structlog.get_logger().error("shelf.not-read", reason=str(error))
        self._stand()

    def _keep_of(self, protection: Protection) -> None:
        """What is only in memory is not kept: nobody from elsewhere is told so."""
        protection.keep(self._shelf)
        if isinstance(self._shelf, MemoryShelf):
            raise ShelfError("shelf.not-opened", {"file": SHELF_FILE})

    def _stand(self) -> None:
        """Where this machine is, and who leads outside: never cut off by themselves."""
        if self.protection is None:
            return
        thing = self.inventory.thing_of("", way) if (way := gateway()) else ""
        known = self.inventory.thing(thing) if thing else None
        ways = frozenset({thing, known.mac}) - {""} if known else frozenset[str]()
        hub = Place("hub", tuple(sorted(self._own))[:PLACE_MACS_MAX], tuple(own_ips()))
        self.protection.shield.routers = (
            (Place(thing, (known.mac,), (way,)),) if known and known.mac else ()
        )
        self.protection.shield.networks = tuple(own_networks())
        self.protection.stand(hub, self._own, ways)

    def askers(self) -> list[str]:
        """Which ways of asking are wanted."""
        wanted = {
            "mdns": self.settings.mdns,
            "ssdp": self.settings.ssdp,
            "neighbours": self.settings.neighbours,
            "echonet": self.settings.echonet,
        }
        return [name for name, on in wanted.items() if on]

    async def start(self) -> None:
        """Begin to listen; a source that fails says why and is tried again."""
        if self.listening:
            return
        self.listening = True
        self._discovery = Discovery(
            self.hear, self.clock, self.askers(), echonet_port=self.echonet_port
        )
        await self._discovery.start()
        if self.hands is not None:
            await self.hands.start()
        if self.protection is not None:
            self.protection.shield.hold(again=True)
        self._tasks = [asyncio.create_task(self._steps()), asyncio.create_task(self._beats())]
        if self.settings.interface:
            self.wire = Wire(self.settings.interface, self.take, self.clock)
            self._tasks.append(asyncio.create_task(self.wire.run()))

    async def stop(self) -> None:
        """Stop listening; what is known stays."""
        self.listening = False
        if self.wire is not None:
            self.wire.stop()
        if self.hands is not None:
            await self.hands.stop()
        if self._discovery is not None:
            await self._discovery.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self.keep(with_counts=True)

    def close(self) -> None:
        """Let the shelf go; what is known was kept by `stop`, and nothing is taken in any more."""
        self._is_closed = True
        self._shelf.close()

    def keep(self, *, with_counts: bool = False) -> None:
        """Put what is known on the disk; a disk that refuses is said, and tried again."""
        now = self._kept_at = self.clock()
        if with_counts or not 0 <= now - self._counts_kept_at < KEEP_COUNTS_EVERY_S:
            with_counts, self._counts_kept_at = True, now
        try:
            self.watch.keep(self._shelf, with_counts=with_counts)
        except ShelfError as error:
            structlog.get_logger().error("shelf.not-written", reason=str(error))

    def hear(self, sighting: Sighting, source: str = "") -> None:
        """Take in one fact, on the loop's thread; `source` names who brought it, if known."""
        if self._is_closed:
            return
        source = source or SOURCE_OF.get(sighting.kind.partition(".")[0], "neighbour")
        self._count(source, 1, sighting.at)
        self._protected([sighting])
        self._told(self.watch.hear((sighting,), ()))

    def take(self, said: list[Sighting], talked: list[Flow]) -> None:
        """Take in what the wire understood."""
        said = [sighting for sighting in said if not self._is_our_asking(sighting)]
        if self._is_closed or not (said or talked):
            return
        last = said[-1].at if said else talked[-1].at
        self._count("capture", len(said) + len(talked), last)
        self._protected(said)
        self._told(self.watch.hear(said, talked))

    def _protected(self, said: list[Sighting]) -> None:
        if self.protection is not None and said:
            self.protection.hear(said)
        if self.hands is not None:
            for sighting in said:
                self.hands.hear(sighting)

    def _is_our_asking(self, sighting: Sighting) -> bool:
        """Whether it is one of our own askers' questions, which would describe this machine wrongly."""
        if sighting.source not in self._own:
            return False
        is_controller = sighting.fields.get("eoj", "").startswith(CONTROLLER_CLASS)
        return sighting.kind in OWN_QUESTIONS or is_controller

    def troubles(self) -> tuple[Reason, ...]:
        """Why something is not heard now."""
        found = self._discovery.troubles if self._discovery else ()
        trouble = self.wire.trouble if self.wire else None
        return (*found, *((trouble,) if trouble else ()))

    # A person's word: on the disk before these return.

    def correct(self, thing_id: str, name: str, kind: str) -> None:
        """Keep what a person says a thing is."""
        self.watch.correct(thing_id, name, kind)
        self._keep_corrections()
        self._said()

    def say_fine(self, alert_id: str, *, fine: bool) -> Alert:
        """Keep that an alert is fine, or take that back."""
        alert = self.watch.say_fine(alert_id, self.clock(), fine=fine)
        if self.protection is not None:
            self.protection.said_fine(alert, "family", fine=fine)
        self._said()
        return alert

    def declare(self, thing_id: str, mud: MudFile | None) -> None:
        """Hold a thing against its maker's rules; None takes them away."""
        self.watch.declare(thing_id, mud)
        self._said()

    def part(self, alias: str) -> None:
        """Keep that an address is not the same thing."""
        self.inventory.part(alias)
        self._said()

    def join(self, thing_id: str, alias: str) -> None:
        """Keep that two addresses are the same thing; what was said of one is said of both."""
        self.inventory.join(thing_id, alias)
        self._keep_corrections()
        self._said()

    def _keep_corrections(self) -> None:
        told = msgspec.json.encode(self.inventory.corrections_state())
        try:
            write_secret(self.folder / CORRECTIONS_FILE, told)
        except OSError as error:
            raise ShelfError("shelf.not-written", {"file": CORRECTIONS_FILE}) from error

    def _said(self) -> None:
        self.watch.keep(self._shelf)
        self.changed()

    def _count(self, source: str, count: int, at: float) -> None:
        heard = self.heard.setdefault(source, Heard())
        heard.count += count
        heard.last_at = at
        self.changed()

    def _told(self, alerts: list[Alert], ended: Iterable[Alert] = ()) -> None:
        """Whoever attacks is cut off at once; then the alert is on the disk before it is told."""
        ended = list(ended)
        if alerts or ended:
            if self.protection is not None:
                self._look_at_ports()
                self.protection.alerted(alerts, ended)
            self.keep()
            self.alerted(alerts, ended)

    def _look_at_ports(self) -> None:
        """Who is at which port now: an address that was just borrowed must not be the one cut off."""
        bridge = bridge_of(self.wire.vantage.interface) if self.wire else ""
        if bridge and self.protection is not None:
            ports = self.protection.shield.guard.ports
            ports.radio = radio_ports(bridge)
            ports.now(ports_of(bridge), self.clock())

    async def _steps(self) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            try:
                self._step()
            except Exception:  # noqa: BLE001 - said in the log; one fault must not end the watch
                structlog.get_logger().exception("watch.step-failed")

    async def _beats(self) -> None:
        """Leases, questions and effects end when they should, not some seconds later."""
        while self.protection is not None:
            await asyncio.sleep(BEAT_S)
            try:
                self.protection.steward.step()
            except Exception:  # noqa: BLE001 - said in the log; one fault must not end the rest
                structlog.get_logger().exception("steward.step-failed")

    def _step(self) -> None:
        now = self.clock()
        self._own = own_macs()
        self.watch.know_own(self._own)
        told, ended = self.watch.step(now)
        self._told(told, ended)
        if self.protection is not None:
            self._stand()
            self._look_at_ports()
            self.protection.step()
        if not 0 <= now - self._kept_at < KEEP_EVERY_S:
            self.keep()


def _open_shelf(path: Path, now: float) -> tuple[SqliteShelf | MemoryShelf, str]:
    """The shelf; a home whose disk gives none goes on watching, and remembers while it runs."""
    try:
        return open_shelf(path, now)
    except RefusedError as error:
        structlog.get_logger().error("shelf.not-opened", reason=str(error))
        return remembered(path), path.name  # what was cut off stays so, though nothing new is kept
