"""Follows an automation's actions in order: what is set, in which ways, and how much later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents import automation as doc
from omamori.hub.automating.domain import both
from omamori.hub.automating.ways import EFFECTS_MAX, WAYS_MAX, Case, Effect, Way, always, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omamori.hub.automating.reading import Reader

INLINE_DEPTH_MAX = 4
WAIT_S = 60.0  # a wait that names no end is counted as this long


class Walk:
    """One pass over an automation's actions."""

    def __init__(self, reader: Reader, owner: str, ways: tuple[Way, ...]) -> None:
        self._reader, self._owner, self._ways = reader, owner, ways
        self.effects: list[Effect] = []
        self.turns: list[tuple[str, str]] = []
        self.tells = False
        self._after_s = 0.0

    def do(self, actions: Sequence[doc.Action], guard: tuple[Case, ...], depth: int) -> None:
        """Follow the actions in order; `guard` is what held on the way here."""
        for action in actions:
            if isinstance(action, doc.Stop):
                return
            if isinstance(action, doc.OnlyIf):
                guard = joined(guard, self._reader.cases(action.condition, self._owner))
            elif isinstance(action, doc.Delay):
                self._after_s += action.seconds
            elif isinstance(action, doc.Wait):
                self._after_s += action.timeout_s or WAIT_S
            else:
                self._one(action, guard, depth)

    def _one(  # noqa: C901 - one line a form
        self, action: doc.Action, guard: tuple[Case, ...], depth: int
    ) -> None:
        if isinstance(action, (doc.SetPoint, doc.Command)):
            self._set(action, guard)
        elif isinstance(action, doc.ApplyScene):
            for one in self._reader.scene(action.scene):
                self._set(one, guard)
        elif isinstance(action, (doc.Repeat, doc.Together)):
            self.do(action.actions, guard, depth)
        elif isinstance(action, doc.RunScript):
            if depth < INLINE_DEPTH_MAX:
                self.do(self._reader.script(action.script), guard, depth + 1)
        elif isinstance(action, doc.Choose):
            self._choose(action, guard, depth)
        elif isinstance(action, doc.Turn):
            if guard and len(self.turns) < EFFECTS_MAX:
                self.turns.append((action.automation, action.to))
        elif isinstance(action, doc.Notify):
            self.tells = True

    def _choose(self, action: doc.Choose, guard: tuple[Case, ...], depth: int) -> None:
        started_s = latest_s = self._after_s
        for branch in action.branches:
            told = doc.AllOf(branch.conditions)
            self._after_s = started_s
            taken = joined(guard, self._reader.cases(told, self._owner))
            self.do(branch.actions, taken, depth)
            latest_s = max(latest_s, self._after_s)
            guard = joined(guard, self._reader.cases(told, self._owner, is_so=False))
        self._after_s = started_s
        self.do(action.otherwise, guard, depth)
        self._after_s = max(latest_s, self._after_s)

    def _set(self, action: doc.SetPoint | doc.Command, guard: tuple[Case, ...]) -> None:
        ways: list[Way] = []
        for way in self._ways:
            for case in guard:
                held = both(way.situation, case.situation)
                if held is not None and len(ways) < WAYS_MAX:
                    ways.append(Way(way.signal, held, way.is_exact and case.is_exact))
        if not ways:
            return
        shared = always(ways)
        for point, to in self._reader.sets(action):
            if len(self.effects) < EFFECTS_MAX:
                self.effects.append(
                    Effect(action.thing, point, to, tuple(ways), self._after_s, shared)
                )
