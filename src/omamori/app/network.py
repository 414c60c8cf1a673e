"""Network: what is on this machine's own network now, heard without rights and, with them, passively."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import msgspec
import structlog

from omamori.adapters import rules
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.frames import CaptureError
from omamori.adapters.capture.live import open_interface
from omamori.adapters.discovery.service import Discovery
from omamori.adapters.keys import write_secret
from omamori.documents.reason import Reason
from omamori.hub.inventory import CorrectionRefusedError, Inventory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omamori.app.config import Network as Settings
    from omamori.hub.sighting import Sighting

CORRECTIONS_FILE = "corrections.json"
STEP_S = 30.0
RETRY_S = 10.0
SOURCE_OF = {
    "mdns": "mdns",
    "llmnr": "mdns",
    "ssdp": "ssdp",
    "upnp": "ssdp",
    "echonet": "echonet",
    "neighbour": "neighbour",
    "address": "neighbour",
}
"""First part of a sighting's kind → the source that a page names."""


class Heard(msgspec.Struct):
    """How much one source has told."""

    count: int = 0
    last_at: float | None = None


class Network:
    """The real network: discovery, an optional wire, and the inventory they feed."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        clock: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self.changed = changed
        self.heard: dict[str, Heard] = {}
        self.wire_trouble: Reason | None = None
        self.corrections_lost = ""
        self.notes: list[Reason] = []
        self.listening = False
        self._discovery: Discovery | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        rulebook, self.notes = rules.load(folder / "rules" if (folder / "rules").is_dir() else None)
        self.inventory = Inventory(rulebook)
        self._restore()

    def _restore(self) -> None:
        path = self.folder / CORRECTIONS_FILE
        if not path.exists():
            return
        try:
            self.inventory.restore_corrections(msgspec.json.decode(path.read_bytes()))
        except (CorrectionRefusedError, msgspec.DecodeError) as error:
            # What a person said must not be overwritten because we could not read it.
            aside = path.with_suffix(".unreadable")
            path.rename(aside)
            self.corrections_lost = aside.name
            structlog.get_logger().warning("corrections.unreadable", why=str(error))

    def askers(self) -> list[str]:
        """Which ways of asking are wanted."""
        wanted = {
            "mdns": self.settings.mdns,
            "ssdp": self.settings.ssdp,
            "neighbours": self.settings.neighbours,
            "echonet": self.settings.echonet,
        }
        return [name for name, on in wanted.items() if on]

    async def start(self) -> None:
        """Begin to listen; a source that fails says why and is tried again."""
        if self.listening:
            return
        self.listening = True
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._discovery = Discovery(self.hear, self.clock, self.askers())
        await self._discovery.start()
        self._tasks = [asyncio.create_task(self._steps())]
        if self.settings.interface:
            self._tasks.append(asyncio.create_task(self._wire()))

    async def stop(self) -> None:
        """Stop listening; what is known stays."""
        self.listening = False
        self._stopping.set()
        if self._discovery is not None:
            await self._discovery.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def hear(self, sighting: Sighting, source: str = "") -> None:
        """Take in one fact, on the loop's thread; `source` names who brought it, if known."""
        source = source or SOURCE_OF.get(sighting.kind.partition(".")[0], "neighbour")
        heard = self.heard.setdefault(source, Heard())
        heard.count += 1
        heard.last_at = sighting.at
        self.inventory.hear(sighting)
        self.changed()

    def troubles(self) -> tuple[Reason, ...]:
        """Why something is not heard now."""
        found = self._discovery.troubles if self._discovery else ()
        return (*found, *((self.wire_trouble,) if self.wire_trouble else ()))

    def correct(self, thing_id: str, name: str, kind: str) -> None:
        """Keep what a person says, on the disk before this returns."""
        self.inventory.correct(thing_id, name, kind)
        write_secret(
            self.folder / CORRECTIONS_FILE, msgspec.json.encode(self.inventory.corrections_state())
        )
        self.changed()

    async def _steps(self) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            if self.inventory.step(self.clock()):
                self.changed()

    async def _wire(self) -> None:
        """Listen passively in a thread; an interface that goes away is waited for."""
        while True:
            try:
                await asyncio.to_thread(self._read_wire, self.settings.interface)
            except CaptureError as error:
                self.wire_trouble = error.reason
            except OSError:
                self.wire_trouble = Reason(
                    "capture.interface-gone", {"interface": self.settings.interface}
                )
            await asyncio.sleep(RETRY_S)

    def _read_wire(self, name: str) -> None:
        stopping, loop = self._stopping, self._loop
        with open_interface(name) as listener:
            self.wire_trouble = None

            def tell(sighting: Sighting) -> None:
                if loop is not None:
                    loop.call_soon_threadsafe(self.hear, sighting, "capture")

            decoder = Decoder(tell)
            for batch in listener.batches():
                if stopping.is_set():
                    return
                decoder.hear(batch)
