"""Recording: what of a command goes into the record, and how much of what others said."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.commanding.command import Outcome
from omamori.ledger.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.commanding.telling import Event

TEXT_MAX = 200  # characters of what somebody else said that go into one line
REASONS_MAX = 12
WHOLE_MAX = 2**53  # whole numbers that every reader of JSON keeps exactly (RFC 8259, 6)


def entries_of(events: Iterable[Event]) -> list[Entry]:
    """One line for each change of a command's state."""
    outcomes = (event for event in events if isinstance(event, Outcome))
    return [_entry(outcome) for outcome in outcomes if _is_recorded(outcome)]


def is_chatter(events: Iterable[Event]) -> bool:
    """Whether it is nothing but refusals that the record has already: they wake no disk."""
    events = list(events)
    return bool(events) and all(isinstance(e, Outcome) and not _is_recorded(e) for e in events)


def _is_recorded(outcome: Outcome) -> bool:
    """Who asks much too fast fills no disk: each doubling of its refusals is one entry."""
    repeats = outcome.facts.get("repeats", 0)
    return not isinstance(repeats, int) or repeats & (repeats - 1) == 0


def _entry(outcome: Outcome) -> Entry:
    command = outcome.command
    facts = {
        **outcome.facts,
        "command": command.id,
        "point": command.point,
        "value": int(command.value) if isinstance(command.value, bool) else command.value,
    }
    return Entry(
        outcome.at,
        f"command.{outcome.state}",
        (command.target[:TEXT_MAX], command.origin.who[:TEXT_MAX]),
        tuple(_short(reason) for reason in outcome.reasons[:REASONS_MAX]),
        {name: _bounded(told) for name, told in facts.items()},
    )


def _short(reason: Reason) -> Reason:
    told = {
        name: value if isinstance(value, bool) else _bounded(value)
        for name, value in reason.params.items()
    }
    return Reason(reason.key, told)


def _bounded(told: str | float) -> str | int | float:
    """The same where JSON can hold it; else the beginning of its text."""
    if isinstance(told, str):
        return told[:TEXT_MAX]
    is_sound = abs(told) <= WHOLE_MAX if isinstance(told, int) else isfinite(told)
    return told if is_sound else format(told, ".3g") if isinstance(told, float) else "?"
