"""Runs the askers side by side: each can be off, fails alone, and is started again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from omamori.adapters.discovery.echonet import EchonetAsker
from omamori.adapters.discovery.mdns import MdnsAsker
from omamori.adapters.discovery.neighbours import NeighboursAsker
from omamori.adapters.discovery.ssdp import SsdpAsker
from omamori.adapters.discovery.voice import Asker, Voice
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.adapters.echonet_port import EchonetPort
    from omamori.hub.sighting import Sighting

ASKERS = ("mdns", "ssdp", "neighbours", "echonet")
RETRY_S_MIN, RETRY_S_MAX = 5.0, 300.0
_MAKE: dict[str, Callable[[Voice], Asker]] = {
    "mdns": MdnsAsker,
    "ssdp": SsdpAsker,
    "neighbours": NeighboursAsker,
}

_log = structlog.get_logger(__name__)


class Discovery:
    """Finds things on this machine's own networks.

    Args:
        hear: takes every sighting, on the loop's thread.
        clock: seconds since the epoch.
        on: names of ``ASKERS`` that may ask; all by default.
        askers: other askers, for tests.
        echonet_port: the port that this program speaks ECHONET Lite over, if others do so too.
    """

    def __init__(
        self,
        hear: Callable[[Sighting], None],
        clock: Callable[[], float],
        on: Iterable[str] = ASKERS,
        askers: Iterable[Asker] | None = None,
        echonet_port: EchonetPort | None = None,
    ) -> None:
        self.voice = Voice(hear, clock)
        if askers is None:
            askers = [
                EchonetAsker(self.voice, port=echonet_port)
                if name == EchonetAsker.name
                else _MAKE[name](self.voice)
                for name in on
            ]
        self._askers = list(askers)
        self._tasks: list[asyncio.Task[None]] = []
        self._troubles: dict[str, Reason] = {}

    @property
    def troubles(self) -> tuple[Reason, ...]:
        """Why an asker does not ask at present; it is tried again by itself."""
        return tuple(self._troubles.values())

    async def start(self) -> None:
        """Start every asker; returns at once, and never raises for the network's sake."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._keep(asker), name=f"discovery {asker.name}")
                for asker in self._askers
            ]

    async def stop(self) -> None:
        """Stop every asker and wait until its sockets are closed."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _keep(self, asker: Asker) -> None:
        wait_s = RETRY_S_MIN

        def is_well() -> None:
            nonlocal wait_s
            wait_s = RETRY_S_MIN
            self._troubles.pop(asker.name, None)

        while True:
            try:
                await asker.run(is_well)
            except OSError as failed:
                self._trouble(asker.name, "discovery.no-network", failed)
            except Exception as failed:  # noqa: BLE001 -- one asker's fault must not silence the rest
                self._trouble(asker.name, "discovery.broke", failed)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_S_MAX)

    def _trouble(self, name: str, key: str, failed: Exception) -> None:
        self._troubles[name] = Reason(key, {"asker": name})
        _log.warning("asker stopped; it will be tried again", asker=name, why=repr(failed)[:200])
