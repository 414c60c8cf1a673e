"""Only its receiver can open a hidden measurement; anything changed is refused."""

from __future__ import annotations

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from hub.measuring_made import NOW, Thing, receiver
from omamori.documents.hidden import HiddenError, hide, reveal

DOCTOR = ec.derive_private_key(7, ec.SECP256R1())
OTHER = ec.derive_private_key(8, ec.SECP256R1())
SIGNED = Thing().say()
HIDDEN = hide(SIGNED, DOCTOR.public_key())


def test_its_receiver_opens_it_and_judges_what_is_inside() -> None:
    assert reveal(HIDDEN, DOCTOR) == SIGNED
    assert receiver().take(reveal(HIDDEN, DOCTOR), NOW).kind == "ok"
    assert b"heart_rate_bpm" not in HIDDEN


def test_it_is_cose_encrypt0() -> None:
    tag = cbor2.loads(HIDDEN)
    protected, outside, hidden = tag.value
    assert (tag.tag, cbor2.loads(protected), list(outside)) == (16, {1: 35}, [-4])
    assert len(outside[-4]) == 65
    assert len(hidden) == len(SIGNED) + 16


def test_nobody_else_opens_it() -> None:
    with pytest.raises(HiddenError):
        reveal(HIDDEN, OTHER)


@given(st.integers(0, len(HIDDEN) - 1), st.integers(1, 255))
def test_whatever_is_changed_is_refused(place: int, by: int) -> None:
    changed = bytearray(HIDDEN)
    changed[place] ^= by
    with pytest.raises(HiddenError):
        reveal(bytes(changed), DOCTOR)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(octets: bytes) -> None:
    for tried in (octets, HIDDEN[:80] + octets, HIDDEN + octets[:1]):
        if tried == HIDDEN:
            continue
        with pytest.raises(HiddenError):
            reveal(tried, DOCTOR)
