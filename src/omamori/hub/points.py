"""Points: what a thing can be asked, under one name whatever protocol it speaks, and what asking does.

Drivers translate these names to their protocols; rules, the arbiter and automations know only them.
"""

from __future__ import annotations

import msgspec

Given = bool | int | float | str
"""A value of a point."""

LOOK, ADJUST, OPERATE = "look", "adjust", "operate"
ACTS = (LOOK, ADJUST, OPERATE)
"""To look changes nothing; to adjust is undone by the next press of a button; to operate moves
energy, heat, doors or a body, and what it did may stay done."""

BOOL, WHOLE, NUMBER, CHOICE, TEXT = "bool", "whole", "number", "choice", "text"


class Point(msgspec.Struct, frozen=True):
    """One thing that can be read or set.

    Attributes:
        name: unit last, such as ``charge_w``.
        form: ``bool``, ``whole``, ``number``, ``choice`` or ``text``.
        act: what *setting* it is; ``look`` where it can only be read.
        low, high: what any such thing can mean at all; a thing's envelope is narrower.
        choices: for ``choice``.
    """

    name: str
    form: str
    act: str = LOOK
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()


POINTS: dict[str, Point] = {
    point.name: point
    for point in (
        # Read only.
        Point("room_temperature_c", NUMBER, unit="°C", low=-60, high=120),
        Point("outdoor_temperature_c", NUMBER, unit="°C", low=-60, high=80),
        Point("humidity_percent", NUMBER, unit="%", high=100),
        Point("power_w", NUMBER, unit="W", low=-1e6, high=1e6),
        Point("energy_kwh", NUMBER, unit="kWh", high=1e9),
        Point("state_of_charge_percent", NUMBER, unit="%", high=100),
        Point("playing", BOOL),
        Point("motion", BOOL),
        Point("opened", BOOL),
        Point("illuminance_lx", NUMBER, unit="lx", high=200_000),
        Point("heart_rate_bpm", NUMBER, unit="/min", high=400),
        Point("glucose_mg_dl", NUMBER, unit="mg/dL", high=1500),
        Point("blood_pressure_mmhg", NUMBER, unit="mmHg", high=400),
        Point("body_weight_kg", NUMBER, unit="kg", high=700),
        Point("fault", BOOL),
        Point("systolic_mmhg", NUMBER, unit="mmHg", high=400),
        Point("diastolic_mmhg", NUMBER, unit="mmHg", high=300),
        Point("glucose_mmol_l", NUMBER, unit="mmol/L", high=85),
        Point("body_temperature_c", NUMBER, unit="°C", low=10, high=50),
        Point("oxygen_saturation_percent", NUMBER, unit="%", high=100),
        Point("co2_ppm", NUMBER, unit="ppm", high=100_000),
        Point("plugged", BOOL),  # a car is at the charger
        # Comfort: undone by the next press.
        Point("power", BOOL, ADJUST),
        Point("brightness_percent", WHOLE, ADJUST, "%", high=100),
        Point("color_temperature_k", WHOLE, ADJUST, "K", 1000, 20_000),
        Point("volume_percent", WHOLE, ADJUST, "%", high=100),
        Point("muted", BOOL, ADJUST),
        Point("content", TEXT, ADJUST),
        Point("playback", CHOICE, ADJUST, choices=("play", "pause", "stop")),
        Point("fan_percent", WHOLE, ADJUST, "%", high=100),
        Point("target_temperature_c", NUMBER, ADJUST, "°C", -30, 100),
        Point("mode", CHOICE, ADJUST, choices=("auto", "cool", "heat", "dry", "fan", "off")),
        # Energy, heat, doors, bodies.
        Point("charge_w", WHOLE, OPERATE, "W", -1_000_000, 1_000_000),  # negative: discharging
        Point("charge_limit_a", NUMBER, OPERATE, "A", high=1000),
        Point("locked", BOOL, OPERATE),
        Point("position_percent", WHOLE, OPERATE, "%", high=100),  # 100: open
        Point("valve_open", BOOL, OPERATE),
        Point("water_temperature_c", NUMBER, OPERATE, "°C", high=100),
        Point("cook", BOOL, OPERATE),
        Point("siren", BOOL, OPERATE),
        Point("drive", CHOICE, OPERATE, choices=("stop", "start")),
        Point("dose_u", NUMBER, OPERATE, "U", high=300),
        Point("pacing_bpm", WHOLE, OPERATE, "/min", high=250),
        Point("firmware", TEXT, OPERATE),
    )
}

NOTHING, COMFORT, PROPERTY, LIFE = "nothing", "comfort", "property", "life"
HARMS = (NOTHING, COMFORT, PROPERTY, LIFE)
"""What a thing can harm when it is made to do wrong; the worst that is usual for its kind."""

HARM_OF_KIND: dict[str, str] = {
    **dict.fromkeys(("medical", "glucose-meter", "health-gateway", "car", "alarm"), LIFE),
    **dict.fromkeys(
        (
            "lock", "garage-door", "access-control", "storage-battery", "ev-charger", "fuel-cell",
            "heater", "cooker", "kettle", "coffee-maker", "water-heater", "bath", "solar", "meter",
            "controller", "siren", "sprinkler", "camera", "doorbell", "computer", "storage",
            "router", "appliance", "plug",
        ),
        PROPERTY,
    ),
    **dict.fromkeys(("scale", "sensor", "wearable"), COMFORT),
}  # fmt: skip
"""Proposals, published here; what is not listed can harm comfort."""

ASK_BEFORE_CUTTING = frozenset({
    "medical", "glucose-meter", "health-gateway", "wearable", "lock", "garage-door",
    "access-control", "meter", "alarm", "car", "router", "telephone",
})  # fmt: skip
"""Never cut off by themselves: being without them may do more harm than what they do. The router is
everybody's way out, the telephone the way to the ambulance."""

_HOT = frozenset({"heater", "cooker", "kettle", "coffee-maker", "bath", "water-heater", "plug"})


UNKNOWN_KINDS = frozenset({"", "unknown"})
"""Nothing was heard of what a thing is, or nothing that could be told apart (`knowing.identify`)."""


def harm_of(kind: str) -> str:
    """What a thing of this kind can harm; of what nobody knows, property is supposed."""
    return PROPERTY if kind in UNKNOWN_KINDS else HARM_OF_KIND.get(kind, COMFORT)


def act_of(point: str, kind: str) -> str:
    """What setting this point of such a thing is; of what nobody knows, the gravest is supposed."""
    known = POINTS.get(point)
    if known is None:
        return OPERATE
    if known.act == ADJUST and (kind in _HOT or harm_of(kind) == LIFE):
        return OPERATE  # switching on what gets hot while nobody is there is no comfort
    return known.act


INDUSTRY_OF_KIND: dict[str, str] = {
    **dict.fromkeys(
        (
            "air-cleaner", "air-conditioner", "bath", "blind", "controller", "ev-charger", "fan",
            "fuel-cell", "heater", "light", "meter", "plug", "solar", "storage-battery",
            "thermostat", "water-heater", "cooker", "refrigerator", "washer", "appliance",
        ),
        "energy",
    ),
    **dict.fromkeys(("medical", "glucose-meter", "health-gateway", "scale", "wearable"), "health"),
    **dict.fromkeys(
        ("television", "recorder", "media-player", "speaker", "projector", "set-top-box"), "av"
    ),
    "car": "mobility",
    **dict.fromkeys(("phone", "tablet", "router", "telephone"), "telecom"),
}  # fmt: skip
"""Whose business a kind of thing is, where no certificate says it; proposals, as HEMS lists them."""


def industry_of(kind: str) -> str:
    """The industry that a kind of thing most likely belongs to; empty where nobody can say."""
    return INDUSTRY_OF_KIND.get(kind, "")
