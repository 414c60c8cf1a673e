"""What a home's protection looks like: cut off, asked, waiting, held, linked and granted, as views."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason, Value
from omamori.hub.commanding.command import ASKED, HAND, HELD, PERSON, SLOTS, Command, Outcome
from omamori.hub.commanding.envelope import HOUSEHOLD
from omamori.hub.commanding.telling import FAMILY
from omamori.hub.granting import WIPED_PARTS
from omamori.hub.guarding.plan import OBSERVING
from omamori.hub.guarding.quarantine import HUB, Quarantine
from omamori.hub.linking.link import ASKED as LINK_ASKED
from omamori.hub.linking.link import ENDED
from omamori.hub.points import LOOK, POINTS
from omamori.simulation.sample_views import level_view
from omamori.trust.verdict import PURPOSES
from omamori.web import views_protect as views
from omamori.web import views_rules as ruled
from omamori.web.views import ATTENTION, TAKE_CARE, TodoView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omamori.app.household import Household
    from omamori.app.protection import Protection
    from omamori.hub.commanding.envelope import Envelope
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.linking.link import Link

WAITING = frozenset({ASKED, HELD})
DEMANDED_KINDS = frozenset({
    "storage-battery", "ev-charger", "car", "air-conditioner", "water-heater", "heater",
    "thermostat", "television", "washer", "fuel-cell",
})  # fmt: skip
"""Kinds that energy programs ask: HEMS's priority devices, and what a household has beside them."""
LAST_SHOWN = 40
TODOS_MAX = 5
TOLD_S = 3600.0  # words of the last hour that stand beside no command of the list
TOLD = ("driving.", "command.two-masters", "command.changed-elsewhere", "command.no-rest")


class ProtectViews:
    """The views of one home; `settable` tells which points of a thing this hub can set."""

    def __init__(
        self,
        protection: Protection,
        household: Household,
        settable: Callable[[str], Mapping[str, object]],
        called: Callable[[str, str], str],
        clock: Callable[[], float],
    ) -> None:
        """`called` names who is no thing of this home, such as a service, or gives its id back."""
        self.protection = protection
        self.shield, self.steward = protection.shield, protection.steward
        self.household = household
        self.settable = settable
        self.called = called
        self.clock = clock
        self.watch = protection.watch
        household.alerts.is_cut = self.shield.is_cut

    # Names.

    def name(self, who: str, lang: str) -> str:
        """What a thing or a service is called."""
        known = self.watch.inventory.thing(who)
        return self.household.name_of(known, lang) if known else self.called(who, lang)

    def named(self, reason: Reason, lang: str) -> Reason:
        """The same reason with names instead of ids."""
        params: dict[str, Value] = {
            key: self.name(value, lang) if isinstance(value, str) and value else value
            for key, value in reason.params.items()
        }
        return Reason(reason.key, params)

    def _all(self, reasons: Iterable[Reason], lang: str) -> tuple[Reason, ...]:
        return tuple(self.named(reason, lang) for reason in reasons)

    # Cut off, and asked.

    def protect(self, lang: str) -> views.ProtectView:
        """What is in force, what is cut off, what is asked."""
        force, found = self.shield.force, self.shield.guard.quarantines()
        stopped = self.shield.stopped()
        troubles = (force.trouble, self.protection.trouble)
        waiting = self.steward.arbiter.live(self.clock())
        return views.ProtectView(
            at=self.clock(),
            home=self.household.home,
            mode=self.shield.mode,
            force=views.ForceView(force.features.force, force.features.why),
            cuts=tuple(self._cut(q, stopped, lang) for q in found if q.is_cut),
            asks=tuple(self._ask(q, lang) for q in found if not q.is_cut),
            stopped=sum(stopped.values()),
            waiting=sum(outcome.state in WAITING for outcome in waiting),
            trouble=(*filter(None, troubles), *self._left_out(), *self._words(lang)),
        )

    def _left_out(self) -> tuple[Reason, ...]:
        counts = {
            "protection.left-out": self.protection.reaching.left_out,
            "protection.unread": self.protection.unread,
        }
        told = tuple(Reason(key, {"count": count}) for key, count in counts.items() if count)
        return (*told, *self.protection.notes)

    def _words(self, lang: str) -> tuple[Reason, ...]:
        """What the family should know of things that do not do as they are told, each once."""
        now = self.clock()
        told = (
            self.named(notice.reason, lang)
            for notice in tuple(self.steward.notices)
            if notice.to == FAMILY and 0 <= now - notice.at < TOLD_S
            if notice.reason.key.startswith(TOLD)
        )
        return tuple(list({(one.key, str(one.params)): one for one in told}.values())[:TODOS_MAX])

    def todos(self, lang: str) -> tuple[TodoView, ...]:
        """What the family is asked now."""
        asked = (
            TodoView(ATTENTION, self._ask(q, lang).what, "/protect")
            for q in self.shield.guard.quarantines()
            if not q.is_cut
        )
        waiting = (
            TodoView(TAKE_CARE, self._command(o, lang).why[0], "/protect/commands")
            for o in self.steward.arbiter.live(self.clock())
            if o.state == ASKED and self._command(o, lang).why
        )
        return (*asked, *waiting)[:TODOS_MAX]

    def _cut(self, q: Quarantine, stopped: Mapping[str, int], lang: str) -> views.CutView:
        known = self.watch.inventory.thing(q.thing)
        return views.CutView(
            thing_id=q.thing,
            name=self.household.alerts.name(q.thing, lang),
            kind=_kind(known),
            by="hub" if q.by == HUB else "person",
            since=q.since,
            until=q.until,
            why=self._why(q, lang),
            alert_id=q.alerts[0] if q.alerts else "",
            stopped=stopped.get(q.thing, 0),
            still=Reason("guard.still-by-hand"),
        )

    def _why(self, q: Quarantine, lang: str) -> tuple[Reason, ...]:
        """Why it is cut off or asked about; an alert's words as they are now, with names."""
        alerts = filter(None, map(self.watch.alerts.get, q.alerts))
        newest = {alert.reason.key: alert.reason for alert in alerts}
        now = (newest.get(why.key, why) for why in q.reasons)
        return tuple(self.household.alerts.named(why, q.thing, lang) for why in now)

    def _ask(self, q: Quarantine, lang: str) -> views.AskView:
        known = self.watch.inventory.thing(q.thing)
        first, *rest = self._why(q, lang) or (Reason("guard.asks"),)
        return views.AskView(
            id=q.thing,
            thing_id=q.thing if known else "",
            name=self.household.alerts.name(q.thing, lang),
            kind=_kind(known),
            state=self.watch.worst().get(q.thing, 3),
            what=first,
            at=q.since,
            then=Reason("guard.still-by-hand"),
            why=tuple(rest),
            until=q.until,
            alert_id=q.alerts[0] if q.alerts else "",
        )

    def guarded(self, thing_id: str, lang: str) -> views.GuardedView | None:
        """How one thing is protected."""
        known = self.watch.inventory.thing(thing_id)
        if known is None:
            return None
        q = self.shield.guard.of(known.id)
        why_not = self._why_not(known)
        holds = [hold for hold in self._holds(lang) if hold.target_id == known.id]
        is_settable = bool(self.settable(known.id))
        return views.GuardedView(
            cut=self._cut(q, self.shield.stopped(), lang) if q is not None and q.is_cut else None,
            can_cut=why_not is None,
            why_not=why_not,
            then=Reason("guard.still-by-hand"),
            steer=self._steer(known, lang) if is_settable else None,
            holds=tuple(holds),
            envelopes=tuple(self._envelopes(known, lang)),
        )

    def _why_not(self, known: KnownThing) -> Reason | None:
        if self.shield.force.features.force == OBSERVING:
            why = self.shield.force.features.why
            return why[0] if why else Reason("firewall.observing")
        if known.id in self.shield.guard.scene.own or known.mac in self.shield.guard.scene.own:
            return Reason("guard.own-machine")
        if known.behind:
            return Reason("guard.behind-bridge")
        return None

    # Commands.

    def commands(self, lang: str) -> views.CommandsView:
        """What waits, who holds what, from where things are steered, and what came last."""
        live = self.steward.arbiter.live(self.clock())
        things = [t for t in self.watch.inventory.things() if self.settable(t.id)]
        last = self._last()
        return views.CommandsView(
            at=self.clock(),
            home=self.household.home,
            waiting=tuple(self._command(o, lang) for o in live if o.state in WAITING),
            holds=tuple(self._holds(lang)),
            steers=tuple(self._steer(thing, lang) for thing in things),
            envelopes=tuple(e for thing in things for e in self._envelopes(thing, lang)),
            last=tuple(self._command(o, lang) for o in last[:LAST_SHOWN]),
            left_out=max(0, len(last) - LAST_SHOWN),
        )

    def _last(self) -> list[Outcome]:
        """Where each command stands now, newest first; what waits has a place of its own."""
        newest: dict[tuple[str, str], Outcome] = {}
        for outcome in self.steward.last:
            newest.setdefault((outcome.command.origin.who, outcome.command.id), outcome)
        return [outcome for outcome in newest.values() if outcome.state not in WAITING]

    def _command(self, outcome: Outcome, lang: str) -> views.CommandView:
        command, origin = outcome.command, outcome.command.origin
        is_waiting = outcome.state in WAITING
        why = outcome.reasons or self._latest(command, outcome.state)
        facts = {
            key: self.name(told, lang) if isinstance(told, str) and told else told
            for key, told in outcome.facts.items()
        }
        until = outcome.facts.get("lease_until")
        return views.CommandView(
            id=command.id,
            target_id=command.target,
            target=self.name(command.target, lang),
            point=command.point,
            value=command.value,
            asker=self.name(origin.name or origin.who, lang),
            asker_kind=origin.kind,
            channel=origin.channel,
            state=outcome.state,
            at=outcome.at,
            until=float(until) if isinstance(until, (int, float)) else None,
            why=self._all(why, lang),
            facts=tuple(facts.items()),
            can_do=is_waiting and bool(outcome.facts.get("waits")),
            can_refuse=is_waiting,
        )

    def _latest(self, command: Command, state: str) -> tuple[Reason, ...]:
        """Why a command is as it is: what was said when it became so."""
        for outcome in self.steward.last:
            if outcome.command.id == command.id and outcome.state == state:
                return outcome.reasons
        return ()

    def _holds(self, lang: str) -> Iterable[views.HoldView]:
        live = self.steward.arbiter.live(self.clock())
        for outcome in live:
            command = outcome.command
            held = self.steward.arbiter.in_force(command.target, command.point)
            if held is None or held.id != command.id:
                continue
            under = [
                o.command
                for o in live
                if (o.command.target, o.command.point) == (command.target, command.point)
                and o.command.id != command.id
            ]
            under.sort(key=lambda c: SLOTS.index(c.slot))
            low, high = self._bounds(command.target, command.point)
            until = outcome.facts.get("lease_until")
            origin = command.origin
            yield views.HoldView(
                target_id=command.target,
                target=self.name(command.target, lang),
                point=command.point,
                value=command.value,
                holder=self.name(origin.name or origin.who or HAND, lang),
                holder_kind=origin.kind,
                slot=command.slot,
                since=command.at,
                until=float(until) if isinstance(until, (int, float)) else None,
                low=low,
                high=high,
                mine=origin.kind == PERSON,
                under=self.name(under[0].origin.name or under[0].origin.who, lang) if under else "",
            )

    def _bounds(self, thing: str, point: str) -> tuple[float, float]:
        known = POINTS.get(point)
        low, high = (known.low, known.high) if known else (0.0, 0.0)
        for _, envelope in self.steward.arbiter.envelopes(thing, point):
            low, high = max(low, envelope.low), min(high, envelope.high)
        return low, high

    def _steer(self, known: KnownThing, lang: str) -> views.SteerView:
        kind = _kind(known)
        until = self.steward.arbiter.opted_out_until(known.id, self.clock())
        return views.SteerView(
            thing_id=known.id,
            name=self.household.name_of(known, lang),
            kind=kind,
            position=self.steward.arbiter.switch_of(known.id),
            joins=until is None if kind in DEMANDED_KINDS else None,
            rejoins_at=until,
        )

    def _envelopes(self, known: KnownThing, lang: str) -> Iterable[views.EnvelopeView]:
        for point in self.settable(known.id):
            meant = POINTS.get(point)
            if meant is None or meant.act == LOOK:
                continue
            found = self.steward.arbiter.envelopes(known.id, point)
            if found:
                yield self._envelope(known, point, dict(found), lang)

    def _envelope(
        self, known: KnownThing, point: str, found: dict[str, Envelope], lang: str
    ) -> views.EnvelopeView:
        meant = POINTS[point]
        low, high = self._bounds(known.id, point)
        source = HOUSEHOLD if HOUSEHOLD in found else next(iter(found))
        one = found[source]
        return views.EnvelopeView(
            target_id=known.id,
            target=self.household.name_of(known, lang),
            point=point,
            low=low,
            high=high,
            least=meant.low if isfinite(meant.low) and meant.high - meant.low < 1e5 else low,  # noqa: PLR2004 - a bar of a million watts shows nothing
            most=meant.high if meant.high - meant.low < 1e5 else high,  # noqa: PLR2004 - as above
            choices=one.choices or (),
            source=source,
            step_per_min=one.step_max_per_min,
            changes_per_hour=one.changes_max_per_hour,
            rest=one.rest,
            conditions=tuple((c.point, c.low, c.high, c.when) for c in one.conditions),
        )

    # Links and grants.

    def links(self, lang: str) -> ruled.LinksView:
        """Every cooperation and every permission for guests and rentals."""
        things = tuple(
            (thing.id, self.household.name_of(thing, lang))
            for thing in self.watch.inventory.things()
        )
        return ruled.LinksView(
            at=self.clock(),
            home=self.household.home,
            links=tuple(self._link(link, lang) for link in self.protection.links.all()),
            grants=tuple(self._grants(lang)),
            guests=things,
            things=things,
            purposes=tuple(PURPOSES),
            can_propose=True,
        )

    def _link(self, link: Link, lang: str) -> ruled.LinkRow:
        return ruled.LinkRow(
            id=link.id,
            one_id=link.a,
            one=self.name(link.a, lang),
            other_id=link.b,
            other=self.name(link.b, lang),
            purpose=link.purpose,
            state=link.state,
            level=level_view(link.level),
            since=link.since,
            until=link.until if 0 < link.until < inf else None,
            reasons=self._all(link.reasons, lang),
            can_agree=link.state == LINK_ASKED,
            can_withdraw=link.state != ENDED,
        )

    def _grants(self, lang: str) -> Iterable[ruled.GrantView]:
        for grant in self.protection.grants.all():
            yield ruled.GrantView(
                id=grant.id,
                sort=grant.kind,
                thing_id=grant.thing,
                name=self.name(grant.thing, lang),
                purposes=grant.purposes,
                given_at=float(grant.since),
                until=float(grant.until),
                targets=tuple(self.name(target, lang) for target in grant.targets),
                wipes=tuple(Reason(f"grant.wipes-{part}") for part in WIPED_PARTS),
            )


def _kind(known: KnownThing | None) -> str:
    return known.identity.kind.value if known is not None else ""
