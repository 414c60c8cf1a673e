"""All detectors together: nothing is raised, memory is bounded, and recordings say who attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.alerting.detect_made import (
    IRON,
    ROUTER,
    ROUTER_IP,
    START,
    TV_IP,
    asks_arp,
    home,
    offers_dhcp,
    opens,
    told_of,
    world,
)
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
from omamori.hub.alerting import detect_beacon, detect_claims, detect_counts, detect_place
from omamori.hub.alerting.alert import Alerts
from omamori.hub.alerting.alert_kinds import ALERTS
from omamori.hub.alerting.detect_counts import Different
from omamori.hub.alerting.detectors import Detectors
from omamori.hub.finding import FACTS_MAX, Finding
from omamori.hub.flow import CROWD, Flow
from omamori.hub.sighting import KINDS, Sighting
from omamori.web import words

if TYPE_CHECKING:
    from pathlib import Path

MACS = st.sampled_from(["", IRON, "02:00:00:00:00:02", "00:00:5e:00:01:01", "ff:ff:ff:ff:ff:ff"])
ADDRESSES = st.sampled_from(["", "0.0.0.0", "::", home(1), home(2), world(1), "fe80::1", "odd"])
flows = st.builds(
    Flow,
    first_at=st.floats(0, 1e10),
    at=st.floats(0, 1e10),
    mac=MACS,
    peer_mac=MACS,
    source=ADDRESSES,
    target=ADDRESSES,
    proto=st.sampled_from(["tcp", "udp", "icmp", "icmp6", "arp", "ip/47"]),
    from_port=st.integers(0, 65_535),
    to_port=st.sampled_from([0, 1, 2, 22, 23, 53, 80, 443, 50_000]),
    flags=st.integers(0, 255),
    is_opening=st.booleans(),
    is_answer=st.booleans(),
    is_from_here=st.booleans(),
    is_to_here=st.booleans(),
)
sightings = st.builds(
    Sighting,
    at=st.floats(0, 1e10),
    source=st.sampled_from([IRON, "02:00:00:00:00:02", "ip:10.0.0.1", ""]),
    kind=st.sampled_from(sorted(KINDS)),
    fields=st.dictionaries(
        st.sampled_from(["ip", "port", "router", "requested_ip", "lifetime", "message"]),
        st.text(max_size=8),
    ),
)


def heard(detectors: Detectors, one: Flow | Sighting) -> list[Finding]:
    if isinstance(one, Flow):
        return [*detectors.hear(one, one.mac), *detectors.step(one.at)]
    return list(detectors.note(one, one.source))


@settings(max_examples=150)
@given(st.lists(st.one_of(flows, sightings), max_size=60))
def test_whatever_is_heard_nothing_is_raised_and_every_finding_can_be_told(
    said: list[Flow | Sighting],
) -> None:
    detectors, alerts = Detectors(), Alerts()
    for one in said:
        for finding in heard(detectors, one):
            assert finding.kind in ALERTS
            assert len(finding.facts) <= FACTS_MAX
            alert = alerts.take(finding)
            for lang in words.LANGUAGES if alert else ():
                assert "…" not in words.sentence(alert.reason, lang) if alert else True


def test_memory_is_bounded_whatever_floods() -> None:
    detectors = Detectors()
    for n in range(10_000):
        at = START + n / 500
        mac = f"06:00:{n >> 24:02x}:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"
        detectors.hear(asks_arp(at, world(n), mac, world(n)), mac)
        detectors.hear(opens(at, world(n), n & 65_535), IRON)
        detectors.hear(opens(at, TV_IP, n & 65_535), IRON)
        detectors.note(Sighting(at, mac, "name.address", {"ip": world(n)}), mac)
        detectors.note(Sighting(at, mac, "dhcp.request", {"requested_ip": world(n)}), mac)
        detectors.note(Sighting(at, mac, "bridge.port", {"port": str(n)}), mac)
    for count in detectors.counts:
        assert len(count) <= detect_counts.KEYS_MAX
        assert count.items <= detect_counts.ITEMS_MAX
    claims, place, beacons = detectors._claims, detectors._place, detectors._beacons
    assert len(beacons) <= detect_beacon.PAIRS_MAX
    assert len(beacons._named) <= detect_beacon.NAMED_MAX
    assert len(place.heard) <= detect_place.HEARD_MAX
    assert len(claims._owners) <= detect_claims.OWNERS_MAX
    assert len(claims._asked) <= detect_claims.ASKED_MAX
    assert len(claims._ports) <= detect_claims.MOVERS_MAX


def test_many_senders_that_each_try_much_are_bounded_together() -> None:
    count = Different(5)
    for n in range(60_000):
        count.add(n % 1000, n, asks_arp(START + n / 1000, home(1)))
    assert count.items == sum(len(one.items) for one in count._counts.values())
    assert count.items <= detect_counts.ITEMS_MAX


def test_a_flood_of_made_up_senders_does_not_hide_a_sweep() -> None:
    said = []
    for n in range(20_000):
        at = START + n / 1000
        mac = f"06:00:00:00:{n >> 8:02x}:{n & 255:02x}"
        said.append(asks_arp(at, home(1), mac, world(n)))
        if n % 1000 == 0:
            said.append(asks_arp(at, home(n // 1000 + 2)))
    assert any(a.kind == "sweep.arp" and a.thing == IRON for a in told_of(said))


def test_a_clock_set_back_begins_anew() -> None:
    count = Different(3)
    flow = asks_arp
    assert count.add("a", 1, flow(5000.0, home(1))) is None
    assert count.add("a", 2, flow(5001.0, home(2))) is None
    assert count.add("a", 3, flow(100.0, home(3))) is None
    assert count.add("a", 4, flow(101.0, home(4))) is None
    assert count.add("a", 5, flow(102.0, home(5))) is not None


def test_what_goes_on_is_found_again_so_that_its_alert_stays_open() -> None:
    found = [
        finding
        for detectors in [Detectors()]
        for n in range(3000)
        for finding in detectors.hear(asks_arp(START + n, home(n % 15 + 1)), IRON)
    ]
    assert 8 <= len(found) <= 12


def test_after_a_while_of_silence_nothing_is_kept() -> None:
    detectors = Detectors()
    for n in range(500):
        detectors.hear(opens(START + n / 100, home(n % 200), 1000 + n), IRON)
    detectors.step(START + 10_000)
    assert sum(count.items for count in detectors.counts) == 0


def alerts_of(path: Path) -> list[tuple[str, float]]:
    """Kind and time of each alert, from a recording."""
    detectors, alerts = Detectors(), Alerts()
    told: list[tuple[str, float]] = []

    def take(found: list[Finding]) -> None:
        told.extend((a.kind, f.at) for f in found if (a := alerts.take(f)))

    decoder = Decoder(
        lambda one: take(list(detectors.note(one, one.source))),
        tell_flows=lambda batch: take(
            [f for one in batch for f in detectors.hear(one, one.mac if one.is_from_here else "")]
        ),
    )
    with open_capture(str(path)) as capture:
        for batch in capture.batches():
            decoder.hear(batch)
    decoder.finish()
    return told


def is_attack(path: Path) -> bool:
    return path.parent.name == "attacks" or path.name == "synscan.pcap"


@pytest.mark.shared
def test_benign_recordings_give_no_alert(shared_data: Path) -> None:
    paths = [p for p in sorted((shared_data / "captures").glob("**/*.pcap*")) if not is_attack(p)]
    assert len(paths) > 100
    assert {path.name: told for path in paths if (told := alerts_of(path))} == {}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("attacks/test-cc_test-cc-capture-1.pcap", "beacon.regular"),
        ("attacks/test12-icmp-portscan.pcap", "sweep.ping"),
        ("attacks/test8-malicious.pcap", "sweep.arp"),
        ("protocols/synscan.pcap", "sweep.outside"),
    ],
)
def test_recorded_attacks_are_told(shared_data: Path, name: str, kind: str) -> None:
    told = {told for told, _ in alerts_of(shared_data / "captures" / name)}
    assert told - {"flood.talk"} == {kind}  # a fast scan is a flood, too


def test_after_a_restart_a_false_server_is_not_taken_for_the_first() -> None:
    before, after = Detectors(), Detectors()
    assert list(before.note(offers_dhcp(START, ROUTER), ROUTER)) == []
    kept = [(key, value) for key, value in before.take_changes() if value is not None]
    assert list(before.take_changes()) == []
    assert after.restore([*kept, ("rubbish", b"\xc1")], START) == 1
    list(after.hear(opens(START + 7000, TV_IP, 80, mac=ROUTER, source=ROUTER_IP), ROUTER))
    [finding] = after.note(offers_dhcp(START + 7010, IRON, home(9)), IRON)
    assert finding.params == {"known": ROUTER}


def test_a_thing_that_talks_to_ever_new_doors_is_told_by_the_sum_alone() -> None:
    flood = Flow(START, START + 9, IRON, "", "", "", CROWD, frames=120, is_opening=False)
    [finding] = Detectors().hear(flood, IRON)
    assert (finding.kind, finding.params) == ("flood.talk", {"frames": 120})
    assert list(Detectors().hear(msgspec.structs.replace(flood, frames=9), IRON)) == []
