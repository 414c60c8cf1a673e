"""The world's clock moves only when told, and the same seed gives the same home."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.simulation.world import BATTERY_WH, CAR_WH, SOLAR_PEAK_W, World

MORNING = 1_800_000_000.0


def test_the_same_seed_and_steps_give_the_same_home() -> None:
    one, other = World(7, MORNING), World(7, MORNING)
    for world in (one, other):
        world.step(MORNING + 7200)
    assert one == other
    assert one != World(7, MORNING)


def test_a_clock_that_goes_back_is_not_followed() -> None:
    world = World(1, MORNING)
    world.step(MORNING - 100)
    assert world.now == MORNING


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 3 * 86400))
def test_whatever_happens_stays_possible(seed: int, span_s: float) -> None:
    world = World(seed, MORNING)
    world.step(MORNING + span_s)
    assert 0 <= world.battery_wh <= BATTERY_WH
    assert 0 <= world.car_wh <= CAR_WH
    assert 0 <= world.solar_w <= SOLAR_PEAK_W
    assert -10 < world.room_c < 45
    assert 40 < world.glucose_mg_dl < 250
