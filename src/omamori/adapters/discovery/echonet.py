"""Asks for ECHONET Lite nodes on UDP 3610, then asks each object who made it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from omamori.adapters.discovery import sockets
from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Epc

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from omamori.adapters.discovery.voice import Voice

ASK_AGAIN_S = 120.0
ASK_OBJECT_AGAIN_S = 3600.0
PAUSE_S = 0.1  # between questions to objects: small nodes answer one at a time
OBJECTS_MAX = 512
WAITING_MAX = 256
_WHO = (Epc.IDENTIFIER, Epc.MAKER, Epc.PRODUCT, Epc.VERSION)


class EchonetAsker:
    """Asks the group for instance lists, and every object found for its maker and product."""

    name = "echonet"

    def __init__(self, voice: Voice, on: list[sockets.Interface] | None = None) -> None:
        self._voice = voice
        self._on = on
        self._asked: dict[tuple[str, str], float] = {}
        self._waiting: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(WAITING_MAX)
        self._tid = 0

    async def run(self, is_well: Callable[[], None]) -> None:
        """Ask and listen until cancelled.

        Nodes answer to port 3610 whatever port asked (Part II §3.1), so that port is shared or
        nothing is heard.

        Raises:
            OSError: when the port is taken or no interface has the group.
        """
        on = sockets.interfaces() if self._on is None else self._on
        sock = sockets.listener(echonet.PORT, echonet.GROUP_IPV4, on)
        try:
            is_well()
            async with asyncio.TaskGroup() as group:
                if self._on is None:
                    group.create_task(sockets.watch(on))
                group.create_task(self._ask_group(sock, on))
                group.create_task(self._ask_objects(sock))
                group.create_task(self._listen(sock, {interface.ip for interface in on}))
        except* sockets.NetworkChangedError:
            pass
        except* OSError as failed:
            raise OSError(str(failed.exceptions[0])) from None
        finally:
            sock.close()

    def _question(self, deoj: bytes, *epcs: int) -> bytes:
        self._tid = (self._tid + 1) & 0xFFFF
        return echonet.ask(self._tid, deoj, *epcs)

    async def _ask_group(self, sock: socket.socket, on: list[sockets.Interface]) -> None:
        loop = asyncio.get_running_loop()
        to = (echonet.GROUP_IPV4, echonet.PORT)
        while True:
            for interface in on:
                with suppress(OSError):  # one interface that went away
                    sockets.speak_through(sock, interface.ip)
                    question = self._question(echonet.NODE_PROFILE, Epc.INSTANCES)
                    await loop.sock_sendto(sock, question, to)
            await asyncio.sleep(ASK_AGAIN_S)

    async def _ask_objects(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            ip, eoj = await self._waiting.get()
            with suppress(OSError):
                await loop.sock_sendto(sock, self._question(eoj, *_WHO), (ip, echonet.PORT))
            await asyncio.sleep(PAUSE_S)

    async def _listen(self, sock: socket.socket, own: set[str]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            payload, (ip, *_) = await loop.sock_recvfrom(sock, echonet.FRAME_BYTES_MAX)
            for kind, fields in echonet.sightings(payload):
                if ip in own and fields["eoj"] == echonet.CONTROLLER.hex():
                    continue  # our own question, heard back
                self._voice.say(f"ip:{ip}", kind, fields)
                self._want(ip, fields["eoj"])

    def _want(self, ip: str, eoj: str) -> None:
        now = asyncio.get_running_loop().time()
        key = (ip, eoj)
        if now - self._asked.get(key, -ASK_OBJECT_AGAIN_S) < ASK_OBJECT_AGAIN_S:
            return
        if self._waiting.full():
            return
        while len(self._asked) >= OBJECTS_MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[key] = now
        self._waiting.put_nowait((ip, bytes.fromhex(eoj)))
