"""The driver for ECHONET Lite: household appliances, heat, energy, doors and meters.

After ECHONET Lite Specification 1.14, Part II, and its Appendix.  A value is set with SetC and then
looked for with Get: what a node acknowledges and does not show was not done.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from omamori.adapters.discovery import sockets
from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Epc, Esv, Frame, Property
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
from omamori.adapters.things.echonet.exchange import USUAL, Exchange, Patience
from omamori.adapters.things.echonet.forms import Number
from omamori.adapters.things.echonet.table import forms_of
from omamori.adapters.things.seen import Seen
from omamori.hub.commanding.envelope import CONDITION_POINTS
from omamori.hub.points import LOOK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omamori.adapters.echonet_port import EchonetPort
    from omamori.adapters.things.echonet.forms import Form
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.points import Given, Point
    from omamori.hub.sighting import Sighting

LOOK_EVERY_S = 20.0  # at each object that somebody wants to know of; nodes are slow
LOOK_AFTER_TOLD_S = 0.2  # between two objects
LEARN_EVERY_S = 3600.0  # an object's maps change with its firmware only
OBJECTS_MAX = 256  # that are watched, and whose maps are kept
UNCONFIRMED_MAX = 16  # announcements that wait to be confirmed; whoever sends more is not answered
REMOTE, REMOTE_YES, REMOTE_NO = 0x93, b"\x42", b"\x41"
"""Superclass, "remote control setting": whether what is set comes through a public network.  Who sets
says so of itself, so we say it truly and believe it of nobody."""

_APPLIANCE_GROUPS = frozenset({"00", "01", "02", "03", "04", "05", "06"})
_CONTROLLER_CLASS = "05ff"


class Maps(msgspec.Struct, frozen=True):
    """What an object lets be set and read."""

    settable: frozenset[int]
    gettable: frozenset[int]


class EchonetDriver:
    """Speaks to ECHONET Lite objects over the port that this program shares.

    Args:
        port: the one socket on port 3610.
        clock: seconds since the epoch, for what is told.
        on: interfaces to open the port on; all by default.
    """

    name = "echonet"
    hears = frozenset({"echonet.object"})

    def __init__(
        self,
        port: EchonetPort,
        clock: Callable[[], float],
        on: list[sockets.Interface] | None = None,
        patience: Patience = USUAL,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._exchange = Exchange(port, patience)
        self._port = port
        self._clock = clock
        self._on = on
        self._look_every_s = look_every_s
        self._maps: dict[tuple[str, str], tuple[float, Maps]] = {}
        self._seen = Seen(clock)
        self._values: dict[tuple[str, str], dict[int, bytes]] = {}
        self._watched: dict[tuple[str, str], Address] = {}
        self._to_look: dict[tuple[str, str], Address] = {}
        self._is_to_look = asyncio.Event()
        self._unconfirmed: asyncio.Queue[tuple[str, Frame]] = asyncio.Queue(UNCONFIRMED_MAX)

    def address(self, known: KnownThing, said: Sequence[Sighting]) -> Address | None:
        """The object that a thing is: the one behind a node, or a node's only one."""
        if not known.ips:
            return None
        objects: dict[str, Mapping[str, str]] = {}
        for fact in said:
            eoj = fact.fields.get("eoj", "").lower()
            if _is_appliance(eoj):
                objects[eoj] = {**objects.get(eoj, {}), **fact.fields}
        if known.behind:
            eoj = known.id.rpartition("/")[2]
        elif len(objects) == 1:
            eoj = next(iter(objects))
        else:
            return None
        if eoj not in objects:
            return None
        told = tuple(
            (name, objects[eoj][name]) for name in ("get", "set") if objects[eoj].get(name)
        )
        return Address(known.id, known.ips[0], eoj, told)

    def points(self, address: Address) -> tuple[Point, ...]:
        """What the object's own maps have; what can be set but not read back is not offered."""
        maps = self._maps_of(address) or _told_maps(address)
        found = []
        for name, form in forms_of(address.part).items():
            if form.reads <= maps.gettable:
                is_set = bool(form.sets) and form.sets <= maps.settable
                found.append(_offered(name, form, is_set=is_set))
        return tuple(found)

    async def read(self, address: Address, point: str) -> Given:
        """The value that the object gives now.

        Raises:
            DriverError: it gives none.
        """
        await self._learn(address)
        form, offer = self._form(address, point)
        values = await self._exchange.get(
            address.ip, bytes.fromhex(address.part), self._reads(address, form)
        )
        if not form.reads <= values.keys():
            raise DriverError("driving.no-value", {"point": point})
        return given(offer, form.read(values))

    async def write(
        self, address: Address, point: str, value: Given, terms: Terms = AT_HOME
    ) -> None:
        """Set a value with SetC, and look whether the object shows it.

        ECHONET Lite knows no lease: whoever grants one sets the next value when it ends.

        Raises:
            DriverError: the object has no such point, refuses, is silent or does nothing.
        """
        maps = await self._learn(address)
        form, offer = self._form(address, point)
        wanted = form.write(wished(offer, value), maps.settable)
        if REMOTE in maps.settable:
            flag = REMOTE_YES if terms.is_from_outside else REMOTE_NO
            wanted = (Property(REMOTE, flag), *wanted)
        self._seen.wrote(address, point, value)
        unanswered = None
        try:
            refused = await self._exchange.set(address.ip, bytes.fromhex(address.part), wanted)
        except DriverError as error:
            unanswered, refused = error, frozenset()
        if refused - {REMOTE}:
            raise DriverError("driving.refused", {"point": point})
        if not await self._is_shown(address, form, value, once=unanswered is not None):
            raise unanswered or DriverError("driving.not-shown", {"point": point})

    async def _is_shown(self, address: Address, form: Form, value: Given, *, once: bool) -> bool:
        """Whether the object shows what was set, perhaps after a moment."""
        eoj = bytes.fromhex(address.part)
        for pause_s in self._exchange.patience.shown_s[: 1 if once else None]:
            await asyncio.sleep(pause_s)
            with suppress(DriverError):
                values = await self._exchange.get(address.ip, eoj, self._reads(address, form))
                if form.is_done(value, values):
                    return True
        return False

    async def run(
        self,
        addresses: Callable[[], Sequence[Address]],
        tell: Callable[[Change], None],
        is_well: Callable[[], None],
    ) -> None:
        """Hold the port open; hear what objects announce, and look at them in turn.

        Raises:
            OSError: the port is taken, or there is no network.
        """
        on = sockets.interfaces() if self._on is None else self._on

        def hear(ip: str, frame: Frame) -> None:
            self._exchange.hear(ip, frame)
            self._announced(ip, frame, tell)

        try:
            async with self._port.shared(on, hear), asyncio.TaskGroup() as group:
                is_well()
                group.create_task(self._confirm())
                group.create_task(self._look_in_turn(addresses, tell))
                group.create_task(self._look_where_announced(tell))
                if self._on is None:
                    group.create_task(sockets.watch(on))
        except* sockets.NetworkChangedError:
            pass
        except* OSError as failed:
            raise OSError(str(failed.exceptions[0])) from None

    async def _look_in_turn(
        self, addresses: Callable[[], Sequence[Address]], tell: Callable[[Change], None]
    ) -> None:
        while True:
            following = list(addresses())[:OBJECTS_MAX]
            self._watched = {(one.ip, one.part): one for one in following}
            self._forget()
            for address in following:
                with suppress(DriverError):
                    await self._look(address, tell)
                await asyncio.sleep(LOOK_AFTER_TOLD_S)
            await asyncio.sleep(self._look_every_s)

    async def _look_where_announced(self, tell: Callable[[Change], None]) -> None:
        """Ask the object itself, soon, for what was announced in its name."""
        while True:
            await self._is_to_look.wait()
            self._is_to_look.clear()
            while self._to_look:
                address = self._to_look.pop(next(iter(self._to_look)))
                with suppress(DriverError):
                    await self._look(address, tell)
                await asyncio.sleep(LOOK_AFTER_TOLD_S)

    async def _confirm(self) -> None:
        """Confirm what was announced with the wish to have it confirmed (Part II, 4.2.3.5)."""
        while True:
            ip, frame = await self._unconfirmed.get()
            heard = tuple(Property(one.epc) for one in frame.properties)
            answer = Frame(frame.tid, echonet.CONTROLLER, frame.seoj, Esv.INF_C_RES, heard)
            with suppress(OSError):
                await self._port.send(echonet.encode(answer), ip)

    async def _look(self, address: Address, tell: Callable[[Change], None]) -> None:
        await self._learn(address)
        wanted = frozenset[int]().union(
            *(self._reads(address, self._form(address, p.name)[0]) for p in self.points(address))
        )
        if wanted:
            eoj = bytes.fromhex(address.part)
            values = await self._exchange.get(address.ip, eoj, wanted)
            self._tell(address, values, frozenset(values), tell)

    def _announced(self, ip: str, frame: Frame, tell: Callable[[Change], None]) -> None:
        """An object of ours says by itself what has changed; anybody may say so in its name.

        What can be set, and what setting rests on, is therefore asked of it: an answer to our own
        question cannot be made by who does not hear it.
        """
        if frame.esv not in {Esv.INF, Esv.INF_C}:
            return
        address = self._watched.get((ip, frame.seoj.hex()))
        if address is None:
            return
        if frame.esv is Esv.INF_C and frame.deoj == echonet.CONTROLLER:
            with suppress(asyncio.QueueFull):
                self._unconfirmed.put_nowait((ip, frame))
        values = {one.epc: one.edt for one in frame.properties if one.edt}
        asked = self._never_believed(address)
        if values.keys() & asked:
            self._to_look[ip, address.part] = address
            self._is_to_look.set()
        values = {epc: edt for epc, edt in values.items() if epc not in asked}
        kept = self._values.setdefault((ip, address.part), {})
        if values and self._maps_of(address) is not None:
            self._tell(address, {**kept, **values}, frozenset(values), tell)

    def _never_believed(self, address: Address) -> frozenset[int]:
        """What is only learned by asking: effects of what was set, and what envelopes rest on."""
        return frozenset[int]().union(
            *(
                self._reads(address, self._form(address, offer.name)[0])
                for offer in self.points(address)
                if offer.act != LOOK or offer.name in CONDITION_POINTS
            )
        )

    def _tell(
        self,
        address: Address,
        values: dict[int, bytes],
        new: frozenset[int],
        tell: Callable[[Change], None],
    ) -> None:
        self._values[address.ip, address.part] = values
        for offer in self.points(address):
            form, _ = self._form(address, offer.name)
            if form.reads & new and form.reads <= values.keys():
                with suppress(DriverError):
                    self._seen.is_now(address, offer.name, given(offer, form.read(values)), tell)

    def _forget(self) -> None:
        """Keep nothing of objects that nobody follows any more."""
        self._maps = {key: kept for key, kept in self._maps.items() if key in self._watched}
        self._values = {key: kept for key, kept in self._values.items() if key in self._watched}

    def _form(self, address: Address, point: str) -> tuple[Form, Point]:
        offers = {offer.name: offer for offer in self.points(address)}
        if point not in offers:
            raise DriverError("driving.no-such-point", {"point": point})
        return forms_of(address.part)[point], offers[point]

    def _reads(self, address: Address, form: Form) -> frozenset[int]:
        maps = self._maps_of(address) or _told_maps(address)
        return form.reads | (form.asks & maps.gettable)

    def _maps_of(self, address: Address) -> Maps | None:
        kept = self._maps.get((address.ip, address.part))
        return kept[1] if kept else None

    async def _learn(self, address: Address) -> Maps:
        """The object's maps by its own word to our question; what passed by is no ground to set."""
        now = asyncio.get_running_loop().time()
        key = (address.ip, address.part)
        kept = self._maps.get(key)
        if kept and 0 <= now - kept[0] < LEARN_EVERY_S:
            return kept[1]
        values = await self._exchange.get(
            address.ip, bytes.fromhex(address.part), frozenset({Epc.SET_MAP, Epc.GET_MAP})
        )
        gettable = echonet.property_map(values.get(Epc.GET_MAP, b""))
        settable = echonet.property_map(values.get(Epc.SET_MAP, b""))
        if gettable is None or settable is None:
            raise DriverError("driving.nonsense", {"point": ""})
        if key not in self._maps and len(self._maps) >= OBJECTS_MAX:
            del self._maps[next(iter(self._maps))]
        self._maps[key] = (now, Maps(settable, gettable))
        return self._maps[key][1]


def _told_maps(address: Address) -> Maps:
    told = dict(address.told)
    return Maps(_codes(told.get("set", "")), _codes(told.get("get", "")))


def _codes(text: str) -> frozenset[int]:
    try:
        return frozenset(bytes.fromhex(text))
    except ValueError:
        return frozenset()


def _offered(name: str, form: Form, *, is_set: bool) -> Point:
    if isinstance(form, Number):
        low, high = form.low * form.unit, form.high * form.unit
        return offered(name, is_set=is_set, low=low, high=high)
    return offered(name, is_set=is_set)


def _is_appliance(eoj: str) -> bool:
    return (
        len(eoj) == 6  # noqa: PLR2004 -- class group, class and instance in hexadecimal digits
        and eoj[:2] in _APPLIANCE_GROUPS
        and eoj[:4] != _CONTROLLER_CLASS
        and not set(eoj) - set("0123456789abcdef")
    )
