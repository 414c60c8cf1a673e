"""Real services at the real door: who asks is who the meeting proved, and answers come when they come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from omamori.adapters.channel import TransportError
from omamori.adapters.transport import Bearer, visit
from omamori.app import service_door
from omamori.app.service_door import VISITS_PER_PEER_MAX, ServiceDoor
from omamori.app.thing import Visit
from omamori.documents.reason import Reason
from omamori.documents.request import Request, write_request
from omamori.hub.commanding.command import DONE, HELD, WITHDRAWN, Command, Origin, Outcome
from trust.industries import NOW, Industry, Thing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from omamori.trust.standing import Standing

ENERGY = Industry("energy")
BOOK = ENERGY.book()
HUB, SERVICE = ENERGY.thing(4, "hub"), ENERGY.thing(4, "service")


def bearer(thing: Thing) -> Bearer:
    certificate = x509.load_der_x509_certificate(thing.certificate)
    return Bearer(certificate, thing.key, thing.credentials, BOOK, lambda: NOW)


class Home:
    """Holds every command, and carries it out when it is told to."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.origins: list[tuple[Origin, int]] = []
        self.withdrawn: list[str] = []
        self.tells: list[Callable[[Outcome], None]] = []

    def met(
        self, origin: Origin, judge: Callable[[float], Standing], met_at: float, address: str
    ) -> None:
        assert address == "127.0.0.1"
        level = judge(met_at).effective
        self.origins.append((origin, level.rung if level else 0))

    def ask(self, command: Command, tell: Callable[[Outcome], None]) -> None:
        self.asked.append(command)
        self.tells.append(tell)
        tell(Outcome(command, HELD, NOW, (Reason("command.in-use", {"what": "film"}),)))

    def withdraw(self, command_id: str, origin: Origin) -> None:
        self.withdrawn.append(command_id)
        command = next(c for c in self.asked if c.id == command_id and c.origin == origin)
        self.tells[self.asked.index(command)](Outcome(command, WITHDRAWN, NOW))


def at_the_door(act: Callable[[ServiceDoor], Coroutine[Any, Any, None]], home: Home) -> None:
    async def main() -> None:
        door = ServiceDoor(bearer(HUB), home)
        await door.open("127.0.0.1", 0)
        try:
            await act(door)
        finally:
            await door.close()

    asyncio.run(main())


def test_a_service_asks_is_held_and_hears_later_that_it_was_done() -> None:
    home = Home()

    async def act(door: ServiceDoor) -> None:
        async with visit("127.0.0.1", door.port, bearer(SERVICE), "share-energy") as session:
            stay = Visit(session)
            first = await stay.ask(
                "television", "power", value=False, seq=5, slot="demand-response"
            )
            assert (first.state, first.reasons[0].key) == (HELD, "command.in-use")
            home.tells[0](Outcome(home.asked[0], DONE, NOW))
            later = await stay.told(5.0)
            assert (later.seq, later.state) == (5, DONE)

    at_the_door(act, home)
    (command,) = home.asked
    assert (command.target, command.point, command.value) == ("television", "power", False)
    assert command.origin.who.startswith("https://")
    assert command.purpose == "share-energy"
    assert (command.origin.industry, command.origin.channel) == ("energy", "meeting")
    assert home.origins == [(command.origin, 4)]


def test_a_service_takes_back_what_is_its_own() -> None:
    home = Home()

    async def act(door: ServiceDoor) -> None:
        async with visit("127.0.0.1", door.port, bearer(SERVICE), "share-energy") as session:
            stay = Visit(session)
            await stay.ask("battery", "charge_w", value=-2000, seq=1)
            assert (await stay.withdraw(1)).state == WITHDRAWN

    at_the_door(act, home)
    assert home.withdrawn == [home.asked[0].id]


def test_nonsense_ends_the_visit_and_nothing_is_asked() -> None:
    home = Home()

    async def act(door: ServiceDoor) -> None:
        for octets in (b"", b"\x00", b"\xff" * 100):
            async with visit("127.0.0.1", door.port, bearer(SERVICE), "share-energy") as session:
                await session.send(octets)
                with pytest.raises(TransportError):
                    await session.receive(100, 5.0)

    at_the_door(act, home)
    assert not home.asked


def test_nobody_keeps_the_others_out() -> None:
    async def act(door: ServiceDoor) -> None:
        ends = [visit("127.0.0.1", door.port, bearer(SERVICE), "share-energy") for _ in range(3)]
        sessions = [await end.__aenter__() for end in ends]
        with pytest.raises(TransportError):
            await sessions[VISITS_PER_PEER_MAX].receive(100, 5.0)
        for end in ends:
            await end.__aexit__(None, None, None)

    at_the_door(act, Home())


def test_who_says_more_than_it_may_is_read_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that lost its level, and now floods: each word would cost a judgement and a line."""
    monkeypatch.setattr(service_door, "WISHES_AT_ONCE", 3.0)
    monkeypatch.setattr(service_door, "PAUSE_S", 3600.0)
    home = Home()

    async def act(door: ServiceDoor) -> None:
        async with visit("127.0.0.1", door.port, bearer(SERVICE), "share-energy") as session:
            for seq in range(1, 40):
                wish = Request(seq, "lamp", "power", False, "automation", 60.0, float(NOW))  # noqa: FBT003 - the document's order
                await session.send(write_request(wish))
            for _ in range(3):
                await session.receive(2048, 5.0)
            await asyncio.sleep(0.1)
            assert len(home.asked) == 3

    at_the_door(act, home)
