"""What lives behind a bridge is a thing of its own, by the bridge's word and no better than it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters import rules
from omamori.hub.knowing import behind
from omamori.hub.knowing.inventory import Inventory
from omamori.hub.sighting import Sighting

BOOK, _ = rules.load(register=None)
HUE = "00:17:88:24:76:ff"
DAY = 86_400.0


def hear(inventory: Inventory, at: float, source: str, what: str, /, **fields: str) -> None:
    inventory.hear(Sighting(at, source, what, fields))


def lamp(inventory: Inventory, at: float, child: str = "3", **more: str) -> None:
    said = {"name": "居間のあかり", "maker": "Signify", "model": "LCT015", "kind": "light"} | more
    hear(inventory, at, HUE, "bridge.child", child=child, by="hue", **said)


def test_a_lamp_behind_a_bridge_is_a_thing_of_its_own() -> None:
    inventory = Inventory(BOOK)
    lamp(inventory, 5)
    bridge, thing = inventory.things()
    assert (bridge.id, bridge.children, bridge.behind) == (HUE, (f"{HUE}/3",), "")
    assert (thing.id, thing.behind, thing.mac, thing.ips) == (f"{HUE}/3", HUE, "", ())
    assert (thing.names, bridge.names) == (("居間のあかり",), ())
    assert bridge.identity.kind.value != "light"
    assert (thing.identity.kind.value, thing.identity.vendor.value) == ("light", "Philips")
    assert "identify.told-by-bridge" in {r.key for r in thing.identity.reasons}
    assert inventory.thing(thing.id) == thing
    assert inventory.thing_of(HUE, "") == HUE


def test_a_child_by_its_bridges_word_alone_is_not_sure() -> None:
    inventory = Inventory(BOOK)
    lamp(inventory, 5)
    child = inventory.thing(f"{HUE}/3")
    assert child is not None
    assert child.identity.kind.band in {"likely", "unsure"}


def test_a_upnp_device_type_names_the_childs_kind() -> None:
    inventory = Inventory(BOOK)
    lamp(inventory, 5, kind="urn:schemas-upnp-org:device:DimmableLight:1", model="")
    child = inventory.thing(f"{HUE}/3")
    assert child is not None
    assert child.identity.kind.value == "light"


def test_several_appliances_in_one_node_are_behind_it_and_a_single_one_is_the_node() -> None:
    inventory = Inventory(BOOK)
    hear(inventory, 1, HUE, "echonet.object", eoj="0ef001")
    hear(inventory, 1, HUE, "echonet.object", eoj="05ff01")
    hear(inventory, 1, HUE, "echonet.object", **{"eoj": "013001", "epc.8a": "00000b"})
    assert inventory.things()[0].children == ()
    hear(inventory, 2, HUE, "echonet.object", eoj="027d01")
    node, cooler, battery = inventory.things()
    assert node.children == (f"{HUE}/013001", f"{HUE}/027d01")
    assert cooler.identity.kind.value == "air-conditioner"
    assert cooler.identity.vendor.value == "Panasonic"
    assert battery.identity.kind.value == "storage-battery"


def test_what_is_behind_an_address_goes_along_when_its_hardware_address_is_heard() -> None:
    inventory = Inventory(BOOK)
    for eoj in ("013001", "026f01"):
        hear(inventory, 1.0, "ip:192.168.1.9", "echonet.object", eoj=eoj)
    inventory.correct("ip:192.168.1.9/026f01", "front door", "")
    hear(inventory, 2.0, "00:00:5e:00:53:07", "neighbour.entry", ip="192.168.1.9")
    known = {thing.id: thing for thing in inventory.things()}
    node = "00:00:5e:00:53:07"
    assert known.keys() == {node, f"{node}/013001", f"{node}/026f01"}
    assert known[f"{node}/013001"].identity.kind.value == "air-conditioner"
    assert known[f"{node}/026f01"].names[0] == "front door"
    assert known[f"{node}/026f01"].behind == node
    assert inventory._behind.count == 2
    # And a third object is one of three.
    hear(inventory, 3.0, node, "echonet.object", eoj="027d01")
    assert len(known) + 1 == len(inventory.things())


def test_a_person_names_a_child_and_it_is_kept() -> None:
    inventory = Inventory(BOOK)
    lamp(inventory, 0)
    inventory.correct(f"{HUE}/3", "寝室のあかり", "")
    later = Inventory(BOOK)
    later.restore_corrections(inventory.corrections_state())
    pieces = [(key, value) for key, value in inventory.take_changes() if value]
    assert later.restore(pieces, DAY) == 0
    child = later.thing(f"{HUE}/3")
    assert child is not None
    assert (child.names[0], child.identity.kind.value) == ("寝室のあかり", "light")
    assert not [one for one in later.things() if one.news_at > DAY - 1]


def test_what_its_bridge_no_longer_tells_of_vanishes() -> None:
    inventory = Inventory(BOOK)
    lamp(inventory, 0, "3")
    for half_hour in range(2 * 24 * 9):
        at = half_hour * 1800.0
        lamp(inventory, at, "4")
        inventory.step(at)
    assert inventory.things()[0].children == (f"{HUE}/4",)


def test_a_bridge_that_is_forgotten_takes_its_children_along() -> None:
    inventory = Inventory(BOOK)
    lamp(inventory, 0)
    inventory.take_changes()
    for half_hour in range(2 * 24 * 31):
        inventory.step(half_hour * 1800.0)
    assert inventory.thing(HUE) is None
    assert inventory.thing(f"{HUE}/3") is None
    assert {(HUE, None), (f"{HUE}/3", None)} <= set(inventory.take_changes())


def test_children_are_bounded_and_push_out_nothing_else() -> None:
    inventory = Inventory(BOOK)
    for n in range(500):
        lamp(inventory, n, f"lamp {n}")
    lamp(inventory, 5000, "lamp 0")
    for node in range(50):
        for n in range(40):
            mac = f"00:17:88:00:00:{node:02x}"
            hear(inventory, n, mac, "bridge.child", child=f"{n}", kind="light")
    bridge = inventory.thing(HUE)
    assert bridge is not None
    assert len(bridge.children) == behind.CHILDREN_PER_BRIDGE_MAX
    assert inventory._behind.count == behind.CHILDREN_MAX
    assert inventory._behind.refused > 0
    assert len(inventory._records) == 51


def test_made_up_bridges_do_not_shut_out_a_real_ones_lamps() -> None:
    inventory = Inventory(BOOK)
    for node in range(16):
        for n in range(behind.CHILDREN_PER_BRIDGE_MAX):
            mac = f"0a:00:00:00:00:{node:02x}"
            hear(inventory, node, mac, "bridge.child", child=f"{n}", kind="light")
    inventory.correct("0a:00:00:00:00:0f/63", "台所", "")
    kept = {key for key, value in inventory.take_changes() if value is not None}
    for n in range(30):
        lamp(inventory, 100 + n, f"lamp {n}")
    bridge = inventory.thing(HUE)
    assert bridge is not None
    assert len(bridge.children) == 30
    assert inventory._behind.count == behind.CHILDREN_MAX
    assert inventory.thing("0a:00:00:00:00:0f/63") is not None  # a person named it
    gone = {key for key, value in inventory.take_changes() if value is None}
    assert len(gone & kept) == 30
    again = {f"{mac}/{n}" for mac in ("0a:00:00:00:00:0f", HUE) for n in range(64)}
    assert not gone & {thing.id for thing in inventory.things()} & again


@given(st.text(max_size=200))
def test_any_child_name_gives_an_id_that_leads_back_to_it(child: str) -> None:
    inventory = Inventory(BOOK)
    lamp(inventory, 1, child)
    for thing_id in inventory.things()[0].children:
        found = inventory.thing(thing_id)
        assert found is not None
        assert thing_id.isprintable()
        assert thing_id.count("/") == 1
        assert len(thing_id) <= len(HUE) + 1 + behind.CHILD_CHARACTERS_MAX


@pytest.mark.parametrize(
    ("eoj", "told"),
    [("013001", True), ("05ff01", False), ("0ef001", False), ("", False), ("0130", False)],
)
def test_which_objects_are_appliances(eoj: str, told: bool) -> None:  # noqa: FBT001 - a table
    assert behind.is_appliance(eoj) is told
