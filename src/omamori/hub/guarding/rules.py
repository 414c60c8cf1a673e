"""Rules: the firewall's whole desired state for a plan, as values; pure."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from itertools import product
from math import ceil, isfinite, isnan
from typing import TYPE_CHECKING

import msgspec

from omamori.hub.guarding.plan import CONTROL, DISCOVER, NONE, READ, PlanError
from omamori.hub.guarding.rule_chains import bridge_chains, inet_chains
from omamori.hub.guarding.rule_places import Checked, check_counts, checked, door, hardware, local
from omamori.hub.guarding.rule_services import NOTE, STOP
from omamori.hub.guarding.rule_values import Element, Group, Key, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.guarding.plan import Plan

TABLE = "omamori"
CUT_S_MAX = 366 * 86_400  # a cut is looked at again within a year
ELEMENTS_MAX = 200_000  # about 40 MB of kernel memory
SEEN_MAX = 65_536  # talks whose answers may come back; as large as Linux' own table in a small box

_MAC, _V4, _V6, _NAME = "ether_addr", "ipv4_addr", "ipv6_addr", "ifname"
_FLOW = ("inet_proto", "inet_service", "inet_service")
_GUARDED = (("guarded", _MAC), ("guarded4", _V4), ("guarded6", _V6), ("familiar", _MAC))
_STRICTEST = (STOP, NONE, DISCOVER, READ, NOTE)


class Rules(msgspec.Struct, frozen=True):
    """What the kernel must hold.

    Attributes:
        counters: the thing each counter speaks of.
    """

    tables: tuple[Table, ...]
    counters: dict[str, str]


def counter_name(thing: str) -> str:
    """A name that the kernel takes, whatever the thing is called."""
    return "t" + blake2b(thing.encode("utf-8", "replace"), digest_size=15).hexdigest()


class _Known:
    """All places of a plan, and which of their addresses are theirs alone."""

    def __init__(self, plan: Plan) -> None:
        check_counts(plan)
        self.hub = checked(plan.hub)
        self.routers = tuple(checked(place) for place in plan.routers)
        self.cuts = tuple((checked(cut.place), cut.until) for cut in plan.cuts)
        self.pairs = tuple((checked(p.one), checked(p.other), p.reach) for p in plan.pairs)
        self.carriers = tuple((checked(c.place), c.doors) for c in plan.carriers)
        self.networks = local(plan.networks)
        self.guarded = tuple(checked(place) for place in plan.guarded)
        self.bound = tuple(checked(place) for place in plan.bound)
        self.familiar = tuple(dict.fromkeys(hardware(text) for text in plan.familiar))
        self.reaches = _reach_of(self.pairs)
        self.places = tuple(dict.fromkeys(self._all()))
        self._owners = Counter(
            owned
            for _thing, owned in {
                (place.thing, owned)
                for place in self.places
                for owned in (*place.v4, *place.v6, f"port:{place.port}")
            }
        )

    def _all(self) -> Iterable[Checked]:
        yield self.hub
        yield from self.routers
        yield from (place for place, _until in self.cuts)
        yield from (place for one, other, _reach in self.pairs for place in (one, other))
        yield from (place for place, _doors in self.carriers)
        yield from self.guarded

    def ips(self, place: Checked, version: int) -> tuple[str, ...]:
        """Who claims another's address must not draw the other into its own cut or limits."""
        mine = place.v4 if version == 4 else place.v6  # noqa: PLR2004 - IPv4
        alone = tuple(ip for ip in mine if self._owners[ip] == 1)
        return alone if place.macs else mine

    def port(self, place: Checked) -> tuple[str, ...]:
        """Its port, where nobody else of the plan is there."""
        alone = bool(place.port) and self._owners[f"port:{place.port}"] == 1
        return (place.port,) if alone else ()


def desired(plan: Plan, now: float, foreign_ports: Iterable[str] = ()) -> tuple[Rules, Rules]:
    """The rules that hold a plan: with a bridge, and where this machine only routes.

    Args:
        plan: what is wanted.
        now: what the cuts' ends are counted from.
        foreign_ports: ports of this machine's other bridges, whose frames are none of ours.

    Raises:
        PlanError: when the plan is malformed, too large, or would cut off this machine.
    """
    known = _Known(plan)
    _check_ways(known)
    things = dict.fromkeys(place.thing for place in known.places)
    counters = {counter_name(thing): thing for thing in things}
    names = tuple(counters)
    cuts = _cuts(known, now)
    pairs = _pairs(known)
    foreign = _group("foreign", _NAME, of=sorted(set(foreign_ports)))
    shared = (*_whose(known), *cuts, *_carriers(known), *pairs, *_guarded(known), foreign)
    guarding = bool(known.guarded)
    bridge = Table(
        "bridge",
        (*shared, *_ports(known), *_claimed(known), *_limited(known)),
        bridge_chains(router_known=any(router.macs for router in known.routers), guarding=guarding),
        names,
    )
    inside = {"known6", "foreign", "guarded", "guarded4", "guarded6", "familiar",
              "whose", "cut", "cut4", "cut6", "carrier", "carrier4", "carrier6", "doors", "router",
              "local4", "local6", "pairs4", "pairs6", "seen4", "seen6"}  # fmt: skip
    asked = (group for group in (*shared, *_claimed(known)) if group.name in inside)
    routed = (*asked, *_from(known))
    inet = Table("inet", routed, inet_chains(guarding=guarding), names)
    _check_size((bridge, inet))
    return Rules((bridge, inet), counters), Rules((inet,), counters)


def _check_size(tables: Iterable[Table]) -> None:
    count = sum(len(group.elements) for table in tables for group in table.groups)
    if count > ELEMENTS_MAX:
        raise PlanError("plan.too-many", {"what": "elements", "most": ELEMENTS_MAX})


def _check_ways(known: _Known) -> None:
    _check_cuts(known)
    for one, other, _reach in known.pairs:
        if one.thing == other.thing:
            raise PlanError("plan.pair-of-one", {"thing": one.thing[:40]})
        for place in (one, other):
            if not (place.macs or place.v4 or place.v6):
                raise PlanError("plan.no-address", {"thing": place.thing[:40]})
    for place, _doors in known.carriers:
        if not place.macs:
            raise PlanError("plan.no-address", {"thing": place.thing[:40]})


def _check_cuts(known: _Known) -> None:
    kept = {*known.hub.macs, *(mac for router in known.routers for mac in router.macs)}
    for place, until in known.cuts:
        if place.thing == known.hub.thing or kept & set(place.macs):
            raise PlanError("plan.cuts-hub", {"thing": place.thing[:40]})
        if isnan(until):
            raise PlanError("plan.bad-end", {"thing": place.thing[:40]})
        if not (place.macs or place.v4 or place.v6 or place.port):
            raise PlanError("plan.no-address", {"thing": place.thing[:40]})


def _group(name: str, *types: str, of: Iterable[Key], flags: tuple[str, ...] = ()) -> Group:
    return Group(name, types, tuple(Element(key) for key in dict.fromkeys(of)), flags=flags)


def _whose(known: _Known) -> tuple[Group, ...]:
    whose: dict[Key, str] = {}
    for place in known.places:
        for mac in place.macs:
            whose.setdefault(mac, counter_name(place.thing))
    elements = tuple(Element(mac, name) for mac, name in whose.items())
    return (
        Group("whose", (_MAC,), elements, leads_to="counter"),
        Group("seen4", (_V4, _V4, *_FLOW), flags=("timeout",), size=SEEN_MAX),
        Group("seen6", (_V6, _V6, *_FLOW), flags=("timeout",), size=SEEN_MAX),
    )


def _cuts(known: _Known, now: float) -> tuple[Group, ...]:
    found: dict[str, dict[Key, int]] = {"cut": {}, "cut4": {}, "cut6": {}, "cut_port": {}}
    for place, until in known.cuts:
        if until <= now:
            continue
        left_s = min(ceil(until - now), CUT_S_MAX) if isfinite(until - now) else CUT_S_MAX
        for name, keys in (
            ("cut", place.macs),
            ("cut4", known.ips(place, 4)),
            ("cut6", known.ips(place, 6)),
            ("cut_port", known.port(place)),
        ):
            for key in keys:
                found[name][key] = max(found[name].get(key, 0), left_s)
    types = {"cut": _MAC, "cut4": _V4, "cut6": _V6, "cut_port": _NAME}
    return tuple(
        Group(
            name,
            (types[name],),
            tuple(Element(key, timeout_s=left_s) for key, left_s in keys.items()),
            flags=("timeout",),
        )
        for name, keys in found.items()
    )


def _carriers(known: _Known) -> tuple[Group, ...]:
    places = [place for place, _doors in known.carriers]
    local4, local6 = known.networks
    doors = (
        (mac, *door(text)) for place, texts in known.carriers for text in texts
        for mac in place.macs
    )  # fmt: skip
    return (
        _group("carrier", _MAC, of=(mac for place in places for mac in place.macs)),
        _group("carrier4", _V4, of=(ip for place in places for ip in known.ips(place, 4))),
        _group("carrier6", _V6, of=(ip for place in places for ip in known.ips(place, 6))),
        _group("router", _MAC, of=(mac for router in known.routers for mac in router.macs)),
        _group("doors", _MAC, "inet_proto", "inet_service", of=doors),
        _group("local4", _V4, of=local4, flags=("interval",)),
        _group("local6", _V6, of=local6, flags=("interval",)),
    )


def _guarded(known: _Known) -> tuple[Group, ...]:
    if not known.guarded:
        return tuple(_group(name, kind, of=()) for name, kind in _GUARDED)
    named = (*known.hub.macs, *(m for router in known.routers for m in router.macs))
    held = (
        (m for place in known.guarded for m in place.macs),
        (ip for place in known.guarded for ip in known.ips(place, 4)),
        (ip for place in known.guarded for ip in known.ips(place, 6)),
        (*named, *known.familiar),
    )
    return tuple(_group(name, kind, of=of) for (name, kind), of in zip(_GUARDED, held, strict=True))


def _ports(known: _Known) -> tuple[Group, ...]:
    named = {mac for place in known.places if place.port for mac in place.macs}
    others = [place for place in known.bound if named.isdisjoint(place.macs)]
    bound = [place for place in (*known.places, *others) if place.port and place.macs]
    limited = [one for one, _other, reach in known.pairs if reach != CONTROL]
    watched = (*limited, *(place for place, _doors in known.carriers))
    return (
        _group("own", _MAC, of=known.hub.macs),
        _group("router_port", _NAME, of=(p for r in known.routers for p in known.port(r))),
        _group("bound", _MAC, of=(mac for place in bound for mac in place.macs)),
        _group("at", _MAC, _NAME, of=((mac, p.port) for p in bound for mac in p.macs)),
        _group(
            "owned", _NAME, of=(p for place in watched if place.macs for p in known.port(place))
        ),
    )


def _claimed(known: _Known) -> tuple[Group, ...]:
    whole = [place for place in known.places if place.macs]
    return (
        _group("home4", _V4, of=(ip for place in whole for ip in place.v4)),
        _group("home6", _V6, of=(ip for place in whole for ip in place.v6)),
        _group("known4", _V4, _MAC, of=(k for p in whole for k in product(p.v4, p.macs))),
        _group("known6", _V6, _MAC, of=(k for p in whole for k in product(p.v6, p.macs))),
    )


def _reach_of(
    pairs: Iterable[tuple[Checked, Checked, str]],
) -> dict[tuple[Checked, Checked], str]:
    """The chain for each direction; of two words about one direction the stricter counts."""
    wanted: dict[tuple[Checked, Checked], str] = {}
    for one, other, reach in pairs:
        chain = NOTE if reach == CONTROL else reach
        held = wanted.get((one, other), NOTE)
        wanted[one, other] = min(held, chain, key=_STRICTEST.index)
    found: dict[tuple[Checked, Checked], str] = {}
    for (one, other), chain in wanted.items():
        back = wanted.get((other, one), NOTE)
        if chain == NOTE == back:
            continue
        found[one, other] = STOP if chain == NONE == back else chain
        found.setdefault((other, one), NOTE if back == NOTE else back)
        if found[one, other] == STOP:
            found[other, one] = STOP
    return found


def _led(name: str, types: tuple[str, ...], found: Iterable[tuple[Key, str]]) -> Group:
    strictest: dict[Key, str] = {}
    for key, chain in found:
        strictest[key] = min(strictest.get(key, NOTE), chain, key=_STRICTEST.index)
    elements = tuple(Element(key, chain) for key, chain in strictest.items())
    return Group(name, types, elements, leads_to="verdict")


def _pairs(known: _Known) -> tuple[Group, ...]:
    reaches = known.reaches.items()
    return (
        _led(
            "pairs",
            (_MAC, _MAC),
            ((k, c) for (a, b), c in reaches for k in product(a.macs, b.macs)),
        ),
        _led("pairs4", (_V4, _V4), _by_ip(known, 4)),
        _led("pairs6", (_V6, _V6), _by_ip(known, 6)),
    )


def _from(known: _Known) -> tuple[Group, ...]:
    """By whose frames they are, wherever they are to be passed on: for where this machine routes."""
    reaches = known.reaches.items()
    return tuple(
        _led(
            name,
            (_MAC, kind),
            ((k, c) for (a, b), c in reaches for k in product(a.macs, known.ips(b, version))),
        )
        for name, kind, version in (("from4", _V4, 4), ("from6", _V6, 6))
    )


def _by_ip(known: _Known, version: int) -> Iterable[tuple[Key, str]]:
    for (one, other), chain in known.reaches.items():
        for key in product(known.ips(one, version), known.ips(other, version)):
            yield key, chain


def _limited(known: _Known) -> tuple[Group, ...]:
    reaches = known.reaches.items()
    apart = [(one, other) for (one, other), chain in reaches if chain == STOP]
    limited = (mac for (a, _b), c in reaches if c != NOTE for mac in a.macs)
    ports = ((mac, port) for a, b in apart for mac in a.macs for port in known.port(b))
    ips = (k for a, b in apart for k in product(known.ips(a, 4), known.ips(b, 4)))
    return (
        _group("limited", _MAC, of=limited),
        _group("apart", _MAC, _NAME, of=ports),
        _group("apart4", _V4, _V4, of=ips),
    )
