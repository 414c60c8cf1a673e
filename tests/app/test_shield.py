"""The shield: held first, written next; what fails is said, and tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.requests import Request

from app.protected import BATTERY, DAY_S, HEATER, HUB, LAMP, LOCK, NOW, ROUTER, TV, ProtectedHome
from omamori.adapters.firewall.library import FirewallError
from omamori.app.shield import HOLD_AGAIN_S, SCREENS_MAX, ShieldError
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.guarding.guard import GuardRefusedError
from omamori.hub.guarding.plan import OBSERVING, Features
from omamori.hub.guarding.quarantine import ASKED, CUT_S
from omamori.hub.guarding.reaching import GUARDING, STRICT, WATCHING
from omamori.web.login import SESSION_COOKIE, Door

if TYPE_CHECKING:
    from omamori.ledger.entry import Entry


@pytest.fixture
def home() -> ProtectedHome:
    return ProtectedHome()


def failing(home: ProtectedHome, error: Exception) -> list[Exception]:
    """The firewall fails for as long as the list has something in it."""
    apply, left = home.firewall.apply, [error]

    def tried(*given: object) -> None:
        if left:
            raise left[0]
        apply(*given)  # type: ignore[arg-type]

    home.firewall.apply = tried  # type: ignore[method-assign, assignment]
    return left


def test_a_cut_is_held_before_it_is_written_and_written_as_held(home: ProtectedHome) -> None:
    held: list[bool] = []
    record = home.shield.record

    def noted(entries: list[Entry]) -> None:
        held.append(home.passes(HEATER))
        record(entries)

    home.shield.record = noted
    home.attacks(HEATER)
    assert held == [False]
    (entry,) = home.recorded()
    assert (entry.kind, entry.facts["held"]) == ("guard.cut", 1)


def test_what_cannot_be_held_is_said_and_held_as_soon_as_it_can(home: ProtectedHome) -> None:
    left = failing(home, FirewallError("firewall.refused"))
    home.attacks(HEATER)
    assert home.shield.force.trouble == Reason("firewall.refused")
    assert home.recorded()[0].facts["held"] == 0
    assert home.passes(HEATER)
    left.clear()
    home.live(5)
    assert home.shield.force.trouble is None
    assert not home.passes(HEATER)


def test_whatever_breaks_in_the_firewall_the_alert_is_told(home: ProtectedHome) -> None:
    failing(home, TypeError("a fault of our own"))
    alert = home.attacks(HEATER)
    assert home.shield.force.trouble == Reason("guard.not-held")
    assert [one.id for one in home.watch.alerts_of(HEATER)] == [alert.id]
    assert "guard.cut" in home.kinds()


def test_a_trouble_that_passed_without_a_new_plan_is_no_longer_said(home: ProtectedHome) -> None:
    left = failing(home, FirewallError("firewall.refused"))
    home.shield.cut(LAMP, "anna")
    home.shield.undo(LAMP, "anna")
    left.clear()
    home.shield.hold()
    assert home.shield.force.trouble is None


def test_what_another_program_swept_away_is_held_again(home: ProtectedHome) -> None:
    home.attacks(HEATER)
    home.firewall.clear()
    assert home.passes(HEATER)
    home.live(HOLD_AGAIN_S + 5)
    assert not home.passes(HEATER)


def test_only_watching_cuts_nothing_and_guarding_again_acts_on_what_goes_on(
    home: ProtectedHome,
) -> None:
    home.protection.set_mode(WATCHING, "anna")
    home.attacks(HEATER)
    assert not home.is_cut(HEATER)
    home.protection.set_mode(GUARDING, "anna")
    assert home.is_cut(HEATER)
    assert not home.passes(HEATER)
    with pytest.raises(ShieldError):
        home.protection.set_mode("paranoid", "anna")
    assert home.shield.mode == GUARDING


@pytest.mark.parametrize("mode", [WATCHING, GUARDING, STRICT])
def test_the_mode_outlasts_a_restart(home: ProtectedHome, mode: str) -> None:
    home.protection.set_mode(mode, "anna")
    home.killed()
    assert home.shield.mode == mode
    home.shield.restore_mode("\ufffd")
    assert home.shield.mode == GUARDING


def test_the_hub_and_the_way_out_are_never_cut_off(home: ProtectedHome) -> None:
    home.hear(HUB, "computer")
    for mac in (HUB, ROUTER):
        home.attacks(mac)
        assert not home.is_cut(mac)
        with pytest.raises(GuardRefusedError):
            home.shield.cut(mac, "anna")
    with pytest.raises(RefusedError):
        home.shield.cut("no-such-thing" * 100, "anna")


def test_a_lock_is_asked_about_and_the_answer_is_done(home: ProtectedHome) -> None:
    home.attacks(LOCK)
    assert home.shield.guard.of(LOCK).state == ASKED
    assert home.passes(LOCK)
    home.shield.answer(LOCK, "anna", cut=True)
    assert not home.passes(LOCK)
    with pytest.raises(GuardRefusedError):
        home.shield.answer(LOCK, "anna", cut=False)


def test_the_screen_of_the_family_is_asked_about_first(home: ProtectedHome) -> None:
    home.shield.used_from(TV)
    home.attacks(TV)
    assert home.shield.guard.of(TV).state == ASKED
    for number in range(2 * SCREENS_MAX):
        home.shield.used_from(f"192.0.2.{number}")
    assert len(home.shield.guard.scene.screens) <= SCREENS_MAX


def test_only_who_is_signed_in_makes_an_address_a_screen_of_the_family(home: ProtectedHome) -> None:
    class Secrets:
        def password_hash(self) -> str:
            return "x"

        def keep_password_hash(self, digest: str) -> None:
            del digest

    door = Door(Secrets(), home.clock)
    door.used_from = home.shield.used_from
    scope = {"type": "http", "path": "/", "method": "GET", "client": ("192.0.2.9", 1)}
    stranger = Request({**scope, "headers": []})
    assert door.answer(stranger) is not None
    assert not home.shield.guard.scene.screens
    cookie = f"{SESSION_COOKIE}={door.begin()}".encode()
    assert door.answer(Request({**scope, "headers": [(b"cookie", cookie)]})) is None
    assert home.shield.guard.scene.screens == {"192.0.2.9"}


def test_a_false_alarm_is_undone_and_not_done_again_the_same_day(home: ProtectedHome) -> None:
    alert = home.attacks(HEATER)
    home.shield.undo(HEATER, "anna")
    assert home.passes(HEATER)
    home.now += 600
    home.protection.alerted([alert], [])
    assert not home.is_cut(HEATER)


def test_a_cut_ends_by_itself_a_day_after_the_last_sign(home: ProtectedHome) -> None:
    home.attacks(HEATER)
    home.live(DAY_S / 2, 600)
    assert home.is_cut(HEATER)
    home.live(2 * CUT_S, 600)
    assert not home.is_cut(HEATER)
    assert "guard.over" in home.kinds()


def test_a_frozen_hub_lets_its_cuts_run_out(home: ProtectedHome) -> None:
    home.attacks(HEATER)
    home.now += CUT_S - 10
    assert not home.passes(HEATER)
    home.now += 20  # nothing steps: the firewall itself lets go
    assert home.passes(HEATER)


def test_an_observing_hub_says_why_and_promises_nothing(home: ProtectedHome) -> None:
    why = Reason("firewall.no-rights")
    home.firewall.features = lambda: Features(OBSERVING, why=(why,))  # type: ignore[method-assign]
    home.killed()
    home.attacks(BATTERY)
    assert home.shield.force.features.why == (why,)
    assert home.recorded()[-1].facts["held"] == 0


def test_a_played_home_that_is_calm_has_forgotten_every_no(home: ProtectedHome) -> None:
    home.attacks(HEATER)
    home.shield.undo(HEATER, "anna")
    home.attacks(TV)
    home.shield.calm()
    assert home.passes(TV)
    assert home.shield.guard.of(HEATER) is None
    home.now = NOW + 60
    home.watch.alerts = type(home.watch.alerts)()
    home.attacks(HEATER)
    assert home.is_cut(HEATER)
