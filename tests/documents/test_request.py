"""What a peer may ask after a meeting: read back as written, and everything else refused."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omamori.documents.reason import Reason, Value
from omamori.documents.request import (
    REQUEST_BYTES_MAX,
    Answer,
    Request,
    RequestError,
    Withdrawal,
    read_answer,
    read_asked,
    write_answer,
    write_request,
    write_withdrawal,
)

ASKED = Request(7, "battery", "charge_w", -2000, "demand-response", 900.0, 1_800_000_000.0)


@pytest.mark.parametrize("value", [True, False, 0, -3000, 21.5, "heat", ""])
def test_a_request_is_read_as_it_was_written(value: Value) -> None:
    asked = Request(7, "battery", "charge_w", value, "demand-response", 900.0, 1.8e9)
    told = read_asked(write_request(asked))
    assert told == asked
    assert isinstance(told, Request)
    assert type(told.value) is type(value)


def test_a_withdrawal_is_read_as_it_was_written() -> None:
    assert read_asked(write_withdrawal(7)) == Withdrawal(7)


def test_an_answer_is_read_with_its_reasons() -> None:
    answer = Answer(7, "held", (Reason("command.in-use", {"what": "film", "until": 12.5}),))
    assert read_answer(write_answer(answer)) == answer


def test_an_answer_too_long_is_told_by_its_keys() -> None:
    long = tuple(Reason(f"command.{n}", {"what": "x" * 500}) for n in range(16))
    octets = write_answer(Answer(1, "refused", long))
    assert len(octets) <= REQUEST_BYTES_MAX
    assert [r.key for r in read_answer(octets).reasons] == [r.key for r in long]


@pytest.mark.parametrize(
    "parts",
    [
        [4, 0, "t", "p", 1, "s", 1.0, 1.0],
        [4, True, "t", "p", 1, "s", 1.0, 1.0],
        [4, 2**60, "t", "p", 1, "s", 1.0, 1.0],
        [4, 1, "", "p", 1, "s", 1.0, 1.0],
        [4, 1, "t" * 81, "p", 1, "s", 1.0, 1.0],
        [4, 1, "t", "p", float("nan"), "s", 1.0, 1.0],
        [4, 1, "t", "p", float("inf"), "s", 1.0, 1.0],
        [4, 1, "t", "p", 2**60, "s", 1.0, 1.0],
        [4, 1, "t", "p", None, "s", 1.0, 1.0],
        [4, 1, "t", "p", [1], "s", 1.0, 1.0],
        [4, 1, "t", "p", b"1", "s", 1.0, 1.0],
        [4, 1, "t", "p", 1, "s", -1.0, 1.0],
        [4, 1, "t", "p", 1, "s", 1e9, 1.0],
        [4, 1, "t", "p", 1, "s", True, 1.0],
        [4, 1, "t", "p", 1, "s", 1.0, float("nan")],
        [4, 1, "t", "p", 1, "s", 1.0],
        [5, -1],
        [5, 1, 1],
        [6, 1, "held", []],
        [],
        {},
        4,
    ],
)
def test_what_is_no_request_is_refused(parts: object) -> None:
    with pytest.raises(RequestError) as refused:
        read_asked(cbor2.dumps(parts))
    assert refused.value.reason.key == "asked.malformed"


def test_a_request_is_never_long() -> None:
    with pytest.raises(RequestError) as refused:
        read_asked(bytes(REQUEST_BYTES_MAX + 1))
    assert refused.value.reason.key == "asked.too-long"


@given(st.binary(max_size=300))
@example(write_request(ASKED)[:-1])
@example(write_request(ASKED) + b"0")
def test_any_bytes_are_a_request_or_refused(octets: bytes) -> None:
    for read in (read_asked, read_answer):
        try:
            read(octets)
        except RequestError:
            continue
