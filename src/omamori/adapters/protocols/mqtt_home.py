"""Things that live behind an MQTT publisher, as it announces them to home automation.

Two customs: Home Assistant's MQTT discovery (one message for each entity of a device, or one for a
whole device), which most bridges speak, and the device list of zigbee2mqtt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from omamori.adapters.protocols.text import plain, worded

if TYPE_CHECKING:
    from omamori.adapters.protocols.text import Facts

DISCOVERY = "homeassistant"
JSON_OCTETS_MAX = 131_072  # a device list of about thirty Zigbee things
DEVICES_MAX = 256  # of one list
COMPONENTS_MAX = 64  # of one device
PUBLISHERS_MAX = 64
CHILDREN_MAX = 512  # of one publisher
TEXT_MAX = 100

_KINDS = {
    "alarm_control_panel": "alarm",
    "camera": "camera",
    "cover": "blind",
    "fan": "fan",
    "light": "light",
    "lock": "lock",
    "siren": "siren",
    "switch": "plug",
    "vacuum": "vacuum",
    "water_heater": "water-heater",
}
_COVERS = {"garage": "garage-door", "door": "", "gate": "", "window": "", "damper": ""}
# Classes of sensors that are a thing's purpose; others (battery, signal, power) are its by-work.
_SENSED = frozenset({
    "aqi", "carbon_dioxide", "carbon_monoxide", "door", "gas", "humidity", "illuminance",
    "moisture", "motion", "occupancy", "opening", "pm10", "pm25", "presence", "rain", "smoke",
    "soil_moisture", "contact", "temperature", "tamper", "vibration", "water_leak", "window",
})  # fmt: skip
_COOLING = {"dry", "fan_only"}
_BRIDGE_MODELS = {"bridge", "coordinator"}
_ZIGBEE2MQTT = "zigbee2mqtt_"


class Child(NamedTuple):
    """A thing that is announced by another; ``is_behind`` when that one says so itself."""

    name: str
    fields: dict[str, str]
    is_behind: bool


Json = dict[str, Any]


def _text(value: object) -> str:
    return plain(value.encode("utf-8", "replace"), TEXT_MAX) if isinstance(value, str) else ""


def _identity(device: Json) -> str:
    """Its first identifier, else the address of its first connection (pairs of kind and value)."""
    named = _get(device, "identifiers", "ids")
    name = _text(named[0] if isinstance(named, list) and named else named)
    connections = _get(device, "connections", "cns")
    pair = connections[0] if isinstance(connections, list) and connections else None
    return name or (_text(pair[1]) if isinstance(pair, list) and len(pair) > 1 else "")


def _get(record: Json, *names: str) -> Any:  # noqa: ANN401 - JSON
    return next((record[name] for name in names if name in record), None)


def _record(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def children(topic: str, text: bytes) -> list[Child]:
    """The things that a published message announces; hostile and other messages announce none."""
    parts = topic.split("/")
    is_discovery = parts[0] == DISCOVERY and parts[-1] == "config" and 4 <= len(parts) <= 5  # noqa: PLR2004
    is_list = parts[-2:] == ["bridge", "devices"]
    if not (is_discovery or is_list) or len(text) > JSON_OCTETS_MAX:
        return []
    try:
        told = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    if is_list:
        return [
            child
            for one in (told[:DEVICES_MAX] if isinstance(told, list) else [])
            if (child := _listed(_record(one))) is not None
        ]
    child = _announced(parts[1], _record(told))
    return [] if child is None else [child]


def _announced(component: str, config: Json) -> Child | None:
    """The device of a discovery message; its keys may be shortened."""
    device = _record(_get(config, "device", "dev"))
    name = _identity(device)
    model = _text(_get(device, "model", "mdl"))
    if not name or model.lower() in _BRIDGE_MODELS:
        return None
    if component == "device":
        listed = list(_record(_get(config, "components", "cmps")).values())[:COMPONENTS_MAX]
        parts = [_record(one) for one in listed]
        kinds = (_kind(_text(_get(one, "platform", "p")), one) for one in parts)
        kind = max(kinds, key=_rank, default="")
    else:
        kind = _kind(component, config)
    fields = worded(
        child=name.removeprefix(_ZIGBEE2MQTT),
        name=_text(_get(device, "name")),
        maker=_text(_get(device, "manufacturer", "mf")),
        model=model,
        kind=kind,
        by="mqtt",
    )
    return Child(name, fields, bool(_text(_get(device, "via_device"))))


def _kind(component: str, config: Json) -> str:
    """What an entity makes of its device; empty where it does not say."""
    if _get(config, "entity_category", "ent_cat"):
        return ""  # a setting or a diagnosis of something else
    of_class = _text(_get(config, "device_class", "dev_cla"))
    if component in ("sensor", "binary_sensor"):
        return "sensor" if of_class in _SENSED else ""
    if component == "cover":
        return _COVERS.get(of_class, "blind")
    if component == "climate":
        return _climate(_get(config, "modes"))
    return _KINDS.get(component, "")


def _climate(modes: object) -> str:
    if not isinstance(modes, list):
        return ""
    if "cool" not in modes:
        return "thermostat"
    return "air-conditioner" if any(mode in modes for mode in _COOLING) else ""


def _rank(kind: str) -> int:
    """A lamp that senses is a lamp: a sensor is only what does nothing else."""
    return 0 if not kind else 1 if kind == "sensor" else 2


def _listed(device: Json) -> Child | None:
    """One entry of zigbee2mqtt's list."""
    name = _text(device.get("ieee_address"))
    if not name or device.get("type") == "Coordinator":
        return None
    definition = _record(device.get("definition"))
    exposes = definition.get("exposes")
    listed = exposes[:COMPONENTS_MAX] if isinstance(exposes, list) else []
    kinds = (_exposed(_record(one)) for one in listed)
    fields = worded(
        child=name,
        name=_text(device.get("friendly_name")),
        maker=_text(definition.get("vendor")) or _text(device.get("manufacturer")),
        model=_text(definition.get("model")) or _text(device.get("model_id")),
        kind=max(kinds, key=_rank, default=""),
        by="mqtt",
    )
    return Child(name, fields, is_behind=True)


def _exposed(one: Json) -> str:
    kind = _text(one.get("type"))
    if kind == "climate":
        return "thermostat"  # Zigbee's are radiators' and floors'
    return _KINDS.get(kind) or ("sensor" if _text(one.get("name")) in _SENSED else "")


class Bridges:
    """What publishers announced, so that each child is told once, and again when its kind is known.

    Many a thing announces itself in the same way; so who names one child only, and does not say
    that it is behind another, is not yet taken for a bridge.
    """

    def __init__(self) -> None:
        self._ranks: dict[bytes, dict[str, int]] = {}
        self._alone: dict[bytes, dict[str, str]] = {}

    def forget(self) -> None:
        """Tell everything anew."""
        self._ranks.clear()
        self._alone.clear()

    def hear(self, publisher: bytes, topic: str, text: bytes) -> Facts:
        """The children that are news."""
        found: Facts = []
        for child in children(topic, text):
            if publisher not in self._ranks and len(self._ranks) >= PUBLISHERS_MAX:
                oldest = next(iter(self._ranks))
                del self._ranks[oldest]
                self._alone.pop(oldest, None)
            ranks = self._ranks.setdefault(publisher, {})
            key, rank = child.fields["child"], _rank(child.fields.get("kind", ""))
            if ranks.get(key, -1) >= rank or (key not in ranks and len(ranks) >= CHILDREN_MAX):
                continue
            ranks[key] = rank
            if not child.is_behind and len(ranks) == 1:
                self._alone[publisher] = child.fields
                continue
            alone = self._alone.pop(publisher, None)
            if alone is not None and alone["child"] != key:
                found.append(("bridge.child", alone))
            found.append(("bridge.child", child.fields))
        return found
