"""Fetches and reads a UPnP device description: one small XML file, from the thing itself only.

Our own sixty lines, and not async-upnp-client: that library is made to control devices.  It
follows whatever address an announcement names, reads bodies without a bound, and fetches every
service description; here any thing on the network may lie, so the address must be the
speaker's own, the body is bounded, nothing is redirected and nothing else is fetched.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from omamori.adapters.protocols.text import Facts, plain, worded
from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

DESCRIPTION_OCTETS_MAX = 65_536
FETCH_S_MAX = 5.0
URL_MAX = 512
EMBEDDED_MAX = 32  # devices inside one description that are told of
DEPTH_MAX = 4  # device lists inside device lists; an Internet gateway uses three
_FIELDS = {
    "deviceType": "device_type",
    "friendlyName": "friendly_name",
    "manufacturer": "manufacturer",
    "modelName": "model_name",
    "modelNumber": "model_number",
    "serialNumber": "serial_number",
}

# What is a thing of its own behind the speaker (home automation device types of the UPnP Forum).
# Most embedded devices are not: a gateway's WAN side, or a television's renderer, is the same box.
_THINGS = (
    ":BinaryLight:", ":DimmableLight:", ":DigitalSecurityCamera:", ":HVAC_System:",
    ":HVAC_ZoneThermostat:", ":SolarProtectionBlind:",
)  # fmt: skip


class UpnpRefusedError(RefusedError):
    """An announcement or description that is not taken; the thing's fault."""


def description(octets: bytes) -> dict[str, str]:
    """The fields of ``upnp.description`` that a device description holds (UPnP 1.1 §2.3).

    Raises:
        UpnpRefusedError: for anything that is not small, plain XML with a root device.
    """
    return _fields(_root_device(octets))


def facts(octets: bytes) -> Facts:
    """What a description says: of the device itself, and of things that it speaks for.

    Raises:
        UpnpRefusedError: for anything that is not small, plain XML with a root device.
    """
    device = _root_device(octets)
    fields = _fields(device)
    found: Facts = [("upnp.description", fields)] if fields else []
    for number, inner in enumerate(_embedded(device, DEPTH_MAX)):
        told = _fields(inner)
        kind = told.get("device_type", "")
        if kind == fields.get("device_type") or not any(thing in kind for thing in _THINGS):
            continue
        udn = next((child.text or "" for child in inner if _local(child) == "UDN"), "")
        child = worded(
            child=plain(udn.encode("utf-8", "replace")) or str(number),
            name=told.get("friendly_name", ""),
            maker=told.get("manufacturer", ""),
            model=told.get("model_name", ""),
            kind=kind,
            by="upnp",
        )
        found.append(("bridge.child", child))
        if len(found) > EMBEDDED_MAX:
            break
    return found


def _root_device(octets: bytes) -> Element:
    if len(octets) > DESCRIPTION_OCTETS_MAX:
        raise UpnpRefusedError("upnp.too-long", {"octets": len(octets)})
    try:
        root: Element = ElementTree.fromstring(octets, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError):
        raise UpnpRefusedError("upnp.not-xml") from None
    device = next((child for child in root if _local(child) == "device"), None)
    if device is None:
        raise UpnpRefusedError("upnp.no-device")
    return device


def _fields(device: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in device:
        field = _FIELDS.get(_local(child))
        text = plain((child.text or "").encode("utf-8", "replace"))
        if field and text:
            found.setdefault(field, text)
    return found


def _embedded(device: Element, depth: int) -> Iterator[Element]:
    """Devices in the device list, each followed by those inside it."""
    if not depth:
        return
    for devices in (child for child in device if _local(child) == "deviceList"):
        for inner in (child for child in devices if _local(child) == "device"):
            yield inner
            yield from _embedded(inner, depth - 1)


def _local(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def own_address(location: str, speaker: str) -> str:
    """The address to fetch, if it lies on the very thing that announced it.

    Otherwise a thing could make the hub call anything: a server on the Internet, or another
    thing's control page (server-side request forgery).

    Raises:
        UpnpRefusedError: for any other address.
    """
    try:
        parts = urlsplit(location[:URL_MAX])
        port = parts.port
        host = ip_address(parts.hostname or "")
        is_own = host == ip_address(speaker)
    except ValueError:
        raise UpnpRefusedError(
            "upnp.location", {"location": plain(location.encode(), 80)}
        ) from None
    is_plain = parts.scheme == "http" and "@" not in parts.netloc and location.isascii()
    if not is_own or not is_plain or port == 0 or not location[:URL_MAX].isprintable():
        raise UpnpRefusedError("upnp.location", {"location": plain(location.encode(), 80)})
    return location[:URL_MAX]


async def fetch(location: str, speaker: str) -> Facts:
    """What the description at ``location`` says.

    Raises:
        UpnpRefusedError: when the address or what it gives is not taken, or nothing comes.
    """
    url = own_address(location, speaker)
    body = b""
    try:
        async with (
            httpx.AsyncClient(
                timeout=FETCH_S_MAX, follow_redirects=False, trust_env=False
            ) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise UpnpRefusedError("upnp.status", {"status": answer.status_code})
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > DESCRIPTION_OCTETS_MAX:
                    raise UpnpRefusedError("upnp.too-long", {"octets": len(body)})
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError):
        raise UpnpRefusedError("upnp.no-answer") from None
    return facts(body)
