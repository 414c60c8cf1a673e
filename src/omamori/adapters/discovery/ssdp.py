"""Asks by SSDP (UPnP Device Architecture 1.1 §1), hears announcements, reads descriptions."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from omamori.adapters.discovery import sockets, upnp
from omamori.adapters.protocols.http import ssdp_facts

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from omamori.adapters.discovery.voice import Voice

GROUP, PORT = "239.255.255.250", 1900
ASK_AGAIN_S = 120.0
WAIT_S_MAX = 3  # MX: answers are spread over so many seconds, §1.3.2
DATAGRAM_OCTETS_MAX = 4096
FETCHES_AT_ONCE = 2
FETCHES_WAITING_MAX = 64
FETCH_AGAIN_S = 3600.0
LOCATIONS_MAX = 512


class SsdpAsker:
    """Asks for all root devices now and then, and listens in between."""

    name = "ssdp"

    def __init__(self, voice: Voice, on: list[sockets.Interface] | None = None) -> None:
        self._voice = voice
        self._on = on
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(FETCHES_WAITING_MAX)
        self._fetched: dict[tuple[str, str], float] = {}

    async def run(self, is_well: Callable[[], None]) -> None:
        """Ask and listen until cancelled.

        Raises:
            OSError: when no interface lets us ask.
        """
        on = sockets.interfaces() if self._on is None else self._on
        if not on:
            raise OSError("no network interface")
        asking = [sockets.asker(interface.ip) for interface in on]
        listening = list(asking)
        try:
            with suppress(
                OSError
            ):  # a port that another program does not share: answers still come
                listening.append(sockets.listener(PORT, GROUP, on))
            is_well()
            async with asyncio.TaskGroup() as group:
                if self._on is None:
                    group.create_task(sockets.watch(on))
                group.create_task(self._ask(asking))
                own = {interface.ip for interface in on}
                for sock in listening:
                    group.create_task(self._listen(sock, own))
                for _ in range(FETCHES_AT_ONCE):
                    group.create_task(self._fetch())
        except* sockets.NetworkChangedError:
            pass
        except* OSError as failed:
            raise OSError(str(failed.exceptions[0])) from None
        finally:
            for sock in listening:
                sock.close()

    async def _ask(self, asking: list[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        question = (
            f"M-SEARCH * HTTP/1.1\r\nHOST: {GROUP}:{PORT}\r\n"
            f'MAN: "ssdp:discover"\r\nMX: {WAIT_S_MAX}\r\nST: ssdp:all\r\n\r\n'
        ).encode()
        while True:
            asked = 0
            for sock in asking:
                with suppress(OSError):  # one interface that went away
                    asked += await loop.sock_sendto(sock, question, (GROUP, PORT)) > 0
            if not asked:
                raise OSError("no interface lets us ask")
            await asyncio.sleep(ASK_AGAIN_S)

    async def _listen(self, sock: socket.socket, own: set[str]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            payload, (ip, *_) = await loop.sock_recvfrom(sock, DATAGRAM_OCTETS_MAX)
            for kind, fields in ssdp_facts(payload):
                if kind == "ssdp.search" and ip in own:
                    continue  # our own question, heard back
                self._voice.say(f"ip:{ip}", kind, fields)
                if "location" in fields:
                    self._want(fields["location"], ip)

    def _want(self, location: str, ip: str) -> None:
        """Fetch a description once an hour; what does not fit the queue waits for the next word."""
        now = asyncio.get_running_loop().time()
        key = (ip, location)
        if now - self._fetched.get(key, -FETCH_AGAIN_S) < FETCH_AGAIN_S:
            return
        if self._waiting.full():
            return
        while len(self._fetched) >= LOCATIONS_MAX:
            del self._fetched[next(iter(self._fetched))]
        self._fetched[key] = now
        self._waiting.put_nowait(key)

    async def _fetch(self) -> None:
        while True:
            ip, location = await self._waiting.get()
            with suppress(upnp.UpnpRefusedError, TimeoutError):
                facts = await asyncio.wait_for(upnp.fetch(location, ip), 2 * upnp.FETCH_S_MAX)
                for kind, fields in facts:
                    self._voice.say(f"ip:{ip}", kind, fields)
