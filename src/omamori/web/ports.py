"""What the pages of a home need from outside; composed in `omamori.app`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from omamori.web.views import (
        HappenedView,
        HomeView,
        LabelView,
        MeetingView,
        SampleView,
        SettingsView,
        ThingView,
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


class SecretPort(Protocol):
    """Where the password's hash is kept; the file's mode is its keeper's care."""

    def password_hash(self) -> str:
        """The argon2 hash, or "" before the first password."""
        ...

    def keep_password_hash(self, digest: str) -> None:
        """Keep the hash, replacing what was there."""
        ...
