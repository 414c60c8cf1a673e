"""Judging a link: from both standings, the risk, the rules, doubts and a person's yes; strictest wins.

Nothing here widens: a yes or a grant takes the place of a missing level, never of a refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.level import Level, lowest
from omamori.documents.reason import Reason
from omamori.hub.linking.link import PROPOSED, About, Consent, End, Link, next_state
from omamori.hub.linking.required import act_on, required_for
from omamori.hub.points import harm_of
from omamori.hub.ruling.question import Question
from omamori.trust.book import Book
from omamori.trust.standing import NOBODY, Standing, judge
from omamori.trust.verdict import (
    ALLOW,
    ASK,
    LIMIT,
    PURPOSES,
    REFUSE,
    STRICTEST_LAST,
    Verdict,
    decide,
    link_level,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.documents.grant import Grant
    from omamori.hub.ruling.question import Ruling
    from omamori.trust.standing import Caps

REJUDGE_S = 300.0  # at the latest: rules look at the hour, and lists grow old
FRESH_S = 60.0  # they met within the last minute
CLOCK_STEP_S = 3600.0  # a clock may be set by less without asking again
REASONS_MAX = 32
GRANTABLE = frozenset({
    "standing.no-credentials", "standing.unknown-authority", "standing.level-not-mapped",
})  # fmt: skip
"""A grant takes the place of a level that nobody here can know; never of one that was lost."""


class Side(msgspec.Struct, frozen=True):
    """One end with all that is known of it, and the book by which it judges."""

    end: End
    about: About
    book: Book
    bridge: End | None


def judged(
    old: Link,
    a: Side,
    b: Side,
    rule: Callable[[Question], Ruling] | None,
    grant: Callable[[Standing], Grant | None],
    caps: Caps,
    now: float,
) -> Link:
    """The link as it must be now; `old` gives its name, its state and a person's yes."""
    purpose = PURPOSES[old.purpose]
    a_of_b = _standing(b, a.book, caps, now)
    b_of_a = _standing(a, b.book, caps, now)
    given = grant(b_of_a)
    if given is not None:
        b_of_a = _granted(b_of_a, given, b.book)
    a_verdict = decide(a_of_b, required_for(purpose, a.about.kind))
    b_verdict = decide(b_of_a, required_for(purpose, b.about.kind))
    theirs = a.book.translate(b_verdict.level.oid, now) if b_verdict.level else None
    level = link_level(a_verdict.level, theirs)
    answers, reasons = _answers(a.about, b.about, a_verdict, b_verdict, level)
    if rule is not None:
        fresh = 0.0 <= now - old.met_at < FRESH_S
        ruling = rule(
            _question(old, a, b, a_of_b, b_of_a, given.kind if given else "", fresh=fresh)
        )
        ruled = ruling.answer if ruling.answer in STRICTEST_LAST else REFUSE
        strictest = max((*answers, ruled), key=STRICTEST_LAST.index)
        reasons[:0] = ruling.reasons if ruled == strictest else ()  # what decides is said first
        reasons += () if ruled == strictest else ruling.reasons
        answers.append(ruled)
    consent = old.consent if _holds(old.consent, now) else None
    if old.consent is not None and consent is None:
        reasons.append(Reason("link.yes-ran-out"))
    if consent is not None and ASK in answers:
        answers = [ALLOW if answer == ASK else answer for answer in answers]
        reasons.append(Reason("link.person-said-yes", {"until": consent.until}))
    answer = max(answers, key=STRICTEST_LAST.index)
    state = next_state(old.state, answer)
    ends = (consent.until if consent else 0.0, given.until if given else 0.0, old.ends_at)
    return msgspec.structs.replace(
        old,
        state=state,
        a_of_b=a_of_b,
        b_of_a=b_of_a,
        a_verdict=a_verdict,
        b_verdict=b_verdict,
        level=level,
        reasons=tuple(reasons)[:REASONS_MAX],
        since=old.since if old.state == state else now,
        until=_until(a_verdict, b_verdict, ends, now),
        consent=consent,
        grant=given.id if given else "",
    )


def _holds(consent: Consent | None, now: float) -> bool:
    """Whether a yes holds; a clock set back far makes none last for years."""
    return consent is not None and consent.at - CLOCK_STEP_S <= now < consent.until


def _until(a: Verdict, b: Verdict, ends: tuple[float, ...], now: float) -> float:
    """When it must be judged again; where there is no level, nothing of it grows old."""
    untils = [verdict.until for verdict in (a, b) if verdict.level is not None]
    return min([*untils, *(end for end in ends if end), now + REJUDGE_S])


def proposed(link_id: str, a: str, b: str, purpose: str, now: float) -> Link:
    """A link of which nothing is judged yet."""
    nobody = Standing("nothing", "", "", b"", None, None, None, (), (), now)
    nothing = Verdict(REFUSE, None, (), now)
    return Link(
        link_id, a, b, purpose, PROPOSED, nobody, nobody, nothing, nothing, None, (), now, now
    )


def _standing(side: Side, book: Book, caps: Caps, now: float) -> Standing:
    """What the other side concludes of this one; behind a bridge never more than of the bridge."""
    standing = judge(side.end.credentials, None, book, now, caps)
    if not side.about.bridge:
        return standing
    shown = side.bridge.credentials if side.bridge else NOBODY
    bridge = judge(shown, None, book, now, caps)
    if standing.effective is None:
        return standing
    until = min(standing.valid_until, bridge.valid_until)
    if bridge.effective is None:
        effective: Level | None = None
    else:
        effective = lowest([standing.effective, bridge.effective])
    if effective == standing.effective:
        return msgspec.structs.replace(standing, valid_until=until)
    said = Reason("link.no-more-than-bridge", {"rung": effective.rung if effective else 0})
    return msgspec.structs.replace(
        standing, effective=effective, reasons=(*standing.reasons, said), valid_until=until
    )


def _granted(standing: Standing, grant: Grant, book: Book) -> Standing:
    """With a grant: never above its cap, and up to it where no level can be known."""
    cap = book.ladder.level(min(grant.cap, book.ladder.rungs)) if book.ladder.base else None
    said = Reason(f"grant.rests-on-{grant.kind}", {"rung": grant.cap, "until": grant.until})
    until = min(standing.valid_until, float(grant.until))
    level: Level | None = None
    if standing.effective is not None:
        level = lowest([standing.effective, cap]) if cap else standing.effective
    elif {reason.key for reason in standing.reasons} <= GRANTABLE:
        level = cap
        until = float(grant.until)  # a standing of nobody is as old as it is asked for
    return msgspec.structs.replace(
        standing, effective=level, reasons=(*standing.reasons, said), valid_until=until
    )


def _answers(
    a: About, b: About, a_verdict: Verdict, b_verdict: Verdict, level: Level | None
) -> tuple[list[str], list[Reason]]:
    """Every answer, and every reason."""
    answers = [a_verdict.answer, b_verdict.answer]
    doubts = (*a.doubts, *b.doubts)
    reasons = [*doubts, *a_verdict.reasons, *b_verdict.reasons]
    if doubts:
        answers.append(REFUSE)
    if level is None and max(answers, key=STRICTEST_LAST.index) in {ALLOW, LIMIT}:
        answers.append(REFUSE)  # the two levels have no common measure: nothing says how far
        reasons.append(Reason("link.no-common-measure"))
    return answers, reasons


def _question(
    link: Link, a: Side, b: Side, a_of_b: Standing, b_of_a: Standing, grant: str, *, fresh: bool
) -> Question:
    level = b_of_a.effective
    return Question(
        purpose=link.purpose,
        act=act_on(PURPOSES[link.purpose], b.about.kind),
        asker_kind=a.about.kind,
        target_kind=b.about.kind,
        asker_industry=b_of_a.industry,
        target_industry=a_of_b.industry or b.end.industry,
        rung=level.rung if level else 0,
        ground=b_of_a.ground,
        suspect=bool(a.about.doubts),
        in_use=b.about.in_use,
        harm=harm_of(b.about.kind),
        fresh=fresh,
        grant=grant,
    )
