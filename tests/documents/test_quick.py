"""The quick reader says yes only where the library's reader says the same, and never more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from cryptography import x509
from hypothesis import example, given, settings
from hypothesis import strategies as st

from documents.forge import ENERGY, HEALTH, THING_KEY, device, doubled, resigned
from documents.test_certificate import BROKEN
from omamori.documents.certificate import (
    DEVICE_USAGES,
    CertificateError,
    DeviceCertificate,
    _plain,
    _read,
    read_device_certificate,
)
from omamori.documents.quick import dotted, quick_parts

if TYPE_CHECKING:
    from trust.industries import Industry

GOOD = ENERGY.thing(3).certificate


def full(der: bytes) -> DeviceCertificate:
    return _read(der, DEVICE_USAGES, policy_needed=True)


def same(one: DeviceCertificate, other: DeviceCertificate) -> bool:
    keys = [read.key.public_numbers() for read in (one, other)]
    alike = [msgspec.structs.replace(read, key=THING_KEY.public_key()) for read in (one, other)]
    facts = [{f: getattr(read, f) for f in read.__struct_fields__ if f != "key"} for read in alike]
    return keys[0] == keys[1] and facts[0] == facts[1]


@pytest.mark.parametrize("industry", [ENERGY, HEALTH])
@pytest.mark.parametrize("rung", range(1, 6))
def test_what_our_authorities_issue_is_read_quickly_and_alike(
    industry: Industry, rung: int
) -> None:
    der = industry.thing(rung, f"thing-{rung}").certificate
    quick = _plain(der)
    assert quick is not None
    assert same(quick, full(der))


@pytest.mark.parametrize(
    "change", [c for _, _, c in BROKEN], ids=[f"{k}: {w}" for k, w, _ in BROKEN]
)
def test_what_is_outside_the_profile_is_not_read_quickly(change: dict[str, Any]) -> None:
    assert _plain(device(change)) is None


@pytest.mark.parametrize(
    "oid", [e.oid.dotted_string for e in x509.load_der_x509_certificate(GOOD).extensions]
)
def test_a_repeated_extension_is_not_read_quickly(oid: str) -> None:
    assert _plain(resigned(GOOD, ENERGY.issuing_key, doubled(oid))) is None


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=2), st.integers(0, 2))
@example(0, b"", 0)
def test_a_mutation_is_read_alike_or_not_quickly(at: int, put: bytes, cut: int) -> None:
    der = GOOD[:at] + put + GOOD[at + cut :]
    quick = _plain(der)
    if quick is None:
        return
    issuer = full(GOOD).issuer_der
    if quick.issuer_der != issuer:
        return  # the issuer's name is only ever compared with a CA's that was read in full
    assert same(quick, full(der))
    assert same(quick, read_device_certificate(der))


def _every_octet(values: range) -> None:
    issuer = full(GOOD).issuer_der
    for at in range(len(GOOD)):
        for value in values:
            der = GOOD[:at] + bytes([GOOD[at] ^ value]) + GOOD[at + 1 :]
            quick = _plain(der)
            if quick is not None and quick.issuer_der == issuer:
                try:
                    read = full(der)
                except CertificateError as error:
                    pytest.fail(f"octet {at} ^ {value}: quick says yes, in full {error}")
                assert same(quick, read)


def test_no_single_bit_makes_a_difference() -> None:
    for bit in range(8):
        _every_octet(range(1 << bit, (1 << bit) + 1))


@given(st.lists(st.integers(0, 1 << 120), min_size=1, max_size=3), st.integers(0, 39))
def test_object_identifiers_are_read_as_the_library_reads_them(
    arcs: list[int], second: int
) -> None:
    text = ".".join(map(str, (2, second, *arcs)))
    content = b""
    for arc in (80 + second, *arcs):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(arc & 0x7F | 0x80)
        content += bytes(octets[::-1])
    assert x509.ObjectIdentifier(text).dotted_string == dotted(content) == text


@pytest.mark.parametrize("content", [b"", b"\x80\x01", b"\x2a\x80\x01", b"\x2a\x83", b"\x2a" * 64])
def test_an_object_identifier_that_is_not_der_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"long|padded|cut short"):
        dotted(content)


@given(st.binary(max_size=600))
def test_any_bytes_are_parts_or_none(octets: bytes) -> None:
    assert quick_parts(octets) is None
