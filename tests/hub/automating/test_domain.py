"""What a value may be: the laws of sets hold, and a sample is allowed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omamori.hub.automating.domain import (
    EVERY,
    NOTHING,
    Domain,
    both,
    either,
    meet,
    only,
    other_than,
    span,
)

NUMBERS = st.integers(-5, 5).map(float)
WORDS = st.sampled_from(["on", "off", "away"])
SPANS = st.builds(
    lambda low, high, a, b: span(low, high, with_low=a, with_high=b),
    NUMBERS, NUMBERS, st.booleans(), st.booleans(),
)  # fmt: skip
SIMPLE = st.one_of(SPANS, NUMBERS.map(only), WORDS.map(only), st.just(EVERY), st.just(NOTHING))
DOMAINS = st.recursive(
    SIMPLE,
    lambda of: st.one_of(
        st.builds(meet, of, of), of.map(other_than), st.lists(of, max_size=3).map(either)
    ),
    max_leaves=6,
)
VALUES = st.one_of(st.integers(-12, 12).map(lambda half: half / 2), WORDS, st.just("other"))


@given(DOMAINS, DOMAINS, VALUES)
def test_it_holds_what_sets_hold(one: Domain, other: Domain, value: float | str) -> None:
    assert meet(one, other).holds(value) == (one.holds(value) and other.holds(value))
    assert other_than(one).holds(value) == (not one.holds(value))
    assert either((one, other)).holds(value) == (one.holds(value) or other.holds(value))


@given(DOMAINS)
def test_a_sample_is_allowed(one: Domain) -> None:
    value = one.sample()
    if value != "":
        assert one.holds(value)
    else:
        assert not one.spans


@given(DOMAINS)
def test_empty_means_that_nothing_is_left(one: Domain) -> None:
    assert meet(one, other_than(one)).is_empty
    assert one.is_empty == (one == NOTHING)


def test_situations_exclude_each_other_at_one_point() -> None:
    var, far = ("lamp", "power"), ("door", "opened")
    assert both({var: only("on")}, {var: only("off")}) is None
    assert both({var: only("on")}, {far: only("off")}) == {var: only("on"), far: only("off")}
