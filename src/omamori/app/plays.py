"""Plays of the practice home: the report's situations step by step, judged by the home's own arbiter.

Nothing here decides: a play says what others do, and shows what the hub makes of it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, ClassVar

import msgspec

from omamori.app.steward import family
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.commanding.command import (
    ASKED,
    DONE,
    FAILED,
    HAND,
    HELD,
    MEETING,
    PERSON,
    REFUSED,
    SENT,
    SERVICE,
    Command,
    Notice,
    Origin,
    Outcome,
)
from omamori.simulation.practice_cast import CAST
from omamori.web.views import ATTENTION, DANGER
from omamori.web.views_rules import PlayStep, PlayView

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.app.practice import Practice
    from omamori.hub.commanding.telling import Event
    from omamori.hub.points import Given
    from omamori.trust.standing import Standing

STEPS_MAX = 200
SERVICE_ID, HUB, FAMILY = "service", "hub", "person"
LEASE_S = 900.0
_FILM_LINES = 2  # of the script are still to come until the service has asked
FILM_S = 180.0  # a short film: a visitor does not wait for two hours
_HAND = Origin("", PERSON, HAND)
ANSWER_OF = {
    SENT: "allow", DONE: "allow", HELD: "ask", ASKED: "ask", REFUSED: "refuse", FAILED: "refuse",
}  # fmt: skip


class PlayError(RefusedError):
    """A choice that this play does not offer now."""


class Stage:
    """What a play may touch: the practice home's things, and a service that has met its hub."""

    def __init__(self, practice: Practice, judge: Callable[[float], Standing], uri: str) -> None:
        """`judge` concludes on the service by its industry's newest word."""
        self.practice = practice
        self.steward = practice.protection.steward
        self.devices = practice.devices
        self.clock = practice.clock
        self.service = Origin(uri, SERVICE, MEETING, "energy", uri)
        self._judge = judge
        self._seq = int(practice.clock() * 1e6)

    def meet(self) -> None:
        """The service meets the hub; how far it is trusted is judged now."""
        self.steward.met(self.service, self._judge, self.clock())

    def ask(self, thing: str, point: str, value: Given, slot: str = "demand-response") -> None:
        """The service asks."""
        self._seq += 1
        target = CAST[thing].end.mac
        now = self.clock()
        command = Command(
            f"play#{self._seq}", self.service, target, point, value, slot, now, LEASE_S,
            "share-energy" if thing == "battery" else "switch-power", self._seq,
        )  # fmt: skip
        self.steward.ask(command)

    def waiting(self) -> Outcome | None:
        """The service's command that waits."""
        live = self.steward.arbiter.live(self.clock())
        mine = (o for o in live if o.command.origin.who == self.service.who)
        return next((o for o in mine if o.state in {HELD, ASKED}), None)

    def shows(self, thing: str, point: str, value: Given) -> None:
        """A thing is so, and nobody's hand holds it."""
        self.devices.write(thing, point, value, self.clock())

    def by_hand(self, thing: str, point: str, value: Given) -> None:
        """Somebody presses the thing's own button."""
        self.devices.write(thing, point, value, self.clock(), by_hand=True)


class Play:
    """One play: lines of others at their times, the hub's own words between them."""

    situation: ClassVar[str] = ""
    lanes: ClassVar[tuple[str, ...]] = (SERVICE_ID, HUB, FAMILY)

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.started_at = stage.clock()
        self.steps: deque[PlayStep] = deque(maxlen=STEPS_MAX)
        self._due: deque[tuple[float, Callable[[], None]]] = deque(self.script())
        self.is_over = False
        self._burst: dict[str, tuple[int, dict[str, Reason]]] | None = None
        stage.steward.watchers.append(self._heard)

    def script(self) -> list[tuple[float, Callable[[], None]]]:
        """Seconds after the beginning, and what then happens."""
        return []

    def choices(self) -> tuple[str, ...]:
        """What the visitor can do now."""
        return ()

    def act(self, choice: str) -> None:
        """Do it."""

    @property
    def is_ended(self) -> bool:
        """Whether nothing more comes, neither by itself nor by the visitor."""
        return self.is_over or not (self._due or self.choices())

    def choose(self, choice: str) -> None:
        """Act in the play.

        Raises:
            PlayError: it is not offered now.
        """
        if choice not in self.choices():
            raise PlayError("web.choice-unknown")
        self.act(choice)

    def step(self, now: float) -> bool:
        """Let time pass; whether anything happened."""
        is_moved = False
        while self._due and now - self.started_at >= self._due[0][0]:
            self._due.popleft()[1]()
            is_moved = True
        return is_moved

    def end(self) -> None:
        """The play is over; the hub's words are no longer its."""
        self.is_over = True
        if self._heard in self.stage.steward.watchers:
            self.stage.steward.watchers.remove(self._heard)

    def say(
        self,
        actor: str,
        what: Reason,
        target: str = "",
        why: tuple[Reason, ...] = (),
        state: int = 1,
        answer: str = "",
    ) -> None:
        """One line of the play."""
        self.steps.append(PlayStep(self.stage.clock(), actor, what, target, why, state, answer))

    def _heard(self, event: Event) -> None:
        """What the hub says, as a line; of very many at once, as one for each answer."""
        if self._burst is not None:
            if isinstance(event, Outcome):
                count, why = self._burst.get(event.state, (0, {}))
                why |= {reason.key: reason for reason in event.reasons}
                self._burst[event.state] = (count + 1, why)
            return
        if isinstance(event, Outcome):
            first, *rest = event.reasons or (Reason(f"play.became-{event.state}"),)
            who = event.command.origin
            target = SERVICE_ID if who.kind == SERVICE else FAMILY
            state = ATTENTION if event.state in {REFUSED, FAILED} else 1
            answer = ANSWER_OF.get(event.state, "limit")
            self.say(HUB, first, target, tuple(rest), state, answer)
        elif isinstance(event, Notice) and event.to == "home":
            self.say(HUB, event.reason, FAMILY)

    def view(self, name: Callable[[str], str], named: Callable[[Reason], Reason]) -> PlayView:
        """The play as a page shows it; `name` gives a lane's name, `named` names in sentences."""
        return PlayView(
            self.situation,
            self.stage.clock(),
            self.started_at,
            tuple((lane, name(lane)) for lane in self.lanes),
            tuple(
                msgspec.structs.replace(
                    step, what=named(step.what), why=tuple(named(reason) for reason in step.why)
                )
                for step in self.steps
            ),
            self.choices(),
            self.is_ended,
        )


class Film(Play):
    """An energy-saving service asks for the television's power while a film plays (situation 2)."""

    situation = "film"
    lanes = (SERVICE_ID, HUB, "television", FAMILY)

    def script(self) -> list[tuple[float, Callable[[], None]]]:
        """A film begins; the service asks; the film ends by itself after a while."""
        return [(0.0, self._begins), (4.0, self._asks), (FILM_S, self._ends)]

    def _begins(self) -> None:
        self.stage.meet()
        self.stage.shows("television", "power", value=True)  # on it was, whoever played before
        self.stage.devices.play(self.stage.clock(), playing=True)
        self.say(FAMILY, Reason("play.film-begins"), "television")

    def _asks(self) -> None:
        self.say(SERVICE_ID, Reason("play.asks-power-off"), HUB)
        self.stage.ask("television", "power", value=False)

    def _ends(self) -> None:
        if self.stage.devices.value("television", "playing"):
            self.say(FAMILY, Reason("play.film-ends"), "television")
            self.stage.devices.play(self.stage.clock(), playing=False)

    @property
    def is_ended(self) -> bool:
        """Once the film is over and nothing waits for it."""
        is_begun = bool(self.steps)
        return self.is_over or (is_begun and not self.choices() and len(self._due) < _FILM_LINES)

    def choices(self) -> tuple[str, ...]:
        """Whatever a family could do."""
        waits = ("agree", "decline") if self.stage.waiting() else ()
        is_playing = self.stage.devices.value("television", "playing")
        return (*waits, *(("film-ends",) if is_playing else ()))

    def act(self, choice: str) -> None:
        """Agree, decline, or let the film end."""
        waiting = self.stage.waiting()
        if choice == "film-ends":
            self._ends()
        elif waiting is not None:
            self.say(FAMILY, Reason(f"play.family-{choice}s"), HUB)
            do = choice == "agree"
            self.stage.steward.decide(waiting.command.id, family(), do=do)


class Battery(Play):
    """A hijacked service commands the home battery (situation 5)."""

    situation = "battery"
    lanes = (SERVICE_ID, HUB, "battery", FAMILY)
    BURST = 60

    def script(self) -> list[tuple[float, Callable[[], None]]]:
        """The service asks as on any day."""
        return [(0.0, self._usual)]

    def _usual(self) -> None:
        self.stage.meet()
        self.say(SERVICE_ID, Reason("play.asks-charge", {"watts": 1500}), HUB)
        self.stage.ask("battery", "charge_w", 1500)
        self.say(FAMILY, Reason("play.you-can-take-over"))

    def choices(self) -> tuple[str, ...]:
        """What the service, its hijacker and the family could do."""
        held = self.stage.steward.arbiter.in_force(CAST["battery"].end.mac, "charge_w")
        is_mine = held is not None and held.origin.kind == PERSON
        hand = "give-back" if is_mine else "take-over"
        return ("ask-within", "ask-more", "hijack", hand)

    def act(self, choice: str) -> None:
        """Let it happen."""
        steward = self.stage.steward
        if choice == "ask-within":
            self.say(SERVICE_ID, Reason("play.asks-discharge", {"watts": 2000}), HUB)
            self.stage.ask("battery", "charge_w", -2000)
        elif choice == "ask-more":
            self.say(SERVICE_ID, Reason("play.asks-discharge", {"watts": 20_000}), HUB)
            self.stage.ask("battery", "charge_w", -20_000)
        elif choice == "hijack":
            self._hijacked()
        elif choice == "take-over":
            self.say(FAMILY, Reason("play.hand-stops-battery"), "battery")
            self.stage.by_hand("battery", "charge_w", 0)
        else:
            self.say(FAMILY, Reason("play.hand-lets-go"), "battery")
            held = steward.arbiter.in_force(CAST["battery"].end.mac, "charge_w")
            if held is not None:
                steward.withdraw(held.id, _HAND)

    def _hijacked(self) -> None:
        """Somebody else speaks with the service's voice, back and forth, and is noticed by that."""
        self.say(SERVICE_ID, Reason("play.is-taken-over"), "", (), ATTENTION)
        self.say(SERVICE_ID, Reason("play.asks-often", {"times": self.BURST}), HUB)
        self._burst = {}
        for number in range(self.BURST):
            self.stage.ask("battery", "charge_w", 1000 if number % 2 else -1000)
        burst, self._burst = self._burst, None
        for state, (count, why) in burst.items():
            answer = ANSWER_OF.get(state, "limit")
            said = Reason(f"play.burst-{answer}", {"times": count})
            self.say(HUB, said, SERVICE_ID, tuple(why.values())[:3], 1, answer)
        self.say(HUB, Reason("play.service-departs"), SERVICE_ID, (), DANGER, "refuse")
        self.stage.steward.lose(self.stage.service.who, (Reason("command.behaviour-departs"),))


COMMANDED: dict[str, type[Play]] = {play.situation: play for play in (Film, Battery)}
"""Plays of commands; those of measurements, cars and implants are in `plays_told`."""
