"""Bundle: all that a thing of one industry needs to judge others without asking anyone.

Roots, issuing CAs, registry keys, cross-certificates, revocation lists, status lists and the explicit
paths, signed by the industry's registry with a growing sequence number. Every part is verified again
on its own when it is used; the seal adds freshness and stops a roll-back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.level import Ladder
from omamori.documents.limits import (
    BUNDLE_BYTES_MAX,
    CHAIN_CERTIFICATES_MAX,
    MEMBER_LISTS_MAX,
    PATHS_MAX,
)
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import Sealed, SealedError, read_sealed, seal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

BUNDLE_TYPE = "application/omamori-bundle+json"
MEMBERS_MAX = 2048


class BundleError(RefusedError):
    """A bundle that is not well formed."""


class Member(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One industry as this industry's authority knows it.

    Attributes:
        ladder: its name and the OID of its levels.
        host: the exact host in its things' URIs.
        issuing: its issuing CA, DER.
        registry: its registry's certificate, DER, issued by `issuing`.
        paths: explicit chains of CA certificates, DER, from just below the verifier's root down
            to `issuing`; empty for an industry that is known but not recognised.
        revocations: revocation lists, DER, of every CA on those paths and of `issuing`.
        statuses: signed status lists.
        contact: whom to ask, a URL or a phone number.
    """

    ladder: Ladder
    host: str
    issuing: bytes
    registry: bytes
    paths: tuple[tuple[bytes, ...], ...] = ()
    revocations: tuple[bytes, ...] = ()
    statuses: tuple[bytes, ...] = ()
    contact: str = ""


class Bundle(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What one authority publishes for its own things.

    Attributes:
        industry: whose bundle this is; `root` is its root certificate, DER.
        seq: grows with each bundle; issued_at, expires_at: seconds since the epoch.
        members: this industry itself and every industry it knows.
    """

    industry: str
    root: bytes
    seq: int
    issued_at: int
    expires_at: int
    members: tuple[Member, ...]


class SignedBundle(msgspec.Struct, frozen=True, gc=False):
    """A bundle with the signature that is still to be checked."""

    bundle: Bundle
    sealed: Sealed


_READ = msgspec.json.Decoder(Bundle)


def write_bundle(bundle: Bundle, key: ec.EllipticCurvePrivateKey, key_id: bytes) -> bytes:
    """Sign `bundle` with the registry's key."""
    return seal(msgspec.json.encode(bundle), BUNDLE_TYPE, key, key_id)


def read_bundle(octets: bytes) -> SignedBundle:
    """Read a bundle from any bytes; signatures are not checked here.

    Raises:
        BundleError: with the key of what is wrong.
    """
    try:
        sealed = read_sealed(octets, BUNDLE_BYTES_MAX)
    except SealedError as error:
        raise BundleError("bundle.unreadable", {"why": error.reason.key}) from error
    if sealed.type != BUNDLE_TYPE:
        raise BundleError("bundle.wrong-type")
    try:
        bundle = _READ.decode(sealed.payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BundleError("bundle.unreadable", {"why": "json"}) from error
    if len(bundle.members) > MEMBERS_MAX:
        raise BundleError("bundle.too-many-members", {"members_max": MEMBERS_MAX})
    for member in bundle.members:
        if len(member.paths) > PATHS_MAX or any(
            not 0 < len(path) <= CHAIN_CERTIFICATES_MAX for path in member.paths
        ):
            raise BundleError("bundle.too-many-paths", {"paths_max": PATHS_MAX})
        if max(len(member.revocations), len(member.statuses)) > MEMBER_LISTS_MAX:
            raise BundleError("bundle.too-many-lists", {"lists_max": MEMBER_LISTS_MAX})
    if not 0 < bundle.issued_at < bundle.expires_at < 1 << 40 or not 0 <= bundle.seq < 1 << 53:
        raise BundleError("bundle.times-not-in-profile")
    return SignedBundle(bundle, sealed)
