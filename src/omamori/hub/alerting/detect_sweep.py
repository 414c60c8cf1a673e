"""Sweeps: who asks for ever new addresses, or tries ever new doors of one thing or of many.

Ordinary set-ups ask ARP for at most 4 addresses a minute and try at most 2 ports of one host;
more than 10 and more than 20 gave no false alarm in 517 of them. The slow limits are uncalibrated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.alerting.detect_counts import Count, Different, asked_by, asker_of
from omamori.hub.finding import Finding
from omamori.hub.flow import ACK, ASKS, RST, SYN

if TYPE_CHECKING:
    from collections.abc import Hashable

    from omamori.documents.reason import Value
    from omamori.hub.alerting.detect_place import Place
    from omamori.hub.flow import Flow

ARP_TARGETS = 11  # a minute
ARP_TARGETS_HOUR = 128  # half of the addresses of a /24; a home has no so many things
ARP_TARGETS_ROUTER = 200  # a router asks for whoever is called; a whole /24 is no such need
SOLICITED = 24  # neighbour solicitations a minute: a thing has several IPv6 addresses to check
PINGED = 8  # addresses a minute; connectivity checks ping one to three
PINGED_HOUR = 40
ODD_ASKED = 4  # for timestamps or address masks nobody asks since ping exists (RFC 6918)
PORTS = 21  # of one host, a minute, that did not accept
PORTS_HOUR = 40
HOSTS = 11  # at one port, a minute, that did not accept
HOSTS_HOUR = 40

_ECHO, _TIMESTAMP, _ADDRESS_MASK, _INFORMATION = 8, 13, 17, 15
_ECHO_6, _SOLICIT = 128, 135
_ODD = {_TIMESTAMP, _ADDRESS_MASK, _INFORMATION}
_TRACEROUTE = range(33_434, 33_690)  # a port for each step, by its manual


class Sweeps:
    """Counts addresses and ports that are tried, each within a minute and within an hour."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._arp = Different(ARP_TARGETS, ARP_TARGETS_HOUR)
        self._solicited = Different(SOLICITED)
        self._pings = Different(PINGED, PINGED_HOUR)
        self._odd = Different(ODD_ASKED)
        self._ports = Different(PORTS, PORTS_HOUR)
        self._hosts = Different(HOSTS, HOSTS_HOUR)

    @property
    def counts(self) -> tuple[Different, ...]:
        """Everything that is counted."""
        return self._arp, self._solicited, self._pings, self._odd, self._ports, self._hosts

    def arp(self, flow: Flow, thing: str) -> Finding | None:
        """Someone asks who has an address."""
        if flow.to_port != ASKS or flow.source == flow.target or self._place.is_own(flow.mac):
            return None
        only = ARP_TARGETS_ROUTER if self._place.is_router(flow.mac) else 0
        found = self._arp.add(thing, flow.target, flow, only)
        return _found("sweep.arp", thing, flow, found, "targets")

    def icmp(self, flow: Flow, thing: str) -> Finding | None:
        """Someone asks whether an address answers."""
        if flow.is_answer or not flow.is_from_here or self._place.is_own(flow.mac):
            return None
        kind = flow.from_port
        if flow.proto == "icmp6":
            if kind == _SOLICIT and not self._place.is_router(flow.mac):
                count = self._solicited.add(thing, flow.target, flow)
                return _found("sweep.arp", thing, flow, count, "targets")
            if kind != _ECHO_6:
                return None
        elif kind in _ODD:
            odd = self._odd.add((thing, kind), flow.target, flow)
            return _found("sweep.ping", thing, flow, odd, "targets")
        elif kind != _ECHO:
            return None
        found = self._pings.add(thing, flow.target, flow)
        return _found("sweep.ping", thing, flow, found, "targets")

    def asks(self, flow: Flow, thing: str) -> Finding | None:
        """A connection or a datagram to one address; its answer may take it back."""
        port = flow.to_port
        if flow.proto == "udp" and port in _TRACEROUTE:
            return None
        from_here, to_here = flow.is_from_here, flow.is_to_here
        if from_here and self._place.is_own(flow.mac):
            return None
        item = (flow.proto, port)
        asker = asker_of(flow)
        key: Hashable = (asker, flow.target)
        found = self._ports.add(key, item, flow)
        if found is not None:
            return self._tried(flow, thing, found)
        if not (from_here and to_here):
            return None
        key = (asker, item)
        found = self._hosts.add(key, flow.target, flow)
        return _found("sweep.hosts", thing, flow, found, "targets", about=flow.service)

    def answers(self, flow: Flow) -> None:
        """What was tried did answer: a scan's ports and hosts mostly do not."""
        if flow.proto == "tcp" and (flow.flags & RST or not flow.flags & (SYN | ACK)):
            return
        item = (flow.proto, flow.from_port)
        for asked in asked_by(flow):
            self._ports.remove((asked, flow.source), item)
            if flow.is_from_here:
                self._hosts.remove((asked, item), flow.source)

    @staticmethod
    def _tried(flow: Flow, thing: str, found: Count) -> Finding | None:
        if flow.is_to_here and not flow.is_from_here:  # a stranger tries a thing here
            return _found("inbound.ports", thing, flow, found, "ports", stranger=flow.source)
        kind = "sweep.ports" if flow.is_to_here else "sweep.outside"
        return _found(kind, thing, flow, found, "ports", about=flow.target, target=flow.target)


def _found(
    kind: str,
    thing: str,
    flow: Flow,
    count: Count | None,
    size: str,
    *,
    about: str = "",
    **params: str,
) -> Finding | None:
    if count is None:
        return None
    told: dict[str, Value] = {size: count.size, **params}
    if kind == "sweep.hosts":
        told["service"] = about
    if kind == "inbound.ports":
        about = flow.source
    return Finding(kind, thing, flow.at, about, told, count.facts())
