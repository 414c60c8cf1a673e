"""Real frames over the real port to nodes that are honest, lazy, late, or liars."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from adapters.things.echonet_peer import AIRCON, BATTERY, LOCK, SHUTTER, Node
from adapters.things.waiting import until
from omamori.adapters.discovery import sockets
from omamori.adapters.echonet_port import EchonetPort
from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Esv, Frame, Property
from omamori.adapters.things.driver import Address, Change, DriverError, Terms
from omamori.adapters.things.echonet.driver import EchonetDriver
from omamori.adapters.things.echonet.exchange import WAITING_PER_NODE_MAX, Patience
from omamori.hub.points import ADJUST, LOOK, OPERATE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LOOPBACK = [sockets.Interface("lo", "127.0.0.1")]
NODE = "127.0.0.21"
QUICK = Patience(answer_s=0.4, tries=2, shown_s=(0.0, 0.05, 0.1))
HASTY = Patience(answer_s=0.1, tries=1, shown_s=(0.0, 0.02))
PATIENCE_S = 30.0


def at(eoj: str, ip: str = NODE) -> Address:
    return Address(f"thing-{eoj}", ip, eoj)


def play(
    scene: Callable[[EchonetDriver, Node], Awaitable[Any]],
    patience: Patience = QUICK,
    tell: Callable[[Change], None] = lambda _: None,
    watched: tuple[Address, ...] = (),
) -> Any:
    """Run a driver and a node, and what happens between them."""

    async def stage() -> Any:
        driver = EchonetDriver(EchonetPort(), lambda: 5.0, LOOPBACK, patience, look_every_s=0.1)
        node = Node(NODE)
        is_open = asyncio.Event()
        tasks = [
            asyncio.create_task(node.run()),
            asyncio.create_task(driver.run(lambda: watched, tell, is_open.set)),
        ]
        try:
            await asyncio.wait_for(is_open.wait(), PATIENCE_S)
            await asyncio.sleep(0)
            return await asyncio.wait_for(scene(driver, node), PATIENCE_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(stage())


def refused(
    scene: Callable[[EchonetDriver, Node], Awaitable[Any]], patience: Patience = HASTY
) -> str:
    with pytest.raises(DriverError) as error:
        play(scene, patience)
    return error.value.reason.key


def test_points_are_what_the_object_itself_lets_be_set_and_read() -> None:
    async def scene(driver: EchonetDriver, _node: Node) -> None:
        assert driver.points(at(AIRCON)) == ()  # nothing is told yet
        await driver.read(at(AIRCON), "mode")
        offers = {point.name: point for point in driver.points(at(AIRCON))}
        assert offers.keys() == {
            "power", "mode", "target_temperature_c", "room_temperature_c", "fan_percent",
        }  # fmt: skip
        assert offers["mode"].act == ADJUST
        assert offers["room_temperature_c"].act == LOOK
        assert (offers["target_temperature_c"].low, offers["target_temperature_c"].high) == (0, 50)
        await driver.read(at(LOCK), "locked")
        offers = {point.name: point for point in driver.points(at(LOCK))}
        assert offers["locked"].act == OPERATE
        assert offers["power"].act == LOOK

    play(scene)


def test_a_mode_and_a_temperature_are_set_and_seen() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        assert await driver.read(at(AIRCON), "mode") == "off"
        await driver.write(at(AIRCON), "mode", "heat")
        assert node.values[AIRCON][0x80] == b"\x30"
        assert await driver.read(at(AIRCON), "mode") == "heat"
        await driver.write(at(AIRCON), "target_temperature_c", 21)
        assert await driver.read(at(AIRCON), "target_temperature_c") == 21
        assert await driver.read(at(AIRCON), "room_temperature_c") == 30
        await driver.write(at(AIRCON), "fan_percent", 50)
        assert node.values[AIRCON][0xA0] == b"\x34"

    play(scene)


def test_a_lock_a_battery_and_a_shutter_are_set_and_seen() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        await driver.write(at(LOCK), "locked", value=True)
        assert await driver.read(at(LOCK), "locked") is True
        await driver.write(at(BATTERY), "charge_w", 1500)
        assert await driver.read(at(BATTERY), "charge_w") == 1500
        await driver.write(at(BATTERY), "charge_w", -800)
        assert node.values[BATTERY][0xDA] == b"\x43"
        await driver.write(at(BATTERY), "charge_w", 0)
        assert await driver.read(at(BATTERY), "charge_w") == 0
        await driver.write(at(SHUTTER), "position_percent", 70)
        assert await driver.read(at(SHUTTER), "position_percent") == 70

    play(scene)


def test_a_wish_from_outside_is_told_to_be_one_and_one_from_home_too() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        await driver.write(at(AIRCON), "power", value=True, terms=Terms(is_from_outside=True))
        assert node.values[AIRCON][0x93] == b"\x42"
        await driver.write(at(AIRCON), "power", value=False)
        assert node.values[AIRCON][0x93] == b"\x41"
        sets = [frame for frame in node.heard if frame.esv is Esv.SET_C]
        assert all(frame.properties[0].epc == 0x93 for frame in sets)
        assert all(len(frame.properties) == 2 for frame in sets)

    play(scene)


def test_who_says_yes_and_does_nothing_is_found_out() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        node.is_lazy = True
        await driver.write(at(LOCK), "locked", value=True)

    assert refused(scene, QUICK) == "driving.not-shown"


def test_a_no_is_a_no() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        node.refused = {0xE0}
        await driver.write(at(LOCK), "locked", value=True)

    assert refused(scene, QUICK) == "driving.refused"


def test_only_the_remote_flag_refused_is_no_harm() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        node.refused = {0x93}
        await driver.write(at(AIRCON), "power", value=True)
        assert await driver.read(at(AIRCON), "power") is True

    play(scene)


def test_a_lost_answer_is_made_up_for_by_asking_again_and_by_looking() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        node.turn = lambda frame: [] if frame.esv is Esv.SET_RES else [frame]
        await driver.write(at(LOCK), "locked", value=True)
        assert node.values[LOCK][0xE0] == b"\x41"

    play(scene, Patience(answer_s=0.2, tries=2, shown_s=(0.0,)))


@pytest.mark.parametrize(
    "turned",
    [
        lambda frame: [msgspec.structs.replace(frame, tid=frame.tid ^ 1)],
        lambda frame: [msgspec.structs.replace(frame, seoj=bytes.fromhex("029001"))],
        lambda frame: [msgspec.structs.replace(frame, deoj=bytes.fromhex("05ff02"))],
        lambda frame: [msgspec.structs.replace(frame, properties=(Property(0xE1, b"\x41"),))],
        lambda frame: [b"\x10\x81garbage", b"", echonet.encode(frame)[:-1]],
        lambda _: [],
    ],
    ids=["wrong tid", "another object", "to another", "another property", "garbage", "silence"],
)
def test_what_is_no_answer_is_none(turned: Callable[[Any], list[Any]]) -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        node.turn = turned
        await driver.read(at(LOCK), "locked")

    assert refused(scene) == "driving.no-answer"


def test_an_answer_from_another_address_is_none() -> None:
    async def scene(driver: EchonetDriver, _node: Node) -> None:
        await driver._learn(at(LOCK, "127.0.0.22"))  # nobody is there, and NODE answers

    async def stage(driver: EchonetDriver, node: Node) -> None:
        reading = asyncio.create_task(scene(driver, node))
        await asyncio.sleep(0)
        await until(lambda: driver._exchange._open)
        (tid,) = driver._exchange._open
        maps = Property(0x9E, b"\x01\xe0"), Property(0x9F, b"\x01\xe0")
        frame = echonet.Frame(tid, bytes.fromhex(LOCK), echonet.CONTROLLER, Esv.GET_RES, maps)
        await node._send(echonet.encode(frame), "127.0.0.1")
        await reading

    assert refused(stage, Patience(answer_s=0.5, tries=1)) == "driving.no-answer"


def test_a_late_answer_answers_no_other_question() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        await driver.read(at(LOCK), "locked")
        kept: list[Frame] = []

        def keep(frame: Frame) -> list[Frame | bytes]:
            kept.append(frame)
            return []

        node.turn = keep
        with pytest.raises(DriverError):
            await driver.read(at(LOCK), "locked")
        node.turn = lambda frame: [*kept, frame]  # now all the old ones, and then the new one
        node.values[LOCK][0xE0] = b"\x41"
        assert await driver.read(at(LOCK), "locked") is True

    play(scene, HASTY)


def test_what_cannot_be_is_refused() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        await driver.read(at(AIRCON), "room_temperature_c")
        for octets, key in (
            (b"\x7e", "driving.no-value"), (b"\x80", "driving.no-value"), (b"\x01\x02", "driving.nonsense"),
        ):  # fmt: skip
            node.values[AIRCON][0xBB] = octets
            with pytest.raises(DriverError) as error:
                await driver.read(at(AIRCON), "room_temperature_c")
            assert error.value.reason.key == key

    play(scene)


@pytest.mark.parametrize(
    ("point", "value", "key"),
    [
        ("mode", "boil", "driving.out-of-range"),
        ("target_temperature_c", 51, "driving.out-of-range"),
        ("target_temperature_c", float("nan"), "driving.out-of-range"),
        ("target_temperature_c", True, "driving.out-of-range"),
        ("target_temperature_c", 21.5, "driving.too-fine"),
        ("room_temperature_c", 20, "driving.only-read"),
        ("locked", True, "driving.no-such-point"),
    ],
)
def test_a_wish_that_cannot_be_is_never_sent(point: str, value: Any, key: str) -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        with pytest.raises(DriverError) as error:
            await driver.write(at(AIRCON), point, value)
        assert error.value.reason.key == key
        assert not [frame for frame in node.heard if frame.esv is not Esv.GET]

    play(scene)


def test_changes_are_told_once_and_what_the_hub_set_is_nobodys_hand() -> None:
    told: list[Change] = []

    def of(point: str) -> list[tuple[Any, bool | None]]:
        return [(one.value, one.by_hand) for one in told if one.point == point]

    async def scene(driver: EchonetDriver, node: Node) -> None:
        await until(lambda: bool(of("locked")))
        node.values[LOCK][0xE0] = b"\x41"  # at the door itself
        await until(lambda: len(of("locked")) == 2)
        await driver.write(at(LOCK), "locked", value=False)
        await until(lambda: len(of("locked")) == 3)
        assert of("locked") == [(False, None), (True, None), (False, False)]
        # What it announces need not be asked for.
        await node.announce(LOCK, Property(0xE3, b"\x41"), esv=Esv.INF_C)
        await until(lambda: (True, None) in of("opened"))
        await until(lambda: any(frame.esv is Esv.INF_C_RES for frame in node.heard))

    play(scene, tell=told.append, watched=(at(LOCK),))


def test_what_is_announced_in_a_locks_name_is_asked_of_the_lock() -> None:
    """One forged datagram must not make the home believe that its door is locked."""
    told: list[Change] = []

    async def scene(_driver: EchonetDriver, node: Node) -> None:
        await until(lambda: any(one.point == "locked" for one in told))
        looked = len(node.heard)
        await node.announce(LOCK, Property(0xE0, b"\x41"), Property(0xE3, b"\x41"))
        await until(lambda: any((one.point, one.value) == ("opened", True) for one in told))
        await until(lambda: len(node.heard) > looked + 1)
        assert [one.value for one in told if one.point == "locked"] == [False]

    play(scene, tell=told.append, watched=(at(LOCK),))


def test_what_truly_changed_is_told_as_soon_as_it_is_announced() -> None:
    told: list[Change] = []

    async def scene(driver: EchonetDriver, node: Node) -> None:
        await until(lambda: any(one.point == "locked" for one in told))
        driver._look_every_s = 3600.0
        await asyncio.sleep(0.4)  # the last look of its own accord is over
        node.values[LOCK][0xE0] = b"\x41"
        await node.announce(LOCK, Property(0xE0, b"\x41"))
        await until(lambda: any((one.point, one.value) == ("locked", True) for one in told))

    play(scene, tell=told.append, watched=(at(LOCK),))


def test_one_node_is_asked_one_thing_at_a_time_and_more_than_enough_is_turned_away() -> None:
    async def scene(driver: EchonetDriver, node: Node) -> None:
        node.turn = lambda _: []
        asked = [
            asyncio.create_task(driver.read(at(LOCK), "locked"))
            for _ in range(WAITING_PER_NODE_MAX + 4)
        ]
        await asyncio.sleep(0.05)
        assert len(driver._exchange._open) == 1
        done = await asyncio.gather(*asked, return_exceptions=True)
        keys = [error.reason.key for error in done if isinstance(error, DriverError)]
        assert keys.count("driving.busy") == 4
        assert not driver._exchange._nodes
        assert not driver._exchange._waiting

    play(scene, HASTY)


def test_without_the_port_there_is_no_way() -> None:
    async def scene() -> None:
        driver = EchonetDriver(EchonetPort(), lambda: 0.0, LOOPBACK, HASTY)
        with pytest.raises(DriverError) as error:
            await driver.read(at(LOCK), "locked")
        assert error.value.reason.key == "driving.no-way"

    asyncio.run(scene())


def test_who_asks_what_there_is_and_who_drives_hear_through_one_socket() -> None:
    async def scene() -> None:
        port, heard = EchonetPort(), [0, 0]

        def ear(number: int) -> Callable[[str, Any], None]:
            def hear(_ip: str, frame: Frame) -> None:
                heard[number] += frame.esv is Esv.GET_RES

            return hear

        node = Node(NODE)
        running = asyncio.create_task(node.run())
        await until(lambda: node._sock)
        async with port.shared(LOOPBACK, ear(0)):
            async with port.shared(LOOPBACK, ear(1)):
                await port.send(echonet.ask(1, bytes.fromhex(LOCK), 0xE0), NODE)
                await until(lambda: heard == [1, 1])
            await port.send(echonet.ask(2, bytes.fromhex(LOCK), 0xE0), NODE)
            await until(lambda: heard == [2, 1])
        assert not port.is_open
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))
