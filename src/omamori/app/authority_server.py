"""Serving authorities: each on its own port, several in one event loop.

create_authority(folder, "energy", "energy.example", now)
running = await serve_authority(AuthoritySettings(data=folder))
running.url, running.root, running.service, running.client()
await running.stop()
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from omamori.adapters.authority_client import AuthorityClient
from omamori.adapters.authority_folder import AuthorityFolder, Serving
from omamori.app.authority_follow import follow_known
from omamori.app.server import Server, quiet_config
from omamori.authority.industry import Plan
from omamori.authority.service import AuthorityService, open_service
from omamori.web.authority import Limits, authority_application
from omamori.web.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.authority.records import Identity

STEP_S = 30.0
START_S_MAX = 10.0


class AuthoritySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one authority is served.

    Attributes:
        data: its folder, see `omamori.adapters.authority_folder`.
        bind: address; port: 0 for any free one.
        passphrase_file: of its keys, or None for the one in the folder.
        name: the name or address that its URL carries, one of its server certificate's.
        limits: how much one caller may ask.
    """

    data: Path
    bind: str = "127.0.0.1"
    port: int = 0
    passphrase_file: Path | None = None
    name: str = ""
    limits: Limits = Limits()


def create_authority(
    data: Path,
    industry: str,
    host: str,
    now: float,
    *,
    passphrase_file: Path | None = None,
    arc: str = "",
    statement_s: int = 0,
    server_names: tuple[str, ...] = (),
    contact: str = "",
) -> Identity:
    """Create an industry in the folder `data`; arguments as in `omamori.authority.industry.Plan`."""
    plan = Plan(
        industry=industry,
        host=host,
        arc=arc,
        statement_s=statement_s,
        server_names=server_names,
        contact=contact,
    )
    return AuthorityFolder(data, passphrase_file).create(plan, now)


class RunningAuthority:
    """One authority that answers; `stop` ends it gracefully."""

    def __init__(
        self, url: str, service: AuthorityService, token: bytes, closing: Callable[[], None]
    ) -> None:
        self.url = url
        self.service = service
        self.root = service.identity.root
        self._token = token
        self._closing = closing
        self._tasks: list[asyncio.Task[None]] = []
        self._server: Server | None = None
        self._changes: Changes | None = None

    def client(self) -> AuthorityClient:
        """A new operator's client for this authority; the caller closes it."""
        return AuthorityClient(self.url, self.root, self._token)

    def started(self, server: Server, changes: Changes, tasks: list[asyncio.Task[None]]) -> None:
        """Note what `stop` has to end."""
        self._server, self._changes, self._tasks = server, changes, tasks

    async def wait(self) -> None:
        """Until it ends, by itself or by `stop`."""
        if self._tasks:
            await asyncio.wait(self._tasks[:1])

    async def stop(self) -> None:
        """Answer what is asked, let the waiters go, close the store."""
        if self._changes:
            self._changes.close()
        if self._server:
            self._server.should_exit = True
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._closing()
        self._closing = _nothing


def _nothing() -> None:
    """What is closed stays closed."""


async def serve_authority(
    settings: AuthoritySettings,
    clock: Callable[[], float] = time.time,
    *,
    follow: bool = True,
) -> RunningAuthority:
    """Open an authority and answer, in the running event loop.

    Args:
        settings: which folder, which port.
        clock: seconds since the epoch.
        follow: whether it fetches the bundles of the authorities that it knows by address.

    Raises:
        FolderError, KeysError, StoreError: when the folder cannot be opened.
        OSError: when the port is taken.
    """
    folder = AuthorityFolder(settings.data, settings.passphrase_file)
    changes = Changes()
    with ExitStack() as stack:
        stack.enter_context(folder.claimed())
        store = folder.store()
        stack.callback(store.close)
        service = open_service(store, folder.keys(), secrets.token_bytes, changes, clock())
        folder.write_certificates(service.identity)
        token = folder.token()
        listening = socket.create_server((settings.bind, settings.port))
        stack.callback(listening.close)
        # asyncio sets this only on sockets that it made itself; without, each answer waits 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        application = authority_application(
            service, changes, token, clock, time.monotonic, settings.limits
        )
        server = _server(application, folder)
        url = f"https://{settings.name or _bracketed(settings.bind)}:{listening.getsockname()[1]}"
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(START_S_MAX):
            await server.answering.wait()
        folder.write_serving(Serving(url, service.identity.root))
        stack.callback(folder.stopped)
        running = RunningAuthority(url, service, token, stack.pop_all().close)
    tasks = [serving, asyncio.create_task(_steps(service, folder, server, clock))]
    if follow:
        tasks.append(asyncio.create_task(follow_known(service, clock)))
    running.started(server, changes, tasks)
    return running


def _bracketed(bind: str) -> str:
    if bind in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "localhost"
    return f"[{bind}]" if ":" in bind else bind


def _server(application: object, folder: AuthorityFolder) -> Server:
    config = quiet_config(
        application,
        ssl_certfile=str(folder.server_certificate),
        ssl_keyfile=str(folder.server_key),
        ssl_keyfile_password=folder.secret().decode("utf-8", "surrogateescape"),
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    return Server(config)


async def _steps(
    service: AuthorityService,
    folder: AuthorityFolder,
    server: Server,
    clock: Callable[[], float],
) -> None:
    """Renew what is due, for ever; a step that fails is told and tried again."""
    log = structlog.get_logger().bind(industry=service.identity.ladder.industry)
    while True:
        await asyncio.sleep(STEP_S)
        try:
            before = service.identity.server
            service.step(clock())
            if service.identity.server != before and server.config.ssl is not None:
                folder.write_certificates(service.identity)
                server.config.ssl.load_cert_chain(
                    folder.server_certificate, folder.server_key, folder.secret()
                )
        except Exception:
            log.exception("authority.step-failed")
