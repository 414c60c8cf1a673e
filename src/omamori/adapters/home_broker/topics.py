"""The topics of one hub on a broker, and what a message on them may be."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2s
from math import isfinite

import msgspec

from omamori.adapters.home_broker.shown import BrokerError
from omamori.hub.points import BOOL, CHOICE, TEXT, WHOLE, Given, Point

ROOT, DISCOVERY = "omamori", "homeassistant"
PAYLOAD_OCTETS_MAX = 1024  # the longest text of a point, 255 characters of four octets each
TEXT_CHARACTERS_MAX = 200
SLUG_OCTETS = 8  # 64 bits: no two things of a home share a name
NAME_CHARACTERS_MAX = 80
KEYS_MAX = 64  # entities of one thing

CUT = "cut"
"""The key of the switch that cuts a thing off."""

_HUB = re.compile(r"[a-z0-9]{1,32}")
_SLUG = re.compile(r"[0-9a-f]{16}")
_KEY = re.compile(r"[a-z0-9_]{1,40}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,6})?")
_YES = {"ON": True, "OFF": False, "LOCK": True, "UNLOCK": False}
_ENTITIES = msgspec.json.Decoder(dict[str, str])


class Topics:
    """Where one hub speaks and listens; `hub` keeps two hubs on one broker apart."""

    def __init__(self, hub: str) -> None:
        if not _HUB.fullmatch(hub):
            raise BrokerError("broker.bad-name")
        self.hub = hub
        self.base = f"{ROOT}/{hub}"
        self.status = f"{self.base}/status"
        self.commands = f"{self.base}/+/+/set"
        self.known = f"{self.base}/+/entities"

    def device(self, slug: str) -> str:
        """The identifier of a thing's device."""
        return f"{ROOT}_{self.hub}_{slug}" if slug else f"{ROOT}_{self.hub}"

    def config(self, slug: str) -> str:
        """Where a thing's entities are announced."""
        return f"{DISCOVERY}/device/{self.device(slug)}/config"

    def of(self, slug: str, part: str) -> str:
        """``state``, ``why``, ``event`` or ``entities`` of a thing; of the hub itself without slug."""
        return f"{self.base}/{slug or 'hub'}/{part}"

    def command(self, slug: str, key: str) -> str:
        """Where a point of a thing is asked to be set."""
        return f"{self.base}/{slug}/{key}/set"

    def asked(self, topic: str) -> tuple[str, str] | None:
        """The thing and the point that a topic of a command names; None for any other topic."""
        parts = topic.split("/") if len(topic) < PAYLOAD_OCTETS_MAX else []
        match parts:
            case [root, hub, slug, key, "set"] if (root, hub) == (ROOT, self.hub):
                return (slug, key) if _SLUG.fullmatch(slug) and _KEY.fullmatch(key) else None
        return None

    def told_of(self, topic: str) -> str | None:
        """The thing whose entities a retained message of ours names; None for any other topic."""
        match topic.split("/") if len(topic) < PAYLOAD_OCTETS_MAX else []:
            case [root, hub, slug, "entities"] if (root, hub) == (ROOT, self.hub):
                return slug if _SLUG.fullmatch(slug) else None
        return None


def slug_of(thing: str) -> str:
    """The name of a thing in topics: always the same, and without its address."""
    return blake2s(thing.encode("utf-8", "replace"), digest_size=SLUG_OCTETS).hexdigest()


def read_entities(octets: bytes) -> dict[str, str]:
    """Which entities of a thing were announced before: key → platform; empty where unreadable."""
    if len(octets) > PAYLOAD_OCTETS_MAX * 4:
        return {}
    try:
        found = _ENTITIES.decode(octets)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    sound = {k: p for k, p in found.items() if _KEY.fullmatch(k) and _KEY.fullmatch(p)}
    return dict(list(sound.items())[:KEYS_MAX])


def read_switch(octets: bytes) -> bool:
    """On or off.

    Raises:
        BrokerError: `broker.not-understood`.
    """
    found = _YES.get(_text(octets))
    if found is None:
        raise BrokerError("broker.not-understood")
    return found


def read_value(point: Point, octets: bytes) -> Given:
    """The value that a message asks of a point; whether it may be, others decide.

    Raises:
        BrokerError: `broker.too-long` or `broker.not-understood`.
    """
    if point.form == BOOL:
        return read_switch(octets)
    text = _text(octets)
    if point.form == CHOICE and text in point.choices:
        return text
    if point.form == TEXT and 0 < len(text) <= TEXT_CHARACTERS_MAX and text.isprintable():
        return text
    if point.form in {CHOICE, TEXT} or not _NUMBER.fullmatch(text):
        raise BrokerError("broker.not-understood")
    number = float(text)
    if point.form == WHOLE and not number.is_integer():
        raise BrokerError("broker.not-understood")
    return int(number) if point.form == WHOLE else number


def _text(octets: bytes) -> str:
    if len(octets) > PAYLOAD_OCTETS_MAX:
        raise BrokerError("broker.too-long", {"max": PAYLOAD_OCTETS_MAX})
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BrokerError("broker.not-understood") from error


def clean(name: str, characters_max: int = NAME_CHARACTERS_MAX) -> str:
    """A name from outside: bounded, without what cannot be seen or turns the reading direction."""
    seen = (" " if c.isspace() else c for c in name[: characters_max * 4])
    shown = "".join(c for c in seen if unicodedata.category(c)[0] != "C")
    shown = " ".join(shown.split())
    return shown if len(shown) <= characters_max else shown[: characters_max - 1] + "…"


def spelled(value: Given | None) -> str | int | float | None:
    """A value as entities show it; None where nobody knows it."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
