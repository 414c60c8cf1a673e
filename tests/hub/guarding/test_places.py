"""A place holds what is a thing's alone, and says how surely a frame is its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.guarding.guarded import IRON, NOW, mac, thing
from omamori.hub.guarding.places import (
    BARE,
    MOVED,
    MOVED_S,
    OWN_PORT,
    PORTS_MAX,
    SETTLED_S,
    SHARED_PORT,
    Ports,
    Whereabouts,
)
from omamori.hub.guarding.plan import Cut, Place, Plan
from omamori.hub.guarding.rules import desired
from omamori.hub.knowing.known import KnownAddress


def test_a_port_of_its_own_is_sure_only_when_it_has_settled() -> None:
    ports = Ports()
    ports.heard(IRON, "lan3", NOW)
    assert ports.surety(IRON, NOW + 1) == BARE
    assert ports.surety(IRON, NOW + SETTLED_S) == OWN_PORT
    assert ports.of(IRON) == "lan3"
    ports.heard(mac(2), "lan3", NOW)
    assert ports.surety(IRON, NOW + SETTLED_S) == SHARED_PORT
    assert ports.of(IRON) == ""
    ports.forget(mac(2))
    assert ports.of(IRON) == "lan3"
    ports.heard(IRON, "lan5", NOW + 100)
    assert ports.surety(IRON, NOW + 200) == MOVED
    assert ports.surety(IRON, NOW + 100 + MOVED_S) == OWN_PORT
    assert ports.surety(mac(9), NOW) == BARE
    ports.heard(mac(9), "a name that no port has", NOW)
    assert ports.of(mac(9)) == ""


def test_a_flood_of_addresses_forgets_the_youngest() -> None:
    ports = Ports()
    ports.heard(IRON, "lan3", NOW)
    for number in range(PORTS_MAX + 10):
        ports.heard(f"02:{number:010x}", "lan4", NOW)
    assert ports.of(IRON) == "lan3"
    assert len(ports._seats) <= PORTS_MAX


def test_an_address_that_two_have_is_in_neither_place() -> None:
    """Who takes the router's address must not have the router cut off with it."""
    router = thing(mac(1), kind="router", ips=("192.168.1.1",))
    thief = thing(mac(2), ips=("192.168.1.7", "192.168.1.1"))
    places = Whereabouts([router, thief], Ports())
    assert places.of(mac(2)) == Place(mac(2), (mac(2),), ("192.168.1.7",))
    assert places.of(mac(1)) == Place(mac(1), (mac(1),))
    assert places.of("nobody") == Place("nobody")


def test_former_addresses_count_and_guessed_ones_do_not() -> None:
    known = (
        KnownAddress(mac(1), NOW, NOW, is_guess=False),
        KnownAddress(mac(2), NOW, NOW, is_guess=True),
    )
    phone = thing(mac(1), mac=mac(3), known_by=known)
    assert Whereabouts([phone], Ports()).of(mac(1)).macs == (mac(3), mac(1))
    twin = thing(mac(1), mac=mac(3), known_by=known, is_likeness=True)
    assert Whereabouts([twin], Ports()).of(mac(1)).macs == (mac(3),)


def test_what_is_behind_a_bridge_has_no_place() -> None:
    child = thing("b/1", behind="b", mac=mac(1))
    assert Whereabouts([child], Ports()).of("b/1") == Place("b/1")


ODD = st.sampled_from([
    "0.0.0.0", "255.255.255.255", "127.0.0.1", "224.0.0.251", "::", "ff02::1", "::1", "fe80::1%eth0",
    "10.0.0.1", "2001:DB8::1", "nonsense", "",
])  # fmt: skip


@given(
    st.lists(ODD, max_size=6),
    st.sampled_from([IRON, "", "01:00:5e:00:00:01", "00:00:00:00:00:00", "x"]),
)
def test_no_address_that_a_thing_sends_from_makes_a_plan_that_is_refused(
    ips: list[str], address: str
) -> None:
    odd = thing(IRON, mac=address, ips=tuple(ips))
    place = Whereabouts([odd], Ports()).of(IRON)
    if not place.macs and not place.ips:
        return
    desired(Plan(cuts=(Cut(place, NOW + 60),)), NOW)


def test_what_the_bridge_knows_no_more_has_left_its_port_and_may_be_borrowed_next() -> None:
    ports = Ports()
    ports.now({IRON: "lan3"}, NOW)
    ports.now({}, NOW + 400)
    assert (ports.of(IRON), ports.surety(IRON, NOW + 400)) == ("", BARE)
    ports.now({IRON: "lan3"}, NOW + 500)  # it was only silent
    assert ports.surety(IRON, NOW + 500 + SETTLED_S) == OWN_PORT
    ports.now({}, NOW + 900)
    ports.now({IRON: "lan4"}, NOW + 901)
    assert ports.surety(IRON, NOW + 1000) == MOVED


def test_a_radio_is_nobodys_own_port_and_things_roam() -> None:
    ports = Ports()
    ports.radio = frozenset({"wlan0", "wlan1"})
    ports.now({IRON: "wlan0"}, NOW)
    assert (ports.of(IRON), ports.surety(IRON, NOW + SETTLED_S)) == ("", SHARED_PORT)
    ports.now({IRON: "wlan1"}, NOW + 100)
    assert ports.surety(IRON, NOW + 101) == SHARED_PORT
    ports.now({IRON: "lan1"}, NOW + 200)
    assert ports.surety(IRON, NOW + 201) == MOVED


def test_a_port_stays_that_of_whom_is_cut_off_there_whatever_address_comes_next() -> None:
    ports = Ports()
    ports.now({mac(2): "lan3"}, NOW)
    places = Whereabouts([thing(IRON), thing(mac(2))], ports, {"lan3": IRON})
    assert places.of(mac(2)).port == ""
    before = Place(IRON, (IRON,), (), "lan3")
    assert ports.kept(places.of(IRON), before).port == "lan3"
    ports.now({mac(2): "lan3", IRON: "lan4"}, NOW)
    assert ports.kept(Place(IRON, (IRON,)), before).port == ""


def test_only_who_long_had_a_port_alone_is_bound_to_it() -> None:
    ports = Ports()
    ports.heard(mac(1), "p1", 0)
    ports.heard(mac(2), "p2", 0)
    ports.heard(mac(3), "p2", 0)
    assert ports.bound(1) == ()
    assert [(place.macs, place.port) for place in ports.bound(100)] == [((mac(1),), "p1")]
    ports.now({mac(1): "p9"}, 200)  # silent there, heard elsewhere: it may be another
    assert mac(1) not in {place.thing for place in ports.bound(400)}
