"""What cannot be is refused, each with its own reason, and nothing is written."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.commanding.made import (
    ALARM,
    ANNA,
    ASKED_BY_RULE,
    BROKERED,
    EVENING,
    HANDY,
    POWER,
    REFUSED_BY_RULE,
    SMOKE,
    STRANGER,
    T0,
    Home,
    keys,
    outcomes,
    writes,
)
from omamori.documents.reason import Reason
from omamori.hub.commanding import kept
from omamori.hub.commanding.command import (
    ASKED,
    HAND,
    HELD,
    NETWORK,
    PAGE,
    PERSON,
    REFUSED,
    SAFETY,
    SENT,
    SERVICE,
    SLOTS,
    Command,
    Origin,
)
from omamori.hub.commanding.envelope import Envelope
from omamori.hub.points import POINTS
from omamori.web.words import LANGUAGES, sentence

if TYPE_CHECKING:
    from omamori.hub.commanding.telling import Event

ON, OFF = True, False


def refused(events: list[Event]) -> set[str]:
    """Why it was refused; that nothing was written; and that a family can read it."""
    first = outcomes(events)[0]
    assert first.state == REFUSED
    assert not writes(events)
    assert {"asker", "channel", "slot"} <= set(first.facts)
    for reason in first.reasons:
        for lang in LANGUAGES:
            shown = sentence(reason, lang)
            assert reason.key == "ruling.test" or reason.key not in shown
    return keys(events)


@pytest.mark.parametrize(
    ("why", "target", "point", "value", "more"),
    [
        ("unknown-thing", "nothing", "power", ON, {}),
        ("unknown-point", "tv", "explode", ON, {}),
        ("only-read", "tv", "power_w", 5, {}),
        ("wrong-form", "tv", "power", 1, {}),
        ("wrong-form", "tv", "volume_percent", ON, {}),
        ("wrong-form", "tv", "volume_percent", 20.5, {}),
        ("wrong-form", "tv", "volume_percent", "20", {}),
        ("wrong-form", "tv", "content", 3, {}),
        ("wrong-form", "tv", "power", None, {}),
        ("wrong-form", "tv", "power", [ON], {}),
        ("not-a-choice", "tv", "playback", "explode", {}),
        ("too-long", "tv", "content", "x" * 2001, {}),
        ("too-long", "tv", "content", "\ud800", {}),
        ("not-a-number", "bath", "water_temperature_c", nan, {}),
        ("not-a-number", "bath", "water_temperature_c", inf, {}),
        ("impossible", "tv", "volume_percent", 101, {}),
        ("impossible", "tv", "volume_percent", 10**400, {}),
        ("outside", "bath", "water_temperature_c", 49.0, {}),
        ("outside", "battery", "charge_w", 6001, {}),
        ("not-read", "battery", "charge_w", -1000, {}),
        ("no-lease", "tv", "power", ON, {"lease_s": 0.0}),
        ("bad-lease", "tv", "power", ON, {"lease_s": nan}),
        ("bad-lease", "tv", "power", ON, {"lease_s": -1.0}),
        ("bad-lease", "tv", "power", ON, {"lease_s": inf}),
        ("lease-too-long", "tv", "power", ON, {"lease_s": 1e6}),
        ("lease-over", "tv", "power", ON, {"at": T0 - 100, "lease_s": 50.0}),
        ("no-time", "tv", "power", ON, {"at": nan}),
        ("too-late", "tv", "power", ON, {"at": T0 - 200}),
        ("from-future", "tv", "power", ON, {"at": T0 + 121}),
        ("bad-number", "tv", "power", ON, {"seq": -1}),
        ("bad-number", "tv", "power", ON, {"seq": 2**70}),
        ("bad-names", "tv", "power", ON, {"id": ""}),
        ("bad-names", "tv", "power", ON, {"id": "x" * 201}),
        ("unknown-purpose", "tv", "power", ON, {"purpose": "mischief"}),
        ("unknown-slot", "tv", "power", ON, {"slot": "god"}),
        ("slot-above", "tv", "power", ON, {"slot": "local-manual", "lease_s": 10.0}),
        ("slot-above", "tv", "power", ON, {"slot": "remote-user"}),
        ("slot-above", "tv", "power", ON, {"slot": "emergency-remote"}),
    ],
)
def test_each_impossible_command_has_its_own_reason(
    why: str, target: str, point: str, value: Any, more: dict[str, Any]
) -> None:
    assert why in refused(Home().ask(POWER, target, point, value, **more))


@pytest.mark.parametrize(
    "origin",
    [
        STRANGER,
        Origin("tv", "thing", NETWORK),
        Origin("", SERVICE, "meeting", "energy"),
        Origin("x", "god", "hub"),
        Origin("x", SERVICE, PAGE),
        Origin("x", SERVICE, HAND),
        Origin("anna", PERSON, NETWORK),
        Origin("hub", SAFETY, NETWORK),
    ],
)
@pytest.mark.parametrize("slot", SLOTS)
def test_who_has_proven_nothing_gets_nothing(origin: Origin, slot: str) -> None:
    assert refused(Home().ask(origin, "tv", "power", ON, slot)) == {"nobody-proven"}


def test_a_foreign_ladder_is_refused() -> None:
    home = Home(knows_industry=lambda industry: industry == "energy")
    assert outcomes(home.ask(POWER, "tv", "power", ON))[0].state == SENT
    foreign = Origin("x", SERVICE, "meeting", "pirates")
    assert refused(home.ask(foreign, "tv", "power", ON)) == {"foreign-ladder"}


def test_an_id_that_was_used_is_refused_and_the_first_goes_on() -> None:
    home = Home()
    command = home.command(POWER, "tv", "power", ON)
    assert outcomes(home.arbiter.ask(command, T0))[0].state == SENT
    again = home.arbiter.ask(command, T0 + 1)
    assert refused(again) == {"id-used"}
    assert outcomes(again)[0].facts["of_another"] == 1
    assert home.arbiter.in_force("tv", "power") == command
    home.arbiter.withdraw(command.id, POWER, T0 + 2)
    assert refused(home.arbiter.ask(command, T0 + 3)) == {"id-used"}


def test_a_replay_and_an_older_number_are_told_apart() -> None:
    home = Home()
    home.ask(POWER, "tv", "power", ON, seq=5)
    assert refused(home.ask(POWER, "tv", "power", OFF, seq=5)) == {"replayed"}
    assert refused(home.ask(POWER, "tv", "power", OFF, seq=4)) == {"out-of-order"}
    assert outcomes(home.ask(POWER, "tv", "power", OFF, seq=6))[0].state == SENT
    home.arbiter.renumbered(POWER)
    assert outcomes(home.ask(POWER, "tv", "power", ON, seq=1))[0].state == SENT


def test_a_number_belongs_to_its_origin() -> None:
    home = Home()
    home.ask(POWER, "tv", "power", ON, seq=5)
    assert outcomes(home.ask(BROKERED, "tv", "power", ON, "automation", seq=1))[0].state == SENT


def test_from_afar_an_emergency_only_calms() -> None:
    home = Home()
    assert refused(home.ask(ALARM, "tv", "power", ON, "emergency-remote")) == {"only-calms"}
    assert refused(home.ask(ALARM, "door", "locked", OFF, "emergency-remote")) == {"only-calms"}
    assert outcomes(home.ask(ALARM, "tv", "power", OFF, "emergency-remote"))[0].state == SENT


def test_the_policys_reasons_are_all_told() -> None:
    events = Home(REFUSED_BY_RULE).ask(POWER, "bath", "water_temperature_c", 90.0)
    assert refused(events) == {"outside", "not-allowed", "test"}
    facts = outcomes(events)[0].facts
    assert (facts["rules"], facts["envelope"]) == ("none-may", "kind")


def test_an_answer_that_is_no_answer_is_a_no() -> None:
    home = Home(REFUSED_BY_RULE.__class__("perhaps", (), ()))
    assert "not-allowed" in refused(home.ask(POWER, "tv", "power", ON))


def test_haste_of_one_is_slowed_and_counted_and_harms_no_other() -> None:
    home = Home()
    states = [outcomes(home.ask(POWER, "tv", "volume_percent", n % 100))[0] for n in range(10_000)]
    passed = [state for state in states if state.state != REFUSED]
    assert len(passed) == 30
    assert states[-1].facts["repeats"] == 10_000 - 30
    assert {r.key for r in states[-1].reasons} == {"command.too-fast"}
    assert outcomes(home.ask(BROKERED, "tv", "power", ON, "automation"))[0].state == SENT
    assert outcomes(home.ask(HANDY, "tv", "power", OFF, "local-manual"))[0].state == SENT
    register = home.arbiter._register
    assert len(register.live) == 3
    assert len(register.callers[f"meeting\x1f{POWER.who}"].ids) <= kept.IDS_PER_CALLER_MAX


def test_many_together_cannot_wear_a_thing_out() -> None:
    home = Home()
    why: set[str] = set()
    for number in range(400):
        who = Origin(f"s{number % 20}", SERVICE, "meeting", "energy")
        first = outcomes(home.ask(who, "tv", "volume_percent", number % 100))[0]
        why |= {reason.key for reason in first.reasons}
    assert "command.too-fast-thing" in why
    assert outcomes(home.ask(HANDY, "tv", "power", OFF, "local-manual"))[0].state == SENT


def test_the_home_has_its_own_measure() -> None:
    home = Home()
    home.arbiter._register.clock.pace.left, home.arbiter._register.clock.pace.at = 0.0, T0
    assert refused(home.ask(POWER, "tv", "power", ON)) == {"too-fast-home"}
    assert outcomes(home.ask(SMOKE, "tv", "power", OFF, "safety-auto"))[0].state == SENT


def test_too_many_held_are_refused_but_a_hand_goes_through() -> None:
    home = Home()
    for number in range(kept.PER_SPOT_MAX):
        who = Origin(f"s{number}", SERVICE, "meeting", "energy")
        home.ask(who, "tv", "power", ON, now=T0 + number)
    late = T0 + 100
    assert refused(home.ask(POWER, "tv", "power", ON, now=late)) == {"too-many"}
    assert outcomes(home.ask(HANDY, "tv", "power", OFF, "local-manual", now=late))[0].state == SENT


def test_too_many_who_ask_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CALLERS_MAX", 2)
    home = Home()
    home.ask(POWER, "tv", "power", ON)
    home.ask(EVENING, "tv", "power", ON, "automation")
    assert refused(home.ask(ALARM, "tv", "power", OFF, "emergency-remote")) == {"too-many-askers"}
    later = home.ask(ALARM, "tv", "power", OFF, "emergency-remote", now=T0 + 301)
    assert outcomes(later)[0].state == SENT


def test_nobody_is_asked_again_and_again() -> None:
    home = Home(ASKED_BY_RULE)
    points = [("tv", "power"), ("tv", "muted"), ("lamp", "power"), ("door", "locked")]
    for target, point in points:
        assert outcomes(home.ask(POWER, target, point, ON))[0].state == ASKED
    assert refused(home.ask(POWER, "tv", "volume_percent", 1)) == {"asks-too-much"}


def test_what_changes_too_steeply_or_too_often_is_refused() -> None:
    home = Home()
    home.arbiter.set_envelope(
        "lamp", Envelope("brightness_percent", 0, 80, step_max_per_min=20), HANDY, T0
    )
    ask = ("lamp", "brightness_percent")
    assert refused(home.ask(POWER, *ask, 90)) == {"outside"}
    home.confirm(home.ask(POWER, *ask, 40), T0)
    assert refused(home.ask(POWER, *ask, 50, now=T0 + 15)) == {"too-steep"}
    assert outcomes(home.ask(POWER, *ask, 50, now=T0 + 30))[0].state == SENT
    assert refused(home.ask(POWER, *ask, 80, now=T0 + 3000)) == {"too-steep"}
    assert outcomes(home.ask(HANDY, *ask, 0, "local-manual", now=T0 + 3000))[0].state == SENT


def test_a_lock_is_not_worn_out() -> None:
    home = Home()
    found: list[str] = []
    for number in range(30):
        home.arbiter.step(T0 + number * 60)
        events = home.ask(POWER, "door", "locked", number % 2 == 0, now=T0 + number * 60)
        home.confirm(events, T0 + number * 60)
        found.append(outcomes(events)[0].state)
    assert found.count(SENT) < 16
    assert found.count(REFUSED) > 10


def test_what_happens_once_is_now_or_never() -> None:
    home = Home()
    home.ask(HANDY, "pump", "dose_u", 1.0, "local-manual")
    assert refused(home.ask(POWER, "pump", "dose_u", 2.0)) == {"only-now"}


def test_a_person_at_the_thing_is_asked_by_standing_there() -> None:
    home = Home(ASKED_BY_RULE)
    assert outcomes(home.ask(HANDY, "tv", "power", ON, "local-manual"))[0].state == SENT
    assert outcomes(home.ask(ANNA, "lamp", "power", ON, "remote-user"))[0].state == ASKED
    assert "not-allowed" in refused(
        Home(REFUSED_BY_RULE).ask(HANDY, "tv", "power", ON, "local-manual")
    )


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=300),
    st.binary(max_size=9),
)


@given(
    st.builds(
        Command,
        id=st.text(max_size=300), target=st.sampled_from(["tv", "battery", "?"]),
        origin=st.builds(
            Origin, who=st.text(max_size=9),
            kind=st.sampled_from(["person", "service", "safety", "?"]),
            channel=st.sampled_from(["hand", "meeting", "hub", "network"]),
            industry=st.text(max_size=9), name=st.text(max_size=300),
        ),
        point=st.one_of(st.sampled_from(sorted(POINTS)), st.text(max_size=9)), value=ODD,
        slot=st.one_of(st.sampled_from(SLOTS), st.text(max_size=9)),
        at=st.one_of(st.just(T0), st.floats(), st.integers()),
        lease_s=st.one_of(st.just(60.0), st.floats(), st.integers()),
        purpose=st.one_of(st.just("switch-power"), st.text(max_size=9)),
        seq=st.integers(),
    )
)  # fmt: skip
def test_whatever_comes_one_answer_comes_and_nothing_is_raised(command: Command) -> None:
    home = Home()
    events = home.arbiter.ask(command, T0)
    assert outcomes(events)[0].command is command
    assert outcomes(events)[0].state in {REFUSED, SENT, HELD}
    assert list(home.arbiter.take_changes()) is not None
    for reason in outcomes(events)[0].reasons:
        assert isinstance(reason, Reason)
        assert sentence(reason, "ja")
