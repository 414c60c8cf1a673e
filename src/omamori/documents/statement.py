"""Statement: a registry's short-lived word on the current level of one thing, and why.

A CWT (RFC 8392) in COSE_Sign1, or its twin a JWT (RFC 7519) in JWS. The trust vector has the shape of
EAR (draft-ietf-rats-ear) under a profile URI of our own. A hub's word for an old thing (`vouch`) is
the same document under another profile, signed with the hub's device key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cbor2
import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from omamori.documents.limits import (
    STATEMENT_BYTES_MAX,
    STATEMENT_REASONS_MAX,
    STATEMENT_VALIDITY_S_MAX,
    TEXT_CHARACTERS_MAX,
)
from omamori.documents.oids import STATEMENT_PROFILE, VOUCH_PROFILE
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import (
    Sealed,
    SealedError,
    raw_to_der,
    read_cbor,
    read_sealed,
    seal,
    sign_raw,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

CWT_TYPE = "application/omamori-statement+cwt"
JWT_TYPE = "omamori-statement+jwt"
ISS, SUB, EXP, IAT, CNF, PROFILE = 1, 2, 4, 6, 8, 265
KID = 3
"""Confirmation method `kid` (RFC 8747, 3.1): the SHA-256 thumbprint of the certificate."""

EAR_STATUS, EAR_VECTOR, STATUS = 1000, 1001, 65535
LEVEL, SEQ, REASONS, SOFTWARE, PRODUCT = -65537, -65538, -65539, -65540, -65541
"""Private-use CWT claims (RFC 8392, 9.1: below -65536)."""

TIERS = {0: "none", 2: "affirming", 32: "warning", 96: "contraindicated"}
VECTOR = (
    "instance-identity",
    "configuration",
    "executables",
    "file-system",
    "hardware",
    "runtime-opaque",
    "storage-opaque",
    "sourced-data",
)
THUMBPRINT_BYTES = 32


class StatementError(RefusedError):
    """A statement or vouch outside the profile, or bytes that are none."""


class Statement(msgspec.Struct, frozen=True, gc=False):
    """What a registry (or a vouching hub) says of one thing.

    Attributes:
        profile: `STATEMENT_PROFILE` or `VOUCH_PROFILE`.
        issuer: who says it, a URI.
        subject: the thing's URI in its industry, or the hub's opaque name for an old thing.
        thumbprint: SHA-256 of the certificate that the thing (or the vouching hub) must prove.
        level: policy OID in the issuer's ladder.
        tier: EAR status, a key of `TIERS`.
        vector: EAR trustworthiness vector, claim number → value -128..127.
        reasons: stable reason keys, at most `STATEMENT_REASONS_MAX`.
        product, software: which product and which version was judged.
        seq: grows with every statement on this thing.
        issued_at, expires_at: seconds since the epoch.
        status_index, status_url: its place on a Token Status List; -1 and "" for none.
    """

    profile: str
    issuer: str
    subject: str
    thumbprint: bytes
    level: str
    tier: int
    vector: dict[int, int]
    reasons: tuple[str, ...]
    product: str
    software: str
    seq: int
    issued_at: int
    expires_at: int
    status_index: int = -1
    status_url: str = ""


class SignedStatement(msgspec.Struct, frozen=True, gc=False):
    """A statement together with the signature that is still to be checked."""

    statement: Statement
    sealed: Sealed


def statement_claims(s: Statement) -> dict[int, object]:
    """The CWT claims of `s`, in the fixed order of its encoding."""
    claims: dict[int, object] = {
        ISS: s.issuer,
        SUB: s.subject,
        EXP: s.expires_at,
        IAT: s.issued_at,
        CNF: {KID: s.thumbprint},
        PROFILE: s.profile,
        EAR_STATUS: s.tier,
        EAR_VECTOR: s.vector,
        LEVEL: s.level,
        SEQ: s.seq,
        REASONS: list(s.reasons),
        PRODUCT: s.product,
        SOFTWARE: s.software,
    }
    if s.status_index >= 0:
        claims[STATUS] = {"status_list": {"idx": s.status_index, "uri": s.status_url}}
    return claims


def write_cwt(s: Statement, key: ec.EllipticCurvePrivateKey, key_id: bytes) -> bytes:
    """Sign `s` as CWT; about 400 bytes."""
    return seal(cbor2.dumps(statement_claims(s)), CWT_TYPE, key, key_id)


def read_statement(octets: bytes) -> SignedStatement:
    """Read a statement or vouch, CWT or its JWT twin, from any bytes.

    Raises:
        StatementError: with the key of what is wrong; the signature is not checked here.
    """
    if len(octets) > STATEMENT_BYTES_MAX:
        raise StatementError("statement.too-long", {"bytes_max": STATEMENT_BYTES_MAX})
    if octets[:1] == b"e":  # a JWS starts with base64url of '{"', a CWT with a CBOR tag
        return _read_jwt(octets)
    try:
        sealed = read_sealed(octets, STATEMENT_BYTES_MAX)
    except SealedError as error:
        raise StatementError("statement.unreadable", {"why": error.reason.key}) from error
    if sealed.type != CWT_TYPE:
        raise StatementError("statement.wrong-type")
    claims = read_cbor(sealed.payload, StatementError, "statement.unreadable")
    return SignedStatement(_statement(claims), sealed)


def _require(holds: bool, key: str) -> None:  # noqa: FBT001 - a rule is a truth value
    if not holds:
        raise StatementError(f"statement.{key}")


def _statement(claims: object) -> Statement:
    match claims:
        case {
            1: str() as issuer,
            2: str() as subject,
            4: int() as expires_at,
            6: int() as issued_at,
            8: {3: bytes() as thumbprint},
            265: str() as profile,
            1000: int() as tier,
            1001: dict() as vector,
            -65537: str() as level,
            -65538: int() as seq,
            -65539: list() as reasons,
            -65541: str() as product,
            -65540: str() as software,
            **rest,
        }:
            pass
        case _:
            raise StatementError("statement.claims-missing")
    index, url = _status(rest)
    statement = Statement(
        profile=profile,
        issuer=issuer,
        subject=subject,
        thumbprint=thumbprint,
        level=level,
        tier=tier,
        vector=vector,
        reasons=tuple(reasons),
        product=product,
        software=software,
        seq=seq,
        issued_at=issued_at,
        expires_at=expires_at,
        status_index=index,
        status_url=url,
    )
    _lint(statement)
    return statement


def _status(rest: dict[object, object]) -> tuple[int, str]:
    match rest:
        case {65535: {"status_list": {"idx": int() as index, "uri": str() as url}}} if (
            len(rest) == 1
        ):
            _require(0 <= index < 1 << 32, "status-not-in-profile")
            return index, url
        case {}:
            _require(not rest, "claims-unknown")
            return -1, ""
    raise StatementError("statement.status-not-in-profile")


def _lint(s: Statement) -> None:
    _require(s.profile in (STATEMENT_PROFILE, VOUCH_PROFILE), "profile-unknown")
    _require(len(s.thumbprint) == THUMBPRINT_BYTES, "confirmation-not-in-profile")
    _require(s.tier in TIERS, "tier-unknown")
    _require(
        len(s.vector) <= len(VECTOR)
        and all(
            isinstance(claim, int)
            and 0 <= claim < len(VECTOR)
            and isinstance(value, int)
            and -128 <= value <= 127  # noqa: PLR2004 - ar4si.cddl: one signed octet
            for claim, value in s.vector.items()
        ),
        "vector-not-in-profile",
    )
    _require(len(s.reasons) <= STATEMENT_REASONS_MAX, "too-many-reasons")
    _require(set(map(type, s.reasons)) <= {str}, "reasons-not-in-profile")
    texts = (s.issuer, s.subject, s.level, s.product, s.software, s.status_url, *s.reasons)
    plain = max(map(len, texts)) <= TEXT_CHARACTERS_MAX and "".join(texts).isprintable()
    _require(plain, "text-not-plain")
    _require(0 <= s.seq < 1 << 53, "seq-not-in-profile")
    _require(0 < s.issued_at < s.expires_at < 1 << 40, "times-not-in-profile")
    _require(s.expires_at - s.issued_at <= STATEMENT_VALIDITY_S_MAX, "lifetime-too-long")


# The JWT twin: the same claims by their registered names; binary values in base64url.

_NAMES = {
    ISS: "iss",
    SUB: "sub",
    EXP: "exp",
    IAT: "iat",
    PROFILE: "eat_profile",
    EAR_STATUS: "ear_status",
    LEVEL: "omamori_level",
    SEQ: "omamori_seq",
    REASONS: "omamori_reasons",
    PRODUCT: "omamori_product",
    SOFTWARE: "omamori_software",
    STATUS: "status",
}


def write_jwt(s: Statement, key: ec.EllipticCurvePrivateKey, key_id: bytes) -> bytes:
    """Sign `s` as JWT (compact JWS, ES256); about 900 bytes."""
    claims = statement_claims(s)
    named: dict[str, object] = {
        name: claims[label] for label, name in _NAMES.items() if label in claims
    }
    named["cnf"] = {"x5t#S256": _b64(s.thumbprint)}
    named["ear_trustworthiness_vector"] = {VECTOR[c]: value for c, value in s.vector.items()}
    header = {"alg": "ES256", "kid": _b64(key_id), "typ": JWT_TYPE}
    signing = b".".join(urlsafe_b64encode(msgspec.json.encode(part)) for part in (header, named))
    return signing + b"." + urlsafe_b64encode(sign_raw(key, signing))


def _b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode("ascii")


def _read_jwt(octets: bytes) -> SignedStatement:
    try:
        token = jws.extract_compact(octets)
        header = token.headers()
        named = msgspec.json.decode(token.payload)
        raw = urlsafe_b64decode(octets.rpartition(b".")[2])
        key_id = urlsafe_b64decode(str(header.get("kid", "")).encode("ascii"))
        claims = _unnamed(named)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StatementError("statement.unreadable", {"why": "jws"}) from error
    _require(header.keys() == {"alg", "kid", "typ"}, "header-not-in-profile")
    _require(header["alg"] == "ES256" and header["typ"] == JWT_TYPE, "wrong-type")
    try:
        signature = raw_to_der(raw)
    except SealedError as error:
        raise StatementError("statement.unreadable", {"why": error.reason.key}) from error
    signed = octets.rpartition(b".")[0]
    sealed = Sealed(token.payload, JWT_TYPE, key_id, signed, signature)
    return SignedStatement(_statement(claims), sealed)


def _unnamed(named: dict[str, object]) -> dict[int, object]:
    """The CWT claims of a JWT's claims; raises KeyError, TypeError or ValueError."""
    labels = {name: label for label, name in _NAMES.items()}
    claims: dict[int, object] = {}
    for name, value in named.items():
        if name == "cnf":
            claims[CNF] = {KID: urlsafe_b64decode(value["x5t#S256"].encode("ascii"))}  # type: ignore[index]
        elif name == "ear_trustworthiness_vector":
            claims[EAR_VECTOR] = {VECTOR.index(k): v for k, v in value.items()}  # type: ignore[attr-defined]
        else:
            claims[labels[name]] = value
    return claims
