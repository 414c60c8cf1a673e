"""Traffic as it is told: rows turned into partners and hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.talking.partners import OUTSIDE, THING, Hour, Partner
from omamori.hub.talking.series import HOUR_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.talking.talk import Row, Talk


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


def hours_of(talks: Iterable[Talk], since: float) -> list[Hour]:
    """The sums of some things by hours, older ones by days."""
    sums: dict[tuple[int, int], list[int]] = {}
    for talk in talks:
        for place, series in ((0, talk.here), (2, talk.outside)):
            for start, length, sent, received in series.pieces():
                if start + length <= since:
                    continue
                wide = max(length, HOUR_S)
                piece = sums.setdefault((start // wide * wide, wide), [0, 0, 0, 0])
                piece[place] += sent
                piece[place + 1] += received
    return [
        Hour(float(at), wide, a + c, b + d, c, d)
        for (at, wide), (a, b, c, d) in sorted(sums.items())
    ]
