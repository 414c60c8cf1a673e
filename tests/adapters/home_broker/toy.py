"""A home for a broker to know, and a real broker to tell it to."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from omamori.adapters.home_broker.shown import Answer, BrokerError, PointShown, ThingShown
from omamori.hub.points import POINTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omamori.documents.reason import Reason
    from omamori.hub.points import Given

LAMP, DOOR = "02:00:00:00:00:01", "02:00:00:00:00:02"
HOSTILE = 'Lamp\u202e {{ states("x") }}\x00\n"<b>'


def shown(name: str, value: Given | None = None) -> PointShown:
    return PointShown(POINTS[name], f"the {name}", value)


class ToyHome:
    """A lamp that does what it is told, and a door that nobody may open."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Given]] = []
        self.cuts: list[tuple[str, bool]] = []
        self.lit: Given = False
        self.alert = ""
        self.gone: set[str] = set()

    def things(self) -> tuple[ThingShown, ...]:
        lamp = ThingShown(
            LAMP, HOSTILE, "light", "light", "As usual", "Maker", 3, can_cut=True,
            is_cut=(LAMP, True) in self.cuts,
            points=(shown("power", self.lit), shown("brightness_percent", 40)),
        )  # fmt: skip
        door = ThingShown(
            DOOR, "Door", "lock", "lock", "Attention", alert=self.alert, todo="Look at it.",
            points=(shown("locked", value=True), shown("firmware"), shown("room_temperature_c", 20.0)),
        )  # fmt: skip
        return tuple(thing for thing in (lamp, door) if thing.id not in self.gone)

    def states(self) -> tuple[str, ...]:
        return ("As usual", "Attention")

    def said(self, reason: Reason) -> str:
        return reason.key

    def ask(self, thing: str, point: str, value: Given, tell: Callable[[Answer], None]) -> None:
        self.asked.append((thing, point, value))
        if point == "power":
            self.lit = value
            tell(Answer(thing, point, "done"))
        else:
            tell(Answer(thing, point, "refused", "Its level does not suffice."))

    def set_cut(self, thing: str, *, cut: bool) -> None:
        if not cut:
            raise BrokerError("broker.undo-elsewhere")
        self.cuts.append((thing, cut))


class Mosquitto:
    """A real broker on this machine, as long as it is wanted."""

    def __init__(self, folder: Path, *lines: str, port: int = 0) -> None:
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if program is None:
            pytest.skip("mosquitto is not installed")
        self.port = port or free_port()
        self._config = folder / "mosquitto.conf"
        self._program = program
        self.set(*lines or ("allow_anonymous true",))
        self.start()

    def set(self, *lines: str) -> None:
        own = getpass.getuser()  # as root it would become somebody who cannot read our folder
        told = (f"listener {self.port} 127.0.0.1", f"user {own}", *lines)
        self._config.write_text("\n".join(told) + "\n", encoding="ascii")

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._config)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        pytest.fail("mosquitto does not answer")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
