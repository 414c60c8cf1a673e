"""A service that asks something of a home.  Usage: python asker.py FOLDER PORT TARGET POINT VALUE."""

import asyncio
import json
import sys
import time
from pathlib import Path

from omamori.app.thing import Thing


async def main(folder: Path, port: int, target: str, point: str, value: float) -> None:
    """Meet the home's hub, ask for a value, and say what becomes of it until it is settled."""
    thing = Thing.open(folder)
    await thing.refresh()
    async with thing.visit("127.0.0.1", port, "share-energy") as visit:
        print("met:", visit.outcome.answer, visit.outcome.level)
        if visit.outcome.answer not in {"allow", "limit"}:
            print(*visit.outcome.verdict.reasons, sep="\n")
            return
        number = time.time_ns() // 1000  # larger than any used before, also after a restart
        answer = await visit.ask(target, point, value, seq=number, slot="demand-response")
        while True:
            print(answer.state, *answer.reasons)
            if answer.state in {"done", "failed", "refused", "expired", "withdrawn"}:
                return
            answer = await visit.told(patience_s=60.0)


asyncio.run(
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], json.loads(sys.argv[5]))
)
