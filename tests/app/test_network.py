"""The real home's network: what was told or said is on the disk first, and a bad disk ends nothing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from documents import mud_made
from hub.alerting.detect_made import START, TV, TV_IP, asks_arp, home
from omamori.adapters.shelf import MemoryShelf, ShelfError
from omamori.app import network as room
from omamori.app.config import Network as Settings
from omamori.app.network import CORRECTIONS_FILE, KEEP_COUNTS_EVERY_S, SHELF_FILE, Network
from omamori.documents.mud import read_mud
from omamori.hub.alerting.alert import FINE, OPEN, AlertRefusedError
from omamori.hub.knowing.inventory import CorrectionRefusedError
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from omamori.hub.alerting.alert import Alert
    from omamori.hub.flow import Flow

SILENT = Settings(mdns=False, ssdp=False, echonet=False, neighbours=False, interface="")
IRON, IRON_IP = "02:00:00:00:00:09", home(9)
PHONES = ("da:a1:19:00:00:01", "5e:10:20:30:40:02")
BULB = read_mud(mud_made.octets(mud_made.BULB))


class Home:
    """A network on a folder, what it told, and its clock."""

    def __init__(self, folder: Path, now: float = START + 100) -> None:
        self.now = now
        self.told: list[Alert] = []
        self.ended: list[Alert] = []
        self.changes = 0
        self.network = Network(folder, SILENT, lambda: self.now, self._changed, self._alerted)

    def _changed(self) -> None:
        self.changes += 1

    def _alerted(self, told: list[Alert], ended: list[Alert]) -> None:
        self.told += told
        self.ended += ended


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Home]]:
    """Opens the home in one folder, again and again."""
    homes: list[Home] = []

    def opens() -> Home:
        homes.append(Home(tmp_path))
        return homes[-1]

    yield opens
    for one in homes:
        one.network.close()


def is_at(mac: str, ip: str, at: float = START) -> Sighting:
    return Sighting(at, mac, "address.ipv4", {"ip": ip})


def sweep(at: float = START) -> list[Flow]:
    return [asks_arp(at + n / 50, home(n), IRON, IRON_IP) for n in range(100, 160)]


def trouble(one: Home) -> str:
    """The iron looks for everybody; returns the alert's id."""
    one.network.take([is_at(IRON, IRON_IP)], sweep())
    return one.told[-1].id


def test_an_alert_is_kept_before_it_is_told(opened: Callable[[], Home]) -> None:
    key = trouble(opened())
    alert = opened().network.watch.alerts.get(key)
    assert alert is not None
    assert (alert.kind, alert.thing, alert.state) == ("sweep.arp", IRON, OPEN)


def test_what_a_person_said_is_there_again(opened: Callable[[], Home]) -> None:
    before = opened()
    key = trouble(before)
    before.network.say_fine(key, fine=True)
    before.network.correct(IRON, "Iron", "appliance")
    before.network.declare(IRON, BULB)
    again = opened().network
    kept = again.watch.alerts.get(key)
    assert kept is not None
    assert kept.state == FINE
    known = again.inventory.thing(IRON)
    assert known is not None
    assert (known.names[0], known.identity.kind.value, known.is_corrected) == (
        "Iron",
        "appliance",
        True,
    )
    assert again.watch.behaviour.declared(IRON) == BULB
    again.declare(IRON, None)
    assert opened().network.watch.behaviour.declared(IRON) is None


def test_an_address_that_a_person_took_away_stays_away(opened: Callable[[], Home]) -> None:
    def joined(one: Home) -> list[str]:
        said = {"hostname": "Taros-iPhone", "parameters": "1,3,6"}
        for mac, at in zip(PHONES, (START, START + 9000), strict=True):
            one.network.hear(is_at(mac, home(70), at))
            one.network.hear(Sighting(at, mac, "dhcp.request", said))
        return [thing.id for thing in one.network.inventory.things()]

    before = opened()
    assert joined(before) == [PHONES[0]]
    before.network.part(PHONES[1])
    assert {thing.id for thing in opened().network.inventory.things()} == set(PHONES)


def test_an_address_that_a_person_joined_keeps_what_was_said(opened: Callable[[], Home]) -> None:
    before = opened()
    for number, mac in enumerate(PHONES):
        before.network.hear(is_at(mac, home(70 + number), START + number))
    before.network.correct(PHONES[1], "Hanako", "phone")
    before.network.join(PHONES[1], PHONES[0])
    (again,) = opened().network.inventory.things()
    assert (again.names[0], again.aliases, again.is_likeness) == ("Hanako", (PHONES[1],), False)


def test_words_about_nothing_are_refused_and_change_nothing(opened: Callable[[], Home]) -> None:
    one = opened()
    with pytest.raises(AlertRefusedError):
        one.network.say_fine("nobody", fine=True)
    with pytest.raises(CorrectionRefusedError):
        one.network.correct("nobody", "x", "")
    with pytest.raises(CorrectionRefusedError):
        one.network.declare("nobody", BULB)
    with pytest.raises(CorrectionRefusedError):
        one.network.part("nobody")
    with pytest.raises(CorrectionRefusedError):
        one.network.join("nobody", "nobody")
    assert one.changes == 0


# Killed in the act: what follows runs in a process of its own, which kills itself.

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
from app import test_network as told
from app.test_network import *

folder, deed = Path(sys.argv[1]), sys.argv[2]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

one = Home(folder)
one.network.hear(is_at(IRON, IRON_IP))
if deed == "told":
    one.network.alerted = die
key = trouble(one)
if deed == "say_fine":
    one.network.say_fine(key, fine=True)
if deed == "declare":
    one.network.declare(IRON, BULB)
if deed == "correct":
    one.network.correct(IRON, "Iron", "appliance")
die()
"""


@pytest.mark.parametrize("deed", ["told", "say_fine", "declare", "correct"])
def test_what_was_acknowledged_survives_kill_9(
    deed: str, tmp_path: Path, opened: Callable[[], Home]
) -> None:
    program = KILLED.format(path=[path for path in sys.path if path])
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), deed], capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    again = opened().network
    assert again.shelf_lost == ""
    (alert,) = again.watch.alerts.all()
    assert (alert.kind, alert.thing) == ("sweep.arp", IRON)
    known = again.inventory.thing(IRON)
    assert known is not None
    assert (alert.state == FINE) == (deed == "say_fine")
    assert (again.watch.behaviour.declared(IRON) == BULB) == (deed == "declare")
    assert known.is_corrected == (deed == "correct")


# A bad disk.


def test_a_damaged_shelf_is_set_aside_and_said(opened: Callable[[], Home], tmp_path: Path) -> None:
    before = opened()
    trouble(before)
    before.network.close()
    for tail in ("-wal", "-shm"):
        (tmp_path / f"{SHELF_FILE}{tail}").unlink(missing_ok=True)
    (tmp_path / SHELF_FILE).write_bytes(b"no database at all" * 400)
    again = opened()
    assert again.network.shelf_lost.startswith("watch.damaged-")
    assert (tmp_path / again.network.shelf_lost).read_bytes().startswith(b"no database")
    assert again.network.watch.alerts.all() == []
    key = trouble(again)  # and it learns anew
    assert opened().network.watch.alerts.get(key) is not None


def test_a_shelf_that_cannot_be_opened_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, opened: Callable[[], Home]
) -> None:
    def refuses(path: Path, _now: float) -> tuple[MemoryShelf, str]:
        raise ShelfError("shelf.not-opened", {"file": path.name})

    monkeypatch.setattr(room, "open_shelf", refuses)
    one = opened()
    assert one.network.shelf_lost == SHELF_FILE
    key = trouble(one)
    assert one.network.say_fine(key, fine=True).state == FINE


class Refusing(MemoryShelf):
    """A disk that is full."""

    def commit(self) -> None:
        raise ShelfError("shelf.not-written", {"file": SHELF_FILE})

    def all(self, room: str) -> Iterator[tuple[str, bytes]]:
        raise ShelfError("shelf.damaged", {"file": SHELF_FILE, "room": room})


def test_an_alert_is_told_even_if_the_disk_refuses(opened: Callable[[], Home]) -> None:
    one = opened()
    one.network._shelf = Refusing()
    key = trouble(one)
    assert [alert.id for alert in one.told] == [key]


def test_a_person_is_told_when_the_disk_refuses_their_word(opened: Callable[[], Home]) -> None:
    one = opened()
    key = trouble(one)
    one.network._shelf = Refusing()
    with pytest.raises(ShelfError):
        one.network.say_fine(key, fine=True)
    alert = one.network.watch.alerts.get(key)
    assert alert is not None
    assert alert.state == FINE  # it holds while the hub runs


def test_a_folder_that_refuses_a_correction_says_so(
    opened: Callable[[], Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_path: Path, _octets: bytes) -> None:
        raise OSError(28, "No space left on device")

    one = opened()
    one.network.hear(is_at(IRON, IRON_IP))
    monkeypatch.setattr(room, "write_secret", refuses)
    with pytest.raises(ShelfError) as refused:
        one.network.correct(IRON, "Iron", "appliance")
    assert refused.value.reason.params == {"file": CORRECTIONS_FILE}


def test_a_shelf_that_fails_while_it_is_read_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, opened: Callable[[], Home]
) -> None:
    monkeypatch.setattr(room, "open_shelf", lambda _path, _now: (Refusing(), ""))
    one = opened()
    assert one.network.shelf_lost == SHELF_FILE
    assert trouble(one)


def test_what_was_lost_of_corrections_is_set_aside(
    opened: Callable[[], Home], tmp_path: Path
) -> None:
    (tmp_path / CORRECTIONS_FILE).write_bytes(b'{"a": 1')
    one = opened()
    assert one.network.corrections_lost == "corrections.unreadable"
    assert (tmp_path / "corrections.unreadable").read_bytes() == b'{"a": 1'
    (tmp_path / CORRECTIONS_FILE).write_bytes(b"[]")
    second = opened().network.corrections_lost
    assert (tmp_path / second).read_bytes() == b"[]"
    assert (tmp_path / "corrections.unreadable").read_bytes() == b'{"a": 1'


# In its course.


def test_counts_are_kept_once_an_hour(opened: Callable[[], Home]) -> None:
    one = opened()
    shelf = one.network._shelf = MemoryShelf()
    one.network.keep()
    one.network.take([is_at(TV, TV_IP)], [asks_arp(START, home(1), TV, TV_IP)])
    one.now += 60.0
    one.network.keep()
    assert list(shelf.all("traffic")) == []
    assert list(shelf.all("thing"))
    one.now += KEEP_COUNTS_EVERY_S
    one.network.keep()
    assert list(shelf.all("traffic"))


def test_nothing_is_counted_of_nothing(opened: Callable[[], Home]) -> None:
    one = opened()
    one.network.take([], [])
    assert one.network.heard == {}


def test_what_comes_after_the_shelf_is_closed_is_left(opened: Callable[[], Home]) -> None:
    one = opened()
    one.network.close()
    one.network.take([is_at(IRON, IRON_IP)], sweep())
    one.network.hear(is_at(IRON, IRON_IP))
    assert (one.told, one.network.heard) == ([], {})


def test_it_steps_goes_on_after_a_fault_and_stops(
    opened: Callable[[], Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened()
    trouble(one)
    one.now += 3600.0  # the sweep is long over

    async def lives() -> None:
        failed, over = asyncio.Event(), asyncio.Event()

        def faulty(_told: list[Alert], ended: list[Alert]) -> None:
            if not failed.is_set():
                failed.set()
                raise OSError("the ledger's disk is full")
            one.ended += ended
            if ended:
                over.set()

        one.network.alerted = faulty
        await one.network.start()
        await one.network.start()  # once is enough
        await failed.wait()
        one.network.take([], sweep(one.now))
        one.now += 3600.0
        await over.wait()
        await one.network.stop()
        assert not one.network.listening

    monkeypatch.setattr(room, "STEP_S", 0.01)
    asyncio.run(asyncio.wait_for(lives(), 30.0))
    assert [alert.kind for alert in one.ended] == ["sweep.arp"]
    assert one.network.troubles() == ()
