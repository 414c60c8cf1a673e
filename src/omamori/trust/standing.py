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
from omamori.documents.limits import CLOCK_SKEW_S_MAX
from omamori.documents.oids import STATEMENT_PROFILE, VOUCH_PROFILE
from omamori.documents.reason import Reason
from omamori.documents.sealed import verify_der
from omamori.documents.statement import (
    SignedStatement,
    Statement,
    StatementError,
    read_statement,
)
from omamori.documents.status import INVALID, SUSPENDED
from omamori.trust.book import Book, Issuer, status_of
from omamori.trust.table import Table, Translation

if TYPE_CHECKING:
    from collections.abc import Callable

GROUND_CERTIFICATE, GROUND_HUB, GROUND_NOTHING = "certificate", "hub-word", "nothing"
CONTRAINDICATED = 96
DAY_S = 86400.0
PARSED_MAX = 4096
"""Parsing is pure, so a peer met again is not parsed again; signatures always are checked."""

_certificate = lru_cache(PARSED_MAX)(read_device_certificate)
_statement = lru_cache(PARSED_MAX)(read_statement)


class Caps(msgspec.Struct, frozen=True):
    """The highest rung that a weaker ground can reach, in the verifier's ladder.

    Attributes:
        vouched: on the hub's word only.
        aged: with a statement that ran out less than `aged_s_max` ago (offline, facts of 2026).
        unstated: without a statement, or with an older one.
        aged_s_max: seconds after expiry.
    """

    vouched: int = 2
    aged: int = 2
    unstated: int = 1
    aged_s_max: float = 7 * DAY_S


DEFAULT_CAPS = Caps()


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


class _Draft:
    """The derivation while it is written down."""

    __slots__ = ("certificate", "reasons", "steps", "until")

    def __init__(self) -> None:
        self.steps: list[Reason] = []
        self.reasons: list[Reason] = []
        self.until: list[float] = []
        self.certificate: DeviceCertificate | None = None

    def step(self, key: str, **params: str | float) -> None:
        self.steps.append(Reason(key, params))

    def because(self, key: str, **params: str | float) -> None:
        self.reasons.append(Reason(key, params))

    def standing(
        self,
        ground: str,
        certified: Level | None,
        current: Level | None,
        effective: Level | None,
        now: float,
    ) -> Standing:
        leaf = self.certificate
        return Standing(
            ground,
            leaf.industry if leaf else "",
            leaf.uri if leaf else "",
            leaf.thumbprint if leaf else b"",
            certified,
            current,
            effective,
            tuple(self.steps),
            tuple(self.reasons),
            min(self.until, default=now),
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
    draft = _Draft()
    if not credentials.certificate:
        draft.because("standing.no-credentials")
        return draft.standing(GROUND_NOTHING, None, None, None, now)
    found = _leaf(credentials.certificate, book, now, draft)
    proved = proof is None or _proved(draft, proof)
    if found is None or not proved:
        return draft.standing(GROUND_CERTIFICATE, None, None, None, now)
    leaf, issuer, table, certified = found
    current = _current(
        credentials.statement, leaf, issuer, table, book, certified, now, draft, caps
    )
    if credentials.vouch:
        return _vouched(credentials.vouch, leaf, book, current, now, draft, caps)
    if current is not None:
        draft.step("step.effective", industry=current.industry, rung=current.rung)
    return draft.standing(GROUND_CERTIFICATE, certified, current, current, now)


def _proved(draft: _Draft, proof: Proof) -> bool:
    leaf = draft.certificate
    if leaf is None:
        return False
    if verify_der(leaf.key, proof.signature, proof.transcript):
        draft.step("step.key-proved")
        return True
    draft.because("standing.key-not-proved")
    return False


def _leaf(
    der: bytes, book: Book, now: float, draft: _Draft
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
    draft: _Draft,
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
    leaf: DeviceCertificate, issuer: Issuer, translation: Translation, draft: _Draft
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


def _current(
    octets: bytes,
    leaf: DeviceCertificate,
    issuer: Issuer,
    table: Table,
    book: Book,
    certified: Level,
    now: float,
    draft: _Draft,
    caps: Caps,
) -> Level | None:
    """The registry's word, translated, then the minimum; None refuses."""
    if not octets:
        draft.because("standing.no-statement")
        return _capped(certified, caps.unstated, "step.capped-unstated", draft)
    signed = _registry_word(octets, leaf, issuer, table, now, draft)
    if signed is None:
        return None
    statement = signed.statement
    if not _still_stands(statement, issuer, book, now, draft):
        return None
    translation = table.best(statement.level)
    theirs = issuer.member.ladder.read(statement.level)
    if translation is None:
        if theirs is None:
            draft.because("standing.level-not-mapped", industry=leaf.industry, oid=statement.level)
        else:
            draft.because("standing.lowered-below-map", industry=leaf.industry, rung=theirs.rung)
        return None
    draft.step(
        "step.statement",
        industry=leaf.industry,
        rung=theirs.rung if theirs else 0,
        to_industry=translation.level.industry,
        to_rung=translation.level.rung,
        age_s=int(now - statement.issued_at),
    )
    current = lowest([certified, translation.level])
    if not translation.level.reaches(certified):
        draft.because(
            "standing.level-lowered",
            rung=current.rung,
            certified=certified.rung,
            why=",".join(statement.reasons),
        )
    return _aged(current, statement, now, draft, caps)


def _registry_word(
    octets: bytes,
    leaf: DeviceCertificate,
    issuer: Issuer,
    table: Table,
    now: float,
    draft: _Draft,
) -> SignedStatement | None:
    """The statement if it is well formed, on this certificate, and signed by its registry."""
    try:
        signed = _statement(octets)
    except StatementError as error:
        draft.reasons.append(error.reason)
        return None
    registry = issuer.registry
    if (
        registry is None
        or registry.serial in table.revoked
        or not registry.not_before <= now < registry.not_after
    ):
        draft.because("standing.registry-key-not-valid", industry=leaf.industry)
    elif signed.statement.profile != STATEMENT_PROFILE:
        draft.because("standing.statement-of-other-kind")
    elif signed.statement.thumbprint != leaf.thumbprint:
        draft.because("standing.statement-of-another")
    elif not signed.sealed.verify(registry.key):
        draft.because("standing.statement-signature-wrong", industry=leaf.industry)
    else:
        return signed
    return None


def _still_stands(
    statement: Statement, issuer: Issuer, book: Book, now: float, draft: _Draft
) -> bool:
    """Whether nothing newer has replaced the statement: its number, its status, its tier, its time."""
    before = len(draft.reasons)
    # Bad news counts too: a word that refuses must not be answered with an older, kinder one.
    newest = book.seen(statement.thumbprint, statement.seq)
    if statement.seq < newest:
        draft.because("standing.statement-replayed", seq=statement.seq, newest=newest)
    if statement.issued_at > now + CLOCK_SKEW_S_MAX:
        draft.because("standing.statement-from-the-future", ahead_s=int(statement.issued_at - now))
    if statement.tier == CONTRAINDICATED:
        draft.because("standing.contraindicated", why=",".join(statement.reasons))
    if statement.status_index >= 0:
        status = status_of(issuer, statement.status_url, statement.status_index, now)
        if status == INVALID:
            draft.because("standing.statement-withdrawn")
        elif status == SUSPENDED:
            draft.because("standing.held-by-authority")
        elif status is None:
            draft.step("step.status-not-known")
    return before == len(draft.reasons)


def _aged(current: Level, statement: Statement, now: float, draft: _Draft, caps: Caps) -> Level:
    if now < statement.expires_at:
        draft.until.append(float(statement.expires_at))
        return current
    age_s = now - statement.expires_at
    draft.because("standing.statement-old", hours=int(age_s // 3600))
    if age_s < caps.aged_s_max:
        draft.until.append(statement.expires_at + caps.aged_s_max)
        return _capped(current, caps.aged, "step.capped-aged", draft)
    return _capped(current, caps.unstated, "step.capped-unstated", draft)


def _capped(level: Level, rung: int, key: str, draft: _Draft) -> Level:
    if level.rung <= rung:
        return level
    draft.step(key, rung=rung, was=level.rung)
    return Level(level.industry, level.base, rung)


def _vouched(
    octets: bytes,
    hub: DeviceCertificate,
    book: Book,
    hub_level: Level | None,
    now: float,
    draft: _Draft,
    caps: Caps,
) -> Standing:
    """An old thing on its hub's word: never above the cap, nor above the hub itself."""
    level = _word_of_hub(octets, hub, book, hub_level, now, draft)
    if level is None or hub_level is None:
        return draft.standing(GROUND_HUB, None, None, None, now)
    current = lowest([level, hub_level])
    effective = _capped(current, caps.vouched, "step.capped-vouched", draft)
    draft.step("step.effective", industry=effective.industry, rung=effective.rung)
    return draft.standing(GROUND_HUB, None, current, effective, now)


def _word_of_hub(
    octets: bytes,
    hub: DeviceCertificate,
    book: Book,
    hub_level: Level | None,
    now: float,
    draft: _Draft,
) -> Level | None:
    try:
        signed = _statement(octets)
    except StatementError as error:
        draft.reasons.append(error.reason)
        return None
    word = signed.statement
    rules: tuple[tuple[Callable[[], bool], str], ...] = (
        (lambda: word.profile == VOUCH_PROFILE, "standing.statement-of-other-kind"),
        (lambda: word.thumbprint == hub.thumbprint, "standing.statement-of-another"),
        (lambda: signed.sealed.verify(hub.key), "standing.vouch-signature-wrong"),
        (lambda: word.issued_at <= now + CLOCK_SKEW_S_MAX, "standing.statement-from-the-future"),
        (lambda: now < word.expires_at, "standing.vouch-expired"),
        (lambda: word.tier != CONTRAINDICATED, "standing.contraindicated"),
        (lambda: hub_level is not None, "standing.hub-without-level"),
    )
    for holds, key in rules:
        if not holds():
            draft.because(key, ahead_s=int(word.issued_at - now), why=",".join(word.reasons))
            return None
    level = book.translate(word.level, now)
    if level is None:
        draft.because("standing.level-not-mapped", industry=hub.industry, oid=word.level)
        return None
    draft.until.append(float(word.expires_at))
    draft.step("step.vouched", rung=level.rung, clues=",".join(word.reasons))
    return level
