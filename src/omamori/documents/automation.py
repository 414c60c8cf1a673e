"""Home automations in a neutral JSON, whoever's program wrote them: read, bounded, with its schema."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from omamori.documents.reason import RefusedError

AUTOMATIONS_OCTETS_MAX = 8_000_000  # a thousand automations are about 1 MB
AUTOMATIONS_MAX = 5_000
THINGS_MAX = 10_000
PARTS_MAX = 256  # triggers, conditions or actions in one list; the largest seen in public has 93
DEPTH_MAX = 24
TEXT_MAX = 256
SECONDS_MAX = 31 * 86_400.0
WHAT_MAX = 200  # characters of an error's text

Value = bool | int | float | str | None
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


class Part(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"
):
    """A piece of an automation; its ``kind`` says which."""


class StateTrigger(Part, frozen=True, tag="state"):
    """Something comes to be so: a door opens, a temperature passes a threshold, a person arrives.

    Attributes:
        thing: which one, exactly; an automation of "any lamp" is one per lamp.
        attribute: a point of ours, a SmartThings attribute, or empty for what the thing mainly is.
        operator: ``changes``, ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in`` or ``not in``.
        value: what it is compared with; a list for ``in`` and ``not in``.
        before: what it must have been before, where that is said.
        for_s: how long it must stay so.
        id: a name that this automation's own conditions may ask for.
    """

    thing: str
    attribute: str = ""
    operator: str = ""
    value: Value | tuple[Value, ...] = None
    before: Value | tuple[Value, ...] = None
    for_s: float = 0.0
    id: str = ""


class TimeTrigger(Part, frozen=True, tag="time"):
    """A time of day, such as ``07:30``, on some days or every day."""

    at: str
    days: tuple[str, ...] = ()
    id: str = ""


class EveryTrigger(Part, frozen=True, tag="every"):
    """Again and again."""

    seconds: float
    id: str = ""


class SunTrigger(Part, frozen=True, tag="sun"):
    """``sunrise`` or ``sunset``, earlier (negative) or later."""

    event: str
    offset_s: float = 0.0
    id: str = ""


class EventTrigger(Part, frozen=True, tag="event"):
    """A moment that is no state: a button, a webhook, a voice, a message; or what is not understood."""

    name: str
    thing: str = ""
    id: str = ""


Trigger = StateTrigger | TimeTrigger | EveryTrigger | SunTrigger | EventTrigger


class StateIs(Part, frozen=True, tag="state"):
    """Something is so."""

    thing: str
    attribute: str = ""
    operator: str = "="
    value: Value | tuple[Value, ...] = None
    for_s: float = 0.0


class TimeIs(Part, frozen=True, tag="time"):
    """It is after, before (over midnight where after is later), on these days."""

    after: str = ""
    before: str = ""
    days: tuple[str, ...] = ()


class SunIs(Part, frozen=True, tag="sun"):
    """The sun is ``up`` or ``down``."""

    where: str


class TriggerIs(Part, frozen=True, tag="trigger"):
    """One of these triggers of this automation set it going."""

    ids: tuple[str, ...]


class AllOf(Part, frozen=True, tag="all"):
    """Each holds."""

    of: tuple[Condition, ...]


class AnyOf(Part, frozen=True, tag="any"):
    """One holds at least."""

    of: tuple[Condition, ...]


class NotAny(Part, frozen=True, tag="not"):
    """None holds."""

    of: tuple[Condition, ...]


class Unclear(Part, frozen=True, tag="unknown"):
    """A condition or an action that its reader did not understand: it may do anything."""

    text: str = ""


Condition = StateIs | TimeIs | SunIs | TriggerIs | AllOf | AnyOf | NotAny | Unclear


class SetPoint(Part, frozen=True, tag="set"):
    """Set a point of a thing; no value where it is worked out only when it runs."""

    thing: str
    attribute: str = ""
    value: Value = None


class Command(Part, frozen=True, tag="command"):
    """A command by its own name: ``switch.on``, ``lock``, ``setLevel``, ``light.turn_on``."""

    thing: str
    command: str
    value: Value = None


class Delay(Part, frozen=True, tag="delay"):
    """Wait so long."""

    seconds: float


class Wait(Part, frozen=True, tag="wait"):
    """Wait until it is so."""

    until: Condition
    timeout_s: float = 0.0


class OnlyIf(Part, frozen=True, tag="only-if"):
    """Go on only if it is so."""

    condition: Condition


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done when its conditions all hold."""

    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]


class Choose(Part, frozen=True, tag="choose"):
    """The first branch whose conditions hold, or else the last resort."""

    branches: tuple[Branch, ...]
    otherwise: tuple[Action, ...] = ()


class Repeat(Part, frozen=True, tag="repeat"):
    """Several times."""

    actions: tuple[Action, ...]


class Together(Part, frozen=True, tag="parallel"):
    """Side by side."""

    actions: tuple[Action, ...]


class ApplyScene(Part, frozen=True, tag="scene"):
    """Set everything of a scene."""

    scene: str


class RunScript(Part, frozen=True, tag="run"):
    """Do what a script says, or what another automation does."""

    script: str


class Turn(Part, frozen=True, tag="turn"):
    """Switch an automation on or off (or run it now: ``trigger``)."""

    automation: str
    to: str


class Notify(Part, frozen=True, tag="notify"):
    """Tell somebody."""

    text: str = ""


class Stop(Part, frozen=True, tag="stop"):
    """Nothing after this is done."""


Action = (
    SetPoint
    | Command
    | Delay
    | Wait
    | OnlyIf
    | Choose
    | Repeat
    | Together
    | ApplyScene
    | RunScript
    | Turn
    | Notify
    | Stop
    | Unclear
)


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
