"""The checker as a whole: its situations are real, its answer repeats, and it ends on any home."""

from __future__ import annotations

import pytest

from hub.automating.labelled import PAIRS, rule
from omamori.documents import automation as doc
from omamori.hub.automating import conflict as told
from omamori.hub.automating.check import check, examine
from omamori.hub.automating.vocabulary import kind_of, point_of, sets_of, token_of


def kinds(found: tuple[told.Conflict, ...]) -> set[str]:
    return {one.kind for one in found}


def test_the_situation_is_one_in_which_both_act() -> None:
    one = rule("a", "pir.motion=active", "lamp.switch=on", "from 18:00 to 23:30;lux.illuminance<9")
    other = rule("b", "pir.motion=active", "lamp.switch=off", "from 23:00 to 02:00;on sun")
    (found,) = check([one, other])
    assert (found.kind, found.sure, found.automations) == (told.OPPOSITE, told.SURE, ("a", "b"))
    facts = {reason.key: reason.params for reason in found.situation}
    assert facts["automating.fact-time"] == {"clock": "23:00"}
    assert facts["automating.fact-day"] == {"weekday": "sun"}
    assert facts["automating.fact"]["value"] == 8


def test_the_same_home_gets_the_same_answer_whatever_its_order() -> None:
    rules = [
        doc.Automation(f"{at}-{one.id}", one.triggers, one.actions, conditions=one.conditions)
        for at, (_, pair, _) in enumerate(PAIRS[:12])
        for one in pair
    ]
    there, back = check(rules), check(rules[::-1])
    assert check(rules) == there
    assert {(one.kind, frozenset(one.automations)) for one in there} == {
        (one.kind, frozenset(one.automations)) for one in back
    }


def test_a_branch_excludes_what_the_branches_before_it_took() -> None:
    night = doc.StateIs("house", "mode", "=", "night")
    chosen = doc.Choose(
        (doc.Branch((night,), (doc.SetPoint("lamp", "switch", "off"),)),),
        (doc.SetPoint("lamp", "switch", "on"),),
    )
    first = doc.Automation("a", (doc.StateTrigger("pir", "motion", "=", "on"),), (chosen,))
    at_night = rule("b", "pir.motion=on", "lamp.switch=off", "house.mode=night")
    by_day = rule("b", "pir.motion=on", "lamp.switch=off", "house.mode=day")
    assert told.OPPOSITE not in kinds(check([first, at_night]))
    assert told.OPPOSITE in kinds(check([first, by_day]))


def test_an_automation_that_is_off_collides_with_nothing() -> None:
    one, other = rule("a", "at 07:00", "lamp.switch=on"), rule("b", "at 07:00", "lamp.switch=off")
    off = doc.Automation("b", other.triggers, other.actions, is_on=False)
    assert kinds(check([one, other])) == {told.OPPOSITE}
    assert check([one, off]) == ()


def test_rooms_part_what_has_no_wall_between_in_a_small_table() -> None:
    rules = [
        rule("a", "at 07:00", "heater.switch=on;wait 60;heater.switch=off"),
        rule("b", "at 07:00", "window.contact=open"),
    ]
    near = [doc.Thing("heater", room="kitchen"), doc.Thing("window", room="kitchen")]
    far = [doc.Thing("heater", room="kitchen"), doc.Thing("window", room="attic")]
    assert kinds(check(rules, near)) == {told.GOALS}
    assert check(rules, far) == ()


def test_a_film_is_not_cut_off() -> None:
    cut = rule("a", "at 22:00", "tv.switch=off")
    asks = rule("a", "at 22:00", "tv.switch=off", "tv.playback!=playing")
    film = [doc.Thing("tv", kind="television", is_reserved=True)]
    assert kinds(check([cut], film)) == {told.RESERVED}
    assert check([asks], film) == ()


def test_what_is_switched_on_at_once_fits_what_the_home_has() -> None:
    rules = (
        rule("a", "at 07:00", "wash.switch=on"), rule("b", "at 07:00", "dry.switch=on"),
        rule("c", "at 09:00", "car.switch=on"),
    )  # fmt: skip
    things = tuple(doc.Thing(name, power_w=2_000) for name in ("wash", "dry", "car"))
    found = examine(doc.Automations(rules, things, budget_w=3_000)).conflicts
    assert [(one.kind, set(one.automations)) for one in found] == [(told.BUDGET, {"a", "b"})]
    assert examine(doc.Automations(rules, things, budget_w=4_500)).conflicts == ()


def test_a_crowd_at_one_lamp_is_bounded_and_said() -> None:
    rules = [
        rule(
            f"a{at}",
            "pir.motion=on",
            f"lamp.switch={'on' if at % 2 else 'off'}",
            f"house.mode=m{at}",
        )
        for at in range(300)
    ]
    found = examine(doc.Automations(tuple(rules)))
    assert [note.key for note in found.notes] == ["automating.crowded"]


def test_a_long_round_is_found_and_a_wide_web_ends() -> None:
    long = [
        rule(f"a{at}", f"l{at}.switch=on", f"l{(at + 1) % 5}.switch=on;l{at}.switch=off")
        for at in range(5)
    ]
    rounds = [one for one in check(long) if one.kind == told.LOOP]
    assert any(len(one.automations) == 5 for one in rounds)
    web = [rule(f"w{at}", "x.switch", f"x.switch={'on' if at % 2 else 'off'}") for at in range(250)]
    assert len(check(web)) <= 5_000


@pytest.mark.parametrize(
    ("thing", "attribute", "value", "point", "to"),
    [
        ("front", "contact", "open", "opened", "on"), ("m", "motion", "inactive", "motion", "off"),
        ("meter", "power", 900, "power_w", 900.0), ("plug", "power", True, "power", "on"),
        ("binary_sensor.hall_motion", "", "on", "motion", "on"),
        ("sensor.attic_temperature", "", "21.5", "room_temperature_c", 21.5),
        ("lock.front", "", "unlocked", "locked", "off"), ("cover.blind", "", "closed", "opened", "off"),
        ("person.mum", "", "not_home", "presence", "away"),
        ("alarm_control_panel.house", "", "armed_away", "armed", "armed_away"),
        ("therm", "thermostatMode", "Emergency Heat", "mode", "heat"),
        ("t", "coolingSetpoint", 24, "target_temperature_c", 24.0),
    ],
)  # fmt: skip
def test_many_names_are_one_point(
    thing: str, attribute: str, value: doc.Value, point: str, to: object
) -> None:
    assert point_of(thing, attribute, value) == point
    assert token_of(point, value) == to


def test_commands_have_many_names_too() -> None:
    assert sets_of("lamp", "setLevel", 40) == [("power", "on"), ("brightness_percent", 40.0)]
    assert sets_of("lock.front", "lock.unlock", None) == [("locked", "off")]
    assert sets_of("valve.garden", "valve.open_valve", None) == [("valve_open", "on")]
    assert sets_of("lamp", "dance", None) == []
    assert kind_of("switch.bath_heater", None) == "heater"
    assert kind_of("light.garage_door", None) == "light"


def test_alternatives_that_exclude_each_other_one_by_one_do_not_meet() -> None:
    def lux(sign: str, value: int) -> doc.StateIs:
        return doc.StateIs("lux", "illuminance", sign, value)

    home, away = doc.StateIs("h", "where", "=", "home"), doc.StateIs("h", "where", "=", "away")
    either = doc.AnyOf((doc.AllOf((home, lux("<", 10))), doc.AllOf((away, lux(">", 100)))))
    pir = (doc.StateTrigger("pir", "motion", "=", "on"),)
    one = doc.Automation("a", pir, (doc.SetPoint("lamp", "switch", "on"),), conditions=(either,))
    off = (doc.SetPoint("lamp", "switch", "off"),)
    bright = doc.Automation("b", pir, off, conditions=(home, lux(">", 100)))
    dark = doc.Automation("b", pir, off, conditions=(home, lux("<", 100)))
    assert check([one, bright]) == ()
    assert kinds(check([one, dark])) == {told.OPPOSITE}


def test_what_is_worked_out_when_it_runs_is_only_possible() -> None:
    one, other = (
        rule("a", "pir.motion=on", "do lamp.toggle"),
        rule("b", "pir.motion=on", "do lamp.off"),
    )
    (found,) = check([one, other])
    assert (found.kind, found.sure, found.weight) == (told.OPPOSITE, told.POSSIBLE, told.NOTE)
    assert check([one, rule("b", "at 07:00", "do lamp9.off")]) == ()
