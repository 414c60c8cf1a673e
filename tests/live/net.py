"""A home made of network namespaces: a bridge where the hub is, and things plugged into it."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
NETWORK = "192.168.77"
PATIENCE_S = 90.0  # a busy machine is slow; most is found within seconds
TOOLS = HERE.parents[1] / ".tools"

State = dict[str, Any]


def need(*programs: str) -> None:
    """Skip, and say which program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")


def sh(*command: str, check: bool = True) -> None:
    subprocess.run(command, check=check, capture_output=True, timeout=20)


def mac(number: int) -> str:
    """A hardware address of the block for documentation (RFC 7042 §2.1.1)."""
    return f"00:00:5e:00:53:{number:02x}"


class Home:
    """Namespaces on one bridge `br0`, which lies in the namespace of the router.

    Attributes:
        folder: where peers may keep what they need.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tag = f"om{os.getpid() % 100000}"
        self._running: list[subprocess.Popen[bytes]] = []
        self._names: list[str] = []
        self._hubs: list[Watcher] = []
        self._namespace("home")
        home = ("ip", "-n", self.name("home"))
        sh(*home, "link", "add", "br0", "address", mac(1), "type", "bridge")
        sh(*home, "link", "set", "br0", "up")
        sh(*home, "address", "add", f"{NETWORK}.1/24", "dev", "br0")
        sh(*home, "route", "add", "224.0.0.0/4", "dev", "br0")

    def name(self, who: str) -> str:
        return f"{self.tag}{who}"

    def _namespace(self, who: str) -> None:
        try:
            sh("ip", "netns", "add", self.name(who))
        except subprocess.CalledProcessError:
            pytest.skip("this machine gives no network namespaces")
        self._names.append(self.name(who))
        sh("ip", "-n", self.name(who), "link", "set", "lo", "up")

    def plug(self, who: str, number: int, *, with_address: bool = True) -> str:
        """A thing with the address `NETWORK.number`; returns its hardware address."""
        self._namespace(who)
        home, inside = ("ip", "-n", self.name("home")), ("ip", "-n", self.name(who))
        ends = ("link", "add", who, "type", "veth", "peer", "name", "eth0")
        sh(*home, *ends, "address", mac(number), "netns", self.name(who))
        sh(*home, "link", "set", who, "master", "br0", "up")
        sh(*inside, "link", "set", "eth0", "up")
        if with_address:
            sh(*inside, "address", "add", f"{NETWORK}.{number}/24", "dev", "eth0")
            sh(*inside, "route", "add", "default", "via", f"{NETWORK}.1")
        return mac(number)

    def within(self, who: str, *command: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name(who), *command)

    def start(self, who: str, *command: str, told: Path | None = None) -> subprocess.Popen[bytes]:
        """Run a program at a thing until the test ends; `told` is where it says something."""
        log = (told or self.folder / f"{who}-{len(self._running)}.log").open("wb")
        with log:
            running = subprocess.Popen(
                self.within(who, *command),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        self._running.append(running)
        return running

    def run(self, who: str, *command: str, patience_s: float = PATIENCE_S) -> str:
        """Run a program at a thing to its end; returns what it said."""
        done = subprocess.run(
            self.within(who, *command), check=True, capture_output=True, timeout=patience_s
        )
        return done.stdout.decode("utf-8", "replace")

    def logs(self) -> str:
        """What the peers said, for when a test fails."""
        told = (f"== {p.name}\n{p.read_bytes()[-800:]!r}" for p in self.folder.glob("*.log"))
        return "\n".join(told)

    def watch(self, who: str = "home", interface: str = "br0") -> Watcher:
        """Start the hub at a thing, and wait until it listens."""
        data = self.folder / "hub"
        data.mkdir(exist_ok=True)
        command = (sys.executable, str(HERE / "watcher.py"), interface, str(data))
        hub = Watcher(self.within(who, *command), self)
        if interface:
            hub.until(lambda state: state["vantage"] != "asking")
        return hub

    def ends(self, hub: Watcher) -> None:
        """End a hub with the test."""
        self._hubs.append(hub)

    def end(self) -> None:
        for hub in self._hubs:
            hub.end()
        for running in self._running:
            _kill(running)
        for name in self._names:
            sh("ip", "netns", "delete", name, check=False)


class Watcher:
    """The hub's word, line by line."""

    def __init__(self, command: tuple[str, ...], home: Home, stdin: int | None = None) -> None:
        self._home = home
        self._log = (home.folder / "watcher.log").open("ab")
        self._process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True
        )
        self.state: State = {}
        home.ends(self)

    def until(self, enough: Callable[[State], object], patience_s: float = PATIENCE_S) -> State:
        """The first state from now on that is enough; fails with all that is known."""
        end = time.monotonic() + patience_s
        self._skip_old()
        while time.monotonic() < end:
            self._next(end)
            if self.state and enough(self.state):
                return self.state
            if self._process.poll() is not None:
                break
        told = json.dumps(self.state, indent=1, ensure_ascii=False)
        pytest.fail(f"not within {patience_s} s: {told}\n{self._home.logs()}")

    def thing(self, told: State, address: str) -> State:
        """What is known of a hardware address; empty when nothing is."""
        return next((thing for thing in told["things"] if thing["mac"] == address), {})

    def until_known(self, address: str, **expected: str) -> State:
        """Wait until a thing is known to be this; returns it."""

        def is_known(told: State) -> bool:
            thing = self.thing(told, address)
            return bool(thing) and all(thing[field] == text for field, text in expected.items())

        return self.thing(self.until(is_known), address)

    def until_alerted(self, kind: str, thing: str) -> State:
        """Wait for an alert about a thing; returns it."""

        def found(told: State) -> State | None:
            alerts = (a for a in told["alerts"] if (a["kind"], a["thing"]) == (kind, thing))
            return next(alerts, None)

        alert = found(self.until(found))
        assert alert is not None
        return alert

    def _skip_old(self) -> None:
        assert self._process.stdout is not None
        while select.select([self._process.stdout], [], [], 0)[0]:
            if not self._next(time.monotonic() + 1):
                return

    def _next(self, end: float) -> bool:
        assert self._process.stdout is not None
        left_s = max(end - time.monotonic(), 0)
        if not select.select([self._process.stdout], [], [], left_s)[0]:
            return False
        line = self._process.stdout.readline()
        if line:
            self.state = json.loads(line)
        return bool(line)

    def end(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        _kill(self._process)
        if self._process.stdout:
            self._process.stdout.close()
        self._log.close()


def _kill(running: subprocess.Popen[bytes]) -> None:
    """End a program of ours and its children, which are a session of their own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(running.pid, sign)
            running.wait(5)
        except ProcessLookupError:
            running.wait(5)
            return
        except subprocess.TimeoutExpired:
            continue
        else:
            return
