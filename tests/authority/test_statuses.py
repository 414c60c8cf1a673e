"""Places on the status list: random, never shared, free again only when nothing needs them."""

from __future__ import annotations

import pytest

from authority.made import NOW, Counted
from omamori.adapters.storage.memory import MemoryRegistryStore
from omamori.authority.records import RequestError
from omamori.authority.statuses import SIZE_MIN, StatusBook
from omamori.documents.limits import CLOCK_SKEW_S_MAX
from omamori.documents.status import INVALID, SUSPENDED, VALID


def test_places_differ_and_the_list_grows_before_it_is_half_full() -> None:
    book = StatusBook(MemoryRegistryStore(), Counted("s"))
    places = [book.allot() for _ in range(SIZE_MIN)]
    assert len(set(places)) == SIZE_MIN
    assert book.size() == SIZE_MIN * 2
    assert len(book.list()) == SIZE_MIN * 2
    assert places != sorted(places)


def test_a_place_is_free_only_when_its_last_statement_is_over() -> None:
    store = MemoryRegistryStore()
    book = StatusBook(store, Counted("s"))
    gone, held, good = book.allot(), book.allot(), book.allot()
    book.set(gone, INVALID, NOW)
    book.set(held, SUSPENDED)
    assert book.sweep(NOW) == 0
    listed = book.list()
    assert [listed.at(i) for i in (gone, held, good)] == [INVALID, SUSPENDED, VALID]
    assert book.sweep(NOW + CLOCK_SKEW_S_MAX + 1) == 1
    assert book.list().at(gone) == VALID
    assert book.list().at(held) == SUSPENDED
    assert store.counter("status.used") == 2


def test_the_list_in_memory_is_the_list_in_the_store() -> None:
    store = MemoryRegistryStore()
    book = StatusBook(store, Counted("s"))
    book.list()
    places = [book.allot() for _ in range(600)]
    for turn, place in enumerate(places):
        book.set(place, turn % 3, NOW)
    book.set(places[1], SUSPENDED)
    book.sweep(NOW + 1000)
    assert book.list().octets == StatusBook(store, Counted("t")).list().octets
    assert book.list().at(places[1]) == SUSPENDED


def test_the_list_never_shrinks() -> None:
    book = StatusBook(MemoryRegistryStore(), Counted("s"))
    for place in [book.allot() for _ in range(SIZE_MIN)]:
        book.set(place, INVALID, NOW)
    book.sweep(NOW + 1000)
    assert book.size() == SIZE_MIN * 2


def test_a_broken_source_of_entropy_ends_with_a_refusal() -> None:
    book = StatusBook(MemoryRegistryStore(), bytes)
    book.allot()
    with pytest.raises(RequestError, match=r"status.full"):
        book.allot()
