"""Tokens: what a thing said and did, made comparable with what other things said and did.

A token is a place and a value from which serial numbers, addresses and counters are taken away,
so that two units of one model leave nearly the same tokens.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from omamori.hub.knowing.identify_rules import is_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omamori.hub.flow import Flow
    from omamori.hub.sighting import Sighting

THINGS_MAX = 1024  # as many as the inventory keeps
TOKENS_PER_THING_MAX = 256
TOKENS_PER_PLACE_MAX = 40  # who asks for a thousand names crowds out only its own names
TOKEN_CHARS_MAX = 72
EVICT_SHARE = 16  # a full table lets go of one part in this many at once
PLAIN_REMEMBERED = 2048  # things repeat themselves every hour; about 1 MB

MODEL = "model"  # the place of what looks like a model's designation
_DYNAMIC_PORT_MIN = 49_152  # RFC 6335 §6: nobody's port, so that it says nothing
_SERIAL_DIGITS_MIN = 5  # a run of so many digits is a serial number, not a model
_OUI = len("aa:bb:cc")

_MODULE = re.compile(r"esp(?:ressif)?[_-]|hf-|lpb?\d|lpt\d|gainspan|tuya|ty[_-]|wlan\d|android-")
"""Host names that modules and platforms carry, whatever was built of them."""
_DEVICE = re.compile(r":device:([a-z][\w-]*)")
_ANY_DEVICE = frozenset({"basic", "wfadevice", "internetgatewaydevice", "wandevice"})
_NAMING = frozenset({
    "host", "mdns-name", "mdns-md", "mdns-model", "mdns-model_number", "upnp-server",
    "upnp-model_name", "upnp-model_number", "agent",
})  # fmt: skip
"""Places where a thing says what it is, so that a designation there is its own."""

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_ADDRESS = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|\[?fe80:[0-9a-f:%]+\]?"
)
_SERIAL = re.compile(r"(?=[0-9a-z]*\d{5})[0-9a-z]{8,}|(?=[0-9a-f]*\d)[0-9a-f]{6,}|\d{5,}")
_DIGITS = re.compile(r"\d+")
_MODEL = re.compile(r"(?<![0-9a-z])[a-z]{1,6}-?[a-z]{0,3}\d{2,4}[a-z]{0,3}(?![0-9a-z.])")


@lru_cache(maxsize=PLAIN_REMEMBERED)
def plain(text: str, mac: str = "") -> str:
    """The text without whatever only one unit says; ``mac`` is the thing's own address."""
    text = text.casefold()[: TOKEN_CHARS_MAX * 2]
    digits = mac.replace(":", "")
    text = _UUID.sub("#", text)
    if digits:
        text = text.replace(mac, "#")
        for count in (12, 8, 6, 4):  # makers end a name with the last octets of the address
            text = text.replace(digits[-count:], "#")
    text = _ADDRESS.sub("#", text)
    return _SERIAL.sub("#", text)[:TOKEN_CHARS_MAX]


def tokens_of_address(mac: str, *, is_module: bool = False) -> list[str]:
    """To whom the address was given: the maker, or of what makes the radio for many makers."""
    if len(mac) != len("aa:bb:cc:dd:ee:ff") or is_private(mac):
        return []
    return [f"{'radio' if is_module else 'oui'}={mac[:_OUI].casefold()}"]


def tokens_of(sighting: Sighting) -> list[str]:
    """The tokens that a sighting holds; empty for facts that say nothing about the sort of thing."""
    read = _READERS.get(sighting.kind)
    if read is None:
        return []
    mac = "" if sighting.source.startswith("ip:") else sighting.source
    return [token[:TOKEN_CHARS_MAX] for token in read(sighting.fields, mac)]


def tokens_of_flow(flow: Flow) -> list[str]:
    """The port to which a thing of this network turns by itself, if that port has a meaning."""
    if not flow.is_from_here or flow.is_answer or flow.proto not in {"tcp", "udp"}:
        return []
    if flow.to_port >= _DYNAMIC_PORT_MIN and (flow.proto == "udp" or flow.is_to_here):
        return []
    return [f"port={flow.proto}/{flow.to_port} {'here' if flow.is_to_here else 'out'}"]


def place_of(token: str) -> str:
    """Where a token was heard."""
    return token.partition("=")[0]


def _said(place: str, text: str, mac: str) -> Iterable[str]:
    """What a thing says of itself: the text, and what in it looks like a model."""
    value = plain(text, mac)
    if value:
        is_module = place == "host" and _MODULE.match(value)
        yield f"{'module' if is_module else place}={value}"
        device = _DEVICE.search(value) if place in {"upnp", "upnp-device_type"} else None
        if device and device[1] not in _ANY_DEVICE:
            yield f"{MODEL}=device {device[1]}"
        if place in _NAMING and not is_module:
            for model in _MODEL.findall(value):
                yield f"{MODEL}={model.replace('-', '')}"


def _asked(name: str) -> Iterable[str]:
    """A name asked for: whole, and the two last labels, which name whose it is."""
    name = name.casefold().partition(":")[0].rstrip(".")
    if not name or name.endswith((".arpa", ".local")) or "." not in name:
        return
    yield "name=" + _DIGITS.sub("#", name)
    yield "owner=" + _DIGITS.sub("#", ".".join(name.split(".")[-2:]))


def _dhcp(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    yield from _said("host", fields.get("hostname", "") or fields.get("fqdn", ""), mac)
    yield from _said("dhcp-class", fields.get("vendor_class", ""), mac)
    yield from _said("mud", fields.get("mud_url", ""), mac)  # one for each model (RFC 8520 §1.4)
    wanted = fields.get("parameters", "") or fields.get("options", "")
    if wanted:
        yield f"dhcp-asks={wanted}"


def _mdns_service(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    yield f"mdns={fields.get('type', '').casefold()}"
    yield from _said("mdns-name", fields.get("instance", ""), mac)
    yield from _said("host", fields.get("host", "").removesuffix(".local"), mac)
    for key, value in fields.items():
        if key.startswith("txt."):
            yield f"mdns-key={key[4:]}"
            if not value.isdigit():  # a counter or a flag
                yield from _said(f"mdns-{key[4:24]}", value, mac)


def _ssdp(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    yield from _said("upnp", fields.get("nt", ""), mac)
    yield from _said("upnp-usn", fields.get("usn", "").partition("::")[0], mac)
    yield from _said("upnp-server", fields.get("server", ""), mac)
    path = fields.get("location", "").partition("://")[2].partition("/")[2]
    if path:
        yield from _said("upnp-path", path, mac)


def _ssdp_search(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    yield from _said("search", fields.get("st", ""), mac)
    yield from _said("agent", fields.get("user_agent", ""), mac)


def _upnp(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    for field in ("device_type", "manufacturer", "model_name", "model_number"):
        yield from _said(f"upnp-{field}", fields.get(field, ""), mac)


def _echonet(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    for field in ("eoj", "epc.8a", "epc.8c"):
        yield from _said(f"echonet-{field}", fields.get(field, "")[:4], mac)


def _tls(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    del mac
    yield from _asked(fields.get("sni", ""))
    if fields.get("ja4"):
        yield f"ja4={fields['ja4']}"


def _http(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    yield from _asked(fields.get("host", ""))
    yield from _said("path", "/".join(fields.get("path", "").partition("?")[0].split("/")[:4]), mac)
    yield from _said("agent", fields.get("user_agent", ""), mac)


def _talk(fields: Mapping[str, str], mac: str) -> Iterable[str]:
    del mac
    yield f"talk={fields.get('proto', '')}/{fields.get('port', '')} {fields.get('role', '')}"


def _only(place: str, field: str) -> Callable[[Mapping[str, str], str], Iterable[str]]:
    return lambda fields, mac: _said(place, fields.get(field, ""), mac)


_READERS: dict[str, Callable[[Mapping[str, str], str], Iterable[str]]] = {
    "dhcp.request": _dhcp,
    "dhcp6.request": _dhcp,
    "mdns.name": lambda f, mac: _said("host", f.get("name", "").removesuffix(".local"), mac),
    "mdns.service": _mdns_service,
    "mdns.search": _only("mdns-search", "type"),
    "lldp.says": _only("mud", "mud_url"),
    "llmnr.name": _only("host", "name"),
    "netbios.name": _only("host", "name"),
    "dns.query": lambda fields, mac: _asked(fields.get("name", "")),  # noqa: ARG005 - one shape
    "ssdp.notify": _ssdp,
    "ssdp.search": _ssdp_search,
    "upnp.description": _upnp,
    "echonet.object": _echonet,
    "tls.client": _tls,
    "http.request": _http,
    "http.response": _only("http-server", "server"),
    "mqtt.connect": _only("mqtt", "client_id"),
    "coap.message": _only("coap", "path"),
    "talk.service": _talk,
}


class _Heard:
    """The tokens of one thing."""

    __slots__ = ("per_place", "tokens")

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.per_place: dict[str, int] = {}


class Tokens:
    """Keeps the tokens of each thing; memory is bounded by the limits above.

    What a thing says first is kept: a flood of ever new names fills its own place and no other.
    A flood of new things pushes out the things of which least was heard, the newest first.

    Attributes:
        dropped: tokens that found no room.
        evicted: things let go because the table was full.
    """

    def __init__(self, is_module: Callable[[str], bool] = lambda mac: False) -> None:  # noqa: ARG005 - one shape
        """Keep nothing yet; ``is_module`` says whether a radio's maker works for other makers."""
        self._is_module = is_module
        self._things: dict[str, _Heard] = {}
        self.dropped = 0
        self.evicted = 0

    def hear(self, sighting: Sighting, thing: str) -> None:
        """Take in what a thing said."""
        self._add(thing, tokens_of(sighting))

    def hear_flow(self, flow: Flow, thing: str) -> None:
        """Take in to which port a thing turned."""
        if flow.is_opening:
            self._add(thing, tokens_of_flow(flow))

    def of(self, thing: str) -> frozenset[str]:
        """What was heard of a thing."""
        heard = self._things.get(thing)
        return frozenset(heard.tokens) if heard else frozenset()

    def forget(self, thing: str) -> None:
        """Let go of a thing."""
        self._things.pop(thing, None)

    def things(self) -> list[str]:
        """Ids of all of which something was heard."""
        return list(self._things)

    def join(self, old: str, new: str) -> None:
        """Two ids turned out to be one thing: what was heard of ``old`` is ``new``'s."""
        gone = self._things.pop(old, None)
        if gone is not None:
            self._add(new, sorted(gone.tokens))

    def _add(self, thing: str, tokens: Iterable[str]) -> None:
        if not thing or not tokens:
            return
        heard = self._things.get(thing)
        if heard is None:
            if len(self._things) >= THINGS_MAX:
                self._make_room()
            heard = self._things[thing] = _Heard()
            first = tokens_of_address(thing, is_module=self._is_module(thing))
            tokens = [*first, *tokens]
        for token in tokens:
            if token in heard.tokens:
                continue
            place = place_of(token)
            room = TOKENS_PER_PLACE_MAX - heard.per_place.get(place, 0)
            if room <= 0 or len(heard.tokens) >= TOKENS_PER_THING_MAX:
                self.dropped += 1
                continue
            heard.per_place[place] = heard.per_place.get(place, 0) + 1
            heard.tokens.add(token)

    def _make_room(self) -> None:
        newest_first = reversed(self._things)
        least = sorted(newest_first, key=lambda thing: len(self._things[thing].tokens))
        for thing in least[: max(THINGS_MAX // EVICT_SHARE, 1)]:
            del self._things[thing]
            self.evicted += 1
