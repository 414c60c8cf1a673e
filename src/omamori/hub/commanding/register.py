"""Register: all that the arbiter remembers, found quickly, bounded, and marked where it changed."""

from __future__ import annotations

import heapq
from math import inf
from typing import TYPE_CHECKING

from msgspec import structs

from omamori.documents.limits import CLOCK_SKEW_S_MAX
from omamori.hub.commanding import kept
from omamori.hub.commanding.kept import Caller, Clock, Lost, ThingState
from omamori.hub.commanding.lease import PAST_S_MAX
from omamori.hub.commanding.slots import FOR_ANSWER, Accepted, Spot
from omamori.hub.commanding.switch import REMOTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

JITTER_S = 1.0
"""Within this a clock that goes back is only two callers who looked at it one after the other."""

IDLE_S = 3600.0
"""A point without commands is remembered for so long, for its budget of changes."""

IDS_S = PAST_S_MAX + CLOCK_SKEW_S_MAX
_HEAP_SLACK = 1024


class Register:
    """What is remembered."""

    def __init__(self) -> None:
        self.spots: dict[tuple[str, str], Spot] = {}
        self.by_thing: dict[str, dict[str, Spot]] = {}
        self.things: dict[str, ThingState] = {}
        self.callers: dict[str, Caller] = {}
        self.lost: dict[str, Lost] = {}
        self.nobody = Caller("")  # all together who have proven nothing, or have no room
        self.clock = Clock()
        self.live: dict[str, Spot] = {}
        self.of_who: dict[str, set[str]] = {}
        self._changed: dict[str, kept.Piece | None] = {}
        self._due: list[tuple[float, str, str]] = []

    def tick(self, now: float) -> float:
        """Take the time; a clock that goes back takes every lease's end with it."""
        clock = self.clock
        if now >= clock.now or not clock.now:
            clock.now = now
        elif clock.now - now > JITTER_S:
            self._shift(clock.now - now, now)
            clock.now = now
        return clock.now

    def spot(self, target: str, point: str) -> Spot | None:
        """The point's array, made where there is none; None where there are too many."""
        found = self.spots.get((target, point))
        if found is None and len(self.spots) < kept.SPOTS_MAX:
            found = Spot(target, point, due=inf)
            self._keep_spot(found)
        return found

    def of_thing(self, target: str) -> list[Spot]:
        """Its points' arrays, always in the same order."""
        found = self.by_thing.get(target, {})
        return [found[point] for point in sorted(found)]

    def thing(self, target: str) -> ThingState | None:
        """What is remembered of a thing, made where there is nothing; None where it is too much."""
        found = self.things.get(target)
        if found is None and (len(self.things) < kept.THINGS_MAX or self._forget_plain()):
            found = self.things[target] = ThingState(target)
        return found

    def caller(self, key: str, now: float, *, more: int = 0) -> Caller | None:
        """What is remembered of an origin; None where there are too many of them just now.

        `more` is how much room is kept for such as this one.
        """
        found = self.callers.get(key)
        if found is not None:
            found.last_at = now
            return found
        if len(self.callers) >= kept.CALLERS_MAX + more:
            oldest = min(self.callers.values(), key=lambda caller: caller.last_at)
            if oldest.last_at > now - IDS_S:
                return None
            del self.callers[oldest.key]
            self.forget("caller/" + oldest.key)
        found = self.callers[key] = Caller(key, last_at=now)
        return found

    def remember(self, caller: Caller, command_id: str, now: float) -> None:
        """That this id was used."""
        ids = caller.ids
        while ids:
            first = next(iter(ids))
            if ids[first] >= now - IDS_S and len(ids) < kept.IDS_PER_CALLER_MAX:
                break
            del ids[first]
        ids[command_id] = now
        self.change(caller)

    def add(self, spot: Spot, accepted: Accepted) -> None:
        """An accepted command."""
        spot.insert(accepted)
        self.live[accepted.command.id] = spot
        self.of_who.setdefault(accepted.command.origin.who, set()).add(accepted.command.id)

    def remove(self, spot: Spot, accepted: Accepted) -> None:
        """A command that ended."""
        command = accepted.command
        spot.accepted.remove(accepted)
        self.live.pop(command.id, None)
        of_who = self.of_who.get(command.origin.who, set())
        of_who.discard(command.id)
        if not of_who:
            self.of_who.pop(command.origin.who, None)
        if spot.winner == command.id:
            spot.winner, spot.vacant = "", accepted.tries > 0  # what a hand did stays as it is
        if spot.pending is not None and spot.pending.command_id == command.id:
            spot.pending = None

    def number(self) -> int:
        """The next number of acceptance."""
        self.clock.number += 1
        self.change(self.clock)
        return self.clock.number

    def write_id(self) -> str:
        """The next write's id."""
        self.clock.writes += 1
        self.change(self.clock)
        return f"w{self.clock.writes}"

    def change(self, piece: kept.Piece) -> None:
        """It changed, and is to be kept."""
        self._changed[kept.key_of(piece)] = piece

    def forget(self, key: str) -> None:
        """It is no longer to be kept."""
        self._changed[key] = None

    def touch(self, spot: Spot) -> None:
        """It changed; plan when to look at it next."""
        self.change(spot)
        due = self._due_of(spot)
        if due < spot.due:  # else it is looked at too early, and planned again then
            spot.due = due
            heapq.heappush(self._due, (due, spot.target, spot.point))
            if len(self._due) > 4 * len(self.spots) + _HEAP_SLACK:
                self._plan_anew()

    def due(self, now: float) -> list[Spot]:
        """The points to look at by now."""
        found: dict[tuple[str, str], Spot] = {}
        while self._due and self._due[0][0] <= now:
            at, target, point = heapq.heappop(self._due)
            spot = self.spots.get((target, point))
            if spot is not None and spot.due == at:
                spot.due = inf
                found[target, point] = spot
        return [found[key] for key in sorted(found)]  # as after a restart

    def tidy(self, spot: Spot, now: float) -> None:
        """Forget a point that has nothing to say, or plan it again."""
        idle = not (spot.accepted or spot.pending or spot.vacant or spot.yield_until > now)
        if not idle or spot.written_at > now - IDLE_S:
            self.touch(spot)
            return
        del self.spots[spot.target, spot.point]
        of_thing = self.by_thing[spot.target]
        del of_thing[spot.point]
        if not of_thing:
            del self.by_thing[spot.target]
        self.forget(kept.spot_key(spot.target, spot.point))

    def _keep_spot(self, spot: Spot) -> None:
        self.spots[spot.target, spot.point] = spot
        self.by_thing.setdefault(spot.target, {})[spot.point] = spot

    def _due_of(self, spot: Spot) -> float:
        due = min(spot.pending.confirm_by if spot.pending else inf, spot.check_at)
        for accepted in spot.accepted:
            due = min(due, accepted.until)
            if accepted.waits == FOR_ANSWER:
                due = min(due, accepted.ask_until)
        if spot.yield_until > self.clock.now:
            due = min(due, spot.yield_until)
        if not spot.accepted:
            due = min(due, max(spot.written_at, self.clock.now) + IDLE_S)
        return due

    def _plan_anew(self) -> None:
        self._due = []
        for spot in self.spots.values():
            spot.due = self._due_of(spot)
            self._due.append((spot.due, spot.target, spot.point))
        heapq.heapify(self._due)

    def _forget_plain(self) -> bool:
        for target, thing in self.things.items():
            said = thing.uses or thing.envelopes or thing.switch != REMOTE
            if not said and thing.opt_out_until < self.clock.now and target not in self.by_thing:
                del self.things[target]
                self.forget("thing/" + target)
                return True
        return False

    def _shift(self, back_s: float, now: float) -> None:
        """The clock went back: what was left of each lease is what is left of it now."""
        for spot in self.spots.values():
            for accepted in spot.accepted:
                accepted.until -= back_s
                accepted.ask_until -= back_s
                accepted.since = min(accepted.since, now)
            if spot.pending:
                spot.pending.confirm_by -= back_s
            spot.yield_until -= back_s
            spot.check_at -= back_s
            spot.written_at, spot.confirmed_at = (
                spot.written_at - back_s,
                spot.confirmed_at - back_s,
            )
            spot.rounds = [at - back_s for at in spot.rounds]
            spot.changes.at = min(spot.changes.at, now)
            spot.changes_by_family.at = min(spot.changes_by_family.at, now)
            self.change(spot)
        for thing in self.things.values():  # an opt-out is said by the clock, and goes by it
            thing.uses = {
                by: structs.replace(use, until=use.until - back_s) for by, use in thing.uses.items()
            }
            thing.pace.at = min(thing.pace.at, now)
            thing.readings = {p: (v, min(at, now)) for p, (v, at) in thing.readings.items()}
            self.change(thing)
        for caller in self.callers.values():
            caller.newest_at, caller.last_at = min(caller.newest_at, now), min(caller.last_at, now)
            caller.ids = {name: min(at, now) for name, at in caller.ids.items()}
            caller.pace.at, caller.hasty_at = min(caller.pace.at, now), min(caller.hasty_at, now)
            self.change(caller)
        self.clock.pace.at = min(self.clock.pace.at, now)
        self.change(self.clock)
        self._plan_anew()

    def take_changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What changed since it was last taken; None for what is forgotten."""
        changed, self._changed = self._changed, {}
        if changed:
            changed["clock/"] = self.clock  # how late it was: a clock that went back is noticed
        for key, piece in changed.items():
            yield key, None if piece is None else kept.pack(piece)

    def restore(self, pieces: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; how many pieces could not be read."""
        left_out = 0
        for key, value in pieces:
            piece = kept.unpack(key, value)
            if piece is None or not self._take(piece):
                left_out += 1
        if now < self.clock.now - CLOCK_SKEW_S_MAX:
            # Nobody knows how long we were away: what had a lease has none any more.
            self._shift(self.clock.now - now, now)
            for accepted in (a for spot in self.spots.values() for a in spot.accepted):
                accepted.until = accepted.until if accepted.until == inf else now
        self.clock.now = max(self.clock.now, now) if now > self.clock.now - JITTER_S else now
        self._plan_anew()
        return left_out

    def _take(self, piece: kept.Piece) -> bool:
        if isinstance(piece, Clock):
            self.clock = piece
        elif isinstance(piece, Spot):
            return self._take_spot(piece)
        elif isinstance(piece, ThingState):
            self.things[piece.target] = piece
        elif isinstance(piece, Caller):
            self.callers[piece.key] = piece
        elif isinstance(piece, Lost):
            self.lost[piece.who] = piece
        return True

    def _take_spot(self, spot: Spot) -> bool:
        if len(self.spots) >= kept.SPOTS_MAX or any(
            a.command.id in self.live for a in spot.accepted
        ):
            return False
        accepted, spot.accepted = spot.accepted, []
        for one in accepted:
            self.add(spot, one)
        self._keep_spot(spot)
        return True
