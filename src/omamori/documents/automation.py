"""Home automations in a neutral JSON, whoever's program wrote them: read, bounded, with its schema."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from omamori.documents.automation_parts import (
    Action,
    AllOf,
    AnyOf,
    ApplyScene,
    Branch,
    Choose,
    Command,
    Condition,
    Delay,
    EventTrigger,
    EveryTrigger,
    NotAny,
    Notify,
    OnlyIf,
    Part,
    Repeat,
    RunScript,
    SetPoint,
    StateIs,
    StateTrigger,
    Stop,
    SunIs,
    SunTrigger,
    TimeIs,
    TimeTrigger,
    Together,
    Trigger,
    TriggerIs,
    Turn,
    Unclear,
    Value,
    Wait,
)
from omamori.documents.reason import RefusedError

__all__ = [
    "AUTOMATIONS_MAX",
    "AUTOMATIONS_OCTETS_MAX",
    "DAYS",
    "DEPTH_MAX",
    "MODES",
    "OPERATORS",
    "PARTS_MAX",
    "SECONDS_MAX",
    "TEXT_MAX",
    "THINGS_MAX",
    "WHAT_MAX",
    "Action",
    "AllOf",
    "AnyOf",
    "ApplyScene",
    "Automation",
    "AutomationError",
    "Automations",
    "Branch",
    "Choose",
    "Command",
    "Condition",
    "Delay",
    "EventTrigger",
    "EveryTrigger",
    "NotAny",
    "Notify",
    "OnlyIf",
    "Part",
    "Repeat",
    "RunScript",
    "Scene",
    "Script",
    "SetPoint",
    "StateIs",
    "StateTrigger",
    "Stop",
    "SunIs",
    "SunTrigger",
    "Thing",
    "TimeIs",
    "TimeTrigger",
    "Together",
    "Trigger",
    "TriggerIs",
    "Turn",
    "Unclear",
    "Value",
    "Wait",
    "checked",
    "minute_of",
    "operator_of",
    "read_document",
    "schema",
    "write_document",
]

AUTOMATIONS_OCTETS_MAX = 8_000_000  # a thousand automations are about 1 MB
AUTOMATIONS_MAX = 5_000
THINGS_MAX = 10_000
PARTS_MAX = 256  # triggers, conditions or actions in one list; the largest seen in public has 93
DEPTH_MAX = 24
TEXT_MAX = 256
SECONDS_MAX = 31 * 86_400.0
WHAT_MAX = 200  # characters of an error's text

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPERATORS = ("changes", "=", "!=", "<", "<=", ">", ">=", "in", "not in")
MODES = ("single", "restart", "queued", "parallel")

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,6})?)?")
_SAME = {
    "==": "=", "eq": "=", "equals": "=", "is": "=", "becomes": "=", "≠": "!=", "<>": "!=", "ne": "!=",
    "is not": "!=", "lt": "<", "below": "<", "le": "<=", "≤": "<=", "gt": ">", "above": ">", "ge": ">=",
    "≥": ">=", "any": "changes", "change": "changes", "changed": "changes", "": "changes",
}  # fmt: skip


class AutomationError(RefusedError):
    """Octets that are no automations; the reason says what is wrong, and where."""


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A thing that automations speak of: one piece, not a sort.

    Attributes:
        kind: ours (`heater`, `lock`), or what its program calls it (`climate`, `contactSensor`).
        room: what shares the air, the light and the sound.
        power_w: what it draws when it is on.
        is_reserved: something is going on with it (a film) that must not be cut off.
    """

    id: str
    name: str = ""
    kind: str = ""
    room: str = ""
    power_w: float = 0.0
    is_reserved: bool = False


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What several things are set to at once."""

    id: str
    sets: tuple[SetPoint, ...]


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of actions with a name."""

    id: str
    actions: tuple[Action, ...]


class Automation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When one of the triggers comes and all conditions hold, the actions are done in order.

    Attributes:
        mode: ``single``, ``restart``, ``queued`` or ``parallel``: what a second trigger does meanwhile.
        is_on: off automations are not judged, but may be switched on by others.
        is_safety: somebody's life or home hangs on it; found out where it is not said.
    """

    id: str
    triggers: tuple[Trigger, ...]
    actions: tuple[Action, ...]
    name: str = ""
    conditions: tuple[Condition, ...] = ()
    mode: str = "single"
    is_on: bool = True
    is_safety: bool | None = None


class Automations(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A home's automations with what they speak of.

    Attributes:
        budget_w: what the home may draw at once; 0 where nobody said.
    """

    automations: tuple[Automation, ...]
    things: tuple[Thing, ...] = ()
    scenes: tuple[Scene, ...] = ()
    scripts: tuple[Script, ...] = ()
    budget_w: float = 0.0
    version: int = 1


_DECODER = msgspec.json.Decoder(Automations)


def read_document(octets: bytes) -> Automations:
    """Read the neutral JSON.

    Raises:
        AutomationError: with the path of what is wrong.
    """
    if len(octets) > AUTOMATIONS_OCTETS_MAX:
        raise AutomationError("automation.too-long", {"limit_mb": AUTOMATIONS_OCTETS_MAX // 10**6})
    try:
        read = _DECODER.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what, _, where = str(error).partition(" - at ")
        params = {"what": what[:WHAT_MAX], "where": where.strip("`")[:WHAT_MAX] or "$"}
        raise AutomationError("automation.not-so", params) from error
    except RecursionError as error:
        raise AutomationError("automation.too-deep", {"limit": DEPTH_MAX}) from error
    return checked(read)


def write_document(home: Automations) -> bytes:
    """The neutral JSON of these automations."""
    return msgspec.json.encode(home)


def schema() -> dict[str, Any]:
    """The JSON Schema of the neutral form."""
    return msgspec.json.schema(Automations)


def minute_of(clock: str) -> float:
    """Minutes since midnight of a time such as 07:30 or 07:30:15; negative where it is none."""
    match = _CLOCK.fullmatch(clock.strip())
    if match is None:
        return -1.0
    hours, minutes, seconds = match.groups()
    return int(hours) * 60 + int(minutes) + int(seconds or 0) / 60


def operator_of(told: str) -> str:
    """Our sign for an operator under any of its usual names; empty where it is none."""
    sign = told.strip().lower()
    sign = _SAME.get(sign, sign)
    return sign if sign in OPERATORS else ""


def checked(home: Automations) -> Automations:
    """The same, when its lists, texts and numbers are within their limits and its names are its own.

    Raises:
        AutomationError: with the path of what is wrong.
    """
    if home.version != 1:
        raise AutomationError("automation.version", {"told": home.version})
    _few(home.automations, AUTOMATIONS_MAX, "$.automations")
    _few(home.things, THINGS_MAX, "$.things")
    _few(home.scenes, AUTOMATIONS_MAX, "$.scenes")
    _few(home.scripts, AUTOMATIONS_MAX, "$.scripts")
    _positive(home.budget_w, "$.budget_w")
    for role in ("automations", "things", "scenes", "scripts"):
        seen: set[str] = set()
        for at, one in enumerate(getattr(home, role)):
            _text(one.id, f"$.{role}[{at}].id")
            if not one.id or one.id in seen:
                raise AutomationError(
                    "automation.id", {"id": one.id[:WHAT_MAX], "where": f"$.{role}[{at}].id"}
                )
            seen.add(one.id)
            _walk(one, f"$.{role}[{at}]", 0)
    return home


def _few(parts: tuple[Any, ...], most: int, where: str) -> None:
    if len(parts) > most:
        raise AutomationError("automation.too-many", {"where": where, "limit": most})


def _text(told: str, where: str) -> None:
    if len(told) > TEXT_MAX:
        raise AutomationError("automation.text", {"where": where, "limit": TEXT_MAX})


def _positive(number: float, where: str) -> None:
    if not 0 <= number <= 1e9:  # noqa: PLR2004 - a gigawatt; nan fails too
        raise AutomationError("automation.number", {"where": where})


def _wrong(where: str, told: str) -> AutomationError:
    return AutomationError("automation.word", {"where": where, "told": told[:WHAT_MAX]})


def _walk(part: msgspec.Struct, where: str, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise AutomationError("automation.too-deep", {"limit": DEPTH_MAX})
    for name in part.__struct_fields__:
        value, place = getattr(part, name), f"{where}.{name}"
        if isinstance(value, str):
            _text(value, place)
            _meant(part, name, value, place)
        elif isinstance(value, float) and name.endswith(("_s", "seconds", "_w")):
            _in_time(value, place, may_be_negative=name == "offset_s")
        elif isinstance(value, tuple):
            _few(value, PARTS_MAX, place)
            for at, inner in enumerate(value):
                if isinstance(inner, msgspec.Struct):
                    _walk(inner, f"{place}[{at}]", depth + 1)
                elif isinstance(inner, str):
                    _text(inner, f"{place}[{at}]")
                    _meant(part, name, inner, f"{place}[{at}]")
        elif isinstance(value, msgspec.Struct):
            _walk(value, place, depth + 1)


def _in_time(value: float, place: str, *, may_be_negative: bool) -> None:
    low = -86_400.0 if may_be_negative else 0.0
    if not low <= value <= SECONDS_MAX:
        raise AutomationError("automation.number", {"where": place})


def _meant(part: msgspec.Struct, name: str, value: str, place: str) -> None:
    """Whether a word of a fixed list, or a time of day, is one."""
    right = True
    if name == "operator":
        right = operator_of(value) != ""
    elif name == "days":
        right = value in DAYS
    elif isinstance(part, (TimeTrigger, TimeIs)) and name in {"at", "after", "before"}:
        right = minute_of(value) >= 0 or (value == "" and name != "at")
    elif isinstance(part, SunTrigger) and name == "event":
        right = value in {"sunrise", "sunset"}
    elif isinstance(part, SunIs):
        right = value in {"up", "down"}
    elif isinstance(part, Turn) and name == "to":
        right = value in {"on", "off", "trigger"}
    elif isinstance(part, Automation) and name == "mode":
        right = value in MODES
    if not right:
        raise _wrong(place, value)
