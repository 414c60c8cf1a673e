"""Practice: the practice home's network, heard and watched exactly as a real one is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omamori.adapters import rules
from omamori.adapters.capture.decode import Decoder
from omamori.documents.reason import RefusedError
from omamori.hub.knowing.inventory import CorrectionRefusedError
from omamori.hub.service import Watch
from omamori.simulation.practice import PracticeNetwork
from omamori.simulation.practice_cast import CAST, HEATER, PHONES, STRANGER, country_of
from omamori.simulation.situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.capture.frames import Frame
    from omamori.documents.mud import MudFile
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.flow import Flow
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.sighting import Sighting

BEAT_S = 0.5
_MEMBERS = {member.end.mac: member for member in (*CAST.values(), HEATER, STRANGER)}
_LANGUAGES = ("ja", "en")


class PracticeError(RefusedError):
    """A wish that the practice home cannot fulfil."""


class _Atlas:
    """`hub.ports.Places` of the practice home."""

    def country(self, ip: str) -> str:
        return country_of(ip)


class Practice:
    """Plays the practice network and watches it; nothing of it is kept."""

    def __init__(self, seed: int, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self.clock = clock
        self.changed = changed
        self.network = PracticeNetwork(seed, clock())
        self.watch = Watch(rules.load()[0], _Atlas())
        self.is_open = False
        self._said: list[Sighting] = []
        self._talked: list[Flow] = []
        self._decoder = Decoder(self._said.append, self._talked.extend)

    async def run(self) -> None:
        """Hear the days that were, then what comes, until cancelled."""
        for piece in self.network.past():
            self._hear(piece)
            if piece:
                self.watch.step(piece[-1][0])
            await asyncio.sleep(0)
        for member in CAST.values():
            if self.watch.inventory.thing(member.end.mac) is not None and not member.is_phone:
                self.watch.correct(member.end.mac, "", member.kind)
        self.is_open = True
        self.changed()
        while True:
            await asyncio.sleep(BEAT_S)
            if self.beat(self.clock()):
                self.changed()

    def beat(self, now: float) -> bool:
        """Hear what was sent until now; returns whether anything was."""
        frames = self.network.step(now)
        self._hear(frames)
        self._decoder.step(now)
        heard = self._take()
        self.watch.step(now)
        return bool(frames) or heard

    def _hear(self, frames: list[Frame]) -> None:
        self._decoder.hear(frames)
        self._take()

    def _take(self) -> bool:
        heard = bool(self._said or self._talked)
        self.watch.hear(self._said, self._talked)
        self._said.clear()
        self._talked.clear()
        return heard

    def disturb(self, situation: str) -> None:
        """Let something go wrong; empty is calm again.

        Raises:
            PracticeError: for a situation that nobody has written, or too early.
        """
        if situation and situation not in SITUATIONS:
            raise PracticeError("sample.no-such-situation")
        if not self.is_open:
            raise PracticeError("sample.not-open-yet")
        self.network.calm()
        if situation:
            self.network.disturb(situation)
        self.changed()

    def name_of(self, known: KnownThing, lang: str) -> str:
        """What this family calls a thing."""
        member = _MEMBERS.get(known.id)
        if member is None and known.id in {end.mac for end in PHONES}:
            member = CAST["phone"]
        if member is None or known.behind:
            return known.names[0] if known.names else known.id
        return member.name[_LANGUAGES.index(lang) if lang in _LANGUAGES else 0]

    # A person's word; it lasts as long as the practice.

    def say_fine(self, alert_id: str, *, fine: bool) -> Alert:
        """Keep that an alert is fine, or take that back."""
        alert = self.watch.say_fine(alert_id, self.clock(), fine=fine)
        self.changed()
        return alert

    def declare(self, thing_id: str, mud: MudFile | None) -> None:
        """Hold a thing against its maker's rules; None takes them away."""
        if self.watch.inventory.thing(thing_id) is None:
            raise CorrectionRefusedError("identify.no-such-thing")
        self.watch.declare(thing_id, mud)
        self.changed()

    def part(self, alias: str) -> None:
        """Keep that an address is not the same thing."""
        self.watch.inventory.part(alias)
        self.changed()

    def join(self, thing_id: str, alias: str) -> None:
        """Keep that two addresses are the same thing."""
        self.watch.inventory.join(thing_id, alias)
        self.changed()
