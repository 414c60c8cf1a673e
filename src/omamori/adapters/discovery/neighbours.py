"""Reads the kernel's neighbour table (ARP and IPv6 neighbours) by rtnetlink, without root.

One netlink dump gives both families with their age, where ``/proc/net/arp`` gives IPv4 only and
no age.  The age matters: an entry can outlive its thing, and the sighting must say when the
kernel last had an answer, not when we looked.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from struct import Struct
from struct import error as struct_error
from typing import TYPE_CHECKING, NamedTuple

from omamori.adapters.discovery import sockets
from omamori.adapters.discovery.voice import SPEAKERS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omamori.adapters.discovery.voice import Voice

LOOK_AGAIN_S = 5.0
MEET_AGAIN_S = 3600.0
ENTRIES_MAX = 4096
DUMP_OCTETS_MAX = 1_000_000
_CHUNK = 65_536
_DISCARD = 9

_MESSAGE = Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_NEIGHBOUR = Struct("=BxxxiHBB")  # ndmsg: family, interface, state, flags, type
_ATTRIBUTE = Struct("=HH")  # rtattr: length, type
_AGES = Struct("=IIII")  # nda_cacheinfo: confirmed, used, updated (ticks ago), references
_NEW_NEIGHBOUR, _GET_NEIGHBOUR, _DONE, _ERROR = 28, 30, 3, 2
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_DESTINATION, _LINK_ADDRESS, _CACHE = 1, 2, 3
_ROUTER_FLAG = 0x80  # NTF_ROUTER
_TICKS_PER_S = 100  # USER_HZ, fixed for user space on Linux
_STATES = {0x02: "reachable", 0x04: "stale", 0x08: "delay", 0x10: "probe", 0x80: "permanent"}
_ROUTES = Path("/proc/net/route")
_ROUTES_OCTETS_MAX = 262_144
_FAMILIES = {socket.AF_INET: 4, socket.AF_INET6: 16}


class Neighbour(NamedTuple):
    """One entry: addresses as text, age in seconds since the kernel last had an answer."""

    mac: str
    ip: str
    interface: int
    state: str
    is_router: bool
    age_s: float


class NeighboursAsker:
    """Tells every neighbour that the kernel has confirmed."""

    name = "neighbours"

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._met: dict[str, float] = {}

    async def run(self, is_well: Callable[[], None]) -> None:
        """Look again every ``LOOK_AGAIN_S`` until cancelled.

        Raises:
            OSError: where the kernel has no rtnetlink.
        """
        while True:
            entries = neighbours(await read_dump())
            gateways = default_gateways(_read_routes())
            is_well()
            met = {entry.ip for entry in entries}
            self._meet([ip for ip in self._voice.speakers if ip not in met])
            for entry in entries:
                fields = {
                    "ip": entry.ip,
                    "state": entry.state,
                    "interface": _named(entry.interface),
                }
                if entry.is_router or entry.ip in gateways:
                    fields["router"] = "yes"
                self._voice.say(entry.mac, "neighbour.entry", fields, entry.age_s)
            await asyncio.sleep(LOOK_AGAIN_S)

    def _meet(self, strangers: list[str]) -> None:
        """Make the kernel ask for the hardware address of who has only spoken to a group.

        One empty datagram to the discard port (RFC 863), once an hour, to neighbours only.
        """
        now = asyncio.get_running_loop().time()
        near = sockets.networks()
        for ip in strangers:
            if now - self._met.get(ip, -MEET_AGAIN_S) < MEET_AGAIN_S:
                continue
            if not any(ip_address(ip) in network for network in near):
                continue
            while len(self._met) >= SPEAKERS_MAX:
                del self._met[next(iter(self._met))]
            self._met[ip] = now
            with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(0)
                sock.sendto(b"", (ip, _DISCARD))


async def read_dump() -> bytes:
    """The kernel's answer to "tell me all neighbours".

    Raises:
        OSError: where there is no rtnetlink, or the kernel refuses.
    """
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        raise OSError("this system has no rtnetlink")
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_RAW, 0) as kernel:
        kernel.settimeout(0)
        kernel.bind((0, 0))
        ask = _MESSAGE.pack(28, _GET_NEIGHBOUR, _REQUEST_DUMP, 1, 0) + _NEIGHBOUR.pack(
            0, 0, 0, 0, 0
        )
        kernel.send(ask)
        dump = b""
        while len(dump) < DUMP_OCTETS_MAX:
            chunk = await asyncio.wait_for(loop.sock_recv(kernel, _CHUNK), 5.0)
            dump += chunk
            if any(kind in {_DONE, _ERROR} for kind, _ in _messages(chunk)):
                return dump
    return dump


def neighbours(dump: bytes) -> list[Neighbour]:
    """Entries of a dump that name a live neighbour; total on any bytes, ``ENTRIES_MAX`` at most."""
    found = []
    for kind, body in _messages(dump):
        entry = _entry(body) if kind == _NEW_NEIGHBOUR else None
        if entry:
            found.append(entry)
        if len(found) >= ENTRIES_MAX:
            break
    return found


def _messages(dump: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _MESSAGE.size <= len(dump):
        length, kind, *_ = _MESSAGE.unpack_from(dump, at)
        if length < _MESSAGE.size or at + length > len(dump):
            return
        yield kind, dump[at + _MESSAGE.size : at + length]
        at += (length + 3) & ~3


def _entry(body: bytes) -> Neighbour | None:
    try:
        family, interface, state, flags, _ = _NEIGHBOUR.unpack_from(body, 0)
    except struct_error:
        return None
    told = dict(_attributes(body[_NEIGHBOUR.size :]))
    ip, mac = told.get(_DESTINATION, b""), told.get(_LINK_ADDRESS, b"")
    size = _FAMILIES.get(family)
    if state not in _STATES or len(ip) != size or len(mac) != 6 or not any(mac) or mac[0] & 1:  # noqa: PLR2004 -- octets of a MAC
        return None
    ages = told.get(_CACHE, b"")
    age_s = _AGES.unpack_from(ages)[0] / _TICKS_PER_S if len(ages) >= _AGES.size else 0.0
    text = socket.inet_ntop(family, ip)
    return Neighbour(
        mac.hex(":"), text, interface, _STATES[state], bool(flags & _ROUTER_FLAG), age_s
    )


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(octets):
        length, kind = _ATTRIBUTE.unpack_from(octets, at)
        if length < _ATTRIBUTE.size or at + length > len(octets):
            return
        yield kind, octets[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def default_gateways(table: str) -> frozenset[str]:
    """IPv4 addresses of the ways out, from the text of ``/proc/net/route``; total on any text."""
    found = set()
    for line in table.splitlines()[1:ENTRIES_MAX]:
        columns = line.split()
        if len(columns) > 3 and columns[1] == "00000000" and len(columns[2]) == 8:  # noqa: PLR2004 -- destination, gateway as 8 hex digits
            try:
                gateway = bytes.fromhex(columns[2])[::-1]
            except ValueError:
                continue
            if any(gateway):
                found.add(socket.inet_ntoa(gateway))
    return frozenset(found)


def _read_routes() -> str:
    try:
        with _ROUTES.open("rb") as table:
            return table.read(_ROUTES_OCTETS_MAX).decode("ascii", "replace")
    except OSError:
        return ""


def _named(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)
