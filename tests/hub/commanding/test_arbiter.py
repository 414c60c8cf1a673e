"""Which command wins, what waits and for what, and what is told to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.commanding.made import (
    ALLOWED,
    ANNA,
    ASKED_BY_RULE,
    EVENING,
    HANDY,
    LIMITED,
    OTHER,
    POWER,
    REFUSED_BY_RULE,
    SMOKE,
    STRANGER,
    T0,
    Home,
    keys,
    notes,
    outcomes,
    states,
    told,
    writes,
)
from omamori.documents.reason import Reason
from omamori.hub.commanding.command import (
    MEETING,
    SERVICE,
    Command,
    Origin,
)
from omamori.hub.commanding.effect import ROUNDS_MAX, YIELD_S
from omamori.hub.commanding.envelope import CONDITION_AGE_S_MAX, Envelope
from omamori.hub.commanding.lease import LIMITED_LEASE_S_MAX, MANUAL_HOLD_S
from omamori.hub.commanding.use import needed

if TYPE_CHECKING:
    from omamori.hub.ruling.question import Ruling

ON, NOT = True, False
FILM = [needed("power", ON)]


def playing() -> Home:
    home = Home()
    home.arbiter.use("tv", FILM, "sofa", T0 + 7200, "playing", T0)
    return home


def test_what_would_end_a_film_waits_and_all_are_told() -> None:
    home = playing()
    events = home.ask(POWER, "tv", "power", NOT)
    assert states(events) == [("held", "in-use")]
    assert not writes(events)
    assert told(events, "command.in-use") == {"power-co", "sofa", "home"}
    facts = outcomes(events)[0].facts
    assert (facts["holder"], facts["asker"]) == ("sofa", "power-co")
    ended = home.arbiter.end_use("tv", "sofa", T0 + 60)
    assert states(ended) == [("sent", "comes-now")]
    assert states(home.confirm(ended, T0 + 61)) == [("done", "done")]


def test_the_family_may_let_it_happen_sooner_or_say_no() -> None:
    for agreed, became in ((True, ("sent", "comes-now")), (False, ("refused", "declined"))):
        home = playing()
        home.ask(POWER, "tv", "power", NOT)
        events = home.arbiter.answer("c1", ANNA, agreed=agreed, now=T0 + 5)
        assert states(events) == [became]
        assert bool(writes(events)) == agreed
    assert outcomes(events)[0].facts["asker"] == "power-co"


def test_only_the_family_answers() -> None:
    home = playing()
    home.ask(POWER, "tv", "power", NOT)
    events = home.arbiter.answer("c1", POWER, agreed=True, now=T0)
    assert told(events, "command.not-yours") == {"power-co", "home"}
    assert not writes(events)
    assert told(home.arbiter.answer("c9", ANNA, agreed=True, now=T0), "command.no-such") == {"home"}
    home.ask(POWER, "lamp", "power", ON)
    late = home.arbiter.answer("c2", ANNA, agreed=True, now=T0)
    assert told(late, "command.not-asked") == {"home"}


def test_what_waited_too_long_is_not_done() -> None:
    home = playing()
    home.ask(POWER, "tv", "power", NOT, lease_s=60.0)
    assert states(home.arbiter.step(T0 + 60)) == [("expired", "over-waiting")]
    assert not writes(home.arbiter.end_use("tv", "sofa", T0 + 70))


def test_a_use_that_nobody_speaks_of_again_ends() -> None:
    home = playing()
    home.ask(POWER, "tv", "power", NOT, lease_s=9000.0)
    assert states(home.arbiter.step(T0 + 7201)) == [("sent", "comes-now")]


def test_what_was_held_is_carried_out_in_order() -> None:
    home = playing()
    home.arbiter.use("tv", [*FILM, needed("volume_percent", 20)], "sofa", T0 + 900, "playing", T0)
    home.ask(POWER, "tv", "volume_percent", 0)
    home.ask(POWER, "tv", "power", NOT)
    ended = home.arbiter.end_use("tv", "sofa", T0 + 1)
    assert [write.command_id for write in writes(ended)] == ["c1", "c2"]


def test_who_is_at_the_thing_and_protection_wait_for_no_film() -> None:
    home = playing()
    assert states(home.ask(HANDY, "tv", "power", NOT, "local-manual")) == [("sent", "sent")]
    assert states(home.ask(SMOKE, "tv", "power", NOT, "safety-auto"))[0] == ("sent", "sent")


def test_the_stronger_slot_wins_and_the_weaker_comes_back() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "lamp", "power", NOT), T0)
    events = home.ask(HANDY, "lamp", "power", ON, "local-manual", lease_s=0.0, now=T0 + 1)
    assert states(events) == [("sent", "sent"), ("overridden", "overridden")]
    assert told(events, "command.overridden") == {"power-co", "home"}
    assert outcomes(events)[1].facts["holder"] == "hand"
    assert states(home.ask(EVENING, "lamp", "power", ON, "automation", now=T0 + 2)) == [
        ("held", "held-behind")
    ]
    home.confirm(events, T0 + 3)
    back = home.arbiter.withdraw("c2", HANDY, T0 + 10)
    assert states(back) == [("withdrawn", "withdrawn"), ("sent", "comes-now")]
    assert writes(back)[0].command_id == "c3"
    over = home.arbiter.withdraw("c3", ANNA, T0 + 11)
    assert states(over)[0] == ("withdrawn", "withdrawn-by-family")
    assert writes(over)[0].command_id == "c1"


def test_one_origin_has_one_command_in_a_slot_and_another_its_own() -> None:
    home = Home()
    home.ask(POWER, "lamp", "power", ON)
    events = home.ask(POWER, "lamp", "power", NOT)
    assert states(events) == [("sent", "sent"), ("withdrawn", "replaced")]
    home.ask(OTHER, "lamp", "power", ON)
    back = home.arbiter.withdraw("c3", OTHER, T0)
    assert writes(back)[0].command_id == "c2"
    assert told(home.arbiter.withdraw("c2", OTHER, T0), "command.not-yours")


def test_a_lease_ends_and_the_point_goes_to_rest() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "battery", "charge_w", 3000, lease_s=60.0), T0)
    events = home.arbiter.step(T0 + 60)
    assert states(events) == [("expired", "over")]
    assert [(w.value, w.command_id) for w in writes(events)] == [(0, "")]
    home.confirm(home.ask(POWER, "lamp", "power", ON, now=T0 + 70, lease_s=60.0), T0 + 70)
    assert not [w for w in writes(home.arbiter.step(T0 + 200)) if w.target == "lamp"]


def test_nobody_leaves_the_envelope_and_a_person_may_narrow_it() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "battery", "charge_w", 3000), T0)
    assert keys(home.ask(HANDY, "battery", "charge_w", 9000, "local-manual")) == {"outside"}
    assert keys(home.ask(SMOKE, "battery", "charge_w", 9000, "safety-auto")) == {"outside"}
    events = home.arbiter.set_envelope("battery", Envelope("charge_w", -(10**6), 2000), HANDY, T0)
    assert states(events) == [("refused", "outside")]
    assert writes(events)[0].value == 0
    wider = home.ask(POWER, "battery", "charge_w", -7000)
    assert outcomes(wider)[0].facts["envelope"] == "kind"
    assert outcomes(home.ask(POWER, "battery", "charge_w", 2500))[0].facts["envelope"] == "person"
    home.arbiter.drop_envelope("battery", "charge_w", ANNA, T0)
    assert states(home.ask(POWER, "battery", "charge_w", 2500))[0] == ("sent", "sent")
    strange = home.arbiter.set_envelope("battery", Envelope("charge_w", 0, 1), POWER, T0)
    assert told(strange, "command.not-yours")
    bad = home.arbiter.set_envelope("battery", Envelope("charge_w", 9, 1), HANDY, T0)
    assert told(bad, "command.bad-envelope") == {"home"}


def test_a_battery_is_not_emptied_whoever_asks() -> None:
    home = Home()
    home.arbiter.seen("battery", "state_of_charge_percent", 50.0, T0)
    home.confirm(home.ask(POWER, "battery", "charge_w", -3000), T0)
    low = home.arbiter.seen("battery", "state_of_charge_percent", 19.9, T0 + 60)
    assert states(low) == [("refused", "state-forbids")]
    assert writes(low)[0].value == 0
    assert keys(home.ask(HANDY, "battery", "charge_w", -1, "local-manual")) == {"state-forbids"}


def test_a_battery_of_which_nothing_is_heard_stops() -> None:
    home = Home()
    home.arbiter.seen("battery", "state_of_charge_percent", 50.0, T0)
    home.confirm(home.ask(POWER, "battery", "charge_w", -3000, lease_s=10_000.0), T0)
    assert not states(home.arbiter.step(T0 + CONDITION_AGE_S_MAX - 1))
    assert states(home.arbiter.step(T0 + CONDITION_AGE_S_MAX + 2)) == [("refused", "not-read")]


def test_silence_is_a_no() -> None:
    home = Home(ASKED_BY_RULE)
    asked = home.ask(POWER, "lamp", "power", ON)
    assert states(asked) == [("asked", "asked")]
    assert told(asked, "command.asked") == {"power-co", "home"}
    silent = home.arbiter.step(T0 + 601)
    assert states(silent) == [("refused", "nobody-answered")]
    assert not writes(silent)


def test_a_yes_is_recorded() -> None:
    home = Home(ASKED_BY_RULE)
    home.ask(POWER, "lamp", "power", ON)
    yes = home.arbiter.answer("c1", ANNA, agreed=True, now=T0 + 9)
    facts = outcomes(yes)[0].facts
    assert (facts["agreed_by"], facts["rules"]) == ("anna", "ask-first")


def test_a_little_is_allowed_for_a_short_time_and_to_operate_is_asked() -> None:
    home = Home(LIMITED)
    events = home.ask(POWER, "lamp", "power", ON)
    assert outcomes(events)[0].facts["lease_until"] == T0 + LIMITED_LEASE_S_MAX
    assert states(home.ask(POWER, "door", "locked", NOT)) == [("asked", "asked")]


def test_the_rules_are_asked_again_when_its_turn_comes() -> None:
    ruling: list[Ruling] = [ALLOWED]
    home = Home(lambda *_: ruling[0])
    home.arbiter.use("tv", FILM, "sofa", T0 + 900, "playing", T0)
    home.ask(POWER, "tv", "power", NOT)
    ruling[0] = REFUSED_BY_RULE
    assert states(home.arbiter.end_use("tv", "sofa", T0 + 1))[0][0] == "refused"


def test_who_lost_trust_loses_all_at_once_until_it_is_regained() -> None:
    home = Home()
    home.ask(OTHER, "lamp", "power", ON)
    home.confirm(home.ask(POWER, "lamp", "power", NOT), T0)
    home.ask(POWER, "tv", "power", NOT)
    events = home.arbiter.lost("power-co", [Reason("alert.sweep.arp", {"targets": 90})], T0 + 1)
    assert states(events)[:2] == [("refused", "lost-trust")] * 2
    assert [w.command_id for w in writes(events)] == ["c1"]
    assert outcomes(events)[0].reasons[1].key == "alert.sweep.arp"
    assert keys(home.ask(POWER, "lamp", "power", NOT, now=T0 + 2)) == {"lost-trust"}
    home.arbiter.regained("power-co", T0 + 3)
    assert states(home.ask(POWER, "tv", "power", NOT, now=T0 + 4)) == [("sent", "sent")]


def test_a_thing_that_says_yes_and_does_nothing_is_told() -> None:
    home = Home()
    home.ask(POWER, "lamp", "power", ON)
    home.arbiter.seen("lamp", "power", NOT, T0 + 5)
    events = home.arbiter.step(T0 + 15)
    assert states(events) == [("failed", "no-effect")]
    assert told(events, "command.no-effect") == {"power-co", "home"}


def test_protection_is_tried_three_times_and_rest_too() -> None:
    home = Home()
    home.ask(SMOKE, "tv", "power", NOT, "safety-auto")
    tries = [home.arbiter.step(T0 + 15 * n) for n in (1, 2, 3)]
    assert [len(writes(events)) for events in tries] == [1, 1, 0]
    assert states(tries[2]) == [("failed", "no-effect")]
    home.ask(POWER, "battery", "charge_w", 100, now=T0 + 50)
    home.arbiter.withdraw("c2", POWER, T0 + 51)
    tries = [home.arbiter.step(T0 + 51 + 15 * n) for n in (1, 2, 3)]
    assert [len(writes(events)) for events in tries] == [1, 1, 0]
    assert told(tries[2], "command.no-rest") == {"home"}


def test_what_a_hand_set_is_left_alone_for_a_while() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "lamp", "power", NOT, lease_s=14_400.0), T0)
    events = home.arbiter.seen("lamp", "power", ON, T0 + 60, by_hand=True)
    assert not writes(events)
    assert set(states(events)) == {("overridden", "overridden"), ("done", "by-hand")}
    assert states(home.ask(ANNA, "lamp", "power", NOT, "remote-user", now=T0 + 90))[0][0] == "held"
    late = home.arbiter.step(T0 + 60 + MANUAL_HOLD_S)
    assert ("expired", "over") in states(late)


def test_two_masters_do_not_fight_and_the_family_is_told() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "lamp", "power", NOT), T0)
    rounds = 0
    for number in range(1, 10):
        now = T0 + 5 * number
        events = home.arbiter.seen("lamp", "power", ON, now)
        home.confirm(events, now + 1)
        rounds += len(writes(events))
        if told(events, "command.two-masters"):
            break
    assert rounds == ROUNDS_MAX - 1
    assert told(events, "command.two-masters") == {"power-co", "home"}
    assert not writes(home.arbiter.seen("lamp", "power", ON, now + 2))
    assert states(home.ask(POWER, "lamp", "power", NOT, now=now + 3))[0] == (
        "held",
        "two-masters-wait",
    )
    assert states(home.arbiter.step(now + YIELD_S + 1))[0] == ("sent", "comes-now")


def test_a_late_change_by_nobody_known_is_left_alone_where_it_harms_nothing() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "lamp", "power", NOT), T0)
    events = home.arbiter.seen("lamp", "power", ON, T0 + 600)
    assert told(events, "command.changed-elsewhere") == {"power-co", "home"}
    assert not writes(events)


def test_protection_does_not_give_way_to_another_master() -> None:
    home = Home()
    home.confirm(home.ask(SMOKE, "tv", "power", NOT, "safety-auto"), T0)
    alarms = 0
    for number in range(1, 10):
        now = T0 + 10 * number
        events = home.arbiter.seen("tv", "power", ON, now)
        assert writes(events)
        home.confirm(events, now + 1)
        alarms += bool(told(events, "command.two-masters-danger"))
    assert alarms >= 1
    assert writes(home.arbiter.seen("tv", "power", ON, T0 + 200, by_hand=True))


def test_many_masters_of_one_slot_end_in_order_of_the_newest() -> None:
    home = Home()
    for number in range(5):
        home.ask(Origin(f"s{number}", SERVICE, MEETING, "energy"), "lamp", "power", number % 2 == 0)
    assert [o.command.id for o in home.arbiter.live(T0)] == [f"c{n}" for n in range(1, 6)]
    for number in range(5, 1, -1):
        back = home.arbiter.withdraw(f"c{number}", ANNA, T0)
        assert writes(back)[0].command_id == f"c{number - 1}"


def test_words_go_to_those_concerned_only() -> None:
    home = Home()
    home.ask(POWER, "lamp", "power", NOT)
    events = home.ask(OTHER, "lamp", "power", ON)
    assert {note.to for note in notes(events)} == {"power-co", "other-co"}
    assert not home.ask(STRANGER, "lamp", "power", ON)[1:]


@pytest.mark.parametrize("slot", ["local-manual", "safety-local"])
def test_a_hand_wins_over_everything_from_afar_within_one_step(slot: str) -> None:
    home = Home()
    for number, weak in enumerate(("demand-response", "automation")):
        home.ask(POWER, "lamp", "power", NOT, weak, now=T0 + number)
    home.ask(ANNA, "lamp", "power", NOT, "remote-user", now=T0 + 3)
    home.ask(ANNA, "lamp", "power", NOT, "emergency-remote", now=T0 + 3)
    home.ask(HANDY, "lamp", "power", ON, slot, now=T0 + 4)
    held = home.arbiter.in_force("lamp", "power")
    if slot == "local-manual":
        assert isinstance(held, Command)
    assert held is not None
    assert held.slot == slot
