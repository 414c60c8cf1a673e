"""The firewall: a home's pairs in one transaction, a cut's latency, and what rules cost a frame.

The peers: the `nft` program on the same ruleset, an empty transaction as the floor, and the same
bridge without rules. Run as root; it works in a network namespace of its own.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from adapters.firewall.frames import sent, tcp
from adapters.firewall.wires import BRIDGE, Wires, own_network
from omamori.adapters.firewall.kernel import KernelFirewall
from omamori.adapters.firewall.library import Nftables
from omamori.adapters.firewall.script import clearing
from omamori.hub.guarding.plan import Cut, Pair, Place, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = 2_000
ROUNDS = 5
CUTS = 100
FRAMES = 20_000
HUB = Place("hub", ("02:00:00:00:00:01",), ("192.168.77.1",))


def place(number: int) -> Place:
    high, low = number >> 8, number & 255
    return Place(f"t{number}", (f"02:00:00:01:{high:02x}:{low:02x}",), (f"10.0.{high}.{low}",))


def plan(pairs: int) -> Plan:
    reaches = ("none", "discover", "read")
    made = (Pair(place(2 + n % 100), place(200 + n // 100), reaches[n % 3]) for n in range(pairs))
    return Plan(pairs=tuple(made), hub=HUB)


def best_ms(work: Callable[[], object], before: Callable[[], object] = int) -> float:
    found = []
    for _ in range(ROUNDS):
        before()
        begun = time.perf_counter()
        work()
        found.append((time.perf_counter() - begun) * 1000)
    return min(found)


def transactions(firewall: KernelFirewall, nftables: Nftables) -> None:
    whole = plan(PAIRS)

    def clear() -> None:
        firewall.clear()

    anew = best_ms(lambda: firewall.apply(whole, time.time()), clear)
    floor = best_ms(lambda: nftables.run([]))
    cut = Plan(cuts=(Cut(place(9_000), time.time() + 99),), pairs=whole.pairs, hub=HUB)
    changed = best_ms(
        lambda: firewall.apply(cut, time.time()), lambda: firewall.apply(whole, time.time())
    )
    told = subprocess.run(("nft", "list", "ruleset"), check=True, capture_output=True, timeout=60)
    with tempfile.NamedTemporaryFile(suffix=".nft") as file:
        file.write(told.stdout)
        file.flush()
        program = best_ms(
            lambda: subprocess.run(("nft", "-f", file.name), check=True, timeout=60),
            lambda: nftables.run(clearing()),
        )
    print(f"{PAIRS} pairs, plan to kernel:     {anew:8.1f} ms, {anew / program:.2f} of nft -f")
    print(f"the nft program, same rules:   {program:8.1f} ms")
    print(f"one cut more beside {PAIRS} pairs: {changed:7.1f} ms")
    print(f"an empty transaction:          {floor:8.2f} ms")


def cuts(firewall: KernelFirewall, wires: Wires) -> None:
    """From the call until a frame that is sent at once after it is stopped."""
    one, other = place(2), place(3)
    call = sent(one, other, 6, tcp((40000, 80), 2))
    taken, leaked = [], 0
    for _ in range(CUTS):
        firewall.apply(plan(20), time.time())
        begun = time.perf_counter()
        wanted = Plan(cuts=(Cut(one, time.time() + 99),), pairs=plan(20).pairs, hub=HUB)
        firewall.apply(wanted, time.time())
        taken.append((time.perf_counter() - begun) * 1000)
        leaked += bool(wires.send([("p2", call)])[0])
    taken.sort()
    print(
        f"a cut, call to in force:       p50 {taken[CUTS // 2]:.1f} ms, p99 {taken[-2]:.1f} ms;",
        end="",
    )
    print(f" frames leaked after it: {leaked} of {CUTS}")


def forwarding(firewall: KernelFirewall, wires: Wires) -> None:
    call = [("p2", sent(place(8_000), place(8_001), 6, tcp((40000, 80), 16)) + bytes(1000))] * 100

    def pushed() -> float:
        begun = time.process_time()
        for _ in range(FRAMES // 100):
            wires.send(call)
        return FRAMES / (time.process_time() - begun)

    rates: dict[int, list[float]] = {-1: [], 20: [], PAIRS: []}
    for _ in range(3):
        for pairs, found in rates.items():
            firewall.clear() if pairs < 0 else firewall.apply(plan(pairs), time.time())
            found.append(pushed())
    bare = statistics.median(rates[-1])
    for pairs, found in rates.items():
        name = "no rules" if pairs < 0 else f"{pairs} pairs"
        rate = statistics.median(found)
        print(f"frames per CPU-second, {name:>10}: {rate:8.0f} ({rate / bare:.2f})")


def main() -> None:
    with own_network():
        wires, nftables = Wires(), Nftables()
        firewall = KernelFirewall(Nftables(), BRIDGE)
        try:
            transactions(firewall, nftables)
            firewall.clear()
            cuts(firewall, wires)
            forwarding(firewall, wires)
        finally:
            firewall.close()
            wires.close()


if __name__ == "__main__":
    main()
