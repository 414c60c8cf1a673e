"""Frame: what every page of every program stands in: templates, errors in words, the application."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import jinja2
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from omamori.documents.reason import Reason, RefusedError
from omamori.web import (
    draw,
    draw_protect,
    draw_talk,
    names,
    names_protect,
    protect_words,
    rule_words,
    talk_words,
    words,
)
from omamori.web.guard import Guard, form_token, harden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from starlette.requests import Request

    from omamori.web.login import Door

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "omamori_lang"
LANGUAGE_COOKIE_S = 400 * 86400
STATIC_CACHE_S = 3600


class Tab(msgspec.Struct, frozen=True):
    """A place in the navigation: its path and its word (English page text)."""

    path: str
    word: str
    urgent: bool = False


class Site(msgspec.Struct, frozen=True):
    """What one program's pages have in common.

    Attributes:
        brand: the words at the top (English page text).
        tabs: the navigation; only what exists.
        footer: further pages.
        secret: at least 32 random bytes, which sign the forms.
        hosts: names under which this server may be asked, besides IP addresses and `localhost`.
        metrics: Prometheus text, or None for no `/metrics`.
        healthy: asked by `/healthz`.
        version: grows with every change that an open page should hear of.
        uploads: how the paths end that may bring a file.
    """

    brand: str
    tabs: tuple[Tab, ...]
    secret: bytes
    footer: tuple[Tab, ...] = ()
    hosts: frozenset[str] = frozenset()
    metrics: Callable[[], bytes] | None = None
    healthy: Callable[[], bool] = lambda: True
    version: Callable[[], int] = lambda: 0
    uploads: tuple[str, ...] = ()


def _environment(lang: str) -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

    def say(english: str, **params: str | float) -> Markup:
        return words.broken(words.text(english, lang, **params), lang)

    env.globals.update(
        lang=lang,
        names=names,
        draw=draw,
        draw_talk=draw_talk,
        talk=talk_words,
        protects=names_protect,
        draw_protect=draw_protect,
        told_of=protect_words,
        told_rule=rule_words,
        _=say,
        plain=lambda english, **params: words.text(english, lang, **params),
        reason=lambda why: words.broken(words.sentence(why, lang), lang),
        reason_plain=lambda why: words.sentence(why, lang),
        word=lambda table, key: words.broken(words.named(table, key, lang), lang),
        word_plain=lambda table, key: words.named(table, key, lang),
        kind=lambda key: words.kind_word(key, lang),
        moment=partial(words.moment, lang=lang),
        instant=partial(words.instant, lang=lang),
        day=partial(words.day, lang=lang),
        duration=partial(words.duration, lang=lang),
        ago=partial(words.ago, lang=lang),
        path_part=partial(quote, safe=""),
    )
    env.filters["clean"] = words.cleaned
    env.filters["short"] = words.shortened
    return env


class Pages:
    """Renders the templates of one site; one environment for each language."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._environments = {lang: _environment(lang) for lang in words.LANGUAGES}

    def render(
        self, request: Request, template: str, *, status: int = 200, **context: object
    ) -> HTMLResponse:
        """The page `template` in the visitor's language; `context` goes to the template."""
        lang = language_of(request)
        other = words.LANGUAGES[1 - words.LANGUAGES.index(lang)]
        text = (
            self._environments[lang]
            .get_template(template)
            .render(
                site=self.site,
                path=request.scope["path"],
                other_language=other,
                other_language_href=_other_href(request, other),
                form_token=form_token(self.site.secret, request.state.visit),
                can_leave=getattr(request.state, "logged_in", False),
                now=time.time(),
                version=getattr(request.state, "version", 0),
                **context,
            )
        )
        response = HTMLResponse(text, status, headers={"Content-Language": lang, "Vary": "Cookie"})
        if request.query_params.get("lang") in words.LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE, lang, LANGUAGE_COOKIE_S, httponly=True, samesite="strict"
            )
        return response

    def kind(self, request: Request, key: str) -> str:
        """The kind of a thing, in the visitor's language."""
        return words.kind_word(key, language_of(request))

    def refuse(self, request: Request, status: int, why: Reason) -> Response:
        """An error page in plain words; never a trace."""
        return self.render(request, "error.html", status=status, why=why, status_code=status)


def language_of(request: Request) -> str:
    """The visitor's language."""
    return words.choose_language(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language", ""),
    )


def _other_href(request: Request, other: str) -> str:
    """This page in the other language; a page that answers a form has none, so the first page."""
    path = request.scope["path"] if request.method == "GET" else "/"
    kept = [pair for pair in request.query_params.multi_items() if pair[0] != "lang"]
    return f"{quote(path)}?{urlencode([*kept[:8], ('lang', other)])}"


_HTTP_REASONS = {401: "web.login-needed", 404: "web.no-such-page", 405: "web.not-this-way"}


def site_app(
    site: Site, pages: Pages, routes: Sequence[BaseRoute], door: Door | None = None
) -> Starlette:
    """The application of one program: its routes in the common frame.

    Args:
        routes: the program's own pages; they render with `pages`.
        door: asks for a password; None where only this machine can reach the server.
    """

    async def on_refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)  # noqa: S101 - the registration below says so
        return pages.refuse(request, 400, error.reason)

    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return pages.refuse(request, status, Reason(_HTTP_REASONS.get(status, "web.failed")))

    async def on_failure(request: Request, _error: Exception) -> Response:
        if not hasattr(request.state, "visit"):
            request.state.visit = ""
        response = pages.refuse(request, 500, Reason("web.failed"))
        harden(response.headers)
        return response

    own: list[BaseRoute] = [
        *routes,
        *_plain_routes(site),
        *(door.routes(pages) if door else []),
        # Only what holds no secret is compressed: a compressed page can leak its token (BREACH).
        Mount("/static", GZipMiddleware(StaticFiles(directory=HERE / "static")), name="static"),
    ]
    return Starlette(
        routes=own,
        middleware=[Middleware(Guard, site=site, refuse=pages.refuse, door=door)],
        exception_handlers={RefusedError: on_refused, HTTPException: on_http, 500: on_failure},
    )


def _plain_routes(site: Site) -> list[BaseRoute]:
    async def healthz(_request: Request) -> Response:
        healthy = site.healthy()
        return JSONResponse({"ok": healthy}, 200 if healthy else 503)

    routes: list[BaseRoute] = [Route("/healthz", healthz)]
    metrics = site.metrics
    if metrics is not None:

        async def show_metrics(_request: Request) -> Response:
            return Response(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

        routes.append(Route("/metrics", show_metrics))
    return routes
