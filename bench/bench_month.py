"""Memory of a hub with 100 things over a simulated month: what is kept must stay flat.

A busy home: every thing has 5 to 40 partners outside and at home, phones come back under new
hardware addresses every day, and on some days strangers flood it with made-up addresses, ports and
names. All of it goes through the whole ``Watch``, minute by minute; what it learned goes to a shelf
on disk every hour. ``bench_month.py [days] [things]``; no time counts here but the one printed.
"""

from __future__ import annotations

import gc
import platform
import random
import sys
import tempfile
import time
from array import array
from collections import deque
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from omamori.adapters import rules
from omamori.adapters.country import Countries
from omamori.adapters.shelf import SqliteShelf
from omamori.hub.flow import ACK, SYN, Flow
from omamori.hub.service import Watch
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator

_One = TypeVar("_One", Sighting, Flow)

DAYS, THINGS = 30, 100
T0 = 1_790_000_000.0 - 1_790_000_000.0 % 86_400
FLOOD_DAYS = frozenset({4, 11, 12, 20, 27})
FLOOD = 20_000
MINUTE_S, MINUTES = 60.0, 60
ROUTER = "00:00:5e:00:53:01"
BUSY = 0.25  # a partner's chance to be talked with in an hour
_UNWEIGHED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


def resident_kb() -> int:
    """Memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4


class Home:
    """Things, their partners, and what they say in an hour."""

    def __init__(self, things: int, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a made-up home, not a key
        self.rules, self.places = rules.load()[0], Countries()
        self.watch = Watch(self.rules, self.places)
        self.macs = [f"00:00:5e:00:{n >> 8:02x}:{n & 255:02x}" for n in range(things)]
        self.ips = [f"192.168.{n >> 8}.{n & 255}" for n in range(1, things + 1)]
        self.phones = set(range(things // 8))
        self.partners = [self._choose(things) for _ in range(things)]
        self.flows = self.alerts = 0
        self._said: list[Sighting] = []
        self._talked: list[Flow] = []

    def _choose(self, things: int) -> list[tuple[str, str, int]]:
        """Address, name (empty for one here, told by its number) and port."""
        found: list[tuple[str, str, int]] = []
        for _ in range(self.chance.randint(5, 40)):
            if self.chance.random() < 0.2:
                found.append((str(self.chance.randrange(things)), "", 80))
            else:
                octets = (self.chance.randint(1, 9), *self.chance.choices(range(1, 255), k=3))
                name = f"c{self.chance.randrange(9)}.maker{self.chance.randrange(300)}.example"
                found.append((".".join(map(str, octets)), name, self.chance.choice((443, 8883))))
        return found

    def see(self, at: float, mac: str, kind: str, **fields: str) -> None:
        """A sighting."""
        self._said.append(Sighting(at, mac, kind, fields))

    def hour(self, begin: float, *, flooded: bool) -> None:
        """An hour of everybody, told and stepped by the minute, as the hub does it."""
        for number, mac in enumerate(self.macs):
            self.see(begin, mac, "address.ipv4", ip=self.ips[number])
            self.see(begin, mac, "dhcp.request", hostname=f"thing-{number}", parameters="1,3,6")
            for partner in self.partners[number]:
                if self.chance.random() < BUSY:
                    self._talk(number, partner, begin + self.chance.random() * 3500)
        if flooded:
            self.flood(begin + 1800)
        said, talked = sorted(self._said, key=_at), sorted(self._talked, key=_at)
        self._said, self._talked = [], []
        self.flows += len(talked)
        say, talk = deque(said), deque(talked)
        for minute in range(1, MINUTES + 1):
            now = begin + minute * MINUTE_S
            told = self.watch.hear(_until(say, now), _until(talk, now))
            self.alerts += len(told) + len(self.watch.step(now)[0])

    def _talk(self, number: int, partner: tuple[str, str, int], at: float) -> None:
        target, name, port = partner
        mac, ip, from_port = self.macs[number], self.ips[number], self.chance.randint(32768, 60999)
        there, peer_mac = bool(name), ROUTER
        if there:
            self.see(at, mac, "name.address", ip=target, name=name, by="dns")
        else:
            peer_mac, target = self.macs[int(target)], self.ips[int(target)]
        for turn in range(self.chance.randint(1, 6)):  # told every ten seconds
            first, now = turn == 0, at + turn * 10
            size = self.chance.randint(60, 1_000_000)
            out = Flow(
                now, now, mac, peer_mac, ip, target, "tcp", from_port, port,
                flags=SYN if first else ACK, frames=size // 900 + 1, octets=size,
                is_opening=first, is_to_here=not there,
            )  # fmt: skip
            back = Flow(
                now, now, peer_mac, mac, target, ip, "tcp", port, from_port,
                flags=SYN | ACK if first else ACK, frames=size // 400 + 1, octets=size * 2,
                is_opening=first, is_answer=True, is_from_here=not there,
            )  # fmt: skip
            self._talked += (out, back)

    def new_day(self, day: int) -> None:
        """Phones make themselves new addresses."""
        for number in self.phones:
            self.macs[number] = f"{0x02 + 4 * (day & 7):02x}:00:5e:{day:02x}:00:{number:02x}"

    def flood(self, begin: float) -> None:
        """Made-up senders, names, ports and destinations, from one thing and from nowhere."""
        draw, own_mac, own_ip = self.chance.getrandbits, self.macs[-1], self.ips[-1]
        for number in range(FLOOD):
            at = begin + number / 1000
            octets = draw(48).to_bytes(6)
            mac = bytes((octets[0] & 0xFC | 2, *octets[1:])).hex(":")
            ip, here = ".".join(map(str, draw(32).to_bytes(4))), f"10.{draw(8)}.{draw(8)}.{draw(8)}"
            self.see(at, mac, "address.ipv4", ip=here)
            self.see(at, mac, "mdns.name", name=f"{draw(60):x}")
            self.see(at, mac, "dns.query", name=f"{draw(60):x}.example")
            self.see(at, own_mac, "name.address", ip=ip, name=f"{draw(60):x}.example", by="dns")
            asks = Flow(
                at, at, mac, ROUTER, here, ip, "tcp", draw(16), draw(16), SYN, 1, 60,
                is_to_here=False,
            )  # fmt: skip
            claims = Flow(at, at, mac, "ff:ff:ff:ff:ff:ff", here, here, "arp", 0, 1, 0, 1, 60)
            own = {"mac": own_mac, "source": own_ip, "proto": "udp", "flags": 0}
            self._talked += (asks, claims, msgspec.structs.replace(asks, **own))


def _at(one: Sighting | Flow) -> float:
    return one.at


def _until(waiting: deque[_One], now: float) -> Iterator[_One]:
    while waiting and waiting[0].at < now:
        yield waiting.popleft()


def weighed(home: Home) -> Iterator[tuple[str, int, int]]:
    """Each part of the watch, its entries (what its tables hold) and octets, each counted once."""
    watch = home.watch
    seen = {id(one) for one in (watch, watch.__dict__, home)}
    _weigh(home.rules, seen)
    _weigh(home.places, seen)
    for name, part in watch.__dict__.items():
        yield name.strip("_"), *_weigh(part, seen)


def _weigh(part: object, seen: set[int]) -> tuple[int, int]:
    entries = octets = 0
    waiting = [part]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _UNWEIGHED):
            continue
        seen.add(id(one))
        octets += sys.getsizeof(one)
        if isinstance(one, (dict, list, set, frozenset, deque, array)):
            entries += len(one)
        if isinstance(one, msgspec.Struct):  # some are hidden from the garbage collector
            waiting += [getattr(one, name) for name in one.__struct_fields__]
        waiting += gc.get_referents(one)
    return entries, octets


class Scale:
    """A shelf that says how much was put on it."""

    def __init__(self, path: Path) -> None:
        self.shelf = SqliteShelf(path)
        self.octets = 0
        self.drop, self.all, self.commit = self.shelf.drop, self.shelf.all, self.shelf.commit

    def keep(self, room: str, key: str, value: bytes) -> None:
        """See `Shelf.keep`."""
        self.octets += len(value)
        self.shelf.keep(room, key, value)


def main() -> None:
    """A month, told day by day."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    home = Home(int(sys.argv[2]) if len(sys.argv) > 2 else THINGS, seed=1)
    watch = home.watch
    print(f"{platform.machine()} Python {platform.python_version()}")
    print("day  RSS MB  things  partners  folded    flows  alerts  kept MB     s  of it keeping")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shelf.sqlite3"
        scale = Scale(path)
        for day in range(days):
            begin, keeping, scale.octets = time.process_time(), 0.0, 0
            home.new_day(day)
            for hour in range(24):
                home.hour(
                    T0 + day * 86_400 + hour * 3600.0, flooded=day in FLOOD_DAYS and hour == 12
                )
                started = time.process_time()
                watch.keep(scale, with_counts=True)
                keeping += time.process_time() - started
            took = time.process_time() - begin
            gc.collect()
            total = watch.traffic.totals()
            print(f"{day:3}  {resident_kb() / 1024:6.1f}  {total.things:6}  {total.partners:8}"
                  f"  {total.folded:6}  {home.flows:7}  {home.alerts:6}  {scale.octets / 1e6:7.1f}"
                  f"  {took:4.1f}  {keeping:.1f}", flush=True)  # fmt: skip
        tell(home, T0 + days * 86_400, path, scale)


def tell(home: Home, now: float, path: Path, scale: Scale) -> None:
    """What each part holds, how long a page's questions take, and a restart."""
    watch = home.watch
    print("\npart            entries      MB")
    for name, entries, octets in weighed(home):
        print(f"{name:12}{entries:11,}{octets / 1e6:8.1f}")
    print()
    for name, ask in (
        ("partners of all, a week", lambda: watch.traffic.partners(None, now - 7 * 86_400)),
        ("hours of all", watch.traffic.hours),
        ("hours of one", lambda: watch.traffic.hours(home.macs[-1])),
        ("what is new, a week", lambda: watch.news(now - 7 * 86_400, now)),
        ("all alerts", watch.alerts.all),
    ):  # fmt: skip
        started = time.process_time()
        told = ask()
        print(f"{name}: {len(told)} lines, {(time.process_time() - started) * 1e3:.0f} ms")
    started = time.process_time()
    left_out = Watch(home.rules, home.places).restore(scale.shelf, now)
    print(f"restart: {(time.process_time() - started) * 1e3:.0f} ms, {left_out} left out, "
          f"file {path.stat().st_size / 1e6:.1f} MB")  # fmt: skip
    scale.shelf.close()
    print(f"in all {resident_kb() / 1024:.1f} MB, both copies")


if __name__ == "__main__":
    main()
