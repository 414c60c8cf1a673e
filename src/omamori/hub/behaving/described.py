"""Described: a MUD file made from what a thing was heard doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from omamori.documents.mud import MudFile
from omamori.documents.mud_acl import (
    DNS_CLASS,
    GATEWAY_CLASS,
    ICMP,
    ICMP6,
    NTP_CLASS,
    PORT_MAX,
    TCP,
    UDP,
    Ace,
    Acl,
    Ports,
)
from omamori.documents.mud_acl_read import ACES_MAX, host
from omamori.hub.behaving.deed import PASSING, PASSING_FROM, USES
from omamori.hub.behaving.habit import V4, V6

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.hub.behaving.habit import Habit, Habits, Key

Family = Literal["ipv4", "ipv6"]
_PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmp6": ICMP6}
_ECHO = {8: (8, 0), 0: (0, 8), 128: (128, 129), 129: (129, 128)}  # sent type: and what answers
_CLASSES = {"resolver": DNS_CLASS, "router": GATEWAY_CLASS, "clock": NTP_CLASS}
_DHCP: dict[Family, tuple[int, int]] = {"ipv4": (68, 67), "ipv6": (546, 547)}


class _Pair(NamedTuple):
    """One habit as two rules: what the thing sends, and what it is sent."""

    sent: dict[str, Any]
    received: dict[str, Any]


def as_mud(
    habits: Habits, url: str, last_update: str, *, system: str = "", maker: str = ""
) -> MudFile:
    """The narrowest file that lets the thing do what it was heard doing.

    Names are named where they were heard; what is at home is ``local-networks`` or the class of
    the router, resolver or clock. Only where an address outside had no name does a rule hold for
    any. A file made so tells what was heard, not what the maker meant.

    Args:
        url: the MUD URL it shall have.
        last_update: when it is made (RFC 3339).
    """
    pairs: dict[Family, list[_Pair]] = {"ipv4": [], "ipv6": []}
    families: tuple[tuple[Family, int], ...] = (("ipv4", V4), ("ipv6", V6))
    for family, bit in families:
        found = [
            pair
            for key, habit in sorted(habits.known.items())
            if habit.families & bit
            for pair in _pairs(key, habit)
        ]
        unique = [pair for n, pair in enumerate(found) if pair not in found[:n]]
        if unique:
            pairs[family] = [_dhcp(family), *unique][:ACES_MAX]
    return MudFile(
        url=url,
        last_update=last_update,
        is_supported=True,
        system=system[:60],
        maker=maker[:60],
        from_device=tuple(_acl("from", family, told) for family, told in pairs.items() if told),
        to_device=tuple(_acl("to", family, told) for family, told in pairs.items() if told),
    )


def _acl(side: str, family: Family, pairs: list[_Pair]) -> Acl:
    name = f"{side}-{family}"
    rules = [pair.sent if side == "from" else pair.received for pair in pairs]
    aces = (Ace(name=f"{name}-{n}", family=family, **rule) for n, rule in enumerate(rules))
    kind: Literal["ipv4-acl-type", "ipv6-acl-type"] = f"{family}-acl-type"  # type: ignore[assignment]
    return Acl(name, kind, tuple(aces))


def _dhcp(family: Family) -> _Pair:
    """No thing lives without an address, and nothing here judges how it gets one."""
    own, server = (Ports("eq", port) for port in _DHCP[family])
    both = {"protocol": UDP, "is_local": True}
    return _Pair(
        both | {"source_ports": own, "target_ports": server},
        both | {"source_ports": server, "target_ports": own},
    )


def _pairs(key: Key, habit: Habit) -> Iterator[_Pair]:
    way, role, service = key
    proto, _, told = service.partition("/")
    sent: dict[str, Any] = {"protocol": _PROTOCOLS.get(proto)}
    received = dict(sent)
    if proto in {"tcp", "udp"}:
        ports = Ports("range", PASSING_FROM, PORT_MAX) if told == PASSING else _one(told)
        near, far = ("source_ports", "target_ports")
        if way == USES:
            sent[far] = received[near] = ports
        else:
            sent[near] = received[far] = ports
        if proto == "tcp":
            begun = "from-device" if way == USES else "to-device"
            sent["initiated"] = received["initiated"] = begun
    elif proto in {"icmp", "icmp6"}:
        sent["icmp_type"], received["icmp_type"] = _ECHO.get(int(told), (None, None))
    else:
        sent["protocol"] = received["protocol"] = int(told) if told.isdecimal() else None
    for there, back in _remotes(role, habit.names):
        yield _Pair(sent | there, received | back)


def _one(port: str) -> Ports | None:
    return Ports("eq", int(port)) if port.isdecimal() else None


def _remotes(role: str, names: list[str]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The other side, in a rule for what is sent and in one for what is received."""
    if role in _CLASSES:  # a clock's names come beside it: the class means those at home
        controller = {"controller": _CLASSES[role]}
        yield controller, controller
    elif role in {"everyone", "home"} or role.startswith("thing:"):
        yield {"is_local": True}, {"is_local": True}
    elif not names:
        yield {}, {}
    for name in names if role == "clock" or role.startswith("name:") else ():
        try:
            yield {"target_name": host(name)}, {"source_name": host(name)}
        except ValueError:  # a name that no file may hold
            continue
