"""Steward: commands of a home from whoever asks to whatever is done, kept before anybody is told.

The rules say who may, the arbiter says which, hands do it. What came of a command is on the disk
before its asker hears of it; many that come at once are kept together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from omamori.app.asking import Asker, Home, judged, question_of
from omamori.app.recording import entries_of, is_chatter
from omamori.documents.reason import Reason
from omamori.hub.commanding.arbiter import Arbiter
from omamori.hub.commanding.command import (
    ASKED,
    ENDED,
    HAND,
    HELD,
    HUB,
    PAGE,
    PERSON,
    REFUSED,
    SENT,
    Command,
    Notice,
    Origin,
    Outcome,
    Write,
)
from omamori.hub.commanding.in_use import shows_use, use_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.commanding.telling import Event
    from omamori.hub.points import Given
    from omamori.hub.ruling.question import Question, Ruling
    from omamori.hub.ruling.rules import Rules
    from omamori.ledger.entry import Entry
    from omamori.trust.standing import Standing

LAST_MAX = 200  # outcomes shown; the record has all
TELLS_MAX = 4096  # askers that still listen for what becomes of a command
ASKERS_MAX = 1024
PROMISES = frozenset({SENT, HELD, ASKED})
"""What is said of a command that was taken in: only what is on the disk is said so."""
STAYS_LOST = "command.behaviour-departs"
"""Who was lost for this is not heard again by meeting anew: a person says so."""

Tell = Callable[["Outcome"], None]
_log = structlog.get_logger(__name__)


class Hands(Protocol):
    """Does what was decided."""

    def write(self, write: Write, command: Command | None) -> None:
        """Have a value set; its effect is seen later, or is not."""
        ...


class Steward:
    """Takes commands in, has them done, and remembers what became of them.

    Attributes:
        arbiter: which command wins.
        rules: who may; put in anew when the family edits them.
        last: the newest outcomes, newest first.
        decided: how often each rule decided, and when last.
        later: has what came in this moment kept together, a little later; None keeps each alone.
        owe: remembers lines of the record until the disk takes them again.
    """

    def __init__(
        self,
        home: Home,
        rules: Rules,
        hands: Hands,
        clock: Callable[[], float],
        commit: Callable[[list[Entry]], bool],
    ) -> None:
        """`commit` keeps what changed and appends entries; whether all is on the disk."""
        self.home = home
        self.rules = rules
        self.hands = hands
        self.clock = clock
        self.commit = commit
        # Reasons carry ids: what the family calls a thing differs by language, and pages know it.
        self.arbiter = Arbiter(self._may, home.kind_of, knows_industry=self._knows)
        self.last: deque[Outcome] = deque(maxlen=LAST_MAX)
        self.notices: deque[Notice] = deque(maxlen=LAST_MAX)
        self.decided: dict[str, tuple[int, float]] = {}
        self.watchers: list[Callable[[Event], None]] = []
        self.later: Callable[[Callable[[], None]], object] | None = None
        self.owe: Callable[[list[Entry]], None] = _forgotten
        self._askers: dict[str, Asker] = {}
        self._doubted: set[str] = set()
        self._tells: dict[str, tuple[Command, Tell]] = {}
        self._waiting: list[tuple[Event, Tell | None]] = []

    # Who asks.

    def met(
        self,
        origin: Origin,
        judge: Callable[[float], Standing],
        met_at: float,
        address: str = "",
    ) -> None:
        """Know who is asking and from where, since when, and how far it is trusted now."""
        self._know(Asker(origin, judge, judge(self.clock()), met_at, address))
        self.heed_doubts()

    def heed_doubts(self) -> None:
        """Who speaks from a thing of this home that is in doubt is not heard until that is over."""
        for who, asker in tuple(self._askers.items()):
            is_doubted = self._is_doubted(asker)
            if is_doubted and who not in self._doubted:
                self._doubted.add(who)
                self.lose(who, (Reason("command.behaviour-departs"),))
            elif not is_doubted and who in self._doubted:
                self._doubted.discard(who)
                self.regain(who)
        self._doubted &= self._askers.keys()

    def _is_doubted(self, asker: Asker) -> bool:
        thing = self.home.thing_at(asker.address) if asker.address else ""
        return bool(thing) and self.home.standing_of(thing)[2]

    def rejudge(self) -> None:
        """Judge everybody again: a level may have fallen, or risen."""
        now = self.clock()
        for asker in tuple(self._askers.values()):
            self._know(msgspec.structs.replace(asker, standing=judged(asker, now)))
        self.heed_doubts()

    def _know(self, asker: Asker) -> None:
        who = asker.origin.who
        before = self._askers.pop(who, None)
        self._askers[who] = asker
        if len(self._askers) > ASKERS_MAX:
            del self._askers[next(iter(self._askers))]
        known = before.rung if before is not None else 0  # before a restart, nobody knows
        if asker.rung < known:
            why = asker.standing.reasons or (Reason("command.level-fell", {"rung": asker.rung}),)
            self.lose(who, why)
        if asker.rung and asker.rung != known and self._may_be_heard(who):
            self.arbiter.regained(who, self.clock())

    def _may_be_heard(self, who: str) -> bool:
        why = self.arbiter.why_lost(who)
        return not self.home.standing_of(who)[2] and STAYS_LOST not in {one.key for one in why}

    def lose(self, who: str, reasons: Iterable[Reason]) -> None:
        """Somebody is no longer trusted: it loses all that it holds, at once."""
        self._happened(self.arbiter.lost(who, reasons, self.clock()), at_once=True)

    def regain(self, who: str) -> None:
        """Somebody is trusted again."""
        self.arbiter.regained(who, self.clock())

    # What is asked. A person's word is on the disk when these return.

    def ask(self, command: Command, tell: Tell | None = None) -> None:
        """Take in a command; `tell` hears every change of its state, once that is kept."""
        events = self.arbiter.ask(command, self.clock())
        first = events[0]
        is_taken = isinstance(first, Outcome) and first.state not in ENDED
        if is_taken and tell is not None and len(self._tells) < TELLS_MAX:
            self._tells[command.id] = command, tell
            tell = None
        self._happened(events, at_once=_is_person(command.origin), tell=tell)

    def withdraw(self, command_id: str, origin: Origin) -> None:
        """Take a command back."""
        events = self.arbiter.withdraw(command_id, origin, self.clock())
        self._happened(events, at_once=_is_person(origin))

    def decide(self, command_id: str, by: Origin, *, do: bool) -> None:
        """The family's word on a command that waits."""
        events = self.arbiter.answer(command_id, by, agreed=do, now=self.clock())
        self._happened(events, at_once=True)

    def set_switch(self, thing: str, position: str, by: Origin) -> None:
        """From where a thing may be steered."""
        self._happened(self.arbiter.set_switch(thing, position, by, self.clock()), at_once=True)

    def opt_out(self, thing: str, by: Origin, until: float) -> None:
        """Take no part in energy programs until then; 0 takes it back."""
        self._happened(self.arbiter.opt_out(thing, by, until, self.clock()), at_once=True)

    def forget(self, thing: str) -> None:
        """Nothing is heard of it any more."""
        self._askers.pop(thing, None)

    # What is seen.

    def seen(self, thing: str, point: str, value: Given, *, by_hand: bool = False) -> None:
        """A thing shows a value; what shows use is kept for it while it lasts."""
        now = self.clock()
        events = self.arbiter.seen(thing, point, value, now, by_hand=by_hand)
        if shows_use(point):
            use = use_of(point, value, f"{thing}/{point}", now)
            if use is None:
                events += self.arbiter.end_use(thing, f"{thing}/{point}", now)
            else:
                events += self.arbiter.use(thing, use.needs, use.by, use.until, use.why, now)
        self._happened(events)

    def lease_left_s(self, command: Command) -> float:
        """For how long what is set for it may hold: not its whole lease again, if it waited."""
        return self.arbiter.lease_left_s(command.id, self.clock())

    def step(self) -> None:
        """Let time pass."""
        self._happened(self.arbiter.step(self.clock()))

    # What comes of it.

    def _happened(
        self, events: list[Event], *, at_once: bool = False, tell: Tell | None = None
    ) -> None:
        """Keep it first, with all else that comes in this moment; then tell and do it."""
        was_empty = not self._waiting
        self._waiting += [
            (event, tell if place == 0 else None) for place, event in enumerate(events)
        ]
        if at_once or (self.later is None and events):
            self.flush()
        elif was_empty and events and self.later is not None:
            self.later(self.flush)

    def flush(self) -> None:
        """Keep what happened, then have it done and told."""
        said, self._waiting = self._waiting, []
        events = [event for event, _ in said]
        if not is_chatter(events) and not self.commit(entries_of(events)):
            said = self._unkept(said)
            self.owe(entries_of([event for event, _ in said]))
        newest = {(e.target, e.point): e for e, _ in said if isinstance(e, Write)}
        for event, tell in said:
            if isinstance(event, Write) and newest[event.target, event.point] is not event:
                continue  # overtaken before it was begun
            try:
                self._pass_on(event, tell)
            except Exception:  # noqa: BLE001 - who listens badly keeps nobody else from hearing
                _log.exception("steward.not-passed-on")

    def _unkept(self, said: list[tuple[Event, Tell | None]]) -> list[tuple[Event, Tell | None]]:
        """What is done where nothing can be kept: nobody from elsewhere begins to move anything."""
        found: list[tuple[Event, Tell | None]] = []
        undone: set[str] = set()
        for event, tell in said:
            if not (isinstance(event, Outcome) and _is_promise_outside(event)):
                if _command_of(event) not in undone:
                    found.append((event, tell))
                continue
            command = event.command
            if command.id in undone:
                continue
            undone.add(command.id)
            reasons = (Reason("command.not-kept"), *event.reasons)
            refused = msgspec.structs.replace(event, state=REFUSED, reasons=reasons)
            found.append((refused, tell))
            after = self.arbiter.withdraw(command.id, command.origin, self.clock())
            found += [(one, None) for one in after if _command_of(one) != command.id]
        return found

    def _pass_on(self, event: Event, heard: Tell | None) -> None:
        if isinstance(event, Write):
            held = self.arbiter.in_force(event.target, event.point)
            self.hands.write(event, held if held and held.id == event.command_id else None)
        elif isinstance(event, Notice):
            self.notices.appendleft(event)
        else:
            if self.last and _is_same(self.last[0], event):
                self.last.popleft()  # what happens again and again is shown once
            self.last.appendleft(event)
            self._count(event)
            tell = heard or self._told_of(event)
            if tell is not None:
                tell(event)
        for watcher in tuple(self.watchers):
            watcher(event)

    def _told_of(self, outcome: Outcome) -> Tell | None:
        """Who listens for what becomes of it; never of another's with the same id."""
        command, tell = self._tells.get(outcome.command.id, (None, None))
        if command is not outcome.command:
            return None
        if outcome.state in ENDED:
            del self._tells[outcome.command.id]
        return tell

    def _count(self, outcome: Outcome) -> None:
        rules = str(outcome.facts.get("rules", ""))
        for rule in filter(None, rules.split(",")):
            self.decided[rule] = (self.decided.get(rule, (0, 0.0))[0] + 1, outcome.at)

    # The question.

    def _knows(self, industry: str) -> bool:
        """Whether anybody of this industry has a level here: its ladder can be translated."""
        of_it = (asker for asker in self._askers.values() if asker.origin.industry == industry)
        return any(asker.rung for asker in of_it)

    def _may(self, command: Command, in_use: bool, now: float) -> Ruling:  # noqa: FBT001 - the arbiter's port
        return self.rules.ask(self.question(command, in_use=in_use, now=now))

    def question(self, command: Command, *, in_use: bool, now: float, act: str = "") -> Question:
        """All that a rule may look at; `act` where nothing is to be set."""
        asker = self._askers.get(command.origin.who)
        is_doubted = asker is not None and self._is_doubted(asker)
        return question_of(
            command, self.home, asker, now, in_use=in_use, is_doubted=is_doubted, act=act
        )


def family(name: str = "") -> Origin:
    """A person of the family on this home's own pages."""
    return Origin("family", PERSON, PAGE, "", name)


def _is_person(origin: Origin) -> bool:
    return origin.kind == PERSON


def _is_promise_outside(outcome: Outcome) -> bool:
    is_outside = outcome.command.origin.channel not in {HAND, PAGE, HUB}
    return is_outside and outcome.state in PROMISES


def _command_of(event: Event) -> str:
    return event.command.id if isinstance(event, Outcome) else event.command_id


def _forgotten(_entries: list[Entry]) -> None:
    """Nobody remembers it."""


def _is_same(one: Outcome, other: Outcome) -> bool:
    """Whether two refusals say the same of the same wish."""
    return (
        one.state == other.state == REFUSED
        and one.command.origin == other.command.origin
        and (one.command.target, one.command.point) == (other.command.target, other.command.point)
        and [reason.key for reason in one.reasons] == [reason.key for reason in other.reasons]
    )
