"""A plan becomes rules: the same each time, bounded, and never half understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.hub.guarding.plan import REACHES, Carrier, Cut, Pair, Place, Plan, PlanError
from omamori.hub.guarding.rules import Rules, desired

HUB = Place("hub", ("02:00:00:00:00:01",), ("192.168.77.1",))
ONE = Place("one", ("02:00:00:00:00:02",), ("192.168.77.2", "fd77::2"), "p2")
OTHER = Place("other", ("02:00:00:00:00:03",), ("192.168.77.3",), "p3")
texts = st.one_of(
    st.text(max_size=20), st.sampled_from(["02:00:00:00:00:02", "10.0.0.1", "p2", ""])
)
places = st.builds(
    Place, texts, st.lists(texts, max_size=3).map(tuple), st.lists(texts, max_size=3).map(tuple), texts
)  # fmt: skip


def elements(rules: Rules, name: str, family: str = "bridge") -> dict[object, str]:
    (table,) = (table for table in rules.tables if table.family == family)
    (group,) = (group for group in table.groups if group.name == name)
    return {element.key: element.leads_to for element in group.elements}


def test_the_same_plan_becomes_the_same_rules() -> None:
    plan = Plan(cuts=(Cut(ONE, 100),), pairs=(Pair(ONE, OTHER, "read"),), hub=HUB)
    assert desired(plan, 5) == desired(plan, 5)


def test_a_cut_that_is_over_is_left_out() -> None:
    assert elements(desired(Plan(cuts=(Cut(ONE, 100),)), 100)[0], "cut") == {}
    assert list(elements(desired(Plan(cuts=(Cut(ONE, 100),)), 99)[0], "cut")) == list(ONE.macs)


def test_of_two_words_about_one_pair_the_stricter_counts() -> None:
    for reaches in (("read", "none"), ("none", "read")):
        rules = desired(Plan(pairs=tuple(Pair(ONE, OTHER, r) for r in reaches)), 0)[0]
        assert elements(rules, "pairs")[ONE.macs[0], OTHER.macs[0]] == "none"


def test_a_port_that_two_share_is_nobodys() -> None:
    shared = Place("third", ("02:00:00:00:00:04",), (), "p2")
    plan = Plan(cuts=(Cut(ONE, 100),), pairs=(Pair(shared, OTHER, "read"),))
    assert elements(desired(plan, 0)[0], "cut_port") == {}


def test_where_this_machine_only_routes_there_are_no_bridge_rules() -> None:
    assert [table.family for table in desired(Plan(), 0)[1].tables] == ["inet"]


@pytest.mark.parametrize(
    ("plan", "key"),
    [
        (Plan(cuts=(Cut(Place("x", ("01:00:5e:00:00:01",)), 9),)), "plan.bad-address"),
        (Plan(cuts=(Cut(Place("x", ("zz",)), 9),)), "plan.bad-address"),
        (Plan(cuts=(Cut(Place("x", (), ("224.0.0.1",)), 9),)), "plan.bad-address"),
        (Plan(cuts=(Cut(Place("x", (), ("fe80::1%eth0",)), 9),)), "plan.bad-address"),
        (Plan(cuts=(Cut(Place("x", port='a"b'), 9),)), "plan.bad-port"),
        (Plan(cuts=(Cut(Place("x", port="eth*"), 9),)), "plan.bad-port"),
        (Plan(cuts=(Cut(Place("x", port="a" * 16), 9),)), "plan.bad-port"),
        (Plan(cuts=(Cut(Place(""), 9),)), "plan.bad-name"),
        (Plan(cuts=(Cut(Place("x"), 9),)), "plan.no-address"),
        (Plan(cuts=(Cut(ONE, float("nan")),)), "plan.bad-end"),
        (Plan(cuts=(Cut(HUB, 9),), hub=HUB), "plan.cuts-hub"),
        (Plan(pairs=(Pair(ONE, ONE, "none"),)), "plan.pair-of-one"),
        (Plan(pairs=(Pair(ONE, OTHER, "all"),)), "plan.unknown-reach"),
        (Plan(carriers=(Carrier(ONE, ("tcp/0",)),)), "plan.bad-door"),
        (Plan(carriers=(Carrier(ONE, ("tcp/65536",)),)), "plan.bad-door"),
        (Plan(carriers=(Carrier(ONE, ("icmp/1",)),)), "plan.bad-door"),
        (Plan(networks=("0.0.0.0/0",)), "plan.bad-network"),
        (Plan(cuts=(Cut(ONE, 9),) * 1025), "plan.too-many"),
    ],
)
def test_what_cannot_be_held_is_refused_with_its_reason(plan: Plan, key: str) -> None:
    with pytest.raises(PlanError) as refused:
        desired(plan, 0)
    assert refused.value.reason.key == key


@given(
    st.lists(st.builds(Cut, places, st.floats()), max_size=3).map(tuple),
    st.lists(st.builds(Pair, places, places, st.sampled_from(REACHES)), max_size=3).map(tuple),
    st.lists(st.builds(Carrier, places, st.lists(texts).map(tuple)), max_size=2).map(tuple),
    st.floats(),
)
def test_any_plan_is_held_or_refused(
    cuts: tuple[Cut, ...], pairs: tuple[Pair, ...], carriers: tuple[Carrier, ...], now: float
) -> None:
    try:
        bridged, routed = desired(Plan(cuts, pairs, carriers, HUB), now)
    except PlanError as refused:
        assert refused.reason.key.startswith("plan.")
    else:
        assert [t.family for t in bridged.tables + routed.tables] == ["bridge", "inet", "inet"]
