"""Quarantine: one thing cut off, or the question whether to; its life is a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.alerting.alert_kinds import kind_of
from omamori.hub.guarding.plan import Place
from omamori.ledger.entry import Entry

if TYPE_CHECKING:
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.knowing.known import KnownThing

DAY_S = 86_400.0
CUT_S = DAY_S
"""A cut by the hub itself ends after so long without a sign: nobody must be locked out for ever by
a machine's mistake."""
ASKED_S = DAY_S  # an unanswered question
REMEMBERED_S = DAY_S  # a person's no
PERSONS_CUT_S_MAX = 30 * DAY_S  # a person may say it again

NOTHING, ASKED, CUT, UNDONE, DECLINED, OVER = (
    "nothing",
    "asked",
    "cut",
    "undone",
    "declined",
    "over",
)
STATES = (NOTHING, ASKED, CUT, UNDONE, DECLINED, OVER)

MUST_CUT, MUST_ASK, SAYS_CUT, AGREES, DECLINES, UNDOES, PASSES = (
    "must-cut", "must-ask", "says-cut", "agrees", "declines", "undoes", "passes",
)  # fmt: skip
EVENTS = (MUST_CUT, MUST_ASK, SAYS_CUT, AGREES, DECLINES, UNDOES, PASSES)

LIFE: dict[tuple[str, str], str] = {
    **{(state, MUST_CUT): CUT for state in STATES},
    (NOTHING, MUST_ASK): ASKED,
    (ASKED, MUST_ASK): ASKED,
    (CUT, MUST_ASK): CUT,  # it is cut off already
    (UNDONE, MUST_ASK): ASKED,
    (DECLINED, MUST_ASK): ASKED,
    (OVER, MUST_ASK): ASKED,
    **{(state, SAYS_CUT): CUT for state in STATES},
    (ASKED, AGREES): CUT,
    (ASKED, DECLINES): DECLINED,
    (ASKED, UNDOES): DECLINED,
    (CUT, DECLINES): UNDONE,
    (CUT, UNDOES): UNDONE,
    **{(state, PASSES): OVER for state in (ASKED, CUT, UNDONE, DECLINED)},
}
"""What becomes of it; an event that is not here changes nothing. `MUST_*` come only from what is new:
what a person undid or declined is told again, not done again, for a day."""

HUB = "hub"
"""Who did it, where no person did."""

GROWN_TIMES = 10.0  # what a person undid must be so many times as big to count as new
KINDS_MAX = 32  # of alerts that a person said no to, for one thing
ALERTS_MAX = 32  # open ones of one thing
REASONS_MAX = 12


class Said(msgspec.Struct, frozen=True):
    """A kind of alert that a person said no to, and how big it was then."""

    kind: str
    size: float
    at: float


class Quarantine(msgspec.Struct, frozen=True):
    """One thing: cut off, asked about, or remembered.

    Attributes:
        thing: its id; `place` where it was when last planned for.
        state: of `STATES`; `since` then, `until` when it passes by itself, seconds since the epoch.
        by: ``hub``, or who said it.
        kind: the alert's kind that led to it; empty where a person said it unasked.
        alerts: ids of its alerts that are still open.
        reasons: all that decided, the alert's own sentence first.
        no: what a person said no to.
        sure: how surely it was this thing (`places`).
        is_to_be_forgotten: nothing of it is remembered when it ends.
    """

    thing: str
    state: str = NOTHING
    since: float = 0.0
    until: float = 0.0
    by: str = HUB
    kind: str = ""
    alerts: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    no: tuple[Said, ...] = ()
    sure: str = ""
    place: Place = Place("")
    is_to_be_forgotten: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether it is cut off now."""
        return self.state == CUT

    @property
    def is_by_itself(self) -> bool:
        """Whether the hub cut it off without being told to."""
        return self.state == CUT and self.by == HUB


class Change(msgspec.Struct, frozen=True):
    """What was done or asked, ready to be told and recorded.

    Attributes:
        before: the state before; the same as now where it was only prolonged or told again.
        reasons: of this change.
    """

    quarantine: Quarantine
    before: str
    at: float
    reasons: tuple[Reason, ...]

    @property
    def is_new_plan(self) -> bool:
        """Whether the firewall must be told."""
        return CUT in {self.before, self.quarantine.state}

    @property
    def entry(self) -> Entry:
        """The line for the record: ``guard.cut``, ``guard.asked``, ``guard.undone`` and so on."""
        q = self.quarantine
        facts: dict[str, str | int | float] = {
            "before": self.before, "by": q.by, "kind": q.kind, "until": q.until, "sure": q.sure,
            "macs": " ".join(q.place.macs), "ips": " ".join(q.place.ips), "port": q.place.port,
        }  # fmt: skip
        return Entry(self.at, f"guard.{q.state}", (q.thing, *q.alerts), self.reasons, facts)


def with_alert(old: Quarantine, alert: Alert, now: float) -> Quarantine:
    """The same with one alert more; how big it is now is remembered for a person's no."""
    alerts = tuple(dict.fromkeys((*old.alerts, alert.id)))[-ALERTS_MAX:]
    recent = tuple(one for one in old.no if abs(now - one.at) < REMEMBERED_S)
    no = tuple(one for one in recent if one.kind != alert.kind)
    size = _size(alert)
    return msgspec.structs.replace(
        old, alerts=alerts, no=(*no, Said(alert.kind, size, now))[-KINDS_MAX:]
    )


def subject(thing: KnownThing) -> str:
    """Under what it is kept: the address alone, where nothing but likeness ties it to the thing."""
    return thing.mac if thing.is_likeness and thing.mac else thing.id


def said_no(old: Quarantine, alert: Alert, now: float) -> bool:
    """Whether a person said no to just this, and it has not grown since."""
    if old.state not in {UNDONE, DECLINED}:
        return False
    size = _size(alert)
    return any(
        one.kind == alert.kind
        and abs(now - one.at) < REMEMBERED_S
        and size < max(one.size, 1.0) * GROWN_TIMES
        for one in old.no
    )


def together(one: Quarantine, other: Quarantine) -> Quarantine:
    """Two of one thing as one: what is cut stays cut, a question stays asked."""
    rank = {CUT: 0, ASKED: 1}
    first, last = sorted((one, other), key=lambda q: rank.get(q.state, 2))
    said = {said.kind: said for said in (*last.no, *first.no)}
    return msgspec.structs.replace(
        first,
        alerts=tuple(dict.fromkeys((*first.alerts, *last.alerts)))[:ALERTS_MAX],
        no=tuple(said.values())[-KINDS_MAX:],
    )


def shifted(quarantine: Quarantine, moved: float) -> Quarantine:
    """The same by a clock that was set by so much."""
    no = tuple(msgspec.structs.replace(one, at=one.at + moved) for one in quarantine.no)
    return msgspec.structs.replace(
        quarantine, since=quarantine.since + moved, until=quarantine.until + moved, no=no
    )


def without(place: Place, taken: set[str], port: str) -> Place:
    """The place without what is the hub's own."""
    return msgspec.structs.replace(
        place,
        macs=tuple(mac for mac in place.macs if mac not in taken),
        ips=tuple(ip for ip in place.ips if ip not in taken),
        port="" if port and place.port == port else place.port,
    )


def _size(alert: Alert) -> float:
    """How big it is; 0 where its kind has no size."""
    value = alert.params.get(kind_of(alert.kind).size)
    return float(value) if isinstance(value, (int, float)) else 0.0
