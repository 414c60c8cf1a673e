"""Sweeps are found, fast ones and slow ones; ordinary evenings are not taken for them."""

from __future__ import annotations

import msgspec
import pytest

from hub.alerting.detect_made import (
    HUB,
    IRON,
    PHONE,
    PHONE_IP,
    ROUTER,
    ROUTER_IP,
    START,
    TV_IP,
    answered,
    asks_arp,
    home,
    kinds,
    offers_dhcp,
    opens,
    pings,
    refused,
    told_of,
    world,
)  # fmt: skip
from omamori.hub.alerting.detect_sweep import ARP_TARGETS, PINGED, PORTS
from omamori.hub.finding import FACTS_MAX
from omamori.hub.flow import Flow
from omamori.hub.sighting import Sighting


def arp_sweep(every_s: float, count: int = 254, mac: str = IRON) -> list[Flow]:
    return [asks_arp(START + n * every_s, home(n), mac) for n in range(1, count + 1)]


def test_an_arp_sweep_is_told_at_its_eleventh_address() -> None:
    first = told_of(arp_sweep(0.01))[0]
    assert (first.kind, first.thing) == ("sweep.arp", IRON)
    assert first.params == {"targets": ARP_TARGETS}
    assert first.facts[0].what == "arp asks"
    assert len(first.facts) <= FACTS_MAX


def test_a_slow_arp_sweep_is_told_within_the_hour() -> None:
    assert kinds(arp_sweep(13.0)) == ["sweep.arp"]


def test_ten_addresses_a_minute_are_no_sweep() -> None:
    flows = [asks_arp(START + n * 6.1, home(n % 10 + 1)) for n in range(1000)]
    assert kinds(flows) == []


def called() -> list[Flow]:
    """Somebody calls three places outside, through the router."""
    asked = [opens(START + n, world(n), 443) for n in range(3)]
    return [flow for one in asked for flow in (one, answered(one, mac=ROUTER))]


def test_a_router_asks_for_all_sixty_things() -> None:
    calls = called()
    flows = [asks_arp(START + 5 + n * 0.3, home(n), ROUTER, ROUTER_IP) for n in range(2, 62)]
    assert kinds([*calls, *flows]) == []
    assert kinds(flows) == ["sweep.arp"]  # nobody knew that it is the router


def test_even_a_router_is_told_of_when_it_sweeps_everything() -> None:
    assert kinds([*called(), *arp_sweep(0.05, mac=ROUTER)]) == ["sweep.arp"]


def test_who_only_says_to_be_a_router_may_sweep_no_more_than_others() -> None:
    asked = [opens(START + n, world(n), 443, mac=PHONE, source=PHONE_IP) for n in range(4)]
    answers = [answered(one, mac=IRON) for one in asked]  # nobody sends its own talk that way
    announced = Sighting(START, IRON, "icmp6.router", {"lifetime": "1800", "prefix": "fd00::"})
    offered = offers_dhcp(START, IRON)
    for said in ([*asked, *answers], answers, [announced], [offered]):
        assert "sweep.arp" in kinds([*said, *arp_sweep(0.3, 60)])


def test_the_hub_itself_asks_its_neighbours() -> None:
    scan = [opens(START + n / 10, TV_IP, n, mac=HUB) for n in range(1, 200)]
    everything = [*arp_sweep(0.01, mac=HUB), *scan]
    assert kinds(everything, own=frozenset({HUB})) == []
    assert "sweep.arp" in kinds(everything)


def test_a_ping_sweep_is_told() -> None:
    told = told_of([pings(START + n / 100, home(n)) for n in range(1, 30)])
    assert told[0].kind == "sweep.ping"
    assert told[0].params == {"targets": PINGED}


@pytest.mark.parametrize("kind", [13, 17])
def test_asking_for_timestamps_or_address_masks_is_told_sooner(kind: int) -> None:
    flows = [pings(START + n, home(n), kind=kind) for n in range(1, 5)]
    assert kinds(flows) == ["sweep.ping"]


def test_a_laptop_that_checks_its_connection_is_no_sweep() -> None:
    places = [ROUTER_IP, world(8), world(9), home(2)]
    assert kinds([pings(START + n, places[n % 4]) for n in range(600)]) == []


def test_whoever_takes_another_ip_address_for_each_try_is_told() -> None:
    ports = [opens(START + n / 50, TV_IP, n, source=home(n)) for n in range(100, 200)]
    hosts = [opens(START + n, home(n), 80, source=home(254 - n)) for n in range(1, 30)]
    assert kinds(ports) == ["sweep.ports"]
    assert kinds(hosts) == ["sweep.hosts"]


def test_nobody_answers_itself_to_make_its_scan_look_welcome() -> None:
    flows = []
    for port in range(1, 100):
        asked = opens(START + port / 10, TV_IP, port)
        welcome = msgspec.structs.replace(answered(asked), mac=IRON, peer_mac=IRON)
        flows += [asked, welcome]
    assert kinds(flows) == ["sweep.ports"]


@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_a_port_scan_at_home_is_told(proto: str) -> None:
    flows = [opens(START + n / 50, TV_IP, n, proto=proto) for n in range(1, 200)]
    first = told_of(flows)[0]
    assert (first.kind, first.thing, first.about) == ("sweep.ports", IRON, TV_IP)
    assert first.params == {"ports": PORTS, "target": TV_IP}


def test_a_port_scan_that_is_refused_or_half_open_is_told() -> None:
    flows = []
    for port in range(1, 100):
        asked = opens(START + port / 10, TV_IP, port)
        flows += [asked, answered(asked) if port in {22, 80} else refused(asked)]
    assert kinds(flows) == ["sweep.ports"]


@pytest.mark.parametrize("flags", [0, 1, 41])  # nmap -sN, -sF, -sX
def test_scans_with_odd_flags_are_told(flags: int) -> None:
    flows = [opens(START + n / 10, TV_IP, n, flags=flags) for n in range(1, 100)]
    assert kinds(flows) == ["sweep.ports"]


def test_one_port_every_fifteen_seconds_is_told_in_ten_minutes() -> None:
    told = told_of(opens(START + n * 15, TV_IP, n) for n in range(1, 100))
    assert told[0].kind == "sweep.ports"
    assert told[0].at - START <= 601


def test_a_thing_that_scans_someone_outside_is_told() -> None:
    flows = [opens(START + n / 10, world(5), n) for n in range(1, 99)]
    assert kinds(flows) == ["sweep.outside"]


def test_a_stranger_who_scans_a_thing_here_is_told_of_that_thing() -> None:
    flows = [opens(START + n / 10, TV_IP, n, source=world(66)) for n in range(1, 50)]
    first = told_of(flows)[0]
    assert (first.kind, first.about) == ("inbound.ports", world(66))
    assert first.thing == flows[0].peer_mac


@pytest.mark.parametrize("strangers", [1, 1000])
def test_who_scans_from_here_with_an_address_of_outside_is_no_stranger(strangers: int) -> None:
    flows = [
        msgspec.structs.replace(
            opens(START + 9 + n / 10, TV_IP, n, source=world(66 + n % strangers)), mac=IRON
        )
        for n in range(1, 50)
    ]
    first = told_of([*called(), *flows])[0]
    assert (first.kind, first.thing) == ("sweep.ports", IRON)
    through = [msgspec.structs.replace(flow, mac=ROUTER) for flow in flows]
    expected = ["inbound.ports"] if strangers == 1 else []
    assert kinds([*called(), *through]) == expected


def test_ports_that_accept_are_no_scan() -> None:
    flows = []
    for n in range(500):  # passive FTP opens a new port for every file
        asked = opens(START + n / 5, world(7), 50_000 + n, from_port=40_000 + n)
        flows += [asked, answered(asked)]
    assert kinds(flows) == []


def test_a_path_is_traced_with_a_port_for_each_step() -> None:
    flows = [opens(START + n / 5, world(7), 33_434 + n, proto="udp") for n in range(90)]
    assert kinds(flows) == []


def test_one_port_at_many_addresses_of_the_home_is_told() -> None:
    flows = [opens(START + n / 5, home(n), 445) for n in range(1, 60)]
    first = told_of(flows)[0]
    assert (first.kind, first.about) == ("sweep.hosts", "tcp/445")
    assert first.params == {"targets": 11, "service": "tcp/445"}


def test_a_phone_that_finds_its_printer_and_televisions_is_no_sweep() -> None:
    flows = []
    for minute in range(60):
        for n, port in ((20, 8008), (21, 8009), (22, 631), (23, 9100), (24, 1400), (25, 7000)):
            at = START + minute * 60 + n / 10
            asked = opens(at, home(n), port, mac=PHONE, source=PHONE_IP, from_port=minute + 40_000)
            flows += [asked, answered(asked)]
    assert kinds(flows) == []


def test_a_browser_with_many_connections_is_no_sweep() -> None:
    flows = []
    for n in range(3000):
        asked = opens(START + n / 30, world(n % 300), 443, from_port=32_768 + n, mac=PHONE)
        flows += [asked, answered(asked)]
    assert kinds(flows) == []


def test_a_laptop_that_wakes_calls_much_that_does_not_answer_yet() -> None:
    flows = [opens(START + n / 10, world(n), 443, from_port=50_000 + n) for n in range(50)]
    flows += [asks_arp(START + n, ip) for n, ip in enumerate((ROUTER_IP, home(2), home(3)))]
    assert kinds(flows) == []


def test_sharing_files_with_many_peers_is_no_spread() -> None:
    flows: list[Flow] = []
    for n in range(2000):
        port = 6881 if n % 20 == 0 else 1025 + n * 7919 % 60_000
        asked = opens(START + n, world(n), port, mac=PHONE, source=PHONE_IP)
        flows.append(asked)
        if n % 3 == 0:
            flows.append(answered(asked))
        flows.append(opens(START + n + 0.5, world(n), port, proto="udp", source=PHONE_IP))
    assert kinds(flows) == []


def test_answers_to_searches_that_were_not_heard_are_no_scan() -> None:
    flows = [
        opens(START + n / 5, TV_IP, 40_000 + n, from_port=1900, proto="udp") for n in range(500)
    ]
    assert kinds(flows) == []


def test_connections_that_are_reset_or_heard_too_late_are_no_scan() -> None:
    late = [opens(START + n / 9, TV_IP, 40_000 + n, from_port=80, flags=4) for n in range(300)]
    late += [opens(START + n / 9, TV_IP, 50_000 + n, from_port=80, flags=24) for n in range(300)]
    assert kinds(sorted(late, key=lambda flow: flow.at)) == []


def test_a_storm_of_searches_to_everyone_is_no_sweep() -> None:
    flows = [
        Flow(START + n, START + n, PHONE, "01:00:5e:7f:ff:fa", PHONE_IP, "239.255.255.250", "udp",
             40_000 + n, 1900)
        for n in range(2000)
    ]  # fmt: skip
    assert kinds(flows) == []
