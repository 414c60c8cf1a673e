"""The stream says only what changed, together, to a bounded number of pages."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from omamori.web import live as live_module
from omamori.web.live import LISTENERS_MAX, TOPICS_MAX, Live

if TYPE_CHECKING:
    import pytest


FIRST = "retry: 3000\nevent: version\ndata: 0\n\n"


async def told(live: Live, count: int) -> tuple[asyncio.Task[list[str]], list[str]]:
    stream = live._events()
    heard: list[str] = [await anext(stream)]

    async def read() -> list[str]:
        async for event in stream:
            heard.append(event)
            if len(heard) == count:
                break
        await stream.aclose()  # type: ignore[attr-defined]
        return heard

    return asyncio.create_task(read()), heard


def test_changes_are_told_together_and_from_any_thread() -> None:
    async def story() -> list[str]:
        live = Live()
        reading, _heard = await told(live, 2)

        def elsewhere() -> None:
            for topic in ("sample", "home", "home"):
                live.changed(topic)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        heard = await reading
        assert live.listeners == 0
        return heard

    assert asyncio.run(story()) == [FIRST, "event: changed\ndata: home sample\n\n"]


def test_a_quiet_stream_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "HEARTBEAT_S", 0.01)

    async def story() -> list[str]:
        reading, _heard = await told(Live(), 3)
        return await reading

    assert asyncio.run(story())[1:] == [": still here\n\n"] * 2


def test_listeners_and_topics_are_bounded() -> None:
    async def story() -> None:
        live = Live()
        streams = [live._events() for _ in range(LISTENERS_MAX)]
        for stream in streams:
            await anext(stream)
        assert live.listeners == LISTENERS_MAX
        assert live.respond().status_code == 503
        for number in range(100):
            live.changed(f"topic-{number}")
        await asyncio.sleep(0)
        assert all(len(listener.topics) <= TOPICS_MAX for listener in live._listeners)
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]
        assert live.respond().status_code == 200

    asyncio.run(story())


def test_closing_ends_every_stream() -> None:
    async def story() -> list[str]:
        live = Live()
        reading, _heard = await told(live, 99)
        await asyncio.sleep(0)
        live.close()
        assert live.respond().status_code == 503
        return await asyncio.wait_for(reading, 5)

    assert asyncio.run(story())[-1] == "event: changed\ndata: closing\n\n"
