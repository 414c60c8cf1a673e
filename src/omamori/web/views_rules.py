"""Views of what a home agreed to: links, grants, rules, automations that collide, measurements, plays.

As in `views_protect`.
"""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason, Value
from omamori.web.views import LevelView


class LinkRow(msgspec.Struct, frozen=True):
    """A cooperation in any state of its life.

    Attributes:
        state: ``proposed``, ``asked``, ``active``, ``limited``, ``suspended`` or ``ended``.
        since: when that state began; until: when it is judged again or ends.
        can_agree, can_withdraw: what a person may do now.
    """

    id: str
    one_id: str
    one: str
    other_id: str
    other: str
    purpose: str
    state: str
    level: LevelView | None
    since: float
    until: float | None
    reasons: tuple[Reason, ...] = ()
    can_agree: bool = False
    can_withdraw: bool = False


class GrantView(msgspec.Struct, frozen=True):
    """A permission for a guest or a rental.

    Attributes:
        sort: ``guest`` or ``rental``.
        targets: names of the things that it may use.
        wipes: what will be wiped when it ends (or was, when `ended_at` is set).
    """

    id: str
    sort: str
    thing_id: str
    name: str
    purposes: tuple[str, ...]
    given_at: float
    until: float
    targets: tuple[str, ...] = ()
    wipes: tuple[Reason, ...] = ()
    ended_at: float | None = None


class LinksView(msgspec.Struct, frozen=True):
    """Who works with whom.

    Attributes:
        guests: can be given a grant to use one of `things` for one of `purposes`.
        things: of them any two can be proposed to work together, where `can_propose`.
    """

    at: float
    home: str
    links: tuple[LinkRow, ...] = ()
    grants: tuple[GrantView, ...] = ()
    guests: tuple[tuple[str, str], ...] = ()
    things: tuple[tuple[str, str], ...] = ()
    purposes: tuple[str, ...] = ()
    can_propose: bool = False


Box = tuple[tuple[str, tuple[Value, ...]], ...]
"""A conjunction of `documents.policy_shape`, its values in their order."""


class RuleRow(msgspec.Struct, frozen=True):
    """A rule of this home as a sentence.

    Attributes:
        effect: ``allow``, ``limit``, ``ask`` or ``refuse``.
        what: why it answers so (`documents.policy_shape.Rule.why`).
        said: the rule's own words in the visitor's language, where whoever wrote it gave some.
        when: what must hold: (attribute, the values that fit); `unless` what must not, any of them.
        line: where it stands in the text.
        decided: how often it decided, `last_at` when last.
    """

    id: str
    effect: str
    what: tuple[Reason, ...]
    said: str = ""
    when: Box = ()
    unless: tuple[Box, ...] = ()
    line: int = 0
    decided: int = 0
    last_at: float | None = None


class RuleFault(msgspec.Struct, frozen=True):
    """What is wrong at one line of a text of rules; `why` says what to do."""

    line: int
    why: Reason
    column: int = 0


class RulesView(msgspec.Struct, frozen=True):
    """The home's rules.

    Attributes:
        text: all of it, as TOML.
        is_default: nobody changed it; else `kept_at` says when.
        askers, targets: to try a rule with: (id, name).
        points: names of `hub.points.POINTS` that can be tried.
    """

    at: float
    home: str
    text: str
    rules: tuple[RuleRow, ...] = ()
    is_default: bool = True
    kept_at: float | None = None
    askers: tuple[tuple[str, str], ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    points: tuple[str, ...] = ()


class RulingView(msgspec.Struct, frozen=True):
    """What the rules say of a question that was only tried; `deciding` are all rules that gave it."""

    answer: str
    reasons: tuple[Reason, ...]
    deciding: tuple[RuleRow, ...] = ()


class ConflictEnd(msgspec.Struct, frozen=True):
    """One automation of a conflict: its name, and what it does."""

    name: str
    does: Reason | None = None


class ConflictView(msgspec.Struct, frozen=True):
    """Automations that get in each other's way.

    Attributes:
        sort, sure: of `hub.automating.conflict`'s ``KINDS`` and ``SURENESS``.
        ends: the automations, in the order of the picture.
        meets: the thing or the room where they meet; channel: a key of `names_protect.CHANNELS`.
        situation: one situation in which it happens, fact by fact.
        repair: the one thing to do.
    """

    id: str
    sort: str
    state: int
    ends: tuple[ConflictEnd, ...]
    meets: str
    why: tuple[Reason, ...]
    repair: Reason | None = None
    channel: str = ""
    sure: str = ""
    situation: tuple[Reason, ...] = ()


class AutomationsView(msgspec.Struct, frozen=True):
    """What was brought in and what was found in it.

    Attributes:
        names: the automations looked at; `taken_at` when, 0 with none.
        notes: what could not be read or bound to a thing.
    """

    at: float
    home: str
    taken_at: float | None = None
    names: tuple[str, ...] = ()
    conflicts: tuple[ConflictView, ...] = ()
    notes: tuple[Reason, ...] = ()


class MeasuredRow(msgspec.Struct, frozen=True):
    """One measurement on its way.

    Attributes:
        measured, sent, arrived: the value at each place; None where there was none.
        found: of `hub.measuring.receiver`: ``ok``, ``altered``, ``replayed``, ``delayed``,
            ``lost`` and so on; a key of `names_protect.MEASURED`.
        ground: a key of `names.GROUNDS`: who signed.
    """

    seq: int
    at: float
    source: str
    point: str
    measured: Value | None
    sent: Value | None
    arrived: Value | None
    found: str
    arrived_at: float | None = None
    receiver: str = ""
    ground: str = "nothing"
    why: tuple[Reason, ...] = ()


class MeasuredView(msgspec.Struct, frozen=True):
    """Measurements, newest first; `left_out` more are not shown."""

    at: float
    home: str
    rows: tuple[MeasuredRow, ...] = ()
    left_out: int = 0


class PlayStep(msgspec.Struct, frozen=True):
    """One step of a play.

    Attributes:
        actor, target: keys of the play's lanes; a step at one place has no target.
        what: the one sentence; `why` what the hub decided it on.
        state: one of the five steps of state; 1 where it says nothing of danger.
        answer: of `names.ANSWERS`, or empty.
    """

    at: float
    actor: str
    what: Reason
    target: str = ""
    why: tuple[Reason, ...] = ()
    state: int = 1
    answer: str = ""


class PlayView(msgspec.Struct, frozen=True):
    """A situation of the practice home, step by step, oldest first.

    Attributes:
        situation: a key of `names.SITUATIONS`.
        lanes: who takes part, in the order of the picture: (key, name).
        choices: what the visitor can do now, keys of `names_protect.CHOICES`.
        ended: nothing more comes by itself.
        rows: for a play of measurements.
    """

    situation: str
    at: float
    started_at: float
    lanes: tuple[tuple[str, str], ...]
    steps: tuple[PlayStep, ...] = ()
    choices: tuple[str, ...] = ()
    ended: bool = False
    rows: tuple[MeasuredRow, ...] = ()
