"""Guard: decides who is cut off, and whom to ask about first; it never touches the network itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason, RefusedError
from omamori.hub.guarding.answers import (
    ASKS,
    SURETY,
    TELLS,
    Scene,
    answer_to,
    bars,
    too_many,
)
from omamori.hub.guarding.places import BARE, Ports, macs_of
from omamori.hub.guarding.plan import Cut, Place, Plan
from omamori.hub.guarding.quarantine import (
    AGREES,
    ASKED,
    ASKED_S,
    CUT,
    CUT_S,
    DECLINED,
    DECLINES,
    HUB,
    LIFE,
    MUST_ASK,
    MUST_CUT,
    OVER,
    PASSES,
    PERSONS_CUT_S_MAX,
    REASONS_MAX,
    REMEMBERED_S,
    SAYS_CUT,
    UNDOES,
    UNDONE,
    Change,
    Quarantine,
    said_no,
    shifted,
    subject,
    together,
    with_alert,
    without,
)
from omamori.hub.guarding.quarantine_kept import read, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.hub.alerting.alert import Alert
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.sighting import Sighting

QUARANTINES_MAX = 512  # some times the things of a large home
CLOCK_STEP_S = 3600.0  # between two steps no more time passes than this: it is the clock that moved
BY_MAX = 80  # characters of a person's name


class GuardRefusedError(RefusedError):
    """A person's word on a thing that cannot be followed."""


class Guard:
    """All that is cut off, asked about, or remembered; bounded by ``QUARANTINES_MAX``.

    Attributes:
        ports: which address is heard at which port.
        scene: what must not be cut off by itself; put a new one in when it changes.
        unread: kept pieces that could not be read at the last restart.
    """

    def __init__(self, kind_of: Callable[[str], str] = lambda _: "") -> None:
        """`kind_of` gives the kind of a thing by its id, for what is behind bridges."""
        self.ports = Ports()
        self.scene = Scene()
        self._kind_of = kind_of
        self._all: dict[str, Quarantine] = {}
        self._changed: set[str] = set()
        self._stepped_at: float | None = None

    # What is heard.

    def hear(self, said: Iterable[Sighting]) -> None:
        """Learn at which ports things are heard; all else is passed over."""
        for sighting in said:
            if sighting.kind == "bridge.port":
                self.ports.heard(sighting.source, sighting.fields.get("port", ""), sighting.at)

    def alerted(self, alert: Alert, thing: KnownThing, now: float) -> list[Change]:
        """An alert that a person must see: cut the thing off, ask, or leave it at telling."""
        answer = answer_to(alert.kind)
        names = {thing.id, thing.mac} - {""}
        if answer.does == TELLS or names & self.scene.own or names & self.scene.ways:
            return []  # what everything goes through cannot be cut off; the alert is told
        self._clock(now)
        key = subject(thing)
        old = self._all.get(key) or Quarantine(key)
        is_known_no = said_no(old, alert, now)
        if is_known_no or (old.is_cut and alert.id in old.alerts):
            return []
        if key not in self._all and not self._has_room():
            return []
        sure = self.ports.surety(thing.mac, now) if thing.mac else BARE
        against = list(bars(alert.kind, thing, sure, self.scene, self._kind_of))
        if not old.is_cut:
            against += too_many(sure, [q.sure for q in self._all.values() if q.is_by_itself])
        asks = answer.does == ASKS or bool(against)
        reasons = [alert.reason]
        if asks and not old.is_cut:
            reasons += [Reason("guard.asks"), *against]
        else:
            reasons += [Reason("guard.cut-by-itself"), Reason(SURETY[sure])]
            if thing.is_likeness:
                reasons.append(Reason("guard.only-this-address"))
        event = MUST_ASK if asks else MUST_CUT
        if old.is_cut:
            return [self._move(with_alert(old, alert, now), event, now, reasons, by=old.by)]
        fresh = msgspec.structs.replace(
            with_alert(old, alert, now), kind=alert.kind, sure=sure,
            place=Place(key, macs_of(thing), (), self.ports.of(thing.mac)),
        )  # fmt: skip
        return [self._move(fresh, event, now, reasons, by=HUB)]

    def ended(self, alert: Alert, now: float) -> list[Change]:
        """An alert has ended, or is no more: its cut is not renewed any longer, and runs out."""
        for quarantine in list(self._all.values()):
            if alert.id in quarantine.alerts:
                left = tuple(one for one in quarantine.alerts if one != alert.id)
                until = max(quarantine.until, now) if quarantine.by != HUB else now + CUT_S
                self._keep(msgspec.structs.replace(quarantine, alerts=left, until=until))
        return []

    # A person's word.

    def cut(self, thing: KnownThing, by: str, now: float, for_s: float = CUT_S) -> Change:
        """A person has a thing cut off, or the cut prolonged.

        Raises:
            GuardRefusedError: it is the hub's own machine or the way out, has no address, or there
                are too many.
        """
        if {thing.id, thing.mac} & self.scene.own:
            raise GuardRefusedError("guard.own-machine")
        if {thing.id, thing.mac} & self.scene.ways:
            raise GuardRefusedError("guard.way-out")
        if thing.behind:
            raise GuardRefusedError("guard.behind-bridge")
        if not thing.mac and not thing.ips:
            raise GuardRefusedError("guard.no-address")
        self._clock(now)
        key = subject(thing)
        if key not in self._all and not self._has_room():
            raise GuardRefusedError("guard.too-many", {"max": QUARANTINES_MAX})
        old = self._all.get(key) or Quarantine(key)
        place = Place(key, macs_of(thing), (), self.ports.of(thing.mac))
        fresh = msgspec.structs.replace(old, place=old.place if old.is_cut else place)
        return self._said(fresh, SAYS_CUT, by, now, for_s)

    def agree(self, thing: str, by: str, now: float, for_s: float = CUT_S) -> Change:
        """A person agrees to what was asked.

        Raises:
            GuardRefusedError: nothing was asked.
        """
        return self._said(self._found(thing, ASKED), AGREES, by, now, for_s)

    def decline(self, thing: str, by: str, now: float) -> Change:
        """A person says that it shall stay; the same is not asked again for a day.

        Raises:
            GuardRefusedError: nothing was asked.
        """
        return self._said(self._found(thing, ASKED), DECLINES, by, now, REMEMBERED_S)

    def undo(self, thing: str, by: str, now: float) -> Change:
        """A person takes a cut back; the same alert does not cut it off again for a day.

        Raises:
            GuardRefusedError: it is not cut off.
        """
        return self._said(self._found(thing, CUT), UNDOES, by, now, REMEMBERED_S)

    def said_fine(self, alert: Alert, by: str, now: float) -> list[Change]:
        """A person calls the alert fine: what the hub did only for its sake is taken back."""
        self.ended(alert, now)
        done = []
        for thing, quarantine in list(self._all.items()):
            if quarantine.alerts or quarantine.kind != alert.kind:
                continue
            if alert.thing not in {thing, *quarantine.place.macs}:
                continue
            if quarantine.state == ASKED:
                done.append(self.decline(thing, by, now))
            elif quarantine.is_by_itself:
                done.append(self.undo(thing, by, now))
        return done

    # Time.

    def step(self, now: float, is_open: Callable[[str], bool] = lambda _: True) -> list[Change]:
        """Renew what still goes on, end what has run out; call it every minute or more often.

        Args:
            is_open: whether an alert of this id is open still; some are let go without an end.
        """
        self._clock(now)
        done = []
        for known in list(self._all.values()):
            quarantine = known
            left = tuple(alert for alert in known.alerts if is_open(alert))
            if left != known.alerts:
                quarantine = msgspec.structs.replace(known, alerts=left)
                self._keep(quarantine)
            if quarantine.alerts and quarantine.state in {CUT, ASKED}:
                length = CUT_S if quarantine.is_cut else ASKED_S
                if quarantine.until < now + length / 2:  # not at each step: each is kept on disk
                    self._keep(msgspec.structs.replace(quarantine, until=now + length))
            elif now >= quarantine.until:
                reasons = [Reason("guard.ran-out")]
                done.append(self._move(quarantine, PASSES, now, reasons, by=quarantine.by))
        return [change for change in done if change.before in {CUT, ASKED}]

    def _clock(self, now: float) -> None:
        """A clock that is set moves every end with it: no cut ends early for it, none lasts."""
        before, self._stepped_at = self._stepped_at, now
        moved = 0.0 if before is None else now - before
        if abs(moved) > CLOCK_STEP_S:
            for quarantine in list(self._all.values()):
                self._keep(shifted(quarantine, moved))

    # What holds now.

    def quarantines(self) -> list[Quarantine]:
        """All that is cut off or asked about, the cut ones first, then the latest."""
        alive = [one for one in self._all.values() if one.state in {CUT, ASKED}]
        return sorted(alive, key=lambda one: (one.state != CUT, -one.since, one.thing))

    def of(self, thing: str) -> Quarantine | None:
        """What is known of one thing: also what a person undid or declined."""
        return self._all.get(thing)

    def is_cut(self, thing: str) -> bool:
        """Whether it is cut off now."""
        quarantine = self._all.get(thing)
        return quarantine is not None and quarantine.is_cut

    def plan(self, place_of: Callable[[str], Place], hub: Place) -> Plan:
        """What the firewall shall hold of it; where nothing is known of a thing now, its last place.

        The hub and the ways out are never in it, whatever address a thing took.
        """
        cuts = []
        taken = {*hub.macs, *hub.ips, *self.scene.ways, *self.scene.own}
        for quarantine in self._all.values():
            if not quarantine.is_cut:
                continue
            place = self.ports.kept(place_of(quarantine.thing), quarantine.place)
            if not place.macs and not place.ips:
                place = msgspec.structs.replace(quarantine.place, thing=quarantine.thing)
            elif place != quarantine.place:
                self._keep(msgspec.structs.replace(quarantine, place=place))
            place = without(place, taken, hub.port)
            if place.macs or place.ips:
                cuts.append(Cut(place, quarantine.until))
        return Plan(cuts=tuple(cuts), hub=hub)

    # Who is who, and who is to be forgotten.

    def join(self, old: str, new: str) -> None:
        """Two ids turned out to be one thing: what is cut stays cut, a question stays asked."""
        moved = self._all.get(old)
        if moved is None or old == new:
            return
        self._drop(old)
        moved = msgspec.structs.replace(moved, thing=new)
        there = self._all.get(new)
        self._keep(moved if there is None else together(moved, there))

    def reunite(self, now_of: Callable[[str], str], is_guessed: Callable[[str], bool]) -> None:
        """Keep under a thing's present id what was kept under an address that proved to be its own.

        Args:
            now_of: the id of the thing that has this address now; empty where none has.
            is_guessed: whether nothing but likeness ties it to that thing: then it stays apart.
        """
        for known in list(self._all):
            present = now_of(known)
            if present and present != known and not is_guessed(known):
                self.join(known, present)

    def forget(self, thing: str) -> bool:
        """Wipe what is remembered of a thing; a cut holds until it ends, then leaves nothing.

        Returns:
            Whether nothing of it is left.
        """
        quarantine = self._all.get(thing)
        if quarantine is None:
            return True
        if quarantine.is_cut:
            self._keep(msgspec.structs.replace(quarantine, is_to_be_forgotten=True, no=()))
            return False
        self._drop(thing)
        return True

    # Keeping.

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed since it was last taken (`hub.ports.Learned`)."""
        changed, self._changed = self._changed, set()
        for thing in sorted(changed):
            quarantine = self._all.get(thing)
            yield thing, None if quarantine is None else written(quarantine)

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; returns how many pieces could not be read."""
        unread = 0
        for key, octets in kept:
            quarantine = read(key, octets, now)
            if quarantine is None or len(self._all) >= QUARANTINES_MAX:
                unread += 1
            else:
                self._all[key] = quarantine
        return unread

    # Inside.

    def _said(self, old: Quarantine, event: str, by: str, now: float, for_s: float) -> Change:
        length = min(max(for_s, 0.0), PERSONS_CUT_S_MAX)
        key = {
            SAYS_CUT: "guard.person-cut", AGREES: "guard.person-cut",
            DECLINES: "guard.person-declined", UNDOES: "guard.person-undid",
        }[event]  # fmt: skip
        who = by[:BY_MAX] or "person"
        return self._move(old, event, now, [Reason(key)], by=who, until=now + length)

    def _move(
        self,
        old: Quarantine,
        event: str,
        now: float,
        reasons: list[Reason],
        *,
        by: str,
        until: float | None = None,
    ) -> Change:
        state = LIFE.get((old.state, event), old.state)
        length = {CUT: CUT_S, ASKED: ASKED_S}.get(state, REMEMBERED_S)
        is_no = state in {UNDONE, DECLINED}
        fresh = msgspec.structs.replace(
            old,
            state=state,
            since=now if state != old.state else old.since,
            until=max(old.until if old.state == state else 0.0, now + length)
            if until is None
            else until,
            by=by,
            alerts=() if is_no else old.alerts,
            reasons=tuple(reasons)[:REASONS_MAX],
        )
        if is_no:
            fresh = msgspec.structs.replace(
                fresh, no=tuple(msgspec.structs.replace(one, at=now) for one in fresh.no)
            )
        if state == OVER or (fresh.is_to_be_forgotten and state != CUT):
            self._drop(old.thing)
        else:
            self._keep(fresh)
        return Change(fresh, old.state, now, tuple(reasons))

    def _found(self, thing: str, state: str) -> Quarantine:
        quarantine = self._all.get(thing)
        if quarantine is None or quarantine.state != state:
            raise GuardRefusedError("guard.not-asked" if state == ASKED else "guard.not-cut")
        return quarantine

    def _has_room(self) -> bool:
        """Room for one more: what is only remembered goes first, then questions; never a cut."""
        if len(self._all) < QUARANTINES_MAX:
            return True
        for states in ({UNDONE, DECLINED}, {ASKED}):
            loose = [one for one in self._all.values() if one.state in states]
            if loose:
                self._drop(min(loose, key=lambda one: one.since).thing)
                return True
        return False

    def _keep(self, quarantine: Quarantine) -> None:
        self._all[quarantine.thing] = quarantine
        self._changed.add(quarantine.thing)

    def _drop(self, thing: str) -> None:
        self._all.pop(thing, None)
        self._changed.add(thing)
