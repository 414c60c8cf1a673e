"""Recognition: what another industry's authority says of itself, verified, and how it is valued.

Everything is checked from its root downwards; the root is what an operator decided to trust.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from omamori.authority.records import HOST_NAME, INDUSTRY_NAME, Foreign
from omamori.documents.bundle import Bundle, BundleError, Member, read_bundle
from omamori.documents.certificate import (
    CertificateError,
    load_certificate,
    read_registry_certificate,
)
from omamori.documents.crl import RevocationError, read_revocation_list
from omamori.documents.cross import AuthorityCertificate, read_authority_certificate
from omamori.documents.level import RUNGS_MAX, Ladder, Level
from omamori.documents.limits import CLOCK_SKEW_S_MAX
from omamori.documents.reason import RefusedError
from omamori.documents.status import StatusError, read_status_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric import ec

    from omamori.documents.certificate import DeviceCertificate

STATUSES_MAX = 8


class CrossError(RefusedError):
    """Another authority's documents that do not hold together, or a level map that is not one."""


def _require(holds: bool, key: str, **params: str | float) -> None:  # noqa: FBT001 - a rule is a truth value
    if not holds:
        raise CrossError(f"cross.{key}", params)


def read_offer(octets: bytes, root_der: bytes, now: float) -> Foreign:
    """What another industry publishes of itself, checked down from `root_der`.

    Raises:
        CrossError: with the key of the first thing that does not hold.
    """
    try:
        signed = read_bundle(octets)
        bundle = signed.bundle
        _require(bundle.root == root_der, "root-differs")
        member = _own(bundle)
        root = read_authority_certificate(bundle.root)
        issuing = read_authority_certificate(member.issuing)
        registry = read_registry_certificate(member.registry)
        _chain(root, issuing, registry, now)
        _require(signed.sealed.verify(registry.key), "bundle-not-signed")
        _times(bundle, now)
        _ladder(member, bundle, issuing)
        _lists(member, root, issuing, registry, now)
    except (BundleError, CertificateError, RevocationError, StatusError) as error:
        raise CrossError("cross.unreadable", {"why": error.reason.key}) from error
    return Foreign(
        ladder=member.ladder,
        host=member.host,
        root=bundle.root,
        issuing=member.issuing,
        registry=member.registry,
        revocations=member.revocations,
        statuses=member.statuses,
        seq=bundle.seq,
        contact=member.contact,
    )


def _own(bundle: Bundle) -> Member:
    own = [member for member in bundle.members if member.ladder.industry == bundle.industry]
    _require(len(own) == 1, "no-word-of-itself")
    return own[0]


def _chain(
    root: AuthorityCertificate,
    issuing: AuthorityCertificate,
    registry: DeviceCertificate,
    now: float,
) -> None:
    _require(_signed_by(root.der, root.der), "root-not-signed")
    _require(_signed_by(issuing.der, root.der), "issuing-not-signed")
    _require(_signed_by(registry.der, issuing.der), "registry-not-signed")
    for one in (root, issuing, registry):
        _require(
            one.not_before - CLOCK_SKEW_S_MAX <= now < one.not_after, "certificate-not-in-time"
        )
    _require(not issuing.crosses, "issuing-is-cross")
    _require(root.industry == issuing.industry == registry.industry, "industry-differs")


def _signed_by(der: bytes, issuer_der: bytes) -> bool:
    try:
        load_certificate(der).verify_directly_issued_by(load_certificate(issuer_der))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _times(bundle: Bundle, now: float) -> None:
    _require(bundle.issued_at <= now + CLOCK_SKEW_S_MAX, "bundle-from-the-future")
    _require(now < bundle.expires_at, "bundle-expired")


def _ladder(member: Member, bundle: Bundle, issuing: AuthorityCertificate) -> None:
    ladder = member.ladder
    _require(INDUSTRY_NAME.fullmatch(ladder.industry) is not None, "industry-not-plain")
    _require(ladder.industry == issuing.industry == bundle.industry, "industry-differs")
    _require(HOST_NAME.fullmatch(member.host) is not None, "host-not-plain")
    _require(1 <= ladder.rungs <= RUNGS_MAX, "ladder-not-in-profile")
    _require(set(issuing.policies) == {level.oid for level in ladder.levels()}, "ladder-not-issued")


def _lists(
    member: Member,
    root: AuthorityCertificate,
    issuing: AuthorityCertificate,
    registry: DeviceCertificate,
    now: float,
) -> None:
    seen: dict[bytes, frozenset[int]] = {}
    for der in member.revocations:
        listed = read_revocation_list(der)
        signer = root if listed.issuer_der == root.subject_der else issuing
        _require(listed.issuer_der == signer.subject_der, "revocation-of-another")
        _require(_list_signed(der, signer.key), "revocation-not-signed")
        _require(now < listed.next_update, "revocation-expired")
        seen[signer.thumbprint] = listed.revoked
    _require(seen.keys() == {root.thumbprint, issuing.thumbprint}, "revocation-missing")
    issuing_serial = load_certificate(issuing.der).serial_number
    _require(issuing_serial not in seen[root.thumbprint], "issuing-revoked")
    _require(registry.serial not in seen[issuing.thumbprint], "registry-revoked")
    _require(len(member.statuses) <= STATUSES_MAX, "too-many-statuses", statuses_max=STATUSES_MAX)
    for octets in member.statuses:
        token = read_status_token(octets)
        _require(token.sealed.verify(registry.key), "status-not-signed")


def _list_signed(der: bytes, key: ec.EllipticCurvePublicKey) -> bool:
    try:
        return x509.load_der_x509_crl(der).is_signature_valid(key)
    except (ValueError, TypeError):
        return False


def read_mapping(rungs: Mapping[int, int], foreign: Ladder, own: Ladder) -> dict[Level, Level]:
    """A level map, foreign → local, from rungs.

    Several foreign levels may share a local one, and a foreign level that is left out is no level
    here. A map that values a lower foreign level above a higher one is refused.

    Raises:
        CrossError: `cross.map-empty` or `cross.map-not-monotone`.
        LevelError: when a ladder has no such rung.
    """
    _require(bool(rungs), "map-empty")
    pairs = [(foreign.level(theirs), own.level(mine)) for theirs, mine in sorted(rungs.items())]
    for (lower, low), (upper, high) in pairwise(pairs):
        _require(low.rung <= high.rung, "map-not-monotone", lower=lower.rung, higher=upper.rung)
    return dict(pairs)
