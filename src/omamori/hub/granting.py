"""Granting: guests' and rented things' permissions, kept, bounded by the granter's own, and wiped.

A grant gives no more than its granter may at this moment; it ends by itself, and what was kept of a
guest ends with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.documents.grant import (
    DAY_S,
    GUEST,
    RENTAL,
    Grant,
    GrantError,
    check_grant,
    read_grant,
)
from omamori.documents.reason import Reason
from omamori.hub.linking.required import act_on
from omamori.hub.points import LIFE, OPERATE, POINTS, act_of, harm_of
from omamori.ledger.entry import Entry
from omamori.trust.verdict import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omamori.trust.standing import Standing

GRANTS_MAX = 128  # guests and rented things of one home at once
SEEN_MAX = 16  # addresses under which one grantee was met
ENDED_MAX = 1024
ENDED_KEPT_S = 30 * 86_400.0  # no ended grant is taken again, even by a clock that is a month late
ADDRESS_CAP = 2
"""Who shows no certificate is named by an address that anybody can take: no more than the hub's word
for any old thing."""

NEVER: dict[str, str] = {
    "update-firmware": "grant.never-firmware",
    "give-therapy": "grant.never-for-life",
}
DOOR_KINDS = frozenset({"lock", "garage-door", "access-control"})
DOOR_PURPOSES, DOOR_POINTS = frozenset({"open-doors"}), frozenset({"locked"})
DOOR_S_MAX: dict[str, int] = {GUEST: 7 * DAY_S, RENTAL: 31 * DAY_S}
"""A stay, and a month's rent; whoever comes longer is given it anew. A judgement."""

WIPED_PARTS: dict[str, str] = {
    "links": "with whom it cooperated, and what it showed",
    "guard": "what was asked and undone",
    "commands": "what it asked for, and what is still held of it",
    "reaching": "the doors that it announced",
    "behaviour": "its habits",
    "traffic": "with whom it talked",
    "likeness": "how it sounds",
    "alerts": "what was noticed of it and is over",
    "measurements": "its readings",
    "inventory": "its names, addresses and kind",
}
"""Every part that keeps something of a guest, in the order of wiping. The record of what happened is
no part: it is evidence, kept by its own rule."""


class Granter(msgspec.Struct, frozen=True):
    """Who may grant, as things are now.

    Attributes:
        rung: what the granter's own word is worth here.
        may: whether the granter may itself do this purpose with that thing.
        key: by which it signs; None for a person at this home's own pages.
    """

    who: str
    rung: int
    may: Callable[[str, str], bool]
    key: ec.EllipticCurvePublicKey | None = None


GIVEN, WIPING = "given", "wiping"


class Kept(msgspec.Struct, frozen=True):
    """One grant as the hub keeps it.

    Attributes:
        seen: ids of things that used it.
        wipes: what is still to be wiped, as (part, subject).
    """

    grant: Grant
    state: str = GIVEN
    seen: tuple[str, ...] = ()
    wipes: tuple[tuple[str, str], ...] = ()


class Ended(msgspec.Struct, frozen=True):
    """What remains of an ended grant: that it is not to be taken again."""

    seq: int
    until: float


class Change(msgspec.Struct, frozen=True):
    """A grant that was given, ended or wiped; who the guest was is not in it."""

    grant_id: str
    kind: str
    what: str
    at: float
    reasons: tuple[Reason, ...] = ()

    @property
    def entry(self) -> Entry:
        """The line for the record: ``grant.given``, ``grant.ended``, ``grant.wiped``."""
        facts: dict[str, str | int | float] = {"kind": self.kind}
        return Entry(self.at, f"grant.{self.what}", (self.grant_id,), self.reasons, facts)


class Grants:
    """All grants of a home."""

    def __init__(
        self,
        granter_of: Callable[[str], Granter | None],
        kind_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        """Ask `granter_of` who may grant, at each use; `kind_of` what a target is."""
        self._granter_of = granter_of
        self._kind_of = kind_of
        self._kept: dict[str, Kept] = {}
        self._ended: dict[str, Ended] = {}
        self._changed: set[str] = set()

    # Giving.

    def accept(self, octets: bytes, now: float) -> Change:
        """Take in a signed grant.

        Raises:
            GrantError: it cannot be read, is not signed by its granter, or says too much.
        """
        signed = read_grant(octets)
        granter = self._granter_of(signed.grant.granter)
        if granter is None or granter.key is None or not signed.sealed.verify(granter.key):
            raise GrantError("grant.signature-wrong")
        return self.give(signed.grant, now)

    def give(self, grant: Grant, now: float) -> Change:
        """Take in a grant whose granter was authenticated, such as a person at the pages.

        Raises:
            GrantError: it says more than it may.
        """
        check_grant(grant)
        if now >= grant.until:
            raise GrantError("grant.over")
        self._check_scope(grant)
        self._check_granter(grant)
        ended, kept = self._ended.get(grant.id), self._kept.get(grant.id)
        newest = max(ended.seq if ended else -1, kept.grant.seq if kept else -1)
        if grant.seq <= newest:
            raise GrantError("grant.older")
        if kept is not None and kept.state == WIPING:
            raise GrantError("grant.older")  # first the former guest is forgotten
        if kept is None and len(self._kept) >= GRANTS_MAX:
            raise GrantError("grant.too-many", {"max": GRANTS_MAX})
        self._keep(Kept(grant, seen=kept.seen if kept else ()))
        return Change(grant.id, grant.kind, "given", now)

    # Asking.

    def grant_for(
        self, asker: str, target: str, purpose: str, now: float, thumbprint: bytes = b""
    ) -> Grant | None:
        """The grant by which this asker may do so now, its cap as low as all that caps it."""
        best: Grant | None = None
        for kept in self._kept.values():
            grant = kept.grant
            if kept.state != GIVEN or not grant.since <= now < grant.until:
                continue
            if purpose not in grant.purposes or target not in grant.targets:
                continue
            is_proven = bool(grant.thumbprint) and grant.thumbprint == thumbprint
            if not is_proven and (not grant.thing or grant.thing != asker):
                continue
            granter = self._granter_of(grant.granter)
            if granter is None or not granter.may(purpose, target):
                continue
            cap = min(grant.cap, granter.rung, grant.cap if is_proven else ADDRESS_CAP)
            if cap >= 1 and (best is None or cap > best.cap):
                best = msgspec.structs.replace(grant, cap=cap)
        if best is not None:
            self._note(best.id, asker)
        return best

    def for_link(
        self, asker: str, target: str, purpose: str, standing: Standing, now: float
    ) -> Grant | None:
        """The same for `hub.links.Links`: by the certificate whose key the asker proved."""
        return self.grant_for(asker, target, purpose, now, standing.thumbprint)

    def allows_point(self, grant: Grant, point: str) -> bool:
        """Whether the grant names this point, or none at all."""
        return not grant.points or point in grant.points

    def all(self) -> tuple[Grant, ...]:
        """Every grant that has not ended."""
        return tuple(kept.grant for kept in self._kept.values() if kept.state == GIVEN)

    def is_guest(self, thing: str, now: float) -> bool:
        """Whether a grant speaks for this thing now."""
        return any(
            kept.state == GIVEN
            and kept.grant.since <= now < kept.grant.until
            and thing in {kept.grant.thing, *kept.seen}
            for kept in self._kept.values()
        )

    # Ending.

    def withdraw(self, grant_id: str, now: float) -> Change:
        """A person takes it back.

        Raises:
            GrantError: there is none.
        """
        kept = self._kept.get(grant_id)
        if kept is None or kept.state != GIVEN:
            raise GrantError("grant.no-such-grant")
        return self._end(kept, Reason("grant.withdrawn"), now)

    def step(self, now: float) -> list[Change]:
        """End what is over, forget what ended long ago."""
        for grant_id, ended in list(self._ended.items()):
            if now >= ended.until + ENDED_KEPT_S:
                del self._ended[grant_id]
                self._changed.add(grant_id)
        over = [k for k in self._kept.values() if k.state == GIVEN and now >= k.grant.until]
        return [self._end(kept, Reason("grant.over"), now) for kept in over]

    # Wiping.

    def pending(self) -> tuple[tuple[str, str], ...]:
        """What is still to be wiped, as (part, subject); kept over a restart."""
        return tuple(wipe for kept in self._kept.values() for wipe in kept.wipes)

    def wipe(self, forget: Mapping[str, Callable[[str], object]], now: float) -> list[Change]:
        """Have every part forget what it keeps of guests who are gone.

        A part that answers False cannot yet (a thing that is cut off stays so) and is asked again.

        Args:
            forget: by part of ``WIPED_PARTS``; what is not in it stays to be wiped.
        """
        done = []
        for kept in [k for k in self._kept.values() if k.state == WIPING]:
            left = tuple(
                (part, subject)
                for part, subject in kept.wipes
                if part not in forget or forget[part](subject) is False
            )
            if left:
                if left != kept.wipes:
                    self._keep(msgspec.structs.replace(kept, wipes=left))
                continue
            grant = kept.grant
            del self._kept[grant.id]
            self._remember_ended(grant)
            done.append(Change(grant.id, grant.kind, "wiped", now))
        return done

    # Keeping.

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed since it was last taken (`hub.ports.Learned`)."""
        changed, self._changed = self._changed, set()
        for grant_id in sorted(changed):
            piece: Kept | Ended | None = self._kept.get(grant_id) or self._ended.get(grant_id)
            yield grant_id, None if piece is None else msgspec.msgpack.encode(piece)

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:  # noqa: ARG002 - the port's shape
        """Take in what was kept; returns how many pieces could not be read."""
        unread = 0
        for key, octets in kept:
            piece = _read(key, octets)
            if isinstance(piece, Kept) and len(self._kept) < GRANTS_MAX:
                self._kept[key] = piece
            elif isinstance(piece, Ended) and len(self._ended) < ENDED_MAX:
                self._ended[key] = piece
            else:
                unread += 1
        return unread

    # Inside.

    def _check_scope(self, grant: Grant) -> None:
        for name in grant.purposes:
            if name not in PURPOSES:
                raise GrantError("grant.no-such-purpose")
            if name in NEVER:
                raise GrantError(NEVER[name])
        for point in grant.points:
            if point not in POINTS or point == "firmware":
                raise GrantError(
                    "grant.no-such-purpose" if point not in POINTS else NEVER["update-firmware"]
                )
        for target in grant.targets:
            kind = self._kind_of(target)
            operates = any(
                act_on(PURPOSES[name], kind) == OPERATE for name in grant.purposes
            ) or any(act_of(point, kind) == OPERATE for point in grant.points)
            if operates and harm_of(kind) == LIFE:
                raise GrantError("grant.never-for-life")
            self._check_doors(grant, kind, operates=operates)

    @staticmethod
    def _check_doors(grant: Grant, kind: str, *, operates: bool) -> None:
        names_doors = DOOR_PURPOSES & {*grant.purposes} or DOOR_POINTS & {*grant.points}
        is_door = names_doors or (operates and kind in DOOR_KINDS)
        longest = DOOR_S_MAX[grant.kind]
        if is_door and grant.until - grant.since > longest:
            raise GrantError("grant.doors-too-long", {"days": longest // DAY_S})

    def _check_granter(self, grant: Grant) -> None:
        granter = self._granter_of(grant.granter)
        if granter is None or grant.cap > granter.rung:
            raise GrantError("grant.more-than-granter")
        if not all(granter.may(name, t) for name in grant.purposes for t in grant.targets):
            raise GrantError("grant.more-than-granter")

    def _end(self, kept: Kept, why: Reason, now: float) -> Change:
        grant = kept.grant
        others = {
            subject
            for other in self._kept.values()
            if other.grant.id != grant.id and other.state == GIVEN
            for subject in (other.grant.thing, *other.seen)
        }
        subjects = dict.fromkeys((*((grant.thing,) if grant.thing else ()), *kept.seen))
        wipes = tuple(
            (part, subject) for part in WIPED_PARTS for subject in subjects if subject not in others
        )
        self._keep(msgspec.structs.replace(kept, state=WIPING, wipes=wipes))
        return Change(grant.id, grant.kind, "ended", now, (why,))

    def _note(self, grant_id: str, asker: str) -> None:
        kept = self._kept[grant_id]
        if asker and asker not in kept.seen and len(kept.seen) < SEEN_MAX:
            self._keep(msgspec.structs.replace(kept, seen=(*kept.seen, asker)))

    def _remember_ended(self, grant: Grant) -> None:
        if len(self._ended) >= ENDED_MAX:
            soonest = min(self._ended, key=lambda one: self._ended[one].until)
            del self._ended[soonest]
            self._changed.add(soonest)
        self._ended[grant.id] = Ended(grant.seq, float(grant.until))
        self._changed.add(grant.id)

    def _keep(self, kept: Kept) -> None:
        self._kept[kept.grant.id] = kept
        self._changed.add(kept.grant.id)


KEPT_BYTES_MAX = 64 * 1024
_KEPT, _ENDED = msgspec.msgpack.Decoder(Kept), msgspec.msgpack.Decoder(Ended)


def _read(key: str, octets: bytes) -> Kept | Ended | None:
    """What was kept; None where it cannot be read."""
    if len(octets) > KEPT_BYTES_MAX:
        return None
    for decoder in (_KEPT, _ENDED):
        try:
            piece = decoder.decode(octets)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(piece, Ended):
            return piece if piece.until - piece.until == 0 else None
        try:
            check_grant(piece.grant)
        except GrantError:
            return None
        is_sound = piece.grant.id == key and piece.state in {GIVEN, WIPING}
        return piece if is_sound and len(piece.seen) <= SEEN_MAX else None
    return None
