"""Recalling: what was cut off, read from the record when what was kept of it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.guarding.plan import Place
from omamori.hub.guarding.quarantine import ALERTS_MAX, CUT, CUT_S, REASONS_MAX, Quarantine
from omamori.hub.guarding.quarantine_kept import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.ledger.entry import Entries, Entry

READ_MAX = 20_000  # lines looked at, the newest first; a home has some hundred a day
_AT_ONCE = 500
_GUARD, _MODE = "guard.", "guard.mode"


def cuts_of(entries: Entries, now: float) -> list[tuple[str, bytes]]:
    """What the record tells as cut off last, for `Guard.restore`.

    A cut that went on was prolonged without a line, so its end is not known: it holds for one more
    day, and an attack that goes on is noticed again.
    """
    last: dict[str, Entry] = {}
    for entry in _newest(entries):
        if entry.kind.startswith(_GUARD) and entry.kind != _MODE and entry.about:
            last.setdefault(entry.about[0], entry)
    cuts = (_cut(thing, entry, now) for thing, entry in last.items() if entry.kind == _GUARD + CUT)
    return [(cut.thing, written(cut)) for cut in cuts]


def mode_of(entries: Entries) -> str:
    """How strictly the hub guarded; empty where nobody ever said."""
    modes = (entry for entry in _newest(entries) if entry.kind == _MODE)
    said = next(modes, None)
    return str(said.facts.get("mode", "")) if said is not None else ""


def _newest(entries: Entries) -> Iterator[Entry]:
    before: int | None = None
    for _ in range(READ_MAX // _AT_ONCE):
        found = entries.read(before, _AT_ONCE)
        yield from found
        if not found or found[-1].seq <= 0:
            return
        before = found[-1].seq


def _cut(thing: str, entry: Entry, now: float) -> Quarantine:
    def words(name: str) -> tuple[str, ...]:
        return tuple(str(entry.facts.get(name, "")).split())

    until = entry.facts.get("until", 0.0)
    return Quarantine(
        thing,
        CUT,
        since=min(entry.at, now),
        until=max(float(until) if isinstance(until, (int, float)) else 0.0, now + CUT_S),
        by=str(entry.facts.get("by", "")) or "person",
        kind=str(entry.facts.get("kind", "")),
        alerts=entry.about[1 : ALERTS_MAX + 1],
        reasons=entry.reasons[:REASONS_MAX],
        sure=str(entry.facts.get("sure", "")),
        place=Place(thing, words("macs"), words("ips"), str(entry.facts.get("port", ""))),
    )
