"""A hub without pages, run inside a network namespace: prints what it knows as lines of JSON.

``watcher.py INTERFACE FOLDER``; an empty interface name only asks.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from omamori.app.config import Network as Settings
from omamori.app.network import Network

TELL_EVERY_S = 0.25


def state(network: Network) -> str:
    """All that the tests ask for, in one line."""
    things = [
        {
            "id": known.id,
            "mac": known.mac,
            "ips": known.ips,
            "names": known.names,
            "kind": known.identity.kind.value,
            "maker": known.identity.vendor.value,
            "model": known.identity.model.value,
            "heard_by": known.heard_by,
            "children": known.children,
            "behind": known.behind,
        }
        for known in network.inventory.things()
    ]
    alerts = [
        {"kind": a.kind, "thing": a.thing, "first_at": a.first_at, "params": a.params}
        for a in network.watch.alerts.all()
    ]
    wire = network.wire
    told = {
        "at": time.time(),
        "things": things,
        "alerts": alerts,
        "troubles": [reason.key for reason in network.troubles()],
        "vantage": wire.vantage.kind if wire else "asking",
        "frames": wire.frames if wire else 0,
    }
    return json.dumps(told, default=str)


async def main(interface: str, folder: Path) -> None:
    """Watch until the reader goes away."""
    settings = Settings(interface=interface)
    network = Network(folder, settings, time.time, lambda: None, lambda _new, _over: None)
    await network.start()
    try:
        while True:
            print(state(network), flush=True)  # noqa: T201 - its only way to tell
            await asyncio.sleep(TELL_EVERY_S)
    finally:
        await network.stop()
        network.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
