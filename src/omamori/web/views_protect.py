"""Views of how a home is protected: what is cut off and asked, what waits, and who holds what.

As in `views`: plain, immutable values; times are seconds since the epoch. Names come from outside
and are shown as they are, cleaned and escaped. `home` is ``""`` for the real home and ``"sample"``
for the practice home. A `point` is a name of `hub.points.POINTS`; the page finds its words.
"""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason, Value


class ForceView(msgspec.Struct, frozen=True):
    """What can be stopped here.

    Attributes:
        force: ``bridge``, ``routed`` or ``observing`` (`hub.guarding.plan`).
        why: why not more; the first is shown, the rest is folded.
        todo: the one thing to do to get more.
    """

    force: str
    why: tuple[Reason, ...] = ()
    todo: Reason | None = None


class CutView(msgspec.Struct, frozen=True):
    """A thing that is cut off now.

    Attributes:
        by: ``hub`` or ``person``.
        why: the first is the one sentence.
        alert_id: the alert that made it; empty where a person did.
        until: when it ends by itself; None where only a person ends it.
        stopped: frames stopped since.
        still: what still works, such as "It opens by hand."
    """

    thing_id: str
    name: str
    kind: str
    by: str
    since: float
    until: float | None
    why: tuple[Reason, ...] = ()
    alert_id: str = ""
    stopped: int = 0
    still: Reason | None = None


class AskView(msgspec.Struct, frozen=True):
    """A thing that the hub would cut off, but asks first.

    Attributes:
        what: what it did, in one sentence; `then` what being cut off would mean.
        until: when the question ends by itself (the thing is then left); None where it stays.
    """

    id: str
    thing_id: str
    name: str
    kind: str
    state: int
    what: Reason
    at: float
    then: Reason | None = None
    why: tuple[Reason, ...] = ()
    until: float | None = None
    alert_id: str = ""


class ProtectView(msgspec.Struct, frozen=True):
    """The first page of protection.

    Attributes:
        mode: ``watching``, ``guarding`` or ``strict``.
        stopped: frames stopped in all, since `stopped_since`.
        waiting: commands that wait for a person or for their time.
        trouble: what is not in force although it should be.
    """

    at: float
    home: str
    mode: str
    force: ForceView
    cuts: tuple[CutView, ...] = ()
    asks: tuple[AskView, ...] = ()
    stopped: int = 0
    stopped_since: float | None = None
    waiting: int = 0
    trouble: tuple[Reason, ...] = ()


class CommandView(msgspec.Struct, frozen=True):
    """A command and what became of it.

    Attributes:
        asker_kind, channel, state: of `hub.commanding.command`.
        at: when its state began; `until` when waiting ends by itself.
        why: all that decided; the first is the one sentence.
        facts: who asked, who held, which rule, whose envelope: `Outcome.facts` as pairs; what is
            no key of `names_protect.FACTS` is not shown.
        can_do, can_refuse: a person may do it now, may say no.
    """

    id: str
    target_id: str
    target: str
    point: str
    value: Value
    asker: str
    asker_kind: str
    channel: str
    state: str
    at: float
    until: float | None = None
    why: tuple[Reason, ...] = ()
    facts: tuple[tuple[str, Value], ...] = ()
    can_do: bool = False
    can_refuse: bool = False


class HoldView(msgspec.Struct, frozen=True):
    """Whose command holds a point now.

    Attributes:
        slot: of `hub.commanding.command.SLOTS`.
        until: the end of its lease; None where it has none.
        low, high: what a person may choose when taking over, for points that are numbers.
        mine: a person holds it from these pages or at the thing; it can be given back.
        under: what would hold it after that, in words of a name; empty for nothing.
    """

    target_id: str
    target: str
    point: str
    value: Value
    holder: str
    holder_kind: str
    slot: str
    since: float
    until: float | None = None
    low: float = 0.0
    high: float = 0.0
    mine: bool = False
    under: str = ""


class EnvelopeView(msgspec.Struct, frozen=True):
    """Which values a point may never leave, whoever commands.

    Attributes:
        low, high: the safe range; least, most: what the drawn bar shows (the point's own range).
        choices: for points that are no numbers: what is allowed.
        now: the value now, where it is a number that is known.
        source: `hub.commanding.envelope`'s word on whose it is: ``point``, ``kind``, ``maker`` or
            ``person``.
        step_per_min, changes_per_hour: how fast and how often from afar; 0 for any.
        rest: what it goes back to when nobody holds it; None leaves it as it is.
        conditions: (point, low, high, when): what must be read for it; when is ``negative``,
            ``positive`` or ``any``.
        why: anything further.
    """

    target_id: str
    target: str
    point: str
    low: float
    high: float
    least: float
    most: float
    choices: tuple[Value, ...] = ()
    now: float | None = None
    source: str = "kind"
    at: float | None = None
    step_per_min: float = 0.0
    changes_per_hour: float = 0.0
    rest: Value | None = None
    conditions: tuple[tuple[str, float, float, str], ...] = ()
    why: tuple[Reason, ...] = ()


class SteerView(msgspec.Struct, frozen=True):
    """From where a thing may be steered.

    Attributes:
        position: of `hub.commanding.switch`: ``off``, ``local``, ``home`` or ``remote``.
        joins: it takes part in energy programs; None where it never could; `rejoins_at` is when it
            does again.
        since: when that was last changed, `by` whom (``hub`` or ``person``).
    """

    thing_id: str
    name: str
    kind: str
    position: str
    joins: bool | None = None
    rejoins_at: float | None = None
    since: float | None = None
    by: str = "hub"
    why: tuple[Reason, ...] = ()


class CommandsView(msgspec.Struct, frozen=True):
    """What waits, what holds, what may be; `last` newest first."""

    at: float
    home: str
    waiting: tuple[CommandView, ...] = ()
    holds: tuple[HoldView, ...] = ()
    steers: tuple[SteerView, ...] = ()
    envelopes: tuple[EnvelopeView, ...] = ()
    last: tuple[CommandView, ...] = ()
    left_out: int = 0


class GuardedView(msgspec.Struct, frozen=True):
    """What a thing's own page shows of its protection.

    Attributes:
        cut: how it is cut off now, or None.
        can_cut: it can be cut off here; `why_not` otherwise.
        then: what being cut off would mean for such a thing.
    """

    cut: CutView | None = None
    can_cut: bool = True
    why_not: Reason | None = None
    then: Reason | None = None
    steer: SteerView | None = None
    holds: tuple[HoldView, ...] = ()
    envelopes: tuple[EnvelopeView, ...] = ()
