"""A hub's drivers without pages, run inside a network namespace: does what lines of JSON ask.

``doer.py`` reads ``[number, "things" | "points" | "read" | "write" | "changes", arguments…]`` and prints
``[number, answer]``; a driver's error is answered as ``{"error": key}``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from omamori.adapters import rules
from omamori.adapters.discovery.service import Discovery
from omamori.adapters.echonet_port import EchonetPort
from omamori.adapters.things.doing import Doing
from omamori.adapters.things.driver import Change, DriverError
from omamori.adapters.things.registry import Chargers, build_drivers
from omamori.hub.knowing.inventory import Inventory

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.hub.sighting import Sighting

ASKERS = ("ssdp", "neighbours", "echonet")


class Doer:
    """Discovery, inventory and drivers, joined as the hub joins them."""

    def __init__(self) -> None:
        port = EchonetPort()
        self.changes: list[Change] = []
        self.inventory = Inventory(rules.load(None)[0])
        self.discovery = Discovery(self.hear, time.time, ASKERS, echonet_port=port)
        self.doing = Doing(
            build_drivers(time.time, port, Chargers("0.0.0.0", 9000, {"garage": "secret"})),
            self.inventory.things, self.inventory.thing, time.time,
        )  # fmt: skip

    def hear(self, sighting: Sighting) -> None:
        self.inventory.hear(sighting)
        self.doing.hear(sighting)

    async def answer(self, what: str, *told: Any) -> Any:
        """One wish."""
        asked: dict[str, Callable[[], Any]] = {
            "things": lambda: [(known.id, known.ips) for known in self.inventory.things()],
            "points": lambda: {p.name: [p.act, p.low, p.high] for p in self.doing.points(*told)},
            "changes": lambda: [(c.thing, c.point, c.value, c.by_hand) for c in self.changes],
            "troubles": lambda: [str(reason) for reason in self.doing.troubles],
        }
        if what in asked:
            return asked[what]()
        try:
            if what == "read":
                return await self.doing.read(*told)
            await self.doing.write(*told)
        except DriverError as error:
            return {"error": error.reason.key}
        return True

    async def run(self) -> None:
        """Until nobody asks any more."""
        await self.discovery.start()
        await self.doing.start(self.changes.append)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            number, what, *told = json.loads(line)
            answer = await self.answer(what, *told)
            print(json.dumps([number, answer]), flush=True)  # noqa: T201 - its only way to tell
        await self.doing.stop()
        await self.discovery.stop()


if __name__ == "__main__":
    asyncio.run(Doer().run())
