"""Reaching: how far each thing may reach each other one, from links, doubt and what it could harm.

A home must go on as usual: what no link names is left as it is, except where an unknown asker could
operate what can harm. ECHONET Lite has no authentication (Part II §3.2): any thing on the network can
unlock a door or charge a battery, so there the unknown may read and not set.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import msgspec

from omamori.hub.guarding.carriers import Announced, carriers_of, is_carrier
from omamori.hub.guarding.plan import CONTROL, DISCOVER, NONE, REACHES, READ, Carrier, Pair, Place
from omamori.hub.linking.link import ACTIVE, ASKED, LIMITED
from omamori.hub.points import ASK_BEFORE_CUTTING, HARMS, LIFE, harm_of
from omamori.trust.verdict import LOOK, PURPOSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.linking.link import Link
    from omamori.hub.sighting import Sighting

WATCHING, GUARDING, STRICT = "watching", "guarding", "strict"
MODES = (WATCHING, GUARDING, STRICT)
"""Nothing is held but cuts; the usual; nothing without a link."""

PAIRS_MAX = 8_192  # the firewall takes no more: 200 things and 40 that can harm
ELEMENTS_MAX = 120_000
"""What all pairs cost together; with the cuts and the doors it stays below what the firewall takes.
Some made-up things with many addresses each must not make a plan that is refused."""
VOUCHED_RUNG_MIN = 1
"""From the hub's own word on, even its least, a thing may go on operating as it always did: a home
must not be stopped for a thing that is only likely what it seems. The unknown has no such word."""

OPERABLE: frozenset[str] = frozenset({
    "lock", "garage-door", "access-control", "storage-battery", "ev-charger", "fuel-cell", "heater",
    "cooker", "kettle", "coffee-maker", "water-heater", "bath", "solar", "siren", "sprinkler",
    "medical", "glucose-meter", "health-gateway", "alarm", "car", "blind", "plug", "controller",
    "meter",
})  # fmt: skip
"""Kinds that anybody on the network could make do harm; published here."""

SURE_BANDS = frozenset({"sure", "likely"})

REACH_OF_STATE: dict[str, dict[str, str]] = {
    # state of the link → act of its purpose → how far the asker reaches
    ACTIVE: {"look": READ, "adjust": CONTROL, "operate": CONTROL},
    LIMITED: {"look": READ, "adjust": READ, "operate": READ},
    ASKED: {"look": DISCOVER, "adjust": DISCOVER, "operate": DISCOVER},
}
"""Suspended and ended links, and states not named here: to find it and no more."""


class Party(msgspec.Struct, frozen=True):
    """One thing as reaching needs to know it.

    Attributes:
        rung: its effective level in this home's ladder; 0 is none.
        is_doubted: an open alert, a question or an advisory speaks against it.
        is_guest: only a grant speaks for it.
        is_needed: this machine, or the way out: nothing is held between it and others here.
        is_sure: its kind is well known; what only might be a phone keeps its doors.
        behind: kinds of what is behind it under its address: a lock and a battery may be one node.
    """

    thing: str
    kind: str = ""
    rung: int = 0
    is_doubted: bool = False
    is_guest: bool = False
    is_needed: bool = False
    is_sure: bool = True
    behind: tuple[str, ...] = ()

    @property
    def is_operable(self) -> bool:
        """Whether anybody on the network could make it do harm, or anything behind it."""
        return self.kind in OPERABLE or not OPERABLE.isdisjoint(self.behind)

    @property
    def harm(self) -> int:
        """The worst that it could do, as its place in `HARMS`."""
        return max(HARMS.index(harm_of(kind)) for kind in (self.kind, *self.behind))


def party_of(
    thing: KnownThing,
    rung: int,
    *,
    is_doubted: bool,
    is_guest: bool,
    is_needed: bool,
    behind: tuple[str, ...] = (),
) -> Party:
    """A thing of the inventory; what only likeness ties to a known one is worth nothing."""
    identity = thing.identity
    return Party(
        thing.id,
        identity.kind.value,
        0 if thing.is_likeness else rung,
        is_doubted,
        is_guest,
        is_needed,
        identity.confidence in SURE_BANDS,
        behind,
    )


class Reached(msgspec.Struct, frozen=True):
    """What shall be held.

    Attributes:
        left_out: pairs beyond ``PAIRS_MAX`` or `ELEMENTS_MAX`, those that could harm least.
        guarded: what can harm: who is not `familiar` may read it and no more.
        familiar: hardware addresses of those about whom all that is to be held is said here.
    """

    pairs: tuple[Pair, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    left_out: int = 0
    guarded: tuple[Place, ...] = ()
    familiar: tuple[str, ...] = ()


def reach_of(link: Link) -> str:
    """How far a link lets its asker reach."""
    purpose = PURPOSES.get(link.purpose)
    act = purpose.act if purpose else LOOK
    return REACH_OF_STATE.get(link.state, {}).get(act, DISCOVER)


def reaches(
    links: Iterable[Link], parties: Sequence[Party], mode: str
) -> dict[tuple[str, str], str]:
    """How far each reaches each other; what is not in it is left as it is. Doubt never widens."""
    if mode == WATCHING:
        return {}
    known = {party.thing: party for party in parties}
    named: dict[tuple[str, str], str] = {}
    for link in links:
        if link.a in known and link.b in known and link.a != link.b:
            ends = link.a, link.b
            named[ends] = _wider(named.get(ends, NONE), reach_of(link))
    found: dict[tuple[str, str], str] = {}
    for one, other in _candidates(known, named, mode):
        if one.thing == other.thing or one.is_needed or other.is_needed:
            continue
        there, back = (one.thing, other.thing), (other.thing, one.thing)
        is_linked = there in named or back in named
        reach = _reach(one, other, named.get(there, ""), mode, is_linked=is_linked)
        if reach:
            found[there] = reach
    return found


def _candidates(
    known: Mapping[str, Party], named: Mapping[tuple[str, str], str], mode: str
) -> Iterable[tuple[Party, Party]]:
    """Those of whom there may be something to say: of 200 things a few, not all 40,000 pairs."""
    everybody = list(known.values())
    if mode == STRICT:
        yield from product(everybody, everybody)
        return
    doubted = [party for party in everybody if party.is_doubted]
    yield from product(doubted, everybody)
    yield from product(everybody, [party for party in everybody if party.is_operable])
    for one, other in named:
        yield known[one], known[other]
        yield known[other], known[one]


def _reach(one: Party, other: Party, linked: str, mode: str, *, is_linked: bool) -> str:
    """How far one reaches the other; empty is as it is."""
    usual = linked
    if not linked and mode == STRICT:
        usual = DISCOVER
    elif not linked and other.is_operable and (one.is_guest or one.rung < VOUCHED_RUNG_MIN):
        usual = READ
    is_held = one.is_doubted and (not _is_cared_for(one) or _is_steered(other))
    if not is_held and not (is_linked and other.is_doubted and not _is_cared_for(other)):
        return usual
    # A thing in doubt sets nothing, and its links fall to nothing; who reads a body reads on.
    if is_linked and HARMS.index(LIFE) not in {one.harm, other.harm}:
        return NONE
    return _narrower(usual or READ, READ)


def _is_cared_for(party: Party) -> bool:
    """Doubt about what must not be cut off unasked takes nothing from it that it may live by.

    Anybody can send frames that look as if it had misbehaved (`guard.may-be-faked`), and a pump that
    no longer reaches its gateway does more harm than most of what it could do. A mere hint at such a
    kind, which anybody can announce, is not enough.
    """
    return party.is_sure and (party.kind in ASK_BEFORE_CUTTING or harm_of(party.kind) == LIFE)


def _is_steered(party: Party) -> bool:
    return party.kind in OPERABLE and harm_of(party.kind) != LIFE


def _wider(one: str, other: str) -> str:
    return max(one, other, key=REACHES.index)


def _narrower(one: str, other: str) -> str:
    return min(one, other, key=REACHES.index)


class Reaching:
    """Joins links, what is known of things, and announced doors into what shall be held."""

    def __init__(
        self, links: Callable[[], Iterable[Link]], parties: Callable[[], Sequence[Party]]
    ) -> None:
        self.links = links
        self.parties = parties
        self.announced = Announced()
        self.left_out = 0
        self._asked: object = None
        self._held = Reached()

    def hear(self, said: Iterable[Sighting], thing_of: Callable[[str], str]) -> None:
        """Learn which doors things offer to phones; `thing_of` names who says it."""
        for sighting in said:
            if sighting.kind == "mdns.service":
                self.announced.heard(thing_of(sighting.source) or sighting.source, sighting.fields)

    def __call__(self, place_of: Callable[[str], Place], mode: str) -> Reached:
        """What shall be held besides cuts."""
        held = self.held(place_of, mode)
        self.left_out = held.left_out
        return held

    def held(self, place_of: Callable[[str], Place], mode: str) -> Reached:
        """The same with what had to be left out."""
        if mode == WATCHING:
            return Reached()
        parties = self.parties()
        links = tuple(self.links())
        places = {party.thing: place_of(party.thing) for party in parties}
        doors = self.announced.doors()
        named = tuple((link.a, link.b, link.purpose, link.state) for link in links)
        asked = (mode, tuple(parties), named, places, doors)
        if asked != self._asked:  # mostly nothing has changed, and a plan is made at each step
            self._asked, self._held = asked, _held(parties, links, places, doors, mode)
        return self._held


def _held(
    parties: Sequence[Party],
    links: Sequence[Link],
    places: Mapping[str, Place],
    doors: tuple[str, ...],
    mode: str,
) -> Reached:
    placed = [p for p in parties if places[p.thing].macs or places[p.thing].ips]
    found = reaches(links, placed, mode)
    harm = {party.thing: party.harm for party in placed}
    linked = {end for link in links for end in (link.a, link.b)}  # whoever works with others here

    def grave(ends: tuple[str, str]) -> tuple[bool, int, int]:
        return ends[0] not in linked, -harm[ends[1]], REACHES.index(found[ends])

    order = sorted(found, key=grave)
    held = order[: _fitting(order, places)]
    pairs = tuple(Pair(places[a], places[b], found[a, b]) for a, b in held)
    roam = [places[p.thing] for p in placed if _roams(p)]
    left_out = {one for one, _ in order[len(held) :]}
    return Reached(
        pairs,
        carriers_of(roam, doors),
        len(order) - len(held),
        tuple(places[p.thing] for p in placed if _is_guarded(p, mode)),
        tuple(sorted(m for p in placed if p.thing not in left_out for m in places[p.thing].macs)),
    )


def _is_guarded(party: Party, mode: str) -> bool:
    return not party.is_needed and (mode == STRICT or party.is_operable)


def _fitting(order: Sequence[tuple[str, str]], places: Mapping[str, Place]) -> int:
    """How many of the pairs can be held together."""
    cost = 0
    for count, (a, b) in enumerate(order):
        cost += _cost(places[a], places[b])
        if count >= PAIRS_MAX or cost > ELEMENTS_MAX:
            return count
    return len(order)


def _cost(one: Place, other: Place) -> int:
    """Elements of the kernel's sets, both ways and in both tables, at most."""
    v6, others_v6 = (sum(":" in ip for ip in place.ips) for place in (one, other))
    same = (len(one.ips) - v6) * (len(other.ips) - others_v6) + v6 * others_v6
    macs = len(one.macs) * len(other.macs)
    return 2 * macs + 4 * same + len(one.macs) * len(other.ips) + len(other.macs) * len(one.ips)


def _roams(party: Party) -> bool:
    if party.is_needed or not (party.is_sure or party.is_guest):
        return False
    return is_carrier(party.kind, is_guest=party.is_guest)
