"""The watch as a whole: whose a fact is, what a person's word does, what is kept, what is bounded."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import mud_made
from hub.alerting.detect_made import (
    IRON,
    PHONE,
    PHONE_IP,
    ROUTER,
    ROUTER_IP,
    START,
    TV,
    TV_IP,
    answered,
    asks_arp,
    claims_arp,
    goes_on,
    home,
    opens,
    world,
)
from omamori.adapters import rules
from omamori.adapters.shelf import MemoryShelf
from omamori.documents.mud import read_mud
from omamori.hub.alerting import alert, detect_counts
from omamori.hub.alerting.alert import FINE, OPEN
from omamori.hub.behaving import behaviour, peers
from omamori.hub.behaving.habit import DAY_S, LEARN_S
from omamori.hub.finding import Finding
from omamori.hub.flow import ACK, SYN, Flow
from omamori.hub.knowing import inventory, likeness_tokens
from omamori.hub.service import LEARN_EVERY_S, Watch
from omamori.hub.sighting import KINDS, Sighting
from omamori.hub.talking import traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES, _ = rules.load()
HOUR_S = 3600.0
BULB = read_mud(mud_made.octets(mud_made.BULB))
CAMERA, CAMERA_IP = "02:00:00:00:00:40", home(40)
CLOUD, FAR = world(1), world(70_000)


class Atlas:
    def country(self, ip: str) -> str:
        return {CLOUD: "JP", FAR: "AQ"}.get(ip, "")


def watch() -> Watch:
    return Watch(RULES, Atlas())


def is_at(at: float, mac: str, ip: str) -> Sighting:
    return Sighting(at, mac, "address.ipv4", {"ip": ip})


def named(at: float, mac: str, ip: str, name: str) -> Sighting:
    return Sighting(at, mac, "name.address", {"ip": ip, "name": name, "by": "dns"})


def calls(at: float, target: str, mac: str = CAMERA, source: str = CAMERA_IP) -> list[Flow]:
    """A connection outside that is accepted, and what is said in it."""
    port = 40_000 + int(at) % 20_000
    asked = opens(at, target, 443, mac=mac, source=source, from_port=port)
    said = msgspec.structs.replace(goes_on(asked, at + 5), flags=SYN | ACK, octets=3_000)
    return [asked, answered(asked), said]


def settled() -> Watch:
    """A camera that has called its maker for four days, a television, a phone and the router."""
    hub = watch()
    for mac, ip in ((CAMERA, CAMERA_IP), (TV, TV_IP), (PHONE, PHONE_IP), (ROUTER, ROUTER_IP)):
        hub.hear([is_at(START, mac, ip)], ())
    hub.hear([Sighting(START, CAMERA, "dhcp.request", {"hostname": "netcam-entrance"})], ())
    for hour in range(0, 4 * 24, 3):
        at = START + hour * HOUR_S
        hub.hear([named(at, CAMERA, CLOUD, "cam.maker.example")], calls(at + 1, CLOUD))
        hub.step(at + 10)
    return hub


LATER = START + LEARN_S + 1.5 * DAY_S


def departed(hub: Watch, at: float = LATER) -> list[alert.Alert]:
    return hub.hear([named(at, CAMERA, FAR, "far.example")], calls(at + 1, FAR))


def test_talk_between_two_things_is_both_theirs() -> None:
    hub = watch()
    hub.hear([is_at(START, TV, TV_IP), is_at(START, PHONE, PHONE_IP)], ())
    there = opens(START, TV_IP, 8009, mac=PHONE, source=PHONE_IP)
    there = msgspec.structs.replace(there, peer_mac=TV, octets=100)
    hub.hear((), [there])
    sums = {one.thing: (one.other, one.sent, one.received) for one in hub.traffic.partners()}
    assert sums == {PHONE: (TV, 100, 0), TV: (PHONE, 0, 100)}


def test_what_comes_from_outside_is_nobodys_deed_but_the_receivers_talk() -> None:
    hub = settled()
    asked = opens(LATER, CLOUD, 443, mac=CAMERA, source=CAMERA_IP)
    habits = hub.behaviour.habits(CAMERA)
    assert habits is not None
    before = set(habits.known)
    hub.hear((), [msgspec.structs.replace(answered(asked), octets=500)])
    assert set(habits.known) == before
    assert hub.behaviour.habits(ROUTER) is None  # through whom it came
    (partner,) = hub.traffic.partners(CAMERA)
    assert partner.received >= 500


def test_the_first_frame_of_a_stranger_is_attributed_when_its_address_is_told_with_it() -> None:
    hub = watch()
    hub.hear([is_at(START, CAMERA, CAMERA_IP)], calls(START, CLOUD))
    assert [one.thing for one in hub.traffic.partners()] == [CAMERA]


def test_a_name_known_only_to_one_thing_names_that_things_talk() -> None:
    hub = settled()
    hub.hear((), calls(LATER, CLOUD, mac=TV, source=TV_IP))
    names = {one.thing: one.name for one in hub.traffic.partners()}
    assert names == {CAMERA: "maker.example", TV: ""}


def test_a_departure_is_told_once_with_whose_and_where() -> None:
    hub = settled()
    (told,) = departed(hub)
    assert (told.kind, told.thing, told.state) == ("behaviour.new-country", CAMERA, OPEN)
    assert told.params == {"place": "far.example", "service": "tcp/443", "country": "AQ"}
    assert departed(hub, LATER + HOUR_S) == []
    assert hub.worst() == {CAMERA: told.step}
    (odd,) = (one for one in hub.traffic.partners(CAMERA) if hub.oddity()(one))
    assert odd.country == "AQ"


def test_what_a_person_calls_fine_is_usual_and_only_that() -> None:
    hub = settled()
    (told,) = departed(hub)
    assert hub.say_fine(told.id, LATER, fine=True).state == FINE
    assert hub.worst() == {}
    assert departed(hub, LATER + 2 * DAY_S) == []
    assert not any(map(hub.oddity(), hub.traffic.partners(CAMERA)))
    asked = asks_arp(LATER, "", CAMERA, CAMERA_IP)
    sweep = [msgspec.structs.replace(asked, target=home(n)) for n in range(100, 160)]
    assert {one.kind for one in hub.hear((), sweep)} == {"sweep.arp"}


def test_a_word_that_is_taken_back_is_told_of_again() -> None:
    hub = settled()
    (told,) = departed(hub)
    hub.say_fine(told.id, LATER, fine=True)
    hub.say_fine(told.id, LATER + 1, fine=False)
    assert hub.worst() == {CAMERA: told.step}


def sweeps(at: float) -> list[Flow]:
    return [asks_arp(at + n / 50, home(n), CAMERA, CAMERA_IP) for n in range(100, 160)]


def test_who_takes_the_name_of_another_does_not_inherit_what_a_person_called_fine() -> None:
    hub, phone, thief, name = watch(), "da:00:00:00:00:01", "be:00:00:00:00:02", "hanakos-denwa"
    hub.hear([Sighting(START, phone, "dhcp.request", {"hostname": name})], ())
    swept = [msgspec.structs.replace(flow, mac=phone) for flow in sweeps(START)]
    (told,) = {one.id: one for one in hub.hear((), swept)}.values()
    assert told.thing == phone
    hub.say_fine(told.id, START + 60, fine=True)
    hub.hear([Sighting(START + DAY_S, thief, "dhcp.request", {"hostname": name})], ())
    known = hub.inventory.thing(thief)
    assert known is not None
    assert (known.id, known.is_likeness) == (phone, True)
    swept = [msgspec.structs.replace(flow, mac=thief) for flow in sweeps(START + DAY_S + 60)]
    assert {(one.kind, one.thing) for one in hub.hear((), swept)} == {("sweep.arp", thief)}
    assert hub.worst() == {phone: told.step}
    states = {one.thing: one.state for one in hub.alerts_of(phone)}
    assert states == {phone: FINE, thief: OPEN}


def test_who_comes_back_under_its_name_is_told_of_as_itself_where_nothing_was_called_fine() -> None:
    hub, phone, again, name = watch(), "da:00:00:00:00:01", "be:00:00:00:00:02", "hanakos-denwa"
    hub.hear([Sighting(START, phone, "dhcp.request", {"hostname": name})], ())
    hub.hear([Sighting(START + DAY_S, again, "dhcp.request", {"hostname": name})], ())
    swept = [msgspec.structs.replace(flow, mac=again) for flow in sweeps(START + DAY_S + 60)]
    assert {(one.kind, one.thing) for one in hub.hear((), swept)} == {("sweep.arp", phone)}


def test_who_takes_the_name_of_another_neither_teaches_it_nor_may_what_it_may() -> None:
    hub, name, first, thief = watch(), "hanakos-denwa", "da:00:00:00:00:01", "be:00:00:00:00:02"
    hub.hear([Sighting(START, first, "dhcp.request", {"hostname": name})], ())
    for day in range(5):
        at = START + day * DAY_S
        hub.hear([named(at, first, CLOUD, "a.example")], calls(at + 1, CLOUD, first, PHONE_IP))
    hub.declare(first, BULB)
    hub.behaviour.allow(first, "everything")
    mine = hub.behaviour.habits(first)
    assert mine is not None
    before = set(mine.known)
    assert before
    at = LATER + 5 * DAY_S
    hub.hear([Sighting(at, thief, "dhcp.request", {"hostname": name})], ())
    hub.hear([named(at, thief, FAR, "b.example")], calls(at + 1, FAR, thief, PHONE_IP))
    hub.hear((), [msgspec.structs.replace(flow, mac=thief) for flow in sweeps(at + 60)])
    hub.step(at + 70)
    known = hub.inventory.thing(thief)
    assert known is not None
    assert (known.id, known.is_likeness) == (first, True)
    assert set(mine.known) == before
    assert not mine.is_doubted(at + 61)
    its = hub.behaviour.habits(thief)
    assert its is not None
    assert its.is_doubted(at + 61)
    assert its.allowed == type(its.allowed)()
    assert hub.behaviour.declared(thief) is None

    hub.inventory.join(first, thief)  # until a person says that it is the same
    hub.step(at + 80)
    assert hub.behaviour.habits(thief) is None
    hub.hear((), calls(at + 2 * DAY_S, CLOUD, thief, PHONE_IP))
    assert mine.last_at > at + DAY_S


def test_around_what_is_bad_nothing_is_learned() -> None:
    hub = watch()
    hub.hear([is_at(START, CAMERA, CAMERA_IP)], ())
    hub.hear((), sweeps(START))
    hub.hear([named(START, CAMERA, CLOUD, "cam.maker.example")], calls(START + 60, CLOUD))
    habits = hub.behaviour.habits(CAMERA)
    assert habits is not None
    assert habits.known == {}
    hub.hear((), calls(START + 2 * HOUR_S, CLOUD))
    assert set(habits.known) == {("uses", "name:maker.example", "tcp/443")}


def test_a_thing_that_looks_for_everybody_is_not_told_of_for_each_it_meets() -> None:
    hub = settled()
    told = hub.hear((), sweeps(LATER))
    doors = [
        opens(LATER + 3 + port / 100, TV_IP, port, mac=CAMERA, source=CAMERA_IP)
        for port in range(8000, 8004)
    ]
    told += hub.hear((), doors)
    assert [one.kind for one in told] == ["sweep.arp"]


def test_what_was_told_of_its_other_address_is_not_told_again_for_each_country() -> None:
    hub, phone, again, name = watch(), "da:00:00:00:00:01", "be:00:00:00:00:02", "hanakos-denwa"
    hub.hear([Sighting(START, phone, "dhcp.request", {"hostname": name})], ())
    for hour in range(0, 4 * 24, 3):
        hub.hear((), calls(START + hour * HOUR_S, CLOUD, phone))
    hub.hear([Sighting(LATER, again, "dhcp.request", {"hostname": name})], ())
    swept = hub.hear((), [msgspec.structs.replace(flow, mac=again) for flow in sweeps(LATER)])
    assert {one.kind for one in swept} == {"sweep.arp"}
    hub.alerts.take(Finding("behaviour.new-country", again, LATER + 5, "country BV"))
    assert hub.hear((), calls(LATER + 60, FAR, again)) == []


def test_what_a_person_says_teaches_how_such_things_sound() -> None:
    hub = watch()
    oui = "b0:c5:54:00:00:"
    said = {"hostname": "kitchen-gadget", "parameters": "1,3,6,15,119", "vendor_class": "gdgt 2"}
    for number in (1, 2):
        hub.hear([Sighting(START, f"{oui}0{number}", "dhcp.request", said)], ())
    assert hub.suggestion(f"{oui}02").labels == ()
    hub.correct(f"{oui}01", "Toaster", "appliance")
    assert hub.suggestion(f"{oui}02").labels == ("appliance",)
    # A person who changes the word teaches anew.
    hub.correct(f"{oui}01", "Toaster", "heater")
    assert hub.suggestion(f"{oui}02").labels == ("heater",)


def test_a_changed_word_teaches_anew_also_after_a_restart_and_said_of_another_address() -> None:
    hub, shelf, name = watch(), MemoryShelf(), "hanakos-denwa"
    first, again, like = "da:00:00:00:00:01", "be:00:00:00:00:02", "b0:c5:54:00:00:03"
    said = {"hostname": name, "parameters": "1,3,6,15,119", "vendor_class": "gdgt 2"}
    hub.hear([Sighting(START, first, "dhcp.request", said)], ())
    hub.correct(first, "Toaster", "appliance")
    hub.keep(shelf)
    later = watch()
    later.inventory.restore_corrections(hub.inventory.corrections_state())
    later.restore(shelf, START + 60)
    later.hear([Sighting(START + 60, first, "dhcp.request", said)], ())
    assert later.inventory.join(first, _heard(later, again, said)) == first
    later.correct(again, "Toaster", "heater")
    assert list(later.likeness.labels) == ["heater"]
    later.hear([Sighting(START + DAY_S, like, "dhcp.request", said)], ())
    assert later.suggestion(like).labels == ("heater",)


def _heard(hub: Watch, mac: str, said: dict[str, str]) -> str:
    hub.hear([Sighting(START + DAY_S, mac, "dhcp.request", said)], ())
    return mac


def test_what_is_surely_known_is_an_example_but_not_from_its_first_words() -> None:
    mac, shelf = "00:17:88:00:00:01", MemoryShelf()
    told = {"device_type": "urn:schemas-upnp-org:device:Basic:1", "manufacturer": "Signify",
            "model_name": "Philips hue bridge 2015", "friendly_name": "hue"}  # fmt: skip
    said = [
        is_at(START, mac, home(5)),
        Sighting(START, mac, "upnp.description", told),
        Sighting(START, mac, "dhcp.request", {"hostname": "Philips-hue"}),
    ]
    hub = watch()
    hub.hear(said, ())
    hub.step(START + 1)
    assert list(hub.likeness.labels) == []
    hub.step(START + 2 + LEARN_EVERY_S)
    assert list(hub.likeness.labels) == ["bridge"]
    # After a restart it is the same example, not one more, though less of it was heard.
    hub.keep(shelf)
    again = watch()
    again.restore(shelf, START)
    again.hear(said[:2], ())
    for seconds in (1.0, LEARN_EVERY_S + 2, 3 * LEARN_EVERY_S):
        again.step(START + seconds)
    again.keep(shelf)
    examples, *_ = msgspec.msgpack.decode(dict(shelf.all("likeness"))["bridge"])
    assert len(examples) == 1


def test_a_declared_thing_is_held_against_its_file() -> None:
    hub = settled()
    hub.declare(CAMERA, BULB)
    told = hub.hear((), calls(LATER, CLOUD))
    assert [(one.kind, one.thing) for one in told] == [("behaviour.not-declared", CAMERA)]


def test_what_the_network_says_of_a_counted_address_later_is_that_things() -> None:
    hub = watch()
    hub.hear([Sighting(START, f"ip:{TV_IP}", "mdns.name", {"name": "tv.local", "ip": TV_IP})], ())
    talked = [msgspec.structs.replace(one, mac="") for one in calls(START, CLOUD, "", TV_IP)]
    hub.hear((), talked)
    assert [one.thing for one in hub.traffic.partners()] == [f"ip:{TV_IP}"]
    hub.hear([is_at(START + 5, TV, TV_IP)], ())
    hub.step(START + 6)
    assert [one.thing for one in hub.traffic.partners()] == [TV]


def test_what_was_known_by_an_address_alone_follows_to_whose_it_is() -> None:
    hub, by_ip = watch(), f"ip:{CAMERA_IP}"
    said = {"name": "netcam.local", "ip": CAMERA_IP}
    heard = [msgspec.structs.replace(one, mac="") for one in sweeps(START)]
    hub.hear([Sighting(START, by_ip, "mdns.name", said), named(START, by_ip, CLOUD, "a.test")], ())
    told = {one.id: one for one in hub.hear((), heard)}
    assert [one.thing for one in told.values()] == [by_ip]
    hub.hear((), [msgspec.structs.replace(one, mac="") for one in calls(START + 5, CLOUD)])
    (count,) = (one.count for one in hub.alerts.all())
    hub.declare(by_ip, BULB)
    hub.hear([is_at(START + 9, CAMERA, CAMERA_IP)], ())
    hub.step(START + 10)
    (alert_now,) = hub.alerts.all()
    assert (alert_now.thing, alert_now.count) == (CAMERA, count)
    assert hub.behaviour.things() == hub._tokens.things() == [CAMERA]
    assert hub.behaviour.declared(CAMERA) == BULB
    assert [one.name for one in hub.traffic.partners(CAMERA) if one.is_outside] == ["a.test"]
    # Nothing is told twice, and the link that a person was sent still leads there.
    assert hub.hear((), sweeps(START + 20)) == []
    assert len(hub.alerts.all()) == 1
    (link,) = told
    assert hub.say_fine(link, START + 30, fine=True).thing == CAMERA


def test_an_address_that_a_person_joins_brings_its_alerts_and_a_guessed_one_does_not() -> None:
    hub, phone, again, name = watch(), "da:00:00:00:00:01", "be:00:00:00:00:02", "hanakos-denwa"
    hub.hear([Sighting(START, phone, "dhcp.request", {"hostname": name})], ())
    hub.hear([Sighting(START + DAY_S, again, "dhcp.request", {"hostname": name})], ())
    hub.alerts.take(Finding("sweep.arp", again, START + DAY_S))
    hub.step(START + DAY_S + 1)
    assert [one.thing for one in hub.alerts.all()] == [again]
    assert hub.inventory.join(phone, again) == phone
    hub.step(START + DAY_S + 2)
    assert [one.thing for one in hub.alerts.all()] == [phone]


def test_a_thing_that_is_forgotten_is_forgotten_everywhere() -> None:
    hub, shelf = settled(), MemoryShelf()
    hub.keep(shelf, with_counts=True)
    assert dict(shelf.all("behaviour"))[CAMERA]
    at = LATER
    while at < LATER + 40 * DAY_S:  # the router alone goes on to speak
        at += HOUR_S / 2
        hub.hear([is_at(at, ROUTER, ROUTER_IP)], ())
        hub.step(at)
    assert hub.inventory.thing(CAMERA) is None
    assert hub.behaviour.habits(CAMERA) is None
    assert hub.traffic.partners(CAMERA) == []
    assert hub.suggestion(CAMERA).labels == ()
    hub.keep(shelf, with_counts=True)
    for room in ("thing", "traffic", "behaviour"):
        assert CAMERA not in dict(shelf.all(room))


def test_a_persons_word_on_a_thing_outlasts_its_absence() -> None:
    hub = settled()
    (told,) = departed(hub)
    hub.say_fine(told.id, LATER, fine=True)
    hub.declare(TV, BULB)
    at = LATER
    while at < LATER + 40 * DAY_S:  # the router alone goes on to speak
        at += HOUR_S / 2
        hub.hear([is_at(at, ROUTER, ROUTER_IP)], ())
        hub.step(at)
    assert hub.inventory.thing(CAMERA) is None
    hub.hear([is_at(at, CAMERA, CAMERA_IP)], ())
    assert departed(hub, at + 60) == []
    assert hub.behaviour.declared(TV) == BULB


# Keeping.


def everything(hub: Watch, now: float) -> tuple[object, ...]:
    return (
        [(one.id, one.identity.kind, one.first_seen, one.names) for one in hub.inventory.things()],
        [(p.thing, p.name, p.country, p.sent, p.received) for p in hub.traffic.partners()],
        hub.behaviour.habits(CAMERA),
        hub.behaviour.declared(TV),
        hub.alerts.all(),
        hub.likeness.labels,
        hub.news(now - DAY_S, now),
        hub.worst(),
    )


def test_all_that_was_learned_outlasts_a_restart() -> None:
    hub, shelf = settled(), MemoryShelf()
    departed(hub)
    hub.declare(TV, BULB)
    hub.correct(CAMERA, "Entrance", "camera")
    before = everything(hub, LATER + 60)
    hub.keep(shelf, with_counts=True)
    again = watch()
    again.inventory.restore_corrections(hub.inventory.corrections_state())
    assert again.restore(shelf, LATER + 60) == 0
    assert everything(again, LATER + 60) == before
    assert again.began_at == hub.began_at == START
    # It goes on from there: what was told is not told again, what was learned is usual.
    assert departed(again, LATER + HOUR_S) == []
    assert again.hear((), calls(LATER + HOUR_S, CLOUD)) == []


def test_what_was_kept_is_not_kept_again_while_nothing_changes() -> None:
    hub, shelf = settled(), MemoryShelf()
    hub.keep(shelf, with_counts=True)
    for room in ROOMS:
        for key, _ in shelf.all(room):
            shelf.drop(room, key)
    hub.keep(shelf, with_counts=True)
    assert [key for room in ("thing", "behaviour", "alert") for key, _ in shelf.all(room)] == []


def test_counts_are_kept_only_when_asked_for() -> None:
    hub, shelf = settled(), MemoryShelf()
    hub.keep(shelf)
    assert list(shelf.all("traffic")) == []
    assert list(shelf.all("thing"))
    hub.keep(shelf, with_counts=True)
    assert list(shelf.all("traffic"))


ROOMS = ("thing", "traffic", "behaviour", "alert", "likeness", "detectors")


def kept() -> list[tuple[str, str, bytes]]:
    hub, shelf = settled(), MemoryShelf()
    departed(hub)
    hub.keep(shelf, with_counts=True)
    return [(room, key, value) for room in ROOMS for key, value in shelf.all(room)]


KEPT = kept()


@given(st.sampled_from(KEPT), st.integers(0, 2000), st.binary(max_size=6), st.text(max_size=20))
@settings(max_examples=200)
def test_a_damaged_shelf_is_left_out_in_pieces_and_never_raises(
    piece: tuple[str, str, bytes], at: int, put: bytes, name: str
) -> None:
    room, key, value = piece
    at %= len(value) + 1
    again = watch()
    for whole in ROOMS:
        others = [(k, v) for r, k, v in KEPT if (r, k) != (room, key) and r == whole]
        damaged = [(key, value[:at] + put + value[at + len(put) :]), (name, value[:at])]
        again._learning()[whole].restore(others + (damaged if whole == room else []), LATER)
    again.hear([is_at(LATER, CAMERA, CAMERA_IP)], [*calls(LATER, CLOUD), *sweeps(LATER)])
    again.step(LATER + 1)
    again.news(START, LATER)
    again.keep(MemoryShelf(), with_counts=True)


# Bounds.


def held(hub: Watch) -> dict[str, tuple[int, int]]:
    """How much each part holds, and its limit."""
    counts = hub.detectors.counts
    return {
        "things": (len(hub.inventory.things()), inventory.THINGS_MAX),
        "traffic": (len(list(hub.traffic.things())), traffic.THINGS_MAX),
        "partners": (len(hub.traffic.partners()), traffic.ROWS_MAX + traffic.THINGS_MAX),
        "behaviour": (len(hub.behaviour._profiles), behaviour.THINGS_MAX),
        "habits": (hub.behaviour._habits, behaviour.HABITS_MAX),
        "tokens": (len(hub._tokens._things), likeness_tokens.THINGS_MAX),
        "names": (hub._peers._named, peers.NAMED_MAX),
        "alerts": (len(hub.alerts.all()), alert.ALERTS_PER_KIND_MAX * 25),
        "counted": (max(count._items for count in counts), detect_counts.ITEMS_MAX),
        "counting": (max(len(count._counts) for count in counts), detect_counts.KEYS_MAX),
    }


def flood(chance: random.Random, at: float) -> Iterator[tuple[Sighting, Flow]]:
    """Nothing of it repeats: addresses, names, ports, claims."""
    for number in range(4_000):
        at += 0.01
        mac = "02:" + ":".join(f"{chance.randrange(256):02x}" for _ in range(5))
        ip = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        name = f"{chance.randrange(1 << 40):x}.example"
        kind = chance.choice(("dhcp.request", "mdns.name", "name.address", "dhcp.offer"))
        fields = {"hostname": name, "name": name, "ip": world(number), "server": ip, "by": "dns",
                  "router": ip, "dns": ip, "requested_ip": ip, "message": "offer"}  # fmt: skip
        port = chance.randrange(1, 65_536)
        proto = chance.choice(("tcp", "udp", "arp", "icmp"))
        to_here = chance.random() < 0.5
        target = home(number % 250) if to_here else world(number)
        yield (
            Sighting(at, mac, kind, fields),
            Flow(at, at, mac, TV, ip, target, proto, port, port % 3 + 1 if proto == "arp" else port,
                 chance.choice((SYN, SYN | ACK, 0)), is_to_here=to_here),
        )  # fmt: skip


def test_a_flood_of_made_up_things_stays_within_the_limits_and_forgets_nobody_known() -> None:
    hub, shelf = settled(), MemoryShelf()
    for sighting, flow in flood(random.Random(1), LATER):  # noqa: S311 - a play
        hub.hear([sighting], [flow])
        if flow.to_port % 500 == 0:
            hub.step(flow.at)
    hub.step(LATER + 61)
    assert all(size <= most for size, most in held(hub).values()), held(hub)
    assert hub.inventory.thing(CAMERA) is not None
    habits = hub.behaviour.habits(CAMERA)
    assert habits is not None
    assert habits.is_settled
    assert "maker.example" in {one.name for one in hub.traffic.partners(CAMERA)}
    assert len(hub.news(START, LATER + 61)) <= 200
    hub.keep(shelf, with_counts=True)
    assert sum(len(list(shelf.all(room))) for room in ROOMS) < 6 * inventory.THINGS_MAX


# Hostile input.

ADDRESSES = st.sampled_from(
    ["", CAMERA, TV, ROUTER, "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "x", "ip:", "ip:10.0.0.1"]
)
IPS = st.sampled_from(["", CAMERA_IP, TV_IP, ROUTER_IP, CLOUD, FAR, "::1", "ff02::1", "0.0.0.0"])
MOMENTS = st.floats(allow_nan=True, allow_infinity=True) | st.floats(START, START + 1e7)
TEXTS = st.text(max_size=40) | IPS
SIGHTINGS = st.builds(
    Sighting,
    MOMENTS,
    ADDRESSES | st.text(max_size=20),
    st.sampled_from(sorted(KINDS)) | st.text(max_size=12),
    st.dictionaries(
        st.sampled_from(
            ["name", "ip", "hostname", "child", "port", "router", "dns", "message", "kind", "eoj",
             "mac", "prefix", "lifetime", "requested_ip", "txt.id", "mud_url", "client_id"]
        ),
        TEXTS,
        max_size=6,
    ),
)  # fmt: skip
PORTS = st.integers(-5, 70_000)
FLOWS = st.builds(
    Flow,
    MOMENTS,
    MOMENTS,
    ADDRESSES | st.text(max_size=20),
    ADDRESSES | st.text(max_size=20),
    IPS | st.text(max_size=20),
    IPS | st.text(max_size=20),
    st.sampled_from(["tcp", "udp", "arp", "icmp", "icmp6", "ip/47", ""]) | st.text(max_size=8),
    PORTS,
    PORTS,
    st.integers(0, 255),
    st.integers(-1, 2**70),
    st.integers(-1, 2**70),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(SIGHTINGS | FLOWS | MOMENTS, max_size=40))
@settings(max_examples=150)
def test_whatever_is_told_nothing_is_raised_and_all_can_be_kept(
    told: list[Sighting | Flow | float],
) -> None:
    hub, shelf = watch(), MemoryShelf()
    for one in told:
        if isinstance(one, Sighting):
            hub.hear([one], ())
        elif isinstance(one, Flow):
            hub.hear((), [one])
        elif one - one == 0:  # the hub's own clock is a number
            hub.step(one)
            hub.news(one - DAY_S, one)
    hub.keep(shelf, with_counts=True)
    again = watch()
    again.restore(shelf, START)
    for thing in again.inventory.things():
        again.suggestion(thing.id)
    again.step(START)


def test_this_machines_own_asking_is_no_attack() -> None:
    hub = Watch(RULES, Atlas(), frozenset({CAMERA}))
    hub.hear([is_at(START, CAMERA, CAMERA_IP)], ())
    assert hub.hear((), sweeps(START)) == []
    assert hub.hear((), [claims_arp(START, ROUTER_IP, CAMERA)]) == []


@pytest.mark.parametrize("fine", [True, False])
def test_a_word_on_no_alert_is_refused(fine: bool) -> None:  # noqa: FBT001 - a parameter
    with pytest.raises(alert.AlertRefusedError):
        watch().say_fine("nobody", START, fine=fine)


def test_a_stranger_is_not_accused_for_what_is_done_to_it() -> None:
    hub = settled()
    for n in range(40):  # the iron, never heard before, knocks at the television
        hub.hear((), [opens(LATER + n / 10, TV_IP, 1000 + n, mac=IRON, source=home(9))])
    assert {one.thing for one in hub.alerts.all()} == {IRON}
