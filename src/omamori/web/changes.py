"""Long poll: who waits for a change is told the moment it happens, and the waiters are bounded."""

from __future__ import annotations

import asyncio

from omamori.documents.reason import RefusedError

WAITERS_MAX = 256
WAIT_S_MAX = 25.0


class BusyError(RefusedError):
    """Too many wait already."""


class Changes:
    """The change sequence of one authority; calling it with a new number wakes every waiter."""

    def __init__(self, seq: int = 0, waiters_max: int = WAITERS_MAX) -> None:
        self.seq = seq
        self.waiters = 0
        self._waiters_max = waiters_max
        self._moved = asyncio.Event()
        self._closed = False

    def __call__(self, seq: int) -> None:
        """The change sequence is now `seq`."""
        self.seq = seq
        # Who waits holds the old event; who comes later finds a new one.
        self._moved.set()
        self._moved = asyncio.Event()

    def close(self) -> None:
        """Let every waiter go, now and from now on: the server stops."""
        self._closed = True
        self(self.seq)

    async def after(self, seq: int, wait_s: float) -> int:
        """The change sequence as soon as it is greater than `seq`, or after `wait_s` seconds.

        Raises:
            BusyError: `request.busy` when too many wait already.
        """
        if self.seq > seq or self._closed:
            return self.seq
        if self.waiters >= self._waiters_max:
            raise BusyError("request.busy", {"waiters_max": self._waiters_max})
        self.waiters += 1
        try:
            async with asyncio.timeout(min(wait_s, WAIT_S_MAX)):
                while self.seq <= seq and not self._closed:
                    await self._moved.wait()
        except TimeoutError:
            pass
        finally:
            self.waiters -= 1
        return self.seq
