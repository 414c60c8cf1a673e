"""An iron that was taken over looks around, spreads and lies, with real tools, behind the hub's bridge."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import pytest

from .net import NETWORK, Home, State, Watcher, mac, need

HERE = Path(__file__).parent
OUTSIDE = "198.51.100.0/24"  # nobody's (RFC 5737)


def arp_answer(claimer: str, address: str, to_mac: str, to_ip: str) -> str:
    """One frame that says: this address is at the claimer's."""
    claims, asks = (bytes.fromhex(one.replace(":", "")) for one in (claimer, to_mac))
    head = asks + claims + bytes.fromhex("0806 0001 0800 06 04 0002")
    body = claims + socket.inet_aton(address) + asks + socket.inet_aton(to_ip)
    return (head + body).hex()


class Attack:
    """Says how long it took until the alert, and how much was on the wire; nothing is asserted."""

    def __init__(self, hub: Watcher) -> None:
        self.hub = hub
        self.began_at = time.time()
        self.frames = hub.state["frames"]

    def until(self, kind: str, thing: str) -> State:
        alert = self.hub.until_alerted(kind, thing)
        took_s = alert["first_at"] - self.began_at
        seen_s = time.time() - self.began_at
        frames = self.hub.state["frames"] - self.frames
        print(f"{kind}: {took_s:.2f} s on the wire, told after {seen_s:.2f} s, {frames} frames")  # noqa: T201 - a measure for whoever asks pytest for it (-rP)
        return alert


def accused(told: State) -> set[str]:
    return {alert["thing"] for alert in told["alerts"]}


@pytest.fixture
def places(home: Home) -> dict[str, str]:
    """Hardware addresses of an iron and of two neighbours that talk a little."""
    macs = {who: home.plug(who, 20 + n) for n, who in enumerate(("iron", "tv", "lamp"))}
    home.start("tv", "ping", "-i", "0.5", f"{NETWORK}.1")
    home.start("lamp", "ping", "-i", "0.5", f"{NETWORK}.21")
    return macs


def watching(home: Home, places: dict[str, str]) -> Watcher:
    """The hub, once it knows all that is there."""
    need("ping")
    hub = home.watch()
    talking = {places["tv"], places["lamp"]}
    hub.until(lambda told: talking <= {thing["mac"] for thing in told["things"]})
    return hub


@pytest.mark.root
def test_a_look_at_every_address_is_told_of_the_iron_alone(
    home: Home, places: dict[str, str]
) -> None:
    need("nmap")
    hub = watching(home, places)
    attack = Attack(hub)
    home.start("iron", "nmap", "-n", "-sn", f"{NETWORK}.0/24")
    attack.until("sweep.arp", places["iron"])
    assert accused(hub.state) == {places["iron"]}


@pytest.mark.root
def test_a_look_at_every_door_of_a_neighbour_is_told_of_the_iron_alone(
    home: Home, places: dict[str, str]
) -> None:
    need("nmap")
    hub = watching(home, places)
    attack = Attack(hub)
    home.start("iron", "nmap", "-n", "-sS", "-T4", f"{NETWORK}.21")
    attack.until("sweep.ports", places["iron"])
    assert accused(hub.state) == {places["iron"]}
    assert hub.state["vantage"] == "bridge"


@pytest.mark.root
def test_telnet_tried_at_many_outside_is_told_of_the_iron_alone(
    home: Home, places: dict[str, str]
) -> None:
    need("nmap")
    hub = watching(home, places)
    attack = Attack(hub)
    home.start("iron", "nmap", "-n", "-Pn", "-sS", "-p", "23", "--max-retries", "0", OUTSIDE)
    attack.until("spread.telnet", places["iron"])
    assert accused(hub.state) == {places["iron"]}


@pytest.mark.slow  # three rounds of claim and denial, told every ten seconds
@pytest.mark.root
def test_who_claims_a_neighbours_address_is_told(home: Home, places: dict[str, str]) -> None:
    hub = watching(home, places)
    for who in ("tv", "lamp"):  # whose an address is, is learned by ARP: let them say it once
        home.run(who, "ip", "neigh", "flush", "dev", "eth0")
    before = hub.state["frames"]
    hub.until(lambda told: told["frames"] > before + 20)
    attack = Attack(hub)
    lie = arp_answer(places["iron"], f"{NETWORK}.21", places["lamp"], f"{NETWORK}.22")
    sender = (sys.executable, str(HERE / "sender.py"))
    home.start("iron", *sender, "eth0", "1", "90", lie)
    attack.until("claims.address", places["iron"])
    assert accused(hub.state) == {places["iron"]}


@pytest.mark.root
def test_the_hubs_own_asking_and_a_calm_home_give_no_alert(
    home: Home, places: dict[str, str]
) -> None:
    hub = watching(home, places)
    home.run("tv", "ping", "-c", "8", "-i", "0.5", f"{NETWORK}.22")
    told = hub.until(lambda told: told["frames"] > 60)
    assert told["alerts"] == []
    assert told["troubles"] == []
    here = hub.thing(told, mac(1))
    assert here["kind"] == "unknown", "our own questions say nothing of what this machine is"
