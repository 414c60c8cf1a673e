"""The fullest of several tables give first, as far as they can."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omamori.hub.crowded import relieve


def give(table: list[int]) -> int:
    gone = table[:2]
    del table[:2]
    return len(gone)


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(0, 200))
def test_enough_goes_and_the_fullest_give_it(sizes: list[int], excess: int) -> None:
    tables = [list(range(size)) for size in sizes]
    gone = relieve(tables, len, give, excess)
    left = [len(table) for table in tables]
    assert gone == sum(sizes) - sum(left)
    assert gone >= min(excess, sum(sizes))
    assert gone <= excess + 1
    gave = [after for before, after in zip(sizes, left, strict=True) if after < before]
    assert all(after >= max(left) - 2 for after in gave)


def test_who_has_nothing_to_give_does_not_hold_up_the_others() -> None:
    stubborn, willing = list(range(50)), list(range(9))
    gone = relieve([stubborn, willing], len, lambda one: 0 if one is stubborn else give(one), 5)
    assert (gone, len(stubborn), len(willing)) == (6, 50, 3)


def test_tables_that_only_change_what_they_hold_end_it_too() -> None:
    turns = iter([1, 1, 1, 0])
    assert relieve([[1, 2]], len, lambda _: next(turns), 5) == 0
