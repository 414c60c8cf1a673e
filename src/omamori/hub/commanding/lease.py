"""Leases: for how long a command of each slot may hold, and how it is counted."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from omamori.documents.limits import CLOCK_SKEW_S_MAX
from omamori.documents.reason import Reason
from omamori.hub.commanding.slots import (
    AUTOMATION,
    CRITICAL_EQUIPMENT,
    DEMAND_RESPONSE,
    EMERGENCY_REMOTE,
    LOCAL_MANUAL,
    REMOTE_USER,
    SAFETY_AUTO,
    SAFETY_LOCAL,
)

if TYPE_CHECKING:
    from omamori.hub.commanding.command import Command

_HOUR_S = 3600.0

PAST_S_MAX = 180.0
"""A command said longer ago is too late: two honest clocks' difference, and a minute on its way."""

MANUAL_HOLD_S = 4 * _HOUR_S
"""How long what a person set by hand is left alone; our own figure."""

LIMITED_LEASE_S_MAX = 900.0
"""What the rules allow only in part holds no longer than this; our own figure."""


_FARTHEST_S = 1e12  # the year 33,658


class Term(NamedTuple):
    """The terms of a slot.

    Attributes:
        longest_s: no lease may be longer.
        default_s: what 0 means; None where a lease must be named.
    """

    longest_s: float
    default_s: float | None


TERMS = {
    SAFETY_AUTO: Term(inf, inf),
    SAFETY_LOCAL: Term(inf, inf),
    LOCAL_MANUAL: Term(24 * _HOUR_S, MANUAL_HOLD_S),
    EMERGENCY_REMOTE: Term(_HOUR_S, None),
    CRITICAL_EQUIPMENT: Term(24 * _HOUR_S, None),
    REMOTE_USER: Term(12 * _HOUR_S, None),
    AUTOMATION: Term(24 * _HOUR_S, None),
    DEMAND_RESPONSE: Term(4 * _HOUR_S, None),
}
"""Our own figures. BACnet has no leases, and overrides that everybody forgot linger there for
years; every command from elsewhere must say for how long."""


def lease_end(command: Command, now: float) -> float | Reason:
    """When its lease ends, counted from when it was said; or why it has none."""
    term, lease_s = TERMS[command.slot], command.lease_s
    if not _is_time(lease_s) or lease_s < 0:
        return Reason("command.bad-lease")
    if lease_s == 0:
        if term.default_s is None:
            return Reason("command.no-lease")
        return now + term.default_s
    if lease_s > term.longest_s:
        return Reason("command.lease-too-long", {"lease_s": lease_s, "longest_s": term.longest_s})
    until = min(command.at, now) + lease_s
    return until if until > now else Reason("command.lease-over")


def when_said(command: Command, now: float) -> Reason | None:
    """Why it comes at the wrong time, if it does."""
    if not _is_time(command.at):
        return Reason("command.no-time")
    if command.at > now + CLOCK_SKEW_S_MAX:
        return Reason("command.from-future", {"ahead_s": command.at - now})
    if command.at < now - PAST_S_MAX:
        return Reason("command.too-late", {"age_s": now - command.at})
    return None


def _is_time(seconds: object) -> bool:
    """A number, and none of those beyond all clocks; of what is not a number this is never true."""
    return isinstance(seconds, (int, float)) and -_FARTHEST_S < seconds < _FARTHEST_S
