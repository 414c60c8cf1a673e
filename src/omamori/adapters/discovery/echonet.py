"""Asks for ECHONET Lite nodes on port 3610, then asks each object what it is and can do."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

from omamori.adapters.discovery import sockets
from omamori.adapters.discovery.echonet_asked import Asked
from omamori.adapters.echonet_port import EchonetPort
from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import EchonetRefusedError, Epc, Esv

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Network

    from omamori.adapters.discovery.echonet_asked import Question
    from omamori.adapters.discovery.voice import Voice
    from omamori.adapters.protocols.echonet import Frame

ASK_AGAIN_S = 120.0
PAUSE_S = 0.1  # between any two questions: ten a second leave room for all others
TCP_S_MAX = 3.0
TCP_OCTETS_MAX = 65_536
TCP_AT_ONCE_MAX = 4
_CHUNK_OCTETS = 4096


class EchonetAsker:
    """Asks the group for instance lists, and every object found for what it is and can do."""

    name = "echonet"

    def __init__(
        self,
        voice: Voice,
        on: list[sockets.Interface] | None = None,
        port: EchonetPort | None = None,
    ) -> None:
        """``port`` is shared with whoever else speaks ECHONET Lite in this program."""
        self._voice = voice
        self._on = on
        self._port = port or EchonetPort()
        self._asked = Asked()
        self._own: frozenset[str] = frozenset()
        self._near: list[IPv4Network] = []
        self._connections = asyncio.Semaphore(TCP_AT_ONCE_MAX)
        self._tid = 0

    async def run(self, is_well: Callable[[], None]) -> None:
        """Ask and listen until cancelled.

        Nodes answer to port 3610 whatever port asked (Part II §3.1), so that port is shared or
        nothing is heard.

        Raises:
            OSError: when the port is taken or no interface has the group.
        """
        on = sockets.interfaces() if self._on is None else self._on
        self._own = frozenset(interface.ip for interface in on)
        self._near = sockets.networks()
        async with self._port.shared(on, self._hear):
            try:
                is_well()
                async with asyncio.TaskGroup() as group:
                    if self._on is None:
                        group.create_task(sockets.watch(on))
                    group.create_task(self._ask_group(on))
                    group.create_task(self._ask_objects(group))
            except* sockets.NetworkChangedError:
                pass
            except* OSError as failed:
                raise OSError(str(failed.exceptions[0])) from None

    def _question(self, deoj: bytes, *epcs: int) -> bytes:
        self._tid = (self._tid + 1) & 0xFFFF
        return echonet.ask(self._tid, deoj, *epcs)

    async def _ask_group(self, on: list[sockets.Interface]) -> None:
        while True:
            for interface in on:
                with suppress(OSError):  # one interface that went away
                    question = self._question(echonet.NODE_PROFILE, Epc.INSTANCES)
                    await self._port.send(question, echonet.GROUP_IPV4, interface.ip)
            await asyncio.sleep(ASK_AGAIN_S)

    async def _ask_objects(self, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            question = self._asked.next(loop.time())
            if question is not None and question.by_tcp:
                group.create_task(self._ask_by_tcp(question))
            elif question is not None:
                frame = self._question(question.eoj, *question.epcs)
                with suppress(OSError):  # nobody is there any more
                    await self._port.send(frame, question.ip)
            await asyncio.sleep(PAUSE_S)

    async def _ask_by_tcp(self, question: Question) -> None:
        """One connection for one question; what a node cannot send in a datagram comes so."""
        loop = asyncio.get_running_loop()
        with suppress(OSError, TimeoutError, EchonetRefusedError):
            async with self._connections, asyncio.timeout(TCP_S_MAX):
                reader, writer = await asyncio.open_connection(question.ip, echonet.PORT)
                try:
                    writer.write(self._question(question.eoj, *question.epcs))
                    await self._read_answer(reader, question)
                finally:
                    writer.close()
        self._asked.no_answer(question, loop.time())

    async def _read_answer(self, reader: asyncio.StreamReader, question: Question) -> None:
        octets, stream, is_answered = 0, b"", False
        while not is_answered and octets < TCP_OCTETS_MAX:
            chunk = await reader.read(_CHUNK_OCTETS)
            if not chunk:
                return
            octets += len(chunk)
            first, stream = echonet.first_of(stream + chunk)
            while first:
                frame = echonet.decode(first, echonet.STREAM_FRAME_OCTETS_MAX)
                self._hear(question.ip, frame, by_tcp=True)
                is_answered |= frame.seoj == question.eoj
                first, stream = echonet.first_of(stream)

    def _hear(self, ip: str, frame: Frame, *, by_tcp: bool = False) -> None:
        if ip in self._own and frame.seoj == echonet.CONTROLLER:
            return  # our own question, heard back
        now = asyncio.get_running_loop().time()
        self._asked.hear(ip, frame, now, by_tcp=by_tcp)
        has_started = frame.esv is Esv.INF and any(
            one.epc == Epc.INSTANCES_NOTICE for one in frame.properties
        )
        is_near = ip not in self._own and any(ip_address(ip) in network for network in self._near)
        for kind, fields in echonet.facts(frame):
            self._voice.say(f"ip:{ip}", kind, fields)
            if is_near:  # what is said in the name of others must not make us send to them
                eoj = bytes.fromhex(fields["eoj"])
                self._asked.want(ip, eoj, now, has_started=has_started)
