"""What a flow adds to a row, and what kind of talk it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.flow import ACK, SYN
from omamori.hub.talking.series import MINUTE_S

if TYPE_CHECKING:
    from omamori.hub.flow import Flow
    from omamori.hub.talking.talk import Row, Talk

OCTETS_MAX = 2**40  # of one flow as told: at 10 s and 10 Gbit/s it is 2**34
MOMENT_MAX = 2**33  # seconds since the epoch: the year 2242
UDP_OFFER_PORT_MAX = 9999  # an answer from a higher port is taken for a passing one; uncalibrated
_ODD = frozenset("13579bdf")  # the second digit of a group's hardware address
_MULTICAST = frozenset(str(first) for first in range(224, 240))  # RFC 5771
_UPKEEP = range(133, 138)  # ICMPv6 router and neighbour discovery (RFC 4861): no talk, but upkeep


def count(talk: Talk, row: Row, flow: Flow, at: float, *, is_sent: bool) -> None:
    """Count a flow in a row and in its thing's sums."""
    minute = at // MINUTE_S
    if minute != row.minute:
        talk.settle(row)
        row.minute = minute
    if is_sent:
        row.sent += octets(flow)
    else:
        row.received += octets(flow)
    frames = flow.frames if 0 <= flow.frames <= OCTETS_MAX else 0  # every frame has octets
    row.frames += frames
    if at > row.last_at:  # noqa: PLR1730 - a call would cost more
        row.last_at = at
    if at > talk.last_at:  # noqa: PLR1730
        talk.last_at = at
    talk.changed = True
    service = flow.service
    if service in row.services:
        row.services[service] += frames
    else:
        row.speak(service, frames)
    if flow.is_opening:
        _note_opening(row, flow, is_sent=is_sent)


def _note_opening(row: Row, flow: Flow, *, is_sent: bool) -> None:
    """Who began, and whether a connection was accepted (RFC 9293 3.5)."""
    hands = flow.flags & (SYN | ACK) if flow.proto == "tcp" else -1
    if flow.is_answer:
        if hands == SYN | ACK and not is_sent:
            row.answered += 1
        return
    if hands == SYN and is_sent:
        row.tries += 1
    if hands in {SYN, -1}:  # a connection heard from its middle does not say who began
        row.begun += is_sent
        row.asked += not is_sent


def octets(flow: Flow) -> int:
    """How much was heard; never what cannot be."""
    heard = flow.octets
    return heard if 0 <= heard <= OCTETS_MAX else min(max(heard, 0), OCTETS_MAX)


def moment(at: float) -> float:
    """When it was heard; 0.0 where that is no moment."""
    return at if 0 <= at <= MOMENT_MAX else 0.0  # not a number is no moment, either


def is_upkeep(flow: Flow) -> bool:
    """It is the network's own upkeep: ARP, router and neighbour discovery."""
    return flow.proto == "arp" or (flow.proto == "icmp6" and flow.from_port in _UPKEEP)


def is_group(flow: Flow) -> bool:
    """It was sent to a group, by hardware address (IEEE 802), or where there is none by IP."""
    if flow.peer_mac:
        return flow.peer_mac[1:2] in _ODD
    if ":" in flow.target:
        return flow.target.startswith("ff")  # RFC 4291 2.7
    first = flow.target.partition(".")[0]
    return first in _MULTICAST or flow.target == "255.255.255.255"


def is_offer(flow: Flow) -> bool:
    """The answer shows a service that is offered."""
    if flow.proto == "tcp":
        return flow.flags & (SYN | ACK) == SYN | ACK
    return flow.proto == "udp" and flow.from_port <= UDP_OFFER_PORT_MAX
