"""A renderer over real HTTP: honest, lazy, slow, and one that wants us to call others."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.things.known import known_thing
from adapters.things.waiting import until
from omamori.adapters.things.driver import Address, Change, DriverError
from omamori.adapters.things.upnp_av import words
from omamori.adapters.things.upnp_av.driver import UpnpAvDriver
from omamori.hub.points import ADJUST, LOOK
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

IP = "127.0.0.31"
PATIENCE_S = 30.0
SERVICE = "urn:schemas-upnp-org:service:{name}:1"
ERROR = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><detail>'
    "<UPnPError><errorCode>{code}</errorCode></UPnPError></detail></s:Fault></s:Body></s:Envelope>"
)


def service_xml(name: str, control: str) -> str:
    kind = SERVICE.format(name=name)
    return (
        f"<service><serviceType>{kind}</serviceType><controlURL>{control}</controlURL>"
        f"<SCPDURL>/{name}.xml</SCPDURL></service>"
    )


def action_list(*names: str, volume: str = "") -> str:
    told = "".join(f"<action><name>{name}</name></action>" for name in names)
    return f"<scpd><actionList>{told}</actionList><serviceStateTable>{volume}</serviceStateTable></scpd>"


VOLUME = (
    "<stateVariable><name>Volume</name><allowedValueRange><minimum>0</minimum>"
    "<maximum>20</maximum></allowedValueRange></stateVariable>"
)


class Renderer:
    """A renderer whose answers a test may replace.

    Attributes:
        pages: bodies by path.
        asked: paths and actions in order.
    """

    def __init__(self) -> None:
        self.state, self.volume, self.mute = "STOPPED", 5, "0"
        self.may = "Play,Stop,Pause"
        self.is_lazy = self.is_slow = False
        self.asked: list[str] = []
        self.raw: bytes | None = None
        self.control = "/control"
        self.pages = {
            "/AVTransport.xml": action_list(
                "GetTransportInfo", "Play", "Stop", "Pause", "GetCurrentTransportActions"
            ),
            "/RenderingControl.xml": action_list(
                "GetVolume", "SetVolume", "GetMute", "SetMute", volume=VOLUME
            ),
        }

    def body(self, path: str, asked: str) -> tuple[int, str]:
        if path == "/d.xml":
            listed = service_xml("AVTransport", self.control)
            listed += service_xml("RenderingControl", self.control)
            return 200, f"<root><device><serviceList>{listed}</serviceList></device></root>"
        if path in self.pages:
            return 200, self.pages[path]
        match = re.search(r"<u:(\w+) ", asked)
        action = match[1] if match else ""
        self.asked.append(action)
        told = {
            "GetTransportInfo": {"CurrentTransportState": self.state},
            "GetCurrentTransportActions": {"Actions": self.may},
            "GetVolume": {"CurrentVolume": str(self.volume)},
            "GetMute": {"CurrentMute": self.mute},
        }.get(action, {})
        if not told and not self.is_lazy and not self.obey(action, asked):
            return 500, ERROR.format(code=701)
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in told.items())
        return 200, f'<e><b><u:{action}Response xmlns:u="x">{inner}</u:{action}Response></b></e>'

    def obey(self, action: str, asked: str) -> bool:
        if action == "Pause" and self.state != "PLAYING":
            return False
        states = {"Play": "PLAYING", "Stop": "STOPPED", "Pause": "PAUSED_PLAYBACK"}
        self.state = states.get(action, self.state)
        if wish := re.search(r"<DesiredVolume>(\d+)<", asked):
            self.volume = int(wish[1])
        if wish := re.search(r"<DesiredMute>(\d)<", asked):
            self.mute = wish[1]
        return True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            asked = await reader.readexactly(int(length[1])) if length else b""
            status, text = self.body(head.split(" ")[1], asked.decode())
            octets = text.encode() if self.raw is None else self.raw
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(octets)}\r\n".encode())
            writer.write(b"Connection: close\r\n\r\n")
            if self.is_slow:
                await asyncio.sleep(PATIENCE_S)
            writer.write(octets)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def play(
    scene: Callable[[UpnpAvDriver, Renderer, Address], Awaitable[Any]],
    tell: Callable[[Change], None] | None = None,
) -> Any:
    async def stage() -> Any:
        renderer = Renderer()
        server = await asyncio.start_server(renderer.serve, IP, 0)
        port = server.sockets[0].getsockname()[1]
        address = Address("tv", IP, f"http://{IP}:{port}/d.xml")
        driver = UpnpAvDriver(lambda: 5.0, 0.05, (0.0, 0.02), PATIENCE_S)
        tasks = []
        if tell:
            tasks.append(asyncio.create_task(driver.run(lambda: [address], tell, lambda: None)))
        try:
            return await asyncio.wait_for(scene(driver, renderer, address), PATIENCE_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            server.close()
            await server.wait_closed()

    return asyncio.run(stage())


def refused(scene: Callable[[UpnpAvDriver, Renderer, Address], Awaitable[Any]]) -> str:
    with pytest.raises(DriverError) as error:
        play(scene)
    return error.value.reason.key


def test_playing_volume_and_mute_are_read_and_set() -> None:
    async def scene(driver: UpnpAvDriver, tv: Renderer, at: Address) -> None:
        assert driver.points(at) == ()
        assert await driver.read(at, "playing") is False
        acts = {point.name: point.act for point in driver.points(at)}
        assert acts == {
            "playing": LOOK, "playback": ADJUST, "volume_percent": ADJUST, "muted": ADJUST,
        }  # fmt: skip
        await driver.write(at, "playback", "play")
        assert await driver.read(at, "playing") is True
        await driver.write(at, "playback", "pause")
        assert await driver.read(at, "playback") == "pause"
        assert await driver.read(at, "volume_percent") == 25
        await driver.write(at, "volume_percent", 52)  # a step is five
        assert tv.volume == 10
        await driver.write(at, "muted", value=True)
        assert await driver.read(at, "muted") is True

    play(scene)


def test_who_says_yes_and_does_nothing_is_found_out() -> None:
    async def scene(driver: UpnpAvDriver, tv: Renderer, at: Address) -> None:
        tv.is_lazy = True
        await driver.write(at, "playback", "play")

    assert refused(scene) == "driving.not-shown"


def test_what_it_does_not_do_now_is_not_asked() -> None:
    async def scene(driver: UpnpAvDriver, tv: Renderer, at: Address) -> None:
        tv.may = "Stop"
        try:
            await driver.write(at, "playback", "play")
        finally:
            assert "Play" not in tv.asked

    assert refused(scene) == "driving.not-now"


def test_a_fault_is_said_in_plain_words() -> None:
    async def scene(driver: UpnpAvDriver, tv: Renderer, at: Address) -> None:
        tv.may = ""
        await driver.write(at, "playback", "pause")  # of what is stopped: 701

    assert refused(scene) == "driving.not-now"


def test_what_plays_cannot_be_set_but_only_seen() -> None:
    async def scene(driver: UpnpAvDriver, _tv: Renderer, at: Address) -> None:
        await driver.write(at, "playing", value=True)

    assert refused(scene) == "driving.only-read"


@pytest.mark.parametrize(
    "control",
    [
        "http://192.0.2.1/c",
        "//192.0.2.1/c",
        "https://127.0.0.31/c",
        "http://u@127.0.0.31/c",
        "file:///x",
    ],
)
def test_no_other_address_is_called(control: str) -> None:
    async def scene(driver: UpnpAvDriver, tv: Renderer, at: Address) -> None:
        tv.control = control
        await driver.read(at, "playing")

    assert refused(scene) == "driving.no-such-point"


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"<!DOCTYPE r [<!ENTITY a 'a'>]><r>&a;</r>", "driving.nonsense"),
        (b"\x00\xff", "driving.nonsense"),
        (b"<a>" * 30_000, "driving.nonsense"),
        (b"", "driving.nonsense"),
        (b"<root/>", "driving.no-such-point"),
    ],
)
def test_hostile_descriptions_are_refused(raw: bytes, key: str) -> None:
    async def scene(driver: UpnpAvDriver, tv: Renderer, at: Address) -> None:
        tv.raw = raw
        await driver.read(at, "playing")

    assert refused(scene) == key


def test_a_renderer_that_hangs_is_let_go() -> None:
    async def scene(driver: UpnpAvDriver, tv: Renderer, at: Address) -> None:
        tv.is_slow, driver._call_s_max = True, 0.2
        await driver.read(at, "playing")

    assert refused(scene) == "driving.no-answer"


@pytest.mark.parametrize(
    ("state", "volume", "point", "key"),
    [
        ("VENDOR", 5, "playing", "driving.no-value"),
        ("PLAYING", 999, "volume_percent", "driving.nonsense"),
        ("PLAYING", -1, "volume_percent", "driving.nonsense"),
    ],
)
def test_values_that_cannot_be_are_refused(state: str, volume: int, point: str, key: str) -> None:
    async def scene(driver: UpnpAvDriver, tv: Renderer, at: Address) -> None:
        tv.state, tv.volume = state, volume
        await driver.read(at, point)

    assert refused(scene) == key


def test_what_begins_to_play_is_told() -> None:
    told: list[Change] = []

    async def scene(_driver: UpnpAvDriver, tv: Renderer, _at: Address) -> None:
        def of(point: str) -> list[Any]:
            return [one.value for one in told if one.point == point]

        await until(lambda: of("playing") == [False])
        tv.state = "PLAYING"
        await until(lambda: of("playing") == [False, True])
        await until(lambda: of("playback") == ["stop", "play"])

    play(scene, told.append)


def test_only_a_renderer_at_its_own_address_is_found() -> None:
    driver = UpnpAvDriver(lambda: 0.0)
    tv = known_thing("tv", IP)
    kind = "urn:schemas-upnp-org:device:MediaRenderer:1"

    def said(nt: str, location: str) -> list[Sighting]:
        return [Sighting(0.0, f"ip:{IP}", "ssdp.notify", {"nt": nt, "location": location})]

    found = driver.address(tv, said(kind, f"http://{IP}:9/d.xml"))
    assert found == Address("tv", IP, f"http://{IP}:9/d.xml")
    assert driver.address(tv, said(kind, "http://192.0.2.9/d.xml")) is None
    assert driver.address(tv, said("upnp:rootdevice", f"http://{IP}:9/d.xml")) is None


@given(st.binary(max_size=300))
def test_no_octets_break_a_reader(octets: bytes) -> None:
    for read in (
        lambda: words.services(octets, f"http://{IP}/d.xml", IP),
        lambda: words.actions(octets),
        lambda: words.answered(octets, "Play"),
    ):
        with pytest.raises(DriverError):
            read()
    assert isinstance(words.fault(octets), DriverError)


def test_what_is_told_is_no_markup() -> None:
    body = words.call("urn:x", "Say", {"Text": "</Text><Evil/>"})
    assert b"<Evil/>" not in body
