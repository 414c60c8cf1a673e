"""Driver: how the hub reads and sets the points of a thing, whatever protocol that speaks.

A driver neither decides nor remembers rules: what may be done was decided before it is called.  It
says honestly what the thing answered.  What a thing answers is as hostile as all else on a network.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import msgspec

from omamori.documents.reason import RefusedError
from omamori.hub.points import BOOL, CHOICE, LOOK, NUMBER, POINTS, TEXT, WHOLE, Given, Point

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.sighting import Sighting

TEXT_CHARACTERS_MAX = 255  # of a point that is text; as long as a sighting's field


class DriverError(RefusedError):
    """What was asked of a thing did not happen, or nobody can tell; the reason says which."""


class Address(msgspec.Struct, frozen=True):
    """Where a driver finds a thing.

    Attributes:
        thing: id of the thing, as the hub knows it.
        ip: address on this home's own network.
        part: which part of what answers there: an ECHONET object, a description's address, an outlet.
        told: what the thing said of itself that the driver goes by; never believed further.
    """

    thing: str
    ip: str
    part: str = ""
    told: tuple[tuple[str, str], ...] = ()


class Terms(msgspec.Struct, frozen=True):
    """On what terms a value is set.

    Attributes:
        lease_s: for how long; a thing that can ends it by itself then, even without the hub. 0: the
            driver's own shortest, where it knows any.
        is_from_outside: the wish came through a public network; some things are to be told so.
    """

    lease_s: float = 0.0
    is_from_outside: bool = False


AT_HOME = Terms()


class Change(msgspec.Struct, frozen=True):
    """A point of a thing has another value than before, or is seen for the first time.

    Attributes:
        by_hand: True where the thing says that somebody is at it, False where the hub set it, None
            where nobody can tell.
    """

    thing: str
    point: str
    value: Given
    at: float
    by_hand: bool | None = None


class Driver(Protocol):
    """One way of speaking to things; bounded in time and memory whatever they answer."""

    @property
    def name(self) -> str:
        """The folder's name."""
        ...

    @property
    def hears(self) -> frozenset[str]:
        """Kinds of sighting (`sighting.KINDS`) by which it finds its things."""
        ...

    def address(self, known: KnownThing, said: Sequence[Sighting]) -> Address | None:
        """Where this driver finds a thing; None where it cannot speak to it.

        Args:
            known: its `ips` are only those that lie on this home's own network.
            said: what it, or the bridge that it is behind, said of itself lately.
        """
        ...

    def points(self, address: Address) -> tuple[Point, ...]:
        """What can be asked there now; ``act`` is ``look`` for what can only be read there."""
        ...

    async def read(self, address: Address, point: str) -> Given:
        """The value that the thing gives now.

        Raises:
            DriverError: it gives none, or one that cannot be.
        """
        ...

    async def write(
        self, address: Address, point: str, value: Given, terms: Terms = AT_HOME
    ) -> None:
        """Set a value; returns when the thing has confirmed it and shows it where it can.

        Raises:
            DriverError: it did not, or nobody can tell.
        """
        ...

    async def run(
        self,
        addresses: Callable[[], Sequence[Address]],
        tell: Callable[[Change], None],
        is_well: Callable[[], None],
    ) -> None:
        """Open what it needs, and tell of changes at these addresses until cancelled.

        Raises:
            OSError: the network does not let it; it is started again later.
        """
        ...


def offered(
    name: str, *, is_set: bool, low: float | None = None, high: float | None = None
) -> Point:
    """The hub's point of this name, as narrow as this thing has it."""
    point = POINTS[name]
    return msgspec.structs.replace(
        point,
        act=point.act if is_set else LOOK,
        low=point.low if low is None else max(low, point.low),
        high=point.high if high is None else min(high, point.high),
    )


def wished(point: Point, value: Given) -> Given:
    """The value, if it is one that this point can have.

    Raises:
        DriverError: the fault of who asks.
    """
    if point.act == LOOK:
        raise DriverError("driving.only-read", {"point": point.name})
    if not _fits(point, value):
        raise DriverError("driving.out-of-range", {"point": point.name})
    return value


def given(point: Point, value: Given) -> Given:
    """The value, if a thing can mean it.

    Raises:
        DriverError: the fault of the thing.
    """
    if not _fits(point, value):
        raise DriverError("driving.nonsense", {"point": point.name})
    return value


def _fits(point: Point, value: Given) -> bool:
    if point.form == BOOL:
        return isinstance(value, bool)
    if point.form == TEXT:
        return isinstance(value, str) and len(value) <= TEXT_CHARACTERS_MAX and value.isprintable()
    if point.form == CHOICE:
        return isinstance(value, str) and value in point.choices
    if point.form not in {NUMBER, WHOLE} or isinstance(value, (bool, str)):
        return False
    if point.form == WHOLE and not isinstance(value, int):
        return False
    return math.isfinite(value) and point.low <= value <= point.high
