"""Engines of the hub's shelf: memory for worlds and captures, SQLite for homes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALUE_OCTETS_MAX = 1_000_000
NAME_MAX = 320  # characters of a room or key
MODE = 0o600  # who was home and what they talked with is the family's alone
DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_COLUMNS = [("room", 1), ("key", 2), ("value", 0)]
"""What `kept` consists of: name, and place in the primary key."""
_BROKEN = (sqlite3.Error, UnicodeDecodeError)  # Python reads a damaged schema's message as UTF-8
_TAILS = ("", "-wal", "-shm")


class ShelfError(RefusedError):
    """A shelf that fails: `shelf.damaged`, `shelf.not-opened`, `shelf.not-written`."""


class MemoryShelf:
    """A shelf that is forgotten with its process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def keep(self, room: str, key: str, value: bytes) -> None:
        """See `Shelf.keep`; raises ValueError for what is too long."""
        _bounded(room, key, value)
        self._kept[room, key] = value

    def drop(self, room: str, key: str) -> None:
        """See `Shelf.drop`."""
        self._kept.pop((room, key), None)

    def all(self, room: str) -> Iterator[tuple[str, bytes]]:
        """See `Shelf.all`."""
        yield from sorted(
            (key, value) for (there, key), value in self._kept.items() if there == room
        )

    def commit(self) -> None:
        """See `Shelf.commit`."""

    def close(self) -> None:
        """Nothing to close."""


class SqliteShelf:
    """A shelf in one SQLite file; what `commit` acknowledged survives kill -9 and power loss."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            ShelfError: `shelf.damaged`, `shelf.not-opened`.
        """
        self._path = path
        self._waiting: dict[tuple[str, str], bytes | None] = {}
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, MODE))
            path.chmod(MODE)
            self._db = sqlite3.connect(path, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise ShelfError("shelf.not-opened", {"file": path.name}) from error
        try:
            self._prepare()
        except _BROKEN as error:
            self._db.close()
            raise ShelfError(_why(error), {"file": path.name}) from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")  # acknowledged means on disk
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS kept (room TEXT NOT NULL, key TEXT NOT NULL,"
            " value BLOB NOT NULL, PRIMARY KEY (room, key)) STRICT, WITHOUT ROWID"
        )
        columns = self._db.execute("SELECT name, pk FROM pragma_table_info('kept')").fetchall()
        is_ours = columns == _COLUMNS  # else it is a sound file of somebody else's making
        if not is_ours or self._db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            error = sqlite3.DatabaseError("malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

    def keep(self, room: str, key: str, value: bytes) -> None:
        """See `Shelf.keep`; raises ValueError for what is too long."""
        _bounded(room, key, value)
        self._waiting[room, key] = value

    def drop(self, room: str, key: str) -> None:
        """See `Shelf.drop`."""
        self._waiting[room, key] = None

    def all(self, room: str) -> Iterator[tuple[str, bytes]]:
        """See `Shelf.all`; what waits for a commit is told, too.

        Raises:
            ShelfError: `shelf.damaged`, `shelf.not-opened`.
        """
        try:
            rows = self._db.execute("SELECT key, value FROM kept WHERE room = ?", (room,))
            found = {k: v for k, v in rows if isinstance(k, str) and isinstance(v, bytes)}
        except _BROKEN as error:
            raise ShelfError(_why(error), {"file": self._path.name}) from error
        for (there, key), value in self._waiting.items():
            if there == room:
                found.pop(key, None)
                if value is not None:
                    found[key] = value
        yield from sorted(found.items())

    def commit(self) -> None:
        """See `Shelf.commit`; what could not be written waits for the next one.

        Raises:
            ShelfError: `shelf.not-written`.
        """
        if not self._waiting:
            return
        kept = [(*name, value) for name, value in self._waiting.items() if value is not None]
        dropped = [name for name, value in self._waiting.items() if value is None]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("DELETE FROM kept WHERE room = ? AND key = ?", dropped)
            self._db.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", kept)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise ShelfError("shelf.not-written", {"file": self._path.name}) from error
        self._waiting.clear()

    def close(self) -> None:
        """Close the file; what was not committed is not kept."""
        self._db.close()


def open_shelf(path: Path, now: float) -> tuple[SqliteShelf, str]:
    """The shelf at `path`, and the name under which a damaged one was set aside ("" if none was).

    A home whose shelf is damaged still watches, and learns anew.

    Raises:
        ShelfError: `shelf.not-opened`.
    """
    try:
        return SqliteShelf(path), ""
    except ShelfError as error:
        if error.reason.key != "shelf.damaged":
            raise
    aside = path.with_name(f"{path.stem}.damaged-{int(now)}{path.suffix}")
    for tail in _TAILS:
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(aside.with_name(aside.name + tail))
    return SqliteShelf(path), aside.name


def remembered(path: Path) -> MemoryShelf:
    """What can be read of a shelf that cannot be written, on a full disk say; it keeps nothing."""
    shelf = MemoryShelf()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)) as db:
            for room, key, value in db.execute("SELECT room, key, value FROM kept"):
                shelf.keep(room, key, value)
    except (*_BROKEN, ValueError, TypeError, OSError):
        return shelf  # what was read until then
    return shelf


def _bounded(room: str, key: str, value: bytes) -> None:
    (room + key).encode()  # half a surrogate pair is no text: it must not stop a later commit
    if len(value) > VALUE_OCTETS_MAX or max(len(room), len(key)) > NAME_MAX:
        raise ValueError("too long to keep")


def _why(error: sqlite3.Error | UnicodeDecodeError) -> str:
    # SQLite's extended codes keep the primary one in their low octet
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    damaged = code in DAMAGED or isinstance(error, UnicodeDecodeError)
    return "shelf.damaged" if damaged else "shelf.not-opened"
