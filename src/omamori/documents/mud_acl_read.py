"""Reading the access lists of a MUD file: RFC 8519's, RFC 8520's additions, and the drafts' shapes."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, get_args

import msgspec

from omamori.documents.mud_acl import (
    ICMP,
    ICMP6,
    PORT_MAX,
    TCP,
    UDP,
    Ace,
    Acl,
    AclType,
    Forwarding,
    Initiated,
    Operator,
    Ports,
)
from omamori.documents.mud_shape import MudError, Notes, Shape
from omamori.documents.reason import Reason

ACLS_MAX = 32  # of one file; real ones have up to 4
ACES_MAX = 512  # of one access list; real ones have up to 130
ACES_IN_ALL_MAX = 2048
NAME_MAX = 64  # RFC 8519, 4.1: names of lists and entries
UINT8_MAX = 255

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_HOST_MAX = 253  # RFC 1035, 2.3.4, without the root's dot
_PRINTABLE_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+", re.IGNORECASE)


def host(told: str) -> str:
    """A domain name or address (``inet:host``), in small letters without the root's dot.

    Raises:
        ValueError: when it is neither.
    """
    name = told.rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if len(name) > _HOST_MAX or not all(map(_LABEL.fullmatch, name.split("."))):
            raise
    return name


def uri(told: str) -> str:
    """A URI as far as its look tells.

    Raises:
        ValueError: when it has no scheme, or characters that no URI has.
    """
    if not _PRINTABLE_URI.fullmatch(told):
        raise ValueError(told)
    return told


def read_acls(root: Shape, notes: Notes) -> dict[str, Acl]:
    """The file's access lists, by name.

    Raises:
        MudError: for what is missing, wrong or too much.
    """
    if root.rename("access-lists", "acls"):
        notes.add(Reason("mud.draft-shape", {"told": "access-lists"}))
    container = root.shape("acls")
    if container is None:
        return {}
    found: dict[str, Acl] = {}
    count = 0
    for shape in container.each("acl", ACLS_MAX):
        acl = _acl(shape)
        count += len(acl.aces)
        if acl.name in found:
            raise MudError("mud.named-twice", {"name": acl.name})
        if count > ACES_IN_ALL_MAX:
            raise MudError("mud.too-many", {"where": shape.where, "max": ACES_IN_ALL_MAX})
        found[acl.name] = acl
    container.done()
    return found


def _acl(shape: Shape) -> Acl:
    name = _name(shape)
    if shape.rename("acl-type", "type"):
        shape.notes.add(Reason("mud.draft-shape", {"told": "acl-type"}))
    told = shape.text("type").rpartition(":")[2]
    if told == "ethernet-acl-type":
        shape.notes.add(Reason("mud.draft-shape", {"told": told}))
        told = "eth-acl-type"
    if told not in get_args(AclType):
        shape.refuse("type", told)
    inner = shape.shape("aces")
    aces = []
    seen: set[str] = set()
    for one in inner.each("ace", ACES_MAX) if inner else []:
        ace = _ace(one)
        if ace is None:
            continue
        if ace.name in seen:
            raise MudError("mud.named-twice", {"name": ace.name})
        seen.add(ace.name)
        aces.append(ace)
    if inner:
        inner.done()
    shape.done()
    return Acl(name, msgspec.convert(told, AclType), tuple(aces))


def _name(shape: Shape) -> str:
    name = shape.text("name", required=True)
    if not 0 < len(name) <= NAME_MAX:
        shape.refuse("name", name)
    return name


def _ace(shape: Shape) -> Ace | None:
    """An entry; None for one that never holds, or that forbids more than we understand."""
    name = _name(shape)
    forwarding = _forwarding(shape)
    fields: dict[str, Any] = {}
    unknown, is_impossible = 0, False
    matches = shape.shape("matches")
    if matches:
        for layer in ("l2", "l3", "l4"):
            if matches.flatten(layer):
                shape.notes.add(Reason("mud.draft-shape", {"told": layer}))
        unknown += _mud_match(matches.shape("mud"), fields)
        unknown += _eth_match(matches.shape("eth"), fields)
        for family in ("ipv4", "ipv6"):
            layer3 = matches.shape(family)
            if layer3:
                left, is_odd = _ip_match(layer3, family, fields)
                unknown, is_impossible = unknown + left, is_impossible or is_odd
        for protocol, number in (("tcp", TCP), ("udp", UDP)):
            unknown += _port_match(matches.shape(protocol), number, fields)
        unknown += _icmp_match(matches.shape("icmp"), fields)
        unknown += matches.done()
    shape.done()
    where = Reason("mud.rule-left-out", {"where": shape.where, "name": name})
    if is_impossible or (unknown and forwarding != "accept"):
        # To ignore a condition of what is forbidden would forbid more than the maker did.
        shape.notes.add(where)
        return None
    return Ace(name=name, forwarding=forwarding, **fields)


def _forwarding(shape: Shape) -> Forwarding:
    actions = shape.shape("actions", required=True)
    assert actions is not None  # noqa: S101 - required says so
    told = actions.text("forwarding", required=True).rpartition(":")[2]
    if told not in get_args(Forwarding):
        actions.refuse("forwarding", told)
    actions.done()
    forwarding: Forwarding = msgspec.convert(told, Forwarding)
    return forwarding


def _mud_match(shape: Shape | None, fields: dict[str, Any]) -> int:
    if shape is None:
        return 0
    fields.update(
        is_local=shape.flag("local-networks"),
        is_same_maker=shape.flag("same-manufacturer"),
        is_my_controller=shape.flag("my-controller"),
        controller=shape.checked("controller", uri),
        maker=shape.checked("manufacturer", host),
        model=shape.checked("model", uri),
    )
    if shape.has("direction-initiated"):  # a draft had it here
        shape.notes.add(Reason("mud.draft-shape", {"told": "mud/direction-initiated"}))
        fields["initiated"] = _initiated(shape)
    return shape.done()


def _eth_match(shape: Shape | None, fields: dict[str, Any]) -> int:
    if shape is None:
        return 0
    told = shape.text("ethertype")
    if told:
        try:
            fields["ethertype"] = int(told, 16)
        except ValueError:
            shape.refuse("ethertype", told)
        if not 0 <= fields["ethertype"] <= PORT_MAX:
            shape.refuse("ethertype", told)
    for side, field in (("source", "source_mac"), ("destination", "target_mac")):
        mac = shape.text(f"{side}-mac-address").lower()
        if mac and not _MAC.fullmatch(mac):
            shape.refuse(f"{side}-mac-address", mac)
        fields[field] = mac
    return shape.done()


def _ip_match(shape: Shape, family: str, fields: dict[str, Any]) -> tuple[int, bool]:
    """Fill in what an IP match says: how much of it is unknown, whether it can never hold."""
    if fields.get("family"):  # one packet is not of both
        shape.refuse("", family)
    fields["family"] = family
    fields["protocol"] = shape.number("protocol", UINT8_MAX)
    is_odd = False
    for side, field in (("source", "source"), ("destination", "target")):
        name = f"{side}-{family}-network"
        told = shape.checked(name, _network)
        if told and (":" in told) != (family == "ipv6"):
            is_odd, told = True, ""
        fields[field] = told
    fields["source_name"] = shape.checked("src-dnsname", host)
    fields["target_name"] = shape.checked("dst-dnsname", host)
    return shape.done(), is_odd


def _network(told: str) -> str:
    return str(ipaddress.ip_network(told, strict=False))


def _port_match(shape: Shape | None, protocol: int, fields: dict[str, Any]) -> int:
    if shape is None:
        return 0
    _agree(shape, protocol, fields)
    for side, field in (("source", "source_ports"), ("destination", "target_ports")):
        if shape.rename(f"{side}-port-range-or-operator", f"{side}-port"):
            told = f"{side}-port-range-or-operator"
            shape.notes.add(Reason("mud.draft-shape", {"told": told}))
        ports = shape.shape(f"{side}-port")
        if ports:
            fields[field] = _ports(ports)
    if protocol == TCP and shape.has("direction-initiated"):
        fields["initiated"] = _initiated(shape)
    return shape.done()


def _initiated(shape: Shape) -> str:
    told = shape.text("direction-initiated")
    if told not in get_args(Initiated):
        shape.refuse("direction-initiated", told)
    return told


def _ports(shape: Shape) -> Ports:
    operator = shape.text("operator").rpartition(":")[2]
    if operator == "range":
        shape.notes.add(Reason("mud.draft-shape", {"told": "operator range"}))
        operator = ""
    lower, upper = shape.number("lower-port", PORT_MAX), shape.number("upper-port", PORT_MAX)
    port = shape.number("port", PORT_MAX)
    shape.done()
    if lower is not None and operator in {"", "eq"} and port is None:
        if operator:  # drafts had the operator beside the range
            shape.notes.add(Reason("mud.draft-shape", {"told": "operator beside a range"}))
        upper = lower if upper is None else upper
        if upper < lower:
            shape.refuse("upper-port", upper)
        return Ports("range", lower, upper)
    if port is None or operator not in {"", "eq", "neq", "lte", "gte"}:
        shape.refuse("", operator or "port")
    return Ports(msgspec.convert(operator or "eq", Operator), port)


def _icmp_match(shape: Shape | None, fields: dict[str, Any]) -> int:
    if shape is None:
        return 0
    _agree(shape, ICMP6 if fields.get("family") == "ipv6" else ICMP, fields)
    fields["icmp_type"] = shape.number("type", UINT8_MAX)
    fields["icmp_code"] = shape.number("code", UINT8_MAX)
    return shape.done()


def _agree(shape: Shape, protocol: int, fields: dict[str, Any]) -> None:
    """A transport's match belongs to its protocol number, told or not."""
    if fields.get("protocol") not in {None, protocol}:
        shape.refuse("protocol", fields["protocol"])
    fields["protocol"] = protocol
