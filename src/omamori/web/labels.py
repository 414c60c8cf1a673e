"""The label document of a view: what `/label/….json` answers (docs/formats.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from omamori.documents.label import LABEL_VALIDITY_S, Ground, Label, LabelLevel, State
from omamori.web.words import cleaned

if TYPE_CHECKING:
    from omamori.web.views import LabelView

STATES: tuple[State, ...] = get_args(State)
GROUNDS: dict[str, Ground] = {ground: ground for ground in get_args(Ground)}
TEXT_CHARACTERS_MAX = 200


def label_of(view: LabelView) -> Label:
    """The document that says what `view` shows."""
    level = view.level
    return Label(
        thing=_plain(view.thing_id),
        name=_plain(view.name),
        kind=view.kind,
        state=STATES[view.state],
        level=LabelLevel(level.industry, level.rung, level.rungs) if level else None,
        ground=GROUNDS.get(view.ground, "nothing"),
        partners=view.partners,
        issuer=_plain(view.issuer),
        url=view.url,
        checked_at=view.checked_at,
        expires_at=view.checked_at + LABEL_VALIDITY_S,
        support_until=view.support_until,
    )


def _plain(text: str) -> str:
    """A name from outside, as a label may carry it."""
    return str(cleaned(text))[:TEXT_CHARACTERS_MAX]
