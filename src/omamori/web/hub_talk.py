"""The pages of what things do: who talks to whom, what goes outside, what is new, what is odd."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from omamori.documents.reason import Reason, RefusedError
from omamori.web import names
from omamori.web.frame import Pages, language_of
from omamori.web.guard import read_form
from omamori.web.upload import read_upload
from omamori.web.views_talk import DAY_S, HOUR_S, MONTH_S, SAMPLE, WEEK_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from omamori.web.ports import HomePort

UPLOADS = ("/mud",)
"""How the paths end that may bring a file."""

ID_CHARACTERS_MAX = 100
SPANS = {"hour": HOUR_S, "day": DAY_S, "week": WEEK_S, "month": MONTH_S}
TALK_SPANS = ("hour", "day", "week")
NEW_SPANS = ("day", "week", "month")
MUD_TYPE = "application/mud+json"
"""RFC 8520, section 18.2."""


class NotChosenError(RefusedError):
    """A form that asks for something that is not on offer."""


def home_of(asked: str | None) -> str:
    """The home that a page or a form is about; anything else than the practice home is the real one."""
    return SAMPLE if asked == SAMPLE else ""


def span_of(request: Request, offered: tuple[str, ...], usual: str) -> str:
    """How far back the visitor wants to look, by its name in `SPANS`."""
    asked = request.query_params.get("since", "")
    return asked if asked in offered else usual


def _asked(request: Request) -> tuple[str, str]:
    """The home and the thing that a page is asked for."""
    query = request.query_params
    return home_of(query.get("home")), query.get("thing", "")[:ID_CHARACTERS_MAX]


def _to(path: str, home: str, part: str = "") -> Response:
    """To the page that shows what was done; it stays in its home."""
    query = f"?home={home}" if home else ""
    return RedirectResponse(f"{path}{query}{part}", 303)


def _thing_path(request: Request) -> str:
    return f"/things/{quote(request.path_params['thing_id'], safe='')}"


def talk_routes(home: HomePort, pages: Pages) -> list[BaseRoute]:
    """Every page and form of this module."""
    return [
        *_overviews(home, pages),
        *_alerts(home, pages),
        *_should(home, pages),
        *_saying(home, pages),
    ]


def _overviews(home: HomePort, pages: Pages) -> list[BaseRoute]:
    async def talk(request: Request) -> Response:
        where, thing = _asked(request)
        span = span_of(request, TALK_SPANS, "day")
        view = home.talk(where, SPANS[span], thing, language_of(request))
        return pages.render(request, "talk.html", view=view, span=span, spans=TALK_SPANS)

    async def outside(request: Request) -> Response:
        where, thing = _asked(request)
        span = span_of(request, TALK_SPANS, "day")
        view = home.outside(where, SPANS[span], thing, language_of(request))
        return pages.render(request, "outside.html", view=view, span=span, spans=TALK_SPANS)

    async def new(request: Request) -> Response:
        where, _thing = _asked(request)
        span = span_of(request, NEW_SPANS, "week")
        view = home.new(where, SPANS[span], language_of(request))
        return pages.render(request, "new.html", view=view, span=span, spans=NEW_SPANS)

    return [Route("/talk", talk), Route("/outside", outside), Route("/new", new)]


def _alerts(home: HomePort, pages: Pages) -> list[BaseRoute]:
    secret = pages.site.secret

    async def alerts(request: Request) -> Response:
        view = home.alerts(_asked(request)[0], language_of(request))
        return pages.render(request, "alerts.html", view=view)

    async def alert(request: Request) -> Response:
        view = home.alert(_asked(request)[0], request.path_params["alert_id"], language_of(request))
        if view is None:
            return pages.refuse(request, 404, Reason("web.no-such-alert"))
        return pages.render(request, "alert.html", view=view)

    async def fine(request: Request) -> Response:
        fields = await read_form(request, secret)
        where, alert_id = home_of(fields.get("home")), request.path_params["alert_id"]
        await home.say_fine(where, alert_id, fine=fields.get("fine") == "yes")
        return _to(f"/alerts/{quote(alert_id, safe='')}", where)

    return [
        Route("/alerts", alerts),
        Route("/alerts/{alert_id}", alert),
        Route("/alerts/{alert_id}/fine", fine, methods=["POST"]),
    ]


def _should(home: HomePort, pages: Pages) -> list[BaseRoute]:
    """What a thing should do: its maker's rules, and what was learned."""
    secret = pages.site.secret

    async def mud(request: Request) -> Response:
        octets = home.mud_of(_asked(request)[0], request.path_params["thing_id"])
        if octets is None:
            return pages.refuse(request, 404, Reason("web.no-such-mud"))
        kept = {"Content-Disposition": 'attachment; filename="mud.json"'}
        return Response(octets, media_type=MUD_TYPE, headers=kept)

    async def declare(request: Request) -> Response:
        fields, octets = await read_upload(request, secret)
        where = home_of(fields.get("home"))
        await home.declare(where, request.path_params["thing_id"], octets)
        return _to(_thing_path(request), where, "#should")

    async def undeclare(request: Request) -> Response:
        where = home_of((await read_form(request, secret)).get("home"))
        await home.undeclare(where, request.path_params["thing_id"])
        return _to(_thing_path(request), where, "#should")

    return [
        Route("/things/{thing_id:path}/mud.json", mud),
        Route("/things/{thing_id:path}/mud", declare, methods=["POST"]),
        Route("/things/{thing_id:path}/mud/away", undeclare, methods=["POST"]),
    ]


def _alias(fields: Mapping[str, str]) -> tuple[str, str]:
    """The home and the address that a form is about."""
    alias = fields.get("alias", "")
    if not alias or len(alias) > ID_CHARACTERS_MAX:
        raise NotChosenError("web.choice-unknown")
    return home_of(fields.get("home")), alias


def _saying(home: HomePort, pages: Pages) -> list[BaseRoute]:
    """What a person says of addresses, and lets happen in the practice home."""
    secret = pages.site.secret

    async def part(request: Request) -> Response:
        where, alias = _alias(await read_form(request, secret))
        await home.part(where, request.path_params["thing_id"], alias)
        return _to(_thing_path(request), where)

    async def join(request: Request) -> Response:
        where, alias = _alias(await read_form(request, secret))
        await home.join(where, request.path_params["thing_id"], alias)
        return _to(_thing_path(request), where)

    async def disturb(request: Request) -> Response:
        situation = (await read_form(request, secret)).get("situation", "")
        if situation and situation not in names.SITUATIONS:
            raise NotChosenError("web.choice-unknown")
        await home.disturb(situation)
        shown = f"/sample/plays/{situation}" if situation in names.PLAYS else "/sample#disturb"
        return RedirectResponse(shown, 303)

    return [
        Route("/things/{thing_id:path}/part", part, methods=["POST"]),
        Route("/things/{thing_id:path}/join", join, methods=["POST"]),
        Route("/sample/situations", disturb, methods=["POST"]),
    ]
