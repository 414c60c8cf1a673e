"""Certified services that were taken over, together, against the family: what they must not reach."""

from __future__ import annotations

import pytest

from hub.commanding.made import (
    ANNA,
    BROKERED,
    HANDY,
    KINDS,
    POWER,
    REFUSED_BY_RULE,
    SMOKE,
    T0,
    Home,
    keys,
    outcomes,
    states,
    writes,
)
from omamori.hub.commanding import kept
from omamori.hub.commanding.command import (
    BROKER,
    MEETING,
    NETWORK,
    PERSON,
    REFUSED,
    SENT,
    SERVICE,
    Origin,
)
from omamori.hub.commanding.effect import ROUNDS_MAX
from omamori.hub.commanding.settle import RULED_AGAIN_S

ON, NOT = True, False


def gang(number: int) -> Origin:
    return Origin(f"taken-over-{number}", SERVICE, MEETING, "energy")


def test_services_that_hurry_together_keep_the_family_from_nothing() -> None:
    home = Home()
    for number in range(400):
        home.ask(gang(number % 20), "door", "locked", number % 2 == 0)
    family = home.ask(ANNA, "door", "locked", ON, "remote-user")
    assert outcomes(family)[0].state == SENT


def test_the_homes_own_measure_used_up_by_others_is_not_the_familys() -> None:
    home = Home()
    home.arbiter._register.clock.pace.left, home.arbiter._register.clock.pace.at = 0.0, T0
    assert keys(home.ask(POWER, "tv", "power", ON)) == {"too-fast-home"}
    assert outcomes(home.ask(ANNA, "tv", "power", ON, "remote-user"))[0].state == SENT


def test_a_full_array_has_room_for_the_family() -> None:
    home = Home()
    for number in range(kept.PER_SPOT_MAX):
        home.ask(gang(number), "tv", "power", ON, now=T0 + number)
    late = T0 + 100
    assert keys(home.ask(POWER, "tv", "power", ON, now=late)) == {"too-many"}
    assert outcomes(home.ask(ANNA, "tv", "power", NOT, "remote-user", now=late))[0].state == SENT


def test_a_full_table_of_askers_has_room_for_the_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CALLERS_MAX", 2)
    home = Home()
    for number in range(3):
        last = home.ask(gang(number), "tv", "power", ON)
    assert keys(last) == {"too-many-askers"}
    for origin, slot in ((ANNA, "remote-user"), (HANDY, "local-manual"), (SMOKE, "safety-auto")):
        assert outcomes(home.ask(origin, "tv", "power", NOT, slot))[0].state == SENT


def test_changes_used_up_by_others_are_not_the_familys_but_the_family_has_a_measure() -> None:
    home = Home()
    for number in range(30):
        now = T0 + number
        home.confirm(home.ask(POWER, "door", "locked", number % 2 == 0, now=now), now)
    assert keys(home.ask(POWER, "door", "locked", NOT, now=T0 + 30)) == {"too-often"}
    found = [
        outcomes(home.ask(ANNA, "door", "locked", n % 2 == 0, "remote-user", T0 + 60 + n))[0].state
        for n in range(20)
    ]
    assert found[0] == SENT
    assert 0 < found.count(REFUSED) < found.count(SENT) + 1


def test_another_master_that_was_let_be_gives_way_to_the_family() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "lamp", "power", NOT), T0)
    for number in range(1, ROUNDS_MAX + 1):
        now = T0 + 5 * number
        home.confirm(home.arbiter.seen("lamp", "power", ON, now), now + 1)
    assert states(home.ask(POWER, "lamp", "power", NOT, now=now + 3))[0][0] == "held"
    assert outcomes(home.ask(ANNA, "lamp", "power", NOT, "remote-user", now=now + 4))[0].state == (
        SENT
    )


@pytest.mark.parametrize(
    "origin",
    [
        POWER,
        Origin("x" * 300, SERVICE, MEETING, "energy"),
        Origin("anybody", PERSON, NETWORK),
        Origin("anybody", SERVICE, BROKER, "of-another-ladder"),
    ],
)
def test_who_is_not_heard_fills_no_record(origin: Origin) -> None:
    home = Home(knows_industry=lambda industry: industry == "energy")
    home.arbiter.lost(POWER.who, (), T0)
    lines = [outcomes(home.ask(origin, "tv", "power", ON))[0] for _ in range(2000)]
    assert all(line.state == REFUSED for line in lines)
    assert sum("repeats" not in line.facts for line in lines) <= 30


def test_names_that_are_only_said_push_nobody_out() -> None:
    home = Home()
    for number in range(3 * kept.CALLERS_MAX):
        home.ask(Origin(f"said-{number}", PERSON, NETWORK), "tv", "power", ON)
    assert len(home.arbiter._register.callers) == 0
    assert outcomes(home.ask(BROKERED, "tv", "power", ON, "automation"))[0].state == SENT


def test_what_the_rules_refuse_by_now_ends_though_its_lease_does_not() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "tv", "power", NOT, lease_s=14_000.0), T0)
    home.confirm(home.ask(SMOKE, "lamp", "power", NOT, "safety-auto"), T0)
    home.confirm(home.ask(HANDY, "bath", "power", NOT, "local-manual"), T0)
    home.ruling = REFUSED_BY_RULE
    assert not home.arbiter.step(T0 + RULED_AGAIN_S - 1)
    assert states(home.arbiter.step(T0 + RULED_AGAIN_S)) == [("refused", "test")]
    assert home.arbiter.in_force("lamp", "power") is not None
    assert home.arbiter.in_force("bath", "power") is not None


def test_new_rules_are_felt_at_the_next_step() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "tv", "power", NOT), T0)
    home.ruling = REFUSED_BY_RULE
    home.arbiter.judge_again(T0 + 1)
    assert states(home.arbiter.step(T0 + 1)) == [("refused", "test")]


def test_a_door_that_somebody_locked_is_not_unlocked_again_by_anybody_from_afar() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "door", "locked", NOT, lease_s=14_000.0), T0)
    home.ask(gang(1), "door", "locked", NOT, now=T0 + 1, lease_s=14_000.0)
    home.confirm(home.arbiter.step(T0 + 2), T0 + 2)
    home.arbiter.seen("door", "locked", NOT, T0 + 3)
    events = home.arbiter.seen("door", "locked", ON, T0 + 30)
    assert not writes(events)
    assert set(states(events)) == {("withdrawn", "ended-at-thing")}
    for later in range(60, 14_000, 600):
        assert not writes(home.arbiter.step(T0 + later))


def test_protection_opens_a_door_again_whoever_shut_it() -> None:
    home = Home()
    home.confirm(home.ask(SMOKE, "door", "locked", NOT, "safety-auto"), T0)
    assert writes(home.arbiter.seen("door", "locked", ON, T0 + 30))


def test_what_waited_holds_only_for_what_is_left_of_its_lease() -> None:
    """A charger is told for how long its limit holds: no service gains by having waited."""
    home = Home()
    home.confirm(home.ask(HANDY, "battery", "charge_w", 500, "local-manual", lease_s=3000.0), T0)
    waits = home.ask(POWER, "battery", "charge_w", 1000, now=T0, lease_s=3600.0)
    command = outcomes(waits)[0].command
    assert writes(home.arbiter.step(T0 + 3000))
    assert home.arbiter.lease_left_s(command.id, T0 + 3000) == 600.0
    assert home.arbiter.lease_left_s(command.id, T0 + 4000) == 0.0
    assert home.arbiter.lease_left_s("nobody's", T0) == 0.0
    endless = outcomes(home.ask(SMOKE, "lamp", "power", NOT, "safety-auto", lease_s=0.0))[0]
    assert home.arbiter.lease_left_s(endless.command.id, T0) == 0.0


def test_a_compressor_is_not_switched_until_it_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "cooler", "air-conditioner")
    home = Home()
    changes = 0
    for second in range(0, 3600, 2):
        now = T0 + second
        events = home.ask(gang(second % 5), "cooler", "power", second % 4 == 0, now=now)
        home.confirm(events, now)
        changes += len(writes(events))
    assert changes <= 20
    assert outcomes(home.ask(ANNA, "cooler", "power", NOT, "remote-user", now=now))[0].state == SENT
