"""Seeing: what a watch knows of talk, put as pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.talking.partners import EVERYONE, NOBODY, THING
from omamori.web import views_talk as views
from omamori.web.views import AS_USUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.app.alert_views import AlertViews
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.service import Watch
    from omamori.hub.talking.news import News
    from omamori.hub.talking.partners import Partner

EDGES_SHOWN_MAX = 120
THINGS_SHOWN_MAX = 60
NEWS_SHOWN_MAX = 100
HOURS_SHOWN = 24
GROUP, OUTSIDE_END = "everyone", "outside:"  # points that are no things
IT, PEER = "it", "peer"


class Seeing:
    """The talk of one home, for its pages.

    `name_of` gives a thing's name in a language; `home` is as in `web.views_talk`.
    """

    def __init__(
        self,
        watch: Watch,
        home: str,
        name_of: Callable[[KnownThing, str], str],
        hearing: Callable[[], views.HearingView],
        clock: Callable[[], float],
        alerts: AlertViews,
    ) -> None:
        self.watch = watch
        self.alerts = alerts
        self.home = home
        self.name_of = name_of
        self.hearing = hearing
        self.clock = clock

    def talk(self, since_s: float, thing: str, lang: str) -> views.TalkView:
        """Who talks to whom: things, and destinations outside, as points and lines."""
        now = self.clock()
        since = now - since_s
        things = {known.id: known for known in self.watch.inventory.things()}
        partners = [
            partner
            for partner in self.watch.traffic.partners(thing or None, since)
            if partner.kind != NOBODY and not partner.is_rest and partner.thing in things
        ]
        lines = _lines(partners, things)
        used = {end for line in lines[:EDGES_SHOWN_MAX] for end in (line.thing, _end_of(line))}
        worst = self.watch.worst()
        nodes = [self._node(known, lang, worst) for known in things.values() if known.id in used]
        nodes += self._places(partners, used)
        return views.TalkView(
            at=now,
            home=self.home,
            since_s=since_s,
            hearing=self.hearing(),
            things=tuple((known.id, self.name_of(known, lang)) for known in things.values()),
            thing=thing,
            nodes=tuple(nodes),
            edges=self._edges(lines[:EDGES_SHOWN_MAX], now, since),
            left_out=max(len(lines) - EDGES_SHOWN_MAX, 0),
        )

    def outside(self, since_s: float, thing: str, lang: str) -> views.OutsideView:
        """What goes outside, thing by thing."""
        now = self.clock()
        since = now - since_s
        things = self.watch.inventory.things()
        each = (known for known in things if not thing or known.id == thing)
        found = [
            (known, partners) for known in each if (partners := self._outside_of(known.id, since))
        ]
        found.sort(key=lambda row: (-sum(p.sent + p.received for p in row[1]), row[0].id))
        shown = found[:THINGS_SHOWN_MAX]
        return views.OutsideView(
            at=now,
            home=self.home,
            since_s=since_s,
            hearing=self.hearing(),
            choices=tuple((known.id, self.name_of(known, lang)) for known in things),
            thing=thing,
            things=tuple(self._sender(*row, lang, now, since) for row in shown),
            left_out=len(found) - len(shown),
        )

    def _outside_of(self, thing: str, since: float) -> list[Partner]:
        return [p for p in self.watch.traffic.partners(thing, since) if p.is_outside]

    def _sender(
        self, known: KnownThing, partners: list[Partner], lang: str, now: float, since: float
    ) -> views.OutsideThing:
        peers, left_out = self._peers(partners, lang, now, since)
        return views.OutsideThing(
            id=known.id,
            name=self.name_of(known, lang),
            kind=known.identity.kind.value,
            sent=sum(partner.sent for partner in partners),
            received=sum(partner.received for partner in partners),
            places=peers,
            left_out=left_out,
        )

    def new(self, since_s: float, lang: str) -> views.NewView:
        """What is new since then."""
        now = self.clock()
        told = self.watch.news(now - since_s, now)
        items = []
        for news in told[:NEWS_SHOWN_MAX]:
            known = self.watch.inventory.thing(news.thing) if news.thing else None
            items.append(
                views.NewItem(
                    at=news.at,
                    kind=news.kind,
                    what=self._named(news, lang),
                    thing_id=news.thing if known else "",
                    name=self.name_of(known, lang) if known else "",
                )
            )
        began = self.watch.began_at
        since = began if began is not None and began > now - since_s else None
        return views.NewView(
            at=now,
            home=self.home,
            since_s=since_s,
            items=tuple(items),
            left_out=len(told) - len(items),
            since=since,
        )

    def _named(self, news: News, lang: str) -> Reason:
        """The sentence with the names that the family uses."""
        if news.kind == "alert":
            return self.alerts.named(news.what, news.thing, lang)
        if not news.other:
            return news.what
        return Reason(
            news.what.key, {**news.what.params, "other": self.alerts.name(news.other, lang)}
        )

    def doing(self, thing: str, since_s: float, lang: str) -> views.DoingView | None:
        """What one thing does; None where nothing of it was ever counted."""
        now = self.clock()
        since = now - since_s
        partners = self.watch.traffic.partners(thing, since)
        hours = self.watch.traffic.hours(thing, now - HOURS_SHOWN * 3600)
        if not partners and not hours:
            return None
        peers, left_out = self._peers(partners, lang, now, since)
        return views.DoingView(
            since_s=since_s,
            peers=peers,
            sent=sum(partner.sent for partner in partners),
            received=sum(partner.received for partner in partners),
            left_out=left_out,
            hours=tuple((hour.at, hour.sent, hour.received) for hour in hours),
        )

    def _peers(
        self, partners: list[Partner], lang: str, now: float, since: float
    ) -> tuple[tuple[views.PeerView, ...], int]:
        """Partners as rows, and how many more there are."""
        each = [partner for partner in partners if not partner.is_rest]
        left_out = sum(partner.partners for partner in partners if partner.is_rest)
        shown = each[: views.PEERS_SHOWN_MAX]
        is_odd = self.watch.oddity()
        rows = tuple(
            self._peer(
                partner, lang, is_new=self._is_new(partner, now, since), is_odd=is_odd(partner)
            )
            for partner in shown
        )
        return rows, left_out + len(each) - len(shown)

    def _peer(self, partner: Partner, lang: str, *, is_new: bool, is_odd: bool) -> views.PeerView:
        known = self.watch.inventory.thing(partner.other) if partner.kind == THING else None
        if known is not None:
            name = self.name_of(known, lang)
        else:
            name = partner.name or (partner.ips[-1] if partner.ips else "")
        place = "group" if partner.kind == EVERYONE else "outside" if partner.is_outside else "home"
        return views.PeerView(
            place=place,
            name="" if place == "group" else name,
            thing_id=known.id if known else "",
            country=partner.country,
            services=partner.services,
            sent=partner.sent,
            received=partner.received,
            first_at=partner.first_at,
            last_at=partner.last_at,
            begun_by=partner.begun_by,
            is_new=is_new,
            is_odd=is_odd,
        )

    def _is_new(self, partner: Partner, now: float, since: float) -> bool:
        """It was no partner before, and the thing itself was here before."""
        began = self.watch.traffic.heard_from(partner.thing)
        return partner.first_at >= since > began and not partner.is_returning and now >= since

    def _edges(self, lines: list[Partner], now: float, since: float) -> tuple[views.TalkEdge, ...]:
        is_odd = self.watch.oddity()
        return tuple(
            views.TalkEdge(
                one=line.thing,
                other=_end_of(line),
                services=line.services,
                sent=line.sent,
                received=line.received,
                first_at=line.first_at,
                last_at=line.last_at,
                begun_by={IT: line.thing, PEER: _end_of(line)}.get(line.begun_by, ""),
                is_new=self._is_new(line, now, since),
                is_odd=is_odd(line),
            )
            for line in lines
        )

    def _node(self, known: KnownThing, lang: str, worst: dict[str, int]) -> views.TalkNode:
        is_router = known.identity.kind.value == "router"
        return views.TalkNode(
            id=known.id,
            name=self.name_of(known, lang),
            place="router" if is_router else "home",
            kind=known.identity.kind.value or "unknown",
            state=worst.get(known.id, AS_USUAL),
        )

    def _places(self, partners: Iterable[Partner], used: set[str]) -> list[views.TalkNode]:
        """The points that are no things: destinations outside, and everybody at once."""
        nodes = {}
        for partner in partners:
            end = _end_of(partner)
            if end not in used or partner.kind == THING:
                continue
            place = "group" if partner.kind == EVERYONE else "outside"
            name = partner.name or (partner.ips[-1] if partner.ips else "")
            nodes[end] = views.TalkNode(
                end, "" if place == "group" else name, place, country=partner.country
            )
        return list(nodes.values())


def _lines(partners: list[Partner], things: dict[str, KnownThing]) -> list[Partner]:
    """Partners that are lines, most talk first; of two that mirror one another only the first."""
    lines: dict[tuple[str, str], Partner] = {}
    for partner in partners:
        if partner.kind == THING and partner.other not in things:
            continue
        other = _end_of(partner)
        if (other, partner.thing) not in lines:
            lines[partner.thing, other] = partner
    return list(lines.values())


def _end_of(partner: Partner) -> str:
    """The id of the other point of a line."""
    if partner.kind == THING:
        return partner.other
    if partner.kind == EVERYONE:
        return GROUP
    return f"{OUTSIDE_END}{partner.name or (partner.ips[-1] if partner.ips else '')}"
