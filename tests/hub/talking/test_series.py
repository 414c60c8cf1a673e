"""A series keeps every octet, in few pieces, however wild the clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omamori.hub.talking.series import DAYS_MAX, HOUR_S, HOURS_MAX, MINUTE_S, MINUTES_MAX, Series

T0 = 1_790_000_000
PIECES_MAX = MINUTES_MAX + HOURS_MAX + DAYS_MAX
ADDED = st.lists(
    st.tuples(
        st.one_of(
            st.integers(T0, T0 + 100_000),
            st.integers(T0 - 10**7, T0 + 10**7),
            st.integers(0, 2**33),
        ),
        st.integers(0, 2**40),
        st.integers(0, 2**40),
    ),
    max_size=400,
)


def filled(added: list[tuple[int, int, int]]) -> Series:
    series = Series()
    for at, sent, received in added:
        series.add(at // MINUTE_S, sent, received)
    return series


def sums(added: list[tuple[int, int, int]]) -> tuple[int, int]:
    return sum(sent for _, sent, _ in added), sum(received for _, _, received in added)


@given(ADDED, st.integers(0, 2**33))
def test_nothing_added_is_lost_and_the_pieces_are_few_and_in_order(
    added: list[tuple[int, int, int]], now: int
) -> None:
    series = filled(added)
    for _ in range(2):
        pieces = list(series.pieces())
        assert series.since(0) == sums(added)
        assert len(pieces) <= PIECES_MAX
        for span in (60, 3600, 86_400):
            starts = [start for start, span_s, *_ in pieces if span_s == span]
            assert starts == sorted(set(starts))
        series.fold(now)


@given(ADDED, ADDED, st.integers(T0, T0 + 10**7))
def test_two_series_make_one_with_all_of_both(
    mine: list[tuple[int, int, int]], others: list[tuple[int, int, int]], now: int
) -> None:
    series, other = filled(mine), filled(others)
    other.fold(now)
    series.merge(other)
    assert series.since(0) == sums(mine + others)
    assert len(list(series.pieces())) <= PIECES_MAX


@given(ADDED, st.integers(T0, T0 + 10**7))
def test_what_is_kept_and_taken_in_again_is_as_much(
    added: list[tuple[int, int, int]], now: int
) -> None:
    series, again = filled(added), Series()
    series.fold(now)
    again.take(*series.kept())
    assert again.since(0) == sums(added)
    assert len(list(again.pieces())) <= PIECES_MAX


def test_the_last_hour_is_in_minutes_and_folds_into_its_hour() -> None:
    begin = T0 - T0 % HOUR_S
    series = filled([(begin + minute * 60, 1, 2) for minute in range(120)])
    series.fold(begin + 2 * HOUR_S - 1)
    pieces = list(series.pieces())
    assert pieces[0] == (begin, HOUR_S, 60, 120)
    assert [span for _, span, *_ in pieces[1:]] == [60] * 60
    assert series.since(begin + 2 * HOUR_S - 60) == (1, 2)
    assert series.since(begin + 90) == (60 + 60, 240)  # the hour it lies in counts whole


def test_what_was_timed_far_ahead_is_in_the_sum_and_told_nowhere() -> None:
    series = filled([(T0, 1, 0), (T0 + 10**6, 5, 0)])
    series.fold(T0)
    assert [sent for *_, sent, _ in series.pieces()] == [1]
    assert series.since(0) == (6, 0)
