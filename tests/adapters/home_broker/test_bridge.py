"""A real broker (mosquitto) is told of a home; it may be gone, change its password, or mean harm."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest

from adapters.home_broker.toy import DOOR, LAMP, Mosquitto, ToyHome, free_port
from omamori.adapters.home_broker import bridge, way
from omamori.adapters.home_broker.bridge import HomeBroker
from omamori.adapters.home_broker.topics import Topics, slug_of
from omamori.adapters.home_broker.way import PACKET_OCTETS_MAX, QUEUE_MAX, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

HUB = "abcd1234"
TOPICS = Topics(HUB)
LAMP_SLUG = slug_of(LAMP)
PATIENCE_S = 60.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "LEARN_S", 0.1)
    monkeypatch.setattr(bridge, "RETRY_S_MIN", 0.05)
    monkeypatch.setattr(bridge, "RETRY_S_MAX", 0.2)
    monkeypatch.setattr(bridge, "CALM_S", 0.01)


@asynccontextmanager
async def bridged(home: ToyHome, ours: Way) -> AsyncIterator[HomeBroker]:
    made = HomeBroker(home, ours, HUB, time.time, "1.0")
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


class Ear:
    """Somebody else at the broker: hears all, and says what it likes."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.kept: dict[str, bytes] = {}
        self.heard: list[tuple[str, bytes]] = []

    async def listen(self) -> None:
        async for message in self.client.messages:
            topic, payload = str(message.topic), message.payload
            assert isinstance(payload, bytes)
            self.heard.append((topic, payload))
            self.kept[topic] = payload

    def state(self, slug: str) -> Any:
        return json.loads(self.kept.get(TOPICS.of(slug, "state")) or b"{}")

    def why(self, slug: str, key: str) -> Any:
        return json.loads(self.kept.get(TOPICS.of(slug, "why")) or b"{}").get(key, {})


@asynccontextmanager
async def ear(port: int, user: str = "", password: str = "") -> AsyncIterator[Ear]:
    async with aiomqtt.Client(
        "127.0.0.1", port, username=user or None, password=password or None
    ) as client:
        made = Ear(client)
        await client.subscribe("#")
        listening = asyncio.create_task(made.listen())
        try:
            yield made
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


async def until(enough: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not enough():  # noqa: ASYNC110 - a broker tells when it likes
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("is_old", [False, True])
def test_a_home_is_announced_and_asked(broker: Mosquitto, is_old: bool) -> None:  # noqa: FBT001 - a parameter of the test
    async def main() -> None:
        home = ToyHome()
        async with ear(broker.port) as other, bridged(home, Way("127.0.0.1", broker.port)) as hub:
            hub._is_old = is_old
            await until(lambda: TOPICS.config(slug_of(DOOR)) in other.kept)
            assert other.kept[TOPICS.status] == b"online"
            assert hub.trouble is None
            await other.client.publish(TOPICS.command(LAMP_SLUG, "power"), "ON")
            await until(lambda: other.state(LAMP_SLUG).get("points", {}).get("power") == "ON")
            assert home.asked == [(LAMP, "power", True)]
            door = slug_of(DOOR)
            before = len(other.heard)
            await other.client.publish(TOPICS.command(door, "locked"), "UNLOCK")
            await until(lambda: other.why(door, "locked"))
            assert other.why(door, "locked")["reason"] == "Its level does not suffice."
            await until(lambda: any(t.endswith("event") for t, _ in other.heard[before:]))
            again = [t for t, _ in other.heard[before:]]
            assert TOPICS.of(door, "state") in again
            home.gone.add(LAMP)
            hub.changed()
            await until(lambda: other.kept[TOPICS.config(LAMP_SLUG)] == b"")
        async with ear(broker.port) as other:
            await until(lambda: other.kept.get(TOPICS.status) == b"offline")

    asyncio.run(main())


def test_an_old_wish_that_the_broker_kept_is_not_done(broker: Mosquitto) -> None:
    async def main() -> None:
        home = ToyHome()
        async with ear(broker.port) as other:
            topic = TOPICS.command(LAMP_SLUG, "power")
            await other.client.publish(topic, "ON", qos=1, retain=True)
            async with bridged(home, Way("127.0.0.1", broker.port)) as hub:
                await until(lambda: hub.ignored["kept"])
                assert home.asked == []
                await other.client.publish(topic, "OFF", qos=1)
                await until(lambda: home.asked)
                assert home.asked == [(LAMP, "power", False)]

    asyncio.run(main())


def test_a_broker_that_is_gone_at_first_and_comes_and_goes(tmp_path: Path) -> None:
    port = free_port()

    async def main() -> None:
        async with bridged(ToyHome(), Way("127.0.0.1", port)) as hub:
            await asyncio.sleep(0.3)
            assert hub.trouble is not None
            assert hub.trouble.key == "broker.not-reached"
            broker = await asyncio.to_thread(Mosquitto, tmp_path, port=port)
            try:
                await until(lambda: hub.trouble is None)
                await asyncio.to_thread(broker.stop)
                await until(lambda: hub.trouble is not None)
                await asyncio.to_thread(broker.start)
                async with ear(port) as other:
                    await until(lambda: TOPICS.config(LAMP_SLUG) in other.kept)
            finally:
                await asyncio.to_thread(broker.stop)

    asyncio.run(main())


def test_a_changed_password_is_read_again(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"

    def know(password: str) -> None:
        made = subprocess.run(
            ["mosquitto_passwd", "-b", "-c", str(passwords), "hub", password],
            check=False, capture_output=True,
        )  # fmt: skip
        if made.returncode:
            pytest.skip("mosquitto_passwd does not work here")
        passwords.chmod(0o644)

    try:
        know("old")
    except FileNotFoundError:
        pytest.skip("mosquitto_passwd is not installed")
    broker = Mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}")
    told = ["wrong"]

    async def main() -> None:
        ours = Way("127.0.0.1", broker.port, "hub", lambda: told[0])
        async with bridged(ToyHome(), ours) as hub:
            await until(lambda: hub.trouble is not None and hub.trouble.key == "broker.not-let-in")
            told[0] = "old"
            await until(lambda: hub.trouble is None)

    try:
        asyncio.run(main())
    finally:
        broker.stop()


def test_a_flood_of_great_and_small_messages_fills_nothing(broker: Mosquitto) -> None:
    async def main() -> None:
        home = ToyHome()
        async with ear(broker.port) as other, bridged(home, Way("127.0.0.1", broker.port)) as hub:
            await until(lambda: hub.trouble is None)
            topic = TOPICS.command(LAMP_SLUG, "brightness_percent")
            await other.client.publish(topic, b"9" * (PACKET_OCTETS_MAX * 4), qos=1)
            for _ in range(4 * QUEUE_MAX):
                await other.client.publish(topic, "50", qos=0)
            await until(lambda: hub.ignored["fast"] or len(home.asked) > 1)
            assert hub.trouble is None
            await until(lambda: other.why(LAMP_SLUG, "power"))
            assert len(home.asked) <= 4 * QUEUE_MAX
            assert all(value == 50 for _, _, value in home.asked)

    asyncio.run(main())


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00",
     b"\x20\xff\xff\xff\x7f" + b"x" * 5000, b"\xf0\xff\xff\xff\xff\xff"],
)  # fmt: skip
def test_what_is_no_broker_ends_nothing(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "ANSWER_S", 0.2)  # who hangs up at once is still waited for
    calls = 0

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.read(64)
        writer.write(answer)
        with suppress(OSError):
            await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with bridged(ToyHome(), Way("127.0.0.1", port)) as hub:
            await until(lambda: calls >= 3)
            assert hub.trouble is not None
        server.close()

    asyncio.run(main())


@pytest.mark.parametrize("packet", [b"\x30\xff\xff\xff\x7f", b"\x30\x81\x80\x01"])
def test_a_packet_that_no_honest_broker_sends_is_not_gathered(packet: bytes) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(256)
        writer.write(b"\x20\x03\x00\x00\x00" + packet)
        with suppress(OSError):
            while not writer.is_closing():
                writer.write(b"x" * 64)
                await writer.drain()
                await asyncio.sleep(0.001)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with bridged(ToyHome(), Way("127.0.0.1", port)) as hub:
            await until(lambda: hub.trouble is not None and hub.trouble.key == "broker.flooding")
        server.close()

    asyncio.run(main())
