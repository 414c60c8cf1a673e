"""Vantage: from where this machine sees the home, read from what the kernel says of itself."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from struct import Struct

import ifaddr
import msgspec

ROUTER, BRIDGE, PLUGGED, ASKING = "router", "bridge", "plugged", "asking"
OWN_IPS_MAX = 32
HOST_BITS = 128  # a prefix of one address names nobody's network
PORTS_READ_MAX = 4096  # entries of a bridge's table

_NET, _PROC = Path("/sys/class/net"), Path("/proc")
_FORWARD = Struct("=6sB?IB3x")  # linux/if_bridge.h: __fdb_entry
_UP = 1  # linux/if.h: IFF_UP in a route's flags
_LOOPBACK = "lo"


class Vantage(msgspec.Struct, frozen=True):
    """Where the hub stands.

    Attributes:
        kind: ``router`` (what goes outside passes here), ``bridge`` (what two things say to one
            another passes here), ``plugged`` (only what is sent to it and to everybody) or
            ``asking`` (it does not listen).
        interface: what is listened on; empty for ``asking``.
    """

    kind: str
    interface: str = ""


def vantage_of(interface: str, net: Path = _NET, proc: Path = _PROC) -> Vantage:
    """What can be seen on an interface of this machine, at best."""
    if not interface:
        return Vantage(ASKING)
    if len(_ports(interface, net)) > 1 or (net / interface / "brport").exists():
        return Vantage(BRIDGE, interface)
    outward = default_interface(proc)
    if _text(proc / "sys/net/ipv4/ip_forward") == "1" and outward not in {"", interface}:
        return Vantage(ROUTER, interface)
    return Vantage(PLUGGED, interface)


def home_interface(net: Path = _NET, proc: Path = _PROC) -> str:
    """The interface on which the home most likely is: a bridge, a router's inside, or the way out."""
    names = sorted(path.name for path in net.iterdir()) if net.is_dir() else []
    up = [
        name
        for name in names
        if name != _LOOPBACK and _text(net / name / "operstate") in {"up", "unknown"}
    ]
    for name in up:
        if len(_ports(name, net)) > 1:
            return name
    outward = default_interface(proc)
    if _text(proc / "sys/net/ipv4/ip_forward") == "1":
        inside = [name for name in up if name != outward and (net / name / "device").exists()]
        if len(inside) == 1:
            return inside[0]
    return outward if outward in up else ""


def default_interface(proc: Path = _PROC) -> str:
    """The interface of the default route (IPv4), or an empty string."""
    for line in _text(proc / "net/route").splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[1] == "00000000" and int(words[3], 16) & _UP:  # noqa: PLR2004 - the columns of /proc/net/route
            return words[0]
    return ""


def gateway(proc: Path = _PROC) -> str:
    """The address of the default route's router (IPv4), or an empty string."""
    for line in _text(proc / "net/route").splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[1] == "00000000" and int(words[3], 16) & _UP:  # noqa: PLR2004 - as above
            octets = bytes.fromhex(words[2])[::-1]
            return ".".join(str(octet) for octet in octets) if any(octets) else ""
    return ""


def bridge_of(interface: str, net: Path = _NET) -> str:
    """The bridge that an interface is, or is a port of; empty where it is neither."""
    if not interface:
        return ""
    if (net / interface / "bridge").is_dir():
        return interface
    master = net / interface / "brport" / "bridge"
    return master.resolve().name if master.exists() else ""


def own_macs(net: Path = _NET) -> frozenset[str]:
    """The hardware addresses of this machine."""
    names = net.iterdir() if net.is_dir() else ()
    return frozenset(_text(path / "address") for path in names) - {"", "00:00:00:00:00:00"}


def own_ips() -> list[str]:
    """This machine's addresses on its networks; loopback is nobody's."""
    found = [
        ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        for adapter in ifaddr.get_adapters()
        if adapter.name != _LOOPBACK
        for ip in adapter.ips
    ]
    return found[:OWN_IPS_MAX]


def own_networks() -> list[str]:
    """The home's public IPv6 prefixes, as this machine's own addresses show them."""
    found = (
        ip_network(f"{ip.ip[0]}/{ip.network_prefix}", strict=False)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if not isinstance(ip.ip, str)
    )
    return sorted({str(net) for net in found if net.is_global and net.prefixlen < HOST_BITS})


def ports_of(interface: str, net: Path = _NET) -> dict[str, str]:
    """Through which port of this machine's bridge each thing is heard, by hardware address."""
    names = {
        int(_text(net / name / "brport/port_no") or "0", 16): name
        for name in _ports(interface, net)
    }
    try:
        with (net / interface / "brforward").open("rb") as table:
            octets = table.read(PORTS_READ_MAX * _FORWARD.size)
    except OSError:
        return {}
    whole = len(octets) - len(octets) % _FORWARD.size
    return {
        mac.hex(":"): names.get(low | high << 8, str(low | high << 8))
        for mac, low, is_local, _, high in _FORWARD.iter_unpack(octets[:whole])
        if not is_local
    }


def radio_ports(interface: str, net: Path = _NET) -> frozenset[str]:
    """Which ports of this machine's bridge are a radio, that many things share."""
    signs = ("wireless", "phy80211")
    return frozenset(
        name for name in _ports(interface, net) if any((net / name / s).exists() for s in signs)
    )


def _ports(interface: str, net: Path) -> list[str]:
    folder = net / interface / "brif"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
