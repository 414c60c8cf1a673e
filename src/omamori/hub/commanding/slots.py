"""Slots: who may claim which place in a point's priority array, and the commands that lie in it.

The array is BACnet's (ASHRAE 135 §19.2): the value in force is that of the strongest slot that is
not empty, and what loses stays in its slot until it is withdrawn. Unlike BACnet's, a slot holds one
command of each origin (the newest first), and nearly every command has a lease.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import msgspec

from omamori.hub.commanding.command import (
    AUTOMATION_BY,
    BROKER,
    DONE,
    HAND,
    HUB,
    MEETING,
    PAGE,
    PERSON,
    SAFETY,
    SENT,
    SERVICE,
    SLOTS,
    THING,
    Command,
    Origin,
)
from omamori.hub.commanding.pace import Bucket
from omamori.hub.points import Given

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.commanding.use import Use

(
    SAFETY_AUTO, SAFETY_LOCAL, LOCAL_MANUAL, EMERGENCY_REMOTE, CRITICAL_EQUIPMENT,
    REMOTE_USER, AUTOMATION, DEMAND_RESPONSE,
) = SLOTS  # fmt: skip

RANK = {slot: rank for rank, slot in enumerate(SLOTS)}

FORCEFUL = frozenset({SAFETY_AUTO, SAFETY_LOCAL, LOCAL_MANUAL, EMERGENCY_REMOTE})
"""What somebody at the thing, or a danger, decides: it waits for no film and for no other master."""

CLAIMS: dict[tuple[str, str], frozenset[str]] = {
    (SAFETY, HUB): frozenset({SAFETY_AUTO, SAFETY_LOCAL, CRITICAL_EQUIPMENT}),
    (SAFETY, HAND): frozenset({SAFETY_LOCAL}),
    (SAFETY, MEETING): frozenset({EMERGENCY_REMOTE}),
    (PERSON, HAND): frozenset({SAFETY_LOCAL, LOCAL_MANUAL}),
    (PERSON, PAGE): frozenset({EMERGENCY_REMOTE, REMOTE_USER}),
    (PERSON, MEETING): frozenset({REMOTE_USER}),
    (PERSON, BROKER): frozenset({REMOTE_USER}),
    (AUTOMATION_BY, HUB): frozenset({CRITICAL_EQUIPMENT, AUTOMATION}),
    (AUTOMATION_BY, MEETING): frozenset({AUTOMATION}),
    (AUTOMATION_BY, BROKER): frozenset({AUTOMATION}),
    (SERVICE, MEETING): frozenset({AUTOMATION, DEMAND_RESPONSE}),
    (SERVICE, BROKER): frozenset({AUTOMATION, DEMAND_RESPONSE}),
    (THING, MEETING): frozenset({AUTOMATION, DEMAND_RESPONSE}),
    (THING, BROKER): frozenset({AUTOMATION, DEMAND_RESPONSE}),
}
"""Which slots an origin may claim, by its kind and its channel; what is not listed may claim none.
No service may say that a person stands behind it: that would be its own word (ECHONET's 0x93)."""

CALM: dict[str, Given] = {
    "power": False, "charge_w": 0, "charge_limit_a": 0, "valve_open": False, "cook": False,
    "drive": "stop", "playback": "stop",
}  # fmt: skip
"""What an emergency from outside may set, and nothing else: less energy, less heat. It opens no lock:
a false alarm would."""

AT_REST: dict[str, Given] = {
    "locked": True, "valve_open": False, "cook": False, "siren": False, "drive": "stop",
    "charge_w": 0, "charge_limit_a": 0,
}  # fmt: skip
"""Where a body, a door, a flame or a current is at rest. What is seen to have gone there is not
started again: somebody did it at the thing, or it is finished."""

MOMENTARY = frozenset({"dose_u", "firmware"})
"""What happens once and cannot stand in a slot: it is done at once or not at all, never later and
never again."""


FOR_ANSWER, FOR_USE, FOR_MASTERS = "ask", "use", "masters"
"""What a command may wait for: the family's word; the end of a use; another master's peace."""


class Pending(msgspec.Struct):
    """A write whose effect has not been seen yet; of no command where the point went to rest."""

    id: str
    value: Given
    command_id: str
    confirm_by: float
    tries: int = 1


class Accepted(msgspec.Struct):
    """A command in the array.

    Attributes:
        until: end of its lease; infinite where its slot needs none.
        number: in the order of acceptance.
        state: of `command`'s; empty before it was told.
        waits: ``ask``, ``use``, ``masters``; empty where only stronger ones are in its way.
        must_ask: the rules want the family's word; `ask_until` is when silence is a no.
        judged_at: when the policy and the envelope last let it pass.
        by_hand: nothing was written for it: somebody did it at the thing.
    """

    command: Command
    until: float
    number: int
    since: float
    state: str = ""
    waits: str = ""
    must_ask: bool = False
    ask_until: float = inf
    agreed_by: str = ""
    rules: tuple[str, ...] = ()
    envelope: str = ""
    judged_at: float = -inf
    tries: int = 0
    by_hand: bool = False

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller goes first: the slot, then the newer."""
        return RANK[self.command.slot], -self.number

    def waits_for(self, uses: Iterable[Use], *, yielding: bool) -> str:
        """What it waits for, whoever else is in the array."""
        command = self.command
        forceful = command.slot in FORCEFUL
        if not self.agreed_by:
            if not forceful and any(use.minds(command.point, command.value) for use in uses):
                return FOR_USE
            if self.must_ask:
                return FOR_ANSWER
        return FOR_MASTERS if yielding and not forceful else ""

    @property
    def forceful(self) -> bool:
        """It waits for no film and no other master."""
        return self.command.slot in FORCEFUL

    @property
    def in_force(self) -> bool:
        """It was written, or is seen."""
        return self.state in {SENT, DONE}


class Spot(msgspec.Struct):
    """A point of a thing, with its array.

    Attributes:
        accepted: the strongest first.
        winner: id of the command in force; empty where there is none.
        vacant: what is in force is of a command that is gone.
        written: the last value written, at `written_at`, seen at `confirmed_at`.
        rounds: when another master set it back.
        yield_until: until when another master is let be.
        changes: what may still be changed within this hour; the family has as much for itself.
        check_at: when what was read may be too old for what is in force.
        due: when it must be looked at next.
    """

    target: str
    point: str
    accepted: list[Accepted] = []
    winner: str = ""
    vacant: bool = False
    pending: Pending | None = None
    written: Given | None = None
    written_at: float = -inf
    confirmed_at: float = -inf
    rounds: list[float] = []
    yield_until: float = -inf
    changes: Bucket = msgspec.field(default_factory=Bucket)
    changes_by_family: Bucket = msgspec.field(default_factory=Bucket)
    check_at: float = inf
    due: float = inf

    def insert(self, accepted: Accepted) -> None:
        """Put it into its place in the array."""
        place = 0
        while place < len(self.accepted) and self.accepted[place].rank < accepted.rank:
            place += 1
        self.accepted.insert(place, accepted)

    def of(self, command_id: str) -> Accepted | None:
        """The command of this id, if it lies here."""
        for accepted in self.accepted:
            if accepted.command.id == command_id:
                return accepted
        return None

    def same_claim(self, command: Command) -> Accepted | None:
        """What this origin has in this slot already: it is replaced."""
        for accepted in self.accepted:
            mine = accepted.command
            if mine.slot == command.slot and caller_of(mine.origin) == caller_of(command.origin):
                return accepted
        return None

    def first_free(self) -> Accepted | None:
        """The strongest command that waits for nothing."""
        for accepted in self.accepted:
            if not accepted.waits:
                return accepted
        return None


def caller_of(origin: Origin) -> str:
    """Whose sequence of numbers it is: one asker by one channel."""
    return f"{origin.channel}\x1f{origin.who}"


def at_hand(origin: Origin) -> bool:
    """A person at the thing itself."""
    return origin.kind == PERSON and origin.channel == HAND


def of_the_family(origin: Origin) -> bool:
    """At the thing itself or on this home's own pages: who may answer, switch and opt out."""
    return origin.kind == PERSON and origin.channel in {HAND, PAGE}


def own_safety(origin: Origin) -> bool:
    """The home's own protection, which asks nobody."""
    return origin.kind == SAFETY and origin.channel in {HUB, HAND}
