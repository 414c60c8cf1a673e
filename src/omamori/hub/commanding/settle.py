"""Settling: which command of a point is in force now, and what becomes of the others."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.commanding import asking, budget, effect
from omamori.hub.commanding.command import (
    ASKED,
    DONE,
    FAILED,
    HELD,
    OVERRIDDEN,
    REFUSED,
    SENT,
    Write,
)
from omamori.hub.commanding.envelope import (
    CONDITION_AGE_S_MAX,
    HOUSEHOLD,
    MAKER,
    Envelope,
    condition_unmet,
    defaults,
    rest_of,
    too_steep,
    value_outside,
)
from omamori.hub.commanding.lease import LIMITED_LEASE_S_MAX
from omamori.hub.commanding.register import IDLE_S
from omamori.hub.commanding.slots import (
    FOR_ANSWER,
    FOR_MASTERS,
    FOR_USE,
    MOMENTARY,
    Accepted,
    Pending,
    Spot,
    at_hand,
    own_safety,
)
from omamori.hub.commanding.telling import FAMILY, Event, notices, outcome
from omamori.hub.points import ADJUST, act_of
from omamori.trust.verdict import ALLOW, ASK, LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.hub.commanding.command import Command, Origin
    from omamori.hub.commanding.register import Register
    from omamori.hub.commanding.telling import Telling
    from omamori.hub.points import Given
    from omamori.hub.ruling.question import Ruling

RULED_AGAIN_S = 300.0
"""How often the rules are asked about what is in force: a level that fell while the hub was away, a
car that drives off. Our own figure."""


class Settling:
    """Carries the array's decisions out."""

    def __init__(
        self,
        register: Register,
        telling: Telling,
        may: Callable[[Command, bool, float], Ruling],
        kind_of: Callable[[str], str | None],
    ) -> None:
        self._register, self._telling = register, telling
        self._may, self._kind_of = may, kind_of

    # What decides

    def ruled(self, command: Command, now: float) -> tuple[str, Ruling | None]:
        """The policy's answer, and what it means here.

        The home's own protection asks nobody. Who is at the thing is asked by standing there, so
        `ask` and `limit` let them. `limit` lets others adjust for a short time; to operate is asked.
        """
        if own_safety(command.origin):
            return ALLOW, None
        thing = self._register.things.get(command.target)
        ruling = self._may(command, bool(thing and thing.uses), now)
        answer = ruling.answer
        if at_hand(command.origin) and answer in {ASK, LIMIT}:
            answer = ALLOW
        if answer == LIMIT:
            kind = self._kind_of(command.target) or ""
            answer = LIMIT if act_of(command.point, kind) == ADJUST else ASK
        return answer, ruling

    def envelopes(self, target: str, point: str) -> list[tuple[str, Envelope]]:
        """All that hold, a person's first."""
        found: list[tuple[str, Envelope]] = []
        thing = self._register.things.get(target)
        if thing is not None:
            for whose in (HOUSEHOLD, MAKER):
                said = thing.envelopes.get(whose, {}).get(point)
                if said is not None:
                    found.append((whose, said))
        found.extend(defaults(self._kind_of(target) or "", point))
        return found

    def outside(self, command: Command, spot: Spot | None, now: float) -> tuple[list[Reason], str]:
        """Every ground on which the envelopes forbid it, and whose they are."""
        envelopes = self.envelopes(command.target, command.point)
        thing = self._register.things.get(command.target)
        readings = thing.readings if thing else {}
        reasons: list[Reason] = []
        whose: list[str] = []
        binds_pace = not (at_hand(command.origin) or own_safety(command.origin))
        before, since_s = _before(spot, readings.get(command.point), now)
        for owner, envelope in envelopes:
            grounds = [
                value_outside(envelope, command.value),
                condition_unmet(envelope, command.value, readings, now),
            ]
            if binds_pace and too_steep(envelope, command.value, before, since_s):
                grounds.append(Reason("command.too-steep"))
            found = [ground for ground in grounds if ground is not None]
            if found:
                reasons += found
                whose.append(owner)
        if binds_pace and spot is not None and not budget.may_change(spot, command, envelopes, now):
            reasons.append(Reason("command.too-often"))
        return reasons, ",".join(whose or [owner for owner, _ in envelopes])

    def unsafe(self, command: Command, now: float) -> list[Reason]:
        """What of the envelopes holds at every moment, and not only when it is set."""
        thing = self._register.things.get(command.target)
        readings = thing.readings if thing else {}
        grounds = [
            ground
            for _, envelope in self.envelopes(command.target, command.point)
            for ground in (
                value_outside(envelope, command.value),
                condition_unmet(envelope, command.value, readings, now),
            )
        ]
        return [ground for ground in grounds if ground is not None]

    def forbidden(self, command: Command, now: float) -> list[Reason]:
        """Why what is in force may not stay: the envelopes, or rules that now refuse it."""
        reasons = self.unsafe(command, now)
        answer, ruling = self.ruled(command, now)
        if answer not in {ALLOW, ASK, LIMIT}:
            reasons.extend(ruling.reasons if ruling else ())
            reasons.append(Reason("command.not-allowed"))
        return reasons

    def check_at(self, command: Command, now: float) -> float:
        """When the rules are asked again, or readings that it depends on are too old, if sooner."""
        thing = self._register.things.get(command.target)
        ages = [
            thing.readings[condition.point][1] if condition.point in thing.readings else now
            for _, envelope in self.envelopes(command.target, command.point)
            for condition in envelope.conditions
            if thing is not None and condition.is_for(command.value)
        ]
        too_old_at = min(ages, default=inf) + CONDITION_AGE_S_MAX + 1.0
        asks_nobody = at_hand(command.origin) or own_safety(command.origin)
        return too_old_at if asks_nobody else min(too_old_at, now + RULED_AGAIN_S)

    def judge(self, spot: Spot | None, accepted: Accepted, now: float) -> list[Reason] | None:
        """Whether rules and envelope let it pass now; why not, where they refuse it."""
        command = accepted.command
        reasons, accepted.envelope = self.outside(command, spot, now)
        answer, ruling = self.ruled(command, now)
        accepted.rules = ruling.deciding if ruling else ("own-protection",)
        accepted.judged_at = now
        if answer not in {ALLOW, ASK, LIMIT}:
            reasons.extend(ruling.reasons if ruling else ())
            reasons.append(Reason("command.not-allowed"))
        if reasons:
            return reasons
        if answer == LIMIT:
            accepted.until = min(accepted.until, now + LIMITED_LEASE_S_MAX)
        accepted.must_ask = answer == ASK
        if accepted.must_ask:
            accepted.ask_until = asking.ask_until(now, accepted.until)
        return None

    # What follows

    def settle_all(self, spots: Iterable[Spot], now: float) -> list[Event]:
        """Settle these; what was held is carried out in the order in which it was accepted."""

        def order(spot: Spot) -> tuple[float, str, str]:
            self._look(spot, now)
            front = spot.first_free()
            comes = front is not None and not front.in_force
            return (front.number if front and comes else inf), spot.target, spot.point

        events: list[Event] = []
        for spot in sorted(spots, key=order):
            events += self.settle(spot, now)
        return events

    def end_outside(self, target: str, now: float) -> list[Event]:
        """What the envelopes no longer allow ends, be it in force or held."""
        events: list[Event] = []
        spots = self._register.of_thing(target)
        for spot in spots:
            for accepted in tuple(spot.accepted):
                if grounds := self.unsafe(accepted.command, now):
                    events += self.end(spot, accepted, REFUSED, grounds, now)
        return events + self.settle_all(spots, now)

    def settle(self, spot: Spot, now: float) -> list[Event]:
        """Bring the strongest free command into force, and tell of every change."""
        events: list[Event] = []
        front = None
        for _ in range(2 * len(spot.accepted) + 1):  # each round ends one, or asks for one
            self._look(spot, now)
            front = spot.first_free()
            if front is None or front.in_force or front.judged_at == now or front.by_hand:
                break
            if (refused := self.judge(spot, front, now)) is not None:
                events += self.end(spot, front, REFUSED, refused, now)
            elif not front.must_ask or front.agreed_by:
                break
        events += self._demote(spot, front, now)
        if front is not None and not front.in_force:
            events += self._promote(spot, front, now)
        elif front is None and spot.vacant and spot.yield_until <= now:
            events += self._rest(spot, now)
        self._register.touch(spot)
        return events

    def end(
        self, spot: Spot, accepted: Accepted, state: str, reasons: Iterable[Reason], now: float
    ) -> list[Event]:
        """Take a command out of the array, and tell its asker; the family, too, where it waited."""
        command, waited = accepted.command, accepted.waits
        named = tuple(self._telling.named(reason, command) for reason in reasons)
        self._register.remove(spot, accepted)
        accepted.state = state
        self._register.touch(spot)
        to = [command.origin, FAMILY] if waited or state == FAILED else [command.origin]
        told = notices(named[0], command.id, now, *to) if named else []
        return [outcome(accepted, now, named), *told]

    def write(self, spot: Spot, value: Given, command_id: str, now: float, tries: int = 1) -> Write:
        """Set it, and wait for its effect."""
        confirm_by = now + effect.CONFIRM_S
        written = Write(
            self._register.write_id(), spot.target, spot.point, value, command_id, confirm_by
        )
        spot.pending = Pending(written.id, value, command_id, confirm_by, tries)
        spot.written, spot.written_at = value, now
        return written

    def _look(self, spot: Spot, now: float) -> None:
        thing = self._register.things.get(spot.target)
        uses = thing.uses.values() if thing else ()
        yielding = spot.yield_until > now
        for accepted in spot.accepted:
            accepted.waits = accepted.waits_for(uses, yielding=yielding)

    def _demote(self, spot: Spot, front: Accepted | None, now: float) -> list[Event]:
        events: list[Event] = []
        for accepted in tuple(spot.accepted):
            if accepted is front:
                continue
            accepted.by_hand = False  # it is not as the hand left it: should it come, it is written
            if accepted.command.point in MOMENTARY and accepted.waits != FOR_ANSWER:
                is_sent = accepted.state == SENT
                why = "command.unsure-if-done" if is_sent else "command.only-now"
                state = FAILED if is_sent else REFUSED
                events += self.end(spot, accepted, state, (Reason(why),), now)
                continue
            before, was_in_force = accepted.state, accepted.in_force
            if accepted.waits == FOR_ANSWER:
                accepted.state = ASKED
            elif was_in_force and not accepted.waits:
                accepted.state = OVERRIDDEN
            elif before != OVERRIDDEN or accepted.waits:
                accepted.state = HELD
            if was_in_force:
                self._leave(spot, accepted)
            if accepted.state != before:
                events += self._tell_waiting(spot, accepted, front, now)
        return events

    def _leave(self, spot: Spot, accepted: Accepted) -> None:
        spot.winner, spot.vacant = "", accepted.tries > 0
        if spot.pending is not None and spot.pending.command_id == accepted.command.id:
            spot.pending = None

    def _tell_waiting(
        self, spot: Spot, accepted: Accepted, front: Accepted | None, now: float
    ) -> list[Event]:
        """Why it is not in force, to its asker and to whoever is in its way."""
        command, tell = accepted.command, self._telling.reason
        holder = front.command if front is not None and front.rank < accepted.rank else None
        to: list[str | Origin] = [command.origin, FAMILY]
        if accepted.waits == FOR_ANSWER:
            reason = tell("command.asked", command, until=accepted.ask_until)
        elif accepted.waits == FOR_USE:
            use = next(
                each
                for each in self._register.things[spot.target].uses.values()
                if each.minds(command.point, command.value)
            )
            reason = tell("command.in-use", command, use=use.why)
            told = notices(reason, command.id, now, command.origin, use.by, FAMILY)
            line = outcome(accepted, now, (reason,))
            line.facts.update(holder=use.by, holder_slot="use")
            return [line, *told]
        elif accepted.waits == FOR_MASTERS:
            reason = tell("command.two-masters-wait", command, until=spot.yield_until)
        else:
            is_over = accepted.state == OVERRIDDEN
            key = "command.overridden" if is_over else "command.held-behind"
            holder = front.command if front is not None else None
            name = self._telling.about(holder)["asker"] if holder else ""
            reason = tell(key, command, holder=name)
            to = [command.origin, holder.origin] if holder else [command.origin]
        return [
            outcome(accepted, now, (reason,), holder),
            *notices(reason, command.id, now, *to),
        ]

    def _promote(self, spot: Spot, front: Accepted, now: float) -> list[Event]:
        command, before = front.command, front.state
        spot.winner, spot.vacant = command.id, False
        if front.by_hand:
            front.by_hand = False  # should it come back, it is written
            front.state, spot.pending = DONE, None
            spot.written, spot.written_at, spot.confirmed_at = command.value, now, now
            return [outcome(front, now, (self._telling.reason("command.by-hand", command),))]
        if not (at_hand(command.origin) or own_safety(command.origin)):
            budget.take_change(spot, command, self.envelopes(spot.target, spot.point), now)
        written = self.write(spot, command.value, command.id, now)
        front.state, front.tries = SENT, front.tries + 1
        spot.check_at = self.check_at(command, now)
        came_back = before in {HELD, OVERRIDDEN, ASKED}
        reason = self._telling.reason("command.comes-now" if came_back else "command.sent", command)
        to = (command.origin, FAMILY) if before in {HELD, ASKED} else (command.origin,)
        told = notices(reason, command.id, now, *to) if came_back else []
        return [outcome(front, now, (reason,)), written, *told]

    def _rest(self, spot: Spot, now: float) -> list[Event]:
        """No command is left: the point goes to its rest, within every envelope, or stays."""
        spot.vacant, spot.pending = False, None
        envelopes = self.envelopes(spot.target, spot.point)
        rest = rest_of(envelopes)
        if rest is None or any(value_outside(envelope, rest) for _, envelope in envelopes):
            return []
        return [self.write(spot, rest, "", now)]


def _before(
    spot: Spot | None, reading: tuple[Given, float] | None, now: float
) -> tuple[Given | None, float]:
    """What the point was last, and how long ago we changed it."""
    if spot is None or spot.written is None or now - spot.written_at >= IDLE_S:
        return (None, inf) if reading is None else (reading[0], inf)
    if reading is not None and reading[1] > spot.written_at:
        return reading[0], now - spot.written_at
    return spot.written, now - spot.written_at
