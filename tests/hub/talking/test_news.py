"""What is new is told once, of whom it is, and no more than a page can show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.hub.alerting.alert import Alert
from omamori.hub.flow import ACK, SYN, Flow
from omamori.hub.knowing.identify import identify
from omamori.hub.knowing.known import KnownThing
from omamori.hub.talking.news import (
    AMOUNTS_MAX,
    KINDS,
    NEWS_MAX,
    PER_THING_AND_KIND_MAX,
    News,
    counted_from,
    whats_new,
)
from omamori.hub.talking.series import DAY_S, HOUR_S
from omamori.hub.talking.traffic import Traffic
from omamori.web.sentences import news as sentences

LAMP, PHONE, CAMERA = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
T0 = 1_790_000_000.0
T0 -= T0 % DAY_S
SINCE, NOW = T0 + 10 * DAY_S, T0 + 12 * DAY_S


class Atlas:
    def country(self, ip: str) -> str:
        return {"2": "JP", "5": "DE"}.get(ip[:1], "")


def thing(
    name: str = LAMP, first: float = T0, last: float = NOW, news_at: float = T0, called: str = ""
) -> KnownThing:
    names = (called,) if called else ()
    return KnownThing(
        name, name, (), names, identify([]), first, last, (), is_private_address=False,
        is_corrected=False, news_at=news_at,
    )  # fmt: skip


def said(
    traffic: Traffic,
    at: float,
    target: str = "2.0.0.1",
    *,
    who: str = LAMP,
    octets: int = 100,
    name: str = "",
) -> None:
    """A thing says something to an address outside."""
    if name:
        traffic.named(who, target, name, at)
    flow = Flow(
        at, at, who, "", "192.168.1.2", target, "tcp", 50_000, 443, SYN, octets=octets,
        is_to_here=False,
    )  # fmt: skip
    traffic.hear(flow, who, "")


def answered(traffic: Traffic, at: float, port: int) -> None:
    """The lamp answers the phone."""
    asks = Flow(at, at, PHONE, LAMP, "a", "b", "tcp", 50_000, port, SYN)
    answer = Flow(at, at, LAMP, PHONE, "b", "a", "tcp", port, 50_000, SYN | ACK, is_answer=True)
    traffic.hear(asks, PHONE, LAMP)
    traffic.hear(answer, LAMP, PHONE)


@pytest.fixture
def traffic() -> Traffic:
    """A home in which the lamp has long talked to one place."""
    made = Traffic(Atlas())
    for who in (LAMP, PHONE):
        said(made, T0, name="old.example.com", who=who)
    return made


def new(
    traffic: Traffic, *things: KnownThing, since: float = SINCE, now: float = NOW
) -> list[tuple[str, str]]:
    found = whats_new(things or (thing(), thing(PHONE)), traffic, (), since, now)
    return [(news.kind, news.what.key) for news in found]


def test_a_calm_home_has_no_news(traffic: Traffic) -> None:
    said(traffic, SINCE + 1)
    assert new(traffic) == []


def test_a_new_thing_is_news_and_one_that_returned_is_not(traffic: Traffic) -> None:
    fresh = thing(CAMERA, SINCE + 5, news_at=SINCE + 5)
    returned = thing(PHONE, T0, news_at=0.0)
    assert new(traffic, fresh, returned) == [("thing", "news.thing")]


def test_a_thing_long_here_that_fell_silent_is_news(traffic: Traffic) -> None:
    silent = thing(CAMERA, T0, SINCE)
    assert new(traffic, thing(), silent) == [("gone", "news.gone")]


@pytest.mark.parametrize(
    "quiet",
    [
        thing(CAMERA, SINCE - HOUR_S, SINCE),  # a guest
        thing(CAMERA, T0, SINCE - 2 * DAY_S),  # silent before already
        thing(CAMERA, T0, NOW - HOUR_S),  # only for an hour
    ],
)
def test_a_guest_or_what_was_silent_before_is_no_news(traffic: Traffic, quiet: KnownThing) -> None:
    assert new(traffic, thing(), quiet) == []


def test_when_nothing_at_all_was_heard_nobody_has_gone(traffic: Traffic) -> None:
    assert new(traffic, thing(LAMP, T0, SINCE), thing(CAMERA, T0, SINCE)) == []


def test_a_new_place_in_a_known_country_is_a_place(traffic: Traffic) -> None:
    said(traffic, SINCE + 5, "2.0.0.9", name="x.new.example")
    (news,) = whats_new([thing()], traffic, (), SINCE, NOW)
    assert (news.kind, news.thing, news.at) == ("place", LAMP, SINCE + 5)
    assert news.what.params == {"place": "new.example", "country": "JP"}


def test_a_place_of_unknown_country_says_so(traffic: Traffic) -> None:
    said(traffic, SINCE + 5, "9.0.0.9", name="x.new.example")
    assert new(traffic) == [("place", "news.place-somewhere")]


def test_a_new_country_is_told_once_with_the_place(traffic: Traffic) -> None:
    said(traffic, SINCE + 5, "5.0.0.9", name="x.new.example")
    (news,) = whats_new([thing()], traffic, (), SINCE, NOW)
    assert (news.kind, news.what.key) == ("country", "news.country")
    assert news.what.params == {"country": "DE", "place": "new.example"}


def test_an_old_name_at_a_new_address_in_a_new_country_is_a_country(traffic: Traffic) -> None:
    said(traffic, SINCE + 5, "5.0.0.9", name="old.example.com")
    assert new(traffic) == [("country", "news.country-unnamed")]


def test_bare_addresses_are_one_line(traffic: Traffic) -> None:
    said(traffic, SINCE + 5, "2.1.0.1")
    assert new(traffic) == [("place", "news.address")]
    said(traffic, SINCE + 6, "2.1.0.2")
    (news,) = whats_new([thing()], traffic, (), SINCE, NOW)
    assert (news.what.key, news.what.params) == ("news.addresses", {"count": 2})


def test_many_new_places_are_a_few_lines_and_a_count(traffic: Traffic) -> None:
    for number in range(30):
        said(traffic, SINCE + 1 + number, f"2.0.1.{number}", name=f"n{number}.example")
    found = whats_new([thing()], traffic, (), SINCE, NOW)
    assert len(found) == PER_THING_AND_KIND_MAX
    (more,) = [news for news in found if news.what.key == "news.more-places"]
    assert more.what.params == {"count": 30 - PER_THING_AND_KIND_MAX + 1}


def test_what_a_thing_does_on_its_first_day_is_its_beginning(traffic: Traffic) -> None:
    said(traffic, SINCE + 5, "5.0.0.1", who=CAMERA)
    said(traffic, SINCE + HOUR_S, "2.0.0.2", who=CAMERA, name="first.example")
    assert new(traffic, thing(CAMERA)) == []
    said(traffic, SINCE + 1.5 * DAY_S, "2.0.0.3", who=CAMERA, name="later.example")
    assert new(traffic, thing(CAMERA)) == [("place", "news.place")]


def test_a_first_talk_at_home_is_told_of_the_one_that_began_it(traffic: Traffic) -> None:
    answered(traffic, SINCE + 5, 80)
    found = whats_new([thing(called="Lamp"), thing(PHONE)], traffic, (), SINCE, NOW)
    partner = next(news for news in found if news.kind == "partner")
    assert (partner.thing, partner.other, partner.what.params) == (PHONE, LAMP, {"other": "Lamp"})
    assert [(n.kind, n.thing) for n in found if n is not partner] == [("service", LAMP)]


def test_a_service_offered_before_is_no_news(traffic: Traffic) -> None:
    answered(traffic, T0 + HOUR_S, 80)
    answered(traffic, SINCE + 5, 80)
    assert new(traffic) == []
    answered(traffic, SINCE + 6, 23)
    assert new(traffic) == [("service", "news.service")]


def daily(traffic: Traffic, octets: int, then: int) -> None:
    """So much a day until the day asked about, and then so much."""
    for hour in range(0, 12 * 24, 6):
        at = T0 + hour * HOUR_S
        said(traffic, at, octets=(then if at >= SINCE else octets) // 4, name="old.example.com")


@pytest.mark.parametrize(
    ("before", "then", "is_told"),
    [
        (20_000_000, 400_000_000, True),
        (20_000_000, 30_000_000, False),  # a little more
        (1_000, 10_000_000, False),  # many times, but little
        (400_000_000, 600_000_000, False),  # much, but not many times
    ],
)
def test_far_more_than_usual_is_news(before: int, then: int, is_told: bool) -> None:  # noqa: FBT001 - a row's word
    traffic = Traffic(Atlas())
    daily(traffic, before, then)
    expected = [("amount", "news.sends-more")] if is_told else []
    assert new(traffic, thing()) == expected


def test_a_short_look_says_nothing_of_amounts() -> None:
    traffic = Traffic(Atlas())
    daily(traffic, 20_000_000, 400_000_000)
    assert new(traffic, thing(), since=NOW - HOUR_S) == []


def test_only_the_most_changed_amounts_are_told() -> None:
    traffic, homes = Traffic(Atlas()), [f"02:00:00:00:01:{n:02x}" for n in range(9)]
    for number, who in enumerate(homes):
        for day in range(12):
            octets = 10_000_000 if day < 10 else 1_000_000_000 * (number + 1)
            said(traffic, T0 + day * DAY_S, who=who, octets=octets)
    found = whats_new([thing(who) for who in homes], traffic, (), SINCE, NOW)
    assert [news.thing for news in found] == sorted(homes[-AMOUNTS_MAX:])


def test_an_alert_is_among_the_news(traffic: Traffic) -> None:
    alerts = [
        Alert(str(at), "sweep.arp", LAMP, "", "open", at, at) for at in (SINCE - 1, SINCE + 1)
    ]
    found = whats_new([thing()], traffic, alerts, SINCE, NOW)
    assert [(news.kind, news.at, news.thing) for news in found] == [("alert", SINCE + 1, LAMP)]


def test_the_latest_comes_first_and_there_is_an_end() -> None:
    traffic = Traffic(Atlas())
    things = [
        thing(f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", T0, NOW, SINCE + n + 1) for n in range(500)
    ]
    found = whats_new(things, traffic, (), SINCE, NOW)
    assert len(found) == NEWS_MAX
    assert found[0].at == SINCE + 500
    assert [n.at for n in found] == sorted((n.at for n in found), reverse=True)


def test_counting_begins_with_the_first_talk(traffic: Traffic) -> None:
    assert counted_from(traffic) == T0
    assert counted_from(Traffic(Atlas())) == 0.0


@given(
    st.lists(
        st.tuples(
            st.sampled_from([LAMP, PHONE, CAMERA]),
            st.floats(T0, NOW),
            st.sampled_from(["2.0.0.1", "5.0.0.1", "9.0.0.1", "fe80::1", ""]),
            st.sampled_from(["", "a.example", "b.a.example", "x" * 300, "\u202e.example"]),
        ),
        max_size=30,
    ),
    st.floats(allow_nan=True),
    st.floats(allow_nan=True),
)
def test_whatever_was_heard_and_asked_every_line_has_its_sentence(
    talk: list[tuple[str, float, str, str]], since: float, now: float
) -> None:
    traffic = Traffic(Atlas())
    for who, at, target, name in talk:
        said(traffic, at, target, who=who, name=name)
    things = [thing(who, T0, NOW, T0 + 1) for who in (LAMP, PHONE, CAMERA)]
    for news in (
        *whats_new(things, traffic, (), since, now),
        *whats_new(things, traffic, (), SINCE, NOW),
    ):
        _is_told(news)


def _is_told(news: News) -> None:
    assert news.kind in KINDS
    told = sentences.SENTENCES[news.what.key]
    assert all(f"{{{gap}" in told for gap in news.what.params)
