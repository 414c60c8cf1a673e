"""Alerts: what a person should know of; repeated findings joined, one sentence and one action."""

from __future__ import annotations

from hashlib import blake2s
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason, RefusedError, Value
from omamori.hub.alerting.alert_kinds import Kind, kind_of, sentence_key
from omamori.hub.finding import FACTS_MAX, Fact, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

ALERTS_PER_KIND_MAX = 64  # a page can show no more; a flood of one kind evicts itself
ALERTS_PER_THING_AND_KIND_MAX = 8  # one thing with ever new abouts evicts its own
FINES_MAX = 256  # a person's words; more are refused, never forgotten
OVER_KEPT_S = 90 * 86_400.0  # what is over is remembered for a season
JOINED_MAX = 256  # former ids of alerts, for links that a person was sent
WORSE_TIMES = 10  # an open alert that has grown so many times is told again
FACTS_FIRST = FACTS_MAX // 2  # how it began; the rest is the latest
PARAMS_MAX = 8
TEXT_MAX = 120  # characters of any text kept
NUMBER_MAX = 2**53  # whole numbers that every reader of JSON keeps exactly (RFC 8259 §6)
ID_OCTETS = 8  # 64 bits: no two of some thousand alerts share an id
CLOCK_STEP_S = 3600.0  # times further ahead than this are a clock's mistake

OPEN, FINE, OVER = "open", "fine", "over"
NOTICED, SAID_FINE, TAKEN_BACK, QUIET = "noticed", "said fine", "taken back", "quiet"

STATES: dict[tuple[str, str], str] = {
    (OPEN, NOTICED): OPEN,
    (OPEN, SAID_FINE): FINE,
    (OPEN, QUIET): OVER,
    (OVER, NOTICED): OPEN,
    (OVER, SAID_FINE): FINE,
    (FINE, NOTICED): FINE,  # counted, not told
    (FINE, TAKEN_BACK): OPEN,
}
"""What becomes of an alert; an event that is not here changes nothing."""


class AlertRefusedError(RefusedError):
    """A person's word on an alert that cannot be kept."""


class Alert(msgspec.Struct, frozen=True):
    """What a person should know of, from its first sign to its end.

    Attributes:
        id: stable for kind, thing and about; short, fit for a URL.
        kind: a key of ``alert_kinds.ALERTS``.
        thing: id of the thing that does it, or that it is done to.
        about: what of several like it (a port, a destination); may be empty.
        state: ``open``, ``fine`` (a person said that it is fine) or ``over``.
        first_at, at: first and latest sign, seconds since the epoch.
        count: findings joined.
        params: values for the sentence; of its worst moment.
        facts: packets' facts: how it began, and the latest; at most ``FACTS_MAX``.
    """

    id: str
    kind: str
    thing: str
    about: str
    state: str
    first_at: float
    at: float
    count: int = 1
    params: dict[str, Value] = {}
    facts: tuple[Fact, ...] = ()

    @property
    def step(self) -> int:
        """How grave: 2 take care, 3 attention, 4 danger."""
        return kind_of(self.kind).step

    @property
    def reason(self) -> Reason:
        """The one sentence."""
        return Reason(sentence_key(self.kind), {**self.params, "times_noticed": self.count})

    @property
    def action(self) -> Reason:
        """The one thing to do."""
        return Reason(kind_of(self.kind).action, self.params)


_READ = msgspec.msgpack.Decoder(Alert)


def alert_id(kind: str, thing: str, about: str) -> str:
    """The id of the alert of this kind, thing and about."""
    said = f"{kind}\x00{thing}\x00{about}".encode("utf-8", "replace")
    return blake2s(said, digest_size=ID_OCTETS).hexdigest()


class Alerts:
    """All alerts; memory is bounded by the limits above, and a flood pushes out itself first.

    Attributes:
        evicted: alerts let go because there were too many like them.
        untold: alerts that came when their kind was full, and were kept but not told.
    """

    def __init__(self) -> None:
        self._all: dict[str, Alert] = {}
        self._by_kind: dict[str, dict[str, None]] = {}
        self._told: dict[str, float] = {}  # how big it was when a person was told
        self._changed: set[str] = set()
        self._joined: dict[str, str] = {}  # an id that a person was told → the present one
        self.evicted = 0
        self.untold = 0

    def take(self, finding: Finding) -> Alert | None:
        """Join a finding; the alert is given back only when a person must be told of it.

        That is: it is new, or is there again after it was over, or has grown ``WORSE_TIMES``.
        """
        finding = _bounded(finding)
        key = alert_id(finding.kind, finding.thing, finding.about)
        kind, known = kind_of(finding.kind), self._all.get(key)
        if known is None:
            return self._new(key, kind, finding)
        alert = self._all[key] = _joined(known, kind, finding)
        self._changed.add(key)
        size = _size(alert, kind)
        is_again = known.state == OVER
        is_worse = 0 < self._told.get(key, 0.0) * WORSE_TIMES <= size
        if alert.state != OPEN or not (is_again or is_worse):
            return None
        self._told[key] = size
        return alert

    def say_fine(self, key: str, now: float) -> Alert:
        """A person says that it is fine: kept as an exception for this kind, thing and about.

        Raises:
            AlertRefusedError: there is no such alert, or too many exceptions.
        """
        alert = self._found(key)
        if alert.state != FINE and self._fines() >= FINES_MAX:
            raise AlertRefusedError("alert.too-many-fine", {"max": FINES_MAX})
        return self._moved(alert, SAID_FINE, now)

    def take_back(self, key: str, now: float) -> Alert:
        """The person takes that back: the next sign of it is told.

        Raises:
            AlertRefusedError: there is no such alert.
        """
        return self._moved(self._found(key), TAKEN_BACK, now)

    def step(self, now: float) -> list[Alert]:
        """End what has been quiet, forget what was over long ago; returns what has ended."""
        ended = []
        for alert in list(self._all.values()):
            if alert.at > now + CLOCK_STEP_S:  # the clock was set back since
                self._keep(
                    msgspec.structs.replace(alert, at=now, first_at=min(alert.first_at, now))
                )
            elif alert.state == OPEN and now - alert.at >= kind_of(alert.kind).quiet_s:
                ended.append(self._moved(alert, QUIET, now))
            elif alert.state == OVER and now - alert.at >= OVER_KEPT_S:
                self._drop(alert.id)
        return ended

    def join(self, old: str, new: str) -> None:
        """Two ids turned out to be one thing: ``old``'s alerts are ``new``'s, and none is double."""
        for alert in self.of(old):
            size = self._told.get(alert.id, 0.0)
            self._drop(alert.id)
            moved = msgspec.structs.replace(
                alert, id=alert_id(alert.kind, new, alert.about), thing=new
            )
            there = self._all.get(moved.id)
            self._keep(moved if there is None else _together(there, moved))
            self._told[moved.id] = max(self._told.get(moved.id, 0.0), size)
            self._joined[alert.id] = moved.id
            if len(self._joined) > JOINED_MAX:
                del self._joined[next(iter(self._joined))]
            self._make_room(moved)

    def forget(self, thing: str) -> None:
        """Let go of what was noticed of a thing and is over, or was called fine."""
        for alert in self.of(thing):
            if alert.state != OPEN:
                self._drop(alert.id)

    def all(self) -> list[Alert]:
        """Every alert: open ones first, the gravest first, then the latest."""
        return _in_order(self._all.values())

    def of(self, thing: str) -> list[Alert]:
        """The alerts of one thing, in the same order."""
        return _in_order(alert for alert in self._all.values() if alert.thing == thing)

    def get(self, key: str) -> Alert | None:
        """One alert by its id, or by the one that it had before it was joined."""
        return self._all.get(key) or self._all.get(self._joined.get(key, ""))

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed since it was last taken (`hub.ports.Learned`)."""
        changed, self._changed = self._changed, set()
        for key in sorted(changed):
            alert = self._all.get(key)
            yield key, None if alert is None else msgspec.msgpack.encode(alert)

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; returns how many pieces could not be read."""
        unread = 0
        for key, octets in kept:
            try:
                alert = _READ.decode(octets)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                unread += 1
                continue
            if not _is_sound(key, alert):
                unread += 1
                continue
            at = min(alert.at, now)
            self._keep(msgspec.structs.replace(alert, at=at, first_at=min(alert.first_at, at)))
            self._told[key] = _size(alert, kind_of(alert.kind))
            self._make_room(alert)
        self._changed.clear()
        return unread

    def _new(self, key: str, kind: Kind, finding: Finding) -> Alert | None:
        alert = Alert(
            key, finding.kind, finding.thing, finding.about, OPEN, finding.at, finding.at,
            params=finding.params, facts=finding.facts,
        )  # fmt: skip
        self._keep(alert)
        self._told[key] = _size(alert, kind)
        if self._make_room(alert) == OPEN:
            self.untold += 1
            return None
        return alert

    def _make_room(self, alert: Alert) -> str:
        """Let one go if there are too many like ``alert``; returns the state that it was in."""
        like = [a for a in map(self._all.__getitem__, self._by_kind[alert.kind]) if a.state != FINE]
        same = [other for other in like if other.thing == alert.thing]
        if len(same) > ALERTS_PER_THING_AND_KIND_MAX:
            like = same
        elif len(like) <= ALERTS_PER_KIND_MAX:
            return ""
        loose = [other for other in like if other.id != alert.id]
        # What is over goes first, longest ago first; of open ones the youngest: floods are young.
        victim = min(
            loose, key=lambda a: (a.state == OPEN, a.at if a.state == OVER else -a.first_at)
        )
        self._drop(victim.id)
        self.evicted += 1
        return victim.state

    def _moved(self, alert: Alert, event: str, now: float) -> Alert:
        state = STATES.get((alert.state, event), alert.state)
        if event == TAKEN_BACK and now - alert.at >= kind_of(alert.kind).quiet_s:
            state = STATES[state, QUIET] if state == OPEN else state
        if state != alert.state:
            alert = msgspec.structs.replace(alert, state=state)
            self._keep(alert)
        return alert

    def _found(self, key: str) -> Alert:
        alert = self.get(key)
        if alert is None:
            raise AlertRefusedError("alert.no-such-alert")
        return alert

    def _fines(self) -> int:
        return sum(alert.state == FINE for alert in self._all.values())

    def _keep(self, alert: Alert) -> None:
        self._all[alert.id] = alert
        self._by_kind.setdefault(alert.kind, {})[alert.id] = None
        self._changed.add(alert.id)

    def _drop(self, key: str) -> None:
        alert = self._all.pop(key)
        like = self._by_kind[alert.kind]
        del like[key]
        if not like:
            del self._by_kind[alert.kind]
        self._told.pop(key, None)
        self._changed.add(key)


def _in_order(alerts: Iterable[Alert]) -> list[Alert]:
    order = {OPEN: 0, OVER: 1, FINE: 2}
    return sorted(alerts, key=lambda a: (order[a.state], -a.step, -a.at, a.id))


def _size(alert: Alert, kind: Kind) -> float:
    value = alert.params.get(kind.size)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _joined(known: Alert, kind: Kind, finding: Finding) -> Alert:
    """The alert with one finding more; after an end it begins anew."""
    is_anew = known.state == OVER
    found = msgspec.structs.replace(known, params=finding.params)
    is_bigger = is_anew or _size(found, kind) >= _size(known, kind)
    return msgspec.structs.replace(
        known,
        state=STATES[known.state, NOTICED],
        first_at=finding.at if is_anew else min(known.first_at, finding.at),
        at=finding.at if is_anew else max(known.at, finding.at),
        count=known.count + 1,
        params=finding.params if is_bigger else known.params,
        facts=finding.facts if is_anew else _facts(known.facts, finding.facts),
    )


def _together(one: Alert, other: Alert) -> Alert:
    """Two alerts of the same as one; a person's word on either holds."""
    first, last = sorted((one, other), key=lambda alert: alert.at)
    return msgspec.structs.replace(
        last,
        state=next(state for state in (FINE, OPEN, OVER) if state in {one.state, other.state}),
        first_at=min(one.first_at, other.first_at),
        count=one.count + other.count,
        facts=_facts(first.facts, last.facts),
    )


def _facts(known: tuple[Fact, ...], more: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """How it began, and the latest."""
    fresh = tuple(fact for fact in more if fact not in known)
    together = known + fresh
    if len(together) <= FACTS_MAX:
        return together
    return together[:FACTS_FIRST] + together[FACTS_FIRST - FACTS_MAX :]


def _bounded(finding: Finding) -> Finding:
    """No finding makes an alert larger than the limits, whoever made it."""
    params = {
        name[:TEXT_MAX]: _small(value) for name, value in list(finding.params.items())[:PARAMS_MAX]
    }
    facts = tuple(
        Fact(f.at, f.source[:TEXT_MAX], f.target[:TEXT_MAX], f.what[:TEXT_MAX])
        for f in finding.facts[:FACTS_MAX]
    )
    return Finding(
        finding.kind[:TEXT_MAX], finding.thing[:TEXT_MAX], finding.at, finding.about[:TEXT_MAX],
        params, facts,
    )  # fmt: skip


def _small(value: Value) -> Value:
    if isinstance(value, str):
        return value[:TEXT_MAX]
    return max(-NUMBER_MAX, min(value, NUMBER_MAX)) if type(value) is int else value


def _is_sound(key: str, alert: Alert) -> bool:
    """Whether what was kept is what this module keeps."""
    is_known = alert.id == key == alert_id(alert.kind, alert.thing, alert.about)
    is_small = len(alert.facts) <= FACTS_MAX and len(alert.params) <= PARAMS_MAX
    is_finite = alert.at - alert.at == 0 and alert.first_at - alert.first_at == 0
    return is_known and is_small and is_finite and alert.state in {OPEN, FINE, OVER}
