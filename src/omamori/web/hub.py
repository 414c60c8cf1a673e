"""The pages of a home: what is there, who trusts whom and why, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from omamori.documents.label import write_label
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.web import draw, samples
from omamori.web.frame import Pages, Site, Tab, language_of, site_app
from omamori.web.guard import read_form
from omamori.web.hub_protect import protect_routes, told_of
from omamori.web.hub_rules import UPLOADS as RULES_UPLOADS
from omamori.web.hub_rules import rules_routes
from omamori.web.hub_talk import SPANS, home_of, span_of, talk_routes
from omamori.web.hub_talk import UPLOADS as TALK_UPLOADS
from omamori.web.labels import label_of
from omamori.web.views_talk import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette
    from starlette.requests import Request

    from omamori.web.live import Live
    from omamori.web.login import Door
    from omamori.web.ports import HomePort, ProtectPort

NAME_CHARACTERS_MAX = 60
THING_SPANS = ("day", "week")

TABS = (
    Tab("/", "Home"),
    Tab("/sample", "Sample home"),
    Tab("/happened", "What happened"),
    Tab("/help", "Help", urgent=True),
)
PROTECT_TAB = Tab("/protect", "Protect")
"""Stands second, where the hub can protect at all."""

UPLOADS = (*TALK_UPLOADS, *RULES_UPLOADS)
FOOTER = (Tab("/settings", "Settings"), Tab("/patterns", "All parts of these pages"))


class AskedError(RefusedError):
    """A form of a page that asks for something that cannot be."""


def hub_site(
    secret: bytes,
    hosts: frozenset[str] = frozenset(),
    metrics: Callable[[], bytes] | None = None,
    healthy: Callable[[], bool] = lambda: True,
) -> Site:
    """The home's site; see `Site` for the arguments."""
    return Site(
        "Our home, watched over", TABS, secret, FOOTER, hosts, metrics, healthy, uploads=UPLOADS
    )


def hub_app(
    home: HomePort,
    site: Site,
    live: Live,
    door: Door | None = None,
    protects: ProtectPort | None = None,
) -> Starlette:
    """The application of a home's pages.

    Args:
        home: what the pages show and do.
        live: the composer calls `live.changed("home" | "sample" | "happened")`.
        door: asks for a password on a LAN; None when the server listens on loopback only.
        protects: what the pages of protection show and do; None where there are none.
    """
    site = msgspec.structs.replace(site, version=lambda: live.version)
    if protects is not None:
        site = msgspec.structs.replace(site, tabs=(site.tabs[0], PROTECT_TAB, *site.tabs[1:]))
    pages = Pages(site)

    async def stream(_request: Request) -> Response:
        return live.respond()

    # An id has a slash where a thing is known by its bridge's word, so what follows one goes first.
    routes = [
        *talk_routes(home, pages),
        *(_protecting(protects, pages) if protects is not None else ()),
        *_acting(home, pages),
        *_looking(home, pages, protects),
        *_about(home, pages),
        Route("/live", stream),
    ]
    return site_app(site, pages, routes, door)


def _protecting(protects: ProtectPort, pages: Pages) -> list[BaseRoute]:
    return [*protect_routes(protects, pages), *rules_routes(protects, pages)]


def _looking(home: HomePort, pages: Pages, protects: ProtectPort | None) -> list[BaseRoute]:
    """The pages that only show."""

    async def first(request: Request) -> Response:
        return pages.render(request, "home.html", view=home.home(language_of(request)))

    async def thing(request: Request) -> Response:
        where, span = (
            home_of(request.query_params.get("home")),
            span_of(request, THING_SPANS, "day"),
        )
        thing_id, lang = request.path_params["thing_id"], language_of(request)
        view = home.thing(thing_id, lang, where, SPANS[span])
        if view is None:
            return pages.refuse(request, 404, Reason("web.no-such-thing"))
        where = SAMPLE if view.sample else where
        guarded = protects.guarded(where, thing_id, lang) if protects is not None else None
        kinds = [(key, pages.kind(request, key)) for key in KINDS]
        kinds.sort(key=lambda pair: pair[1])
        return pages.render(
            request,
            "thing.html",
            view=view,
            where=where,
            guarded=guarded,
            done=told_of(request),
            kinds=kinds,
            most=NAME_CHARACTERS_MAX,
            span=span,
            spans=THING_SPANS,
        )

    async def sample(request: Request) -> Response:
        return pages.render(request, "sample.html", view=home.sample(language_of(request)))

    async def meeting(request: Request) -> Response:
        view = home.meeting(request.path_params["meeting_id"], language_of(request))
        if view is None:
            return pages.refuse(request, 404, Reason("web.no-such-meeting"))
        return pages.render(request, "meeting.html", view=view)

    async def happened(request: Request) -> Response:
        older = request.query_params.get("older", "")[:64]
        view = home.happened(older, language_of(request))
        return pages.render(request, "happened.html", view=view, older=older)

    return [
        Route("/", first),
        Route("/things/{thing_id:path}", thing),
        *_labels(home, pages),
        Route("/sample", sample),
        Route("/sample/meetings/{meeting_id}", meeting),
        Route("/happened", happened),
    ]


def _about(home: HomePort, pages: Pages) -> list[BaseRoute]:
    """The pages about these pages."""

    async def settings(request: Request) -> Response:
        return pages.render(request, "settings.html", view=home.settings(language_of(request)))

    async def patterns(request: Request) -> Response:
        return pages.render(request, "patterns.html", samples=samples)

    async def words(request: Request) -> Response:
        return pages.render(request, "help.html")

    return [
        Route("/settings", settings),
        Route("/patterns", patterns),
        Route("/help", words),
    ]


def _labels(home: HomePort, pages: Pages) -> list[BaseRoute]:
    """The common label: as a picture, for machines, and as a page."""

    async def label(request: Request) -> Response:
        view = home.label(request.path_params["thing_id"], language_of(request))
        if view is None:
            return pages.refuse(request, 404, Reason("web.no-such-thing"))
        path: str = request.scope["path"]
        if path.endswith(".svg"):
            svg = draw.label_svg(view, language_of(request))
            return Response(svg, media_type="image/svg+xml")
        if path.endswith(".json"):
            return Response(write_label(label_of(view)), media_type="application/json")
        return pages.render(request, "label.html", view=view)

    return [
        Route("/label/{thing_id:path}.svg", label),
        Route("/label/{thing_id:path}.json", label),
        Route("/label/{thing_id:path}", label),
    ]


def _acting(home: HomePort, pages: Pages) -> list[BaseRoute]:
    """The forms: each does one thing and leads to the page that shows it (303)."""
    secret = pages.site.secret

    async def correct(request: Request) -> Response:
        fields = await read_form(request, secret)
        thing_id = request.path_params["thing_id"]
        name, kind = fields.get("name", "").strip(), fields.get("kind", "")
        if len(name) > NAME_CHARACTERS_MAX:
            raise AskedError("web.name-too-long", {"most": NAME_CHARACTERS_MAX})
        if kind and kind not in KINDS:
            raise AskedError("web.choice-unknown")
        if "undo" in fields:
            name, kind = "", ""
        await home.correct(thing_id, name, kind)
        return RedirectResponse(f"/things/{quote(thing_id, safe='')}", 303)

    async def start_meeting(request: Request) -> Response:
        fields = await read_form(request, secret)
        one, other = fields.get("one", ""), fields.get("other", "")
        if one == other:
            raise AskedError("web.same-thing-twice")
        meeting_id = await home.start_meeting(
            one, other, fields.get("purpose", ""), fields.get("fault", "nothing")
        )
        return RedirectResponse(f"/sample/meetings/{quote(meeting_id, safe='')}", 303)

    async def set_level(request: Request) -> Response:
        fields = await read_form(request, secret)
        rung = fields.get("rung", "")
        if len(rung) != 1 or rung not in "0123456789":
            raise AskedError("web.choice-unknown")
        await home.set_level(fields.get("industry", ""), fields.get("product", ""), int(rung))
        return RedirectResponse("/sample#authorities", 303)

    async def listen(request: Request) -> Response:
        fields = await read_form(request, secret)
        await home.listen(on=fields.get("on") == "yes")
        return RedirectResponse("/settings", 303)

    return [
        Route("/things/{thing_id:path}/correct", correct, methods=["POST"]),
        Route("/sample/meetings", start_meeting, methods=["POST"]),
        Route("/sample/levels", set_level, methods=["POST"]),
        Route("/settings/listening", listen, methods=["POST"]),
    ]
