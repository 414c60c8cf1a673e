"""Seeing: what a thing shows of itself: effects, a person's hand, another master, new limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.commanding import effect
from omamori.hub.commanding.command import DONE, FAILED, HAND, PERSON, WITHDRAWN, Command, Origin
from omamori.hub.commanding.envelope import CONDITION_POINTS, form_of_reading
from omamori.hub.commanding.lease import MANUAL_HOLD_S
from omamori.hub.commanding.slots import (
    AT_REST,
    LOCAL_MANUAL,
    MOMENTARY,
    Accepted,
    Spot,
    own_safety,
)
from omamori.hub.commanding.telling import FAMILY, Event, notices, outcome
from omamori.hub.points import ADJUST, LOOK, POINTS, Given, act_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.hub.commanding.register import Register
    from omamori.hub.commanding.settle import Settling
    from omamori.hub.commanding.telling import Telling

SOMEBODY = Origin("", PERSON, HAND)


class Seeing:
    """The part of the arbiter that sees."""

    _register: Register
    _telling: Telling
    _settling: Settling
    _kind_of: Callable[[str], str | None]

    def seen(
        self, target: str, point: str, value: Given, now: float, *, by_hand: bool = False
    ) -> list[Event]:
        """A thing's point is seen to have a value; `by_hand` where it is known who set it.

        What a person set at the thing is left alone for `MANUAL_HOLD_S`.
        """
        now = self._register.tick(now)
        known = POINTS.get(point)
        kind = self._kind_of(target)
        if known is None or kind is None or form_of_reading(known, value) is not None:
            return []
        spot = self._register.spots.get((target, point))
        if known.act != LOOK or point in CONDITION_POINTS:
            thing = self._register.thing(target)
            if thing is not None:
                thing.readings[point] = (value, now)
                self._register.change(thing)
        if point in CONDITION_POINTS:
            return self._settling.end_outside(target, now)
        if known.act == LOOK:
            return []
        if by_hand and point not in MOMENTARY:
            return self._by_hand(target, point, value, now)
        return [] if spot is None else self._effect(spot, value, kind, now)

    def reading(self, target: str, point: str) -> tuple[Given, float] | None:
        """The last value that a point that can be set was seen to have, and when."""
        thing = self._register.things.get(target)
        return thing.readings.get(point) if thing is not None else None

    def _effect(self, spot: Spot, value: Given, kind: str, now: float) -> list[Event]:
        winner = spot.of(spot.winner)
        if spot.pending is not None:
            if effect.same(spot.point, value, spot.pending.value):
                return self._confirmed(spot, winner, now)
            return []
        if winner is None or winner.state != DONE:
            return []
        if effect.same(spot.point, value, winner.command.value):
            return []
        if not winner.forceful and AT_REST.get(spot.point) == value:
            return self._at_rest(spot, value, now)
        return self._set_back(spot, winner, value, kind, now)

    def _confirmed(self, spot: Spot, winner: Accepted | None, now: float) -> list[Event]:
        spot.pending, spot.confirmed_at = None, now
        self._register.touch(spot)
        if winner is None:
            return []
        was, winner.state = winner.state, DONE
        if was == DONE:
            return []  # set again after somebody had set it back
        done = outcome(winner, now, (self._telling.reason("command.done", winner.command),))
        if spot.point not in MOMENTARY:
            return [done]
        self._register.remove(spot, winner)  # it happened; there is nothing to hold
        spot.vacant = False
        return [done, *self._settling.settle(spot, now)]

    def _by_hand(self, target: str, point: str, value: Given, now: float) -> list[Event]:
        """What a hand did holds the local slot, as if it had been asked for."""
        spot = self._register.spot(target, point)
        if spot is None:
            return []
        number = self._register.number()
        command = Command(
            f"hand-{number}", SOMEBODY, target, point, value, LOCAL_MANUAL, now, MANUAL_HOLD_S
        )
        before = spot.same_claim(command)
        if before is not None and before.in_force and before.command.value == value:
            before.until = max(before.until, now + MANUAL_HOLD_S)
            self._register.touch(spot)
            return self._effect(spot, value, "", now)
        events: list[Event] = []
        if before is not None:
            why = (Reason("command.replaced"),)
            events += self._settling.end(spot, before, WITHDRAWN, why, now)
        accepted = Accepted(command, now + MANUAL_HOLD_S, number, now, by_hand=True)
        self._register.add(spot, accepted)
        events += self._settling.settle(spot, now)
        winner = spot.of(spot.winner)
        if winner is not None and winner.state == DONE and winner is not accepted:
            events += self._set_back(spot, winner, value, "", now)  # protection goes first
        return events

    def _set_back(
        self, spot: Spot, winner: Accepted, value: Given, kind: str, now: float
    ) -> list[Event]:
        """Somebody set it to something else, and nobody knows who."""
        if effect.same(spot.point, value, winner.command.value):
            return []
        is_quick = now - spot.confirmed_at <= effect.REVERT_S
        if not winner.forceful and act_of(spot.point, kind) == ADJUST and not is_quick:
            return self._yield(spot, winner, "command.changed-elsewhere", now)
        if winner.forceful and now - spot.written_at < effect.REWRITE_S_MIN:
            return []
        rounds = effect.another_round(spot, now)
        events: list[Event] = []
        if rounds >= effect.ROUNDS_MAX:
            if not winner.forceful:
                return self._yield(spot, winner, "command.two-masters", now)
            if rounds == effect.ROUNDS_MAX:
                reason = self._telling.reason("command.two-masters-danger", winner.command)
                events += notices(reason, winner.command.id, now, winner.command.origin, FAMILY)
        if self._settling.unsafe(winner.command, now):
            return events + self._settling.end_outside(spot.target, now)
        events.append(self._settling.write(spot, winner.command.value, winner.command.id, now))
        self._register.touch(spot)
        return events

    def _at_rest(self, spot: Spot, value: Given, now: float) -> list[Event]:
        """A door that somebody locked, a flame that somebody put out: no service starts it again."""
        events: list[Event] = []
        for accepted in tuple(spot.accepted):
            if not accepted.forceful and accepted.command.value != value:
                why = (Reason("command.ended-at-thing"),)
                events += self._settling.end(spot, accepted, WITHDRAWN, why, now)
        return events + self._settling.settle(spot, now)

    def _yield(self, spot: Spot, winner: Accepted, key: str, now: float) -> list[Event]:
        """Let the other be for a while, and tell the family."""
        spot.yield_until = now + effect.YIELD_S
        reason = self._telling.reason(key, winner.command, until=spot.yield_until)
        told = notices(reason, winner.command.id, now, winner.command.origin, FAMILY)
        return [*told, *self._settling.settle(spot, now)]

    def _unseen(self, spot: Spot, now: float) -> list[Event]:
        """A write whose effect nobody saw in time: a thing that acknowledges and does nothing."""
        pending = spot.pending
        if pending is None or pending.confirm_by > now:
            return []
        spot.pending = None
        winner = spot.of(pending.command_id) if pending.command_id else None
        if winner is None and pending.tries < effect.TRIES_SAFETY:
            again = self._settling.write(spot, pending.value, "", now, pending.tries + 1)
            return [again]
        if winner is None:
            reason = self._telling.thing("command.no-rest", spot.target)
            return list(notices(reason, "", now, FAMILY))
        is_retried = own_safety(winner.command.origin) and winner.tries < effect.TRIES_SAFETY
        if is_retried and spot.point not in MOMENTARY:
            winner.tries += 1
            return [self._settling.write(spot, pending.value, pending.command_id, now)]
        return self._settling.end(spot, winner, FAILED, (Reason("command.no-effect"),), now)
