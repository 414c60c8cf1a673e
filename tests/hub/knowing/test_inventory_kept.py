"""What is known of things outlasts a restart, a wrong clock and a flood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters import rules
from omamori.hub.knowing import inventory as inv
from omamori.hub.knowing import kept
from omamori.hub.knowing.inventory import Inventory
from omamori.hub.knowing.record import SETTLED_AFTER_S, SETTLING_S
from omamori.hub.sighting import Sighting

BOOK, _ = rules.load(register=None)
HUE, PLUG, PHONE = "00:17:88:24:76:ff", "50:c7:bf:00:fc:a3", "da:a1:19:00:00:01"
DAY = 86_400.0


def hear(inventory: Inventory, at: float, source: str, kind: str, **fields: str) -> None:
    inventory.hear(Sighting(at, source, kind, fields))


def home(at: float = 0.0) -> Inventory:
    inventory = Inventory(BOOK)
    hear(inventory, at, PLUG, "dhcp.request", hostname="HS100(EU)")
    hear(inventory, at, PLUG, "talk.service", proto="tcp", port="9999", role="offers")
    hear(inventory, at, HUE, "mdns.service", type="_hue._tcp", instance="Philips Hue - 2476FF")
    hear(inventory, at + 1, HUE, "address.ipv4", ip="192.0.2.6")
    return inventory


def kept_by(inventory: Inventory) -> list[tuple[str, bytes]]:
    return [(key, value) for key, value in inventory.take_changes() if value is not None]


def test_after_a_restart_nothing_is_new_and_all_is_known() -> None:
    before = home()
    later = Inventory(BOOK)
    assert later.restore(kept_by(before), 5 * DAY) == 0
    for old, new in zip(before.things(), later.things(), strict=True):
        assert (old.id, old.names, old.first_seen) == (new.id, new.names, new.first_seen)
        assert (old.heard_by, old.last_seen) == (new.heard_by, new.last_seen)
        assert old.identity.reasons == new.identity.reasons
        assert old.identity.kind == new.identity.kind
        told = [(clue.place, clue.said) for clue in old.identity.evidence]
        assert told == [(clue.place, clue.said) for clue in new.identity.evidence]
    assert later.thing(HUE) is not None
    assert later.thing_of("", "192.0.2.6") == ""  # addresses are heard again
    hear(later, 5 * DAY, HUE, "address.ipv4", ip="192.0.2.9")
    assert not [one for one in later.things() if one.news_at > 4 * DAY]


def test_only_what_changed_is_kept_again() -> None:
    inventory = home()
    assert {key for key, _ in inventory.take_changes()} == {HUE, PLUG}
    assert inventory.take_changes() == []
    hear(inventory, 60, PLUG, "dhcp.request", hostname="HS100(EU)")
    assert inventory.take_changes() == []
    hear(inventory, inv.KEEP_AGAIN_AFTER_S, PLUG, "dhcp.request", hostname="HS100(EU)")
    assert [key for key, _ in inventory.take_changes()] == [PLUG]
    hear(inventory, 7000, HUE, "mdns.service", type="_hap._tcp")
    assert [key for key, _ in inventory.take_changes()] == [HUE]


def test_what_was_never_kept_needs_no_forgetting() -> None:
    inventory = home()
    inventory.take_changes()
    for n in range(3 * inv.THINGS_MAX):
        hear(inventory, 9.0, f"06:00:00:00:{n >> 8:02x}:{n & 255:02x}", "address.ipv4", ip="")
    changes = inventory.take_changes()
    assert len(changes) <= inv.THINGS_MAX + 2


@pytest.mark.parametrize(
    "piece",
    [
        (HUE, b""),
        (HUE, b"\xc1"),
        (HUE, b"\x91" * 10_000),
        (HUE, b"\x90"),
        (HUE, b"x" * (kept.VALUE_OCTETS_MAX + 1)),
    ],
)
def test_an_unreadable_piece_is_left_out_and_counted(piece: tuple[str, bytes]) -> None:
    inventory = Inventory(BOOK)
    good = [pair for pair in kept_by(home()) if pair[0] == PLUG]
    assert inventory.restore([piece, *good], DAY) == 1
    assert [thing.id for thing in inventory.things()] == [PLUG]


@pytest.mark.parametrize("key", ["", "x", "01:00:5e:00:00:fb", f"{HUE}/", "/3", f"{PHONE}/3"])
def test_a_piece_under_no_things_key_is_left_out(key: str) -> None:
    inventory = Inventory(BOOK)
    (value, *_) = [value for _, value in kept_by(home())]
    assert inventory.restore([(key, value)], DAY) == 1
    assert inventory.things() == []


@given(st.lists(st.tuples(st.sampled_from([HUE, PLUG, f"{HUE}/3"]), st.binary(max_size=80))))
def test_any_octets_are_restored_or_left_out(pieces: list[tuple[str, bytes]]) -> None:
    inventory = Inventory(BOOK)
    left_out = inventory.restore(pieces, DAY)
    assert len(inventory.things()) <= len(pieces) - left_out


def test_values_are_bounded_however_much_a_thing_says() -> None:
    inventory = Inventory(BOOK)
    for n in range(300):
        name = f"{n:03}" + "あ" * 250
        hear(inventory, n, PHONE, "mdns.service", type="_ipp._tcp", instance=name, host=name)
        hear(inventory, n, PHONE, "dhcp.request", hostname=name, client_id=f"{n:032x}")
    ((_, value),) = kept_by(inventory)
    assert len(value) <= kept.VALUE_OCTETS_MAX
    assert Inventory(BOOK).restore([(PHONE, value)], DAY) == 0


def test_a_clock_that_runs_far_ahead_and_back_wipes_nothing() -> None:
    inventory = home()
    for at in (60.0, 120.0, 30 * 365 * DAY, 30 * 365 * DAY + 60, 180.0, 240.0):
        assert inventory.step(at) == []
    assert len(inventory.things()) == 2


def test_what_was_heard_in_the_future_was_heard_now() -> None:
    inventory = home()
    hear(inventory, 80 * 365 * DAY, PHONE, "dhcp.request", hostname="Taros-iPhone")
    inventory.step(100.0)
    thing = inventory.thing(PHONE)
    assert thing is not None
    assert (thing.first_seen, thing.last_seen) == (100.0, 100.0)
    assert all(clue.at <= 100.0 for clue in thing.identity.evidence)
    assert thing.news_at == 100.0 + SETTLING_S
    for half_hour in range(2 * 24 * 32):
        inventory.step(half_hour * 1800.0)
    assert inventory.things() == []


def test_a_clock_at_1970_does_not_make_a_thing_old() -> None:
    inventory = home(50 * 365 * DAY)
    hear(inventory, 0.0, PLUG, "dhcp.request", hostname="HS100(EU)")
    thing = inventory.thing(PLUG)
    assert thing is not None
    assert thing.first_seen == 50 * 365 * DAY


def test_kept_times_of_the_future_are_now() -> None:
    inventory = Inventory(BOOK)
    assert inventory.restore(kept_by(home(9e9)), 1000.0) == 0
    for thing in inventory.things():
        assert thing.first_seen <= thing.last_seen <= 1000.0
        assert thing.news_at <= 1000.0 + SETTLING_S


def test_a_long_sleep_gives_things_time_to_be_heard() -> None:
    inventory = home()
    inventory.step(0.0)
    assert inventory.step(40 * DAY) == []
    hear(inventory, 40 * DAY + 600, HUE, "address.ipv4", ip="192.0.2.6")
    gone = [i for k in range(14) for i in inventory.step(40 * DAY + k * 1800.0)]
    assert gone == [PLUG]


def test_an_address_that_was_long_free_brings_its_new_owner_nothing() -> None:
    inventory = Inventory(BOOK)
    hear(inventory, 0, "ip:192.0.2.6", "upnp.description", manufacturer="Signify")
    inventory.correct("ip:192.0.2.6", "台所のブリッジ", "bridge")
    hear(inventory, 20 * DAY, PLUG, "address.ipv4", ip="192.0.2.6")
    thing = inventory.thing(PLUG)
    assert thing is not None
    assert (thing.names, thing.is_corrected) == ((), False)


def test_settled_things_outlive_a_flood_of_names_and_addresses() -> None:
    inventory = home()
    for mac in (HUE, PLUG):
        hear(inventory, SETTLED_AFTER_S + 1, mac, "dns.query", name="example.org")
    for n in range(10_000):
        mac = f"{n % 61 * 4:02x}:{n >> 8 & 255:02x}:{n & 255:02x}:00:00:01"
        hear(inventory, 9000 + n / 100, mac, "dhcp.request", hostname=f"name{n}")
        hear(inventory, 9000 + n / 100, mac, "address.ipv4", ip=f"10.0.{n >> 8 & 255}.{n & 255}")
    assert {HUE, PLUG} <= {thing.id for thing in inventory.things()}
    assert len(inventory._records) <= inv.THINGS_MAX
    assert len(inventory._by_ip) <= inv.THINGS_MAX
    assert len(inventory._reunions._holders) <= inv.THINGS_MAX


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("cam\u202egpj.exe", "camgpj.exe"),
        ("a\u200bb\u2066c\x00d", "abcd"),
        ("\u3164\u2800", None),
        ("  居間 の  テレビ ", "居間 の テレビ"),
    ],
)
def test_names_hold_only_what_can_be_seen(said: str, shown: str | None) -> None:
    inventory = Inventory(BOOK)
    hear(inventory, 1, PLUG, "upnp.description", friendly_name=said)
    inventory.correct(PLUG, said, "plug")
    thing = inventory.thing(PLUG)
    assert thing is not None
    assert thing.names == ((shown,) if shown else ())


def test_several_names_and_addresses_at_one_hardware_address_are_said_to_be_others() -> None:
    inventory = Inventory(BOOK)
    for n, name in enumerate(["Hanakos-Mac", "dining-tv", "study-printer"]):
        hear(inventory, n, HUE, "address.ipv4", ip=f"192.0.2.{n + 1}")
        hear(inventory, n, HUE, "mdns.name", name=f"{name}.local", ip=f"192.0.2.{n + 1}")
    thing = inventory.thing(HUE)
    assert thing is not None
    assert thing.hides_others
    assert "identify.others-behind" in {r.key for r in thing.identity.reasons}
    hear(inventory, 5, PLUG, "address.ipv4", ip="192.0.2.9")
    hear(inventory, 5, PLUG, "mdns.name", name="one.local")
    plug = inventory.thing(PLUG)
    assert plug is not None
    assert not plug.hides_others
