"""Links and doubt say how far a thing reaches; a home without links goes on as usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.guarding.guarded import NOW, mac, thing
from omamori.hub.guarding import reaching
from omamori.hub.guarding.plan import CONTROL, DISCOVER, NONE, REACHES, READ, Place, Plan
from omamori.hub.guarding.reaching import (
    GUARDING,
    MODES,
    OPERABLE,
    STRICT,
    WATCHING,
    Party,
    Reaching,
    party_of,
    reach_of,
    reaches,
)
from omamori.hub.guarding.rules import desired
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.hub.linking.judging import proposed
from omamori.hub.linking.link import LIVING
from omamori.hub.links import ACTIVE, ASKED, ENDED, LIMITED, SUSPENDED
from omamori.hub.points import ASK_BEFORE_CUTTING, LIFE, harm_of
from omamori.hub.sighting import Sighting
from omamori.trust.verdict import PURPOSES

if TYPE_CHECKING:
    import pytest

    from omamori.hub.linking.link import Link


def link(a: str = "a", b: str = "b", purpose: str = "share-energy", state: str = ACTIVE) -> Link:
    made = proposed(f"{a}~{b}~{purpose}", a, b, purpose, NOW)
    return msgspec.structs.replace(made, state=state)


def place(thing: str) -> Place:
    return Place(thing, (mac(sum(thing.encode())),), ())


def test_a_link_lets_reach_as_far_as_its_state_and_purpose_go() -> None:
    assert reach_of(link()) == CONTROL
    assert reach_of(link(purpose="read-measurement")) == READ
    assert reach_of(link(state=LIMITED)) == READ
    assert reach_of(link(state=ASKED)) == DISCOVER
    assert reach_of(link(state=SUSPENDED)) == reach_of(link(state=ENDED)) == DISCOVER
    for state in (*LIVING, ENDED):
        for purpose in PURPOSES:
            assert reach_of(link(purpose=purpose, state=state)) in REACHES


def test_an_ordinary_home_is_left_as_it_is() -> None:
    kinds = ["light", "television", "printer", "computer", "speaker", "unknown"]
    parties = [Party(kind, kind, rung=0) for kind in kinds]
    assert reaches([], parties, GUARDING) == {}


def test_the_unknown_may_read_but_not_set_what_can_harm() -> None:
    parties = [
        Party("x", "unknown"),
        Party("hems", "controller", 1),
        Party("battery", "storage-battery", 1),
    ]
    found = reaches([], parties, GUARDING)
    assert found["x", "battery"] == READ
    assert ("hems", "battery") not in found
    assert ("battery", "x") not in found
    parties[1] = Party("hems", "controller", 2, is_guest=True)
    assert reaches([], parties, GUARDING)["hems", "battery"] == READ
    linked = [link("x", "battery")]
    assert reaches(linked, parties, GUARDING)["x", "battery"] == CONTROL


def test_what_can_harm_behind_an_address_is_guarded_with_that_address() -> None:
    """An ECHONET Lite node may be an air conditioner and a lock at once."""
    node = Party("node", "air-conditioner", behind=("air-conditioner", "lock"))
    harmless = Party("node", "air-conditioner", behind=("air-conditioner", "light"))
    assert reaches([], [node, Party("iron")], GUARDING) == {("iron", "node"): READ}
    assert reaches([], [harmless, Party("iron")], GUARDING) == {}


def test_the_links_of_a_thing_in_doubt_fall_to_nothing_and_it_sets_nothing() -> None:
    parties = [
        Party("iron", "appliance", 2, is_doubted=True), Party("tv", "television", 2),
        Party("light", "light", 2), Party("router", "router", is_needed=True),
    ]  # fmt: skip
    found = reaches([link("iron", "tv")], parties, GUARDING)
    assert found["iron", "tv"] == NONE
    assert found["tv", "iron"] == NONE
    assert found["iron", "light"] == READ
    assert ("light", "iron") not in found
    assert not any("router" in ends for ends in found)


def test_what_a_doctor_reads_is_still_read() -> None:
    parties = [
        Party("meter", "glucose-meter", 2, is_doubted=True),
        Party("gw", "health-gateway", 2),
    ]
    found = reaches([link("gw", "meter", "share-health")], parties, GUARDING)
    assert found["gw", "meter"] == READ
    assert ("meter", "gw") not in found  # and what it says of itself arrives


def test_forged_doubt_takes_nothing_from_a_body_or_a_telephone() -> None:
    parties = [
        Party("pump", "medical", 1, is_doubted=True), Party("gw", "health-gateway", 1),
        Party("phone", "telephone", 1, is_doubted=True), Party("pc", "computer", 1),
        Party("lock", "lock", 1), Party("liar", "unknown", 1, is_doubted=True),
    ]  # fmt: skip
    found = reaches([], parties, GUARDING)
    for ends in (("pump", "gw"), ("gw", "pump"), ("pump", "pc"), ("phone", "pc")):
        assert ends not in found
    parties[0] = msgspec.structs.replace(parties[0], is_sure=False)
    assert reaches([], parties, GUARDING)["pump", "pc"] == READ
    assert found["pump", "lock"] == found["liar", "pump"] == found["liar", "pc"] == READ


def test_watching_holds_nothing_and_strict_everything_without_a_link() -> None:
    parties = [Party("a", "lock"), Party("b", "light", is_doubted=True), Party("c", "phone")]
    assert reaches([link()], parties, WATCHING) == {}
    strict = reaches([link("a", "c", "read-measurement")], parties, STRICT)
    assert len(strict) == 6
    assert strict["a", "c"] == READ
    assert strict["c", "a"] == DISCOVER
    assert strict["b", "c"] == DISCOVER  # doubt makes it no wider


PARTIES = st.builds(
    Party,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["lock", "light", "medical", "unknown", "phone", "storage-battery"]),
    st.integers(0, 5),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
LINKS = st.builds(
    link,
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(sorted(PURPOSES)),
    st.sampled_from([ACTIVE, LIMITED, ASKED, SUSPENDED, ENDED]),
)


def width(reach: str | None) -> int:
    return REACHES.index(reach) if reach else len(REACHES)


@given(
    st.lists(PARTIES, max_size=3, unique_by=lambda p: p.thing),
    st.lists(LINKS, max_size=4),
    st.sampled_from(MODES),
    st.sampled_from(["a", "b", "c"]),
)
def test_doubt_never_widens(
    parties: list[Party], links: list[Link], mode: str, doubted: str
) -> None:
    before = reaches(links, parties, mode)
    sure = [
        msgspec.structs.replace(p, is_doubted=True) if p.thing == doubted else p for p in parties
    ]
    after = reaches(links, sure, mode)
    for one in parties:
        for other in parties:
            ends = one.thing, other.thing
            assert width(after.get(ends)) <= width(before.get(ends))
            if one.thing == doubted != other.thing and mode != WATCHING:
                needed = one.is_needed or other.is_needed
                is_cared_for = one.kind in ASK_BEFORE_CUTTING
                steers = other.kind in OPERABLE and harm_of(other.kind) != LIFE
                if not needed and (steers or not is_cared_for):
                    assert width(after.get(ends)) <= width(READ)


@given(
    st.lists(PARTIES, max_size=3, unique_by=lambda p: p.thing),
    st.lists(LINKS, max_size=4),
    st.sampled_from(MODES),
)
def test_every_plan_of_ours_is_taken_by_the_firewall(
    parties: list[Party], links: list[Link], mode: str
) -> None:
    held = Reaching(lambda: links, lambda: parties).held(place, mode)
    desired(Plan(pairs=held.pairs, carriers=held.carriers), NOW)
    if mode == WATCHING:
        assert held == reaching.Reached()


def test_what_has_no_place_is_left_out_of_the_plan() -> None:
    parties = [Party("a", "lock"), Party("b/1", "light"), Party("x", "unknown")]
    held = Reaching(list, lambda: parties).held(
        lambda thing: place(thing) if "/" not in thing else Place(thing), GUARDING
    )
    assert {pair.one.thing for pair in held.pairs} == {"x"}


def test_when_there_are_too_many_what_can_harm_most_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reaching, "PAIRS_MAX", 2)
    parties = [
        Party("x", "unknown"),
        Party("y", "unknown"),
        Party("car", "car"),
        Party("p", "plug"),
    ]
    join = Reaching(list, lambda: parties)
    pairs = join(place, GUARDING).pairs
    assert {pair.other.thing for pair in pairs} == {"car"}
    assert join.left_out == 4


def test_phones_get_their_doors_and_what_is_announced_to_them() -> None:
    parties = [
        Party("phone", "phone"), Party("pc", "computer"), Party("guest-pc", "computer", is_guest=True),
    ]  # fmt: skip
    join = Reaching(list, lambda: parties)
    said = [
        Sighting(NOW, "tv", "mdns.service", {"type": "_hap._tcp.local", "port": "51234"}),
        Sighting(NOW, "tv", "mdns.service", {"type": "_hap._tcp", "port": "23"}),
        Sighting(NOW, "tv", "mdns.service", {"type": "_telnet._tcp", "port": "2000"}),
    ]
    join.hear(said, lambda source: source)
    carriers = join(place, GUARDING).carriers
    assert {carrier.place.thing for carrier in carriers} == {"phone", "guest-pc"}
    doors = carriers[0].doors
    assert {"tcp/8009", "udp/5353", "tcp/631", "tcp/51234"} <= set(doors)
    assert not {"tcp/23", "tcp/2000", "udp/3610"} & set(doors)


def test_what_only_might_be_a_phone_keeps_its_doors() -> None:
    for band, held in (("sure", 1), ("likely", 1), ("unsure", 0)):
        maybe = party_of(
            thing(kind="phone", band=band), 1, is_doubted=False, is_guest=False, is_needed=False
        )
        carriers = Reaching(list, lambda one=maybe: [one])(place, GUARDING).carriers  # type: ignore[misc]
        assert len(carriers) == held
    twin = thing(mac=mac(7), is_likeness=True)
    assert party_of(twin, 2, is_doubted=False, is_guest=False, is_needed=False).rung == 0


def test_all_kinds_named_exist() -> None:
    assert KINDS.keys() >= OPERABLE


def test_whoever_is_left_out_is_a_stranger_to_what_can_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reaching, "PAIRS_MAX", 1)
    parties = [Party("x", "unknown"), Party("y", "unknown"), Party("car", "car", 1)]
    held = Reaching(list, lambda: parties)(place, GUARDING)
    assert [guarded.thing for guarded in held.guarded] == ["car"]
    assert set(held.familiar) == {*place("x").macs, *place("car").macs}
    assert Reaching(list, lambda: parties)(place, WATCHING).guarded == ()


def test_made_up_things_with_many_addresses_make_no_plan_that_is_refused() -> None:
    kinds = ["unknown"] * 900 + ["lock"] * 60
    parties = [Party(str(n), kind) for n, kind in enumerate(kinds)]

    def crowded(thing: str) -> Place:
        ips = tuple(f"fd00::{int(thing):x}:{n:x}" for n in range(1, 17))
        return Place(thing, (mac(int(thing)),), ips)

    held = Reaching(list, lambda: parties)(crowded, GUARDING)
    assert held.left_out > 0
    plan = Plan(pairs=held.pairs, carriers=held.carriers, guarded=held.guarded)
    desired(plan, NOW)
