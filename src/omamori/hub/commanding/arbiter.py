"""Arbiter: of all that is asked of a thing, what is done now, what waits, and what never is.

The policy says who *may*; the arbiter says *which*. One array of slots per point of a thing
(`slots`), a lease for nearly everything (`lease`), an envelope that nobody leaves (`envelope`), a
switch (`switch`), what a thing in use needs (`use`), and effects that are looked for (`effect`).

Pure and synchronous: time is an argument, and what is to be done is what it returns.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.commanding import admit, kept, pace
from omamori.hub.commanding.command import (
    EXPIRED,
    HAND,
    REFUSED,
    WITHDRAWN,
    Command,
    Notice,
    Origin,
    Outcome,
)
from omamori.hub.commanding.kept import Lost, ThingState
from omamori.hub.commanding.register import Register
from omamori.hub.commanding.seeing import Seeing
from omamori.hub.commanding.setting import Setting
from omamori.hub.commanding.settle import Settling
from omamori.hub.commanding.slots import (
    CLAIMS,
    FOR_ANSWER,
    FOR_USE,
    Accepted,
    Spot,
    caller_of,
    of_the_family,
)
from omamori.hub.commanding.telling import FAMILY, Event, Telling, notices, outcome, party_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.hub.commanding.admit import Claims
    from omamori.hub.ruling.question import Ruling


class Arbiter(Setting, Seeing):
    """Decides which of several commands wins, and keeps the losers.

    Args:
        may: the policy: whether a command may be, the thing being in use or not, at a time.
        kind_of: the kind of a thing; empty where it is not known; None where there is no such thing.
        name_of: what the family calls it.
        knows_industry: whether a trust domain's ladder can be translated here.
        claims: which slots an origin may claim.
    """

    def __init__(
        self,
        may: Callable[[Command, bool, float], Ruling],
        kind_of: Callable[[str], str | None],
        name_of: Callable[[str], str] = str,
        knows_industry: Callable[[str], bool] = bool,
        claims: Claims = CLAIMS,
    ) -> None:
        self._register, self._telling = Register(), Telling(name_of)
        self._settling = Settling(self._register, self._telling, may, kind_of)
        self._kind_of, self._knows_industry, self._claims = kind_of, knows_industry, claims

    def ask(self, command: Command, now: float) -> list[Event]:
        """A command comes in. The first event is always what became of it."""
        now = self._register.tick(now)
        caller, unheard = self._heard(command, now)
        if admit.is_hasty_origin(command, caller, now):
            return self._hasty(command, caller, now)  # also who is not heard fills no record
        if unheard is not None:
            return self._refuse(command, now, unheard)
        thing = self._asked(command, now)
        if isinstance(thing, Reason):
            return self._refuse(command, now, thing)
        if (wrong := admit.out_of_turn(command, caller, self._register.live, now)) is not None:
            return self._refuse(command, now, wrong, of_another=wrong.key == "command.id-used")
        caller.seq, caller.newest_at = command.seq or caller.seq, max(caller.newest_at, command.at)
        self._register.remember(caller, command.id, now)
        return self._consider(command, thing, now)

    def _heard(self, command: Command, now: float) -> tuple[kept.Caller, Reason | None]:
        """Who asks, and why nobody hears it, if so."""
        wrong = admit.who_asks(command, self._register, self._knows_industry, self._claims)
        if wrong is not None and wrong.key in {"command.bad-names", "command.nobody-proven"}:
            return self._register.nobody, wrong  # a name that is only said has no place of its own
        key, more = caller_of(command.origin), admit.room_for(command)
        caller = self._register.caller(key, now, more=more)
        if caller is None:
            return self._register.nobody, Reason("command.too-many-askers")
        self._register.change(caller)
        return caller, wrong

    def _asked(self, command: Command, now: float) -> ThingState | Reason:
        """Of which thing it is asked, or why that cannot be."""
        if self._kind_of(command.target) is None:
            return Reason("command.unknown-thing")
        thing = self._register.thing(command.target)
        if thing is None:
            return Reason("command.too-many")
        self._register.change(thing)
        return admit.is_hasty_home(command, thing, self._register.clock, now) or thing

    def _consider(self, command: Command, thing: ThingState, now: float) -> list[Event]:
        """Everything that can be against it at once; else it takes its place in the array."""
        reasons, until = admit.claim(command, self._claims, now)
        reasons += admit.household(command, thing, now)
        if (wrong := admit.too_much(command, self._register)) is not None:
            reasons.append(wrong)
        if reasons:
            return self._refuse(command, now, *reasons)
        accepted = Accepted(command, until, 0, now)
        spot = self._register.spots.get((command.target, command.point))
        if (refused := self._settling.judge(spot, accepted, now)) is not None:
            return self._refuse(command, now, *refused, accepted=accepted)
        if accepted.must_ask and admit.asks_too_much(command, self._register):
            return self._refuse(command, now, Reason("command.asks-too-much"), accepted=accepted)
        spot = self._register.spot(command.target, command.point)
        if spot is None:
            return self._refuse(command, now, Reason("command.too-many"))
        return self._take(spot, accepted, now)

    def _take(self, spot: Spot, accepted: Accepted, now: float) -> list[Event]:
        accepted.number = self._register.number()
        if of_the_family(accepted.command.origin):
            spot.yield_until, spot.rounds = -inf, []  # it is no other master than the family
        before = spot.same_claim(accepted.command)
        after: list[Event] = []
        if before is not None:
            after = self._settling.end(spot, before, WITHDRAWN, (Reason("command.replaced"),), now)
        self._register.add(spot, accepted)
        events = self._settling.settle(spot, now)
        own = [e for e in events if isinstance(e, Outcome) and e.command is accepted.command]
        return [*own[:1], *after, *(event for event in events if event not in own[:1])]

    def answer(self, command_id: str, by: Origin, *, agreed: bool, now: float) -> list[Event]:
        """The family's word on a command that waits for it, or for the end of a use."""
        now = self._register.tick(now)
        found = self._found(command_id)
        if found is None:
            return [Notice(party_of(by), Reason("command.no-such"), command_id, now)]
        spot, accepted = found
        if not of_the_family(by):
            return self._not_yours(command_id, by, now)
        if accepted.waits not in {FOR_ANSWER, FOR_USE}:
            return [Notice(party_of(by), Reason("command.not-asked"), command_id, now)]
        if not agreed:
            events = self._settling.end(spot, accepted, REFUSED, (Reason("command.declined"),), now)
            return events + self._settling.settle(spot, now)
        accepted.agreed_by, accepted.judged_at = by.who or HAND, -inf
        return self._settling.settle(spot, now)

    def withdraw(self, command_id: str, by: Origin, now: float) -> list[Event]:
        """Its asker takes it back, or the family does; what lay under it comes back."""
        now = self._register.tick(now)
        found = self._found(command_id)
        if found is None:
            return [Notice(party_of(by), Reason("command.no-such"), command_id, now)]
        spot, accepted = found
        is_own = caller_of(by) == caller_of(accepted.command.origin)
        if not (is_own or of_the_family(by)):
            return self._not_yours(command_id, by, now)
        key = "command.withdrawn" if is_own else "command.withdrawn-by-family"
        events = self._settling.end(spot, accepted, WITHDRAWN, (Reason(key),), now)
        return events + self._settling.settle(spot, now)

    def lost(self, who: str, reasons: Iterable[Reason], now: float) -> list[Event]:
        """Its level fell or its behaviour departs: it loses all its slots at once.

        Nothing more of it is heard until `regained`.
        """
        now = self._register.tick(now)
        why = tuple(reasons)[: kept.LOST_REASONS_MAX]
        if not who or not kept.is_short(who):
            return []
        if who not in self._register.lost:
            self._register.lost[who] = Lost(who, now, why)
            self._register.change(self._register.lost[who])
        events: list[Event] = []
        spots: dict[int, Spot] = {}
        for command_id in sorted(self._register.of_who.get(who, ())):
            spot = self._register.live[command_id]
            accepted = spot.of(command_id)
            if accepted is not None:
                because = (Reason("command.lost-trust"), *why)
                events += self._settling.end(spot, accepted, REFUSED, because, now)
                spots[id(spot)] = spot
        return events + self._settling.settle_all(spots.values(), now)

    def regained(self, who: str, now: float) -> None:
        """It is heard again; what it lost does not come back."""
        self._register.tick(now)
        if self._register.lost.pop(who, None) is not None:
            self._register.forget("lost/" + who)

    def why_lost(self, who: str) -> tuple[Reason, ...]:
        """Why nothing of it is heard; empty where it is heard."""
        lost = self._register.lost.get(who)
        return lost.reasons if lost is not None else ()

    def judge_again(self, now: float) -> None:
        """The rules are others: at the next step everything that is in force is judged by them."""
        now = self._register.tick(now)
        for spot in self._register.spots.values():
            if spot.winner:
                spot.check_at = now
                self._register.touch(spot)

    def renumbered(self, origin: Origin) -> None:
        """A person or a new meeting says that this origin counts anew, as after a reset."""
        caller = self._register.callers.get(caller_of(origin))
        if caller is not None:
            caller.seq = 0
            self._register.change(caller)

    def step(self, now: float) -> list[Event]:
        """What time brings: leases, questions, uses and waits for effects that end."""
        now = self._register.tick(now)
        events: list[Event] = []
        spots = {(spot.target, spot.point): spot for spot in self._register.due(now)}
        for spot in spots.values():
            events += self._overdue(spot, now)
        spots |= {(spot.target, spot.point): spot for spot in self._uses_over(now)}
        spots = {key: spots[key] for key in sorted(spots)}
        events += self._settling.settle_all(spots.values(), now)
        for spot in spots.values():
            self._register.tidy(spot, now)
        return events

    def live(self, now: float) -> list[Outcome]:
        """Every command that lies in an array, as it stands, the longest accepted first."""
        found = [a for spot in self._register.spots.values() for a in spot.accepted]
        found.sort(key=lambda accepted: accepted.number)
        return [outcome(accepted, now, ()) for accepted in found]

    def in_force(self, target: str, point: str) -> Command | None:
        """The command that holds a point now."""
        spot = self._register.spots.get((target, point))
        accepted = spot.of(spot.winner) if spot is not None else None
        return accepted.command if accepted is not None else None

    def lease_left_s(self, command_id: str, now: float) -> float:
        """For how long it may still hold; 0 where it has no end, or lies here no more."""
        found = self._found(command_id)
        left_s = found[1].until - now if found is not None else 0.0
        return max(left_s, 0.0) if left_s < inf else 0.0

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed since it was last taken (`hub.ports.Learned`)."""
        return self._register.take_changes()

    def restore(self, kept_pieces: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; what ended in the meantime is told at the next step."""
        return self._register.restore(kept_pieces, now)

    def _overdue(self, spot: Spot, now: float) -> list[Event]:
        events: list[Event] = []
        for accepted in tuple(spot.accepted):
            if accepted.until <= now:
                key = "command.over-waiting" if accepted.waits else "command.over"
                events += self._settling.end(spot, accepted, EXPIRED, (Reason(key),), now)
            elif accepted.waits == FOR_ANSWER and accepted.ask_until <= now:
                why = (Reason("command.nobody-answered"),)
                events += self._settling.end(spot, accepted, REFUSED, why, now)
        if spot.check_at <= now:
            winner = spot.of(spot.winner)
            grounds = self._settling.forbidden(winner.command, now) if winner is not None else []
            spot.check_at = inf
            if winner is not None and grounds:
                events += self._settling.end(spot, winner, REFUSED, grounds, now)
            elif winner is not None:
                spot.check_at = self._settling.check_at(winner.command, now)
        return events + self._unseen(spot, now)

    def _found(self, command_id: str) -> tuple[Spot, Accepted] | None:
        spot = self._register.live.get(command_id)
        accepted = spot.of(command_id) if spot is not None else None
        return None if spot is None or accepted is None else (spot, accepted)

    def _not_yours(self, command_id: str, by: Origin, now: float) -> list[Event]:
        reason = Reason("command.not-yours", {"asker": by.name or by.who})
        return list(notices(reason, command_id, now, by, FAMILY))

    def _hasty(self, command: Command, caller: kept.Caller, now: float) -> list[Event]:
        if not 0 <= now - caller.hasty_at <= pace.AGAIN_S:
            caller.hasty, caller.hasty_at = 0, now
        caller.hasty += 1
        return self._refuse(command, now, Reason("command.too-fast"), repeats=caller.hasty)

    def _refuse(
        self,
        command: Command,
        now: float,
        *reasons: Reason,
        accepted: Accepted | None = None,
        **facts: int,
    ) -> list[Event]:
        told: dict[str, str | int] = {name: fact for name, fact in facts.items() if fact}
        if accepted is not None:
            told |= {"rules": ",".join(accepted.rules), "envelope": accepted.envelope}
        return [self._telling.refused(command, REFUSED, now, reasons, **told)]
