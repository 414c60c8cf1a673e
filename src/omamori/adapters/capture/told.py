"""Tells each fact once in a while, and only of speakers that sit on this network."""

from __future__ import annotations

from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import TYPE_CHECKING

from omamori.adapters.capture.recent import Recent
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.protocols.text import Facts

FACTS_REMEMBERED = 16_384
FACTS_PER_SOURCE_AND_KIND_MAX = 128  # in one period; more is a flood, not a description
FACTS_OF_MANY_MAX = 1024  # a browser reaches hundreds of names an hour; a bridge has many things
SOURCES_COUNTED_MAX = 16_384
SPEAKERS_REMEMBERED = 16_384
PREFIXES_MAX = 16

_IPV4 = 4
_OF_MANY = {"name.address", "bridge.child"}
_HOPS_AT_FIRST = {64, 128, 255}  # RFC 1700 §IP; Windows; Solaris, routers, RFC 4861


def ip_text(ip: bytes) -> str:
    """The address as people write it."""
    return inet_ntoa(ip) if len(ip) == _IPV4 else inet_ntop(AF_INET6, ip)


def who(mac: bytes, ip: bytes) -> str:
    """A sighting's source: the MAC address, or the IP address where the link has none."""
    return mac.hex(":") if mac else "ip:" + ip_text(ip)


def _is_one(ip: bytes) -> bool:
    """Whether the address can be one speaker's: neither a group nor "this network"."""
    return 0 < ip[0] < 0xE0 if len(ip) == _IPV4 else ip[0] not in (0, 0xFF)  # noqa: PLR2004


class Speakers:
    """Which addresses belong to the thing whose MAC address a frame carries.

    A frame from the internet carries the router's MAC address, so what it says must not be told
    of the router. Private, link-local and unique-local addresses (RFC 1918, 3927, 4193, 4291)
    are neighbours; any other only after ARP, neighbour discovery or a router's prefix said so.

    Where no address is a neighbour's by these rules (``accept_strangers``: a recording of a
    network with public addresses), the packets themselves tell: who sends sets the hops to 64,
    128 or 255, and each router takes one off. A packet that has all of them left was sent on
    this link, so its MAC address is the sender's own. That can be wrong in two ways: from afar,
    a sender may count the routers and begin at just the right number, and a proxy in the router
    sends in the name of others. So a MAC address that has passed on what comes from afar is a
    router's, and whatever comes by way of it is believed to be from afar, even what was not
    before. Things that begin at an unusual number, and so seem to be afar, are not believed to be
    here: better nobody's than the wrong one's.

    Attributes:
        accept_strangers: let every address speak that comes without a MAC address.
        strangers: MAC and IP addresses together that were found not to belong to one another.
        changes: how often an address turned out to be a neighbour's.
    """

    def __init__(self, *, accept_strangers: bool = False) -> None:
        self.accept_strangers = accept_strangers
        self.strangers: Recent[bytes] = Recent(SPEAKERS_REMEMBERED)
        self.changes = 0
        self._confirmed: Recent[bytes] = Recent(SPEAKERS_REMEMBERED)
        self._fresh: Recent[bytes] = Recent(SPEAKERS_REMEMBERED)
        self._routers: Recent[bytes] = Recent(SPEAKERS_REMEMBERED)
        self._prefixes: list[bytes] = []

    def confirm(self, mac: bytes, ip: bytes) -> None:
        """ARP or neighbour discovery said that the address is this thing's own."""
        pair = mac + ip
        if not self._confirmed.has(pair):
            self.changes += not self.is_neighbour(mac, ip)
            self._confirmed.add(pair)
        if self.strangers.has(pair):
            self.strangers.forget()

    def add_prefix(self, prefix: bytes) -> None:
        """A router announced the /64 as on-link (RFC 4861 §4.6.2)."""
        if prefix not in self._prefixes:
            self._prefixes = [*self._prefixes, prefix][-PREFIXES_MAX:]
            self.changes += 1
            self.strangers.forget()

    def is_own(self, mac: bytes, ip: bytes) -> bool:
        """Whether what comes from ``ip`` in a frame of ``mac`` was said by that very thing."""
        if self.is_neighbour(mac, ip) or (self.accept_strangers and not mac and _is_one(ip)):
            return True
        self.strangers.add(mac + ip)
        return False

    def is_here(self, mac: bytes, ip: bytes, hops: int) -> bool:
        """Whether the sender is on this network; ``hops`` are those its packet has left."""
        if self.is_neighbour(mac, ip):
            return True
        if not self.accept_strangers or not any(mac) or mac[0] & 1:
            return False
        if hops not in _HOPS_AT_FIRST:
            if hops > 1:  # less is sent on purpose: it is not to leave this link
                self._routers.add(mac)
            return False
        self._fresh.add(mac + ip)
        return not self._routers.has(mac)

    def is_neighbour(self, mac: bytes, ip: bytes) -> bool:
        """Whether the address is a local one, or known to be this thing's own.

        Who has no address yet (RFC 1122 §3.2.1.3: 0.0.0.0) is here: no router passes that on.
        """
        if not any(ip):
            return bool(mac)
        first, second = ip[0], ip[1]
        if len(ip) == _IPV4:
            is_near = (
                (first == 192 and second == 168)  # noqa: PLR2004 - 192.168.0.0/16
                or first == 10  # noqa: PLR2004 - 10.0.0.0/8
                or (first == 172 and 16 <= second < 32)  # noqa: PLR2004 - 172.16.0.0/12
                or (first == 169 and second == 254)  # noqa: PLR2004 - 169.254.0.0/16
            )
        else:
            is_near = (
                (first == 0xFE and second & 0xC0 == 0x80)  # noqa: PLR2004 - fe80::/10
                or first & 0xFE == 0xFC  # noqa: PLR2004 - fc00::/7
                or ip[:8] in self._prefixes
            )
        if is_near or not mac:
            return is_near
        pair = mac + ip
        return self._confirmed.has(pair) or (
            self.accept_strangers and self._fresh.has(pair) and not self._routers.has(mac)
        )


class Told:
    """Passes new facts on as sightings; knows what was told since the last ``forget``.

    Attributes:
        count: sightings passed on.
        dropped: facts beyond the limits of one source and kind, which were not passed on.
        addresses: MAC and IP addresses told together.
    """

    def __init__(self, tell: Callable[[Sighting], None]) -> None:
        self.count = 0
        self.dropped = 0
        self._tell = tell
        self._facts: Recent[int] = Recent(FACTS_REMEMBERED)
        self.addresses: Recent[bytes] = Recent(SPEAKERS_REMEMBERED)
        self._per_kind: dict[tuple[str, str], int] = {}

    def forget(self) -> None:
        """Begin a new period: every fact is news again."""
        self._facts.forget()
        self.addresses.forget()
        self._per_kind.clear()

    def address(self, at: float, mac: bytes, ip: bytes) -> None:
        """An address that its owner uses."""
        key = mac + ip
        if self.addresses.has(key):
            return
        self.addresses.add(key)
        if not any(ip):
            return
        kind = "address.ipv4" if len(ip) == _IPV4 else "address.ipv6"
        self._tell_new(at, who(mac, ip), kind, {"ip": ip_text(ip)}, again=True)

    def facts(self, at: float, source: str, facts: Facts) -> None:
        """What one payload said."""
        for kind, fields in facts:
            self._tell_new(at, source, kind, fields)

    def fact(self, at: float, source: str, kind: str, fields: dict[str, str]) -> None:
        """One fact, passed on if it is news."""
        self._tell_new(at, source, kind, fields)

    def _tell_new(
        self, at: float, source: str, kind: str, fields: dict[str, str], *, again: bool = False
    ) -> None:
        """Pass on what is news; and, if ``again``, what was told before."""
        key = hash((source, kind, *fields.items()))
        if self._facts.has(key):
            if again:
                self._pass_on(Sighting(at, source, kind, fields))
            return
        told = self._per_kind.get((source, kind), 0)
        is_of_many = kind in _OF_MANY
        most = FACTS_OF_MANY_MAX if is_of_many else FACTS_PER_SOURCE_AND_KIND_MAX
        if told >= most:
            self.dropped += 1
            return
        if len(self._per_kind) >= SOURCES_COUNTED_MAX:
            self._per_kind.clear()
        self._facts.add(key)
        self._per_kind[source, kind] = told + 1
        self._pass_on(Sighting(at, source, kind, fields))

    def _pass_on(self, sighting: Sighting) -> None:
        self.count += 1
        self._tell(sighting)
