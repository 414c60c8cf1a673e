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


class HomePort(Protocol):
    """A home, as its pages see it. Views are quick and do not act; None is "no such thing".

    `lang` (``ja`` or ``en``) chooses names only; sentences are reasons. Every action may raise a `RefusedError`, whose sentence the visitor is shown.
    """

    def home(self, lang: str) -> HomeView:
        """This network now."""
        ...

    def thing(self, thing_id: str, lang: str) -> ThingView | None:
        """All that is known of one thing."""
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
