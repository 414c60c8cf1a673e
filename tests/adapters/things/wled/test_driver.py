"""The smallest driver, with a lamp over real HTTP; copy this file with the folder."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from adapters.things.known import known_thing
from adapters.things.waiting import until
from omamori.adapters.things.driver import Address, Change, DriverError
from omamori.adapters.things.wled.driver import WledDriver
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

IP = "127.0.0.41"
PATIENCE_S = 30.0


class Lamp:
    """A lamp that keeps what it is told, unless it is lazy."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"on": False, "bri": 128, "seg": [{}]}
        self.is_lazy = False
        self.raw: bytes | None = None
        self.status = 200

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if length := re.search(r"content-length: (\d+)", head, re.IGNORECASE):
            told = json.loads(await reader.readexactly(int(length[1])))
            if not self.is_lazy:
                self.state.update(told)
        octets = self.raw if self.raw is not None else json.dumps(self.state).encode()
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(octets)}\r\n\r\n".encode())
        writer.write(octets)
        await writer.drain()
        writer.close()


def play(
    scene: Callable[[WledDriver, Lamp, Address], Awaitable[Any]],
    tell: Callable[[Change], None] = lambda _: None,
) -> None:
    async def stage() -> None:
        lamp, driver = Lamp(), WledDriver(lambda: 5.0, 0.02)
        server = await asyncio.start_server(lamp.serve, IP, 0)
        at = Address("lamp", IP, str(server.sockets[0].getsockname()[1]))
        running = asyncio.create_task(driver.run(lambda: [at], tell, lambda: None))
        try:
            await asyncio.wait_for(scene(driver, lamp, at), PATIENCE_S)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            server.close()
            await server.wait_closed()

    asyncio.run(stage())


def test_a_lamp_is_read_and_set() -> None:
    async def scene(driver: WledDriver, lamp: Lamp, at: Address) -> None:
        assert await driver.read(at, "power") is False
        await driver.write(at, "power", value=True)
        assert lamp.state["on"] is True
        for percent in range(101):
            await driver.write(at, "brightness_percent", percent)
        assert lamp.state["bri"] == 255

    play(scene)


def test_a_lazy_lamp_is_found_out() -> None:
    async def scene(driver: WledDriver, lamp: Lamp, at: Address) -> None:
        lamp.is_lazy = True
        with pytest.raises(DriverError) as error:
            await driver.write(at, "power", value=True)
        assert error.value.reason.key == "driving.not-shown"

    play(scene)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"on":1,"bri":2}',
        b'{"on":true,"bri":999}',
        b"[" * 60_000,
        b"\xff",
        b"x" * 99_999,
    ],
)
def test_hostile_answers_are_refused(raw: bytes) -> None:
    async def scene(driver: WledDriver, lamp: Lamp, at: Address) -> None:
        lamp.raw = raw
        with pytest.raises(DriverError) as error:
            await driver.read(at, "power")
        assert error.value.reason.key == "driving.nonsense"

    play(scene)


def test_a_lamp_that_says_no_or_is_not_there() -> None:
    async def scene(driver: WledDriver, lamp: Lamp, at: Address) -> None:
        lamp.status = 403
        with pytest.raises(DriverError) as error:
            await driver.read(at, "power")
        assert error.value.reason.key == "driving.refused"
        with pytest.raises(DriverError) as error:
            await driver.read(Address("lamp", IP, "1"), "power")
        assert error.value.reason.key == "driving.no-answer"

    play(scene)


@pytest.mark.parametrize("port", ["0", "65536", "99999", "00000"])
def test_a_port_that_cannot_be_stops_no_other_lamp(port: str) -> None:
    """Any device at home can announce one; the driver of all lamps must live on."""
    told: list[Change] = []
    said = Sighting(0.0, "x", "mdns.service", {"type": "_wled._tcp", "port": port})

    async def scene(driver: WledDriver, _lamp: Lamp, at: Address) -> None:
        hostile = driver.address(known_thing("h", IP), [said])
        assert hostile is not None
        with pytest.raises(DriverError) as error:
            await driver.read(hostile, "power")
        assert error.value.reason.key == "driving.no-answer"
        other = WledDriver(lambda: 5.0, 0.02)
        running = asyncio.create_task(other.run(lambda: [hostile, at], told.append, lambda: None))
        await until(lambda: bool(told) or running.done())
        assert not running.done()
        running.cancel()

    play(scene)


def test_a_press_at_the_lamp_itself_is_told() -> None:
    told: list[Change] = []

    async def scene(_driver: WledDriver, lamp: Lamp, _at: Address) -> None:
        def of(point: str) -> list[Any]:
            return [one.value for one in told if one.point == point]

        await until(lambda: of("power") == [False])
        lamp.state["on"] = True
        await until(lambda: of("power") == [False, True])
        assert of("brightness_percent") == [50]

    play(scene, told.append)


def test_a_lamp_is_found_by_what_it_announces_at_its_own_address() -> None:
    said = [
        Sighting(0.0, "x", "mdns.service", {"type": "_wled._tcp", "port": "80", "host": "evil"})
    ]
    assert WledDriver(lambda: 0.0).address(known_thing("l", IP), said) == Address("l", IP, "80")
    assert WledDriver(lambda: 0.0).address(known_thing("l", IP), ()) is None
