"""Alerts on recordings: none on benign ones, all attacks found; how soon, and what a flow costs.

Usage: bench_alerts.py [folder]: a folder with ``attacks``, ``setups`` and ``protocols``, or any
folder of captures; what lies under a folder ``attacks`` is an attack, and so is ``synscan.pcap``.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
from omamori.hub.alerting.alert import Alert, Alerts
from omamori.hub.alerting.detectors import Detectors

ROOT = Path(__file__).parent.parent
ENDS = {".pcap", ".pcapng", ".cap"}
STEP_S = 60.0
ROUNDS = 5

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.finding import Finding
    from omamori.hub.flow import Flow


class Told(NamedTuple):
    """An alert, and after how much of the recording it came."""

    alert: Alert
    frames: int
    after_s: float


class Heard(NamedTuple):
    """What one recording gave."""

    told: list[Told]
    frames: int


def hear(path: Path) -> Heard:
    """Run one recording through decoder, detectors and alerts, frame by frame."""
    detectors, alerts = Detectors(), Alerts()
    told: list[Told] = []
    seen = {"frames": 0.0, "first_at": 0.0, "step_at": 0.0}

    def take(found: Iterable[Finding]) -> None:
        for finding in found:
            alert = alerts.take(finding)
            if alert is not None:
                told.append(Told(alert, int(seen["frames"]), finding.at - seen["first_at"]))

    def listen(flows: list[Flow]) -> None:
        for flow in flows:
            take(detectors.hear(flow, flow.mac if flow.is_from_here else ""))

    decoder = Decoder(
        lambda sighting: take(detectors.note(sighting, sighting.source)),
        tell_flows=listen,
    )
    with open_capture(str(path)) as capture:
        for batch in capture.batches():
            for frame in batch:
                seen["first_at"] = seen["first_at"] or frame[0]
                seen["frames"] += 1
                decoder.hear([frame])
                if not 0 <= frame[0] - seen["step_at"] < STEP_S:
                    seen["step_at"] = frame[0]
                    take(detectors.step(frame[0]))
                    alerts.step(frame[0])
    decoder.finish()
    return Heard(told, int(seen["frames"]))


def recordings(folder: Path) -> tuple[list[Path], list[Path]]:
    """Benign recordings and attacks under a folder."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in ENDS)
    attacks = [p for p in found if p.parent.name == "attacks" or p.name == "synscan.pcap"]
    return [path for path in found if path not in attacks], attacks


def main() -> None:
    """Print the table; the exit code is 1 where anything is false or missed."""
    named = os.environ.get("OMAMORI_SHARED")
    shared = Path(named) if named else ROOT.parent / "shared/data"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else shared / "captures"
    benign, attacks = recordings(folder)
    false = 0
    for path in benign:
        for told in hear(path).told:
            false += 1
            print(f"FALSE {path.relative_to(folder)}: {told.alert.reason} {told.alert.thing}")
    print(f"benign: {len(benign)} recordings, {false} false alerts")
    missed = 0
    for path in attacks:
        heard = hear(path)
        missed += not heard.told
        print(f"{path.name}: {heard.frames} frames, {len(heard.told)} alerts")
        for told in heard.told:
            print(f"  after {told.frames} frames, {told.after_s:.2f} s: {told.alert.reason}")
    print(f"attacks: {len(attacks)}, missed {missed}")
    cost("benign", benign)
    cost("attacks", attacks)
    sys.exit(1 if false or missed else 0)


def cost(name: str, paths: list[Path]) -> None:
    """CPU time of all detectors together, per flow of these recordings; best of some rounds."""
    flows: list[Flow] = []
    for path in paths:
        decoder = Decoder(lambda _: None, tell_flows=flows.extend)
        with open_capture(str(path)) as capture:
            for batch in capture.batches():
                decoder.hear(batch)
        decoder.finish()
    best = float("inf")
    for _ in range(ROUNDS):
        detectors = Detectors()
        began = time.process_time()
        for flow in flows:
            detectors.hear(flow, flow.mac)
        best = min(best, time.process_time() - began)
    opening = sum(flow.is_opening for flow in flows)
    print(
        f"cost, {name}: {best / max(len(flows), 1) * 1e6:.2f} us a flow over {len(flows):,} flows",
        end="",
    )
    print(f" ({opening:,} of them openings)")


if __name__ == "__main__":
    main()
