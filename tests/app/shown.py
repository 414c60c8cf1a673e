"""A protected home with its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.app.automations import AutomationViews
from omamori.app.household import Household
from omamori.app.protect_views import ProtectViews
from omamori.app.protects import Guarded, Protects
from omamori.app.rule_views import RuleViews
from omamori.hub.points import LOOK, POINTS
from omamori.web.views_talk import HearingView

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.protected import ProtectedHome
    from omamori.hub.points import Point


def household_of(home: ProtectedHome, name: str = "") -> Household:
    return Household(home, name, home.speaker, lambda: HearingView("router", "br0"), home.clock)  # type: ignore[arg-type]  # only looked at


def settable(_: str) -> Mapping[str, Point]:
    return {name: point for name, point in POINTS.items() if point.act != LOOK}


def guarded_of(home: ProtectedHome, folder: Path | None = None, name: str = "") -> Guarded:
    household = household_of(home, name)
    shown = ProtectViews(home.protection, household, settable, lambda who, _: who, home.clock)
    return Guarded(
        home.protection,
        shown,
        RuleViews(shown, folder / "policy.toml" if folder else None, home.clock),
        AutomationViews(name, folder / "automations.json" if folder else None, home.clock),
        lambda: None,
    )


def pages_of(
    home: ProtectedHome, practice: ProtectedHome | None = None, folder: Path | None = None
) -> Protects:
    other = guarded_of(practice, None, "sample") if practice is not None else None
    return Protects(guarded_of(home, folder), other, None)
