"""What is new since a moment: things, destinations, pairs, services, amounts; never a judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.talking.partners import THING
from omamori.hub.talking.series import DAY_S, HOUR_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omamori.hub.alerting.alert import Alert
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.talking.partners import Partner
    from omamori.hub.talking.traffic import Traffic

NEWS_MAX = 200  # a page can show no more; the oldest are left out, and counted
PER_THING_AND_KIND_MAX = 5  # more of one kind are one line: a thing's flood hides no other thing
BEGINNING_S = float(DAY_S)  # what a thing does in its first day here is its beginning, not news
GONE_AFTER_S = float(DAY_S)  # not heard for this long
SETTLED_S = float(DAY_S)  # only a thing heard over this span can be missed: a guest is not
# An amount is news when it is this many times the usual, and this much more a day. Uncalibrated.
TIMES_MIN, MORE_OCTETS_A_DAY_MIN = 5.0, 100_000_000
USUAL_OVER_S = 3.0 * DAY_S  # so long a time says what is usual
AMOUNTS_MAX = 3  # the most changed ones
MEGABYTE = 1_000_000

KINDS = ("alert", "thing", "gone", "country", "place", "partner", "service", "amount")


class News(msgspec.Struct, frozen=True):
    """Something new.

    Attributes:
        at: since when it is so.
        kind: one of ``KINDS``.
        thing: id of the thing that it is about.
        what: the sentence.
        other: id of the other thing here, if it is about two.
    """

    at: float
    kind: str
    thing: str
    what: Reason
    other: str = ""


def whats_new(
    things: Iterable[KnownThing],
    traffic: Traffic,
    alerts: Iterable[Alert],
    since: float,
    now: float,
) -> list[News]:
    """What is new since then, newest first, at most ``NEWS_MAX``."""
    known = {thing.id: thing for thing in things}
    found = [
        News(alert.first_at, "alert", alert.thing, alert.reason)
        for alert in alerts
        if since < alert.first_at <= now
    ]
    found += _came_and_gone(known, since, now)
    for thing in known:
        found += _done_by(thing, known, traffic, since)
    found += _amounts(known, traffic, since, now)
    found.sort(key=lambda news: (-news.at, KINDS.index(news.kind), news.thing, news.what.key))
    return found[:NEWS_MAX]


def counted_from(traffic: Traffic) -> float:
    """Since when talk is counted at all: before that, nothing can be told new; 0.0 for never."""
    return min((traffic.heard_from(thing) for thing in traffic.things()), default=0.0)


def _came_and_gone(known: dict[str, KnownThing], since: float, now: float) -> Iterator[News]:
    heard_at = max((thing.last_seen for thing in known.values()), default=0.0)
    for thing in known.values():
        # A known thing that returns under another address has no new `news_at`.
        if since < thing.news_at <= now:
            what = Reason("news.thing", {"kind": thing.identity.kind.value or "unknown"})
            yield News(thing.news_at, "thing", thing.id, what)
        gone_at = thing.last_seen + GONE_AFTER_S
        settled = thing.last_seen - thing.first_seen >= SETTLED_S
        # If nothing at all was heard since, it is the hub that was away.
        if settled and since < gone_at <= min(now, heard_at):
            yield News(gone_at, "gone", thing.id, Reason("news.gone", {"at": thing.last_seen}))


def _done_by(
    thing: str, known: dict[str, KnownThing], traffic: Traffic, since: float
) -> list[News]:
    """What a thing does that it did not do before."""
    begun = traffic.heard_from(thing)
    if not begun:
        return []
    since = max(since, begun + BEGINNING_S)
    fresh = [
        p
        for p in traffic.partners(thing, since)
        if p.first_at > since and not (p.is_rest or p.is_returning)
    ]
    countries = {code: at for code, at in traffic.countries(thing).items() if at > since}
    places = [p for p in fresh if p.is_outside and p.country not in countries]
    found = _bounded(_countries(thing, countries, fresh), "news.more-countries")
    found += _bounded(_places(thing, places), "news.more-places")
    found += _bounded(_pairs(thing, known, fresh), "news.more-partners")
    services = [
        News(at, "service", thing, Reason("news.service", {"service": service}))
        for service, at in traffic.offered(thing).items()
        if at > since
    ]
    return found + _bounded(services, "news.more-services")


def _bounded(found: list[News], key: str) -> list[News]:
    """At most so many of one kind; the rest as one line that counts them."""
    if len(found) <= PER_THING_AND_KIND_MAX:
        return found
    found.sort(key=lambda news: -news.at)
    rest = found[PER_THING_AND_KIND_MAX - 1 :]
    more = Reason(key, {"count": len(rest)})
    return [
        *found[: PER_THING_AND_KIND_MAX - 1],
        News(rest[0].at, rest[0].kind, rest[0].thing, more),
    ]


def _countries(thing: str, countries: dict[str, float], fresh: list[Partner]) -> list[News]:
    found = []
    for code, at in countries.items():
        called = next((p.name or _address(p) for p in fresh if p.country == code), "")
        what = Reason("news.country", {"country": code, "place": called})
        if not called:  # an old place under a new address
            what = Reason("news.country-unnamed", {"country": code})
        found.append(News(at, "country", thing, what))
    return found


def _places(thing: str, places: list[Partner]) -> list[News]:
    """Named places one by one; bare addresses, which a clock or a game meets many of, as one."""
    found = [
        News(
            p.first_at,
            "place",
            thing,
            Reason("news.place", {"place": p.name, "country": p.country}),
        )
        if p.country
        else News(p.first_at, "place", thing, Reason("news.place-somewhere", {"place": p.name}))
        for p in places
        if p.name
    ]
    bare = [p for p in places if not p.name]
    if bare:
        at = max(p.first_at for p in bare)
        one = Reason("news.address", {"place": _address(bare[0])})
        some = Reason("news.addresses", {"count": len(bare)})
        found.append(News(at, "place", thing, one if len(bare) == 1 else some))
    return found


def _pairs(thing: str, known: dict[str, KnownThing], fresh: list[Partner]) -> list[News]:
    """New talk at home, told of the one that began it."""
    return [
        News(
            p.first_at,
            "partner",
            thing,
            Reason("news.partner", {"other": _called(known, p.other)}),
            p.other,
        )
        for p in fresh
        if p.kind == THING and p.begun_by == "it"
    ]


def _amounts(
    known: dict[str, KnownThing], traffic: Traffic, since: float, now: float
) -> list[News]:
    """Who sends far more outside than before: a day's amount against a usual day's."""
    changed = []
    for thing in known:
        begun = traffic.heard_from(thing)
        if not begun or now - since < DAY_S or since - begun < USUAL_OVER_S:
            continue
        hours = traffic.hours(thing)
        begun = max(begun, hours[0].at if hours else begun)
        before = sum(hour.sent_outside for hour in hours if hour.at + hour.span_s <= since)
        after = sum(hour.sent_outside for hour in hours if hour.at + hour.span_s > since)
        usual = before / max(since - begun, HOUR_S) * DAY_S
        today = after / (now - since) * DAY_S
        if usual and today >= usual * TIMES_MIN and today - usual >= MORE_OCTETS_A_DAY_MIN:
            changed.append((today / usual, thing, today))
    changed.sort(reverse=True)
    return [
        News(
            now,
            "amount",
            thing,
            Reason("news.sends-more", {"times": int(times), "mb": int(today / MEGABYTE)}),
        )
        for times, thing, today in changed[:AMOUNTS_MAX]
    ]


def _called(known: dict[str, KnownThing], thing: str) -> str:
    there = known.get(thing)
    if there is None:
        return thing
    return next(iter((*there.names, *there.ips)), thing)


def _address(partner: Partner) -> str:
    return partner.ips[-1] if partner.ips else ""
