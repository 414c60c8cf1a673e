"""The real Home Assistant sees this home, and its wishes go through the arbiter."""

from __future__ import annotations

import asyncio
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from adapters.home_broker.toy import Mosquitto, free_port
from app.broker_made import LAMP, GuardedHome
from app.watched import IRON
from omamori.adapters.home_broker.bridge import HomeBroker
from omamori.adapters.home_broker.way import Way
from omamori.app.steward import family

from .assistant import PROGRAM, Assistant
from .net import need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "of the test"
PATIENCE_S = 60.0
HUB, CALLED = "hub", "assistant"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    need("mosquitto_passwd")
    if not PROGRAM.exists():
        pytest.skip("Home Assistant is not in .tools; OMAMORI_HOME_ASSISTANT=1 .ci/run brings it")
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    for user in (HUB, CALLED):
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, SECRET], check=True)
    made = Mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}")
    yield made
    made.stop()


@pytest.fixture
def assistant(tmp_path: Path, broker: Mosquitto) -> Iterator[Assistant]:
    told = {"broker": "127.0.0.1", "port": broker.port, "username": CALLED, "password": SECRET}
    made = Assistant(tmp_path, free_port(), told)
    yield made
    made.end()


class Seen:
    """What Home Assistant shows."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant

    async def until(
        self, sort: str, name: str, enough: Callable[[dict[str, Any]], object]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = await asyncio.to_thread(self.assistant.entity, sort, name)
            if found and enough(found):
                return found
            await asyncio.sleep(0.2)
        pytest.fail(f"{sort} {name} is {found}")

    async def call(self, service: str, entity: dict[str, Any], **more: Any) -> None:
        await asyncio.to_thread(lambda: self.assistant.call(service, entity, **more))


def is_(state: str) -> Callable[[dict[str, Any]], bool]:
    return lambda found: found["state"] == state


def came(outcome: str) -> Callable[[dict[str, Any]], bool]:
    return lambda found: found["attributes"].get("outcome") == outcome


async def a_lamp_waits_for_the_family(made: GuardedHome, seen: Seen) -> None:
    lamp = await seen.until("light", "Lamp power on and off", is_("off"))
    await seen.call("light/turn_on", lamp)
    lamp = await seen.until("light", "Lamp power on and off", came("asked"))
    assert lamp["state"] == "off"
    assert lamp["attributes"]["reason"]
    assert made.written == []
    steward = made.protection.steward
    (waiting,) = steward.arbiter.live(made.home.now)
    assert waiting.command.origin.channel == "broker"
    steward.decide(waiting.command.id, family(), do=True)
    await seen.until("light", "Lamp power on and off", is_("on"))


async def heat_and_doors_are_refused(made: GuardedHome, seen: Seen) -> None:
    written = len(made.written)
    heater = await seen.until("switch", "Heater power on and off", is_("off"))
    await seen.call("switch/turn_on", heater)
    heater = await seen.until("switch", "Heater power on and off", came("refused"))
    assert heater["state"] == "off"
    assert heater["attributes"]["reason"]
    door = await seen.until("lock", "Door the lock", is_("locked"))
    await seen.call("lock/unlock", door)
    door = await seen.until("lock", "Door the lock", came("refused"))
    assert door["state"] == "locked"
    assert len(made.written) == written
    happened = await seen.until("event", "Door Happened", lambda found: found["state"] != "unknown")
    assert happened["attributes"]["event_type"] == "refused"
    said = await seen.until("sensor", "Omamori Last word", lambda found: found["state"])
    assert happened["attributes"]["reason"].startswith(said["state"].rstrip("…"))


async def alerts_and_cuts_are_seen(made: GuardedHome, seen: Seen) -> None:
    made.home.joins(IRON, 4)
    made.home.watch.correct(IRON, "Iron", "appliance")
    await seen.until("binary_sensor", "Iron Alert", is_("off"))
    made.home.lives(0.2)
    made.protection.alerted(made.home.sweeps(IRON, 4), [])
    alert = await seen.until("binary_sensor", "Iron Alert", is_("on"))
    assert alert["attributes"]["sentence"]
    await seen.until("sensor", "Iron State", is_("Attention"))
    assert made.protection.shield.guard.is_cut(IRON)
    cut = await seen.until("switch", "Iron Cut off", is_("on"))
    await seen.call("switch/turn_off", cut)  # the hub cut it off: that is not for a broker to undo
    cut = await seen.until("switch", "Iron Cut off", came("refused"))
    assert cut["state"] == "on"
    lamp = await seen.until("switch", "Lamp Cut off", is_("off"))
    await seen.call("switch/turn_on", lamp)
    await seen.until("switch", "Lamp Cut off", is_("on"))
    assert made.protection.shield.guard.is_cut(LAMP)


@pytest.mark.slow
def test_home_assistant_sees_the_home_and_asks_it(assistant: Assistant, broker: Mosquitto) -> None:
    async def main() -> None:
        made, seen = GuardedHome(), Seen(assistant)
        way = Way("127.0.0.1", broker.port, HUB, lambda: SECRET)
        hub = HomeBroker(made.house, way, "abcd1234", time.time, "test")
        running = asyncio.create_task(hub.run())
        try:
            await seen.until("sensor", "Lamp Trust level", is_("unknown"))  # nobody gave it one
            await a_lamp_waits_for_the_family(made, seen)
            await heat_and_doors_are_refused(made, seen)
            await alerts_and_cuts_are_seen(made, seen)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        await seen.until("light", "Lamp power on and off", is_("unavailable"))

    asyncio.run(main())
