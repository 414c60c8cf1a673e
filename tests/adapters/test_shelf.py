"""One contract for both engines of the hub's shelf, and kill -9 for the one on disk."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omamori.adapters.shelf import (
    NAME_MAX,
    VALUE_OCTETS_MAX,
    MemoryShelf,
    ShelfError,
    SqliteShelf,
    open_shelf,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omamori.hub.ports import Shelf


@pytest.fixture(params=["memory", "sqlite"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    made = MemoryShelf() if request.param == "memory" else SqliteShelf(tmp_path / "shelf.sqlite3")
    yield made
    made.close()


def test_what_was_kept_is_there_by_its_room(shelf: Shelf) -> None:
    shelf.keep("traffic", "b", b"2")
    shelf.keep("traffic", "a", b"1")
    shelf.keep("alerts", "a", b"3")
    for _ in range(2):  # before and after it is on the disk
        assert list(shelf.all("traffic")) == [("a", b"1"), ("b", b"2")]
        assert list(shelf.all("alerts")) == [("a", b"3")]
        assert list(shelf.all("nowhere")) == []
        shelf.commit()


def test_a_value_is_replaced_and_dropped(shelf: Shelf) -> None:
    shelf.keep("r", "a", b"1")
    shelf.commit()
    shelf.keep("r", "a", b"2")
    assert list(shelf.all("r")) == [("a", b"2")]
    shelf.drop("r", "a")
    shelf.drop("r", "never")
    assert list(shelf.all("r")) == []
    shelf.commit()
    shelf.commit()
    assert list(shelf.all("r")) == []
    shelf.keep("r", "a", b"")
    shelf.commit()
    assert list(shelf.all("r")) == [("a", b"")]


def test_what_is_too_long_is_refused(shelf: Shelf) -> None:
    shelf.keep("r", "a", bytes(VALUE_OCTETS_MAX))
    for room, key, value in (
        ("r", "a", bytes(VALUE_OCTETS_MAX + 1)),
        ("r" * (NAME_MAX + 1), "a", b""),
        ("r", "a" * (NAME_MAX + 1), b""),
    ):
        with pytest.raises(ValueError, match="too long"):
            shelf.keep(room, key, value)
    with pytest.raises(UnicodeEncodeError):
        shelf.keep("r", "\ud800", b"")
    assert [len(value) for _, value in shelf.all("r")] == [VALUE_OCTETS_MAX]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["keep", "drop", "commit", "again"]),
        st.sampled_from(["r", "s"]),
        st.sampled_from(["a", "b", "\x00", "é"]),
        st.binary(max_size=4),
    )
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_both_engines_say_the_same_whatever_is_done(
    tmp_path: Path, acts: list[tuple[str, str, str, bytes]]
) -> None:
    path = tmp_path / "shelf.sqlite3"
    path.unlink(missing_ok=True)
    disk, memory = SqliteShelf(path), MemoryShelf()
    for act, room, key, value in acts:
        if act == "again":
            disk.commit()
            disk.close()
            disk = SqliteShelf(path)
        for shelf in (disk, memory):
            if act == "keep":
                shelf.keep(room, key, value)
            elif act == "drop":
                shelf.drop(room, key)
            elif act == "commit":
                shelf.commit()
        assert list(disk.all(room)) == list(memory.all(room))
    disk.close()


def test_what_was_not_committed_is_not_kept(tmp_path: Path) -> None:
    shelf = SqliteShelf(tmp_path / "s")
    shelf.keep("r", "a", b"1")
    shelf.commit()
    shelf.keep("r", "b", b"2")
    shelf.close()
    shelf = SqliteShelf(tmp_path / "s")
    assert list(shelf.all("r")) == [("a", b"1")]
    shelf.close()


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "shelf.sqlite3"
    path.touch(mode=0o644)
    shelf = SqliteShelf(path)
    shelf.keep("r", "a", b"1")
    shelf.commit()
    modes = {part.name: part.stat().st_mode & 0o777 for part in tmp_path.iterdir()}
    shelf.close()
    assert "shelf.sqlite3-wal" in modes
    assert set(modes.values()) == {0o600}


def test_what_could_not_be_written_waits_and_is_written_later(tmp_path: Path) -> None:
    path = tmp_path / "s"
    shelf, other = SqliteShelf(path), SqliteShelf(path)
    shelf._db.execute("PRAGMA busy_timeout=0")
    other._db.execute("BEGIN IMMEDIATE")
    shelf.keep("r", "a", b"1")
    with pytest.raises(ShelfError) as refused:
        shelf.commit()
    assert refused.value.reason.key == "shelf.not-written"
    assert list(shelf.all("r")) == [("a", b"1")]
    other._db.execute("ROLLBACK")
    shelf.commit()
    assert list(other.all("r")) == [("a", b"1")]
    shelf.close()
    other.close()


@pytest.mark.parametrize("left", [b"", b"no database", b"keep"])
def test_a_damaged_shelf_is_set_aside_and_a_new_one_begins(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "shelf.sqlite3"
    shelf = SqliteShelf(path)
    for number in range(500):
        shelf.keep("r", str(number), bytes(100))
    shelf.commit()
    shelf.close()
    octets = path.read_bytes()
    path.write_bytes(left * 500 if left != b"keep" else octets[: len(octets) // 2])
    again, aside = open_shelf(path, 7.0)
    assert aside == ("shelf.damaged-7.sqlite3" if left else "")
    assert list(again.all("r")) == []
    again.keep("r", "a", b"1")
    again.commit()
    again.close()
    assert not left or (tmp_path / aside).exists()
    again, aside = open_shelf(path, 8.0)
    assert (list(again.all("r")), aside) == ([("a", b"1")], "")
    again.close()


def test_a_shelf_where_none_can_be_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(ShelfError) as refused:
        open_shelf(tmp_path / "no-folder" / "s", 0.0)
    assert refused.value.reason.key == "shelf.not-opened"


WRITER = """
import sys
from pathlib import Path
from omamori.adapters.shelf import SqliteShelf
shelf = SqliteShelf(Path(sys.argv[1]))
for turn in range(int(sys.argv[2]), 10**9):
    for key in range(50):
        shelf.keep("r", f"{key}", str(turn).encode() * 200)
    shelf.commit()
    print(turn, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9_and_all_of_it_or_none(tmp_path: Path) -> None:
    path, begin = tmp_path / "s.sqlite3", 1
    for _ in range(3):
        writing = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(begin)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writing.stdout is not None
        for _ in range(10):
            writing.stdout.readline()
        os.kill(writing.pid, signal.SIGKILL)
        said = [int(line) for line in writing.stdout.read().split("\n")[:-1] if line]
        writing.communicate()
        shelf = SqliteShelf(path)
        kept = dict(shelf.all("r"))
        shelf.close()
        (value,) = set(kept.values())
        turn = int(value[: len(value) // 200])
        assert len(kept) == 50
        assert turn >= max([begin + 9, *said])
        begin = turn + 1


def test_damage_that_is_no_text_is_damage_too(tmp_path: Path) -> None:
    """The message about a damaged schema quotes its octets, which Python cannot read."""
    path = tmp_path / "watch.sqlite3"
    SqliteShelf(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"CREATE TABLE kept", b"CREATE T\xc1BLE kept"))
    shelf, aside = open_shelf(path, 5.0)
    assert aside
    assert list(shelf.all("thing")) == []
    shelf.close()


@pytest.mark.parametrize(
    "made",
    [
        "TABLE kept (a, b)",
        "TABLE kept (room TEXT, key TEXT, value BLOB)",
        "VIEW kept AS SELECT 1",
    ],
)
def test_a_sound_file_of_another_make_is_set_aside(tmp_path: Path, made: str) -> None:
    path = tmp_path / "watch.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute(f"CREATE {made}")
    shelf, aside = open_shelf(path, 5.0)
    assert aside == "watch.damaged-5.sqlite3"
    assert list(shelf.all("thing")) == []
    shelf.close()


def test_what_is_neither_text_nor_octets_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "watch.sqlite3"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE kept (room TEXT, key BLOB, value BLOB, PRIMARY KEY (room, key))")
    rows = [("thing", b"\xff", b""), ("thing", "odd", "text"), ("thing", "sound", b"1")]
    database.executemany("INSERT INTO kept VALUES (?, ?, ?)", rows)
    database.commit()
    database.close()
    shelf, _ = open_shelf(path, 5.0)
    assert list(shelf.all("thing")) == [("sound", b"1")]
    shelf.close()
