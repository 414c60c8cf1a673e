"""One contract for every engine of the ledger's port, and kill -9 for the one on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from omamori.adapters.entries import (
    MEMORY_ENTRIES_MAX,
    EntriesError,
    LostEntries,
    MemoryEntries,
    SqliteEntries,
    open_entries,
)
from omamori.documents.reason import Reason
from omamori.ledger.entry import BODY_BYTES_MAX, Entries, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def entries(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Entries]:
    if request.param == "memory":
        yield MemoryEntries()
        return
    store = SqliteEntries(tmp_path / "ledger.sqlite3")
    yield store
    store.close()


def entry(number: int) -> Entry:
    return Entry(float(number), "verdict", ("a", "b"), (Reason("x.y", {"n": number}),), {"n": 1})


def test_what_was_appended_is_read_newest_first(entries: Entries) -> None:
    assert entries.read() == []
    assert entries.append([entry(0), entry(1)]) == 1
    assert entries.append([entry(2)]) == 2
    found = entries.read(limit=2)
    assert [e.seq for e in found] == [2, 1]
    assert found[0].reasons == entry(2).reasons
    assert [e.seq for e in entries.read(before=1)] == [0]
    assert entries.count() == 3


def test_nothing_to_append_changes_nothing(entries: Entries) -> None:
    entries.append([entry(0)])
    assert entries.append([]) == 0
    assert entries.count() == 1


def test_memory_forgets_the_oldest_and_keeps_the_numbers() -> None:
    entries = MemoryEntries()
    for number in range(MEMORY_ENTRIES_MAX + 5):
        entries.append([entry(number)])
    assert entries.count() == MEMORY_ENTRIES_MAX + 5
    assert len(entries.read(limit=MEMORY_ENTRIES_MAX * 2)) == MEMORY_ENTRIES_MAX
    assert entries.read(limit=1)[0].seq == MEMORY_ENTRIES_MAX + 4


def test_an_entry_too_long_is_refused_and_nothing_of_its_batch_is_kept(tmp_path: Path) -> None:
    store = SqliteEntries(tmp_path / "l.sqlite3")
    with pytest.raises(ValueError, match="too long"):
        store.append([entry(0), Entry(0.0, "x" * BODY_BYTES_MAX)])
    assert store.count() == 0
    store.close()


@pytest.mark.parametrize("left", [b"", b"no database", b"keep"])
def test_a_damaged_ledger_is_set_aside_and_a_new_one_begins(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "ledger.sqlite3"
    store = SqliteEntries(path)
    store.append([entry(number) for number in range(500)])
    store.close()
    octets = path.read_bytes()
    path.write_bytes(left * 500 if left != b"keep" else octets[: len(octets) // 2])
    again, aside = open_entries(path, 7.0)
    assert aside == ("ledger.damaged-7.sqlite3" if left else "")
    assert again.count() == 0
    again.append([entry(1)])
    again.close()
    assert not left or (tmp_path / aside).exists()
    store, aside = open_entries(path, 8.0)
    assert (store.count(), aside) == (1, "")
    store.close()


def test_the_ledger_and_its_logs_are_the_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.touch(mode=0o644)
    path.chmod(0o644)  # as an earlier version left it
    store = SqliteEntries(path)
    store.append([entry(1)])
    modes = {part.name: part.stat().st_mode & 0o777 for part in tmp_path.iterdir()}
    assert modes == dict.fromkeys((path.name, f"{path.name}-wal", f"{path.name}-shm"), 0o600)
    store.close()


WRITER = """
import sys
from pathlib import Path
from omamori.adapters.entries import SqliteEntries
from omamori.ledger.entry import Entry
store = SqliteEntries(Path(sys.argv[1]))
while True:
    print(store.append([Entry(0.0, "verdict")]), flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite3"
    for _ in range(3):
        writing = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writing.stdout is not None
        acknowledged = [int(writing.stdout.readline()) for _ in range(20)]
        os.kill(writing.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writing.stdout.read().split("\n")[:-1] if line]
        writing.communicate()
        store = SqliteEntries(path)
        kept = {e.seq for e in store.read(limit=1_000_000)}
        store.close()
        assert set(acknowledged) <= kept
        assert kept == set(range(len(kept)))


def test_a_full_disk_refuses_all_of_it_and_takes_more_when_there_is_room(tmp_path: Path) -> None:
    store = SqliteEntries(tmp_path / "ledger.sqlite3")
    store.append([entry(0)])
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    many = [entry(number) for number in range(500)]
    for _ in range(2):  # a refusal leaves no transaction open
        with pytest.raises(EntriesError) as refused:
            store.append(many)
        assert refused.value.reason.key == "ledger.not-written"
    assert store.count() == 1
    store._db.execute("PRAGMA max_page_count = 100000")
    assert store.append(many) == 500
    assert [one.seq for one in store.read(limit=2)] == [500, 499]
    store.close()


def test_a_line_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    store = SqliteEntries(tmp_path / "ledger.sqlite3")
    store.append([entry(0), entry(1), entry(2)])
    store._db.execute("UPDATE entry SET body = ? WHERE seq = 1", (b'{"at": null}',))
    assert [one.seq for one in store.read()] == [2, 0]
    store.close()


def test_a_record_that_is_lost_keeps_nothing_and_says_so() -> None:
    lost = LostEntries(EntriesError("ledger.not-opened", {"file": "ledger.sqlite3"}))
    with pytest.raises(EntriesError):
        lost.append([entry(0)])
    assert (lost.read(), lost.count()) == ([], 0)
    lost.close()
