"""What the sample home remembers: a meeting while it runs, and the entries that tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason
from omamori.ledger.entry import Entry
from omamori.simulation.player import Player
from omamori.trust.meeting import Outcome

if TYPE_CHECKING:
    from omamori.hub.links import Change

Facts = dict[str, str | int | float]


class Meeting(msgspec.Struct):
    """One meeting as the sample home remembers it.

    Attributes:
        caller, answerer: who met, as they were; `by_caller`, `by_answerer` what each concluded.
        trouble: why it was cut, if it was.
    """

    id: str
    at: float
    purpose: str
    fault: str
    caller: Player
    answerer: Player
    by_caller: Outcome | None = None
    by_answerer: Outcome | None = None
    trouble: Reason | None = None
    took_s: float | None = None


def entry_of_change(change: Change) -> Entry:
    """How a change of a link is remembered."""
    link = change.link
    key = "happened.link-narrowed" if change.narrowed else "happened.link-opened"
    if change.before == link.state:
        key = "happened.link-judged-again"
    facts: Facts = {
        "one": link.a,
        "other": link.b,
        "purpose": link.purpose,
        "state": link.state,
        "before": change.before,
    }
    return Entry(
        change.at, "verdict", (link.a, link.b), (Reason(key, dict(facts)), *link.reasons), facts
    )


def entry_of_meeting(meeting: Meeting, now: float) -> Entry:
    """How a meeting is remembered."""
    outcome = meeting.by_caller
    answer = outcome.answer if outcome else "refuse"
    reasons = (meeting.trouble,) if meeting.trouble else outcome.verdict.reasons if outcome else ()
    about = (meeting.caller.role.id, meeting.answerer.role.id)
    facts: Facts = {
        "one": about[0],
        "other": about[1],
        "purpose": meeting.purpose,
        "fault": meeting.fault,
        "answer": answer,
        "meeting": meeting.id,
    }
    return Entry(now, "meeting", about, (Reason("happened.meeting", dict(facts)), *reasons), facts)


def entry_of_level(industry: str, product: str, before: int, rung: int, now: float) -> Entry:
    """How an operator's act is remembered."""
    facts: Facts = {"industry": industry, "product": product, "rung": rung, "before": before}
    key = "happened.level-lowered" if rung < before else "happened.level-raised"
    return Entry(now, "level", (product,), (Reason(key, dict(facts)),), facts)
