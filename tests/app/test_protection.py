"""One home's protection: what outlasts a restart, what is wiped, and what one fault leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.protected import (
    BATTERY,
    HEATER,
    HOUR_S,
    LAMP,
    NOW,
    OFF,
    PHONE,
    POWER,
    TV,
    ProtectedHome,
)
from omamori.adapters.entries import EntriesError
from omamori.app.protection import RUNG_KEPT_S
from omamori.app.remembering import OWED_MAX
from omamori.documents.grant import Grant
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.commanding.command import HUB, REFUSED, SENT, THING, Origin
from omamori.ledger.entry import BODY_BYTES_MAX, Entry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home() -> ProtectedHome:
    return ProtectedHome()


def grant(home: ProtectedHome, for_s: float = HOUR_S, id_: str = "g1") -> Grant:
    return Grant(
        id=id_, granter="family", kind="guest", purposes=("show-content",), targets=(TV,),
        since=int(home.now), until=int(home.now + for_s), cap=2, thing=PHONE,
    )  # fmt: skip


def test_what_was_said_and_done_outlasts_a_kill_at_any_point(tmp_path: Path) -> None:
    home = ProtectedHome(tmp_path)
    home.meet()
    home.attacks(HEATER)
    home.by_page(LAMP, "power", OFF)
    home.steward.set_switch(BATTERY, "local", Origin("", "person", "hand"))
    home.protection.give(grant(home))
    home.protection.propose(TV, PHONE, "show-content", 0.0)
    home.protection.set_mode("strict", "anna")
    links = [link.id for link in home.protection.links.all()]
    home.killed()
    assert home.is_cut(HEATER)
    assert not home.passes(HEATER)
    assert home.steward.arbiter.in_force(LAMP, "power") is not None
    assert home.steward.arbiter.switch_of(BATTERY) == "local"
    assert [one.id for one in home.protection.grants.all()] == ["g1"]
    assert [link.id for link in home.protection.links.all()] == links
    assert home.shield.mode == "strict"
    assert home.protection.unread == 0


def test_damaged_pieces_are_left_out_counted_and_said(home: ProtectedHome) -> None:
    home.attacks(HEATER)
    home.by_page(LAMP, "power", OFF)
    for room in ("guard", "arbiter"):
        for key, _ in list(home.shelf.all(room)):
            home.shelf.keep(room, key, b"\xff\x00")
    home.killed()
    assert home.protection.unread >= 2
    home.live(10)
    assert home.protection.trouble is None


def test_a_part_that_breaks_keeps_no_other_from_its_turn(home: ProtectedHome) -> None:
    home.meet()
    asked = home.ask(BATTERY, "charge_w", 1500, lease_s=60.0)
    home.show()

    def breaks() -> None:
        raise RuntimeError("a fault of our own")

    home.steward.rejudge = breaks
    home.shield.step = breaks
    home.live(90)
    assert home.states(asked)[-1] == "expired"
    assert home.things.values[BATTERY, "charge_w"] == 0


def test_an_open_alert_takes_what_a_thing_holds_and_its_end_gives_it_a_hearing(
    home: ProtectedHome,
) -> None:
    hems = Origin(PHONE, THING, HUB)
    alert = home.attacks(PHONE)
    assert home.protection.doubts(PHONE)[0] == alert.reason
    assert home.steward.arbiter.why_lost(PHONE)
    home.shield.undo(PHONE, "anna")
    home.protection.said_fine(home.watch.say_fine(alert.id, home.now, fine=True), "anna", fine=True)
    assert not home.protection.doubts(PHONE)
    assert not home.steward.arbiter.why_lost(hems.who)


def test_a_level_is_judged_anew_each_minute_and_after_any_jump_of_the_clock(
    home: ProtectedHome,
) -> None:
    def asked() -> int:
        before = home.speaker.asked
        home.protection.standing_of(LAMP)
        return home.speaker.asked - before

    asked()
    assert asked() == 0
    home.now += RUNG_KEPT_S
    assert asked() == 1
    home.now -= 365 * 86_400
    assert asked() == 1
    assert asked() == 0


def test_a_hub_whose_papers_fail_keeps_the_last_levels_and_cuts_all_the_same(
    home: ProtectedHome,
) -> None:
    home.speaker.rungs[LAMP] = 2
    home.now += RUNG_KEPT_S
    assert home.protection.standing_of(LAMP)[0] == 2
    home.speaker.broken = True
    home.now += RUNG_KEPT_S
    assert home.protection.standing_of(LAMP)[0] == 2
    home.attacks(HEATER)
    assert not home.passes(HEATER)


def test_a_guest_comes_goes_is_wiped_and_may_come_again(home: ProtectedHome) -> None:
    home.protection.give(grant(home))
    assert home.protection.grants.is_guest(PHONE, home.now)
    home.live(HOUR_S + 10, 60)
    assert not home.protection.grants.all()
    assert not home.protection.grants.pending()
    assert home.watch.inventory.thing(PHONE) is None
    assert home.kinds() == ["grant.given", "grant.ended", "grant.wiped"]
    assert not home.steward.arbiter.why_lost(PHONE)  # it left nothing, not even a grudge
    assert not any(PHONE in key for room in ("arbiter", "guard") for key, _ in home.shelf.all(room))
    home.hear(PHONE, "phone")
    home.protection.give(grant(home, id_="g2"))
    assert home.protection.grants.is_guest(PHONE, home.now)


def test_hostile_ids_from_a_page_are_refused_each_with_a_reason(home: ProtectedHome) -> None:
    words = ("", "x" * 100_000, "../../" * 50, "\x00", "\ud800", TV)
    for word in words:
        with pytest.raises(RefusedError):
            home.protection.propose(word, "nobody", "show-content", 0.0)
        with pytest.raises(RefusedError):
            home.protection.propose(TV, LAMP, word, 0.0)
        with pytest.raises(RefusedError):
            home.protection.agree(word, "anna", agree=True)
        with pytest.raises(RefusedError):
            home.protection.end_grant(word)
        with pytest.raises(RefusedError):
            home.protection.give(grant(home, id_=word) if word != TV else grant(home, for_s=-5))
        for act in (home.shield.undo, home.shield.answer):
            more: dict[str, Any] = {"cut": True} if act == home.shield.answer else {}
            with pytest.raises(RefusedError):
                act(word, "anna", **more)
    home.live(5)
    assert home.protection.trouble is None


def test_a_record_that_refuses_stops_no_cut_and_is_made_up_for(home: ProtectedHome) -> None:
    append, refuses = home.entries.append, [True]

    def tried(entries: list[Entry]) -> int:
        if refuses:
            raise EntriesError("ledger.not-written", {"file": "ledger.sqlite3"})
        return append(entries)

    home.entries.append = tried  # type: ignore[method-assign, assignment]
    home.protection._append = tried
    home.meet()
    home.attacks(HEATER)
    assert not home.passes(HEATER)
    assert home.states(home.ask(LAMP, "power", OFF)) == [REFUSED]
    assert str(home.protection.trouble) == "protection.not-kept"
    refuses.clear()
    home.live(5)
    assert home.protection.trouble is None
    assert home.kinds() == ["guard.cut", "command.refused"]


def test_a_line_that_cannot_be_written_keeps_no_other_from_the_record(home: ProtectedHome) -> None:
    append = home.protection._append

    def sized(entries: list[Entry]) -> object:
        if any(entry.kind == "too-long" for entry in entries):
            raise ValueError("entry too long")
        return append(entries)

    home.protection._append = sized
    long = Entry(NOW, "too-long", ("x" * BODY_BYTES_MAX,))
    home.protection._record([long, Entry(NOW, "one"), long, Entry(NOW, "two")])
    assert home.kinds() == ["one", "two"]
    assert home.protection.trouble is None


def test_what_is_owed_to_the_record_is_bounded(home: ProtectedHome) -> None:
    def refuses() -> None:
        raise OSError(28, "No space left on device")

    home.protection.keeper = refuses
    for number in range(OWED_MAX + 100):
        home.protection._record([Entry(NOW, f"k{number}")])
    assert len(home.protection._owed) == OWED_MAX


def test_new_rules_judge_what_comes_next(home: ProtectedHome) -> None:
    from omamori.hub.ruling.read import read_rules  # noqa: PLC0415 - only here
    from omamori.hub.ruling.rules import Rules  # noqa: PLC0415 - only here

    home.meet()
    assert home.states(home.ask(LAMP, "power", OFF)) == [SENT]
    home.protection.notes = (Reason("policy.in-use-instead"), Reason("door.no-secret"))
    nothing = b'version = 1\n[[rule]]\nid = "none"\neffect = "refuse"\nwhen.slot = "demand-response"\nwhy = "ruling.family"\n'
    home.protection.set_rules(Rules(read_rules(nothing)), "anna")
    assert home.states(home.ask(TV, "power", OFF)) == [REFUSED]
    assert [note.key for note in home.protection.notes] == ["door.no-secret"]
    assert POWER.who not in home.steward.decided
