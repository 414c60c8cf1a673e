"""What of a thing outlasts a restart: one bounded value per address, without its IP addresses."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.knowing.record import (
    APART_PER_THING_MAX,
    SIGNS_PER_THING_MAX,
    Record,
    Sign,
    news_no_later_than,
)

FORM = 1
CLUES_KEPT_MAX = 32  # the weightiest; the others are heard again
VALUE_OCTETS_MAX = 65_536  # 32 clues and 16 signs of at most 160 characters, with room
HEARD_BY_MAX = 64
REASONS_MAX = 4


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """One record on the shelf; what rules say of its clues is thought anew.

    Attributes:
        form: number of this form; others are left out.
        clues: when, where and what was said.
        thing: id of the thing that the address belongs to; its own id for itself.
    """

    form: int
    first_seen: float
    last_seen: float
    news_at: float
    heard_by: tuple[str, ...]
    clues: tuple[tuple[float, str, str], ...]
    signs: tuple[Sign, ...]
    thing: str
    because: tuple[Reason, ...] = ()
    by_person: bool = False
    apart: tuple[tuple[str, str], ...] = ()
    lost: int = 0


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Kept)


def pack(record: Record) -> bytes:
    """The record as it is kept."""
    weighty = sorted(
        record.clues.values(),
        key=lambda clue: -max((claim.weight for claim in clue.claims), default=0.0),
    )
    return _ENCODER.encode(
        Kept(
            form=FORM,
            first_seen=record.first_seen,
            last_seen=record.last_seen,
            news_at=record.news_at,
            heard_by=tuple(sorted(record.heard_by)[:HEARD_BY_MAX]),
            clues=tuple((c.at, c.place, c.said) for c in weighty[:CLUES_KEPT_MAX]),
            signs=tuple(record.signs),
            thing=record.head.id,
            because=record.because[:REASONS_MAX],
            by_person=record.by_person,
            apart=tuple(record.apart.items()),
            lost=record.lost,
        )
    )


def unpack(value: bytes) -> Kept | None:
    """What was kept; None for what cannot be read."""
    if len(value) > VALUE_OCTETS_MAX:
        return None
    try:
        kept = _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    times = (kept.first_seen, kept.last_seen, kept.news_at, *(clue[0] for clue in kept.clues))
    is_sound = (
        kept.form == FORM
        and all(0 <= at < float("inf") for at in times)
        and len(kept.clues) <= CLUES_KEPT_MAX
        and len(kept.signs) <= SIGNS_PER_THING_MAX
        and len(kept.apart) <= APART_PER_THING_MAX
        and len(kept.heard_by) <= HEARD_BY_MAX
    )
    return kept if is_sound else None


def fill(record: Record, kept: Kept, now: float) -> None:
    """Give a record back what was kept of it, but its clues; nothing was heard in the future."""
    record.first_seen = min(record.first_seen, kept.first_seen, now)
    record.last_seen = max(record.first_seen, min(kept.last_seen, now))
    news_at = news_no_later_than(now, kept.news_at, kept.last_seen)
    record.news_at = min(record.news_at, news_at)
    record.heard_by |= set(kept.heard_by)
    record.signs = {**record.signs, **dict.fromkeys(kept.signs)}
    record.because, record.by_person = kept.because, kept.by_person
    record.apart = {**dict(kept.apart), **record.apart}
    record.lost += kept.lost
    record.kept_seen = record.last_seen
    record.changed = False


def heard_as(place: str, said: str) -> tuple[str, dict[str, str]]:
    """The kind and fields of a fact that would give this clue again."""
    room, _, rest = place.partition(".")
    kind, _, field = rest.partition(".")
    if place == "talk.service.use":  # made of three fields by the rulebook
        use, _, role = said.partition(" ")
        proto, _, port = use.partition("/")
        return "talk.service", {"proto": proto, "port": port, "role": role}
    return f"{room}.{kind}", {field: said}
