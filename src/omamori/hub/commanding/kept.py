"""What the arbiter keeps over a restart: its state itself, piece by piece, each bounded."""

from __future__ import annotations

from math import inf
from typing import Annotated

import msgspec
from msgspec import Meta

from omamori.documents.reason import Reason
from omamori.hub.commanding.command import ENDED, Command
from omamori.hub.commanding.envelope import HOUSEHOLD, MAKER, Envelope, form_of, is_sound, sound
from omamori.hub.commanding.pace import Bucket
from omamori.hub.commanding.slots import RANK, Spot
from omamori.hub.commanding.switch import POSITIONS, REMOTE
from omamori.hub.commanding.use import USES_PER_THING_MAX, Use
from omamori.hub.points import POINTS, Given

VALUE_OCTETS_MAX = 2 * 1024 * 1024
"""A full array of 80 commands, each with 3,000 characters of four octets in UTF-8, is 1 MB."""

TEXT_CHARACTERS_MAX = 200  # of a name
ID_CHARACTERS_MAX = 80  # of a command; a UUID has 36 (RFC 9562, 4)
PER_SPOT_MAX = 64
FORCEFUL_MORE = 16  # more for those at hand and for protection, where all is full of others'
PER_THING_MAX = 128
PER_ORIGIN_MAX = 64
HELD_MAX = 4096
SPOTS_MAX = 8192
THINGS_MAX = 4096
CALLERS_MAX = 2048
IDS_PER_CALLER_MAX = 512
"""Our own figures: a home of 200 things stays far below. One origin's ids of three minutes are at
most 210 (`pace`)."""

LOST_REASONS_MAX = 8


class Caller(msgspec.Struct):
    """What is remembered of an origin by one channel.

    Attributes:
        seq: the highest number accepted; `newest_at` the latest time it said.
        ids: those of the last minutes, and when they came.
        hasty: refusals for haste since `hasty_at`.
    """

    key: str
    seq: int = 0
    newest_at: float = -inf
    ids: Annotated[dict[str, float], Meta(max_length=IDS_PER_CALLER_MAX)] = {}
    pace: Bucket = msgspec.field(default_factory=Bucket)
    last_at: float = 0.0
    hasty: int = 0
    hasty_at: float = -inf


class Lost(msgspec.Struct):
    """One whose level fell or whose behaviour departs: nothing of it is done."""

    who: str
    at: float
    reasons: Annotated[tuple[Reason, ...], Meta(max_length=LOST_REASONS_MAX)] = ()


class ThingState(msgspec.Struct):
    """What is remembered of a thing, apart from its points' arrays.

    Attributes:
        opt_out_until: until when no demand-response reaches it.
        envelopes: by whose word, then point.
        readings: the last value of the points that matter here, and when it was seen.
    """

    target: str
    switch: str = REMOTE
    opt_out_until: float = -inf
    uses: Annotated[dict[str, Use], Meta(max_length=USES_PER_THING_MAX)] = {}
    envelopes: dict[str, dict[str, Envelope]] = {}
    readings: dict[str, tuple[Given, float]] = {}
    pace: Bucket = msgspec.field(default_factory=Bucket)


class Clock(msgspec.Struct):
    """The time that was last known, and the numbers that were last given."""

    now: float = 0.0
    number: int = 0
    writes: int = 0
    pace: Bucket = msgspec.field(default_factory=Bucket)


Piece = Caller | Lost | ThingState | Clock | Spot
_FORMS: dict[str, type[Piece]] = {
    "caller": Caller, "lost": Lost, "thing": ThingState, "clock": Clock, "spot": Spot,
}  # fmt: skip
_ENCODER = msgspec.msgpack.Encoder()
_DECODERS = {room: msgspec.msgpack.Decoder(form) for room, form in _FORMS.items()}


def pack(piece: Piece) -> bytes:
    """A piece as it is kept."""
    return _ENCODER.encode(piece)


def unpack(key: str, value: bytes) -> Piece | None:
    """What was kept under a key such as ``spot/…``; None for what cannot be read."""
    decoder = _DECODERS.get(key.partition("/")[0])
    if decoder is None or len(value) > VALUE_OCTETS_MAX:
        return None
    try:
        piece = decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return piece if key_of(piece) == key and _is_sound(piece) else None


def key_of(piece: Piece) -> str:
    """Under which key it is kept."""
    if isinstance(piece, Spot):
        return spot_key(piece.target, piece.point)
    if isinstance(piece, ThingState):
        return "thing/" + piece.target
    if isinstance(piece, Caller):
        return "caller/" + piece.key
    if isinstance(piece, Lost):
        return "lost/" + piece.who
    return "clock/"


def spot_key(target: str, point: str) -> str:
    """Under which key a point's array is kept."""
    return f"spot/{point}/{target}"


def is_short(text: object) -> bool:
    """Whether it can be an id or a name."""
    return isinstance(text, str) and len(text) <= TEXT_CHARACTERS_MAX and is_sound(text)


def _is_sound(piece: Piece) -> bool:
    if isinstance(piece, Spot):
        return _is_spot_sound(piece)
    if isinstance(piece, ThingState):
        return _is_thing_sound(piece)
    if isinstance(piece, Clock):
        return piece.now < inf and piece.number >= 0 and piece.writes >= 0
    if isinstance(piece, Caller):
        return is_short(piece.key.partition("\x1f")[2])  # a channel, and who it is
    return is_short(piece.who)


def _is_spot_sound(spot: Spot) -> bool:
    ids = [accepted.command.id for accepted in spot.accepted]
    ranks = [accepted.rank for accepted in spot.accepted if accepted.command.slot in RANK]
    return (
        len(ids) == len(set(ids)) == len(ranks) <= PER_SPOT_MAX + FORCEFUL_MORE
        and ranks == sorted(ranks)
        and (not spot.winner or spot.winner in ids)
        and (spot.written is None or form_of(spot.point, spot.written) is None)
        and all(
            _is_command_sound(accepted.command, spot)
            and accepted.state not in ENDED
            and accepted.until == accepted.until
            for accepted in spot.accepted
        )
        and (spot.pending is None or form_of(spot.point, spot.pending.value) is None)
    )


def _is_command_sound(command: Command, spot: Spot) -> bool:
    texts = (command.id, command.target, command.origin.who, command.origin.name)
    return (
        (command.target, command.point) == (spot.target, spot.point)
        and form_of(command.point, command.value) is None
        and all(is_short(text) for text in texts)
    )


def _is_thing_sound(thing: ThingState) -> bool:
    return (
        is_short(thing.target)
        and thing.switch in POSITIONS
        and set(thing.envelopes) <= {MAKER, HOUSEHOLD}
        and set(thing.readings) <= set(POINTS)
        and all(
            point == envelope.point and sound(envelope)
            for by in thing.envelopes.values()
            for point, envelope in by.items()
        )
    )
