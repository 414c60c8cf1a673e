"""Command: a request to set a point of a thing, and what the arbiter says of it."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.points import Given

PERSON, AUTOMATION_BY, SERVICE, THING, SAFETY = "person", "automation", "service", "thing", "safety"
HAND, PAGE, MEETING, BROKER, NETWORK, HUB = "hand", "page", "meeting", "broker", "network", "hub"
"""Ways by which a command comes: at the thing itself; this home's own pages; a meeting with its
certificates; a message broker; the bare network, where anybody may say to be anybody; the hub's own."""

SLOTS = (
    "safety-auto", "safety-local", "local-manual", "emergency-remote", "critical-equipment",
    "remote-user", "automation", "demand-response",
)  # fmt: skip
"""Who goes first, the strongest first; after BACnet's priority array (ASHRAE 135 §19.2)."""


class Origin(msgspec.Struct, frozen=True):
    """Who asks, as the channel proved it; never as the message says of itself.

    Attributes:
        who: id of the thing, service or person; empty where nobody is proven.
        kind: ``person``, ``automation``, ``service``, ``thing`` or ``safety``.
        channel: one of the ways above.
        industry: the trust domain of its certificate; empty where it has none.
        name: how to call it, for sentences.
    """

    who: str
    kind: str
    channel: str
    industry: str = ""
    name: str = ""


class Command(msgspec.Struct, frozen=True):
    """A request to set a point.

    Attributes:
        id: unique; the origin's own number is `seq`, increasing, 0 where it keeps none.
        target: id of the thing; `point` a key of `points.POINTS`.
        slot: of `SLOTS`; what the origin may have, the arbiter checks.
        at: when it was said, by its origin's clock, seconds since the epoch.
        lease_s: for how long; 0 only where the slot needs no lease.
        purpose: of `trust.verdict.PURPOSES`.
    """

    id: str
    origin: Origin
    target: str
    point: str
    value: Given
    slot: str
    at: float
    lease_s: float = 0.0
    purpose: str = "switch-power"
    seq: int = 0


ASKED, HELD, SENT, DONE, FAILED = "asked", "held", "sent", "done", "failed"
OVERRIDDEN, EXPIRED, WITHDRAWN, REFUSED = "overridden", "expired", "withdrawn", "refused"
ENDED = frozenset({FAILED, EXPIRED, WITHDRAWN, REFUSED})


class Outcome(msgspec.Struct, frozen=True):
    """What became of a command: each change of its state is one outcome, and one entry.

    Attributes:
        state: of those above.
        reasons: all that decided.
        facts: for the record: who asked, who held, which rule, whose envelope, until when.
    """

    command: Command
    state: str
    at: float
    reasons: tuple[Reason, ...] = ()
    facts: dict[str, str | int | float] = {}


class Write(msgspec.Struct, frozen=True):
    """A value to be set now; its effect must be seen before `confirm_by`."""

    id: str
    target: str
    point: str
    value: Given
    command_id: str
    confirm_by: float


class Notice(msgspec.Struct, frozen=True):
    """A word to one of those concerned: `to` is who asked, who holds, or ``home`` for the family."""

    to: str
    reason: Reason
    command_id: str
    at: float
