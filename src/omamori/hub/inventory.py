"""The inventory: every thing that was heard, by which addresses, and what it is believed to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from omamori.documents.reason import Reason, RefusedError
from omamori.hub.identify import Identity, corrected, identify
from omamori.hub.identify_kinds import KINDS
from omamori.hub.identify_rules import Clue, is_group, is_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omamori.hub.sighting import Sighting

THINGS_MAX = 1024
CLUES_PER_THING_MAX = 64
ADDRESSES_PER_THING_MAX = 16
NAMES_PER_THING_MAX = 8
CORRECTIONS_MAX = 256
NAME_MAX = 64  # characters of a name that a person gives
FORGET_AFTER_S = 30 * 86_400.0  # a thing or clue not heard for this long is forgotten
SETTLED_AFTER_S = 3600.0  # a thing heard over this span counts as living here
EVICT_SHARE = 16  # a full inventory lets go of one part in this many at once

_MAC_LENGTH = len("aa:bb:cc:dd:ee:ff")
_ADDRESS_FACTS = frozenset({"address.ipv4", "address.ipv6", "neighbour.entry"})
_NOBODY = ("0.0.0.0", "::", "127.", "::1", "255.255.255.255")  # noqa: S104 -- addresses that no thing owns


class CorrectionRefusedError(RefusedError):
    """A person's correction that cannot be kept."""


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person said a thing is; empty where they said nothing."""

    name: str = ""
    kind: str = ""


class KnownThing(msgspec.Struct, frozen=True):
    """A thing as the hub knows it.

    Attributes:
        id: stable: the MAC address where one is known, otherwise ``ip:<address>``.
        mac: hardware address, or empty.
        ips: addresses it uses now, latest heard first.
        names: names it gave itself or a person gave it, best first.
        identity: what it is believed to be, and why; never a ground for trust.
        first_seen, last_seen: seconds since the epoch.
        heard_by: kinds of fact that spoke of it (of ``sighting.KINDS``).
        is_private_address: it made its hardware address up, so that it may return as another.
        is_corrected: a person named it or its kind.
        clues_lost: clues that were dropped because it said too many different things.
    """

    id: str
    mac: str
    ips: tuple[str, ...]
    names: tuple[str, ...]
    identity: Identity
    first_seen: float
    last_seen: float
    heard_by: tuple[str, ...]
    is_private_address: bool
    is_corrected: bool
    clues_lost: int = 0


class Rules(Protocol):
    """What the inventory needs of a rulebook."""

    def read(self, kind: str, fields: Mapping[str, str], at: float) -> list[Clue]:
        """Clues that a sighting holds."""
        ...

    def address(self, mac: str, at: float) -> Clue | None:
        """What a hardware address says."""
        ...


class _Record:
    """What is kept of one thing."""

    __slots__ = ("clues", "first_seen", "heard_by", "id", "identity", "ips", "last_seen", "lost")

    def __init__(self, thing_id: str, at: float) -> None:
        self.id = thing_id
        self.ips: dict[str, float] = {}
        self.clues: dict[tuple[str, str], Clue] = {}
        self.heard_by: set[str] = set()
        self.first_seen = self.last_seen = at
        self.lost = 0
        self.identity: Identity | None = None

    @property
    def mac(self) -> str:
        return "" if self.id.startswith("ip:") else self.id

    def note(self, clue: Clue) -> None:
        """Keep a clue; a thing that says ever new things loses its oldest, and that is counted."""
        key = (clue.place, clue.said)
        if key not in self.clues and len(self.clues) >= CLUES_PER_THING_MAX:
            self._let_go()
        self.clues[key] = clue
        self.identity = None

    def _let_go(self) -> None:
        """Drop the oldest clue of the most talkative place: a flood pushes out itself first."""
        per_place: dict[str, int] = {}
        for place, _ in self.clues:
            per_place[place] = per_place.get(place, 0) + 1
        crowded = max(per_place, key=lambda place: per_place[place])
        oldest = min((c for k, c in self.clues.items() if k[0] == crowded), key=lambda c: c.at)
        del self.clues[oldest.place, oldest.said]
        self.lost += 1

    def evidence(self) -> tuple[bool, int, float]:
        """How well this thing is known; a flood of made-up addresses stays at the bottom."""
        settled = self.last_seen - self.first_seen >= SETTLED_AFTER_S
        families = len({claim.source for clue in self.clues.values() for claim in clue.claims})
        private = bool(self.mac) and is_private(self.mac)
        return settled, families + (not private), self.last_seen


class Inventory:
    """Hears sightings and says which things there are; memory is bounded by the limits above.

    Attributes:
        evicted: things let go because the inventory was full.
        refused: sightings about no possible thing (group addresses and the like).
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._things: dict[str, _Record] = {}
        self._by_ip: dict[str, str] = {}
        self._corrections: dict[str, Correction] = {}
        self.evicted = 0
        self.refused = 0

    def hear(self, sighting: Sighting) -> None:
        """Take one sighting in; the last word on who owns an address wins."""
        source, at = sighting.source, sighting.at
        ip = source[3:] if source.startswith("ip:") else ""
        thing_id = self._by_ip.get(ip, source) if ip else source
        record = self._things.get(thing_id)
        if record is None:  # only then: what is no thing was never taken in
            if _is_nobody(ip) if ip else len(source) != _MAC_LENGTH or is_group(source):
                self.refused += 1
                return
            record = self._new(thing_id, at)
        if at > record.last_seen:
            record.last_seen = at
        elif at < record.first_seen:
            record.first_seen = at
        record.heard_by.add(sighting.kind)
        if ip:
            self._owns(record, ip, at)
        if sighting.kind in _ADDRESS_FACTS:
            self._owns(record, sighting.fields.get("ip", ""), at)
        for clue in self._rules.read(sighting.kind, sighting.fields, at):
            record.note(clue)

    def step(self, now: float) -> list[str]:
        """Forget what was not heard for ``FORGET_AFTER_S``; returns the ids forgotten."""
        gone = [
            record.id
            for record in self._things.values()
            if now - record.last_seen > FORGET_AFTER_S and record.id not in self._corrections
        ]
        for thing_id in gone:
            self._drop(thing_id)
        for record in self._things.values():
            stale = [key for key, clue in record.clues.items() if now - clue.at > FORGET_AFTER_S]
            for key in stale:
                if key[0] != "address.mac":
                    del record.clues[key]
                    record.identity = None
        return gone

    def things(self) -> list[KnownThing]:
        """All things, first seen first."""
        ordered = sorted(self._things.values(), key=lambda r: (r.first_seen, r.id))
        return [self._known(record) for record in ordered]

    def thing(self, thing_id: str) -> KnownThing | None:
        """One thing by its id, or None."""
        record = self._things.get(thing_id)
        return self._known(record) if record else None

    def owner_of(self, ip: str) -> str | None:
        """The id of the thing that uses this address now."""
        return self._by_ip.get(ip)

    def thing_of(self, mac: str, ip: str) -> str:
        """The id of the thing that speaks with these addresses, or an empty string."""
        if mac in self._things:
            return mac
        return self._by_ip.get(ip, "")

    def correct(self, thing_id: str, name: str, kind: str) -> None:
        """Keep what a person says of a thing; both empty takes it back.

        Raises:
            CorrectionRefusedError: for an unknown thing or kind, or too many corrections.
        """
        name = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:NAME_MAX]
        if thing_id not in self._things:
            raise CorrectionRefusedError("identify.no-such-thing")
        if kind and kind not in KINDS:
            raise CorrectionRefusedError("identify.no-such-kind", {"kind": kind[:NAME_MAX]})
        if not name and not kind:
            self._corrections.pop(thing_id, None)
            return
        if thing_id not in self._corrections and len(self._corrections) >= CORRECTIONS_MAX:
            raise CorrectionRefusedError("identify.too-many-corrections", {"max": CORRECTIONS_MAX})
        self._corrections[thing_id] = Correction(name, kind)

    def state(self) -> dict[str, dict[str, str]]:
        """People's corrections as plain values, for ``restore``; the rest is heard again."""
        return {key: {"name": c.name, "kind": c.kind} for key, c in self._corrections.items()}

    def restore(self, state: object) -> None:
        """Take corrections back in; they wait for their things to be heard.

        Raises:
            CorrectionRefusedError: when the state has not the shape that ``state`` gives.
        """
        try:
            read = msgspec.convert(state, dict[str, Correction])
        except msgspec.ValidationError as wrong:
            raise CorrectionRefusedError("identify.state-shape", {"why": str(wrong)}) from None
        if len(read) > CORRECTIONS_MAX:
            raise CorrectionRefusedError("identify.too-many-corrections", {"max": CORRECTIONS_MAX})
        if any(c.kind and c.kind not in KINDS for c in read.values()):
            raise CorrectionRefusedError("identify.no-such-kind", {"kind": ""})
        self._corrections = read

    def _new(self, thing_id: str, at: float) -> _Record:
        if len(self._things) >= THINGS_MAX:
            self._make_room()
        record = self._things[thing_id] = _Record(thing_id, at)
        clue = self._rules.address(thing_id, at) if record.mac else None
        if clue:
            record.note(clue)
        return record

    def _make_room(self) -> None:
        """Let the least evidenced go, the longest unheard first; never what a person named."""
        loose = [r for r in self._things.values() if r.id not in self._corrections]
        loose.sort(key=_Record.evidence)
        for record in loose[: max(THINGS_MAX // EVICT_SHARE, 1)]:
            self._drop(record.id)
            self.evicted += 1

    def _drop(self, thing_id: str) -> None:
        record = self._things.pop(thing_id, None)
        for ip in record.ips if record else ():
            if self._by_ip.get(ip) == thing_id:
                del self._by_ip[ip]

    def _owns(self, record: _Record, ip: str, at: float) -> None:
        owner = self._by_ip.get(ip)
        if owner == record.id and ip in record.ips:  # its own already; now the latest heard
            del record.ips[ip]
            record.ips[ip] = at
            return
        if not ip or _is_nobody(ip):
            return
        if owner != record.id:
            self._moved(ip, owner, record)
        record.ips.pop(ip, None)
        if len(record.ips) >= ADDRESSES_PER_THING_MAX:
            oldest = next(iter(record.ips))
            del record.ips[oldest]
            self._by_ip.pop(oldest, None)
        record.ips[ip] = at
        self._by_ip[ip] = record.id

    def _moved(self, ip: str, owner: str | None, record: _Record) -> None:
        """An address has a new owner; what was known by the address alone becomes the owner's."""
        before = self._things.get(owner) if owner else self._things.get(f"ip:{ip}")
        if before is None:
            return
        before.ips.pop(ip, None)
        if before.mac or not record.mac:
            return
        del self._things[before.id]
        record.first_seen = min(record.first_seen, before.first_seen)
        record.heard_by |= before.heard_by
        for clue in before.clues.values():
            record.note(clue)
        said = self._corrections.pop(before.id, None)
        if said:
            self._corrections.setdefault(record.id, said)

    def _known(self, record: _Record) -> KnownThing:
        if record.identity is None:
            record.identity = identify(record.clues.values())
        said = self._corrections.get(record.id, Correction())
        identity = corrected(record.identity, said.kind)
        private = bool(record.mac) and is_private(record.mac)
        if private:
            told = (*identity.reasons, Reason("identify.private-address"))
            identity = msgspec.structs.replace(identity, reasons=told)
        return KnownThing(
            id=record.id,
            mac=record.mac,
            ips=tuple(reversed(record.ips)),
            names=_names(said.name, record.clues.values()),
            identity=identity,
            first_seen=record.first_seen,
            last_seen=record.last_seen,
            heard_by=tuple(sorted(record.heard_by)),
            is_private_address=private,
            is_corrected=record.id in self._corrections,
            clues_lost=record.lost,
        )


def _is_nobody(ip: str) -> bool:
    return ip.startswith("127.") or ip in _NOBODY


def _names(given: str, clues: Iterable[Clue]) -> tuple[str, ...]:
    """Names, best first: a person's, then by the weight of the place that said them."""
    best: dict[str, float] = {given: 100.0} if given else {}
    for clue in clues:
        for claim in clue.claims:
            if claim.aspect == "name":
                name = claim.value.removesuffix(".").removesuffix(".local")
                best[name] = max(best.get(name, 0.0), claim.weight)
    ranked = sorted(best, key=lambda name: (-best[name], name))
    return tuple(ranked[:NAMES_PER_THING_MAX])
