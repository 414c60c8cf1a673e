"""The driver for WLED lamps, and the smallest there is: copy this folder to begin your own.

A driver answers four questions: where is the thing (`address`), what can be asked of it (`points`),
what is it now (`read`), and can it be made so (`write`).  `run` tells of changes.  WLED's JSON API:
``GET /json/state`` gives ``{"on": true, "bri": 128, ...}``, and ``POST`` of the same sets it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import msgspec

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
from omamori.adapters.things.request import request
from omamori.adapters.things.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.points import Given, Point
    from omamori.hub.sighting import Sighting

LOOK_EVERY_S = 10.0
BRIGHTNESS_MAX = 255


class State(msgspec.Struct):
    """What a lamp says, as far as the hub asks; anything else about it is refused here, once."""

    on: bool
    bri: Annotated[int, msgspec.Meta(ge=0, le=BRIGHTNESS_MAX)]


class WledDriver:
    """Speaks to lamps that announce themselves as ``_wled._tcp``."""

    name = "wled"
    hears = frozenset({"mdns.service"})

    def __init__(self, clock: Callable[[], float], look_every_s: float = LOOK_EVERY_S) -> None:
        self._look_every_s = look_every_s
        self._seen = Seen(clock)

    def address(self, known: KnownThing, said: Sequence[Sighting]) -> Address | None:
        """The thing's own address: what an announcement names may be another's."""
        for fact in said:
            port = fact.fields.get("port", "")
            if (
                fact.fields.get("type") == "_wled._tcp"
                and known.ips
                and port.isascii()
                and port.isdecimal()
            ):
                return Address(known.id, known.ips[0], port[:5])
        return None

    def points(self, address: Address) -> tuple[Point, ...]:
        """Names of `hub.points`; the first two are all that a lamp has."""
        del address
        return offered("power", is_set=True), offered("brightness_percent", is_set=True)

    async def read(self, address: Address, point: str) -> Given:
        """What the lamp says now.

        Raises:
            DriverError: nothing that can be.
        """
        return _values(await self._state(address))[point]

    async def write(
        self, address: Address, point: str, value: Given, terms: Terms = AT_HOME
    ) -> None:
        """Set it, then look: an answer is no proof that a thing did it.

        Raises:
            DriverError: it did not.
        """
        del terms  # a lamp knows no lease
        offers = {offer.name: offer for offer in self.points(address)}
        wish = wished(offers[point], value)
        self._seen.wrote(address, point, wish)
        told = {"on": wish} if isinstance(wish, bool) else {"bri": _steps(wish)}
        await self._state(address, msgspec.json.encode(told))
        if await self.read(address, point) != wish:
            raise DriverError("driving.not-shown", {"point": point})

    async def run(
        self,
        addresses: Callable[[], Sequence[Address]],
        tell: Callable[[Change], None],
        is_well: Callable[[], None],
    ) -> None:
        """Look at each lamp again and again; ``Seen`` tells only what changed."""
        is_well()
        while True:
            for address in addresses():
                with suppress(DriverError):
                    for point, value in _values(await self._state(address)).items():
                        self._seen.is_now(address, point, value, tell)
            await asyncio.sleep(self._look_every_s)

    async def _state(self, address: Address, body: bytes | None = None) -> State:
        host = f"[{address.ip}]" if ":" in address.ip else address.ip
        url = f"http://{host}:{address.part}/json/state"
        status, octets = await request("POST" if body else "GET", url, body)
        if status != HTTPStatus.OK:
            raise DriverError("driving.refused", {"status": status})
        try:
            return (
                msgspec.json.decode(octets, type=State) if body is None else State(on=True, bri=0)
            )
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise DriverError("driving.nonsense") from None


def _steps(percent: Given) -> int:
    return round(float(percent) * BRIGHTNESS_MAX / 100)


def _values(state: State) -> dict[str, Given]:
    percent = round(100 * state.bri / BRIGHTNESS_MAX)
    power, brightness = offered("power", is_set=True), offered("brightness_percent", is_set=True)
    return {"power": given(power, state.on), "brightness_percent": given(brightness, percent)}
