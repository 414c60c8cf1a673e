"""Where each thing is: which addresses are its alone, and how surely a frame of them is its own.

Anybody can write another's hardware address into a frame. Who owns a port of our bridge cannot be
written: a thing that is heard at a port of its own did send what is heard there. Where several
things share one port (an access point, a switch), the address is all there is.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec

from omamori.hub.guarding.plan import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omamori.hub.knowing.known import KnownThing

PORTS_MAX = 8192  # hardware addresses whose port is remembered: about 1 MB
BOUND_MAX = 1024  # a port each: no bridge has more (linux/if_bridge.h: BR_MAX_PORTS)
EVICT_SHARE = 8
SETTLED_S = 60.0
"""So long at one port and no other: a bridge learns a sender's port with each of its frames, so a
borrowed address moves at once."""
MOVED_S = 3600.0  # a cable that was moved so lately may as well be a borrowed address
PLACE_ADDRESSES_MAX = 32  # of one thing: some hardware addresses, and IPv6 has several for each

_MAC = re.compile(r"[0-9a-f][02468ace](?::[0-9a-f]{2}){5}")  # of one thing, not a group's
_PORT = re.compile(r"[A-Za-z0-9_.@-]{1,15}")  # Linux: IFNAMSIZ
_NO_MAC, _EVERYBODY = "00:00:00:00:00:00", "255.255.255.255"

OWN_PORT, SHARED_PORT, MOVED, BARE = "own-port", "shared-port", "moved", "bare"
"""How surely it was this thing: alone at its port; one of several there; its address was heard at
two ports; nobody knows any port."""


class _Seat(msgspec.Struct):
    """At which port an address is heard; an empty one: at none now, and `last` was the last."""

    port: str
    since: float
    last: str
    moved_at: float | None = None


class Ports:
    """Learns which address is heard at which port of our bridge (sightings ``bridge.port``).

    Attributes:
        radio: ports that are nobody's own: who is within reach may be there, and things roam.
    """

    def __init__(self) -> None:
        self.radio: frozenset[str] = frozenset()
        self._seats: dict[str, _Seat] = {}
        self._at: dict[str, set[str]] = {}

    def heard(self, mac: str, port: str, now: float) -> None:
        """An address is heard at a port."""
        if not _PORT.fullmatch(port):
            return
        seat = self._seats.get(mac)
        if seat is None:
            self._make_room()
            self._seats[mac] = _Seat(port, now, port)
        elif seat.port != port:
            if seat.port:
                self._leave(seat.port, mac)
            if port != seat.last and not {port, seat.last} <= self.radio:
                seat.moved_at = now
            seat.port, seat.last, seat.since = port, port, now
        else:
            return
        self._at.setdefault(port, set()).add(mac)

    def now(self, table: Mapping[str, str], now: float) -> None:
        """All that the bridge knows at this moment: address → port.

        What it knows no more was pulled out, or silent for minutes (IEEE 802.1Q §8.8.3); wherever
        that is heard next may be a borrowed address.
        """
        for mac, seat in self._seats.items():
            if seat.port and mac not in table:
                self._leave(seat.port, mac)
                seat.port = ""
        for mac, port in table.items():
            self.heard(mac, port, now)

    def of(self, mac: str) -> str:
        """The port that is this address's alone; empty where it is shared or not known."""
        seat = self._seats.get(mac)
        if seat is None or not seat.port or seat.port in self.radio:
            return ""
        return seat.port if len(self._at[seat.port]) == 1 else ""

    def kept(self, place: Place, before: Place) -> Place:
        """Where a thing is that was cut off at `before`: made-up addresses there free nobody."""
        seats = (self._seats.get(mac) for mac in place.macs)
        is_elsewhere = any(s is not None and s.port not in {"", before.port} for s in seats)
        if place.port or not before.port or is_elsewhere:
            return place
        return msgspec.structs.replace(place, port=before.port)

    def surety(self, mac: str, now: float) -> str:
        """How surely a frame with this address was sent by its owner."""
        seat = self._seats.get(mac)
        if seat is None or not seat.port:
            return BARE
        if seat.moved_at is not None and abs(now - seat.moved_at) < MOVED_S:
            return MOVED
        if len(self._at[seat.port]) > 1 or seat.port in self.radio:
            return SHARED_PORT
        return OWN_PORT if abs(now - seat.since) >= SETTLED_S else BARE

    def settled(self, mac: str, now: float) -> Place | None:
        """Where it long was alone and nowhere else; None where that is not so."""
        port = self.of(mac) if self.surety(mac, now) == OWN_PORT else ""
        return Place(mac, (mac,), (), port) if port and _MAC.fullmatch(mac) else None

    def bound(self, now: float) -> tuple[Place, ...]:
        """All that long had a port alone; in the same order each time."""
        found = (self.settled(mac, now) for mac in sorted(self._seats))
        return tuple(place for place in found if place)[:BOUND_MAX]

    def forget(self, mac: str) -> None:
        """It is not here any more."""
        seat = self._seats.pop(mac, None)
        if seat is not None and seat.port:
            self._leave(seat.port, mac)

    def _leave(self, port: str, mac: str) -> None:
        there = self._at[port]
        there.discard(mac)
        if not there:
            del self._at[port]

    def _make_room(self) -> None:
        if len(self._seats) >= PORTS_MAX:
            # The youngest go first: a flood of made-up addresses is young.
            for young in list(self._seats)[-PORTS_MAX // EVICT_SHARE :]:
                self.forget(young)


class Whereabouts:
    """Where all things are now; made anew when the inventory changed.

    A place holds only addresses that are the thing's alone: whoever takes another's IP address must
    not have that one cut off with it. A port at which somebody is cut off stays that one's.
    """

    def __init__(
        self, things: Iterable[KnownThing], ports: Ports, held: Mapping[str, str] | None = None
    ) -> None:
        """`held` says at which port which thing is cut off."""
        self._places: dict[str, Place] = {}
        known = [thing for thing in things if not thing.behind]
        owners: dict[str, int] = {}
        for thing in known:
            for address in {*_macs(thing), *_ips(thing)}:
                owners[address] = owners.get(address, 0) + 1
        for thing in known:
            macs = tuple(m for m in _macs(thing) if owners[m] == 1)[:PLACE_ADDRESSES_MAX]
            ips = tuple(ip for ip in _ips(thing) if owners[ip] == 1)[:PLACE_ADDRESSES_MAX]
            port = ports.of(thing.mac) if thing.mac in macs else ""
            port = port if (held or {}).get(port, thing.id) == thing.id else ""
            self._places[thing.id] = Place(thing.id, macs, ips, port)

    def of(self, thing: str) -> Place:
        """The place of a thing; without any address where nothing is known."""
        return self._places.get(thing) or Place(thing)


def macs_of(thing: KnownThing) -> tuple[str, ...]:
    """The hardware address that it uses now, where it is one."""
    is_one = _MAC.fullmatch(thing.mac) is not None and thing.mac != _NO_MAC
    return (thing.mac,) if is_one else ()


def _macs(thing: KnownThing) -> tuple[str, ...]:
    """Its hardware address, and its former ones: not those that likeness alone gives it."""
    if thing.is_likeness:
        return macs_of(thing)
    former = (a.id for a in thing.known_by if not a.is_guess and _MAC.fullmatch(a.id))
    return tuple(dict.fromkeys((*macs_of(thing), *former)))


def _ips(thing: KnownThing) -> tuple[str, ...]:
    """Its addresses as they are written usually, without those that no single thing has."""
    found: dict[str, None] = {}
    for text in thing.ips:
        try:
            ip = ip_address(text)
        except ValueError:
            continue
        is_nobodys = ip.is_multicast or ip.is_unspecified or ip.is_loopback
        if not is_nobodys and text != _EVERYBODY and not getattr(ip, "scope_id", None):
            found[str(ip)] = None
    return tuple(found)
