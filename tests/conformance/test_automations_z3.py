"""Z3 as an independent oracle: two conditions exclude each other here exactly when they do there."""

from __future__ import annotations

from typing import Any

import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.documents import automation as doc
from omamori.hub.automating.domain import both
from omamori.hub.automating.reading import Reader

READER = Reader(doc.Automations(()))
MODES = ("home", "away", "night", "vacation")
TIMES = ("00:00", "06:00", "12:30", "22:00", "23:59")

NUMERIC = st.builds(
    doc.StateIs,
    st.sampled_from(["sensor.t", "sensor.u"]), st.just("level_x"),
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), st.integers(0, 3),
)  # fmt: skip
WORDY = st.builds(
    doc.StateIs,
    st.just("house"),
    st.just("where"),
    st.sampled_from(["=", "!="]),
    st.sampled_from(MODES),
)
LISTED = st.builds(
    doc.StateIs, st.just("house"), st.just("where"), st.sampled_from(["in", "not in"]),
    st.lists(st.sampled_from(MODES), min_size=1, max_size=3).map(tuple),
)  # fmt: skip
CLOCKS = st.builds(doc.TimeIs, st.sampled_from(TIMES), st.sampled_from(TIMES))
DAYS = st.builds(
    doc.TimeIs, days=st.lists(st.sampled_from(doc.DAYS), min_size=1, max_size=6).map(tuple)
)
CONDITIONS: st.SearchStrategy[Any] = st.recursive(
    st.one_of(NUMERIC, WORDY, LISTED, CLOCKS, DAYS),
    lambda of: st.one_of(
        st.builds(doc.AllOf, st.lists(of, max_size=2).map(tuple)),
        st.builds(doc.AnyOf, st.lists(of, min_size=1, max_size=2).map(tuple)),
        st.builds(doc.NotAny, st.lists(of, min_size=1, max_size=2).map(tuple)),
    ),
    max_leaves=5,
)
MINUTE, DAY, MODE = z3.Real("minute"), z3.Int("day"), z3.Int("mode")


def formula(told: Any) -> Any:
    if isinstance(told, (doc.AllOf, doc.AnyOf, doc.NotAny)):
        of = [formula(one) for one in told.of]
        joined = z3.And(*of) if isinstance(told, doc.AllOf) else z3.Or(*of)
        return z3.Not(joined) if isinstance(told, doc.NotAny) else joined
    if isinstance(told, doc.TimeIs):
        return z3.And(*clock(told), *days(told))
    if told.thing == "house":
        values = told.value if isinstance(told.value, tuple) else (told.value,)
        held = z3.Or(*(MODES.index(one) == MODE for one in values))
        return held if told.operator in {"=", "in"} else z3.Not(held)
    x = z3.Real(told.thing)
    value = told.value
    return {
        "<": x < value, "<=": x <= value, ">": x > value, ">=": x >= value, "=": x == value,
        "!=": x != value,
    }[told.operator]  # fmt: skip


def clock(told: doc.TimeIs) -> list[Any]:
    if not told.after:
        return []
    start, end = (int(one[:2]) * 60 + int(one[3:]) for one in (told.after, told.before))
    if start < end:
        return [z3.And(start <= MINUTE, end > MINUTE)]
    return [z3.Or(start <= MINUTE, end > MINUTE)]


def days(told: doc.TimeIs) -> list[Any]:
    return [z3.Or(*(doc.DAYS.index(one) == DAY for one in told.days))] if told.days else []


def can_be_together(*told: Any) -> bool:
    solver = z3.Solver()
    solver.add(MINUTE >= 0, MINUTE < 1440, DAY >= 0, DAY < 7, MODE >= 0, len(MODES) >= MODE)
    solver.add(*(formula(one) for one in told))
    return bool(solver.check() == z3.sat)


@settings(max_examples=300)
@given(CONDITIONS, CONDITIONS)
def test_two_conditions_exclude_each_other_exactly_when_z3_says_so(one: Any, other: Any) -> None:
    mine, theirs = READER.cases(one, "a"), READER.cases(other, "b")
    ours = any(
        both(first.situation, second.situation) is not None for first in mine for second in theirs
    )
    if all(case.is_exact for case in (*mine, *theirs)):
        assert ours == can_be_together(one, other)
    else:
        assert ours or not can_be_together(one, other)


def test_the_oracle_can_disagree() -> None:
    night, morning = doc.TimeIs("22:00", "06:00"), doc.TimeIs("06:00", "12:30")
    assert not can_be_together(night, morning)
    assert can_be_together(night, doc.NotAny((morning,)))
