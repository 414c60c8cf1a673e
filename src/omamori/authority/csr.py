"""PKCS#10: strict reading of a request for a certificate (RFC 2986).

Only the key and the proof that the asker holds it are taken from a request. What a certificate
says is the authority's word, so a request that asks for extensions is refused, not obeyed.
"""

from __future__ import annotations

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import SignatureAlgorithmOID

from omamori.documents.limits import CSR_BYTES_MAX
from omamori.documents.reason import RefusedError


class CsrError(RefusedError):
    """Bytes that are no certification request of the profile."""


class CertificationRequest(msgspec.Struct, frozen=True, gc=False):
    """A request whose proof of possession holds.

    Attributes:
        der: the request as it came.
        key: the public key that it asks a certificate for, P-256.
    """

    der: bytes
    key: ec.EllipticCurvePublicKey


def read_csr(der: bytes) -> CertificationRequest:
    """Read one request from any bytes and check its signature.

    Raises:
        CsrError: `csr.too-long`, `csr.unreadable`, `csr.algorithm-not-in-profile`,
            `csr.key-not-p256`, `csr.asks-extensions` or `csr.not-proved`.
    """
    if len(der) > CSR_BYTES_MAX:
        raise CsrError("csr.too-long", {"bytes_max": CSR_BYTES_MAX})
    try:
        request = x509.load_der_x509_csr(der)
        extensions = list(request.extensions)
        attributes = list(request.attributes)
        key = request.public_key()
        algorithm = request.signature_algorithm_oid
        _ = request.subject
    except Exception as error:  # any parser's failure on hostile bytes is a refusal
        raise CsrError("csr.unreadable") from error
    if algorithm != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise CsrError("csr.algorithm-not-in-profile")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CsrError("csr.key-not-p256")
    if extensions or attributes:
        raise CsrError("csr.asks-extensions")
    if not request.is_signature_valid:
        raise CsrError("csr.not-proved")
    return CertificationRequest(der, key)


def write_csr(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A request for `key`, DER: an empty name, no extensions, the proof."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)
