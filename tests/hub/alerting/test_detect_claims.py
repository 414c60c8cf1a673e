"""Who claims another's part or address is found; renumbering, proxies and roaming are not."""

from __future__ import annotations

import msgspec

from hub.alerting.detect_made import (
    EVERYONE,
    HUB,
    IRON,
    PHONE,
    PHONE_IP,
    ROUTER,
    ROUTER_IP,
    START,
    TV,
    TV_IP,
    asks_arp,
    claims_arp,
    goes_on,
    home,
    kinds,
    offers_dhcp,
    opens,
    pings,
    told_of,
    world,
)  # fmt: skip
from omamori.hub.alerting.detect_claims import OWNERS_MAX, Claims
from omamori.hub.alerting.detect_place import Place
from omamori.hub.flow import ANSWERS, ASKS, FOR_OTHER, Flow
from omamori.hub.sighting import Sighting


def announces(at: float, ip: str, mac: str) -> Flow:
    return Flow(at, at, mac, EVERYONE, ip, ip, "arp", 0, ASKS)


def spoofing(until_s: int = 120) -> list[Flow]:
    """The iron tells the television, every two seconds, that it is the router."""
    false = claims_arp(START + 10, ROUTER_IP, IRON)
    heard = [announces(START, ROUTER_IP, ROUTER), false]
    for second in range(12, until_s, 10):
        heard.append(pings(START + second, TV_IP, ROUTER, ROUTER_IP))
        heard.append(goes_on(false, START + second + 3))
    return heard


def router(at: float, mac: str, lifetime: str = "1800") -> Sighting:
    fields = {"prefix": "2001:db8::/64", "mac": mac, "lifetime": lifetime}
    return Sighting(at, mac, "icmp6.router", fields)


def lies(first_at: float = START + 5) -> list[Flow]:
    """The iron alone claims the router's address, as when all have long asked for one another."""
    false = claims_arp(first_at, ROUTER_IP, IRON)
    heard = [false]
    for second in range(12, 120, 10):
        heard.append(pings(START + second, TV_IP, ROUTER, ROUTER_IP))
        heard.append(goes_on(false, START + second + 3))
    return heard


def test_who_was_heard_to_live_at_an_address_owns_it_though_a_liar_claims_it_first() -> None:
    heard = [opens(START, TV_IP, 80, mac=ROUTER, source=ROUTER_IP), *lies()]
    told = told_of(heard)
    assert {(one.kind, one.thing) for one in told} == {("claims.address", IRON)}
    assert told[0].params["known"] == ROUTER
    # Its true owner is not accused when it is asked for, after that.
    again = claims_arp(START + 200, ROUTER_IP, ROUTER)
    assert {one.thing for one in told_of([*heard, again])} == {IRON}


def test_who_passes_on_others_talk_does_not_own_their_addresses() -> None:
    claims = Claims(Place(frozenset({HUB})))
    for n in range(50):  # from another network of the home, and then by itself
        claims.lives(opens(START + n, TV_IP, 80, mac=ROUTER, source=home(100 + n)))
    assert claims._owners == {home(100): ROUTER}
    for source, mac in (("fe80::1", ROUTER), ("fd00::7", TV), ("0.0.0.0", TV), (home(7), HUB)):
        claims.lives(opens(START, TV_IP, 80, mac=mac, source=source))
    assert claims._owners == {home(100): ROUTER, "fe80::1": ROUTER}
    claims.lives(opens(START, TV_IP, 80, mac=IRON, source=home(100)))  # whose it is, is known
    assert claims._owners[home(100)] == ROUTER


def test_owners_known_by_talk_are_bounded_and_a_flood_forgets_none_known_before() -> None:
    claims = Claims(Place(frozenset()))
    claims.lives(opens(START, ROUTER_IP, 80, mac=TV, source=TV_IP))
    for n in range(3 * OWNERS_MAX):
        mac, ip = f"02:ff:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}", f"10.{n >> 8}.0.{n}"
        claims.lives(Flow(START, START, mac, ROUTER, ip, ROUTER_IP, "tcp", 40_000, 80))
    assert len(claims._owners) <= OWNERS_MAX
    assert len(claims._living) <= OWNERS_MAX
    assert claims._owners[TV_IP] == TV


def test_a_second_dhcp_server_beside_the_first_is_told() -> None:
    first = told_of([offers_dhcp(START, ROUTER), offers_dhcp(START + 60, IRON, home(9))])[0]
    assert (first.kind, first.thing, first.params) == ("claims.dhcp", IRON, {"known": ROUTER})
    assert first.facts


def test_a_new_router_in_place_of_the_old_one_is_not() -> None:
    assert kinds([offers_dhcp(START, ROUTER), offers_dhcp(START + 4000, IRON)]) == []


def test_the_old_server_is_still_there_if_it_says_anything() -> None:
    alive = opens(START + 3900, TV_IP, 80, mac=ROUTER, source=ROUTER_IP)
    again = offers_dhcp(START + 4000, IRON)
    heard: list[Flow | Sighting] = [offers_dhcp(START, ROUTER), alive, again]
    assert kinds(heard) == ["claims.dhcp"]


def test_renewals_by_the_known_server_are_ordinary() -> None:
    assert kinds(offers_dhcp(START + n * 60, ROUTER) for n in range(500)) == []


def test_a_false_router_is_told_and_a_thread_border_router_is_not() -> None:
    assert kinds([router(START, ROUTER), router(START + 9, IRON)]) == ["claims.router"]
    assert kinds([router(START, ROUTER), router(START + 9, TV, "0")]) == []


def test_two_routers_that_share_an_address_are_one() -> None:
    assert kinds([router(START, ROUTER), router(START + 9, "00:00:5e:00:02:01")]) == []


def test_arp_spoofing_is_told() -> None:
    first = told_of(spoofing())[0]
    assert (first.kind, first.thing, first.about) == ("claims.address", IRON, ROUTER_IP)
    assert first.params == {"address": ROUTER_IP, "known": ROUTER}
    assert first.at - START < 60


def test_a_router_that_was_silent_for_hours_is_the_router_still() -> None:
    hours = 6 * 3600.0
    later = [goes_on(flow, flow.at + hours, flow.frames) for flow in spoofing()[1:]]
    later[0] = claims_arp(later[0].at, ROUTER_IP, IRON)
    told = told_of([announces(START, ROUTER_IP, ROUTER), *later])
    assert [(alert.kind, alert.thing) for alert in told] == [("claims.address", IRON)]


def test_an_owner_that_stays_silent_has_moved_and_is_not_wronged_when_it_is_claimed_anew() -> None:
    heard: list[Flow] = [announces(START, TV_IP, TV), announces(START + 50, TV_IP, PHONE)]
    heard += [pings(START + n * 60, ROUTER_IP, HUB, home(2)) for n in range(1, 30)]  # time passes
    heard += [pings(START + 1800 + n, ROUTER_IP, PHONE, TV_IP) for n in range(0, 120, 5)]
    heard += [goes_on(claims_arp(0, TV_IP, IRON), START + 1803 + n) for n in range(0, 120, 10)]
    told = told_of(sorted(heard, key=lambda flow: flow.at))
    assert [(alert.kind, alert.thing) for alert in told] == [("claims.address", IRON)]
    assert told[0].params["known"] == PHONE


def forged(until_s: int = 120) -> list[Flow]:
    """As `spoofing`, in frames that bear the router's own address."""
    return [
        msgspec.structs.replace(flow, from_port=FOR_OTHER) if flow.mac == IRON else flow
        for flow in spoofing(until_s)
    ]


def test_arp_spoofing_in_frames_that_bear_the_owners_address_is_told() -> None:
    first = told_of(forged())[0]
    assert (first.kind, first.thing, first.about) == ("claims.address", IRON, ROUTER_IP)


def test_what_a_repeater_brings_in_frames_of_its_own_is_no_claim() -> None:
    talk = [pings(START + second, TV_IP, HUB, PHONE_IP) for second in range(0, 120, 5)]
    said = [goes_on(claims_arp(0, PHONE_IP, PHONE), START + 3 + n) for n in range(0, 120, 10)]
    brought = [msgspec.structs.replace(flow, from_port=FOR_OTHER) for flow in said]
    own = [announces(START - 9, home(2), HUB)]
    assert kinds(sorted([*own, *talk, *brought], key=lambda flow: flow.at)) == []
    # The phone was nearer before, and is the address's owner wherever it stands.
    before = announces(START - 5, PHONE_IP, PHONE)
    assert kinds(sorted([*own, before, *talk, *brought], key=lambda flow: flow.at)) == []


def test_who_asks_around_in_ever_new_names_is_found() -> None:
    asks = [asks_arp(START + n / 10, home(n + 1), f"06:00:00:00:00:{n:02x}") for n in range(60)]
    brought = [msgspec.structs.replace(flow, from_port=FOR_OTHER) for flow in asks]
    assert kinds(brought) == ["sweep.arp"]


def advertises(at: float, ip: str, mac: str) -> Flow:
    return Flow(at, at, mac, TV, ip, "fe80::20", "icmp6", 136, 0, is_answer=True)


def test_an_ipv6_address_that_is_advertised_against_its_owner_is_told() -> None:
    heard = [advertises(START, "fe80::1", ROUTER), advertises(START + 10, "fe80::1", IRON)]
    for second in range(12, 200, 10):
        heard.append(goes_on(heard[0], START + second))
        heard.append(goes_on(heard[1], START + second + 3))
    first = told_of(heard)[0]
    assert (first.kind, first.thing, first.about) == ("claims.twice", IRON, "fe80::1")


def test_a_proxy_that_advertises_for_a_sleeping_thing_is_ordinary() -> None:
    heard = [advertises(START, "fe80::20", TV), advertises(START + 10, "fe80::20", HUB)]
    heard += [goes_on(heard[1], START + 10 * number) for number in range(2, 60)]
    heard.append(goes_on(heard[0], START + 305))  # it wakes, once
    assert kinds(sorted(heard, key=lambda flow: flow.at)) == []


def test_what_this_machine_claims_itself_is_no_spoofing() -> None:
    assert kinds(spoofing(), own=frozenset({IRON})) == []


def test_an_address_given_to_another_thing_is_ordinary() -> None:
    heard = [announces(START, PHONE_IP, PHONE), announces(START + 50, PHONE_IP, TV)]
    heard += [asks_arp(START + 60 + n * 20, ROUTER_IP, TV, PHONE_IP) for n in range(100)]
    heard += [
        opens(START + 60 + n * 20, world(1), 443, mac=PHONE, source=home(77)) for n in range(9)
    ]
    assert kinds(sorted(heard, key=lambda f: f.at)) == []


def test_a_proxy_speaks_for_a_sleeping_television_until_it_wakes() -> None:
    heard = []
    for night in range(5):
        at = START + night * 900
        heard += [
            announces(at, TV_IP, TV),
            *(asks_arp(at + n, ROUTER_IP, TV, TV_IP) for n in (1, 2)),
        ]
        heard += [claims_arp(at + 100, TV_IP, PHONE, ROUTER_IP, ROUTER)]
    assert kinds(heard) == []


def test_two_cards_of_one_machine_answer_for_one_another_only_when_asked() -> None:
    heard = []
    for n in range(4):
        at = START + n * 90
        heard += [asks_arp(at, TV_IP, PHONE, PHONE_IP), claims_arp(at + 0.01, TV_IP, TV, PHONE_IP)]
        heard += [claims_arp(at + 0.02, TV_IP, "02:00:00:00:00:21", PHONE_IP)]
    assert "claims.address" not in kinds(heard)


def test_an_address_that_two_things_use_is_told_mildly() -> None:
    heard = []
    for n in range(20):
        heard.append(asks_arp(START + n * 10, ROUTER_IP, TV, TV_IP))
        heard.append(asks_arp(START + n * 10 + 5, ROUTER_IP, PHONE, TV_IP))
    assert [(a.kind, a.step) for a in told_of(heard)] == [("claims.twice", 2)]


def test_addresses_that_move_between_routers_by_plan_are_ordinary() -> None:
    shared = "00:00:5e:00:01:0a"
    heard = [announces(START, ROUTER_IP, ROUTER)]
    for n in range(30):
        heard.append(announces(START + n, ROUTER_IP, shared))
        heard.append(pings(START + n + 0.5, TV_IP, ROUTER, ROUTER_IP))
    assert kinds(heard) == []


def test_claiming_every_address_at_once_is_told() -> None:
    heard = [claims_arp(START + n / 10, home(n), IRON) for n in range(1, 50)]
    first = told_of(heard)[0]
    assert (first.kind, first.params) == ("claims.many", {"addresses": 8})


def test_shouting_its_own_address_is_told() -> None:
    one = announces(START, TV_IP, IRON)
    heard = [one, *(goes_on(one, START + n * 10, 40) for n in range(1, 5))]
    assert kinds(heard) == ["claims.flood"]


def test_announcing_its_address_now_and_then_is_ordinary() -> None:
    one = announces(START, TV_IP, TV)
    assert kinds([one, *(goes_on(one, START + n * 10, 10) for n in range(1, 500))]) == []


def test_a_thing_heard_at_two_places_in_turn_is_told() -> None:
    ports = [Sighting(START + n, IRON, "bridge.port", {"port": f"lan{n % 2}"}) for n in range(20)]
    told = told_of(ports)
    assert told[0].kind == "claims.port"
    assert {told[0].params["port"], told[0].params["other_port"]} == {"lan0", "lan1"}


def test_a_phone_that_walks_through_the_house_is_not() -> None:
    ports = [
        Sighting(START + n * 20, IRON, "bridge.port", {"port": f"lan{n % 2}"}) for n in range(200)
    ]
    assert kinds(ports) == []


def test_asking_for_many_addresses_is_told() -> None:
    asked = [
        Sighting(START + n, IRON, "dhcp.request", {"requested_ip": home(n)}) for n in range(1, 10)
    ]
    first = told_of(asked)[0]
    assert (first.kind, first.params) == ("dhcp.scan", {"addresses": 4})


def test_a_laptop_that_comes_from_elsewhere_asks_for_two() -> None:
    wanted = ["10.0.0.4", home(5), home(5), "10.0.0.4", home(5)]
    asked = [
        Sighting(START + n * 100, TV, "dhcp.request", {"requested_ip": ip})
        for n, ip in enumerate(wanted)
    ]
    assert kinds(asked) == []


def test_made_up_devices_are_told_as_one() -> None:
    heard = [opens(START, TV_IP, 80)]
    for n in range(1000):
        mac = f"06:00:00:00:{n >> 8:02x}:{n & 255:02x}"
        heard.append(asks_arp(START + 300 + n / 50, ROUTER_IP, mac, home(n % 250)))
    assert kinds(heard)[0] == "flood.addresses"
    assert HUB not in {a.thing for a in told_of(heard)}


def test_after_a_power_cut_all_things_of_a_large_home_come_back() -> None:
    heard = [
        asks_arp(START + n / 10, ROUTER_IP, f"02:00:00:00:02:{n:02x}", home(n)) for n in range(200)
    ]
    assert kinds(heard) == []


def test_answers_to_questions_are_no_claims() -> None:
    heard = []
    for n in range(1, 100):
        heard.append(asks_arp(START + n, home(n), ROUTER, ROUTER_IP))
        heard.append(claims_arp(START + n + 0.01, home(n), TV, ROUTER_IP, ROUTER))
    assert "claims.many" not in kinds(heard)
    assert heard[1].to_port == ANSWERS
