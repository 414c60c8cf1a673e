"""Read a Thing Description (W3C TD 1.1): what a thing says that can be asked of it, and how.

A description is a claim by whoever wrote it: no JSON-LD context is fetched, no address in it is
visited, and what is not understood is left out and counted.
"""

from __future__ import annotations

import re
import unicodedata
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TD_OCTETS_MAX = 1024 * 1024  # the longest in W3C's test collections has some 200 KB
AFFORDANCES_MAX = 512  # properties, actions and events each
FORMS_MAX = 32
TYPES_MAX = 32
ENUM_MAX = 64
SECURITIES_MAX = 16
LANGUAGES_MAX = 32
NAME_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = 400
HREF_CHARACTERS_MAX = 2000

_EPC = re.compile("0[xX]([0-9A-Fa-f]{2})")
READ, WRITE = "readproperty", "writeproperty"
_DEFAULT_OPS = {"properties": (READ, WRITE), "actions": ("invokeaction",), "events": (
    "subscribeevent", "unsubscribeevent",
)}  # fmt: skip
"""TD 1.1, §5.4: what a form is for where it does not say."""
_TELLING = frozenset({"title", "titles", "properties", "actions", "events"})
"""What has none of these says nothing of a thing; a thing that offers nothing still has a title."""
_SHAPES = ("boolean", "integer", "number", "string", "object", "array", "null")


class WotError(RefusedError):
    """Octets that are no Thing Description."""


class Form(msgspec.Struct, frozen=True):
    """A way to an affordance; `op` what it is for. Its address is text, and is not visited."""

    href: str
    op: tuple[str, ...]
    content: str = "application/json"
    method: str = ""
    subprotocol: str = ""


class Affordance(msgspec.Struct, frozen=True):
    """A property, an action or an event.

    Attributes:
        types: its ``@type``s, as written.
        titles: by language; under ``""`` the one without.
        form: of `_SHAPES`; empty where the description does not say, or offers several.
        low, high: None where it names none.
        epc: ECHONET Lite's property code in a description that names one; -1 else.
    """

    name: str
    types: tuple[str, ...] = ()
    titles: dict[str, str] = {}
    form: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    enum: tuple[str, ...] = ()
    is_readable: bool = True
    is_writable: bool = False
    is_observable: bool = False
    epc: int = -1
    forms: tuple[Form, ...] = ()


class ThingDescription(msgspec.Struct, frozen=True):
    """What a thing says of itself.

    Attributes:
        schemes: kinds of protection that it asks for, such as ``basic``; ``nosec`` is none.
        left_out: parts that were not understood, or were too many.
    """

    id: str
    titles: dict[str, str]
    types: tuple[str, ...] = ()
    base: str = ""
    schemes: tuple[str, ...] = ()
    properties: tuple[Affordance, ...] = ()
    actions: tuple[Affordance, ...] = ()
    events: tuple[Affordance, ...] = ()
    left_out: int = 0

    def title(self, lang: str = "") -> str:
        """Its name in a language, else in any."""
        for key in (lang, "", "en"):
            if key in self.titles:
                return self.titles[key]
        return next(iter(self.titles.values()), "")


def read_td(octets: bytes) -> ThingDescription:
    """The description in these octets.

    Raises:
        WotError: `wot.too-long`, `wot.not-json` or `wot.no-description`.
    """
    if len(octets) > TD_OCTETS_MAX:
        raise WotError("wot.too-long", {"max": TD_OCTETS_MAX})
    try:
        told = msgspec.json.decode(octets.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WotError("wot.not-json") from error
    if not isinstance(told, dict) or not told.keys() & _TELLING:
        raise WotError("wot.no-description")
    return _Reader().thing(told)


class _Reader:
    """Reads one description, and counts what it leaves out."""

    def __init__(self) -> None:
        self.left_out = 0

    def thing(self, told: Mapping[str, Any]) -> ThingDescription:
        return ThingDescription(
            id=_text(told.get("id") or told.get("@id"), NAME_CHARACTERS_MAX),
            titles=self._titles(told),
            types=self._words(told.get("@type")),
            base=_text(told.get("base"), HREF_CHARACTERS_MAX),
            schemes=self._schemes(told),
            properties=self._affordances(told, "properties"),
            actions=self._affordances(told, "actions"),
            events=self._affordances(told, "events"),
            left_out=self.left_out,
        )

    def _affordances(self, told: Mapping[str, Any], room: str) -> tuple[Affordance, ...]:
        found = told.get(room)
        if not isinstance(found, dict):
            self.left_out += found is not None
            return ()
        read = (self._affordance(name, one, room) for name, one in self._some(found.items()))
        return tuple(one for one in read if one is not None)

    def _affordance(self, name: str, told: object, room: str) -> Affordance | None:
        if not isinstance(told, dict):
            self.left_out += 1
            return None
        forms = self._forms(told.get("forms"), _DEFAULT_OPS[room])
        ops = {op for form in forms for op in form.op}
        is_property = room == "properties"
        shape = _shape_of(told)
        return Affordance(
            name=_text(name, NAME_CHARACTERS_MAX),
            types=self._words(told.get("@type")),
            titles=self._titles(told),
            form=shape.get("type", "") if shape.get("type") in _SHAPES else "",
            unit=_text(shape.get("unit") or told.get("unit"), NAME_CHARACTERS_MAX),
            low=_number(shape.get("minimum")),
            high=_number(shape.get("maximum")),
            enum=self._enum(shape.get("enum")),
            is_readable=is_property and told.get("writeOnly") is not True and READ in ops,
            is_writable=is_property and told.get("readOnly") is not True and WRITE in ops,
            is_observable=told.get("observable") is True,
            epc=_epc(told.get("echonet:epc")),
            forms=forms,
        )

    def _forms(self, told: object, default: tuple[str, ...]) -> tuple[Form, ...]:
        found = []
        for one in self._list(told, FORMS_MAX):
            if not isinstance(one, dict) or not isinstance(one.get("href"), str):
                self.left_out += 1
                continue
            found.append(
                Form(
                    href=_text(one["href"], HREF_CHARACTERS_MAX),
                    op=self._words(one.get("op")) or default,
                    content=_text(one.get("contentType"), NAME_CHARACTERS_MAX)
                    or Form("", ()).content,
                    method=_text(one.get("htv:methodName"), NAME_CHARACTERS_MAX),
                    subprotocol=_text(one.get("subprotocol"), NAME_CHARACTERS_MAX),
                )
            )
        return tuple(found)

    def _schemes(self, told: Mapping[str, Any]) -> tuple[str, ...]:
        """The kinds of protection that are in force, of those that are defined."""
        defined = told.get("securityDefinitions")
        if not isinstance(defined, dict):
            return ()
        wanted = self._words(told.get("security"))
        kinds = (defined.get(name) for name in wanted[:SECURITIES_MAX])
        named = (_text(one.get("scheme"), 64) for one in kinds if isinstance(one, dict))
        return tuple(dict.fromkeys(filter(None, named)))

    def _titles(self, told: Mapping[str, Any]) -> dict[str, str]:
        many = told.get("titles")
        found = {}
        if isinstance(many, dict):
            for lang, text in self._some(many.items(), LANGUAGES_MAX):
                if said := _text(text, TEXT_CHARACTERS_MAX):
                    found[_text(lang, 32)] = said
        if said := _text(told.get("title"), TEXT_CHARACTERS_MAX):
            found[""] = said
        return found

    def _enum(self, told: object) -> tuple[str, ...]:
        values = self._list(told, ENUM_MAX)
        return tuple(_text(one, NAME_CHARACTERS_MAX) for one in values if isinstance(one, str))

    def _words(self, told: object) -> tuple[str, ...]:
        values = [told] if isinstance(told, str) else self._list(told, TYPES_MAX)
        return tuple(_text(one, NAME_CHARACTERS_MAX) for one in values if isinstance(one, str))

    def _list(self, told: object, most: int) -> list[Any]:
        return list(self._some(told, most)) if isinstance(told, list) else []

    def _some(self, told: Iterable[Any], most: int = AFFORDANCES_MAX) -> Iterable[Any]:
        every = list(told)
        self.left_out += max(0, len(every) - most)
        return every[:most]


def _shape_of(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data schema: its own, or the only one among several that is a number or a word.

    ``oneOf`` a number or ``"unmeasurable"`` is a number that may be missing.
    """
    several = told.get("oneOf") or told.get("anyOf")
    if told.get("type") is not None or not isinstance(several, list):
        return told
    shapes = [one for one in several[:FORMS_MAX] if isinstance(one, dict)]
    numbers = [one for one in shapes if one.get("type") in {"number", "integer"}]
    is_clear = all(one in numbers or _is_word(one) for one in shapes)
    return numbers[0] if len(numbers) == 1 and is_clear else {}


def _is_word(shape: Mapping[str, Any]) -> bool:
    return shape.get("type") in {"string", "null"} and (
        isinstance(shape.get("enum"), list) or shape.get("type") == "null" or "const" in shape
    )


def _number(told: object) -> float | None:
    is_number = isinstance(told, (int, float)) and not isinstance(told, bool)
    try:
        found = float(told) if is_number else None  # type: ignore[arg-type] # a number, by the line above
    except OverflowError:
        return None
    return found if found is not None and isfinite(found) else None


def _epc(told: object) -> int:
    found = _EPC.fullmatch(told) if isinstance(told, str) else None
    return int(found[1], 16) if found else -1


def _text(told: object, most: int) -> str:
    if not isinstance(told, str):
        return ""
    shown = "".join(c for c in told[: most * 2] if unicodedata.category(c)[0] != "C")
    return shown[:most]
