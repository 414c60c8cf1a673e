"""CrossCertificate and its level map: how one industry values the levels of another.

Also the strict reading of any CA certificate on a published path. `cryptography` does not parse
policyMappings, so `asn1crypto` does (RFC 5280, 4.2.1.5).
"""

from __future__ import annotations

from typing import Any

import msgspec
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID

from omamori.documents.certificate import CertificateError, is_es256, load_certificate, sha256
from omamori.documents.level import ANY_POLICY
from omamori.documents.limits import MAPPINGS_MAX

CA_EXTENSIONS = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)


class NameLimits(msgspec.Struct, frozen=True):
    """What a CA may name below itself; None where it is not limited.

    Attributes:
        hosts: exact URI hosts permitted.
        organisations: DN organisation names permitted.
    """

    hosts: frozenset[str] | None = None
    organisations: frozenset[str] | None = None

    def within(self, other: NameLimits) -> NameLimits:
        """Both limits at once (RFC 5280, 6.1.4 (g): permitted subtrees intersect)."""
        return NameLimits(
            _both(self.hosts, other.hosts), _both(self.organisations, other.organisations)
        )

    def permit(self, host: str, organisation: str) -> bool:
        """Whether an end entity of this host and organisation is within the limits."""
        return (self.hosts is None or host in self.hosts) and (
            self.organisations is None or organisation in self.organisations
        )


def _both(one: frozenset[str] | None, two: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or two is None:
        return two if one is None else one
    return one & two


class AuthorityCertificate(msgspec.Struct, frozen=True, gc=False):
    """What a CA certificate (root, issuing CA or cross-certificate) says.

    Attributes:
        der, thumbprint: the certificate and its SHA-256.
        industry: DN organisation name of the subject.
        subject_der, issuer_der: names, DER.
        key, key_id: public key and subject key identifier.
        policies: certificate policy OIDs it may speak of.
        mappings: (local OID of the issuer, foreign OID of the subject) pairs.
        names: what it may name.
        path_length: how many CAs may follow, None for any number.
        not_before, not_after: seconds since the epoch.
    """

    der: bytes
    thumbprint: bytes
    industry: str
    subject_der: bytes
    issuer_der: bytes
    key: ec.EllipticCurvePublicKey
    key_id: bytes
    policies: tuple[str, ...]
    mappings: tuple[tuple[str, str], ...]
    names: NameLimits
    path_length: int | None
    not_before: float
    not_after: float

    @property
    def crosses(self) -> bool:
        """Whether this is a cross-certificate: it maps levels."""
        return bool(self.mappings)

    def same_authority(self, other: AuthorityCertificate) -> bool:
        """Whether both are certificates of one CA: one name and one key."""
        return self.subject_der == other.subject_der and self.key == other.key


def read_authority_certificate(der: bytes) -> AuthorityCertificate:
    """Read and lint one CA certificate, cross-certificates included, from any bytes.

    Raises:
        CertificateError: with the key of the first rule that it breaks.
    """
    certificate = load_certificate(der)
    try:
        return _profile(der, certificate)
    except CertificateError:
        raise
    except Exception as error:  # lazily parsed parts may still be rotten
        raise CertificateError("certificate.unreadable") from error


def _require(holds: bool, key: str) -> None:  # noqa: FBT001 - a rule is a truth value
    if not holds:
        raise CertificateError(f"certificate.{key}")


def _profile(der: bytes, certificate: x509.Certificate) -> AuthorityCertificate:
    found = {e.oid: e for e in certificate.extensions}
    _require(certificate.version is x509.Version.v3, "not-v3")
    _require(is_es256(certificate), "algorithm-not-in-profile")
    _require(not (found.keys() - CA_EXTENSIONS), "extension-not-in-profile")
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateError("certificate.key-not-p256")
    _authority(found)
    mappings = _mappings(found)
    names = _names(found)
    if mappings:
        _cross(found, names)
    policies = _policies(found)
    identifier = _needed(found, ExtensionOID.SUBJECT_KEY_IDENTIFIER).digest
    # RFC 5280, 4.2.1.2 (1): were the identifier free, a rogue CA could take another CA's.
    own = x509.SubjectKeyIdentifier.from_public_key(key).digest
    _require(identifier == own, "key-id-not-of-its-key")
    organisations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    _require(len(organisations) == 1, "subject-not-in-profile")
    return AuthorityCertificate(
        der=der,
        thumbprint=sha256(der),
        industry=str(organisations[0].value),
        subject_der=certificate.subject.public_bytes(),
        issuer_der=certificate.issuer.public_bytes(),
        key=key,
        key_id=identifier,
        policies=policies,
        mappings=mappings,
        names=names,
        path_length=_needed(found, ExtensionOID.BASIC_CONSTRAINTS).path_length,
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
    )


Found = dict[x509.ObjectIdentifier, "x509.Extension[Any]"]


def _needed(found: Found, oid: x509.ObjectIdentifier) -> Any:  # noqa: ANN401 - one of many extensions
    if oid not in found:
        raise CertificateError("certificate.extension-missing", {"extension": oid._name})  # noqa: SLF001 - the library's only readable name of an OID
    return found[oid].value


def _authority(found: Found) -> None:
    constraints = found.get(ExtensionOID.BASIC_CONSTRAINTS)
    _require(
        constraints is not None and constraints.critical and constraints.value.ca,
        "is-no-authority",
    )
    usage = _needed(found, ExtensionOID.KEY_USAGE)
    _require(usage.key_cert_sign and usage.crl_sign, "key-usage-not-in-profile")


def _policies(found: Found) -> tuple[str, ...]:
    policies = found.get(ExtensionOID.CERTIFICATE_POLICIES)
    if policies is None:
        return ()
    oids = tuple(p.policy_identifier.dotted_string for p in policies.value)
    _require(len(oids) <= MAPPINGS_MAX, "too-many-policies")
    _require(ANY_POLICY not in oids, "policy-is-any")
    return oids


def _mappings(found: Found) -> tuple[tuple[str, str], ...]:
    extension = found.get(ExtensionOID.POLICY_MAPPINGS)
    if extension is None:
        return ()
    _require(extension.critical, "mappings-not-critical")
    parsed = asn1.PolicyMappings.load(extension.value.value, strict=True)
    pairs = tuple(
        (p["issuer_domain_policy"].dotted, p["subject_domain_policy"].dotted) for p in parsed
    )
    _require(0 < len(pairs) <= MAPPINGS_MAX, "too-many-mappings")
    foreign = [theirs for _, theirs in pairs]
    _require(len(set(foreign)) == len(foreign), "mapping-ambiguous")
    _require(ANY_POLICY not in {oid for pair in pairs for oid in pair}, "policy-is-any")
    return pairs


def _names(found: Found) -> NameLimits:
    extension = found.get(ExtensionOID.NAME_CONSTRAINTS)
    if extension is None:
        return NameLimits()
    _require(extension.critical, "names-not-critical")
    permitted = list(extension.value.permitted_subtrees or [])
    hosts = {n.value for n in permitted if isinstance(n, x509.UniformResourceIdentifier)}
    directories = [n.value for n in permitted if isinstance(n, x509.DirectoryName)]
    _require(
        len(hosts) + len(directories) == len(permitted)
        and all([a.oid for a in d] == [NameOID.ORGANIZATION_NAME] for d in directories),
        "names-not-in-profile",
    )
    # A host that starts with a dot would admit every name below it (RFC 5280, 4.2.1.10).
    _require(not any(host.startswith(".") for host in hosts), "names-not-in-profile")
    excluded = list(extension.value.excluded_subtrees or [])
    _require(
        all(isinstance(n, x509.DNSName) and not n.value for n in excluded), "names-not-in-profile"
    )
    organisations = frozenset(str(attribute.value) for d in directories for attribute in d)
    return NameLimits(frozenset(hosts) or None, organisations or None)


def _cross(found: Found, names: NameLimits) -> None:
    """A cross-certificate must bind what it opens, or a third CA climbs through it."""
    constraints = _needed(found, ExtensionOID.POLICY_CONSTRAINTS)
    _require(constraints.inhibit_policy_mapping == 0, "mapping-not-inhibited")
    _require(constraints.require_explicit_policy == 0, "policy-not-explicit")
    _require(
        _needed(found, ExtensionOID.INHIBIT_ANY_POLICY).skip_certs == 0, "any-policy-not-inhibited"
    )
    _require(bool(names.hosts) and bool(names.organisations), "names-not-limited")
    length = _needed(found, ExtensionOID.BASIC_CONSTRAINTS).path_length
    _require(length is not None and length <= 1, "path-too-long")
