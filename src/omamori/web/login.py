"""Login: on a LAN every page asks for a password from the first start; this machine needs none.

The first password is set with a one-time code that only the terminal shows, so who starts the
home owns it, and a quick neighbour on the LAN does not.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from omamori.documents.reason import Reason, RefusedError
from omamori.web.guard import SAFE_METHODS, read_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from omamori.web.frame import Pages
    from omamori.web.ports import SecretPort

SESSION_COOKIE = "omamori_session"
SESSION_S = 30 * 86400.0
SESSIONS_MAX = 64
PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 200
"""Argon2's time grows with length; and no one types more."""

TRIES_MAX = 5
TRIES_WINDOW_S = 300.0
TRIERS_MAX = 256
ALL_TRIES_MAX = 30
"""Over all addresses together, because an IPv6 neighbour has as many as it likes."""

OPEN_PATHS = ("/login", "/healthz", "/help")
"""Help shows nothing of the home, and who needs it may not have the password."""

MACHINE_TYPES = ("text/event-stream", "application/json")
"""Who accepts only this is no page, and a login form would confuse it."""

_EVERYONE = "*"


class LoginError(RefusedError):
    """A wrong password or code, or too many tries."""


def is_this_machine(request: Request) -> bool:
    """Whether the visitor sits at this machine (a loopback peer; no header is believed)."""
    if request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def safe_path(asked: str) -> str:
    """A path of our own to return to; anything else becomes the first page."""
    plain = asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable()
    return asked if plain and "\\" not in asked else "/"


class Door:
    """Passwords, sessions and the count of tries. Sessions live in memory: a restart ends them."""

    def __init__(self, secret_port: SecretPort, clock: Callable[[], float]) -> None:
        self._secrets = secret_port
        self._clock = clock
        self._hasher = PasswordHasher()
        self._one_at_a_time = asyncio.Semaphore(1)  # each try of argon2 takes 64 MiB
        self._sessions: dict[bytes, float] = {}
        self._tries: dict[str, list[float]] = {}
        self.used_from: Callable[[str], None] | None = None
        """Hears from where somebody who is signed in used the pages."""
        self._code = "" if secret_port.password_hash() else f"{secrets.randbelow(10**8):08}"

    @property
    def code(self) -> str:
        """The one-time code for the terminal; empty once a password is set."""
        return self._code

    def answer(self, request: Request) -> Response | None:
        """None for who may pass; otherwise the way to the login page."""
        request.state.logged_in = self._has_session(request)
        if request.state.logged_in and request.client is not None and self.used_from is not None:
            self.used_from(request.client.host)
        path: str = request.scope["path"]
        if request.state.logged_in or is_this_machine(request):
            return None
        if path in OPEN_PATHS or path.startswith("/static/"):
            return None
        if request.method not in SAFE_METHODS:
            return RedirectResponse("/login", 303)
        if request.headers.get("accept", "") in MACHINE_TYPES:
            return Response(status_code=401)
        return RedirectResponse(f"/login?next={quote(path)}", 303)

    def _has_session(self, request: Request) -> bool:
        token = request.cookies.get(SESSION_COOKIE, "")
        until = self._sessions.get(_digest(token))
        return bool(token) and until is not None and self._clock() < until

    def begin(self) -> str:
        """A new session's token; the oldest session ends when there are too many."""
        now = self._clock()
        self._sessions = {key: until for key, until in self._sessions.items() if now < until}
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[min(self._sessions, key=lambda key: self._sessions[key])]
        token = secrets.token_urlsafe(32)
        self._sessions[_digest(token)] = now + SESSION_S
        return token

    def end(self, token: str) -> None:
        """Forget a session."""
        self._sessions.pop(_digest(token), None)

    def count_try(self, who: str) -> None:
        """Count a try by `who`; raises LoginError when there were too many lately."""
        now = self._clock()
        for key, most in ((who, TRIES_MAX), (_EVERYONE, ALL_TRIES_MAX)):
            recent = [at for at in self._tries.get(key, []) if now - at < TRIES_WINDOW_S]
            if len(recent) >= most:
                wait_s = TRIES_WINDOW_S - (now - recent[0])
                raise LoginError("web.too-many-tries", {"wait_s": round(wait_s, 1)})
            self._tries[key] = [*recent, now]
        if len(self._tries) > TRIERS_MAX:
            everyone = self._tries[_EVERYONE]
            self._tries = {_EVERYONE: everyone, who: self._tries[who]}

    async def check(self, who: str, password: str) -> None:
        """Raise LoginError unless `password` is right."""
        self.count_try(who)
        digest = self._secrets.password_hash()
        if not digest:
            raise LoginError("web.no-password-yet")
        async with self._one_at_a_time:
            right = await asyncio.to_thread(self._verify, digest, password)
        if not right:
            raise LoginError("web.password-wrong")
        self._tries.pop(who, None)

    def _verify(self, digest: str, password: str) -> bool:
        try:
            return self._hasher.verify(digest, password[:PASSWORD_CHARACTERS_MAX])
        except (VerificationError, InvalidHashError):
            return False

    async def set_first(self, who: str, code: str, password: str, again: str) -> None:
        """Set the first password; raises LoginError when the code or the password will not do."""
        self.count_try(who)
        if not self._code or not hmac.compare_digest(code.strip().encode(), self._code.encode()):
            raise LoginError("web.code-wrong")
        if password != again:
            raise LoginError("web.passwords-differ")
        if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
            raise LoginError("web.password-length", {"least": PASSWORD_CHARACTERS_MIN})
        async with self._one_at_a_time:
            digest = await asyncio.to_thread(self._hasher.hash, password)
        if not self._code:
            raise LoginError("web.code-wrong")
        self._code = ""
        self._secrets.keep_password_hash(digest)

    def routes(self, pages: Pages) -> list[BaseRoute]:
        """The login page and its forms."""

        def show(request: Request, status: int, why: Reason | None) -> Response:
            return pages.render(
                request,
                "login.html",
                status=status,
                first=bool(self._code),
                why=why,
                least=PASSWORD_CHARACTERS_MIN,
                next_path=safe_path(request.query_params.get("next", "/")),
            )

        async def login(request: Request) -> Response:
            if request.method in SAFE_METHODS:
                return show(request, 200, None)
            fields = await read_form(request, pages.site.secret)
            who = request.client.host if request.client else ""
            password = fields.get("password", "")
            try:
                if self._code:
                    code, again = fields.get("code", ""), fields.get("again", "")
                    await self.set_first(who, code, password, again)
                else:
                    await self.check(who, password)
            except LoginError as error:
                return show(request, 403, error.reason)
            answer = RedirectResponse(safe_path(fields.get("next", "/")), 303)
            answer.set_cookie(
                SESSION_COOKIE, self.begin(), int(SESSION_S), httponly=True, samesite="strict"
            )
            return answer

        async def logout(request: Request) -> Response:
            await read_form(request, pages.site.secret)
            self.end(request.cookies.get(SESSION_COOKIE, ""))
            answer = RedirectResponse("/login", 303)
            answer.delete_cookie(SESSION_COOKIE)
            return answer

        return [
            Route("/login", login, methods=["GET", "POST"], name="login"),
            Route("/logout", logout, methods=["POST"]),
        ]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
