"""The inventory: every thing that was heard, by which addresses, and what it is believed to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from omamori.hub.knowing import kept
from omamori.hub.knowing.behind import BRIDGE_KINDS, TOLD_OF_ANOTHER, Behind
from omamori.hub.knowing.corrections import CorrectionRefusedError, Corrections
from omamori.hub.knowing.identify import Guess, corrected
from omamori.hub.knowing.identify_rules import Clue, is_group
from omamori.hub.knowing.known import KnownThing, identity_of, known
from omamori.hub.knowing.record import Record
from omamori.hub.knowing.returning import SIGN_KINDS, signs
from omamori.hub.knowing.reunion import Reunions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omamori.hub.sighting import Sighting

__all__ = ["CorrectionRefusedError", "Inventory", "KnownThing", "Rules"]

THINGS_MAX = 1024  # hardware addresses and, where there are none, IP addresses
ADDRESSES_PER_THING_MAX = 16  # IP addresses of one hardware address
FORGET_AFTER_S = 30 * 86_400.0  # a thing or clue not heard for this long is forgotten
EVICT_SHARE = 16  # a full inventory lets go of one part in this many at once
ABSORB_S_MAX = 3600.0  # an IP address whose owner was unheard for longer may be another's now
KEEP_AGAIN_AFTER_S = 3600.0  # that a thing is still here is kept this often, to spare the disk
CLOCK_JUMP_S_MIN = 3600.0  # `step` comes every minute or so; else the clock jumped or we slept
PATIENCE_S = 6 * 3600.0  # after a jump things get this long to be heard before any is forgotten
FUTURE_S_MAX = 300.0  # clocks of a capture and of this machine differ by less

_MAC_LENGTH = len("aa:bb:cc:dd:ee:ff")
_ADDRESS_FACTS = frozenset({"address.ipv4", "address.ipv6", "neighbour.entry"})
_SEEN_CLOSELY = SIGN_KINDS | BRIDGE_KINDS
_NOBODY = ("0.0.0.0", "::", "127.", "::1", "255.255.255.255")  # noqa: S104 -- addresses that no thing owns


class Rules(Protocol):
    """What the inventory needs of a rulebook."""

    def read(self, kind: str, fields: Mapping[str, str], at: float) -> list[Clue]:
        """Clues that a sighting holds."""
        ...

    def address(self, mac: str, at: float) -> Clue | None:
        """What a hardware address says."""
        ...

    def is_module_maker(self, mac: str) -> bool:
        """Whether the address is a radio module's, which says nothing of the thing around it."""
        ...


class Inventory:
    """Hears sightings and says which things there are; memory is bounded by the limits above.

    Attributes:
        evicted: things let go because the inventory was full.
        refused: sightings about no possible thing (group addresses and the like).
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._records: dict[str, Record] = {}
        self._by_ip: dict[str, str] = {}
        self._corrections = Corrections()
        self._behind = Behind(self._corrections)
        self._reunions = Reunions(self._records, self._corrections, self._drop)
        self._gone: set[str] = set()
        self._stepped_at: float | None = None
        self._patient_until = 0.0
        self.evicted = 0
        self.refused = 0

    def hear(self, sighting: Sighting) -> None:
        """Take one sighting in; the last word on who owns an address wins."""
        source, at = sighting.source, sighting.at
        ip = source[3:] if source.startswith("ip:") else ""
        thing_id = self._by_ip.get(ip, source) if ip else source
        record = self._records.get(thing_id)
        if record is None:  # only then: what is no thing was never taken in
            if _is_nobody(ip) if ip else len(source) != _MAC_LENGTH or is_group(source):
                self.refused += 1
                return
            record = self._new(thing_id, at)
        record.seen(at)
        if record.group is not None:
            self._reunions.spoke(record, at)
        record.heard_by.add(sighting.kind)
        if ip:
            self._owns(record, ip, at)
        if sighting.kind in _ADDRESS_FACTS:
            self._owns(record, sighting.fields.get("ip", ""), at)
        if sighting.kind != TOLD_OF_ANOTHER:  # else it is no word about itself
            for clue in self._rules.read(sighting.kind, sighting.fields, at):
                record.note(clue)
        if sighting.kind in _SEEN_CLOSELY:
            self._look_closely(record, sighting)

    def step(self, now: float) -> list[str]:
        """Forget what was not heard for ``FORGET_AFTER_S``; returns the ids forgotten.

        A clock that jumps wipes nothing: what was heard "in the future" was heard now, and after
        a jump, a long sleep or a start, things get ``PATIENCE_S`` to be heard.
        """
        before, self._stepped_at = self._stepped_at, now
        if before is None or not 0 <= now - before < CLOCK_JUMP_S_MIN:
            self._patient_until = now + PATIENCE_S
        for record in (*self._records.values(), *self._behind.all()):
            if max(record.last_seen, record.first_seen) > now + FUTURE_S_MAX:
                record.no_later_than(now)
        if now < self._patient_until:
            return []
        gone = [
            record.id
            for record in list(self._records.values())
            if now - record.last_seen > FORGET_AFTER_S and self._may_go(record, now)
        ]
        for thing_id in gone:
            self._drop(self._records[thing_id])
        children = self._behind.step(now, self._corrections)
        self._gone.update(children)
        for record in (*self._records.values(), *self._behind.all()):
            _forget_clues(record, now)
        return gone + children

    def things(self) -> list[KnownThing]:
        """All things, first seen first, each followed by what is behind it."""
        heads = [record for record in self._records.values() if record.head is record]
        ordered = sorted(heads, key=lambda r: (min(m.first_seen for m in r.members), r.id))
        return [thing for head in ordered for thing in (self._known(head), *self._children(head))]

    def thing(self, thing_id: str) -> KnownThing | None:
        """One thing by its id, or by another address of its own, or None."""
        record = self._find(thing_id)
        return self._known(record) if record else None

    def what(self, thing_id: str) -> tuple[Guess, str]:
        """A thing's kind and maker alone, quick enough to be asked for every flow."""
        record = self._find(thing_id)
        if record is None:
            return Guess(), ""
        identity = corrected(identity_of(record), self._corrections.of(record.head.id).kind)
        return identity.kind, identity.vendor.value

    def is_guessed(self, address: str) -> bool:
        """Whether likeness alone ties this address to the thing that it is taken for."""
        record = self._find(address)
        return record is not None and record.head is not record and not record.by_person

    def thing_of(self, mac: str, ip: str, at: float = 0.0) -> str:
        """The id of the thing that speaks with these addresses, or an empty string.

        Args:
            at: when it spoke, so that talk alone keeps a thing known; 0 for only asking.
        """
        record = self._records.get(mac)
        if record is None:
            record = self._records.get(self._by_ip.get(ip, ""))
            if record is None:
                return ""
        if at > record.last_seen:  # noqa: PLR1730 - asked for every flow; a call would cost more
            record.last_seen = at
        group = record.group
        if group is None:
            return record.id
        if at:
            self._reunions.spoke(record, at)
        return record.head.id

    def correct(self, thing_id: str, name: str, kind: str) -> None:
        """Keep what a person says of a thing; both empty takes it back.

        Raises:
            CorrectionRefusedError: for an unknown thing or kind, or too many corrections.
        """
        self._corrections.say(self._asked(thing_id).head.id, name, kind)

    def join(self, one: str, other: str) -> str:
        """A person says that two are one thing; returns the id that it has from now on.

        Said of a thing and an address that likeness already joined to it, it confirms that.

        Raises:
            CorrectionRefusedError: for an unknown thing, one behind a bridge, or too many.
        """
        first, second = self._asked(one), self._asked(other)
        if not {first.id, second.id} <= self._records.keys():
            raise CorrectionRefusedError("identify.no-such-thing")
        before = {first.head.id, second.head.id}
        head = self._reunions.join(first, second)
        for thing_id in before - {head.id}:
            self._corrections.move(thing_id, head.id)
        return head.id

    def part(self, alias: str) -> None:
        """A person says that this address is not the thing it was taken for; kept over restarts.

        Raises:
            CorrectionRefusedError: when the address is unknown or stands alone.
        """
        self._reunions.part(self._asked(alias))

    def forget(self, thing_id: str) -> None:
        """Let a thing go at once, with its addresses and what a person said of it."""
        record = self._records.get(thing_id)
        for member in reversed(record.head.members if record else ()):
            self._corrections.say(member.id, "", "")
            self._drop(member)

    def corrections_state(self) -> dict[str, dict[str, str]]:
        """People's corrections as plain values, for ``restore_corrections``."""
        return self._corrections.state()

    def restore_corrections(self, state: object) -> None:
        """Take corrections back in; they wait for their things to be heard.

        Raises:
            CorrectionRefusedError: when the state has not the shape of ``corrections_state``.
        """
        self._corrections.restore(state)

    def take_changes(self) -> list[tuple[str, bytes | None]]:
        """What is worth keeping since it was last taken, by address; None for what is forgotten."""
        gone, self._gone = self._gone | self._behind.take_let_go(), set()
        changes: list[tuple[str, bytes | None]] = [
            (thing_id, None) for thing_id in sorted(gone) if self._find(thing_id) is None
        ]
        for record in (*self._records.values(), *self._behind.all()):
            seen = record.kept_seen
            if record.changed or seen is None or record.last_seen - seen >= KEEP_AGAIN_AFTER_S:
                changes.append((record.id, kept.pack(record)))
                record.changed, record.kept_seen = False, record.last_seen
        return changes

    def restore(self, pieces: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; returns how many pieces could not be used and were left out."""
        read = [(thing_id, kept.unpack(value)) for thing_id, value in pieces]
        sound = [(thing_id, piece) for thing_id, piece in read if piece and _is_id(thing_id)]
        sound.sort(key=lambda pair: ("/" in pair[0], -pair[1].last_seen))  # bridges first
        left_out = len(read) - len(sound)
        for thing_id, piece in sound:
            record = self._room_for(thing_id, min(piece.last_seen, now))
            if record is None:
                left_out += 1
                continue
            kept.fill(record, piece, now)
            for at, place, said in piece.clues:
                self._again(record, min(at, now), place, said)
            record.changed = False
            for sign in record.signs:
                self._reunions.hold(record, sign)
        self._reunions.restore([(i, p.thing) for i, p in sound if p.thing != i and "/" not in i])
        return left_out

    def _look_closely(self, record: Record, sighting: Sighting) -> None:
        """What may tell it again, and what it says is behind it."""
        if sighting.kind in SIGN_KINDS and record.mac:
            told = [
                self._reunions.learn(record, sign)
                for sign in signs(sighting.kind, sighting.fields, record.id)
            ]
            if any(told):
                self._reunions.consider(record)
        if sighting.kind in BRIDGE_KINDS:
            for child, kind, fields in self._behind.hear(sighting, record.id):
                child.heard_by.add(sighting.kind)
                for clue in self._rules.read(kind, fields, sighting.at):
                    child.note(clue)

    def _room_for(self, thing_id: str, at: float) -> Record | None:
        """The record of something that was kept, or None where it has no place."""
        if "/" in thing_id:
            is_here = thing_id.partition("/")[0] in self._records
            return self._behind.restore(thing_id, at) if is_here else None
        if thing_id in self._records:
            return self._records[thing_id]
        return self._new(thing_id, at) if len(self._records) < THINGS_MAX else None

    def _again(self, record: Record, at: float, place: str, said: str) -> None:
        """A clue that was kept, by the rules of today."""
        if place == "address.mac":
            return  # read anew when the record was made
        kind, fields = kept.heard_as(place, said)
        for clue in self._rules.read(kind, fields, at):
            if clue.place == place:
                record.note(clue)

    def _find(self, thing_id: str) -> Record | None:
        return self._records.get(thing_id) or self._behind.get(thing_id)

    def _asked(self, thing_id: str) -> Record:
        record = self._find(thing_id)
        if record is None:
            raise CorrectionRefusedError("identify.no-such-thing")
        return record

    def _may_go(self, record: Record, now: float) -> bool:
        """An old address goes alone; the first one only with the whole thing, if nobody named it."""
        if record.head is not record:
            return not record.by_person or now - record.head.rank()[2] > FORGET_AFTER_S
        return not self._is_named(record) and now - record.rank()[2] > FORGET_AFTER_S

    def _is_named(self, head: Record) -> bool:
        if head.group is None:
            return head.id in self._corrections
        return any(member.id in self._corrections for member in head.members)

    def _new(self, thing_id: str, at: float) -> Record:
        if len(self._records) >= THINGS_MAX:
            self._make_room()
        record = self._records[thing_id] = Record(thing_id, at)
        clue = self._rules.address(thing_id, at) if record.mac else None
        if clue:
            record.note(clue)
        return record

    def _make_room(self) -> None:
        """Let the least evidenced go, the longest unheard first; never what a person named."""
        heads = (r for r in self._records.values() if r.group is None or r.head is r)
        loose = [head for head in heads if not self._is_named(head)]
        loose.sort(key=Record.rank)
        for head in loose[: max(THINGS_MAX // EVICT_SHARE, 1)]:
            for record in reversed(head.members):
                self._drop(record)
            self.evicted += 1

    def _drop(self, record: Record) -> None:
        del self._records[record.id]
        for ip in record.ips:
            if self._by_ip.get(ip) == record.id:
                del self._by_ip[ip]
        self._reunions.forget(record)
        self._gone.update(self._behind.drop(record.id))
        if record.kept_seen is not None:
            self._gone.add(record.id)

    def _owns(self, record: Record, ip: str, at: float) -> None:
        owner = self._by_ip.get(ip)
        if owner == record.id and ip in record.ips:  # its own already; now the latest heard
            del record.ips[ip]
            record.ips[ip] = at
            return
        if not ip or _is_nobody(ip):
            return
        if owner != record.id:
            self._moved(ip, owner, record, at)
        record.ips.pop(ip, None)
        if len(record.ips) >= ADDRESSES_PER_THING_MAX:
            oldest = next(iter(record.ips))
            del record.ips[oldest]
            self._by_ip.pop(oldest, None)
        record.ips[ip] = at
        self._by_ip[ip] = record.id

    def _moved(self, ip: str, owner: str | None, record: Record, at: float) -> None:
        """An address has a new owner; what was known by the address alone becomes the owner's."""
        before = self._records.get(owner or f"ip:{ip}")
        if before is None:
            return
        before.ips.pop(ip, None)
        if before.mac or not record.mac or abs(at - before.last_seen) > ABSORB_S_MAX:
            return
        for old, new in self._behind.move(before.id, record.id):
            self._corrections.move(old, new)
        self._drop(before)
        record.first_seen = min(record.first_seen, before.first_seen)
        record.news_at = min(record.news_at, before.news_at)
        record.heard_by |= before.heard_by
        for clue in before.clues.values():
            record.note(clue)
        self._corrections.move(before.id, record.head.id)

    def _children(self, head: Record) -> list[KnownThing]:
        found = (self._behind.get(i) for m in head.members for i in self._behind.of(m.id))
        return [self._known(child) for child in found if child]

    def _known(self, record: Record) -> KnownThing:
        head = record.head
        bridge = self._records.get(head.id.partition("/")[0]) if "/" in head.id else None
        return known(
            head,
            self._corrections.of(head.id),
            is_corrected=head.id in self._corrections,
            behind=bridge.head.id if bridge else "",
            children=tuple(i for m in head.members for i in self._behind.of(m.id)),
        )


def _forget_clues(record: Record, now: float) -> None:
    """Clues not heard for long say nothing of today; the address itself does."""
    stale = [key for key, clue in record.clues.items() if now - clue.at > FORGET_AFTER_S]
    for key in stale:
        if key[0] != "address.mac":
            del record.clues[key]
            record.head.identity = None


def _is_nobody(ip: str) -> bool:
    return ip.startswith("127.") or ip in _NOBODY


def _is_id(thing_id: str) -> bool:
    """Whether a kept id is one that the inventory gives: an address, or one behind it."""
    bridge, _, child = thing_id.partition("/")
    is_address = bridge.startswith("ip:") or (len(bridge) == _MAC_LENGTH and not is_group(bridge))
    return is_address and bool(child) == ("/" in thing_id)
