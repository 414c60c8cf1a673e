"""Bridge: moves frames between real buses through the gateway; what it refuses is never sent."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import can
import structlog

from omamori.adapters.can.logs import CanError, frame_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omamori.hub.vehicle.gateway import Gateway

FRAMES_AT_ONCE_MAX = 256
"""Frames moved from one bus before another has its turn: a flood of one does not starve the other."""

SEND_WITHIN_S = 0.01
IDLE_S = 0.001
"""How long to rest when no bus has anything: python-can's buses have no common way to be awaited."""

_log = structlog.get_logger(__name__)


class Bridge:
    """Buses of a car, joined by a gateway.

    Attributes:
        unsent: frames that might pass but that their bus did not take in time.
    """

    def __init__(self, gateway: Gateway, buses: Mapping[str, can.BusABC]) -> None:
        """Join buses; each name is one of the table's."""
        self._gateway = gateway
        self._buses = dict(buses)
        self.unsent = 0

    def move(self, at: float | None = None) -> int:
        """Move what waits, a bounded number from each bus; returns how many frames were looked at.

        Args:
            at: seconds of a steady clock; left out, this machine's. A frame's own time stamp is
                never the gateway's clock: it may come from whoever sends.

        Raises:
            CanError: ``can.bus-lost``; nothing passes from or to that bus.
        """
        moved = 0
        for name, bus in self._buses.items():
            for _ in range(FRAMES_AT_ONCE_MAX):
                try:
                    message = bus.recv(timeout=0.0)
                except can.CanError as error:
                    raise CanError("can.bus-lost", {"bus": name}) from error
                if message is None:
                    break
                moved += 1
                self._pass(name, message, time.monotonic() if at is None else at)
        return moved

    def _pass(self, name: str, message: can.Message, at: float) -> None:
        message.timestamp = at
        for other in self._gateway.judge(frame_of(message, name)).to:
            bus = self._buses.get(other)
            if bus is None:
                continue
            try:
                bus.send(message, timeout=SEND_WITHIN_S)
            except (can.CanError, ValueError):
                self.unsent += 1

    async def run(self) -> None:
        """Move frames until cancelled; a lost bus stops everything, as nothing can be judged half."""
        while True:
            try:
                moved = self.move()
            except CanError as error:
                _log.warning("bus lost", reason=str(error.reason))
                raise
            await asyncio.sleep(0 if moved else IDLE_S)
