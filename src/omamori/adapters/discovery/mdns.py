"""Asks by mDNS service discovery (RFC 6762, 6763) with python-zeroconf."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from omamori.adapters.discovery import sockets
from omamori.adapters.protocols.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omamori.adapters.discovery.voice import Voice

ALL_TYPES = "_services._dns-sd._udp.local."  # RFC 6763 §9
# Types that common things answer for although they do not answer the question for all types.
COMMON_TYPES = (
    "_airplay._tcp", "_amzn-wplay._tcp", "_echonet._udp", "_esphomelib._tcp", "_googlecast._tcp", "_hap._tcp",
    "_homekit._tcp", "_http._tcp", "_hue._tcp", "_ipp._tcp", "_matter._tcp", "_raop._tcp", "_sonos._tcp",
    "_spotify-connect._tcp", "_workstation._tcp",
)  # fmt: skip
TYPES_MAX = 96
WAITING_MAX = 256
ANSWER_MS_MAX = 3000
ASKED_AT_ONCE = 4
TXT_MAX = 24
ADDRESSES_MAX = 8


class MdnsAsker:
    """Browses all service types and resolves every instance."""

    name = "mdns"

    def __init__(self, voice: Voice, on: Sequence[str] | None = None) -> None:
        """Assign; ``on`` limits the talk to these local addresses."""
        self._voice = voice
        self._on = on
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(WAITING_MAX)
        self._types: set[str] = set()
        self._browsers: list[AsyncServiceBrowser] = []

    async def run(self, is_well: Callable[[], None]) -> None:
        """Browse until cancelled.

        Raises:
            OSError: when no interface lets us ask.
        """
        zeroconf = self._open()
        self._types, self._browsers = set(), []
        try:
            is_well()
            self._browse(zeroconf, ALL_TYPES)
            for kind in COMMON_TYPES:
                self._browse(zeroconf, f"{kind}.local.")
            async with asyncio.TaskGroup() as group:
                if self._on is None:
                    group.create_task(sockets.watch(sockets.interfaces()))
                for _ in range(ASKED_AT_ONCE):
                    group.create_task(self._resolve(zeroconf))
        except* sockets.NetworkChangedError:
            pass
        finally:
            for browser in self._browsers:
                await browser.async_cancel()
            await zeroconf.async_close()

    def _open(self) -> AsyncZeroconf:
        where = list(self._on) if self._on is not None else InterfaceChoice.All
        version = IPVersion.V4Only if self._on is not None else IPVersion.All
        try:
            return AsyncZeroconf(interfaces=where, ip_version=version)
        except OSError:
            return AsyncZeroconf(interfaces=where, ip_version=IPVersion.V4Only)

    def _browse(self, ours: AsyncZeroconf, kind: str) -> None:
        if kind in self._types or len(self._types) >= TYPES_MAX:
            return
        self._types.add(kind)

        # The library calls by keyword, so the names are its own.
        def heard(
            zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
        ) -> None:
            del zeroconf
            if state_change is ServiceStateChange.Removed:
                return
            if service_type == ALL_TYPES:
                self._browse(ours, name)
            else:
                with suppress(asyncio.QueueFull):
                    self._waiting.put_nowait((service_type, name))

        with suppress(ZeroconfError):  # a thing may announce a type that is no name
            self._browsers.append(AsyncServiceBrowser(ours.zeroconf, kind, handlers=[heard]))

    async def _resolve(self, zeroconf: AsyncZeroconf) -> None:
        while True:
            kind, name = await self._waiting.get()
            with suppress(ZeroconfError):
                service = AsyncServiceInfo(kind, name)
                if await service.async_request(zeroconf.zeroconf, ANSWER_MS_MAX):
                    self._tell(service)

    def _tell(self, service: AsyncServiceInfo) -> None:
        ips = [ip.partition("%")[0] for ip in service.parsed_scoped_addresses()][:ADDRESSES_MAX]
        if not ips:
            return
        fields = {
            "type": service.type.rstrip(".").removesuffix(".local"),
            "instance": service.name.removesuffix("." + service.type),
            "host": (service.server or "").rstrip("."),
            "port": str(service.port or 0),
        }
        for key, value in list(service.properties.items())[:TXT_MAX]:
            fields[f"txt.{plain(key, 32)}"] = plain(value or b"")
        source = f"ip:{ips[0]}"
        self._voice.say(source, "mdns.service", fields)
        for ip in ips:
            self._voice.say(source, "mdns.name", {"name": fields["host"], "ip": ip})
