"""Traffic as it is told: rows turned into partners, hours, destinations and pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.talking.partners import OUTSIDE, THING, Hour, Outside, Pair, Partner
from omamori.hub.talking.series import MINUTE_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.talking.talk import Row, Talk

SERVICES_TOLD_MAX = 8
THINGS_TOLD_MAX = 64  # of one destination


def told(thing: str, row: Row, since: float) -> Partner:
    """A row with the octets since then."""
    sent, received = row.series.since(since) if since > 0 else (row.sent, row.received)
    begun_by = ""
    if row.begun or row.asked:
        begun_by = "it" if row.begun >= row.asked else "peer"
    return Partner(
        thing=thing,
        kind=row.kind,
        other=row.other if row.kind == THING else "",
        name=row.other if row.kind == OUTSIDE else "",
        names=tuple(row.names),
        ips=tuple(row.ips),
        country=row.ips[next(reversed(row.ips))] if row.ips else "",
        services=tuple(sorted(row.services, key=lambda name: (-row.services[name], name))),
        begun_by=begun_by,
        first_at=row.first_at,
        last_at=row.last_at,
        sent=sent,
        received=received,
        frames=row.frames,
        tries=row.tries,
        failed=row.failed,
        partners=row.partners,
        is_returning=row.returning,
    )


def hours_of(talks: Iterable[Talk], since: float, span_s: int) -> list[Hour]:
    """The sums of some things by hours (older ones by days), or by minutes alone."""
    sums: dict[tuple[int, int], list[int]] = {}
    for talk in talks:
        for place, series in ((0, talk.here), (2, talk.outside)):
            for start, length, sent, received in series.pieces():
                if length > span_s == MINUTE_S or start + length <= since:
                    continue
                wide = max(length, span_s)
                piece = sums.setdefault((start // wide * wide, wide), [0, 0, 0, 0])
                piece[place] += sent
                piece[place + 1] += received
    return [
        Hour(float(at), wide, a + c, b + d, c, d)
        for (at, wide), (a, b, c, d) in sorted(sums.items())
    ]


def gathered(partners: Iterable[Partner]) -> list[Outside]:
    """Partners outside, joined by name (else address) and country."""
    groups: dict[tuple[str, str], list[Partner]] = {}
    for partner in partners:
        name = partner.name or (partner.ips[-1] if partner.ips else "")
        groups.setdefault((name, partner.country), []).append(partner)
    found = [
        Outside(
            name=name,
            is_named=bool(group[0].name),
            country=country,
            things=tuple(dict.fromkeys(p.thing for p in group))[:THINGS_TOLD_MAX],
            services=_services(group),
            first_at=min(p.first_at for p in group),
            last_at=max(p.last_at for p in group),
            sent=sum(p.sent for p in group),
            received=sum(p.received for p in group),
            failed=sum(p.failed for p in group),
        )
        for (name, country), group in groups.items()
    ]
    return sorted(found, key=lambda o: (-o.sent, -o.received, o.name, o.country))


def pairs_of(partners: Iterable[Partner]) -> list[Pair]:
    """Partners here, each two rows that mirror one another told once, from the asker's side."""
    pairs: dict[tuple[str, str], Partner] = {}
    for partner in partners:
        ends = (min(partner.thing, partner.other), max(partner.thing, partner.other))
        there = pairs.get(ends)
        if there is None or (partner.begun_by == "it" and there.begun_by != "it"):
            pairs[ends] = partner
    found = [_pair(partner) for partner in pairs.values()]
    return sorted(found, key=lambda p: (-p.sent - p.received, p.asker, p.other))


def _pair(row: Partner) -> Pair:
    if row.begun_by == "peer":  # the other's own row was summed up
        return Pair(
            row.other, row.thing, row.services, row.first_at, row.last_at, row.received, row.sent, 0
        )
    return Pair(
        row.thing,
        row.other,
        row.services,
        row.first_at,
        row.last_at,
        row.sent,
        row.received,
        row.failed,
    )


def _services(group: list[Partner]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for p in group for name in p.services))[:SERVICES_TOLD_MAX]
