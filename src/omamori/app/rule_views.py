"""A home's rules as its pages show them, try them and change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters.keys import write_secret
from omamori.adapters.policy import POLICY_NAME, usual
from omamori.documents.policy_places import PolicyError
from omamori.documents.policy_shape import POLICY_OCTETS_MAX
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.commanding.command import (
    MEETING,
    NETWORK,
    PAGE,
    PERSON,
    SERVICE,
    THING,
    Command,
    Origin,
)
from omamori.hub.points import LOOK, POINTS
from omamori.hub.ruling.read import read_rules
from omamori.hub.ruling.rules import Rules
from omamori.hub.ruling.vocabulary import VOCABULARY
from omamori.web import views_rules as views

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omamori.app.protect_views import ProtectViews
    from omamori.documents.policy_shape import Box, Rule

PERSON_ID, STRANGER_ID, SERVICE_ID = "person", "stranger", "service"
_ORIGINS = {
    PERSON_ID: (Origin("family", PERSON, PAGE), "remote-user"),
    STRANGER_ID: (Origin("", THING, NETWORK), "automation"),
    SERVICE_ID: (Origin("service", SERVICE, MEETING), "demand-response"),
}


class RulesError(RefusedError):
    """Rules that could not be kept."""


class RuleViews:
    """The rules of one home; `file` is where they are kept, None where they are not."""

    def __init__(self, shown: ProtectViews, file: Path | None, clock: Callable[[], float]) -> None:
        self.shown = shown
        self.file = file
        self.clock = clock
        self.protection = shown.protection
        self._text = ""
        self._kept_at: float | None = None
        if file is not None:
            self._restore(file)

    def _restore(self, file: Path) -> None:
        """The home's own text as it is, with its mistakes: to be corrected it must be seen."""
        try:
            with file.open("rb") as opened:
                self._text = opened.read(POLICY_OCTETS_MAX).decode("utf-8", "replace")
                self._kept_at = file.stat().st_mtime
        except OSError:
            return  # there is none, or none that can be shown; which rules hold is told elsewhere

    def rules(self, lang: str) -> views.RulesView:
        """The rules in force."""
        things = self.shown.watch.inventory.things()
        named = tuple((thing.id, self.shown.name(thing.id, lang)) for thing in things)
        return views.RulesView(
            at=self.clock(),
            home=self.shown.household.home,
            text=self._text or usual().decode(),
            rules=tuple(self._row(rule, lang) for rule in self._all()),
            is_default=not self._text,
            kept_at=self._kept_at,
            askers=named,
            targets=named,
            points=tuple(POINTS),
        )

    def _all(self) -> tuple[Rule, ...]:
        return self.protection.steward.rules.rules

    def _row(self, rule: Rule, lang: str) -> views.RuleRow:
        decided, last_at = self.protection.steward.decided.get(rule.id, (0, None))
        said = rule.why.params.get(lang, "")
        return views.RuleRow(
            id=rule.id,
            effect=rule.effect,
            what=(rule.why,),
            said=str(said),
            when=_box(rule.when),
            unless=tuple(_box(box) for box in rule.unless),
            line=rule.line,
            decided=decided,
            last_at=last_at,
        )

    def try_(
        self, asker: str, target: str, point: str, *, look: bool, lang: str
    ) -> views.RulingView:
        """What the rules would say; nothing is done.

        Raises:
            RulesError: for a thing or a point that is not here.
        """
        kind = self.protection.kind_of(target)
        if kind is None or point not in POINTS:
            raise RulesError("identify.no-such-thing")
        origin, slot = _ORIGINS.get(asker, (Origin(asker, THING, MEETING), "automation"))
        now = self.clock()
        command = Command("try", origin, target, point, value=False, slot=slot, at=now)
        steward = self.protection.steward
        in_use = bool(steward.arbiter.in_use(target))
        question = steward.question(command, in_use=in_use, now=now, act=LOOK if look else "")
        ruling = steward.rules.ask(question)
        rows = {rule.id: rule for rule in self._all()}
        return views.RulingView(
            ruling.answer,
            ruling.reasons,
            tuple(self._row(rows[one], lang) for one in ruling.deciding if one in rows),
        )

    @staticmethod
    def check(text: str) -> tuple[views.RuleFault, ...]:
        """Every mistake of a text, each with its line."""
        try:
            read_rules(_octets(text))
        except PolicyError as wrong:
            return tuple(_fault(reason) for reason in wrong.reasons)
        return ()

    def keep(self, text: str, by: str) -> tuple[views.RuleFault, ...]:
        """Rule by this text from now on; empty brings the usual rules back.

        Raises:
            RulesError: the disk refuses; what was in force stays.
        """
        faults = self.check(text) if text.strip() else ()
        if faults:
            return faults
        rules = Rules(read_rules(_octets(text) if text.strip() else usual()))
        try:
            if self.file is not None and text.strip():
                write_secret(self.file, _octets(text))
            elif self.file is not None:
                self.file.unlink(missing_ok=True)
        except OSError as error:
            raise RulesError("shelf.not-written", {"file": POLICY_NAME}) from error
        self._text = text if text.strip() else ""
        self._kept_at = self.clock() if self._text else None
        self.protection.set_rules(rules, by)
        return ()


def _octets(text: str) -> bytes:
    """What cannot be written as UTF-8 is refused with a line, as any other mistake."""
    return text.encode("utf-8", "surrogatepass")


def _box(box: Box) -> views.Box:
    """A conjunction with its values in their order."""
    return tuple(
        (name, tuple(sorted(values, key=lambda value: _place(name, value))))
        for name, values in box.items()
    )


def _place(name: str, value: object) -> tuple[int, str]:
    values = VOCABULARY[name].values
    return (values.index(value) if value in values else len(values), str(value))


def _fault(reason: Reason) -> views.RuleFault:
    line, column = reason.params.get("line", 0), reason.params.get("column", 0)
    return views.RuleFault(
        line if isinstance(line, int) else 0, reason, column if isinstance(column, int) else 0
    )
