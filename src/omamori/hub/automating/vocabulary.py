"""What programs call a thing, its points and its commands, and what we call them: tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omamori.documents.automation import Thing, Value

Token = str | float
"""A value as rules compare it: a number, or a lower-case word (``on`` and ``off`` for yes and no)."""

GIVEN = "{given}"
"""In a command's table: the value that the automation gives."""

POINT_OF_ATTRIBUTE: dict[str, str] = {
    # SmartThings capabilities' attributes (developer.smartthings.com, capabilities reference), IFTTT
    # and plain words; what is listed nowhere keeps its own name.
    **dict.fromkeys(("switch", "power", "state", "onoff", "on", "outlet", "relay", "light"), "power"),
    **dict.fromkeys(("contact", "opened", "contactsensor", "open", "window", "door"), "opened"),
    **dict.fromkeys(("motion", "occupancy", "motionsensor", "movement", "acceleration"), "motion"),
    **dict.fromkeys(("lock", "locked", "lockstate"), "locked"),
    **dict.fromkeys(("level", "brightness", "switchlevel", "dimmer", "brightness_percent"), "brightness_percent"),
    **dict.fromkeys(("colortemperature", "color_temp", "color_temperature_k"), "color_temperature_k"),
    **dict.fromkeys(("temperature", "current_temperature", "temperaturemeasurement", "room_temperature_c"), "room_temperature_c"),
    **dict.fromkeys(("heatingsetpoint", "coolingsetpoint", "thermostatsetpoint", "setpoint", "target_temperature_c", "targettemperature"), "target_temperature_c"),
    **dict.fromkeys(("thermostatmode", "hvac_mode", "airconditionermode"), "mode"),
    **dict.fromkeys(("humidity", "relativehumiditymeasurement", "current_humidity", "humidity_percent"), "humidity_percent"),
    **dict.fromkeys(("illuminance", "lux", "illuminancemeasurement", "illuminance_lx"), "illuminance_lx"),
    **dict.fromkeys(("presence", "presencesensor", "location", "home"), "presence"),
    **dict.fromkeys(("smoke", "smokedetector", "fire"), "smoke"),
    **dict.fromkeys(("carbonmonoxide", "carbonmonoxidedetector", "gas"), "gas"),
    **dict.fromkeys(("water", "leak", "watersensor", "moisture", "flood"), "leak"),
    **dict.fromkeys(("carbondioxide", "co2", "carbondioxidemeasurement", "co2_ppm"), "co2_ppm"),
    **dict.fromkeys(("sound", "soundpressurelevel", "noise", "sound_db"), "sound_db"),
    **dict.fromkeys(("alarm", "siren"), "siren"),
    **dict.fromkeys(("valve", "valve_open"), "valve_open"),
    **dict.fromkeys(("windowshade", "shade", "curtain", "blind", "garagedoor", "doorcontrol"), "opened"),
    **dict.fromkeys(("position", "current_position", "shadelevel", "position_percent"), "position_percent"),
    **dict.fromkeys(("powermeter", "powerconsumption", "power_w"), "power_w"),
    **dict.fromkeys(("volume", "volume_level", "volume_percent"), "volume_percent"),
    **dict.fromkeys(("mute", "muted", "is_volume_muted"), "muted"),
    **dict.fromkeys(("playbackstatus", "mediaplayback", "playback"), "playback"),
    **dict.fromkeys(("fanspeed", "percentage", "fan_percent"), "fan_percent"),
    **dict.fromkeys(("securitysystemstatus", "alarmsystemstatus", "armed"), "armed"),
}  # fmt: skip

YES = frozenset({
    "on", "true", "yes", "open", "opened", "active", "detected", "wet", "locked", "playing", "present",
    "heat", "siren", "strobe", "both", "opening", "motion", "enabled", "occupied", "smoke", "1", "tested",
})  # fmt: skip
NO = frozenset({
    "off", "false", "no", "closed", "close", "inactive", "clear", "dry", "unlocked", "not present",
    "closing", "disabled", "unoccupied", "not detected", "standby", "0", "unlock", "none",
})  # fmt: skip
BOOLS = frozenset({
    "power", "opened", "motion", "locked", "smoke", "gas", "leak", "siren", "valve_open", "muted",
    "playing", "fault", "cook",
})  # fmt: skip
_WORDS_OF_POINT: dict[str, dict[str, str]] = {
    "presence": {
        **dict.fromkeys(("present", "on", "true", "arrived", "enter", "arrives", "at home"), "home"),
        **dict.fromkeys(("not present", "not_home", "off", "false", "left", "leave", "leaves", "out"), "away"),
    },
    "power": dict.fromkeys(("playing", "paused", "idle", "home"), "on") | {"unavailable": "unavailable"},
    "mode": {"heat_cool": "auto", "fan_only": "fan", "emergency heat": "heat", "emergencyheat": "heat"},
    "armed": {"off": "disarmed", "disarm": "disarmed", "on": "armed_away", "away": "armed_away", "armed": "armed_away", "home": "armed_home", "stay": "armed_home", "arm_away": "armed_away", "arm_home": "armed_home"},
    "drive": {"on": "start", "cleaning": "start", "off": "stop", "docked": "stop"},
}  # fmt: skip

ON, OFF = ("power", "on"), ("power", "off")
_OPEN, _CLOSE = (("opened", "on"), ("position_percent", 100.0)), (("opened", "off"), ("position_percent", 0.0))  # fmt: skip
_COMMANDS: dict[str, tuple[tuple[str, Token | None], ...]] = {
    **dict.fromkeys(("on", "turn_on", "turnon", "switch_on", "poweron"), (ON,)),
    **dict.fromkeys(("off", "turn_off", "turnoff", "switch_off", "poweroff"), (OFF,)),
    **dict.fromkeys(("toggle",), (("power", None),)),
    **dict.fromkeys(("open", "open_cover", "open_valve"), _OPEN),
    **dict.fromkeys(("close", "close_cover", "close_valve"), _CLOSE),
    **dict.fromkeys(("set_cover_position", "setshadelevel", "set_position"), (("position_percent", GIVEN),)),
    "lock": (("locked", "on"),),
    **dict.fromkeys(("unlock", "unlatch"), (("locked", "off"),)),
    **dict.fromkeys(("setlevel", "set_level", "dim"), (ON, ("brightness_percent", GIVEN))),
    **dict.fromkeys(("setheatingsetpoint", "setcoolingsetpoint", "set_temperature", "setthermostatsetpoint", "settemperature"), (("target_temperature_c", GIVEN),)),
    **dict.fromkeys(("setthermostatmode", "set_hvac_mode", "setmode", "set_operation_mode"), (("mode", GIVEN),)),
    "heat": (("mode", "heat"),), "cool": (("mode", "cool"),), "auto": (("mode", "auto"),),
    "emergencyheat": (("mode", "heat"),), "fanon": (("mode", "fan"),),
    **dict.fromkeys(("siren", "strobe", "both"), (("siren", "on"),)),
    **dict.fromkeys(("start", "start_mowing", "clean_spot", "startactivity"), (("drive", "start"),)),
    **dict.fromkeys(("return_to_base", "pause", "dock", "stop"), (("drive", "stop"),)),
    "mute": (("muted", "on"),), "unmute": (("muted", "off"),), "volume_mute": (("muted", GIVEN),),
    **dict.fromkeys(("setvolume", "volume_set"), (("volume_percent", GIVEN),)),
    **dict.fromkeys(("play", "media_play", "play_media"), (("playback", "play"),)),
    **dict.fromkeys(("media_pause",), (("playback", "pause"),)),
    **dict.fromkeys(("media_stop",), (("playback", "stop"),)),
    **dict.fromkeys(("set_percentage", "setfanspeed"), (ON, ("fan_percent", GIVEN))),
    **dict.fromkeys(("select_option", "set_options", "select_source", "select_first", "set_preset_mode"), (("option", GIVEN),)),
    **dict.fromkeys(("set_value", "set_datetime"), (("number", GIVEN),)),
    "alarm_disarm": (("armed", "disarmed"),), "alarm_arm_away": (("armed", "armed_away"),),
    "alarm_arm_home": (("armed", "armed_home"),), "alarm_arm_night": (("armed", "armed_night"),),
    "alarm_trigger": (("armed", "triggered"),), "setlocationmode": (("mode", GIVEN),),
}  # fmt: skip

KIND_OF_WORD: dict[str, str] = {
    **dict.fromkeys(("heater", "heating", "radiator", "furnace", "boiler", "heat", "heatpump", "fireplace", "stove", "暖房", "ヒーター"), "heater"),
    **dict.fromkeys(("ac", "aircon", "airconditioner", "cooler", "cooling", "エアコン"), "aircon"),
    **dict.fromkeys(("window", "skylight", "窓"), "window"),
    **dict.fromkeys(("lock", "deadbolt", "鍵"), "lock"),
    **dict.fromkeys(("garage",), "garage-door"),
    **dict.fromkeys(("door", "gate", "ドア"), "door"),
    **dict.fromkeys(("curtain", "blind", "blinds", "shade", "shutter", "shutters", "カーテン"), "curtain"),
    **dict.fromkeys(("humidifier", "加湿器"), "humidifier"), **dict.fromkeys(("dehumidifier", "除湿機"), "dehumidifier"),
    **dict.fromkeys(("fan", "ventilator", "ventilation", "exhaust"), "fan"),
    **dict.fromkeys(("tv", "television", "テレビ"), "television"),
    **dict.fromkeys(("speaker", "radio", "stereo", "sonos", "soundbar"), "speaker"),
    **dict.fromkeys(("vacuum", "roomba", "roborock", "cleaner"), "vacuum"),
    **dict.fromkeys(("oven", "cooker", "hob"), "cooker"), **dict.fromkeys(("kettle", "iron"), "kettle"),
    **dict.fromkeys(("coffee", "espresso"), "coffee-maker"),
    **dict.fromkeys(("sprinkler", "sprinklers", "irrigation"), "sprinkler"),
    **dict.fromkeys(("siren",), "siren"), **dict.fromkeys(("alarm",), "alarm"),
    **dict.fromkeys(("valve",), "valve"), **dict.fromkeys(("light", "lights", "lamp", "bulb", "照明"), "light"),
}  # fmt: skip
"""The kind that a word of a name says, where nobody told the kind; the last such word wins."""

SENSOR_OF_WORD: dict[str, str] = {
    **dict.fromkeys(("motion", "pir", "occupancy", "presence", "bewegung"), "motion"),
    **dict.fromkeys(("door", "window", "contact", "opening", "garage", "gate"), "opened"),
    **dict.fromkeys(("smoke", "fire"), "smoke"), **dict.fromkeys(("gas", "co", "monoxide"), "gas"),
    **dict.fromkeys(("leak", "moisture", "flood", "water"), "leak"),
    **dict.fromkeys(("temperature", "temp"), "room_temperature_c"),
    **dict.fromkeys(("humidity",), "humidity_percent"), **dict.fromkeys(("co2",), "co2_ppm"),
    **dict.fromkeys(("illuminance", "lux", "brightness", "luminance"), "illuminance_lx"),
    **dict.fromkeys(("power", "watts", "wattage"), "power_w"),
    **dict.fromkeys(("noise", "sound"), "sound_db"),
}  # fmt: skip

_MAIN_OF_DOMAIN: dict[str, str] = {
    # Home Assistant's domains whose state is not simply on or off.
    "lock": "locked", "cover": "opened", "climate": "mode", "person": "presence",
    "device_tracker": "presence", "alarm_control_panel": "armed", "valve": "valve_open", "siren": "siren",
    "input_select": "option", "select": "option", "input_number": "number", "number": "number",
    "vacuum": "drive", "zone": "count", "input_text": "text", "input_datetime": "number", "sun": "sun",
    "counter": "number", "timer": "timer", "weather": "weather", "calendar": "power",
}  # fmt: skip
_SWITCHED = frozenset({"switch", "light", "fan", "group", "humidifier", "water_heater", "remote"})
_MAIN_OF_KIND: dict[str, str] = {
    "lock": "locked", "window": "opened", "door": "opened", "garage-door": "opened", "curtain": "opened",
    "siren": "siren", "alarm": "siren", "valve": "valve_open", "vacuum": "drive",
    "mode": "mode", "person": "presence",
}  # fmt: skip
_KIND_OF_DOMAIN: dict[str, str] = {
    "light": "light", "lock": "lock", "fan": "fan", "vacuum": "vacuum", "siren": "siren",
    "media_player": "speaker", "alarm_control_panel": "alarm", "humidifier": "humidifier",
    "water_heater": "water-heater", "valve": "valve", "person": "person", "camera": "camera",
}  # fmt: skip
# What only exists in the program: it has no body, and so no heat, light or sound.
VIRTUAL = frozenset({
    "input_boolean", "input_select", "input_number", "input_text", "input_datetime", "automation",
    "script", "timer", "counter", "scene", "schedule", "select", "number", "input_button", "button",
    "update", "binary_sensor", "sensor", "person", "device_tracker", "zone", "sun", "event", "text",
})  # fmt: skip
ROOMS = frozenset({
    "kitchen", "bedroom", "bathroom", "living", "livingroom", "lounge", "hall", "hallway", "office",
    "study", "garage", "basement", "attic", "garden", "dining", "nursery", "laundry", "entry", "porch",
    "den", "cellar", "toilet", "utility", "patio", "outdoor", "outside", "guest", "master", "kids",
})  # fmt: skip
_WORD = re.compile(r"[a-z]+\d?|[\u3040-\u30ff\u4e00-\u9fff]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words_of(name: str) -> list[str]:
    """The words of an identifier, whatever joins them."""
    found = _WORD.findall(_CAMEL.sub(" ", name).lower())
    return [one if one == "co2" else one.rstrip("0123456789") for one in found]


def domain_of(thing: str) -> str:
    """What stands before the point of Home Assistant's names; empty for others."""
    domain, dot, _ = thing.partition(".")
    return domain if dot else ""


def kind_of(thing: str, known: Thing | None) -> str:
    """The kind of a thing: told, else by its program, else by a word of its name; else empty."""
    if known is not None and known.kind:
        told = known.kind.lower()
        return KIND_OF_WORD.get(told, _KIND_OF_DOMAIN.get(told, told))
    domain = domain_of(thing)
    if domain in VIRTUAL:
        return _KIND_OF_DOMAIN.get(domain, "")
    for one in reversed(words_of(thing.partition(".")[2] or thing)):
        if one in KIND_OF_WORD and not (domain == "light" or (one == "door" and domain == "lock")):
            return KIND_OF_WORD[one]
    return "heater" if domain == "climate" else _KIND_OF_DOMAIN.get(domain, "")


def room_of(thing: str, known: Thing | None) -> str:
    """The room a thing stands in: told, or a room's word in its name; else empty."""
    if known is not None and known.room:
        return known.room.lower()
    found = [one for one in words_of(thing) if one in ROOMS]
    return " ".join(found)


def point_of(thing: str, attribute: str, value: Value, known: Thing | None = None) -> str:
    """Our name of a point; an attribute that nobody knows keeps its own name."""
    told = attribute.lower().rpartition(".")[2]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if told in {"power", "energy"} and is_number:
        return "power_w"
    if told in {"", "state"}:
        return _main(thing, value, known)
    if told == "mode" or told not in POINT_OF_ATTRIBUTE:
        return told
    return POINT_OF_ATTRIBUTE[told]


def _main(  # noqa: PLR0911 - one line a domain
    thing: str, value: Value, known: Thing | None
) -> str:
    domain = domain_of(thing)
    if value in {"home", "not_home"} and domain != "alarm_control_panel":
        return "presence"
    if domain in _MAIN_OF_DOMAIN:
        return _MAIN_OF_DOMAIN[domain]
    if domain in {"binary_sensor", "sensor"} or (
        known is not None and "sensor" in known.kind.lower()
    ):
        found = [one for one in words_of(thing) if one in SENSOR_OF_WORD]
        if known is not None and known.kind:
            found += [one for one in words_of(known.kind) if one in SENSOR_OF_WORD]
        point = SENSOR_OF_WORD[found[-1]] if found else ""
        if point and (domain != "binary_sensor" or point in BOOLS):
            return point
        return "power" if domain == "binary_sensor" else "value"
    if domain in VIRTUAL or domain in _SWITCHED:
        return "power"
    if domain == "media_player" and str(value).lower() in {"playing", "paused"}:
        return "playback"
    return _MAIN_OF_KIND.get(kind_of(thing, known), "power")


def token_of(point: str, value: Value) -> Token | None:  # noqa: PLR0911 - one line a form
    """A value as rules compare it; None for no value."""
    if value is None:
        return None
    if isinstance(value, bool):
        told = "on" if value else "off"
        return _WORDS_OF_POINT.get(point, {}).get(told, told)
    if isinstance(value, (int, float)):
        if point in BOOLS:
            return "on" if value else "off"
        return float(value)
    told = " ".join(value.lower().split())
    mapped = _WORDS_OF_POINT.get(point, {}).get(told)
    if mapped is not None:
        return mapped
    if point in BOOLS:
        return "on" if told in YES else "off" if told in NO else told
    return _as_number(told)


def _as_number(told: str) -> Token:
    if not told or told[0] not in "-+.0123456789" or len(told) > 24:  # noqa: PLR2004 - no number is longer
        return told
    try:
        return float(told)
    except ValueError:
        return told


def sets_of(
    thing: str, command: str, value: Value, known: Thing | None = None
) -> list[tuple[str, Token | None]]:
    """What a command sets; nothing for a command that nobody knows."""
    domain, _, name = command.rpartition(".")
    name = name.lower()
    table = _COMMANDS.get(name) or _COMMANDS.get(name.replace("_", ""))
    if table is None:
        return []
    main = _main(thing, None, known)
    sets: list[tuple[str, Token | None]] = []
    for told, to in table:
        point = _fitting(told, main, domain, thing)
        if not point:
            continue
        at: Token | None = token_of(point, value) if to == GIVEN else to
        sets.append((point, token_of(point, at) if isinstance(at, str) else at))
    return sets


_OWN_SWITCH = frozenset({"siren", "valve_open", "opened", "drive"})
_NO_DRIVE = frozenset({"timer", "media_player", "cover"})


def _fitting(point: str, main: str, domain: str, thing: str) -> str:
    """The point that the command means with this thing; empty where it sets nothing of ours."""
    is_valve = "valve" in domain or main == "valve_open"
    if point == "power" and main in _OWN_SWITCH:
        return main
    if point == "opened" and is_valve:
        return "valve_open"
    if point == "position_percent" and is_valve:
        return ""
    if point == "drive" and (domain in _NO_DRIVE or domain_of(thing) in _NO_DRIVE):
        return ""
    return point
