"""What the hub needs from outside, named as small Protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omamori.hub.guarding.plan import Features, Plan


class Places(Protocol):
    """Where in the world an address is registered."""

    def country(self, ip: str) -> str:
        """The country's two letters (ISO 3166-1), or empty where nobody knows."""
        ...


class Shelf(Protocol):
    """Keeps what the hub has learned, over a restart.

    What is kept is on the disk when ``commit`` returns, and then all of it or none.
    """

    def keep(self, room: str, key: str, value: bytes) -> None:
        """Keep a value, replacing what was there."""
        ...

    def drop(self, room: str, key: str) -> None:
        """Forget a value, if it is there."""
        ...

    def all(self, room: str) -> Iterable[tuple[str, bytes]]:
        """Everything kept in a room."""
        ...

    def commit(self) -> None:
        """Put it all on the disk."""
        ...


class Learned(Protocol):
    """A part of the hub whose knowledge outlasts a restart."""

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed since it was last taken, by key; None for what is forgotten."""
        ...

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; returns how many pieces could not be read and were left out."""
        ...


class Firewall(Protocol):
    """Holds a plan against every frame; what others put into the kernel is never touched."""

    def features(self) -> Features:
        """What can be held here."""
        ...

    def apply(self, plan: Plan, now: float) -> None:
        """Hold exactly this plan, all of it or none.

        Raises:
            RefusedError: when the kernel refuses; what was in force stays in force.
        """
        ...

    def stopped(self) -> Mapping[str, int]:
        """How many frames were stopped, by thing."""
        ...

    def clear(self) -> None:
        """Take everything of ours away."""
        ...
