"""Hands: what the arbiter decided is done by drivers, and what things show is told to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from omamori.adapters.things.driver import DriverError, Terms
from omamori.documents.reason import Reason
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
WRITES_OUTSIDE_MAX = 32
"""Of them for services: things that hang, asked by who knows that they do, keep nobody else out."""
_Place = tuple[str, str]
"""A thing and a point of it."""

_log = structlog.get_logger(__name__)


class DriverHands:
    """`steward.Hands` of a real home.

    Of one point only one value is on its way: what is set later takes the place of what was set
    before and has not come through, so that the thing is never left with the older.

    Attributes:
        steward: told of what is seen; given once it is made.
    """

    def __init__(self, doing: Doing, clock: Callable[[], float]) -> None:
        self.doing = doing
        self.clock = clock
        self.steward: Steward | None = None
        self._writing: dict[_Place, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._one_by_one: dict[_Place, asyncio.Lock] = {}

    async def start(self) -> None:
        """Let drivers begin to look and to listen."""
        await self.doing.start(self._changed)

    async def stop(self) -> None:
        """End what is still being set."""
        tasks = (*self._writing.values(), *self._ending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.doing.stop()

    def hear(self, sighting: Sighting) -> None:
        """Drivers find their things by what these say of themselves."""
        self.doing.hear(sighting)

    def settable(self, thing: str) -> Mapping[str, Point]:
        """Which points of a thing can be set here."""
        return {p.name: p for p in self.doing.points(thing) if p.act != LOOK}

    def write(self, write: Write, command: Command | None) -> None:
        """Have a value set; whether it worked is seen, or is not."""
        place = write.target, write.point
        before = self._writing.pop(place, None)
        if before is not None:
            before.cancel()
            self._ending.add(before)
        elif len(self._writing) >= (WRITES_OUTSIDE_MAX if _is_outside(command) else WRITES_MAX):
            _log.warning("hands.busy", thing=write.target, point=write.point)
            self._not_done(write, Reason("driving.busy"))
            return
        task = asyncio.get_running_loop().create_task(self._in_turn(write, command))
        self._writing[place] = task
        task.add_done_callback(lambda _: self._ended(place, task))

    def _ended(self, place: _Place, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if self._writing.get(place) is task:
            del self._writing[place]
            self._one_by_one.pop(place, None)

    async def _in_turn(self, write: Write, command: Command | None) -> None:
        """Not before the one that was on its way has truly ended."""
        lock = self._one_by_one.setdefault((write.target, write.point), asyncio.Lock())
        async with lock:
            await self._write(write, command)

    async def _write(self, write: Write, command: Command | None) -> None:
        lease_s = self.steward.lease_left_s(command) if command and self.steward else 0.0
        terms = Terms(lease_s, _is_outside(command))
        try:
            await self.doing.write(write.target, write.point, write.value, terms)
        except DriverError as error:
            self._not_done(write, error.reason)
            return
        except Exception:  # noqa: BLE001 - a driver's fault is not the home's
            _log.exception("hands.driver-broke", thing=write.target)
            self._not_done(write, Reason("driving.no-answer"))
            return
        self._seen(write.target, write.point, write.value, by_hand=False)

    def _not_done(self, write: Write, why: Reason) -> None:
        """The family hears why; that it has no effect is seen by the arbiter in its time."""
        _log.warning("hands.not-done", thing=write.target, why=str(why))
        if self.steward is not None:
            self.steward.notices.appendleft(Notice("home", why, write.command_id, self.clock()))

    def _changed(self, change: Change) -> None:
        self._seen(change.thing, change.point, change.value, by_hand=change.by_hand is True)

    def _seen(self, thing: str, point: str, value: bool | float | str, *, by_hand: bool) -> None:  # noqa: FBT001 - a point's value
        if self.steward is not None:
            self.steward.seen(thing, point, value, by_hand=by_hand)


def _is_outside(command: Command | None) -> bool:
    return command is not None and command.origin.channel in {MEETING, BROKER}
