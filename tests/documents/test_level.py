"""Levels: never bare numbers, never compared across ladders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.documents.level import Ladder, Level, LevelError, ladder_of_uuid, lowest

ENERGY, HEALTH = Ladder("energy", "2.25.7.1.1"), Ladder("health", "2.25.8.1.1")


def test_a_level_is_its_oid_and_back() -> None:
    for level in ENERGY.levels():
        assert ENERGY.read(level.oid) == level
        assert HEALTH.read(level.oid) is None


@pytest.mark.parametrize(
    "oid",
    ["", "3", "2.25.7.1.1", "2.25.7.1.1.", "2.25.7.1.1.0", "2.25.7.1.1.6", "2.25.7.1.1.03", "2.25.7.1.1.03x",
     "2.25.7.1.1.²", "2.25.7.1.1.003", "2.25.7.1.1.-1", "2.25.7.1.1.1.1", "2.5.29.32.0"],
)  # fmt: skip
def test_no_policy_is_no_level_not_the_lowest(oid: str) -> None:
    assert ENERGY.read(oid) is None


def test_ladders_are_never_compared() -> None:
    with pytest.raises(LevelError, match="ladders-differ"):
        ENERGY.level(5).reaches(HEALTH.level(1))
    with pytest.raises(LevelError, match="ladders-differ"):
        lowest([ENERGY.level(1), HEALTH.level(1)])
    with pytest.raises(TypeError):
        assert ENERGY.level(1) < ENERGY.level(2)  # type: ignore[operator]


def test_two_policy_versions_are_two_ladders() -> None:
    old, new = ladder_of_uuid("energy", 5, 1), ladder_of_uuid("energy", 5, 2)
    with pytest.raises(LevelError):
        old.level(3).reaches(new.level(3))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_the_lowest_is_the_lowest(rungs: list[int]) -> None:
    assert lowest([ENERGY.level(r) for r in rungs]) == ENERGY.level(min(rungs))


@pytest.mark.parametrize("rung", [0, -1, 6])
def test_a_ladder_ends(rung: int) -> None:
    with pytest.raises(LevelError, match="no-such-rung"):
        ENERGY.level(rung)


def test_only_a_uuid_makes_an_arc() -> None:
    assert ladder_of_uuid("x", 7).level(2) == Level("x", "2.25.7.1.1", 2)
    with pytest.raises(LevelError, match="not-a-uuid"):
        ladder_of_uuid("x", 1 << 128)


@given(st.text(max_size=40))
def test_any_text_is_a_level_or_none(oid: str) -> None:
    level = ENERGY.read(oid)
    assert level is None or level.base == ENERGY.base
