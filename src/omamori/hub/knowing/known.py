"""KnownThing: a thing as the hub knows it, put together from what is kept of its addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.knowing.corrections import seen_name
from omamori.hub.knowing.identify import Identity, corrected, identify
from omamori.hub.knowing.returning import MDNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.knowing.corrections import Correction
    from omamori.hub.knowing.identify_rules import Clue
    from omamori.hub.knowing.record import Record

NAMES_PER_THING_MAX = 8
PERSONS_WEIGHT = 100.0  # above every weight that a rule may give
OTHERS_ADDRESSES_MIN, OTHERS_NAMES_MIN = 3, 2
OTHERS_WITHIN_S = 3600.0
"""So many IPv4 addresses and names of their own at one hardware address are more than one thing:
a Wi-Fi repeater or a proxying bridge passes others' frames on under its own address."""


class KnownAddress(msgspec.Struct, frozen=True):
    """One of several addresses of a thing; `is_guess`: nothing but likeness ties it to the thing."""

    id: str
    first_seen: float
    last_seen: float
    is_guess: bool
    because: tuple[Reason, ...] = ()


class KnownThing(msgspec.Struct, frozen=True):
    """A thing as the hub knows it.

    Attributes:
        id: stable: the first MAC address by which it was known, ``ip:<address>`` where none is,
            ``<bridge>/<child>`` behind a bridge.
        mac: hardware address that it uses now, or empty.
        ips: addresses it uses now, latest heard first.
        names: names it gave itself or a person gave it, best first.
        identity: what it is believed to be, and why; never a ground for trust.
        first_seen, last_seen: seconds since the epoch.
        heard_by: kinds of fact that spoke of it (of ``sighting.KINDS``).
        is_private_address: it made its hardware address up, so that it may return as another.
        is_corrected: a person named it or its kind.
        aliases: other addresses under which it was known, the present one among them.
        returned_by: why the other addresses are believed to be its own.
        is_likeness: the address it uses now is its own by likeness alone, which anybody can
            copy: no trust, naming or permission given to it before holds until a person says
            that it is the same (`Inventory.join`).
        news_at: from when on it may be told of as new.
        behind: id of the bridge by whose word alone it is known; empty for what was heard itself.
        children: ids of what is behind it.
        hides_others: several things seem to speak through its address.
        known_by: each of its addresses, the first one first; empty where it has only one.
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
    aliases: tuple[str, ...] = ()
    returned_by: tuple[Reason, ...] = ()
    is_likeness: bool = False
    news_at: float = 0.0
    behind: str = ""
    children: tuple[str, ...] = ()
    hides_others: bool = False
    known_by: tuple[KnownAddress, ...] = ()


def identity_of(record: Record) -> Identity:
    """What the thing is believed to be by what its addresses said; remembered.

    An address that only likeness ties to it counts while it is in use: who once copied a name
    must not make a thing better known for ever.
    """
    head = record.head
    if head.identity is None:
        active = _active(head)
        counted = [m for m in head.members if m is head or m.by_person or m is active]
        head.identity = identify(_clues(counted))
    return head.identity


def known(
    record: Record,
    said: Correction,
    *,
    is_corrected: bool,
    behind: str = "",
    children: tuple[str, ...] = (),
) -> KnownThing:
    """The thing that a record belongs to."""
    head = record.head
    members = head.members
    active = _active(head)
    identity = corrected(identity_of(head), said.kind)
    is_made_up = active.is_private
    hides = any(_hides_others(member) for member in members)
    told = tuple(_remarks(head, is_made_up=is_made_up, hides=hides, behind=behind))
    if told:
        identity = msgspec.structs.replace(identity, reasons=(*identity.reasons, *told))
    ips = sorted((-at, ip) for member in members for ip, at in member.ips.items())
    if len(members) == 1:  # the order in which they were heard is finer than the clock
        ips = [(0.0, ip) for ip in reversed(head.ips)]
    return KnownThing(
        id=head.id,
        mac=active.mac,
        ips=tuple(ip for _, ip in ips),
        names=_names(said.name, identity.evidence),
        identity=identity,
        first_seen=min(r.first_seen for r in members),
        last_seen=max(r.last_seen for r in members),
        heard_by=tuple(sorted({kind for r in members for kind in r.heard_by})),
        is_private_address=is_made_up,
        is_corrected=is_corrected,
        aliases=tuple(r.id for r in members[1:]),
        returned_by=tuple(reason for r in members[1:] for reason in r.because),
        is_likeness=is_likeness(head),
        news_at=head.news_at,
        behind=behind,
        children=children,
        hides_others=hides,
        known_by=tuple(_address(r) for r in members) if len(members) > 1 else (),
    )


def is_likeness(record: Record) -> bool:
    """Whether nothing but likeness ties the address in use to the thing's own first one."""
    head = record.head
    active = _active(head)
    return active is not head and not active.by_person


def _address(record: Record) -> KnownAddress:
    is_guess = record is not record.head and not record.by_person
    return KnownAddress(record.id, record.first_seen, record.last_seen, is_guess, record.because)


def _active(head: Record) -> Record:
    return head.group.active if head.group else head


def _remarks(head: Record, *, is_made_up: bool, hides: bool, behind: str) -> Iterable[Reason]:
    if is_made_up:
        yield Reason("identify.private-address")
    for member in head.members[1:]:
        yield from member.because
    if is_likeness(head):
        yield Reason("identify.returned-no-trust")
    if hides:
        yield Reason("identify.others-behind")
    if behind:
        yield Reason("identify.told-by-bridge")
    for key in sorted({key for member in head.members for key in member.apart.values()}):
        yield Reason(key)


def _hides_others(record: Record) -> bool:
    if len(record.ips) < OTHERS_ADDRESSES_MIN:
        return False
    recent = [
        ip for ip, at in record.ips.items() if "." in ip and record.last_seen - at < OTHERS_WITHIN_S
    ]
    hosts = {text for family, text in record.signs if family == MDNS}
    return len(recent) >= OTHERS_ADDRESSES_MIN and len(hosts) >= OTHERS_NAMES_MIN


def _clues(members: list[Record]) -> Iterable[Clue]:
    """All clues; what several addresses said counts once, as heard last."""
    if len(members) == 1:
        return members[0].clues.values()
    merged: dict[tuple[str, str], Clue] = {}
    for clue in (clue for member in members for clue in member.clues.values()):
        key = (clue.place, clue.said)
        if key not in merged or merged[key].at < clue.at:
            merged[key] = clue
    return merged.values()


def _names(given: str, clues: Iterable[Clue]) -> tuple[str, ...]:
    """Names, best first: a person's, then by the weight of the place that said them."""
    best: dict[str, float] = {given: PERSONS_WEIGHT} if given else {}
    for clue in clues:
        for claim in clue.claims:
            if claim.aspect == "name":
                name = seen_name(claim.value.removesuffix(".").removesuffix(".local"))
                if name:
                    best[name] = max(best.get(name, 0.0), claim.weight)
    ranked = sorted(best, key=lambda name: (-best[name], name))
    return tuple(ranked[:NAMES_PER_THING_MAX])
