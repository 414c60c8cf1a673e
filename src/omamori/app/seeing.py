"""Seeing: what a watch knows of talk, put as pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.partners import EVERYONE, NOBODY, THING
from omamori.web import views_talk as views
from omamori.web.views import AS_USUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.app.alert_views import AlertViews
    from omamori.hub.known import KnownThing
    from omamori.hub.news import News
    from omamori.hub.partners import Partner
    from omamori.hub.service import Watch

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
        edges = self._edges(partners, things, now, since)
        shown = edges[:EDGES_SHOWN_MAX]
        used = {end for edge in shown for end in (edge.one, edge.other)}
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
            edges=tuple(shown),
            left_out=len(edges) - len(shown),
        )

    def outside(self, since_s: float, thing: str, lang: str) -> views.OutsideView:
        """What goes outside, thing by thing."""
        now = self.clock()
        since = now - since_s
        found = []
        things = self.watch.inventory.things()
        for known in things:
            if thing and known.id != thing:
                continue
            partners = [
                partner
                for partner in self.watch.traffic.partners(known.id, since)
                if partner.is_outside
            ]
            if not partners:
                continue
            peers, left_out = self._peers(partners, lang, now, since)
            found.append(
                views.OutsideThing(
                    id=known.id,
                    name=self.name_of(known, lang),
                    kind=known.identity.kind.value,
                    sent=sum(partner.sent for partner in partners),
                    received=sum(partner.received for partner in partners),
                    places=peers,
                    left_out=left_out,
                )
            )
        found.sort(key=lambda row: (-row.sent - row.received, row.id))
        return views.OutsideView(
            at=now,
            home=self.home,
            since_s=since_s,
            hearing=self.hearing(),
            choices=tuple((known.id, self.name_of(known, lang)) for known in things),
            thing=thing,
            things=tuple(found[:THINGS_SHOWN_MAX]),
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
        rows = tuple(self._peer(partner, lang, now, since) for partner in shown)
        return rows, left_out + len(each) - len(shown)

    def _peer(self, partner: Partner, lang: str, now: float, since: float) -> views.PeerView:
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
            is_new=self._is_new(partner, now, since),
            is_odd=self.watch.is_odd(partner),
        )

    def _is_new(self, partner: Partner, now: float, since: float) -> bool:
        """It was no partner before, and the thing itself was here before."""
        began = self.watch.traffic.heard_from(partner.thing)
        return partner.first_at >= since > began and not partner.is_returning and now >= since

    def _edges(
        self, partners: list[Partner], things: dict[str, KnownThing], now: float, since: float
    ) -> list[views.TalkEdge]:
        """Lines, most talk first; between two things here one line, from whoever begins."""
        edges: dict[tuple[str, str], views.TalkEdge] = {}
        for partner in partners:
            if partner.kind == THING and partner.other not in things:
                continue
            other = _end_of(partner)
            if (other, partner.thing) in edges:
                continue
            edges[partner.thing, other] = views.TalkEdge(
                one=partner.thing,
                other=other,
                services=partner.services,
                sent=partner.sent,
                received=partner.received,
                first_at=partner.first_at,
                last_at=partner.last_at,
                begun_by={IT: partner.thing, PEER: other}.get(partner.begun_by, ""),
                is_new=self._is_new(partner, now, since),
                is_odd=self.watch.is_odd(partner),
            )
        return list(edges.values())

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


def _end_of(partner: Partner) -> str:
    """The id of the other point of a line."""
    if partner.kind == THING:
        return partner.other
    if partner.kind == EVERYONE:
        return GROUP
    return f"{OUTSIDE_END}{partner.name or (partner.ips[-1] if partner.ips else '')}"
