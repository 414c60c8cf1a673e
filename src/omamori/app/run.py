"""Composition: one process that is a hub with its pages and, beside it, the sample home."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from omamori.adapters.entries import EntriesError, LostEntries, SqliteEntries, open_entries
from omamori.adapters.keys import private_folder, read_secret, write_secret
from omamori.app.broker import broker_of
from omamori.app.guarding import Guarding
from omamori.app.home import Home
from omamori.app.network import Network
from omamori.app.practice import Practice
from omamori.app.sample import serve_sample_authority
from omamori.app.server import Server, quiet_config
from omamori.app.vouching import Silent, Voucher, open_voucher
from omamori.documents.reason import Reason, RefusedError
from omamori.ledger.entry import Entry
from omamori.simulation.sample_home import SampleHome
from omamori.simulation.world import World
from omamori.trust.standing import Caps
from omamori.web.hub import hub_app, hub_site
from omamori.web.live import Live
from omamori.web.login import Door

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omamori.app.config import Config
    from omamori.app.protects import Protects
    from omamori.hub.alerting.alert import Alert

PORTS_TRIED = 10
CALM_S = 0.2
"""Changes of the network within this time are told to pages together."""

SECRET_BYTES = 32


class PasswordFile:
    """Keeps the password's hash in a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def password_hash(self) -> str:
        """The hash, or "" before the first password."""
        return read_secret(self.path).decode() if self.path.exists() else ""

    def keep_password_hash(self, digest: str) -> None:
        """Keep it, on the disk when this returns."""
        write_secret(self.path, digest.encode())


def _forgotten(_entries: list[Entry]) -> None:
    """What happens in the practice home is forgotten with the visit."""


def _open_entries(path: Path) -> tuple[SqliteEntries | LostEntries, str]:
    """The record; a hub that cannot open it, on a full disk say, protects the home without."""
    try:
        return open_entries(path, time.time())
    except EntriesError as error:
        structlog.get_logger().error("record.not-opened", reason=str(error))
        return LostEntries(error), ""


def _secret(path: Path) -> bytes:
    if not path.exists() or len(read_secret(path)) != SECRET_BYTES:
        write_secret(path, secrets.token_bytes(SECRET_BYTES))
    return read_secret(path)


def _listen(host: str, port: int, *, exact: bool) -> socket.socket:
    """A listening socket at `port`, or one a little above it when it is taken and not insisted on.

    Raises:
        OSError: when none is free.
    """
    wanted = [port] if exact else [*range(port, port + (PORTS_TRIED if port else 1)), 0]
    for tried in wanted[:-1]:
        try:
            return _quick(socket.create_server((host, tried), family=_family(host)))
        except OSError:
            continue
    return _quick(socket.create_server((host, wanted[-1]), family=_family(host)))


def _quick(listening: socket.socket) -> socket.socket:
    """Without this, answers over a socket that asyncio did not make itself wait 40 ms."""
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _own_address() -> str:
    """This machine's address towards its network, or ""; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737); only a route is looked up
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
    return "" if address.startswith("127.") else address


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Program:
    """Everything that `omamori run` holds open; `run` returns when it is told to stop."""

    def __init__(self, folder: Path, config: Config, *, exact_port: bool = False) -> None:
        self.folder = private_folder(folder)
        self.config = config
        self.live = Live()
        self.entries, aside = _open_entries(folder / "ledger.sqlite3")
        if aside:
            said = Reason("happened.ledger-set-aside", {"file": aside})
            self._remember([Entry(time.time(), "start", (), (said,))])
        self.on_lan = config.web.host not in ("127.0.0.1", "::1", "localhost")
        self.listening = _listen(config.web.host, config.web.port, exact=exact_port)
        host = f"[{config.web.host}]" if ":" in config.web.host else config.web.host
        shown = (_own_address() or socket.gethostname()) if self.on_lan else host
        self.address = f"http://{shown}:{self.listening.getsockname()[1]}"
        self.sample: SampleHome | None = None
        self.practice: Practice | None = None
        self.home: Home | None = None
        self.door: Door | None = None
        self.guarding: Guarding | None = None
        self.stopping = asyncio.Event()
        self._pending: asyncio.TimerHandle | None = None

    def caps(self) -> Caps:
        """The configured caps."""
        trust = self.config.trust
        return Caps(trust.vouched_cap, trust.aged_cap, trust.unstated_cap)

    async def run(self, started: Callable[[Program], None]) -> None:
        """Bring everything up, tell `started`, serve until stopped, then end it in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopping.set)
        network = Network(
            self.folder, self.config.network, time.time, self._network_changed, self._alerted
        )
        voucher = self._voucher()
        self.guarding = Guarding(self.folder, self.config, network, voucher, self.entries)
        if self.config.sample.on:
            self.sample = self._sample_home()
            self.practice = Practice(
                self.config.sample.seed, time.time, self._practice_changed, voucher, _forgotten
            )
        self.home = home = Home(
            network,
            voucher,
            self.sample,
            self.practice,
            self.entries,
            self.folder,
            self.address,
            version("omamori"),
            time.time,
            on_lan=self.on_lan,
        )
        protects = home.protect(self.guarding.protection, self.guarding.hands, self.live.changed)
        server = self._server(home, protects)
        serving = asyncio.create_task(server.serve(sockets=[self.listening]))
        self._remember([Entry(time.time(), "start", (), (Reason("happened.started"),))])
        if network.corrections_lost:
            lost = Reason("happened.corrections-lost", {"file": network.corrections_lost})
            self._remember([Entry(time.time(), "start", (), (lost,))])
        await network.start()
        await self.guarding.open()
        if network.shelf_lost:
            lost = Reason("happened.watch-lost", {"file": network.shelf_lost})
            self._remember([Entry(time.time(), "start", (), (lost,))])
        opening = asyncio.create_task(self._open_sample())
        practising = asyncio.gather(self._practise(), self._tell_broker(home))
        await server.answering.wait()
        started(self)
        stopped = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        practising.cancel()
        await asyncio.gather(practising, return_exceptions=True)
        await self._end(server, serving, opening, network)

    def _remember(self, entries: list[Entry]) -> None:
        """Write lines into the record; a full disk neither keeps the hub from starting nor stops it."""
        try:
            self.entries.append(entries)
        except RefusedError as error:
            structlog.get_logger().error("record.not-written", reason=str(error))

    async def _end(
        self,
        server: Server,
        serving: asyncio.Task[None],
        opening: asyncio.Task[None],
        network: Network,
    ) -> None:
        self.live.close()
        server.should_exit = True
        opening.cancel()
        await asyncio.gather(serving, opening, return_exceptions=True)
        if self.guarding is not None:
            await self.guarding.close()
        await network.stop()
        network.close()
        if self.sample is not None:
            await self.sample.close()
        self._remember([Entry(time.time(), "start", (), (Reason("happened.stopped"),))])
        self.entries.close()

    def _voucher(self) -> Voucher | Silent:
        """The hub's word; a home whose papers are damaged goes on watching without it."""
        try:
            return open_voucher(self.folder / "home", self.caps(), time.time)
        except RefusedError as error:
            structlog.get_logger().error("home.without-word", reason=str(error.reason))
            lost = Reason("happened.word-lost", {"folder": str(self.folder / "home")})
            self._remember([Entry(time.time(), "start", (), (lost, error.reason))])
            return Silent(lost)

    def _alerted(self, alerts: list[Alert], ended: list[Alert]) -> None:
        if self.home is not None:
            try:
                self.home.alerted(alerts, ended)
            except RefusedError as error:  # what was noticed is on the page all the same
                structlog.get_logger().error("record.not-written", reason=str(error))
        self.live.changed("home")
        self.live.changed("happened")

    async def _tell_broker(self, home: Home) -> None:
        """A home that has a broker tells it, and takes wishes from it, until cancelled."""
        if home.guarded is None:
            return
        try:
            broker = broker_of(
                self.config.broker, self.folder, home.guarded.views, time.time, version("omamori")
            )
        except (RefusedError, OSError) as error:
            structlog.get_logger().error("broker.not-begun", why=str(error))
            return
        if broker is not None:
            await broker.run()

    async def _practise(self) -> None:
        """The practice home never troubles the real one, whatever happens in it."""
        if self.practice is None:
            return
        try:
            await self.practice.run()
        except Exception:  # noqa: BLE001 - said in the log; the real home goes on
            structlog.get_logger().exception("practice.ended")

    def _network_changed(self) -> None:
        if self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(CALM_S, self._tell_network)

    def _tell_network(self) -> None:
        self._pending = None
        self.live.changed("home")

    def _practice_changed(self) -> None:
        self.live.changed("sample")

    def _sample_changed(self) -> None:
        for topic in ("sample", "home", "happened"):
            self.live.changed(topic)

    def _sample_home(self) -> SampleHome:
        return SampleHome(
            self.folder / "sample",
            World(self.config.sample.seed, time.time()),
            serve_sample_authority,
            self.entries,
            self.caps(),
            time.time,
            self._sample_changed,
        )

    async def _open_sample(self) -> None:
        if self.sample is None:
            return
        try:
            await self.sample.open()
        except RefusedError as error:
            structlog.get_logger().error("sample.did-not-open", reason=str(error))
        except Exception:  # noqa: BLE001 - the real home goes on without the sample
            structlog.get_logger().exception("sample.did-not-open")

    def _server(self, home: Home, protects: Protects) -> Server:
        registry = CollectorRegistry()
        gauges = {
            "omamori_things": Gauge("omamori_things", "Things on this network", registry=registry),
            "omamori_links": Gauge("omamori_links", "Links of the sample home", registry=registry),
            "omamori_entries": Gauge("omamori_entries", "Entries in the ledger", registry=registry),
        }

        def metrics() -> bytes:
            gauges["omamori_things"].set(len(home.network.inventory.things()))
            gauges["omamori_links"].set(len(self.sample.links.all()) if self.sample else 0)
            gauges["omamori_entries"].set(self.entries.count())
            return generate_latest(registry)

        names = frozenset({socket.gethostname().lower()}) if self.on_lan else frozenset()
        site = hub_site(_secret(self.folder / "web.secret"), names, metrics)
        if self.on_lan:
            self.door = Door(PasswordFile(self.folder / "password"), time.time)
            if self.guarding is not None:
                self.door.used_from = self.guarding.protection.shield.used_from
        return Server(quiet_config(hub_app(home, site, self.live, self.door, protects)))
