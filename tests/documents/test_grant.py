"""A grant is read from any bytes or refused, and nothing outside its profile is ever signed."""

from __future__ import annotations

from typing import Any

import cbor2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from omamori.documents.grant import (
    GRANT_BYTES_MAX,
    GRANT_S_MAX,
    GRANT_TYPE,
    LABELS,
    SCOPE_MAX,
    Grant,
    GrantError,
    read_grant,
    write_grant,
)
from omamori.documents.sealed import read_sealed, seal
from omamori.web import words

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
KEY_ID = b"k" * 20
NOW = 1_800_000_000
GRANT = Grant(
    "g1", "mother", "guest", ("show-content",), ("tv",), NOW, NOW + 86_400, 2, thing="phone"
)


def changed(**other: Any) -> Grant:
    return msgspec.structs.replace(GRANT, **other)


def test_what_is_written_is_read() -> None:
    for grant in (GRANT, changed(thing="", thumbprint=b"t" * 32, points=("power",), seq=7)):
        octets = write_grant(grant, KEY, KEY_ID)
        signed = read_grant(octets)
        assert signed.grant == grant
        assert signed.sealed.key_id == KEY_ID
        assert signed.sealed.verify(KEY.public_key())
        assert not signed.sealed.verify(OTHER.public_key())
        assert len(octets) < 400


FULL = tuple(f"n{i}" for i in range(SCOPE_MAX + 1))
BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": "friend"}, "grant.kind-unknown"),
    ({"thing": ""}, "grant.for-nobody"),
    ({"thumbprint": b"t" * 32}, "grant.for-nobody"),
    ({"thing": "", "thumbprint": b"short"}, "grant.for-nobody"),
    ({"purposes": ()}, "grant.for-everything"),
    ({"targets": ()}, "grant.for-everything"),
    ({"targets": FULL}, "grant.too-much"),
    ({"points": ("",)}, "grant.text-not-plain"),
    ({"id": ""}, "grant.text-not-plain"),
    ({"granter": "a\nb"}, "grant.text-not-plain"),
    ({"until": NOW}, "grant.times-not-in-profile"),
    ({"since": 0}, "grant.times-not-in-profile"),
    ({"seq": -1}, "grant.times-not-in-profile"),
    ({"until": NOW + GRANT_S_MAX["guest"] + 1}, "grant.too-long-for-kind"),
    ({"kind": "rental", "until": NOW + GRANT_S_MAX["rental"] + 1}, "grant.too-long-for-kind"),
    ({"cap": 0}, "grant.cap-not-in-profile"),
    ({"cap": 6}, "grant.cap-not-in-profile"),
]


@pytest.mark.parametrize(("change", "key"), BAD)
def test_what_is_outside_the_profile_is_neither_signed_nor_read(
    change: dict[str, Any], key: str
) -> None:
    grant = changed(**change)
    with pytest.raises(GrantError) as refused:
        write_grant(grant, KEY, KEY_ID)
    assert refused.value.reason.key == key
    claims = cbor2.loads(read_sealed(write_grant(GRANT, KEY, KEY_ID), GRANT_BYTES_MAX).payload)
    names = ("id", "granter", "thumbprint", "thing", "kind", "purposes", "points", "targets",
             "since", "until", "cap", "seq")  # fmt: skip
    claims |= {label: getattr(grant, name) for label, name in enumerate(names, 2)}
    claims |= {label: list(claims[label]) for label in (7, 8, 9)}
    with pytest.raises(GrantError) as refused:
        read_grant(seal(cbor2.dumps(claims), GRANT_TYPE, KEY, KEY_ID))
    assert refused.value.reason.key == key
    for lang in words.LANGUAGES:
        assert "…" not in words.sentence(refused.value.reason, lang)


def test_another_document_is_no_grant() -> None:
    payload = read_sealed(write_grant(GRANT, KEY, KEY_ID), GRANT_BYTES_MAX).payload
    for octets, key in (
        (seal(payload, "application/omamori-statement+cwt", KEY, KEY_ID), "grant.wrong-type"),
        (seal(cbor2.dumps({1: 2}), GRANT_TYPE, KEY, KEY_ID), "grant.claims-missing"),
        (seal(cbor2.dumps([1]), GRANT_TYPE, KEY, KEY_ID), "grant.claims-missing"),
        (b"", "grant.unreadable"),
        (b"x" * (GRANT_BYTES_MAX + 1), "grant.too-long"),
    ):
        with pytest.raises(GrantError) as refused:
            read_grant(octets)
        assert refused.value.reason.key == key
    claims = cbor2.loads(payload)
    for change, key in (({1: "tag:other"}, "profile-unknown"), ({12: True}, "claims-missing")):
        with pytest.raises(GrantError, match=key):
            read_grant(seal(cbor2.dumps(claims | change), GRANT_TYPE, KEY, KEY_ID))
    del claims[13]
    with pytest.raises(GrantError, match="claims-missing"):
        read_grant(seal(cbor2.dumps(claims), GRANT_TYPE, KEY, KEY_ID))


ITEMS = st.recursive(
    st.one_of(st.integers(), st.text(max_size=9), st.binary(max_size=33), st.none(), st.booleans()),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(LABELS)), ITEMS, max_size=13))
def test_any_claims_are_read_or_refused(claims: dict[int, Any]) -> None:
    whole = cbor2.loads(read_sealed(write_grant(GRANT, KEY, KEY_ID), GRANT_BYTES_MAX).payload)
    try:
        read_grant(seal(cbor2.dumps(whole | claims), GRANT_TYPE, KEY, KEY_ID))
    except GrantError as error:
        assert error.reason.key.startswith("grant.")


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(octets: bytes) -> None:
    with pytest.raises(GrantError):
        read_grant(octets)
