"""Where the hub stands, from what a kernel says of itself."""

from __future__ import annotations

import os
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from omamori.adapters.vantage import (
    Vantage,
    default_interface,
    home_interface,
    own_macs,
    ports_of,
    vantage_of,
)

if TYPE_CHECKING:
    from pathlib import Path

ROUTE = "Iface\tDestination\tGateway\tFlags\n{name}\t00000000\t0102A8C0\t0003\t0\n"


def machine(
    root: Path, *names: str, bridge: dict[str, tuple[str, ...]] | None = None
) -> tuple[Path, Path]:
    """A kernel with these interfaces; it routes to the outside through ``wan``."""
    net, proc = root / "net", root / "proc"
    (proc / "net").mkdir(parents=True)
    (proc / "sys/net/ipv4").mkdir(parents=True)
    (proc / "net/route").write_text(ROUTE.format(name="wan"))
    (proc / "sys/net/ipv4/ip_forward").write_text("0\n")
    for number, name in enumerate(names):
        (net / name / "device").mkdir(parents=True)
        (net / name / "operstate").write_text("up\n")
        (net / name / "address").write_text(f"02:00:00:00:00:{number:02x}\n")
    for name, ports in (bridge or {}).items():
        for number, port in enumerate(ports, 1):
            (net / name / "brif" / port).mkdir(parents=True)
            (net / port / "brport").mkdir(parents=True, exist_ok=True)
            (net / port / "brport/port_no").write_text(hex(number))
    return net, proc


def test_without_an_interface_it_only_asks() -> None:
    assert vantage_of("") == Vantage("asking")


def test_a_machine_that_is_plugged_in_hears_what_is_for_it_and_for_everybody(
    tmp_path: Path,
) -> None:
    net, proc = machine(tmp_path, "wan")
    assert vantage_of("wan", net, proc) == Vantage("plugged", "wan")
    assert home_interface(net, proc) == "wan"


def test_a_router_listens_inside(tmp_path: Path) -> None:
    net, proc = machine(tmp_path, "lan", "wan")
    (proc / "sys/net/ipv4/ip_forward").write_text("1\n")
    assert home_interface(net, proc) == "lan"
    assert vantage_of("lan", net, proc) == Vantage("router", "lan")
    assert vantage_of("wan", net, proc) == Vantage("plugged", "wan")


def test_a_bridge_hears_what_two_things_say_to_one_another(tmp_path: Path) -> None:
    net, proc = machine(tmp_path, "br0", "eth1", "eth2", "wan", bridge={"br0": ("eth1", "eth2")})
    assert home_interface(net, proc) == "br0"
    assert vantage_of("br0", net, proc) == Vantage("bridge", "br0")
    assert vantage_of("eth1", net, proc) == Vantage("bridge", "eth1")


def test_a_bridge_says_through_which_port_a_thing_is_heard(tmp_path: Path) -> None:
    net, _ = machine(tmp_path, "br0", "eth1", "eth2", bridge={"br0": ("eth1", "eth2")})
    entry = struct.Struct("=6sBBIB3x")
    table = entry.pack(b"\x02\0\0\0\0\x09", 2, 0, 100, 0) + entry.pack(b"\x02" * 6, 1, 1, 0, 0)
    (net / "br0/brforward").write_bytes(table + b"cut")
    assert ports_of("br0", net) == {"02:00:00:00:00:09": "eth2"}
    assert ports_of("eth1", net) == {}


def test_a_kernel_that_says_nothing_is_only_plugged_in(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert vantage_of("eth0", nowhere, nowhere) == Vantage("plugged", "eth0")
    assert home_interface(nowhere, nowhere) == ""
    assert default_interface(nowhere) == ""
    assert own_macs(nowhere) == frozenset()


@pytest.mark.root
def test_a_real_bridge_of_the_kernel_is_seen_as_one() -> None:
    name = f"omaB{os.getpid()}"[:15]

    def ip(*words: str) -> bool:
        try:
            done = subprocess.run(["ip", *words], capture_output=True, check=False)
        except FileNotFoundError:
            return False
        return done.returncode == 0

    if not ip("link", "add", name, "type", "bridge"):
        pytest.skip("no right to make a bridge")
    try:
        for end in ("x", "y"):
            ip(
                "link",
                "add",
                f"{end}{name}"[:15],
                "type",
                "veth",
                "peer",
                "name",
                f"p{end}{name}"[:15],
            )
            ip("link", "set", f"{end}{name}"[:15], "master", name)
        assert vantage_of(name) == Vantage("bridge", name)
        assert ports_of(name) == {} or all(":" in mac for mac in ports_of(name))
    finally:
        for end in ("x", "y"):
            ip("link", "del", f"{end}{name}"[:15])
        ip("link", "del", name)
