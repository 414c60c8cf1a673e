"""Port 3610: the one socket over which this program speaks ECHONET Lite.

Nodes answer to port 3610 whatever port asked (Part II §3.1).  Of several sockets on one port the
kernel gives a datagram for this machine to one only, so a second socket would take the first one's
answers: who asks what there is and who drives things share this one.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

from omamori.adapters.discovery import sockets
from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import EchonetRefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from omamori.adapters.protocols.echonet import Frame

    Ear = Callable[[str, Frame], None]

PAUSE_AFTER_FAULT_S = 0.5


class EchonetPort:
    """Open while anybody uses it; the first opens the sockets, the last closes them."""

    def __init__(self) -> None:
        self._ears: list[Ear] = []
        self._on: dict[sockets.Interface, None] = {}
        self._socks: dict[int, socket.socket] = {}
        self._readers: list[asyncio.Task[None]] = []

    @property
    def is_open(self) -> bool:
        """Whether anybody uses it now."""
        return bool(self._ears)

    @asynccontextmanager
    async def shared(self, on: list[sockets.Interface], ear: Ear) -> AsyncIterator[None]:
        """Hear all frames, and be able to send, within.

        Raises:
            OSError: when the port is taken or no interface has the group.
        """
        self._open(on)
        self._ears.append(ear)
        try:
            yield
        finally:
            self._ears.remove(ear)
            if not self._ears:
                await self._close()

    async def send(self, payload: bytes, ip: str, through: str = "") -> None:
        """Send one datagram to port 3610; to a group ``through`` the interface of this address.

        Raises:
            OSError: nobody opened the port, or there is no way.
        """
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        sock = self._socks.get(family)
        if sock is None:
            raise OSError("port 3610 is not open for this kind of address")
        if through:
            sockets.speak_through(sock, through)
        if family == socket.AF_INET:
            await loop.sock_sendto(sock, payload, (ip, echonet.PORT))
            return
        sent = 0
        for scope in self._scopes() if ip_address(ip).is_link_local else (0,):
            with suppress(OSError):  # it is on one of our links; on the others nobody is there
                sent += await loop.sock_sendto(sock, payload, (ip, echonet.PORT, 0, scope))
        if not sent:
            raise OSError("no way to this address")

    def _scopes(self) -> list[int]:
        return sorted({one.number for one in self._on if one.number})

    def _open(self, on: list[sockets.Interface]) -> None:
        sock = self._socks.get(socket.AF_INET)
        if sock is None:
            sock = self._socks[socket.AF_INET] = sockets.listener(
                echonet.PORT, echonet.GROUP_IPV4, on
            )
            self._on = dict.fromkeys(on)
            self._read(sock)
            with suppress(OSError):  # a machine without IPv6
                self._socks[socket.AF_INET6] = six = _listener_ipv6()
                self._read(six)
            return
        for gone in [one for one in self._on if one not in on]:
            sockets.leave(sock, echonet.GROUP_IPV4, gone.ip)
            del self._on[gone]
        for new in [one for one in on if one not in self._on]:
            if sockets.join(sock, echonet.GROUP_IPV4, new.ip):
                self._on[new] = None

    def _read(self, sock: socket.socket) -> None:
        self._readers.append(asyncio.create_task(self._listen(sock)))

    async def _listen(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        size = echonet.STREAM_FRAME_OCTETS_MAX  # a long answer comes in pieces, and whole to us
        while True:
            try:
                payload, (ip, *_) = await loop.sock_recvfrom(sock, size)
                frame = echonet.decode(payload, size)
            except EchonetRefusedError:
                continue
            except OSError:  # the network went away; who watches interfaces opens anew
                await asyncio.sleep(PAUSE_AFTER_FAULT_S)
                continue
            for ear in tuple(self._ears):
                ear(ip.partition("%")[0], frame)

    async def _close(self) -> None:
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        for sock in self._socks.values():
            sock.close()
        self._socks, self._on = {}, {}


def _listener_ipv6() -> socket.socket:
    heard = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        heard.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        heard.bind(("::", echonet.PORT))
        heard.settimeout(0)
    except OSError:
        heard.close()
        raise
    return heard
