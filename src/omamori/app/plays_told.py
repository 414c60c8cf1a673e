"""Plays whose story comes from the simulation: a measurement's way, a car's gateway, an implant."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from omamori.app.plays import COMMANDED, FAMILY, HUB, Play
from omamori.documents.reason import Reason
from omamori.simulation import implant, measured, vehicle
from omamori.simulation.practice_cast import CAST
from omamori.web.views import ATTENTION, DANGER
from omamori.web.views_rules import MeasuredRow, PlayView

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.app.plays import Stage
    from omamori.documents.reason import Value

METER, WAY, RECEIVER = "meter", "way", "receiver"
BOX, GATEWAY, INNER = "box", "gateway", "inner"
ASKER, IMPLANT = "asker", "implant"
ROWS_MAX = 40
_WHAT = {
    "go-on": measured.SOUND, "alter": measured.ALTERED, "replay": measured.REPLAYED,
    "delay": measured.DELAYED, "lose": measured.LOST, "find": measured.FOUND,
}  # fmt: skip
SOUND_KINDS = frozenset({"ok", "sound"})


class Measurement(Play):
    """A measurement on its way to a service is altered, replayed, delayed or lost (situation 4)."""

    situation = "measurement"
    lanes = (METER, WAY, RECEIVER)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._play = measured.MeasuredPlay(self.started_at)
        self._rows: deque[MeasuredRow] = deque(maxlen=ROWS_MAX)
        self.say(METER, Reason("play.meter-begins"), RECEIVER)

    def choices(self) -> tuple[str, ...]:
        """What can happen on the way."""
        return tuple(_WHAT)

    def act(self, choice: str) -> None:
        """Let the meter measure once more, and this happen to it."""
        if choice != "go-on":
            self.say(WAY, Reason(f"play.way-{choice}"), "", (), ATTENTION)
        for told in self._play.play(_WHAT[choice]):
            first, *rest = told.reasons
            is_sound = told.kind in SOUND_KINDS
            state, answer = (1, "allow") if is_sound else (ATTENTION, "ask")
            self.say(RECEIVER, first, "", tuple(rest), state, answer)
            self._rows.appendleft(
                MeasuredRow(
                    seq=told.seq,
                    at=told.at,
                    source=measured.SOURCE,
                    point=measured.POINT,
                    measured=told.measured,
                    sent=told.measured,
                    arrived=told.arrived,
                    found=told.kind,
                    arrived_at=told.at if told.arrived is not None else None,
                    ground="certificate",
                    why=told.reasons,
                )
            )

    def view(self, name: Callable[[str], str], named: Callable[[Reason], Reason]) -> PlayView:
        """With its table."""
        shown = super().view(name, named)
        rows = tuple(
            msgspec.structs.replace(row, source=name(METER), receiver=name(RECEIVER))
            for row in self._rows
        )
        return msgspec.structs.replace(shown, rows=rows)


class Car(Play):
    """A telematics unit sends what it never should (§2.2.1)."""

    situation = "car"
    lanes = (BOX, GATEWAY, INNER)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._play = vehicle.VehiclePlay()
        self.say(BOX, Reason("play.car-drives"), GATEWAY)

    def choices(self) -> tuple[str, ...]:
        """What the box may send next."""
        return vehicle.STEPS

    def act(self, choice: str) -> None:
        """Let this happen in the car for a second."""
        state = 1 if choice == vehicle.ORDINARY else ATTENTION
        self.say(BOX, Reason(f"play.car-{choice}"), GATEWAY, (), state)
        for told in self._play.play(choice):
            if told.honest and choice != vehicle.ORDINARY and not told.stopped:
                continue  # what goes on as always is told once
            key = "play.frames-stopped" if told.stopped else "play.frames-passed"
            facts: dict[str, Value] = {"id": told.id, "passed": told.passed}
            said = Reason(key, {**facts, "stopped": told.stopped})
            answer = "refuse" if told.stopped else "allow"
            self.say(GATEWAY, said, INNER, told.reasons, 1, answer)


class Implant(Play):
    """A command to an implant by a stranger (§2.2.1)."""

    situation = "implant"
    lanes = (ASKER, IMPLANT)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._play = implant.ImplantPlay(self.started_at)

    def choices(self) -> tuple[str, ...]:
        """Who asks next."""
        return implant.STEPS

    def act(self, choice: str) -> None:
        """Let somebody ask for another pace."""
        self.say(ASKER, Reason(f"play.implant-{choice}"), IMPLANT)
        told = self._play.play(choice)
        first, *rest = told.reasons
        state, answer = (1, "allow") if told.done else (DANGER, "refuse")
        key = "play.implant-done" if told.done else "play.implant-refused"
        self.say(IMPLANT, Reason(key), ASKER, (first, *rest), state, answer)


class Mail(Play):
    """Somebody of the family opens a letter made for them (§2.2.1): the computer carries out."""

    situation = "mail"
    lanes = ("computer", HUB, FAMILY)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._told: set[str] = set()
        self.say(FAMILY, Reason("play.mail-comes"), "computer")

    def choices(self) -> tuple[str, ...]:
        """Open it."""
        return () if self.stage.practice.network.situation == self.situation else ("open-mail",)

    @property
    def is_ended(self) -> bool:
        """Once the hub has told of it."""
        return self.is_over or bool(self._told)

    def act(self, choice: str) -> None:
        """From now on the computer does what it never did."""
        del choice
        self.stage.practice.network.disturb(self.situation)
        self.say(FAMILY, Reason("play.mail-opened"), "computer", (), ATTENTION)

    def step(self, now: float) -> bool:
        """Whatever the hub notices of the computer is told."""
        is_moved = super().step(now)
        for alert in self.stage.practice.watch.alerts_of(CAST["computer"].end.mac):
            if alert.id not in self._told and alert.first_at >= self.started_at:
                self._told.add(alert.id)
                self.say(HUB, alert.reason, FAMILY, (alert.action,), alert.step, "ask")
                is_moved = True
        return is_moved


PLAYS: dict[str, type[Play]] = {
    **COMMANDED,
    **{play.situation: play for play in (Measurement, Car, Implant, Mail)},
}
"""Every play, by the name of its situation; what is seen on the wire is in `simulation.situations`."""
