"""Registry store in memory: for tests and simulated worlds; nothing outlives the program."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omamori.authority.records import Issued, Record, RecordT


class MemoryRegistryStore:
    """`omamori.authority.ports.RegistryStore` in dictionaries, with an undo log."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, tuple[str, bytes]]] = {}
        self._issued: list[Issued] = []
        self._counters: dict[str, int] = {}
        self._undo: list[Callable[[], object]] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside is kept together, or not at all."""
        if self._undo is not None:
            yield
            return
        self._undo = []
        try:
            yield
        except BaseException:
            for step in reversed(self._undo):
                step()
            raise
        finally:
            self._undo = None

    def _undone_by(self, step: Callable[[], object]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    def put(self, record: Record) -> None:
        """Keep `record`, replacing the one with its key."""
        table = self._records.setdefault(type(record).__name__, {})
        self._keep_old(table, record.key)
        table[record.key] = (record.label, msgspec.msgpack.encode(record))

    def _keep_old(self, table: dict[str, tuple[str, bytes]], key: str) -> None:
        old = table.get(key)
        if old is None:
            self._undone_by(lambda: table.pop(key, None))
        else:
            self._undone_by(lambda: table.__setitem__(key, old))

    def get(self, kind: type[RecordT], key: str) -> RecordT | None:
        """The record of this kind and key."""
        found = self._records.get(kind.__name__, {}).get(key)
        return msgspec.msgpack.decode(found[1], type=kind) if found else None

    def remove(self, kind: type[Record], key: str) -> None:
        """Forget a record; nothing happens when there is none."""
        table = self._records.setdefault(kind.__name__, {})
        self._keep_old(table, key)
        table.pop(key, None)

    def every(self, kind: type[RecordT], label: str | None = None) -> Iterator[RecordT]:
        """Every record of a kind (with that label), in the order of keys."""
        table = dict(self._records.get(kind.__name__, {}))
        for _, (found, value) in sorted(table.items()):
            if label is None or found == label:
                yield msgspec.msgpack.decode(value, type=kind)

    def page(self, kind: type[RecordT], after: str, limit: int) -> list[RecordT]:
        """At most `limit` records of a kind with keys greater than `after`, in their order."""
        table = self._records.get(kind.__name__, {})
        keys = sorted(key for key in table if key > after)[:limit]
        return [msgspec.msgpack.decode(table[key][1], type=kind) for key in keys]

    def count(self, kind: type[Record]) -> int:
        """How many records of a kind there are."""
        return len(self._records.get(kind.__name__, {}))

    def append(self, issued: Issued) -> int:
        """Add a line to the append-only record of issuance; returns its number, from 1."""
        number = len(self._issued) + 1
        self._issued.append(msgspec.structs.replace(issued, number=number))
        self._undone_by(self._issued.pop)
        return number

    def issued(self, after: int, limit: int) -> list[Issued]:
        """At most `limit` lines of the record of issuance with numbers greater than `after`."""
        return self._issued[after : after + limit]

    def counter(self, name: str) -> int:
        """The value of a counter, 0 at first."""
        return self._counters.get(name, 0)

    def advance(self, name: str, by: int = 1) -> int:
        """Add to a counter; returns the new value."""
        old = self.counter(name)
        self._undone_by(lambda: self._counters.__setitem__(name, old))
        self._counters[name] = old + by
        return old + by

    def close(self) -> None:
        """Nothing is held open."""
