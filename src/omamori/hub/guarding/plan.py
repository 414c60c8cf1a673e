"""Plan: the desired state of the home's firewall, as values; an adapter makes the kernel hold it."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason, RefusedError

NONE, DISCOVER, READ, CONTROL = "none", "discover", "read", "control"
REACHES = (NONE, DISCOVER, READ, CONTROL)
"""How far one thing reaches another: not at all; to find it; to read it; to set it."""


class Place(msgspec.Struct, frozen=True):
    """Where a thing is: who sends under one of these must send under all of them.

    Attributes:
        thing: its id (`KnownThing.id`).
        macs: hardware addresses; `ips` IPv4 and IPv6 addresses.
        port: the port of our bridge that it is plugged into; empty where nobody knows, or where
            several things share one.
    """

    thing: str
    macs: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    port: str = ""


class Cut(msgspec.Struct, frozen=True):
    """A thing cut off from all others, both ways.

    DHCP, ARP and ND with the hub stay, so that it keeps its address and can come back.

    Attributes:
        until: when it ends by itself, even if the hub is gone; seconds since the epoch.
    """

    place: Place
    until: float


class Pair(msgspec.Struct, frozen=True):
    """How far `one` reaches `other`; answers come back, and the other way round is another pair."""

    one: Place
    other: Place
    reach: str


class Carrier(msgspec.Struct, frozen=True):
    """A phone or the like: towards things at home it may only open these doors; outside is free.

    Attributes:
        doors: ``tcp/8009``, ``udp/5353`` and so on.
    """

    place: Place
    doors: tuple[str, ...]


class Plan(msgspec.Struct, frozen=True):
    """All that is wanted. What is not named is left as it is.

    Attributes:
        hub: where this machine is in the network; never cut.
        routers: who else gives addresses and leads outside; a cut thing may still ask them for
            its address, and nothing else.
        networks: the home's own prefixes (``2001:db8:1::/64``), where they are not private ones.
        guarded: what can harm: whoever is not `familiar` may read it, and no more.
        familiar: hardware addresses of those about whom the rest of the plan says all there is to
            say. Anybody can send under an address that nobody ever heard.
        bound: who long had a port alone: under its address nobody is heard at another one, so that
            nobody looks guilty for what another sends.
    """

    cuts: tuple[Cut, ...] = ()
    pairs: tuple[Pair, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    hub: Place = Place("hub")
    routers: tuple[Place, ...] = ()
    networks: tuple[str, ...] = ()
    guarded: tuple[Place, ...] = ()
    familiar: tuple[str, ...] = ()
    bound: tuple[Place, ...] = ()


class PlanError(RefusedError):
    """A plan that cannot be held, with its reason; what was in force stays in force."""


OBSERVING, ROUTED, BRIDGED = "observing", "routed", "bridge"


class Features(msgspec.Struct, frozen=True):
    """What this machine's kernel can hold, found by trying.

    Attributes:
        force: ``bridge`` (between any two things), ``routed`` (between networks only) or
            ``observing`` (nothing).
        can: names of what works: ``bridge``, ``inet``, ``netdev``, ``timeout``, ``ct-bridge``,
            ``reject-bridge``.
        why: why not more.
    """

    force: str
    can: frozenset[str] = frozenset()
    why: tuple[Reason, ...] = ()
