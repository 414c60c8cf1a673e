"""COSE_Sign1: our own encoding is CBOR's, and a long text cannot cost more than its length."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.forge import ENERGY
from omamori.documents.sealed import (
    ITEMS_MAX,
    SealedError,
    _byte_string,
    _signature_structure,
    read_cbor,
    read_sealed,
    seal,
)
from omamori.documents.status import STATUS_TYPE, StatusError, read_status_token
from trust.industries import key_id

KEY = ENERGY.registry_key
BYTES_MAX = 1 << 24
LONG = 1_000_000


def long_bytes(count: int = LONG) -> bytes:
    return b"\x5a" + count.to_bytes(4, "big") + b"\x99" * count


@pytest.mark.parametrize("length", [0, 23, 24, 255, 256, 65_535, 65_536])
def test_a_byte_string_is_what_the_library_writes(length: int) -> None:
    octets = bytes(length)
    assert _byte_string(octets) == cbor2.dumps(octets)
    written = cbor2.dumps(["Signature1", octets, b"", octets])
    assert _signature_structure(octets, octets) == written


@given(st.binary(max_size=300))
def test_what_is_sealed_is_read(payload: bytes) -> None:
    read = read_sealed(seal(payload, "t", KEY, key_id(KEY)), BYTES_MAX)
    assert (read.payload, read.type, read.key_id) == (payload, "t", key_id(KEY))
    assert read.verify(KEY.public_key())


def test_a_long_payload_is_read_too() -> None:
    read = read_sealed(seal(bytes(LONG), "t", KEY, b""), BYTES_MAX)
    assert read.verify(KEY.public_key())
    with pytest.raises(SealedError, match="too-long"):
        read_sealed(seal(bytes(LONG), "t", KEY, b""), LONG)


BOMBS = {
    "a decimal fraction that takes minutes": b"\xc4\x82\x01\xc2" + long_bytes(),
    "a great number": b"\xc2" + long_bytes(),
    "a rational": b"\xd8\x1e\x82\xc2" + long_bytes() + b"\xc2" + long_bytes(),
    "a regular expression": b"\xd8\x23\x7a" + LONG.to_bytes(4, "big") + b"(" * LONG,
    "very deep": b"\x81" * LONG,
    "very deep tags": b"\xc6" * LONG,
    "very wide": b"\x9a" + LONG.to_bytes(4, "big") + bytes(LONG),
    "of no said length": b"\x9f" * LONG,
    "more promised than there is": b"\x9b\x00\x00\x00\x7f\xff\xff\xff\xff" + bytes(LONG),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.timeout(20)
def test_a_bomb_is_refused_before_it_is_decoded(bomb: bytes) -> None:
    with pytest.raises(SealedError, match="unreadable"):
        read_sealed(bomb, BYTES_MAX)
    with pytest.raises(StatusError, match="unreadable"):
        read_status_token(seal(bomb, STATUS_TYPE, KEY, b""))


def test_as_many_items_as_a_document_needs_are_read() -> None:
    items = [300] * (ITEMS_MAX - 1)
    assert read_cbor(cbor2.dumps(items), SealedError, "sealed.unreadable") == items
    with pytest.raises(SealedError):
        read_cbor(cbor2.dumps([*items, 1]), SealedError, "sealed.unreadable")


@pytest.mark.parametrize(
    "octets",
    [b"\x18\x01", b"\xa2\x01\x00\x01\x00", b"\xa2\x02\x00\x01\x00"[:4], b"\x01\x01", b"\x9f\xff"],
    ids=["not shortest", "key twice", "cut short", "trailing", "indefinite"],
)
def test_only_the_one_deterministic_encoding(octets: bytes) -> None:
    with pytest.raises(SealedError):
        read_cbor(octets, SealedError, "sealed.unreadable")


def test_a_header_is_short() -> None:
    item = cbor2.loads(seal(b"x", "t", KEY, b""))
    protected = cbor2.dumps({1: -7, 16: "t" * 300})
    with pytest.raises(SealedError, match="unreadable"):
        read_sealed(cbor2.dumps(cbor2.CBORTag(18, [protected, *item.value[1:]])), BYTES_MAX)
