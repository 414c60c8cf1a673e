"""Our things as Thing Descriptions: valid, readable, and with no way that does not answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.home_broker.toy import DOOR, LAMP, ToyHome
from omamori.adapters.home_broker.topics import Topics, slug_of
from omamori.adapters.wot.description import read_td
from omamori.adapters.wot.write import write_td

SCHEMA = Path(__file__).parents[3] / (
    ".tools/wot/node_modules/wot-thing-description-types/schema/td-json-schema-validation.json"
)
TOPICS = Topics("abcd1234")
THINGS = ToyHome().things()
BROKER = "mqtt://192.0.2.1:1883"


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("thing", THINGS, ids=["lamp", "door"])
def test_w3cs_own_schema_accepts_what_we_write(thing: Any, is_named: bool) -> None:  # noqa: FBT001 - a parameter of the test
    jsonschema = pytest.importorskip("jsonschema")
    if not SCHEMA.exists():
        pytest.skip("W3C's schema is not in .tools; .ci/run brings it")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    told = json.loads(write_td(thing, TOPICS, BROKER, is_named=is_named))
    check = jsonschema.Draft7Validator(schema)
    assert [error.message for error in check.iter_errors(told)] == []
    del told["security"]
    assert list(check.iter_errors(told))


def test_what_we_write_we_read() -> None:
    lamp, door = (read_td(write_td(t, TOPICS, BROKER, is_named=True)) for t in THINGS)
    assert lamp.schemes == ("basic",)
    assert [one.name for one in lamp.actions] == ["set_power", "set_brightness_percent", "cut"]
    assert [one.name for one in door.actions] == ["set_locked"]  # no firmware, no reading, no cut
    assert lamp.left_out == door.left_out == 0


def test_every_form_is_a_topic_that_the_broker_has() -> None:
    told = json.loads(write_td(THINGS[0], TOPICS, BROKER, is_named=False))
    forms = [
        f for room in ("properties", "actions") for one in told[room].values() for f in one["forms"]
    ]
    topics = {form.get("mqv:topic") or form["mqv:filter"] for form in forms}
    slug = slug_of(LAMP)
    assert topics == {
        TOPICS.of(slug, "state"), TOPICS.command(slug, "power"),
        TOPICS.command(slug, "brightness_percent"), TOPICS.command(slug, "cut"),
    }  # fmt: skip
    assert all(TOPICS.asked(topic) for topic in topics if topic.endswith("/set"))
    assert DOOR not in json.dumps(told)
