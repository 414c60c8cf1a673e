"""The kernel's neighbour table: read as it is, with the age of what it knows."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.discovery import neighbours
from omamori.adapters.discovery.neighbours import Neighbour, NeighboursAsker
from omamori.adapters.discovery.voice import Voice

from .peers import netlink_entry

if TYPE_CHECKING:
    from omamori.hub.sighting import Sighting

MAC = bytes.fromhex("001788000001")
V4, V6 = socket.inet_aton("192.0.2.6"), socket.inet_pton(socket.AF_INET6, "fe80::1")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's rtnetlink")


def test_a_dump_names_each_neighbour_with_its_age() -> None:
    dump = netlink_entry(socket.AF_INET, 4, 0, V4, MAC, 12_300)
    dump += netlink_entry(socket.AF_INET6, 2, 0x80, V6, MAC, 0)
    assert neighbours.neighbours(dump) == [
        Neighbour("00:17:88:00:00:01", "192.0.2.6", 1, "stale", is_router=False, age_s=123.0),
        Neighbour("00:17:88:00:00:01", "fe80::1", 1, "reachable", is_router=True, age_s=0.0),
    ]


@pytest.mark.parametrize(
    ("state", "mac"),
    [
        (0x01, MAC),
        (0x20, MAC),
        (0x40, MAC),
        (0x02, bytes(6)),
        (0x02, b"\x33\x33\0\0\0\1"),
        (0x02, b""),
    ],
)
def test_who_did_not_answer_or_is_nobody_is_left_out(state: int, mac: bytes) -> None:
    assert neighbours.neighbours(netlink_entry(socket.AF_INET, state, 0, V4, mac, 0)) == []


@given(
    st.binary(max_size=400)
    | st.binary(max_size=60).map(lambda b: netlink_entry(2, 2, 0, V4, MAC, 1) + b)
)
def test_any_bytes_are_a_dump(dump: bytes) -> None:
    assert all(len(entry.mac) == 17 for entry in neighbours.neighbours(dump))


def test_the_way_out_is_read_from_the_route_table() -> None:
    table = (
        "Iface\tDestination\tGateway\tFlags\n"
        "eth0\t00000000\t010200C0\t0003\n"
        "eth0\t000200C0\t00000000\t0001\n"
    )
    assert neighbours.default_gateways(table) == {"192.0.2.1"}


@given(st.text(max_size=200))
def test_any_text_is_a_route_table(table: str) -> None:
    neighbours.default_gateways("head\n" + table)


@LINUX
def test_the_kernel_answers_without_root() -> None:
    dump = asyncio.run(neighbours.read_dump())
    assert neighbours._DONE in {kind for kind, _ in neighbours._messages(dump)}


@LINUX
def test_the_asker_tells_what_the_kernel_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dump() -> bytes:
        return netlink_entry(socket.AF_INET, 4, 0, V4, MAC, 500)

    monkeypatch.setattr(neighbours, "read_dump", dump)
    monkeypatch.setattr(neighbours, "_read_routes", lambda: "h\nx\t00000000\t060200C0\t3\n")
    heard: list[Sighting] = []

    async def run() -> None:
        well = asyncio.Event()
        task = asyncio.create_task(
            NeighboursAsker(Voice(heard.append, lambda: 1000.0)).run(well.set)
        )
        await well.wait()
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(run())
    (sighting,) = heard
    assert (sighting.source, sighting.at) == ("00:17:88:00:00:01", 995.0)
    assert sighting.fields["router"] == "yes"
