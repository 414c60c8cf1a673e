"""The pages of what a home agreed to: cooperation, rules, automations, measurements, plays."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from omamori.documents.reason import Reason
from omamori.hub.points import POINTS
from omamori.web import names, names_protect
from omamori.web.frame import Pages, language_of
from omamori.web.guard import FormError, read_form
from omamori.web.hub_protect import after, chosen, identified, told_of, yes
from omamori.web.hub_talk import ID_CHARACTERS_MAX, SPANS, NotChosenError, home_of
from omamori.web.upload import read_upload

if TYPE_CHECKING:
    from starlette.requests import Request

    from omamori.web.ports import ProtectPort
    from omamori.web.views_rules import RuleFault

UPLOADS = ("/rules/text", "/automations/file")
"""How the paths end that bring a long text or a file."""

LINKS_PATH, RULES_PATH = "/protect/links", "/protect/rules"
AUTOMATIONS_PATH, MEASURED_PATH = "/protect/automations", "/protect/measured"
LASTS_S = {key: SPANS[key] for key in names_protect.LASTS}
"""How long a permission can be given for."""


class FaultLine(msgspec.Struct, frozen=True):
    """What is wrong with a line of rules, with the line itself; line 0 is the text as a whole."""

    line: int
    text: str
    why: tuple[Reason, ...]


def rules_routes(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    """Every page and form of this module."""
    return [
        *_links(port, pages),
        *_rules(port, pages),
        *_automations(port, pages),
        *_plays(port, pages),
    ]


def _links(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    secret = pages.site.secret

    async def links(request: Request) -> Response:
        view = port.links(home_of(request.query_params.get("home")), language_of(request))
        return pages.render(
            request, "links.html", view=view, done=told_of(request), lasts=names_protect.LASTS
        )

    async def agree(request: Request) -> Response:
        fields = await read_form(request, secret)
        home, agrees = home_of(fields.get("home")), yes(fields, "agree")
        await port.agree(home, identified(fields, "link"), agree=agrees)
        return after(LINKS_PATH, home, "agreed" if agrees else "withdrawn")

    async def propose(request: Request) -> Response:
        fields = await read_form(request, secret)
        home = home_of(fields.get("home"))
        one, other = identified(fields, "one"), identified(fields, "other")
        if one == other:
            raise NotChosenError("web.same-thing-twice")
        purpose = chosen(fields, "purpose", names.PURPOSES)
        await port.propose(home, one, other, purpose, LASTS_S[chosen(fields, "lasts", LASTS_S)])
        return after(LINKS_PATH, home, "proposed")

    async def grant(request: Request) -> Response:
        fields = await read_form(request, secret)
        home = home_of(fields.get("home"))
        await port.grant(
            home,
            chosen(fields, "sort", names_protect.GRANTS),
            identified(fields, "thing"),
            identified(fields, "target"),
            chosen(fields, "purpose", names.PURPOSES),
            LASTS_S[chosen(fields, "lasts", LASTS_S)],
        )
        return after(LINKS_PATH, home, "granted", "#grants")

    async def end_grant(request: Request) -> Response:
        fields = await read_form(request, secret)
        home = home_of(fields.get("home"))
        await port.end_grant(home, identified(fields, "grant"))
        return after(LINKS_PATH, home, "ended", "#grants")

    return [
        Route(LINKS_PATH, links),
        Route(f"{LINKS_PATH}/agree", agree, methods=["POST"]),
        Route(f"{LINKS_PATH}/propose", propose, methods=["POST"]),
        Route(f"{LINKS_PATH}/grant", grant, methods=["POST"]),
        Route(f"{LINKS_PATH}/end", end_grant, methods=["POST"]),
    ]


def _written(octets: bytes) -> str:
    """A text of rules; a browser sends CRLF (HTML, 4.10.21.8)."""
    try:
        return octets.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise FormError("protect.rules-not-text") from None


def fault_lines(text: str, faults: tuple[RuleFault, ...]) -> list[FaultLine]:
    """The faults of each line with the line itself; a line that is not there is empty."""
    lines = text.split("\n")
    found: dict[int, list[Reason]] = {}
    for fault in faults:
        found.setdefault(fault.line, []).append(fault.why)
    return [
        FaultLine(at, lines[at - 1] if 0 < at <= len(lines) else "", tuple(why))
        for at, why in sorted(found.items())
    ]


def _rules(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    secret = pages.site.secret

    def shown(request: Request, home: str, status: int = 200, **more: object) -> Response:
        view = port.rules(home, language_of(request))
        context = {"written": None, "faults": [], "ruling": None, "tried": {}, **more}
        return pages.render(
            request, "rules.html", status=status, view=view, done=told_of(request), **context
        )

    async def rules(request: Request) -> Response:
        return shown(request, home_of(request.query_params.get("home")))

    async def attempt(request: Request) -> Response:
        query, home = request.query_params, home_of(request.query_params.get("home"))
        tried = {
            "asker": identified(query, "asker"),
            "target": identified(query, "target"),
            "point": chosen(query, "point", POINTS),
            "act": chosen(query, "act", {"look": 1, "set": 1}),
        }
        ruling = port.try_rules(
            home,
            tried["asker"],
            tried["target"],
            tried["point"],
            look=tried["act"] == "look",
            lang=language_of(request),
        )
        return shown(request, home, ruling=ruling, tried=tried)

    async def write(request: Request) -> Response:
        try:
            fields, octets = await read_upload(request, secret)
        except FormError as error:
            if error.reason.key != "web.file-missing":
                raise
            raise FormError("protect.rules-empty") from None
        home, text = home_of(fields.get("home")), _written(octets)
        if chosen(fields, "do", {"check": 1, "keep": 1}) == "check":
            faults = port.check_rules(home, text)
        else:
            faults = await port.keep_rules(home, text)
            if not faults:
                return after(RULES_PATH, home, "rules")
        found = fault_lines(text, faults)
        return shown(request, home, 400 if found else 200, written=text, faults=found)

    async def usual(request: Request) -> Response:
        home = home_of((await read_form(request, secret)).get("home"))
        await port.keep_rules(home, "")
        return after(RULES_PATH, home, "usual-rules")

    return [
        Route(RULES_PATH, rules),
        Route(f"{RULES_PATH}/try", attempt),
        Route(f"{RULES_PATH}/text", write, methods=["POST"]),
        Route(f"{RULES_PATH}/usual", usual, methods=["POST"]),
    ]


def _automations(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    secret = pages.site.secret

    async def automations(request: Request) -> Response:
        view = port.automations(home_of(request.query_params.get("home")), language_of(request))
        return pages.render(request, "automations.html", view=view, done=told_of(request))

    async def take(request: Request) -> Response:
        fields, octets = await read_upload(request, secret)
        home = home_of(fields.get("home"))
        await port.take_automations(home, octets)
        return after(AUTOMATIONS_PATH, home, "read")

    async def forget(request: Request) -> Response:
        home = home_of((await read_form(request, secret)).get("home"))
        await port.forget_automations(home)
        return after(AUTOMATIONS_PATH, home, "forgotten")

    async def measured(request: Request) -> Response:
        view = port.measured(home_of(request.query_params.get("home")), language_of(request))
        return pages.render(request, "measured.html", view=view)

    return [
        Route(AUTOMATIONS_PATH, automations),
        Route(f"{AUTOMATIONS_PATH}/file", take, methods=["POST"]),
        Route(f"{AUTOMATIONS_PATH}/away", forget, methods=["POST"]),
        Route(MEASURED_PATH, measured),
    ]


def _plays(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    secret = pages.site.secret

    async def play(request: Request) -> Response:
        situation = request.path_params["situation"]
        known = situation in names.SITUATIONS
        view = port.play(situation, language_of(request)) if known else None
        if view is None:
            return pages.refuse(request, 404, Reason("protect.no-such-play"))
        return pages.render(request, "play.html", view=view)

    async def act(request: Request) -> Response:
        fields = await read_form(request, secret)
        situation = request.path_params["situation"][:ID_CHARACTERS_MAX]
        chosen({"situation": situation}, "situation", names.SITUATIONS)
        await port.choose(situation, chosen(fields, "choice", names_protect.CHOICES))
        return RedirectResponse(f"/sample/plays/{quote(situation, safe='')}#now", 303)

    return [
        Route("/sample/plays/{situation}", play),
        Route("/sample/plays/{situation}", act, methods=["POST"]),
    ]
