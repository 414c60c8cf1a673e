"""Doing finds the driver for each thing, keeps to this home, and survives every driver."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given as each
from hypothesis import strategies as st

import omamori.adapters.things
from adapters.things.known import known_thing
from adapters.things.waiting import until
from omamori.adapters.echonet_port import EchonetPort
from omamori.adapters.things import doing as doing_module
from omamori.adapters.things.doing import Doing, Near
from omamori.adapters.things.driver import Address, Change, DriverError, given, offered, wished
from omamori.adapters.things.registry import DRIVERS, Chargers, build_drivers
from omamori.adapters.things.said import (
    AGE_S_MAX,
    FACTS_PER_SOURCE_MAX,
    SOURCES_MAX,
    Said,
)
from omamori.hub.points import LOOK, POINTS
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omamori.adapters.things.driver import Terms
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.points import Given, Point

PATIENCE_S = 30.0
NODE, CHILD = "aa:bb:cc:00:00:01", "aa:bb:cc:00:00:01/013001"


class Fake:
    """A driver that finds what said ``part``, and does what the test says."""

    hears = frozenset({"echonet.object"})

    def __init__(self, name: str, *points: str) -> None:
        self.name = name
        self.offers = points
        self.values: dict[str, Given] = {}
        self.runs = 0
        self.seen: list[Address] = []
        self.fault: Exception | None = None
        self.wait = asyncio.Event()

    def address(self, known: KnownThing, said: Sequence[Sighting]) -> Address | None:
        if not said or not known.ips:
            return None
        return Address(known.id, known.ips[0], said[-1].fields["eoj"])

    def points(self, address: Address) -> tuple[Point, ...]:
        del address
        return tuple(offered(name, is_set=True) for name in self.offers)

    async def read(self, address: Address, point: str) -> Given:
        if self.fault:
            await self.wait.wait()
        self.seen.append(address)
        return self.values[point]

    async def write(self, address: Address, point: str, value: Given, terms: Terms) -> None:
        del terms
        self.seen.append(address)
        self.values[point] = value

    async def run(
        self,
        addresses: Callable[[], Sequence[Address]],
        tell: Callable[[Change], None],
        is_well: Callable[[], None],
    ) -> None:
        self.runs += 1
        if self.fault and self.runs == 1:
            raise self.fault
        is_well()
        for address in addresses():
            tell(Change(address.thing, self.offers[0], value=True, at=1.0))
        await self.wait.wait()


def doing(*drivers: Any, near: bool = True, behind: str = "") -> Doing:
    node = known_thing(NODE, "fe80::1", "192.168.1.9", "10.0.0.9")
    child = known_thing(CHILD, behind=behind or NODE)
    things = {NODE: node, CHILD: child}
    made = Doing(drivers, things.values, things.get, lambda: 100.0, lambda _: near)
    made.hear(Sighting(100.0, f"ip:{node.ips[1]}", "echonet.object", {"eoj": "013001"}))
    made.hear(Sighting(100.0, "ip:192.0.2.1", "echonet.object", {"eoj": "ffffff"}))
    made.hear(Sighting(100.0, NODE, "dns.query", {"name": "x"}))
    return made


def test_the_first_driver_that_offers_a_point_serves_it() -> None:
    async def scene() -> None:
        first, second = Fake("a", "power"), Fake("b", "power", "locked")
        both = doing(first, second)
        assert [point.name for point in both.points(CHILD)] == ["power", "locked"]
        await both.write(CHILD, "power", value=True)
        assert await both.read(CHILD, "power") is True
        await both.write(CHILD, "locked", value=True)
        assert second.seen == [Address(CHILD, "192.168.1.9", "013001")]

    asyncio.run(scene())


def test_what_is_behind_a_bridge_is_reached_at_the_bridge() -> None:
    async def scene() -> None:
        fake = Fake("a", "power")
        await doing(fake).write(CHILD, "power", value=True)
        assert fake.seen[0].thing == CHILD
        assert fake.seen[0].ip == "192.168.1.9"  # IPv4 before IPv6
        assert doing(fake, behind="gone").points(CHILD) == ()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("thing", "point", "near", "key"),
    [
        ("nobody", "power", True, "driving.no-such-thing"),
        (CHILD, "locked", True, "driving.no-such-point"),
        (CHILD, "power", False, "driving.no-way"),
    ],
)
def test_what_cannot_be_asked_is_said(thing: str, point: str, near: bool, key: str) -> None:  # noqa: FBT001
    async def scene() -> None:
        with pytest.raises(DriverError) as error:
            await doing(Fake("a", "power"), near=near).read(thing, point)
        assert error.value.reason.key == key

    asyncio.run(scene())


def test_more_than_enough_at_once_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing_module, "AT_ONCE_MAX", 2)

    async def scene() -> None:
        fake = Fake("a", "power")
        fake.fault, fake.values = ValueError(), {"power": True}
        one = doing(fake)
        waiting = [asyncio.create_task(one.read(CHILD, "power")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(DriverError) as error:
            await one.read(CHILD, "power")
        assert error.value.reason.key == "driving.busy"
        fake.wait.set()
        assert await asyncio.gather(*waiting) == [True, True]
        assert await one.read(CHILD, "power") is True

    asyncio.run(scene())


def test_a_driver_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing_module, "ACT_S_MAX", 0.02)

    async def scene() -> None:
        fake = Fake("a", "power")
        fake.fault = ValueError()
        with pytest.raises(DriverError) as error:
            await doing(fake).read(CHILD, "power")
        assert error.value.reason.key == "driving.no-answer"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("fault", "key"),
    [(OSError("taken"), "driving.no-network"), (KeyError("bug"), "driving.broke")],
)
def test_a_driver_that_fails_fails_alone_and_is_started_again(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, key: str
) -> None:
    monkeypatch.setattr(doing_module, "RETRY_S_MIN", 0.05)

    async def scene() -> None:
        broken, sound = Fake("a", "power"), Fake("b", "locked")
        broken.fault = fault
        both, told = doing(broken, sound), list[Change]()
        await both.start(told.append)
        await until(lambda: both.troubles)
        assert [reason.key for reason in both.troubles] == [key]
        await until(lambda: broken.runs == 2 and not both.troubles)
        await until(lambda: {one.point for one in told} == {"power", "locked"})
        await both.stop()

    asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))


def test_what_was_said_is_kept_within_bounds_and_forgotten() -> None:
    said = Said({"echonet.object"})
    for source in range(SOURCES_MAX + 5):
        for eoj in range(FACTS_PER_SOURCE_MAX + 5 if source > SOURCES_MAX else 1):
            fact = Sighting(1.0, f"ip:{source}", "echonet.object", {"eoj": f"{eoj:06x}"})
            said.hear(fact)
    assert len(said._sources) == SOURCES_MAX
    assert max(map(len, said._sources.values())) == FACTS_PER_SOURCE_MAX
    last = known_thing("x", str(SOURCES_MAX + 4))
    assert len(said.of(last, 1.0)) == FACTS_PER_SOURCE_MAX
    assert not said.of(last, AGE_S_MAX + 2)
    assert not said.of(known_thing("x", "0"), 1.0)


def test_what_one_message_leaves_out_an_earlier_one_said() -> None:
    said = Said({"echonet.object"})
    for fields in ({"set": "80"}, {"get": "8081"}):
        said.hear(Sighting(1.0, "ip:1", "echonet.object", {"eoj": "013001", **fields}))
    (fact,) = said.of(known_thing("x", "1"), 1.0)
    assert fact.fields == {"eoj": "013001", "set": "80", "get": "8081"}


@pytest.mark.parametrize(
    ("ip", "is_near"),
    [
        ("127.0.0.9", True), ("8.8.8.8", False), ("224.0.23.0", False), ("0.0.0.0", False),
        ("fe80::1", True), ("fd00::1", True), ("2a00:1450::1", False), ("ff02::1", False), ("x", False),
    ],
)  # fmt: skip
def test_only_this_homes_own_addresses_are_near(ip: str, is_near: bool) -> None:  # noqa: FBT001
    assert Near(lambda: 0.0)(ip) is is_near


VALUES = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=300))


@each(st.sampled_from(sorted(POINTS)), VALUES)
def test_a_value_either_fits_or_is_refused(name: str, value: Given) -> None:
    for check, point in ((wished, POINTS[name]), (given, POINTS[name])):
        try:
            assert check(point, value) == value
            assert point.act != LOOK or check is given
            assert (type(value) is bool) == (point.form == "bool")
        except DriverError as error:
            assert error.reason.key in {
                "driving.out-of-range", "driving.nonsense", "driving.only-read",
            }  # fmt: skip


def test_every_folder_is_in_the_registry_and_the_other_way_round() -> None:
    folder = Path(omamori.adapters.things.__file__).parent
    folders = {path.parent.name for path in folder.glob("*/driver.py")}
    assert folders == set(DRIVERS)

    async def scene() -> None:
        chargers = Chargers("127.0.0.1", 0, {})
        built = build_drivers(lambda: 0.0, EchonetPort(), chargers)
        assert tuple(driver.name for driver in built) == DRIVERS
        assert [d.name for d in build_drivers(lambda: 0.0, EchonetPort(), on=["wled"])] == ["wled"]

    asyncio.run(scene())
