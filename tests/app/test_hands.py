"""Hands: of one point only one value is on its way, and a driver that hangs hangs alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from omamori.adapters.things.driver import Change, DriverError, Terms
from omamori.app.hands import WRITES_MAX, WRITES_OUTSIDE_MAX, DriverHands
from omamori.hub.commanding.command import BROKER, MEETING, Command, Notice, Origin, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from omamori.hub.points import Given


LEFT_S = 45.0  # of a lease of 60 s, after a while of waiting


class Doing:
    """Drivers of a test: each write waits for its gate, and is noted when it truly ends."""

    def __init__(self) -> None:
        self.done: list[Given] = []
        self.terms: list[Terms] = []
        self.begun: list[Given] = []
        self.gates: dict[Given, asyncio.Event] = {}
        self.fails: dict[Given, Exception] = {}
        self.slow_to_end = False
        self.at_once = 0
        self.most = 0

    async def write(self, thing: str, point: str, value: Given, terms: Terms) -> None:
        del thing, point
        self.begun.append(value)
        self.terms.append(terms)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            if value in self.gates:
                await self.gates[value].wait()
            if value in self.fails:
                raise self.fails[value]
            self.done.append(value)
        except asyncio.CancelledError:
            if self.slow_to_end:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            raise
        finally:
            self.at_once -= 1

    async def start(self, tell: Callable[[Change], None]) -> None:
        self.tell = tell

    async def stop(self) -> None:
        self.tell = lambda _: None


class Steward:
    """Hears what was seen."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Given, bool]] = []
        self.notices: list[Notice] = []
        self.appendleft = self.notices.append

    def lease_left_s(self, _command: Command) -> float:
        return LEFT_S

    def seen(self, thing: str, point: str, value: Given, *, by_hand: bool = False) -> None:
        self.told.append((thing, point, value, by_hand))


class Notices(list[Notice]):
    """A deque's one side."""

    def appendleft(self, one: Notice) -> None:
        self.insert(0, one)


def write(value: Given, target: str = "tv", point: str = "power") -> Write:
    return Write("w", target, point, value, "c", 0.0)


def with_hands(act: Callable[[DriverHands, Doing, Steward], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        doing, steward = Doing(), Steward()
        steward.notices = Notices()
        hands = DriverHands(doing, lambda: 1.0)  # type: ignore[arg-type]  # plays its part
        hands.steward = steward  # type: ignore[assignment]  # plays its part
        await hands.start()
        try:
            await act(hands, doing, steward)
        finally:
            await hands.stop()
        assert not hands._writing
        assert not hands._ending

    asyncio.run(main())


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_value_that_was_set_is_seen() -> None:
    async def act(hands: DriverHands, doing: Doing, steward: Steward) -> None:
        hands.write(write(5), None)
        await settle()
        assert doing.done == [5]
        assert steward.told == [("tv", "power", 5, False)]
        doing.tell(Change("tv", "power", 6, 1.0, by_hand=True))
        assert steward.told[-1] == ("tv", "power", 6, True)
        assert not hands._one_by_one

    with_hands(act)


def test_the_later_value_of_a_point_takes_the_place_of_one_that_hangs() -> None:
    async def act(hands: DriverHands, doing: Doing, steward: Steward) -> None:
        doing.slow_to_end = True
        doing.gates = {1: asyncio.Event(), 2: asyncio.Event()}
        for value in (1, 2, 3):
            hands.write(write(value), None)
            await asyncio.sleep(0)
        hands.write(write(9, point="volume"), None)
        await settle()
        assert doing.done[-1] in {3, 9}
        assert sorted(map(int, doing.done)) == [3, 9]  # never the older after the newer
        assert doing.most <= 2  # one a point
        assert ("tv", "power", 3, False) in steward.told

    with_hands(act)


def test_a_driver_that_hangs_hangs_alone_and_too_many_are_told() -> None:
    async def act(hands: DriverHands, doing: Doing, steward: Steward) -> None:
        doing.gates = {1: asyncio.Event()}
        for number in range(WRITES_MAX + 3):
            hands.write(write(1, f"t{number}"), None)
        await settle()
        assert len(doing.begun) == WRITES_MAX
        assert [notice.reason.key for notice in steward.notices] == ["driving.busy"] * 3
        hands.write(write(2, "t0"), None)  # what takes another's place has room
        await settle()
        assert doing.done == [2]

    with_hands(act)


def test_services_that_ask_of_things_that_hang_leave_room_for_the_home() -> None:
    async def act(hands: DriverHands, doing: Doing, steward: Steward) -> None:
        doing.gates = {1: asyncio.Event()}
        origin = Origin("taken-over", "service", MEETING)
        for number in range(WRITES_MAX):
            command = Command("c", origin, f"t{number}", "power", 1, "automation", 0.0, 60.0)
            hands.write(write(1, f"t{number}"), command)
        await settle()
        assert len(doing.begun) == WRITES_OUTSIDE_MAX
        assert len(steward.notices) == WRITES_MAX - WRITES_OUTSIDE_MAX
        hands.write(write(2, "siren"), None)
        await settle()
        assert doing.done == [2]

    with_hands(act)


def test_a_driver_that_breaks_or_refuses_is_told_to_the_family() -> None:
    async def act(hands: DriverHands, doing: Doing, steward: Steward) -> None:
        doing.fails = {1: DriverError("driving.refused"), 2: ZeroDivisionError("ours")}
        hands.write(write(1, "a"), None)
        hands.write(write(2, "b"), None)
        await settle()
        assert {notice.reason.key for notice in steward.notices} == {
            "driving.refused", "driving.no-answer",
        }  # fmt: skip
        assert {notice.to for notice in steward.notices} == {"home"}
        assert not steward.told

    with_hands(act)


def test_what_comes_from_elsewhere_goes_to_the_driver_with_its_lease() -> None:
    async def act(hands: DriverHands, doing: Doing, steward: Steward) -> None:
        del steward
        origin = Origin("broker", "automation", BROKER)
        command = Command("c", origin, "tv", "power", 1, "automation", 0.0, 60.0)
        hands.write(write(1), command)
        await settle()
        assert doing.terms == [Terms(LEFT_S, is_from_outside=True)]

    with_hands(act)
