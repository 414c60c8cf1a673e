"""A bridge with wires in a network namespace of this process: what goes in, what comes out."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BRIDGE = "br0"
HUB_MAC = "02:00:00:00:00:01"
PORTS = ("p2", "p3", "p4")
PATIENCE_S = 20.0
_NEW_NETWORK = 0x40000000  # linux/sched.h: CLONE_NEWNET
_OUTGOING = 4  # linux/if_packet.h
_SENTINEL = b"\x88\xb5" + bytes(46)  # IEEE 802 local experimental


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """A network namespace for this thread and the programs it starts; skips where none is given."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_NEW_NETWORK) != 0:
            pytest.skip("this machine gives no network namespaces")
        try:
            yield
        finally:
            assert libc.setns(before, _NEW_NETWORK) == 0
    finally:
        os.close(before)


def ip_command(*words: str) -> None:
    subprocess.run(("ip", *words), check=True, capture_output=True, timeout=20)


def through_inet(*, wanted: bool) -> None:
    """Whether bridged frames go through the rules for routed ones too, as beside containers.

    Then the kernel stops malformed IP by itself.
    """
    for which in ("iptables", "ip6tables", "arptables"):
        path = Path(f"/proc/sys/net/bridge/bridge-nf-call-{which}")
        if path.exists():
            path.write_text(str(int(wanted)))


class Wires:
    """Port `p2` of the bridge ends in `e2`, and so on; every frame goes out at all other ports."""

    def __init__(self) -> None:
        # No word of the kernel's own on the wires.
        for which in ("all", "default"):
            path = Path(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6")
            if path.exists():
                path.write_text("1")
        through_inet(wanted=False)
        ip_command("link", "set", "lo", "up")
        bridge = ("type", "bridge", "mcast_snooping", "0")
        ip_command("link", "add", BRIDGE, "address", HUB_MAC, *bridge)
        ip_command("link", "set", BRIDGE, "up")
        self._ends: dict[str, socket.socket] = {}
        self._inner: dict[str, socket.socket] = {}
        for port in PORTS:
            self._plug(port)
        self.number = 0
        self._cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(self._cpus)})  # frames stay in their order

    def _plug(self, port: str) -> None:
        end = port.replace("p", "e")
        ip_command("link", "add", port, "type", "veth", "peer", "name", end)
        ip_command("link", "set", port, "master", BRIDGE)
        ip_command("link", "set", port, "type", "bridge_slave", "learning", "off", "flood", "on")
        for name in (end, port):
            ip_command("link", "set", name, "up")
        every = 3  # ETH_P_ALL
        heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every))
        heard.bind((end, every))
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._ends[port] = heard
        self._inner[port] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._inner[port].bind((port, 0))

    def send(self, frames: list[tuple[str, bytes]]) -> list[set[str]]:
        """Send frames, each into a port; returns at which ports each came out."""
        first = self.number
        for port, frame in frames:
            self.number += 1
            self._ends[port].send(frame + struct.pack("!I", self.number))
        found: list[set[str]] = [set() for _ in frames]
        self.number += 1
        # Past the bridge and its rules, but on the same wires: whatever came before is there.
        last = b"\x02\xee\0\0\0\x01\x02\xee\0\0\0\x02" + _SENTINEL
        for port in PORTS:
            self._inner[port].send(last + struct.pack("!I", self.number))
            self._hear(port, self.number, first, found)
        return found

    def _hear(self, port: str, last: int, first: int, found: list[set[str]]) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if not select.select([self._ends[port]], [], [], 0.2)[0]:
                continue
            data, (_name, _kind, direction, *_rest) = self._ends[port].recvfrom(4096)
            number = struct.unpack("!I", data[-4:])[0]
            if direction == _OUTGOING:
                continue
            if number == last:
                return
            if first < number <= first + len(found):
                found[number - first - 1].add(port)
        pytest.fail("the wires are silent: a frame that nobody stops did not come out")

    def close(self) -> None:
        for heard in (*self._ends.values(), *self._inner.values()):
            heard.close()
        os.sched_setaffinity(0, self._cpus)
        for port in PORTS:
            ip_command("link", "delete", port)
        ip_command("link", "delete", BRIDGE)
