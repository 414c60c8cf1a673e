"""Statements: CWT and JWT are twins, other libraries agree, and nothing outside the profile is read."""

from __future__ import annotations

import json
from typing import Any

import cbor2
import cwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode

from documents.forge import ENERGY, THING_KEY
from omamori.documents.limits import STATEMENT_BYTES_MAX
from omamori.documents.oids import STATEMENT_PROFILE, VOUCH_PROFILE
from omamori.documents.sealed import SealedError, read_sealed, seal, sign_raw
from omamori.documents.statement import (
    CWT_TYPE,
    JWT_TYPE,
    VECTOR,
    Statement,
    StatementError,
    read_statement,
    statement_claims,
    write_cwt,
    write_jwt,
)
from trust.industries import NOW, key_id

KEY = ENERGY.registry_key
KID = key_id(KEY)
SAYS = Statement(
    profile=STATEMENT_PROFILE,
    issuer="https://energy.example",
    subject="https://energy.example/t/thing",
    thumbprint=bytes(range(32)),
    level=ENERGY.ladder.level(3).oid,
    tier=32,
    vector={0: 2, 2: -1, 4: 96},
    reasons=("advisory.2026-1", "update.missing"),
    product="air conditioner",
    software="1.2.3",
    seq=7,
    issued_at=int(NOW),
    expires_at=int(NOW) + 3600,
    status_index=12,
    status_url="https://energy.example/status/1",
)
PLAIN = msgspec.structs.replace(SAYS, status_index=-1, status_url="")


def refused(octets: bytes) -> str:
    with pytest.raises(StatementError) as caught:
        read_statement(octets)
    return caught.value.reason.key.removeprefix("statement.")


@pytest.mark.parametrize("says", [SAYS, PLAIN])
def test_cwt_and_jwt_are_twins(says: Statement) -> None:
    for write in (write_cwt, write_jwt):
        read = read_statement(write(says, KEY, KID))
        assert read.statement == says
        assert read.sealed.key_id == KID
        assert read.sealed.verify(KEY.public_key())
        assert not read.sealed.verify(THING_KEY.public_key())


def test_the_cwt_is_small() -> None:
    assert len(write_cwt(PLAIN, KEY, KID)) < 500
    assert len(write_jwt(SAYS, KEY, KID)) < 1100


def test_the_cwt_library_reads_and_verifies_ours() -> None:
    peer = cwt.COSEKey.from_pem(_pem(private=False), kid=KID)
    payload = cwt.COSE.new().decode(write_cwt(SAYS, KEY, KID), peer)
    claims = cbor2.loads(payload) if isinstance(payload, bytes) else payload
    assert claims == statement_claims(SAYS)


def test_ours_reads_and_verifies_the_cwt_librarys() -> None:
    peer = cwt.COSEKey.from_pem(_pem(private=True), kid=KID)
    octets = cwt.COSE.new().encode(
        cbor2.dumps(statement_claims(SAYS)), peer, protected={1: -7, 4: KID, 16: CWT_TYPE}
    )
    read = read_statement(octets)
    assert read.statement == SAYS
    assert read.sealed.verify(KEY.public_key())


def test_joserfc_verifies_our_jwt() -> None:
    token = jws.deserialize_compact(
        write_jwt(SAYS, KEY, KID).decode(), ECKey.import_key(_pem(private=False)), ["ES256"]
    )
    claims = json.loads(token.payload)
    assert claims["iss"] == SAYS.issuer
    assert claims["omamori_level"] == SAYS.level
    assert claims["ear_trustworthiness_vector"]["executables"] == -1


def test_ours_reads_and_verifies_joserfcs() -> None:
    payload = _body(write_jwt(SAYS, KEY, KID))
    header = {"alg": "ES256", "kid": urlsafe_b64encode(KID).decode(), "typ": JWT_TYPE}
    text = jws.serialize_compact(header, payload, ECKey.import_key(_pem(private=True)), ["ES256"])
    read = read_statement(text.encode())
    assert read.statement == SAYS
    assert read.sealed.verify(KEY.public_key())


def _pem(*, private: bool) -> bytes:
    from cryptography.hazmat.primitives import serialization as s  # noqa: PLC0415 - two names, once

    if private:
        return KEY.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    return KEY.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)


def _body(token: bytes) -> bytes:
    payload: bytes = jws.extract_compact(token).payload
    return payload


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("profile-unknown", {"profile": "tag:ietf.org,2026:rats/ear"}),
    ("confirmation-not-in-profile", {"thumbprint": b"short"}),
    ("tier-unknown", {"tier": 1}),
    ("vector-not-in-profile", {"vector": {8: 0}}),
    ("vector-not-in-profile", {"vector": {0: 128}}),
    ("vector-not-in-profile", {"vector": {0: -129}}),
    ("too-many-reasons", {"reasons": ("r",) * 9}),
    ("text-not-plain", {"product": "x" * 201}),
    ("text-not-plain", {"product": "a\u202egnp.exe"}),
    ("text-not-plain", {"reasons": ("line\nbreak",)}),
    ("seq-not-in-profile", {"seq": -1}),
    ("seq-not-in-profile", {"seq": 1 << 53}),
    ("times-not-in-profile", {"issued_at": 0}),
    ("times-not-in-profile", {"expires_at": int(NOW)}),
    ("times-not-in-profile", {"expires_at": 1 << 40}),
    ("lifetime-too-long", {"expires_at": int(NOW) + 7 * 86400 + 1}),
    ("status-not-in-profile", {"status_index": 1 << 32}),
]


@pytest.mark.parametrize(("key", "change"), WRONG, ids=[f"{k} {c}"[:60] for k, c in WRONG])
def test_what_is_outside_the_profile_is_refused_in_both_forms(
    key: str, change: dict[str, Any]
) -> None:
    says = msgspec.structs.replace(SAYS, **change)
    assert refused(write_cwt(says, KEY, KID)) == key
    if key != "vector-not-in-profile" or 8 not in says.vector:
        assert refused(write_jwt(says, KEY, KID)) == key


def _sealed(change: dict[Any, Any], drop: tuple[int, ...] = ()) -> bytes:
    claims = {k: v for k, v in (statement_claims(SAYS) | change).items() if k not in drop}
    return seal(cbor2.dumps(claims), CWT_TYPE, KEY, KID)


@pytest.mark.parametrize("claim", [1, 2, 4, 6, 8, 265, 1000, 1001, *range(-65541, -65536)])
def test_a_missing_claim_is_refused(claim: int) -> None:
    assert refused(_sealed({}, (claim,))) == "claims-missing"


def test_a_statement_without_status_is_read_and_an_unknown_claim_refused() -> None:
    assert read_statement(_sealed({}, (65535,))).statement == PLAIN
    assert refused(_sealed({3: "audience"}, (65535,))) == "claims-unknown"
    assert refused(_sealed({3: "audience"})) == "claims-unknown"
    assert (
        refused(_sealed({65535: {"status_list": {"idx": -1, "uri": ""}}}))
        == "status-not-in-profile"
    )
    assert refused(_sealed({65535: {}})) == "claims-unknown"


@pytest.mark.parametrize(
    "change",
    [
        {4: "soon"},
        {4: float(NOW) + 5},
        {8: {3: "text"}},
        {8: {}},
        {1000: None},
        {1001: []},
        {-65537: 4},
        {-65539: "reason"},
    ],
)
def test_a_claim_of_another_type_is_refused(change: dict[int, object]) -> None:
    assert refused(_sealed(change)) == "claims-missing"


def test_the_seal_is_read_strictly() -> None:
    payload = cbor2.dumps(statement_claims(SAYS))
    assert refused(seal(payload, "application/statuslist+cwt", KEY, KID)) == "wrong-type"
    assert refused(b"\0" * (STATEMENT_BYTES_MAX + 1)) == "too-long"
    good = write_cwt(SAYS, KEY, KID)
    assert refused(good + b"\0") == "unreadable"
    assert refused(good[:-1]) == "unreadable"
    assert refused(b"") == "unreadable"


def test_a_critical_header_that_we_do_not_know_is_refused() -> None:
    """RFC 9052, 3.1: who marks a parameter critical wants it understood."""
    item = cbor2.loads(write_cwt(SAYS, KEY, KID))
    protected = cbor2.dumps({1: -7, 2: [99], 4: KID, 16: CWT_TYPE, 99: 1})
    octets = cbor2.dumps(cbor2.CBORTag(18, [protected, *item.value[1:]]))
    with pytest.raises(SealedError, match=r"sealed\.algorithm"):
        read_sealed(octets, STATEMENT_BYTES_MAX)
    assert refused(octets) == "unreadable"


@pytest.mark.parametrize("algorithm", [-8, -35, 5, "ES256", None])
def test_only_es256(algorithm: object) -> None:
    item = cbor2.loads(write_cwt(SAYS, KEY, KID))
    protected = cbor2.dumps({1: algorithm, 4: KID, 16: CWT_TYPE})
    assert refused(cbor2.dumps(cbor2.CBORTag(18, [protected, *item.value[1:]]))) == "unreadable"


def _token(header: dict[str, object], payload: bytes) -> bytes:
    signing = b".".join(
        (urlsafe_b64encode(msgspec.json.encode(header)), urlsafe_b64encode(payload))
    )
    return signing + b"." + urlsafe_b64encode(sign_raw(KEY, signing))


HEADER: dict[str, object] = {
    "alg": "ES256",
    "kid": urlsafe_b64encode(KID).decode(),
    "typ": JWT_TYPE,
}


@pytest.mark.parametrize(
    "header",
    [
        HEADER | {"alg": "none"},
        HEADER | {"alg": "HS256"},
        HEADER | {"typ": "JWT"},
        HEADER | {"crit": ["exp"]},
        HEADER | {"jwk": {}},
        HEADER | {"b64": False},
        {"alg": "ES256"},
        {},
    ],
)
def test_a_jwt_header_outside_the_profile_is_refused(header: dict[str, object]) -> None:
    assert refused(_token(header, _body(write_jwt(SAYS, KEY, KID)))) in {
        "header-not-in-profile",
        "wrong-type",
        "unreadable",
    }


def test_a_vouch_is_the_same_document_under_another_profile() -> None:
    vouch = msgspec.structs.replace(PLAIN, profile=VOUCH_PROFILE)
    assert read_statement(write_cwt(vouch, THING_KEY, KID)).statement.profile == VOUCH_PROFILE


GOOD = write_cwt(SAYS, KEY, KID)
TWIN = write_jwt(SAYS, KEY, KID)
texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=30)


@given(
    st.builds(
        Statement,
        profile=st.just(STATEMENT_PROFILE),
        issuer=texts,
        subject=texts,
        thumbprint=st.binary(min_size=32, max_size=32),
        level=texts,
        tier=st.sampled_from([0, 2, 32, 96]),
        vector=st.dictionaries(st.integers(0, len(VECTOR) - 1), st.integers(-128, 127)),
        reasons=st.lists(texts, max_size=8).map(tuple),
        product=texts,
        software=texts,
        seq=st.integers(0, (1 << 53) - 1),
        issued_at=st.integers(1, 1 << 39),
        expires_at=st.just(0),
        status_index=st.integers(0, (1 << 32) - 1),
        status_url=texts,
    ),
    st.integers(1, 7 * 86400),
)
def test_what_is_written_is_read(says: Statement, lifetime_s: int) -> None:
    says = msgspec.structs.replace(says, expires_at=says.issued_at + lifetime_s)
    for write in (write_cwt, write_jwt):
        octets = write(says, KEY, KID)
        if len(octets) <= STATEMENT_BYTES_MAX:
            assert read_statement(octets).statement == says


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=400).map(lambda b: b"eyJ" + b)))
def test_any_bytes_give_a_statement_or_its_error(octets: bytes) -> None:
    with pytest.raises(StatementError):
        read_statement(octets)


@given(
    st.sampled_from([GOOD, TWIN]),
    st.integers(0, len(GOOD) - 1),
    st.binary(max_size=3),
    st.integers(0, 4),
)
def test_a_mutation_is_refused_or_its_signature_does_not_hold(
    good: bytes, at: int, put: bytes, cut: int
) -> None:
    octets = good[:at] + put + good[at + cut :]
    try:
        read = read_statement(octets)
    except StatementError:
        return
    if read.sealed.verify(KEY.public_key()):
        assert read.statement == SAYS  # only what no signature covers may differ


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.binary(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.integers(0, 20) | st.text(max_size=3), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_any_claims_give_a_statement_or_its_error(claims: Any) -> None:
    with pytest.raises(StatementError):
        read_statement(seal(cbor2.dumps(claims), CWT_TYPE, KEY, KID))
    named = {"cnf": claims, "ear_trustworthiness_vector": claims, "exp": claims}
    with pytest.raises(StatementError):
        read_statement(_token(HEADER, json.dumps(named, default=str).encode()))
