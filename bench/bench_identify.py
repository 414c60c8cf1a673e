"""How well things are named on real set-ups: by rules, and by likeness to things learned before.

    python bench/bench_identify.py [FOLDER]

FOLDER holds one folder per type of thing, each with captures of set-ups and ``_iotdevice-mac.txt``.
Rules know nothing of these files.  What is learned never saw the set-ups that are scored: ten
seeded folds; one unit left out; one type left out.  Peers are the address's maker alone, and the
most similar set-up by Jaccard's measure on the same tokens, which knows no "unknown".
"""

from __future__ import annotations

import os
import random
import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from omamori.adapters import rules
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
from omamori.hub.knowing.inventory import Inventory
from omamori.hub.knowing.likeness import Likeness, Suggestion
from omamori.hub.knowing.likeness_tokens import Tokens, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.adapters.capture.frames import Frame
    from omamori.hub.flow import Flow
    from omamori.hub.knowing.identify_rules import Rulebook
    from omamori.hub.knowing.inventory import KnownThing
    from omamori.hub.sighting import Sighting

HERE = Path(__file__).parent
SEED, FOLDS, EARLY_FRAMES = 20161122, 10, 12
MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
WHOLE, EARLY = "whole set-up", f"first {EARLY_FRAMES} packets"
# Maker and kind that a type's name stands for. Sensors and switches that reach the network only
# through a bridge appear with the bridge's address, so what can be seen there is the bridge.
TRUTH: dict[str, tuple[str, str]] = {
    "Aria": ("Fitbit", "scale"),
    "D-LinkCam": ("D-Link", "camera"),
    "D-LinkDayCam": ("D-Link", "camera"),
    "D-LinkDoorSensor": ("D-Link", "bridge"),
    "D-LinkHomeHub": ("D-Link", "bridge"),
    "D-LinkSensor": ("D-Link", "sensor"),
    "D-LinkSiren": ("D-Link", "siren"),
    "D-LinkSwitch": ("D-Link", "plug"),
    "D-LinkWaterSensor": ("D-Link", "sensor"),
    "EdimaxCam": ("Edimax", "camera"),
    "EdimaxPlug1101W": ("Edimax", "plug"),
    "EdimaxPlug2101W": ("Edimax", "plug"),
    "EdnetCam": ("Assmann", "camera"),
    "EdnetGateway": ("Assmann", "bridge"),
    "HomeMaticPlug": ("eQ-3", "bridge"),
    "HueBridge": ("Philips", "bridge"),
    "HueSwitch": ("Philips", "bridge"),
    "Lightify": ("Osram", "bridge"),
    "MAXGateway": ("eQ-3", "bridge"),
    "SmarterCoffee": ("Smarter", "coffee-maker"),
    "TP-LinkPlugHS100": ("TP-Link", "plug"),
    "TP-LinkPlugHS110": ("TP-Link", "plug"),
    "WeMoInsightSwitch": ("Belkin", "plug"),
    "WeMoLink": ("Belkin", "bridge"),
    "WeMoSwitch": ("Belkin", "plug"),
    "Withings": ("Withings", "scale"),
    "iKettle2": ("Smarter", "kettle"),
}


class Setup(NamedTuple):
    """One capture: what rules and ears made of it."""

    type: str
    unit: str  # the thing's own address
    tokens: dict[str, frozenset[str]]  # by how much of it was heard
    believed: KnownThing | None


def types_of(folders: list[str]) -> dict[str, str]:
    """The type of each folder: ``WeMoSwitch`` and ``WeMoSwitch2`` hold units of one type."""
    bases = Counter(name[:-1] if name[-1:].isdigit() else name for name in folders)
    shared = {base for base, count in bases.items() if count > 1}
    shared |= {base for base in bases if base in TRUTH}
    return {name: name[:-1] if name[-1:].isdigit() and name[:-1] in shared else name
            for name in folders}  # fmt: skip


def heard(
    frames: list[Frame], mac: str, book: Rulebook
) -> tuple[frozenset[str], KnownThing | None]:
    """What the frames tell of one thing."""
    inventory, tokens = Inventory(book), Tokens(book.is_module_maker)

    def tell(sighting: Sighting) -> None:
        inventory.hear(sighting)
        if sighting.source == mac:
            tokens.hear(sighting, mac)

    def tell_flows(flows: list[Flow]) -> None:
        for flow in flows:
            if flow.mac == mac:
                tokens.hear_flow(flow, mac)

    decoder = Decoder(tell, tell_flows=tell_flows)
    decoder.hear(frames)
    decoder.finish()
    return tokens.of(mac), inventory.thing(mac)


def read(folder: Path, book: Rulebook) -> list[Setup]:
    """Every set-up, decoded once."""
    found = []
    names = [p.name for p in sorted(folder.iterdir()) if (p / "_iotdevice-mac.txt").is_file()]
    for name, kind in types_of(names).items():
        macs = MAC.findall((folder / name / "_iotdevice-mac.txt").read_text().lower())
        if not macs:
            print(f"{name}: no address is given; left out")
            continue
        for path in sorted((folder / name).glob("*.pcap*")):
            with open_capture(str(path)) as capture:
                frames = [frame for batch in capture.batches() for frame in batch]
            sent = {mac: own_frames(frames, mac) for mac in macs}
            mac = max(macs, key=lambda one: len(sent[one]))
            if not sent[mac]:
                print(f"{name}/{path.name}: the thing is not heard in it; left out")
                continue
            early = frames[: sent[mac][:EARLY_FRAMES][-1] + 1]
            whole, believed = heard(frames, mac, book)
            tokens = {WHOLE: whole, EARLY: heard(early, mac, book)[0]}
            found.append(Setup(kind, mac, tokens, believed))
    return found


def own_frames(frames: list[Frame], mac: str) -> list[int]:
    """Which frames the thing sent."""
    raw = bytes.fromhex(mac.replace(":", ""))
    return [number for number, (_, _, octets) in enumerate(frames) if octets[6:12] == raw]


def learned(setups: Iterable[Setup], seed: int) -> Likeness:
    """A suggester that learned each set-up both as first heard and whole, in a seeded order."""
    examples = [(s.type, tokens) for s in setups for tokens in s.tokens.values()]
    random.Random(seed).shuffle(examples)  # noqa: S311 - an order, no secret
    likeness = Likeness()
    for label, tokens in examples:
        likeness.learn(label, tokens)
    return likeness


def folds(setups: list[Setup]) -> list[list[Setup]]:
    """Each type's set-ups dealt out evenly."""
    dealt: list[list[Setup]] = [[] for _ in range(FOLDS)]
    order = random.Random(SEED)  # noqa: S311 - an order, no secret
    by_type: dict[str, list[Setup]] = defaultdict(list)
    for setup in setups:
        by_type[setup.type].append(setup)
    for kind in sorted(by_type):
        order.shuffle(by_type[kind])
        for number, setup in enumerate(by_type[kind]):
            dealt[number % FOLDS].append(setup)
    return dealt


def macro_f1(pairs: list[tuple[str, str]]) -> float:
    """The mean over types of F1; answers that are no type count as misses."""
    right = Counter(truth for truth, said in pairs if truth == said)
    truths, answers = Counter(t for t, _ in pairs), Counter(s for _, s in pairs)
    return sum(2 * right[t] / (truths[t] + answers[t]) for t in truths) / max(len(truths), 1)


def with_twins(truth: str, said: Suggestion) -> str:
    """The answer, where "one of these two" counts as right if the truth is one of them."""
    return truth if truth in said.labels else (said.labels[0] if said.labels else "-")


Answers = list[tuple[Setup, Suggestion]]
HIDDEN = f"{WHOLE}, address and firmware hidden"
HIDDEN_PLACES = {"oui", "radio", "dhcp-class"}  # what another batch of the same model changes first


def tokens_for(setup: Setup, heard_of: str) -> frozenset[str]:
    """What was heard of a thing, as far as it is shown."""
    if heard_of != HIDDEN:
        return setup.tokens[heard_of]
    return frozenset(t for t in setup.tokens[WHOLE] if place_of(t) not in HIDDEN_PLACES)


def tell_accuracy(name: str, answers: Answers) -> None:
    strict = [(s.type, a.labels[0] if a.labels else "-") for s, a in answers]
    twins = [(s.type, with_twins(s.type, a)) for s, a in answers]
    count = max(len(answers), 1)
    print(
        f"| {name} | {sum(t == a for t, a in strict) / count:.3f} | {macro_f1(strict):.3f} "
        f"| {sum(t == a for t, a in twins) / count:.3f} | {macro_f1(twins):.3f} "
        f"| {sum(not a.labels for _, a in answers) / count:.3f} "
        f"| {sum(a.band == 'close' for _, a in answers) / count:.3f} |"
    )


def score_known(setups: list[Setup]) -> None:
    """Types that were learned, on set-ups that were not."""
    answers: dict[str, Answers] = {WHOLE: [], EARLY: [], HIDDEN: []}
    peers: dict[str, list[tuple[str, str]]] = defaultdict(list)
    dealt = folds(setups)
    for number, scored in enumerate(dealt):
        others = [s for other in dealt if other is not scored for s in other]
        likeness = learned(others, SEED + number)
        for setup in scored:
            for heard_of, said in answers.items():
                said.append((setup, likeness.suggest(tokens_for(setup, heard_of))))
                for peer, ask in PEERS.items():
                    peers[f"{peer}, {heard_of}"].append((setup.type, ask(others, setup, heard_of)))
    print("\n| learned, ten folds | right | macro-F1 | right with twins | macro-F1 with twins "
          "| not named | close |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for heard_of, said in answers.items():
        tell_accuracy(heard_of, said)
    for peer, pairs in peers.items():
        share = sum(t == a for t, a in pairs) / max(len(pairs), 1)
        print(f"| peer: {peer} | {share:.3f} | {macro_f1(pairs):.3f} | | | | |")
    for heard_of, said in answers.items():
        tell_confusion(heard_of, said)


def tell_confusion(heard_of: str, answers: Answers) -> None:
    print(f"\n| {heard_of}: type | set-ups | answers |\n|---|---|---|")
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for setup, said in answers:
        rows[setup.type][" or ".join(sorted(said.labels)) or "not named"] += 1
    for kind in sorted(rows):
        said_so = ", ".join(
            f"{'right' if label == kind else label} {count}"
            for label, count in rows[kind].most_common()
        )
        print(f"| {kind} | {rows[kind].total()} | {said_so} |")


def by_oui(others: list[Setup], setup: Setup, heard_of: str) -> str:
    """The commonest type of the same address maker."""
    if heard_of == HIDDEN:
        return "-"
    same = Counter(s.type for s in others if s.unit[:8] == setup.unit[:8])
    return min(same, key=lambda kind: (-same[kind], kind)) if same else "-"


def by_jaccard(others: list[Setup], setup: Setup, heard_of: str) -> str:
    """The most similar set-up heard for as long."""
    own = tokens_for(setup, heard_of)

    def likeness(other: Setup) -> float:
        its = tokens_for(other, heard_of)
        return len(own & its) / max(len(own | its), 1)

    return max(others, key=likeness).type


PEERS: dict[str, Callable[[list[Setup], Setup, str], str]] = {
    "address maker": by_oui,
    "nearest by Jaccard": by_jaccard,
}


def score_units(setups: list[Setup]) -> None:
    """Units that were never heard, of types that were."""
    units: dict[str, set[str]] = defaultdict(set)
    for setup in setups:
        units[setup.type].add(setup.unit)
    several = {kind: macs for kind, macs in units.items() if len(macs) > 1}
    if not several:
        print("\nleave one unit out: no type here has two units; nothing measured")
        return
    answers: dict[str, Answers] = {WHOLE: [], EARLY: []}
    for kind, macs in sorted(several.items()):
        for mac in sorted(macs):
            likeness = learned([s for s in setups if (s.type, s.unit) != (kind, mac)], SEED)
            for setup in (s for s in setups if (s.type, s.unit) == (kind, mac)):
                for heard_of, said in answers.items():
                    said.append((setup, likeness.suggest(setup.tokens[heard_of])))
    print(f"\n| one unit left out ({len(several)} types) | right | macro-F1 | right with twins "
          "| macro-F1 with twins | not named | close |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for heard_of, said in answers.items():
        tell_accuracy(heard_of, said)


def score_strangers(setups: list[Setup]) -> None:
    """Types that were never learned: who is named all the same, and as what?"""
    units: dict[str, set[str]] = defaultdict(set)
    for setup in setups:
        units[setup.type].add(setup.unit)
    print("\n| one type left out | named | named, and another thing | said to be close, and another "
          "thing | another maker or kind |\n|---|---|---|---|---|")  # fmt: skip
    mistakes: Counter[tuple[str, str, str]] = Counter()
    tally = {WHOLE: Counter[str](), EARLY: Counter[str]()}
    for kind in sorted(units):
        likeness = learned([s for s in setups if s.type != kind], SEED)
        for setup in (s for s in setups if s.type == kind):
            for heard_of, row in tally.items():
                said = likeness.suggest(setup.tokens[heard_of])
                row["all"] += 1
                if not said.labels:
                    continue
                row["named"] += 1
                if any(units[kind] & units[label] for label in said.labels):
                    continue  # the very same thing, heard doing something else
                row["wrong"] += 1
                row["close"] += said.band == "close"
                row["other kind"] += TRUTH.get(kind) != TRUTH.get(said.labels[0])
                mistakes[kind, " or ".join(said.labels), said.band] += 1
    for heard_of, row in tally.items():
        shares = " | ".join(
            f"{row[column] / max(row['all'], 1):.3f}"
            for column in ("named", "wrong", "close", "other kind")
        )
        print(f"| {heard_of} | {shares} |")
    for (kind, label, band), count in sorted(mistakes.items()):
        print(f"  {kind}, never learned, was called {label} ({band}) {count} times")


def score_rules(setups: list[Setup], book: Rulebook) -> None:
    """Rules alone: they never learned anything from these files."""
    totals = {name: Counter[str]() for name in ("maker, register only", "maker", "kind")}
    bands = Counter[str]()
    rows: dict[str, dict[str, Counter[str]]] = {}
    for setup in (s for s in setups if s.type in TRUTH):
        maker_truth, kind_truth = TRUTH[setup.type]
        thing = setup.believed
        vendor = thing.identity.vendor.value if thing else ""
        guess = thing.identity.kind.value if thing else ""
        band = thing.identity.kind.band if thing else "unknown"
        address = book.address(setup.unit, 0.0)
        claims = address.claims if address else ()
        alone = next((c.value for c in claims if c.aspect == "vendor"), "")
        row = rows.setdefault(setup.type, {n: Counter() for n in ("maker", "kind", "said")})
        row["maker"][mark(vendor, maker_truth)] += 1
        row["kind"][mark(guess, kind_truth)] += 1
        row["said"][f"{vendor or '?'} {guess or '?'} ({band})"] += 1
        totals["maker, register only"][mark(alone, maker_truth)] += 1
        bands[f"{band} {mark(guess, kind_truth)}"] += 1
    print("| rules alone | maker: right, unknown, wrong | kind: right, unknown, wrong "
          "| most often believed |\n|---|---|---|---|")  # fmt: skip
    for kind, row in rows.items():
        told = [", ".join(str(row[a][m]) for m in MARKS) for a in ("maker", "kind")]
        print(f"| {kind} | {told[0]} | {told[1]} | {row['said'].most_common(1)[0][0]} |")
        for aspect in ("maker", "kind"):
            totals[aspect] += row[aspect]
    for name, tally in totals.items():
        count = max(tally.total(), 1)
        print(f"{name} of {count}: " + ", ".join(f"{m} {tally[m] / count:.3f}" for m in MARKS))
    print("kind by band:", ", ".join(f"{k} {v}" for k, v in sorted(bands.items())))
    left = sorted({s.type for s in setups} - TRUTH.keys())
    if left:
        print("types whose maker and kind this file does not know:", ", ".join(left))


MARKS = ("right", "unknown", "wrong")


def mark(said: str, truth: str) -> str:
    if said in {"", "unknown"}:
        return "unknown"
    return "right" if said == truth else "wrong"


def main() -> None:
    shared = Path(os.environ.get("OMAMORI_SHARED", HERE.parent.parent / "shared" / "data"))
    named = [a for a in sys.argv[1:] if not a.startswith("--")]
    folder = Path(named[0]) if named else shared / "captures" / "setups"
    if not folder.is_dir():
        print("the captures of set-ups are not beside this clone: nothing measured")
        return
    began = time.perf_counter()
    book, _ = rules.load(register=None)
    setups = read(folder, book)
    print(f"{len(setups)} set-ups of {len({s.type for s in setups})} types, "
          f"{len({s.unit for s in setups})} units; seed {SEED}\n")  # fmt: skip
    if not setups:
        return
    score_rules(setups, book)
    score_known(setups)
    score_units(setups)
    score_strangers(setups)
    print(f"\n{time.perf_counter() - began:.0f} s in all")


if __name__ == "__main__":
    main()
