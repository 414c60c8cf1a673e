"""Wire: listens to an interface in a thread of its own and hands over what it understood."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import structlog

from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.frames import CaptureError
from omamori.adapters.capture.live import Listener, open_interface
from omamori.adapters.vantage import ASKING, Vantage, home_interface, ports_of, vantage_of
from omamori.documents.reason import Reason
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.hub.flow import Flow

AUTO = "auto"
RETRY_S = 10.0
HAND_OVERS_MAX = 4  # batches on their way to the loop; beyond, the kernel keeps and counts
PORTS_EVERY_S = 2.0
WAIT_S = 0.25
ENDING_S_MAX = 3.0  # for the thread, to hand over what it has counted; then nothing more is taken


class Wire:
    """One interface; `take` is called on the loop's thread.

    Attributes:
        vantage: from where it sees the home; asking while it does not listen.
        trouble: why it does not listen now, or None.
        frames: heard since `since`; `dropped` and `passed_by` as `live.Listener` counts them.
        is_hurried: only what tells most is read now.
    """

    def __init__(
        self,
        interface: str,
        take: Callable[[list[Sighting], list[Flow]], None],
        clock: Callable[[], float],
    ) -> None:
        self._wanted = interface
        self._take = take
        self._clock = clock
        self._stopping = threading.Event()
        self._room = threading.Semaphore(HAND_OVERS_MAX)
        self._ports: dict[str, str] = {}
        self._ports_at = 0.0
        self._is_over = False
        self.vantage = Vantage(ASKING)
        self.trouble: Reason | None = None
        self.frames = self.dropped = self.passed_by = 0
        self.since: float | None = None
        self.is_hurried = False

    async def run(self) -> None:
        """Listen until cancelled; an interface that goes away is waited for."""
        loop = asyncio.get_running_loop()
        self._stopping.clear()
        self._is_over = False
        listening: asyncio.Future[None] | None = None
        try:
            while True:
                try:
                    listening = loop.run_in_executor(None, self._listen, loop)
                    await asyncio.shield(listening)
                except Exception:  # noqa: BLE001 - said in the log and on the page, and tried again
                    self.trouble = Reason("capture.faulty")
                    structlog.get_logger().exception("wire.failed")
                await asyncio.sleep(RETRY_S)
        finally:
            self._stopping.set()
            if listening is not None:  # what was counted until now is still handed over
                await asyncio.wait({listening}, timeout=ENDING_S_MAX)
                self._is_over = True
            self.vantage = Vantage(ASKING)

    def stop(self) -> None:
        """Let the thread end; `run` is cancelled by whoever started it."""
        self._stopping.set()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        name = home_interface() if self._wanted == AUTO else self._wanted
        if not name:
            self.trouble = Reason("capture.no-network")
            return
        try:
            with open_interface(name) as listener:
                self.trouble = None
                self.vantage = vantage_of(name)
                self.since = self.since or self._clock()
                self._read(listener, loop)
                self.trouble = listener.trouble
        except CaptureError as error:
            self.trouble = error.reason
        finally:
            self.vantage = Vantage(ASKING)

    def _read(self, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        said: list[Sighting] = []
        talked: list[Flow] = []
        decoder = Decoder(said.append, talked.extend)
        dropped, passed_by = self.dropped, self.passed_by
        try:
            for batch in listener.batches():
                decoder.hear(batch)
                if not batch:
                    decoder.step(self._clock())
                self.frames += len(batch)
                self.dropped = dropped + listener.dropped
                self.passed_by = passed_by + listener.passed_by
                self.is_hurried = listener.is_pressed
                said += self._ports_moved(listener.name)
                if not self._hand_over(loop, said, talked):
                    return
        finally:
            decoder.finish()
            self._hand_over(loop, said, talked)

    def _hand_over(
        self, loop: asyncio.AbstractEventLoop, said: list[Sighting], talked: list[Flow]
    ) -> bool:
        """Give all to the loop when it has room; False when it is time to stop."""
        while said or talked:
            if self._room.acquire(timeout=WAIT_S):
                loop.call_soon_threadsafe(self._taken, list(said), list(talked))
                said.clear()
                talked.clear()
            elif self._stopping.is_set():
                break
        return not self._stopping.is_set()

    def _taken(self, said: list[Sighting], talked: list[Flow]) -> None:
        self._room.release()
        if not self._is_over:
            self._take(said, talked)

    def _ports_moved(self, interface: str) -> list[Sighting]:
        """Things that are heard through another port of our bridge than before."""
        now = self._clock()
        if 0 <= now - self._ports_at < PORTS_EVERY_S:
            return []
        self._ports_at = now
        self.vantage = vantage_of(interface)  # a cable put into our bridge changes what we see
        before, self._ports = self._ports, ports_of(interface)
        return [
            Sighting(now, mac, "bridge.port", {"port": port})
            for mac, port in self._ports.items()
            if before.get(mac) != port
        ]
