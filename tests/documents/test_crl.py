"""Revocation lists: read strictly, believed only later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from documents.forge import ENERGY
from omamori.authority.certificates import issue_crl
from omamori.documents.crl import RevocationError, read_revocation_list
from omamori.documents.limits import CRL_BYTES_MAX
from omamori.documents.sealed import verify_der
from trust.industries import NOW, der

GOOD = der(issue_crl(ENERGY.issuing, ENERGY.issuing_key, 3, {77: NOW - 5, 78: NOW - 4}, NOW))
ISSUER = ENERGY.issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value


def crl(algorithm: Any = None, **change: Any) -> bytes:
    """A list of the profile, but for what `change` says."""
    good: dict[str, Any] = {
        "number": (x509.CRLNumber(1), False),
        "aki": (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ISSUER), False),
    }
    moment = datetime.fromtimestamp(NOW, UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ENERGY.issuing.subject)
        .last_update(moment)
        .next_update(moment + timedelta(hours=1))
    )
    for extension in (good | change).values():
        if extension is not None:
            builder = builder.add_extension(*extension)
    return der(builder.sign(ENERGY.issuing_key, algorithm or hashes.SHA256()))


def refused(octets: bytes) -> str:
    with pytest.raises(RevocationError) as caught:
        read_revocation_list(octets)
    return caught.value.reason.key.removeprefix("revocation.")


def test_reads_what_the_list_says() -> None:
    read = read_revocation_list(GOOD)
    assert read.revoked == {77, 78}
    assert read.number == 3
    assert read.key_id == ISSUER.digest
    assert read.issuer_der == ENERGY.issuing.subject.public_bytes()
    assert read.this_update < NOW < read.next_update
    assert verify_der(ENERGY.issuing_key.public_key(), read.signature, read.signed)
    assert not verify_der(ENERGY.root_key.public_key(), read.signature, read.signed)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("not-in-profile", {"number": None}),
        ("not-in-profile", {"aki": None}),
        ("not-in-profile", {"delta": (x509.DeltaCRLIndicator(1), True)}),
        (
            "not-in-profile",
            {
                "point": (
                    x509.IssuingDistributionPoint(
                        full_name=None,
                        relative_name=None,
                        only_contains_user_certs=True,
                        only_contains_ca_certs=False,
                        only_some_reasons=None,
                        indirect_crl=False,
                        only_contains_attribute_certs=False,
                    ),
                    True,
                )
            },
        ),
    ],
    ids=["no number", "no key", "delta", "only some"],
)
def test_a_list_outside_the_profile_is_refused(key: str, change: dict[str, Any]) -> None:
    read_revocation_list(crl())
    assert refused(crl(**change)) == key


def test_only_ecdsa_with_sha256() -> None:
    assert refused(crl(hashes.SHA384())) == "not-in-profile"


def test_bytes_that_are_no_list_are_refused() -> None:
    assert refused(b"") == "unreadable"
    assert refused(GOOD[:-1]) == "unreadable"
    assert refused(GOOD + b"\0") == "unreadable"
    assert refused(b"\0" * (CRL_BYTES_MAX + 1)) == "too-long"
    assert refused(ENERGY.issuing_der) == "unreadable"


@given(st.binary(max_size=300))
def test_any_bytes_give_a_list_or_its_error(octets: bytes) -> None:
    with pytest.raises(RevocationError):
        read_revocation_list(octets)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 4))
def test_a_mutation_is_refused_or_its_signature_does_not_hold(at: int, byte: int, cut: int) -> None:
    octets = GOOD[:at] + bytes([byte]) + GOOD[at + 1 + cut :]
    try:
        read = read_revocation_list(octets)
    except RevocationError:
        return
    if verify_der(ENERGY.issuing_key.public_key(), read.signature, read.signed):
        assert read.revoked == {77, 78}
