"""Deed: what a thing does with a flow it sends: uses or offers a service, and with whom."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import msgspec

from omamori.hub.flow import ACK, RST, SYN, Flow
from omamori.hub.talking.partners import registrable

USES, OFFERS = "uses", "offers"
NAMES_OF_PEER_MAX = 4  # names under which one address was reached that are looked at

NTP_PORT, DNS_PORTS = 123, frozenset({53, 853})

PASSING_FROM = 32_768
"""Ports from here on are mostly passing ones (Linux's; IANA's begin at 49,152): taken for one."""
PASSING = "high"
_SYSTEM_PORTS = 1024  # IANA's system ports end below (RFC 6335, 6)
# Services on higher ports that answer to passing ports: SSDP, WS-Discovery, ECHONET Lite, STUN,
# mDNS, LLMNR, CoAP. Where both ends have such a port, they are each other's equals.
_UDP_SERVICES = frozenset({1900, 3478, 3610, 3702, 5353, 5355, 5683})
_UPKEEP_PORTS = frozenset({67, 68, 546, 547})  # DHCP: no talk, but upkeep
_ECHO = {8: USES, 128: USES, 0: OFFERS, 129: OFFERS}  # types (RFC 792, RFC 4443)


class Peer(msgspec.Struct, frozen=True):
    """Who is at the other end of a flow that a thing here sends.

    Attributes:
        is_outside: it lies outside this network.
        is_everyone: it is a group: everyone, or all who want to hear.
        is_router: it is this network's way out.
        is_resolver: this network was told to ask it for names.
        names: DNS names by which the thing reached it, latest first; empty where nobody knows.
        country: where its address is registered (ISO 3166-1), empty where nobody knows.
        thing: id of the thing here; empty for outside, groups, and whom nobody knows.
        maker: of that thing.
        mud_url: of that thing.
    """

    is_outside: bool = False
    is_everyone: bool = False
    is_router: bool = False
    is_resolver: bool = False
    names: tuple[str, ...] = ()
    country: str = ""
    thing: str = ""
    maker: str = ""
    mud_url: str = ""


class Deed(msgspec.Struct, frozen=True):
    """What a flow shows of its sender.

    Attributes:
        way: ``uses`` or ``offers``.
        proto: as in the flow.
        port: the service's port, or ICMP's type; 0 where there is none.
        is_sure: the flow shows who began; otherwise the ports suggest it.
    """

    way: str
    proto: str
    port: int
    is_sure: bool

    @property
    def service(self) -> str:
        """As ``tcp/443``; all passing ports are one."""
        if self.proto in {"tcp", "udp"}:
            return f"{self.proto}/{PASSING if self.port >= PASSING_FROM else self.port}"
        return f"{self.proto}/{self.port}" if self.proto in {"icmp", "icmp6"} else self.proto


def deed_of(flow: Flow) -> Deed | None:
    """What the flow shows; None for the network's upkeep, refusals, and what shows nothing."""
    match flow.proto:
        case "tcp":
            return _tcp(flow)
        case "udp":
            return _udp(flow)
        case "icmp" | "icmp6":
            if flow.from_port not in _ECHO:
                return None
            return Deed(_ECHO[flow.from_port], flow.proto, flow.from_port, is_sure=True)
        case "arp" | "ip/2":  # ip/2 is IGMP: who wants to hear a group
            return None
    return Deed(USES, flow.proto, 0, is_sure=False)


def _tcp(flow: Flow) -> Deed | None:
    if flow.flags & SYN:
        accepts = bool(flow.flags & ACK) and (flow.is_answer or flow.is_opening)
        if accepts:
            return Deed(OFFERS, "tcp", flow.from_port, is_sure=True)
        return None if flow.is_answer else Deed(USES, "tcp", flow.to_port, is_sure=True)
    if flow.flags & RST and flow.frames <= 1:
        return None  # it refuses; whoever asked did that deed
    return _by_ports("tcp", flow.from_port, flow.to_port)


def _udp(flow: Flow) -> Deed | None:
    source, target = flow.from_port, flow.to_port
    if source in _UPKEEP_PORTS or target in _UPKEEP_PORTS:
        return None
    serves = source < _SYSTEM_PORTS or source in _UDP_SERVICES
    served = target < _SYSTEM_PORTS or target in _UDP_SERVICES
    if served:
        return Deed(USES, "udp", target, is_sure=True)
    if serves or flow.is_answer:
        return Deed(OFFERS, "udp", source, is_sure=flow.is_answer)
    return Deed(USES, "udp", target, is_sure=True)


def _by_ports(proto: str, source: int, target: int) -> Deed | None:
    """Heard from its middle: the lower port is the service, if the other is a passing one."""
    if target < PASSING_FROM <= source or target < _SYSTEM_PORTS <= source:
        return Deed(USES, proto, target, is_sure=False)
    if source < PASSING_FROM <= target or source < _SYSTEM_PORTS <= target:
        return Deed(OFFERS, proto, source, is_sure=False)
    return None


def role_of(deed: Deed, peer: Peer) -> str:
    """With whom, as generally as it stays true tomorrow."""
    if peer.is_everyone:
        return "everyone"
    if deed.port == NTP_PORT and deed.proto == "udp":  # pools answer from anywhere
        return "clock"
    if peer.is_resolver and deed.port in DNS_PORTS:
        return "resolver"
    if peer.is_router:
        return "router"
    if not peer.is_outside:
        return f"thing:{peer.thing}" if peer.thing else "home"
    return _outside(peer)


def _outside(peer: Peer) -> str:
    for name in peer.names:
        owner = registrable(name)
        if owner:
            return f"name:{owner}"
    return f"country:{peer.country}" if peer.country else "outside"


@lru_cache(maxsize=4096)
def is_group_address(ip: str) -> bool:
    """A multicast or the broadcast address; what is no address is none."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return address.is_multicast or ip == "255.255.255.255"
