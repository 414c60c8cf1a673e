"""NIST PKITS through the engine behind our port: every published case, none left out.

The port asks more than PKITS does: revocation of every certificate, lists signed by the very CA whose
certificates they revoke, nothing fetched, nothing discovered. So a few valid paths are refused; each is
named below with its reason. No invalid path is ever accepted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from conftest import shared_folder
from omamori.adapters.path_engine import HankoEngine
from omamori.trust.ports import PathError, PathRules

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.shared,
    # PKITS is of 2010: negative serial numbers and the like are in it by design.
    pytest.mark.filterwarnings("ignore"),
]
NOW = datetime(2022, 5, 1, tzinfo=UTC).timestamp()
OLD_ALGORITHM = "DSA with SHA-1 and 1024 bits: too weak to believe since long"
OTHER_SIGNER = "the list is signed with another key than the certificates: our port takes a list only from the CA itself, and no certificates beside the path"
REFUSED_THOUGH_VALID = {
    "40104": OLD_ALGORITHM,
    "40105": OLD_ALGORITHM,
    "40419": OTHER_SIGNER,
    "40504": OTHER_SIGNER,
    "40506": OTHER_SIGNER,
    "41424": OTHER_SIGNER,
    "41425": OTHER_SIGNER,
    "41428": OTHER_SIGNER,
    "41429": OTHER_SIGNER,
    "41430": OTHER_SIGNER,
    "41433": OTHER_SIGNER,
}
SECTIONS = {
    "401": 6,
    "402": 8,
    "403": 11,
    "404": 21,
    "405": 8,
    "406": 17,
    "407": 5,
    "408": 35,
    "409": 8,
    "410": 20,
    "411": 11,
    "412": 11,
    "413": 38,
    "414": 35,
    "415": 10,
    "416": 2,
}


def _folder() -> Path | None:
    shared = shared_folder()
    folder = shared / "pki" / "pkits" if shared else None
    return folder if folder and folder.is_dir() else None


def _cases() -> list[dict[str, Any]]:
    folder = _folder()
    if folder is None:
        return []
    cases: list[dict[str, Any]] = json.loads((folder / "pkits.json").read_text())
    return cases


CASES = _cases()


@cache
def _read(kind: str, name: str) -> bytes:
    folder = _folder()
    assert folder is not None
    return (folder / kind / name).read_bytes()


@cache
def _lists() -> dict[bytes, list[bytes]]:
    """Every list by its issuer's name: a case that names none may use any of its issuers'."""
    folder = _folder()
    assert folder is not None
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for path in sorted((folder / "crls").iterdir()):
        der = path.read_bytes()
        found[x509.load_der_x509_crl(der).issuer.public_bytes()].append(der)
    return found


def _path(case: dict[str, Any]) -> list[bytes]:
    """The case's path from below the anchor: by signatures where they hold, else as it is listed."""
    leaf = _read("certs", case["cert"])
    names = case.get("path_intermediates", case.get("other_certs", []))
    listed = [_read("certs", name) for name in names]
    anchor = x509.load_der_x509_certificate(_read("certs", "TrustAnchorRootCertificate.crt"))
    if case["id"] == "40105":  # a DSA key without parameters: `cryptography` does not read it
        return [*listed, leaf]
    path, at = [leaf], _loaded(leaf)
    while not _issued(at, anchor):
        above = [der for der in listed if der not in path and _issued(at, _loaded(der))]
        if not above:
            return [*listed, leaf]
        path.insert(0, above[0])
        at = _loaded(above[0])
    return path


def _loaded(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _holds(case: dict[str, Any]) -> bool:
    chain = _path(case)
    revocations = [_read("crls", name) for name in case.get("crls", [])]
    if not revocations:
        for der in chain:
            revocations += _lists().get(_loaded(der).issuer.public_bytes(), [])
    asked = case.get("params", {})
    rules = PathRules(
        initial_policies=frozenset(asked.get("user_initial_policy_set", ())),
        explicit_policy=asked.get("initial_explicit_policy", False),
        inhibit_mapping=asked.get("initial_policy_mapping_inhibit", False),
        inhibit_any_policy=asked.get("initial_any_policy_inhibit", False),
    )
    anchor = _read("certs", "TrustAnchorRootCertificate.crt")
    try:
        HankoEngine().policies(
            anchor, chain, [*revocations, _read("crls", "TrustAnchorRootCRL.crl")], NOW, rules
        )
    except PathError:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=[f"{c['id']}-{c['name']}" for c in CASES])
def test_pkits(case: dict[str, Any]) -> None:
    valid = "error" not in case
    if case["id"] in REFUSED_THOUGH_VALID:
        assert valid
        assert not _holds(case), "now accepted: take it out of the table"
    else:
        assert _holds(case) == valid


def test_pkits_is_complete(shared_data: Path) -> None:
    assert shared_data
    counted: dict[str, int] = defaultdict(int)
    for case in CASES:
        counted[case["id"][:3]] += 1
    assert counted == SECTIONS
