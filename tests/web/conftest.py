"""A home's pages in memory, asked as from this machine or from the LAN."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from omamori.web.hub import hub_app, hub_site
from omamori.web.live import Live
from web.home_fixture import FixtureHome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.applications import Starlette

SECRET = b"a secret of thirty-two bytes.. .."


class Visitor:
    """Asks an application as a browser does; keeps cookies; runs each question to its end."""

    def __init__(self, app: Starlette, address: str = "127.0.0.1") -> None:
        self._app = app
        self._address = address
        self.cookies = httpx.Cookies()

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(
                self._app, raise_app_exceptions=False, client=(self._address, 5)
            )
            base = "http://127.0.0.1:8119"
            async with httpx.AsyncClient(
                transport=transport, base_url=base, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **more)  # type: ignore[arg-type]
                self.cookies = client.cookies
                return answer

        return asyncio.run(once())

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {key.replace("_", "-"): text for key, text in headers.items()}
        return self.ask("GET", path, headers=named)

    def token(self, path: str = "/settings") -> str:
        page = self.get(path).text
        return page.split('name="token" value="')[1].split('"')[0]

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        named = {key.replace("_", "-"): text for key, text in headers.items()}
        return self.ask("POST", path, data=fields, headers=named)


@pytest.fixture
def home() -> FixtureHome:
    return FixtureHome()


@pytest.fixture
def visitor(home: FixtureHome) -> Visitor:
    return Visitor(
        hub_app(home, hub_site(SECRET, metrics=lambda: b"omamori_up 1\n"), Live(), protects=home)
    )


@pytest.fixture
def run() -> Callable[[Awaitable[object]], object]:
    def until_done(what: Awaitable[object]) -> object:
        async def wait() -> object:
            return await what

        return asyncio.run(wait())

    return until_done
