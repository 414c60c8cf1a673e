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
from omamori.documents.limits import PATHS_MAX
from omamori.documents.reason import Reason
from omamori.trust.ports import PathError, PathRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omamori.documents.level import Ladder, Level
    from omamori.trust.ports import PathEngine

RULES = PathRules()


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
        levels: foreign policy OID → its best translation.
        revoked: serial numbers that the issuing CA has revoked.
        valid_from, valid_until: seconds since the epoch; latest start and earliest expiry of any
            part.
        reasons: why paths did not hold, when some did not.
    """

    issuing: AuthorityCertificate
    levels: dict[str, Translation]
    revoked: frozenset[int]
    valid_from: float
    valid_until: float
    reasons: tuple[Reason, ...] = ()


def build_table(
    anchor: bytes,
    ladder: Ladder,
    paths: Sequence[Sequence[bytes]],
    revocations: Sequence[bytes],
    engine: PathEngine,
    now: float,
) -> Table | tuple[Reason, ...]:
    """Evaluate every published path, take the best level for each foreign policy.

    Both engines' answers depend on the order when a CA has two cross-certificates, so each listed
    path is evaluated by itself. Never more than `PATHS_MAX`; nothing is discovered.

    Returns:
        the table, or all reasons why no path holds.
    """
    lists, reasons = _lists(revocations, now)
    translated: dict[str, Translation] = {}
    issuing: AuthorityCertificate | None = None
    starts = [crl.this_update for crl in lists]
    ends = [crl.next_update for crl in lists]
    for chain in paths[:PATHS_MAX]:
        try:
            path = tuple(read_authority_certificate(der) for der in chain)
            policies = engine.policies(anchor, chain, [crl.der for crl in lists], now, RULES)
        except (CertificateError, PathError) as error:
            reasons.append(error.reason)
            continue
        if issuing is not None and path[-1].key_id != issuing.key_id:
            reasons.append(Reason("path.ends-elsewhere"))
            continue
        issuing = path[-1]
        starts.extend(certificate.not_before for certificate in path)
        ends.extend(certificate.not_after for certificate in path)
        for oid, translation in _translations(path, policies, ladder).items():
            best = translated.get(oid)
            if best is None or not best.level.reaches(translation.level):
                translated[oid] = translation
    if issuing is None:
        return tuple(reasons)
    own = [crl for crl in lists if crl.key_id == issuing.key_id]
    if not own:
        return (*reasons, Reason("path.revocation-unknown", {"industry": issuing.industry}))
    newest = max(own, key=lambda crl: crl.number)
    return Table(issuing, translated, newest.revoked, max(starts), min(ends), tuple(reasons))


def _lists(revocations: Sequence[bytes], now: float) -> tuple[list[RevocationList], list[Reason]]:
    lists: list[RevocationList] = []
    reasons: list[Reason] = []
    for der in revocations:
        try:
            crl = read_revocation_list(der)
        except RevocationError as error:
            reasons.append(error.reason)
            continue
        if crl.next_update > now:
            lists.append(crl)
        else:
            reasons.append(Reason("path.revocation-stale"))
    return lists, reasons


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
