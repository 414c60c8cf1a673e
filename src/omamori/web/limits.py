"""Bounds on what an unknown caller may make a server do: bodies, time and number of requests."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

CALLERS_MAX = 4096


class BodyError(RefusedError):
    """A request's body that is too long, too slow or not what was asked for."""


async def read_body(request: Request, bytes_max: int, seconds_max: float) -> bytes:
    """The whole body, at most `bytes_max` within `seconds_max`.

    Raises:
        BodyError: `request.too-long` or `request.too-slow`.
    """
    chunks: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(seconds_max):
            async for chunk in request.stream():
                length += len(chunk)
                if length > bytes_max:
                    raise BodyError("request.too-long", {"bytes_max": bytes_max})
                chunks.append(chunk)
    except TimeoutError as error:
        raise BodyError("request.too-slow") from error
    return b"".join(chunks)


class Allowance:
    """A token bucket per caller: `per_s` requests a second, `burst` at once; old callers forgotten."""

    def __init__(self, per_s: float, burst: float, monotonic: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._monotonic = monotonic
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> bool:
        """Whether `caller` may do one more now."""
        now = self._monotonic()
        left, at = self._callers.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        self._callers[caller] = (left - 1 if left >= 1 else left, now)
        if len(self._callers) > CALLERS_MAX:
            self._callers.popitem(last=False)
        return left >= 1
