"""Real chargers by the `ocpp` library, over real WebSockets: honest, refusing, silent, flooding, old."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from adapters.things.known import known_thing
from adapters.things.waiting import until
from omamori.adapters.things.driver import Address, Change, DriverError, Terms
from omamori.adapters.things.ocpp import driver as ocpp_driver
from omamori.adapters.things.ocpp.driver import OcppDriver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NOW = 1_795_000_000.0
PASSWORDS = {"garage": "correct horse"}
AT = Address("charger", "127.0.0.1", "garage")
PATIENCE_S = 30.0


class Charger201(ChargePoint201):  # type: ignore[misc]
    """A charging station that keeps the profiles it is given."""

    status, view = "Accepted", "Accepted"
    is_silent = is_lazy = False

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self.profiles: dict[int, dict[str, Any]] = {}

    @on("SetChargingProfile")  # type: ignore[untyped-decorator]
    async def set_profile(self, evse_id: int, charging_profile: dict[str, Any]) -> Any:
        if self.is_silent:
            await asyncio.sleep(PATIENCE_S)
        assert evse_id == 1
        if self.status == "Accepted" and not self.is_lazy:
            self.profiles[charging_profile["id"]] = charging_profile
        return result201.SetChargingProfile(status=self.status)

    @on("ClearChargingProfile")  # type: ignore[untyped-decorator]
    async def clear(self, charging_profile_id: int) -> Any:
        known = self.profiles.pop(charging_profile_id, None)
        return result201.ClearChargingProfile(status="Accepted" if known else "Unknown")

    @on("GetCompositeSchedule")  # type: ignore[untyped-decorator]
    async def composite(self, duration: int, evse_id: int, charging_rate_unit: str) -> Any:
        if self.view != "Accepted":
            return result201.GetCompositeSchedule(status=self.view)
        limit = 32.0
        for profile in self.profiles.values():
            (schedule,) = profile["charging_schedule"]
            limit = min(limit, schedule["charging_schedule_period"][0]["limit"])
        schedule = {
            "evse_id": evse_id, "duration": duration, "schedule_start": "2026-11-23T00:00:00Z",
            "charging_rate_unit": charging_rate_unit,
            "charging_schedule_period": [{"start_period": 0, "limit": limit}],
        }  # fmt: skip
        return result201.GetCompositeSchedule(status="Accepted", schedule=schedule)


class Charger16(ChargePoint16):  # type: ignore[misc]
    """A charge point of the older version."""

    status = "Accepted"

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self.profiles: list[dict[str, Any]] = []

    @on("SetChargingProfile")  # type: ignore[untyped-decorator]
    async def set_profile(self, connector_id: int, cs_charging_profiles: dict[str, Any]) -> Any:
        assert connector_id == 1
        self.profiles.append(cs_charging_profiles)
        return result16.SetChargingProfile(status=self.status)

    @on("GetCompositeSchedule")  # type: ignore[untyped-decorator]
    async def composite(self, connector_id: int, duration: int, charging_rate_unit: str) -> Any:
        assert duration > 0
        told = self.profiles[-1]["charging_schedule"]["charging_schedule_period"]
        period = [{**told[0], "limit": int(told[0]["limit"])}]
        schedule = {"charging_rate_unit": charging_rate_unit, "charging_schedule_period": period}
        return result16.GetCompositeSchedule(
            status="Accepted", connector_id=connector_id, charging_schedule=schedule
        )


def header(name: str, password: str) -> dict[str, str]:
    told = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


def line(
    driver: OcppDriver, version: str = "ocpp2.0.1", path: str = "/ocpp/garage", **told: Any
) -> Any:
    headers = told.pop("headers", header("garage", PASSWORDS["garage"]))
    url = f"ws://127.0.0.1:{driver.bound}{path}"
    return connect(url, subprotocols=[Subprotocol(version)], additional_headers=headers, **told)


def play(
    scene: Callable[[OcppDriver], Awaitable[Any]], tell: Callable[[Change], None] = lambda _: None
) -> Any:
    async def stage() -> Any:
        driver = OcppDriver("127.0.0.1", 0, PASSWORDS, lambda: NOW, answer_s=0.5)
        is_open = asyncio.Event()
        running = asyncio.create_task(driver.run(lambda: [AT], tell, is_open.set))
        try:
            await asyncio.wait_for(is_open.wait(), PATIENCE_S)
            return await asyncio.wait_for(scene(driver), PATIENCE_S)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    return asyncio.run(stage())


def with_charger(
    scene: Callable[[OcppDriver, Any], Awaitable[Any]],
    kind: type[Any] = Charger201,
    version: str = "ocpp2.0.1",
    tell: Callable[[Change], None] = lambda _: None,
) -> Any:
    async def connected(driver: OcppDriver) -> Any:
        async with line(driver, version) as ws:
            charger = kind("garage", ws)
            hearing = asyncio.create_task(charger.start())
            await until(lambda: driver.points(AT))
            try:
                return await scene(driver, charger)
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    return play(connected, tell)


def refused(scene: Callable[[OcppDriver, Any], Awaitable[Any]], **told: Any) -> str:
    with pytest.raises(DriverError) as error:
        with_charger(scene, **told)
    return error.value.reason.key


def test_a_limit_is_taken_shown_and_ends_by_itself() -> None:
    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        await driver.write(AT, "charge_limit_a", 10, Terms(lease_s=600))
        (profile,) = charger.profiles.values()
        end = datetime.fromisoformat(profile["valid_to"]).timestamp()
        assert end == NOW + 600
        (schedule,) = profile["charging_schedule"]
        begin = datetime.fromisoformat(schedule["start_schedule"]).timestamp()
        assert begin <= NOW
        assert begin + schedule["duration"] == end
        assert schedule["charging_rate_unit"] == "A"
        assert await driver.read(AT, "charge_limit_a") == 10
        # The next limit takes the place of the last.
        await driver.write(AT, "charge_limit_a", 6, Terms(lease_s=600))
        assert len(charger.profiles) == 1
        await driver.write(AT, "charge_w", 3000)
        assert [
            p["charging_schedule"][0]["charging_rate_unit"] for p in charger.profiles.values()
        ] == ["W"]
        await driver.release(AT)
        assert not charger.profiles
        await driver.release(AT)

    with_charger(scene)


def test_a_limit_without_a_lease_ends_too() -> None:
    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        for lease_s, ends in ((0.0, ocpp_driver.LEASE_S_USUAL), (1e12, ocpp_driver.LEASE_S_MAX)):
            await driver.write(AT, "charge_limit_a", 0, Terms(lease_s=lease_s))
            (profile,) = charger.profiles.values()
            assert datetime.fromisoformat(profile["valid_to"]).timestamp() == NOW + ends

    with_charger(scene)


def test_a_charger_that_rejects_has_rejected() -> None:
    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        charger.status = "Rejected"
        await driver.write(AT, "charge_limit_a", 10)

    assert refused(scene) == "driving.refused"


def test_who_says_yes_and_does_nothing_is_found_out() -> None:
    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        charger.is_lazy = True
        await driver.write(AT, "charge_limit_a", 10)

    assert refused(scene) == "driving.not-shown"


def test_who_cannot_show_it_is_believed() -> None:
    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        charger.view = "Rejected"
        await driver.write(AT, "charge_limit_a", 10)
        assert charger.profiles

    with_charger(scene)


def test_a_charger_that_hangs_is_let_go_and_its_late_answer_is_none() -> None:
    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        charger.is_silent = True
        await driver.write(AT, "charge_limit_a", 10)

    assert refused(scene) == "driving.no-answer"


def test_a_charger_that_goes_leaves_nobody_waiting() -> None:
    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        charger.is_silent = True
        writing = asyncio.create_task(driver.write(AT, "charge_limit_a", 10))
        await asyncio.sleep(0.05)
        await charger._connection.close()
        await writing

    assert refused(scene) == "driving.not-connected"


@pytest.mark.parametrize("value", [-1, 64, float("nan"), True, "10"])
def test_a_limit_that_cannot_be_is_never_sent(value: Any) -> None:
    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        try:
            await driver.write(AT, "charge_limit_a", value)
        finally:
            assert not charger.profiles

    assert refused(scene) == "driving.out-of-range"


def test_an_older_charger_is_limited_too() -> None:
    async def scene(driver: OcppDriver, charger: Charger16) -> None:
        await charger.call(call16.BootNotification("Wall", "Maker"))
        started = await charger.call(call16.StartTransaction(1, "tag", 0, "2026-11-23T00:00:00Z"))
        assert started.transaction_id == 1
        await driver.write(AT, "charge_limit_a", 8.25, Terms(lease_s=60))
        profile = charger.profiles[-1]
        assert profile["charging_profile_purpose"] == "TxDefaultProfile"
        assert profile["charging_schedule"]["charging_schedule_period"][0]["limit"] == Decimal(
            "8.2"
        )
        charger.status = "NotSupported"
        await driver.write(AT, "charge_limit_a", 9)

    assert refused(scene, kind=Charger16, version="ocpp1.6") == "driving.unsupported"


def sampled(value: float, measurand: str, unit: str = "", phase: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {"value": value, "measurand": measurand}
    if unit:
        told["unit_of_measure"] = {"unit": unit}
    if phase:
        told["phase"] = phase
    return told


def test_what_a_charger_says_of_itself_is_heard() -> None:
    told: list[Change] = []

    async def scene(driver: OcppDriver, charger: Charger201) -> None:
        boot = await charger.call(
            call201.BootNotification({"model": "Wall", "vendor_name": "Maker"}, "PowerUp")
        )
        assert boot.status == "Accepted"
        assert datetime.fromisoformat(boot.current_time).timestamp() == NOW
        await charger.call(call201.Heartbeat())
        stamp = "2026-11-23T00:00:00Z"
        await charger.call(call201.StatusNotification(stamp, "Occupied", 1, 1))
        values = [
            {
                "timestamp": stamp,
                "sampled_value": [
                    sampled(1.0, "Power.Active.Import", "kW", "L1"),
                    sampled(2.0, "Power.Active.Import", "kW", "L2"),
                    sampled(12_000, "Energy.Active.Import.Register", "Wh"),
                    sampled(55, "SoC", "Percent"),
                ],
            }
        ]
        await charger.call(
            call201.TransactionEvent(
                "Updated",
                stamp,
                "MeterValuePeriodic",
                1,
                {"transaction_id": "t"},
                meter_value=values,
                evse={"id": 1},
            )
        )
        assert await driver.read(AT, "power_w") == 3000
        assert await driver.read(AT, "energy_kwh") == 12
        assert await driver.read(AT, "state_of_charge_percent") == 55
        assert await driver.read(AT, "plugged") is True
        seen = {one.point: (one.value, one.by_hand) for one in told}
        assert seen["plugged"] == (True, True)
        assert seen["power_w"] == (3000.0, None)
        await charger.call(call201.StatusNotification(stamp, "Faulted", 1, 1))
        assert await driver.read(AT, "fault") is True

    with_charger(scene, tell=told.append)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/garage", header("garage", "wrong")),
        ("/garage", header("other", PASSWORDS["garage"])),
        ("/other", header("other", "")),
        ("/", header("", "")),
        ("/garage", {}),
        ("/garage", {"Authorization": "Basic !!!"}),
        ("/garage", {"Authorization": "Bearer x"}),
        ("/garage/../../x", header("x", "")),
    ],
)
def test_strangers_are_not_let_in(path: str, headers: dict[str, str]) -> None:
    async def scene(driver: OcppDriver) -> None:
        with pytest.raises(InvalidStatus) as error:
            async with line(driver, path=path, headers=headers):
                pass
        assert error.value.response.status_code == 401

    play(scene)


def test_who_guesses_passwords_is_told_to_wait() -> None:
    async def scene(driver: OcppDriver) -> None:
        seen = []
        for _ in range(ocpp_driver.FAILURES_MAX + 2):
            with pytest.raises(InvalidStatus) as error:
                async with line(driver, headers=header("garage", "guess")):
                    pass
            seen.append(error.value.response.status_code)
        assert seen[-1] == 429

    play(scene)


def test_a_version_that_nobody_speaks_is_turned_away() -> None:
    async def scene(driver: OcppDriver) -> None:
        with pytest.raises(InvalidStatus) as error:
            async with line(driver, version="ocpp9"):
                pass
        assert error.value.response.status_code == 400

    play(scene)


async def closed(ws: ClientConnection) -> int | None:
    with suppress(ConnectionClosed):
        while True:
            await ws.recv()
    return ws.close_code


def test_a_flood_closes_the_line() -> None:
    async def scene(driver: OcppDriver) -> None:
        async with line(driver) as ws:
            with suppress(ConnectionClosed):
                for number in range(1000):
                    await ws.send(json.dumps([3, str(number), {}]))
            assert await closed(ws) == 1008
        await until(lambda: not driver._chargers)

    play(scene)


def test_a_giant_message_closes_the_line() -> None:
    async def scene(driver: OcppDriver) -> None:
        async with line(driver) as ws:
            await ws.send("[" * 100_000)
            assert await closed(ws) == 1009

    play(scene)


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "[]", "[2]", '[2,"",' + '"Heartbeat",{}]', "[" * 20_000, '[3,"1",{}]',
        '[2,"' + "x" * 99 + '","Heartbeat",{}]', '{"a":1}', '[9,"1",{}]', b"\x00binary",
    ],
)  # fmt: skip
def test_what_is_no_message_is_not_answered_and_the_next_one_is(text: str | bytes) -> None:
    async def scene(driver: OcppDriver) -> None:
        async with line(driver) as ws:
            await ws.send(text)
            await ws.send('[2,"7","Heartbeat",{}]')
            assert json.loads(await ws.recv())[:2] == [3, "7"]

    play(scene)


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Reboot", {}, "NotImplemented"),
        ("StatusNotification", {"connectorId": "one"}, "TypeConstraintViolation"),
        (
            "MeterValues",
            {"meterValue": [{"sampledValue": [{"value": []}]}]},
            "TypeConstraintViolation",
        ),
        ("TransactionEvent", [], "TypeConstraintViolation"),
    ],
)
def test_a_message_that_cannot_be_is_answered_with_its_fault(
    action: str, payload: Any, code: str
) -> None:
    async def scene(driver: OcppDriver) -> None:
        async with line(driver) as ws:
            await ws.send(json.dumps([2, "1", action, payload]))
            assert json.loads(await ws.recv())[:3] == [4, "1", code]

    play(scene)


def test_the_same_charger_connecting_anew_takes_its_place() -> None:
    async def scene(driver: OcppDriver) -> None:
        async with line(driver) as first:
            await until(lambda: driver._chargers)
            async with line(driver) as second:
                await closed(first)
                await second.send('[2,"7","Heartbeat",{}]')
                await second.recv()
                assert len(driver._chargers) == len(driver._lines) == 1
        await until(lambda: not driver._chargers)

    play(scene)


def test_a_charger_is_the_thing_at_its_address() -> None:
    async def scene(driver: OcppDriver, _charger: Any) -> None:
        assert driver.address(known_thing("charger", "127.0.0.1"), ()) == AT
        assert driver.address(known_thing("tv", "127.0.0.2"), ()) is None

    with_charger(scene)
