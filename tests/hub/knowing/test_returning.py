"""A phone that changes its address stays one phone where the clues allow, and carries no trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.adapters import rules
from omamori.hub.knowing import returning
from omamori.hub.knowing.corrections import CorrectionRefusedError
from omamori.hub.knowing.inventory import Inventory, KnownThing
from omamori.hub.knowing.record import SETTLING_S
from omamori.hub.knowing.returning import ID, Side, decide, is_ordinary, signs
from omamori.hub.knowing.reunion import ADDRESSES_PER_THING_MAX, HOLDERS_MAX
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from omamori.hub.knowing.known import KnownThing

BOOK, _ = rules.load(register=None)
ONE, TWO, THREE = "da:a1:19:00:00:01", "5e:10:20:30:40:02", "8a:00:00:00:00:03"
DAY = 86_400.0


def news_of(inventory: Inventory, since: float, now: float) -> list[KnownThing]:
    return [thing for thing in inventory.things() if since < thing.news_at <= now]


def hear(inventory: Inventory, at: float, source: str, kind: str, **fields: str) -> None:
    inventory.hear(Sighting(at, source, kind, fields))


def joins(inventory: Inventory, at: float, mac: str, hostname: str = "Taros-iPhone") -> None:
    hear(inventory, at, mac, "dhcp.request", hostname=hostname, parameters="1,121,3,6,15")


def only(inventory: Inventory) -> KnownThing:
    (thing,) = inventory.things()
    return thing


def came_back() -> Inventory:
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE)
    joins(inventory, DAY, TWO)
    return inventory


def keys(thing: KnownThing) -> set[str]:
    return {reason.key for reason in thing.identity.reasons}


def test_a_phone_that_changes_its_address_stays_one_phone_and_says_why() -> None:
    inventory = came_back()
    thing = only(inventory)
    assert (thing.id, thing.mac, thing.aliases) == (ONE, TWO, (TWO,))
    assert (thing.first_seen, thing.last_seen) == (0, DAY)
    assert {reason.key for reason in thing.returned_by} == {"identify.returned-by-name"}
    assert inventory.thing_of(TWO, "") == inventory.thing_of(ONE, "") == ONE
    assert inventory.thing(TWO) == thing


def test_likeness_is_no_ground_for_trust_until_a_person_says_that_it_is_the_same() -> None:
    inventory = came_back()
    assert only(inventory).is_likeness
    assert "identify.returned-no-trust" in keys(only(inventory))
    assert inventory.join(ONE, TWO) == ONE
    assert not only(inventory).is_likeness
    assert {reason.key for reason in only(inventory).returned_by} == {"identify.returned-by-person"}


def test_what_an_impostor_says_does_not_make_the_true_thing_better_known() -> None:
    inventory = came_back()
    hear(inventory, DAY, TWO, "upnp.description", manufacturer="Signify", model_name="Philips hue")
    assert only(inventory).identity.vendor.value == "Philips"
    joins(inventory, 3 * DAY, ONE)
    thing = only(inventory)
    assert (thing.mac, thing.is_likeness) == (ONE, False)
    assert "Signify" not in {clue.said for clue in thing.identity.evidence}


def test_who_came_back_is_never_told_of_as_new() -> None:
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE)
    assert news_of(inventory, -1, SETTLING_S - 1) == []
    assert [t.id for t in news_of(inventory, -1, SETTLING_S)] == [ONE]
    assert news_of(inventory, SETTLING_S, 2 * SETTLING_S) == []
    hear(inventory, DAY, TWO, "address.ipv6", ip="fe80::1")  # its name comes later
    joins(inventory, DAY + 30, TWO)
    assert news_of(inventory, SETTLING_S, 2 * DAY) == []


def test_when_both_speak_at_once_they_are_two_and_stay_two() -> None:
    inventory = came_back()
    hear(inventory, DAY + 20, ONE, "address.ipv4", ip="192.0.2.5")
    first, second = inventory.things()
    assert (first.id, second.id) == (ONE, TWO)
    assert "identify.parted-both-heard" in keys(first) & keys(second)
    assert first.returned_by == second.returned_by == ()
    joins(inventory, 3 * DAY, TWO)
    hear(inventory, 3 * DAY, TWO, "mdns.name", name="Taros-iPhone.local")
    assert len(inventory.things()) == 2
    assert [t.id for t in news_of(inventory, DAY, 2 * DAY)] == [TWO]


def test_talk_alone_shows_that_both_are_here() -> None:
    inventory = came_back()
    assert inventory.thing_of(ONE, "", DAY + 20) == ONE
    assert inventory.thing_of(TWO, "", DAY + 21) == TWO


def test_a_phone_may_go_back_to_its_older_address() -> None:
    inventory = came_back()
    hear(inventory, 3 * DAY, ONE, "address.ipv4", ip="192.0.2.5")
    assert only(inventory).mac == ONE
    joins(inventory, 5 * DAY, TWO)
    assert only(inventory).mac == TWO


def test_who_is_here_already_did_not_come_back() -> None:
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE)
    hear(inventory, 10, TWO, "address.ipv6", ip="fe80::1")
    hear(inventory, 20, ONE, "address.ipv4", ip="192.0.2.5")
    joins(inventory, 30, TWO)
    assert len(inventory.things()) == 2


def test_a_real_address_does_not_come_back_as_another() -> None:
    inventory = Inventory(BOOK)
    joins(inventory, 0, "00:17:88:24:76:ff")
    joins(inventory, DAY, TWO)
    assert len(inventory.things()) == 2
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE)
    joins(inventory, DAY, "00:17:88:24:76:ff")  # it stopped making addresses up
    assert only(inventory).mac == "00:17:88:24:76:ff"


def test_a_name_that_two_things_have_tells_neither_apart() -> None:
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE)
    joins(inventory, 0, TWO)
    joins(inventory, DAY, THREE)
    assert len(inventory.things()) == 3


@pytest.mark.parametrize(
    "name", ["iPhone", "Pixel-7", "android-dhcp-13", "localhost", "ESP_0A1B2C"]
)
def test_an_ordinary_name_joins_nobody(name: str) -> None:
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE, name)
    joins(inventory, DAY, TWO, name)
    assert len(inventory.things()) == 2


@pytest.mark.parametrize(
    "name",
    [
        "iPhone", "iPad-Pro", "Pixel-7", "Pixel 8a", "Galaxy-S21-Ultra", "SM-G991B", "CPH2269", "M2101K6G",
        "android-dhcp-13", "localhost", "ESP_0A1B2C", "my iphone", "HUAWEI-P30", "Redmi-Note-9", "moto-g-30",
        "raspberrypi", "", "---", "12345", "スマートフォン", "KJ-55X9500H", "Xperia_1_IV", "OnePlus9",
    ],
)  # fmt: skip
def test_names_that_many_things_have(name: str) -> None:
    assert is_ordinary(name)


@pytest.mark.parametrize(
    "name",
    [
        "Taros-iPhone", "iPhone de Maria", "太郎のiPhone", "はなこのPixel", "DESKTOP-4K2L9AB", "LAPTOP-0QG3B7T1",
        "android-1a2b3c4d5e6f7a8b", "kittys-galaxy", "Müllers iPad", "taro2024",
    ],
)  # fmt: skip
def test_names_that_a_person_or_a_lot_gave(name: str) -> None:
    assert not is_ordinary(name)


def test_the_same_name_is_heard_in_every_way_of_writing_it() -> None:
    dhcp = list(signs("dhcp.request", {"hostname": "Taros-iPhone.lan"}, ONE))
    mdns = list(signs("mdns.name", {"name": "Taros-iPhone-2.local."}, ONE))
    said = list(signs("mdns.service", {"instance": "Taro’s iPhone (2)"}, ONE))
    assert {text for _, text in (*dhcp, *mdns, *said)} == {"tarosiphone"}


def test_an_identifier_of_its_own_is_surer_than_a_name() -> None:
    duid = "00040123456789abcdef0123456789abcdef"
    inventory = Inventory(BOOK)
    hear(inventory, 0, ONE, "dhcp6.request", duid=duid)
    hear(inventory, DAY, TWO, "dhcp6.request", duid=duid)
    assert {r.key for r in only(inventory).returned_by} == {"identify.returned-by-id"}


@pytest.mark.parametrize(
    "client_id", ["01" + ONE.replace(":", ""), "01:5e:10", "00000000000000000000", "0101010101010101"]
)  # fmt: skip
def test_an_identifier_that_is_the_address_or_says_nothing_is_none(client_id: str) -> None:
    assert list(signs("dhcp.request", {"client_id": client_id}, ONE)) == []


def side(thing: str, first: float, last: float, *beliefs: str, private: bool = True) -> Side:
    told = frozenset({("host", "tarosiphone"), ("mdns", "tarosiphone"), ("habit", "options:1")})
    vendor, kind = beliefs or ("", "")
    return Side(thing, private, first, last, told, (vendor, kind))


def test_more_agreement_is_surer() -> None:
    name = frozenset({("host", "tarosiphone")})
    both = name | {("mdns", "tarosiphone")}
    old, new = side(ONE, 0, 10), side(TWO, 20, 20)
    weak, strong = decide(new, old, name), decide(new, old, both)
    assert weak
    assert strong
    assert (weak.band, strong.band) == ("likely", "sure")


def test_what_contradicts_ends_the_belief() -> None:
    name = frozenset({("host", "tarosiphone")})
    old, new = side(ONE, 0, 10, "Apple", "phone"), side(TWO, 20, 20, "Apple", "computer")
    assert decide(new, old, name) is None
    assert decide(side(TWO, 5, 20), side(ONE, 0, 10), name) is None
    assert decide(side(TWO, 20, 20), side(ONE, 0, 10, private=False), name) is None
    assert decide(side(TWO, 20, 20), side(ONE, 0, 10), frozenset()) is None
    other = Side(TWO, True, 20, 20, frozenset({("host", "x"), ("mdns", "tarosiphone")}))  # noqa: FBT003 - Side's second field
    assert decide(other, side(ONE, 0, 10), frozenset({("mdns", "tarosiphone")})) is None


def test_a_persons_name_goes_along_and_no_is_remembered_over_a_restart() -> None:
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE)
    inventory.correct(ONE, "太郎のスマホ", "phone")
    joins(inventory, DAY, TWO)
    assert only(inventory).names[0] == "太郎のスマホ"
    inventory.part(TWO)
    first, second = inventory.things()
    assert (first.names[0], second.is_corrected) == ("太郎のスマホ", False)
    later = Inventory(BOOK)
    pieces = [(key, value) for key, value in inventory.take_changes() if value]
    assert later.restore(pieces, 2 * DAY) == 0
    joins(later, 2 * DAY, TWO)
    hear(later, 2 * DAY, TWO, "mdns.name", name="Taros-iPhone.local")
    assert len(later.things()) == 2
    assert later.join(TWO, ONE) == ONE
    assert only(later).aliases == (TWO,)


def test_the_first_address_can_be_parted_from_the_others() -> None:
    inventory = came_back()
    joins(inventory, 3 * DAY, THREE)
    assert only(inventory).aliases == (TWO, THREE)
    inventory.part(ONE)
    assert [(t.id, t.aliases) for t in inventory.things()] == [(ONE, ()), (TWO, (THREE,))]


def test_a_person_joins_two_that_speak_at_once() -> None:
    inventory = Inventory(BOOK)
    hear(inventory, 0, ONE, "address.ipv4", ip="192.0.2.5")
    hear(inventory, 1, "00:17:88:24:76:ff", "address.ipv4", ip="192.0.2.6")
    inventory.correct("00:17:88:24:76:ff", "仕事のパソコン", "computer")
    assert inventory.join("00:17:88:24:76:ff", ONE) == ONE
    for at in range(2, 20):
        hear(inventory, at, ONE, "address.ipv4", ip="192.0.2.5")
        hear(inventory, at, "00:17:88:24:76:ff", "address.ipv4", ip="192.0.2.6")
    thing = only(inventory)
    assert (thing.names[0], set(thing.ips)) == ("仕事のパソコン", {"192.0.2.5", "192.0.2.6"})
    assert not thing.is_likeness
    assert inventory.thing_of("", "192.0.2.6") == ONE


def test_what_a_person_asks_for_in_vain_is_refused() -> None:
    inventory = came_back()
    for ask in (
        lambda: inventory.join(ONE, ONE),
        lambda: inventory.join(ONE, THREE),
        lambda: inventory.part(THREE),
    ):
        with pytest.raises(CorrectionRefusedError):
            ask()
    inventory.part(TWO)
    with pytest.raises(CorrectionRefusedError):
        inventory.part(TWO)


def test_many_addresses_under_one_name_are_bounded() -> None:
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE)
    inventory.correct(ONE, "太郎のスマホ", "")
    for n in range(100):
        joins(inventory, (n + 1) * DAY, f"02:00:00:00:00:{n:02x}")
    thing = only(inventory)
    assert len(thing.aliases) == ADDRESSES_PER_THING_MAX - 1
    assert (thing.id, thing.mac, thing.names[0]) == (ONE, "02:00:00:00:00:63", "太郎のスマホ")
    assert len(inventory._records) == ADDRESSES_PER_THING_MAX


def test_a_flood_under_one_name_does_not_wear_a_phones_place() -> None:
    inventory = Inventory(BOOK)
    joins(inventory, 0, ONE)
    for n in range(5000):
        joins(inventory, DAY + n * 0.01, f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}")
    thing = inventory.thing(ONE)
    assert thing is not None
    assert len(thing.aliases) <= 1
    assert all(len(holders) <= HOLDERS_MAX for holders in inventory._reunions._holders.values())


@given(st.sampled_from(sorted(returning.SIGN_KINDS)), st.data())
def test_any_text_gives_bounded_signs(kind: str, data: st.DataObject) -> None:
    fields = data.draw(st.dictionaries(st.sampled_from(
        ["hostname", "client_id", "parameters", "fqdn", "duid", "name", "host", "instance",
         "serial_number", "epc.83"]), st.text(max_size=300)))  # fmt: skip
    for family, text in signs(kind, fields, ONE):
        assert family in {ID, "habit"} | returning.NAMES
        assert 0 < len(text) <= 2 * returning.SIGN_CHARACTERS_MAX


acts = st.tuples(
    st.sampled_from(["hear", "join", "part", "keep", "step", "flow"]),
    st.sampled_from([ONE, TWO, THREE, "00:17:88:24:76:ff", "ip:192.0.2.1"]),
    st.sampled_from([ONE, TWO, THREE, "00:17:88:24:76:ff", "ip:192.0.2.1"]),
    st.sampled_from(["Taros-iPhone", "Hanakos-iPad", "iPhone"]),
    st.floats(0, 4e6),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(acts, max_size=30))
def test_every_address_is_of_one_thing_whatever_happens(
    done: list[tuple[str, str, str, str, float]],
) -> None:
    inventory = Inventory(BOOK)
    for act, one, other, name, at in done:
        try:
            if act == "hear":
                joins(inventory, at, one, name)
                hear(inventory, at, one, "address.ipv4", ip="192.0.2.1")
            elif act == "join":
                inventory.join(one, other)
            elif act == "part":
                inventory.part(one)
            elif act == "step":
                inventory.step(at)
            elif act == "flow":
                inventory.thing_of(one, "", at)
            else:
                pieces = [(key, value) for key, value in inventory.take_changes() if value]
                again = Inventory(BOOK)
                assert again.restore(pieces, at) == 0
        except CorrectionRefusedError:
            continue
    things = inventory.things()
    owned = [i for thing in things for i in (thing.id, *thing.aliases)]
    assert sorted(owned) == sorted(inventory._records)
    for thing in things:
        assert all(inventory.thing_of(i, "") == thing.id for i in (thing.id, *thing.aliases))
        assert thing.first_seen <= thing.last_seen
