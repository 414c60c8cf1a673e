"""A certification request is read strictly, whatever the bytes are."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from authority.made import KEYS
from omamori.authority.csr import CsrError, read_csr, write_csr

GOOD = write_csr(KEYS[0])


def _key_of(error: pytest.ExceptionInfo[CsrError]) -> str:
    return error.value.reason.key


def test_a_good_request_gives_its_key() -> None:
    assert read_csr(GOOD).key.public_numbers() == KEYS[0].public_key().public_numbers()


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(octets: bytes) -> None:
    with pytest.raises(CsrError):
        read_csr(octets)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_octet_is_refused(at: int, turn: int) -> None:
    changed = GOOD[:at] + bytes([GOOD[at] ^ turn]) + GOOD[at + 1 :]
    with pytest.raises(CsrError):
        read_csr(changed)


@given(st.integers(0, len(GOOD) - 1))
def test_a_cut_or_lengthened_request_is_refused(at: int) -> None:
    with pytest.raises(CsrError):
        read_csr(GOOD[:at])
    with pytest.raises(CsrError):
        read_csr(GOOD + GOOD[: at + 1])


def test_an_rsa_key_is_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    with pytest.raises(CsrError) as error:
        read_csr(built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
    assert _key_of(error) == "csr.algorithm-not-in-profile"


def test_another_curve_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    with pytest.raises(CsrError) as error:
        read_csr(built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
    assert _key_of(error) == "csr.key-not-p256"


def test_a_request_that_wants_to_be_an_authority_is_refused() -> None:
    built = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    with pytest.raises(CsrError) as error:
        read_csr(built.sign(KEYS[1], hashes.SHA256()).public_bytes(Encoding.DER))
    assert _key_of(error) == "csr.asks-extensions"


def test_a_long_request_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(CsrError) as error:
        read_csr(GOOD + b"\0" * 5000)
    assert _key_of(error) == "csr.too-long"
