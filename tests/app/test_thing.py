"""A developer's thing: enrols, meets without a line, follows the news, and says plainly what is wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from omamori.app.authority_server import AuthoritySettings, create_authority, serve_authority
from omamori.app.thing import Thing, ThingError, enrol
from omamori.authority.records import Product
from omamori.authority.registry import Target
from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.app.authority_server import RunningAuthority
    from omamori.trust.meeting import Outcome

COMMAND = [sys.executable, "-c", "from omamori.app.cli import main; main()"]


async def served(folder: Path) -> RunningAuthority:
    create_authority(folder, "energy", "energy.example", time.time())
    running = await serve_authority(AuthoritySettings(data=folder), follow=False)
    running.service.add_product(Product(name="battery", assessed=4, rung=4), time.time())
    return running


async def enrolled(running: RunningAuthority, folder: Path) -> Thing:
    code = running.service.enrolment_code("battery", "", 0, time.time())
    thing = await enrol(folder, running.url, running.root, code)
    await thing.refresh()
    return thing


async def met(caller: Thing, answerer: Thing) -> Outcome:
    told: asyncio.Queue[Outcome | RefusedError] = asyncio.Queue()
    answering = await answerer.answer(told.put_nowait).open()
    try:
        return await caller.meet("127.0.0.1", answering.port, "share-energy")
    finally:
        await answering.close()


def test_two_things_meet_without_a_line(tmp_path: Path) -> None:
    async def life() -> None:
        running = await served(tmp_path / "authority")
        await enrolled(running, tmp_path / "one")
        await enrolled(running, tmp_path / "two")
        await running.stop()
        one, two = Thing.open(tmp_path / "one"), Thing.open(tmp_path / "two")
        with pytest.raises(RefusedError, match=r"authority\.unreachable"):
            await one.refresh()
        outcome = await met(one, two)
        assert (outcome.answer, str(outcome.level)) == ("allow", "energy Lv.4")

    asyncio.run(life())


def test_a_thing_that_follows_shows_its_new_word_at_once(tmp_path: Path) -> None:
    async def life() -> None:
        running = await served(tmp_path / "authority")
        one = await enrolled(running, tmp_path / "one")
        two = await enrolled(running, tmp_path / "two")
        following = [asyncio.create_task(thing.follow()) for thing in (one, two)]
        running.service.lower(Target(product="battery"), 2, "unpatched", time.time())
        async with asyncio.timeout(20):
            while (await met(one, two)).answer != "limit":  # noqa: ASYNC110 - from outside
                await asyncio.sleep(0.05)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        await running.stop()

    asyncio.run(life())


def test_an_unknown_purpose_is_refused_before_anybody_is_called(tmp_path: Path) -> None:
    async def life() -> None:
        running = await served(tmp_path / "authority")
        one = await enrolled(running, tmp_path / "one")
        with pytest.raises(ThingError, match=r"thing\.purpose-unknown"):
            await one.meet("127.0.0.1", 1, "make-coffee")
        await running.stop()

    asyncio.run(life())


@pytest.mark.parametrize(
    "words",
    [
        ("enrol", "new", "--authority", "https://127.0.0.1:1", "--root", "missing", "--code", "x"),
        ("meet", "missing", "127.0.0.1", "1"),
        ("answer", "missing"),
    ],
)
def test_a_mistake_is_told_without_a_trace(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [*COMMAND, "thing", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("file", ["thing.json", "thing.der", "statement.cwt", "bundle.cose"])
@pytest.mark.parametrize("octets", [b"", b"{}", b"\xff\x00junk"])
def test_a_damaged_folder_is_a_thing_or_a_reason(tmp_path: Path, file: str, octets: bytes) -> None:
    async def life() -> None:
        running = await served(tmp_path / "authority")
        await enrolled(running, tmp_path / "one")
        await running.stop()

    asyncio.run(life())
    (tmp_path / "one" / file).write_bytes(octets)
    try:
        Thing.open(tmp_path / "one")
    except RefusedError as error:
        assert file in ("thing.json", "thing.der"), error  # what can be fetched anew is forgiven
