"""Where the hub stands, and what it does when its network goes away and comes back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .net import NETWORK, Home, sh

PEERS = Path(__file__).parent.parent / "adapters" / "discovery" / "peers.py"


@pytest.mark.root
def test_a_plugged_hub_and_a_bridge_say_what_they_are(home: Home) -> None:
    home.plug("one", 40)
    hub = home.watch()
    hub.until(lambda told: told["vantage"] == "plugged")
    home.plug("two", 41)  # a second cable in our bridge
    hub.until(lambda told: told["vantage"] == "bridge")


@pytest.mark.root
def test_a_router_says_that_it_is_one(home: Home) -> None:
    home.plug("one", 40)
    inside = ("ip", "-n", home.name("home"))
    sh(*inside, "link", "add", "wan0", "type", "veth", "peer", "name", "wan1")
    sh(*inside, "link", "set", "wan1", "up")
    sh(*inside, "link", "set", "wan0", "up")
    sh(*inside, "address", "add", "203.0.113.2/24", "dev", "wan0")
    sh(*inside, "route", "add", "default", "via", "203.0.113.1")
    home.run("home", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    hub = home.watch()
    hub.until(lambda told: told["vantage"] == "router")


@pytest.mark.root
def test_an_interface_that_went_and_came_back_is_heard_and_asked_again(home: Home) -> None:
    home.plug("battery", 14)
    home.start("battery", sys.executable, str(PEERS), "echonet", f"{NETWORK}.14")
    home.plug("hub", 42)
    hub = home.watch("hub", "eth0")
    battery = hub.until(
        lambda told: any(thing["kind"] == "storage-battery" for thing in told["things"])
    )
    assert battery["troubles"] == []
    inside = ("ip", "-n", home.name("home"))
    sh(*inside, "link", "delete", "hub")
    hub.until(lambda told: any(key.startswith("capture.") for key in told["troubles"]))
    ends = ("link", "add", "hub", "type", "veth", "peer", "name", "eth0")
    sh(*inside, *ends, "netns", home.name("hub"))
    sh(*inside, "link", "set", "hub", "master", "br0", "up")
    own = ("ip", "-n", home.name("hub"))
    sh(*own, "link", "set", "eth0", "up")
    sh(*own, "address", "add", f"{NETWORK}.42/24", "dev", "eth0")
    sh(*own, "route", "add", "default", "via", f"{NETWORK}.1")
    back = hub.until(lambda told: not told["troubles"] and told["vantage"] == "plugged")
    hub.until(lambda told: told["frames"] > back["frames"])
    assert back["alerts"] == []
