"""Guests get what was granted, never more than the granter may, and leave nothing behind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from hub.guarding.guarded import alert, thing
from omamori.documents.grant import Grant, GrantError, write_grant
from omamori.hub.granting import (
    ADDRESS_CAP,
    DOOR_S_MAX,
    ENDED_KEPT_S,
    GRANTS_MAX,
    WIPED_PARTS,
    Granter,
    Grants,
)
from omamori.hub.guarding.carriers import Announced
from omamori.hub.guarding.guard import Guard
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.hub.linking.required import act_on
from omamori.hub.links import ACTIVE, ENDED, End, Links
from omamori.hub.points import LIFE, OPERATE, harm_of
from omamori.trust.standing import NOBODY, Caps
from omamori.trust.verdict import PURPOSES
from trust.industries import Industry

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
NOW = 1_800_000_000
DAY = 86_400
PHONE = "02:00:00:00:00:09"


class Home:
    def __init__(self) -> None:
        self.kinds = {"tv": "television", "door": "lock", "pump": "medical", "ev": "ev-charger"}
        self.granter: Granter | None = self.mother()
        self.grants = self.fresh()

    def fresh(self) -> Grants:
        return Grants(lambda _: self.granter, lambda target: self.kinds.get(target, "light"))

    def mother(self, rung: int = 5, *forbidden: str) -> Granter:
        return Granter("mother", rung, lambda _, target: target not in forbidden, KEY.public_key())


def grant(**other: Any) -> Grant:
    facts: dict[str, Any] = {
        "id": "g", "granter": "mother", "kind": "guest", "purposes": ("show-content",),
        "targets": ("tv",), "since": NOW, "until": NOW + DAY, "cap": 3, "thing": PHONE,
    } | other  # fmt: skip
    if facts.get("thumbprint"):
        facts["thing"] = ""
    return Grant(**facts)


def refused(home: Home, made: Grant, now: float = NOW) -> str:
    with pytest.raises(GrantError) as error:
        home.grants.give(made, now)
    return error.value.reason.key


def test_a_guest_may_what_was_granted_while_it_was_granted_and_nothing_else() -> None:
    home = Home()
    assert home.grants.give(grant(), NOW - 5).entry.kind == "grant.given"
    ask = home.grants.grant_for
    assert ask(PHONE, "tv", "show-content", NOW - 1) is None
    found = ask(PHONE, "tv", "show-content", NOW)
    assert found is not None
    assert found.cap == ADDRESS_CAP
    assert ask(PHONE, "tv", "show-content", NOW + DAY) is None
    assert ask(PHONE, "tv", "switch-power", NOW) is None
    assert ask(PHONE, "lamp", "show-content", NOW) is None
    assert ask("another", "tv", "show-content", NOW) is None
    assert home.grants.is_guest(PHONE, NOW)
    assert not home.grants.is_guest(PHONE, NOW + DAY)


def test_who_proves_a_key_gets_the_full_cap() -> None:
    home = Home()
    home.grants.give(grant(thumbprint=b"t" * 32), NOW)
    found = home.grants.grant_for(PHONE, "tv", "show-content", NOW, b"t" * 32)
    assert found is not None
    assert found.cap == 3
    assert home.grants.grant_for(PHONE, "tv", "show-content", NOW, b"u" * 32) is None
    assert home.grants.grant_for(PHONE, "tv", "show-content", NOW) is None


@given(st.integers(0, 5), st.integers(1, 5), st.integers(0, 5), st.booleans())
def test_nobody_grants_more_than_they_may_neither_then_nor_later(
    rung: int,
    cap: int,
    later: int,
    may: bool,  # noqa: FBT001 - drawn
) -> None:
    home = Home()
    home.granter = home.mother(rung, *(() if may else ("tv",)))
    made = grant(cap=cap, thumbprint=b"t" * 32)
    if cap > rung or not may:
        assert refused(home, made) == "grant.more-than-granter"
        return
    home.grants.give(made, NOW)
    home.granter = home.mother(later)
    found = home.grants.grant_for(PHONE, "tv", "show-content", NOW, b"t" * 32)
    assert (found.cap if found else 0) == min(cap, later)
    home.granter = home.mother(5, "tv")
    assert home.grants.grant_for(PHONE, "tv", "show-content", NOW, b"t" * 32) is None
    home.granter = None
    assert home.grants.grant_for(PHONE, "tv", "show-content", NOW, b"t" * 32) is None


@given(st.sampled_from(sorted(PURPOSES)), st.sampled_from(sorted(KINDS)))
def test_what_life_depends_on_is_never_handed_over(purpose: str, kind: str) -> None:
    home = Home()
    home.kinds["x"] = kind
    try:
        home.grants.give(grant(purposes=(purpose,), targets=("x",)), NOW)
    except GrantError:
        return
    assert not (harm_of(kind) == LIFE and act_on(PURPOSES[purpose], kind) == OPERATE)
    assert purpose not in {"update-firmware", "give-therapy"}


def test_doors_are_opened_to_others_for_a_short_time_only() -> None:
    home = Home()
    longest = DOOR_S_MAX["guest"]
    for door in (
        {"purposes": ("open-doors",)},
        {"points": ("locked",)},
        {"purposes": ("switch-power",), "targets": ("tv", "door"), "points": ("locked",)},
    ):
        long = grant(until=NOW + longest + 1, **door)
        assert refused(home, long) == "grant.doors-too-long"
    home.grants.give(grant(purposes=("open-doors",), targets=("door",), until=NOW + longest), NOW)


def test_what_is_not_known_or_never_given_is_refused() -> None:
    home = Home()
    assert refused(home, grant(purposes=("be-king",))) == "grant.no-such-purpose"
    assert refused(home, grant(points=("nonsense",))) == "grant.no-such-purpose"
    assert refused(home, grant(points=("firmware",))) == "grant.never-firmware"
    assert refused(home, grant(points=("power",), targets=("pump",))) == "grant.never-for-life"
    assert refused(home, grant(), NOW + DAY) == "grant.over"
    for number in range(GRANTS_MAX):
        home.grants.give(grant(id=str(number)), NOW)
    assert refused(home, grant(id="more")) == "grant.too-many"


def test_a_signed_grant_is_taken_from_its_granter_alone() -> None:
    home = Home()
    octets = write_grant(grant(), KEY, b"k")
    assert home.grants.accept(octets, NOW).what == "given"
    with pytest.raises(GrantError, match="signature-wrong"):
        home.grants.accept(write_grant(grant(id="h"), OTHER, b"k"), NOW)
    home.granter = None
    with pytest.raises(GrantError, match="signature-wrong"):
        home.grants.accept(write_grant(grant(id="h"), KEY, b"k"), NOW)


def test_what_was_taken_back_does_not_come_back_by_replay() -> None:
    home = Home()
    octets = write_grant(grant(), KEY, b"k")
    home.grants.accept(octets, NOW)
    home.grants.withdraw("g", NOW + 1)
    assert home.grants.grant_for(PHONE, "tv", "show-content", NOW + 2) is None
    with pytest.raises(GrantError, match="older"):
        home.grants.accept(octets, NOW + 2)
    home.grants.wipe(dict.fromkeys(WIPED_PARTS, lambda _: None), NOW + 2)
    assert home.grants.pending() == ()
    with pytest.raises(GrantError, match="older"):
        home.grants.accept(octets, NOW + 2)
    kept = [(k, v) for k, v in home.grants.take_changes() if v is not None]
    again = home.fresh()
    assert again.restore(kept, NOW) == 0
    with pytest.raises(GrantError, match="older"):
        again.accept(octets, NOW + 2)
    again.step(NOW + DAY + ENDED_KEPT_S)
    assert [value for _, value in again.take_changes()] == [None]
    with pytest.raises(GrantError, match="no-such-grant"):
        again.withdraw("g", NOW)


def test_a_newer_one_replaces_it() -> None:
    home = Home()
    home.grants.give(grant(), NOW)
    assert refused(home, grant(until=NOW + 2 * DAY)) == "grant.older"
    home.grants.give(grant(seq=1, purposes=("read-measurement",)), NOW)
    assert home.grants.grant_for(PHONE, "tv", "show-content", NOW) is None


class Arbiter:
    """Keeps something of whoever asked."""

    def __init__(self) -> None:
        self.held = {"c1": PHONE, "c2": "hems"}

    def forget(self, thing: str) -> None:
        self.held = {k: v for k, v in self.held.items() if v != thing}


def test_at_the_end_nothing_of_the_guest_remains() -> None:
    home = Home()
    industry = Industry("home")
    ends = {
        PHONE: End(PHONE, "home", NOBODY),
        "tv": End("tv", "home", industry.thing(3).credentials()),
    }
    links = Links({"home": industry.book()}, ends.get, Caps(), granted=home.grants.for_link)
    guard, announced, arbiter = Guard(), Announced(), Arbiter()
    home.grants.give(grant(), NOW)
    change = links.propose("l", PHONE, "tv", "show-content", NOW)
    assert change is not None
    assert change.link.state == ACTIVE
    guest = thing(PHONE, kind="phone")
    guard.alerted(alert(of=PHONE), guest, NOW)
    guard.undo(PHONE, "mother", NOW)
    announced.heard(PHONE, {"type": "_hap._tcp", "port": "50000"})
    (ended,) = home.grants.step(NOW + DAY)
    assert ended.entry.kind == "grant.ended"
    assert PHONE not in str(ended.entry)
    assert [c.link.state for c in links.end_grant("g", NOW + DAY)] == [ENDED]
    others: list[str] = []
    forget = {
        **dict.fromkeys(WIPED_PARTS, others.append), "links": links.forget, "guard": guard.forget,
        "commands": arbiter.forget, "reaching": announced.forget,
    }  # fmt: skip
    assert {part for part, _ in home.grants.pending()} == WIPED_PARTS.keys()
    (wiped,) = home.grants.wipe(forget, NOW + DAY)
    assert wiped.what == "wiped"
    assert set(others) == {PHONE}
    assert home.grants.pending() == ()
    assert links.all() == ()
    assert guard.of(PHONE) is None
    assert arbiter.held == {"c2": "hems"}
    assert not {"tcp/50000"} & {*announced.doors()}
    for part in (links, guard, home.grants):
        for key, value in part.take_changes():
            assert PHONE not in key or value is None
            assert PHONE.encode() not in (value or b"")


def test_wiping_goes_on_after_a_restart_until_every_part_has_done_it() -> None:
    home = Home()
    home.grants.give(grant(), NOW)
    home.grants.withdraw("g", NOW)
    parts = dict.fromkeys(WIPED_PARTS, lambda _: None)
    assert home.grants.wipe({**parts, "guard": lambda _: False}, NOW) == []
    assert home.grants.pending() == (("guard", PHONE),)
    kept = [(k, v) for k, v in home.grants.take_changes() if v is not None]
    again = home.fresh()
    again.restore(kept, NOW)
    assert again.pending() == (("guard", PHONE),)
    assert len(again.wipe(parts, NOW)) == 1


def test_who_has_another_grant_is_not_forgotten_yet() -> None:
    home = Home()
    home.grants.give(grant(), NOW)
    home.grants.give(grant(id="h", purposes=("read-measurement",)), NOW)
    home.grants.withdraw("g", NOW)
    assert home.grants.pending() == ()
    assert len(home.grants.wipe({}, NOW)) == 1
    home.grants.withdraw("h", NOW)
    assert len(home.grants.pending()) == len(WIPED_PARTS)


def test_who_used_a_grant_under_another_address_is_forgotten_there_too() -> None:
    home = Home()
    home.grants.give(grant(thumbprint=b"t" * 32), NOW)
    home.grants.grant_for("02:00:00:00:00:77", "tv", "show-content", NOW, b"t" * 32)
    home.grants.withdraw("g", NOW)
    assert {subject for _, subject in home.grants.pending()} == {"02:00:00:00:00:77"}


@given(st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=200)), max_size=4), st.data())
def test_any_bytes_may_be_on_the_shelf(kept: list[tuple[str, bytes]], data: st.DataObject) -> None:
    home = Home()
    home.grants.restore(kept, NOW)
    home.grants.give(grant(), NOW)
    ((key, value),) = home.grants.take_changes()
    assert value is not None
    at = data.draw(st.integers(0, len(value) - 1))
    damaged = value[:at] + data.draw(st.binary(max_size=3)) + value[at + 1 :]
    again = home.fresh()
    again.restore([(key, damaged)], NOW)
    for found in again.all():
        assert msgspec.msgpack.encode(found)
    again.step(NOW + DAY)
