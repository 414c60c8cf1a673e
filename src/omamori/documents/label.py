"""Label: the common display of a thing, in one form that every screen can show.

A plain JSON document; it carries no proof, so a reader shows it as told by `issuer`, and grey once it
has expired: the last good colour of a stale label would be a lie.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from omamori.documents.reason import RefusedError

FORMAT: Final = "omamori-label/1"
LABEL_BYTES_MAX = 8 * 1024
LABEL_VALIDITY_S = 900
"""A label is made from what was heard; after a quarter of an hour it is shown in grey."""

State = Literal["unconfirmed", "as-usual", "take-care", "attention", "danger", "emergency"]
Ground = Literal["certificate", "hub-word", "nothing"]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Moment = Annotated[float, msgspec.Meta(gt=0, lt=1 << 40)]


class LabelError(RefusedError):
    """A label that is not well formed."""


class LabelLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The level shown: a rung of the ladder `oid` belongs to, out of `rungs`."""

    industry: Text
    rung: Annotated[int, msgspec.Meta(ge=1, le=5)]
    rungs: Annotated[int, msgspec.Meta(ge=1, le=5)] = 5


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a thing's label says.

    Attributes:
        thing: its id at the issuer; name, kind: what people call it and what it is.
        state: one of five steps, or `unconfirmed`.
        level: None is no level; ground: what the level stands on.
        partners: how many things it cooperates with now.
        issuer: who says so; url: where the label is read afresh.
        checked_at, expires_at: seconds since the epoch.
        support_until: the maker's promise of updates, None when nobody promised.
    """

    thing: Text
    name: Text
    kind: Text
    state: State
    level: LabelLevel | None
    ground: Ground
    partners: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    issuer: Text
    url: Text
    checked_at: Moment
    expires_at: Moment
    support_until: Moment | None = None
    format: Literal["omamori-label/1"] = FORMAT

    def shown_state(self, now: float) -> State:
        """The state to show at `now`; a stale label cannot be confirmed."""
        return self.state if self.checked_at <= now < self.expires_at else "unconfirmed"


_READ = msgspec.json.Decoder(Label)


def write_label(label: Label) -> bytes:
    """The label as JSON."""
    return msgspec.json.encode(label)


def read_label(octets: bytes) -> Label:
    """Read a label from any bytes.

    Raises:
        LabelError: `label.too-long` or `label.unreadable`.
    """
    if len(octets) > LABEL_BYTES_MAX:
        raise LabelError("label.too-long", {"bytes_max": LABEL_BYTES_MAX})
    try:
        label = _READ.decode(octets)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise LabelError("label.unreadable") from error
    texts = (label.thing, label.name, label.kind, label.issuer, label.url)
    if not all(text.isprintable() for text in texts):
        raise LabelError("label.unreadable")
    if label.expires_at <= label.checked_at or (
        label.level and label.level.rung > label.level.rungs
    ):
        raise LabelError("label.unreadable")
    return label
