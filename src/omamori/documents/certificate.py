"""The device-certificate profile: strict reading of one end-entity certificate.

A certificate that this module accepts is one that every engine reads alike. RFC 5280 leaves room
that has been used against verifiers (several SANs of types that a name constraint does not cover,
anyPolicy, duplicate extensions); the profile leaves none.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, SignatureAlgorithmOID

from omamori.documents.level import ANY_POLICY
from omamori.documents.limits import CERTIFICATE_BYTES_MAX, DEVICE_VALIDITY_S_MAX
from omamori.documents.oids import REGISTRY_KEY
from omamori.documents.quick import quick_parts
from omamori.documents.reason import RefusedError

URI_CHARACTERS_MAX = 200
NAME_CHARACTERS_MAX = 64
"""X.520: ub-organization-name and ub-serial-number."""

P256 = ec.SECP256R1()
PLAIN_URI = re.compile(r"https://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:[/?][!-\"$-~]*)?", re.ASCII)
"""`https`, an exact lower-case host of two labels or more, printable ASCII without a fragment."""

DEVICE_USAGES = frozenset(
    {ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string, ExtendedKeyUsageOID.SERVER_AUTH.dotted_string}
)
REGISTRY_USAGES = frozenset({REGISTRY_KEY})
KNOWN_EXTENSIONS = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
)


class CertificateError(RefusedError):
    """A certificate outside the profile, or bytes that are no certificate."""


class DeviceCertificate(msgspec.Struct, frozen=True, gc=False):
    """What a device or registry certificate says; nothing here is yet believed.

    Attributes:
        der: the certificate as it came.
        thumbprint: SHA-256 of `der`, 32 bytes.
        industry: DN organisation name.
        serial_name: DN serialNumber, opaque.
        uri: the one URI name; `host` is its exact host, lower-case.
        policy: the one certificate policy OID; empty for a registry certificate without one.
        usages: extended key usages, dotted.
        serial: certificate serial number.
        not_before, not_after: seconds since the epoch.
        authority_key_id, subject_key_id: key identifiers.
        crl_url: where its CRL is.
        issuer_der: the issuer's name, DER.
        signed: the bytes under the signature; `signature` is DER ECDSA.
        key: its public key, P-256.
    """

    der: bytes
    thumbprint: bytes
    industry: str
    serial_name: str
    uri: str
    host: str
    policy: str
    usages: frozenset[str]
    serial: int
    not_before: float
    not_after: float
    authority_key_id: bytes
    subject_key_id: bytes
    crl_url: str
    issuer_der: bytes
    signed: bytes
    signature: bytes
    key: ec.EllipticCurvePublicKey


def sha256(octets: bytes) -> bytes:
    """SHA-256 of `octets`, 32 bytes."""
    return hashlib.sha256(octets).digest()


def load_certificate(der: bytes) -> x509.Certificate:
    """One X.509 certificate from bounded bytes, duplicates and foreign critical extensions found.

    Raises:
        CertificateError: `certificate.too-long` or `certificate.unreadable`.
    """
    if len(der) > CERTIFICATE_BYTES_MAX:
        raise CertificateError("certificate.too-long", {"bytes_max": CERTIFICATE_BYTES_MAX})
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions  # parses them all: a duplicate extension is refused here
    except Exception as error:  # any parser's failure on hostile bytes is a refusal
        raise CertificateError("certificate.unreadable") from error
    return certificate


ES256_DER = bytes.fromhex("300a06082a8648ce3d040302")


def is_es256(certificate: x509.Certificate) -> bool:
    """Whether the certificate names ECDSA-SHA256 outside and under its signature alike.

    RFC 5280, 4.1.1.2 asks that both be the same; `cryptography` shows only the outer one. The inner
    one stands after version (5 bytes) and serial number.
    """
    body = certificate.tbs_certificate_bytes
    inner = body.startswith(ES256_DER, _algorithm_at(body))
    return inner and certificate.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256


def _algorithm_at(body: bytes) -> int:
    """Where the inner algorithm stands in a signed body (RFC 5280, 4.1)."""
    at = 2 + (body[1] & 0x7F if body[1] & 0x80 else 0) + 5
    return at + 2 + body[at + 1]


def read_device_certificate(der: bytes) -> DeviceCertificate:
    """Read and lint one device certificate.

    Raises:
        CertificateError: with the key of the first rule of the profile that it breaks.
    """
    read = _plain(der) if len(der) <= CERTIFICATE_BYTES_MAX else None
    return read or _read(der, DEVICE_USAGES, policy_needed=True)


def _plain(der: bytes) -> DeviceCertificate | None:
    """The certificate when its form is the plain one and every rule holds, else None.

    Only ever says yes: whatever it does not accept is read in full, and refused with its reason.
    """
    parts = quick_parts(der)
    if parts is None:
        return None
    named = PLAIN_URI.fullmatch(parts.uri)
    holds = (
        0 < parts.not_after - parts.not_before <= DEVICE_VALIDITY_S_MAX
        and len(parts.industry) <= NAME_CHARACTERS_MAX
        and len(parts.serial_name) <= NAME_CHARACTERS_MAX
        and len(parts.uri) <= URI_CHARACTERS_MAX
        and parts.policy != ANY_POLICY
        and parts.authority_key_id
    )
    if named is None or not holds:
        return None
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(P256, parts.point)
    except ValueError:  # not a point of the curve
        return None
    return DeviceCertificate(
        der,
        sha256(der),
        parts.industry,
        parts.serial_name,
        parts.uri,
        named[1],
        parts.policy,
        DEVICE_USAGES,
        parts.serial,
        parts.not_before,
        parts.not_after,
        parts.authority_key_id,
        parts.subject_key_id,
        parts.crl_url,
        parts.issuer_der,
        parts.signed,
        parts.signature,
        key,
    )


def read_registry_certificate(der: bytes) -> DeviceCertificate:
    """Read and lint the certificate of a registry's signing key (own extended key usage)."""
    return _read(der, REGISTRY_USAGES, policy_needed=False)


def _read(der: bytes, usages: frozenset[str], *, policy_needed: bool) -> DeviceCertificate:
    certificate = load_certificate(der)
    try:
        return _profile(der, certificate, usages, policy_needed=policy_needed)
    except CertificateError:
        raise
    except Exception as error:  # lazily parsed parts (names, dates, keys) may still be rotten
        raise CertificateError("certificate.unreadable") from error


def _require(holds: bool, key: str) -> None:  # noqa: FBT001 - a rule is a truth value
    if not holds:
        raise CertificateError(f"certificate.{key}")


def _profile(
    der: bytes, certificate: x509.Certificate, usages: frozenset[str], *, policy_needed: bool
) -> DeviceCertificate:
    _require(certificate.version is x509.Version.v3, "not-v3")
    _require(is_es256(certificate), "algorithm-not-in-profile")
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateError("certificate.key-not-p256")
    not_before = certificate.not_valid_before_utc.timestamp()
    not_after = certificate.not_valid_after_utc.timestamp()
    _require(0 < not_after - not_before <= DEVICE_VALIDITY_S_MAX, "lifetime-too-long")
    industry, serial_name = _subject(certificate)
    found = {e.oid: e for e in certificate.extensions}
    _require(not (found.keys() - KNOWN_EXTENSIONS), "extension-not-in-profile")
    _usage(found, usages)
    uri, host = _uri(_value(found, ExtensionOID.SUBJECT_ALTERNATIVE_NAME))
    return DeviceCertificate(
        der=der,
        thumbprint=sha256(der),
        industry=industry,
        serial_name=serial_name,
        uri=uri,
        host=host,
        policy=_policy(found, needed=policy_needed),
        usages=usages,
        serial=certificate.serial_number,
        not_before=not_before,
        not_after=not_after,
        authority_key_id=_authority_key_id(found),
        subject_key_id=_value(found, ExtensionOID.SUBJECT_KEY_IDENTIFIER).digest,
        crl_url=_crl_url(_value(found, ExtensionOID.CRL_DISTRIBUTION_POINTS)),
        issuer_der=certificate.issuer.public_bytes(),
        signed=certificate.tbs_certificate_bytes,
        signature=certificate.signature,
        key=key,
    )


def _subject(certificate: x509.Certificate) -> tuple[str, str]:
    """DN `O=industry, serialNumber=opaque` and nothing else: a name must not tell who owns it."""
    attributes = list(certificate.subject)
    _require(
        [a.oid for a in attributes] == [NameOID.ORGANIZATION_NAME, NameOID.SERIAL_NUMBER],
        "subject-not-in-profile",
    )
    industry, serial_name = (str(a.value) for a in attributes)
    lengths = len(industry), len(serial_name)
    _require(min(lengths) > 0 and max(lengths) <= NAME_CHARACTERS_MAX, "subject-not-in-profile")
    return industry, serial_name


Found = dict[x509.ObjectIdentifier, "x509.Extension[Any]"]


def _value(found: Found, oid: x509.ObjectIdentifier) -> Any:  # noqa: ANN401 - one of many extensions
    extension = found.get(oid)
    if extension is None:
        raise CertificateError("certificate.extension-missing", {"extension": oid._name})  # noqa: SLF001 - the library's only readable name of an OID
    return extension.value


def _usage(
    found: Found,
    usages: frozenset[str],
) -> None:
    usage = _value(found, ExtensionOID.KEY_USAGE)
    others = (
        usage.key_cert_sign,
        usage.crl_sign,
        usage.key_encipherment,
        usage.data_encipherment,
        usage.key_agreement,
        usage.content_commitment,
    )
    _require(usage.digital_signature and not any(others), "key-usage-not-in-profile")
    extended = frozenset(u.dotted_string for u in _value(found, ExtensionOID.EXTENDED_KEY_USAGE))
    _require(extended == usages, "extended-key-usage-not-in-profile")
    constraints = found.get(ExtensionOID.BASIC_CONSTRAINTS)
    _require(constraints is None or not constraints.value.ca, "is-an-authority")


def _uri(names: x509.SubjectAlternativeName) -> tuple[str, str]:
    """Exactly one URI with an exact host: other name types slip past a URI constraint."""
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise CertificateError("certificate.names-not-in-profile")
    uri = names[0].value
    _require(len(uri) <= URI_CHARACTERS_MAX, "names-not-in-profile")
    return uri, uri_host(uri)


def uri_host(uri: str) -> str:
    """The lower-case host of an `https` URI without port, user or fragment.

    Raises:
        CertificateError: `certificate.uri-not-in-profile`.
    """
    plain = PLAIN_URI.fullmatch(uri)
    if plain is None:
        raise CertificateError("certificate.uri-not-in-profile")
    return plain[1]


def _policy(
    found: Found,
    *,
    needed: bool,
) -> str:
    if not needed:
        _require(ExtensionOID.CERTIFICATE_POLICIES not in found, "policies-not-in-profile")
        return ""
    policies = _value(found, ExtensionOID.CERTIFICATE_POLICIES)
    _require(len(policies) == 1, "policies-not-in-profile")
    oid: str = policies[0].policy_identifier.dotted_string
    _require(oid != ANY_POLICY, "policy-is-any")
    return oid


def _authority_key_id(found: Found) -> bytes:
    identifier: bytes | None = _value(found, ExtensionOID.AUTHORITY_KEY_IDENTIFIER).key_identifier
    if not identifier:
        raise CertificateError("certificate.extension-missing", {"extension": "authorityKeyId"})
    return identifier


def _crl_url(points: x509.CRLDistributionPoints) -> str:
    _require(
        len(points) == 1 and points[0].reasons is None and points[0].crl_issuer is None,
        "crl-not-in-profile",
    )
    names = points[0].full_name or []
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise CertificateError("certificate.crl-not-in-profile")
    return names[0].value
