"""What a media renderer says and is told: description, action list, SOAP; bytes in, values out.

After UPnP Device Architecture 1.1 §2.3, §2.5 and §3.2, AVTransport:1 and RenderingControl:1.  Small,
plain XML without a DTD, or nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from xml.sax.saxutils import escape

import msgspec
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from omamori.adapters.discovery.upnp import UpnpRefusedError, own_address
from omamori.adapters.things.driver import DriverError
from omamori.adapters.things.request import ANSWER_OCTETS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from xml.etree.ElementTree import Element

TEXT_CHARACTERS_MAX = 256  # of one value in an answer
ACTIONS_MAX = 128
VOLUME_MAX = 65_535  # RenderingControl:1 §2.2.16: ui2
_SERVICE = re.compile(r"urn:schemas-upnp-org:service:(AVTransport|RenderingControl):[1-9]")

TRANSITION_NOT_AVAILABLE = frozenset({"701", "702", "704", "714", "715", "716"})
"""AVTransport:1 §2.4.16: not in this state, no such contents, or the contents are not there."""
_UNKNOWN_ACTION = frozenset({"401", "602"})


class Service(msgspec.Struct, frozen=True):
    """One service of a renderer, at the renderer itself."""

    kind: str
    control: str
    actions: str


class Actions(msgspec.Struct, frozen=True):
    """What a service lets be asked, and how loud "loud" is."""

    names: frozenset[str]
    volume_low: int = 0
    volume_high: int = 100


def _tree(octets: bytes) -> Element:
    if len(octets) > ANSWER_OCTETS_MAX:
        raise DriverError("driving.nonsense")
    try:
        root: Element = ElementTree.fromstring(octets, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError):
        raise DriverError("driving.nonsense") from None
    return root


def _local(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _text(element: Element, name: str) -> str:
    for child in element:
        if _local(child) == name:
            return (child.text or "").strip()[:TEXT_CHARACTERS_MAX]
    return ""


def services(octets: bytes, location: str, ip: str) -> dict[str, Service]:
    """The services by short name; what lies elsewhere than at the renderer itself is left out.

    Raises:
        DriverError: this is no description.
    """
    root = _tree(octets)
    base = _text(root, "URLBase") or location
    found: dict[str, Service] = {}
    for element in root.iter():
        if _local(element) != "service":
            continue
        match = _SERVICE.fullmatch(_text(element, "serviceType"))
        if match is None or match[1] in found:
            continue
        try:
            control = own_address(urljoin(base, _text(element, "controlURL")), ip)
            actions = own_address(urljoin(base, _text(element, "SCPDURL")), ip)
        except (UpnpRefusedError, ValueError):
            continue
        found[match[1]] = Service(match[0], control, actions)
    return found


def actions(octets: bytes) -> Actions:
    """What a service's own list offers.

    Raises:
        DriverError: this is no such list.
    """
    root = _tree(octets)
    names: set[str] = set()
    low, high = 0, 100
    for element in root.iter():
        if _local(element) == "action" and len(names) < ACTIONS_MAX:
            names.add(_text(element, "name"))
        if _local(element) == "stateVariable" and _text(element, "name") == "Volume":
            for span in element:
                if _local(span) == "allowedValueRange":
                    low = _whole(_text(span, "minimum"))
                    high = _whole(_text(span, "maximum"))
    if not low < high:
        raise DriverError("driving.nonsense")
    return Actions(frozenset(names), low, high)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or int(text) > VOLUME_MAX:  # noqa: PLR2004 - digits of ui2
        raise DriverError("driving.nonsense")
    return int(text)


def call(kind: str, action: str, arguments: Mapping[str, str]) -> bytes:
    """The body of a SOAP request (UPnP 1.1 §3.2.1)."""
    told = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in arguments.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
        f'<u:{action} xmlns:u="{kind}">{told}</u:{action}></s:Body></s:Envelope>'
    ).encode()


def answered(octets: bytes, action: str) -> dict[str, str]:
    """The values of an answer.

    Raises:
        DriverError: this is no answer to this action.
    """
    for element in _tree(octets).iter():
        if _local(element) == f"{action}Response":
            return {
                _local(child): (child.text or "").strip()[:TEXT_CHARACTERS_MAX]
                for child in list(element)[:ACTIONS_MAX]
            }
    raise DriverError("driving.nonsense")


def fault(octets: bytes) -> DriverError:
    """Why a renderer said no."""
    try:
        codes: Iterable[str] = (
            (element.text or "").strip()
            for element in _tree(octets).iter()
            if _local(element) == "errorCode"
        )
        code = next(iter(codes), "")
    except DriverError as error:
        return error
    if code in TRANSITION_NOT_AVAILABLE:
        return DriverError("driving.not-now")
    if code in _UNKNOWN_ACTION:
        return DriverError("driving.unsupported")
    return DriverError("driving.refused")
