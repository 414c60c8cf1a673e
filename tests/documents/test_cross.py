"""CA and cross-certificates: what is read, and every rule by a certificate that breaks just that one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from documents.forge import (
    ENERGY,
    HEALTH,
    MOMENT,
    doubled,
    name,
    point,
    policies,
    resigned,
    uri,
    usage,
)
from omamori.documents.certificate import CertificateError
from omamori.documents.cross import AuthorityCertificate, NameLimits, read_authority_certificate
from omamori.documents.limits import MAPPINGS_MAX
from trust.industries import der

O = NameOID.ORGANIZATION_NAME  # noqa: E741 - X.520's own short name
MINE, THEIRS = ENERGY.ladder.level(3).oid, HEALTH.ladder.level(4).oid
ORGANISATION = x509.DirectoryName(name((O, "health")))


def mapping(*pairs: tuple[str, str]) -> x509.UnrecognizedExtension:
    value = asn1.PolicyMappings(
        [{"issuer_domain_policy": a, "subject_domain_policy": b} for a, b in pairs]
    )
    return x509.UnrecognizedExtension(ExtensionOID.POLICY_MAPPINGS, value.dump())


def limits(
    *permitted: Any, excluded: tuple[Any, ...] = (x509.DNSName(""),)
) -> x509.NameConstraints:
    return x509.NameConstraints(list(permitted) or None, list(excluded) or None)


def cross(
    change: dict[str, Any] | None = None, *, key: Any = None, subject: x509.Name | None = None
) -> bytes:
    """A cross-certificate of the profile, but for what `change` says."""
    public = (key or HEALTH.root_key).public_key()
    issuer = ENERGY.root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    good: dict[str, Any] = {
        "ski": (x509.SubjectKeyIdentifier.from_public_key(public), False),
        "aki": (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False),
        "crl": (x509.CRLDistributionPoints([point(uri("https://energy.example/c"))]), False),
        "bc": (x509.BasicConstraints(ca=True, path_length=1), True),
        "usage": (usage(key_cert_sign=True, crl_sign=True), True),
        "policies": (policies(MINE), True),
        "mappings": (mapping((MINE, THEIRS)), True),
        "names": (limits(ORGANISATION, uri("health.example")), True),
        "constraints": (x509.PolicyConstraints(0, 0), True),
        "inhibit": (x509.InhibitAnyPolicy(0), True),
    }
    builder = (
        x509.CertificateBuilder()
        .subject_name(HEALTH.root.subject if subject is None else subject)
        .issuer_name(ENERGY.root.subject)
        .public_key(public)
        .serial_number(17)
        .not_valid_before(MOMENT)
        .not_valid_after(MOMENT + timedelta(days=300))
    )
    for extension in (good | (change or {})).values():
        if extension is not None:
            builder = builder.add_extension(*extension)
    return der(builder.sign(ENERGY.root_key, hashes.SHA256()))


def refused(octets: bytes) -> str:
    with pytest.raises(CertificateError) as caught:
        read_authority_certificate(octets)
    return caught.value.reason.key.removeprefix("certificate.")


def test_reads_what_the_cross_certificate_says() -> None:
    read = read_authority_certificate(cross())
    assert read.crosses
    assert read.industry == "health"
    assert read.policies == (MINE,)
    assert read.mappings == ((MINE, THEIRS),)
    assert read.names == NameLimits(frozenset({"health.example"}), frozenset({"health"}))
    assert read.path_length == 1


def test_reads_what_an_authority_issues() -> None:
    for octets in (der(ENERGY.root), ENERGY.issuing_der, ENERGY.cross(HEALTH, {5: 4, 4: 3, 3: 3})):
        assert isinstance(read_authority_certificate(octets), AuthorityCertificate)


BROKEN: list[tuple[str, str, dict[str, Any]]] = [
    ("is-no-authority", "no CA", {"bc": (x509.BasicConstraints(ca=False, path_length=None), True)}),
    (
        "is-no-authority",
        "not critical",
        {"bc": (x509.BasicConstraints(ca=True, path_length=1), False)},
    ),
    ("is-no-authority", "unsaid", {"bc": None}),
    ("path-too-long", "2", {"bc": (x509.BasicConstraints(ca=True, path_length=2), True)}),
    (
        "path-too-long",
        "unlimited",
        {"bc": (x509.BasicConstraints(ca=True, path_length=None), True)},
    ),
    ("key-usage-not-in-profile", "no lists", {"usage": (usage(key_cert_sign=True), True)}),
    ("key-usage-not-in-profile", "no certificates", {"usage": (usage(crl_sign=True), True)}),
    ("extension-missing", "no usage", {"usage": None}),
    ("extension-missing", "no key id", {"ski": None}),
    ("key-id-not-of-its-key", "borrowed", {"ski": (x509.SubjectKeyIdentifier(b"x" * 20), False)}),
    ("policy-is-any", "offers any", {"policies": (policies("2.5.29.32.0"), True)}),
    ("policy-is-any", "offers any too", {"policies": (policies(MINE, "2.5.29.32.0"), True)}),
    ("policy-is-any", "maps from any", {"mappings": (mapping(("2.5.29.32.0", THEIRS)), True)}),
    ("policy-is-any", "maps to any", {"mappings": (mapping((MINE, "2.5.29.32.0")), True)}),
    (
        "too-many-policies",
        "33",
        {"policies": (policies(*(f"1.2.3.{n}" for n in range(MAPPINGS_MAX + 1))), True)},
    ),
    (
        "too-many-mappings",
        "33",
        {"mappings": (mapping(*((MINE, f"1.2.3.{n}") for n in range(MAPPINGS_MAX + 1))), True)},
    ),
    ("too-many-mappings", "none", {"mappings": (mapping(), True)}),
    (
        "mapping-ambiguous",
        "one of theirs, two of ours",
        {"mappings": (mapping((MINE, THEIRS), (ENERGY.ladder.level(4).oid, THEIRS)), True)},
    ),
    ("mappings-not-critical", "may be ignored", {"mappings": (mapping((MINE, THEIRS)), False)}),
    (
        "unreadable",
        "no mapping at all",
        {"mappings": (x509.UnrecognizedExtension(ExtensionOID.POLICY_MAPPINGS, b"\x04\x00"), True)},
    ),
    ("mapping-not-inhibited", "unsaid", {"constraints": (x509.PolicyConstraints(0, None), True)}),
    ("mapping-not-inhibited", "later", {"constraints": (x509.PolicyConstraints(0, 1), True)}),
    ("policy-not-explicit", "unsaid", {"constraints": (x509.PolicyConstraints(None, 0), True)}),
    ("policy-not-explicit", "later", {"constraints": (x509.PolicyConstraints(1, 0), True)}),
    ("extension-missing", "no constraints", {"constraints": None}),
    ("any-policy-not-inhibited", "later", {"inhibit": (x509.InhibitAnyPolicy(1), True)}),
    ("extension-missing", "any not inhibited", {"inhibit": None}),
    ("names-not-limited", "unsaid", {"names": None}),
    ("names-not-limited", "hosts only", {"names": (limits(uri("health.example")), True)}),
    ("names-not-limited", "organisation only", {"names": (limits(ORGANISATION), True)}),
    ("names-not-limited", "excludes only", {"names": (limits(), True)}),
    (
        "names-not-critical",
        "may be ignored",
        {"names": (limits(ORGANISATION, uri("health.example")), False)},
    ),
    (
        "names-not-in-profile",
        "every host below",
        {"names": (limits(ORGANISATION, uri(".health.example")), True)},
    ),
    (
        "names-not-in-profile",
        "host names too",
        {"names": (limits(ORGANISATION, uri("health.example"), x509.DNSName("a.example")), True)},
    ),
    (
        "names-not-in-profile",
        "excludes an address",
        {
            "names": (
                limits(ORGANISATION, uri("health.example"), excluded=(x509.RFC822Name("a"),)),
                True,
            )
        },
    ),
    (
        "names-not-in-profile",
        "a longer directory",
        {
            "names": (
                limits(
                    x509.DirectoryName(name((O, "health"), (NameOID.COMMON_NAME, "x"))),
                    uri("health.example"),
                ),
                True,
            )
        },
    ),
    (
        "names-not-in-profile",
        "every directory",
        {"names": (limits(x509.DirectoryName(name()), uri("health.example")), True)},
    ),
    (
        "extension-not-in-profile",
        "unknown and critical",
        {"x": (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)},
    ),
    (
        "extension-not-in-profile",
        "another name",
        {"x": (x509.SubjectAlternativeName([uri("https://health.example/")]), False)},
    ),
]


@pytest.mark.parametrize(
    ("key", "change"), [(k, c) for k, _, c in BROKEN], ids=[f"{k}: {w}" for k, w, _ in BROKEN]
)
def test_an_extension_outside_the_profile_is_refused(key: str, change: dict[str, Any]) -> None:
    assert refused(cross(change)) == key


def test_only_p256_keys() -> None:
    assert refused(cross(key=ec.generate_private_key(ec.SECP384R1()))) == "key-not-p256"


@pytest.mark.parametrize(
    "subject", [name(), name((NameOID.COMMON_NAME, "x")), name((O, "health"), (O, "energy"))]
)
def test_a_ca_has_exactly_one_organisation(subject: x509.Name) -> None:
    assert refused(cross(subject=subject)) in {"subject-not-in-profile", "unreadable"}


def test_a_repeated_extension_is_refused() -> None:
    for oid in ("2.5.29.33", "2.5.29.30", "2.5.29.32", "2.5.29.54"):
        assert refused(resigned(cross(), ENERGY.root_key, doubled(oid))) == "unreadable"


def test_limits_only_narrow() -> None:
    one = NameLimits(frozenset({"a.example", "b.example"}), None)
    two = NameLimits(frozenset({"b.example", "c.example"}), frozenset({"health"}))
    both = one.within(two)
    assert both == two.within(one) == NameLimits(frozenset({"b.example"}), frozenset({"health"}))
    assert both.permit("b.example", "health")
    assert not both.permit("a.example", "health")
    assert not both.permit("b.example", "energy")
    assert not one.within(NameLimits(frozenset({"c.example"}))).permit("c.example", "health")


GOOD = cross()


@given(st.binary(max_size=600))
def test_any_bytes_give_a_certificate_or_its_error(octets: bytes) -> None:
    with pytest.raises(CertificateError):
        read_authority_certificate(octets)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 4))
def test_any_mutation_gives_a_certificate_or_its_error(at: int, byte: int, cut: int) -> None:
    octets = GOOD[:at] + bytes([byte]) + GOOD[at + 1 + cut :]
    try:
        read = read_authority_certificate(octets)
    except CertificateError:
        return
    assert read.der == octets
