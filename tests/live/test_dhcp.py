"""Real DHCP: a server, a client that tells its name, and a second server that nobody called."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from .net import NETWORK, Home, need

if TYPE_CHECKING:
    from pathlib import Path


def serve(home: Home, who: str, first: int) -> None:
    """A dnsmasq that gives addresses from `first` on."""
    folder: Path = home.folder
    home.start(
        who, "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root",
        "--interface=eth0", "--bind-interfaces", f"--pid-file={folder}/{who}.pid",
        f"--dhcp-range={NETWORK}.{first},{NETWORK}.{first + 20},1h", "--dhcp-authoritative",
        f"--dhcp-leasefile={folder}/{who}.leases",
    )  # fmt: skip


def ask(home: Home, who: str, hostname: str) -> None:
    """One lease, asked for until there is one."""
    command = ("udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "8", "-T", "1", "-s", "/bin/true")
    home.run(who, *command, "-x", f"hostname:{hostname}")


@pytest.mark.root
def test_who_serves_addresses_and_who_asks_are_known_and_a_second_server_is_told(
    home: Home,
) -> None:
    need("dnsmasq", "udhcpc")
    server, tablet = home.plug("server", 30), home.plug("tablet", 31, with_address=False)
    rogue = home.plug("rogue", 32)
    hub = home.watch()
    serve(home, "server", 100)
    ask(home, "tablet", "daidokoro-tablet")
    told = hub.until(
        lambda told: (
            "daidokoro-tablet" in hub.thing(told, tablet).get("names", ())
            and "dhcp.offer" in hub.thing(told, server).get("heard_by", ())
        )
    )
    assert told["alerts"] == []
    serve(home, "rogue", 200)
    for _ in range(4):  # the second server answers once it is up
        try:
            ask(home, "tablet", "daidokoro-tablet")
        except subprocess.CalledProcessError:
            continue
        if hub.until(lambda told: told)["alerts"]:
            break
    hub.until_alerted("claims.dhcp", rogue)
    assert {alert["thing"] for alert in hub.state["alerts"]} == {rogue}
