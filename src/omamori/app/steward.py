"""Steward: commands of a home from whoever asks to whatever is done, kept before anybody is told.

The rules say who may, the arbiter says which, hands do it. What came of a command is on the disk
before its asker hears of it; many that come at once are kept together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.commanding.arbiter import Arbiter
from omamori.hub.commanding.command import (
    ENDED,
    HAND,
    HUB,
    PAGE,
    PERSON,
    REFUSED,
    SERVICE,
    Command,
    Notice,
    Origin,
    Outcome,
    Write,
)
from omamori.hub.commanding.in_use import shows_use, use_of
from omamori.hub.points import act_of, harm_of, industry_of
from omamori.hub.ruling.question import Question, Ruling
from omamori.ledger.entry import Entry
from omamori.trust.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.commanding.telling import Event
    from omamori.hub.points import Given
    from omamori.hub.ruling.rules import Rules

LAST_MAX = 200  # outcomes shown; the record has all
TELLS_MAX = 4096  # askers that still listen for what becomes of a command
ASKERS_MAX = 1024
FRESH_S = 60.0
FAMILY_RUNG = 3  # what somebody who is signed in to this home's own pages is worth; a judgement
CERTIFICATE = "certificate"


class Home(Protocol):
    """What a steward must know of its home."""

    def kind_of(self, thing: str) -> str | None:
        """What a thing is; None where there is none."""
        ...

    def standing_of(self, thing: str) -> tuple[int, str, bool]:
        """Its rung, its ground, and whether it is in doubt."""
        ...

    def grant_of(self, asker: str, target: str, purpose: str) -> str:
        """``guest`` or ``rental`` where the asker has only such a grant."""
        ...


class Hands(Protocol):
    """Does what was decided."""

    def write(self, write: Write, command: Command | None) -> None:
        """Have a value set; its effect is seen later, or is not."""
        ...


class Asker(msgspec.Struct, frozen=True):
    """Somebody from elsewhere, as last judged."""

    origin: Origin
    judge: Callable[[float], Standing]
    standing: Standing
    met_at: float

    @property
    def rung(self) -> int:
        """Its effective level here; 0 is none."""
        return self.standing.effective.rung if self.standing.effective else 0


class Steward:
    """Takes commands in, has them done, and remembers what became of them.

    Attributes:
        arbiter: which command wins.
        rules: who may; put in anew when the family edits them.
        last: the newest outcomes, newest first.
        decided: how often each rule decided, and when last.
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
        self._askers: dict[str, Asker] = {}
        self._tells: dict[str, Callable[[Outcome], None]] = {}
        self._waiting: list[Event] = []

    # Who asks.

    def met(self, origin: Origin, judge: Callable[[float], Standing], met_at: float) -> None:
        """Know who is asking, since when it is here, and how far it is trusted now."""
        self._know(Asker(origin, judge, judge(self.clock()), met_at))

    def rejudge(self) -> None:
        """Judge everybody again: a level may have fallen, or risen."""
        now = self.clock()
        for asker in tuple(self._askers.values()):
            self._know(msgspec.structs.replace(asker, standing=asker.judge(now)))

    def _know(self, asker: Asker) -> None:
        who = asker.origin.who
        before = self._askers.pop(who, None)
        self._askers[who] = asker
        if len(self._askers) > ASKERS_MAX:
            del self._askers[next(iter(self._askers))]
        if before is None or asker.rung == before.rung:
            return
        if asker.rung < before.rung:
            why = asker.standing.reasons or (Reason("command.level-fell", {"rung": asker.rung}),)
            self.lose(who, why)
        if asker.rung:
            self.arbiter.regained(who, self.clock())

    def lose(self, who: str, reasons: Iterable[Reason]) -> None:
        """Somebody is no longer trusted: it loses all that it holds, at once."""
        self._happened(self.arbiter.lost(who, reasons, self.clock()))

    def regain(self, who: str) -> None:
        """Somebody is trusted again."""
        self.arbiter.regained(who, self.clock())

    # What is asked.

    def ask(self, command: Command, tell: Callable[[Outcome], None] | None = None) -> None:
        """Take in a command; `tell` hears every change of its state, once that is kept."""
        if tell is not None and len(self._tells) < TELLS_MAX:
            self._tells[command.id] = tell
        self._happened(self.arbiter.ask(command, self.clock()))

    def withdraw(self, command_id: str, origin: Origin) -> None:
        """Take a command back."""
        self._happened(self.arbiter.withdraw(command_id, origin, self.clock()))

    def decide(self, command_id: str, by: Origin, *, do: bool) -> None:
        """The family's word on a command that waits."""
        self._happened(self.arbiter.answer(command_id, by, agreed=do, now=self.clock()))

    def set_switch(self, thing: str, position: str, by: Origin) -> None:
        """From where a thing may be steered."""
        self._happened(self.arbiter.set_switch(thing, position, by, self.clock()))

    def opt_out(self, thing: str, by: Origin, until: float) -> None:
        """Take no part in energy programs until then; 0 takes it back."""
        self._happened(self.arbiter.opt_out(thing, by, until, self.clock()))

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

    def step(self) -> None:
        """Let time pass."""
        self._happened(self.arbiter.step(self.clock()))

    # What comes of it.

    def _happened(self, events: list[Event]) -> None:
        """Keep it first, with all else that comes in this moment; then tell and do it."""
        was_empty = not self._waiting
        self._waiting += events
        if self.later is None:
            self.flush()
        elif was_empty:
            self.later(self.flush)

    def flush(self) -> None:
        """Keep what happened, then have it done and told."""
        events, self._waiting = self._waiting, []
        outcomes = [event for event in events if isinstance(event, Outcome)]
        entries = [_entry(outcome) for outcome in outcomes if _is_recorded(outcome)]
        if not self.commit(entries):
            events = [_unkept(event) for event in events if self._may_go_unkept(event)]
            outcomes = [event for event in events if isinstance(event, Outcome)]
        for outcome in filter(_is_recorded, outcomes):
            self.last.appendleft(outcome)
            self._count(outcome)
        for event in events:
            self._pass_on(event)

    def _may_go_unkept(self, event: Event) -> bool:
        """Where nothing can be kept, only the home's own hands still move anything."""
        if not isinstance(event, Write):
            return True
        held = self.arbiter.in_force(event.target, event.point)
        return held is None or held.origin.channel in {HAND, PAGE, HUB}

    def _pass_on(self, event: Event) -> None:
        if isinstance(event, Write):
            held = self.arbiter.in_force(event.target, event.point)
            self.hands.write(event, held if held and held.id == event.command_id else None)
        elif isinstance(event, Notice):
            self.notices.appendleft(event)
        else:
            tell = self._tells.get(event.command.id)
            if event.state in ENDED:
                self._tells.pop(event.command.id, None)
            if tell is not None:
                tell(event)
        for watcher in self.watchers:
            watcher(event)

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
        origin = command.origin
        kind = self.home.kind_of(command.target) or ""
        asker = self._askers.get(origin.who)
        if asker is not None:
            rung, ground, suspect = asker.rung, CERTIFICATE, False
        elif origin.kind == PERSON:
            rung, ground, suspect = FAMILY_RUNG, "nothing", False
        else:
            rung, ground, suspect = self.home.standing_of(origin.who)
        return Question(
            purpose=command.purpose,
            act=act or act_of(command.point, kind),
            point=command.point,
            asker_kind=self._kind_of_asker(origin),
            target_kind=kind,
            asker_industry=origin.industry,
            target_industry=industry_of(kind),
            rung=rung,
            ground=ground,
            suspect=suspect,
            slot=command.slot,
            channel=origin.channel,
            at_hand=origin.channel == HAND,
            near=False,
            fresh=asker is not None and 0 <= now - asker.met_at <= FRESH_S,
            in_use=in_use,
            harm=harm_of(kind),
            grant=self.home.grant_of(origin.who, command.target, command.purpose),
            hour=datetime.fromtimestamp(now).astimezone().hour,
        )

    def _kind_of_asker(self, origin: Origin) -> str:
        if origin.kind == PERSON:
            return "person"
        if origin.kind == SERVICE:
            return "service"
        return self.home.kind_of(origin.who) or ""


def family(name: str = "") -> Origin:
    """A person of the family on this home's own pages."""
    return Origin("family", PERSON, PAGE, "", name)


def _is_recorded(outcome: Outcome) -> bool:
    """Who asks much too fast fills no disk: each doubling of its refusals is one entry."""
    repeats = outcome.facts.get("repeats", 0)
    return not isinstance(repeats, int) or repeats & (repeats - 1) == 0


def _unkept(event: Event) -> Event:
    """What somebody from elsewhere is told where the disk refuses: it is not acknowledged."""
    if not isinstance(event, Outcome) or event.command.origin.channel in {HAND, PAGE, HUB}:
        return event
    reasons = (Reason("command.not-kept"), *event.reasons)
    return msgspec.structs.replace(event, state=REFUSED, reasons=reasons)


def _entry(outcome: Outcome) -> Entry:
    command = outcome.command
    value = command.value
    facts = {
        **outcome.facts,
        "command": command.id,
        "point": command.point,
        "value": int(value) if isinstance(value, bool) else value,
    }
    about = (command.target, command.origin.who)
    return Entry(outcome.at, f"command.{outcome.state}", about, outcome.reasons, facts)
