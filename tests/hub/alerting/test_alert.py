"""Alerts join what belongs together, tell once, remember a person's word, and stay small."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.hub.alerting import alert
from omamori.hub.alerting.alert import FINE, OPEN, OVER, Alert, AlertRefusedError, Alerts, alert_id
from omamori.hub.alerting.alert_kinds import ALERTS, QUIET_S
from omamori.hub.finding import FACTS_MAX, Fact, Finding
from omamori.web import words

if TYPE_CHECKING:
    from omamori.documents.reason import Value

IRON = "02:00:00:00:00:01"


def finding(
    kind: str = "sweep.arp",
    thing: str = IRON,
    at: float = 1000.0,
    about: str = "",
    targets: int = 11,
) -> Finding:
    facts = (Fact(at, "192.168.1.9", f"192.168.1.{targets % 250}", "arp asks"),)
    return Finding(kind, thing, at, about, {"targets": targets}, facts)


def told(alerts: Alerts, made: Finding) -> Alert:
    found = alerts.take(made)
    assert found is not None
    return found


def test_the_first_finding_is_told() -> None:
    alerts = Alerts()
    first = told(alerts, finding())
    assert (first.state, first.count, first.step) == (OPEN, 1, 3)
    assert first.reason.key == "alert.sweep.arp"
    assert first.action.key == "action.ask-why"
    assert alerts.get(first.id) == first
    assert re.fullmatch(r"[0-9a-f]{16}", first.id)


def test_repeated_findings_are_joined_and_not_told_again() -> None:
    alerts = Alerts()
    first = told(alerts, finding())
    assert alerts.take(finding(at=1030.0, targets=12)) is None
    joined = alerts.of(IRON)[0]
    assert (joined.count, joined.first_at, joined.at) == (2, 1000.0, 1030.0)
    assert joined.params["targets"] == 12
    assert joined.id == first.id


def test_the_worst_moment_is_what_the_sentence_says() -> None:
    alerts = Alerts()
    told(alerts, finding(targets=40))
    alerts.take(finding(at=1001.0, targets=12))
    assert alerts.all()[0].params["targets"] == 40


def test_what_grows_ten_times_is_told_again() -> None:
    alerts = Alerts()
    told(alerts, finding(targets=11))
    assert alerts.take(finding(targets=109)) is None
    assert told(alerts, finding(targets=110)).count == 3
    assert alerts.take(finding(targets=111)) is None


def test_what_is_quiet_is_over_and_told_when_it_is_there_again() -> None:
    alerts = Alerts()
    first = told(alerts, finding())
    assert alerts.step(1000.0 + QUIET_S - 1) == []
    assert [ended.id for ended in alerts.step(1000.0 + QUIET_S)] == [first.id]
    assert alerts.all()[0].state == OVER
    again = told(alerts, finding(at=9000.0))
    assert (again.id, again.state, again.first_at) == (first.id, OPEN, 9000.0)


def test_a_persons_word_silences_this_and_nothing_else() -> None:
    alerts = Alerts()
    first = told(alerts, finding(about="a"))
    assert alerts.say_fine(first.id, 1001.0).state == FINE
    assert alerts.take(finding(about="a", at=1e6, targets=10_000)) is None
    alerts.step(1e8)
    assert alerts.take(finding(about="a", at=1e8)) is None
    assert told(alerts, finding(about="b"))
    assert told(alerts, finding(about="a", thing="02:00:00:00:00:02"))
    assert told(alerts, finding(kind="sweep.ping", about="a"))


def test_a_word_taken_back_lets_it_be_told_again() -> None:
    alerts = Alerts()
    key = told(alerts, finding()).id
    alerts.say_fine(key, 1001.0)
    assert alerts.take_back(key, 1002.0).state == OPEN
    alerts.say_fine(key, 1003.0)
    assert alerts.take_back(key, 99_000.0).state == OVER
    assert told(alerts, finding(at=99_001.0))


def test_nobody_speaks_of_an_alert_that_is_not_there() -> None:
    for act in (Alerts().say_fine, Alerts().take_back):
        with pytest.raises(AlertRefusedError, match=re.escape("alert.no-such-alert")):
            act("0" * 16, 0.0)


def test_a_flood_does_not_push_out_what_was_there_before() -> None:
    alerts = Alerts()
    old = told(alerts, finding(kind="claims.address", at=1.0))
    ended = told(alerts, finding(thing="02:00:00:00:00:77", at=2.0))
    alerts.step(2.0 + QUIET_S)
    alerts.take(finding(kind="claims.address", at=2.0 + QUIET_S))
    for number in range(5000):
        made_up = f"06:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        alerts.take(finding(kind="claims.address", thing=made_up, at=3000.0 + number))
        alerts.take(finding(thing=made_up, at=3000.0 + number))
    assert len(alerts.all()) <= 2 * alert.ALERTS_PER_KIND_MAX
    assert alerts.get(old.id) is not None
    assert alerts.get(ended.id) is None  # what is over makes room first
    assert alerts.evicted > 9000
    assert alerts.untold > 9000


def test_one_thing_with_ever_new_abouts_evicts_only_its_own() -> None:
    alerts = Alerts()
    others = [told(alerts, finding(thing=f"02:00:00:00:01:{n:02x}")).id for n in range(20)]
    for number in range(500):
        alerts.take(finding(about=str(number), at=2000.0 + number))
    assert len(alerts.of(IRON)) == alert.ALERTS_PER_THING_AND_KIND_MAX
    assert all(alerts.get(key) for key in others)


def test_persons_words_are_never_pushed_out_and_bounded() -> None:
    alerts = Alerts()
    for number in range(alert.FINES_MAX):
        thing = f"06:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        alerts.take(finding(thing=thing))
        alerts.say_fine(alert_id("sweep.arp", thing, ""), 1001.0)
    for number in range(300):
        alerts.take(finding(thing=f"0a:00:00:00:{number >> 8:02x}:{number & 255:02x}"))
    assert sum(a.state == FINE for a in alerts.all()) == alert.FINES_MAX
    loose = next(a for a in alerts.all() if a.state == OPEN)
    with pytest.raises(AlertRefusedError, match=re.escape("alert.too-many-fine")):
        alerts.say_fine(loose.id, 1002.0)


def test_what_is_told_of_two_that_are_one_is_told_once_and_a_persons_word_holds() -> None:
    alerts = Alerts()
    old = told(alerts, finding(thing="ip:192.168.1.9", targets=50))
    new = told(alerts, finding(at=1030.0, targets=12))
    other = told(alerts, finding(at=1040.0, thing="ip:192.168.1.9", about="else"))
    alerts.say_fine(old.id, 1050.0)
    list(alerts.take_changes())
    alerts.join("ip:192.168.1.9", IRON)
    one = alerts.get(new.id)
    assert one is not None
    assert (one.state, one.count, one.first_at, one.at) == (FINE, 2, 1000.0, 1030.0)
    assert alerts.get(old.id) == one
    assert alerts.of("ip:192.168.1.9") == []
    assert {alert.about for alert in alerts.of(IRON)} == {"", "else"}
    changes = dict(alerts.take_changes())
    assert changes[old.id] is changes[other.id] is None
    again = Alerts()
    assert again.restore([(key, value) for key, value in changes.items() if value], 2000.0) == 0
    assert again.all() == alerts.all()


def test_former_ids_are_bounded() -> None:
    alerts = Alerts()
    for n in range(alert.JOINED_MAX + 50):
        alerts.take(finding(thing=f"ip:{n}"))
        alerts.join(f"ip:{n}", IRON)
    assert len(alerts._joined) <= alert.JOINED_MAX
    assert len(alerts.all()) == 1


def test_facts_show_how_it_began_and_the_latest() -> None:
    alerts = Alerts()
    for number in range(100):
        alerts.take(finding(at=1000.0 + number, targets=number))
    facts = alerts.all()[0].facts
    assert len(facts) == FACTS_MAX
    assert (facts[0].at, facts[-1].at) == (1000.0, 1099.0)


def test_it_is_remembered_over_a_restart() -> None:
    before, after = Alerts(), Alerts()
    key = told(before, finding()).id
    before.say_fine(key, 1001.0)
    told(before, finding(about="x"))
    kept = [(name, value) for name, value in before.take_changes() if value is not None]
    assert list(before.take_changes()) == []
    assert after.restore(kept, 1002.0) == 0
    assert after.all() == before.all()
    assert after.take(finding(at=2000.0)) is None
    assert list(dict(after.take_changes())) == [key]


def test_what_is_forgotten_is_told_to_the_shelf() -> None:
    alerts = Alerts()
    key = told(alerts, finding()).id
    list(alerts.take_changes())
    alerts.step(1e6)
    alerts.step(1e6 + alert.OVER_KEPT_S)
    assert list(alerts.take_changes()) == [(key, None)]


@given(st.lists(st.tuples(st.text(max_size=16), st.binary(max_size=200)), max_size=5))
def test_kept_pieces_that_cannot_be_read_are_left_out(kept: list[tuple[str, bytes]]) -> None:
    alerts = Alerts()
    assert alerts.restore(kept, 0.0) == len(kept)
    assert alerts.all() == []


def test_kept_pieces_under_a_wrong_name_are_left_out() -> None:
    alerts = Alerts()
    told(alerts, finding())
    pieces = [("f" * 16, value) for _, value in alerts.take_changes() if value]
    assert Alerts().restore(pieces, 0.0) == 1


def test_a_clock_set_back_does_not_keep_an_alert_open_for_ever() -> None:
    alerts = Alerts()
    told(alerts, finding(at=2e9))
    alerts.step(1e9)
    assert alerts.step(1e9 + QUIET_S)


def test_the_gravest_open_alert_stands_first() -> None:
    alerts = Alerts()
    told(alerts, finding(kind="beacon.regular", at=5.0))
    told(alerts, finding(kind="claims.dhcp", at=1.0))
    told(alerts, finding(at=9.0))
    assert [a.step for a in alerts.all()] == [4, 3, 2]


def test_every_kind_has_its_sentence_and_its_action_in_both_languages() -> None:
    for lang in words.LANGUAGES:
        table = words.tables()[lang]
        for name, kind in ALERTS.items():
            assert f"alert.{name}" in table
            assert kind.action in table
            assert not kind.size or f"{{{kind.size}}}" in table[f"alert.{name}"]


def test_a_kind_that_nobody_named_is_still_told() -> None:
    told_of = told(Alerts(), finding(kind="no.such"))
    assert told_of.reason.key == "alert.other"


values: st.SearchStrategy[Value] = st.one_of(st.text(max_size=300), st.floats(), st.integers())


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(
            Finding,
            kind=st.sampled_from([*ALERTS, "odd"]),
            thing=st.text(max_size=3),
            at=st.floats(min_value=-1e12, max_value=1e12),
            about=st.text(max_size=300),
            params=st.dictionaries(st.sampled_from(["targets", "ports", "x"]), values),
            facts=st.lists(
                st.builds(Fact, st.floats(-1e12, 1e12), st.text(), st.text(), st.text()),
                max_size=20,
            ).map(tuple),
        ),
        max_size=40,
    )
)
def test_whatever_is_found_is_kept_within_limits_and_can_be_restored(found: list[Finding]) -> None:
    alerts, after = Alerts(), Alerts()
    for one in found:
        alerts.take(one)
        alerts.step(one.at)
    assert all(len(a.facts) <= FACTS_MAX for a in alerts.all())
    kept = [(key, value) for key, value in alerts.take_changes() if value]
    assert all(len(value) < 8192 for _, value in kept)
    assert after.restore(kept, 2e12) == 0
