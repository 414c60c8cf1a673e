"""Discovery against real peers in a network of its own: avahi, a UPnP device, an ECHONET node.

The hub's side runs in a network namespace as an ordinary user; the peers live in others behind a
bridge.  Nothing touches this machine's own network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SRC = HERE.parents[2] / "src"
PEERS = {"mdns": "192.0.2.11", "ssdp": "192.0.2.12", "echonet": "192.0.2.13"}
PATIENCE_S = 25

HUB = """
import asyncio, encodings.idna, json, os, sys, time
from omamori.adapters import rules
from omamori.adapters.discovery.service import Discovery
from omamori.hub.knowing.inventory import Inventory

book, _ = rules.load(register=None)
if os.getuid() == 0:  # the interpreter itself may lie where only root may read: drop rights late
    os.setgroups([]); os.setgid(65534); os.setuid(65534)

async def main():
    inventory = Inventory(book)
    discovery = Discovery(inventory.hear, time.time)
    await discovery.start()
    wanted = set(sys.argv[2:])
    until = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < until:
        await asyncio.sleep(0.2)
        if {t.identity.kind.value for t in inventory.things() if t.mac} >= wanted:
            break
    troubles = [str(r) for r in discovery.troubles]
    await discovery.stop()
    things = [[t.mac, t.ips, t.names, t.identity.vendor.value, t.identity.kind.value] for t in inventory.things()]
    print(json.dumps({"uid": os.getuid(), "things": things, "troubles": troubles}))

asyncio.run(main())
"""


def sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


@pytest.fixture
def network() -> Iterator[dict[str, str]]:
    """Four namespaces on one bridge; the values are their names."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2 for network namespaces")
    tag = f"om{os.getpid() % 10000}"
    names = {who: f"{tag}{who}" for who in ("hub", "wire", *PEERS)}
    try:
        try:
            for name in names.values():
                sh("ip", "netns", "add", name)
        except subprocess.CalledProcessError:
            pytest.skip("this machine gives no network namespaces")
        wire = ("ip", "-n", names["wire"])
        sh(*wire, "link", "add", "br0", "type", "bridge")
        sh(*wire, "link", "set", "br0", "up")
        for who, ip in {"hub": "192.0.2.10", **PEERS}.items():
            inside = ("ip", "-n", names[who])
            sh(
                *wire,
                "link",
                "add",
                who,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                names[who],
            )
            sh(*wire, "link", "set", who, "master", "br0", "up")
            sh(*inside, "address", "add", f"{ip}/24", "dev", "eth0")
            sh(*inside, "link", "set", "lo", "up")
            sh(*inside, "link", "set", "eth0", "up")
            sh(*inside, "route", "add", "224.0.0.0/4", "dev", "eth0")
        yield names
    finally:
        for name in names.values():
            subprocess.run(("ip", "netns", "delete", name), check=False, capture_output=True)


def avahi(folder: Path, name: str) -> list[str]:
    """The command of an avahi daemon that announces a printer, and nothing of this machine."""
    services = folder / "services"
    services.mkdir()
    (services / "printer.service").write_text(
        '<?xml version="1.0"?><!DOCTYPE service-group SYSTEM "avahi-service.dtd"><service-group>'
        "<name>台所のプリンター</name><service><type>_ipp._tcp</type><port>631</port>"
        "<txt-record>ty=Brother MFC-J1234DW</txt-record><txt-record>usb_MFG=Brother</txt-record>"
        "</service></service-group>"
    )
    (folder / "avahi.conf").write_text("[server]\nhost-name=printer\nenable-dbus=no\nuse-ipv6=no\n")
    # The daemon reads /etc/avahi/services and writes /run: give it its own of both.
    script = (
        f"mount -t tmpfs none /run && mount --bind {services} /etc/avahi/services && "
        f"exec avahi-daemon --no-rlimits --no-drop-root --no-chroot -f {folder}/avahi.conf"
    )
    return ["ip", "netns", "exec", name, "unshare", "-m", "sh", "-c", script]


@pytest.mark.root
def test_an_ordinary_user_finds_real_peers(network: dict[str, str], tmp_path: Path) -> None:
    running = []
    wanted = ["television", "storage-battery"]
    try:
        for who in ("ssdp", "echonet"):
            command = (
                "ip",
                "netns",
                "exec",
                network[who],
                sys.executable,
                str(HERE / "peers.py"),
                who,
                PEERS[who],
            )
            running.append(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
        if (
            shutil.which("avahi-daemon")
            and shutil.which("unshare")
            and Path("/etc/avahi/services").is_dir()
        ):
            running.append(
                subprocess.Popen(
                    avahi(tmp_path, network["mdns"]),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            wanted.append("printer")
        time.sleep(1.0)
        told = subprocess.run(
            ("ip", "netns", "exec", network["hub"], sys.executable, "-c", HUB, str(PATIENCE_S), *wanted),
            check=False, capture_output=True, timeout=PATIENCE_S + 30, env={**os.environ, "PYTHONPATH": str(SRC)},
        )  # fmt: skip
    finally:
        for process in running:
            process.terminate()
            process.wait(10)
    assert told.returncode == 0, told.stderr.decode()[-2000:]
    result = json.loads(told.stdout)
    assert result["troubles"] == []
    assert result["uid"] != 0
    found = {
        kind: (vendor, ips[0], names) for mac, ips, names, vendor, kind in result["things"] if mac
    }
    assert found["television"][:2] == ("Sony", PEERS["ssdp"])
    assert found["television"][2][0] == "居間のテレビ"
    assert found["storage-battery"][:2] == ("Nichicon", PEERS["echonet"])
    if "printer" in wanted:
        assert found["printer"][:2] == ("Brother", PEERS["mdns"])
        assert "台所のプリンター" in found["printer"][2]
