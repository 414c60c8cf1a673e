"""The device profile: what it accepts, and every rule by a certificate that breaks just that one."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import algos
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from documents.forge import (
    ENERGY,
    MOMENT,
    SUBJECT,
    THING_KEY,
    URI,
    device,
    doubled,
    name,
    point,
    policies,
    resigned,
    uri,
    usage,
)
from omamori.documents.certificate import (
    CertificateError,
    read_device_certificate,
    read_registry_certificate,
)
from omamori.documents.limits import CERTIFICATE_BYTES_MAX
from omamori.documents.oids import REGISTRY_KEY
from trust.industries import der

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = device()
Ext = x509.ExtensionType


def refused(octets: bytes) -> str:
    with pytest.raises(CertificateError) as caught:
        read_device_certificate(octets)
    return caught.value.reason.key.removeprefix("certificate.")


def test_reads_what_the_certificate_says() -> None:
    leaf = read_device_certificate(GOOD)
    assert (leaf.industry, leaf.serial_name, leaf.uri) == ("energy", "thing", URI)
    assert leaf.host == "energy.example"
    assert leaf.policy == ENERGY.ladder.level(4).oid
    assert leaf.serial == 4711
    assert leaf.not_before == MOMENT.timestamp()
    assert leaf.issuer_der == ENERGY.issuing.subject.public_bytes()
    assert leaf.key.public_numbers() == THING_KEY.public_key().public_numbers()
    assert leaf.der == GOOD


def test_reads_a_registry_certificate() -> None:
    registry = read_registry_certificate(der(ENERGY.registry))
    assert registry.policy == ""
    assert registry.usages == {REGISTRY_KEY}


def test_a_device_is_no_registry_and_a_registry_no_device() -> None:
    assert refused(der(ENERGY.registry)) == "extended-key-usage-not-in-profile"
    with pytest.raises(CertificateError, match="extended-key-usage"):
        read_registry_certificate(GOOD)


def test_a_registry_certificate_carries_no_level() -> None:
    registry = device(
        {"eku": (x509.ExtendedKeyUsage([x509.ObjectIdentifier(REGISTRY_KEY)]), False)}
    )
    with pytest.raises(CertificateError, match="policies-not-in-profile"):
        read_registry_certificate(registry)


def _names(*names: x509.GeneralName) -> dict[str, tuple[Ext, bool]]:
    return {"names": (x509.SubjectAlternativeName(list(names)), False)}


def _usages(*oids: x509.ObjectIdentifier) -> dict[str, tuple[Ext, bool]]:
    return {"eku": (x509.ExtendedKeyUsage(list(oids)), False)}


def _points(*points: x509.DistributionPoint) -> dict[str, tuple[Ext, bool]]:
    return {"crl": (x509.CRLDistributionPoints(list(points)), False)}


def _use(**on: bool) -> dict[str, tuple[Ext, bool]]:
    return {"usage": (usage(**on), True)}


CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
BROKEN: list[tuple[str, str, dict[str, Any]]] = [
    ("names-not-in-profile", "two URIs", _names(uri(URI), uri("https://health.example/t"))),
    ("names-not-in-profile", "a host name", _names(x509.DNSName("energy.example"))),
    ("names-not-in-profile", "URI and host", _names(uri(URI), x509.DNSName("bank.example"))),
    ("names-not-in-profile", "an address", _names(x509.IPAddress(ip_address("192.0.2.1")))),
    (
        "names-not-in-profile",
        "URI and address",
        _names(uri(URI), x509.IPAddress(ip_address("::1"))),
    ),
    ("names-not-in-profile", "e-mail", _names(x509.RFC822Name("a@energy.example"))),
    ("names-not-in-profile", "directory", _names(x509.DirectoryName(SUBJECT))),
    (
        "names-not-in-profile",
        "registered",
        _names(x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))),
    ),
    (
        "names-not-in-profile",
        "other name",
        _names(uri(URI), x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")),
    ),
    ("names-not-in-profile", "too long", _names(uri(URI + "x" * 200))),
    ("extension-missing", "no name", {"names": None}),
    ("uri-not-in-profile", "urn", _names(uri("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"))),
    ("uri-not-in-profile", "http", _names(uri("http://energy.example/t"))),
    ("uri-not-in-profile", "port", _names(uri("https://energy.example:443/t"))),
    ("uri-not-in-profile", "bad port", _names(uri("https://energy.example:x/t"))),
    ("uri-not-in-profile", "user", _names(uri("https://health.example@energy.example/t"))),
    ("uri-not-in-profile", "fragment", _names(uri("https://energy.example/t#f"))),
    ("uri-not-in-profile", "capital", _names(uri("https://Energy.example/t"))),
    ("uri-not-in-profile", "trailing dot", _names(uri("https://energy.example./t"))),
    ("uri-not-in-profile", "no dot", _names(uri("https://energy/t"))),
    ("uri-not-in-profile", "no host", _names(uri("https:///t"))),
    ("uri-not-in-profile", "IPv6", _names(uri("https://[::1]/t"))),
    ("uri-not-in-profile", "broken bracket", _names(uri("https://[::1/t"))),
    ("uri-not-in-profile", "backslash", _names(uri("https://energy.example\\@health.example/t"))),
    ("uri-not-in-profile", "newline", _names(uri("https://energy.example/\n"))),
    ("uri-not-in-profile", "newline in host", _names(uri("https://energy\n.example/"))),
    ("uri-not-in-profile", "null", _names(uri("https://energy.example\0.health.example/"))),
    ("uri-not-in-profile", "percent host", _names(uri("https://energy%2eexample.x/"))),
    ("policy-is-any", "anyPolicy", {"policies": (policies("2.5.29.32.0"), False)}),
    ("policies-not-in-profile", "two", {"policies": (policies("1.2.3.4", "1.2.3.5"), False)}),
    (
        "policies-not-in-profile",
        "own and any",
        {"policies": (policies("1.2.3.4", "2.5.29.32.0"), False)},
    ),
    ("extension-missing", "no policy", {"policies": None}),
    (
        "key-usage-not-in-profile",
        "signs certificates",
        _use(digital_signature=True, key_cert_sign=True),
    ),
    ("key-usage-not-in-profile", "signs lists", _use(digital_signature=True, crl_sign=True)),
    ("key-usage-not-in-profile", "agrees", _use(digital_signature=True, key_agreement=True)),
    ("key-usage-not-in-profile", "commits", _use(digital_signature=True, content_commitment=True)),
    ("key-usage-not-in-profile", "enciphers", _use(digital_signature=True, key_encipherment=True)),
    ("key-usage-not-in-profile", "does not sign", _use(key_agreement=True)),
    ("extension-missing", "no key usage", {"usage": None}),
    ("extended-key-usage-not-in-profile", "client only", _usages(CLIENT)),
    ("extended-key-usage-not-in-profile", "server only", _usages(SERVER)),
    (
        "extended-key-usage-not-in-profile",
        "and any",
        _usages(CLIENT, SERVER, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE),
    ),
    (
        "extended-key-usage-not-in-profile",
        "and registry",
        _usages(CLIENT, SERVER, x509.ObjectIdentifier(REGISTRY_KEY)),
    ),
    ("extension-missing", "no extended usage", {"eku": None}),
    ("is-an-authority", "CA", {"bc": (x509.BasicConstraints(ca=True, path_length=None), True)}),
    ("extension-missing", "no authority key", {"aki": None}),
    (
        "extension-missing",
        "authority by name only",
        {
            "aki": (
                x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(SUBJECT)], 1),
                False,
            )
        },
    ),
    ("extension-missing", "no subject key", {"ski": None}),
    ("extension-missing", "no list", {"crl": None}),
    ("crl-not-in-profile", "two lists", _points(point(uri(URI)), point(uri(URI + "2")))),
    (
        "crl-not-in-profile",
        "some reasons",
        _points(point(uri(URI), reasons=frozenset({x509.ReasonFlags.key_compromise}))),
    ),
    ("crl-not-in-profile", "by name", _points(point(x509.DirectoryName(SUBJECT)))),
    ("crl-not-in-profile", "two names", _points(point(uri(URI), uri(URI + "2")))),
    (
        "crl-not-in-profile",
        "by another",
        _points(point(uri(URI), crl_issuer=[x509.DirectoryName(SUBJECT)])),
    ),
    (
        "extension-not-in-profile",
        "name constraints",
        {"x": (x509.NameConstraints([x509.DNSName("a")], None), True)},
    ),
    ("extension-not-in-profile", "inhibit any", {"x": (x509.InhibitAnyPolicy(0), True)}),
    (
        "extension-not-in-profile",
        "unknown and critical",
        {"x": (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)},
    ),
    (
        "extension-not-in-profile",
        "unknown",
        {"x": (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False)},
    ),
    (
        "extension-not-in-profile",
        "mappings",
        {"x": (x509.UnrecognizedExtension(ExtensionOID.POLICY_MAPPINGS, b"\x30\x00"), True)},
    ),
]


@pytest.mark.parametrize(
    ("key", "change"), [(k, c) for k, _, c in BROKEN], ids=[f"{k}: {w}" for k, w, _ in BROKEN]
)
def test_an_extension_outside_the_profile_is_refused(key: str, change: dict[str, Any]) -> None:
    assert refused(device(change)) == key


O, SN = NameOID.ORGANIZATION_NAME, NameOID.SERIAL_NUMBER  # noqa: E741 - X.520's own short names


@pytest.mark.parametrize(
    "subject",
    [
        name((O, "energy")),
        name((SN, "thing"), (O, "energy")),
        name((O, "energy"), (SN, "thing"), (NameOID.COMMON_NAME, "Aunt Hanako's fridge")),
        name((O, "energy"), (O, "health"), (SN, "thing")),
        name((O, "energy"), (NameOID.COMMON_NAME, "thing")),
        name(),
    ],
)
def test_a_subject_that_tells_more_or_less_is_refused(subject: x509.Name) -> None:
    assert refused(device(subject=subject)) == "subject-not-in-profile"


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-384", "secp256k1", "Ed25519", "RSA"],
)
def test_only_p256_keys(key: Any) -> None:
    assert refused(device(key=key)) == "key-not-p256"


def test_only_ecdsa_with_sha256() -> None:
    assert refused(device(algorithm=hashes.SHA384())) == "algorithm-not-in-profile"


def test_both_places_must_name_the_same_algorithm() -> None:
    """RFC 5280, 4.1.1.2: the outer algorithm must be the signed one."""

    def other(body: asn1.TbsCertificate) -> None:
        body["signature"] = algos.SignedDigestAlgorithm({"algorithm": "sha384_ecdsa"})

    assert refused(resigned(GOOD, ENERGY.issuing_key, other)) in {
        "algorithm-not-in-profile",
        "unreadable",
    }


def test_no_more_than_two_years() -> None:
    read_device_certificate(device(days=731))
    assert refused(device(days=732)) == "lifetime-too-long"


def test_an_end_before_the_start_is_refused() -> None:
    def swap(body: asn1.TbsCertificate) -> None:
        validity = body["validity"]
        body["validity"] = {
            "not_before": validity["not_after"].copy(),
            "not_after": validity["not_before"].copy(),
        }

    assert refused(resigned(GOOD, ENERGY.issuing_key, swap)) == "lifetime-too-long"


@pytest.mark.parametrize(
    "oid", [e.oid.dotted_string for e in x509.load_der_x509_certificate(GOOD).extensions]
)
def test_a_repeated_extension_is_refused(oid: str) -> None:
    assert refused(resigned(GOOD, ENERGY.issuing_key, doubled(oid))) == "unreadable"


def test_version_one_is_refused() -> None:
    def old(body: asn1.TbsCertificate) -> None:
        body["version"] = "v1"

    assert refused(resigned(GOOD, ENERGY.issuing_key, old)) in {"not-v3", "unreadable"}


def test_more_bytes_than_a_certificate_needs_are_not_even_parsed() -> None:
    assert refused(b"0" * (CERTIFICATE_BYTES_MAX + 1)) == "too-long"


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda octets: octets[:-1],
        lambda octets: octets + b"\0",
        lambda octets: octets * 2,
        lambda _: b"-----BEGIN CERTIFICATE-----",
    ],
    ids=["nothing", "cut short", "trailing byte", "twice", "PEM"],
)
def test_bytes_that_are_no_certificate_are_refused(change: Callable[[bytes], bytes]) -> None:
    assert refused(change(GOOD)) == "unreadable"


@given(st.binary(max_size=600))
def test_any_bytes_give_a_certificate_or_its_error(octets: bytes) -> None:
    with pytest.raises(CertificateError):
        read_device_certificate(octets)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 4))
def test_any_mutation_gives_a_certificate_or_its_error(at: int, byte: int, cut: int) -> None:
    octets = GOOD[:at] + bytes([byte]) + GOOD[at + 1 + cut :]
    try:
        leaf = read_device_certificate(octets)
    except CertificateError:
        return
    assert leaf.der == octets
