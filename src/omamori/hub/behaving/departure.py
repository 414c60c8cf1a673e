"""Departures: which new deeds of which things a person should know of, and which are only news."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from omamori.hub.behaving.deed import OFFERS, PASSING_FROM, USES, Deed, Peer
from omamori.hub.flow import ACK, SYN

if TYPE_CHECKING:
    from omamori.hub.behaving.habit import Habits
    from omamori.hub.flow import Flow

FEW_OWNERS_MAX = 8  # a thing of unknown kind that needs no more names does few things; uncalibrated
WORLDLY_COUNTRIES = 5  # to whom talks to so many countries one more is nothing; uncalibrated
MORE_TIMES = 10  # more than ever: so many times the most of any day before; uncalibrated
MORE_OCTETS_MIN = 200_000_000  # and at least this: a small upload is nobody's concern; uncalibrated
MORE_DAYS_MIN = 7  # days that "ever" must hold
PROVES_FRAMES = 5  # datagrams to one place that are no passing try


class Purpose(Enum):
    """How many different things a kind of thing does with the network."""

    FEW = "few"  # what its maker built in: a new destination is remarkable
    MEETS = "meets"  # the same, but it looks for others at home and talks to what it finds
    MANY = "many"  # people go anywhere with it: nothing new is remarkable
    UNTOLD = "untold"  # its kind is unknown, so its first days must tell


PURPOSES: dict[str, Purpose] = {
    # People install programs on it, or watch and read what they like.
    "computer": Purpose.MANY,
    "game-console": Purpose.MANY,
    "phone": Purpose.MANY,
    "set-top-box": Purpose.MANY,
    "tablet": Purpose.MANY,
    "television": Purpose.MANY,
    "wearable": Purpose.MANY,
    "car": Purpose.MANY,
    # Others' talk goes through it, or it runs what its owner likes.
    "router": Purpose.MANY,
    "service": Purpose.MANY,
    "storage": Purpose.MANY,
    "switch": Purpose.MANY,
    # It looks for other things and works with them; players fetch from anywhere, too.
    "bridge": Purpose.MEETS,
    "controller": Purpose.MEETS,
    "health-gateway": Purpose.MEETS,
    "media-player": Purpose.MANY,
    "printer": Purpose.MEETS,
    "projector": Purpose.MEETS,
    "recorder": Purpose.MEETS,
    "speaker": Purpose.MANY,
    "unknown": Purpose.UNTOLD,
}
"""By kind; every other kind does few things (`Purpose.FEW`)."""

REACHING = frozenset({21, 22, 23, 135, 139, 445, 2222, 2323, 3389, 5555, 5900, 8291})
"""TCP ports by which one thing takes hold of another: file sharing and remote control."""
HOLDING = REACHING | frozenset({1080, 3128, 4444, 6667, 9050, 9051})
"""TCP ports that a taken-over thing offers: the same, proxies, and a bot's chat."""


def purpose_of(kind: str, habits: Habits) -> Purpose:
    """What is known of how many things it does."""
    purpose = PURPOSES.get(kind, Purpose.FEW)
    if purpose is Purpose.UNTOLD and len(habits.owners()) > FEW_OWNERS_MAX:
        return Purpose.MANY
    return purpose


def about(deed: Deed, role: str) -> str:
    """What makes two departures the same, and what a person allows."""
    return f"{deed.way} {role} {deed.service}"


def departure(
    habits: Habits, purpose: Purpose, flow: Flow, deed: Deed, peer: Peer, role: str
) -> str:
    """The kind of alert that a deed nobody expected is; empty where it is only news."""
    if purpose is Purpose.MANY:
        return ""
    if deed.way == OFFERS:
        return "behaviour.offers-new" if _offers_gravely(habits, flow, deed, peer) else ""
    if peer.is_outside:
        return "behaviour.new-country" if _goes_far(habits, flow, deed, peer, role) else ""
    return "behaviour.new-neighbour" if _reaches(habits, purpose, deed, peer, role) else ""


def is_attempt(flow: Flow, deed: Deed, peer: Peer) -> bool:
    """So far it only tries to reach someone outside; what comes of it is told with the sum."""
    return peer.is_outside and deed.way == USES and flow.proto == "tcp" and not flow.flags & ACK


def is_grave(deed: Deed, peer: Peer) -> bool:
    """Whether it should be told that a file does not let this.

    Few files tell of pings that are answered and of calls to everyone, which harm nobody.
    """
    is_talk = deed.proto in {"tcp", "udp"} or deed.way == USES
    return deed.is_sure and is_talk and not peer.is_everyone


def _offers_gravely(habits: Habits, flow: Flow, deed: Deed, peer: Peer) -> bool:
    """It lets someone in where it never did.

    Most services are first heard of when somebody first asks for them, so that is only news. Not
    so for what outside may reach, and for doors that let another take it over.
    """
    if deed.proto != "tcp" or flow.flags & (SYN | ACK) != SYN | ACK:
        return False
    offered = {(role, service) for way, role, service in habits.known if way == OFFERS}
    if peer.is_outside:
        return not any(service == deed.service and _is_far(role) for role, service in offered)
    return deed.port in HOLDING and not any(service == deed.service for _, service in offered)


def _is_far(role: str) -> bool:
    return role.startswith(("name:", "country:")) or role == "outside"


def _goes_far(habits: Habits, flow: Flow, deed: Deed, peer: Peer, role: str) -> bool:
    """It talks to a country that it never talked to, under no name that it ever used.

    Where its first days showed no talk outside at all, nothing is known of what is usual there.
    """
    return (
        deed.proto in {"tcp", "udp"}
        and role not in {"clock", "resolver"}
        and bool(peer.country)
        and bool(habits.countries)
        and peer.country not in habits.countries
        and len(habits.countries) < WORLDLY_COUNTRIES
        and not (role.startswith("name:") and role[5:] in habits.owners())
        and (flow.proto == "tcp" or flow.frames >= PROVES_FRAMES)
    )


def _reaches(habits: Habits, purpose: Purpose, deed: Deed, peer: Peer, role: str) -> bool:
    """It begins to talk to a thing at home with which it never had to do.

    A thing that finds others, or already uses this service with several, is only followed at the
    doors that let it take hold of another. Whoever called it first may be called back.
    """
    if deed.proto != "tcp" or not deed.is_sure or deed.port >= PASSING_FROM:
        return False
    known = habits.known
    others = {r for way, r, service in known if way == USES and service == deed.service}
    at_home = {r for r in others if r.startswith("thing:") or r in {"router", "home"}}
    if deed.port in REACHING:
        return len(at_home) < 2  # noqa: PLR2004 - who has it with several does that for its living
    if purpose is not Purpose.FEW or peer.is_router or at_home:
        return False
    return not any(way == OFFERS and r == role for way, r, _ in known)


def is_more_than_ever(today: int, most: int, days: int) -> bool:
    """Far more goes outside today than on any day of the last four weeks."""
    return days >= MORE_DAYS_MIN and today > max(most * MORE_TIMES, MORE_OCTETS_MIN)
