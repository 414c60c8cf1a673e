"""Peers: who is at the other end of a flow, from what was said on the network; bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from omamori.hub.behaving.deed import NAMES_OF_PEER_MAX, Peer, is_group_address
from omamori.hub.crowded import relieve
from omamori.hub.talking.traffic_count import is_group
from omamori.hub.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.hub.flow import Flow
    from omamori.hub.ports import Places
    from omamori.hub.sighting import Sighting

NAMED_MAX = 16_384  # addresses with names, of all things
NAMED_PER_THING_MAX = 1024
EVICT_SHARE = 16  # a full table lets go of one part in this many at once
ROUTERS_MAX, RESOLVERS_MAX = 8, 16  # latest ones; a flood of claims is another's alert
TEXT_MAX = 253
_EVERYONE = Peer(is_everyone=True)


class _Latest:
    """A small set whose oldest member goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.members: OrderedDict[str, None] = OrderedDict()

    def add(self, member: str) -> None:
        if not member:
            return
        self.members[member] = None
        self.members.move_to_end(member)
        if len(self.members) > self._most:
            self.members.popitem(last=False)


class Peers:
    """Knows names of addresses, routers and resolvers from sightings, and tells whom a flow meets.

    Args of the constructor:
        places: where addresses are registered.
        thing_of: id of the thing with this hardware address and IP; empty where nobody knows.
    """

    def __init__(self, places: Places, thing_of: Callable[[str, str], str]) -> None:
        self._places = places
        self._thing_of = thing_of
        self._names: OrderedDict[str, OrderedDict[str, tuple[str, ...]]] = OrderedDict()
        self._named = 0
        self._routers = _Latest(ROUTERS_MAX)
        self._ways = Ways(outsiders=1)
        self._resolvers = _Latest(RESOLVERS_MAX)

    def note(self, sighting: Sighting, thing: str) -> None:
        """Take in what a sighting says of names, routers and resolvers."""
        fields = sighting.fields
        match sighting.kind:
            case "name.address" if fields.get("by") == "dns":
                # A name in a hello (tls, quic, http) is the thing's own claim about any address.
                self._name(thing, fields.get("ip", ""), fields.get("name", ""))
            case "dhcp.offer":
                self._routers.add(fields.get("router", "")[:TEXT_MAX])
                for address in fields.get("dns", "").replace(",", " ").split()[:RESOLVERS_MAX]:
                    self._resolvers.add(address[:TEXT_MAX])
            case "icmp6.router":
                self._routers.add(fields.get("mac", "")[:TEXT_MAX])

    def hear(self, flow: Flow) -> None:
        """Take in a flow, also one that comes from outside: who brings that?"""
        if flow.is_opening:
            self._ways.hear(flow)

    def of(self, flow: Flow, thing: str) -> Peer:
        """Whom the flow is sent to, as its sender ``thing`` knows them."""
        if is_group(flow) or is_group_address(flow.target):
            return _EVERYONE
        is_resolver = flow.target in self._resolvers.members
        if not flow.is_to_here:
            return Peer(
                is_outside=True,
                is_resolver=is_resolver,
                names=self._names_of(thing, flow.target),
                country=self._places.country(flow.target),
            )
        routers, mac = self._routers.members, flow.peer_mac
        return Peer(
            is_router=flow.target in routers or mac in routers or mac in self._ways,
            is_resolver=is_resolver,
            thing=self._thing_of(flow.peer_mac, flow.target),
        )

    def forget(self, thing: str) -> None:
        """Let a thing go."""
        self._named -= len(self._names.pop(thing, ()))

    def join(self, old: str, new: str) -> None:
        """Two ids turned out to be one thing: the names that ``old`` knew, ``new`` knows."""
        gone = self._names.pop(old, None)
        if gone is None:
            return
        self._named -= len(gone)
        for ip, names in gone.items():
            for name in reversed(() if self._names_of(new, ip) else names):
                self._name(new, ip, name)

    def _names_of(self, thing: str, ip: str) -> tuple[str, ...]:
        known = self._names.get(thing)
        return known.get(ip, ()) if known else ()

    def _name(self, thing: str, ip: str, name: str) -> None:
        name = name[:TEXT_MAX].strip(".").lower()
        if not thing or not ip or not name:
            return
        known = self._names.setdefault(thing, OrderedDict())
        self._names.move_to_end(thing)
        before = known.pop(ip, None)
        self._named += before is None
        others = tuple(other for other in before or () if other != name)
        known[ip] = (name, *others)[:NAMES_OF_PEER_MAX]
        if len(known) > NAMED_PER_THING_MAX:
            known.popitem(last=False)
            self._named -= 1
        if self._named > NAMED_MAX:  # whoever has most gives: a flood of names is one thing's
            self._named -= relieve(
                self._names.values(), len, _drop_oldest, NAMED_MAX // EVICT_SHARE
            )


def _drop_oldest(names: OrderedDict[str, tuple[str, ...]]) -> int:
    return len(names) and len(names.popitem(last=False))
