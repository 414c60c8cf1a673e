"""Guard: what every request passes before a page sees it, and every answer before it leaves."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request

from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from omamori.web.frame import Site
    from omamori.web.login import Door

BODY_BYTES_MAX = 16 * 1024
"""No form of ours is longer than 2 KB."""

FILE_BYTES_MAX = 256 * 1024
"""A maker's rules (RFC 8520); the longest published file known to us has 40 KB."""

UPLOAD_BYTES_MAX = FILE_BYTES_MAX + 8 * 1024
"""A file and the fields beside it."""

FIELDS_MAX = 32
FIELD_CHARACTERS_MAX = 1024
FORM_DEADLINE_S = 10.0
URL_CHARACTERS_MAX = 2048
VISIT_COOKIE = "omamori_visit"
TOKEN_FIELD = "token"  # noqa: S105 - the name of a form field
SAFE_METHODS = frozenset({"GET", "HEAD"})

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Our script parses fragments by XMLHttpRequest, which is no Trusted Types sink: no policy."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class FormError(RefusedError):
    """A form that is too long, malformed, or not from one of our own pages."""


def harden(headers: MutableHeaders) -> None:
    """Add the security headers; what a home shows is never stored by a cache."""
    for name, content in _HEADERS.items():
        headers.setdefault(name, content)
    headers.setdefault("Cache-Control", "no-store")


def form_token(secret: bytes, visit: str) -> str:
    """The token that a form must bring back; bound to the visitor's cookie."""
    return hmac.new(secret, b"form:" + visit.encode(), hashlib.sha256).hexdigest()


async def read_form(request: Request, secret: bytes) -> dict[str, str]:
    """The fields of a posted form; raises FormError for anything but a form of our own.

    Bounded in bytes, fields, characters and time. Of a repeated field the last counts.
    """
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise FormError("web.form-type")
    octets = await _read_body(request)
    try:
        pairs = parse_qsl(
            octets.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=FIELDS_MAX,
            errors="strict",
        )
    except ValueError:
        raise FormError("web.form-malformed") from None
    if any(len(name) + len(text) > FIELD_CHARACTERS_MAX for name, text in pairs):
        raise FormError("web.form-too-long")
    fields = dict(pairs)
    check_token(fields, secret, request.state.visit)
    return fields


def check_token(fields: dict[str, str], secret: bytes, visit: str) -> None:
    """Take the token out of a form's fields; raises FormError when it is not this visitor's."""
    token = fields.pop(TOKEN_FIELD, "")
    expected = form_token(secret, visit).encode()
    if not hmac.compare_digest(token.encode(errors="replace"), expected):
        raise FormError("web.form-token")


def file_too_long() -> FormError:
    """What is said of a file that is too big."""
    return FormError("web.file-too-long", {"most_kb": FILE_BYTES_MAX // 1024})


async def _read_body(request: Request) -> bytes:
    octets = bytearray()
    try:
        async with asyncio.timeout(FORM_DEADLINE_S):
            async for chunk in request.stream():
                octets += chunk
                if len(octets) > BODY_BYTES_MAX:
                    raise FormError("web.form-too-long")
    except (TimeoutError, ClientDisconnect):
        raise FormError("web.form-too-slow") from None
    return bytes(octets)


def host_is_ours(host: str, named: frozenset[str]) -> bool:
    """Whether a Host header names this server.

    An address or `localhost` cannot be re-bound by somebody else's DNS; any other name must be
    one of ours, or a stranger's page could read this home through the visitor's browser.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        urlsplit(f"//{host}").port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        return False
    if "@" in host:
        return False
    if name == "localhost" or name in named:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def from_our_page(request: Request) -> bool:
    """Whether a request that changes something comes from a page of ours, by what browsers say.

    Old browsers say nothing; the token in the form then decides alone.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        try:
            return urlsplit(origin).netloc == request.headers.get("host", "")
        except ValueError:  # an origin such as `http://[abc`
            return False
    return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"


class Guard:
    """ASGI layer: host, size, origin and login on the way in; cookies and headers on the way out."""

    def __init__(
        self,
        app: ASGIApp,
        site: Site,
        refuse: Callable[[Request, int, Reason], Response],
        door: Door | None,
    ) -> None:
        self._app = app
        self._site = site
        self._refuse = refuse
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        visit = request.cookies.get(VISIT_COOKIE, "")
        fresh = not (len(visit) == 32 and visit.isalnum())  # noqa: PLR2004 - 16 bytes in hex
        request.state.version = self._site.version()
        request.state.visit = secrets.token_hex(16) if fresh else visit

        async def harden_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-cache")
                elif fresh:
                    cookie = (
                        f"{VISIT_COOKIE}={request.state.visit}; Path=/; HttpOnly; SameSite=Strict"
                    )
                    headers.append("Set-Cookie", cookie)
                harden(headers)
            await send(message)

        answer = self._answer(request)
        await (answer or self._app)(scope, receive, harden_and_send)

    def _answer(self, request: Request) -> Response | None:
        """A refusal or the way to the door; None lets the request through."""
        if not host_is_ours(request.headers.get("host", ""), self._site.hosts):
            return self._refuse(request, 421, Reason("web.host-not-ours"))
        if len(request.scope["path"]) + len(request.scope["query_string"]) > URL_CHARACTERS_MAX:
            return self._refuse(request, 414, Reason("web.address-too-long"))
        if request.method not in SAFE_METHODS:
            brings = request.scope["path"].endswith(self._site.uploads)
            most = UPLOAD_BYTES_MAX if brings else BODY_BYTES_MAX
            length = request.headers.get("content-length", "0")
            if not length.isascii() or not length.isdigit() or int(length[:12]) > most:
                why = file_too_long().reason if brings else Reason("web.form-too-long")
                return self._refuse(request, 413, why)
            if not from_our_page(request):
                return self._refuse(request, 403, Reason("web.from-elsewhere"))
        return self._door.answer(request) if self._door else None
