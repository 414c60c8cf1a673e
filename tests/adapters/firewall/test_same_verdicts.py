"""The same frames through the kernel and through memory: not one verdict differs."""

from __future__ import annotations

import random
import struct
import time
from typing import TYPE_CHECKING

import pytest

from adapters.firewall.frames import arp, echonet, ether, ip, kind_of, place, tagged, tcp, udp
from adapters.firewall.wires import PORTS
from omamori.adapters.firewall.memory import MemoryFirewall
from omamori.hub.guarding.plan import Carrier, Cut, Pair, Place, Plan

if TYPE_CHECKING:
    from adapters.firewall.conftest import Kernel

NOW = 1_000_000.0
BATCH = 64
ADDRESSES = tuple(range(2, 12))
GROUPS = (
    ("224.0.0.251", "01:00:5e:00:00:fb"), ("224.0.23.0", "01:00:5e:00:17:00"),
    ("239.255.255.250", "01:00:5e:7f:ff:fa"), ("255.255.255.255", "ff:ff:ff:ff:ff:ff"),
    ("ff02::fb", "33:33:00:00:00:fb"), ("ff02::1:ff00:2", "33:33:ff:00:00:02"),
)  # fmt: skip
OUTSIDE = ("203.0.113.9", "2001:db8::9")
DOORS = (53, 67, 68, 80, 443, 546, 547, 1900, 3610, 3671, 5353, 5683, 8009, 40000, 47808)
SERVICES = (0x50, 0x52, 0x60, 0x61, 0x62, 0x63, 0x6E, 0x71, 0x72, 0x73, 0x74, 0x7A, 0x7E, 0x99)


def plans(rng: random.Random) -> Plan:
    """A plan with something of everything."""
    places = [place(n, rng.choice(("", "", "p2", "p3", "p4"))) for n in ADDRESSES]
    pairs = []
    for _ in range(14):
        one, other = rng.sample(places, 2)
        pairs.append(Pair(one, other, rng.choice(("none", "discover", "read", "control"))))
    return Plan(
        cuts=tuple(Cut(p, NOW + 5000) for p in rng.sample(places[2:], 2)),
        pairs=tuple(pairs),
        carriers=(Carrier(rng.choice(places[2:]), ("tcp/8009", "udp/5353")),),
        hub=Place("hub", ("02:00:00:00:00:f0",), ("192.168.77.240",)),
        routers=tuple(places[:1]) if rng.random() < 0.6 else (),
        networks=("2001:db8:1::/64",),
        guarded=tuple(rng.sample(places, 3)) if rng.random() < 0.5 else (),
        familiar=tuple(mac for p in places[:7] for mac in p.macs),
    )


def carried(rng: random.Random, version: int) -> tuple[int, bytes]:
    """A transport: protocol and octets."""
    ports = rng.choice(DOORS), rng.choice(DOORS)
    kind = rng.random()
    if kind < 0.35:
        told = echonet(rng.choice(SERVICES), to=rng.choice((0x013001, 0x0EF001)),
                       head=rng.choice((0x1081, 0x1081, 0x1081, 0x1082, 0x0081)))  # fmt: skip
        return 17, udp((ports[0], rng.choice((3610, ports[1]))), told)
    if kind < 0.5:
        coap = bytes(
            (rng.choice((0x40, 0x51, 0x80)), rng.choice((0, 1, 2, 3, 5, 0x45, 0xC1)), 0, 1)
        )
        return 17, udp((ports[0], 5683), coap)
    if kind < 0.65:
        return 17, udp(ports, rng.randbytes(rng.randrange(20)))
    if kind < 0.85:
        return 6, tcp(ports, rng.randrange(64))
    if kind < 0.95:
        types = (
            (0, 3, 5, 8, 11) if version == 4 else (1, 128, 129, 130, 133, 134, 135, 136, 137, 143)
        )
        return (1 if version == 4 else 58), bytes((rng.choice(types), 0)) + rng.randbytes(22)
    return rng.choice((1, 2, 6, 17, 41, 47, 50, 58, 132)), rng.randbytes(rng.randrange(30))


def frame(rng: random.Random) -> bytes:
    """Anything that could be on a wire, mostly nearly right."""
    one, other = place(rng.choice(ADDRESSES)), place(rng.choice(ADDRESSES))
    sender = one if rng.random() < 0.9 else place(rng.randrange(2, 250))
    if rng.random() < 0.12:
        claim = rng.choice((one.ips[0], other.ips[0], "0.0.0.0"))
        target = rng.choice(("ff:ff:ff:ff:ff:ff", other.macs[0]))
        made = arp(sender, other.ips[0], claim=claim, target=target)
    else:
        made = _packet(rng, one, other, sender)
    if rng.random() < 0.05:
        made = made[: rng.randrange(14, len(made))]
    if rng.random() < 0.06:
        at = rng.randrange(12, len(made))
        made = made[:at] + rng.randbytes(1) + made[at + 1 :]
    for _ in range(rng.choice((0,) * 18 + (1, 2))):
        made = tagged(made, rng.choice((0x8100, 0x88A8)))
    return made + rng.randbytes(rng.choice((0, 0, 0, 6)))


def _packet(rng: random.Random, one: Place, other: Place, sender: Place) -> bytes:
    version = rng.choice((4, 4, 6))
    which = 0 if version == 4 else 1
    source, target, hardware = one.ips[which], other.ips[which], other.macs[0]
    kind = rng.random()
    if kind < 0.15:
        target, hardware = rng.choice([g for g in GROUPS if (":" in g[0]) == (version == 6)])
    elif kind < 0.25:
        target = OUTSIDE[which]
    elif kind < 0.3 and version == 4:
        source = "0.0.0.0"
    protocol, told = carried(rng, version)
    piece = rng.choice((0,) * 12 + (0x2000, 0x00B9, 0x4000))
    if version == 6 and rng.random() < 0.2:
        protocol, told = _extended(rng, protocol, told)
    return ether(
        sender.macs[0], hardware, kind_of(source), ip(source, target, protocol, told, piece=piece)
    )


def _extended(rng: random.Random, protocol: int, told: bytes) -> tuple[int, bytes]:
    """RFC 8200 §4: headers between."""
    for _ in range(rng.randrange(1, 3)):
        kind = rng.choice((0, 43, 44, 60, 51, 59))
        head = struct.pack("!BBHI", protocol, 0, rng.choice((0, 1, 0x10)), 7)
        if kind == 51:
            head = struct.pack("!BBHII", protocol, 1, 0, 7, 7)
        protocol, told = kind, head + told
    return protocol, told


TAGGED_MIN = 18  # octets: two addresses, a tag, a kind (IEEE 802.1Q)


def compared(kernel: Kernel, seed: int, frames: int) -> int:
    """Send frames both ways; returns how many were stopped."""
    rng = random.Random(seed)  # noqa: S311 - the same frames each time
    plan = plans(rng)
    memory = MemoryFirewall()
    memory.apply(plan, NOW)
    kernel.firewall.clear()  # who was awaited under the plan before would be let in still
    kernel.firewall.apply(plan, NOW)
    hub = bytes.fromhex("0200000000f0")
    stopped = 0
    for _ in range(frames // BATCH):
        batch = [(rng.choice(PORTS), frame(rng)) for _ in range(BATCH)]
        # A port's wire keeps its order; batches of one port keep it between all.
        port = rng.choice(PORTS)
        # Of what ends in its tag, the number that we find it by would be part of the tag.
        batch = [
            (port, made) for _port, made in batch if made[:6] != hub and len(made) >= TAGGED_MIN
        ]
        first = kernel.wires.number + 1
        came = kernel.wires.send(batch)
        for number, ((port, made), found) in enumerate(zip(batch, came, strict=True), first):
            whole = made + struct.pack("!I", number)
            told = {p for p in PORTS if p != port and memory.passes(whole, port, NOW, p)}
            assert told == found, (seed, port, whole.hex(), told, found)
            stopped += len(PORTS) - 1 - len(found)
    played, held = set(memory.stopped()), set(kernel.firewall.stopped())
    # The hub's own network stack speaks and is spoken to beside what is sent here.
    assert played <= held <= {*played, "hub"}
    return stopped


@pytest.mark.root
@pytest.mark.parametrize("seed", range(4))
def test_kernel_and_memory_stop_the_same_frames(kernel: Kernel, seed: int) -> None:
    stopped = compared(kernel, seed, 1024)
    assert 100 < stopped < 2000  # neither everything nor nothing


@pytest.mark.root
@pytest.mark.slow
def test_kernel_and_memory_stop_the_same_frames_for_a_while(kernel: Kernel) -> None:
    end = time.monotonic() + 40
    seed = 1000
    while time.monotonic() < end:
        compared(kernel, seed, 1024)
        seed += 1
    assert seed > 1000
