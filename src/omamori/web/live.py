"""Live: one stream of server-sent events that says only *what changed*; pages fetch the rest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LISTENERS_MAX = 256
"""Open streams at once; a home has a handful, and each holds a connection."""

TOPICS_MAX = 16
HEARTBEAT_S = 15.0
"""Below the idle time-out of common proxies (60 s), so that a dead stream is noticed."""

CALM_S = 0.25
"""Changes within this time are told together, so that no page flickers."""

RETRY_MS = 3000


class _Listener:
    """One open stream: the topics not yet told, a set and therefore bounded."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.woken = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def wake(self, topic: str) -> None:
        if len(self.topics) < TOPICS_MAX:
            self.topics.add(topic)
        self.woken.set()


class Live:
    """Tells every open page what changed. `changed` may be called from any thread."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._closed = False
        self.version = 0
        """Grows with every change: a page made at one version hears at once if it is behind."""

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    def changed(self, topic: str) -> None:
        """Tell that `topic` (``home``, ``sample``, ``happened``) changed."""
        self.version += 1
        for listener in tuple(self._listeners):
            if not listener.loop.is_closed():
                listener.loop.call_soon_threadsafe(listener.wake, topic)

    def close(self) -> None:
        """End every stream, so that the server can stop; later ones end at once."""
        self._closed = True
        self.changed("closing")

    def respond(self) -> Response:
        """A stream for one page, or 503 when there are too many."""
        if self._closed or len(self._listeners) >= LISTENERS_MAX:
            return PlainTextResponse("busy", 503, {"Retry-After": "30"})
        return StreamingResponse(
            self._events(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def _events(self) -> AsyncIterator[str]:
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield f"retry: {RETRY_MS}\nevent: version\ndata: {self.version}\n\n"
            while not self._closed:
                try:
                    await asyncio.wait_for(listener.woken.wait(), HEARTBEAT_S)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                await asyncio.sleep(CALM_S)
                told = " ".join(sorted(listener.topics))
                listener.topics.clear()
                listener.woken.clear()
                yield f"event: changed\ndata: {told}\n\n"
        finally:
            self._listeners.discard(listener)
