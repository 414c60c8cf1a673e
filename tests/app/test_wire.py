"""The wire: a thread that hands over what it understood, never too much, and always ends."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from adapters.capture import wire as made
from omamori.adapters.capture.frames import ETHERNET, CaptureError, Frame
from omamori.adapters.vantage import ASKING, PLUGGED, Vantage
from omamori.app import wire as room
from omamori.app.wire import AUTO, HAND_OVERS_MAX, Wire
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Self

    import pytest

    from omamori.hub.flow import Flow
    from omamori.hub.sighting import Sighting

START = 1_800_000_000.0
PATIENCE_S = 30.0


def frame(number: int) -> bytes:
    return made.udp_frame(made.question(f"name-{number}.example"), 40_000 + number % 20_000, 53)


class FakeListener:
    """An interface on which nothing comes but what a test puts there."""

    def __init__(
        self, name: str = "eth7", endless: Callable[[int], list[Frame]] | None = None
    ) -> None:
        self.name = name
        self.trouble: Reason | None = None
        self.dropped, self.passed_by, self.is_pressed = 0, 0, False
        self.given = 0
        self.closed = threading.Event()
        self.endless = endless
        self.waiting: list[list[Frame]] = []
        self.gone = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()

    def batches(self) -> Iterator[list[Frame]]:
        while not self.gone.is_set():
            if self.endless is not None:
                self.given += 1
                yield self.endless(self.given)
            elif self.waiting:
                self.given += 1
                yield self.waiting.pop(0)
            else:
                self.gone.wait(0.01)
                yield []
        self.trouble = Reason("capture.interface-gone", {"name": self.name})


class World:
    """What a wire meets: its interfaces one after another, and what it handed over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *listeners: FakeListener) -> None:
        self.now = START
        self.listeners = list(listeners)
        self.opened: list[FakeListener] = []
        self.said: list[Sighting] = []
        self.talked: list[Flow] = []
        self.ports: dict[str, str] = {}
        monkeypatch.setattr(room, "open_interface", self._open)
        monkeypatch.setattr(room, "vantage_of", lambda name: Vantage(PLUGGED, name))
        monkeypatch.setattr(room, "ports_of", lambda _name: dict(self.ports))
        monkeypatch.setattr(room, "RETRY_S", 0.01)
        self.wire = Wire("eth7", self._take, lambda: self.now)

    def _open(self, name: str) -> FakeListener:
        if not self.listeners:
            raise CaptureError("capture.no-such-interface", {"name": name})
        self.opened.append(self.listeners.pop(0))
        return self.opened[-1]

    def _take(self, said: list[Sighting], talked: list[Flow]) -> None:
        assert threading.current_thread() is threading.main_thread()
        assert said or talked
        self.said += said
        self.talked += talked

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.wire.run())
        try:
            yield
        finally:
            self.wire.stop()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.005)


async def ended(listener: FakeListener) -> None:
    assert await asyncio.to_thread(listener.closed.wait, PATIENCE_S)


def test_what_is_heard_is_handed_over_on_the_loops_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = FakeListener()
    listener.waiting.append([(START, ETHERNET, frame(1))])
    world = World(monkeypatch, listener)

    async def lives() -> None:
        assert world.wire.vantage == Vantage(ASKING)
        async with world.running():
            await until(lambda: bool(world.talked))
            assert world.wire.vantage == Vantage(PLUGGED, "eth7")
            assert (world.wire.frames, world.wire.since) == (1, START)
        await ended(listener)
        assert world.wire.vantage == Vantage(ASKING)

    asyncio.run(lives())
    assert "name-1.example" in {sighting.fields.get("name") for sighting in world.said}


def test_when_nothing_more_comes_what_was_counted_is_told_by_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener = FakeListener()
    listener.waiting.append([(START + n / 10, ETHERNET, frame(1)) for n in range(5)])
    world = World(monkeypatch, listener)

    async def lives() -> None:
        async with world.running():
            await until(lambda: bool(world.talked))
            assert sum(flow.frames for flow in world.talked) == 1
            world.now += 20.0
            await until(lambda: sum(flow.frames for flow in world.talked) == 5)

    asyncio.run(lives())


def test_while_the_loop_is_busy_no_more_than_a_few_batches_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener = FakeListener(endless=lambda n: [(START + n / 1000, ETHERNET, frame(n))])
    world = World(monkeypatch, listener)

    async def lives() -> None:
        async with world.running():
            await until(lambda: bool(world.talked))
            before = listener.given
            listener.gone.wait(0.3)  # the loop does nothing else meanwhile
            # One batch more is in the thread's hands, and one may have been on its way.
            assert listener.given - before <= HAND_OVERS_MAX + 2
            await until(lambda: listener.given > before + 3 * HAND_OVERS_MAX)  # it goes on
        await ended(listener)

    asyncio.run(lives())


def test_a_thread_that_waits_for_room_ends_when_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener = FakeListener(endless=lambda n: [(START + n / 1000, ETHERNET, frame(n))])
    world = World(monkeypatch, listener)
    monkeypatch.setattr(world.wire, "_taken", lambda _said, _talked: None)  # room is never made

    async def lives() -> None:
        async with world.running():
            await until(lambda: listener.given > HAND_OVERS_MAX)
        await ended(listener)

    asyncio.run(lives())


def test_an_interface_that_goes_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = FakeListener(), FakeListener()
    first.dropped = 3
    first.waiting.append([(START, ETHERNET, frame(1))])
    second.waiting.append([(START + 60, ETHERNET, frame(2))])
    second.dropped = 4
    world = World(monkeypatch, first)

    async def lives() -> None:
        async with world.running():
            await until(lambda: world.wire.frames == 1)
            first.gone.set()
            await until(lambda: world.wire.trouble is not None)
            await ended(first)
            await until(
                lambda: world.wire.trouble == Reason("capture.no-such-interface", {"name": "eth7"})
            )
            assert world.wire.vantage == Vantage(ASKING)
            world.listeners.append(second)
            await until(lambda: world.wire.frames == 2)
            assert world.wire.trouble is None
            assert world.wire.dropped == 7  # of both
            assert world.wire.since == START

    asyncio.run(lives())
    names = {sighting.fields.get("name") for sighting in world.said}
    assert {"name-1.example", "name-2.example"} <= names


def test_a_fault_in_the_thread_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(_number: int) -> list[Frame]:
        raise ZeroDivisionError

    second = FakeListener()
    second.waiting.append([(START, ETHERNET, frame(1))])
    world = World(monkeypatch, FakeListener(endless=faulty), second)

    monkeypatch.setattr(room, "RETRY_S", 0.2)

    async def lives() -> None:
        async with world.running():
            await until(lambda: world.wire.trouble == Reason("capture.faulty"))
            await until(lambda: world.wire.frames == 1)
            assert world.wire.trouble is None

    asyncio.run(lives())
    assert len(world.opened) == 2


def test_when_listening_ends_what_was_counted_is_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = FakeListener(), FakeListener()
    for listener in (first, second):
        listener.waiting.append([(START + n / 10, ETHERNET, frame(1)) for n in range(5)])
    world = World(monkeypatch, first, second)

    def counted() -> int:
        return sum(flow.frames for flow in world.talked)

    async def lives() -> None:
        async with world.running():
            await until(lambda: counted() == 1)
            first.gone.set()  # the interface goes
            await until(lambda: counted() == 5 + 1)
        assert counted() == 5 + 5  # a person ends it

    asyncio.run(lives())


def test_nothing_is_taken_from_a_thread_that_ends_too_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener = FakeListener()
    listener.waiting.append([(START, ETHERNET, frame(1))])
    world = World(monkeypatch, listener)
    monkeypatch.setattr(room, "ENDING_S_MAX", 0.0)

    async def lives() -> None:
        async with world.running():
            await until(lambda: bool(world.talked))
        before = len(world.said)
        world.wire._room.acquire()
        world.wire._taken(list(world.said), [])
        assert len(world.said) == before
        await ended(listener)

    asyncio.run(lives())


def test_things_that_move_to_another_port_of_the_bridge_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, FakeListener())
    world.ports = {made.PHONE: "lan1"}

    def moves() -> list[tuple[str, str]]:
        told = [one for one in world.said if one.kind == "bridge.port"]
        return [(one.source, one.fields["port"]) for one in told]

    async def lives() -> None:
        async with world.running():
            await until(lambda: moves() == [(made.PHONE, "lan1")])
            world.now += 60.0  # looked at again, and nothing moved
            await asyncio.sleep(0.05)
            world.ports = {made.PHONE: "lan2"}
            world.now += 60.0
            await until(lambda: moves() == [(made.PHONE, "lan1"), (made.PHONE, "lan2")])

    asyncio.run(lives())


def test_where_no_interface_can_be_guessed_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    monkeypatch.setattr(room, "home_interface", lambda: "")
    world.wire = Wire(AUTO, world._take, lambda: world.now)

    async def lives() -> None:
        async with world.running():
            await until(lambda: world.wire.trouble == Reason("capture.no-network"))

    asyncio.run(lives())
    assert world.opened == []


def test_the_guessed_interface_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = FakeListener("br0")
    world = World(monkeypatch, listener)
    monkeypatch.setattr(room, "home_interface", lambda: "br0")
    world.wire = Wire(AUTO, world._take, lambda: world.now)

    async def lives() -> None:
        async with world.running():
            await until(lambda: world.wire.vantage.interface == "br0")
        await ended(listener)

    asyncio.run(lives())
