"""Hands: what the arbiter decided is done by drivers, and what things show is told to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from omamori.adapters.things.driver import DriverError, Terms
from omamori.hub.commanding.command import BROKER, MEETING, Command, Notice, Write
from omamori.hub.points import LOOK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omamori.adapters.things.doing import Doing
    from omamori.adapters.things.driver import Change
    from omamori.app.steward import Steward
    from omamori.hub.points import Point
    from omamori.hub.sighting import Sighting

WRITES_MAX = 64  # on their way at once; `Doing` turns more away

_log = structlog.get_logger(__name__)


class DriverHands:
    """`steward.Hands` of a real home.

    Attributes:
        steward: told of what is seen; given once it is made.
    """

    def __init__(self, doing: Doing, clock: Callable[[], float]) -> None:
        self.doing = doing
        self.clock = clock
        self.steward: Steward | None = None
        self._writing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Let drivers begin to look and to listen."""
        await self.doing.start(self._changed)

    async def stop(self) -> None:
        """End what is still being set."""
        for task in tuple(self._writing):
            task.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self.doing.stop()

    def hear(self, sighting: Sighting) -> None:
        """Drivers find their things by what these say of themselves."""
        self.doing.hear(sighting)

    def settable(self, thing: str) -> Mapping[str, Point]:
        """Which points of a thing can be set here."""
        return {p.name: p for p in self.doing.points(thing) if p.act != LOOK}

    def write(self, write: Write, command: Command | None) -> None:
        """Have a value set; whether it worked is seen, or is not."""
        if len(self._writing) >= WRITES_MAX:
            _log.warning("hands.busy", thing=write.target, point=write.point)
            return
        task = asyncio.get_running_loop().create_task(self._write(write, command))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, write: Write, command: Command | None) -> None:
        is_outside = command is not None and command.origin.channel in {MEETING, BROKER}
        terms = Terms(command.lease_s if command else 0.0, is_outside)
        try:
            await self.doing.write(write.target, write.point, write.value, terms)
        except DriverError as error:
            _log.warning("hands.not-done", thing=write.target, why=str(error.reason))
            if self.steward is not None:
                told = Notice("home", error.reason, write.command_id, self.clock())
                self.steward.notices.appendleft(told)
            return
        self._seen(write.target, write.point, write.value, by_hand=False)

    def _changed(self, change: Change) -> None:
        self._seen(change.thing, change.point, change.value, by_hand=change.by_hand is True)

    def _seen(self, thing: str, point: str, value: bool | float | str, *, by_hand: bool) -> None:  # noqa: FBT001 - a point's value
        if self.steward is not None:
            self.steward.seen(thing, point, value, by_hand=by_hand)
