"""Floods: whoever makes up things and alerts neither keeps the hub busy nor stops its cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.protected import LOCK, TV, ProtectedHome

if TYPE_CHECKING:
    import pytest

    from omamori.hub.guarding.plan import Plan


def made_up(number: int) -> str:
    return f"02:aa:00:00:{number >> 8:02x}:{number & 255:02x}"


def test_a_flood_of_alerts_makes_few_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    home = ProtectedHome()
    home.live(120)
    applied: list[Plan] = []
    hold = home.firewall.apply

    def counted(plan: Plan, now: float) -> None:
        applied.append(plan)
        hold(plan, now)

    monkeypatch.setattr(home.firewall, "apply", counted)
    for number in range(60):
        home.hear(made_up(number), "")
        home.attacks(made_up(number))
    cuts = sum(one.is_cut for one in home.shield.guard.quarantines())
    assert len(applied) <= cuts + 2
    home.attacks(TV)
    assert TV in {cut.place.thing for cut in home.shield.plan().cuts}
    home.live(5)
    assert {guarded.thing for guarded in home.shield.plan().guarded} >= {LOCK}
