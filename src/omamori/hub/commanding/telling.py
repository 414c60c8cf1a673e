"""Telling: what became of a command, with who is responsible for what, to all whom it concerns."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from omamori.documents.reason import Reason, Value
from omamori.hub.commanding.command import Command, Notice, Origin, Outcome, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.hub.commanding.slots import Accepted

Event = Outcome | Write | Notice
"""What the arbiter says: what became of a command; what is to be set; a word to somebody."""

FAMILY = "home"


class Telling:
    """Puts names and facts to what happened.

    Args:
        name_of: what the family calls a thing.
    """

    def __init__(self, name_of: Callable[[str], str]) -> None:
        self._name_of = name_of

    def about(self, command: Command, **more: Value) -> dict[str, Value]:
        """What a sentence on this command needs."""
        return {
            "asker": caller_name(command.origin),
            "thing": self._name_of(command.target),
            "wish": wish_of(command),
            **more,
        }

    def reason(self, key: str, command: Command, **more: Value) -> Reason:
        """A reason on this command, with its names."""
        return Reason(key, self.about(command, **more))

    def thing(self, key: str, target: str, **more: Value) -> Reason:
        """A reason on a thing."""
        return Reason(key, {"thing": self._name_of(target), **more})

    def named(self, reason: Reason, command: Command) -> Reason:
        """The same reason, with the names of this command."""
        return Reason(reason.key, self.about(command, **reason.params))

    def refused(
        self,
        command: Command,
        state: str,
        now: float,
        reasons: Iterable[Reason],
        **facts: str | int,
    ) -> Outcome:
        """What became of a command that never lay in the array."""
        named = tuple(self.named(reason, command) for reason in reasons)
        return Outcome(command, state, now, named, {**facts_of(command), **facts})


def outcome(
    accepted: Accepted, now: float, reasons: Iterable[Reason], holder: Command | None = None
) -> Outcome:
    """The command's present state as one line of the record."""
    facts: dict[str, str | int | float] = {**facts_of(accepted.command)}
    facts["rules"] = ",".join(accepted.rules)
    if accepted.envelope:
        facts["envelope"] = accepted.envelope
    if accepted.until < inf:
        facts["lease_until"] = accepted.until
    if accepted.agreed_by:
        facts["agreed_by"] = accepted.agreed_by
    if accepted.waits:
        facts["waits"] = accepted.waits
    if holder is not None:
        facts["holder"], facts["holder_slot"] = caller_of_record(holder.origin), holder.slot
        facts["holder_command"] = holder.id
    return Outcome(accepted.command, accepted.state, now, tuple(reasons), facts)


def facts_of(command: Command) -> dict[str, str | int | float]:
    """Who is responsible for the command itself."""
    origin = command.origin
    return {
        "asker": caller_of_record(origin),
        "asker_kind": origin.kind,
        "channel": origin.channel,
        "slot": command.slot,
    }


def notices(reason: Reason, command_id: str, now: float, *to: str | Origin) -> list[Notice]:
    """The same word to each of them, once."""
    seen = dict.fromkeys(party if isinstance(party, str) else party_of(party) for party in to)
    return [Notice(party, reason, command_id, now) for party in seen]


def party_of(origin: Origin) -> str:
    """To whom a word to this origin goes: people, and what the hub does itself, are the family's."""
    return FAMILY if origin.kind in {"person", "safety"} or not origin.who else origin.who


def caller_name(origin: Origin) -> str:
    """How to call it; empty for somebody at the thing."""
    return origin.name or origin.who


def caller_of_record(origin: Origin) -> str:
    """Who it is, for the record."""
    return origin.who or origin.channel


def wish_of(command: Command) -> str:
    """What is asked, as the end of the key of its sentence (`command.wish.…`)."""
    value = command.value
    if isinstance(value, bool):
        return f"{command.point}-{'true' if value else 'false'}"
    if command.point in {"mode", "playback", "drive"}:
        return f"{command.point}-{value}"
    if command.point == "charge_w" and isinstance(value, (int, float)):
        side = "charge" if value > 0 else "discharge" if value < 0 else "none"
        return f"charge_w-{side}"
    return command.point
