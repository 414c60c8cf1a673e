"""A label: any bytes give one or its error, and a stale one cannot be confirmed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.documents.label import (
    LABEL_BYTES_MAX,
    Label,
    LabelError,
    LabelLevel,
    read_label,
    write_label,
)

GOOD = Label(
    thing="t1",
    name="居間のエアコン",
    kind="air-conditioner",
    state="as-usual",
    level=LabelLevel("energy", 4),
    ground="certificate",
    partners=2,
    issuer="energy",
    url="https://hub.example/label/t1",
    checked_at=1000.0,
    expires_at=1900.0,
)


def test_it_reads_what_it_writes() -> None:
    assert read_label(write_label(GOOD)) == GOOD


@pytest.mark.parametrize(
    ("now", "state"),
    [(999.0, "unconfirmed"), (1000.0, "as-usual"), (1899.0, "as-usual"), (1900.0, "unconfirmed")],
)
def test_a_stale_label_cannot_be_confirmed(now: float, state: str) -> None:
    assert GOOD.shown_state(now) == state


@pytest.mark.parametrize(
    "change",
    [
        {"state": "fine"},
        {"ground": "trust me"},
        {"level": {"industry": "energy", "rung": 6, "rungs": 5}},
        {"level": {"industry": "energy", "rung": 4, "rungs": 3}},
        {"partners": -1},
        {"name": "x" * 201},
        {"name": "a\u202eb"},
        {"expires_at": 1000.0},
        {"format": "omamori-label/2"},
        {"more": 1},
    ],
)
def test_what_breaks_a_rule_is_refused(change: dict[str, object]) -> None:
    fields = msgspec.json.decode(write_label(GOOD)) | change
    with pytest.raises(LabelError, match=r"label\.unreadable"):
        read_label(msgspec.json.encode(fields))


def test_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(LabelError, match=r"label\.too-long"):
        read_label(b" " * (LABEL_BYTES_MAX + 1))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_label_or_a_label_error(octets: bytes) -> None:
    try:
        assert isinstance(read_label(octets), Label)
    except LabelError as error:
        assert error.reason.key.startswith("label.")
