"""Access lists of a MUD file: RFC 8519's entries, with what RFC 8520 adds to their matches."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

PORT_MAX = 65_535

Forwarding = Literal["accept", "drop", "reject"]
Initiated = Literal["", "from-device", "to-device"]
Operator = Literal["eq", "neq", "lte", "gte", "range"]
AclType = Literal[
    "",
    "ipv4-acl-type",
    "ipv6-acl-type",
    "eth-acl-type",
    "mixed-eth-ipv4-acl-type",
    "mixed-eth-ipv6-acl-type",
    "mixed-eth-ipv4-ipv6-acl-type",
]
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58  # protocol numbers (IANA)
DNS_CLASS, NTP_CLASS = "urn:ietf:params:mud:dns", "urn:ietf:params:mud:ntp"
"""Controller classes that every network knows (RFC 8520, 17.7)."""
GATEWAY_CLASS = "urn:ietf:params:mud:gateway"
"""The network's router: not registered, but used by published files."""


class Ports(msgspec.Struct, frozen=True):
    """A port match of RFC 8519: one port with an operator, or a range."""

    operator: Operator
    port: int
    upper: int = PORT_MAX

    def holds(self, port: int) -> bool:
        """Whether the match holds for ``port``."""
        match self.operator:
            case "eq":
                return port == self.port
            case "neq":
                return port != self.port
            case "lte":
                return port <= self.port
            case "gte":
                return port >= self.port
            case "range":
                return self.port <= port <= self.upper


class Ace(msgspec.Struct, frozen=True):
    """One entry of an access list; empty and None match everything.

    Attributes:
        name: the entry's own.
        forwarding: what is done with what matches.
        family: ``ipv4`` or ``ipv6`` where it matches one of them.
        protocol: IP protocol number.
        source, target: IP networks.
        source_name, target_name: domain names (``ietf-acldns``).
        source_ports, target_ports: of TCP or UDP.
        icmp_type, icmp_code: of ICMP or ICMPv6.
        initiated: who must have opened the TCP connection.
        ethertype, source_mac, target_mac: of Ethernet.
        is_local: the other side is on this network (``local-networks``).
        is_same_maker: the other side's MUD URL has the same host (``same-manufacturer``).
        is_my_controller: the other side is this thing's controller, as the network knows it.
        controller: the other side is of this class.
        maker: the other side's MUD URL has this host (``manufacturer``).
        model: the other side's MUD URL is this.
    """

    name: str
    forwarding: Forwarding = "accept"
    family: Literal["", "ipv4", "ipv6"] = ""
    protocol: int | None = None
    source: str = ""
    target: str = ""
    source_name: str = ""
    target_name: str = ""
    source_ports: Ports | None = None
    target_ports: Ports | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    initiated: Initiated = ""
    ethertype: int | None = None
    source_mac: str = ""
    target_mac: str = ""
    is_local: bool = False
    is_same_maker: bool = False
    is_my_controller: bool = False
    controller: str = ""
    maker: str = ""
    model: str = ""


class Acl(msgspec.Struct, frozen=True):
    """A named access list."""

    name: str
    type: AclType = ""
    aces: tuple[Ace, ...] = ()


def as_builtins(acl: Acl) -> dict[str, Any]:
    """An access list as RFC 7951 writes it."""
    aces = [_written(ace) for ace in acl.aces]
    typed = {"type": acl.type} if acl.type else {}
    return {"name": acl.name, **typed, "aces": {"ace": aces}}


def _written(ace: Ace) -> dict[str, Any]:
    matches: dict[str, Any] = {}
    mud: dict[str, Any] = _told(
        {"controller": ace.controller, "manufacturer": ace.maker, "model": ace.model}
    )
    for name, is_there in (
        ("local-networks", ace.is_local),
        ("same-manufacturer", ace.is_same_maker),
        ("my-controller", ace.is_my_controller),
    ):
        if is_there:
            mud[name] = [None]
    ether = "" if ace.ethertype is None else f"0x{ace.ethertype:04x}"
    eth = _told(
        {
            "ethertype": ether,
            "source-mac-address": ace.source_mac,
            "destination-mac-address": ace.target_mac,
        }
    )
    matches |= {name: inner for name, inner in (("ietf-mud:mud", mud), ("eth", eth)) if inner}
    if ace.family:
        matches[ace.family] = _written_ip(ace)
    layer4 = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmp"}.get(ace.protocol or -1)
    inner = _written_transport(ace)
    if layer4 and (inner or not ace.family):
        matches[layer4] = inner
    return {"name": ace.name, "matches": matches, "actions": {"forwarding": ace.forwarding}}


def _told(values: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _written_ip(ace: Ace) -> dict[str, Any]:
    inner: dict[str, Any] = {} if ace.protocol is None else {"protocol": ace.protocol}
    return inner | _told(
        {
            f"source-{ace.family}-network": ace.source,
            f"destination-{ace.family}-network": ace.target,
            "ietf-acldns:src-dnsname": ace.source_name,
            "ietf-acldns:dst-dnsname": ace.target_name,
        }
    )


def _written_transport(ace: Ace) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for name, ports in (("source-port", ace.source_ports), ("destination-port", ace.target_ports)):
        if ports is None:
            continue
        if ports.operator == "range":
            inner[name] = {"lower-port": ports.port, "upper-port": ports.upper}
        else:
            inner[name] = {"operator": ports.operator, "port": ports.port}
    if ace.initiated:
        inner["ietf-mud:direction-initiated"] = ace.initiated
    icmp = {"type": ace.icmp_type, "code": ace.icmp_code}
    return inner | {name: number for name, number in icmp.items() if number is not None}
