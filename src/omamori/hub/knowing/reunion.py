"""Which addresses are one thing: joined by likeness or by a person, parted when both speak at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.knowing.corrections import CorrectionRefusedError
from omamori.hub.knowing.known import identity_of
from omamori.hub.knowing.record import SETTLING_S, Group, Record, Sign
from omamori.hub.knowing.returning import HABIT, OVERLAP_S, Side, decide

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from omamori.hub.knowing.identify import Guess

ADDRESSES_PER_THING_MAX = 8  # hardware addresses; of more, the oldest is let go
HOLDERS_MAX = 16  # a sign that so many show tells nobody apart
CHANGE_AFTER_S_MIN = 60.0  # who changes faster is a flood under one name
_BELIEVED = frozenset({"likely", "sure"})

PARTED_BOTH_HEARD = "identify.parted-both-heard"
PARTED_BY_PERSON = "identify.parted-by-person"


class Reunions:
    """Joins and parts records; ``let_go`` is told of an address that no longer fits its thing."""

    def __init__(
        self,
        records: Mapping[str, Record],
        named: Container[str],
        let_go: Callable[[Record], None],
    ) -> None:
        self._records = records
        self._named = named
        self._let_go = let_go
        self._holders: dict[Sign, dict[str, None]] = {}

    def learn(self, record: Record, sign: Sign) -> bool:
        """Remember who shows a sign; True when that is news which may show a return."""
        if not record.sign(sign):
            return False
        if sign[0] == HABIT:  # what all phones of a model do is compared, not looked up
            return False
        self.hold(record, sign)
        return True

    def hold(self, record: Record, sign: Sign) -> None:
        """Put a sign on the register."""
        holders = self._holders.setdefault(sign, {})
        if len(holders) < HOLDERS_MAX:
            holders[record.id] = None

    def forget(self, record: Record) -> None:
        """A record goes: take it off the register and out of its thing."""
        for sign in record.signs:
            holders = self._holders.get(sign)
            if holders is not None:
                holders.pop(record.id, None)
                if not holders:
                    del self._holders[sign]
        if record.group:
            record.group.remove(record)

    def consider(self, record: Record) -> None:
        """Whether this address is a known thing that came back; if so, they are one from now on."""
        if record.group or not record.mac or record.id in self._named:
            return
        shared: dict[str, set[Sign]] = {}
        for sign in record.signs:
            others = {
                self._records[other].head.id
                for other in self._holders.get(sign, ())
                if other != record.id
            }
            if len(others) == 1:
                shared.setdefault(others.pop(), set()).add(sign)
        if len(shared) != 1:
            return
        ((thing, signs),) = shared.items()
        head = self._records[thing]
        if self._are_apart(record, head) or self._is_hasty(record, head):
            return
        found = decide(_side(record), _side(head), signs)
        if found and self._has_room(head):
            record.because, record.by_person = found.reasons, False
            (head.group or Group(head)).add(record)

    def spoke(self, record: Record, at: float) -> None:
        """One of several addresses spoke; when another one is in use, they are not one thing."""
        group = record.group
        if group is None or record is group.active:
            return
        active = group.active
        if at < active.first_seen:
            return  # told late, of a time before the change
        if abs(at - active.last_seen) < OVERLAP_S:
            guessed = next((r for r in (active, record) if _is_guessed(r)), None)
            if guessed is not None:
                self._part(guessed, PARTED_BOTH_HEARD)
                guessed.news_at = at + SETTLING_S
                return
        if at >= active.last_seen:
            group.active = record
            record.head.identity = None  # the address in use says what the thing is now

    def part(self, record: Record) -> None:
        """A person said that this address is not the same thing as the others."""
        if record.group is None:
            raise CorrectionRefusedError("identify.not-joined")
        self._part(record, PARTED_BY_PERSON)

    def join(self, one: Record, other: Record) -> Record:
        """A person said that both are one thing; returns the record whose id it keeps."""
        if one is other:
            raise CorrectionRefusedError("identify.join-itself")
        first, second = sorted((one.head, other.head), key=lambda r: (r.first_seen, r.id))
        said = (Reason("identify.returned-by-person"),)
        if first is not second:
            joining = list(second.members)
            if len(first.members) + len(joining) > ADDRESSES_PER_THING_MAX:
                raise CorrectionRefusedError(
                    "identify.too-many-addresses", {"max": ADDRESSES_PER_THING_MAX}
                )
            group = first.group or Group(first)
            for record in joining:
                group.add(record)
            second.because, second.by_person = said, True
            group.active = max(group.members, key=lambda r: r.last_seen)
        for record in (one, other):
            if record is not first:
                record.because, record.by_person, record.changed = said, True, True
            for member in first.members:
                record.apart.pop(member.id, None)
                member.apart.pop(record.id, None)
        first.identity = None
        return first

    def restore(self, members: Iterable[tuple[str, str]]) -> None:
        """Put addresses that were kept as one thing together again: (address, thing) each."""
        for thing_id, head_id in members:
            record, head = self._records.get(thing_id), self._records.get(head_id)
            if record is None:
                continue
            if head is None or head.head is not head or record.group:
                record.because, record.by_person = (), False
                continue
            group = head.group or Group(head)
            if len(group.members) < ADDRESSES_PER_THING_MAX:
                group.add(record)
                group.active = max(group.members, key=lambda r: r.last_seen)
                head.changed = record.changed = False

    def _part(self, record: Record, key: str) -> None:
        group = record.group
        if group is None:
            return
        group.remove(record)
        for left in group.members:
            left.keep_apart(record.id, key)
            record.keep_apart(left.id, key)

    def _are_apart(self, record: Record, head: Record) -> bool:
        return any(m.id in record.apart or record.id in m.apart for m in head.members)

    def _is_hasty(self, record: Record, head: Record) -> bool:
        return record.first_seen - _active(head).first_seen < CHANGE_AFTER_S_MIN

    def _has_room(self, head: Record) -> bool:
        """Let the oldest address go that only likeness ties, where there are too many."""
        if len(head.members) < ADDRESSES_PER_THING_MAX:
            return True
        loose = [r for r in head.members if _is_guessed(r) and r is not _active(head)]
        if loose:
            self._let_go(min(loose, key=lambda r: r.last_seen))
        return bool(loose)


def _active(head: Record) -> Record:
    return head.group.active if head.group else head


def _is_guessed(record: Record) -> bool:
    return record is not record.head and not record.by_person


def _side(record: Record) -> Side:
    head = record.head
    identity = identity_of(head)
    return Side(
        id=head.id,
        is_private=_active(head).is_private,
        first_seen=min(r.first_seen for r in head.members),
        last_seen=max(r.last_seen for r in head.members),
        signs=frozenset(sign for r in head.members for sign in r.signs),
        beliefs=(_believed(identity.vendor), _believed(identity.kind)),
    )


def _believed(guess: Guess) -> str:
    return guess.value if guess.band in _BELIEVED else ""
