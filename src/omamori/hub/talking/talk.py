"""Talk: what is kept of one thing's traffic, in rows by partner; bounded, and nothing is lost."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING
from zlib import crc32

from omamori.hub.talking.partners import EVERYONE, NOBODY, OUTSIDE, REST_HERE, REST_OUTSIDE, THING
from omamori.hub.talking.series import Series

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTNERS_PER_THING_MAX = 128  # in the shared captures no thing had a third of it in its first hour
FOLD_SHARE = 16  # a full table sums up one part in this many at once
SETTLED_AFTER_S = 3600.0  # a partner heard over this span is kept rather than a passing one
SERVICES_PER_PARTNER_MAX = 8
IPS_PER_PARTNER_MAX = 4
NAMES_PER_PARTNER_MAX = 4
COUNTRIES_PER_THING_MAX = 256  # ISO 3166-1 has 249
OFFERED_PER_THING_MAX = 32
FORMER_PER_THING_MAX = 256  # settled partners summed up, remembered by 32 bits each
NAMES_PER_THING_MAX = 128  # and as many that were used

REST = {THING: REST_HERE, NOBODY: REST_HERE, OUTSIDE: REST_OUTSIDE}
STANDING = frozenset({EVERYONE, NOBODY, REST_HERE, REST_OUTSIDE})
"""Kinds with one row each, which is never summed up."""


class Row:
    """One partner of one thing.

    What was counted in the current minute is only in ``sent`` and ``received``, until
    ``Talk.settle`` puts it into the series, too.
    """

    __slots__ = (
        "answered", "asked", "begun", "first_at", "frames", "ips", "key", "kind", "last_at",
        "minute", "names", "other", "partners", "received", "returning", "sent", "series",
        "services", "settled", "tries",
    )  # fmt: skip

    def __init__(self, key: str, kind: str, other: str, at: float) -> None:
        self.key, self.kind, self.other = key, kind, other
        self.first_at = self.last_at = at
        self.sent = self.received = self.frames = 0
        self.begun = self.asked = 0  # beginnings heard, by the thing and by the partner
        self.tries = self.answered = 0
        self.services: dict[str, int] = {}
        self.ips: dict[str, str] = {}  # address → country, latest last
        self.names: dict[str, None] = {}
        self.series = Series()
        self.settled = (0, 0)  # sent and received that the series hold
        self.minute = -1.0  # in which the rest was counted, as an index since the epoch
        self.partners = 1
        self.returning = False

    @property
    def failed(self) -> int:
        """Connections that the thing tried and that were not accepted."""
        return max(self.tries - self.answered, 0)

    def evidence(self) -> tuple[bool, bool, int, float]:
        """How much speaks for keeping this row; a flood's rows are at the bottom."""
        settled = self.last_at - self.first_at >= SETTLED_AFTER_S
        return settled, bool(self.sent and self.received), self.frames, self.last_at

    def speak(self, service: str, frames: int) -> None:
        """Count a service; when there are too many, the least spoken gives way."""
        count = self.services.get(service)
        if count is None and len(self.services) >= SERVICES_PER_PARTNER_MAX:
            del self.services[min(self.services, key=self.services.__getitem__)]
        self.services[service] = (count or 0) + frames

    def reach(self, ip: str, country: str) -> None:
        """Remember an address, the latest last."""
        self.ips.pop(ip, None)
        if len(self.ips) >= IPS_PER_PARTNER_MAX:
            del self.ips[next(iter(self.ips))]
        self.ips[ip] = country

    def call(self, name: str) -> None:
        """Remember a name, the latest last."""
        self.names.pop(name, None)
        if len(self.names) >= NAMES_PER_PARTNER_MAX:
            del self.names[next(iter(self.names))]
        self.names[name] = None

    def take(self, row: Row) -> None:
        """Take in all that another row counted; what it was called only where both are one.

        Both must be settled.
        """
        self.first_at = min(self.first_at, row.first_at)
        self.last_at = max(self.last_at, row.last_at)
        for name in ("sent", "received", "frames", "begun", "asked", "tries", "answered"):
            setattr(self, name, getattr(self, name) + getattr(row, name))
        self.series.merge(row.series)
        self.settled = (self.sent, self.received)
        for service, frames in row.services.items():
            self.speak(service, frames)
        if self.kind in {REST_HERE, REST_OUTSIDE}:
            self.partners += row.partners
            return
        for ip, country in row.ips.items():
            if ip not in self.ips:
                self.reach(ip, country)
        for name in row.names:
            self.call(name)


class Names:
    """Under which names a thing reached addresses; names never used cannot push out used ones."""

    __slots__ = ("fresh", "used")

    def __init__(self) -> None:
        self.fresh: dict[str, str] = {}
        self.used: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.fresh) + len(self.used)

    def learn(self, ip: str, name: str) -> None:
        """The thing knows this address by this name."""
        if ip in self.used:
            self.used[ip] = name
            return
        self.fresh.pop(ip, None)
        if len(self.fresh) >= NAMES_PER_THING_MAX:
            del self.fresh[next(iter(self.fresh))]
        self.fresh[ip] = name

    def use(self, ip: str) -> str:
        """The name under which it now talks to the address, or empty."""
        if len(self.used) < NAMES_PER_THING_MAX and ip in self.used:
            return self.used[ip]  # order matters only to a full table
        name = self.used.pop(ip, None) or self.fresh.pop(ip, None)
        if name is None:
            return ""
        self.keep(ip, name)
        return name

    def keep(self, ip: str, name: str) -> None:
        """Remember a name as used, the latest last."""
        if len(self.used) >= NAMES_PER_THING_MAX:
            del self.used[next(iter(self.used))]
        self.used[ip] = name


class Talk:
    """All rows of one thing, and its sums.

    Attributes:
        changed: since it was last taken for keeping.
        folded: partners summed up into a rest.
        former: marks of settled partners that were summed up: they are not new when they return.
    """

    __slots__ = (
        "changed", "countries", "first_at", "folded", "former", "here", "last_at", "names",
        "offered", "outside", "rows",
    )  # fmt: skip

    def __init__(self, at: float) -> None:
        self.first_at = self.last_at = at
        self.rows: dict[str, Row] = {}
        self.names = Names()
        self.countries: dict[str, float] = {}
        self.offered: dict[str, float] = {}
        self.former = array("I")
        self.outside = Series()
        self.here = Series()
        self.folded = 0
        self.changed = True

    def evidence(self) -> tuple[bool, bool, float]:
        """How well this thing is known; made-up addresses stay at the bottom: nobody answers."""
        settled = self.last_at - self.first_at >= SETTLED_AFTER_S
        return settled, any(row.received for row in self.rows.values()), self.last_at

    def row(self, key: str, kind: str, other: str, at: float) -> Row:
        """The row of a partner, made where there is none."""
        row = self.rows.get(key)
        if row is None:
            if kind not in STANDING and len(self.rows) >= PARTNERS_PER_THING_MAX:
                self.fold()
            row = self.rows[key] = Row(key, kind, other, at)
            row.returning = mark(key) in self.former
        return row

    def settle(self, row: Row) -> None:
        """Put what a row counted lately into the series."""
        sent, received = row.settled
        if row.sent != sent or row.received != received:
            sent, received = row.sent - sent, row.received - received
            row.settled = (row.sent, row.received)
            minute = int(row.minute)
            row.series.add(minute, sent, received)
            series = self.outside if row.kind == OUTSIDE else self.here
            series.add(minute, sent, received)

    def settle_all(self) -> None:
        """Settle every row: somebody looks at the series now."""
        for row in self.rows.values():
            self.settle(row)

    def fold(self) -> int:
        """Sum the least evidenced partners up; returns how many rows went."""
        loose = [row for row in self.rows.values() if row.kind not in STANDING]
        loose.sort(key=Row.evidence)
        gone = loose[: max(len(loose) // FOLD_SHARE, 1)]
        self.put_away(gone)
        return len(gone)

    def put_away(self, gone: Iterable[Row]) -> None:
        """Sum these up into the rest of their place."""
        for row in gone:
            self.settle(row)
            del self.rows[row.key]
            rest = self.rows.get(REST[row.kind])
            if rest is None:
                rest = self.rows[REST[row.kind]] = Row(
                    REST[row.kind], REST[row.kind], "", row.first_at
                )
                rest.partners = 0
            rest.take(row)  # nothing is ever counted in it, so it is settled
            self.folded += 1
            self.changed = True
            if row.last_at - row.first_at >= SETTLED_AFTER_S:
                self._remember(mark(row.key))

    def rename(self, row: Row, key: str, other: str = "") -> Row:
        """Give a row another key; where there is one with that key they become one."""
        del self.rows[row.key]
        there = self.rows.get(key)
        if there is None:
            row.key, row.other = key, other
            self.rows[key] = row
            return row
        self.settle(row)
        self.settle(there)
        there.take(row)
        return there

    def reach(self, country: str, at: float) -> None:
        """It talked to this country, perhaps for the first time."""
        if country and len(self.countries) < COUNTRIES_PER_THING_MAX:
            self.countries.setdefault(country, at)

    def offer(self, service: str, at: float) -> None:
        """It answered under this service, perhaps for the first time; the first ones stay."""
        if service not in self.offered and len(self.offered) < OFFERED_PER_THING_MAX:
            self.offered[service] = at

    def take(self, other: Talk) -> None:
        """Take in all that is known of another id of the same thing."""
        self.settle_all()
        other.settle_all()
        self.first_at = min(self.first_at, other.first_at)
        self.last_at = max(self.last_at, other.last_at)
        for row in list(other.rows.values()):
            is_rest = row.kind in {REST_HERE, REST_OUTSIDE}
            mine = self.row(row.key, row.kind, row.other, row.first_at)
            if is_rest and not mine.frames:
                mine.partners = 0
            mine.take(row)
            mine.returning = mine.returning or row.returning
        for ip, name in other.names.used.items():
            self.names.keep(ip, name)
        for country, at in other.countries.items():
            self.countries[country] = min(at, self.countries.get(country, at))
        for service, at in other.offered.items():
            self.offer(service, at)
        for kept in other.former:
            self._remember(kept)
        self.outside.merge(other.outside)
        self.here.merge(other.here)
        self.folded += other.folded
        self.changed = True

    def _remember(self, marked: int) -> None:
        if marked not in self.former:
            if len(self.former) >= FORMER_PER_THING_MAX:
                del self.former[0]
            self.former.append(marked)


def mark(key: str) -> int:
    """32 bits that stand for a partner; two that share them are taken for one, which is rare."""
    return crc32(key.encode("utf-8", "replace"))
