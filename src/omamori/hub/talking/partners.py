"""What traffic tells when it is asked: partners, hours, totals."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

THING, OUTSIDE, EVERYONE, NOBODY, REST_HERE, REST_OUTSIDE = (
    "thing", "outside", "everyone", "nobody", "rest-here", "rest-outside",
)  # fmt: skip
"""Kinds of partner; `NOBODY` is an address here that no known thing uses."""

NAMES_READ = 4096  # remembered with what was read of them, under 2 MB
NAME_MAX = 253  # characters of a domain name (RFC 1035 2.3.4, as text)
# Under a country's two letters, registries sell names below these (as in co.jp, com.au, ac.uk).
_SECOND = frozenset(
    {"co", "or", "ne", "ac", "ad", "go", "gr", "ed", "com", "net", "org", "gov", "edu"}
)
_NUMBER = re.compile(r"[0-9.]+|.*:.*")


class Partner(msgspec.Struct, frozen=True):
    """Whom a thing here talks with; octets are since what was asked, the rest is of all time.

    Attributes:
        thing: id of the thing here whose row this is.
        kind: `THING`, `OUTSIDE`, `EVERYONE` (groups), `NOBODY`, or the rest summed up.
        other: id of the other thing here, else empty.
        name: the name's registrable part (``example.co.jp``), else empty.
        names: a few whole names by which the thing asked for it.
        ips: a few addresses, latest last.
        country: where the latest address is registered (ISO 3166-1), empty if nobody knows.
        services: a few, most talked first, as ``tcp/443``.
        begun_by: ``it`` or ``peer``, whoever began more often; empty where no beginning was heard.
        first_at, last_at: seconds since the epoch.
        sent, received: octets of whole frames, as seen from the thing.
        frames: of all time, both directions.
        tries, failed: connections (TCP) that the thing tried, and those that nobody accepted.
            Where the hub hears one direction only, all seem to fail.
        partners: how many are summed up here; 1 but in the rest.
        is_returning: it was known before it was summed up, so it is not new.
    """

    thing: str
    kind: str
    other: str
    name: str
    names: tuple[str, ...]
    ips: tuple[str, ...]
    country: str
    services: tuple[str, ...]
    begun_by: str
    first_at: float
    last_at: float
    sent: int
    received: int
    frames: int
    tries: int
    failed: int
    partners: int = 1
    is_returning: bool = False

    @property
    def is_outside(self) -> bool:
        """It lies outside this network."""
        return self.kind in {OUTSIDE, REST_OUTSIDE}

    @property
    def is_rest(self) -> bool:
        """Many partners that are no longer told apart."""
        return self.kind in {REST_HERE, REST_OUTSIDE}


class Hour(msgspec.Struct, frozen=True):
    """Octets in a stretch of time, for a small chart.

    Attributes:
        at: its beginning, seconds since the epoch.
        span_s: its length: an hour, a day for what is older than a week.
        sent, received: at all.
        sent_outside, received_outside: of these, to and from outside.
    """

    at: float
    span_s: int
    sent: int
    received: int
    sent_outside: int
    received_outside: int


class Totals(msgspec.Struct, frozen=True):
    """Octets at all, and what was summed up to keep memory bounded.

    Attributes:
        sent_outside, received_outside: by all things here.
        sent_here, received_here: between things here, and to everyone; what two known things
            say to one another is in both.
        unattributed: octets heard that belong to no known thing.
        things, partners: how many are kept.
        folded: partners summed up into a rest.
        let_go, let_go_octets: things no longer kept, and what they had sent and received.
    """

    sent_outside: int
    received_outside: int
    sent_here: int
    received_here: int
    unattributed: int
    things: int
    partners: int
    folded: int
    let_go: int
    let_go_octets: int


@lru_cache(maxsize=NAMES_READ)
def registrable(name: str) -> str:
    """The part of a name that somebody registered, by a small rule; empty where it is no name.

    The last two labels, three where the second is a registry's (``co.jp``). The public suffix
    list knows more; this takes all names under a host that gives names away for one.
    """
    name = name[:NAME_MAX].strip(".").lower()
    if not name or not name.isascii() or not name.isprintable() or _NUMBER.fullmatch(name):
        return ""
    labels = name.split(".")
    registry = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND  # noqa: PLR2004
    return ".".join(labels[-3:] if registry else labels[-2:])
