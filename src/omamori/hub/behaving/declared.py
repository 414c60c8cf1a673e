"""Declared: what a thing's MUD file lets it do, held against what it does."""

from __future__ import annotations

import ipaddress
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.mud_acl import (
    DNS_CLASS,
    GATEWAY_CLASS,
    ICMP,
    ICMP6,
    NTP_CLASS,
    TCP,
    UDP,
    Ace,
)
from omamori.hub.behaving.deed import DNS_PORTS, NTP_PORT, OFFERS, USES, Deed, Peer
from omamori.hub.talking.partners import registrable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.documents.mud import MudFile
    from omamori.documents.mud_acl import Acl
    from omamori.hub.flow import Flow

_PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmp6": ICMP6}
_ETHERTYPES = {"ipv4": 0x0800, "ipv6": 0x86DD}
_IP = "ip/"


class Fit(IntEnum):
    """How well something fits what is declared; the least of its parts counts."""

    NO = 0
    UNKNOWN = 1  # it cannot be told: no name was heard, or only a person knows
    NEAR = 2  # the same owner by another name, such as another country's
    YES = 3


class Packet(msgspec.Struct, frozen=True):
    """What access lists look at: one packet's head, from or to the thing."""

    family: str
    protocol: int
    source: str
    target: str
    source_port: int
    target_port: int
    icmp_type: int
    icmp_code: int
    target_mac: str


def fit(mud: MudFile, flow: Flow, deed: Deed, peer: Peer, maker: str) -> Fit:
    """How well what the thing did fits its file.

    What the thing begins must be let out by its from-device policy. What it answers was begun by
    the peer: either policy may tell of it. What no rule lets through is dropped, except local DNS
    and NTP, which every thing may use (RFC 8520, 4).
    """
    sent = _packet(flow, deed)
    scene = _Scene(deed, peer, maker, mud.host)
    found = scene.through(mud.from_device, sent, is_sent=True)
    if deed.way == OFFERS:
        received = _turned(sent)
        found = max(found, scene.through(mud.to_device, received, is_sent=False))
    if found is Fit.NO and not peer.is_outside and deed.proto == "udp":
        by_default = peer.is_resolver or peer.is_router
        if by_default and deed.way == USES and deed.port in {53, NTP_PORT}:
            return Fit.YES
    return found


def _packet(flow: Flow, deed: Deed) -> Packet:
    protocol = _PROTOCOLS.get(flow.proto, -1)
    if flow.proto.startswith(_IP) and flow.proto[3:].isdecimal():
        protocol = int(flow.proto[3:][:3])
    has_ports = flow.proto in {"tcp", "udp"}
    is_icmp = flow.proto in {"icmp", "icmp6"}
    return Packet(
        family="ipv6" if ":" in flow.target else "ipv4",
        protocol=protocol,
        source=flow.source,
        target=flow.target,
        source_port=flow.from_port if has_ports else -1,
        target_port=flow.to_port if has_ports else -1,
        icmp_type=deed.port if is_icmp else -1,
        icmp_code=flow.to_port if is_icmp else -1,
        target_mac=flow.peer_mac,
    )


def _turned(packet: Packet) -> Packet:
    """The packet that this one answers."""
    echo = {0: 8, 129: 128}
    return msgspec.structs.replace(
        packet,
        source=packet.target,
        target=packet.source,
        source_port=packet.target_port,
        target_port=packet.source_port,
        icmp_type=echo.get(packet.icmp_type, packet.icmp_type),
        target_mac="",
    )


class _Scene:
    """One deed before a file's access lists."""

    def __init__(self, deed: Deed, peer: Peer, maker: str, own_host: str) -> None:
        self._deed = deed
        self._peer = peer
        self._maker = maker
        self._own_host = own_host

    def through(self, acls: tuple[Acl, ...], packet: Packet, *, is_sent: bool) -> Fit:
        """The first rule that holds decides (RFC 8519, 4.1); one that may hold leaves doubt."""
        best = Fit.NO
        for acl in acls:
            for ace in acl.aces:
                held = self._holds(ace, packet, is_sent=is_sent)
                if held is Fit.NO:
                    continue
                if ace.forwarding == "accept":
                    best = max(best, held)
                elif held is Fit.YES:
                    return best
                if best is Fit.YES:
                    return best
        return best

    def _holds(self, ace: Ace, packet: Packet, *, is_sent: bool) -> Fit:
        if not _head_holds(ace, packet) or not self._begun_right(ace):
            return Fit.NO
        remote, local = (
            (packet.target, packet.source) if is_sent else (packet.source, packet.target)
        )
        remote_net, local_net = (ace.target, ace.source) if is_sent else (ace.source, ace.target)
        if not (_inside(remote, remote_net) and _inside(local, local_net)):
            return Fit.NO
        name = ace.target_name if is_sent else ace.source_name
        return min(
            (Fit.YES, *self._name_holds(name, remote), *self._peer_holds(ace)),
        )

    def _begun_right(self, ace: Ace) -> bool:
        if not ace.initiated or not self._deed.is_sure:
            return True
        return (ace.initiated == "from-device") == (self._deed.way == USES)

    def _name_holds(self, name: str, remote: str) -> Iterable[Fit]:
        if not name:
            return
        if name == remote:
            yield Fit.YES
        elif not self._peer.is_outside and not self._peer.names:
            yield Fit.NO
        elif not self._peer.names:
            yield Fit.UNKNOWN
        else:
            yield max(_likeness(name, other) for other in self._peer.names)

    def _peer_holds(self, ace: Ace) -> Iterable[Fit]:
        peer = self._peer
        if ace.is_local:
            yield Fit.NO if peer.is_outside else Fit.YES
        if ace.controller:
            yield self._is_controller(ace.controller)
        if ace.is_my_controller:
            yield Fit.NO if peer.is_everyone else Fit.UNKNOWN
        if ace.is_same_maker:
            yield self._is_of(self._own_host, self._maker)
        if ace.maker:
            yield self._is_of(ace.maker, "")
        if ace.model:
            yield Fit.YES if peer.mud_url == ace.model else self._is_of("", "")

    def _is_controller(self, controller: str) -> Fit:
        peer, deed = self._peer, self._deed
        match controller:
            case _ if controller == DNS_CLASS:
                serves = peer.is_resolver or (peer.is_router and deed.port in DNS_PORTS)
            case _ if controller == NTP_CLASS:
                serves = deed.port == NTP_PORT
            case _ if controller == GATEWAY_CLASS:
                serves = peer.is_router
            case _:
                return Fit.NO if peer.is_everyone else Fit.UNKNOWN
        return Fit.YES if serves else Fit.NO

    def _is_of(self, host: str, maker: str) -> Fit:
        """Whether the peer is a thing whose maker has this host, or this name."""
        peer = self._peer
        if peer.is_outside or peer.is_everyone:
            return Fit.NO
        if peer.mud_url:
            its = peer.mud_url.partition("//")[2].partition("/")[0].lower()
            return Fit.YES if its == host else Fit.NO
        if maker and peer.maker:
            return Fit.NEAR if maker == peer.maker else Fit.NO
        return Fit.UNKNOWN


def _head_holds(ace: Ace, packet: Packet) -> bool:
    wanted = (
        (ace.family, packet.family),
        (ace.ethertype, _ETHERTYPES[packet.family]),
        (ace.protocol, packet.protocol),
        (ace.icmp_type, packet.icmp_type),
        (ace.icmp_code, packet.icmp_code),
    )
    if any(told not in {None, "", heard} for told, heard in wanted):
        return False
    if ace.target_mac and packet.target_mac and ace.target_mac != packet.target_mac:
        return False
    ports = ((ace.source_ports, packet.source_port), (ace.target_ports, packet.target_port))
    return all(told is None or (heard >= 0 and told.holds(heard)) for told, heard in ports)


@lru_cache(maxsize=8192)
def _inside(address: str, network: str) -> bool:
    if not network:
        return True
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:
        return False


@lru_cache(maxsize=8192)
def _likeness(declared: str, heard: str) -> Fit:
    """The same name, the same owner's, or the same owner's in another country.

    Makers declare the names of one country (``api.eu.example.com``, ``example.co.jp``), and things
    bought elsewhere use others. Anyone may register ``example`` under another ending, so the last
    is no proof; it is near, and told as such.
    """
    if declared == heard.rstrip(".").lower():
        return Fit.YES
    owners = registrable(declared), registrable(heard)
    if not all(owners):
        return Fit.NO
    if owners[0] == owners[1]:
        return Fit.NEAR
    brands = [owner.partition(".")[0] for owner in owners]
    return Fit.NEAR if brands[0] == brands[1] else Fit.NO
