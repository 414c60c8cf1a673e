"""Certificates that keep every rule of the profile, or break exactly the one that a test names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from omamori.documents.sealed import ECDSA
from trust.industries import NOW, Industry, der

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENERGY = Industry("energy")
HEALTH = Industry("health")
THING_KEY = ec.generate_private_key(ec.SECP256R1())
MOMENT = datetime.fromtimestamp(NOW - 3600, UTC)
URI = "https://energy.example/t/thing"

Extensions = dict[str, "tuple[x509.ExtensionType, bool] | None"]


def name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


SUBJECT = name((NameOID.ORGANIZATION_NAME, "energy"), (NameOID.SERIAL_NUMBER, "thing"))


def usage(**on: bool) -> x509.KeyUsage:
    bits = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{bit: on.get(bit, False) for bit in bits.split()})


def point(*names: x509.GeneralName, **other: Any) -> x509.DistributionPoint:
    facts: dict[str, Any] = {
        "full_name": list(names) or None,
        "relative_name": None,
        "reasons": None,
        "crl_issuer": None,
    }
    return x509.DistributionPoint(**(facts | other))


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def policies(*oids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    )


def good_extensions(key: Any) -> Extensions:
    """What the profile asks of a device certificate."""
    issuer = ENERGY.issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return {
        "ski": (x509.SubjectKeyIdentifier.from_public_key(key), False),
        "aki": (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False),
        "crl": (x509.CRLDistributionPoints([point(uri("https://energy.example/c.crl"))]), False),
        "policies": (policies(ENERGY.ladder.level(4).oid), False),
        "usage": (usage(digital_signature=True), True),
        "eku": (
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            ),
            False,
        ),
        "names": (x509.SubjectAlternativeName([uri(URI)]), False),
    }


def device(
    change: Mapping[str, tuple[x509.ExtensionType, bool] | None] | None = None,
    *,
    subject: x509.Name = SUBJECT,
    key: Any = None,
    algorithm: Any = None,
    days: int = 700,
) -> bytes:
    """A device certificate of the profile, but for what the arguments change."""
    public = (key or THING_KEY).public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ENERGY.issuing.subject)
        .public_key(public)
        .serial_number(4711)
        .not_valid_before(MOMENT)
        .not_valid_after(MOMENT + timedelta(days=days))
    )
    for extension in (good_extensions(public) | dict(change or {})).values():
        if extension is not None:
            builder = builder.add_extension(*extension)
    return der(builder.sign(ENERGY.issuing_key, algorithm or hashes.SHA256()))


def resigned(
    octets: bytes,
    key: ec.EllipticCurvePrivateKey,
    change: Callable[[asn1.TbsCertificate], None],
) -> bytes:
    """The certificate `octets` after `change`, signed again: for what no library will issue."""
    certificate = asn1.Certificate.load(octets)
    changed = asn1.TbsCertificate.load(certificate["tbs_certificate"].dump())
    change(changed)
    body = changed.dump(force=True)
    made: bytes = asn1.Certificate(
        {
            "tbs_certificate": asn1.TbsCertificate.load(body),
            "signature_algorithm": certificate["signature_algorithm"],
            "signature_value": key.sign(body, ECDSA),
        }
    ).dump()
    return made


def doubled(oid: str) -> Callable[[asn1.TbsCertificate], None]:
    """Repeat one extension, as RFC 5280, 4.2 forbids."""

    def change(body: asn1.TbsCertificate) -> None:
        extensions = [e.copy() for e in body["extensions"]]
        again = [e.copy() for e in extensions if e["extn_id"].dotted == oid]
        assert again
        body["extensions"] = asn1.Extensions([*extensions, *again])

    return change
