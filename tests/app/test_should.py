"""What a thing should do, put as rules: by its maker's file or by its habits."""

from __future__ import annotations

import copy

import pytest

from documents import mud_made
from omamori.app.should import RULES_SHOWN_MAX, should
from omamori.documents.mud import read_mud
from omamori.hub.behaving.habit import LEARN_S, Habits
from omamori.web.names import WHO
from omamori.web.views_talk import RuleView, ShouldView

START = 1_800_000_000.0


def name_of(thing: str) -> str:
    return f"<b>{thing}</b>"


def habits(*keys: tuple[str, str, str], settled: bool = True) -> Habits:
    told = Habits(START, START, is_settled=settled)
    for key in keys:
        told.learn(key, START, ())
    return told


def told(*keys: tuple[str, str, str]) -> tuple[RuleView, ...]:
    return should(habits(*keys), None, name_of).rules


def test_of_nothing_nothing_is_told() -> None:
    assert should(None, None, name_of) == ShouldView()
    assert should(habits(), None, name_of) == ShouldView()


def test_while_it_learns_it_says_until_when() -> None:
    view = should(habits(("uses", "router", "udp/53"), settled=False), None, name_of)
    assert (view.ground, view.until) == ("learning", START + LEARN_S)
    view = should(habits(("uses", "router", "udp/53")), None, name_of)
    assert (view.ground, view.until, view.can_download) == ("learned", None, True)


def test_services_with_the_same_partner_are_one_rule() -> None:
    assert told(("uses", "name:maker.example", "tcp/443"), ("uses", "name:maker.example", "udp/443")) == (
        RuleView("named", "maker.example", "", ("tcp/443", "udp/443"), "to"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        (("uses", "thing:tv", "tcp/8009"), RuleView("named", "<b>tv</b>", "", ("tcp/8009",), "to")),
        (("offers", "home", "tcp/80"), RuleView("local", "", "", ("tcp/80",), "from")),
        (("uses", "country:JP", "tcp/443"), RuleView("outside", "", "JP", ("tcp/443",), "to")),
        (("uses", "outside", "tcp/443"), RuleView("outside", "", "", ("tcp/443",), "to")),
        (("uses", "resolver", "udp/53"), RuleView("names", "", "", ("udp/53",), "to")),
        (("uses", "clock", "udp/123"), RuleView("names", "", "", ("udp/123",), "to")),
        (("uses", "everyone", "udp/5353"), RuleView("local", "", "", ("udp/5353",), "to")),
        (("uses", "something new", ""), RuleView("local", "", "", (), "to")),
    ],
)
def test_a_habit_is_told_as_a_rule(key: tuple[str, str, str], rule: RuleView) -> None:
    assert told(key) == (rule,)
    assert rule.who in {*WHO, "named"}


def test_a_makers_file_goes_before_habits() -> None:
    mud = read_mud(mud_made.octets(mud_made.BULB))
    view = should(habits(("uses", "router", "udp/53")), mud, name_of)
    assert (view.ground, view.about) == ("declared", "Bulb 7")
    assert view.can_download
    assert not should(None, mud, name_of).can_download
    assert view.rules == (
        RuleView("named", "cloud.example.com", "", ("tcp/443",), "to"),
        RuleView("same-maker", "", "", ("udp/5000-5100",), "to"),
        RuleView("controller", "", "", ("tcp/80",), "from"),
    )
    assert {rule.who for rule in view.rules} <= {*WHO, "named"}


def with_port(match: dict[str, object]) -> tuple[str, ...]:
    told = copy.deepcopy(mud_made.BULB)
    aces = told["ietf-access-control-list:acls"]["acl"][0]["aces"]["ace"]
    aces[0]["matches"]["tcp"]["destination-port"] = match
    return should(None, read_mud(mud_made.octets(told)), name_of).rules[0].services


@pytest.mark.parametrize(
    ("match", "service"),
    [
        ({"operator": "lte", "port": 1023}, "tcp/0-1023"),
        ({"operator": "gte", "port": 49_152}, "tcp/49152-65535"),
        ({"operator": "neq", "port": 25}, "tcp"),
        ({"lower-port": 80, "upper-port": 81}, "tcp/80-81"),
    ],
)
def test_ports_are_told_as_ranges(match: dict[str, object], service: str) -> None:
    assert with_port(match) == (service,)


def test_a_long_list_is_cut_and_counted() -> None:
    view = should(
        habits(*(("uses", f"name:n{n}.example", "tcp/443") for n in range(60))), None, name_of
    )
    assert (len(view.rules), view.left_out) == (RULES_SHOWN_MAX, 60 - RULES_SHOWN_MAX)
