"""A home's rules on its pages: kept on the disk, restored at start, and never half in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.protected import BATTERY, LAMP, NOW, OFF, TV, ProtectedHome
from app.shown import household_of
from omamori.adapters import policy
from omamori.app import rule_views as room
from omamori.app.protect_views import ProtectViews
from omamori.app.rule_views import RulesError, RuleViews
from omamori.documents.policy_shape import POLICY_OCTETS_MAX
from omamori.hub.commanding.command import REFUSED, SENT

if TYPE_CHECKING:
    from pathlib import Path

NOTHING_OUTSIDE = policy.usual().decode() + (
    '\n[[rule]]\nid = "no-services"\neffect = "refuse"\nwhen.channel = "meeting"\n'
    'why = "ruling.family"\n'
)


def views(home: ProtectedHome, file: Path | None) -> RuleViews:
    shown = ProtectViews(
        home.protection, household_of(home), lambda _: {}, lambda who, _: who, home.clock
    )
    return RuleViews(shown, file, home.clock)


@pytest.fixture
def home() -> ProtectedHome:
    made = ProtectedHome()
    made.meet()
    return made


def test_rules_that_are_kept_hold_at_once_and_after_a_restart(
    home: ProtectedHome, tmp_path: Path
) -> None:
    file = tmp_path / policy.POLICY_NAME
    shown = views(home, file)
    assert shown.rules("en").is_default
    assert home.states(home.ask(LAMP, "power", OFF)) == [SENT]
    assert shown.keep(NOTHING_OUTSIDE, "anna") == ()
    assert home.states(home.ask(TV, "power", OFF)) == [REFUSED]
    assert file.stat().st_mode & 0o777 == 0o600
    assert "rules.changed" in home.kinds()
    again, notes = policy.load(file)
    assert not notes
    assert [rule.id for rule in again.rules][-1] == "no-services"
    later = views(home, file).rules("en")
    assert not later.is_default
    assert later.text == NOTHING_OUTSIDE
    assert shown.keep("  ", "anna") == ()
    assert not file.exists()
    assert home.states(home.ask(LAMP, "power", OFF))[-1] == SENT


@pytest.mark.parametrize(
    "text", ["version = 2", "nonsense", "\ud800", "x" * (POLICY_OCTETS_MAX + 10), "[[rule]]\n" * 9]
)
def test_a_text_with_mistakes_changes_nothing_and_tells_each(
    home: ProtectedHome, tmp_path: Path, text: str
) -> None:
    file = tmp_path / policy.POLICY_NAME
    shown = views(home, file)
    before = home.steward.rules
    assert shown.keep(text, "anna")
    assert shown.check(text)
    assert home.steward.rules is before
    assert not file.exists()


def test_where_the_disk_refuses_the_old_rules_stay(
    home: ProtectedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "write_secret", refuses)
    shown = views(home, tmp_path / policy.POLICY_NAME)
    before = home.steward.rules
    with pytest.raises(RulesError):
        shown.keep(NOTHING_OUTSIDE, "anna")
    assert home.steward.rules is before
    assert shown.rules("en").is_default


def test_a_damaged_policy_file_is_shown_and_the_usual_rules_hold(
    home: ProtectedHome, tmp_path: Path
) -> None:
    file = tmp_path / policy.POLICY_NAME
    file.write_bytes(b"\xff\xfe" * POLICY_OCTETS_MAX)
    rules, notes = policy.load(file)
    assert notes[0].key == "policy.in-use-instead"
    assert [one.id for one in rules.rules] == [one.id for one in home.steward.rules.rules]
    assert len(views(home, file).rules("en").text) <= POLICY_OCTETS_MAX
    file.unlink()
    file.mkdir()  # not even a file
    assert views(home, file).rules("en").is_default
    assert policy.load(file)[1]


def test_trying_does_nothing_and_names_what_decided(home: ProtectedHome) -> None:
    shown = views(home, None)
    for asker in (room.PERSON_ID, room.STRANGER_ID, room.SERVICE_ID, LAMP, "no-such\x00" * 99):
        told = shown.try_(asker, BATTERY, "charge_w", look=False, lang="ja")
        assert told.answer in {"allow", "limit", "ask", "refuse"}
    assert shown.try_(room.PERSON_ID, LAMP, "power", look=False, lang="en").answer == "allow"
    assert not home.things.written
    assert not home.kinds()
    for thing, point in (("nobody", "power"), (LAMP, "nothing"), ("", "")):
        with pytest.raises(RulesError):
            shown.try_(room.PERSON_ID, thing, point, look=False, lang="en")


def test_how_often_a_rule_decided_is_counted(home: ProtectedHome) -> None:
    shown = views(home, None)
    home.ask(LAMP, "power", OFF)
    counted = {row.id: (row.decided, row.last_at) for row in shown.rules("en").rules}
    assert counted["power"] == (1, NOW)
