"""A thing that meets another.  Usage: python caller.py FOLDER PORT PURPOSE."""

import asyncio
import sys
from pathlib import Path

from omamori.app.thing import Thing


async def main(folder: Path, port: int, purpose: str) -> None:
    """Meet, and say whether and how far the two may cooperate, and why."""
    thing = Thing.open(folder)
    await thing.refresh()
    outcome = await thing.meet("127.0.0.1", port, purpose)
    print(outcome.answer, outcome.level)
    for reason in outcome.verdict.reasons:
        print(" ", reason)


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
