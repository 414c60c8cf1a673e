"""Revocation list: which serial numbers a CA no longer stands for (RFC 5280, 5)."""

from __future__ import annotations

import msgspec
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from omamori.documents.limits import CRL_BYTES_MAX
from omamori.documents.reason import RefusedError

CRL_EXTENSIONS = frozenset({ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER})


class RevocationError(RefusedError):
    """A revocation list outside the profile, or bytes that are none."""


class RevocationList(msgspec.Struct, frozen=True, gc=False):
    """A revocation list before its signature is believed.

    Attributes:
        der: the list as it came.
        issuer_der: the issuer's name, DER; `key_id` its key identifier.
        number: grows with each list.
        revoked: serial numbers.
        this_update, next_update: seconds since the epoch.
        signed: the bytes under the signature; `signature` is DER ECDSA.
    """

    der: bytes
    issuer_der: bytes
    key_id: bytes
    number: int
    revoked: frozenset[int]
    this_update: float
    next_update: float
    signed: bytes
    signature: bytes


def read_revocation_list(der: bytes) -> RevocationList:
    """Read one revocation list from any bytes; its signature is not checked here.

    Raises:
        RevocationError: with the key of what is wrong.
    """
    if len(der) > CRL_BYTES_MAX:
        raise RevocationError("revocation.too-long", {"bytes_max": CRL_BYTES_MAX})
    try:
        crl = x509.load_der_x509_crl(der)
        found = {e.oid: e.value for e in crl.extensions}
        next_update = crl.next_update_utc
        read = RevocationList(
            der=der,
            issuer_der=crl.issuer.public_bytes(),
            key_id=getattr(found.get(ExtensionOID.AUTHORITY_KEY_IDENTIFIER), "key_identifier", b"")
            or b"",
            number=getattr(found.get(ExtensionOID.CRL_NUMBER), "crl_number", -1),
            revoked=frozenset(entry.serial_number for entry in crl),
            this_update=crl.last_update_utc.timestamp(),
            next_update=next_update.timestamp() if next_update else 0.0,
            signed=crl.tbs_certlist_bytes,
            signature=crl.signature,
        )
    except Exception as error:  # any parser's failure on hostile bytes is a refusal
        raise RevocationError("revocation.unreadable") from error
    if (
        found.keys() != CRL_EXTENSIONS
        or not next_update
        or crl.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256
    ):
        raise RevocationError("revocation.not-in-profile")
    return read
