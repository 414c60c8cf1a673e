"""What is issued is what the strict readers accept."""

from __future__ import annotations

import pytest
from cryptography import x509

from authority.made import NOW, Made
from omamori.authority.certificates import issue_cross
from omamori.documents.certificate import (
    CertificateError,
    load_certificate,
    read_device_certificate,
    read_registry_certificate,
)
from omamori.documents.cross import read_authority_certificate
from omamori.documents.level import LevelError, ladder_of_uuid


def test_the_authority_s_own_certificates_are_in_the_profile() -> None:
    made = Made()
    identity = made.service.identity
    root = read_authority_certificate(identity.root)
    issuing = read_authority_certificate(identity.issuing)
    registry = read_registry_certificate(identity.registry)
    assert root.industry == issuing.industry == registry.industry == "energy"
    assert issuing.policies == tuple(level.oid for level in identity.ladder.levels())
    assert issuing.path_length == 0
    assert registry.uri == "https://energy.example/registry"
    load_certificate(identity.issuing).verify_directly_issued_by(load_certificate(identity.root))
    load_certificate(identity.registry).verify_directly_issued_by(
        load_certificate(identity.issuing)
    )


def test_a_device_certificate_carries_one_level_and_one_uri() -> None:
    made = Made()
    made.product(rung=3)
    device = made.device(made.keys.server)
    read = read_device_certificate(device.certificate)
    assert read.policy == made.service.identity.ladder.level(3).oid
    assert read.uri == device.uri == f"https://energy.example/t/{device.name}"
    assert read.not_after == device.not_after
    assert f"{read.serial:x}" == device.serial


def test_the_web_server_s_certificate_is_no_device_and_no_authority() -> None:
    server = Made().service.identity.server
    with pytest.raises(CertificateError):
        read_device_certificate(server)
    with pytest.raises(CertificateError):
        read_registry_certificate(server)
    with pytest.raises(CertificateError):
        read_authority_certificate(server)
    names = load_certificate(server).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost"]


def test_a_level_map_onto_another_ladder_is_refused() -> None:
    one, other = Made("energy"), Made("health", 4)
    stranger = ladder_of_uuid("stranger", 7)
    theirs = other.service.identity.ladder
    with pytest.raises(LevelError, match="ladders-differ"):
        issue_cross(
            one.service.identity.ladder,
            load_certificate(other.root),
            "health.example",
            {theirs.level(1): stranger.level(1)},
            load_certificate(one.root),
            one.keys.root,
            5,
            "https://energy.example/v1/root.crl",
            NOW,
        )
