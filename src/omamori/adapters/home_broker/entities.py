"""A thing as the entities of Home Assistant's MQTT discovery: one retained message for each thing.

All that comes from outside (a thing's name, its maker) stands only where Home Assistant takes plain
text; templates and topics are made of our own words alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from omamori.adapters.home_broker.shown import NEVER, Answer, BrokerHome, PointShown, ThingShown
from omamori.adapters.home_broker.topics import CUT, Topics, clean, slug_of, spelled
from omamori.documents.reason import Reason
from omamori.hub.points import BOOL, CHOICE, LOOK, TEXT, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STATE_CHARACTERS_MAX = 255  # no state in Home Assistant may be longer
SENTENCE_CHARACTERS_MAX = 400
EVENTS = (
    "alert", "over", "cut", "let-in", "asked", "held", "sent", "done", "failed", "overridden",
    "expired", "withdrawn", "refused",
)  # fmt: skip
"""What can happen to a thing, as automations over there may wait for it."""
ONLINE, OFFLINE = "online", "offline"

_LIGHT, _POWER, _BRIGHTNESS = "light", "power", "brightness_percent"
_STEPS = {"°C": 0.5, "A": 0.5}
_STEP = 0.1
_CLASSES = {"°C": "temperature", "W": "power", "A": "current"}

Config = dict[str, Any]
_ENCODE = msgspec.json.Encoder().encode


class Device(msgspec.Struct, frozen=True):
    """A thing as it is announced.

    Attributes:
        entities: key → configuration, each with its ``platform``.
    """

    slug: str
    about: Config
    entities: dict[str, Config]


class Announcer:
    """Makes the messages of one hub; pure: the same home, the same messages."""

    def __init__(self, topics: Topics, home: BrokerHome, version: str) -> None:
        self.topics = topics
        self.home = home
        self.version = version

    def device(self, thing: ThingShown) -> Device:
        """A thing with its entities."""
        slug = slug_of(thing.id)
        about: Config = {
            "identifiers": [self.topics.device(slug)],
            "name": clean(thing.name) or clean(thing.id),
            "model": clean(thing.kind_words),
            "via_device": self.topics.device(""),
        }
        if thing.maker:
            about["manufacturer"] = clean(thing.maker)
        entities = self._own(slug, thing)
        for key, config in self._points(slug, thing):
            entities[key] = config | self._common(slug, key)
        return Device(slug, about, entities)

    def hub(self) -> Device:
        """The hub itself: what it said last."""
        state = self.topics.of("", "state")
        entities: dict[str, Config] = {
            "said": {
                "platform": "sensor",
                "name": self._label("said"),
                "icon": "mdi:message-text-outline",
                "state_topic": state,
                "value_template": "{{ value_json.said }}",
            }
        }
        entities = {key: config | self._common("", key) for key, config in entities.items()}
        about = {"identifiers": [self.topics.device("")], "name": "Omamori"}
        return Device("", about, entities)

    def config(self, device: Device, gone: Mapping[str, str]) -> bytes:
        """The announcement; an entity in `gone` (key → platform) is taken away by it."""
        taken = {key: {"platform": platform} for key, platform in gone.items()}
        return _ENCODE(
            {
                "device": device.about,
                "origin": {"name": "Omamori", "sw_version": self.version},
                "availability_topic": self.topics.status,
                "payload_available": ONLINE,
                "payload_not_available": OFFLINE,
                "components": taken | device.entities,
            }
        )

    def state(self, thing: ThingShown) -> bytes:
        """What a thing is now."""
        return _ENCODE(
            {
                "level": thing.rung,
                "state": thing.state,
                "cut": spelled(thing.is_cut),
                "alert": spelled(bool(thing.alert)),
                "points": {shown.point.name: spelled(shown.value) for shown in thing.points},
            }
        )

    def hub_state(self, said: str) -> bytes:
        """What the hub said last; one sentence."""
        return _ENCODE({"said": clean(said, STATE_CHARACTERS_MAX)})

    def why(self, thing: ThingShown, answers: Iterable[Answer]) -> bytes:
        """Why it is so: the alert's sentence, and what became of the last wish for each point.

        Args:
            answers: the newest last: a lamp's power and brightness are one entity.
        """
        is_one = thing.kind == _LIGHT
        told: Config = {
            _POWER if is_one and answer.point == _BRIGHTNESS else answer.point: {
                "outcome": answer.state,
                "reason": clean(answer.reason, SENTENCE_CHARACTERS_MAX),
            }
            for answer in answers
        }
        told["alert"] = {
            "sentence": clean(thing.alert, SENTENCE_CHARACTERS_MAX),
            "todo": clean(thing.todo, SENTENCE_CHARACTERS_MAX),
        }
        return _ENCODE(told)

    def event(self, what: str, reason: str, point: str = "") -> bytes:
        """Something that happened just now."""
        told = {"event_type": what, "reason": clean(reason, SENTENCE_CHARACTERS_MAX)}
        return _ENCODE(told | ({"point": point} if point else {}))

    def _label(self, key: str) -> str:
        return self.home.said(Reason(f"broker.entity-{key}"))

    def _common(self, slug: str, key: str) -> Config:
        found: Config = {"unique_id": f"{self.topics.device(slug)}_{key}"}
        if slug:
            found["json_attributes_topic"] = self.topics.of(slug, "why")
            found["json_attributes_template"] = f"{{{{ value_json.get('{key}', {{}}) | tojson }}}}"
        return found

    def _own(self, slug: str, thing: ThingShown) -> dict[str, Config]:
        """What Omamori itself says of a thing."""
        own: dict[str, Config] = {
            "level": {
                "platform": "sensor",
                "icon": "mdi:shield-check",
                "value_template": "{{ value_json.level }}",
            },
            "state": {
                "platform": "sensor",
                "device_class": "enum",
                "options": list(self.home.states()),
                "value_template": "{{ value_json.state }}",
            },
            "alert": {
                "platform": "binary_sensor",
                "device_class": "problem",
                "value_template": "{{ value_json.alert }}",
            },
        }
        if thing.can_cut or thing.is_cut:
            own[CUT] = {
                "platform": "switch",
                "icon": "mdi:lan-disconnect",
                "value_template": "{{ value_json.cut }}",
                "command_topic": self.topics.command(slug, CUT),
            }
        state = {"state_topic": self.topics.of(slug, "state")}
        found = {
            key: config | state | {"name": self._label(key)} | self._common(slug, key)
            for key, config in own.items()
        }
        found["happened"] = {
            "platform": "event",
            "name": self._label("happened"),
            "event_types": list(EVENTS),
            "state_topic": self.topics.of(slug, "event"),
            "unique_id": f"{self.topics.device(slug)}_happened",
        }
        return found

    def _points(self, slug: str, thing: ThingShown) -> Iterable[tuple[str, Config]]:
        offered = {
            shown.point.name: shown
            for shown in thing.points
            if shown.point.act != LOOK and shown.point.name not in NEVER
        }
        if thing.kind == _LIGHT and _POWER in offered:
            yield _POWER, self._light(slug, offered)
            offered.pop(_POWER)
            offered.pop(_BRIGHTNESS, None)
        for name, shown in offered.items():
            config = self._point(shown)
            if config is not None:
                yield (
                    name,
                    config | self._ways(slug, name, "value_template") | {"name": clean(shown.name)},
                )

    def _ways(self, slug: str, name: str, template: str, before: str = "") -> Config:
        return {
            f"{before}command_topic": self.topics.command(slug, name),
            f"{before}state_topic": self.topics.of(slug, "state"),
            template: f"{{{{ value_json.points.{name} }}}}",
        }

    def _light(self, slug: str, offered: Mapping[str, PointShown]) -> Config:
        config: Config = {"platform": "light", "name": clean(offered[_POWER].name)}
        config |= self._ways(slug, _POWER, "state_value_template")
        if _BRIGHTNESS in offered:
            config["brightness_scale"] = 100
            config |= self._ways(slug, _BRIGHTNESS, "brightness_value_template", "brightness_")
        return config

    def _point(self, shown: PointShown) -> Config | None:
        point = shown.point
        if point.name == "locked":
            return {"platform": "lock", "state_locked": "ON", "state_unlocked": "OFF"}
        if point.form == BOOL:
            return {"platform": "switch"}
        if point.form == CHOICE:
            return {"platform": "select", "options": list(point.choices)}
        if point.form == TEXT:
            return {"platform": "text", "max": 200}
        if not point.low < point.high:
            return None
        step = 1 if point.form == WHOLE else _STEPS.get(point.unit, _STEP)
        config: Config = {"platform": "number", "min": point.low, "max": point.high, "step": step}
        if point.unit:
            config["unit_of_measurement"] = point.unit
        if point.unit in _CLASSES:
            config["device_class"] = _CLASSES[point.unit]
        return config
