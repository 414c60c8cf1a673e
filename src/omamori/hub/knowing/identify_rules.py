"""The rulebook: what a heard fact says about maker, kind and model, from rules kept as plain tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import RefusedError
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.hub.knowing.identify_makers import TEXT_MAX, Claim, Makers
from omamori.hub.knowing.identify_shelf import Pattern, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PATTERN_MAX = 300  # characters of one rule's pattern
FAMILIES = frozenset({
    "asked", "bridge", "coap", "dhcp", "echonet", "http", "maker", "mdns", "mqtt", "oui", "role", "sample",
    "searches", "talk", "upnp", "windows-names",
})  # fmt: skip
"""Families of clues; each has its sentence."""
CACHE_ENTRIES_MAX = 4096  # heard values whose answer is remembered
WEIGHT_MAX = 10.0
_ECHONET_PLACES = ("echonet.object.eoj", "echonet.object.epc.8a", "echonet.object.epc.8c")
_TELLS_KIND = frozenset({"sample.thing.kind", "bridge.child.kind"})  # by our own words
_PREFIX_DIGITS = (9, 7, 6)  # IEEE MA-S, MA-M and MA-L assignments, longest first
_GROUP_BIT, _LOCAL_BIT = 0x01, 0x02  # IEEE 802, first octet


class RulesRefusedError(RefusedError):
    """A rule file that cannot be used; the fault of who wrote it."""


class Clue(msgspec.Struct, frozen=True):
    """One thing that was heard and means something.

    Attributes:
        at: when it was last heard, seconds since the epoch; its age is ``now - at``.
        place: the fact and its field, such as ``dhcp.request.hostname``.
        said: the text as heard.
        claims: what that says.
    """

    at: float
    place: str
    said: str
    claims: tuple[Claim, ...]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    r"""One line of a rule file; it fits where ``equals``, ``under`` or ``like`` fits.

    Attributes:
        at: places, or ``@group`` for all places of a group.
        equals: whole values, without case.
        under: domain names that the value is, or lies below.
        like: a regular expression searched in the value, without case; the operator's own, so
            only its length is limited, and the text it sees.
        vendor, kind, module: what it says.
        model: the model, or ``\1`` for the pattern's first group.
        weight: a factor on the place's weight.
        given: counts only where this maker is believed.
    """

    at: tuple[str, ...]
    equals: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    like: str = ""
    vendor: str = ""
    kind: str = ""
    module: str = ""
    model: str = ""
    weight: float = 1.0
    given: str = ""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a text may be heard, and how much it counts there.

    Attributes:
        source: family of clues; of one family only the weightiest clue counts.
        weight: what a rule that fits here is worth.
        groups: names under which rules may speak of several places at once.
        name: above 0 the text is also a name of the thing; the highest is shown first.
        maker, model: above 0 the text itself is a maker or a model, with this weight.
    """

    source: str
    weight: float
    groups: tuple[str, ...] = ()
    name: float = 0.0
    maker: float = 0.0
    model: float = 0.0


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that one TOML file may hold; all of it optional."""

    places: dict[str, Place] = {}
    rule: tuple[Rule, ...] = ()
    makers: dict[str, tuple[str, ...]] = {}
    modules: dict[str, tuple[str, ...]] = {}
    usually: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    echonet_class: dict[str, str] = {}
    echonet_maker: dict[str, str] = {}


class Rulebook:
    """All rules together; ``read`` answers what a heard fact says.  Immutable but for its cache."""

    def __init__(
        self, files: Iterable[RuleFile], registry: Mapping[str, str] | None = None
    ) -> None:
        """Assign; ``registry`` adds makers by address prefix (hex digits, lower case)."""
        files = list(files)
        self._places = {name: place for file in files for name, place in file.places.items()}
        self._makers = Makers(
            {name: also for file in files for name, also in file.makers.items()},
            {name: also for file in files for name, also in file.modules.items()},
            {name: kind for file in files for name, kind in file.usually.items()},
        )
        self._prefixes = dict(registry or {})
        for file in files:
            for maker, run in file.prefixes.items():
                self._prefixes.update((run[i : i + 6], maker) for i in range(0, len(run), 6))
        self._echonet_class = {c: k for file in files for c, k in file.echonet_class.items()}
        self._echonet_maker = {c: m for file in files for c, m in file.echonet_maker.items()}
        self._shelves = {name: Shelf() for name in self._places}
        for rule in (rule for file in files for rule in file.rule):
            pattern = Pattern(rule.like) if rule.like else None
            for place in self._spread(rule.at):
                self._shelves[place].put(rule, pattern)
        self._read_in = _by_kind([*self._places, *_ECHONET_PLACES])
        self._cache: dict[tuple[str, str], tuple[Claim, ...]] = {}

    def _spread(self, at: Iterable[str]) -> Iterable[str]:
        for name in at:
            if name.startswith("@"):
                yield from (p for p, place in self._places.items() if name[1:] in place.groups)
            elif name in self._places:
                yield name
            else:
                raise RulesRefusedError("rules.place", {"place": name})

    def read(self, kind: str, fields: Mapping[str, str], at: float) -> list[Clue]:
        """Clues that a sighting holds; empty where no rule knows anything about it."""
        clues: list[Clue] = []
        places = self._read_in.get(kind)
        if places is None:
            return clues
        if kind == "talk.service":
            fields = _with_use(fields)
        for field, text in fields.items():
            place = places.get(field)
            if place is not None:
                said = text[:TEXT_MAX].strip()
                claims = self._said(place, said)
                if claims:
                    clues.append(Clue(at, place, said, claims))
        return clues

    def address(self, mac: str, at: float) -> Clue | None:
        """What the register says of a hardware address; None where it says nothing."""
        digits = mac.replace(":", "").lower()
        if is_private(mac):
            return None
        for length in _PREFIX_DIGITS:
            maker = self._prefixes.get(digits[:length])
            if maker:
                claims = tuple(self._makers.claims(maker, 2.0, "oui"))
                return Clue(at, "address.mac", f"{mac[:8]} {maker}"[:TEXT_MAX], claims)
        return None

    def is_module_maker(self, mac: str) -> bool:
        """Whether the address was given to a maker of radios that others build in."""
        clue = self.address(mac, 0.0)
        return clue is not None and any(claim.aspect == "module" for claim in clue.claims)

    def _said(self, place: str, text: str) -> tuple[Claim, ...]:
        key = (place, text)
        known = self._cache.get(key)
        if known is None:
            if len(self._cache) >= CACHE_ENTRIES_MAX:
                self._cache.clear()
            known = self._cache[key] = tuple(self._think(place, text))
        return known

    def _think(self, place: str, text: str) -> list[Claim]:
        if not text:
            return []
        if place.startswith("echonet.object."):
            return self._echonet(place, text)
        where = self._places.get(place)
        if where is None:
            return []
        told: list[Claim] = []
        if place in _TELLS_KIND and text in KINDS:
            told.append(Claim("kind", text, where.weight, where.source))
        if where.name:
            told.append(Claim("name", text, where.name, where.source))
        if where.maker:
            told += self._makers.claims(text, where.maker, where.source)
        if where.model:
            told.append(Claim("model", text, where.model, where.source))
        if "names" in where.groups and (maker := self._makers.leading(text)):
            told += self._makers.claims(maker, 0.8 * where.weight, where.source)
        for rule, model in self._shelves[place].find(text):
            told += self._claims(rule, model, where)
        return told

    def _claims(self, rule: Rule, model: str, where: Place) -> Iterable[Claim]:
        weight = where.weight * rule.weight
        for maker in (rule.vendor, rule.module):
            if maker:
                yield from self._makers.claims(maker, weight, where.source, rule.given)
        if rule.kind:
            yield Claim("kind", rule.kind, weight, where.source, rule.given)
        if model:
            yield Claim("model", model, weight, where.source, rule.given)

    def _echonet(self, place: str, text: str) -> list[Claim]:
        field = place.removeprefix("echonet.object.")
        if field == "eoj":
            kind = self._echonet_class.get(text[:4].lower())
            weight = 3.0 if kind == "controller" else 5.0  # things of other kinds control, too
            return [Claim("kind", kind, weight, "echonet")] if kind else []
        if field == "epc.8a":
            maker = self._echonet_maker.get(text.lower())
            return self._makers.claims(maker, 5.0, "echonet") if maker else []
        if field == "epc.8c":
            product = _ascii(text)
            return [Claim("model", product, 4.0, "echonet")] if product else []
        return []


def rule_file(table: object, name: str) -> RuleFile:
    """A parsed TOML table as a rule file.

    Raises:
        RulesRefusedError: naming the file and what is wrong in it.
    """
    try:
        file = msgspec.convert(table, RuleFile)
    except msgspec.ValidationError as wrong:
        raise RulesRefusedError("rules.shape", {"file": name, "why": str(wrong)}) from None
    for place in file.places.values():
        if place.source not in FAMILIES:
            raise RulesRefusedError("rules.family", {"file": name, "family": place.source})
    for number, rule in enumerate(file.rule, 1):
        wrong_part = _wrong(rule)
        if wrong_part:
            raise RulesRefusedError("rules.rule", {"file": name, "rule": number, "why": wrong_part})
    for kind in (*file.usually.values(), *file.echonet_class.values()):
        if kind not in KINDS:
            raise RulesRefusedError("rules.kind", {"file": name, "kind": kind})
    return file


def _wrong(rule: Rule) -> str:
    if rule.kind and rule.kind not in KINDS:
        return f"kind {rule.kind!r} is not in the vocabulary"
    if not (rule.equals or rule.under or rule.like):
        return "needs equals, under or like"
    if not 0 < rule.weight <= WEIGHT_MAX:
        return "weight is above 0 and at most 10"
    if len(rule.like) > PATTERN_MAX:
        return f"a pattern has at most {PATTERN_MAX} characters"
    try:
        has_group = bool(re.compile(rule.like, re.IGNORECASE).groups)
    except re.error as wrong:
        return f"pattern: {wrong}"
    return "\\1 needs a group in the pattern" if rule.model == "\\1" and not has_group else ""


def is_private(mac: str) -> bool:
    """Whether a hardware address is made up by the thing itself (IEEE 802 local bit)."""
    first = mac[:2]
    return len(first) == len("aa") and all(c in "0123456789abcdefABCDEF" for c in first) and bool(
        int(first, 16) & _LOCAL_BIT
    )  # fmt: skip


def is_group(mac: str) -> bool:
    """Whether an address is a multicast or broadcast one, which no thing owns."""
    first = mac[:2]
    return len(mac) == len("aa:bb:cc:dd:ee:ff") and all(
        c in "0123456789abcdefABCDEF" for c in first
    ) and bool(int(first, 16) & _GROUP_BIT)  # fmt: skip


def _by_kind(places: Iterable[str]) -> dict[str, dict[str, str]]:
    """Places by kind of fact (two labels) and field; other fields need no look."""
    found: dict[str, dict[str, str]] = {}
    for place in places:
        room, _, rest = place.partition(".")
        kind, _, field = rest.partition(".")
        found.setdefault(f"{room}.{kind}", {})[field] = place
    return found


def _with_use(fields: Mapping[str, str]) -> dict[str, str]:
    """A service's fields, and how it is used as one text."""
    proto, port, role = (fields.get(f, "") for f in ("proto", "port", "role"))
    return {**fields, "use": f"{proto}/{port} {role}"}


def _ascii(text: str) -> str:
    """A product code (EPC 0x8C: ASCII, padded with NUL or space) given in hex."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return ""
    return "".join(chr(c) for c in raw if 0x20 <= c < 0x7F).strip()  # noqa: PLR2004 -- printable ASCII
