"""ARP (RFC 826) and IPv6 neighbour discovery (RFC 4861): who owns which address."""

from __future__ import annotations

from socket import AF_INET6, inet_ntop
from typing import TYPE_CHECKING

from omamori.adapters.capture.told import who

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.adapters.capture.network import Packet
    from omamori.adapters.capture.told import Speakers, Told

OPTIONS_MAX = 16

_ARP_IPV4_OVER_ETHERNET = b"\x00\x01\x08\x00\x06\x04"
_ROUTER, _SOLICITATION, _ADVERTISEMENT = 134, 135, 136
_HOPS_ON_LINK = 255  # RFC 4861 §6.1.1, §7.1: no router has passed it on
_SOURCE_MAC, _PREFIX = 1, 3
_UNSPECIFIED = b"\0" * 16


def arp(at: float, mac: bytes, octets: bytes, told: Told, speakers: Speakers) -> None:
    """Learn the sender's address; who speaks for another MAC address is not believed."""
    sender, ip = octets[8:14], octets[14:18]
    if octets[:6] != _ARP_IPV4_OVER_ETHERNET or len(ip) < 4 or sender != mac:  # noqa: PLR2004
        return
    if any(ip):  # 0.0.0.0 only asks whether an address is free (RFC 5227 §2.1.1)
        speakers.confirm(mac, ip)
        told.address(at, mac, ip)


def icmp6(
    at: float, mac: bytes, packet: Packet, frame: bytes, hops: int, told: Told, speakers: Speakers
) -> None:
    """Learn addresses and routers from messages that were sent on this very link."""
    octets = frame[packet.start : packet.end]
    source = packet.source
    kind = octets[0] if octets else 0
    least = 16 if kind == _ROUTER else 24  # octets of RA, and of NS and NA (§4.2 to §4.4)
    if hops == _HOPS_ON_LINK and mac and len(octets) >= least:
        if kind == _ADVERTISEMENT:
            _own(at, mac, octets[8:24], told, speakers)
        elif kind == _SOLICITATION:
            # From nowhere: the sender asks whether the address that it wants is free (RFC 4862).
            _own(at, mac, source if any(source) else octets[8:24], told, speakers)
        elif kind == _ROUTER:
            _router(at, mac, source, octets, told, speakers)
    if source != _UNSPECIFIED and speakers.is_own(mac, source):
        told.address(at, mac, source)


def _own(at: float, mac: bytes, ip: bytes, told: Told, speakers: Speakers) -> None:
    if ip[0] != 0xFF and any(ip):  # noqa: PLR2004 - ff00::/8 is a group
        speakers.confirm(mac, ip)
        told.address(at, mac, ip)


def _options(octets: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    for _ in range(OPTIONS_MAX):
        size = octets[at + 1] * 8 if at + 1 < len(octets) else 0
        if not size or at + size > len(octets):
            return
        yield octets[at], octets[at : at + size]
        at += size


def _router(
    at: float, mac: bytes, source: bytes, octets: bytes, told: Told, speakers: Speakers
) -> None:
    """A router advertisement (RFC 4861 §4.2)."""
    named = mac.hex(":")
    for kind, option in _options(octets, 16):
        if kind == _SOURCE_MAC:
            named = option[2:8].hex(":")
    said = {"mac": named, "lifetime": str(int.from_bytes(octets[6:8]))}  # seconds; 0 is no way out
    prefixes: list[str] = []
    for kind, option in _options(octets, 16):
        if kind == _PREFIX and len(option) == 32:  # noqa: PLR2004 - §4.6.2
            if option[3] & 0x80:
                speakers.add_prefix(option[16:24])
            prefixes.append(f"{inet_ntop(AF_INET6, option[16:32])}/{option[2]}")
    for prefix in prefixes:
        told.fact(at, who(mac, source), "icmp6.router", {"prefix": prefix, **said})
    if not prefixes:  # it may still offer itself as the way out, or name resolvers (RFC 8106)
        told.fact(at, who(mac, source), "icmp6.router", said)
