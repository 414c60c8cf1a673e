"""What a command does to a room, and which sensors feel it: tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omamori.hub.automating.vocabulary import Token

WARMS, COOLS, AIRS, WETS, DRIES = "warms", "cools", "airs", "wets", "dries"
LIGHTS, DARKENS, SOUNDS, MOVES, STEAMS, DRENCHES = "lights", "darkens", "sounds", "moves", "steams", "drenches"  # fmt: skip

_SWITCHED_ON: dict[str, tuple[str, ...]] = {
    "heater": (WARMS,), "aircon": (COOLS, DRIES), "humidifier": (WETS,), "dehumidifier": (DRIES,),
    "fan": (COOLS, SOUNDS), "light": (LIGHTS,), "television": (SOUNDS,), "speaker": (SOUNDS,),
    "vacuum": (MOVES, SOUNDS), "cooker": (WARMS, STEAMS), "kettle": (STEAMS,),
    "sprinkler": (DRENCHES,), "valve": (DRENCHES,),
}  # fmt: skip
_OPENED: dict[str, tuple[str, ...]] = {"window": (AIRS,), "door": (AIRS,), "curtain": (LIGHTS,)}
_MODES: dict[str, tuple[str, ...]] = {
    "heat": (WARMS,), "cool": (COOLS, DRIES), "dry": (DRIES,), "auto": (), "fan": (),
}  # fmt: skip

OPPOSED = frozenset({
    frozenset({WARMS, COOLS}), frozenset({WARMS, AIRS}), frozenset({COOLS, AIRS}),
    frozenset({WETS, DRIES}), frozenset({WETS, AIRS}),
})  # fmt: skip
"""Doing both at once in one room wastes what one of them does."""

FELT: dict[str, tuple[tuple[str, str], ...]] = {
    WARMS: (("room_temperature_c", "up"), ("humidity_percent", "down")),
    COOLS: (("room_temperature_c", "down"),),
    AIRS: (("co2_ppm", "down"), ("room_temperature_c", "either"), ("humidity_percent", "either")),
    WETS: (("humidity_percent", "up"),),
    DRIES: (("humidity_percent", "down"),),
    LIGHTS: (("illuminance_lx", "up"),),
    DARKENS: (("illuminance_lx", "down"),),
    SOUNDS: (("sound_db", "up"),),
    MOVES: (("motion", "on"),),
    STEAMS: (("humidity_percent", "up"), ("smoke", "on")),
    DRENCHES: (("leak", "on"), ("humidity_percent", "up")),
}
"""Which sensor in the room feels it, and which way its value goes."""

HOT = frozenset({"heater", "cooker", "kettle", "coffee-maker", "fireplace"})
RUNS_OUT = HOT | {"sprinkler", "valve", "siren"}
"""What must not stay on for want of somebody who switches it off."""


def influences(kind: str, point: str, to: Token | None) -> tuple[str, ...]:
    """What setting this does to the room."""
    if point == "mode":
        return _MODES.get(to, ()) if isinstance(to, str) else ()
    if point in {"power", "drive", "playback", "valve_open"} and to in {"on", "start", "play"}:
        return _SWITCHED_ON.get(kind, ())
    if point == "power" and to == "off" and kind == "light":
        return (DARKENS,)
    if point == "opened":
        if kind == "curtain" and to == "off":
            return (DARKENS,)
        return _OPENED.get(kind, ()) if to == "on" else ()
    return ()
