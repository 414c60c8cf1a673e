"""Status lists: what is packed is found again, bombs do not go off, and tokens are read strictly."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import cbor2
import cwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from documents.forge import ENERGY, THING_KEY
from omamori.documents.limits import STATUS_LIST_BYTES_MAX
from omamori.documents.sealed import seal
from omamori.documents.status import (
    STATUS_TYPE,
    StatusError,
    read_cbor_list,
    read_json_list,
    read_status_token,
    status_list,
    write_status_token,
)
from trust.industries import NOW, key_id

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = ENERGY.registry_key
URL = "https://energy.example/status/1"


def token(**claims: Any) -> bytes:
    facts = {2: URL, 6: int(NOW), 65533: status_list(2, {3: 1}, 16).cbor()}
    facts |= {int(k.strip("_")): v for k, v in claims.items()}
    return seal(cbor2.dumps(facts), STATUS_TYPE, KEY, key_id(KEY))


def refused(read: Callable[[Any], object], value: object) -> str:
    with pytest.raises(StatusError) as caught:
        read(value)
    return caught.value.reason.key.removeprefix("status.")


@given(st.sampled_from([1, 2, 4, 8]), st.integers(1, 300), st.data())
def test_what_is_packed_is_found_again(bits: int, size: int, data: st.DataObject) -> None:
    held = data.draw(st.dictionaries(st.integers(0, size - 1), st.integers(0, (1 << bits) - 1)))
    packed = status_list(bits, held, size)
    for read in (read_json_list(packed.json()), read_cbor_list(packed.cbor())):
        assert [read.at(i) for i in range(size)] == [held.get(i, 0) for i in range(size)]
        assert refused(read.at, len(read)) == "index-outside"
        assert refused(read.at, -1) == "index-outside"


def test_a_million_devices_fit_in_thirty_kilobytes() -> None:
    held = {i * 97 % 1_000_000: 1 + i % 2 for i in range(10_000)}
    assert len(status_list(2, held, 1_000_000).packed()) < 32_000


def test_a_bomb_does_not_go_off() -> None:
    bomb = zlib.compress(b"\0" * (STATUS_LIST_BYTES_MAX + 1), 9)
    assert refused(read_cbor_list, {"bits": 2, "lst": bomb}) == "too-long"
    huge = zlib.compress(b"\0" * (STATUS_LIST_BYTES_MAX * 16), 9)
    assert refused(read_cbor_list, {"bits": 2, "lst": huge}) == "too-long"


@pytest.mark.parametrize("bits", [0, 3, 16, -1, "2", True, 2.0, None])
def test_only_the_widths_of_the_draft(bits: object) -> None:
    assert (
        refused(read_cbor_list, {"bits": bits, "lst": zlib.compress(b"\0")}) == "bits-not-allowed"
    )


@pytest.mark.parametrize(
    "packed", [b"", b"\0", zlib.compress(b"x")[:-1], zlib.compress(b"x") + b"x", "text", None]
)
def test_only_a_whole_zlib_stream(packed: object) -> None:
    assert refused(read_cbor_list, {"bits": 2, "lst": packed}) == "unreadable"


def test_a_token_is_read_and_its_signature_holds() -> None:
    made = write_status_token(
        status_list(2, {5: 2}, 16), URL, int(NOW), int(NOW) + 60, 300, KEY, key_id(KEY)
    )
    read = read_status_token(made)
    assert (read.uri, read.issued_at, read.expires_at, read.ttl_s) == (
        URL,
        int(NOW),
        int(NOW) + 60,
        300,
    )
    assert read.statuses.at(5) == 2
    assert read.sealed.verify(KEY.public_key())
    assert not read.sealed.verify(THING_KEY.public_key())


def test_the_cwt_library_verifies_our_token() -> None:
    pem = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = cwt.COSE.new().decode(token(), cwt.COSEKey.from_pem(pem, kid=key_id(KEY)))
    claims = cbor2.loads(claims) if isinstance(claims, bytes) else claims
    assert claims[2] == URL


def test_tokens_are_read_strictly() -> None:
    payload = cbor2.dumps({2: URL, 6: 1, 65533: status_list(2, {}, 8).cbor()})
    wrong = seal(payload, "application/cwt", KEY, b"")
    assert refused(read_status_token, wrong) == "wrong-type"
    assert refused(read_status_token, token(_6="now")) == "claims-missing"
    assert refused(read_status_token, token(_2=5)) == "claims-missing"
    assert refused(read_status_token, token(_65533=5)) == "unreadable"
    assert refused(read_status_token, token(_4="later")) == "unreadable"
    assert refused(read_status_token, token() + b"\0") == "unreadable"


GOOD = token(_4=int(NOW) + 9)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_token_or_its_error(octets: bytes) -> None:
    with pytest.raises(StatusError):
        read_status_token(octets)


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3), st.integers(0, 4))
def test_a_mutation_is_refused_or_its_signature_does_not_hold(
    at: int, put: bytes, cut: int
) -> None:
    octets = GOOD[:at] + put + GOOD[at + cut :]
    try:
        read = read_status_token(octets)
    except StatusError:
        return
    if read.sealed.verify(KEY.public_key()):
        assert read.statuses.at(3) == 1
        assert read.expires_at == int(NOW) + 9


@given(
    st.one_of(
        st.none(),
        st.integers(),
        st.dictionaries(st.sampled_from(["bits", "lst"]), st.binary() | st.text() | st.integers()),
    )
)
def test_any_value_gives_a_list_or_its_error(value: object) -> None:
    for read in (read_json_list, read_cbor_list):
        with pytest.raises(StatusError):
            read(value)
