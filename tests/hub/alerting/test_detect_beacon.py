"""What calls out like a clock is found; ordinary polling and browsing are not."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from hub.alerting.detect_made import (
    IRON,
    IRON_IP,
    START,
    TV_IP,
    answered,
    kinds,
    opens,
    told_of,
    world,
)
from omamori.hub.alerting.detect_beacon import CALLS, regular
from omamori.hub.flow import Flow
from omamori.hub.sighting import Sighting

NAMED = Sighting(START, IRON, "name.address", {"name": "a.example", "ip": world(1), "by": "dns"})


def calls(every_s: float, count: int, jitter: float = 0.0, port: int = 443) -> list[Flow]:
    flows = []
    for n in range(count):
        at = START + n * every_s + math.sin(n * n) * jitter * every_s
        asked = opens(at, world(1), port, from_port=30_000 + n)
        flows += [asked, answered(asked)]
    return flows


def test_a_call_every_two_seconds_is_told_with_care() -> None:
    first = told_of(calls(2.2, 300))[0]
    assert (first.kind, first.thing, first.step) == ("beacon.regular", IRON, 2)
    assert first.params == {"place": world(1), "calls": CALLS, "every_s": 2.2}
    assert first.facts


def test_a_call_every_five_minutes_to_a_place_without_a_name_is_told() -> None:
    assert kinds(calls(300, 40, 0.05)) == ["beacon.regular"]


def test_where_both_ends_are_strangers_the_caller_is_told_by_its_address() -> None:
    flows = [
        Flow(f.at, f.at, f.mac, f.peer_mac, world(9), f.target, "tcp", f.from_port, f.to_port,
             f.flags, is_from_here=False, is_to_here=False)
        for f in calls(2.2, 60) if not f.is_answer
    ]  # fmt: skip
    assert told_of(flows)[0].thing == f"ip:{world(9)}"


def test_a_fast_clock_is_told_though_the_place_has_a_name() -> None:
    assert kinds([NAMED, *calls(2.2, 59)]) == []
    assert kinds([NAMED, *calls(2.2, 100)]) == ["beacon.regular"]


def test_polling_a_named_place_every_half_minute_is_ordinary() -> None:
    assert kinds([NAMED, *calls(30, 2000)]) == []


def test_irregular_calls_are_ordinary() -> None:
    assert kinds(calls(20, 300, 0.8)) == []


def test_asking_for_the_time_and_for_names_is_ordinary() -> None:
    assert kinds(calls(2, 300, port=853)) == []


def test_a_connection_kept_open_is_no_call() -> None:
    one = opens(START, world(1), 8883)
    flows = [
        Flow(START + n * 60, START + n * 60, IRON, one.peer_mac, IRON_IP, world(1), "tcp", 40_000,
             8883, 24, is_to_here=False)
        for n in range(600)
    ]  # fmt: skip
    assert kinds([one, *flows]) == []


def test_polling_at_home_is_no_beacon() -> None:
    flows = [opens(START + n * 5, TV_IP, 8080, from_port=30_000 + n) for n in range(600)]
    assert kinds(flows) == []


def test_a_beacon_that_goes_on_is_told_once_and_again_when_it_has_grown() -> None:
    assert [a.params["calls"] for a in told_of(calls(2.2, 3000))] == [20, 320]


@given(st.lists(st.floats(allow_nan=False), max_size=40))
def test_regular_takes_any_intervals(intervals: list[float]) -> None:
    assert regular(intervals, 3600.0, 0.1) >= 0
