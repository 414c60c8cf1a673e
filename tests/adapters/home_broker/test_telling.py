"""What a broker is told: each thing once, the true state after every refusal, and nothing of the gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.home_broker.toy import DOOR, HOSTILE, LAMP, ToyHome
from omamori.adapters.home_broker.entities import EVENTS, Announcer
from omamori.adapters.home_broker.shown import Answer
from omamori.adapters.home_broker.telling import Message, Telling
from omamori.adapters.home_broker.topics import Topics, slug_of
from omamori.hub.commanding.command import ASKED, DONE, ENDED, HELD, OVERRIDDEN, REFUSED, SENT

TOPICS = Topics("abcd1234")
LAMP_SLUG, DOOR_SLUG = slug_of(LAMP), slug_of(DOOR)


@pytest.fixture
def home() -> ToyHome:
    return ToyHome()


@pytest.fixture
def telling(home: ToyHome) -> Telling:
    return Telling(Announcer(TOPICS, home, "1.0"), home)


def told(telling: Telling, home: ToyHome, *, is_settled: bool = False) -> dict[str, Message]:
    return {m[0]: m for m in telling.messages(home.things(), is_settled=is_settled)}


def config(messages: dict[str, Message], slug: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(messages[TOPICS.config(slug)][1])
    return found


def test_each_thing_is_announced_with_its_entities(telling: Telling, home: ToyHome) -> None:
    messages = told(telling, home)
    lamp, door = config(messages, LAMP_SLUG), config(messages, DOOR_SLUG)
    platforms = {key: one["platform"] for key, one in lamp["components"].items()}
    assert platforms == {
        "level": "sensor", "state": "sensor", "alert": "binary_sensor", "cut": "switch",
        "happened": "event", "power": "light",
    }  # fmt: skip
    assert door["components"]["locked"]["platform"] == "lock"
    assert lamp["availability_topic"] == TOPICS.status
    assert lamp["origin"]["name"] == "Omamori"
    identities = [
        one["unique_id"] for one in (*lamp["components"].values(), *door["components"].values())
    ]
    assert len(set(identities)) == len(identities)
    assert all(kept for _, _, kept in messages.values())


def test_no_broker_is_offered_firmware_readings_or_cutting_a_lock(
    telling: Telling, home: ToyHome
) -> None:
    door = config(told(telling, home), DOOR_SLUG)["components"]
    assert not {"firmware", "room_temperature_c", "cut"} & set(door)


def test_a_hostile_name_stands_only_where_text_is_taken(telling: Telling, home: ToyHome) -> None:
    lamp = config(told(telling, home), LAMP_SLUG)
    assert "\u202e" in HOSTILE
    assert "\u202e" not in lamp["device"]["name"]
    rest = json.dumps(lamp["components"])
    assert "states(" not in rest
    assert "Maker" not in rest


def test_nothing_is_told_twice(telling: Telling, home: ToyHome) -> None:
    told(telling, home)
    assert told(telling, home) == {}
    home.lit = True
    assert list(told(telling, home)) == [TOPICS.of(LAMP_SLUG, "state")]
    telling.begin()
    assert TOPICS.config(LAMP_SLUG) in told(telling, home)


def test_a_refusal_tells_the_true_state_again_and_why(telling: Telling, home: ToyHome) -> None:
    told(telling, home)
    telling.answered(Answer(DOOR, "locked", REFUSED, "Its level does not suffice."))
    messages = told(telling, home)
    state = json.loads(messages[TOPICS.of(DOOR_SLUG, "state")][1])
    assert state["points"]["locked"] == "ON"
    why = json.loads(messages[TOPICS.of(DOOR_SLUG, "why")][1])
    assert why["locked"] == {"outcome": "refused", "reason": "Its level does not suffice."}
    event = messages[TOPICS.of(DOOR_SLUG, "event")]
    assert json.loads(event[1])["event_type"] == "refused"
    assert not event[2]
    assert json.loads(messages[TOPICS.of("", "state")][1])["said"] == "Its level does not suffice."


def test_a_lamps_brightness_answers_at_the_lamp(telling: Telling, home: ToyHome) -> None:
    telling.answered(Answer(LAMP, "power", DONE))
    telling.answered(Answer(LAMP, "brightness_percent", HELD, "A film is on."))
    why = json.loads(told(telling, home)[TOPICS.of(LAMP_SLUG, "why")][1])
    assert why["power"]["reason"] == "A film is on."


def test_alerts_and_cuts_are_events(telling: Telling, home: ToyHome) -> None:
    told(telling, home)
    home.alert = "It looks for everybody."
    messages = told(telling, home)
    assert json.loads(messages[TOPICS.of(DOOR_SLUG, "event")][1])["event_type"] == "alert"
    assert json.loads(messages[TOPICS.of(DOOR_SLUG, "state")][1])["alert"] == "ON"
    home.alert = ""
    assert json.loads(told(telling, home)[TOPICS.of(DOOR_SLUG, "event")][1])["event_type"] == "over"
    home.cuts.append((LAMP, True))
    assert json.loads(told(telling, home)[TOPICS.of(LAMP_SLUG, "event")][1])["event_type"] == "cut"


def test_every_outcome_of_a_command_is_an_event() -> None:
    assert {ASKED, HELD, SENT, DONE, OVERRIDDEN, *ENDED} <= set(EVENTS)


def test_what_is_gone_is_cleared(telling: Telling, home: ToyHome) -> None:
    told(telling, home)
    home.gone.add(LAMP)
    messages = told(telling, home)
    assert messages[TOPICS.config(LAMP_SLUG)] == (TOPICS.config(LAMP_SLUG), b"", True)
    assert messages[TOPICS.of(LAMP_SLUG, "state")][1] == b""
    assert TOPICS.config(DOOR_SLUG) not in messages
    assert told(telling, home) == {}
    home.gone.clear()
    assert TOPICS.config(LAMP_SLUG) in told(telling, home)


def test_what_a_broker_kept_of_the_long_gone_is_cleared_when_things_have_settled(
    telling: Telling, home: ToyHome
) -> None:
    old = slug_of("long gone")
    telling.kept_there(old, {"power": "switch"})
    assert TOPICS.config(old) not in told(telling, home)
    assert told(telling, home, is_settled=True)[TOPICS.config(old)][1] == b""
    assert told(telling, home, is_settled=True) == {}


def test_an_entity_that_is_no_more_is_taken_away_first(telling: Telling, home: ToyHome) -> None:
    telling.kept_there(LAMP_SLUG, {"mode": "select", "power": "switch"})
    topic = TOPICS.config(LAMP_SLUG)
    both = [m for m in telling.messages(home.things(), is_settled=False) if m[0] == topic]
    first, second = (json.loads(message[1])["components"] for message in both)
    assert first["mode"] == {"platform": "select"}
    assert first["power"] == {"platform": "switch"}
    assert "mode" not in second
    assert second["power"]["platform"] == "light"


def test_events_that_nobody_takes_are_bounded(telling: Telling, home: ToyHome) -> None:
    for n in range(5_000):
        telling.answered(Answer(LAMP, f"p{n}", REFUSED, "No."))
        telling.kept_there(f"{n:016x}", {})
    events = [m for m in telling.messages(home.things(), is_settled=True) if not m[2]]
    assert len(events) <= 256


def test_everything_can_be_taken_back(telling: Telling, home: ToyHome) -> None:
    kept = {topic for topic, (_, _, keeps) in told(telling, home).items() if keeps}
    assert kept <= set(telling.everything())
