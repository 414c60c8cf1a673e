"""Book: what one verifier knows of the industries, ready for judging in microseconds.

It is built from the verifier's own industry's bundle; only the root must come by a safe way. Tables
are made when first needed and kept until the earliest expiry of anything they rest on.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.bundle import BundleError, Member, SignedBundle
from omamori.documents.certificate import (
    CertificateError,
    DeviceCertificate,
    read_registry_certificate,
)
from omamori.documents.cross import AuthorityCertificate, read_authority_certificate
from omamori.documents.level import Ladder, Level
from omamori.documents.limits import CLOCK_SKEW_S_MAX
from omamori.documents.reason import Reason
from omamori.documents.sealed import verify_der
from omamori.documents.status import StatusError, StatusToken, read_status_token
from omamori.trust.table import STALE_S_MAX, Table, build_table

if TYPE_CHECKING:
    from omamori.trust.ports import PathEngine

SEEN_THINGS_MAX = 65_536
"""How many things' newest statement numbers are remembered, to find replays."""


class Issuer(msgspec.Struct):
    """One issuing CA as the book knows it; its table is made on first use."""

    member: Member
    certificate: AuthorityCertificate
    registry: DeviceCertificate | None
    statuses: dict[str, StatusToken]
    table: Table | None = None
    refused: tuple[Reason, ...] = ()
    refused_until: float = 0.0


REFUSED_KEEP_S = 10.0
"""A path that did not hold is not tried again at once: a flood of strangers must cost little."""


class Book:
    """The industries that one verifier knows, in the verifier's own ladder."""

    def __init__(self, root: bytes, engine: PathEngine) -> None:
        self.root = root
        self.engine = engine
        self.ladder = Ladder("", "")
        self.seq = -1
        self.issued_at = 0.0
        self.expires_at = 0.0
        self._issuers: dict[bytes, Issuer] = {}
        self._by_base: dict[str, Issuer] = {}
        self._seen: OrderedDict[bytes, int] = OrderedDict()
        self._warned: OrderedDict[bytes, None] = OrderedDict()

    def industries(self) -> tuple[Member, ...]:
        """Every industry known, recognised or not."""
        return tuple(issuer.member for issuer in self._issuers.values())

    def load(self, signed: SignedBundle, now: float, *, kept: bool = False) -> None:
        """Take in the own industry's bundle, after checking its seal and freshness.

        Args:
            kept: it comes from the verifier's own keeping, where age is no sign of a roll-back;
                its lists may then be stale, and what is judged by them is capped.

        Raises:
            BundleError: when it is of another root, older than the last, expired or not signed by
                the own industry's registry. The book then keeps what it knew.
        """
        bundle = signed.bundle
        if bundle.root != self.root or not bundle.members:
            raise BundleError("bundle.other-root")
        if bundle.seq < self.seq:
            raise BundleError("bundle.older-than-known", {"seq": bundle.seq, "known": self.seq})
        if bundle.issued_at > now + CLOCK_SKEW_S_MAX or now >= bundle.expires_at + (
            STALE_S_MAX if kept else 0.0
        ):
            raise BundleError("bundle.expired")
        try:
            own = _issuer(bundle.members[0])
        except CertificateError as error:
            raise BundleError("bundle.own-path-does-not-hold") from error
        table = build_table(
            self.root,
            own.member.ladder,
            own.member.paths,
            own.member.revocations,
            self.engine,
            now,
            STALE_S_MAX if kept else 0.0,
        )
        if (
            not isinstance(table, Table)
            or own.registry is None
            or not own.registry.not_before <= now < own.registry.not_after
            or not table.issuing.same_authority(own.certificate)
        ):
            raise BundleError("bundle.own-path-does-not-hold")
        if own.registry.serial in table.revoked or not signed.sealed.verify(own.registry.key):
            raise BundleError("bundle.not-signed-by-its-registry")
        own.table = table
        issuers = {own.certificate.key_id: own}
        for member in bundle.members[1:]:
            try:
                issuer = _issuer(member)
            except CertificateError:
                continue  # one industry's broken entry must not blind us to the others
            issuers.setdefault(issuer.certificate.key_id, issuer)
        self._issuers = issuers
        self._by_base = {issuer.member.ladder.base: issuer for issuer in issuers.values()}
        self.ladder = own.member.ladder
        self.seq, self.issued_at, self.expires_at = bundle.seq, bundle.issued_at, bundle.expires_at

    def issuer(self, key_id: bytes) -> Issuer | None:
        """The issuing CA with this key identifier, if known."""
        return self._issuers.get(key_id)

    def table(self, issuer: Issuer, now: float) -> Table | tuple[Reason, ...]:
        """The translation table of `issuer`, made or from the cache, or why there is none."""
        table = issuer.table
        if table is not None and table.valid_from <= now < table.valid_until:
            return table
        if issuer.refused_until - REFUSED_KEEP_S <= now < issuer.refused_until:
            return issuer.refused
        member = issuer.member
        if not member.paths:
            return (Reason("standing.no-map-for-industry", {"industry": member.ladder.industry}),)
        made = build_table(
            self.root, self.ladder, member.paths, member.revocations, self.engine, now
        )
        if isinstance(made, Table) and not made.issuing.same_authority(issuer.certificate):
            made = (Reason("path.ends-elsewhere"),)
        if isinstance(made, Table):
            issuer.table = made
            return made
        issuer.table, issuer.refused, issuer.refused_until = None, made, now + REFUSED_KEEP_S
        return made

    def translate(self, oid: str, now: float) -> Level | None:
        """Any known industry's level in the own ladder, or None: not mapped is no level."""
        own = self.ladder.read(oid)
        if own is not None:
            return own
        issuer = self._by_base.get(oid.rpartition(".")[0])
        table = self.table(issuer, now) if issuer is not None else None
        translation = table.best(oid) if isinstance(table, Table) else None
        return translation.level if translation is not None else None

    def seen(self, thumbprint: bytes, seq: int) -> int:
        """Remember the newest statement number of a thing; returns the newest seen so far."""
        newest = max(seq, self._seen.pop(thumbprint, -1))
        self._seen[thumbprint] = newest
        if len(self._seen) > SEEN_THINGS_MAX:
            self._seen.popitem(last=False)
        return newest

    def note(self, thumbprint: bytes, *, stands: bool) -> None:
        """Remember whether a thing's newest word stands, so that it cannot be left out."""
        self._warned.pop(thumbprint, None)
        if not stands:
            self._warned[thumbprint] = None
            if len(self._warned) > SEEN_THINGS_MAX:
                self._warned.popitem(last=False)

    def warned(self, thumbprint: bytes) -> bool:
        """Whether the newest word that this verifier saw on a thing did not stand."""
        return thumbprint in self._warned


def _issuer(member: Member) -> Issuer:
    """Read a member's parts; its registry key and status lists count only if they hold together.

    Raises:
        CertificateError: when its issuing CA cannot be read.
    """
    issuing = read_authority_certificate(member.issuing)
    try:
        registry = read_registry_certificate(member.registry)
    except CertificateError:
        return Issuer(member, issuing, None, {})
    vouched = (
        registry.authority_key_id == issuing.key_id
        and registry.host == member.host
        and verify_der(issuing.key, registry.signature, registry.signed)
    )
    if not vouched:
        return Issuer(member, issuing, None, {})
    statuses: dict[str, StatusToken] = {}
    for octets in member.statuses:
        try:
            token = read_status_token(octets)
        except StatusError:
            continue
        newest = statuses.get(token.uri)
        if newest is not None and newest.issued_at >= token.issued_at:
            continue
        if token.sealed.verify(registry.key):
            statuses[token.uri] = token
    return Issuer(member, issuing, registry, statuses)


def status_of(issuer: Issuer, url: str, index: int, now: float) -> int | None:
    """The status at `index`, or None when no fresh list says anything of it."""
    token = issuer.statuses.get(url)
    if token is None or (token.expires_at and now >= token.expires_at):
        return None
    try:
        return token.statuses.at(index)
    except StatusError:
        return None
