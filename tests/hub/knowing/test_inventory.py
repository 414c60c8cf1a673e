"""The inventory: addresses meet, people win, and a flood cannot push the home out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.adapters import rules
from omamori.hub.knowing import inventory as inv
from omamori.hub.knowing.inventory import CorrectionRefusedError, Inventory
from omamori.hub.knowing.record import CLUES_PER_THING_MAX
from omamori.hub.sighting import KINDS, Sighting

BOOK, _ = rules.load(register=None)
HUE, PLUG = "00:17:88:24:76:ff", "50:c7:bf:00:fc:a3"


def home() -> Inventory:
    return Inventory(BOOK)


def hear(inventory: Inventory, at: float, source: str, kind: str, **fields: str) -> None:
    inventory.hear(Sighting(at, source, kind, fields))


def test_what_was_heard_by_address_alone_joins_its_hardware_address() -> None:
    inventory = home()
    hear(
        inventory,
        1,
        "ip:192.0.2.6",
        "upnp.description",
        friendly_name="Hue (192.0.2.6)",
        manufacturer="Signify",
    )
    assert [t.id for t in inventory.things()] == ["ip:192.0.2.6"]
    inventory.correct("ip:192.0.2.6", "台所のブリッジ", "")
    hear(inventory, 2, HUE, "neighbour.entry", ip="192.0.2.6", state="reachable")
    (thing,) = inventory.things()
    assert (thing.id, thing.mac, thing.ips) == (HUE, HUE, ("192.0.2.6",))
    assert thing.identity.vendor.value == "Philips"
    assert thing.names == ("台所のブリッジ", "Hue (192.0.2.6)")
    assert thing.first_seen == 1
    assert thing.heard_by == ("neighbour.entry", "upnp.description")
    hear(inventory, 3, "ip:192.0.2.6", "mdns.service", type="_hue._tcp")
    assert len(inventory.things()) == 1
    assert inventory.things()[0].identity.kind.value == "bridge"


def test_an_address_that_moves_takes_nothing_from_its_former_owner() -> None:
    inventory = home()
    hear(inventory, 1, HUE, "address.ipv4", ip="192.0.2.6")
    hear(inventory, 2, PLUG, "address.ipv4", ip="192.0.2.6")
    first, second = inventory.things()
    assert (first.ips, second.ips) == ((), ("192.0.2.6",))
    assert inventory.thing_of("", "192.0.2.6") == PLUG


def test_talk_is_given_to_the_thing_that_speaks() -> None:
    inventory = home()
    hear(inventory, 1, HUE, "address.ipv4", ip="192.0.2.6")
    hear(inventory, 1, "ip:192.0.2.9", "mdns.service", type="_hue._tcp")
    assert inventory.thing_of(HUE, "192.0.2.99") == HUE
    assert inventory.thing_of("", "192.0.2.6") == HUE
    assert inventory.thing_of("", "192.0.2.9") == "ip:192.0.2.9"
    assert inventory.thing_of(PLUG, "192.0.2.77") == ""


def test_a_person_wins_and_their_word_outlives_a_restart() -> None:
    inventory = home()
    hear(inventory, 1, PLUG, "dhcp.request", hostname="HS100(EU)")
    inventory.correct(PLUG, "  扇風機\n", "fan")
    thing = inventory.thing(PLUG)
    assert thing is not None
    assert (thing.names[0], thing.identity.kind.value, thing.is_corrected) == (
        "扇風機",
        "fan",
        True,
    )
    later = home()
    later.restore_corrections(inventory.corrections_state())
    hear(later, 9, PLUG, "dhcp.request", hostname="HS100(EU)")
    assert later.things()[0].identity.kind.value == "fan"
    later.correct(PLUG, "", "")
    assert later.things()[0].identity.kind.value == "plug"
    assert later.corrections_state() == {}


@pytest.mark.parametrize(
    ("thing", "kind", "key"),
    [("ip:192.0.2.9", "fan", "identify.no-such-thing"), (PLUG, "toaster", "identify.no-such-kind")],
)
def test_a_correction_that_cannot_be_kept_is_refused(thing: str, kind: str, key: str) -> None:
    inventory = home()
    hear(inventory, 1, PLUG, "dhcp.request", hostname="HS100(EU)")
    with pytest.raises(CorrectionRefusedError) as refused:
        inventory.correct(thing, "x", kind)
    assert refused.value.reason.key == key


@pytest.mark.parametrize(
    "state", [None, [], {"a": 1}, {"a": {"nmae": "x"}}, {"a": {"kind": "toaster"}}]
)
def test_a_broken_state_is_refused_and_the_present_one_kept(state: object) -> None:
    inventory = home()
    hear(inventory, 1, PLUG, "dhcp.request", hostname="HS100(EU)")
    inventory.correct(PLUG, "扇風機", "")
    with pytest.raises(CorrectionRefusedError):
        inventory.restore_corrections(state)
    assert inventory.corrections_state() == {PLUG: {"name": "扇風機", "kind": ""}}


def test_a_private_address_is_said_so() -> None:
    inventory = home()
    hear(inventory, 1, "da:a1:19:00:00:01", "dhcp.request", hostname="Pixel-7")
    (thing,) = inventory.things()
    assert thing.is_private_address
    assert "identify.private-address" in {r.key for r in thing.identity.reasons}


def test_a_flood_of_made_up_addresses_leaves_the_home_in_place() -> None:
    inventory = home()
    hear(
        inventory,
        0,
        HUE,
        "ssdp.notify",
        nt="upnp:rootdevice",
        server="Linux UPnP/1.0 IpBridge/1.9.0",
    )
    hear(inventory, 1, PLUG, "dhcp.request", hostname="HS100(EU)")
    for n in range(3 * inv.THINGS_MAX):
        mac = f"02:{n >> 24 & 255:02x}:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}:00"
        hear(inventory, 2 + n, mac, "address.ipv4", ip=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    ids = {t.id for t in inventory.things()}
    assert {HUE, PLUG} <= ids
    assert len(ids) <= inv.THINGS_MAX
    assert inventory.evicted >= 2 * inv.THINGS_MAX
    assert len(inventory._by_ip) <= inv.THINGS_MAX


def test_what_a_person_named_is_never_evicted() -> None:
    inventory = home()
    hear(inventory, 0, "02:00:00:00:00:01", "address.ipv4", ip="10.0.0.1")
    inventory.correct("02:00:00:00:00:01", "孫のスマホ", "phone")
    for n in range(2 * inv.THINGS_MAX):
        hear(inventory, 1, f"06:00:00:00:{n >> 8:02x}:{n & 255:02x}", "address.ipv4", ip="10.0.0.2")
    assert inventory.thing("02:00:00:00:00:01") is not None


def test_a_talkative_thing_keeps_what_others_say_of_it() -> None:
    inventory = home()
    hear(inventory, 0, PLUG, "dhcp.request", hostname="HS100(EU)")
    for n in range(500):
        hear(inventory, 1 + n, PLUG, "mdns.service", type="_ipp._tcp", instance=f"printer {n}")
    (thing,) = inventory.things()
    assert len(thing.identity.evidence) <= CLUES_PER_THING_MAX
    assert inventory._records[PLUG].lost > 400
    assert "HS100(EU)" in {clue.said for clue in thing.identity.evidence}


def test_addresses_of_one_thing_are_bounded() -> None:
    inventory = home()
    for n in range(100):
        hear(inventory, n, PLUG, "address.ipv6", ip=f"2001:db8::{n:x}")
    (thing,) = inventory.things()
    assert len(thing.ips) == inv.ADDRESSES_PER_THING_MAX
    assert thing.ips[0] == "2001:db8::63"
    assert len(inventory._by_ip) == inv.ADDRESSES_PER_THING_MAX


def test_what_is_long_unheard_is_forgotten_unless_a_person_named_it() -> None:
    inventory = home()
    hear(inventory, 0, HUE, "address.ipv4", ip="192.0.2.6")
    hear(inventory, 0, PLUG, "address.ipv4", ip="192.0.2.7")
    inventory.correct(PLUG, "扇風機", "")
    inventory.step(inv.FORGET_AFTER_S - inv.PATIENCE_S)
    for at in range(0, int(inv.PATIENCE_S) + 1, 1800):
        assert inventory.step(inv.FORGET_AFTER_S - inv.PATIENCE_S + at) == []
    assert inventory.step(inv.FORGET_AFTER_S + 1) == [HUE]
    assert inventory.thing_of("", "192.0.2.6") == ""


@pytest.mark.parametrize(
    "source", ["ip:127.0.0.1", "ip:0.0.0.0", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "", "x"]
)
def test_nobody_is_no_thing(source: str) -> None:
    inventory = home()
    hear(inventory, 1, source, "address.ipv4", ip="192.0.2.1")
    assert inventory.things() == []
    assert inventory.refused == 1


sources = st.sampled_from(
    [HUE, PLUG, "02:00:00:00:00:01", "ip:192.0.2.1", "ip:192.0.2.2", "ip:2001:db8::1"]
)
heard = st.builds(
    Sighting,
    st.floats(0, 1e7),
    sources,
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(
        st.sampled_from(["ip", "hostname", "name", "type", "nt"]),
        st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "ipcam", ""])
        | st.text(max_size=5),
        max_size=3,
    ),
)


@settings(max_examples=200)
@given(st.lists(heard, max_size=40))
def test_every_address_has_one_owner_who_knows_it(sightings: list[Sighting]) -> None:
    inventory = home()
    for sighting in sightings:
        inventory.hear(sighting)
    things = {thing.id: thing for thing in inventory.things()}
    owned = [ip for thing in things.values() for ip in thing.ips]
    assert len(owned) == len(set(owned))
    for ip in owned:
        owner = inventory.thing_of("", ip)
        assert ip in things[owner].ips
    assert all(thing.first_seen <= thing.last_seen for thing in things.values())
