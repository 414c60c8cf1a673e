"""Link: one cooperation of two things; its life is a table."""

from __future__ import annotations

import msgspec

from omamori.documents.level import Level
from omamori.documents.reason import Reason
from omamori.ledger.entry import Entry
from omamori.trust.standing import Credentials, Standing
from omamori.trust.verdict import ALLOW, ASK, LIMIT, REFUSE, Verdict

PROPOSED, ASKED, ACTIVE, LIMITED = "proposed", "asked", "active", "limited"
SUSPENDED, ENDED = "suspended", "ended"
LIVING = (PROPOSED, ACTIVE, LIMITED, ASKED, SUSPENDED)

LIFE: dict[tuple[str, str], str] = {
    # (state now, answer) → state next; docs/formats.md draws this table
    **{(state, ALLOW): ACTIVE for state in LIVING},
    **{(state, LIMIT): LIMITED for state in LIVING},
    **{(state, ASK): ASKED for state in LIVING},
    **{(state, REFUSE): SUSPENDED for state in (ACTIVE, LIMITED, ASKED, SUSPENDED)},
    (PROPOSED, REFUSE): ENDED,
}
SAYS_NO, RUNS_OUT, GRANT_ENDS = "says-no", "runs-out", "grant-ends"
ENDS: dict[tuple[str, str], str] = {
    (state, event): ENDED for state in LIVING for event in (SAYS_NO, RUNS_OUT, GRANT_ENDS)
}
"""What ends a link for good; an ended one never comes back by itself."""

WIDTH = {ACTIVE: 3, LIMITED: 2, ASKED: 1, SUSPENDED: 0, ENDED: 0}
SETTLE_S = 5.0
"""News of one act comes in pieces (a status list, then a thing's own fresh word)."""


def next_state(state: str, event: str) -> str:
    """The state after an answer or an event; what no table knows changes nothing."""
    return LIFE.get((state, event)) or ENDS.get((state, event)) or state


class End(msgspec.Struct, frozen=True):
    """One end of a link.

    Attributes:
        thing: its id; `industry` whose ladder and book it judges by.
        credentials: what it shows now; `caps` how far it trusts weaker grounds.
    """

    thing: str
    industry: str
    credentials: Credentials


class About(msgspec.Struct, frozen=True):
    """What the hub knows of an end besides its credentials.

    Attributes:
        kind: of `identify_kinds.KINDS`; empty where nobody knows.
        doubts: what speaks against it now: an open alert, an advisory; empty when nothing does.
        bridge: id of the thing by whose word alone it is known.
        in_use: a person or a film needs it now.
    """

    kind: str = ""
    doubts: tuple[Reason, ...] = ()
    bridge: str = ""
    in_use: bool = False


NOTHING_KNOWN = About()


class Consent(msgspec.Struct, frozen=True):
    """A person's yes to a link that was asked about."""

    by: str
    at: float
    until: float


class Link(msgspec.Struct, frozen=True):
    """A standing cooperation between two things for a purpose.

    Attributes:
        a, b: the things' ids; a called, and is the one that asks something of b.
        a_of_b, b_of_a: each side's standing of the other, in its own ladder.
        a_verdict, b_verdict: each side's answer.
        level: the link's level in a's ladder.
        reasons: all deciding reasons, both sides', the rules' and what is in doubt.
        since: when the state began; until: when it must be judged again; seconds since the epoch.
        consent: a person's yes, while it holds.
        ends_at: when it ends for good; 0 is never.
        met_at: when the two last met; 0 where they never did.
        grant: id of the grant on which it rests; empty where on none.
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
    consent: Consent | None = None
    ends_at: float = 0.0
    met_at: float = 0.0
    grant: str = ""


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
        if last is None or last.before == PROPOSED or self.at - last.at > SETTLE_S:
            return self
        return msgspec.structs.replace(self, before=last.before, at=last.at)

    @property
    def entry(self) -> Entry:
        """The line for the record."""
        link = self.link
        facts: dict[str, str | int | float] = {
            "link": link.id, "one": link.a, "other": link.b, "purpose": link.purpose,
            "state": link.state, "before": self.before, "until": link.until,
            "rung": link.level.rung if link.level else 0, "grant": link.grant,
            "consent": link.consent.by if link.consent else "",
        }  # fmt: skip
        return Entry(self.at, f"link.{link.state}", (link.a, link.b), link.reasons, facts)
