"""The parts of an automation in the neutral form: triggers, conditions, actions."""

from __future__ import annotations

import msgspec

Value = bool | int | float | str | None


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
