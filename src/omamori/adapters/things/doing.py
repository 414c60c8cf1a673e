"""Doing: finds for each thing of the home the drivers that can speak to it, and keeps them running.

Only addresses on this home's own networks are spoken to, whatever a thing says of itself.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

import msgspec
import structlog

from omamori.adapters.discovery import sockets
from omamori.adapters.things.driver import AT_HOME, DriverError, Terms
from omamori.adapters.things.said import Said
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from ipaddress import IPv4Network

    from omamori.adapters.things.driver import Address, Change, Driver
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.points import Given, Point
    from omamori.hub.sighting import Sighting

RETRY_S_MIN, RETRY_S_MAX = 5.0, 300.0
ACT_S_MAX = 60.0  # one value, asked or set, all patience and looks together
AT_ONCE_MAX = 64  # values being asked or set; more are turned away, not queued

_log = structlog.get_logger(__name__)


class Doing:
    """What can be asked of things, reading and setting it, and hearing of changes.

    Args:
        drivers: in order; the first that offers a point of a thing serves it.
        things: all things of the home now.
        thing: one thing by its id.
        clock: seconds since the epoch.
        is_near: whether an address lies on this home's own networks.
    """

    def __init__(
        self,
        drivers: Iterable[Driver],
        things: Callable[[], Iterable[KnownThing]],
        thing: Callable[[str], KnownThing | None],
        clock: Callable[[], float],
        is_near: Callable[[str], bool] | None = None,
    ) -> None:
        self._drivers = tuple(drivers)
        self._things = things
        self._thing = thing
        self._clock = clock
        self._is_near = is_near or Near(clock)
        self._said = Said({kind for driver in self._drivers for kind in driver.hears})
        self._tasks: list[asyncio.Task[None]] = []
        self._troubles: dict[str, Reason] = {}
        self._at_once = 0

    @property
    def troubles(self) -> tuple[Reason, ...]:
        """Why a driver does not work at present; it is tried again by itself."""
        return tuple(self._troubles.values())

    def hear(self, sighting: Sighting) -> None:
        """A fact was heard; drivers find their things by some of them."""
        self._said.hear(sighting)

    def points(self, thing_id: str) -> tuple[Point, ...]:
        """What can be asked of a thing now, each point once."""
        found: dict[str, Point] = {}
        known = self._thing(thing_id)
        for driver, address in self._ways(known) if known else ():
            for point in driver.points(address):
                found.setdefault(point.name, point)
        return tuple(found.values())

    async def read(self, thing_id: str, point: str) -> Given:
        """The value that a thing gives now.

        Raises:
            DriverError: it gives none.
        """
        driver, address = self._way(thing_id, point)
        with self._room():
            try:
                async with asyncio.timeout(ACT_S_MAX):
                    return await driver.read(address, point)
            except TimeoutError:
                raise DriverError("driving.no-answer") from None

    async def write(self, thing_id: str, point: str, value: Given, terms: Terms = AT_HOME) -> None:
        """Set a value; returns when the thing has confirmed it.

        Raises:
            DriverError: it did not, or nobody can tell.
        """
        driver, address = self._way(thing_id, point)
        with self._room():
            try:
                async with asyncio.timeout(ACT_S_MAX):
                    await driver.write(address, point, value, terms)
            except TimeoutError:
                raise DriverError("driving.no-answer") from None

    async def start(self, tell: Callable[[Change], None]) -> None:
        """Start every driver; each fails alone, and is started again. ``tell`` hears of changes."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._keep(driver, tell), name=f"driver {driver.name}")
                for driver in self._drivers
            ]

    async def stop(self) -> None:
        """Stop every driver and wait until its sockets are closed."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _keep(self, driver: Driver, tell: Callable[[Change], None]) -> None:
        wait_s = RETRY_S_MIN

        def is_well() -> None:
            nonlocal wait_s
            wait_s = RETRY_S_MIN
            self._troubles.pop(driver.name, None)

        def addresses() -> list[Address]:
            ways = (way for known in self._things() for way in self._ways(known))
            return [address for one, address in ways if one is driver]

        while True:
            try:
                await driver.run(addresses, tell, is_well)
            except OSError as failed:
                self._trouble(driver.name, "driving.no-network", failed)
            except Exception as failed:  # noqa: BLE001 - one driver's fault must not stop the rest
                self._trouble(driver.name, "driving.broke", failed)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_S_MAX)

    def _trouble(self, name: str, key: str, failed: Exception) -> None:
        self._troubles[name] = Reason(key, {"driver": name})
        _log.warning("driver stopped; it will be tried again", driver=name, why=repr(failed)[:200])

    def _way(self, thing_id: str, point: str) -> tuple[Driver, Address]:
        known = self._thing(thing_id)
        if known is None:
            raise DriverError("driving.no-such-thing")
        ways = self._ways(known)
        for driver, address in ways:
            if any(offer.name == point for offer in driver.points(address)):
                return driver, address
        key = "driving.no-such-point" if ways else "driving.no-way"
        raise DriverError(key, {"point": point})

    def _ways(self, known: KnownThing) -> list[tuple[Driver, Address]]:
        bridge = self._thing(known.behind) if known.behind else known
        if bridge is None:
            return []
        ips = [ip for ip in bridge.ips if self._is_near(ip)]
        ips.sort(key=lambda ip: ":" in ip)  # stable: IPv4 first, the latest heard first
        seen = msgspec.structs.replace(known, ips=tuple(ips), mac=bridge.mac)
        said = self._said.of(msgspec.structs.replace(bridge, ips=tuple(ips)), self._clock())
        found = []
        for driver in self._drivers:
            address = driver.address(seen, said)
            if address is not None:
                found.append((driver, address))
        return found

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Room for one value being asked or set."""
        if self._at_once >= AT_ONCE_MAX:
            raise DriverError("driving.busy")
        self._at_once += 1
        try:
            yield
        finally:
            self._at_once -= 1


class Near:
    """Whether an address lies on this machine's own networks, which are looked up now and then."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._networks: list[IPv4Network] = []
        self._at: float | None = None

    def __call__(self, ip: str) -> bool:
        """True for what is on the link or in the home's private range."""
        try:
            address = ip_address(ip)
        except ValueError:
            return False
        if address.is_multicast or address.is_unspecified:
            return False
        if isinstance(address, IPv6Address):
            return address.is_link_local or address.is_private
        now = self._clock()
        if self._at is None or not 0 <= now - self._at < sockets.WATCH_S:
            self._networks, self._at = sockets.networks(), now
        return any(address in network for network in self._networks)
