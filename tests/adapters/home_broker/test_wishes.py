"""Wishes from a broker: asked once, or nothing at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.home_broker.toy import DOOR, LAMP, ToyHome
from omamori.adapters.home_broker.shown import Answer
from omamori.adapters.home_broker.topics import Topics, slug_of
from omamori.adapters.home_broker.wishes import BURST, FAST, KEPT, STRANGE, UNKNOWN, Wishes

TOPICS = Topics("abcd1234")
POWER = TOPICS.command(slug_of(LAMP), "power")


class Hall:
    def __init__(self) -> None:
        self.home, self.now = ToyHome(), 1000.0
        self.told: list[Answer] = []
        self.wishes = Wishes(TOPICS, self.home, lambda: self.now, self.told.append)
        self.wishes.know(self.home.things())

    def hears(self, thing: str, key: str, octets: bytes) -> None:
        self.wishes.heard(TOPICS.command(slug_of(thing), key), octets, is_kept=False)


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_a_wish_is_asked_of_the_home(hall: Hall) -> None:
    hall.hears(LAMP, "power", b"ON")
    assert hall.home.asked == [(LAMP, "power", True)]
    assert hall.told == [Answer(LAMP, "power", "done")]


def test_what_a_broker_had_kept_is_no_wish(hall: Hall) -> None:
    hall.wishes.heard(POWER, b"ON", is_kept=True)
    assert hall.home.asked == []
    assert hall.wishes.ignored[KEPT] == 1


def test_points_that_were_not_offered_are_not_asked(hall: Hall) -> None:
    hall.hears(DOOR, "firmware", b"http://evil.example/x")
    hall.hears(DOOR, "room_temperature_c", b"20")
    hall.hears(LAMP, "locked", b"UNLOCK")
    hall.hears("nothing", "power", b"ON")
    hall.wishes.heard("homeassistant/status", b"online", is_kept=False)
    assert hall.home.asked == []
    assert (hall.wishes.ignored[UNKNOWN], hall.wishes.ignored[STRANGE]) == (4, 1)


def test_nonsense_is_refused_with_its_reason(hall: Hall) -> None:
    hall.hears(DOOR, "locked", b"maybe")
    hall.hears(LAMP, "brightness_percent", b"9" * 2000)
    assert hall.home.asked == []
    assert [(a.state, a.reason) for a in hall.told] == [
        ("refused", "broker.not-understood"), ("refused", "broker.too-long"),
    ]  # fmt: skip


def test_a_flood_is_let_go_before_anybody_thinks(hall: Hall) -> None:
    for _ in range(5_000):
        hall.hears(LAMP, "power", b"ON")
    assert len(hall.home.asked) == BURST
    assert hall.wishes.ignored[FAST] == 5_000 - BURST
    hall.now += 60.0
    hall.hears(LAMP, "power", b"ON")
    assert len(hall.home.asked) == BURST + 1


def test_cutting_off_is_asked_and_letting_in_is_refused(hall: Hall) -> None:
    hall.hears(LAMP, "cut", b"ON")
    assert hall.home.cuts == [(LAMP, True)]
    hall.wishes.know(hall.home.things())
    hall.hears(LAMP, "cut", b"OFF")
    hall.hears(DOOR, "cut", b"ON")
    assert [(a.thing, a.state, a.reason) for a in hall.told] == [
        (LAMP, "done", ""),
        (LAMP, "refused", "broker.undo-elsewhere"),
        (DOOR, "refused", "broker.cut-elsewhere"),
    ]


@given(st.text(max_size=80), st.binary(max_size=80), st.booleans())
def test_hearing_is_total(key: str, octets: bytes, is_kept: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    hall = Hall()
    for topic in (key, f"omamori/abcd1234/{slug_of(LAMP)}/{key}/set", POWER):
        hall.wishes.heard(topic, octets, is_kept=is_kept)
    assert all(thing == LAMP for thing, _, _ in hall.home.asked)
