"""Talk as pages show it: lines between things, what goes outside, and what is new of it."""

from __future__ import annotations

import pytest

from app.watched import CAMERA, CLOUD, FAR, HOSTILE, HOUR_S, IRON, ROUTER, SHOWN, START, TV, Watched
from omamori.app.alert_views import PARAMETERS_THAT_NAME
from omamori.app.seeing import EDGES_SHOWN_MAX, GROUP, OUTSIDE_END
from omamori.documents.reason import Reason
from omamori.hub.alerting.alert import AlertRefusedError
from omamori.web.views_talk import DAY_S, PEERS_SHOWN_MAX

WEEK_S = 7 * DAY_S


@pytest.fixture
def home() -> Watched:
    home = Watched()
    home.lives()
    home.says(TV, "dhcp.request", hostname=HOSTILE)
    return home


def test_every_line_ends_at_points_that_are_there(home: Watched) -> None:
    view = home.household.seeing.talk(WEEK_S, "", "en")
    nodes = {node.id: node for node in view.nodes}
    assert len(nodes) == len(view.nodes)
    for edge in view.edges:
        assert {edge.one, edge.other} <= set(nodes)
        assert edge.begun_by in {"", edge.one, edge.other}
    assert {(edge.one, edge.other) for edge in view.edges} >= {
        (CAMERA, f"{OUTSIDE_END}maker.example")
    }
    assert nodes[TV].name == SHOWN
    assert nodes[f"{OUTSIDE_END}maker.example"].country == "JP"
    assert view.left_out == 0


def test_two_things_are_joined_by_one_line_from_whoever_begins(home: Watched) -> None:
    view = home.household.seeing.talk(WEEK_S, "", "en")
    (edge,) = (edge for edge in view.edges if {edge.one, edge.other} == {CAMERA, TV})
    assert edge.begun_by == CAMERA
    assert edge.services == ("tcp/8009",)
    assert edge.sent > 0
    assert edge.received > 0


def test_one_thing_can_be_looked_at_alone(home: Watched) -> None:
    view = home.household.seeing.talk(WEEK_S, TV, "en")
    assert view.thing == TV
    assert all(TV in {edge.one, edge.other} for edge in view.edges)
    assert {ROUTER, CAMERA, TV} == {thing for thing, _ in view.things}
    assert home.household.seeing.talk(WEEK_S, "nobody", "en").edges == ()


def test_what_is_sent_to_everybody_is_one_point(home: Watched) -> None:
    home.joins(IRON, 4)
    home.sweeps(IRON, 4)
    view = home.household.seeing.talk(WEEK_S, IRON, "en")
    (edge,) = view.edges
    assert (edge.one, edge.other) == (IRON, GROUP)
    assert {(node.id, node.place, node.name) for node in view.nodes if node.id == GROUP} == {
        (GROUP, "group", "")
    }


def test_a_thing_that_meets_the_whole_world_fills_no_page(home: Watched) -> None:
    for number in range(EDGES_SHOWN_MAX + 80):
        home.now += 1.0
        home.calls(
            CAMERA, 2, f"198.51.{number >> 8}.{number & 255}", f"n{number}.x{number}.example"
        )
    seeing = home.household.seeing
    view = seeing.talk(WEEK_S, "", "en")
    assert len(view.edges) <= EDGES_SHOWN_MAX
    doing = seeing.doing(CAMERA, WEEK_S, "en")
    assert doing is not None
    assert len(doing.peers) <= PEERS_SHOWN_MAX
    assert len(doing.peers) + doing.left_out >= EDGES_SHOWN_MAX
    (row,) = seeing.outside(WEEK_S, CAMERA, "en").things
    assert len(row.places) <= PEERS_SHOWN_MAX
    assert row.left_out > 0


def test_what_goes_outside_is_told_thing_by_thing(home: Watched) -> None:
    view = home.household.seeing.outside(WEEK_S, "", "en")
    (row,) = view.things
    assert (row.id, [place.name for place in row.places]) == (CAMERA, ["maker.example"])
    assert row.sent == sum(place.sent for place in row.places)
    assert home.household.seeing.outside(WEEK_S, TV, "en").things == ()


def test_a_new_place_is_new_until_a_day_has_passed(home: Watched) -> None:
    home.calls(CAMERA, 2, FAR, HOSTILE)
    home.now += HOUR_S
    doing = home.household.seeing.doing(CAMERA, DAY_S, "en")
    assert doing is not None
    fresh = {peer.country: peer.is_new for peer in doing.peers}
    assert fresh == {"JP": False, "AQ": True, "": False}
    new = home.household.seeing.new(DAY_S, "en")
    assert ("country", CAMERA) in {(item.kind, item.thing_id) for item in new.items}
    assert new.since is None
    home.now += 2 * DAY_S
    assert home.household.seeing.new(DAY_S, "en").items == ()


def test_before_anything_was_counted_that_is_said() -> None:
    home = Watched()
    home.lives(0.5)
    assert home.household.seeing.new(WEEK_S, "en").since == pytest.approx(START, abs=10)
    assert Watched().household.seeing.new(DAY_S, "en").since is None


def test_an_alert_names_things_and_shows_its_facts(home: Watched) -> None:
    alerts = home.household.alerts
    (told,) = home.calls(CAMERA, 2, FAR, HOSTILE)
    view = alerts.one(told.id, "en")
    assert view is not None
    assert view.card.what.params["place"] == told.params["place"]
    assert view.facts[0].source_name == "192.168.1.2"
    assert alerts.one("nobody", "en") is None
    assert [card.id for card in alerts.open("en")] == [told.id]
    home.say_fine(told.id, fine=True)
    assert alerts.open("en") == ()
    (card,) = alerts.all("en").alerts
    assert card.fine
    view = alerts.one(told.id, "en")
    assert view is not None
    assert view.fine_at is not None
    with pytest.raises(AlertRefusedError):
        home.say_fine("nobody", fine=True)


def test_only_nobodys_own_alert_is_the_networks(home: Watched) -> None:
    said = home.household.alerts.named(Reason("x", {"place": "", "target": ""}), "", "en")
    assert said.params == {"thing": "The home's network", "place": "", "target": ""}


def test_an_alert_of_a_thing_that_is_gone_still_has_words(home: Watched) -> None:
    home.sweeps("02:00:00:00:00:77", 77)  # never heard of before
    (card,) = home.household.alerts.open("en")
    assert (card.thing_id, card.name) == ("", "02:00:00:00:00:77")
    assert "thing" in PARAMETERS_THAT_NAME


def test_a_partner_that_an_alert_speaks_of_is_odd(home: Watched) -> None:
    home.calls(CAMERA, 2, CLOUD, "cam.maker.example")
    home.calls(CAMERA, 2, FAR, "cam.far.example")
    doing = home.household.seeing.doing(CAMERA, DAY_S, "en")
    assert doing is not None
    assert {peer.country: peer.is_odd for peer in doing.peers if peer.country} == {
        "JP": False,
        "AQ": True,
    }
