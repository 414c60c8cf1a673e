"""Who talks with whom is counted, told by partner, hour and place, and never lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.hub.flow import ACK, RST, SYN, Flow
from omamori.hub.talking import talk as talk_limits
from omamori.hub.talking import traffic as limits
from omamori.hub.talking.partners import (
    EVERYONE,
    NOBODY,
    OUTSIDE,
    REST_HERE,
    REST_OUTSIDE,
    registrable,
)
from omamori.hub.talking.series import DAY_S, HOUR_S
from omamori.hub.talking.traffic import Traffic
from omamori.hub.talking.traffic_kept import VALUE_OCTETS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.ports import Learned

LAMP, PHONE, ROUTER = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
T0 = 1_790_000_000.0
T0 -= T0 % DAY_S


class Atlas:
    """Addresses that begin with 2 are Japan's, with 5 Germany's."""

    def country(self, ip: str) -> str:
        return {"2": "JP", "5": "DE"}.get(ip[:1], "")


def flow(  # a flow out of the lamp, unless told otherwise
    at: float = T0,
    *,
    source: str = "192.168.1.10",
    target: str = "203.0.113.9",
    octets: int = 100,
    proto: str = "tcp",
    flags: int = SYN,
    from_port: int = 50_000,
    to_port: int = 443,
    peer_mac: str = ROUTER,
    opening: bool = True,
    answer: bool = False,
    from_here: bool = True,
    to_here: bool = False,
) -> Flow:
    return Flow(
        at, at, LAMP, peer_mac, source, target, proto, from_port, to_port, flags, 1, octets,
        opening, answer, from_here, to_here,
    )  # fmt: skip


def back(
    at: float = T0, *, octets: int = 200, flags: int = SYN | ACK, source: str = "203.0.113.9"
) -> Flow:
    """The answer from outside."""
    return flow(
        at, source=source, target="192.168.1.10", octets=octets, flags=flags, from_port=443,
        to_port=50_000, answer=True, from_here=False, to_here=True,
    )  # fmt: skip


@pytest.fixture
def traffic() -> Traffic:
    return Traffic(Atlas())


def test_talk_with_outside_is_one_partner_with_both_directions(traffic: Traffic) -> None:
    traffic.hear(flow(), LAMP, "")
    traffic.hear(back(T0 + 1), "", LAMP)
    (partner,) = traffic.partners(LAMP)
    assert (partner.kind, partner.sent, partner.received, partner.frames) == (OUTSIDE, 100, 200, 2)
    assert (partner.ips, partner.country, partner.services) == (
        ("203.0.113.9",),
        "JP",
        ("tcp/443",),
    )
    assert (partner.begun_by, partner.tries, partner.failed) == ("it", 1, 0)
    assert (partner.first_at, partner.last_at, partner.is_outside) == (T0, T0 + 1, True)
    assert traffic.countries(LAMP) == {"JP": T0}


def test_talk_at_home_is_a_row_on_either_side_and_one_pair(traffic: Traffic) -> None:
    traffic.hear(flow(to_here=True, target="192.168.1.3"), PHONE, LAMP)
    answer = flow(
        T0 + 1, octets=900, answer=True, flags=SYN | ACK, from_port=80, to_port=50_000, to_here=True
    )
    traffic.hear(answer, LAMP, PHONE)
    (phones,), (lamps,) = traffic.partners(PHONE), traffic.partners(LAMP)
    assert (phones.other, phones.sent, phones.received, phones.begun_by) == (LAMP, 100, 900, "it")
    assert (lamps.other, lamps.sent, lamps.received, lamps.begun_by) == (PHONE, 900, 100, "peer")
    assert traffic.offered(LAMP) == {"tcp/80": T0 + 1}
    assert traffic.offered(PHONE) == {}


@pytest.mark.parametrize(
    ("spoken", "kind"),
    [
        (flow(target="224.0.0.251", peer_mac="01:00:5e:00:00:fb", to_here=True), EVERYONE),
        (flow(target="ff02::fb", peer_mac="", to_here=True), EVERYONE),
        (flow(target="192.168.1.255", peer_mac="ff:ff:ff:ff:ff:ff", to_here=True), EVERYONE),
        (flow(target="255.255.255.255", peer_mac="", to_here=True), EVERYONE),
        (flow(target="239.1.2.3", peer_mac="", to_here=True), EVERYONE),
        (flow(target="192.168.1.77", proto="arp", from_port=0, to_port=2, to_here=True), EVERYONE),
        (flow(target="fe80::1", proto="icmp6", from_port=135, to_port=0, to_here=True), EVERYONE),
        (flow(target="192.168.1.77", to_here=True), NOBODY),
        (flow(target="192.0.2.1"), OUTSIDE),
    ],
)
def test_each_place_has_its_kind(traffic: Traffic, spoken: Flow, kind: str) -> None:
    traffic.hear(spoken, LAMP, "")
    assert [partner.kind for partner in traffic.partners(LAMP)] == [kind]


def test_upkeep_between_two_things_makes_no_pair(traffic: Traffic) -> None:
    traffic.hear(flow(proto="arp", from_port=0, to_port=1, to_here=True), LAMP, ROUTER)
    assert {partner.kind for partner in traffic.partners()} == {EVERYONE}
    assert traffic.totals().sent_here == 100


def test_what_belongs_to_no_thing_is_counted_apart(traffic: Traffic) -> None:
    traffic.hear(flow(octets=7), "", "")
    traffic.hear(flow(octets=5), "x" * (limits.ID_MAX + 1), "")
    assert traffic.totals().unattributed == 12
    assert traffic.things() == []


def test_a_flow_from_outside_belongs_to_the_thing_here_whoever_the_router_is(
    traffic: Traffic,
) -> None:
    traffic.hear(back(), ROUTER, LAMP)
    assert traffic.things() == [LAMP]
    assert traffic.partners(LAMP)[0].received == 200


def test_connections_that_nobody_accepts_have_failed(traffic: Traffic) -> None:
    for port in range(5):
        traffic.hear(flow(to_port=port), LAMP, "")
    traffic.hear(back(), "", LAMP)
    traffic.hear(back(flags=RST | ACK), "", LAMP)
    (partner,) = traffic.partners(LAMP)
    assert (partner.tries, partner.failed) == (5, 4)


def test_talk_heard_from_its_middle_does_not_say_who_began(traffic: Traffic) -> None:
    traffic.hear(flow(flags=ACK), LAMP, "")
    assert traffic.partners(LAMP)[0].begun_by == ""


def test_a_name_joins_addresses_to_one_partner_also_after_the_talk_began(
    traffic: Traffic,
) -> None:
    traffic.hear(flow(target="2.0.0.1"), LAMP, "")
    traffic.named(LAMP, "2.0.0.1", "a.cloud.example.co.jp", T0)
    traffic.named(LAMP, "5.0.0.2", "B.cloud.example.co.jp.", T0)
    traffic.hear(flow(T0 + 1, target="5.0.0.2"), LAMP, "")
    (partner,) = traffic.partners(LAMP)
    assert partner.name == "example.co.jp"
    assert partner.names == ("a.cloud.example.co.jp", "b.cloud.example.co.jp")
    assert (partner.ips, partner.country) == (("2.0.0.1", "5.0.0.2"), "DE")
    assert (partner.sent, partner.first_at) == (200, T0)
    assert traffic.countries(LAMP) == {"JP": T0, "DE": T0 + 1}


def test_a_name_said_by_one_thing_names_nothing_for_another(traffic: Traffic) -> None:
    traffic.named(PHONE, "2.0.0.1", "bank.example", T0)
    traffic.hear(flow(target="2.0.0.1"), LAMP, "")
    assert traffic.partners(LAMP)[0].name == ""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("www.example.com", "example.com"),
        ("a.b.example.co.jp", "example.co.jp"),
        ("example.co.jp", "example.co.jp"),
        ("co.jp", "co.jp"),
        ("shop.example.com.au.", "example.com.au"),
        ("a.b.example.de", "example.de"),
        ("localhost", "localhost"),
        ("WWW.Example.ORG", "example.org"),
        ("192.0.2.1", ""),
        ("2001:db8::1", ""),
        ("", ""),
        ("...", ""),
        ("b\u00fccher.example", ""),
        ("a\x00b.example", ""),
    ],
)
def test_the_registrable_part_of_a_name(name: str, told: str) -> None:
    assert registrable(name) == told


def test_the_week_is_told_by_the_hour_and_the_last_hour_is_known_by_the_minute(
    traffic: Traffic,
) -> None:
    for minute in range(0, 180, 10):
        traffic.hear(flow(T0 + minute * 60), LAMP, "")
    traffic.step(T0)
    traffic.step(T0 + 2 * HOUR_S)
    traffic.step(T0 + 3 * HOUR_S - 1)
    assert [hour.sent for hour in traffic.hours(LAMP)] == [600, 600, 600]
    assert [hour.sent_outside for hour in traffic.hours(LAMP, T0 + 2 * HOUR_S)] == [600]
    assert traffic.partners(LAMP, T0 + 2.5 * HOUR_S)[0].sent == 300


def test_what_is_older_than_a_week_is_told_by_the_day_and_a_month_later_only_as_a_sum(
    traffic: Traffic,
) -> None:
    for day in range(60):
        now = T0 + day * DAY_S
        traffic.hear(flow(now), LAMP, "")
        traffic.step(now)
        traffic.step(now + HOUR_S)
        traffic.step(now + 2 * HOUR_S)
    hours = traffic.hours(LAMP)
    assert {hour.span_s for hour in hours} == {HOUR_S, DAY_S}
    assert sum(hour.sent for hour in hours) < 60 * 100
    assert traffic.partners(LAMP)[0].sent == 60 * 100
    assert traffic.totals().sent_outside == 60 * 100


def test_a_partner_not_heard_for_a_month_is_summed_up_and_no_news_when_it_returns(
    traffic: Traffic,
) -> None:
    for hour in (0, 2):
        traffic.hear(flow(T0 + hour * HOUR_S), LAMP, "")
    later = T0 + limits.FORGET_AFTER_S + DAY_S
    traffic.hear(flow(later, octets=0, proto="arp"), LAMP, "")  # it is still here itself
    for wait in (0.0, 1.0, 2.0):
        traffic.step(later + wait * HOUR_S)
    rest, _ = traffic.partners(LAMP)
    assert (rest.kind, rest.partners, rest.sent) == (REST_OUTSIDE, 1, 200)
    traffic.hear(flow(later), LAMP, "")
    assert [p.is_returning for p in traffic.partners(LAMP) if p.kind == OUTSIDE] == [True]


def test_a_thing_not_heard_for_a_month_is_let_go_and_stays_in_the_sums(traffic: Traffic) -> None:
    traffic.hear(flow(), LAMP, "")
    later = T0 + limits.FORGET_AFTER_S + DAY_S
    for wait in (0.0, 1.0):
        traffic.step(later + wait * HOUR_S)
    assert traffic.things() == []
    assert traffic.totals().let_go_octets == 100


def test_a_clock_that_jumps_a_year_and_comes_back_forgets_nothing(traffic: Traffic) -> None:
    traffic.hear(flow(), LAMP, "")
    traffic.step(T0)
    wrong = T0 + 365 * DAY_S
    traffic.hear(flow(wrong), LAMP, "")
    traffic.step(wrong)
    traffic.hear(flow(T0 + 60), LAMP, "")
    for minute in range(1, 90):
        traffic.step(T0 + minute * 60)
    (partner,) = traffic.partners(LAMP)
    assert (partner.kind, partner.sent) == (OUTSIDE, 300)
    assert partner.last_at <= T0 + 90 * 60
    assert sum(hour.sent for hour in traffic.hours(LAMP)) == 200  # the wrong hour is told nowhere


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_moment_that_is_none_is_counted_all_the_same(traffic: Traffic, at: float) -> None:
    traffic.hear(flow(at), LAMP, "")
    assert traffic.totals().sent_outside == 100


def test_a_flood_of_partners_evicts_itself_and_is_summed_up(traffic: Traffic) -> None:
    for hour in range(3):
        traffic.hear(flow(T0 + hour * HOUR_S, target="2.0.0.1"), LAMP, "")
    for number in range(1000):
        target = f"5.{number >> 8}.{number & 255}.1"
        traffic.hear(flow(T0 + 3 * HOUR_S, target=target, to_port=number), LAMP, "")
    rows = traffic.partners(LAMP)
    assert len(rows) <= talk_limits.PARTNERS_PER_THING_MAX + 4
    assert any(p.ips == ("2.0.0.1",) and p.sent == 300 for p in rows)
    (rest,) = [p for p in rows if p.is_rest]
    assert rest.partners + len(rows) - 1 == 1001
    assert sum(p.sent for p in rows) == 1003 * 100


def test_a_scan_of_ports_keeps_few_services_and_the_one_really_spoken(traffic: Traffic) -> None:
    for _ in range(3):
        traffic.hear(flow(), LAMP, "")
    for port in range(1000, 3000):
        traffic.hear(flow(to_port=port), LAMP, "")
    (partner,) = traffic.partners(LAMP)
    assert len(partner.services) <= talk_limits.SERVICES_PER_PARTNER_MAX
    assert partner.services[0] == "tcp/443"


def test_a_flood_of_names_is_bounded_and_those_in_use_stay(traffic: Traffic) -> None:
    traffic.named(LAMP, "2.0.0.1", "real.example", T0)
    traffic.hear(flow(target="2.0.0.1"), LAMP, "")
    for number in range(2000):
        traffic.named(LAMP, f"5.0.{number >> 8}.{number & 255}", f"n{number}.example", T0)
    assert traffic._names <= 2 * talk_limits.NAMES_PER_THING_MAX
    traffic.hear(flow(target="2.0.0.1"), LAMP, "")
    assert [p.names for p in traffic.partners(LAMP)] == [("real.example",)]


def test_things_made_up_by_the_thousand_push_out_one_another(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "THINGS_MAX", 64)
    monkeypatch.setattr(limits, "ROWS_MAX", 100)
    monkeypatch.setattr(limits, "NAMES_MAX", 200)
    for hour in (0, 2):
        traffic.hear(flow(T0 + hour * HOUR_S), LAMP, "")
        traffic.hear(back(T0 + hour * HOUR_S), "", LAMP)
    for number in range(2000):
        thing = f"06:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        target = f"5.0.{number >> 8}.{number & 255}"
        traffic.hear(flow(T0 + 2 * HOUR_S, target=target), thing, "")
        traffic.named(thing, f"2.0.0.{number & 255}", f"{number}.example", T0)
    assert len(traffic.things()) <= 64
    assert traffic.totals().partners == sum(len(t.rows) for t in traffic._talks.values()) <= 100
    assert traffic._names == sum(len(t.names) for t in traffic._talks.values()) <= 200
    assert traffic.partners(LAMP)[0].sent == 200
    total = traffic.totals()
    assert total.let_go == 2001 - len(traffic.things())
    assert total.sent_outside + total.received_outside + total.let_go_octets == 2002 * 100 + 400


def test_two_ids_that_are_one_thing_are_joined_and_so_is_what_others_said_to_them(
    traffic: Traffic,
) -> None:
    new = "06:00:00:00:00:09"
    for phone in (PHONE, new):
        traffic.hear(flow(target="192.168.1.9", to_here=True), LAMP, phone)
        traffic.hear(flow(target="2.0.0.1"), phone, "")
    traffic.join(PHONE, new)
    assert set(traffic.things()) == {LAMP, new}
    assert [(p.other, p.sent) for p in traffic.partners(LAMP)] == [(new, 200)]
    assert [p.sent for p in traffic.partners(new) if p.is_outside] == [200]
    assert dict(traffic.take_changes())[PHONE] is None
    assert traffic.totals().partners == 3


def test_a_thing_that_turns_out_to_have_talked_with_itself_has_no_pair(traffic: Traffic) -> None:
    traffic.hear(flow(to_here=True), LAMP, PHONE)
    traffic.join(PHONE, LAMP)
    assert {p.kind for p in traffic.partners(LAMP)} == {REST_HERE}


def test_a_forgotten_thing_stays_in_the_sums(traffic: Traffic) -> None:
    traffic.hear(flow(), LAMP, "")
    traffic.forget(LAMP)
    traffic.forget(LAMP)
    assert (traffic.totals().let_go, traffic.totals().let_go_octets) == (1, 100)
    assert list(traffic.take_changes()) == [(LAMP, None)]
    assert list(traffic.take_changes()) == []


ADDRESSES = [f"2.0.0.{n}" for n in range(40)] + ["192.168.1.77", "239.1.1.1", "2001:db8::1"]
FLOWS = st.builds(
    flow,
    at=st.one_of(
        st.floats(T0, T0 + 40 * DAY_S), st.sampled_from([0.0, float("nan"), T0 + 400 * DAY_S])
    ),
    source=st.sampled_from(ADDRESSES),
    target=st.sampled_from(ADDRESSES),
    octets=st.integers(0, 2**40),
    proto=st.sampled_from(["tcp", "udp", "arp", "icmp6"]),
    from_port=st.integers(0, 65_535),
    to_port=st.integers(0, 65_535),
    flags=st.integers(0, 255),
    peer_mac=st.sampled_from([ROUTER, "", "ff:ff:ff:ff:ff:ff"]),
    opening=st.booleans(),
    answer=st.booleans(),
    from_here=st.booleans(),
    to_here=st.booleans(),
)
ENDS = st.sampled_from(["", LAMP, PHONE, ROUTER, "06:00:00:00:00:04", "06:00:00:00:00:05"])
STEPS = st.one_of(
    st.tuples(st.just("hear"), FLOWS, ENDS, ENDS),
    st.tuples(st.just("named"), ENDS, st.sampled_from(ADDRESSES), st.text(max_size=9)),
    st.tuples(st.just("step"), st.floats(T0, T0 + 80 * DAY_S)),
    st.tuples(st.just("join"), ENDS.filter(bool), ENDS),
    st.tuples(st.just("forget"), ENDS),
    st.tuples(st.just("keep")),
)


def _do(traffic: Traffic, step: tuple[object, ...], kept: dict[str, bytes]) -> Traffic:
    what, *how = step
    if what == "named":
        traffic.named(*how, T0)  # type: ignore[arg-type, call-arg]
    elif what == "keep":
        for key, value in traffic.take_changes():
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = value
        unattributed, let_go = traffic.unattributed, traffic.let_go_octets
        traffic = Traffic(Atlas())
        assert traffic.restore(kept.items(), T0) == 0
        traffic.unattributed, traffic.let_go_octets = unattributed, let_go
    else:
        getattr(traffic, str(what))(*how)
    return traffic


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=120))
def test_every_octet_heard_is_in_exactly_one_place(steps: list[tuple[object, ...]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(talk_limits, "PARTNERS_PER_THING_MAX", 6)
        patch.setattr(limits, "ROWS_MAX", 20)
        patch.setattr(limits, "THINGS_MAX", 4)
        patch.setattr(limits, "EVICT_SHARE", 4)
        traffic, heard, kept = Traffic(Atlas()), 0, dict[str, bytes]()
        for step in steps:
            if step[0] == "hear":
                heard += _places(*step[1:]) * step[1].octets  # type: ignore[arg-type, attr-defined]
            traffic = _do(traffic, step, kept)
        total = traffic.totals()
        rows = traffic.partners()
        assert (
            sum(p.sent + p.received for p in rows) + total.let_go_octets + total.unattributed
            == heard
        )
        assert (
            total.sent_outside + total.received_outside + total.sent_here + total.received_here
            == sum(p.sent + p.received for p in rows)
        )
        assert total.partners == len(rows) <= 20 + 4 * 4
        assert total.things <= 4
        assert sum(hour.sent for hour in traffic.hours()) <= heard


def _places(heard: Flow, sender: str, receiver: str) -> int:
    """In how many rows a flow must be: one, or two for talk between two things here."""
    both = heard.is_from_here and sender and receiver and sender != receiver
    upkeep = heard.proto == "arp" or (heard.proto == "icmp6" and 133 <= heard.from_port <= 137)
    return 2 if both and not upkeep else 1


def test_what_was_learned_outlasts_a_restart(traffic: Traffic) -> None:
    traffic.named(LAMP, "2.0.0.1", "x.example.com", T0)
    for hour in range(3):
        traffic.hear(flow(T0 + hour * HOUR_S, target="2.0.0.1"), LAMP, "")
        traffic.hear(flow(T0 + hour * HOUR_S, to_here=True), LAMP, PHONE)
    learned: Learned = traffic
    kept = [(key, value) for key, value in learned.take_changes() if value is not None]
    again = Traffic(Atlas())
    assert again.restore(kept, T0) == 0
    assert again.partners() == traffic.partners()
    assert again.hours() == traffic.hours()
    assert (again.totals(), again.countries(LAMP)) == (traffic.totals(), traffic.countries(LAMP))
    assert list(again.take_changes()) == []
    again.hear(flow(T0 + 4 * HOUR_S, target="2.0.0.1"), LAMP, "")
    assert [p.name for p in again.partners(LAMP) if p.is_outside] == ["example.com"]
    assert [key for key, _ in again.take_changes()] == [LAMP]


def busiest() -> Traffic:
    """One thing whose table is full of partners busy in every minute, hour and day."""
    traffic = Traffic(Atlas())
    moments: Iterable[float] = [T0 + day * DAY_S for day in range(31)]
    moments = [*moments, *(T0 + 31 * DAY_S + hour * HOUR_S for hour in range(168))]
    moments = [*moments, *(moments[-1] + minute * 60 for minute in range(60))]
    for number in range(talk_limits.PARTNERS_PER_THING_MAX):
        ip, name = f"2.0.{number}.1", f"{number}.{'x' * 60}.{'y' * 60}.{'z' * 60}{number}.example"
        traffic.named(LAMP, ip, name, T0)
        for at in moments:
            traffic.hear(flow(at, target=ip, octets=2**36), LAMP, "")
    return traffic


def test_the_largest_value_kept_is_within_its_bound() -> None:
    ((_, value),) = busiest().take_changes()
    assert value is not None
    assert len(value) < VALUE_OCTETS_MAX


@given(st.binary(max_size=200), st.integers(0, 500))
def test_a_value_that_is_damaged_is_left_out_and_counted(noise: bytes, at: int) -> None:
    traffic = Traffic(Atlas())
    traffic.hear(flow(), LAMP, "")
    ((_, value),) = traffic.take_changes()
    assert value is not None
    damaged = value[:at] + noise + value[at + len(noise) :]
    again = Traffic(Atlas())
    left_out = again.restore([(LAMP, damaged), (PHONE, noise), ("", value)], T0)
    assert 1 <= left_out <= 3
    again.partners()
    again.hours()
    again.step(T0)
    again.step(T0 + HOUR_S)
    list(again.take_changes())
