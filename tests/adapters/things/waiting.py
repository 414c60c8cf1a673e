"""Waiting for what another program or task does; a test never waits longer than its own limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


async def until(enough: Callable[[], object]) -> None:
    """Look again and again until it is so; the test's own time-out ends it otherwise."""
    while not enough():  # noqa: ASYNC110 - the others set no event
        await asyncio.sleep(0.01)
