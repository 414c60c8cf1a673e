"""A home's automations as they were brought in, and what was found in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.adapters.home_assistant import read_automations
from omamori.adapters.keys import write_secret
from omamori.documents.automation import AUTOMATIONS_OCTETS_MAX, AutomationError
from omamori.documents.reason import Reason
from omamori.hub.automating.check import Checked, examine
from omamori.hub.automating.conflict import ACT, NOTE
from omamori.web.views import AS_USUAL, ATTENTION, TAKE_CARE
from omamori.web.views_rules import AutomationsView, ConflictEnd, ConflictView

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omamori.documents.automation import Automations
    from omamori.hub.automating.conflict import Conflict

SHOWN_MAX = 100
FILE = "automations.json"
_NONE = Checked(())


class AutomationViews:
    """What one home's automations do to each other; `file` is where they are kept, if at all."""

    def __init__(self, home: str, file: Path | None, clock: Callable[[], float]) -> None:
        self.home = home
        self.file = file
        self.clock = clock
        self._told: Automations | None = None
        self._found = _NONE
        self._taken_at: float | None = None
        self._lost: tuple[Reason, ...] = ()
        self._restore()

    def _restore(self) -> None:
        if self.file is None or not self.file.exists():
            return
        try:
            with self.file.open("rb") as opened:
                told = read_automations(opened.read(AUTOMATIONS_OCTETS_MAX + 1), "json")
            self._look(told, examine(told), self.file.stat().st_mtime)
        except (OSError, AutomationError):
            self._lost = (Reason("automating.lost"),)

    def take(self, octets: bytes) -> None:
        """Look at a file: Home Assistant's YAML, or the neutral JSON.

        Raises:
            AutomationError: it is neither, or too much.
        """
        form = "json" if octets.lstrip()[:1] == b"{" else "yaml"
        told = read_automations(octets, form)
        found = examine(told)
        if self.file is not None:
            try:
                write_secret(self.file, msgspec.json.encode(told))
            except OSError as error:
                raise AutomationError("shelf.not-written", {"file": FILE}) from error
        self._look(told, found, self.clock())

    def _look(self, told: Automations, found: Checked, at: float) -> None:
        self._told, self._found, self._taken_at, self._lost = told, found, at, ()

    def forget(self) -> None:
        """Forget what was brought in.

        Raises:
            AutomationError: the disk refuses; it is still there.
        """
        if self.file is not None:
            try:
                self.file.unlink(missing_ok=True)
            except OSError as error:
                raise AutomationError("shelf.not-written", {"file": FILE}) from error
        self._told, self._found, self._taken_at, self._lost = None, _NONE, None, ()

    def view(self) -> AutomationsView:
        """What was found, the gravest first."""
        told = self._told.automations if self._told else ()
        names = {one.id: one.name or one.id for one in told}
        found = self._found.conflicts
        notes = (*self._lost, *self._found.notes)
        if len(found) > SHOWN_MAX:
            more = Reason("automating.more-found", {"count": len(found) - SHOWN_MAX})
            notes = (*notes, more)
        return AutomationsView(
            at=self.clock(),
            home=self.home,
            taken_at=self._taken_at,
            names=tuple(names.values()),
            conflicts=tuple(
                self._conflict(str(number), one, names)
                for number, one in enumerate(found[:SHOWN_MAX])
            ),
            notes=notes,
        )

    def _conflict(self, number: str, one: Conflict, names: dict[str, str]) -> ConflictView:
        state = ATTENTION if one.weight == ACT else AS_USUAL if one.weight == NOTE else TAKE_CARE
        things = (
            {thing.id: thing.name or thing.id for thing in self._told.things} if self._told else {}
        )
        return ConflictView(
            id=number,
            sort=one.kind,
            state=state,
            ends=tuple(ConflictEnd(names.get(end, end)) for end in one.automations),
            meets=things.get(one.thing, one.thing),
            why=(one.reason,),
            repair=one.repair,
            channel=one.point,
            sure=one.sure,
            situation=one.situation,
        )
