"""Word: what a registry says of a thing, or a hub of an old one, and whether it still stands.

A word can only lower. It stands until it expires, is withdrawn on the status list, or a newer one was
seen; then it decays by age, because an honest home may be offline for a while.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.level import Level, lowest
from omamori.documents.limits import CLOCK_SKEW_S_MAX
from omamori.documents.oids import STATEMENT_PROFILE, VOUCH_PROFILE
from omamori.documents.statement import (
    SignedStatement,
    Statement,
    StatementError,
    read_statement,
)
from omamori.documents.status import INVALID, SUSPENDED
from omamori.trust.book import Book, Issuer, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.documents.certificate import DeviceCertificate
    from omamori.trust.draft import Draft
    from omamori.trust.table import Table

CONTRAINDICATED = 96
DAY_S = 86400.0
PARSED_MAX = 4096
"""Parsing is pure, so a word shown again is not parsed again; signatures always are checked."""

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


def current_level(
    octets: bytes,
    leaf: DeviceCertificate,
    issuer: Issuer,
    table: Table,
    book: Book,
    certified: Level,
    now: float,
    draft: Draft,
    caps: Caps,
) -> Level | None:
    """The registry's word, translated, then the minimum; None refuses."""
    if not octets and book.warned(leaf.thumbprint):
        draft.because("standing.word-left-out")
        return None
    if not octets:
        draft.because("standing.no-statement")
        return capped(certified, caps.unstated, "step.capped-unstated", draft)
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
    draft: Draft,
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
    statement: Statement, issuer: Issuer, book: Book, now: float, draft: Draft
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
    stands = before == len(draft.reasons)
    if statement.seq >= newest:
        book.note(statement.thumbprint, stands=stands)
    return stands


def _aged(current: Level, statement: Statement, now: float, draft: Draft, caps: Caps) -> Level:
    if now < statement.expires_at:
        draft.until.append(float(statement.expires_at))
        return current
    age_s = now - statement.expires_at
    draft.because("standing.statement-old", hours=int(age_s // 3600))
    if age_s < caps.aged_s_max:
        draft.until.append(statement.expires_at + caps.aged_s_max)
        return capped(current, caps.aged, "step.capped-aged", draft)
    return capped(current, caps.unstated, "step.capped-unstated", draft)


def capped(level: Level, rung: int, key: str, draft: Draft) -> Level:
    """`level`, but never above `rung`; the step `key` is noted where it was."""
    if level.rung <= rung:
        return level
    draft.step(key, rung=rung, was=level.rung)
    return Level(level.industry, level.base, rung)


def word_of_hub(
    octets: bytes,
    hub: DeviceCertificate,
    book: Book,
    hub_level: Level | None,
    now: float,
    draft: Draft,
) -> Level | None:
    """The level of which a hub speaks for an old thing, translated; None refuses."""
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
