"""Engines of the ledger's port: memory for worlds, SQLite for homes."""

from __future__ import annotations

import sqlite3
from pathlib import Path  # noqa: TC003 - used at run time by callers' annotations
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import RefusedError
from omamori.ledger.entry import BODY_BYTES_MAX, Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMORY_ENTRIES_MAX = 10_000
MODE = 0o600  # what people were asked and answered is theirs alone
DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})


class EntriesError(RefusedError):
    """A ledger that fails: `ledger.damaged`, `ledger.not-opened` or `ledger.not-written`."""


class MemoryEntries:
    """The newest entries of a world that may be forgotten."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._forgotten = 0

    def append(self, entries: Sequence[Entry]) -> int:
        """See `Entries.append`."""
        for entry in entries:
            seq = self._forgotten + len(self._entries)
            self._entries.append(msgspec.structs.replace(entry, seq=seq))
        excess = len(self._entries) - MEMORY_ENTRIES_MAX
        if excess > 0:
            del self._entries[:excess]
            self._forgotten += excess
        return self._forgotten + len(self._entries) - 1

    def read(self, before: int | None = None, limit: int = 100) -> list[Entry]:
        """See `Entries.read`."""
        chosen = [e for e in self._entries if before is None or e.seq < before]
        return chosen[::-1][:limit]

    def count(self) -> int:
        """See `Entries.count`."""
        return self._forgotten + len(self._entries)


class SqliteEntries:
    """Entries in one SQLite file; what `append` returned survives kill -9 and power loss."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            EntriesError: `ledger.damaged`, `ledger.not-opened`.
        """
        self._name = path.name
        try:
            path.touch(mode=MODE)
            for tail in ("", "-wal", "-shm"):  # SQLite makes its logs with the file's mode
                part = path.with_name(path.name + tail)
                if part.is_file():
                    part.chmod(MODE)
            self._db = sqlite3.connect(path, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise EntriesError("ledger.not-opened", {"file": path.name}) from error
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            # SQLite's extended codes keep the primary one in their low octet
            damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED
            key = "ledger.damaged" if damaged else "ledger.not-opened"
            raise EntriesError(key, {"file": path.name}) from error
        if self._db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            self._db.close()
            raise EntriesError("ledger.damaged", {"file": path.name})
        row = self._db.execute("SELECT max(seq) FROM entry").fetchone()
        self._next = 0 if row[0] is None else row[0] + 1

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")  # acknowledged means on disk
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT"
        )

    def append(self, entries: Sequence[Entry]) -> int:
        """See `Entries.append`; raises ValueError for an entry over `BODY_BYTES_MAX`.

        Raises:
            EntriesError: `ledger.not-written`; none of them is in it.
        """
        rows = []
        for offset, entry in enumerate(entries):
            body = msgspec.json.encode(entry)
            if len(body) > BODY_BYTES_MAX:
                raise ValueError("entry too long")
            rows.append((self._next + offset, body))
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO entry VALUES (?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            # A full disk may end the transaction by itself, or leave it open for ever.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise EntriesError("ledger.not-written", {"file": self._name}) from error
        self._next += len(rows)
        return self._next - 1

    def read(self, before: int | None = None, limit: int = 100) -> list[Entry]:
        """See `Entries.read`."""
        found = self._db.execute(
            "SELECT seq, body FROM entry WHERE seq < ? ORDER BY seq DESC LIMIT ?",
            (self._next if before is None else before, limit),
        )
        return [entry for seq, body in found if (entry := _read(seq, body)) is not None]

    def count(self) -> int:
        """See `Entries.count`."""
        return self._next

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class LostEntries:
    """A record that cannot be opened: nothing is kept in it, and whoever writes to it is told so."""

    def __init__(self, error: EntriesError) -> None:
        self._reason = error.reason

    def append(self, entries: Sequence[Entry]) -> int:
        """Keep nothing.

        Raises:
            EntriesError: always; why it could not be opened.
        """
        del entries
        raise EntriesError(self._reason.key, self._reason.params)

    def read(self, before: int | None = None, limit: int = 100) -> list[Entry]:
        """Nothing."""
        del before, limit
        return []

    def count(self) -> int:
        """None."""
        return 0

    def close(self) -> None:
        """Nothing to close."""


def _read(seq: int, body: bytes) -> Entry | None:
    """One line; None where it cannot be read: it must not hide the others."""
    try:
        return msgspec.structs.replace(msgspec.json.decode(body, type=Entry), seq=seq)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def open_entries(path: Path, now: float) -> tuple[SqliteEntries, str]:
    """The ledger at `path`, and the name under which a damaged one was set aside ("" if none was).

    A home whose ledger is damaged still watches; what is left of the old file stays beside it.

    Raises:
        EntriesError: `ledger.not-opened`.
    """
    try:
        return SqliteEntries(path), ""
    except EntriesError as error:
        if error.reason.key != "ledger.damaged":
            raise
    aside = path.with_name(f"{path.stem}.damaged-{int(now)}{path.suffix}")
    for tail in ("", "-wal", "-shm"):
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(aside.with_name(aside.name + tail))
    return SqliteEntries(path), aside.name
