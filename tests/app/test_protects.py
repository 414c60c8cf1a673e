"""What a family does on its pages: done and kept when the page answers, and only in its own home."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from app.protected import BATTERY, HEATER, HOUR_S, LAMP, LOCK, OFF, ON, PHONE, TV, ProtectedHome
from app.shown import guarded_of, pages_of
from omamori.app import automations as room
from omamori.app.entry_views import entry_view
from omamori.app.protects import LEASE_S, Protects
from omamori.documents.automation import AutomationError
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.commanding.command import HELD, REFUSED, SENT, Notice
from omamori.web import names

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path


@pytest.fixture
def home() -> ProtectedHome:
    made = ProtectedHome()
    made.meet()
    return made


def do(act: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(act)


def test_what_a_page_sets_is_kept_when_it_answers_and_given_back(home: ProtectedHome) -> None:
    pages = pages_of(home)
    home.steward.later = [].append  # nothing waits for the loop's next turn
    do(pages.take_over("", TV, "power", OFF))
    assert home.kinds() == ["command.sent"]
    assert home.things.values[TV, "power"] is OFF
    (hold,) = pages.commands("", "en").holds
    assert (hold.mine, hold.until) == (True, home.now + LEASE_S)
    do(pages.give_back("", TV, "power"))
    assert not pages.commands("", "en").holds
    with pytest.raises(RefusedError):
        do(pages.give_back("", TV, "power"))


def test_what_is_refused_is_told_to_who_pressed(home: ProtectedHome) -> None:
    pages = pages_of(home)
    home.steward.later = [].append
    with pytest.raises(RefusedError) as told:
        do(pages.take_over("", BATTERY, "charge_w", 10**9))
    assert told.value.reason.key.startswith("command.")


def test_a_waiting_command_is_done_or_refused_by_the_family(home: ProtectedHome) -> None:
    pages = pages_of(home)
    home.steward.seen(TV, "playing", ON)
    for do_it, state in ((False, REFUSED), (True, SENT)):
        asked = home.ask(TV, "power", OFF)
        (waiting,) = pages.commands("", "en").waiting
        assert (waiting.id, waiting.state) == (asked.id, HELD)
        do(pages.decide("", asked.id, do=do_it))
        assert home.states(asked)[-1] == state
    do(pages.decide("", "no-such" * 1000, do=True))
    assert not home.things.values[TV, "power"]


def test_cutting_and_letting_go_are_seen_at_once(home: ProtectedHome) -> None:
    pages = pages_of(home)
    do(pages.cut("", LAMP, off=True))
    view = pages.protect("", "en")
    assert [cut.thing_id for cut in view.cuts] == [LAMP]
    assert home.protection.doubts(LAMP) == (Reason("guard.is-cut"),)
    do(pages.cut_longer("", LAMP))
    do(pages.cut("", LAMP, off=False))
    assert not pages.protect("", "en").cuts
    assert not home.protection.doubts(LAMP)
    home.attacks(LOCK)
    (ask,) = pages.protect("", "en").asks
    do(pages.answer("", ask.id, cut=False))
    assert not pages.protect("", "en").asks


def test_each_command_is_shown_once_as_it_stands_now(home: ProtectedHome) -> None:
    pages = pages_of(home)
    home.steward.seen(TV, "playing", ON)
    asked = home.ask(TV, "power", OFF)
    assert not pages.commands("", "en").last  # it waits, and is shown there
    do(pages.decide("", asked.id, do=False))
    (shown,) = pages.commands("", "en").last
    assert (shown.id, shown.state, shown.can_do, shown.can_refuse) == (
        asked.id, REFUSED, False, False,
    )  # fmt: skip


def test_an_alert_tells_that_its_thing_is_cut_off(home: ProtectedHome) -> None:
    made = guarded_of(home)
    home.attacks(HEATER)
    alerts = made.views.household.alerts
    assert [card.cut for card in alerts.open("en")] == [home.is_cut(HEATER)] == [True]
    home.shield.undo(HEATER, "family")
    assert not alerts.open("en")[0].cut


def test_why_a_thing_is_cut_off_names_whom_it_attacked(home: ProtectedHome) -> None:
    made = guarded_of(home)
    home.watch.correct(TV, "Big screen", "television")
    home.attacks(HEATER, target=TV)
    home.now += HOUR_S
    home.attacks(HEATER, target=TV, ports=400)
    (cut,), (card,) = made.views.protect("en").cuts, made.views.household.alerts.open("en")
    assert cut.why[0] == card.what
    assert cut.why[0].params["target"] == "Big screen"


def test_whatever_is_recorded_of_protection_has_a_word_and_names(home: ProtectedHome) -> None:
    made = guarded_of(home)
    home.watch.correct(TV, "Big screen", "television")
    home.attacks(HEATER, target=TV)
    home.shield.set_mode("strict", "family")
    made.rules.keep("", "family")
    alerts = made.views.household.alerts
    shown = [entry_view(entry, alerts, made, "en") for entry in home.recorded()]
    assert {entry.kind for entry in shown} == {"guard", "rules"} <= names.ENTRIES.keys()
    assert any("Big screen" in why.params.values() for entry in shown for why in entry.reasons)


def test_the_practice_home_is_another_home(home: ProtectedHome) -> None:
    practice = ProtectedHome()
    pages = pages_of(home, practice)
    do(pages.cut("sample", HEATER, off=True))
    do(pages.set_mode("sample", "strict"))
    do(pages.take_over("sample", LAMP, "power", OFF))
    do(pages.keep_rules("sample", ""))
    assert practice.is_cut(HEATER)
    assert not home.is_cut(HEATER)
    assert home.shield.mode == "guarding"
    assert not home.things.written
    assert not home.kinds()
    assert [cut.thing_id for cut in pages.protect("sample", "ja").cuts] == [HEATER]
    assert not pages.protect("", "ja").cuts


@pytest.mark.parametrize("name", ["sample", "SAMPLE", "../", "x" * 10_000])
def test_no_other_home_is_reached_by_any_name(home: ProtectedHome, name: str) -> None:
    pages = pages_of(home)
    with pytest.raises(RefusedError):
        pages.protect(name, "en")
    with pytest.raises(RefusedError):
        do(pages.cut(name, HEATER, off=True))
    with pytest.raises(RefusedError):
        do(pages.choose("film", "agree"))
    assert not home.is_cut(HEATER)


@pytest.mark.parametrize("word", ["", "x" * 100_000, "\x00", "\ud800", "<b>"])
def test_hostile_words_from_a_form_are_refused_and_harm_nothing(
    home: ProtectedHome, word: str
) -> None:
    pages: Protects = pages_of(home)
    acts: list[Callable[[], Coroutine[Any, Any, None]]] = [
        lambda: pages.cut("", word, off=True),
        lambda: pages.cut("", word, off=False),
        lambda: pages.answer("", word, cut=True),
        lambda: pages.set_mode("", word),
        lambda: pages.agree("", word, agree=True),
        lambda: pages.propose("", word, word, word, HOUR_S),
        lambda: pages.grant("", word, word, word, word, HOUR_S),
        lambda: pages.end_grant("", word),
        lambda: pages.take_over("", word, "power", value=True),
        lambda: pages.take_over("", TV, word, word),
        lambda: pages.give_back("", word, word),
    ]
    for act in acts:
        with pytest.raises(RefusedError):
            do(act())
    assert pages.guarded("", word, "en") is None
    do(pages.steer("", word, word))
    do(pages.join_programs("", word, join=False))
    home.live(5)
    assert home.protection.trouble is None
    assert home.steward.arbiter.switch_of(TV) == "remote"


def test_a_guest_is_let_in_and_sent_away(home: ProtectedHome) -> None:
    pages = pages_of(home)
    do(pages.grant("", "guest", PHONE, TV, "show-content", HOUR_S))
    (grant,) = pages.links("", "en").grants
    assert (grant.thing_id, grant.until) == (PHONE, home.now + HOUR_S)
    do(pages.end_grant("", grant.id))
    assert not pages.links("", "en").grants


def test_troubles_and_notes_are_on_the_first_page(home: ProtectedHome) -> None:
    pages = pages_of(home)
    home.protection.notes = (Reason("policy.in-use-instead"),)
    home.protection.unread = 3
    home.protection.trouble = Reason("protection.not-kept")
    told = [reason.key for reason in pages.protect("", "en").trouble]
    assert told == ["protection.not-kept", "protection.unread", "policy.in-use-instead"]


def test_a_thing_that_does_not_obey_is_told_to_the_family_once(home: ProtectedHome) -> None:
    pages = pages_of(home)
    for at, key in ((0, "driving.refused"), (0, "driving.refused"), (-2 * HOUR_S, "driving.busy")):
        home.steward.notices.appendleft(Notice("home", Reason(key), "c", home.now + at))
    home.steward.notices.appendleft(Notice("power-co", Reason("driving.nonsense"), "c", home.now))
    assert [one.key for one in pages.protect("", "en").trouble] == ["driving.refused"]


AUTOMATION = b"- alias: Evening\n  trigger: []\n  action: []\n"


def test_automations_are_kept_looked_at_and_forgotten(home: ProtectedHome, tmp_path: Path) -> None:
    pages = pages_of(home, folder=tmp_path)
    do(pages.take_automations("", AUTOMATION))
    assert pages.automations("", "en").names == ("Evening",)
    assert pages_of(home, folder=tmp_path).automations("", "en").names == ("Evening",)
    with pytest.raises(AutomationError):
        do(pages.take_automations("", b"\xff\x00{"))
    assert pages.automations("", "en").names == ("Evening",)
    do(pages.forget_automations(""))
    assert not list(tmp_path.iterdir())


def test_automations_that_can_no_longer_be_read_are_said_to_be_lost(
    home: ProtectedHome, tmp_path: Path
) -> None:
    (tmp_path / room.FILE).write_bytes(b"\x00{")
    pages = pages_of(home, folder=tmp_path)
    assert [note.key for note in pages.automations("", "en").notes] == ["automating.lost"]
    do(pages.take_automations("", AUTOMATION))
    assert "automating.lost" not in [note.key for note in pages.automations("", "en").notes]


def test_automations_that_the_disk_does_not_take_are_not_shown_as_kept(
    home: ProtectedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "write_secret", refuses)
    pages = pages_of(home, folder=tmp_path)
    with pytest.raises(AutomationError):
        do(pages.take_automations("", AUTOMATION))
    assert pages.automations("", "en").taken_at is None
