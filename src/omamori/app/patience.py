"""Patience: how long, how much and how often one caller may keep a server's connections busy.

Uvicorn bounds neither the time nor the size of a request's head, nor how many connections one caller
holds; a stranger could hold them all with a few slow lines. Bodies are bounded by the pages and APIs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

HEAD_S_MAX = 10.0
HEAD_BYTES_MAX = 64 * 1024
CALLER_CONNECTIONS_MAX = 64


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with an end to waiting: for `http=` of `uvicorn.Config`."""

    _impatience: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for a request's head, unless this caller holds too many connections already."""
        super().connection_made(transport)
        self._wait()
        caller = self.client[0] if self.client else ""
        held = sum(1 for one in self.connections if _caller(one) == caller)
        if held > CALLER_CONNECTIONS_MAX:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head of a request does not end."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self.transport.abort()

    def on_message_begin(self) -> None:
        """A head begins; on a kept connection the clock starts with its first octet."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._wait()

    def on_headers_complete(self) -> None:
        """The head is whole: from here on the page or API sets the bounds."""
        self._in_head = False
        self._wait_no_more()
        super().on_headers_complete()

    def _wait(self) -> None:
        if self._impatience is None:
            self._impatience = self.loop.call_later(HEAD_S_MAX, self._give_up)

    def _wait_no_more(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None

    def _give_up(self) -> None:
        self._impatience = None
        if not self.transport.is_closing():
            self.transport.abort()


def _caller(connection: object) -> str:
    client = getattr(connection, "client", None)
    return str(client[0]) if client else ""
