"""Following: an authority fetches what the others that it knows publish, the moment they change it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from omamori.adapters.authority_client import AuthorityClient
from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.authority.records import Foreign
    from omamori.authority.service import AuthorityService

LOOK_S = 0.5
"""How soon a newly known industry is followed."""

RETRY_S_MIN, RETRY_S_MAX = 0.5, 60.0
WAIT_S = 25.0


async def follow_known(service: AuthorityService, clock: Callable[[], float]) -> None:
    """Follow every industry that `service` knows by address, until cancelled."""
    following: dict[tuple[str, str, bytes], asyncio.Task[None]] = {}
    try:
        seq = -1
        while True:
            if service.seq != seq:
                seq = service.seq
                known = {(f.key, f.url, f.root): f for f in service.foreigners() if f.url}
                for gone in following.keys() - known.keys():
                    following.pop(gone).cancel()
                for new in known.keys() - following.keys():
                    following[new] = asyncio.create_task(_follow(service, known[new], clock))
            await asyncio.sleep(LOOK_S)
    finally:
        for task in following.values():
            task.cancel()
        await asyncio.gather(*following.values(), return_exceptions=True)


async def _follow(service: AuthorityService, foreign: Foreign, clock: Callable[[], float]) -> None:
    log = structlog.get_logger().bind(
        industry=service.identity.ladder.industry, follows=foreign.key
    )
    retry_s = RETRY_S_MIN
    async with AuthorityClient(foreign.url, foreign.root) as client:
        seq = 0
        while True:
            try:
                moved = await client.changes(seq, WAIT_S)
                if moved > seq:
                    service.refresh(foreign.key, await client.bundle(), clock())
                    seq = moved
                retry_s = RETRY_S_MIN
            except RefusedError as error:
                log.warning("authority.follow-failed", reason=str(error.reason))
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, RETRY_S_MAX)
                seq = 0
