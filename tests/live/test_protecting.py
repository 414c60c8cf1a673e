"""The five situations on real network stacks: what the hub does when things of a home go wrong."""

from __future__ import annotations

import json
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omamori.app.authority_server import create_authority
from omamori.app.vouching import open_voucher
from omamori.trust.standing import DEFAULT_CAPS

from .hub import Hub, cut_things, wait_for
from .net import NETWORK, PATIENCE_S, TOOLS, Home, State, need
from .test_driving import REMOTE, silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
ECHONET_JS = TOOLS / "echonet" / "node_modules" / "echonet-lite"
OMAMORI = (sys.executable, "-c", "from omamori.app.cli import main; main()")
DOOR, ENERGY_PORT, HOME_PORT = 4119, 8801, 8802
OPEN_DOOR = f'[protect]\ndoor = {DOOR}\ndoor_host = "0.0.0.0"\n'
SAVING = "demand-response"
LEASE_S = 900.0
pytestmark = pytest.mark.root


def node(home: Home, who: str, number: int, *objects: str) -> subprocess.Popen[bytes]:
    """An ECHONET Lite node that others made."""
    need("node")
    if not ECHONET_JS.is_dir():
        pytest.skip("echonet-lite for Node.js is not in .tools; .ci/run brings it")
    program = (shutil.which("node") or "node", str(HERE / "thing.js"), str(ECHONET_JS))
    return home.start(who, *program, f"{NETWORK}.{number}", *objects)


class Service:
    """A certified service at its own place in the network, and its industry's authority."""

    def __init__(self, home: Home, who: str, product: str) -> None:
        self._home, self._who = home, who
        self.product = product
        self.industry = home.folder / "energy"
        self._own = home.folder / "hub" / "home"
        self.folder = home.folder / product
        self._running: subprocess.Popen[bytes] | None = None
        self.told: list[State] = []
        self._begin()
        self._enrol()

    def meet(self) -> State:
        """Meet the hub, and stay."""
        log = (self._home.folder / f"{self.product}.log").open("wb")
        program = (sys.executable, str(HERE / "service.py"), str(self.folder), f"{NETWORK}.1")
        with log:
            self._running = subprocess.Popen(
                self._home.within(self._who, *program, str(DOOR), "share-energy"),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        return self.until(lambda told: "met" in told)

    def _omamori(self, *words: str) -> str:
        return self._home.run("home", *OMAMORI, *words)

    def _begin(self) -> None:
        """The home and the industry recognise one another, while the hub is not there."""
        self._own.parent.mkdir(mode=0o700)
        open_voucher(self._own, DEFAULT_CAPS, time.time).service.bundle(time.time())
        create_authority(self.industry, "energy", "energy.example", time.time())
        serving = {}
        for folder, port in ((self.industry, ENERGY_PORT), (self._own, HOME_PORT)):
            told = self._home.folder / f"authority-{port}.txt"
            serve = ("authority", "serve", "--data", str(folder), "--port", str(port))
            serving[port] = self._home.start("home", *OMAMORI, *serve, told=told)
            wait_for(lambda: "https://" in told.read_text(), told.read_text)  # noqa: B023 - used at once
        for mine, theirs, port in (
            (self._own, self.industry, ENERGY_PORT), (self.industry, self._own, HOME_PORT),
        ):  # fmt: skip
            url, root = f"https://127.0.0.1:{port}", str(theirs / "root.crt")
            maps = ("--map", "3=3", *(("--map", "4=3") if mine == self._own else ()))
            self._omamori("authority", "cross", "--data", str(mine), url, "--root", root, *maps)
        serving[HOME_PORT].terminate()
        serving[HOME_PORT].wait(20)

    def _enrol(self) -> None:
        data = ("--data", str(self.industry))
        self._omamori("authority", "add-product", *data, self.product, "--level", "4")
        code = self._omamori("authority", "code", *data, self.product)
        found = next(word for word in code.split() if len(word) == 20)
        url, root = f"https://127.0.0.1:{ENERGY_PORT}", str(self.industry / "root.crt")
        where = ("--authority", url, "--root", root, "--code", found)
        self._omamori("thing", "enrol", str(self.folder), *where)
        refresh = (
            "import asyncio,sys;from pathlib import Path;from omamori.app.thing import Thing;"
            "asyncio.run(Thing.open(Path(sys.argv[1])).refresh())"
        )
        self._home.run("home", sys.executable, "-c", refresh, str(self.folder))

    def lower(self) -> None:
        """Its industry lowers its level."""
        data = ("--data", str(self.industry))
        words = ("authority", "lower", *data, self.product, "--level", "1")
        self._omamori(*words, "--reason", "unpatched")

    def until(self, enough: Callable[[State], object]) -> State:
        """The first word from now on that is enough."""
        assert self._running is not None
        assert self._running.stdout is not None
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if not select.select([self._running.stdout], [], [], 1.0)[0]:
                continue
            line = self._running.stdout.readline()
            if not line:
                break
            self.told.append(json.loads(line))
            if enough(self.told[-1]):
                return self.told[-1]
        pytest.fail(f"the service heard only {self.told}\n{self._home.logs()}")

    def ask(self, target: str, point: str, value: Any, lease_s: float = LEASE_S) -> State:
        """Ask, and take the first answer."""
        assert self._running is not None
        assert self._running.stdin is not None
        asked = [target, point, value, SAVING, lease_s]
        self._running.stdin.write(json.dumps(asked).encode() + b"\n")
        self._running.stdin.flush()
        seq = self.until(lambda told: "asked" in told)["asked"]
        return self.until(lambda told: told.get("seq") == seq)

    def end(self) -> None:
        if self._running is None:
            return
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.close()
        self._running.kill()
        self._running.wait(20)
        self._running.stdout.close()


@pytest.fixture
def energy(home: Home) -> Iterator[Service]:
    """A service of the energy industry, which the home recognises."""
    home.plug("service", 60)
    made = Service(home, "service", "saver")
    yield made
    made.end()


class Wire:
    """What goes over a port of the hub's bridge, as tcpdump saw it."""

    def __init__(self, home: Home, port: str, *wanted: str) -> None:
        need("tcpdump")
        self.path = home.folder / f"wire-{port}.txt"
        tcpdump = ("tcpdump", "-l", "--immediate-mode", "-n", "-x", "-i", port, *wanted)
        home.start("home", *tcpdump, told=self.path)
        wait_for(lambda: "listening on" in self.path.read_text(), self.path.read_text)

    def set_commands(self, eoj: str) -> list[str]:
        """What ECHONET Lite SetC and SetI (0x61, 0x60) said to an object, in hexadecimal digits."""
        digits = "".join(
            line.partition(":")[2].replace(" ", "") if line.startswith("\t") else "\n"
            for line in self.path.read_text().splitlines()
        )
        found = (
            re.search(rf"1081.{{4}}.{{6}}{eoj}6[01](.*)", line) for line in digits.splitlines()
        )
        return [match[1] for match in found if match]


def test_a_hijacked_energy_service_moves_a_battery_only_within_its_envelope(
    home: Home, energy: Service
) -> None:
    battery = home.plug("battery", 40)
    hub = Hub(home, settings=OPEN_DOOR)
    node(home, "battery", 40, "027d01")
    told = hub.until(lambda told: [t for t in told["things"] if "charge_w" in t["points"]])
    target = next(t["id"] for t in told["things"] if "charge_w" in t["points"])
    assert battery in target
    assert energy.meet()["met"] == "allow", energy.told
    wire = Wire(home, "battery", "udp", "port", "3610")

    # Outside its envelope nothing leaves the hub; inside it is leased, set, and seen to be so.
    for watts in (9_000, -9_000, 60_000):
        assert energy.ask(target, "charge_w", watts)["state"] == "refused"
    assert energy.ask(target, "charge_w", 1_500)["state"] in {"sent", "done"}
    if energy.told[-1]["state"] != "done":
        energy.until(lambda told: told.get("state") == "done")
    wait_for(lambda: wire.set_commands("027d01"), wire.path.read_text)
    only = {f"eb04{watts:08x}" for watts in (1_500,)}
    assert all(any(told in said for told in only) for said in wire.set_commands("027d01"))

    # The family's own word is stronger, and the service is told.
    assert hub.ask("steer", target, "charge_w", 300, "share-energy") is True
    energy.until(lambda told: told.get("state") == "overridden")

    # Its industry lowers its level: it loses what it holds, and is refused.
    energy.lower()
    began = time.time()
    energy.until(lambda told: told.get("state") in {"withdrawn", "refused", "expired"})
    print(f"lost its slots {time.time() - began:.1f} s after its level was lowered")  # noqa: T201 - a measure for whoever asks pytest for it (-rP)
    assert energy.ask(target, "charge_w", 1_000)["state"] == "refused"
    assert hub.state["not_held"] == ""


def echonet_frame(esv: int, eoj: str, epc: int, value: bytes = b"") -> str:
    """One ECHONET Lite request from a controller (Part II §3.2)."""
    head = bytes.fromhex("10810007 05ff01".replace(" ", "")) + bytes.fromhex(eoj)
    return (head + bytes((esv, 1, epc, len(value))) + value).hex()


ASKER = """
import socket, sys
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asked.bind(("", 3610))
asked.settimeout(2)
for frame in sys.argv[2:]:
    asked.sendto(bytes.fromhex(frame), (sys.argv[1], 3610))
    try:
        print(asked.recv(1500).hex())
    except TimeoutError:
        print("nothing")
"""


def test_a_thing_of_this_network_reads_a_lock_and_a_battery_but_sets_neither(home: Home) -> None:
    """They and an air conditioner are one node; nobody proved anything to anybody."""
    iron, mac = home.plug("iron", 41), home.plug("node", 40)
    running = node(home, "node", 40, "013001", "026f01", "027d01")
    lock, battery = ("026f01", 0xE0, b"\x41"), ("027d01", 0xDA, b"\x43")
    sets = [echonet_frame(0x61, *wish) for wish in (lock, battery)]
    gets = [echonet_frame(0x62, *wish[:2]) for wish in (lock, battery)]
    ask = ("iron", sys.executable, "-c", ASKER, f"{NETWORK}.40")
    wait_for(lambda: "nothing" not in home.run(*ask, gets[0]), home.logs)
    assert "nothing" not in home.run(*ask, *sets), "without a hub anybody may"
    hub = Hub(home)
    hub.until(is_known)
    wire = Wire(home, "node", "udp", "port", "3610")

    def held() -> str:
        return home.run("home", "nft", "list", "map", "bridge", "omamori", "pairs")

    wait_for(lambda: f"{iron} . {mac} : jump read" in held(), held)
    assert "nothing" not in home.run(*ask, *gets)
    assert home.run(*ask, *sets).split() == ["nothing", "nothing"]
    assert not [said for eoj in ("026f01", "027d01") for said in wire.set_commands(eoj)]
    assert running.poll() is None


def is_known(told: State) -> bool:
    """Whether the lock is found, and where it is."""
    kinds = {thing["kind"] for thing in told["things"]}
    return "lock" in kinds and any(thing["port"] == "node" for thing in told["things"])


FILM_S = 12


@pytest.mark.slow  # a film, and two looks at what plays
def test_who_saves_energy_waits_for_the_film_to_end(home: Home, energy: Service) -> None:
    need("gmediarender")
    tv = home.plug("tv", 42)
    home.plug("phone", 43)
    silence(home.folder / "film.ogg", FILM_S)
    hub = Hub(home, settings=OPEN_DOOR)
    player = ("gmediarender", "-f", "Television", "-I", "eth0", "-p", "49152")
    home.start("tv", *player, "--gstout-audiopipe=fakesink sync=true")
    hub.until(
        lambda told: any(t["mac"] == tv and "playback" in t["points"] for t in told["things"])
    )
    assert energy.meet()["met"] == "allow", energy.told
    film = f"file://{home.folder}/film.ogg"
    home.run("phone", sys.executable, "-c", REMOTE, f"{NETWORK}.42", film)
    hub.until(lambda told: f"{tv}/playing" in told["used"])
    first = energy.ask(tv, "playback", "stop")
    assert first["state"] in {"held", "asked"}, first
    assert any("film" in why or "in-use" in why for why in first["reasons"]), first
    hub.until(lambda told: any(who == "home" for who, _ in told["notices"]))
    # The film ends by itself; what was asked is done then, without another word.
    energy.until(lambda told: told.get("state") in {"sent", "done"})
    if energy.told[-1]["state"] != "done":
        energy.until(lambda told: told.get("state") == "done")
    hub.until(lambda told: f"{tv}/playing" not in told["used"])


FETCH = """
import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=3).status)
except OSError:
    print("nothing")
"""


def test_a_phone_with_malware_reaches_no_other_door_and_its_search_ends_it(home: Home) -> None:
    need("nmap")
    phone, _ = home.plug("phone", 43), home.plug("tv", 42)
    home.plug("laptop", 44)
    home.start("tv", sys.executable, "-m", "http.server", "2323", "--directory", str(home.folder))
    page = (sys.executable, "-c", FETCH, f"http://{NETWORK}.42:2323/")
    wait_for(lambda: "200" in home.run("phone", *page), home.logs)
    hub = Hub(home)
    home.run("phone", *page)
    hub.until(lambda told: any(t["mac"] == phone and t["port"] for t in told["things"]))
    assert hub.ask("correct", phone, "", "phone") is True

    def held() -> str:
        return home.run("home", "nft", "list", "set", "bridge", "omamori", "carrier")

    wait_for(lambda: phone in held(), held)
    assert "nothing" in home.run("phone", *page), "nobody announced this door"
    assert "200" in home.run("laptop", *page), "who is no phone goes on as before"
    home.start("phone", "nmap", "-n", "-sn", "--send-eth", f"{NETWORK}.0/24")
    hub.until_cut(phone)
    assert cut_things(hub.state) == {phone}
    assert "200" in home.run("laptop", *page)
