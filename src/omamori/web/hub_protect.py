"""The pages of protection: what is in force and cut off, what waits, and who holds what."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from omamori.hub.points import POINTS
from omamori.web import names_protect, protect_words
from omamori.web.frame import Pages, language_of
from omamori.web.guard import read_form
from omamori.web.hub_talk import ID_CHARACTERS_MAX, NotChosenError, home_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from omamori.web.ports import ProtectPort

HOME_PATH, COMMANDS_PATH = "/protect", "/protect/commands"


def identified(fields: Mapping[str, str], name: str) -> str:
    """The id that a form is about."""
    found = fields.get(name, "")
    if not found or len(found) > ID_CHARACTERS_MAX or not found.isprintable():
        raise NotChosenError("web.choice-unknown")
    return found


def chosen(fields: Mapping[str, str], name: str, offered: Mapping[str, object]) -> str:
    """One of a closed list."""
    found = fields.get(name, "")
    if found not in offered:
        raise NotChosenError("web.choice-unknown")
    return found


def yes(fields: Mapping[str, str], name: str) -> bool:
    """A button that says yes or no; anything else is no button of ours."""
    return chosen(fields, name, {"yes": True, "no": False}) == "yes"


def told_of(request: Request) -> str:
    """What is said on top of the page, of what was just done."""
    told = request.query_params.get("told", "")
    return names_protect.TOLD.get(told, "")


def after(path: str, home: str, told: str, part: str = "") -> Response:
    """To the page that shows what was done, and says so; it stays in its home."""
    query = urlencode({**({"home": home} if home else {}), "told": told})
    return RedirectResponse(f"{path}?{query}{part}", 303)


def _back(fields: Mapping[str, str], home: str, told: str, path: str) -> Response:
    """To the page where the button was: a thing's own, or `path`."""
    if fields.get("from") == "thing":
        thing = quote(identified(fields, "thing"), safe="")
        return after(f"/things/{thing}", home, told, "#guard")
    return after(path, home, told)


def protect_routes(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    """Every page and form of this module."""
    return [*_looking(port, pages), *_cutting(port, pages), *_commanding(port, pages)]


def _looking(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    async def protect(request: Request) -> Response:
        home = home_of(request.query_params.get("home"))
        view = port.protect(home, language_of(request))
        return pages.render(request, "protect.html", view=view, done=told_of(request))

    async def commands(request: Request) -> Response:
        home = home_of(request.query_params.get("home"))
        view = port.commands(home, language_of(request))
        return pages.render(request, "commands.html", view=view, done=told_of(request))

    return [Route(HOME_PATH, protect), Route(COMMANDS_PATH, commands)]


def _cutting(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    """What is cut off, and how strictly the hub guards."""
    secret = pages.site.secret

    async def set_mode(request: Request) -> Response:
        fields = await read_form(request, secret)
        home = home_of(fields.get("home"))
        await port.set_mode(home, chosen(fields, "mode", names_protect.MODES))
        return after(HOME_PATH, home, "mode")

    async def cut(request: Request) -> Response:
        fields = await read_form(request, secret)
        home, off = home_of(fields.get("home")), yes(fields, "off")
        await port.cut(home, identified(fields, "thing"), off=off)
        return _back(fields, home, "cut" if off else "uncut", HOME_PATH)

    async def longer(request: Request) -> Response:
        fields = await read_form(request, secret)
        home = home_of(fields.get("home"))
        await port.cut_longer(home, identified(fields, "thing"))
        return _back(fields, home, "longer", HOME_PATH)

    async def answer(request: Request) -> Response:
        fields = await read_form(request, secret)
        home, off = home_of(fields.get("home")), yes(fields, "off")
        await port.answer(home, identified(fields, "ask"), cut=off)
        return after(HOME_PATH, home, "cut" if off else "left")

    return [
        Route("/protect/mode", set_mode, methods=["POST"]),
        Route("/protect/cut", cut, methods=["POST"]),
        Route("/protect/longer", longer, methods=["POST"]),
        Route("/protect/answer", answer, methods=["POST"]),
    ]


def _commanding(port: ProtectPort, pages: Pages) -> list[BaseRoute]:
    """What waits, who holds a point, and from where a thing is steered."""
    secret = pages.site.secret

    async def decide(request: Request) -> Response:
        fields = await read_form(request, secret)
        home, do = home_of(fields.get("home")), yes(fields, "do")
        await port.decide(home, identified(fields, "command"), do=do)
        return after(COMMANDS_PATH, home, "do" if do else "no")

    async def take_over(request: Request) -> Response:
        fields = await read_form(request, secret)
        home, point = home_of(fields.get("home")), chosen(fields, "point", POINTS)
        given = protect_words.given(point, fields.get("value", ""))
        await port.take_over(home, identified(fields, "thing"), point, given)
        return _back(fields, home, "taken", COMMANDS_PATH)

    async def give_back(request: Request) -> Response:
        fields = await read_form(request, secret)
        home, point = home_of(fields.get("home")), chosen(fields, "point", POINTS)
        await port.give_back(home, identified(fields, "thing"), point)
        return _back(fields, home, "back", COMMANDS_PATH)

    async def steer(request: Request) -> Response:
        fields = await read_form(request, secret)
        home = home_of(fields.get("home"))
        position = chosen(fields, "position", names_protect.POSITIONS)
        await port.steer(home, identified(fields, "thing"), position)
        return _back(fields, home, "steered", COMMANDS_PATH)

    async def programs(request: Request) -> Response:
        fields = await read_form(request, secret)
        home, join = home_of(fields.get("home")), yes(fields, "join")
        await port.join_programs(home, identified(fields, "thing"), join=join)
        return _back(fields, home, "joins" if join else "stays", COMMANDS_PATH)

    return [
        Route("/protect/decide", decide, methods=["POST"]),
        Route("/protect/take-over", take_over, methods=["POST"]),
        Route("/protect/give-back", give_back, methods=["POST"]),
        Route("/protect/steer", steer, methods=["POST"]),
        Route("/protect/programs", programs, methods=["POST"]),
    ]
