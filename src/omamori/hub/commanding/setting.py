"""Setting: what people say of a thing beside commanding it: its switch, opt-outs, uses, envelopes."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.commanding import kept, switch
from omamori.hub.commanding.command import REFUSED, Notice, Origin
from omamori.hub.commanding.envelope import HOUSEHOLD, MAKER, Envelope, sound
from omamori.hub.commanding.slots import DEMAND_RESPONSE, Accepted, Spot, of_the_family
from omamori.hub.commanding.telling import FAMILY, Event, notices, party_of
from omamori.hub.commanding.use import (
    NEEDS_PER_USE_MAX,
    TEXT_MAX,
    USE_S_MAX,
    USES_PER_THING_MAX,
    Need,
    Use,
)
from omamori.hub.points import POINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.hub.commanding.kept import ThingState
    from omamori.hub.commanding.register import Register
    from omamori.hub.commanding.settle import Settling
    from omamori.hub.commanding.telling import Telling


class Setting:
    """The part of the arbiter that people set."""

    _register: Register
    _telling: Telling
    _settling: Settling
    _kind_of: Callable[[str], str | None]

    def set_switch(self, target: str, position: str, by: Origin, now: float) -> list[Event]:
        """Turn a thing's switch; what no longer passes ends at once (IEC 61850-7-4, `PSTO`)."""
        now = self._register.tick(now)
        thing = self._thing_for(target, by, now)
        if not isinstance(thing, kept.ThingState) or position not in switch.POSITIONS:
            return thing if isinstance(thing, list) else []
        thing.switch = position
        self._register.change(thing)

        def is_out(accepted: Accepted) -> bool:
            return not switch.passes(position, accepted.command.origin)

        told = self._told("command.switch-" + position, target, now)
        return told + self._end_where(target, is_out, "command.switched-" + position, now)

    def switch_of(self, target: str) -> str:
        """How its switch stands."""
        thing = self._register.things.get(target)
        return thing.switch if thing is not None else switch.REMOTE

    def opt_out(self, target: str, by: Origin, until: float, now: float) -> list[Event]:
        """The family takes no part in demand-response with this thing until then; 0 takes it back.

        It binds, whatever the programme says (Matter's Device Energy Management, OpenADR).
        """
        now = self._register.tick(now)
        thing = self._thing_for(target, by, now)
        if not isinstance(thing, kept.ThingState):
            return thing
        thing.opt_out_until = until if until > now else -inf
        self._register.change(thing)
        if thing.opt_out_until <= now:
            return []
        return self._end_where(
            target,
            lambda accepted: accepted.command.slot == DEMAND_RESPONSE,
            "command.opted-out",
            now,
            until=thing.opt_out_until,
        )

    def opted_out_until(self, target: str, now: float) -> float | None:
        """Until when no energy program reaches it; None where they do."""
        thing = self._register.things.get(target)
        return thing.opt_out_until if thing is not None and thing.opt_out_until > now else None

    def use(
        self, target: str, needs: Iterable[Need], by: str, until: float, why: str, now: float
    ) -> list[Event]:
        """A thing is in use: what it needs is kept for it. Said again, it is prolonged.

        What would take it away waits until the end of the use, or until the family agrees.
        """
        now = self._register.tick(now)
        thing = self._register.thing(target) if self._kind_of(target) is not None else None
        kept_needs = tuple(need for need in needs if need.point in POINTS)[:NEEDS_PER_USE_MAX]
        if thing is None or not kept.is_short(by) or not until > now:
            return []
        if by not in thing.uses and len(thing.uses) >= USES_PER_THING_MAX:
            return []
        use = Use(by, kept_needs, min(until, now + USE_S_MAX), why[:TEXT_MAX])
        before, thing.uses[by] = thing.uses.get(by), use
        self._register.change(thing)
        if before is not None and before.needs == use.needs:
            return []
        return self._settling.settle_all(self._spots_of(target), now)

    def end_use(self, target: str, by: str, now: float) -> list[Event]:
        """The use is over: what waited for it is carried out, in the order it was accepted."""
        now = self._register.tick(now)
        thing = self._register.things.get(target)
        if thing is None or thing.uses.pop(by, None) is None:
            return []
        self._register.change(thing)
        return self._settling.settle_all(self._judge_anew(target), now)

    def in_use(self, target: str) -> list[Use]:
        """By whom and for what it is in use."""
        thing = self._register.things.get(target)
        return list(thing.uses.values()) if thing is not None else []

    def set_envelope(
        self, target: str, envelope: Envelope, by: Origin | None, now: float
    ) -> list[Event]:
        """Narrow what a point may be: a person, or the maker where `by` is None.

        It cannot widen what the kind's own envelope allows: all hold at once.
        """
        now = self._register.tick(now)
        thing = self._thing_for(target, by, now)
        if not isinstance(thing, kept.ThingState):
            return thing
        if not sound(envelope):
            return [Notice(FAMILY, Reason("command.bad-envelope"), "", now)]
        whose = MAKER if by is None else HOUSEHOLD
        thing.envelopes.setdefault(whose, {})[envelope.point] = envelope
        self._register.change(thing)
        return self._settling.end_outside(target, now)

    def drop_envelope(self, target: str, point: str, by: Origin, now: float) -> list[Event]:
        """A person takes their envelope back; the kind's and the maker's hold on."""
        now = self._register.tick(now)
        thing = self._thing_for(target, by, now)
        if not isinstance(thing, kept.ThingState):
            return thing
        thing.envelopes.get(HOUSEHOLD, {}).pop(point, None)
        self._register.change(thing)
        return []

    def envelopes(self, target: str, point: str) -> list[tuple[str, Envelope]]:
        """Whose envelopes hold for a point, a person's first."""
        return self._settling.envelopes(target, point)

    def _thing_for(self, target: str, by: Origin | None, now: float) -> ThingState | list[Event]:
        """The thing, if this one may set it: only the family may."""
        if by is not None and not of_the_family(by):
            reason = Reason("command.not-yours", {"asker": by.name or by.who})
            return list(notices(reason, "", now, by, FAMILY))
        thing = self._register.thing(target) if self._kind_of(target) is not None else None
        if thing is None:
            to = FAMILY if by is None else party_of(by)
            return [Notice(to, Reason("command.unknown-thing"), "", now)]
        return thing

    def _told(self, key: str, target: str, now: float) -> list[Event]:
        return [Notice(FAMILY, self._telling.thing(key, target), "", now)]

    def _spots_of(self, target: str) -> list[Spot]:
        return self._register.of_thing(target)

    def _judge_anew(self, target: str) -> list[Spot]:
        """The rules may say otherwise of a thing that is no longer in use."""
        spots = self._spots_of(target)
        for accepted in (accepted for spot in spots for accepted in spot.accepted):
            if not accepted.agreed_by and not accepted.in_force:
                accepted.must_ask, accepted.judged_at = False, -inf
        return spots

    def _uses_over(self, now: float) -> list[Spot]:
        spots: list[Spot] = []
        for thing in self._register.things.values():
            over = [by for by, use in thing.uses.items() if use.until <= now]
            for by in over:
                del thing.uses[by]
            if over:
                self._register.change(thing)
                spots += self._judge_anew(thing.target)
        return spots

    def _end_where(
        self,
        target: str,
        is_out: Callable[[Accepted], bool],
        key: str,
        now: float,
        **params: float,
    ) -> list[Event]:
        events: list[Event] = []
        spots = self._spots_of(target)
        for spot in spots:
            for accepted in tuple(spot.accepted):
                if is_out(accepted):
                    why = (Reason(key, {**params}),)
                    events += self._settling.end(spot, accepted, REFUSED, why, now)
        return events + self._settling.settle_all(spots, now)
