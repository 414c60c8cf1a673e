"""The steward: kept before it is told, told to who asked, and no one's fault is another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.protected import (
    AT_HAND,
    BATTERY,
    LAMP,
    NOW,
    OFF,
    ON,
    OTHER,
    POWER,
    TV,
    ProtectedHome,
    standing,
)
from omamori.adapters.shelf import ShelfError
from omamori.app import steward as room
from omamori.app.recording import TEXT_MAX
from omamori.app.steward import ASKERS_MAX, family
from omamori.documents.reason import Reason
from omamori.hub.commanding.command import (
    DONE,
    EXPIRED,
    HELD,
    MEETING,
    OVERRIDDEN,
    REFUSED,
    SENT,
    SERVICE,
    THING,
    WITHDRAWN,
    Command,
    Notice,
    Origin,
    Outcome,
)
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omamori.ledger.entry import Entry


@pytest.fixture
def home() -> ProtectedHome:
    made = ProtectedHome()
    made.meet()
    made.meet(OTHER)
    return made


def refusing(home: ProtectedHome) -> Callable[[], None]:
    """The disk takes nothing until the returned is called."""
    keeper = home.protection.keeper

    def refuse() -> None:
        raise ShelfError("shelf.not-written", {"file": "watch.sqlite3"})

    def again() -> None:
        home.protection.keeper = keeper

    home.protection.keeper = refuse
    return again


def test_what_is_asked_is_on_the_disk_before_its_asker_hears_and_before_it_is_done(
    tmp_path: Path,
) -> None:
    home = ProtectedHome(tmp_path)
    home.meet()
    order: list[str] = []
    commit, write = home.steward.commit, home.things.write

    def noted(entries: Any) -> bool:
        order.append("kept")
        return bool(commit(entries))

    def done(*given: Any) -> None:
        order.append("written")
        write(*given)

    home.steward.commit, home.steward.hands.write = noted, done
    home.steward.ask(
        home.command(BATTERY, "charge_w", 1500), lambda outcome: order.append(outcome.state)
    )
    assert order == ["kept", SENT, "written"]
    home.killed()
    assert home.steward.arbiter.in_force(BATTERY, "charge_w") is not None
    assert home.kinds() == ["command.sent"]


def test_what_comes_in_one_moment_is_kept_together(home: ProtectedHome) -> None:
    kept: list[int] = []
    later: list[Callable[[], None]] = []
    commit = home.steward.commit

    def counted(entries: list[Entry]) -> bool:
        kept.append(len(entries))
        return bool(commit(entries))

    home.steward.commit = counted
    home.steward.later = later.append
    asked = [home.ask(thing, "power", OFF) for thing in (TV, LAMP)]
    assert not home.heard
    assert not home.things.written
    assert len(later) == 1
    later[0]()
    assert kept == [2]
    assert [home.states(one) for one in asked] == [[SENT], [SENT]]


def test_a_persons_word_is_kept_when_it_returns_and_takes_along_what_waited(
    home: ProtectedHome,
) -> None:
    home.steward.later = [].append
    service = home.ask(TV, "power", OFF)
    person = home.by_page(LAMP, "power", OFF)
    assert home.states(person) == [SENT]
    assert home.states(service) == [SENT]
    assert home.kinds() == ["command.sent", "command.sent"]


def test_of_two_values_of_one_moment_only_the_later_is_written(home: ProtectedHome) -> None:
    home.steward.later = [].append
    home.ask(TV, "power", OFF)
    home.by_page(TV, "power", ON)
    assert [write.value for write in home.things.written] == [ON]


def test_where_the_disk_refuses_nobody_from_elsewhere_moves_anything(home: ProtectedHome) -> None:
    again = refusing(home)
    asked = home.ask(BATTERY, "charge_w", 1500)
    assert home.states(asked) == [REFUSED]
    assert home.heard[-1].reasons[0].key == "command.not-kept"
    assert home.things.values.get((BATTERY, "charge_w"), 0) == 0
    # Nor when the disk is well again: who was told no must not find it done later.
    again()
    assert home.steward.arbiter.in_force(BATTERY, "charge_w") is None
    home.live(60)
    assert home.things.values.get((BATTERY, "charge_w"), 0) == 0
    assert home.states(asked) == [REFUSED]


def test_where_the_disk_refuses_the_familys_hands_still_move_things(home: ProtectedHome) -> None:
    again = refusing(home)
    person = home.by_page(LAMP, "power", OFF)
    assert home.states(person) == [SENT]
    assert home.things.values[LAMP, "power"] is OFF
    assert str(home.protection.trouble) == "protection.not-kept"
    assert home.kinds() == []
    again()
    home.live(5)
    assert home.protection.trouble is None
    assert home.kinds()[:1] == ["command.sent"]  # it is remembered after all


def test_what_was_kept_before_goes_on_where_the_disk_refuses(home: ProtectedHome) -> None:
    asked = home.ask(BATTERY, "charge_w", 1500, lease_s=300.0)
    refusing(home)
    home.show()
    assert home.states(asked) == [SENT, DONE]
    home.live(330)
    assert home.states(asked) == [SENT, DONE, EXPIRED]
    assert home.things.values[BATTERY, "charge_w"] == 0


def test_who_was_there_before_stays_where_another_cannot_be_kept(home: ProtectedHome) -> None:
    home.by_page(TV, "power", ON)
    home.show()
    refusing(home)
    home.ask(TV, "power", OFF, OTHER)
    home.live(30)
    assert home.things.values[TV, "power"] is ON
    held = home.steward.arbiter.in_force(TV, "power")
    assert held is not None
    assert held.origin == family()


def test_a_listener_that_breaks_keeps_nobody_else_from_hearing(home: ProtectedHome) -> None:
    def breaks(_: Outcome) -> None:
        raise RuntimeError("gone")

    home.steward.watchers.append(breaks)
    home.steward.ask(home.command(TV, "power", OFF), breaks)
    asked = home.ask(LAMP, "power", OFF)
    assert home.states(asked) == [SENT]
    assert {write.target for write in home.things.written} == {TV, LAMP}


def test_anothers_id_is_refused_and_takes_nobodys_answers(home: ProtectedHome) -> None:
    mine = home.ask(BATTERY, "charge_w", 1500)
    theirs: list[str] = []
    copied = home.command(LAMP, "power", OFF, OTHER, id=mine.id)
    home.steward.ask(copied, lambda outcome: theirs.append(outcome.state))
    home.steward.ask(home.command(TV, "power", OFF, family(), id=mine.id))
    assert theirs == [REFUSED]
    home.show()
    home.steward.withdraw(mine.id, POWER)
    assert home.states(mine) == [SENT, DONE, WITHDRAWN]
    assert theirs == [REFUSED]


def test_a_level_that_falls_takes_everything_at_once_and_comes_back_by_rising(
    home: ProtectedHome,
) -> None:
    asked = home.ask(BATTERY, "charge_w", 1500)
    home.show()
    home.rungs[POWER.who] = 0
    home.live(5)
    assert home.states(asked)[-1] == REFUSED
    assert home.things.values[BATTERY, "charge_w"] == 0
    assert home.states(home.ask(BATTERY, "charge_w", 1500)) == [REFUSED]
    home.rungs[POWER.who] = 3
    home.live(5)
    assert home.states(home.ask(LAMP, "power", OFF)) == [SENT]


def test_who_lost_its_level_before_a_restart_is_heard_when_it_has_one_again(
    tmp_path: Path,
) -> None:
    home = ProtectedHome(tmp_path)
    home.meet()
    home.ask(BATTERY, "charge_w", 1500)
    home.rungs[POWER.who] = 0
    home.live(5)
    home.killed()
    home.meet()
    assert home.states(home.ask(LAMP, "power", OFF)) == [REFUSED]
    home.rungs[POWER.who] = 3
    home.killed()
    home.meet()
    assert home.states(home.ask(LAMP, "power", OFF)) == [SENT]


def test_whose_behaviour_departed_is_not_heard_by_meeting_anew(home: ProtectedHome) -> None:
    home.steward.lose(POWER.who, (Reason(room.STAYS_LOST),))
    home.killed()
    home.meet()
    assert home.states(home.ask(LAMP, "power", OFF)) == [REFUSED]
    home.steward.regain(POWER.who)
    assert home.states(home.ask(LAMP, "power", OFF)) == [SENT]


def test_who_cannot_be_judged_has_no_level_and_keeps_nobody_else_from_it(
    home: ProtectedHome,
) -> None:
    broken: list[bool] = []

    def judged(_: float) -> Any:
        if broken:
            raise RuntimeError("no papers")
        return standing(3)

    third = Origin("https://third.example/s", SERVICE, MEETING, "energy")
    home.steward.met(third, judged, NOW)
    mine, theirs = home.ask(TV, "power", OFF, third), home.ask(LAMP, "power", OFF)
    broken.append(True)
    home.live(5)
    assert home.states(mine)[-1] == REFUSED
    assert home.states(theirs) == [SENT, DONE]


def test_who_was_not_met_since_a_restart_may_begin_nothing(home: ProtectedHome) -> None:
    home.killed()
    asked = home.ask(LAMP, "power", OFF)
    assert home.states(asked) == [REFUSED]
    home.meet()
    assert home.states(home.ask(LAMP, "power", OFF)) == [SENT]


def test_two_people_at_once_are_one_family_and_the_hand_goes_first(home: ProtectedHome) -> None:
    one = home.by_page(TV, "power", OFF)
    two = home.by_page(TV, "power", ON)
    assert home.states(one) == [SENT, WITHDRAWN]
    assert home.states(two) == [SENT]
    home.show()
    home.by_hand(TV, "power", OFF)
    assert home.states(two)[-1] == OVERRIDDEN
    assert home.steward.arbiter.in_force(TV, "power").origin == AT_HAND


def test_what_is_in_use_is_kept_for_it_until_it_ends(home: ProtectedHome) -> None:
    home.steward.seen(TV, "playing", ON)
    asked = home.ask(TV, "power", OFF)
    assert home.states(asked) == [HELD]
    home.steward.seen(TV, "playing", OFF)
    assert home.states(asked) == [HELD, SENT]


def test_who_asks_much_too_fast_wakes_no_disk_and_fills_no_record(home: ProtectedHome) -> None:
    kept: list[int] = []
    commit = home.steward.commit

    def counted(entries: list[Entry]) -> bool:
        kept.append(1)
        return bool(commit(entries))

    home.steward.commit = counted
    for _ in range(5000):
        home.ask(LAMP, "power", ON)
    assert len(home.heard) >= 5000  # each hears its no
    assert len(kept) < 100
    assert len(home.kinds()) < 200
    assert len(home.steward.last) <= room.LAST_MAX


def test_ten_thousand_askers_of_a_moment_cost_one_writing(tmp_path: Path) -> None:
    home = ProtectedHome(tmp_path)
    later: list[Callable[[], None]] = []
    home.steward.later = later.append
    committed = 0
    commit = home.shelf.commit

    def counted() -> None:
        nonlocal committed
        committed += 1
        commit()

    home.shelf.commit = counted  # type: ignore[method-assign]
    for number in range(1000):
        who = f"https://many.example/{number}"
        origin = Origin(who, SERVICE, MEETING, "energy", who)
        home.rungs[who] = 3
        home.meet(origin)
        for _ in range(10):
            home.ask(LAMP, "power", ON, origin)
    assert len(later) == 1
    later[0]()
    assert committed == 1
    assert len(home.heard) >= 10_000
    assert len(home.steward._askers) <= ASKERS_MAX


def test_more_askers_than_can_be_known_push_out_the_oldest(home: ProtectedHome) -> None:
    for number in range(ASKERS_MAX + 10):
        who = f"https://many.example/{number}"
        home.steward.met(Origin(who, SERVICE, MEETING, "energy"), lambda _: standing(3), NOW)
    assert len(home.steward._askers) == ASKERS_MAX
    home.ask(LAMP, "power", OFF)  # of whom nothing is known until it is met again
    assert not home.things.written


HOME = ProtectedHome()
HOSTILE = st.one_of(
    st.text(max_size=400), st.just("x" * 100_000), st.just("\x00\u202e"), st.just(BATTERY)
)


@settings(max_examples=40)
@given(
    target=HOSTILE,
    point=st.sampled_from(["charge_w", "power", "", "nothing", "firmware"]),
    value=st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("y" * 100_000)
    ),
    who=HOSTILE,
    id_=HOSTILE,
    lease_s=st.floats(),
    at=st.floats(),
    slot=st.sampled_from(["demand-response", "safety-auto", "", "z" * 5000]),
)
def test_whatever_somebody_says_is_answered_and_fits_into_the_record(**given_: Any) -> None:
    home = HOME
    home.heard.clear()
    who = Origin(given_["who"], THING, MEETING, "energy", given_["who"])
    command = Command(
        given_["id_"], who, given_["target"], given_["point"], given_["value"], given_["slot"],
        given_["at"], given_["lease_s"], given_["who"][:300],
    )  # fmt: skip
    home.steward.ask(command, home.heard.append)
    assert home.heard
    for entry in home.recorded():
        assert all(len(word) <= TEXT_MAX for word in entry.about)
    assert len(home.recorded()) >= 1
    assert not isinstance(home.steward.last[0], Notice)


def test_who_speaks_from_a_thing_in_doubt_loses_all_whatever_its_certificate_says(
    home: ProtectedHome,
) -> None:
    ip = "192.168.1.30"
    home.watch.hear([Sighting(home.now, LAMP, "neighbour.entry", {"ip": ip})], [])
    assert home.protection.thing_at(ip) == LAMP
    home.steward.met(POWER, lambda _: standing(4), home.now, ip)
    first = home.ask(BATTERY, "charge_w", 1500)
    assert home.states(first)[0] == SENT
    alert = home.attacks(LAMP)
    assert home.states(first)[-1] == REFUSED
    assert home.states(home.ask(BATTERY, "charge_w", 1000)) == [REFUSED]
    home.shield.undo(LAMP, "family")
    fine = home.watch.say_fine(alert.id, home.now, fine=True)
    home.protection.said_fine(fine, "family", fine=True)
    assert home.states(home.ask(BATTERY, "charge_w", 1000))[0] == SENT
