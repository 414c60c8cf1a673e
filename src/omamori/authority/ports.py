"""What an authority needs from outside: a durable store, unpredictable octets, and who is told of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from omamori.authority.records import Issued, RecordT
    from omamori.authority.records import Record as AnyRecord


class RegistryStore(Protocol):
    """Where an authority keeps its records.

    One caller at a time. Whatever a transaction wrote is durable when it has ended without error,
    and nothing of it is kept when it ends with one. Transactions may nest; the outermost counts.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Everything written inside is kept together, or not at all."""
        ...

    def put(self, record: AnyRecord) -> None:
        """Keep `record`, replacing the one with its key."""
        ...

    def get(self, kind: type[RecordT], key: str) -> RecordT | None:
        """The record of this kind and key."""
        ...

    def remove(self, kind: type[AnyRecord], key: str) -> None:
        """Forget a record; nothing happens when there is none."""
        ...

    def every(self, kind: type[RecordT], label: str | None = None) -> Iterator[RecordT]:
        """Every record of a kind (with that label), in the order of keys, a few at a time."""
        ...

    def page(self, kind: type[RecordT], after: str, limit: int) -> list[RecordT]:
        """At most `limit` records of a kind with keys greater than `after`, in their order."""
        ...

    def count(self, kind: type[AnyRecord]) -> int:
        """How many records of a kind there are."""
        ...

    def append(self, issued: Issued) -> int:
        """Add a line to the append-only record of issuance; returns its number, from 1."""
        ...

    def issued(self, after: int, limit: int) -> list[Issued]:
        """At most `limit` lines of the record of issuance with numbers greater than `after`."""
        ...

    def counter(self, name: str) -> int:
        """The value of a counter, 0 at first."""
        ...

    def advance(self, name: str, by: int = 1) -> int:
        """Add to a counter; returns the new value."""
        ...

    def close(self) -> None:
        """Let go of what the store holds open."""
        ...


class Entropy(Protocol):
    """Unpredictable octets: serial numbers, names, codes and nonces are made of them."""

    def __call__(self, count: int, /) -> bytes:
        """`count` octets that nobody can guess."""
        ...


class Listener(Protocol):
    """Who is told at once that the published documents changed."""

    def __call__(self, seq: int, /) -> None:
        """The change sequence is now `seq`."""
        ...
