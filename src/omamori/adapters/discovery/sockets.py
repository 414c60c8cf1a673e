"""UDP sockets for group talk on every IPv4 interface, and which interfaces there are."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from ipaddress import IPv4Network, ip_address
from typing import NamedTuple

import ifaddr

INTERFACES_MAX = 16
WATCH_S = 5.0
SEND_HOPS = 4  # UPnP 1.1 §1.2.2 asks for 2 by default; ECHONET Lite stays on the link


class NetworkChangedError(Exception):
    """An interface or address came or went."""


class Interface(NamedTuple):
    """An IPv4 address of this machine and the interface that has it.

    The number tells an interface that went and came back, whose groups are to be joined anew.
    """

    name: str
    ip: str
    number: int = 0


def interfaces(*, loopback: bool = False) -> list[Interface]:
    """IPv4 interfaces of this machine, at most ``INTERFACES_MAX``; loopback only when asked."""
    found = [
        Interface(adapter.name, address.ip, adapter.index or 0)
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if isinstance(address.ip, str) and ip_address(address.ip).is_loopback == loopback
    ]
    return found[:INTERFACES_MAX]


def networks() -> list[IPv4Network]:
    """The IPv4 networks that this machine is part of."""
    return [
        IPv4Network(f"{address.ip}/{address.network_prefix}", strict=False)
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if isinstance(address.ip, str)
    ]


async def watch(on: list[Interface]) -> None:
    """Wait until this machine's interfaces are others than these.

    Raises:
        NetworkChangedError: then; whoever asks begins anew on the new ones.
    """
    while True:
        await asyncio.sleep(WATCH_S)
        if interfaces() != on:
            raise NetworkChangedError


def listener(port: int, group: str, on: list[Interface]) -> socket.socket:
    """A socket that hears a group on these interfaces and shares the port with others.

    Raises:
        OSError: when the port is taken by a program that does not share, or no group is joined.
    """
    heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        heard.bind(("", port))
        heard.settimeout(0)
    except OSError:
        heard.close()
        raise
    joined = [interface for interface in on if join(heard, group, interface.ip)]
    if not joined:
        heard.close()
        raise OSError("no interface lets us listen to the group")
    return heard


def join(heard: socket.socket, group: str, ip: str) -> bool:
    """Hear a group on the interface with this address, where it has one."""
    try:
        member = socket.inet_aton(group) + socket.inet_aton(ip)
        heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    except OSError:
        return False  # one interface without multicast must not silence the others
    return True


def leave(heard: socket.socket, group: str, ip: str) -> None:
    """Hear a group no more on an interface that may be gone; a socket has room for few."""
    with suppress(OSError):
        member = socket.inet_aton(group) + socket.inet_aton(ip)
        heard.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, member)


def asker(ip: str) -> socket.socket:
    """A socket on a free port that asks groups through the interface with this address.

    Raises:
        OSError: when the address is gone.
    """
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asking.bind((ip, 0))
        asking.settimeout(0)
        speak_through(asking, ip)
    except OSError:
        asking.close()
        raise
    return asking


def speak_through(sock: socket.socket, ip: str) -> None:
    """Send to groups through the interface with this address."""
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(ip))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, SEND_HOPS)
