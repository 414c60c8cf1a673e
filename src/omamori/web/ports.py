"""What the pages of a home need from outside; composed in `omamori.app`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from omamori.hub.points import Given
    from omamori.web.views import (
        HappenedView,
        HomeView,
        LabelView,
        MeetingView,
        SampleView,
        SettingsView,
        ThingView,
    )
    from omamori.web.views_protect import CommandsView, GuardedView, ProtectView
    from omamori.web.views_rules import (
        AutomationsView,
        LinksView,
        MeasuredView,
        PlayView,
        RuleFault,
        RulesView,
        RulingView,
    )
    from omamori.web.views_talk import (
        AlertsView,
        AlertView,
        NewView,
        OutsideView,
        TalkView,
    )


class HomePort(Protocol):
    """A home, as its pages see it. Views are quick and do not act; None is "no such thing".

    `lang` (``ja`` or ``en``) chooses names only; sentences are reasons. `home` is ``""`` for the
    real home, ``"sample"`` for the practice home. Every action may raise a `RefusedError`, whose
    sentence the visitor is shown.
    """

    def home(self, lang: str) -> HomeView:
        """This network now."""
        ...

    def thing(
        self, thing_id: str, lang: str, home: str = "", since_s: float = 86400.0
    ) -> ThingView | None:
        """All that is known of one thing; what it does since `since_s`."""
        ...

    def label(self, thing_id: str, lang: str) -> LabelView | None:
        """A thing's common label."""
        ...

    def sample(self, lang: str) -> SampleView:
        """The sample home."""
        ...

    def meeting(self, meeting_id: str, lang: str) -> MeetingView | None:
        """A meeting, running or ended."""
        ...

    def happened(self, older: str, lang: str) -> HappenedView:
        """The newest page of the record, or the one that `HappenedView.older` named."""
        ...

    def settings(self, lang: str) -> SettingsView:
        """What is in force."""
        ...

    def talk(self, home: str, since_s: float, thing: str, lang: str) -> TalkView:
        """Who talks to whom; only the talk of `thing` where one is named."""
        ...

    def outside(self, home: str, since_s: float, thing: str, lang: str) -> OutsideView:
        """What goes outside; only of `thing` where one is named."""
        ...

    def new(self, home: str, since_s: float, lang: str) -> NewView:
        """What is new since then."""
        ...

    def alerts(self, home: str, lang: str) -> AlertsView:
        """Every alert that is kept."""
        ...

    def alert(self, home: str, alert_id: str, lang: str) -> AlertView | None:
        """One alert with its facts."""
        ...

    def mud_of(self, home: str, thing_id: str) -> bytes | None:
        """What was learned of a thing as a MUD file (RFC 8520); None where there is nothing."""
        ...

    async def say_fine(self, home: str, alert_id: str, *, fine: bool) -> None:
        """Keep that an alert is fine, or take that back."""
        ...

    async def declare(self, home: str, thing_id: str, octets: bytes) -> None:
        """Take in a maker's rules for a thing: a MUD file, not yet looked at."""
        ...

    async def undeclare(self, home: str, thing_id: str) -> None:
        """Take a maker's rules away again."""
        ...

    async def part(self, home: str, thing_id: str, alias: str) -> None:
        """Keep that an address is not the same thing."""
        ...

    async def join(self, home: str, thing_id: str, alias: str) -> None:
        """Keep that two addresses, or the things that have them, are the same thing."""
        ...

    async def disturb(self, situation: str) -> None:
        """Let something go wrong in the practice home; empty is calm again."""
        ...

    async def start_meeting(self, one: str, other: str, purpose: str, fault: str) -> str:
        """Begin a meeting of two things of the sample home; returns the meeting's id at once."""
        ...

    async def set_level(self, industry: str, product: str, rung: int) -> None:
        """Set a product's current level at its authority; 0 takes it away."""
        ...

    async def correct(self, thing_id: str, name: str, kind: str) -> None:
        """Keep what a person says a thing is; empty strings take it back."""
        ...

    async def listen(self, *, on: bool) -> None:
        """Begin or end listening on this network."""
        ...


class ProtectPort(Protocol):
    """How a home is protected, as its pages see it and steer it.

    As `HomePort`: views are quick and do not act, `home` is ``""`` or ``"sample"``, every action may
    raise a `RefusedError` whose sentence is shown. Whoever presses a button is a person of the family
    on this home's own pages (`hub.commanding.command.PAGE`).
    """

    def protect(self, home: str, lang: str) -> ProtectView:
        """What is in force, what is cut off, what is asked."""
        ...

    def guarded(self, home: str, thing_id: str, lang: str) -> GuardedView | None:
        """How one thing is protected; None where there is nothing to say of it."""
        ...

    def commands(self, home: str, lang: str) -> CommandsView:
        """What waits, who holds what, from where things are steered, and what came last."""
        ...

    def links(self, home: str, lang: str) -> LinksView:
        """Every cooperation and every permission for guests and rentals."""
        ...

    def rules(self, home: str, lang: str) -> RulesView:
        """The rules in force."""
        ...

    def automations(self, home: str, lang: str) -> AutomationsView:
        """What was found in the automations that were brought in."""
        ...

    def measured(self, home: str, lang: str) -> MeasuredView:
        """Measurements on their way."""
        ...

    def play(self, situation: str, lang: str) -> PlayView | None:
        """A play of the practice home; None where it was not begun."""
        ...

    async def set_mode(self, home: str, mode: str) -> None:
        """Watch only, guard, or be strict: a key of `names_protect.MODES`."""
        ...

    async def cut(self, home: str, thing_id: str, *, off: bool) -> None:
        """Cut a thing off, or undo it."""
        ...

    async def cut_longer(self, home: str, thing_id: str) -> None:
        """Keep a thing cut off for longer."""
        ...

    async def answer(self, home: str, ask_id: str, *, cut: bool) -> None:
        """Answer what the hub asked: cut off, or leave it."""
        ...

    async def decide(self, home: str, command_id: str, *, do: bool) -> None:
        """Let a waiting command be done now, or refuse it."""
        ...

    async def take_over(self, home: str, thing_id: str, point: str, value: Given) -> None:
        """Set a point by a person's hand; stronger than any service."""
        ...

    async def give_back(self, home: str, thing_id: str, point: str) -> None:
        """End what `take_over` began."""
        ...

    async def steer(self, home: str, thing_id: str, position: str) -> None:
        """Say from where a thing may be steered: a key of `names_protect.POSITIONS`."""
        ...

    async def join_programs(self, home: str, thing_id: str, *, join: bool) -> None:
        """Take part in energy programs, or not."""
        ...

    async def agree(self, home: str, link_id: str, *, agree: bool) -> None:
        """Agree to a link, or withdraw it."""
        ...

    async def propose(self, home: str, one: str, other: str, purpose: str, lasts_s: float) -> None:
        """Propose a link of two things; what comes of it shows among the links."""
        ...

    async def grant(
        self,
        home: str,
        sort: str,
        thing_id: str,
        target_id: str,
        purpose: str,
        lasts_s: float,
    ) -> None:
        """Let a guest's or rented thing (`names_protect.GRANTS`) use `target_id` for a while."""
        ...

    async def end_grant(self, home: str, grant_id: str) -> None:
        """End a permission and wipe what came of it."""
        ...

    def check_rules(self, home: str, text: str) -> tuple[RuleFault, ...]:
        """What is wrong with a text of rules; nothing is kept."""
        ...

    def try_rules(
        self, home: str, asker: str, target: str, point: str, *, look: bool, lang: str
    ) -> RulingView:
        """What the rules in force would say; nothing is done."""
        ...

    async def keep_rules(self, home: str, text: str) -> tuple[RuleFault, ...]:
        """Keep a text of rules if nothing is wrong with it; empty brings back the usual ones."""
        ...

    async def take_automations(self, home: str, octets: bytes) -> None:
        """Look at automations: Home Assistant's YAML or the neutral JSON, not yet looked at."""
        ...

    async def forget_automations(self, home: str) -> None:
        """Forget what was brought in."""
        ...

    async def choose(self, situation: str, choice: str) -> None:
        """Act in a play: one of `PlayView.choices`."""
        ...


class SecretPort(Protocol):
    """Where the password's hash is kept; the file's mode is its keeper's care."""

    def password_hash(self) -> str:
        """The argon2 hash, or "" before the first password."""
        ...

    def keep_password_hash(self, digest: str) -> None:
        """Keep the hash, replacing what was there."""
        ...
