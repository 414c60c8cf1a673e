"""What a value that was seen says of a thing's use."""

from __future__ import annotations

import pytest

from omamori.hub.commanding.in_use import SAID_AGAIN_S, shows_use, use_of
from omamori.hub.points import POINTS, Given

NOW = 1_800_000_000.0


def test_a_film_that_plays_needs_the_power_and_minds_a_stop() -> None:
    use = use_of("playing", True, "television", NOW)  # noqa: FBT003 - a value, not an option
    assert use is not None
    assert (use.why, use.until) == ("playing", NOW + SAID_AGAIN_S)
    off, on = False, True
    assert use.minds("power", off)
    assert not use.minds("power", on)
    assert use.minds("playback", "stop")
    assert not use.minds("volume_percent", 10)


@pytest.mark.parametrize(
    ("point", "value"), [("playing", False), ("playing", 1), ("power", True), ("drive", "stop")]
)
def test_what_shows_no_use_reserves_nothing(point: str, value: Given) -> None:
    assert use_of(point, value, "television", NOW) is None


def test_only_known_points_tell_of_use() -> None:
    assert shows_use("playing")
    assert not shows_use("power")
    assert {point for point in POINTS if shows_use(point)} == {"playing", "cook", "drive"}
