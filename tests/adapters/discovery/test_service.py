"""Discovery as a whole: askers fail alone, come back by themselves, and stop when told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from omamori.adapters.discovery import service
from omamori.adapters.discovery.service import ASKERS, Discovery
from omamori.adapters.discovery.voice import BURST_MAX, RATE_PER_S_MAX, Voice

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.hub.sighting import Sighting


class Failing:
    """Fails as often as told, then asks until cancelled."""

    name = "failing"

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.times, self.closed = error, times, False

    async def run(self, is_well: Callable[[], None]) -> None:
        if self.times:
            self.times -= 1
            raise self.error
        is_well()
        try:
            await asyncio.Event().wait()
        finally:
            self.closed = True


class Steady(Failing):
    name = "steady"


@pytest.mark.parametrize(
    ("error", "key"),
    [(OSError("no route"), "discovery.no-network"), (KeyError("bug"), "discovery.broke")],
)
def test_an_asker_fails_alone_and_comes_back(
    error: Exception, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "RETRY_S_MIN", 0.02)
    failing, steady = Failing(error, 2), Steady(error, 0)

    async def run() -> None:
        discovery = Discovery(lambda _: None, lambda: 0.0, askers=[failing, steady])
        await discovery.start()
        await discovery.start()
        await asyncio.sleep(0.01)
        assert [(r.key, r.params) for r in discovery.troubles] == [(key, {"asker": "failing"})]
        while discovery.troubles:  # noqa: ASYNC110 -- it signals no change
            await asyncio.sleep(0.01)
        await discovery.stop()
        await discovery.stop()

    asyncio.run(run())
    assert failing.closed
    assert steady.closed


def test_each_asker_can_be_off() -> None:
    assert [a.name for a in Discovery(lambda _: None, lambda: 0.0)._askers] == list(ASKERS)
    assert [a.name for a in Discovery(lambda _: None, lambda: 0.0, on=["ssdp"])._askers] == ["ssdp"]


def test_a_flood_is_cut_and_counted() -> None:
    heard: list[Sighting] = []
    now = 0.0
    voice = Voice(heard.append, lambda: now)
    for _ in range(5000):
        voice.say("ip:192.0.2.1", "ssdp.search", {"st": "x"})
    assert len(heard) == BURST_MAX
    assert voice.dropped == 5000 - BURST_MAX
    now = 1.0
    for _ in range(1000):
        voice.say("ip:192.0.2.1", "ssdp.search", {"st": "x"})
    assert len(heard) == BURST_MAX + RATE_PER_S_MAX


def test_what_a_stranger_says_is_made_safe() -> None:
    heard: list[Sighting] = []
    Voice(heard.append, lambda: 9.0).say(
        "ip:192.0.2.1", "mdns.name", {"name": "a\x1b[31m\u202eb" * 200}, 4.0
    )
    assert heard[0].at == 5.0
    assert heard[0].fields["name"].isprintable()
    assert len(heard[0].fields["name"]) <= 255


def test_who_spoke_lately_is_remembered_within_a_bound() -> None:
    voice = Voice(lambda _: None, lambda: 0.0)
    for n in range(900):
        voice.say(f"ip:10.0.{n >> 8}.{n & 255}", "ssdp.search", {"st": "x"})
    assert len(voice.speakers) == 512
    assert "10.0.3.131" in voice.speakers
    assert "10.0.0.0" not in voice.speakers
