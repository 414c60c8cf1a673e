"""Serving pages and APIs: uvicorn, several in one event loop, stopped by whoever composed them."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from omamori.app.patience import PatientProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from typing import Any


CONNECTIONS_MAX = 512
KEEP_ALIVE_S = 30
STOP_S = 2


def quiet_config(application: object, **more: Any) -> uvicorn.Config:  # noqa: ANN401 - uvicorn's own
    """How every page and API is served: bounded, without telling what serves it."""
    return uvicorn.Config(
        application,  # type: ignore[arg-type]  # Starlette is an ASGI application
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=PatientProtocol,
        ws="none",
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
        **more,
    )


class Server(uvicorn.Server):
    """Uvicorn without its own hold on the signals: the program decides when it ends."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self.answering.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield
