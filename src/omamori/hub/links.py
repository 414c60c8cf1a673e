"""Links: the cooperations of a home, judged again whenever anything they rest on changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason, RefusedError
from omamori.hub.linking.judging import Side, judged, proposed
from omamori.hub.linking.kept import read, written
from omamori.hub.linking.link import (
    ACTIVE,
    ASKED,
    ENDED,
    GRANT_ENDS,
    LIFE,
    LIMITED,
    NOTHING_KNOWN,
    PROPOSED,
    RUNS_OUT,
    SAYS_NO,
    SUSPENDED,
    WIDTH,
    About,
    Change,
    Consent,
    End,
    Link,
    next_state,
)
from omamori.trust.verdict import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omamori.documents.grant import Grant
    from omamori.hub.ruling.question import Question, Ruling
    from omamori.trust.book import Book
    from omamori.trust.standing import Caps, Standing

__all__ = [
    "ACTIVE", "ASKED", "ENDED", "LIFE", "LIMITED", "LINKS_MAX", "SUSPENDED", "WIDTH",
    "About", "Change", "Consent", "End", "Link", "LinkRefusedError", "Links",
]  # fmt: skip

LINKS_MAX = 10_000
CONSENT_S = 86_400.0
CONSENT_S_MAX = 30 * 86_400.0
"""A person's yes is for a day, unless they say longer; none is for ever."""
ENDED_KEPT_S = 7 * 86_400.0  # an ended link is shown for a week
BY_MAX = 80


class LinkRefusedError(RefusedError):
    """A person's word on a link that cannot be followed."""


class Links:
    """All links of a home; `books` are the industries' as the hub holds them."""

    def __init__(
        self,
        books: Mapping[str, Book],
        end_of: Callable[[str], End | None],
        caps: Caps,
        *,
        about: Callable[[str], About] = lambda _: NOTHING_KNOWN,
        rule: Callable[[Question], Ruling] | None = None,
        granted: Callable[[str, str, str, Standing, float], Grant | None] | None = None,
    ) -> None:
        """Judge by these.

        Args:
            about: what the hub knows of a thing: its kind, and what speaks against it.
            rule: the home's rules; without them, levels alone decide.
            granted: the grant by which an asker may do something to a target for a purpose now.
        """
        self.books = books
        self.end_of = end_of
        self.caps = caps
        self.about = about
        self.rule = rule
        self.granted = granted
        self._links: dict[str, Link] = {}
        self._of: dict[str, set[str]] = {}
        self._behind: dict[str, set[str]] = {}
        self._changed: set[str] = set()

    # Asking.

    def all(self) -> tuple[Link, ...]:
        """Every link, oldest first."""
        return tuple(self._links.values())

    def get(self, link_id: str) -> Link | None:
        """The link of this id, if it exists."""
        return self._links.get(link_id)

    def of(self, thing: str) -> tuple[Link, ...]:
        """The links of one thing."""
        return tuple(self._links[link_id] for link_id in sorted(self._of.get(thing, ())))

    # What happens.

    def met(self, link_id: str, a: str, b: str, purpose: str, now: float) -> Change | None:
        """After a meeting: judge and keep the link (a repeated meeting renews it).

        A link that ended never comes back by itself; who meets again begins anew.
        """
        return self._begin(link_id, a, b, purpose, now, met_at=now, ends_at=0.0)

    def propose(
        self, link_id: str, a: str, b: str, purpose: str, now: float, for_s: float = 0.0
    ) -> Change | None:
        """Two things that cannot meet by themselves shall cooperate: the hub's word speaks for them.

        Args:
            for_s: for how long; 0 without an end.
        """
        ends_at = now + for_s if for_s > 0 else 0.0
        return self._begin(link_id, a, b, purpose, now, met_at=0.0, ends_at=ends_at)

    def rejudge(self, now: float) -> list[Change]:
        """Judge every link again; returns those whose state or level changed."""
        return self._again(list(self._links.values()), now)

    def rejudge_of(self, thing: str, now: float) -> list[Change]:
        """Judge the links of one thing again, at once: something speaks against it, or no more.

        What is behind it is judged with it.
        """
        behind = [link for child in self._behind.get(thing, ()) for link in self.of(child)]
        return self._again([*self.of(thing), *behind], now)

    def step(self, now: float) -> list[Change]:
        """Let time pass: judge again what is due, end what has run out, forget the long ended."""
        due: list[Link] = []
        changes: list[Change] = []
        for link in list(self._links.values()):
            if link.state == ENDED:
                if abs(now - link.since) >= ENDED_KEPT_S:
                    self._drop(link.id)
            elif link.ends_at and now >= link.ends_at:
                changes.append(self._end(link, RUNS_OUT, Reason("link.ran-out"), now))
            elif now >= link.until:
                due.append(link)
        return changes + self._again(due, now)

    # A person's word.

    def say_yes(self, link_id: str, by: str, now: float, for_s: float = CONSENT_S) -> Change:
        """A person allows what was asked about, for a time; it widens nothing that was refused.

        Raises:
            LinkRefusedError: there is no such link, or nothing was asked.
        """
        link = self._links.get(link_id)
        if link is None or (link.state != ASKED and link.consent is None):
            raise LinkRefusedError("link.nothing-asked")
        until = now + min(max(for_s, 0.0), CONSENT_S_MAX)
        agreed = msgspec.structs.replace(link, consent=Consent(by[:BY_MAX] or "person", now, until))
        self._keep(agreed)
        self._again([agreed], now)
        return Change(self._links[link_id], link.state, now)

    def say_no(self, link_id: str, by: str, now: float) -> Change:
        """A person says no, takes a yes back, or ends a link.

        Raises:
            LinkRefusedError: there is no such living link.
        """
        link = self._links.get(link_id)
        if link is None or link.state == ENDED:
            raise LinkRefusedError("link.no-such-link")
        del by  # whoever lives here may always say no
        return self._end(link, SAYS_NO, Reason("link.person-said-no"), now)

    def end(self, link_id: str) -> None:
        """Forget a link."""
        self._drop(link_id)

    def end_grant(self, grant_id: str, now: float) -> list[Change]:
        """End what rests on a grant that has ended."""
        resting = [link for link in self._links.values() if grant_id and link.grant == grant_id]
        said = Reason("link.grant-ended")
        return [self._end(link, GRANT_ENDS, said, now) for link in resting if link.state != ENDED]

    def forget(self, thing: str) -> int:
        """Wipe all that is kept of a thing; returns how many links are gone."""
        gone = list(self._of.get(thing, ()))
        for link_id in gone:
            self._drop(link_id)
        return len(gone)

    # Keeping.

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed since it was last taken (`hub.ports.Learned`)."""
        changed, self._changed = self._changed, set()
        for link_id in sorted(changed):
            link = self._links.get(link_id)
            yield link_id, None if link is None else written(link)

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; it is all due, so the first step judges it again.

        Returns:
            How many pieces could not be read.
        """
        unread = 0
        for key, octets in kept:
            link = read(key, octets, now)
            if link is None or len(self._links) >= LINKS_MAX:
                unread += 1
            else:
                self._put(link)
        return unread

    # Inside.

    def _begin(
        self,
        link_id: str,
        a: str,
        b: str,
        purpose: str,
        now: float,
        *,
        met_at: float,
        ends_at: float,
    ) -> Change | None:
        old = self._links.get(link_id)
        if old is None and not self._has_room():
            return None
        if old is not None and (
            old.state == ENDED or (old.a, old.b, old.purpose) != (a, b, purpose)
        ):
            old = None
        if purpose not in PURPOSES:
            return None
        begun = old or proposed(link_id, a, b, purpose, now)
        begun = msgspec.structs.replace(
            begun, met_at=met_at or begun.met_at, ends_at=ends_at or begun.ends_at
        )
        link = self._judged(begun, now)
        if link is None:
            return None
        if old is None:
            self._drop(link_id)
        self._keep(link)
        return Change(link, old.state if old else PROPOSED, now)

    def _again(self, links: list[Link], now: float) -> list[Change]:
        changes: list[Change] = []
        for old in {link.id: link for link in links}.values():
            if old.state == ENDED:
                continue
            link = self._judged(old, now)
            if link is None:
                if now < old.until:
                    continue  # it left, and what it showed still holds
                link = _unseen(old, now)
            if link != old:
                self._keep(link)
            if (link.state, link.level) != (old.state, old.level):
                changes.append(Change(link, old.state, now))
        return changes

    def _judged(self, old: Link, now: float) -> Link | None:
        a, b = self._side(old.a), self._side(old.b)
        if a is None or b is None:
            return None

        def grant(asker: Standing) -> Grant | None:
            granted = self.granted
            return granted(old.a, old.b, old.purpose, asker, now) if granted else None

        return judged(old, a, b, self.rule, grant, self.caps, now)

    def _side(self, thing: str) -> Side | None:
        end = self.end_of(thing)
        if end is None or end.industry not in self.books:
            return None
        about = self.about(thing)
        bridge = self.end_of(about.bridge) if about.bridge else None
        if about.bridge:
            self._behind.setdefault(about.bridge, set()).add(thing)
        return Side(end, about, self.books[end.industry], bridge)

    def _end(self, link: Link, event: str, why: Reason, now: float) -> Change:
        ended = msgspec.structs.replace(
            link, state=next_state(link.state, event), since=now, until=now, consent=None,
            reasons=(why,),
        )  # fmt: skip
        self._keep(ended)
        return Change(ended, link.state, now)

    def _has_room(self) -> bool:
        """Room for one more; what ended longest ago gives way."""
        if len(self._links) < LINKS_MAX:
            return True
        ended = [link for link in self._links.values() if link.state == ENDED]
        if ended:
            self._drop(min(ended, key=lambda link: link.since).id)
        return bool(ended)

    def _keep(self, link: Link) -> None:
        self._put(link)
        self._changed.add(link.id)

    def _put(self, link: Link) -> None:
        self._links[link.id] = link
        self._of.setdefault(link.a, set()).add(link.id)
        self._of.setdefault(link.b, set()).add(link.id)

    def _drop(self, link_id: str) -> None:
        link = self._links.pop(link_id, None)
        if link is None:
            return
        self._changed.add(link_id)
        for thing in {link.a, link.b}:
            links = self._of[thing]
            links.discard(link_id)
            if not links:
                del self._of[thing]
                self._come_out(thing)

    def _come_out(self, thing: str) -> None:
        """It has no links any more: nothing of it is to be judged with its bridge."""
        for bridge, children in list(self._behind.items()):
            children.discard(thing)
            if not children:
                del self._behind[bridge]


def _unseen(link: Link, now: float) -> Link:
    """An end is gone, and what it showed has run out: nothing speaks for it any longer."""
    if link.state == SUSPENDED:
        return link
    reasons = (Reason("link.end-not-here"),)
    return msgspec.structs.replace(link, state=SUSPENDED, since=now, reasons=reasons)
