"""Stories in virtual time: what can come into an ordinary home, and what its hub says of it.

Every frame is made as its thing would send it, decoded, and watched; no clock runs here.
"""

from __future__ import annotations

import copy

import pytest

from omamori.documents.reason import RefusedError
from omamori.hub.alerting.alert import FINE, OPEN
from omamori.hub.finding import FACTS_MAX
from omamori.simulation.practice import DAY_S
from omamori.simulation.practice_cast import CAST, HEATER, PHONES, ROUTER, STRANGER
from stories.heard_home import HOUR_S, MINUTE_S, TODAY, HeardHome

IRON, CAMERA = CAST["iron"].end.mac, CAST["camera"].end.mac
COMPUTER = CAST["computer"].end
PHONE_MACS = {end.mac for end in PHONES}


@pytest.fixture(scope="module")
def lived() -> HeardHome:
    """Four ordinary days; each story goes on from a copy of them."""
    return HeardHome()


@pytest.fixture
def home(lived: HeardHome) -> HeardHome:
    assert lived.told == []  # nothing was odd until now
    return copy.deepcopy(lived)


def phones(home: HeardHome) -> set[str]:
    """Ids of all that is, or once was, the phone."""
    return {
        thing.id
        for thing in home.watch.inventory.things()
        if PHONE_MACS & {thing.id, *thing.aliases}
    }


def test_an_iron_looks_for_everybody_on_the_wifi(home: HeardHome) -> None:
    # For days the iron only asked for the weather. Now it asks for every address there is.
    told = home.happens("iron")
    assert {alert.thing for alert in told} == {IRON}
    first = told[0]
    assert first.kind == "sweep.arp"
    assert first.first_at - TODAY < 1.0
    assert 0 < len(first.facts) <= FACTS_MAX
    # Then it tries the computer's doors: that is graver, and is told, too.
    assert "sweep.ports" in home.kinds()
    # What it does among that is not made into an alert for each door.
    assert len(told) <= 4
    # An hour later it is quiet, and the alerts of scanning are over.
    home.live(HOUR_S)
    assert {"sweep.arp", "sweep.ports"} <= {alert.kind for alert in home.ended}


def test_a_second_hand_heater_brings_somebody_along(home: HeardHome) -> None:
    # It joins, and from its first minute tries every neighbour's telnet.
    told = home.happens("second-hand", 60.0)
    assert [alert.kind for alert in told] == ["spread.telnet"]
    assert told[0].thing == HEATER.end.mac
    home.live(5 * MINUTE_S)
    assert ("thing", HEATER.end.mac) in home.news(TODAY)

    # It goes on so every hour, for longer than a thing's first days last.
    for _ in range(4 * 24):
        home.network.disturb("second-hand")
        home.live(HOUR_S)
    # That was never learned as what a heater does.
    habits = home.watch.behaviour.habits(HEATER.end.mac)
    assert habits is not None
    assert not [key for key in habits.known if key[2] in {"tcp/23", "tcp/2323"}]
    # And it is one trouble on the page, not a hundred.
    assert len(home.watch.alerts.of(HEATER.end.mac)) == 1


def test_a_camera_suddenly_talks_to_a_far_country(home: HeardHome) -> None:
    # In its first days it called one place, in this country. Now it sends pictures elsewhere.
    told = home.happens("camera", 120.0)
    assert [(alert.kind, alert.thing) for alert in told] == [("behaviour.new-country", CAMERA)]
    alert = told[0]
    assert (alert.params["country"], alert.params["place"]) == ("AQ", "far-away.example")
    assert ("country", CAMERA) in home.news(TODAY)

    # A person says that it is fine. From then on it is usual, and nobody is troubled again.
    assert home.watch.say_fine(alert.id, home.clock, fine=True).state == FINE
    home.live(2 * DAY_S)
    assert home.happens("camera", 120.0) == []

    # Only that is: what else the camera does is told as before.
    home.network.disturb("camera")
    frames = [
        (at, kind, frame.replace(bytes([192, 0, 2, 77]), bytes([203, 0, 113, 9])))
        for at, kind, frame in home.network.step(home.now + 60.0)
    ]
    said = [
        (at, kind, frame.replace(b"\x08far-away", b"\x08too-near")) for at, kind, frame in frames
    ]
    home.decoder.hear(said)
    told = home.live(5 * MINUTE_S)
    assert [(one.kind, one.params["country"]) for one in told] == [("behaviour.new-country", "US")]


def test_what_was_called_fine_can_be_taken_back(home: HeardHome) -> None:
    alert = home.happens("camera", 120.0)[0]
    home.watch.say_fine(alert.id, home.clock, fine=True)
    assert home.watch.say_fine(alert.id, home.clock, fine=False).state == OPEN
    home.happens("camera", 120.0)
    noticed = home.watch.alerts.get(alert.id)
    assert noticed is not None
    assert noticed.at > alert.at
    with pytest.raises(RefusedError):
        home.watch.say_fine("0" * 16, home.clock, fine=True)


def test_a_phone_brings_trouble_home_under_another_address(home: HeardHome) -> None:
    # It made up a new address every day, and is one phone all the same.
    assert len(phones(home)) == 1
    (phone,) = phones(home)

    # It leaves for a day, and comes back with another address and a program that spreads.
    home.away = PHONE_MACS
    home.live(1.5 * DAY_S)
    home.away = ()
    left_at = home.clock
    told = home.happens("phone")
    assert {
        known.id for known in map(home.watch.inventory.thing, (a.thing for a in told)) if known
    } == {phone}
    assert {"sweep.arp", "spread.telnet"} <= {alert.kind for alert in told}
    assert phones(home) == {phone}

    # Days later, under yet another address, it is still that phone, and was never news again.
    home.live(2 * DAY_S)
    assert phones(home) == {phone}
    assert [one for one in home.news(left_at) if one[0] == "thing"] == []


def test_a_box_that_nobody_knows_hands_out_addresses(home: HeardHome) -> None:
    told = home.happens("rogue-dhcp", 30.0)
    assert [(alert.kind, alert.thing) for alert in told] == [("claims.dhcp", STRANGER.end.mac)]
    assert told[0].params["known"] == ROUTER.mac
    assert told[0].first_at - TODAY < 1.0


@pytest.mark.parametrize("quiet_h", [0.1, 7.3])
def test_a_computer_says_to_be_the_router(home: HeardHome, quiet_h: float) -> None:
    # However long the router was quiet before, the liar is told of and not the router.
    home.away = {ROUTER.mac}
    home.live(quiet_h * HOUR_S)
    home.away = ()
    began = home.clock
    told = home.happens("spoof", 200.0)
    assert {alert.thing for alert in told} == {COMPUTER.mac}
    first = told[0]
    assert (first.kind, first.params["known"]) == ("claims.address", ROUTER.mac)
    assert first.first_at - began < MINUTE_S


def test_a_liar_that_goes_on_over_a_restart_does_not_become_the_router(home: HeardHome) -> None:
    home.network.disturb("spoof")
    home.live(5.0, step_s=0.5)
    assert home.told == []  # not yet
    home.restart()
    told = home.live(100.0, step_s=0.5)
    assert {(alert.kind, alert.thing) for alert in told} >= {("claims.address", COMPUTER.mac)}
    assert {alert.thing for alert in told} == {COMPUTER.mac}


def test_a_second_trouble_is_told_beside_the_first(home: HeardHome) -> None:
    home.happens("iron", 60.0)
    home.happens("rogue-dhcp", 60.0)
    assert {alert.thing for alert in home.told} == {IRON, STRANGER.end.mac}
    assert set(home.watch.worst()) == {IRON, STRANGER.end.mac}
