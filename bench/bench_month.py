"""Memory of a hub with 100 things over a simulated month: what is kept must stay flat.

A busy home: every thing has 5 to 40 partners outside and at home, phones come back under new
hardware addresses every day, and on some days strangers flood it with made-up addresses, ports and
names. Sightings go to the inventory, flows to the traffic, and what was learned goes to a shelf on
disk every hour. ``bench_month.py [days] [things]``; no time counts here but the one that is printed.
"""

from __future__ import annotations

import gc
import platform
import random
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from omamori.adapters import rules
from omamori.adapters.country import Countries
from omamori.adapters.shelf import SqliteShelf
from omamori.hub.flow import ACK, SYN, Flow
from omamori.hub.inventory import Inventory
from omamori.hub.news import whats_new
from omamori.hub.sighting import Sighting
from omamori.hub.traffic import Traffic

DAYS, THINGS = 30, 100
T0 = 1_790_000_000.0 - 1_790_000_000.0 % 86_400
FLOOD_DAYS = frozenset({4, 11, 12, 20, 27})
FLOOD = 20_000
ROUTER = "00:00:5e:00:53:01"
BUSY = 0.25  # a partner's chance to be talked with in an hour


def resident_kb() -> int:
    """Memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4


class Home:
    """Things, their partners, and what they say in an hour."""

    def __init__(self, things: int, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a made-up home, not a key
        self.inventory = Inventory(rules.load()[0])
        self.traffic = Traffic(Countries())
        self.macs = [f"00:00:5e:00:{n >> 8:02x}:{n & 255:02x}" for n in range(things)]
        self.ips = [f"192.168.{n >> 8}.{n & 255}" for n in range(1, things + 1)]
        self.phones = set(range(things // 8))
        self.partners = [self._choose(things) for _ in range(things)]
        self.flows = 0

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

    def hear(self, flow: Flow) -> None:
        """As the watch does it: whose the flow is, then count it."""
        thing_of = self.inventory.thing_of
        sender = thing_of(flow.mac, flow.source) if flow.is_from_here else ""
        receiver = thing_of(flow.peer_mac, flow.target) if flow.is_to_here else ""
        self.traffic.hear(flow, sender, receiver)
        self.flows += 1

    def see(self, at: float, mac: str, kind: str, **fields: str) -> None:
        """A sighting."""
        self.inventory.hear(Sighting(at, mac, kind, fields))

    def hour(self, begin: float) -> None:
        """An hour of everybody."""
        for number, mac in enumerate(self.macs):
            self.see(begin, mac, "address.ipv4", ip=self.ips[number])
            self.see(begin, mac, "dhcp.request", hostname=f"thing-{number}", parameters="1,3,6")
            for partner in self.partners[number]:
                if self.chance.random() < BUSY:
                    self._talk(number, partner, begin + self.chance.random() * 3500)

    def _talk(self, number: int, partner: tuple[str, str, int], at: float) -> None:
        target, name, port = partner
        mac, ip, from_port = self.macs[number], self.ips[number], self.chance.randint(32768, 60999)
        there, peer_mac = bool(name), ROUTER
        if not there:
            peer_mac, target = self.macs[int(target)], self.ips[int(target)]
        else:
            thing = self.inventory.thing_of(mac, ip)
            self.traffic.named(thing, target, name, at)
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
            self.hear(out)
            self.hear(back)

    def new_day(self, day: int) -> None:
        """Phones make themselves new addresses."""
        for number in self.phones:
            self.macs[number] = f"{0x02 + 4 * (day & 7):02x}:00:5e:{day:02x}:00:{number:02x}"

    def flood(self, at: float) -> None:
        """Made-up senders, names, ports and destinations, from one thing and from nowhere."""
        draw = self.chance.getrandbits
        for _ in range(FLOOD):
            octets = draw(48).to_bytes(6)
            mac = bytes((octets[0] & 0xFC | 2, *octets[1:])).hex(":")
            ip = ".".join(map(str, draw(32).to_bytes(4)))
            self.see(at, mac, "address.ipv4", ip=f"10.{draw(8)}.{draw(8)}.{draw(8)}")
            self.see(at, mac, "mdns.name", name=f"{draw(60):x}")
            asks = Flow(
                at,
                at,
                mac,
                ROUTER,
                "10.0.0.1",
                ip,
                "tcp",
                5,
                draw(16),
                SYN,
                1,
                60,
                is_to_here=False,
            )
            self.hear(asks)
            own = {"mac": self.macs[-1], "source": self.ips[-1], "proto": "udp", "flags": 0}
            self.hear(msgspec.structs.replace(asks, **own))
            self.traffic.named(self.macs[-1], ip, f"{draw(60):x}.example", at)


def main() -> None:
    """A month, told day by day."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    home = Home(int(sys.argv[2]) if len(sys.argv) > 2 else THINGS, seed=1)
    print(f"{platform.machine()} Python {platform.python_version()}")
    print("day  RSS MB  things  partners  folded  flows    kept MB  s  of these for keeping")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shelf.sqlite3"
        shelf = SqliteShelf(path)
        for day in range(days):
            begin, kept, keeping = time.process_time(), 0, 0.0
            home.new_day(day)
            for hour in range(24):
                at = T0 + day * 86_400 + hour * 3600.0
                home.hour(at)
                if day in FLOOD_DAYS and hour == 12:
                    home.flood(at + 3590)
                for minute in range(60):
                    home.traffic.step(at + minute * 60)
                home.inventory.step(at + 3599)
                started = time.process_time()
                kept += keep(home.traffic, shelf)
                keeping += time.process_time() - started
            took = time.process_time() - begin
            gc.collect()
            total = home.traffic.totals()
            print(f"{day:3}  {resident_kb() / 1024:6.1f}  {total.things:6}  {total.partners:8}"
                  f"  {total.folded:6}  {home.flows:7}  {kept / 1e6:7.1f}  {took:.1f}  {keeping:.1f}",
                  flush=True)  # fmt: skip
        tell(home, T0 + days * 86_400, path, shelf)


def keep(traffic: Traffic, shelf: SqliteShelf) -> int:
    """What the watch does every hour; returns the octets written."""
    octets = 0
    for key, value in traffic.take_changes():
        if value is None:
            shelf.drop("traffic", key)
        else:
            shelf.keep("traffic", key, value)
            octets += len(value)
    shelf.commit()
    return octets


def tell(home: Home, now: float, path: Path, shelf: SqliteShelf) -> None:
    """How long a page's questions take, and a restart."""
    for name, ask in (
        ("partners of all, a week", lambda: home.traffic.partners(None, now - 7 * 86_400)),
        ("outside, a week", lambda: home.traffic.outside(None, now - 7 * 86_400)),
        ("pairs, a day", lambda: home.traffic.pairs(now - 86_400)),
        ("hours of all", home.traffic.hours),
        ("hours of one", lambda: home.traffic.hours(home.macs[-1])),
        ("what is new, a week", lambda: whats_new(
            home.inventory.things(), home.traffic, (), now - 7 * 86_400, now)),
    ):  # fmt: skip
        started = time.process_time()
        told = ask()
        print(f"{name}: {len(told)} lines, {(time.process_time() - started) * 1e3:.0f} ms")
    started = time.process_time()
    again = Traffic(Countries())
    left_out = again.restore(shelf.all("traffic"), now)
    print(f"restart: {(time.process_time() - started) * 1e3:.0f} ms, {left_out} left out, "
          f"file {path.stat().st_size / 1e6:.1f} MB")  # fmt: skip
    shelf.close()
    print(f"in all {resident_kb() / 1024:.1f} MB, both copies")


if __name__ == "__main__":
    main()
