"""Issuing: root, issuing CA, registry key, device, cross-certificate and revocation list.

Keys come in as objects and serial numbers as arguments: this room draws no random numbers.
Signatures are deterministic (RFC 6979), so the same facts give the same certificate.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from omamori.documents.certificate import CertificateError
from omamori.documents.level import LevelError
from omamori.documents.oids import REGISTRY_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omamori.documents.level import Ladder, Level

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey
DEVICE_DAYS = 730
CROSS_DAYS = 366
ISSUING_DAYS = 1826
ROOT_DAYS = 3653
SERVER_DAYS = 397
BACKDATE_S = 300
"""A certificate is good from five minutes ago, so that a slightly slow clock accepts it."""


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(int(at), UTC)


def _name(industry: str, common: str = "", serial: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, industry)]
    if common:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common))
    if serial:
        parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial))
    return x509.Name(parts)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, key: PublicKey, issuer: x509.Name, serial: int, now: float, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(_moment(now - BACKDATE_S))
        .not_valid_after(_moment(now - BACKDATE_S) + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _crl_point(url: str) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return x509.CRLDistributionPoints([point])


def _policies(levels: Iterable[Level]) -> x509.CertificatePolicies:
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(level.oid), None) for level in levels]
    )


def _sign(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)


def issue_root(industry: str, key: PrivateKey, serial: int, now: float) -> x509.Certificate:
    """A self-signed root for `industry`: the trust anchor of its own things."""
    name = _name(industry, "root")
    return _sign(
        _builder(name, key.public_key(), name, serial, now, ROOT_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True),
        key,
    )


def _issued_by(
    builder: x509.CertificateBuilder, issuer: x509.Certificate, crl_url: str
) -> x509.CertificateBuilder:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
    ).add_extension(_crl_point(crl_url), critical=False)


def issue_issuing_ca(
    ladder: Ladder,
    key: PublicKey,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    serial: int,
    crl_url: str,
    now: float,
) -> x509.Certificate:
    """The CA that signs devices: all levels of its ladder, pathLen 0, no mapping below it."""
    builder = _builder(
        _name(ladder.industry, "issuing"), key, issuer.subject, serial, now, ISSUING_DAYS
    )
    return _sign(
        _issued_by(builder, issuer, crl_url)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_policies(ladder.levels()), critical=True)
        .add_extension(
            x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=0),
            critical=True,
        ),
        issuer_key,
    )


def issue_end_entity(
    industry: str,
    serial_name: str,
    uri: str,
    level: Level | None,
    key: PublicKey,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    serial: int,
    crl_url: str,
    now: float,
    days: int = DEVICE_DAYS,
) -> x509.Certificate:
    """A device certificate at `level`, or with None the certificate of a registry key."""
    usages = (
        [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        if level
        else [x509.ObjectIdentifier(REGISTRY_KEY)]
    )
    builder = _issued_by(
        _builder(_name(industry, serial=serial_name), key, issuer.subject, serial, now, days),
        issuer,
        crl_url,
    )
    if level:
        builder = builder.add_extension(_policies([level]), critical=False)
    return _sign(
        builder.add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False
        ),
        issuer_key,
    )


def issue_server(
    industry: str,
    names: Iterable[str],
    key: PublicKey,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    *,
    serial: int,
    crl_url: str,
    now: float,
) -> x509.Certificate:
    """A certificate for the authority's own web server; `names` are hosts and addresses.

    It is outside the device profile (no policy, other names), so no meeting accepts it.
    """
    builder = _builder(
        _name(industry, "server"), key, issuer.subject, serial, now, SERVER_DAYS
    ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return _sign(
        _issued_by(builder, issuer, crl_url)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([_host_or_address(name) for name in names]), critical=False
        ),
        issuer_key,
    )


def _host_or_address(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def issue_cross(
    ladder: Ladder,
    foreign_root: x509.Certificate,
    foreign_host: str,
    mapping: Mapping[Level, Level],
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    serial: int,
    crl_url: str,
    now: float,
    days: int = CROSS_DAYS,
) -> x509.Certificate:
    """A cross-certificate for another industry's root, with its level map and its limits.

    Args:
        mapping: foreign level → local level; many foreign levels may share a local one, and a
            foreign level that is not mapped is no level here.

    Raises:
        LevelError: when a local level of the map is not of `ladder`.
    """
    for mine in mapping.values():
        if ladder.read(mine.oid) is None:
            raise LevelError("level.ladders-differ", {"one": mine.oid, "other": ladder.base})
    offered = sorted(set(mapping.values()), key=lambda level: level.rung)
    pairs = [
        {"issuer_domain_policy": mine.oid, "subject_domain_policy": theirs.oid}
        for theirs, mine in sorted(mapping.items(), key=lambda pair: pair[0].rung)
    ]
    mappings = x509.UnrecognizedExtension(
        ExtensionOID.POLICY_MAPPINGS, asn1.PolicyMappings(pairs).dump()
    )
    builder = _builder(
        foreign_root.subject, _public(foreign_root), issuer.subject, serial, now, days
    )
    return _sign(
        _issued_by(builder, issuer, crl_url)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_policies(offered), critical=True)
        .add_extension(mappings, critical=True)
        .add_extension(_only_names(foreign_root, foreign_host), critical=True)
        .add_extension(
            x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=0),
            critical=True,
        )
        .add_extension(x509.InhibitAnyPolicy(0), critical=True),
        issuer_key,
    )


def _public(certificate: x509.Certificate) -> PublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CertificateError("certificate.key-not-p256")
    return key


def _only_names(foreign_root: x509.Certificate, host: str) -> x509.NameConstraints:
    """Only the other industry's own organisation and exact host; nothing of other name types.

    URI constraints bind the host (RFC 5280, 4.2.1.10); the empty dNSName and rfc822Name exclude
    all of their type, so that a leaf cannot slip past under a name type that is not constrained.
    """
    organisation = foreign_root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0]
    return x509.NameConstraints(
        permitted_subtrees=[
            x509.DirectoryName(x509.Name([organisation])),
            x509.UniformResourceIdentifier(host),
        ],
        excluded_subtrees=[x509.DNSName("")],
    )


def issue_crl(
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    number: int,
    revoked: Mapping[int, float],
    now: float,
    hours: int = 24,
) -> x509.CertificateRevocationList:
    """The list of revoked serial numbers (serial → when revoked), newest `number`."""
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(_moment(now - BACKDATE_S))
        .next_update(_moment(now) + timedelta(hours=hours))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
    )
    for serial, at in sorted(revoked.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_moment(at))
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
