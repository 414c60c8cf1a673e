"""Frames and octets by direction, as tshark counts them in the same captures."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import shared_folder
from omamori.adapters.capture import budget
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture

if TYPE_CHECKING:
    from omamori.hub.flow import Flow

TSHARK = shutil.which("tshark")
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(TSHARK is None, reason="tshark is not installed"),
    pytest.mark.skipif(shared_folder() is None, reason="the shared captures are not here"),
]

Name = tuple[str, str, str, int, int]
FIELDS = (
    "frame.protocols", "frame.cap_len", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
    "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.flags",
)  # fmt: skip


def captures() -> list[str]:
    """One set-up of every third device type, and every attack and protocol."""
    folder = shared_folder()
    if folder is None:
        return []
    devices = sorted((folder / "captures/setups").iterdir())[::3]
    setups = [max(device.glob("*.pcap")) for device in devices]
    others = [
        path
        for room in ("attacks", "protocols")
        for path in sorted((folder / "captures" / room).glob("*.pcap*"))
    ]
    return [str(path.relative_to(folder)) for path in setups + others]


def ours(name: str) -> tuple[int, list[Flow]]:
    """Frames that carry something countable, and what was told of them."""
    told: list[Flow] = []
    decoder = Decoder(lambda _: None, told.extend)
    with open_capture(str((shared_folder() or Path()) / name)) as capture:
        for batch in capture.batches():
            decoder.hear(batch)
    decoder.finish()
    return decoder.frames - decoder.broken - sum(decoder.not_understood.values()), told


def theirs(name: str) -> tuple[Counter[Name], Counter[Name], dict[Name, int]]:
    """Frames, octets and joined TCP flags by direction."""
    path = (shared_folder() or Path()) / name
    command = [str(TSHARK), "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=f"]
    command += ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]
    command += [part for field in FIELDS for part in ("-e", field)]
    out = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    frames, octets, joined = Counter[Name](), Counter[Name](), dict[Name, int]()
    for line in out.splitlines():
        protocols, size, *addresses, tcp_from, tcp_to, udp_from, udp_to, flags = line.split("\t")
        carried = [word for word in protocols.split(":") if word in {"tcp", "udp", "icmp"}][:1]
        if not carried or carried == ["icmp"]:  # an error quotes another's frame
            continue
        source, target = (str(ip_address(a or b)) for a, b in zip(addresses[:2], addresses[2:]))  # noqa: B905 - two of each
        ports = (tcp_from, tcp_to) if carried == ["tcp"] else (udp_from, udp_to)
        key = (source, target, carried[0], int(ports[0]), int(ports[1]))
        frames[key] += 1
        octets[key] += int(size)
        if carried == ["tcp"]:
            joined[key] = joined.get(key, 0) | int(flags, 16) & 0xFF
    return frames, octets, joined


@pytest.mark.parametrize("name", captures())
def test_directions_are_as_tshark_counts_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "OPENINGS_PER_MAC_MAX", 10_000)  # one capture is a fast scan
    monkeypatch.setattr(budget, "OPENINGS_OF_NEWCOMERS_MAX", 10_000)
    countable, told = ours(name)
    frames, octets, joined = Counter[Name](), Counter[Name](), dict[Name, int]()
    for flow in told:
        if flow.proto in {"tcp", "udp"}:
            key = (flow.source, flow.target, flow.proto, flow.from_port, flow.to_port)
            frames[key] += flow.frames
            octets[key] += flow.octets
            if flow.proto == "tcp":
                joined[key] = joined.get(key, 0) | flow.flags
    assert (frames, octets, joined) == theirs(name)
    assert sum(flow.frames for flow in told) == countable


def test_the_comparison_compares_something() -> None:
    assert sum(sum(theirs(name)[0].values()) for name in captures()[:4]) > 100
