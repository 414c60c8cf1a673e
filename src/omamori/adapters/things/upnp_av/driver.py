"""The driver for UPnP AV renderers: televisions and speakers that play what they are given.

That one plays is evidence that somebody uses it; that it does not is none, for what comes by aerial
or disc passes it by.  What is played is not asked: that is nobody's business.  We look every few
seconds and subscribe to nothing, so that nothing on this machine needs to be open for things.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from omamori.adapters.discovery.upnp import UpnpRefusedError, own_address
from omamori.adapters.things.driver import (
    AT_HOME,
    Address,
    Change,
    DriverError,
    Terms,
    given,
    offered,
    wished,
)
from omamori.adapters.things.request import REQUEST_S_MAX, request
from omamori.adapters.things.seen import Seen
from omamori.adapters.things.upnp_av import words
from omamori.adapters.things.upnp_av.words import Actions, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.points import Given, Point
    from omamori.hub.sighting import Sighting

LOOK_EVERY_S = 5.0
LEARN_EVERY_S = 3600.0
LEAVE_ALONE_S = 60.0  # one that did not answer
SHOWN_S = (0.0, 0.3, 0.7, 1.5)  # pauses before each look whether it is so
RENDERERS_MAX = 64
AT_ONCE_MAX = 8
_RENDERER = (":MediaRenderer:", ":AVTransport:", ":RenderingControl:")

STATES = {
    # AVTransport:1 §2.2.1, TransportState; whatever is recorded is in use as well.
    "PLAYING": "play",
    "TRANSITIONING": "play",
    "RECORDING": "play",
    "PAUSED_PLAYBACK": "pause",
    "PAUSED_RECORDING": "pause",
    "STOPPED": "stop",
    "NO_MEDIA_PRESENT": "stop",
}
_ACTIONS = {"play": "Play", "pause": "Pause", "stop": "Stop"}
_INSTANCE = {"InstanceID": "0"}
_MASTER = {**_INSTANCE, "Channel": "Master"}
_BOOLS = {"0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}


class Renderer(msgspec.Struct, frozen=True):
    """What a renderer is known to have, by its own description; None for a service it has not."""

    transport: Service | None
    sound: Service | None
    transport_actions: Actions
    sound_actions: Actions


_NOTHING = Actions(frozenset())


class UpnpAvDriver:
    """Speaks to renderers by SOAP, each at its own address only.

    Args:
        clock: seconds since the epoch, for what is told.
    """

    name = "upnp_av"
    hears = frozenset({"ssdp.notify"})

    def __init__(
        self,
        clock: Callable[[], float],
        look_every_s: float = LOOK_EVERY_S,
        shown_s: tuple[float, ...] = SHOWN_S,
        call_s_max: float = REQUEST_S_MAX,
    ) -> None:
        self._look_every_s = look_every_s
        self._shown_s = shown_s
        self._call_s_max = call_s_max
        self._seen = Seen(clock)
        self._known: dict[str, tuple[float, Renderer]] = {}
        self._silent: dict[str, float] = {}

    def address(self, known: KnownThing, said: Sequence[Sighting]) -> Address | None:
        """Where the renderer's description is, if it lies at the thing itself."""
        for fact in reversed(said):
            kind = fact.fields.get("nt", "")
            if known.behind or not any(one in kind for one in _RENDERER):
                continue
            for ip in known.ips:
                with suppress(UpnpRefusedError):
                    return Address(known.id, ip, own_address(fact.fields.get("location", ""), ip))
        return None

    def points(self, address: Address) -> tuple[Point, ...]:
        """What its own action lists have; nothing until they were read."""
        kept = self._known.get(address.part)
        if kept is None:
            return ()
        renderer, found = kept[1], []
        if renderer.transport and "GetTransportInfo" in renderer.transport_actions.names:
            names = renderer.transport_actions.names
            found.append(offered("playing", is_set=False))
            found.append(offered("playback", is_set={"Play", "Stop"} <= names))
        if renderer.sound and "GetVolume" in renderer.sound_actions.names:
            is_set = "SetVolume" in renderer.sound_actions.names
            found.append(offered("volume_percent", is_set=is_set))
        if renderer.sound and "GetMute" in renderer.sound_actions.names:
            found.append(offered("muted", is_set="SetMute" in renderer.sound_actions.names))
        return tuple(found)

    async def read(self, address: Address, point: str) -> Given:
        """What the renderer says now.

        Raises:
            DriverError: it says nothing that can be.
        """
        renderer = await self._learn(address)
        offer = self._offer(address, point)
        return given(offer, await self._value(renderer, point))

    async def write(
        self, address: Address, point: str, value: Given, terms: Terms = AT_HOME
    ) -> None:
        """Tell it what to do, and look whether it does.

        Raises:
            DriverError: it does not.
        """
        del terms  # it knows no lease
        renderer = await self._learn(address)
        offer = self._offer(address, point)
        self._seen.wrote(address, point, wished(offer, value))
        await self._tell(renderer, point, value)
        for pause_s in self._shown_s:
            await asyncio.sleep(pause_s)
            with suppress(DriverError):
                shown = await self._value(renderer, point)
                if shown == value or _is_near(renderer, point, shown, value):
                    return
        raise DriverError("driving.not-shown", {"point": point})

    async def run(
        self,
        addresses: Callable[[], Sequence[Address]],
        tell: Callable[[Change], None],
        is_well: Callable[[], None],
    ) -> None:
        """Look at every renderer again and again."""
        is_well()
        loop = asyncio.get_running_loop()
        room = asyncio.Semaphore(AT_ONCE_MAX)

        async def look(address: Address) -> None:
            async with room:
                try:
                    await self._look(address, tell)
                except DriverError:
                    self._silent[address.part] = loop.time() + LEAVE_ALONE_S

        while True:
            now = loop.time()
            self._silent = {part: until for part, until in self._silent.items() if until > now}
            following = [one for one in addresses() if one.part not in self._silent]
            async with asyncio.TaskGroup() as group:
                for address in following[:RENDERERS_MAX]:
                    group.create_task(look(address))
            await asyncio.sleep(self._look_every_s)

    async def _look(self, address: Address, tell: Callable[[Change], None]) -> None:
        renderer = await self._learn(address)
        for offer in self.points(address):
            value = given(offer, await self._value(renderer, offer.name))
            self._seen.is_now(address, offer.name, value, tell)

    def _offer(self, address: Address, point: str) -> Point:
        for offer in self.points(address):
            if offer.name == point:
                return offer
        raise DriverError("driving.no-such-point", {"point": point})

    async def _value(self, renderer: Renderer, point: str) -> Given:
        if point in {"playing", "playback"}:
            told = await self._call(renderer.transport, "GetTransportInfo", _INSTANCE)
            state = STATES.get(told.get("CurrentTransportState", ""))
            if state is None:
                raise DriverError("driving.no-value", {"point": point})
            return state == "play" if point == "playing" else state
        if point == "muted":
            told = await self._call(renderer.sound, "GetMute", _MASTER)
            muted = _BOOLS.get(told.get("CurrentMute", "").lower())
            if muted is None:
                raise DriverError("driving.nonsense", {"point": point})
            return muted
        told = await self._call(renderer.sound, "GetVolume", _MASTER)
        loud = renderer.sound_actions
        text = told.get("CurrentVolume", "")
        if not (text.isascii() and text.isdigit() and len(text) <= 5):  # noqa: PLR2004 - digits of ui2
            raise DriverError("driving.nonsense", {"point": point})
        return round(100 * (int(text) - loud.volume_low) / (loud.volume_high - loud.volume_low))

    async def _tell(self, renderer: Renderer, point: str, value: Given) -> None:
        if point == "playback" and isinstance(value, str):
            action = _ACTIONS[value]
            await self._may_now(renderer, action)
            speed = {"Speed": "1"} if action == "Play" else {}
            await self._call(renderer.transport, action, {**_INSTANCE, **speed})
        elif point == "muted":
            wish = {"DesiredMute": "1" if value else "0"}
            await self._call(renderer.sound, "SetMute", {**_MASTER, **wish})
        elif isinstance(value, int):
            wish = {"DesiredVolume": str(_steps(renderer, value))}
            await self._call(renderer.sound, "SetVolume", {**_MASTER, **wish})

    async def _may_now(self, renderer: Renderer, action: str) -> None:
        """A renderer that says what it does now is not asked for anything else."""
        if "GetCurrentTransportActions" not in renderer.transport_actions.names:
            return
        told = await self._call(renderer.transport, "GetCurrentTransportActions", _INSTANCE)
        may = {one.strip().lower() for one in told.get("Actions", "").split(",")} - {""}
        if may and action.lower() not in may:
            raise DriverError("driving.not-now")

    async def _learn(self, address: Address) -> Renderer:
        """Description and action lists, from the renderer itself only."""
        now = asyncio.get_running_loop().time()
        kept = self._known.get(address.part)
        if kept and 0 <= now - kept[0] < LEARN_EVERY_S:
            return kept[1]
        octets = await self._ask("GET", address.part)
        found = words.services(octets, address.part, address.ip)
        lists = {"AVTransport": _NOTHING, "RenderingControl": _NOTHING}
        for name, service in found.items():
            lists[name] = words.actions(await self._ask("GET", service.actions))
        renderer = Renderer(
            found.get("AVTransport"), found.get("RenderingControl"),
            lists["AVTransport"], lists["RenderingControl"],
        )  # fmt: skip
        self._known.pop(address.part, None)
        self._known[address.part] = (now, renderer)
        if len(self._known) > RENDERERS_MAX:
            del self._known[next(iter(self._known))]
        return renderer

    async def _call(
        self,
        service: Service | None,
        action: str,
        arguments: Mapping[str, str],
    ) -> dict[str, str]:
        if service is None:
            raise DriverError("driving.unsupported")
        headers = {
            "SOAPACTION": f'"{service.kind}#{action}"',
            "Content-Type": 'text/xml; charset="utf-8"',
        }
        body = words.call(service.kind, action, arguments)
        octets = await self._ask("POST", service.control, body, headers)
        return words.answered(octets, action)

    async def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """One request and its answer.

        Raises:
            DriverError: none came, or a no.
        """
        status, octets = await request(method, url, body, headers, self._call_s_max)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR and body is not None:
            raise words.fault(octets)
        if status != HTTPStatus.OK:
            raise DriverError("driving.refused", {"status": status})
        return octets


def _steps(renderer: Renderer, percent: int) -> int:
    loud = renderer.sound_actions
    return loud.volume_low + round(percent * (loud.volume_high - loud.volume_low) / 100)


def _is_near(renderer: Renderer, point: str, shown: Given, wish: Given) -> bool:
    """A volume of few steps shows the step nearest to what was wished."""
    if (
        point != "volume_percent"
        or isinstance(shown, (str, float))
        or isinstance(wish, (str, float))
    ):
        return False
    return _steps(renderer, shown) == _steps(renderer, wish)
