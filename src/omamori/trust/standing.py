"""Standing: what a verifier concludes of a peer, in the verifier's own ladder, with every reason.

Three levels: *certified* (the certificate, translated), *current* (the registry's newest word,
translated through the same table before the minimum is taken) and *effective* (after caps). A
statement can only lower. No policy is no level, not the lowest.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.certificate import (
    CertificateError,
    DeviceCertificate,
    read_device_certificate,
)
from omamori.documents.level import Level, lowest
from omamori.documents.reason import Reason
from omamori.documents.sealed import verify_der
from omamori.trust.draft import Draft
from omamori.trust.table import Table, Translation
from omamori.trust.word import (
    DAY_S,
    DEFAULT_CAPS,
    PARSED_MAX,
    Caps,
    capped,
    current_level,
    word_of_hub,
)

if TYPE_CHECKING:
    from omamori.trust.book import Book, Issuer

__all__ = ["DEFAULT_CAPS", "NOBODY", "Caps", "Credentials", "Proof", "Standing", "judge"]

GROUND_CERTIFICATE, GROUND_HUB, GROUND_NOTHING = "certificate", "hub-word", "nothing"

OF_THE_HUB = {
    "step.certificate": "step.hub-certificate",
    "step.same-ladder": "step.hub-same-ladder",
    "step.key-proved": "step.hub-key-proved",
    "step.statement": "step.hub-statement",
}

_certificate = lru_cache(PARSED_MAX)(read_device_certificate)


class Credentials(msgspec.Struct, frozen=True, gc=False):
    """What a thing shows of itself.

    Attributes:
        certificate: its own, or that of the hub that vouches for it; DER.
        statement: its registry's word on that certificate, or b"".
        vouch: the hub's word on an old thing, or b"".
    """

    certificate: bytes
    statement: bytes = b""
    vouch: bytes = b""


class Proof(msgspec.Struct, frozen=True, gc=False):
    """Proof of the certificate's key: a DER ECDSA signature over the meeting's transcript."""

    transcript: bytes
    signature: bytes


class Standing(msgspec.Struct, frozen=True, gc=False):
    """The conclusion on a peer.

    Attributes:
        ground: `certificate`, `hub-word` or `nothing`.
        industry, uri, thumbprint: who the peer is, as far as it was proved.
        certified, current, effective: levels in the verifier's ladder; None is no level.
        steps: the derivation, in order.
        reasons: what lowered or refused; empty when nothing did.
        valid_until: when this conclusion must be drawn again, seconds since the epoch.
    """

    ground: str
    industry: str
    uri: str
    thumbprint: bytes
    certified: Level | None
    current: Level | None
    effective: Level | None
    steps: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    valid_until: float


def _conclude(
    draft: Draft,
    ground: str,
    certified: Level | None,
    current: Level | None,
    effective: Level | None,
    now: float,
) -> Standing:
    leaf = draft.certificate
    return Standing(
        ground,
        leaf.industry if leaf else "",
        leaf.uri if leaf else "",
        leaf.thumbprint if leaf else b"",
        certified,
        current,
        effective,
        tuple(draft.steps),
        tuple(draft.reasons),
        min(draft.until, default=now),
    )


NOBODY = Credentials(b"")


def judge(
    credentials: Credentials,
    proof: Proof | None,
    book: Book,
    now: float,
    caps: Caps = DEFAULT_CAPS,
) -> Standing:
    """Conclude on a peer from what it showed; total: any bytes give a Standing.

    Args:
        proof: over the meeting's transcript; None only where the key was proved before and the
            same credentials are judged again (a change of level, of time).
        now: the verifier's clock, seconds since the epoch.
    """
    draft = Draft()
    if not credentials.certificate:
        draft.because("standing.no-credentials")
        return _conclude(draft, GROUND_NOTHING, None, None, None, now)
    found = _leaf(credentials.certificate, book, now, draft)
    proved = proof is None or _proved(draft, proof)
    if found is None or not proved:
        return _conclude(draft, GROUND_CERTIFICATE, None, None, None, now)
    leaf, issuer, table, certified = found
    current = current_level(
        credentials.statement, leaf, issuer, table, book, certified, now, draft, caps
    )
    if current is not None and table.stale_since:
        draft.because("standing.lists-old", hours=int((now - table.stale_since) // 3600))
        current = capped(current, caps.aged, "step.capped-lists", draft)
    if credentials.vouch:
        return _vouched(credentials.vouch, leaf, book, current, now, draft, caps)
    if current is not None:
        draft.step("step.effective", industry=current.industry, rung=current.rung)
    return _conclude(draft, GROUND_CERTIFICATE, certified, current, current, now)


def _proved(draft: Draft, proof: Proof) -> bool:
    leaf = draft.certificate
    if leaf is None:
        return False
    if verify_der(leaf.key, proof.signature, proof.transcript):
        draft.step("step.key-proved")
        return True
    draft.because("standing.key-not-proved")
    return False


def _leaf(
    der: bytes, book: Book, now: float, draft: Draft
) -> tuple[DeviceCertificate, Issuer, Table, Level] | None:
    """The leaf step: from a certificate to its certified level; None with the reasons noted."""
    try:
        leaf = _certificate(der)
    except CertificateError as error:
        draft.reasons.append(error.reason)
        return None
    draft.certificate = leaf
    issuer = book.issuer(leaf.authority_key_id)
    if issuer is None:
        draft.because("standing.unknown-authority", industry=leaf.industry)
        return None
    table = book.table(issuer, now)
    if not isinstance(table, Table):
        draft.reasons.extend(table)
        return None
    translation = table.permitted(leaf.policy, leaf.host, leaf.industry)
    _check_leaf(leaf, table, translation, now, draft)
    if translation is None or draft.reasons:
        return None
    draft.until += (leaf.not_after, table.valid_until)
    _tell_translation(leaf, issuer, translation, draft)
    return leaf, issuer, table, translation.level


def _check_leaf(
    leaf: DeviceCertificate,
    table: Table,
    translation: Translation | None,
    now: float,
    draft: Draft,
) -> None:
    """RFC 5280, 6.1.3 for the last certificate; every rule that breaks is noted."""
    issuing = table.issuing
    if leaf.issuer_der != issuing.subject_der or not verify_der(
        issuing.key, leaf.signature, leaf.signed
    ):
        draft.because("standing.signature-wrong", industry=leaf.industry)
        return
    if now >= leaf.not_after:
        draft.because("standing.certificate-expired", days=int((now - leaf.not_after) // DAY_S))
    if now < leaf.not_before:
        draft.because(
            "standing.certificate-not-yet-valid", days=int((leaf.not_before - now) // DAY_S)
        )
    if leaf.serial in table.revoked:
        draft.because("standing.certificate-revoked")
    if leaf.policy not in table.levels:
        draft.because("standing.level-not-mapped", industry=leaf.industry, oid=leaf.policy)
    elif translation is None:
        draft.because("standing.name-not-permitted", industry=leaf.industry, host=leaf.host)


def _tell_translation(
    leaf: DeviceCertificate, issuer: Issuer, translation: Translation, draft: Draft
) -> None:
    theirs = issuer.member.ladder.read(leaf.policy)
    draft.step(
        "step.certificate",
        industry=leaf.industry,
        rung=theirs.rung if theirs else 0,
        oid=leaf.policy,
    )
    level = translation.level
    if translation.pairs:
        draft.step(
            "step.mapped",
            industry=leaf.industry,
            rung=theirs.rung if theirs else 0,
            to_industry=level.industry,
            to_rung=level.rung,
        )
    else:
        draft.step("step.same-ladder", industry=level.industry, rung=level.rung)


def _vouched(
    octets: bytes,
    hub: DeviceCertificate,
    book: Book,
    hub_level: Level | None,
    now: float,
    draft: Draft,
    caps: Caps,
) -> Standing:
    """An old thing on its hub's word: never above the cap, nor above the hub itself."""
    # What was derived so far is the hub's own level, and must not be read as the thing's.
    draft.steps = [Reason(OF_THE_HUB.get(step.key, step.key), step.params) for step in draft.steps]
    level = word_of_hub(octets, hub, book, hub_level, now, draft)
    if level is None or hub_level is None:
        return _conclude(draft, GROUND_HUB, None, None, None, now)
    current = lowest([level, hub_level])
    effective = capped(current, caps.vouched, "step.capped-vouched", draft)
    draft.step("step.effective", industry=effective.industry, rung=effective.rung)
    return _conclude(draft, GROUND_HUB, None, current, effective, now)
