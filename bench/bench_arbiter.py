"""The arbiter's decisions per second, its latency and its memory, against a bare priority array.

The floor is what BACnet's array (ASHRAE 135 §19.2) is without any of the checks: a dict of sixteen
places, a write, and the strongest that is not empty. It asks nobody, knows no lease, no envelope and
no repetition; the ratio is what all of that costs.
"""

from __future__ import annotations

import platform
import random
import resource
import tracemalloc
from time import perf_counter_ns, process_time

from omamori.hub.commanding.arbiter import Arbiter
from omamori.hub.commanding.command import MEETING, SERVICE, SLOTS, Command, Origin, Write
from omamori.hub.ruling.question import Ruling

THINGS = 200
PER_MIN = 10_000
MINUTES = 3
HELD = (1, 8, 32, 64)  # commands in one array
T0 = 1_790_000_000.0
ALLOWED = Ruling("allow", ("all-may",), ())


def may(_command: Command, _in_use: bool, _now: float) -> Ruling:  # noqa: FBT001 - the port's shape
    return ALLOWED


def kind_of(_target: str) -> str:
    return "light"


def command(number: int, at: float, services: int) -> Command:
    """A service sets the brightness of one of the things."""
    origin = Origin(f"service-{number % services}", SERVICE, MEETING, "energy", "A service")
    slot = SLOTS[6 + number % 2]
    thing = f"lamp-{number * 7 % THINGS}"
    return Command(
        f"c{number}", origin, thing, "brightness_percent", number % 101, slot, at, 300.0,
        seq=number + 1,
    )  # fmt: skip


class Bare:
    """The floor: sixteen places a point, and nothing else."""

    def __init__(self) -> None:
        self.arrays: dict[tuple[str, str], list[object]] = {}

    def ask(self, said: Command) -> object:
        """Write, and read what is in force."""
        array = self.arrays.setdefault((said.target, said.point), [None] * 16)
        array[SLOTS.index(said.slot)] = said.value
        return next(value for value in array if value is not None)


def main() -> None:
    """Print the figures."""
    print(f"Python {platform.python_version()}, {THINGS} things, {PER_MIN:,} commands/min")
    a_home()
    a_flood()
    growth()


def a_home() -> None:
    """Commands at their pace for some minutes; every write is seen to be done; kept each second."""
    random.seed(1)
    count = PER_MIN * MINUTES
    said = [command(n, T0 + n * 60 / PER_MIN, THINGS) for n in range(count)]
    bare = Bare()
    begun = process_time()
    for each in said:
        bare.ask(each)
    floor_us = (process_time() - begun) / count * 1e6
    arbiter = Arbiter(may, kind_of)
    spent: list[int] = []
    refused, octets, next_step, kept_s = 0, 0, T0, 0.0
    begun = process_time()
    for each in said:
        if each.at >= next_step:
            arbiter.step(each.at)
            before = process_time()
            octets += sum(len(value or b"") for _, value in arbiter.take_changes())
            kept_s += process_time() - before
            next_step = each.at + 1
        start = perf_counter_ns()
        events = arbiter.ask(each, each.at)
        spent.append(perf_counter_ns() - start)
        writes = [event for event in events if isinstance(event, Write)]
        refused += not writes and getattr(events[0], "state", "") == "refused"
        for write in writes:
            arbiter.seen(write.target, write.point, write.value, each.at)
    whole_s = process_time() - begun
    spent.sort()
    ask_us = sum(spent) / count / 1000
    print(f"\n{count:,} commands, {refused} refused; CPU {whole_s / MINUTES / 60:.1%} of a core")
    print(f"ask: {1e6 / ask_us:,.0f}/s; p50 {spent[count // 2] / 1000:.0f} µs, ", end="")
    print(f"p99 {spent[count * 99 // 100] / 1000:.0f} µs, worst {spent[-1] / 1000:,.0f} µs")
    print(f"bare array: {1e6 / floor_us:,.0f}/s; ours is {ask_us / floor_us:.0f} times its work")
    print(f"kept: {octets / count:.0f} octets and {kept_s / count * 1e6:.0f} µs a command")
    print(f"peak RSS {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def a_flood() -> None:
    """One hostile service, ten thousand a second for ten seconds."""
    count, per_s = 100_000, 10_000
    arbiter = Arbiter(may, kind_of)
    said = [command(n, T0 + n / per_s, 1) for n in range(count)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for each in said[:20_000]:
        arbiter.ask(each, each.at)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    begun = process_time()
    for each in said[20_000:]:
        arbiter.ask(each, each.at)
    us = (process_time() - begun) / (count - 20_000) * 1e6
    print(
        f"\nflood of one origin, {per_s:,}/s: {us:.1f} µs each ({us * per_s / 1e6:.0%} of a core), "
    )
    print(f"memory grown by {grown / 1024:.0f} KB; held {len(arbiter.live(T0 + 10))}")


def growth() -> None:
    """What one more command costs where many are held for the same point."""
    print(f"\n{'held':>6}{'µs/ask':>10}{'KB held':>10}")
    for held in HELD:
        arbiter = Arbiter(may, kind_of)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(held - 1):
            arbiter.ask(_same_lamp(number, T0 + number * 2, number), T0 + number * 2)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        begun, rounds = process_time(), 200
        for number in range(rounds):
            now = T0 + 200 + number * 2
            arbiter.ask(_same_lamp(10_000 + number, now, 999), now)
        print(f"{held:6}{(process_time() - begun) / rounds * 1e6:10.0f}{grown / 1024:10.0f}")


def _same_lamp(number: int, at: float, who: int) -> Command:
    origin = Origin(f"service-{who}", SERVICE, MEETING, "energy")
    return Command(
        f"s{number}", origin, "lamp", "brightness_percent", number % 101, SLOTS[7], at, 3600.0
    )  # fmt: skip


if __name__ == "__main__":
    main()
