"""How this home and the practice home are protected, for their pages (`web.ports.ProtectPort`)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from omamori.app.automations import AutomationViews
from omamori.app.protect_views import ProtectViews
from omamori.app.protection import FAMILY, Protection
from omamori.app.rule_views import RuleViews
from omamori.app.steward import family
from omamori.documents.grant import Grant
from omamori.documents.reason import RefusedError
from omamori.hub.commanding.command import PERSON, REFUSED, Command
from omamori.web import views_rules as ruled
from omamori.web.views_talk import SAMPLE

if TYPE_CHECKING:
    from omamori.app.theatre import Theatre
    from omamori.hub.points import Given
    from omamori.web.views_protect import CommandsView, GuardedView, ProtectView

LEASE_S = 3600.0  # what a person sets from a page holds for an hour, unless it is given back
YEAR_S = 365 * 86_400.0
GRANT_CAP = 2


class ProtectsError(RefusedError):
    """A wish that cannot be fulfilled."""


class Guarded(msgspec.Struct, frozen=True):
    """One home's protection with everything its pages show."""

    protection: Protection
    views: ProtectViews
    rules: RuleViews
    automations: AutomationViews
    changed: Callable[[], None]


class Protects:
    """Implements `web.ports.ProtectPort`; every act is a person's of this family, on these pages."""

    def __init__(self, real: Guarded, practice: Guarded | None, theatre: Theatre | None) -> None:
        self._real = real
        self._practice = practice
        self.theatre = theatre

    def _of(self, home: str) -> Guarded:
        if not home:
            return self._real
        if self._practice is None or home != SAMPLE:
            raise ProtectsError("sample.off")
        return self._practice

    # Looking.

    def protect(self, home: str, lang: str) -> ProtectView:
        """What is in force, what is cut off, what is asked."""
        return self._of(home).views.protect(lang)

    def guarded(self, home: str, thing_id: str, lang: str) -> GuardedView | None:
        """How one thing is protected."""
        return self._of(home).views.guarded(thing_id, lang)

    def commands(self, home: str, lang: str) -> CommandsView:
        """What waits, who holds what, and what came last."""
        return self._of(home).views.commands(lang)

    def links(self, home: str, lang: str) -> ruled.LinksView:
        """Every cooperation and every permission."""
        return self._of(home).views.links(lang)

    def rules(self, home: str, lang: str) -> ruled.RulesView:
        """The rules in force."""
        return self._of(home).rules.rules(lang)

    def automations(self, home: str, lang: str) -> ruled.AutomationsView:  # noqa: ARG002 - names are their owner's
        """What was found in the automations that were brought in."""
        return self._of(home).automations.view()

    def measured(self, home: str, lang: str) -> ruled.MeasuredView:
        """Measurements on their way."""
        guarded = self._of(home)
        rows: tuple[ruled.MeasuredRow, ...] = ()
        if home and self.theatre is not None:
            view = self.theatre.view("measurement", lang)
            rows = view.rows if view else ()
        return ruled.MeasuredView(guarded.views.clock(), home, rows)

    def play(self, situation: str, lang: str) -> ruled.PlayView | None:
        """A play of the practice home; None where it was not begun."""
        return self.theatre.view(situation, lang) if self.theatre else None

    # Cutting off.

    async def set_mode(self, home: str, mode: str) -> None:
        """Watch only, guard, or be strict."""
        guarded = self._of(home)
        guarded.protection.set_mode(mode, FAMILY)
        guarded.changed()

    async def cut(self, home: str, thing_id: str, *, off: bool) -> None:
        """Cut a thing off, or undo it."""
        guarded = self._of(home)
        shield = guarded.protection.shield
        if off:
            shield.cut(thing_id, FAMILY)
        else:
            shield.undo(thing_id, FAMILY)
        guarded.protection.again(thing_id)
        guarded.changed()

    async def cut_longer(self, home: str, thing_id: str) -> None:
        """Keep a thing cut off for longer."""
        await self.cut(home, thing_id, off=True)

    async def answer(self, home: str, ask_id: str, *, cut: bool) -> None:
        """Answer what the hub asked."""
        guarded = self._of(home)
        guarded.protection.shield.answer(ask_id, FAMILY, cut=cut)
        guarded.protection.again(ask_id)
        guarded.changed()

    # Commands.

    async def decide(self, home: str, command_id: str, *, do: bool) -> None:
        """Let a waiting command be done now, or refuse it."""
        guarded = self._of(home)
        guarded.protection.steward.decide(command_id, family(), do=do)
        guarded.changed()

    async def take_over(self, home: str, thing_id: str, point: str, value: Given) -> None:
        """Set a point from these pages; stronger than any service."""
        guarded = self._of(home)
        steward = guarded.protection.steward
        now = guarded.views.clock()
        command = Command(
            f"page-{secrets.token_hex(8)}", family(), thing_id, point, value, "remote-user", now,
            LEASE_S,
        )  # fmt: skip
        steward.ask(command)
        guarded.changed()
        found = next((o for o in steward.last if o.command.id == command.id), None)
        if found is not None and found.state == REFUSED:
            raise ProtectsError(found.reasons[0].key, found.reasons[0].params)

    async def give_back(self, home: str, thing_id: str, point: str) -> None:
        """End what a person holds."""
        guarded = self._of(home)
        steward = guarded.protection.steward
        held = steward.arbiter.in_force(thing_id, point)
        if held is None or held.origin.kind != PERSON:
            raise ProtectsError("command.no-such")
        steward.withdraw(held.id, family())
        guarded.changed()

    async def steer(self, home: str, thing_id: str, position: str) -> None:
        """Say from where a thing may be steered."""
        guarded = self._of(home)
        guarded.protection.steward.set_switch(thing_id, position, family())
        guarded.changed()

    async def join_programs(self, home: str, thing_id: str, *, join: bool) -> None:
        """Take part in energy programs, or not."""
        guarded = self._of(home)
        until = 0.0 if join else guarded.views.clock() + YEAR_S
        guarded.protection.steward.opt_out(thing_id, family(), until)
        guarded.changed()

    # Links and grants.

    async def agree(self, home: str, link_id: str, *, agree: bool) -> None:
        """Agree to a link, or withdraw it."""
        guarded = self._of(home)
        guarded.protection.agree(link_id, FAMILY, agree=agree)
        guarded.changed()

    async def propose(self, home: str, one: str, other: str, purpose: str, lasts_s: float) -> None:
        """Propose a link of two things."""
        guarded = self._of(home)
        guarded.protection.propose(one, other, purpose, lasts_s)
        guarded.changed()

    async def grant(
        self,
        home: str,
        sort: str,
        thing_id: str,
        target_id: str,
        purpose: str,
        lasts_s: float,
    ) -> None:
        """Let a guest's or rented thing use another for a while."""
        guarded = self._of(home)
        now = int(guarded.views.clock())
        guarded.protection.give(
            Grant(
                id=secrets.token_hex(8),
                granter=FAMILY,
                kind=sort,
                purposes=(purpose,),
                targets=(target_id,),
                since=now,
                until=now + int(lasts_s),
                cap=GRANT_CAP,
                thing=thing_id,
            )
        )
        guarded.changed()

    async def end_grant(self, home: str, grant_id: str) -> None:
        """End a permission and wipe what came of it."""
        guarded = self._of(home)
        guarded.protection.end_grant(grant_id)
        guarded.changed()

    # Rules and automations.

    def check_rules(self, home: str, text: str) -> tuple[ruled.RuleFault, ...]:
        """What is wrong with a text of rules."""
        return self._of(home).rules.check(text)

    def try_rules(
        self, home: str, asker: str, target: str, point: str, *, look: bool, lang: str
    ) -> ruled.RulingView:
        """What the rules in force would say."""
        return self._of(home).rules.try_(asker, target, point, look=look, lang=lang)

    async def keep_rules(self, home: str, text: str) -> tuple[ruled.RuleFault, ...]:
        """Keep a text of rules if nothing is wrong with it."""
        guarded = self._of(home)
        faults = guarded.rules.keep(text, FAMILY)
        guarded.changed()
        return faults

    async def take_automations(self, home: str, octets: bytes) -> None:
        """Look at automations."""
        guarded = self._of(home)
        await asyncio.to_thread(guarded.automations.take, octets)  # large ones take seconds
        guarded.changed()

    async def forget_automations(self, home: str) -> None:
        """Forget what was brought in."""
        guarded = self._of(home)
        guarded.automations.forget()
        guarded.changed()

    async def choose(self, situation: str, choice: str) -> None:
        """Act in a play."""
        if self.theatre is None or self._practice is None:
            raise ProtectsError("sample.off")
        self.theatre.choose(situation, choice)
        self._practice.changed()
