"""The guarding hub of a test home, and what others see on the wire."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .net import PATIENCE_S, State, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from .net import Home

HERE = Path(__file__).parent
PAGES = 8119


class Hub(Watcher):
    """The real program in the router's namespace, asked line by line."""

    def __init__(self, home: Home, folder: Path | None = None, settings: str = "") -> None:
        self.folder = folder or home.folder / "hub"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if settings:
            (self.folder / "omamori.toml").write_text(settings)
        program = (sys.executable, str(HERE / "guarded.py"), str(self.folder), "br0", str(PAGES))
        self._numbers = itertools.count(1)
        super().__init__(home.within("home", *program), home, stdin=subprocess.PIPE)
        self.until(lambda state: state["vantage"] == "bridge" and state["force"] == "bridge")

    def ask(self, what: str, *told: Any) -> Any:
        """What a person does; the answer, once it is done."""
        stdin = self._process.stdin
        assert stdin is not None
        number = next(self._numbers)
        stdin.write(json.dumps([number, what, *told]).encode() + b"\n")
        stdin.flush()
        return self.until(lambda state: state["done"] == number)["answer"]

    def until_cut(self, thing: str) -> State:
        """Wait until this thing is cut off, and the kernel holds it."""

        def is_cut(told: State) -> bool:
            return thing in cut_things(told) and not told["not_held"]

        told = self.until(is_cut)
        return next(cut for cut in told["cuts"] if cut["place"]["thing"] == thing)

    def kill(self) -> None:
        """End it with kill -9, as a power cut would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        self.end()


def cut_things(told: State) -> set[str]:
    """Who is cut off."""
    return {cut["place"]["thing"] for cut in told["cuts"]}


class Pings:
    """Somebody asks somebody all the time."""

    def __init__(self, home: Home, who: str, target: str, *more: str, every_s: float = 0.1) -> None:
        self._log = home.folder / f"pings-{who}-{time.monotonic_ns()}.txt"
        asking = ("ping", "-n", "-D", "-O", "-i", str(every_s), *more, target)
        self._running = home.start(who, *asking, told=self._log)

    def answers(self) -> int:
        """How many were answered until now."""
        return self._log.read_text().count(" bytes from ")

    def asked(self) -> int:
        """How many were sent at least: answered, or given up."""
        told = self._log.read_text()
        return sum(told.count(text) for text in (" bytes from ", "no answer yet", "Unreachable"))

    def until(self, enough: Callable[[Pings], bool]) -> None:
        """Wait; no time is asserted."""
        wait_for(lambda: enough(self), lambda: self._log.read_text()[-500:])

    def goes_on(self) -> None:
        """It is answered from now on."""
        before = self.answers()
        self.until(lambda pings: pings.answers() > before + 2)

    def end(self) -> tuple[int, int]:
        """Stop; how many were sent and answered."""
        self._running.send_signal(signal.SIGINT)
        self._running.wait(20)
        sent, _, rest = self._log.read_text().rpartition(" packets transmitted, ")
        return int(sent.rsplit(None, 1)[-1]), int(rest.split()[0])


class Tap:
    """Every frame that comes to a thing."""

    def __init__(self, home: Home, who: str) -> None:
        self._log = home.folder / f"tap-{who}-{time.monotonic_ns()}.txt"
        tap = (sys.executable, str(HERE / "tap.py"), "eth0")
        self._running = home.start(who, *tap, told=self._log)
        wait_for(lambda: self._log.read_text().startswith("ready"), lambda: "no tap")

    def frames(self, source: str, since: float = 0.0) -> list[tuple[float, bytes]]:
        """What came from this hardware address."""
        found = []
        for line in self._log.read_text().splitlines()[1:]:
            parts = line.split()
            if len(parts) == 2 and parts[1][12:24] == source.replace(":", ""):
                at, frame = float(parts[0]), bytes.fromhex(parts[1])
                if at >= since:
                    found.append((at, frame))
        return found

    def end(self) -> None:
        self._running.kill()
        self._running.wait(20)


def wait_for(enough: Callable[[], object], told: Callable[[], str]) -> None:
    """Until it is so; fails with what is told."""
    end = time.monotonic() + PATIENCE_S
    while not enough():
        if time.monotonic() > end:
            pytest.fail(f"not within {PATIENCE_S} s: {told()}")
        time.sleep(0.05)
