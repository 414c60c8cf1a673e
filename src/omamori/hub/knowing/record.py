"""What is kept of one address, and of several that are believed to be one thing's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.knowing.identify_rules import is_private

if TYPE_CHECKING:
    from omamori.documents.reason import Reason
    from omamori.hub.knowing.identify import Identity
    from omamori.hub.knowing.identify_rules import Clue

CLUES_PER_THING_MAX = 64
SIGNS_PER_THING_MAX = 16
APART_PER_THING_MAX = 16
SETTLED_AFTER_S = 3600.0  # a thing heard over this span counts as living here
SETTLING_S = 90.0  # DHCP, mDNS and the hub's own questions are answered before a thing is news
BACKDATE_S_MAX = 86_400.0  # captures come out of order by seconds; a clock set wrong by years

Sign = tuple[str, str]
"""What may tell that a thing came back: (family, text); `returning` reads and compares them."""


class Record:
    """One address (or one child of a bridge) and what was said from there.

    Attributes:
        id: the MAC address, ``ip:<address>``, or ``<bridge>/<child>``.
        ips: its IP addresses and when each was last heard, the latest last.
        news_at: when it may be told of as new; its first words are waited for.
        group: the addresses that are one thing with this one; None for itself alone.
        because: why it is believed to be in its group.
        by_person: a person said that it belongs to its group.
        apart: ids that it must not be joined with, and the reason's key.
        is_private: the thing made this hardware address up.
        families: how many families of clues it gave; None when that is to be counted anew.
        changed: something is worth keeping; ``kept_seen`` is the ``last_seen`` that was kept.
    """

    __slots__ = (
        "apart", "because", "by_person", "changed", "clues", "families", "first_seen", "group", "heard_by",
        "id", "identity", "ips", "is_private", "kept_seen", "last_seen", "lost", "news_at", "signs",
    )  # fmt: skip

    def __init__(self, thing_id: str, at: float) -> None:
        self.id = thing_id
        self.ips: dict[str, float] = {}
        self.clues: dict[tuple[str, str], Clue] = {}
        self.heard_by: set[str] = set()
        self.signs: dict[Sign, None] = {}
        self.first_seen = self.last_seen = at
        self.news_at = at + SETTLING_S
        self.is_private = bool(self.mac) and is_private(thing_id)
        self.lost = 0
        self.families: int | None = 0
        self.identity: Identity | None = None
        self.group: Group | None = None
        self.because: tuple[Reason, ...] = ()
        self.by_person = False
        self.apart: dict[str, str] = {}
        self.changed = True
        self.kept_seen: float | None = None

    @property
    def mac(self) -> str:
        """Its hardware address, or an empty string."""
        return "" if self.id.startswith("ip:") or "/" in self.id else self.id

    @property
    def head(self) -> Record:
        """The record whose id is the thing's."""
        return self.group.members[0] if self.group else self

    @property
    def members(self) -> list[Record]:
        """All records of the thing, the first known first."""
        return self.group.members if self.group else [self]

    def seen(self, at: float) -> None:
        """It was heard; what a wrong clock says of long ago does not move its beginning."""
        if at > self.last_seen:
            self.last_seen = at
        elif at < self.first_seen and self.first_seen - at < BACKDATE_S_MAX:
            self.first_seen = at

    def note(self, clue: Clue) -> None:
        """Keep a clue; a thing that says ever new things loses its oldest, and that is counted."""
        key = (clue.place, clue.said)
        if key not in self.clues:
            self.changed = True
            self.families = None
            if len(self.clues) >= CLUES_PER_THING_MAX:
                self._let_go()
        self.clues[key] = clue
        self.head.identity = None

    def sign(self, sign: Sign) -> bool:
        """Keep a sign; False when it was known or there is no more room."""
        if sign in self.signs or len(self.signs) >= SIGNS_PER_THING_MAX:
            return False
        self.signs[sign] = None
        self.changed = True
        return True

    def keep_apart(self, other: str, key: str) -> None:
        """Remember that another id is not this thing; the oldest such word goes first."""
        self.apart.pop(other, None)
        if len(self.apart) >= APART_PER_THING_MAX:
            del self.apart[next(iter(self.apart))]
        self.apart[other] = key
        self.changed = True

    def _let_go(self) -> None:
        """Drop the oldest clue of the most talkative place: a flood pushes out itself first."""
        per_place: dict[str, int] = {}
        for place, _ in self.clues:
            per_place[place] = per_place.get(place, 0) + 1
        crowded = max(per_place, key=lambda place: per_place[place])
        oldest = min((c for k, c in self.clues.items() if k[0] == crowded), key=lambda c: c.at)
        del self.clues[oldest.place, oldest.said]
        self.lost += 1

    def rank(self) -> tuple[bool, int, float]:
        """How well the thing is known; a flood of made-up addresses stays at the bottom."""
        if self.group is None:
            first_seen, last_seen, families = self.first_seen, self.last_seen, self.families_heard()
        else:
            first_seen = min(r.first_seen for r in self.group.members)
            last_seen = max(r.last_seen for r in self.group.members)
            families = max(r.families_heard() for r in self.group.members)
        is_settled = last_seen - first_seen >= SETTLED_AFTER_S
        return is_settled, families + (not self.is_private), last_seen

    def families_heard(self) -> int:
        """How many families of clues it gave."""
        if self.families is None:
            clues = self.clues.values()
            self.families = len({claim.source for clue in clues for claim in clue.claims})
        return self.families

    def no_later_than(self, now: float) -> None:
        """Nothing was heard in the future: a clock that ran ahead must not keep it for ever."""
        self.news_at = news_no_later_than(now, self.news_at, self.last_seen)
        self.last_seen = min(self.last_seen, now)
        self.first_seen = min(self.first_seen, self.last_seen)
        self.ips = {ip: min(at, now) for ip, at in self.ips.items()}
        for key, clue in self.clues.items():
            if clue.at > now:
                self.clues[key] = type(clue)(now, clue.place, clue.said, clue.claims)
                self.head.identity = None


def news_no_later_than(now: float, news_at: float, last_seen: float) -> float:
    """When a thing is news if the clock was set back to ``now``: never, if it was long known."""
    if news_at <= now + SETTLING_S:
        return news_at
    return 0.0 if last_seen - news_at > SETTLED_AFTER_S else now + SETTLING_S


class Group:
    """Addresses of one thing.

    Attributes:
        members: the records; the first gives the thing its id.
        active: the one that spoke last.
    """

    __slots__ = ("active", "members")

    def __init__(self, head: Record) -> None:
        self.members = [head]
        self.active = head
        head.group = self

    def add(self, record: Record) -> None:
        """Take a record in, as the one in use."""
        record.group = self
        self.members.append(record)
        self.active = record
        record.changed = self.members[0].changed = True
        self.members[0].identity = None

    def remove(self, record: Record) -> None:
        """Let a record go; whoever is left alone is a thing of its own."""
        self.members.remove(record)
        record.group, record.because, record.by_person = None, (), False
        record.identity, record.changed = None, True
        head = self.members[0]
        head.because, head.by_person, head.identity = (), False, None
        for left in self.members:
            left.changed = True
        if self.active is record:
            self.active = max(self.members, key=lambda r: r.last_seen)
        if len(self.members) == 1:
            head.group = None
