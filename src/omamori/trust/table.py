"""Translation table: what each level of one issuing CA means in the verifier's own ladder.

Validating a path that ends at the *issuing CA* gives the whole table at once; a meeting then needs
only the leaf step. The table holds until the earliest expiry of anything it rests on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.certificate import CertificateError
from omamori.documents.crl import RevocationError, RevocationList, read_revocation_list
from omamori.documents.cross import AuthorityCertificate, NameLimits, read_authority_certificate
from omamori.documents.level import Level
from omamori.documents.limits import PATHS_MAX
from omamori.documents.reason import Reason
from omamori.documents.sealed import verify_der
from omamori.trust.ports import PathError, PathRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omamori.documents.level import Ladder
    from omamori.trust.ports import PathEngine

RULES = PathRules()
STALE_S_MAX = 7 * 86400.0
"""How long lists that ran out still count, capped: a week without a line is a holiday or a storm."""


class Translation(msgspec.Struct, frozen=True, gc=False):
    """One foreign level in the verifier's ladder, and the path that says so.

    Attributes:
        level: in the verifier's ladder.
        path: the CA certificates from just below the verifier's root to the issuing CA.
        pairs: the mapping pairs applied on the way, (local OID, foreign OID).
        names: what the path permits its end entities to be called.
    """

    level: Level
    path: tuple[AuthorityCertificate, ...]
    pairs: tuple[tuple[str, str], ...]
    names: NameLimits


class Table(msgspec.Struct, frozen=True):
    """All levels of one issuing CA, translated.

    Attributes:
        issuing: the issuing CA.
        levels: foreign policy OID → its translations by every path that holds, best first.
        revoked: serial numbers that the issuing CA has revoked.
        valid_from, valid_until: seconds since the epoch; latest start and earliest expiry of any
            part.
        stale_since: when the first of its revocation lists ran out, 0.0 while all are fresh; what
            rests on a stale table is capped.
        reasons: why paths did not hold, when some did not.
    """

    issuing: AuthorityCertificate
    levels: dict[str, tuple[Translation, ...]]
    revoked: frozenset[int]
    valid_from: float
    valid_until: float
    reasons: tuple[Reason, ...] = ()
    stale_since: float = 0.0

    def best(self, oid: str) -> Translation | None:
        """The best translation of `oid`, or None: not mapped is no level."""
        return self.levels[oid][0] if oid in self.levels else None

    def permitted(self, oid: str, host: str, organisation: str) -> Translation | None:
        """The best translation whose path permits an end entity of this name, or None."""
        for translation in self.levels.get(oid, ()):
            if translation.names.permit(host, organisation):
                return translation
        return None


def build_table(
    anchor: bytes,
    ladder: Ladder,
    paths: Sequence[Sequence[bytes]],
    revocations: Sequence[bytes],
    engine: PathEngine,
    now: float,
    grace_s: float = STALE_S_MAX,
) -> Table | tuple[Reason, ...]:
    """Evaluate every published path and rank the levels for each foreign policy, best first.

    Both engines' answers depend on the order when a CA has two cross-certificates, so each listed
    path is evaluated by itself. Never more than `PATHS_MAX`; nothing is discovered.

    A home that is offline keeps judging for `grace_s` by lists that ran out: as of the moment when
    the first of them did, and no certificate may have run out since.

    Returns:
        the table, or all reasons why no path holds.
    """
    lists, reasons = _lists(revocations, now, grace_s)
    stale_since = _stale_since(lists, now)
    as_of = stale_since - 1 if stale_since else now
    translated: dict[str, list[Translation]] = {}
    issuing: AuthorityCertificate | None = None
    starts = [crl.this_update for crl in lists]
    ends = [crl.next_update + (grace_s if crl.next_update <= now else 0.0) for crl in lists]
    for chain in paths[:PATHS_MAX]:
        try:
            path = _path(chain)
            if any(certificate.not_after <= now for certificate in path):
                raise PathError("path.expired")  # noqa: TRY301 - one way out for every refusal
            policies = engine.policies(anchor, chain, [crl.der for crl in lists], as_of, RULES)
        except (CertificateError, PathError) as error:
            reasons.append(error.reason)
            continue
        if issuing is not None and not path[-1].same_authority(issuing):
            reasons.append(Reason("path.ends-elsewhere"))
            continue
        issuing = path[-1]
        starts.extend(certificate.not_before for certificate in path)
        ends.extend(certificate.not_after for certificate in path)
        for oid, translation in _translations(path, policies, ladder).items():
            translated.setdefault(oid, []).append(translation)
    if issuing is None:
        return tuple(reasons)
    own = [crl for crl in lists if _speaks_for(crl, issuing)]
    if not own:
        return (*reasons, Reason("path.revocation-unknown", {"industry": issuing.industry}))
    newest = max(own, key=lambda crl: crl.number)
    levels = {
        oid: tuple(sorted(found, key=lambda each: -each.level.rung))
        for oid, found in translated.items()
    }
    return Table(
        issuing,
        levels,
        newest.revoked,
        max(starts),
        min(ends),
        tuple(reasons),
        stale_since,
    )


def _path(chain: Sequence[bytes]) -> tuple[AuthorityCertificate, ...]:
    """Read a chain of CA certificates, with the rules that bind its end as a CA.

    The engine sees the issuing CA as the path's last certificate, so what RFC 5280, 6.1.4 asks of
    it before a leaf follows is asked here: the path lengths above it, and that it maps no more.

    Raises:
        CertificateError, PathError: when a certificate is outside the profile, or the path is.
    """
    path = tuple(read_authority_certificate(der) for der in chain)
    for at, certificate in enumerate(path):
        below = sum(each.subject_der != each.issuer_der for each in path[at + 1 :])
        if certificate.path_length is not None and below > certificate.path_length:
            raise PathError("path.too-long", {"industry": certificate.industry})
    if path and path[-1].mappings:
        raise PathError("path.issuing-maps", {"industry": path[-1].industry})
    return path


def _speaks_for(crl: RevocationList, issuing: AuthorityCertificate) -> bool:
    """Whether the list is the issuing CA's own: the engine checks only the lists above it."""
    return (
        crl.key_id == issuing.key_id
        and crl.issuer_der == issuing.subject_der
        and verify_der(issuing.key, crl.signature, crl.signed)
    )


def _lists(
    revocations: Sequence[bytes], now: float, grace_s: float
) -> tuple[list[RevocationList], list[Reason]]:
    lists: list[RevocationList] = []
    reasons: list[Reason] = []
    for der in revocations:
        try:
            crl = read_revocation_list(der)
        except RevocationError as error:
            reasons.append(error.reason)
            continue
        if crl.this_update > now:
            reasons.append(Reason("path.not-yet-valid"))
        elif crl.next_update <= now - grace_s:
            reasons.append(Reason("path.revocation-stale"))
        else:
            lists.append(crl)
    return lists, reasons


def _stale_since(lists: Sequence[RevocationList], now: float) -> float:
    """When the first CA was left without a fresh list; 0.0 while every CA has one."""
    newest: dict[tuple[bytes, bytes], float] = {}
    for crl in lists:
        ca = (crl.issuer_der, crl.key_id)
        newest[ca] = max(newest.get(ca, 0.0), crl.next_update)
    return min((until for until in newest.values() if until <= now), default=0.0)


def _translations(
    path: tuple[AuthorityCertificate, ...], policies: dict[str, frozenset[str]], ladder: Ladder
) -> dict[str, Translation]:
    names = NameLimits()
    for certificate in path:
        names = names.within(certificate.names)
    found: dict[str, Translation] = {}
    for foreign, locals_ in policies.items():
        levels = [level for oid in locals_ if (level := ladder.read(oid)) is not None]
        if levels:
            # Conservative: were one foreign level mapped to two of ours, the lower one counts.
            level = min(levels, key=lambda candidate: candidate.rung)
            found[foreign] = Translation(level, path, _pairs(path, level.oid, foreign), names)
    return found


def _pairs(
    path: tuple[AuthorityCertificate, ...], local: str, foreign: str
) -> tuple[tuple[str, str], ...]:
    """The mapping pairs that lead from `local` to `foreign`, for the explanation only."""
    trail: list[tuple[str, tuple[tuple[str, str], ...]]] = [(local, ())]
    for certificate in path:
        trail = [
            (theirs, (*steps, (mine, theirs)))
            for at, steps in trail
            for mine, theirs in certificate.mappings or ((at, at),)
            if mine == at
        ]
    for end, steps in trail:
        if end == foreign:
            return tuple(pair for pair in steps if pair[0] != pair[1])
    return ()
