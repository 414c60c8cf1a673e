"""Which of a described thing's properties are points of ours: only where that is sure.

A wrong point is worse than none: what is not sure stays unknown. Three grounds, the surest first:
ECHONET Lite's property code, an ``@type`` of a published vocabulary, and a common name whose form
and unit fit. On the ground of a name alone nothing that moves heat, doors or bodies is ever set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from omamori.hub.points import BOOL, CHOICE, LOOK, OPERATE, POINTS, Given, Point

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omamori.adapters.wot.description import Affordance, ThingDescription

CODE, TYPE, NAME = "code", "type", "name"
GROUNDS = (CODE, TYPE, NAME)

_CELSIUS = frozenset({
    "°c", "c", "celsius", "cel", "degc", "deg_c", "degreecelsius", "degree_celsius",
    "degrees_celsius", "degreescelsius", "unit:deg_c", "om:degree_celsius", "qudt:deg_c",
    "degree celsius", "degrees celsius", "℃",
})  # fmt: skip
_FAHRENHEIT = frozenset({
    "°f", "f", "fahrenheit", "degf", "deg_f", "unit:deg_f", "degree fahrenheit", "℉",
    "degree_fahrenheit", "om:degree_fahrenheit",
})  # fmt: skip
_UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "°C": dict.fromkeys(_CELSIUS, (1.0, 0.0))
    | dict.fromkeys(_FAHRENHEIT, (5 / 9, -160 / 9))
    | {"k": (1.0, -273.15), "kelvin": (1.0, -273.15)},
    "%": dict.fromkeys(("%", "percent", "percentage", "om:percent", "unit:percent"), (1.0, 0.0)),
    "W": {"w": (1.0, 0.0), "watt": (1.0, 0.0), "watts": (1.0, 0.0), "kw": (1000.0, 0.0),
          "kilowatt": (1000.0, 0.0), "om:watt": (1.0, 0.0)},
    "kWh": {"kwh": (1.0, 0.0), "kilowatthour": (1.0, 0.0), "wh": (0.001, 0.0),
            "kilowatt hour": (1.0, 0.0), "om:kilowatthour": (1.0, 0.0)},
    "lx": {"lx": (1.0, 0.0), "lux": (1.0, 0.0), "om:lux": (1.0, 0.0)},
    "K": {"k": (1.0, 0.0), "kelvin": (1.0, 0.0)},
    "ppm": {"ppm": (1.0, 0.0)},
    "A": {"a": (1.0, 0.0), "ampere": (1.0, 0.0), "ma": (0.001, 0.0), "om:ampere": (1.0, 0.0)},
    "/min": {"bpm": (1.0, 0.0), "/min": (1.0, 0.0), "1/min": (1.0, 0.0)},
}  # fmt: skip
"""By our unit: theirs in small letters → factor and what is added; "mW" and "MW", which are one in
small letters, are left out."""

_TYPES = {
    # Mozilla's Web of Things vocabulary (iot.mozilla.org/schemas).
    "onoffproperty": "power", "brightnessproperty": "brightness_percent",
    "colortemperatureproperty": "color_temperature_k", "instantaneouspowerproperty": "power_w",
    "motionproperty": "motion", "openproperty": "opened", "lockedproperty": "locked",
    "targettemperatureproperty": "target_temperature_c", "humidityproperty": "humidity_percent",
    "concentrationproperty": "co2_ppm",
    # iotschema.org.
    "switchstatus": "power", "switchdata": "power", "switchcapability": "power",
    "currentdimmer": "brightness_percent", "motiondetected": "motion",
    "illuminancedata": "illuminance_lx", "illuminance": "illuminance_lx",
    "humiditydata": "humidity_percent", "targettemperature": "target_temperature_c",
    "co2level": "co2_ppm",
    # SAREF (saref.etsi.org).
    "onoffstate": "power", "humidity": "humidity_percent", "light": "illuminance_lx",
    "power": "power_w", "energy": "energy_kwh", "openclosestate": "opened",
    "occupancy": "motion", "motion": "motion",
}  # fmt: skip
"""The last word of an ``@type``, in small letters → point. Temperature is not here: of what, the
types do not say."""

_NAMES = {
    "on": "power", "onoff": "power", "power": "power", "poweron": "power", "switch": "power",
    "switchstatus": "power", "operationstatus": "power", "ison": "power", "powerstate": "power",
    "powerstatus": "power", "onoffstate": "power",
    "brightness": "brightness_percent", "dimmer": "brightness_percent",
    "brightnesslevel": "brightness_percent", "dimlevel": "brightness_percent",
    "colortemperature": "color_temperature_k", "colortemp": "color_temperature_k",
    "volume": "volume_percent", "mute": "muted", "muted": "muted", "ismuted": "muted",
    "fanspeed": "fan_percent",
    "roomtemperature": "room_temperature_c", "indoortemperature": "room_temperature_c",
    "currenttemperature": "room_temperature_c", "ambienttemperature": "room_temperature_c",
    "temperature": "room_temperature_c", "insidetemperature": "room_temperature_c",
    "outdoortemperature": "outdoor_temperature_c", "outsidetemperature": "outdoor_temperature_c",
    "targettemperature": "target_temperature_c", "settemperature": "target_temperature_c",
    "temperaturesetpoint": "target_temperature_c", "setpoint": "target_temperature_c",
    "watertemperature": "water_temperature_c",
    "bodytemperature": "body_temperature_c",
    "humidity": "humidity_percent", "relativehumidity": "humidity_percent",
    "roomhumidity": "humidity_percent", "indoorhumidity": "humidity_percent",
    "illuminance": "illuminance_lx", "lux": "illuminance_lx", "lightlevel": "illuminance_lx",
    "co2": "co2_ppm", "co2level": "co2_ppm", "co2concentration": "co2_ppm",
    "motion": "motion", "motiondetected": "motion", "presence": "motion", "occupancy": "motion",
    "occupied": "motion", "presencedetected": "motion",
    "open": "opened", "isopen": "opened", "opened": "opened", "dooropen": "opened",
    "locked": "locked", "islocked": "locked", "lock": "locked",
    "soc": "state_of_charge_percent", "stateofcharge": "state_of_charge_percent",
    "batterylevel": "state_of_charge_percent", "battery": "state_of_charge_percent",
    "batterystatus": "state_of_charge_percent", "chargelevel": "state_of_charge_percent",
    "powerconsumption": "power_w", "instantaneouspower": "power_w", "currentpower": "power_w",
    "activepower": "power_w", "powerusage": "power_w",
    "instantaneouselectricpowerconsumption": "power_w",
    "instantaneouselectricpower": "power_w",
    "energy": "energy_kwh", "energyconsumption": "energy_kwh", "totalenergy": "energy_kwh",
    "cumulativeelectricenergy": "energy_kwh", "energytotal": "energy_kwh",
    "fault": "fault", "faultstatus": "fault", "hasfault": "fault",
    "mode": "mode", "operationmode": "mode", "hvacmode": "mode", "thermostatmode": "mode",
    "heartrate": "heart_rate_bpm", "spo2": "oxygen_saturation_percent",
    "plugged": "plugged", "pluggedin": "plugged", "isplugged": "plugged",
}  # fmt: skip
"""A property's name without what separates words, in small letters → point."""

_TWINS = {"power": "power_w"}
"""A name that is one point where it is yes or no, and another where it is a number."""

_MODES = {
    "auto": "auto", "automatic": "auto", "cool": "cool", "cooling": "cool", "heat": "heat",
    "heating": "heat", "dry": "dry", "dehumidification": "dry", "dehumidify": "dry",
    "fan": "fan", "fanonly": "fan", "circulation": "fan", "off": "off",
}  # fmt: skip
_YES_NO = {
    "locked": {"locked": True, "unlocked": False},
    "power": {"on": True, "off": False},
    "opened": {"open": True, "opened": True, "closed": False},
}
"""Words for yes and no, by point; others beside them, such as "jammed", are no value."""
_CHOICES_MIN = 2  # of a way of working, of which we must know so many words

_ECHONET_CODES: dict[str, dict[int, str]] = {
    "": {0x80: "power", 0x84: "power_w", 0x85: "energy_kwh", 0x88: "fault"},
    "homeairconditioner": {
        0xB0: "mode", 0xB3: "target_temperature_c", 0xBA: "humidity_percent",
        0xBB: "room_temperature_c", 0xBE: "outdoor_temperature_c",
    },
    "generallighting": {0xB0: "brightness_percent"},
    "monofunctionallighting": {0xB0: "brightness_percent"},
    "temperaturesensor": {0xE0: "room_temperature_c"},
    "humiditysensor": {0xE0: "humidity_percent"},
    "illuminancesensor": {0xE0: "illuminance_lx"},
    "co2sensor": {0xE0: "co2_ppm"},
    "storagebattery": {0xE4: "state_of_charge_percent", 0xD3: "power_w"},
    "evcharger": {0xE4: "state_of_charge_percent"},
    "evchargerdischarger": {0xE4: "state_of_charge_percent"},
    "electriclock": {0xE0: "locked"},
    "pvpowergeneration": {0xE0: "power_w", 0xE1: "energy_kwh"},
    "electricwaterheater": {0xD1: "water_temperature_c"},
    "floorheater": {0xE0: "target_temperature_c", 0xE2: "room_temperature_c"},
}  # fmt: skip
"""By the name of the class in the ECHONET Lite Web API; under ``""`` what every class shares. Codes
of several octets, such as a battery's wished power, have other values there and are left out."""
_SWITCHED = frozenset({
    "homeairconditioner", "generallighting", "monofunctionallighting", "ventilationfan",
    "airconditionerventilationfan", "aircleaner", "floorheater", "television", "switch",
})  # fmt: skip
"""Classes whose power is switched as a matter of course; never a lock's, a meter's or a battery's
(as in `things.echonet.table`)."""


class Mapped(msgspec.Struct, frozen=True):
    """A property that is a point of ours.

    Attributes:
        point: as narrow as this thing has it; ``act`` is ``look`` where it must not be set.
        ground: of `GROUNDS`.
        factor, plus: ours is theirs times factor, plus this.
        words: theirs → ours, where theirs are words.
    """

    name: str
    point: Point
    ground: str
    factor: float = 1.0
    plus: float = 0.0
    words: tuple[tuple[str, Given], ...] = ()


def points_of(td: ThingDescription) -> dict[str, Mapped]:
    """The points of a described thing, by its property's name; one point is one property's."""
    sort = _squeezed(td.title("")) if any(p.epc >= 0 for p in td.properties) else ""
    found: dict[str, Mapped] = {}
    taken: dict[str, str] = {}
    for ground in GROUNDS:
        for affordance in td.properties:
            mapped = _mapped(affordance, sort, ground)
            if mapped is None or affordance.name in found or mapped.point.name in taken:
                continue
            found[affordance.name] = mapped
            taken[mapped.point.name] = affordance.name
    return found


def _mapped(affordance: Affordance, sort: str, ground: str) -> Mapped | None:
    if not (affordance.is_readable or affordance.is_writable):
        return None
    name = {CODE: _by_code(affordance, sort), TYPE: _by_type(affordance), NAME: ""}[ground]
    if ground == NAME and affordance.epc < 0:
        name = _by_name(affordance)
    point = POINTS.get(name)
    if point is None:
        return None
    words = _words(affordance, point)
    scale = _factor(affordance, point, ground)
    if scale is None or (
        affordance.form == "string" and len(set(dict(words).values())) < _CHOICES_MIN
    ):
        return None
    is_set = affordance.is_writable and affordance.is_readable
    is_sure = ground != NAME or point.act != OPERATE
    is_usual = ground != CODE or point.name != "power" or sort in _SWITCHED
    act = point.act if is_set and is_sure and is_usual else LOOK
    ours = msgspec.structs.replace(_narrowed(point, affordance, *scale), act=act)
    return Mapped(affordance.name, ours, ground, *scale, words)


def _by_code(affordance: Affordance, sort: str) -> str:
    codes = _ECHONET_CODES.get(sort, {})
    return codes.get(affordance.epc) or _ECHONET_CODES[""].get(affordance.epc, "")


def _by_type(affordance: Affordance) -> str:
    last = (re.split(r"[#/:]", one)[-1].lower() for one in affordance.types)
    found = {_TYPES[word] for word in last if word in _TYPES}
    return found.pop() if len(found) == 1 else ""  # two types of two points: not sure


def _by_name(affordance: Affordance) -> str:
    name = _NAMES.get(_squeezed(affordance.name), "")
    if name in _TWINS and affordance.form in {"number", "integer"}:
        return _TWINS[name]
    return name


def _factor(affordance: Affordance, point: Point, ground: str) -> tuple[float, float] | None:
    """How their numbers become ours; None where their form or unit does not fit."""
    if point.form == BOOL:
        fits = affordance.form in {"boolean", "string"} and not affordance.unit
        return (1.0, 0.0) if fits else None
    if point.form == CHOICE:
        return (1.0, 0.0) if affordance.form == "string" else None
    if affordance.form not in {"number", "integer"}:
        return None
    unit = affordance.unit.strip()
    known = _UNITS.get(point.unit, {})
    if unit:
        return known.get(unit.lower())
    if point.unit == "%":
        return _share(affordance)
    is_sure = ground == CODE or (ground == TYPE and point.unit in {"W", "lx", "K", "ppm"})
    return (1.0, 0.0) if is_sure else None


def _share(affordance: Affordance) -> tuple[float, float] | None:
    """Of a share without a unit, its greatest value says what a hundred is."""
    if affordance.low not in {None, 0.0} or affordance.high not in {1.0, 100.0, 254.0, 255.0}:
        return None
    assert affordance.high is not None  # noqa: S101 - it is one of those four
    return 100.0 / affordance.high, 0.0


def _narrowed(point: Point, affordance: Affordance, factor: float, plus: float) -> Point:
    ends = [
        end if told is None else told * factor + plus
        for told, end in ((affordance.low, point.low), (affordance.high, point.high))
    ]
    low, high = max(ends[0], point.low), min(ends[1], point.high)
    if not low < high:
        return point
    return msgspec.structs.replace(point, low=low, high=high)


def _words(affordance: Affordance, point: Point) -> tuple[tuple[str, Given], ...]:
    table: Mapping[str, Given] = _MODES if point.form == CHOICE else _YES_NO.get(point.name, {})
    return tuple(
        (word, table[_squeezed(word)]) for word in affordance.enum if _squeezed(word) in table
    )


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
