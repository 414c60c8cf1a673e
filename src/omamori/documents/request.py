"""Request: what a peer asks of a hub after their meeting, and the hub's answers, as CBOR.

The channel has proved who speaks, so neither is signed again. Every answer names the request's own
number: one that waits is answered more than once, whenever its state changes.
"""

from __future__ import annotations

import math

import cbor2
import msgspec

from omamori.documents.limits import TEXT_CHARACTERS_MAX
from omamori.documents.reason import Reason, RefusedError, Value
from omamori.documents.sealed import read_cbor

ASK, WITHDRAW, ANSWER = 4, 5, 6  # after the meeting's own hello, show and tell
REQUEST_BYTES_MAX = 2048
SEQ_MAX = 2**53  # whole numbers that every reader of JSON keeps exactly (RFC 8259 §6)
LEASE_S_MAX = 10 * 86_400.0
NAME_MAX = 80  # characters of an id or a point
REASONS_MAX, PARAMS_MAX = 16, 16


class RequestError(RefusedError):
    """Bytes that are no request or answer of ours."""


class Request(msgspec.Struct, frozen=True):
    """A wish to set a point of a thing of the home.

    Attributes:
        seq: the asker's own number, larger than any before it.
        target: the thing's id as the hub names it; `point` of `hub.points.POINTS`.
        slot: on which ground (`hub.commanding.command.SLOTS`).
        lease_s: for how long; `at`: when it was said, seconds since the epoch.
    """

    seq: int
    target: str
    point: str
    value: bool | int | float | str
    slot: str
    lease_s: float
    at: float


class Withdrawal(msgspec.Struct, frozen=True):
    """The asker takes its request back."""

    seq: int


class Answer(msgspec.Struct, frozen=True):
    """What became of a request: its state (`hub.commanding.command`) and why."""

    seq: int
    state: str
    reasons: tuple[Reason, ...]


def write_request(request: Request) -> bytes:
    """The bytes of a request."""
    return cbor2.dumps([ASK, *msgspec.structs.astuple(request)])


def write_withdrawal(seq: int) -> bytes:
    """The bytes that take a request back."""
    return cbor2.dumps([WITHDRAW, seq])


def write_answer(answer: Answer) -> bytes:
    """The bytes of an answer; only what fits is told."""
    told = [
        [reason.key, dict(list(reason.params.items())[:PARAMS_MAX])]
        for reason in answer.reasons[:REASONS_MAX]
    ]
    octets = cbor2.dumps([ANSWER, answer.seq, answer.state, told])
    if len(octets) > REQUEST_BYTES_MAX:
        keys = [[reason.key, {}] for reason in answer.reasons[:REASONS_MAX]]
        octets = cbor2.dumps([ANSWER, answer.seq, answer.state, keys])
    return octets


def read_asked(octets: bytes) -> Request | Withdrawal:
    """What a peer asks.

    Raises:
        RequestError: `asked.too-long`, `asked.malformed`.
    """
    match _parts(octets):
        case [4, int() as seq, str() as target, str() as point, value, str() as slot, lease_s, at]:
            texts = (target, point, slot)
            if not (_is_number(seq) and all(0 < len(text) <= NAME_MAX for text in texts)):
                raise RequestError("asked.malformed")
            lease, said_at = _seconds(lease_s, LEASE_S_MAX), _seconds(at, SEQ_MAX)
            return Request(seq, target, point, _value(value), slot, lease, said_at)
        case [5, int() as seq] if _is_number(seq):
            return Withdrawal(seq)
        case _:
            raise RequestError("asked.malformed")


def read_answer(octets: bytes) -> Answer:
    """What a hub answers.

    Raises:
        RequestError: as `read_asked`.
    """
    match _parts(octets):
        case [6, int() as seq, str() as state, list() as told] if (
            _is_number(seq) and len(state) <= NAME_MAX and len(told) <= REASONS_MAX
        ):
            return Answer(seq, state, tuple(_reason(each) for each in told))
        case _:
            raise RequestError("asked.malformed")


def _parts(octets: bytes) -> object:
    if len(octets) > REQUEST_BYTES_MAX:
        raise RequestError("asked.too-long", {"bytes_max": REQUEST_BYTES_MAX})
    return read_cbor(octets, RequestError, "asked.malformed")


def _is_number(seq: int) -> bool:
    return not isinstance(seq, bool) and 0 < seq <= SEQ_MAX


def _seconds(said: object, most: float) -> float:
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not 0 <= said <= most:
        raise RequestError("asked.malformed")
    return float(said)


def _value(said: object) -> bool | int | float | str:
    match said:
        case bool():
            return said
        case int() if -SEQ_MAX <= said <= SEQ_MAX:
            return said
        case float() if math.isfinite(said):
            return said
        case str() if len(said) <= TEXT_CHARACTERS_MAX:
            return said
        case _:
            raise RequestError("asked.malformed")


def _reason(told: object) -> Reason:
    match told:
        case [str() as key, dict() as params] if len(key) <= NAME_MAX and len(params) <= PARAMS_MAX:
            said: dict[str, Value] = {}
            for name, value in params.items():
                if not isinstance(name, str) or len(name) > NAME_MAX:
                    raise RequestError("asked.malformed")
                said[name] = _value(value)
            return Reason(key, said)
        case _:
            raise RequestError("asked.malformed")
