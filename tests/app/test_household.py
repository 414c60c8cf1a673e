"""A home's things as pages show them: text stays text, and what is unknown stays unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.watched import CAMERA, CLOUD, FAR, HOSTILE, HOUR_S, IRON, ROUTER, SHOWN, START, TV, Watched
from documents import mud_made
from omamori.app.household import STALE_S
from omamori.documents.mud import MudError, read_mud
from omamori.web.views import AS_USUAL, ATTENTION, UNCONFIRMED
from omamori.web.views_talk import DAY_S

if TYPE_CHECKING:
    from omamori.web import views

BULB = mud_made.octets(mud_made.BULB)
PHONES = ("da:a1:19:00:00:01", "5e:10:20:30:40:02")


@pytest.fixture
def home() -> Watched:
    return Watched()


def page(home: Watched, thing: str) -> views.ThingView:
    view = home.household.thing(thing, "en", DAY_S)
    assert view is not None
    return view


def test_names_from_the_network_are_passed_on_as_text(home: Watched) -> None:
    home.joins(CAMERA, 2)
    home.says(CAMERA, "dhcp.request", hostname=HOSTILE)
    home.says(CAMERA, "upnp.description", friendly_name=HOSTILE, model_name=HOSTILE)
    (card,) = home.household.cards("ja")
    assert card.name == SHOWN
    assert page(home, CAMERA).names[0] == SHOWN


def test_what_has_no_name_is_called_by_its_maker_and_address(home: Watched) -> None:
    hue = "00:17:88:00:00:09"
    home.joins(hue, 9)
    home.joins(CAMERA, 2)
    names = {card.id: card.name for card in home.household.cards("en")}
    assert names[CAMERA] == "192.168.1.2"
    assert names[hue].endswith("(192.168.1.9)")


def test_what_needs_a_look_comes_first(home: Watched) -> None:
    home.lives(0.2)
    home.joins(IRON, 4)
    assert home.sweeps(IRON, 4)
    cards = home.household.cards("en")
    assert (cards[0].id, cards[0].state) == (IRON, ATTENTION)
    assert {card.state for card in cards[1:]} <= {AS_USUAL, UNCONFIRMED}


def test_what_was_not_heard_for_a_while_is_not_confirmed(home: Watched) -> None:
    home.joins(CAMERA, 2)
    assert home.household.cards("en")[0].state == AS_USUAL
    home.now += STALE_S + 1
    assert home.household.cards("en")[0].state == UNCONFIRMED
    home.now = START - HOUR_S  # a clock set back
    assert home.household.cards("en")[0].state == AS_USUAL


def test_a_thing_that_is_in_doubt_says_so(home: Watched) -> None:
    home.joins(IRON, 4)
    home.sweeps(IRON, 4)
    assert page(home, IRON).ground_reasons[0].key == "vouch.doubted"
    (alert,) = page(home, IRON).alerts
    home.say_fine(alert.id, fine=True)
    assert "vouch.doubted" not in {reason.key for reason in page(home, IRON).ground_reasons}


def test_an_unknown_thing_has_no_page_and_no_file(home: Watched) -> None:
    assert home.household.thing("nobody", "en", DAY_S) is None
    assert home.household.mud_of("nobody") is None
    home.joins(CAMERA, 2)
    assert page(home, CAMERA).doing is None
    assert home.household.mud_of(CAMERA) is None


def test_what_stands_behind_a_bridge_has_a_page_that_names_it(home: Watched) -> None:
    home.joins(ROUTER, 1)
    home.says(ROUTER, "dhcp.request", hostname="light-adapter")
    home.says(ROUTER, "bridge.child", child="029001", name=HOSTILE, kind="light", by="echonet")
    home.says(ROUTER, "bridge.child", child="029002", kind="light", by="echonet")
    bridge = page(home, ROUTER)
    assert [child.name for child in bridge.children] == [SHOWN, "light-adapter · 2"]
    child = page(home, bridge.children[0].id)
    assert child.parent is not None
    assert (child.parent.id, child.parent.name) == (ROUTER, "light-adapter")


def test_a_phone_lists_the_addresses_it_had(home: Watched) -> None:
    said = {"hostname": "Taros-iPhone", "parameters": "1,3,6"}
    for mac in PHONES:
        home.says(mac, "address.ipv4", ip="192.168.1.70")
        home.says(mac, "dhcp.request", **said)
        home.now += 9000
    (card,) = home.household.cards("en")
    view = page(home, card.id)
    first, second = view.aliases
    assert (first.address, first.is_first, first.is_guess) == (PHONES[0], True, False)
    assert (second.address, second.is_used, second.is_guess) == (PHONES[1], True, True)
    assert second.why
    assert first.last_at < second.first_at
    assert {address.kind for address in view.addresses} == {"mac", "ipv4"}
    home.part(PHONES[1])
    assert {card.id for card in home.household.cards("en")} == set(PHONES)
    assert page(home, PHONES[0]).aliases == ()
    assert page(home, PHONES[0]).others == ((PHONES[1], page(home, PHONES[1]).card.name),)
    home.join(PHONES[0], PHONES[1])
    view = page(home, PHONES[0])
    assert [alias.is_guess for alias in view.aliases] == [False, False]
    assert view.others == ()


def test_what_it_sounds_like_is_suggested_until_somebody_says_what_it_is(home: Watched) -> None:
    said = {"hostname": "kitchen-gadget", "parameters": "1,3,6,15,119", "vendor_class": "gdgt 2"}
    macs = [f"b0:c5:54:00:00:0{n}" for n in (1, 2)]
    for mac in macs:
        home.says(mac, "dhcp.request", **said)
    assert page(home, macs[1]).suggestion is None
    home.watch.correct(macs[0], "Toaster", "appliance")
    suggestion = page(home, macs[1]).suggestion
    assert suggestion is not None
    assert suggestion.kind == "appliance"
    assert suggestion.why[0].key in {"identify.sounds-like", "identify.sounds-akin"}
    assert page(home, macs[0]).suggestion is None
    assert page(home, macs[0]).corrected


@pytest.mark.parametrize(
    "octets", [b"", b"{", b"[]", b"\xff" * 100, b'{"ietf-mud:mud": 3}', b"[" * 100_000, BULB[:-2]]
)
def test_rubbish_is_no_file_of_a_maker(home: Watched, octets: bytes) -> None:
    home.joins(CAMERA, 2)
    with pytest.raises(MudError):
        home.household.declare(CAMERA, octets)
    assert home.declared == []


def test_a_makers_file_is_taken_in_and_shown(home: Watched) -> None:
    home.joins(CAMERA, 2)
    assert home.household.declare(CAMERA, BULB).system == "Bulb 7"
    should = page(home, CAMERA).should
    assert should is not None
    assert (should.ground, should.about, should.url) == (
        "declared",
        "Bulb 7",
        "https://bulbs.example.com/bulb7",
    )


@pytest.mark.parametrize("name", ["camera", HOSTILE, "\x00\x07", "玄関のカメラ" * 20, ""])
def test_what_was_learned_is_a_file_that_everybody_can_read(home: Watched, name: str) -> None:
    home.lives()
    home.says(CAMERA, "dhcp.request", hostname=name)
    octets = home.household.mud_of(CAMERA)
    assert octets is not None
    mud = read_mud(octets)
    assert mud.url == "https://learned.invalid/020000000002"
    named = {ace.target_name for acl in mud.from_device for ace in acl.aces}
    assert named & {"cam.maker.example", "maker.example"}
    # And it lets the thing do what it was heard doing: held against it, nothing is told.
    home.household.declare(CAMERA, octets)
    assert home.calls(CAMERA, 2, CLOUD, "cam.maker.example") == []
    assert [alert.kind for alert in home.calls(CAMERA, 2, FAR, "far.example")] == [
        "behaviour.not-declared"
    ]


def test_what_it_does_names_whom_it_meets(home: Watched) -> None:
    home.lives()
    home.says(TV, "dhcp.request", hostname="living-tv")
    doing = page(home, CAMERA).doing
    assert doing is not None
    peers = {(peer.place, peer.name, peer.thing_id, peer.country) for peer in doing.peers}
    assert {("outside", "maker.example", "", "JP"), ("home", "living-tv", TV, "")} <= peers
    assert doing.sent > 0
    assert doing.hours
