"""The book: which bundles it takes in, and that one industry's fault blinds it to no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.adapters.path_engine import HankoEngine
from omamori.authority import certificates as issue
from omamori.documents.bundle import (
    BUNDLE_TYPE,
    Bundle,
    BundleError,
    Member,
    read_bundle,
    write_bundle,
)
from omamori.documents.limits import BUNDLE_BYTES_MAX, MEMBER_LISTS_MAX, PATHS_MAX
from omamori.documents.sealed import seal
from omamori.documents.status import status_list, write_status_token
from omamori.trust.book import SEEN_THINGS_MAX, Book, status_of
from omamori.trust.standing import judge
from omamori.trust.table import Table
from trust.industries import NOW, Industry, der, key_id, new_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omamori.trust.ports import PathRules

MAP = {5: 4, 4: 3, 3: 3, 2: 1}


def pair() -> tuple[Industry, Industry]:
    energy, health = Industry("energy"), Industry("health")
    energy.recognise(health, MAP)
    return energy, health


def refused(book: Book, octets: bytes, now: float = NOW) -> str:
    with pytest.raises(BundleError) as caught:
        book.load(read_bundle(octets), now)
    return caught.value.reason.key.removeprefix("bundle.")


def unreadable(octets: bytes) -> str:
    with pytest.raises(BundleError) as caught:
        read_bundle(octets)
    return caught.value.reason.key.removeprefix("bundle.")


def test_a_bundle_makes_a_book() -> None:
    energy, health = pair()
    book = energy.book()
    assert [member.ladder.industry for member in book.industries()] == ["energy", "health"]
    assert book.ladder == energy.ladder
    assert book.translate(health.ladder.level(4).oid, NOW) == energy.ladder.level(3)
    assert book.translate(energy.ladder.level(2).oid, NOW) == energy.ladder.level(2)
    assert book.translate(health.ladder.level(1).oid, NOW) is None
    assert book.translate("1.2.3", NOW) is None


def test_an_older_bundle_does_not_roll_back() -> None:
    energy, _ = pair()
    old, new = energy.bundle(), energy.bundle()
    book = Book(der(energy.root), HankoEngine())
    book.load(read_bundle(new), NOW)
    assert refused(book, old) == "older-than-known"
    book.load(read_bundle(new), NOW)
    assert book.seq == 2


def test_a_bundle_of_another_root_is_refused() -> None:
    energy, health = pair()
    assert refused(energy.book(), health.bundle()) == "other-root"
    assert refused(energy.book(), energy.bundle(members=())) == "other-root"


@pytest.mark.parametrize(
    "times",
    [
        {"issued_at": int(NOW) + 600, "expires_at": int(NOW) + 900},
        {"issued_at": int(NOW) - 900, "expires_at": int(NOW)},
    ],
    ids=["from the future", "ran out"],
)
def test_a_bundle_out_of_its_time_is_refused(times: dict[str, int]) -> None:
    energy, _ = pair()
    assert refused(energy.book(), energy.bundle(**times)) == "expired"


def test_a_bundle_sealed_by_another_is_refused() -> None:
    energy, health = pair()
    book = energy.book()
    mine = read_bundle(energy.bundle()).bundle
    for key in (health.registry_key, energy.issuing_key, new_key()):
        forged = write_bundle(mine, key, key_id(energy.registry_key))
        assert refused(book, forged) == "not-signed-by-its-registry"


def test_a_bundle_with_an_outsiders_ca_beside_the_true_path_is_refused() -> None:
    """Everything public may be copied: the seal must lead to the very CA that the path reaches."""
    energy, _ = pair()
    outsider = Industry("energy")
    own = energy.member((energy.issuing_der,))
    for change in (
        {"issuing": outsider.issuing_der, "registry": der(outsider.registry)},
        {"registry": der(outsider.registry)},
    ):
        member = msgspec.structs.replace(own, **change)
        bundle = Bundle(
            "energy", der(energy.root), 99, int(NOW) - 5, int(NOW) + 999, (member, *energy.known)
        )
        forged = write_bundle(bundle, outsider.registry_key, key_id(outsider.registry_key))
        book = energy.book()
        known = book.seq
        assert refused(book, forged) == "own-path-does-not-hold"
        assert book.seq == known


def test_a_bundle_sealed_by_a_device_is_refused() -> None:
    """A thing's own certificate comes from the same issuing CA, but is no registry."""
    energy, _ = pair()
    thing, book = energy.thing(5), energy.book()
    own = msgspec.structs.replace(energy.member((energy.issuing_der,)), registry=thing.certificate)
    bundle = read_bundle(energy.bundle(members=(own,))).bundle
    forged = write_bundle(bundle, thing.key, key_id(thing.key))
    assert refused(book, forged) == "own-path-does-not-hold"


def test_a_bundle_sealed_by_a_revoked_registry_is_refused() -> None:
    energy, _ = pair()
    book = energy.book()
    energy.revoked[energy.registry.serial_number] = NOW - 30
    assert refused(book, energy.bundle()) == "not-signed-by-its-registry"


def test_a_bundle_sealed_by_an_expired_registry_is_refused() -> None:
    energy = Industry("energy")
    energy.registry = energy.end_entity(
        None, energy.registry_key, "registry", now=NOW - 800 * 86400
    )
    with pytest.raises(BundleError, match="own-path-does-not-hold"):
        energy.book()


def test_one_broken_member_blinds_to_no_other() -> None:
    energy, health = pair()
    good = energy.known[0]
    energy.known = [
        msgspec.structs.replace(good, issuing=b"rotten"),
        msgspec.structs.replace(Industry("rail").member(), registry=b"rotten"),
        good,
    ]
    book = energy.book()
    thing = health.thing(4)
    standing = judge(thing.credentials(), thing.proof(), book, NOW)
    assert standing.effective == energy.ladder.level(3)


def test_a_member_whose_path_ends_at_another_ca_is_not_believed() -> None:
    energy, health = pair()
    outsider = Industry("health")
    good = energy.known[0]
    energy.known = [
        msgspec.structs.replace(good, issuing=outsider.issuing_der, registry=der(outsider.registry))
    ]
    book = energy.book()
    for industry in (outsider, health):
        thing = industry.thing(5)
        standing = judge(thing.credentials(), thing.proof(), book, NOW)
        assert standing.effective is None


class Counting(HankoEngine):
    """The engine, counted."""

    def __init__(self) -> None:
        self.asked = 0

    def policies(
        self,
        anchor: bytes,
        chain: Sequence[bytes],
        revocations: Sequence[bytes],
        now: float,
        rules: PathRules,
    ) -> dict[str, frozenset[str]]:
        self.asked += 1
        return super().policies(anchor, chain, revocations, now, rules)


def counted(energy: Industry) -> tuple[Book, Counting]:
    engine = Counting()
    book = Book(der(energy.root), engine)
    book.load(read_bundle(energy.bundle()), NOW)
    return book, engine


def test_a_table_is_made_once_until_its_end() -> None:
    energy, health = pair()
    book, engine = counted(energy)
    issuer = book.issuer(key_id(health.issuing_key))
    assert issuer is not None
    for _ in range(5):
        table = book.table(issuer, NOW)
    assert isinstance(table, Table)
    assert engine.asked == 2
    later = book.table(issuer, table.valid_until)
    assert isinstance(later, Table)
    assert later.stale_since == table.valid_until
    assert engine.asked == 3
    assert not isinstance(book.table(issuer, later.valid_until), Table)


def test_a_path_that_does_not_hold_is_not_tried_for_every_stranger() -> None:
    energy, health = pair()
    health.root_revoked[health.issuing.serial_number] = NOW - 60
    energy.known = []
    energy.recognise(health, MAP)
    book, engine = counted(energy)
    thing = health.thing(4)
    for at in range(20):
        assert judge(thing.credentials(), thing.proof(), book, NOW + at * 0.1).effective is None
    assert engine.asked == 2


def test_the_newest_status_list_of_a_name_counts() -> None:
    energy = Industry("energy")
    lists = [
        write_status_token(
            status_list(2, {1: status}, 8), "u", int(NOW) - age, int(NOW) + 99, 9,
            energy.registry_key, key_id(energy.registry_key),
        )
        for age, status in ((30, 0), (10, 1), (20, 0))
    ]  # fmt: skip
    own = msgspec.structs.replace(energy.member((energy.issuing_der,)), statuses=tuple(lists))
    book = Book(der(energy.root), HankoEngine())
    book.load(read_bundle(energy.bundle(members=(own,))), NOW)
    issuer = book.issuer(key_id(energy.issuing_key))
    assert issuer is not None
    assert status_of(issuer, "u", 1, NOW) == 1
    assert status_of(issuer, "u", 8, NOW) is None
    assert status_of(issuer, "other", 1, NOW) is None
    assert status_of(issuer, "u", 1, NOW + 99) is None


def test_a_status_list_that_another_signed_counts_for_nothing() -> None:
    energy = Industry("energy")
    key = new_key()
    forged = write_status_token(status_list(2, {}, 8), "u", 1, 0, 9, key, b"")
    own = msgspec.structs.replace(
        energy.member((energy.issuing_der,)), statuses=(forged, b"rotten")
    )
    book = Book(der(energy.root), HankoEngine())
    book.load(read_bundle(energy.bundle(members=(own,))), NOW)
    issuer = book.issuer(key_id(energy.issuing_key))
    assert issuer is not None
    assert not issuer.statuses


def test_what_was_seen_is_bounded() -> None:
    book = pair()[0].book()
    for at in range(SEEN_THINGS_MAX + 10):
        book.seen(at.to_bytes(4, "big"), 1)
    assert len(book._seen) == SEEN_THINGS_MAX
    assert book.seen((9).to_bytes(4, "big"), 0) == 0
    assert book.seen((SEEN_THINGS_MAX + 9).to_bytes(4, "big"), 0) == 1


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("times-not-in-profile", {"issued_at": 0}),
    ("times-not-in-profile", {"expires_at": int(NOW) - 10}),
    ("times-not-in-profile", {"expires_at": 1 << 40}),
    ("times-not-in-profile", {"seq": -1}),
    ("times-not-in-profile", {"seq": 1 << 53}),
]


@pytest.mark.parametrize(("key", "change"), WRONG)
def test_a_bundle_outside_the_profile_is_refused(key: str, change: dict[str, Any]) -> None:
    assert unreadable(Industry("energy").bundle(**change)) == key


def test_a_bundle_is_bounded() -> None:
    energy = Industry("energy")
    own = energy.member((energy.issuing_der,))

    def bundle(**change: Any) -> bytes:
        return energy.bundle(members=(msgspec.structs.replace(own, **change),))

    assert unreadable(b"\0" * (BUNDLE_BYTES_MAX + 1)) == "unreadable"
    assert unreadable(bundle(paths=((b"x",),) * (PATHS_MAX + 1))) == "too-many-paths"
    assert unreadable(bundle(paths=((),))) == "too-many-paths"
    assert unreadable(bundle(paths=((b"x",) * 9,))) == "too-many-paths"
    assert unreadable(bundle(statuses=(b"x",) * (MEMBER_LISTS_MAX + 1))) == "too-many-lists"
    assert unreadable(bundle(revocations=(b"x",) * (MEMBER_LISTS_MAX + 1))) == "too-many-lists"
    small = Member(energy.ladder, "h", b"", b"")
    assert unreadable(energy.bundle(members=(small,) * 2049)) == "too-many-members"


def test_only_a_bundles_own_type_and_fields() -> None:
    energy = Industry("energy")
    payload = read_bundle(energy.bundle()).sealed.payload
    key = energy.registry_key
    assert unreadable(seal(payload, "application/json", key, b"")) == "wrong-type"
    assert unreadable(seal(payload[:-1], BUNDLE_TYPE, key, b"")) == "unreadable"
    more = payload[:-1] + b',"and":1}'
    assert unreadable(seal(more, BUNDLE_TYPE, key, b"")) == "unreadable"
    assert unreadable(seal(b"[" * 100_000, BUNDLE_TYPE, key, b"")) == "unreadable"


PAIR = pair()
GOOD = PAIR[0].bundle()
PAYLOAD = read_bundle(GOOD).sealed.payload


@given(st.binary(max_size=300))
def test_any_bytes_give_a_bundle_or_its_error(octets: bytes) -> None:
    with pytest.raises(BundleError):
        read_bundle(octets)
    with pytest.raises(BundleError):
        read_bundle(seal(octets, BUNDLE_TYPE, PAIR[0].registry_key, b""))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=3), st.integers(0, 4))
def test_a_mutated_bundle_changes_nothing(at: int, put: bytes, cut: int) -> None:
    octets = GOOD[:at] + put + GOOD[at + cut :]
    book = Book(der(PAIR[0].root), HankoEngine())
    try:
        book.load(read_bundle(octets), NOW)
    except BundleError:
        assert book.seq == -1
        assert not book.industries()
    else:
        assert read_bundle(octets).sealed.payload == PAYLOAD


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(PAYLOAD) - 1), st.binary(min_size=1, max_size=3), st.integers(0, 4))
def test_a_well_sealed_but_rotten_bundle_never_breaks_the_book(
    at: int, put: bytes, cut: int
) -> None:
    """The registry's own software may err: the book refuses, or takes in what still holds."""
    octets = PAYLOAD[:at] + put + PAYLOAD[at + cut :]
    book = Book(der(PAIR[0].root), HankoEngine())
    thing = THING
    try:
        book.load(read_bundle(seal(octets, BUNDLE_TYPE, PAIR[0].registry_key, b"")), NOW)
    except BundleError:
        assert book.seq == -1
        return
    standing = judge(thing.credentials(), thing.proof(), book, NOW)
    rung = standing.effective.rung if standing.effective else 0
    assert rung <= 3


THING = PAIR[1].thing(4)


def test_an_issuing_ca_keeps_its_things_when_it_is_renewed() -> None:
    """Same name, same key, new certificate: what it issued before still stands."""
    energy, health = pair()
    renewed = issue.issue_issuing_ca(
        health.ladder, health.issuing_key.public_key(), health.root, health.root_key, 71, "u", NOW
    )
    good = energy.known[0]
    path = (good.paths[0][0], der(renewed))
    energy.known = [msgspec.structs.replace(good, paths=(path, *good.paths))]
    thing = health.thing(4)
    standing = judge(thing.credentials(), thing.proof(), energy.book(), NOW)
    assert standing.effective == energy.ladder.level(3)
