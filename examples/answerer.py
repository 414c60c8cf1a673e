"""A thing that answers one meeting.  Usage: python answerer.py FOLDER PORT."""

import asyncio
import sys
from pathlib import Path

from omamori.app.thing import Thing


async def main(folder: Path, port: int) -> None:
    """Answer one meeting and say what came of it."""
    thing = Thing.open(folder)
    await thing.refresh()
    told: asyncio.Queue[object] = asyncio.Queue()
    answering = await thing.answer(told.put_nowait).open(port=port)
    print("ready", flush=True)
    outcome = await told.get()
    print(getattr(outcome, "answer", outcome))
    await answering.close()


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
