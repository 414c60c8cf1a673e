"""What a thing always did is expected; what it never did is told where a person should know of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.mud_made import BULB, octets
from hub.flows_made import (
    BEGIN,
    CAM,
    DAY_S,
    EVERYONE,
    HOUR_S,
    MAKER,
    NAS,
    NEIGHBOUR,
    RESOLVER,
    accepts,
    tries,
    uses,
)
from omamori.documents.mud import read_mud
from omamori.hub.alerting.alert_kinds import ALERTS
from omamori.hub.behaving import behaviour as module
from omamori.hub.behaving.behaviour import Behaviour, Who
from omamori.hub.behaving.declared import Fit
from omamori.hub.behaving.deed import Peer
from omamori.hub.behaving.departure import PURPOSES
from omamori.hub.behaving.habit import HABITS_PER_THING_MAX, LEARN_S
from omamori.hub.flow import ACK, RST, Flow
from omamori.hub.knowing.identify_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.finding import Finding

STRANGER = Peer(is_outside=True, country="RU")


def behaviour(kind: str = "camera") -> Behaviour:
    return Behaviour(lambda _thing: Who(kind=kind))


def kinds(found: Iterable[Finding]) -> list[str]:
    return [finding.kind for finding in found]


def first_days(one: Behaviour, days: int = 5) -> float:
    """Days in which the thing talks to its maker and its resolver; returns the day after."""
    for day in range(days):
        at = BEGIN + day * (DAY_S + HOUR_S)
        assert kinds(one.hear(uses(at, 53, proto="udp", outside=False), CAM, RESOLVER)) == []
        assert kinds(one.hear(uses(at, 443), CAM, MAKER)) == []
        assert kinds(one.hear(uses(at, 1900, proto="udp", outside=False), CAM, EVERYONE)) == []
    return BEGIN + days * (DAY_S + HOUR_S)


def test_what_it_always_did_is_no_alert() -> None:
    one = behaviour()
    at = first_days(one)
    assert kinds(one.hear(uses(at, 443), CAM, MAKER)) == []


def test_a_camera_that_talks_to_a_new_country_is_told_once() -> None:
    one = behaviour()
    at = first_days(one)
    found = list(one.hear(uses(at, 8443), CAM, STRANGER))
    assert kinds(found) == ["behaviour.new-country"]
    assert found[0].about == "country RU"
    assert found[0].params["country"] == "RU"
    assert found[0].facts[0].target == "203.0.113.9"
    assert kinds(one.hear(uses(at + 60, 8443), CAM, STRANGER)) == []
    assert kinds(one.hear(uses(at + 2 * DAY_S, 8443), CAM, STRANGER)) == ["behaviour.new-country"]


def test_a_mere_attempt_outside_is_not_told_and_not_learned() -> None:
    one = behaviour()
    at = first_days(one)
    assert kinds(one.hear(tries(at, 8443, outside=True), CAM, STRANGER)) == []
    went_on = uses(at + 9, 8443, flags=ACK)
    assert kinds(one.hear(went_on, CAM, STRANGER)) == ["behaviour.new-country"]


def test_datagrams_to_a_new_country_are_told_when_they_go_on() -> None:
    one = behaviour()
    at = first_days(one)
    told = [
        kinds(one.hear(uses(at + n, 40_000, proto="udp", frames=2), CAM, STRANGER))
        for n in range(3)
    ]
    assert told == [[], [], ["behaviour.new-country"]]


@pytest.mark.parametrize(
    "peer",
    [
        Peer(is_outside=True, names=("cdn7.maker.example",), country="US"),
        Peer(is_outside=True, names=("elsewhere.test",), country="JP"),
        Peer(is_outside=True),
    ],
    ids=["its maker's name in a new country", "a new name in its country", "nobody knows where"],
)
def test_these_are_no_alert(peer: Peer) -> None:
    one = behaviour()
    at = first_days(one)
    assert kinds(one.hear(uses(at, 443), CAM, peer)) == []


def test_a_new_name_in_a_known_country_is_learned() -> None:
    one = behaviour()
    at = first_days(one)
    peer = Peer(is_outside=True, names=("www.elsewhere.test",), country="JP")
    for n in range(3):
        assert kinds(one.hear(uses(at + n, 443), CAM, peer)) == []
    habits = one.habits(CAM)
    assert habits is not None
    assert habits.known["uses", "name:elsewhere.test", "tcp/443"].names == ["www.elsewhere.test"]


def test_a_thing_that_was_never_outside_may_begin_with_that() -> None:
    one = behaviour()
    for day in range(5):
        at = BEGIN + day * (DAY_S + HOUR_S)
        one.hear(uses(at, 53, proto="udp", outside=False), CAM, RESOLVER)
    assert kinds(one.hear(uses(BEGIN + 7 * DAY_S, 443), CAM, STRANGER)) == []
    habits = one.habits(CAM)
    assert habits is not None
    assert ("uses", "country:RU", "tcp/443") in habits.known


def test_the_time_of_day_may_come_from_anywhere() -> None:
    one = behaviour()
    at = first_days(one)
    assert kinds(one.hear(uses(at, 123, proto="udp"), CAM, STRANGER)) == []


@pytest.mark.parametrize("kind", ["phone", "computer", "tablet", "game-console", "television"])
def test_what_people_go_anywhere_with_is_left_in_peace(kind: str) -> None:
    one = behaviour(kind)
    at = first_days(one)
    assert kinds(one.hear(uses(at, 443), CAM, STRANGER)) == []
    assert kinds(one.hear(tries(at, 22), CAM, NEIGHBOUR)) == []
    assert kinds(one.hear(accepts(at, 22), CAM, NEIGHBOUR)) == []


def test_an_unknown_thing_is_taken_by_what_it_does() -> None:
    few = behaviour("unknown")
    at = first_days(few)
    assert kinds(few.hear(uses(at, 443), CAM, STRANGER)) == ["behaviour.new-country"]
    many = behaviour("unknown")
    for n in range(20):
        site = Peer(is_outside=True, names=(f"www.site{n}.test",), country="JP")
        many.hear(uses(BEGIN, 443), CAM, site)
    at = first_days(many)
    assert kinds(many.hear(uses(at, 443), CAM, STRANGER)) == []


def test_a_thing_that_reaches_for_a_neighbour_is_told_at_the_first_frame() -> None:
    for port in (23, 80, 445):
        one = behaviour("appliance")
        at = first_days(one)
        (found,) = one.hear(tries(at, port), CAM, NEIGHBOUR)
        assert found.kind == "behaviour.new-neighbour"
        assert found.params == {"place": NAS, "service": f"tcp/{port}"}


def test_whoever_called_first_may_be_called_back() -> None:
    one = behaviour("plug")
    for day in range(5):
        one.hear(accepts(BEGIN + day * (DAY_S + HOUR_S), 80), CAM, NEIGHBOUR)
    at = BEGIN + 6 * (DAY_S + HOUR_S)
    assert kinds(one.hear(tries(at, 8080), CAM, NEIGHBOUR)) == []
    assert kinds(one.hear(tries(at, 23), CAM, NEIGHBOUR)) == ["behaviour.new-neighbour"]


def test_passing_ports_are_no_service() -> None:
    one = behaviour("plug")
    at = first_days(one)
    assert kinds(one.hear(tries(at, 49_153), CAM, NEIGHBOUR)) == []


def test_a_thing_that_finds_others_may_meet_them_but_not_take_hold_of_them() -> None:
    one = behaviour("bridge")
    at = first_days(one)
    assert kinds(one.hear(tries(at, 80), CAM, NEIGHBOUR)) == []
    assert kinds(one.hear(tries(at, 23), CAM, NEIGHBOUR)) == ["behaviour.new-neighbour"]


def test_a_door_for_others_is_told_when_it_is_grave() -> None:
    one = behaviour()
    at = first_days(one)
    assert kinds(one.hear(accepts(at, 80), CAM, NEIGHBOUR)) == []  # asked for the first time
    assert kinds(one.hear(accepts(at, 23), CAM, NEIGHBOUR)) == ["behaviour.offers-new"]
    assert kinds(one.hear(accepts(at, 8080, outside=True), CAM, STRANGER)) == [
        "behaviour.offers-new"
    ]


def test_who_refuses_offers_nothing() -> None:
    one = behaviour()
    at = first_days(one)
    refusal = Flow(
        first_at=at, at=at, mac=CAM, peer_mac="", source="192.168.1.20", target="192.168.1.30",
        proto="tcp", from_port=23, to_port=50_000, flags=RST | ACK, is_answer=True,
    )  # fmt: skip
    assert kinds(one.hear(refusal, CAM, NEIGHBOUR)) == []


def test_what_a_person_allows_is_expected() -> None:
    one = behaviour()
    at = first_days(one)
    for flow, peer in ((uses(at, 8443), STRANGER), (tries(at, 23), NEIGHBOUR)):
        (found,) = one.hear(flow, CAM, peer)
        one.allow(CAM, found.about)
    later = at + 3 * DAY_S
    assert kinds(one.hear(uses(later, 8443), CAM, STRANGER)) == []
    assert kinds(one.hear(tries(later, 23), CAM, NEIGHBOUR)) == []


def test_a_thing_that_is_bad_from_its_first_hour_does_not_teach_its_attack() -> None:
    one = behaviour("appliance")
    at = BEGIN
    for day in range(6):
        at = BEGIN + day * (DAY_S + 3 * HOUR_S)
        one.hear(uses(at, 443), CAM, MAKER)
        one.hear(tries(at + 5 * HOUR_S, 23), CAM, NEIGHBOUR)
        one.doubt(CAM, at + 5 * HOUR_S + 1)
    habits = one.habits(CAM)
    assert habits is not None
    assert habits.is_settled
    assert {key[1] for key in habits.known} == {"name:maker.example"}
    at += 2 * DAY_S
    assert kinds(one.hear(uses(at, 443), CAM, MAKER)) == []
    assert kinds(one.hear(tries(at, 23), CAM, NEIGHBOUR)) == ["behaviour.new-neighbour"]


def test_three_days_are_not_over_because_a_clock_jumps() -> None:
    one = behaviour()
    for at in (BEGIN, BEGIN + 4000 * DAY_S, BEGIN, 0.0, float("nan"), float("inf"), -5.0):
        assert kinds(one.hear(uses(at, 8443), CAM, STRANGER)) == []
    habits = one.habits(CAM)
    assert habits is not None
    assert habits.last_at - habits.since > LEARN_S
    assert not habits.is_settled or len(habits.days) >= 3


def test_far_more_than_ever_is_told() -> None:
    one = behaviour()
    for day in range(10):
        at = BEGIN + day * DAY_S
        assert kinds(one.hear(uses(at, 443, octets=30_000_000), CAM, MAKER)) == []
    at = BEGIN + 10 * DAY_S
    told = [kinds(one.hear(uses(at + n, 443, octets=30_000_000), CAM, MAKER)) for n in range(14)]
    assert [n for n, one_told in enumerate(told) if one_told] == [10]
    assert told[10] == ["behaviour.more-than-ever"]


def test_a_little_more_than_ever_is_not() -> None:
    one = behaviour()
    for day in range(20):
        size = 1000 if day < 15 else 100_000_000
        assert kinds(one.hear(uses(BEGIN + day * DAY_S, 443, octets=size), CAM, MAKER)) == []


def test_a_file_decides_what_is_departed_from() -> None:
    one = behaviour("light")
    one.declare(CAM, read_mud(octets(BULB)))
    cloud = Peer(is_outside=True, names=("cloud.example.com",), country="JP")
    near = Peer(is_outside=True, names=("eu.cloud.example.com",), country="DE")
    ip6 = "2001:db8::1"
    assert kinds(one.hear(uses(BEGIN, 443, target=ip6), CAM, cloud)) == []
    assert kinds(one.hear(uses(BEGIN, 443, target=ip6), CAM, near)) == []
    assert kinds(one.hear(uses(BEGIN, 53, proto="udp", outside=False), CAM, RESOLVER)) == []
    assert kinds(one.hear(uses(BEGIN, 1900, proto="udp", outside=False), CAM, EVERYONE)) == []
    (found,) = one.hear(uses(BEGIN, 8443, target=ip6), CAM, STRANGER)
    assert found.kind == "behaviour.not-declared"
    one.allow(CAM, found.about)
    assert kinds(one.hear(uses(BEGIN + 2 * DAY_S, 8443, target=ip6), CAM, STRANGER)) == []
    one.undeclare(CAM)
    assert one.declared(CAM) is None


def test_where_a_file_cannot_tell_it_is_counted_and_not_told() -> None:
    one = behaviour("light")
    one.declare(CAM, read_mud(octets(BULB)))
    nameless = Peer(is_outside=True, country="JP")
    assert kinds(one.hear(uses(BEGIN, 443, target="2001:db8::1"), CAM, nameless)) == []
    assert one.undecided == 1


def test_it_is_kept_over_a_restart() -> None:
    one = behaviour()
    at = first_days(one)
    one.declare("other", read_mud(octets(BULB)))
    kept = dict(one.take_changes())
    assert list(one.take_changes()) == []
    again = behaviour()
    pieces = [(key, value) for key, value in kept.items() if value is not None]
    assert again.restore([*pieces, ("x", b"\xff"), ("y", b"")], at) == 2
    assert again.declared("other") == read_mud(octets(BULB))
    assert kinds(again.hear(uses(at, 443), CAM, MAKER)) == []
    assert kinds(again.hear(uses(at, 8443), CAM, STRANGER)) == ["behaviour.new-country"]
    again.forget(CAM)
    assert (CAM, None) in list(again.take_changes())


@given(st.binary(max_size=60))
def test_what_was_kept_may_be_anything(value: bytes) -> None:
    assert behaviour().restore([(CAM, value)], BEGIN) in {0, 1}


def test_a_flood_of_ports_pushes_out_itself() -> None:
    one = behaviour("phone")
    at = first_days(one)
    for n in range(5000):
        site = Peer(is_outside=True, names=(f"a.flood{n}.test",), country="JP")
        one.hear(uses(at + n / 100, 1024 + n), CAM, site)
    habits = one.habits(CAM)
    assert habits is not None
    assert len(habits.known) <= HABITS_PER_THING_MAX
    assert ("uses", "name:maker.example", "tcp/443") in habits.known


def test_a_flood_of_things_pushes_out_itself() -> None:
    one = behaviour()
    at = first_days(one)
    for n in range(3 * module.THINGS_MAX):
        one.hear(uses(at, 443), f"made-up-{n}", STRANGER)
    habits = one.habits(CAM)
    assert habits is not None
    assert habits.is_settled
    assert len(dict(one.take_changes())) < 4 * module.THINGS_MAX
    assert one.let_go > 0


def test_all_habits_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HABITS_MAX", 200)
    one = behaviour("phone")
    for thing in range(20):
        for n in range(40):
            one.hear(uses(BEGIN, 1000 + n), f"thing-{thing}", MAKER)
    held = [one.habits(f"thing-{thing}") for thing in range(20)]
    assert sum(len(habits.known) for habits in held if habits) <= 200


def test_trouble_everywhere_is_told_a_few_times_an_hour() -> None:
    one = behaviour()
    at = first_days(one)
    told = [
        finding
        for n in range(200)
        for finding in one.hear(tries(at + n, 23), CAM, Peer(thing=f"02:00:00:00:01:{n % 256:02x}"))
    ]
    assert 0 < len(told) <= module.TOLD_PER_HOUR_MAX


def test_things_not_heard_for_long_are_forgotten() -> None:
    one = behaviour()
    at = first_days(one)
    assert list(one.step(at + 10 * DAY_S)) == []
    assert one.habits(CAM) is not None
    one.step(at + 100 * DAY_S)
    assert one.habits(CAM) is None


def test_of_whom_a_person_said_something_is_never_forgotten() -> None:
    one = behaviour()
    at = first_days(one)
    one.allow(CAM, "uses tcp/23 home")
    one.declare(NAS, read_mud(octets(BULB)))
    one.step(at + 1000 * DAY_S)
    for thing in (CAM, NAS):
        one.forget(thing)
    for n in range(2 * module.THINGS_MAX):
        one.hear(uses(at, 443), f"made-up-{n}", STRANGER)
    assert one.declared(NAS) is not None
    habits = one.habits(CAM)
    assert habits is not None
    assert habits.allowed == ["uses tcp/23 home"]
    one.undeclare(NAS)  # when the word is taken back, it goes as all others
    one.forget(NAS)
    assert one.habits(NAS) is None


def test_things_are_bounded_even_where_a_person_said_something_of_all() -> None:
    one, file = behaviour(), read_mud(octets(BULB))
    for n in range(module.THINGS_MAX + 10):
        one.declare(f"thing-{n}", file)
    assert len(one._profiles) <= module.THINGS_MAX


def test_of_two_that_are_one_every_word_holds_and_the_better_known_is_believed() -> None:
    one, file = behaviour(), read_mud(octets(BULB))
    first_days(one)
    one.hear(uses(BEGIN, 443), "ip:new", STRANGER)
    one.declare("ip:new", file)
    one.allow("ip:new", "uses tcp/23 home")
    habits = one.habits(CAM)
    assert habits is not None
    known = dict(habits.known)
    one.join("ip:new", CAM)
    one.join("nobody", CAM)
    assert (habits.known, habits.allowed) == (known, ["uses tcp/23 home"])
    assert (one.declared(CAM), one.things()) == (file, [CAM])
    one.join(CAM, NAS)  # of which nothing was known
    assert one.habits(NAS) is habits
    assert one._habits == len(known)
    changes = dict(one.take_changes())
    assert changes[CAM] is None
    assert changes[NAS]


def test_whose_file_a_neighbour_is_held_against_is_asked_when_a_file_names_models() -> None:
    bulb, model = read_mud(octets(BULB)), "https://other.example/nas"
    asked: list[str] = []

    class Asking:
        def __call__(
            self, _mud: object, _flow: object, _deed: object, peer: Peer, _own: str
        ) -> Fit:
            asked.append(peer.mud_url)
            return Fit.YES

    one = behaviour()
    one.declare(CAM, bulb)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "fit", Asking())
        one.hear(uses(BEGIN, 443, outside=False), CAM, NEIGHBOUR)
        one.declare(NEIGHBOUR.thing, msgspec.structs.replace(bulb, url=model))
        one.hear(uses(BEGIN, 443, outside=False), CAM, NEIGHBOUR)
    assert asked == ["", model]


def test_every_purpose_is_of_a_kind_there_is() -> None:
    assert PURPOSES.keys() <= KINDS.keys()


def test_every_departure_has_its_alert() -> None:
    for kind in ("new-country", "new-neighbour", "offers-new", "not-declared", "more-than-ever"):
        assert f"behaviour.{kind}" in ALERTS


FLOWS = st.builds(
    Flow,
    first_at=st.floats(),
    at=st.floats() | st.floats(0, 1e9),
    mac=st.sampled_from(["", CAM, "junk"]),
    peer_mac=st.sampled_from(["", "ff:ff:ff:ff:ff:ff", NAS]),
    source=st.sampled_from(["", "192.168.1.20", "fe80::1", "junk"]),
    target=st.sampled_from(["", "192.168.1.30", "ff02::1", "8.8.8.8", "junk"]),
    proto=st.sampled_from(["tcp", "udp", "icmp", "icmp6", "arp", "ip/2", "ip/x", "ip/999", ""]),
    from_port=st.integers(-1, 70_000),
    to_port=st.integers(-1, 70_000),
    flags=st.integers(0, 255),
    frames=st.integers(-1, 2**70),
    octets=st.integers(-1, 2**70),
    is_opening=st.booleans(),
    is_answer=st.booleans(),
    is_from_here=st.booleans(),
    is_to_here=st.booleans(),
)
PEERS = st.builds(
    Peer,
    is_outside=st.booleans(),
    is_everyone=st.booleans(),
    names=st.lists(st.text(max_size=300), max_size=3).map(tuple),
    country=st.sampled_from(["", "JP", "??"]),
    thing=st.text(max_size=9),
)


@settings(max_examples=60)
@given(
    heard=st.lists(st.tuples(FLOWS, PEERS, st.floats(0, 1e9)), max_size=30),
    is_declared=st.booleans(),
)
def test_nothing_that_is_heard_raises(
    heard: list[tuple[Flow, Peer, float]], *, is_declared: bool
) -> None:
    one = behaviour("unknown")
    if is_declared:
        one.declare(CAM, read_mud(octets(BULB)))
    for flow, peer, now in heard:
        list(one.hear(flow, CAM, peer))
        one.doubt(CAM, now)
    again = behaviour()
    with contextlib.suppress(StopIteration):
        assert again.restore([(k, v) for k, v in one.take_changes() if v], 0.0) == 0
