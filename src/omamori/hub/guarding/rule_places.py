"""Places of a plan, checked: addresses in one spelling, within limits, or refused with a reason."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import TYPE_CHECKING

import msgspec

from omamori.hub.guarding.plan import REACHES, Place, PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omamori.documents.reason import Value
    from omamori.hub.guarding.plan import Plan

CUTS_MAX = 1_024  # a home of 200 things five times over
PAIRS_MAX = 8_192
CARRIERS_MAX = 256
ROUTERS_MAX = 16
NETWORKS_MAX = 64
GUARDED_MAX = 1_024
FAMILIAR_MAX = 32_768  # the inventory's most things with all their addresses
ADDRESSES_MAX = 32  # of one kind in one place; IPv6 privacy addresses come and go (RFC 8981)
DOORS_MAX = 64
NAME_OCTETS_MAX = 256
PLACES_REMEMBERED = 2_048  # the same places come in plan after plan, in pair after pair

_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
# Linux: IFNAMSIZ 16 with its zero; nftables reads * as a wildcard, and quotes end a name.
_PORT = re.compile(r"[A-Za-z0-9_.@-]{1,15}")
_DOOR = re.compile(r"(tcp|udp)/([1-9][0-9]{0,4})")
_NUMBER_MAX = 65_535
_GROUP_BIT = 1  # IEEE 802-2014 §8.2: of the first octet
_LOCAL4 = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
    "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32",  # RFC 3927, RFC 5771, RFC 919
)  # fmt: skip
_LOCAL6 = ("fc00::/7", "fe80::/10", "ff00::/8")  # RFC 4193, RFC 4291


class Checked(msgspec.Struct, frozen=True):
    """A place whose addresses are well formed.

    Attributes:
        v4, v6: its IP addresses by version.
    """

    thing: str
    macs: tuple[str, ...] = ()
    v4: tuple[str, ...] = ()
    v6: tuple[str, ...] = ()
    port: str = ""


def _refuse(key: str, params: Mapping[str, Value] | None = None) -> PlanError:
    return PlanError(key, params)


def _short(text: object) -> str:
    return str(text)[:40]


def _mac(text: str, thing: str) -> str:
    lowered = text.lower() if isinstance(text, str) else ""
    if not _MAC.fullmatch(lowered) or lowered == "00:00:00:00:00:00":
        raise _refuse("plan.bad-address", {"thing": _short(thing), "address": _short(text)})
    if int(lowered[:2], 16) & _GROUP_BIT:
        raise _refuse("plan.bad-address", {"thing": _short(thing), "address": _short(text)})
    return lowered


def hardware(text: str) -> str:
    """A hardware address in one spelling.

    Raises:
        PlanError: when it is none of one thing.
    """
    return _mac(text, "")


def _ip(text: str, thing: str) -> tuple[int, str]:
    try:
        address = ip_address(text) if isinstance(text, str) else None
    except ValueError:
        address = None
    if address is None or address.is_multicast or address.is_unspecified or address.is_loopback:
        raise _refuse("plan.bad-address", {"thing": _short(thing), "address": _short(text)})
    if str(address) == "255.255.255.255" or getattr(address, "scope_id", None):
        raise _refuse("plan.bad-address", {"thing": _short(thing), "address": _short(text)})
    return address.version, str(address)


@lru_cache(maxsize=PLACES_REMEMBERED)
def checked(place: Place) -> Checked:
    """The place in one spelling.

    Raises:
        PlanError: when a name or address is malformed, or there are too many.
    """
    name = place.thing
    if not isinstance(name, str) or not 0 < len(name.encode("utf-8", "replace")) <= NAME_OCTETS_MAX:
        raise _refuse("plan.bad-name", {"thing": _short(name)})
    if max(len(place.macs), len(place.ips)) > ADDRESSES_MAX:
        raise _refuse("plan.too-many", {"what": "addresses", "most": ADDRESSES_MAX})
    if place.port and not (isinstance(place.port, str) and _PORT.fullmatch(place.port)):
        raise _refuse("plan.bad-port", {"thing": _short(name), "port": _short(place.port)})
    ips = dict.fromkeys(_ip(ip, name) for ip in place.ips)
    return Checked(
        name,
        tuple(dict.fromkeys(_mac(mac, name) for mac in place.macs)),
        tuple(text for version, text in ips if version == 4),  # noqa: PLR2004 - IPv4
        tuple(text for version, text in ips if version == 6),  # noqa: PLR2004 - IPv6
        place.port,
    )


def door(text: str) -> tuple[int, int]:
    """Protocol number and port of ``tcp/8009``.

    Raises:
        PlanError: when it is not of this form.
    """
    found = _DOOR.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[2]) > _NUMBER_MAX:
        raise _refuse("plan.bad-door", {"door": _short(text)})
    return (6 if found[1] == "tcp" else 17), int(found[2])


def _most(what: str, found: int, most: int) -> None:
    if found > most:
        raise _refuse("plan.too-many", {"what": what, "most": most})


def check_counts(plan: Plan) -> None:
    """Refuse a plan that is larger than any home's.

    Raises:
        PlanError: when a part has too many entries, or an unknown reach.
    """
    _most("cuts", len(plan.cuts), CUTS_MAX)
    _most("pairs", len(plan.pairs), PAIRS_MAX)
    _most("carriers", len(plan.carriers), CARRIERS_MAX)
    _most("routers", len(plan.routers), ROUTERS_MAX)
    _most("networks", len(plan.networks), NETWORKS_MAX)
    _most("guarded", len(plan.guarded), GUARDED_MAX)
    _most("bound", len(plan.bound), GUARDED_MAX)
    _most("familiar", len(plan.familiar), FAMILIAR_MAX)
    for carrier in plan.carriers:
        _most("doors", len(carrier.doors), DOORS_MAX)
    for pair in plan.pairs:
        if pair.reach not in REACHES:
            raise _refuse("plan.unknown-reach", {"reach": _short(pair.reach)})


def local(networks: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The prefixes that are at home: private and group ones, and the home's own.

    Raises:
        PlanError: when one is malformed, or would take in the world.
    """
    four = [IPv4Network(text) for text in _LOCAL4]
    six = [IPv6Network(text) for text in _LOCAL6]
    for text in networks:
        try:
            network = ip_network(text) if isinstance(text, str) else None
        except ValueError:
            network = None
        if network is None or network.prefixlen < 8:  # noqa: PLR2004 - nobody's home is larger
            raise _refuse("plan.bad-network", {"network": _short(text)})
        if isinstance(network, IPv4Network):
            four.append(network)
        else:
            six.append(network)
    return (
        tuple(str(network) for network in collapse_addresses(four)),
        tuple(str(network) for network in collapse_addresses(six)),
    )
