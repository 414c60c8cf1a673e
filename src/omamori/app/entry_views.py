"""What happened, as pages tell it: entries of the record in the reader's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.app.protection import FAMILY
from omamori.documents.reason import Reason
from omamori.simulation.sample_views import name_of, narrowing
from omamori.web import views

if TYPE_CHECKING:
    from omamori.app.alert_views import AlertViews
    from omamori.app.protect_views import ProtectViews
    from omamori.app.protects import Guarded
    from omamori.ledger.entry import Entry

PATHS = {
    "guard": "/protect",
    "command": "/protect/commands",
    "grant": "/protect/links",
    "rules": "/protect/rules",
    "link": "/protect/links",
}
PROTECTED = tuple(f"{room}." for room in PATHS)
"""Kinds of entry that tell of protection, and where more of it is shown."""


def entry_view(
    entry: Entry, alerts: AlertViews, guarded: Guarded | None, lang: str
) -> views.EntryView:
    """An entry in the reader's words; names are those of today."""
    alert = entry.facts.get("alert")
    if entry.kind.startswith(PROTECTED) and guarded is not None:
        return _protected(entry, alerts, guarded.views, lang)
    if alert is None:
        return _plain(entry, lang)
    thing = entry.about[0] if entry.about else ""
    name = alerts.name(thing, lang)
    return views.EntryView(
        at=entry.at,
        kind=entry.kind,
        what=Reason(entry.reasons[0].key, {"name": name}),
        state=views.ATTENTION if entry.reasons[0].key == "happened.alert" else views.AS_USUAL,
        reasons=tuple(alerts.named(r, thing, lang) for r in entry.reasons[1:]),
        path=f"/alerts/{alert}",
        by="",
        digest="",
    )


def _protected(entry: Entry, alerts: AlertViews, shown: ProtectViews, lang: str) -> views.EntryView:
    """What was cut off, commanded, linked or granted, in the reader's words."""
    room = entry.kind.partition(".")[0]
    thing = entry.about[0] if entry.about else ""
    is_grave = entry.kind in {"guard.cut", "guard.asked", "command.refused", "link.suspended"}
    first = Reason(
        f"happened.{entry.kind}",
        {
            "name": shown.name(thing, lang) if thing else "",
            **_two(entry, shown, lang),
        },
    )
    return views.EntryView(
        at=entry.at,
        kind=room,
        what=first,
        state=views.ATTENTION if is_grave else views.AS_USUAL,
        reasons=tuple(shown.named(alerts.named(r, thing, lang), lang) for r in entry.reasons),
        path=PATHS.get(room, ""),
        by="",
        digest="",
    )


def _two(entry: Entry, shown: ProtectViews, lang: str) -> dict[str, str]:
    other = entry.about[1] if len(entry.about) > 1 else FAMILY
    return {"other": shown.name(other or FAMILY, lang)}


def _plain(entry: Entry, lang: str) -> views.EntryView:
    """An entry in the reader's words; names are made here, because languages differ."""
    what = entry.reasons[0] if entry.reasons else Reason(f"happened.{entry.kind}")
    params = {
        key: name_of(str(value), lang) if key in ("one", "other") else value
        for key, value in what.params.items()
    }
    narrowed = what.key in ("happened.link-narrowed", "happened.level-lowered")
    meeting = entry.facts.get("meeting")
    return views.EntryView(
        at=entry.at,
        kind=entry.kind,
        what=Reason(what.key, params),
        state=views.ATTENTION if narrowed else views.AS_USUAL,
        reasons=narrowing(entry.reasons[1:]) if narrowed else entry.reasons[1:],
        path=f"/sample/meetings/{meeting}" if meeting else "",
        by="",
        digest="",
    )
