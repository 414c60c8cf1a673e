"""A certified service in a network namespace: meets a hub, and asks what lines of JSON say.

``service.py FOLDER HOST PORT PURPOSE`` tells first how the meeting ended, then each answer that comes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from omamori.adapters.channel import TransportError
from omamori.adapters.transport import visit
from omamori.app.thing import Thing
from omamori.documents.request import (
    REQUEST_BYTES_MAX,
    Request,
    RequestError,
    read_answer,
    write_request,
)

if TYPE_CHECKING:
    from omamori.adapters.transport import Session

PATIENCE_S = 600.0


def tell(told: dict[str, object]) -> None:
    """One line; its reader waits for it."""
    print(json.dumps({"at": time.time(), **told}), flush=True)  # noqa: T201 - its only way to tell


async def main(folder: Path, host: str, port: int, purpose: str) -> None:
    """Until nobody asks any more, or the hub ends the visit."""
    thing = Thing.open(folder)
    async with visit(host, port, thing.bearer(), purpose) as session:
        why = [str(reason) for reason in session.outcome.verdict.reasons]
        tell({"met": session.outcome.answer, "level": str(session.outcome.level), "why": why})
        hearing = asyncio.create_task(hear(session))
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            target, point, value, slot, lease_s = json.loads(line)
            seq = time.time_ns() // 1000
            tell({"asked": seq})
            asked = Request(seq, target, point, value, slot, lease_s, time.time())
            await session.send(write_request(asked))
        hearing.cancel()


async def hear(session: Session) -> None:
    """Show whatever comes."""
    try:
        while True:
            answer = read_answer(await session.receive(REQUEST_BYTES_MAX, PATIENCE_S))
            reasons = [reason.key for reason in answer.reasons]
            tell({"seq": answer.seq, "state": answer.state, "reasons": reasons})
    except (TransportError, RequestError) as error:
        tell({"ended": error.reason.key})


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
