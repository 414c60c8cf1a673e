"""The sample home, with real authorities over HTTPS and real meetings over TLS 1.3."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from omamori.adapters.entries import MemoryEntries
from omamori.app.sample import serve_sample_authority
from omamori.simulation.cast import FAULTS, FIRST_LINKS
from omamori.simulation.sample_home import SampleError, SampleHome
from omamori.simulation.sample_views import SampleViews
from omamori.simulation.world import World
from omamori.trust.standing import Caps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from omamori.simulation.telling import Meeting

PATIENCE_S = 20.0
WHY = {
    "expired": "standing.certificate-expired",
    "revoked": "standing.certificate-revoked",
    "unmapped": "standing.no-map-for-industry",
    "lowered": "standing.level-lowered",
    "rogue": "standing.unknown-authority",
    "replayed": "standing.statement-withdrawn",
    "clock": "path.revocation-stale",
}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[SampleHome]:
    world = World(119, time.time())
    home = SampleHome(
        folder, world, serve_sample_authority, MemoryEntries(), Caps(), time.time, lambda: None
    )
    await home.open()
    try:
        yield home
    finally:
        await home.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - a test looks from outside, it has no event
            await asyncio.sleep(0.02)


async def met(home: SampleHome, one: str, other: str, purpose: str, fault: str) -> Meeting:
    meeting = home.meetings[home.begin(one, other, purpose, fault)]
    await until(lambda: meeting.took_s is not None or meeting.trouble is not None)
    return meeting


def states(home: SampleHome) -> dict[tuple[str, str, str], str]:
    return {(link.a, link.b, link.purpose): link.state for link in home.links.all()}


def test_a_home_lives_through_a_lowered_level_every_fault_and_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "sample"

    async def life() -> None:
        async with opened(folder) as home:
            assert set(states(home)) == set(FIRST_LINKS)
            assert set(states(home).values()) == {"active"}
            await lowered_and_raised(home)
            await every_fault(home)
            home.set_level("mobility", "kaze-ev", 1)
            await until(lambda: states(home)["battery", "ev", "share-energy"] != "active")
        async with opened(folder) as home:
            # what the authority decided outlasts a restart
            assert states(home).get(("battery", "ev", "share-energy")) != "active"
            assert SampleViews(home).todos("ja"), "and a person is told what to do"
            # nor does the restart stand in the way of its coming back
            home.set_level("mobility", "kaze-ev", 4)
            await until(lambda: set(states(home).values()) == {"active"})
            assert SampleViews(home).todos("ja") == []

    asyncio.run(life())


def why(home: SampleHome) -> set[str]:
    return {reason.key for link in home.links.all() for reason in link.reasons}


async def lowered_and_raised(home: SampleHome) -> None:
    home.set_level("energy", "power-bank-10", 1)
    await until(lambda: states(home)["battery", "ev", "share-energy"] == "suspended")
    # Another industry may first hear that the old word was withdrawn; the new word follows.
    await until(lambda: {"standing.level-lowered", "standing.lowered-below-map"} <= why(home))
    touched = {link for link, state in states(home).items() if state != "active"}
    assert touched == {link for link in FIRST_LINKS if "battery" in link}
    home.set_level("energy", "power-bank-10", 5)
    await until(lambda: set(states(home).values()) == {"active"})


async def every_fault(home: SampleHome) -> None:
    before = states(home)
    for fault in FAULTS:
        meeting = await met(home, "gateway", "aircon", "switch-power", fault)
        assert meeting.trouble is None, fault
        assert meeting.by_caller is not None
        found = {reason.key for reason in meeting.by_caller.standing.reasons}
        if fault == "nothing":
            assert meeting.by_caller.answer == "allow"
        else:
            assert WHY[fault] in found, (fault, found)
            assert meeting.by_caller.answer in ("refuse", "limit"), fault
    assert states(home) == before


def test_what_makes_no_sense_is_refused_with_its_reason(tmp_path: Path) -> None:
    home = SampleHome(
        tmp_path,
        World(1, 0.0),
        serve_sample_authority,
        MemoryEntries(),
        Caps(),
        time.time,
        lambda: None,
    )
    with pytest.raises(SampleError, match=r"sample\.no-such-thing"):
        home.begin("nobody", "no one", "share-energy", "nothing")
    with pytest.raises(SampleError, match=r"sample\.same-thing"):
        home.begin("ev", "ev", "share-energy", "nothing")
    with pytest.raises(SampleError, match=r"sample\.no-such-industry"):
        home.set_level("toys", "x", 1)
