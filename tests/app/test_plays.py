"""The plays: each can be begun, acted in and ended; the real arbiter judges, nothing real is touched."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from app.protected import Speaker, standing
from omamori.app.plays import PlayError, Stage
from omamori.app.plays_told import PLAYS
from omamori.app.practice import Practice
from omamori.app.theatre import Theatre
from omamori.hub.commanding.command import PERSON
from omamori.simulation.practice_cast import CAST
from omamori.web.sentences import protection

if TYPE_CHECKING:
    from omamori.documents.reason import Reason

START = 1_800_000_000.0
URI = "https://saver.example/s"
BATTERY, TV = CAST["battery"].end.mac, CAST["television"].end.mac


class Played:
    """An open practice home and its clock."""

    def __init__(self) -> None:
        self.now = START
        self.entries: list[Any] = []
        self.practice = Practice(
            119, lambda: self.now, lambda: None, Speaker(), self.entries.extend
        )
        asyncio.run(self._open())

    async def _open(self) -> None:
        running = asyncio.create_task(self.practice.run())
        while not self.practice.is_open:  # noqa: ASYNC110 - it breathes between pieces of its past
            await asyncio.sleep(0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    def begin(self, situation: str) -> Any:
        steward = self.practice.protection.steward
        steward.regain(URI)
        play = PLAYS[situation](Stage(self.practice, lambda _: standing(4), URI))
        self.play = play
        self.live(1)
        return play

    def live(self, for_s: float) -> None:
        until = self.now + for_s
        while self.now < until:
            self.now += 0.5
            self.practice.beat(self.now)
            self.play.step(self.now)


@pytest.fixture(scope="module")
def opened() -> Played:
    return Played()


@pytest.fixture
def played(opened: Played) -> Any:
    yield opened
    opened.play.end()
    steward = opened.practice.protection.steward
    for outcome in steward.arbiter.live(opened.now):
        steward.withdraw(outcome.command.id, outcome.command.origin)
    opened.now += 120
    opened.practice.disturb("")


def as_it_is(reason: Reason) -> Reason:
    return reason


def lines(play: Any) -> list[str]:
    return [step.what.key for step in play.steps]


@pytest.mark.parametrize("situation", sorted(PLAYS))
def test_every_choice_of_every_play_can_be_made_and_is_told(played: Played, situation: str) -> None:
    play = played.begin(situation)
    played.live(6)
    made: set[str] = set()
    for _ in range(20):
        left = [choice for choice in play.choices() if choice not in made]
        if not left:
            break
        told = len(play.steps)
        play.choose(left[0])
        played.live(2)
        made.add(left[0])
        assert len(play.steps) > told or len(play.steps) == play.steps.maxlen
    assert made
    for wrong in ("", "no-such", "x" * 10_000, "\x00"):
        with pytest.raises(PlayError):
            play.choose(wrong)
    assert play.steps
    view = play.view(str, as_it_is)
    assert view.situation == situation
    assert {lane for lane, _ in view.lanes} >= {step.actor for step in play.steps if step.actor}
    play.end()
    play.end()  # twice does no harm
    assert play.is_over


def test_a_film_is_not_switched_off_until_it_ends(played: Played) -> None:
    play = played.begin("film")
    played.live(10)
    assert play.stage.waiting() is not None
    assert played.practice.devices.value("television", "power") is True
    play.choose("film-ends")
    played.live(5)
    assert played.practice.devices.value("television", "power") is False
    assert "play.film-ends" in lines(play)


def test_a_hijacked_service_loses_the_battery_and_the_hand_goes_first(played: Played) -> None:
    play = played.begin("battery")
    played.live(5)
    play.choose("take-over")
    held = played.practice.protection.steward.arbiter.in_force(BATTERY, "charge_w")
    played.live(5)
    held = played.practice.protection.steward.arbiter.in_force(BATTERY, "charge_w")
    assert held is not None
    assert held.origin.kind == PERSON
    play.choose("hijack")
    played.live(5)
    assert played.practice.protection.steward.arbiter.why_lost(URI)
    assert played.practice.devices.value("battery", "charge_w") == 0
    assert "command.behaviour-departs" in protection.SENTENCES


def test_a_play_that_ended_hears_nothing_more(played: Played) -> None:
    play = played.begin("battery")
    play.end()
    told = len(play.steps)
    play.stage.ask("battery", "charge_w", 500)
    played.live(5)
    assert len(play.steps) == told


def test_nothing_that_is_played_is_kept(played: Played) -> None:
    played.begin("film")
    played.live(6)
    assert played.practice.protection.keeper() is None
    assert played.practice.protection.trouble is None


def test_a_theatre_whose_service_is_not_there_yet_says_so() -> None:
    class NotYet:
        players: dict[str, Any] = {}  # noqa: RUF012 - never changed

    class Closed:
        is_open = False

    theatre = Theatre(Closed(), NotYet(), lambda: START)  # type: ignore[arg-type]  # play their parts
    assert not theatre.begin("no-such-play")
    with pytest.raises(PlayError):
        theatre.begin("film")
    with pytest.raises(PlayError):
        theatre.choose("film", "agree")
    theatre.end()
    assert theatre.situation == ""
    assert theatre.view("film", "en") is None
    assert not theatre.step(START)
