"""One contract for every engine behind the authority's store."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authority.made import NOW
from omamori.adapters.storage.memory import MemoryRegistryStore
from omamori.adapters.storage.sqlite import PAGE_RECORDS, SqliteRegistryStore, StoreError
from omamori.authority.records import Enrolment, Issued, Product, StatusEntry, Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omamori.authority.ports import RegistryStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryStore]:
    made: RegistryStore = (
        MemoryRegistryStore()
        if request.param == "memory"
        else SqliteRegistryStore.open(tmp_path / "store.sqlite3")
    )
    yield made
    made.close()


def _product(name: str, rung: int = 3) -> Product:
    return Product(name=name, assessed=rung, rung=rung)


def _line(serial: str) -> Issued:
    return Issued(kind="device", serial=serial, subject="s", der=b"\x30", at=NOW)


def test_a_record_comes_back_as_it_was(store: RegistryStore) -> None:
    product = Product(
        name="a", title="エアコン", maker="M", assessed=5, rung=2, why="unpatched", changed_at=NOW
    )
    store.put(product)
    assert store.get(Product, "a") == product
    assert store.get(Product, "b") is None
    assert store.get(Version, "a") is None


def test_a_later_record_replaces_and_a_removed_one_is_gone(store: RegistryStore) -> None:
    store.put(_product("a", 1))
    store.put(_product("a", 2))
    assert store.count(Product) == 1
    found = store.get(Product, "a")
    assert found
    assert found.rung == 2
    store.remove(Product, "a")
    store.remove(Product, "a")
    assert store.get(Product, "a") is None
    assert list(store.every(Product)) == []


def test_records_are_found_by_label_and_move_with_it(store: RegistryStore) -> None:
    for index in range(5):
        store.put(StatusEntry(index=index, status=index % 2))
    assert [e.index for e in store.every(StatusEntry, "set")] == [1, 3]
    store.put(StatusEntry(index=1))
    store.put(StatusEntry(index=4, status=2))
    assert [e.index for e in store.every(StatusEntry, "set")] == [3, 4]
    assert [e.index for e in store.every(StatusEntry)] == [0, 1, 2, 3, 4]
    assert list(store.every(StatusEntry, "never")) == []


def test_every_record_is_seen_once_though_it_is_written_meanwhile(store: RegistryStore) -> None:
    count = PAGE_RECORDS * 2 + 1
    with store.transaction():
        for index in range(count):
            store.put(StatusEntry(index=index, status=1))
        seen = []
        for entry in store.every(StatusEntry, "set"):
            seen.append(entry.index)
            store.put(StatusEntry(index=entry.index, status=2))
    assert seen == list(range(count))


def test_pages_follow_the_keys(store: RegistryStore) -> None:
    for name in ("c", "a", "b", "d"):
        store.put(_product(name))
    assert [p.name for p in store.page(Product, "", 2)] == ["a", "b"]
    assert [p.name for p in store.page(Product, "b", 9)] == ["c", "d"]
    assert store.page(Product, "d", 9) == []


def test_a_failed_transaction_leaves_nothing(store: RegistryStore) -> None:
    store.put(_product("kept", 1))
    store.advance("n", 7)
    store.append(_line("1"))

    def fail() -> None:
        with store.transaction():
            store.put(_product("kept", 2))
            store.put(_product("new"))
            store.remove(Product, "kept")
            store.advance("n")
            store.append(_line("2"))
            with store.transaction():
                store.advance("m")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    kept = store.get(Product, "kept")
    assert kept
    assert kept.rung == 1
    assert store.count(Product) == 1
    assert (store.counter("n"), store.counter("m")) == (7, 0)
    assert [line.serial for line in store.issued(0, 9)] == ["1"]
    with store.transaction():
        store.advance("n")
    assert store.counter("n") == 8


def test_the_record_of_issuance_counts_from_one(store: RegistryStore) -> None:
    assert [store.append(_line(str(n))) for n in range(3)] == [1, 2, 3]
    assert [line.number for line in store.issued(1, 1)] == [2]
    assert [line.serial for line in store.issued(1, 9)] == ["1", "2"]
    assert store.issued(3, 9) == []


def test_counters_start_at_nothing(store: RegistryStore) -> None:
    assert store.counter("x") == 0
    assert store.advance("x") == 1
    assert store.advance("x", 5) == 6
    assert store.advance("x", -6) == 0


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove", "advance", "append"]),
        st.sampled_from(["a", "b", "c"]),
        st.integers(1, 5),
        st.booleans(),
    ),
    max_size=30,
)


def _play(store: RegistryStore, acts: list[tuple[str, str, int, bool]]) -> object:
    for act, name, rung, fails in acts:
        try:
            with store.transaction():
                if act == "put":
                    store.put(Version(product=name, name="1", assessed=rung, rung=rung))
                elif act == "remove":
                    store.remove(Version, f"{name}@1")
                elif act == "advance":
                    store.advance(name, rung)
                else:
                    store.append(_line(name))
                if fails:
                    raise KeyError  # noqa: TRY301 - the fault that is tested
        except KeyError:
            pass
    return (
        list(store.every(Version)),
        list(store.every(Version, "a")),
        [store.counter(n) for n in "abc"],
        [line.serial for line in store.issued(0, 99)],
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_both_engines_tell_the_same_story(
    tmp_path: Path, acts: list[tuple[str, str, int, bool]]
) -> None:
    path = tmp_path / "twin.sqlite3"
    for old in tmp_path.glob("twin.sqlite3*"):
        old.unlink()
    disk = SqliteRegistryStore.open(path)
    told = _play(disk, acts)
    assert told == _play(MemoryRegistryStore(), acts)
    disk.close()
    again = SqliteRegistryStore.open(path)
    assert _play(again, []) == told
    again.close()


# What only a file can suffer.


def test_the_file_is_the_owner_s_alone_and_the_log_is_written_through(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    store = SqliteRegistryStore.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()


def test_the_record_of_issuance_cannot_be_rewritten(tmp_path: Path) -> None:
    store = SqliteRegistryStore.open(tmp_path / "s.sqlite3")
    store.append(_line("1"))
    for change in ("UPDATE issued SET value = x'00'", "DELETE FROM issued"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            store._db.execute(change)
    store.close()


@pytest.mark.parametrize("octets", [b"this is no database at all" * 40, b"SQLite format 3\0" * 99])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "s.sqlite3"
    path.write_bytes(octets)
    with pytest.raises(StoreError, match=r"store.unreadable"):
        SqliteRegistryStore.open(path)
    assert path.read_bytes() == octets


def test_a_store_of_a_later_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    store = SqliteRegistryStore.open(path)
    store._db.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StoreError, match=r"store.version-unknown"):
        SqliteRegistryStore.open(path)


def test_a_record_that_is_not_its_kind_is_refused(tmp_path: Path) -> None:
    store = SqliteRegistryStore.open(tmp_path / "s.sqlite3")
    store._db.execute("INSERT INTO record VALUES ('Enrolment', 'k', '', x'c1')")
    with pytest.raises(StoreError, match=r"store.unreadable"):
        store.get(Enrolment, "k")
    store.close()
