"""A small home to command: its things, who asks, and an arbiter for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omamori.documents.reason import Reason
from omamori.hub.commanding.arbiter import Arbiter
from omamori.hub.commanding.command import (
    AUTOMATION_BY,
    BROKER,
    HAND,
    HUB,
    MEETING,
    NETWORK,
    PAGE,
    PERSON,
    SAFETY,
    SERVICE,
    THING,
    Command,
    Notice,
    Origin,
    Outcome,
    Write,
)
from omamori.hub.ruling.question import Ruling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.hub.commanding.telling import Event
    from omamori.hub.points import Given

T0 = 1_790_000_000.0

KINDS = {
    "tv": "television", "battery": "storage-battery", "lamp": "light", "door": "lock",
    "bath": "bath", "pump": "medical", "car": "car",
}  # fmt: skip

HANDY = Origin("", PERSON, HAND)
ANNA = Origin("anna", PERSON, PAGE, name="Anna")
POWER = Origin("power-co", SERVICE, MEETING, "energy", "Your energy service")
OTHER = Origin("other-co", SERVICE, MEETING, "energy", "Another service")
EVENING = Origin("evening", AUTOMATION_BY, HUB, name="Evening lights")
BROKERED = Origin("ha", AUTOMATION_BY, BROKER)
SMOKE = Origin("hub", SAFETY, HUB)
ALARM = Origin("alarm-co", SAFETY, MEETING, "energy", "The fire service")
HEMS = Origin("hems", THING, MEETING, "energy")
STRANGER = Origin("", SERVICE, NETWORK)

ALLOWED = Ruling("allow", ("all-may",), (Reason("ruling.test"),))
REFUSED_BY_RULE = Ruling("refuse", ("none-may",), (Reason("ruling.test"),))
ASKED_BY_RULE = Ruling("ask", ("ask-first",), (Reason("ruling.test"),))
LIMITED = Ruling("limit", ("a-little",), (Reason("ruling.test"),))


class Home:
    """An arbiter and the commands sent to it, each with an id of its own."""

    def __init__(
        self, may: Callable[[Command, bool, float], Ruling] | Ruling = ALLOWED, **more: Any
    ) -> None:
        self.ruling = may
        self.arbiter = Arbiter(self.may, KINDS.get, **more)
        self.count = 0

    def may(self, command: Command, in_use: bool, now: float) -> Ruling:  # noqa: FBT001 - the port
        return self.ruling if isinstance(self.ruling, Ruling) else self.ruling(command, in_use, now)

    def command(
        self,
        origin: Origin,
        target: str,
        point: str,
        value: Given,
        slot: str = "demand-response",
        now: float = T0,
        **more: Any,
    ) -> Command:
        self.count += 1
        given: dict[str, Any] = {"id": f"c{self.count}", "at": now, "lease_s": 3600.0, **more}
        return Command(origin=origin, target=target, point=point, value=value, slot=slot, **given)

    def ask(
        self,
        origin: Origin,
        target: str,
        point: str,
        value: Given,
        slot: str = "demand-response",
        now: float = T0,
        **more: Any,
    ) -> list[Event]:
        return self.arbiter.ask(self.command(origin, target, point, value, slot, now, **more), now)

    def confirm(self, events: Iterable[Event], now: float) -> list[Event]:
        """The things do what they were told."""
        told: list[Event] = []
        for write in writes(events):
            told += self.arbiter.seen(write.target, write.point, write.value, now)
        return told


def outcomes(events: Iterable[Event]) -> list[Outcome]:
    return [event for event in events if isinstance(event, Outcome)]


def writes(events: Iterable[Event]) -> list[Write]:
    return [event for event in events if isinstance(event, Write)]


def notes(events: Iterable[Event]) -> list[Notice]:
    return [event for event in events if isinstance(event, Notice)]


def states(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Each command's new state with the first reason for it."""
    return [(o.state, o.reasons[0].key.partition(".")[2]) for o in outcomes(events)]


def told(events: Iterable[Event], key: str) -> set[str]:
    """To whom this word went."""
    return {note.to for note in notes(events) if note.reason.key == key}


def keys(events: Iterable[Event]) -> set[str]:
    """All reasons of the first outcome."""
    return {reason.key.partition(".")[2] for reason in outcomes(events)[0].reasons}
