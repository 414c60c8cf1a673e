"""COSE_Sign1 (RFC 9052), ES256 only: how every document of a registry or hub is signed.

Reading and verifying are apart: a document is parsed once, then its signature is checked with the
key that the judgement found. `cwt` is the peer in the tests; here `cbor2` suffices, because a meeting
must cost little more than its three signatures.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cbor2
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

ES256 = -7
PROTECTED_MAX = 256
HEADER_BYTES_MAX = 256
"""How many protected headers are remembered, by their bytes, and how long one may be."""

ALGORITHM, CRITICAL, KEY_ID, TYPE = 1, 2, 4, 16
"""Header parameters: RFC 9052, 3.1, and `typ`, RFC 9596."""

COSE_SIGN1_TAG = 18
SHORT_BYTES_MAX, ITEMS_MAX = 4096, 4096
SIGNATURE_BYTES = 64
ECDSA = ec.ECDSA(SHA256())
ECDSA_DETERMINISTIC = ec.ECDSA(SHA256(), deterministic_signing=True)


class SealedError(RefusedError):
    """Bytes that are no COSE_Sign1 of our kind, or a signature that does not hold."""


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A signed document before its signature is believed.

    Attributes:
        payload: the document's bytes.
        type: its media type (`typ`).
        key_id: subject key identifier of the key that should have signed.
        signed: the bytes under the signature; `signature` is DER ECDSA.
    """

    payload: bytes
    type: str
    key_id: bytes
    signed: bytes
    signature: bytes

    def verify(self, key: ec.EllipticCurvePublicKey) -> bool:
        """Whether `key` signed this document."""
        return verify_der(key, self.signature, self.signed)


def verify_der(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether the DER ECDSA-SHA256 `signature` of `signed` is by `key`."""
    try:
        key.verify(signature, signed, ECDSA)
    except InvalidSignature:
        return False
    return True


def raw_to_der(raw: bytes) -> bytes:
    """The DER form of a 64-byte r‖s signature (RFC 9053, 2.1)."""
    if len(raw) != SIGNATURE_BYTES:
        raise SealedError("sealed.signature-length")
    half = SIGNATURE_BYTES // 2
    return encode_dss_signature(
        int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    )


def der_to_raw(der: bytes) -> bytes:
    """The 64-byte r‖s form of one's own DER signature (RFC 9053, 2.1)."""
    r, s = decode_dss_signature(der)
    half = SIGNATURE_BYTES // 2
    return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def sign_raw(key: ec.EllipticCurvePrivateKey, octets: bytes) -> bytes:
    """A deterministic (RFC 6979) 64-byte r‖s ES256 signature."""
    return der_to_raw(key.sign(octets, ECDSA_DETERMINISTIC))


def _byte_string(octets: bytes) -> bytes:
    """One CBOR byte string in its shortest form (RFC 8949, 4.2.1); an encoder object costs more."""
    length = len(octets)
    if length < 24:  # noqa: PLR2004 - RFC 8949, 3: the length stands in the first octet
        return bytes([0x40 + length]) + octets
    if length <= 0xFF:  # noqa: PLR2004 - one octet
        return bytes([0x58, length]) + octets
    if length <= 0xFFFF:  # noqa: PLR2004 - two octets
        return b"\x59" + length.to_bytes(2, "big") + octets
    return b"\x5a" + length.to_bytes(4, "big") + octets


def _signature_structure(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052, 4.4: ["Signature1", protected, h'', payload]."""
    return b"\x84\x6aSignature1" + _byte_string(protected) + b"\x40" + _byte_string(payload)


def seal(payload: bytes, type_: str, key: ec.EllipticCurvePrivateKey, key_id: bytes) -> bytes:
    """Sign `payload` as COSE_Sign1; `key_id` is the signing key's subject key identifier."""
    return seal_with(payload, type_, lambda octets: sign_raw(key, octets), key_id)


def seal_with(payload: bytes, type_: str, sign: Callable[[bytes], bytes], key_id: bytes) -> bytes:
    """As `seal`, with a key that only signs: `sign` gives r‖s of 64 bytes, `der_to_raw` makes it."""
    protected = cbor2.dumps({ALGORITHM: ES256, KEY_ID: key_id, TYPE: type_})
    signature = sign(_signature_structure(protected, payload))
    return cbor2.dumps(cbor2.CBORTag(COSE_SIGN1_TAG, [protected, {}, payload, signature]))


def _need_plain(octets: bytes) -> None:
    """Refuse a long text with tags or very many items before it is decoded.

    `cbor2` gives tags a meaning of its own: a decimal fraction of 3 MB takes it minutes (quadratic).
    Our documents have no tag but COSE_Sign1's, at the very start; a short text costs little anyway.

    Raises:
        ValueError: for whoever reads it to refuse.
    """
    if len(octets) <= SHORT_BYTES_MAX:
        return
    at = 1 if octets[0] == 0xC0 | COSE_SIGN1_TAG else 0
    items = 0
    while at < len(octets):
        major, low = octets[at] >> 5, octets[at] & 0x1F
        at += 1
        if major == 6 or low > 27 or items == ITEMS_MAX:  # noqa: PLR2004 - RFC 8949, 3: a tag, an indefinite length
            raise ValueError("not plain")
        if low > 23:  # noqa: PLR2004 - RFC 8949, 3: the number stands in the octets that follow
            size = 1 << low - 24
            low, at = int.from_bytes(octets[at : at + size], "big"), at + size
        if major in (2, 3):
            at += low
        items += 1


def read_cbor(octets: bytes, error: type[RefusedError], key: str) -> object:
    """One CBOR item that is its own deterministic encoding: no trailing bytes, no duplicate keys.

    Raises:
        error: with `key`, for anything else.
    """
    try:
        _need_plain(octets)
        item = cbor2.loads(octets)
        if cbor2.dumps(item) != octets:
            raise error(key)  # noqa: TRY301 - the same refusal for every way of being malformed
    except RefusedError:
        raise
    except Exception as failure:  # any parser's failure on hostile bytes is a refusal
        raise error(key) from failure
    else:
        return item


@lru_cache(PROTECTED_MAX)
def _protected(octets: bytes) -> tuple[bytes | None, str]:
    """Key id, if there, and type of a protected header; one key's documents all share one."""
    match read_cbor(octets, SealedError, "sealed.unreadable"):
        case {1: -7, **rest} if CRITICAL not in rest:  # whoever marks one, wants it understood
            pass
        case _:
            raise SealedError("sealed.algorithm")
    key_id, type_ = rest.get(KEY_ID), rest.get(TYPE, "")
    if not isinstance(key_id, bytes | None) or not isinstance(type_, str):
        raise SealedError("sealed.unreadable")
    return key_id, type_


def _parts(octets: bytes) -> tuple[bytes, dict[object, object], bytes, bytes]:
    """The four parts of a COSE_Sign1 that is its own deterministic encoding."""
    try:
        _need_plain(octets)
        item = cbor2.loads(octets)
        match item:
            case cbor2.CBORTag(
                tag=18,
                value=[bytes() as protected, dict() as outside, bytes() as payload, bytes() as raw],
            ):
                middle = cbor2.dumps(outside) if outside else b"\xa0"
            case _:
                raise SealedError("sealed.unreadable")  # noqa: TRY301 - as in read_cbor
        ends = _byte_string(payload) + _byte_string(raw)
        if b"\xd2\x84" + _byte_string(protected) + middle + ends != octets:
            raise SealedError("sealed.unreadable")  # noqa: TRY301 - as in read_cbor
    except RefusedError:
        raise
    except Exception as failure:  # any parser's failure on hostile bytes is a refusal
        raise SealedError("sealed.unreadable") from failure
    else:
        return protected, outside, payload, raw


def read_sealed(octets: bytes, bytes_max: int) -> Sealed:
    """Read one COSE_Sign1; its signature is not checked yet.

    Raises:
        SealedError: `sealed.too-long`, `sealed.unreadable`, `sealed.algorithm` or
            `sealed.signature-length`.
    """
    if len(octets) > bytes_max:
        raise SealedError("sealed.too-long", {"bytes_max": bytes_max})
    protected, outside, payload, raw = _parts(octets)
    if len(protected) > HEADER_BYTES_MAX:
        raise SealedError("sealed.unreadable")
    inside, type_ = _protected(protected)
    # The key id may stand unprotected, as the Token Status List's own vectors have it.
    key_id = outside.get(KEY_ID, b"") if inside is None else inside
    if not isinstance(key_id, bytes):
        raise SealedError("sealed.unreadable")
    signed = _signature_structure(protected, payload)
    return Sealed(payload, type_, key_id, signed, raw_to_der(raw))
