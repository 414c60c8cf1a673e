"""Topics and what messages on them mean: total for whatever a broker sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.home_broker.shown import BrokerError
from omamori.adapters.home_broker.topics import (
    NAME_CHARACTERS_MAX,
    PAYLOAD_OCTETS_MAX,
    Topics,
    clean,
    read_entities,
    read_switch,
    read_value,
    slug_of,
    spelled,
)
from omamori.hub.points import POINTS

TOPICS = Topics("abcd1234")
LAMP = slug_of("02:00:00:00:00:01")


def test_a_command_names_its_thing_and_its_point() -> None:
    topic = TOPICS.command(LAMP, "power")
    assert TOPICS.asked(topic) == (LAMP, "power")


@pytest.mark.parametrize(
    "topic",
    [
        "", "omamori", f"omamori/abcd1234/{LAMP}/power", f"omamori/other/{LAMP}/power/set",
        f"other/abcd1234/{LAMP}/power/set", "omamori/abcd1234/../power/set",
        f"omamori/abcd1234/{LAMP}/po wer/set", f"omamori/abcd1234/{LAMP}/power/set/set",
        f"omamori/abcd1234/{LAMP.upper()}/power/set", f"omamori/abcd1234/{LAMP}/{'p' * 9999}/set",
        f"omamori/abcd1234/{LAMP}/power\n/set",
    ],
)  # fmt: skip
def test_other_topics_are_no_commands(topic: str) -> None:
    assert TOPICS.asked(topic) is None


def test_a_hubs_name_is_no_wildcard() -> None:
    for name in ("", "+", "a/b", "#", "A", "a" * 33):
        with pytest.raises(BrokerError):
            Topics(name)


@pytest.mark.parametrize(
    ("point", "octets", "value"),
    [
        ("power", b"ON", True), ("power", b"OFF", False), ("locked", b"UNLOCK", False),
        ("brightness_percent", b"40", 40), ("brightness_percent", b"40.0", 40),
        ("target_temperature_c", b"-3.5", -3.5), ("mode", b"heat", "heat"),
        ("content", "音楽".encode(), "音楽"), ("charge_w", b"-500", -500),
    ],
)  # fmt: skip
def test_values_are_understood(point: str, octets: bytes, value: object) -> None:
    found = read_value(POINTS[point], octets)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("point", "octets"),
    [
        ("power", b"on"), ("power", b""), ("power", b"1"), ("brightness_percent", b"40.5"),
        ("brightness_percent", b"1e3"), ("target_temperature_c", b"nan"),
        ("target_temperature_c", b"inf"), ("target_temperature_c", "４０".encode()),
        ("mode", b"warp"), ("content", b""), ("content", b"a\nb"), ("content", b"\xff"),
        ("content", b"x" * (PAYLOAD_OCTETS_MAX + 1)), ("content", b"x" * 201),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused(point: str, octets: bytes) -> None:
    with pytest.raises(BrokerError):
        read_value(POINTS[point], octets)


@given(st.sampled_from(sorted(POINTS)), st.binary(max_size=2_000))
def test_reading_is_total(point: str, octets: bytes) -> None:
    try:
        assert isinstance(read_value(POINTS[point], octets), (bool, int, float, str))
        read_switch(octets)
    except BrokerError as error:
        assert error.reason.key.startswith("broker.")
    assert len(read_entities(octets)) <= 64


@given(st.text(max_size=300), st.text(max_size=300))
def test_topics_and_names_are_total(topic: str, name: str) -> None:
    assert TOPICS.asked(topic) is None or topic.endswith("/set")
    assert TOPICS.told_of(topic) is None or topic.endswith("/entities")
    cleaned = clean(name)
    assert len(cleaned) <= NAME_CHARACTERS_MAX
    assert cleaned.isprintable() or not cleaned.isascii()
    assert clean(cleaned) == cleaned


def test_names_lose_what_cannot_be_seen() -> None:
    assert clean("a\u202eb\x00c\n d\u200b") == "abc d"


def test_entities_of_another_hub_are_not_ours() -> None:
    assert TOPICS.told_of(TOPICS.of(LAMP, "entities")) == LAMP
    assert TOPICS.told_of(f"omamori/other/{LAMP}/entities") is None
    assert read_entities(b'{"power":"switch","bad key":"switch","x":1}') == {}
    assert read_entities(b'{"power":"switch","bad key":"switch"}') == {"power": "switch"}


def test_what_is_no_number_is_not_told() -> None:
    assert spelled(float("nan")) is None
    assert spelled(value=True) == "ON"
    assert spelled(21.5) == 21.5
