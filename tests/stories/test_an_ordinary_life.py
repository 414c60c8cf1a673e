"""Stories in virtual time of nothing at all: ordinary weeks, restarts, and clocks that jump."""

from __future__ import annotations

import copy

import pytest

from omamori.hub.alerting.alert import FINE
from omamori.hub.talking.news import BEGINNING_S
from omamori.simulation.practice import DAY_S
from omamori.simulation.practice_cast import CAST, PHONES
from stories.heard_home import HOUR_S, HeardHome

PHONE_MACS = {end.mac for end in PHONES}
THINGS = len(CAST) + 2  # and two lights behind the adapter


@pytest.fixture(scope="module")
def lived() -> HeardHome:
    return HeardHome()


@pytest.fixture
def home(lived: HeardHome) -> HeardHome:
    return copy.deepcopy(lived)


def habits(home: HeardHome) -> dict[str, set[tuple[str, str, str]]]:
    """What each thing is known to do."""
    behaviour = home.watch.behaviour
    found = {thing.id: behaviour.habits(thing.id) for thing in home.watch.inventory.things()}
    return {thing: set(known.known) for thing, known in found.items() if known}


def known(home: HeardHome) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    return {
        thing.id: (
            thing.identity.kind.value,
            thing.identity.confidence,
            tuple(sorted(thing.aliases)),
        )
        for thing in home.watch.inventory.things()
    }


def talk(home: HeardHome) -> set[tuple[str, str, str, int, int]]:
    return {
        (one.thing, one.other, one.name, one.sent, one.received)
        for one in home.watch.traffic.partners()
    }


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))]
)
def test_a_week_of_ordinary_life_tells_nobody_anything(seed: int) -> None:
    home = HeardHome(seed)
    home.live(4 * DAY_S)
    assert home.told == []
    things = home.watch.inventory.things()
    assert len(things) == THINGS
    settled = [thing for thing in things if home.watch.behaviour.habits(thing.id)]
    assert len(settled) >= THINGS - 4  # the adapter, its lights and the router call nobody


def test_after_a_restart_nothing_is_new_and_nothing_is_forgotten(home: HeardHome) -> None:
    before = known(home), habits(home), talk(home)
    restarted_at = home.clock
    home.restart()
    assert (known(home), habits(home), talk(home)) == before
    home.live(3 * DAY_S)
    assert home.told == []
    assert home.news(restarted_at) == []
    assert set(known(home)) == set(before[0])


def test_a_restart_in_the_first_days_delays_no_learning() -> None:
    home = HeardHome(days=2)
    home.restart()
    home.live(2 * DAY_S)
    camera = home.watch.behaviour.habits(CAST["camera"].end.mac)
    assert camera is not None
    assert camera.is_settled
    assert [alert.kind for alert in home.happens("camera", 60.0)] == ["behaviour.new-country"]


def test_what_happened_before_a_restart_is_told_no_second_time(home: HeardHome) -> None:
    home.happens("iron")
    alert = home.happens("camera", 60.0)[0]
    home.watch.say_fine(alert.id, home.clock, fine=True)
    alerts = home.watch.alerts.all()
    home.restart()
    assert home.watch.alerts.all() == alerts
    told = len(home.told)
    home.live(2 * HOUR_S)
    assert home.happens("camera", 60.0) == []
    assert len(home.told) == told
    assert [one.id for one in home.watch.alerts.all() if one.state == FINE] == [alert.id]


def test_every_hour_a_restart_is_survived(home: HeardHome) -> None:
    began = home.clock
    for _ in range(30):
        home.restart()
        home.live(HOUR_S)
    assert home.told == []
    assert home.news(began) == []


@pytest.mark.parametrize(
    "jump_s",
    [3 * DAY_S, -HOUR_S, 20.0, -5.0, 40 * DAY_S, -40 * DAY_S, 400 * DAY_S],
    ids=lambda jump_s: f"{jump_s / 3600:+g} h",
)
def test_a_clock_that_jumps_takes_nothing_away_and_makes_no_noise(
    home: HeardHome, jump_s: float
) -> None:
    # A small computer has no battery for its clock: it wakes in the past, and then learns the time.
    before = known(home)
    home.ahead_s += jump_s
    jumped_at = home.clock
    home.live(12 * HOUR_S)
    assert home.told == []
    after = known(home)
    assert set(after) == set(before)
    assert {thing: kind for thing, (kind, _, _) in after.items()} == {
        thing: kind for thing, (kind, _, _) in before.items()
    }
    news = [one for one in home.news(jumped_at) if one[0] != "gone"]
    assert news == []
    # What is bad is found all the same.
    assert "sweep.arp" in {alert.kind for alert in home.happens("iron", 60.0)}


def test_a_clock_that_jumps_to_and_fro_kills_nothing(home: HeardHome) -> None:
    things = set(known(home))
    for jump_s in (3 * DAY_S, -3 * DAY_S, HOUR_S, -2 * HOUR_S, HOUR_S) * 3:
        home.ahead_s += jump_s
        home.live(HOUR_S)
    home.restart()
    home.live(DAY_S)
    assert home.told == []
    assert set(known(home)) == things


def test_a_clock_that_is_wrong_at_the_start_is_only_wrong_then() -> None:
    # In 1970 the hub starts; a minute later it learns the time.
    home = HeardHome(days=0)
    home.ahead_s = -home.now + 60.0
    home.live(60.0, step_s=1.0)
    home.ahead_s = 0.0
    home.live(4 * DAY_S)
    assert home.told == []
    assert len(known(home)) == THINGS
    assert all(thing.first_seen >= 0 for thing in home.watch.inventory.things())
    assert "sweep.arp" in {alert.kind for alert in home.happens("iron", 60.0)}


@pytest.mark.parametrize("behind_s", [40 * DAY_S, 1_700_000_000.0])
def test_a_hub_that_starts_with_yesterdays_clock_forgets_and_announces_nothing(
    home: HeardHome, behind_s: float
) -> None:
    # After a power cut the clock is behind, until the internet tells the time.
    things = set(known(home))
    began = home.clock
    home.ahead_s = -behind_s
    home.restart()
    home.live(600.0, step_s=1.0)
    assert home.news(home.clock - DAY_S) == []
    home.ahead_s = 0.0
    home.live(DAY_S)
    assert home.told == []
    assert home.news(began) == []
    assert set(known(home)) == things
    assert [alert.kind for alert in home.happens("camera", 60.0)] == ["behaviour.new-country"]


def test_a_holiday_is_no_news_but_who_left(home: HeardHome) -> None:
    # For some days nobody is at home but the things; the phone is gone.
    home.away = PHONE_MACS
    left_at = home.clock
    home.live(3 * DAY_S)
    (phone,) = (
        thing.id
        for thing in home.watch.inventory.things()
        if PHONE_MACS & {thing.id, *thing.aliases}
    )
    assert home.news(left_at) == [("gone", phone)]
    home.away = ()
    back_at = home.clock
    home.live(DAY_S)
    assert home.told == []
    assert [one for one in home.news(back_at) if one[0] == "thing"] == []


def test_the_same_days_tell_the_same_story(home: HeardHome) -> None:
    again = HeardHome()
    assert (known(again), habits(again), talk(again)) == (known(home), habits(home), talk(home))
    assert again.watch.news(again.clock - BEGINNING_S, again.clock) == home.watch.news(
        home.clock - BEGINNING_S, home.clock
    )
