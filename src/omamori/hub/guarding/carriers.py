"""Carriers: phones, tablets, consoles, wearables and guests' computers go from network to network.

Whatever they bring along, at home they get only the doors that such things need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omamori.hub.guarding.plan import Carrier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omamori.hub.guarding.plan import Place

CARRIER_KINDS = frozenset({"phone", "tablet", "game-console", "wearable"})
GUESTS_KINDS = frozenset({"computer"})  # a family's own works with everything at home
DOORS_MAX = 64  # of one carrier; the firewall takes no more
CARRIERS_MAX = 256


class Door(NamedTuple):
    """One door, what it is for, and where that is written."""

    door: str
    why: str
    source: str


DOORS: tuple[Door, ...] = (
    # To be in a network at all.
    Door("udp/53", "names", "RFC 1035"),
    Door("tcp/53", "names, long answers", "RFC 7766"),
    Door("tcp/853", "names, enciphered", "RFC 7858"),
    Door("udp/853", "names, enciphered", "RFC 9250"),
    Door("udp/67", "an address", "RFC 2131"),
    Door("udp/547", "an address", "RFC 8415"),
    Door("udp/123", "the time", "RFC 5905"),
    # To find things.
    Door("udp/5353", "finding by mDNS", "RFC 6762"),
    Door("udp/1900", "finding by SSDP", "UPnP Device Architecture 2.0 §1"),
    Door("udp/3702", "finding by WS-Discovery", "OASIS WS-Discovery 1.1"),
    Door("udp/5355", "finding by LLMNR", "RFC 4795"),
    # Pages of things, the hub's among them.
    Door("tcp/80", "pages", "RFC 9110"),
    Door("tcp/443", "pages, enciphered", "RFC 9110"),
    Door("udp/443", "pages over QUIC", "RFC 9114"),
    Door("tcp/8080", "pages", "IANA http-alt"),
    Door("tcp/8443", "pages, enciphered", "IANA pcsync-https; the custom of app servers"),
    # Pictures, sound, remote controls.
    Door("tcp/8008", "Google Cast", "Google Cast documentation"),
    Door("tcp/8009", "Google Cast", "Google Cast documentation"),
    Door("tcp/8443", "Google Cast set-up", "Google Cast documentation"),
    Door("tcp/7000", "AirPlay", "Apple: ports used by Apple products"),
    Door("tcp/7100", "AirPlay mirroring", "Apple: ports used by Apple products"),
    Door("tcp/554", "AirPlay, RTSP", "RFC 7826; Apple: ports used by Apple products"),
    Door("tcp/3689", "sharing music", "Apple: ports used by Apple products"),
    Door("tcp/8200", "DLNA media servers", "MiniDLNA's documented default"),
    Door("tcp/2869", "UPnP of Windows", "Microsoft: service overview and network ports"),
    Door("tcp/8060", "Roku remote control", "Roku External Control Protocol"),
    Door("tcp/8001", "Samsung televisions", "Samsung SmartView SDK"),
    Door("tcp/8002", "Samsung televisions, enciphered", "Samsung SmartView SDK"),
    Door("tcp/3000", "LG televisions", "LG webOS Connect SDK"),
    Door("tcp/3001", "LG televisions, enciphered", "LG webOS Connect SDK"),
    Door("tcp/6466", "Android TV remote control", "Android TV remote service v2"),
    Door("tcp/6467", "Android TV pairing", "Android TV remote service v2"),
    Door("tcp/1400", "Sonos", "Sonos: firewall ports"),
    Door("tcp/1443", "Sonos, enciphered", "Sonos: firewall ports"),
    # Paper.
    Door("tcp/631", "printing, IPP", "RFC 8010"),
    Door("tcp/9100", "printing", "IANA pdl-datastream"),
    # Things that pair with a phone.
    Door("udp/5540", "Matter", "Matter Core Specification §2.5.6.3"),
)
"""The usual doors. ECHONET Lite (3610), Modbus, MQTT, telnet, file shares and remote desktops are not
among them: apps on phones reach such things through the hub, a maker's service, or their pages."""

ANNOUNCED = frozenset({
    "_airplay._tcp", "_raop._tcp", "_hap._tcp", "_hap._udp", "_matter._tcp", "_matterc._udp",
    "_googlecast._tcp", "_spotify-connect._tcp", "_ipp._tcp", "_ipps._tcp", "_pdl-datastream._tcp",
    "_uscan._tcp", "_androidtvremote2._tcp", "_sonos._tcp", "_companion-link._tcp",
    "_home-assistant._tcp", "_amzn-wplay._tcp", "_daap._tcp",
})  # fmt: skip
"""Services made for phones whose door is another in each thing (AirPlay and HomeKit choose one when
they start): the door is where mDNS says (RFC 6763)."""
ANNOUNCED_MIN = 1024
"""A thing may not lure phones to a system's door by its word (RFC 6335 §6)."""
NEVER_ANNOUNCED = frozenset({
    1433, 1521, 1883, 2323, 3306, 3389, 3610, 5432, 5555, 5683, 5900, 6379, 7547, 8883, 11211, 20000,
    27017, 37215, 44818, 47808, 52869,
})  # fmt: skip
"""Databases, remote desktops, debug bridges, controllers: whatever it is announced as."""
ANNOUNCED_MAX = 512
PORT_MAX = 65_535


class Announced:
    """Learns at which doors things offer what is made for phones (sightings ``mdns.service``)."""

    def __init__(self) -> None:
        self._doors: dict[str, dict[str, None]] = {}
        self._count = 0

    def heard(self, thing: str, fields: Mapping[str, str]) -> None:
        """A thing announces a service."""
        kind = fields.get("type", "").lower().removesuffix(".").removesuffix(".local")
        port = fields.get("port", "")
        if kind not in ANNOUNCED or not (port.isascii() and port.isdigit() and len(port) <= 5):  # noqa: PLR2004 - 65535
            return
        number = int(port)
        if not ANNOUNCED_MIN <= number <= PORT_MAX or number in NEVER_ANNOUNCED:
            return
        door = f"{kind.rpartition('_')[2]}/{number}"
        of = self._doors.get(thing, {})
        if door in of or self._count >= ANNOUNCED_MAX or len(of) >= DOORS_MAX // 4:
            return
        self._doors.setdefault(thing, {})[door] = None
        self._count += 1

    def forget(self, thing: str) -> None:
        """It is not here any more."""
        self._count -= len(self._doors.pop(thing, {}))

    def doors(self) -> tuple[str, ...]:
        """All of them, the usual ones first; each once, at most ``DOORS_MAX``."""
        usual = dict.fromkeys(door.door for door in DOORS)
        more = dict.fromkeys(door for of in self._doors.values() for door in of)
        return tuple(dict.fromkeys((*usual, *more)))[:DOORS_MAX]


def is_carrier(kind: str, *, is_guest: bool = False) -> bool:
    """Whether such a thing goes from network to network."""
    return kind in CARRIER_KINDS or (is_guest and kind in {*GUESTS_KINDS, "", "unknown"})


def carriers_of(places: Iterable[Place], doors: tuple[str, ...]) -> tuple[Carrier, ...]:
    """Entries for the plan; who has no hardware address cannot be held."""
    named = [Carrier(place, doors) for place in places if place.macs]
    return tuple(named[:CARRIERS_MAX])
