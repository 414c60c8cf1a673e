"""How well things are named on real set-ups: maker and kind against the type of each capture.

    python bench/bench_identify.py [FOLDER] [--all]

FOLDER holds one folder per type of thing, each with captures and ``_iotdevice-mac.txt``.  The
peer is the address register alone, which is what a plain network scanner has.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from omamori.adapters import rules
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
from omamori.hub.inventory import Inventory

if TYPE_CHECKING:
    from omamori.hub.identify_rules import Rulebook
    from omamori.hub.inventory import KnownThing

HERE = Path(__file__).parent
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
    "EdimaxCam1": ("Edimax", "camera"),
    "EdimaxPlug1101W": ("Edimax", "plug"),
    "EdimaxPlug2101W": ("Edimax", "plug"),
    "EdnetGateway": ("Ednet", "bridge"),
    "HueBridge": ("Philips", "bridge"),
    "HueSwitch": ("Philips", "bridge"),
    "SmarterCoffee": ("Smarter", "coffee-maker"),
    "TP-LinkPlugHS100": ("TP-Link", "plug"),
    "TP-LinkPlugHS110": ("TP-Link", "plug"),
    "WeMoInsightSwitch": ("Belkin", "plug"),
    "WeMoLink": ("Belkin", "bridge"),
    "WeMoSwitch": ("Belkin", "plug"),
    "iKettle2": ("Smarter", "kettle"),
}


def known(path: Path, mac: str, book: Rulebook) -> KnownThing | None:
    """What the inventory says of one thing after one capture."""
    inventory = Inventory(book)
    decoder = Decoder(inventory.hear)
    with open_capture(str(path)) as capture:
        for batch in capture.batches():
            decoder.hear(batch)
    return inventory.thing(mac)


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
    book, _ = rules.load(register=None)
    totals = {"maker": Counter[str](), "kind": Counter[str](), "peer": Counter[str]()}
    sure = Counter[str]()
    began, count = time.perf_counter(), 0
    print(f"{'type':20} {'maker':>14} {'kind':>14}   most often believed")
    for kind in sorted(p for p in folder.iterdir() if p.name in TRUTH):
        maker_truth, kind_truth = TRUTH[kind.name]
        mac = (kind / "_iotdevice-mac.txt").read_text().strip().splitlines()[0].lower()
        row = {"maker": Counter[str](), "kind": Counter[str]()}
        believed = Counter[str]()
        for path in sorted(kind.glob("*.pcap*")):
            thing = known(path, mac, book)
            count += 1
            vendor = thing.identity.vendor.value if thing else ""
            guess = thing.identity.kind if thing else None
            row["maker"][mark(vendor, maker_truth)] += 1
            row["kind"][mark(guess.value if guess else "", kind_truth)] += 1
            sure[
                f"{guess.band if guess else 'unknown'} {mark(guess.value if guess else '', kind_truth)}"
            ] += 1
            address = book.address(mac, 0.0)
            alone = (
                next((c.value for c in address.claims if c.aspect == "vendor"), "")
                if address
                else ""
            )
            totals["peer"][mark(alone, maker_truth)] += 1
            believed[
                f"{vendor or '?'} {guess.value if guess else '?'} ({guess.band if guess else '-'})"
            ] += 1
        for aspect in ("maker", "kind"):
            totals[aspect] += row[aspect]
        told = [
            " ".join(f"{row[a][m]}" for m in ("right", "unknown", "wrong"))
            for a in ("maker", "kind")
        ]
        print(f"{kind.name:20} {told[0]:>14} {told[1]:>14}   {believed.most_common(1)[0][0]}")
    for name, label in (("peer", "maker, register only"), ("maker", "maker"), ("kind", "kind")):
        tally = totals[name]
        shares = ", ".join(
            f"{m} {tally[m] / max(count, 1):.3f}" for m in ("right", "unknown", "wrong")
        )
        print(f"{label:22} of {count}: {shares}")
    print("kind by band:", ", ".join(f"{k} {v}" for k, v in sorted(sure.items())))
    print(
        f"{(time.perf_counter() - began) / max(count, 1) * 1000:.1f} ms a capture, reading included"
    )


if __name__ == "__main__":
    main()
