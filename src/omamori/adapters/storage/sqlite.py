"""Registry store in SQLite: write-ahead log, every commit on the disk before it is acknowledged.

Records are MessagePack of their typed structs; reading one back validates it again. The record of
issuance refuses change and removal in the database itself.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omamori.authority.records import Issued, Record, RecordT

SCHEMA_VERSION = 1
PAGE_RECORDS = 512
BUSY_S = 5.0
CACHE_KIB = 2048
SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE record (
  kind TEXT NOT NULL, key TEXT NOT NULL, label TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) WITHOUT ROWID, STRICT;
CREATE INDEX record_by_label ON record (kind, label, key) WHERE label <> '';
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE issued (number INTEGER PRIMARY KEY AUTOINCREMENT, value BLOB NOT NULL) STRICT;
CREATE TRIGGER issued_stays BEFORE UPDATE ON issued BEGIN
  SELECT RAISE(ABORT, 'the record of issuance is append-only'); END;
CREATE TRIGGER issued_remains BEFORE DELETE ON issued BEGIN
  SELECT RAISE(ABORT, 'the record of issuance is append-only'); END;
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


class StoreError(RefusedError):
    """A file that is no store of ours, is damaged, or is of a version that we do not know."""


class SqliteRegistryStore:
    """`omamori.authority.ports.RegistryStore` in one file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._depth = 0

    @classmethod
    def open(cls, path: Path) -> SqliteRegistryStore:
        """Open or create the store at `path`, mode 0600.

        Raises:
            StoreError: `store.unreadable` or `store.version-unknown`.
        """
        path.touch(mode=0o600)
        # One thread at a time is the port's rule; which thread is the caller's choice.
        connection = sqlite3.connect(
            path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise StoreError("store.unreadable", {"file": path.name}) from error
        except StoreError:
            connection.close()
            raise
        return cls(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside is on the disk when this ends, or nothing of it."""
        if self._depth:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        finally:
            self._depth = 0

    def put(self, record: Record) -> None:
        """Keep `record`, replacing the one with its key."""
        row = (type(record).__name__, record.key, record.label, msgspec.msgpack.encode(record))
        self._db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", row)

    def get(self, kind: type[RecordT], key: str) -> RecordT | None:
        """The record of this kind and key."""
        row = self._db.execute(
            "SELECT value FROM record WHERE kind = ? AND key = ?", (kind.__name__, key)
        ).fetchone()
        return _read(row[0], kind) if row else None

    def remove(self, kind: type[Record], key: str) -> None:
        """Forget a record; nothing happens when there is none."""
        self._db.execute("DELETE FROM record WHERE kind = ? AND key = ?", (kind.__name__, key))

    def every(self, kind: type[RecordT], label: str | None = None) -> Iterator[RecordT]:
        """Every record of a kind (with that label), in the order of keys, a page at a time."""
        where = "" if label is None else "AND label = ? AND label <> ''"
        query = (
            f"SELECT key, value FROM record WHERE kind = ? AND key > ? {where} "  # noqa: S608 - `where` is one of two constants
            f"ORDER BY key LIMIT {PAGE_RECORDS}"
        )
        after = ""
        while True:
            fixed = (kind.__name__, after)
            rows = self._db.execute(query, fixed if label is None else (*fixed, label)).fetchall()
            for key, value in rows:
                after = key
                yield _read(value, kind)
            if len(rows) < PAGE_RECORDS:
                return

    def page(self, kind: type[RecordT], after: str, limit: int) -> list[RecordT]:
        """At most `limit` records of a kind with keys greater than `after`, in their order."""
        rows = self._db.execute(
            "SELECT value FROM record WHERE kind = ? AND key > ? ORDER BY key LIMIT ?",
            (kind.__name__, after, limit),
        )
        return [_read(value, kind) for (value,) in rows]

    def count(self, kind: type[Record]) -> int:
        """How many records of a kind there are."""
        row = self._db.execute("SELECT count(*) FROM record WHERE kind = ?", (kind.__name__,))
        return int(row.fetchone()[0])

    def append(self, issued: Issued) -> int:
        """Add a line to the append-only record of issuance; returns its number, from 1."""
        value = msgspec.msgpack.encode(issued)
        row = self._db.execute("INSERT INTO issued (value) VALUES (?) RETURNING number", (value,))
        return int(row.fetchone()[0])

    def issued(self, after: int, limit: int) -> list[Issued]:
        """At most `limit` lines of the record of issuance with numbers greater than `after`."""
        from omamori.authority.records import Issued  # noqa: PLC0415 - the type, at run time

        rows = self._db.execute(
            "SELECT number, value FROM issued WHERE number > ? ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [msgspec.structs.replace(_read(value, Issued), number=n) for n, value in rows]

    def counter(self, name: str) -> int:
        """The value of a counter, 0 at first."""
        row = self._db.execute("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def advance(self, name: str, by: int = 1) -> int:
        """Add to a counter; returns the new value."""
        row = self._db.execute(
            "INSERT INTO counter VALUES (?1, ?2) ON CONFLICT (name) "
            "DO UPDATE SET value = value + ?2 RETURNING value",
            (name, by),
        )
        return int(row.fetchone()[0])

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        self._db.close()


def _read(value: bytes, kind: type[RecordT]) -> RecordT:
    try:
        return msgspec.msgpack.decode(value, type=kind)
    except (msgspec.DecodeError, TypeError) as error:
        raise StoreError("store.unreadable", {"file": kind.__name__}) from error


def _prepare(db: sqlite3.Connection) -> None:
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA trusted_schema = OFF")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        db.executescript(SCHEMA)
    elif version != SCHEMA_VERSION:
        raise StoreError("store.version-unknown", {"version": version})
