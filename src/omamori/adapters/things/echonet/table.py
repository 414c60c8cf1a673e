"""Which points an object of each class has, and in which properties: a table.

After the Appendix "Detailed requirements for device objects" (Release R), read by people and written
anew; the tests compare it with the Consortium's machine-readable release.  Left out on purpose: what
is set without being readable, timers, and everything with which a fault could be hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters.things.echonet.forms import (
    Charge,
    Climate,
    Level,
    Meter,
    Number,
    Opening,
    States,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omamori.adapters.things.echonet.forms import Form

_YES = ((0x41, True), (0x42, False))
_RUNS = ((0x30, True), (0x31, False))
_UNMEASURED = frozenset({0x7E})
_UNDEFINED = frozenset({0xFD})

COMMON: dict[str, Form] = {
    # The superclass: what every object may have.
    "fault": States(0x88, _YES),
    "power": States(0x80, _RUNS),
    "power_w": Number(0x84, 2, 0, 65_533),
    "energy_kwh": Number(0x85, 4, 0, 999_999_999, 0.001),
}
_POWER: dict[str, Form] = {"power": States(0x80, _RUNS, is_set=True)}
"""Where switching off is the ordinary thing to do; never of locks, meters, batteries and the like."""

_AIRCON: dict[str, Form] = {
    **_POWER,
    "mode": Climate(is_set=True),
    "target_temperature_c": Number(0xB3, 1, 0, 50, void=_UNDEFINED, is_set=True),
    "room_temperature_c": Number(0xBB, 1, -127, 125, void=_UNMEASURED),
}
_HOME_AIRCON: dict[str, Form] = {
    **_AIRCON,
    "fan_percent": Level(0xA0, is_set=True),
    "outdoor_temperature_c": Number(0xBE, 1, -127, 125, void=_UNMEASURED),
    "humidity_percent": Number(0xBA, 1, 0, 100),
}
_FAN: dict[str, Form] = {**_POWER, "fan_percent": Level(0xA0, is_set=True)}
_LIGHT: dict[str, Form] = {**_POWER, "brightness_percent": Number(0xB0, 1, 0, 100, is_set=True)}
_OPENING: dict[str, Form] = {
    "position_percent": Opening(is_set=True),
    # Fully closed is closed; whatever else it says, something is open.
    "opened": States(0xEA, ((0x41, True), (0x42, False), (0x43, True), (0x44, True), (0x45, True))),
}
_BATTERY: dict[str, Form] = {
    "charge_w": Charge(methods=(0xC1, 0xC2), is_set=True),
    "power_w": Number(0xD3, 4, -999_999_999, 999_999_999),
    "state_of_charge_percent": Number(0xE4, 1, 0, 100),
}

CLASSES: dict[str, Mapping[str, Form]] = {
    "0007": {"motion": States(0xB1, _YES)},
    "0011": {"room_temperature_c": Number(0xE0, 2, -2732, 32_766, 0.1)},
    "0012": {"humidity_percent": Number(0xE0, 1, 0, 100)},
    "001b": {"co2_ppm": Number(0xE0, 2, 0, 65_533)},
    "0022": {"energy_kwh": Number(0xE0, 4, 0, 999_999_999, 0.001)},
    "00d0": {"illuminance_lx": Number(0xE0, 2, 0, 65_533)},
    "0130": _HOME_AIRCON,
    "0133": _FAN,
    "0134": _FAN,
    "0135": _FAN,
    "0156": _AIRCON,
    "0260": _OPENING,
    "0263": _OPENING,
    "026b": {"water_temperature_c": Number(0xB3, 1, 0, 100, void=_UNDEFINED, is_set=True)},
    "026f": {"locked": States(0xE0, _YES, is_set=True), "opened": States(0xE3, _YES)},
    "0272": {"water_temperature_c": Number(0xD1, 1, 0, 100, is_set=True)},
    "0279": {
        "power_w": Number(0xE0, 2, 0, 65_533),
        "energy_kwh": Number(0xE1, 4, 0, 999_999_999, 0.001),
    },
    "027a": {**_POWER, "water_temperature_c": Number(0xE1, 1, 0, 100, is_set=True)},
    "027b": {
        **_POWER,
        "target_temperature_c": Number(0xE0, 1, 0, 50, is_set=True),
        "room_temperature_c": Number(0xE2, 1, -127, 125, void=_UNMEASURED),
    },
    "027c": {
        "power_w": Number(0xC4, 2, 0, 65_533),
        "energy_kwh": Number(0xC5, 4, 0, 999_999_999, 0.001),
    },
    "027d": _BATTERY,
    "027e": {
        **_BATTERY,
        "charge_w": Charge(methods=(0xDC,), is_set=True),
        "plugged": States(
            0xC7, ((0x30, False), (0x40, True), (0x41, True), (0x42, True), (0x43, True))
        ),
    },
    "0280": {"energy_kwh": Meter(0xE0, 0xE2, ((0x01, 0.1), (0x02, 0.01)))},
    "0287": {
        "power_w": Number(0xC6, 4, -2_147_483_647, 2_147_483_645),
        "energy_kwh": Meter(0xC0, 0xC2),
    },
    "0288": {
        "power_w": Number(0xE7, 4, -2_147_483_647, 2_147_483_645),
        "energy_kwh": Meter(0xE0, 0xE1, coefficient=0xD3),
    },
    "0290": _LIGHT,
    "0291": _LIGHT,
    "02a1": {
        "charge_w": Charge(is_one_way=True, is_set=True),
        "power_w": Number(0xD3, 4, 0, 999_999_999),
        "state_of_charge_percent": Number(0xE4, 1, 0, 100),
        "plugged": States(0xC7, ((0x30, False), (0x40, True), (0x41, True))),
    },
    "02a3": _LIGHT,
    "03b7": {"opened": States(0xB0, _YES)},
    "03d3": {"opened": States(0xB0, _YES)},
    "05fd": _POWER,
    "0602": _POWER,
}
"""By class group and class in hexadecimal digits."""


def forms_of(eoj: str) -> dict[str, Form]:
    """The forms of an object by point, those of its class before those that all share."""
    return {**COMMON, **CLASSES.get(eoj[:4], {})}
