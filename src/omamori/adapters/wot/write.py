"""Write a thing of this home as a Thing Description (W3C TD 1.1), as it answers at the broker.

Every form leads to a topic of `home_broker` that exists: what a thing is now stands in one retained
message, and each point that can be set has its own topic. There is no form that does not answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from omamori.adapters.home_broker.shown import NEVER
from omamori.adapters.home_broker.topics import CUT, TEXT_CHARACTERS_MAX, Topics, clean, slug_of
from omamori.hub.points import BOOL, CHOICE, LOOK, TEXT, WHOLE

if TYPE_CHECKING:
    from omamori.adapters.home_broker.shown import PointShown, ThingShown
    from omamori.hub.points import Point

CONTEXT = "https://www.w3.org/2022/wot/td/v1.1"
MQTT = "https://www.w3.org/2019/wot/mqtt#"
_ON_OFF = {"type": "string", "enum": ["ON", "OFF"]}
_ENCODE = msgspec.json.Encoder().encode


def write_td(thing: ThingShown, topics: Topics, broker: str, *, is_named: bool) -> bytes:
    """The description of a thing.

    Args:
        broker: where the topics are, such as ``mqtt://192.0.2.1:1883``.
        is_named: the broker asks for a user and a password.
    """
    slug = slug_of(thing.id)
    name = "basic_sc" if is_named else "nosec_sc"
    told: dict[str, Any] = {
        "@context": [CONTEXT, {"mqv": MQTT}],
        "@type": "Thing",
        "id": uuid5(NAMESPACE_URL, topics.device(slug)).urn,
        "title": clean(thing.name) or topics.device(slug),
        "base": f"{broker}/",
        "securityDefinitions": {name: {"scheme": "basic" if is_named else "nosec"}},
        "security": name,
        "properties": {"state": _state(thing, topics.of(slug, "state"))},
        "actions": {
            f"set_{shown.point.name}": _action(shown, topics.command(slug, shown.point.name))
            for shown in thing.points
            if shown.point.act != LOOK and shown.point.name not in NEVER
        },
    }
    if thing.kind_words:
        told["description"] = clean(thing.kind_words)
    if thing.can_cut:
        cut: dict[str, Any] = {"input": _ON_OFF, "forms": [_publish(topics.command(slug, CUT))]}
        told["actions"][CUT] = cut
    return _ENCODE(told)


def _state(thing: ThingShown, topic: str) -> dict[str, Any]:
    points = {shown.point.name: _shape(shown.point) for shown in thing.points}
    form = {
        "href": "",
        "op": ["observeproperty", "unobserveproperty"],
        "contentType": "application/json",
        "mqv:filter": topic,
        "mqv:retain": True,
    }
    return {
        "type": "object",
        "readOnly": True,
        "observable": True,
        "properties": {
            "level": {"oneOf": [{"type": "integer", "minimum": 0, "maximum": 5}, {"type": "null"}]},
            "state": {"type": "string"},
            "cut": _ON_OFF,
            "alert": _ON_OFF,
            "points": {"type": "object", "properties": points},
        },
        "forms": [form],
    }


def _action(shown: PointShown, topic: str) -> dict[str, Any]:
    return {
        "title": clean(shown.name),
        "input": _shape(shown.point),
        "safe": False,
        "idempotent": True,
        "forms": [_publish(topic)],
    }


def _publish(topic: str) -> dict[str, Any]:
    return {
        "href": "",
        "op": "invokeaction",
        "contentType": "text/plain",
        "mqv:controlPacket": "publish",
        "mqv:topic": topic,
        "mqv:retain": False,  # a wish that a broker keeps is not followed
    }


def _shape(point: Point) -> dict[str, Any]:
    """What is written there and, but for a value that nobody knows, read there."""
    if point.form == BOOL:
        return dict(_ON_OFF)
    if point.form == CHOICE:
        return {"type": "string", "enum": list(point.choices)}
    if point.form == TEXT:
        return {"type": "string", "maxLength": TEXT_CHARACTERS_MAX}
    shape = {"type": "integer" if point.form == WHOLE else "number"}
    ends = {"minimum": point.low, "maximum": point.high}
    return {**shape, **ends, **({"unit": point.unit} if point.unit else {})}
