"""Links: the cooperations of a home, judged again whenever anything they rest on changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.level import Level
from omamori.documents.reason import Reason
from omamori.trust.standing import Credentials, Standing, judge
from omamori.trust.verdict import (
    ALLOW,
    ASK,
    LIMIT,
    PURPOSES,
    REFUSE,
    Verdict,
    decide,
    link_level,
    stricter,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omamori.trust.book import Book
    from omamori.trust.standing import Caps

ACTIVE, LIMITED, ASKED, SUSPENDED, ENDED = "active", "limited", "asked", "suspended", "ended"

LIFE: dict[tuple[str, str], str] = {
    # (state now, answer) → state next; docs/formats.md draws this table
    **{(state, ALLOW): ACTIVE for state in ("proposed", ACTIVE, LIMITED, ASKED, SUSPENDED)},
    **{(state, LIMIT): LIMITED for state in ("proposed", ACTIVE, LIMITED, ASKED, SUSPENDED)},
    **{(state, ASK): ASKED for state in ("proposed", ACTIVE, LIMITED, ASKED, SUSPENDED)},
    **{(state, REFUSE): SUSPENDED for state in (ACTIVE, LIMITED, ASKED, SUSPENDED)},
    ("proposed", REFUSE): ENDED,
}
WIDTH = {ACTIVE: 3, LIMITED: 2, ASKED: 1, SUSPENDED: 0, ENDED: 0}
LINKS_MAX = 10_000
SETTLE_S = 5.0
"""News of one act comes in pieces (a status list, then a thing's own fresh word)."""


class End(msgspec.Struct, frozen=True):
    """One end of a link.

    Attributes:
        thing: its id; `industry` whose ladder and book it judges by.
        credentials: what it shows now; `caps` how far it trusts weaker grounds.
    """

    thing: str
    industry: str
    credentials: Credentials


class Link(msgspec.Struct, frozen=True):
    """A standing cooperation between two things for a purpose.

    Attributes:
        a, b: the things' ids; a called.
        a_of_b, b_of_a: each side's standing of the other, in its own ladder.
        a_verdict, b_verdict: each side's answer.
        level: the link's level in a's ladder.
        reasons: all deciding reasons, both sides'.
        since: when the state began; until: when it must be judged again; seconds since the epoch.
    """

    id: str
    a: str
    b: str
    purpose: str
    state: str
    a_of_b: Standing
    b_of_a: Standing
    a_verdict: Verdict
    b_verdict: Verdict
    level: Level | None
    reasons: tuple[Reason, ...]
    since: float
    until: float


class Change(msgspec.Struct, frozen=True):
    """A link that changed its state, and why."""

    link: Link
    before: str
    at: float

    @property
    def narrowed(self) -> bool:
        """Whether the link allows less than before."""
        return WIDTH[self.link.state] < WIDTH.get(self.before, 0)

    def told_after(self, last: Change | None) -> Change:
        """This change as a person should hear it: from where the news began, not its last piece."""
        if last is None or last.before == "proposed" or self.at - last.at > SETTLE_S:
            return self
        return msgspec.structs.replace(self, before=last.before, at=last.at)


class Links:
    """All links of a home; `books` are the industries' as the hub holds them."""

    def __init__(
        self, books: Mapping[str, Book], end_of: Callable[[str], End | None], caps: Caps
    ) -> None:
        self.books = books
        self.end_of = end_of
        self.caps = caps
        self._links: dict[str, Link] = {}

    def all(self) -> tuple[Link, ...]:
        """Every link, oldest first."""
        return tuple(self._links.values())

    def get(self, link_id: str) -> Link | None:
        """The link of this id, if it exists."""
        return self._links.get(link_id)

    def met(self, link_id: str, a: str, b: str, purpose: str, now: float) -> Change | None:
        """After a meeting: judge and keep the link (a repeated meeting renews it).

        A link that ended never comes back by itself; who meets again begins anew.
        """
        old = self._links.get(link_id)
        if old is None and len(self._links) >= LINKS_MAX:
            return None
        if old is not None and old.state == ENDED:
            old = None
        link = self._judged(link_id, a, b, purpose, old, now)
        if link is None:
            return None
        self._links[link_id] = link
        return Change(link, old.state if old else "proposed", now)

    def rejudge(self, now: float) -> list[Change]:
        """Judge every link again; returns those whose state or level changed."""
        changes: list[Change] = []
        for old in tuple(self._links.values()):
            if old.state == ENDED:
                continue
            link = self._judged(old.id, old.a, old.b, old.purpose, old, now)
            if link is None:
                continue
            self._links[old.id] = link
            if (link.state, link.level) != (old.state, old.level):
                changes.append(Change(link, old.state, now))
        return changes

    def end(self, link_id: str) -> None:
        """Forget a link."""
        self._links.pop(link_id, None)

    def _judged(
        self, link_id: str, a: str, b: str, purpose: str, old: Link | None, now: float
    ) -> Link | None:
        end_a, end_b = self.end_of(a), self.end_of(b)
        if end_a is None or end_b is None or purpose not in PURPOSES:
            return None
        book_a, book_b = self.books[end_a.industry], self.books[end_b.industry]
        a_of_b = judge(end_b.credentials, None, book_a, now, self.caps)
        b_of_a = judge(end_a.credentials, None, book_b, now, self.caps)
        a_verdict = decide(a_of_b, PURPOSES[purpose])
        b_verdict = decide(b_of_a, PURPOSES[purpose])
        theirs = book_a.translate(b_verdict.level.oid, now) if b_verdict.level else None
        level = link_level(a_verdict.level, theirs)
        answer = stricter(a_verdict.answer, b_verdict.answer)
        if level is None and answer in (ALLOW, LIMIT):
            answer = REFUSE  # the two levels have no common measure: nothing says how far
        state = LIFE[old.state if old else "proposed", answer]
        return Link(
            id=link_id,
            a=a,
            b=b,
            purpose=purpose,
            state=state,
            a_of_b=a_of_b,
            b_of_a=b_of_a,
            a_verdict=a_verdict,
            b_verdict=b_verdict,
            level=level,
            reasons=(*a_verdict.reasons, *b_verdict.reasons),
            since=old.since if old and old.state == state else now,
            until=min(a_verdict.until, b_verdict.until),
        )
