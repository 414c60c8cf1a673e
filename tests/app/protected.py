"""A protected home for tests: its things, its disk, its services, and a clock that a test moves."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from omamori.adapters import policy, rules
from omamori.adapters.entries import MemoryEntries, SqliteEntries
from omamori.adapters.firewall.memory import MemoryFirewall
from omamori.adapters.shelf import MemoryShelf, ShelfError, SqliteShelf
from omamori.app.protection import Protection
from omamori.app.steward import family
from omamori.app.vouching import Silent
from omamori.documents.level import Level
from omamori.documents.reason import Reason
from omamori.hub.commanding.command import HAND, MEETING, PERSON, SERVICE, Command, Origin
from omamori.hub.finding import Finding
from omamori.hub.guarding.plan import Place
from omamori.hub.service import Watch
from omamori.hub.sighting import Sighting
from omamori.trust.standing import Standing

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.hub.alerting.alert import Alert
    from omamori.hub.commanding.command import Outcome, Write
    from omamori.hub.guarding.quarantine import Change
    from omamori.hub.points import Given
    from omamori.ledger.entry import Entry

RULES, _ = rules.load()
NOW = 1_800_000_000.0
HOUR_S, DAY_S, YEAR_S = 3600.0, 86_400.0, 365 * 86_400.0
HUB, ROUTER, TV, BATTERY, LAMP, HEATER, LOCK, PHONE = (f"02:00:00:00:00:0{n}" for n in range(1, 9))
KINDS = {
    ROUTER: "router", TV: "television", BATTERY: "storage-battery", LAMP: "light",
    HEATER: "heater", LOCK: "lock", PHONE: "phone",
}  # fmt: skip
POWER = Origin("https://power.example/s1", SERVICE, MEETING, "energy", "https://power.example/s1")
OTHER = Origin("https://other.example/s2", SERVICE, MEETING, "energy", "https://other.example/s2")
AT_HAND = Origin("", PERSON, HAND)
ON, OFF = True, False


def standing(rung: int, ground: str = "certificate", *reasons: Reason) -> Standing:
    """A conclusion of this level; 0 is none."""
    level = Level("energy", "1.2.3", rung) if rung else None
    return Standing(ground, "energy", "", b"", level, level, level, (), reasons, NOW + YEAR_S)


class Nowhere:
    """No address is anywhere."""

    def country(self, ip: str) -> str:
        del ip
        return ""


class Speaker(Silent):
    """Says of each thing what the test wants said."""

    def __init__(self) -> None:
        super().__init__(Reason("vouch.doubted"))
        self.rungs: dict[str, int] = {}
        self.asked = 0
        self.broken = False

    def standing(self, thing: Any, *, is_doubted: bool = False) -> Standing:
        del is_doubted
        self.asked += 1
        if self.broken:
            raise OSError(28, "No space left on device")
        return standing(self.rungs.get(thing.id, 1), "hub-word")


class Things:
    """Do what they are told, at once, unless they are deaf or gone; `steward.Hands`."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], Given] = {}
        self.written: list[Write] = []
        self.by: list[Command | None] = []
        self.deaf: set[str] = set()
        self.shown: list[Write] = []

    def write(self, write: Write, command: Command | None) -> None:
        self.written.append(write)
        self.by.append(command)
        if write.target not in self.deaf:
            self.values[write.target, write.point] = write.value
            self.shown.append(write)


class ProtectedHome:
    """One family's protection, with a disk where a folder is given."""

    def __init__(self, folder: Path | None = None) -> None:
        self.now = NOW
        self.folder = folder
        self.things = Things()
        self.speaker = Speaker()
        self.rungs = {POWER.who: 3, OTHER.who: 3}
        self.heard: list[Outcome] = []
        self.count = 0
        self.firewall = MemoryFirewall()
        self.shelf: MemoryShelf | SqliteShelf
        self.entries: MemoryEntries | SqliteEntries
        self.shelf = MemoryShelf()
        self.entries = MemoryEntries()
        self.begin()

    # Its life.

    def begin(self) -> None:
        """The hub starts, with what is on its disk."""
        if self.folder is not None:
            self.shelf = SqliteShelf(self.folder / "watch.sqlite3")
            self.entries = SqliteEntries(self.folder / "ledger.sqlite3")
        self.watch = Watch(RULES, Nowhere())
        for mac, kind in KINDS.items():
            self.hear(mac, kind)
        self.watch.restore(self.shelf, self.now)
        self.protection = Protection(
            self.watch, self.speaker, self.firewall, self.things, policy.load()[0], self.clock,
            self.entries.append,
        )  # fmt: skip
        self.protection.keeper = lambda: self.protection.keep(self.shelf)
        self.protection.restore(self.shelf, self.now)
        self.protection.stand(Place("hub", (HUB,)), frozenset({HUB}), frozenset({ROUTER}))
        self.protection.hear(
            [Sighting(self.now, mac, "bridge.port", {"port": f"p{mac[-1]}"}) for mac in KINDS]
        )
        self.protection.shield.hold(again=True)

    def killed(self) -> None:
        """As by kill -9, and started again: what was not on the disk is gone."""
        self.stop()
        self.begin()

    def stop(self) -> None:
        """Its files are closed, and nothing more is written."""
        if isinstance(self.shelf, SqliteShelf):
            self.shelf.close()
        if isinstance(self.entries, SqliteEntries):
            self.entries.close()

    def hear(self, mac: str, kind: str) -> None:
        """A thing joins, and the family says what it is."""
        self.watch.hear([Sighting(self.now, mac, "neighbour.entry", {})], [])
        self.watch.correct(mac, "", kind)

    def clock(self) -> float:
        return self.now

    def live(self, for_s: float, step_s: float = 5.0) -> None:
        """Let time pass: things show what they do, and the hub looks."""
        until = self.now + for_s
        while self.now < until:
            self.now = min(self.now + step_s, until)
            self.show()
            self.protection.alerted(*self.watch.step(self.now))
            self.protection.step()

    def show(self) -> None:
        """Things show what they were told."""
        shown, self.things.shown = self.things.shown, []
        for write in shown:
            self.steward.seen(write.target, write.point, write.value)

    # Who acts.

    @property
    def steward(self) -> Any:
        return self.protection.steward

    @property
    def shield(self) -> Any:
        return self.protection.shield

    def meet(self, origin: Origin = POWER) -> None:
        """A service meets the hub, and is judged by its newest level."""
        self.steward.met(origin, lambda _: standing(self.rungs[origin.who]), self.now)

    def command(
        self, target: str, point: str, value: Given, origin: Origin = POWER, **more: Any
    ) -> Command:
        self.count += 1
        is_person = origin.kind == PERSON
        given: dict[str, Any] = {
            "id": f"c{self.count}",
            "slot": "remote-user" if is_person else "demand-response",
            "at": self.now,
            "lease_s": 900.0,
            "purpose": "share-energy" if point == "charge_w" else "switch-power",
            **more,
        }
        return Command(origin=origin, target=target, point=point, value=value, **given)

    def ask(
        self, target: str, point: str, value: Given, origin: Origin = POWER, **more: Any
    ) -> Command:
        command = self.command(target, point, value, origin, **more)
        self.steward.ask(command, self.heard.append)
        return command

    def by_page(self, target: str, point: str, value: Given) -> Command:
        return self.ask(target, point, value, family())

    def by_hand(self, target: str, point: str, value: Given) -> None:
        self.things.values[target, point] = value
        self.steward.seen(target, point, value, by_hand=True)

    def attacks(
        self, mac: str, kind: str = "spread.telnet", about: str = "", **params: Any
    ) -> Alert:
        """It does what a person must see; the hub acts before it is told."""
        told = {"targets": 20, "ports": 20, "tries": 20, "target": "x", **params}
        alert = self.watch.alerts.take(Finding(kind, mac, self.now, about, told))
        if alert is None:
            return next(a for a in self.watch.alerts.of(mac) if a.kind == kind)
        self.protection.alerted([alert], [])
        with suppress(ShelfError):  # as `Network.keep` says it, and tries again
            self.watch.keep(self.shelf)
        return alert

    # What is seen.

    def is_cut(self, mac: str) -> bool:
        return bool(self.shield.guard.is_cut(mac))

    def passes(self, source: str, target: str = TV) -> bool:
        """Whether the firewall lets it ask who is there (ARP, RFC 826): only a cut stops that."""
        ends = target.replace(":", "") + source.replace(":", "")
        frame = bytes.fromhex(ends + "0806" + "0001080006040001") + bytes(38)
        return self.firewall.passes(frame, f"p{source[-1]}", self.now, f"p{target[-1]}")

    def states(self, command: Command) -> list[str]:
        """Every word its asker heard."""
        return [outcome.state for outcome in self.heard if outcome.command.id == command.id]

    def kinds(self) -> list[str]:
        """The record, oldest first."""
        return [entry.kind for entry in self.recorded()]

    def recorded(self) -> list[Entry]:
        return self.entries.read(None, 1000)[::-1]


def changes(found: list[Change]) -> list[str]:
    return [change.quarantine.state for change in found]


Act = "Callable[[ProtectedHome], None]"
