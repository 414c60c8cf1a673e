"""Admitting: whether a command may be considered at all, each ground with its own reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.commanding import kept, pace, switch
from omamori.hub.commanding.asking import ASKS_PER_ORIGIN_MAX
from omamori.hub.commanding.command import HAND, PERSON
from omamori.hub.commanding.envelope import form_of
from omamori.hub.commanding.lease import PAST_S_MAX, lease_end, when_said
from omamori.hub.commanding.slots import (
    CALM,
    DEMAND_RESPONSE,
    EMERGENCY_REMOTE,
    FOR_ANSWER,
    FORCEFUL,
    RANK,
    Spot,
    at_hand,
    of_the_family,
    own_safety,
)
from omamori.trust.verdict import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omamori.hub.commanding.command import Command
    from omamori.hub.commanding.kept import Caller, Clock, ThingState
    from omamori.hub.commanding.register import Register

SEQ_MAX = 2**53  # what every reader of JSON holds exactly (RFC 8259, 6)

Claims = dict[tuple[str, str], frozenset[str]]


def who_asks(
    command: Command, register: Register, knows_industry: Callable[[str], bool], claims: Claims
) -> Reason | None:
    """Why nothing of this origin is heard, if so."""
    origin = command.origin
    texts = (command.id, command.target, command.point, command.slot, command.purpose)
    named = (origin.who, origin.name, origin.industry, origin.kind, origin.channel)
    if not all(kept.is_short(text) for text in texts + named) or not command.id:
        return Reason("command.bad-names", {"max": kept.TEXT_CHARACTERS_MAX})
    if len(command.id) > kept.ID_CHARACTERS_MAX:
        return Reason("command.bad-names", {"max": kept.TEXT_CHARACTERS_MAX})
    if (origin.kind, origin.channel) not in claims or (not origin.who and origin.channel != HAND):
        return Reason("command.nobody-proven")
    if origin.who in register.lost and not (origin.kind == PERSON and origin.channel == HAND):
        return Reason("command.lost-trust")
    if origin.industry and not knows_industry(origin.industry):
        return Reason("command.foreign-ladder", {"ladder": origin.industry})
    return None


def is_hasty_origin(command: Command, caller: Caller, now: float) -> bool:
    """Whether this origin asks faster than it may; who is at the thing, and protection, may."""
    if own_safety(command.origin) or at_hand(command.origin):
        return False
    return not caller.pace.take(pace.PER_ORIGIN_PER_MIN, pace.PER_ORIGIN_BURST, now)


def is_hasty_home(command: Command, thing: ThingState, clock: Clock, now: float) -> Reason | None:
    """Whether this thing, or the home, is asked more than it takes by others than the family."""
    if own_safety(command.origin) or of_the_family(command.origin):
        return None  # else a few services together keep the family from its own things
    if not thing.pace.take(pace.PER_THING_PER_MIN, pace.PER_THING_BURST, now):
        return Reason("command.too-fast-thing")
    if not clock.pace.take(pace.PER_HOME_PER_MIN, pace.PER_HOME_BURST, now):
        return Reason("command.too-fast-home")
    return None


def room_for(command: Command) -> int:
    """How many more may be remembered where it is the family, or protection, that asks."""
    must = own_safety(command.origin) or of_the_family(command.origin)
    return kept.FORCEFUL_MORE if must else 0


def out_of_turn(
    command: Command, caller: Caller, live: Mapping[str, Spot], now: float
) -> Reason | None:
    """Why it is a repetition, or comes in the wrong order, or at the wrong time."""
    if command.id in caller.ids or command.id in live:
        return Reason("command.id-used")
    if not isinstance(command.seq, int) or not 0 <= command.seq <= SEQ_MAX:
        return Reason("command.bad-number")
    if command.seq and command.seq <= caller.seq:
        is_same = command.seq == caller.seq
        return Reason("command.replayed" if is_same else "command.out-of-order")
    if (wrong := when_said(command, now)) is not None:
        return wrong
    # The clock may have been turned back since: then what it said before is still the newest.
    age_s = caller.newest_at - command.at
    return Reason("command.too-late", {"age_s": age_s}) if age_s > PAST_S_MAX else None


def claim(command: Command, claims: Claims, now: float) -> tuple[list[Reason], float]:
    """Why what it asks, or the slot it claims, cannot be: all grounds; and when its lease ends."""
    reasons: list[Reason] = []
    if (wrong := form_of(command.point, command.value)) is not None:
        reasons.append(wrong)
    if command.purpose not in PURPOSES:
        reasons.append(Reason("command.unknown-purpose"))
    if command.slot not in RANK:
        return [*reasons, Reason("command.unknown-slot")], now
    origin = command.origin
    if command.slot not in claims[origin.kind, origin.channel]:
        reasons.append(Reason("command.slot-above", {"slot": command.slot}))
    elif command.slot == EMERGENCY_REMOTE and not _calms(command):
        reasons.append(Reason("command.only-calms"))
    end = lease_end(command, now)
    if isinstance(end, Reason):
        return [*reasons, end], now
    return reasons, end


def _calms(command: Command) -> bool:
    calm = CALM.get(command.point)
    is_bool = isinstance(command.value, bool)
    return calm is not None and isinstance(calm, bool) is is_bool and calm == command.value


def household(command: Command, thing: ThingState, now: float) -> list[Reason]:
    """What the family set for this thing stands against it."""
    reasons: list[Reason] = []
    if not switch.passes(thing.switch, command.origin):
        reasons.append(Reason("command.switched-" + thing.switch))
    if command.slot == DEMAND_RESPONSE and thing.opt_out_until > now:
        reasons.append(Reason("command.opted-out", {"until": thing.opt_out_until}))
    return reasons


def too_much(command: Command, register: Register) -> Reason | None:
    """Why there is no room for one more, if so; for the family and what must pass there is more."""
    must = command.slot in FORCEFUL or of_the_family(command.origin)
    more = kept.FORCEFUL_MORE if must else 0
    spot = register.spots.get((command.target, command.point))
    if spot is not None and spot.same_claim(command) is not None:
        return None  # it replaces what this origin has there
    held = len(register.live)
    of_thing = register.by_thing.get(command.target, {}).values()
    counts = (
        (held, kept.HELD_MAX + more * more),
        (sum(len(each.accepted) for each in of_thing), kept.PER_THING_MAX + more * 2),
        (len(spot.accepted) if spot else 0, kept.PER_SPOT_MAX + more),
        (len(register.of_who.get(command.origin.who, ())), kept.PER_ORIGIN_MAX + more),
    )
    if any(count >= limit for count, limit in counts):
        return Reason("command.too-many")
    return None


def asks_too_much(command: Command, register: Register) -> bool:
    """Whether this origin has enough open questions with the family."""
    asked = 0
    for command_id in register.of_who.get(command.origin.who, ()):
        accepted = register.live[command_id].of(command_id)
        asked += accepted is not None and accepted.waits == FOR_ANSWER
    return asked >= ASKS_PER_ORIGIN_MAX
