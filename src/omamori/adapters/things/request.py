"""One HTTP request to a thing: nothing redirected, nothing unpacked, bounded in octets and in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from omamori.adapters.things.driver import DriverError

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST_S_MAX = 6.0  # all of one request, however slowly it drips
ANSWER_OCTETS_MAX = 65_536


async def request(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    s_max: float = REQUEST_S_MAX,
) -> tuple[int, bytes]:
    """Status and body; ``url`` must lie at the thing itself, as `upnp.own_address` sees to.

    Raises:
        DriverError: nothing came in time, or too much.
    """
    told, octets = {**(headers or {}), "Accept-Encoding": "identity"}, b""
    try:
        urlsplit(url).port  # noqa: B018 - raises for a port that cannot be; a socket breaks there
    except ValueError:
        raise DriverError("driving.no-answer") from None
    try:
        async with (
            asyncio.timeout(s_max),
            httpx.AsyncClient(
                timeout=s_max,
                follow_redirects=False,
                trust_env=False,
                verify=False,  # noqa: S501 - plain HTTP only
            ) as client,
            client.stream(method, url, content=body, headers=told) as answer,
        ):
            async for chunk in answer.aiter_raw():
                octets += chunk
                if len(octets) > ANSWER_OCTETS_MAX:
                    raise DriverError("driving.nonsense")
            return answer.status_code, octets
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError, TimeoutError):
        raise DriverError("driving.no-answer") from None
