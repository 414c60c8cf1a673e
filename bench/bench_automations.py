"""What checking a home's automations costs, how it grows, and beside all pairs asked of Z3.

    python bench/bench_automations.py

CPU time of this process, in one run. The peer is the plain way of the published tools: every pair of
automations, every pair of their actions, and Z3 for whether both conditions can hold.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from conformance.test_automations_z3 import can_be_together  # noqa: E402 - the path is set above
from hub.automating.labelled import PAIRS  # noqa: E402
from omamori.documents import automation as doc  # noqa: E402
from omamori.hub.automating.check import check  # noqa: E402
from omamori.hub.automating.conflict import POSSIBLE  # noqa: E402

SIZES = (125, 250, 500, 1_000, 2_000)
PEER_SIZE = 60
SEED = 4


def made(count: int) -> list[doc.Automation]:
    """A home that grows: a sensor and a lamp for every four automations, times and modes at random."""
    draw = random.Random(SEED)  # noqa: S311 - a benchmark's home, not a secret
    things = max(count // 4, 1)
    found = []
    for at in range(count):
        thing = draw.randrange(things)
        after, before = (f"{draw.randrange(24):02}:{draw.randrange(60):02}" for _ in range(2))
        when = doc.StateTrigger(f"pir{thing}", "motion", "=", draw.choice(["active", "inactive"]))
        then = doc.SetPoint(f"lamp{thing}", "switch", draw.choice(["on", "off"]))
        level = doc.StateIs(
            f"lux{thing}", "illuminance", draw.choice(["<", ">"]), draw.randrange(200)
        )
        found.append(
            doc.Automation(
                f"a{at}", (when,), (then,), conditions=(doc.TimeIs(after, before), level)
            )
        )
    return found


def plain(automations: list[doc.Automation]) -> int:
    """All pairs of automations and of their actions, and Z3 for each that differs."""
    found = 0
    for one, other in itertools.combinations(automations, 2):
        for mine, theirs in itertools.product(one.actions, other.actions):
            assert isinstance(mine, doc.SetPoint)
            assert isinstance(theirs, doc.SetPoint)
            differs = mine.value != theirs.value
            held = can_be_together(*one.conditions, *other.conditions)
            found += mine.thing == theirs.thing and differs and held
    return found


def spent(start: float) -> float:
    return time.process_time() - start


def main() -> None:
    print("| automations | CPU s | per automation, ms | found |")
    print("| ---: | ---: | ---: | ---: |")
    for size in SIZES:
        home = made(size)
        start = time.process_time()
        found = check(home)
        taken = spent(start)
        print(f"| {size} | {taken:.2f} | {taken / size * 1000:.2f} | {len(found)} |")
    home = made(PEER_SIZE)
    start = time.process_time()
    check(home)
    ours = spent(start)
    start = time.process_time()
    plain(home)
    theirs = spent(start)
    print(
        f"\n{PEER_SIZE} automations: {ours * 1000:.1f} ms here, {theirs * 1000:.0f} ms by all pairs"
    )
    print(f"and Z3: {theirs / ours:.0f} times; all pairs grow with the square.\n")
    right = wrong = missed = quiet = 0
    for _, rules, kinds in PAIRS:
        told = [one for one in check(rules) if kinds or one.sure != POSSIBLE]
        right += bool(kinds and {one.kind for one in told} & kinds)
        missed += bool(kinds and not {one.kind for one in told} & kinds)
        wrong += bool(not kinds and told)
        quiet += bool(not kinds and not told)
    print(
        f"Labelled pairs: {right} found, {missed} missed, {wrong} false alarms, {quiet} left in peace"
    )


if __name__ == "__main__":
    main()
