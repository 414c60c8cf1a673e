"""The askers on the loopback interface, against small real peers."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest
from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from omamori.adapters.discovery.echonet import EchonetAsker
from omamori.adapters.discovery.mdns import MdnsAsker
from omamori.adapters.discovery.sockets import Interface
from omamori.adapters.discovery.ssdp import SsdpAsker
from omamori.adapters.discovery.voice import Asker, Voice
from omamori.adapters.protocols import echonet

from . import peers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from omamori.hub.sighting import Sighting

LOOPBACK = [Interface("lo", "127.0.0.1")]
PATIENCE_S = 20.0


def heard_until(
    enough: Callable[[list[Sighting]], bool],
    make: Callable[[Voice], Asker],
    peer: Callable[[], Coroutine[None, None, None]],
) -> list[Sighting]:
    """What an asker hears of a peer until it is enough, or patience ends."""
    heard: list[Sighting] = []

    async def run() -> None:
        peering = asyncio.create_task(peer())
        await asyncio.sleep(0.2)
        asking = asyncio.create_task(make(Voice(heard.append, lambda: 5.0)).run(lambda: None))
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not enough(heard) and not asking.done():  # noqa: ASYNC110 -- an asker signals no end
                    await asyncio.sleep(0.05)
        for task in (asking, peering):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    try:
        asyncio.run(run())
    except OSError as failed:
        pytest.skip(f"this machine's loopback has no group talk: {failed}")
    return heard


def fields_of(heard: list[Sighting], kind: str) -> list[dict[str, str]]:
    return [sighting.fields for sighting in heard if sighting.kind == kind]


def test_ssdp_finds_a_device_and_reads_its_description() -> None:
    heard = heard_until(
        lambda heard: bool(fields_of(heard, "upnp.description")),
        lambda voice: SsdpAsker(voice, LOOPBACK),
        lambda: peers.ssdp("127.0.0.1"),
    )
    assert fields_of(heard, "ssdp.notify")[0]["nt"] == "urn:schemas-upnp-org:device:MediaRenderer:1"
    assert fields_of(heard, "upnp.description") == [
        {
            "device_type": "urn:schemas-upnp-org:device:MediaRenderer:1",
            "friendly_name": "居間のテレビ",
            "manufacturer": "Sony Corporation",
            "model_name": "KJ-55X9500H",
            "serial_number": "123",
        }
    ]
    assert {sighting.source for sighting in heard} == {"ip:127.0.0.1"}


def test_echonet_finds_a_node_and_asks_its_objects() -> None:
    def enough(heard: list[Sighting]) -> bool:
        return any(
            f.get("epc.8a") for f in fields_of(heard, "echonet.object") if f["eoj"] == "027d01"
        )

    heard = heard_until(
        enough,
        lambda voice: EchonetAsker(voice, LOOPBACK),
        lambda: peers.echonet_node("127.0.0.2"),
    )
    assert enough(heard)
    assert {sighting.source for sighting in heard} == {"ip:127.0.0.2"}


def test_echonet_asks_by_tcp_what_a_node_does_not_send_in_a_datagram() -> None:
    def enough(heard: list[Sighting]) -> bool:
        return any("get" in fields for fields in fields_of(heard, "echonet.object"))

    heard = heard_until(
        enough,
        lambda voice: EchonetAsker(voice, LOOPBACK),
        lambda: peers.echonet_node_of_streams("127.0.0.3"),
    )
    assert enough(heard)
    maps = {f["eoj"]: f["get"] for f in fields_of(heard, "echonet.object") if "get" in f}
    assert {len(bytes.fromhex(codes)) for codes in maps.values()} == {127}


def test_echonet_does_not_send_to_who_is_not_near() -> None:
    told: list[Sighting] = []

    async def hear() -> None:
        asker = EchonetAsker(Voice(told.append, lambda: 5.0), LOOPBACK)
        asker._near = [IPv4Network("192.0.2.0/24")]
        frame = echonet.decode(bytes.fromhex("108100010ef00105ff017301d50401013001"))
        asker._hear("192.0.2.7", frame)
        asker._hear("198.51.100.7", frame)
        asked = asker._asked
        assert [asked.next(0.0) is None for _ in range(2)] == [True, True]
        now = asyncio.get_running_loop().time()
        first, second = asked.next(now), asked.next(now)
        assert first is not None
        assert first.ip == "192.0.2.7"
        assert second is None

    asyncio.run(hear())
    assert {sighting.source for sighting in told} == {"ip:192.0.2.7", "ip:198.51.100.7"}


def test_mdns_finds_a_service_with_its_text() -> None:
    async def peer() -> None:
        zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
        try:
            service = ServiceInfo(
                "_omamori-test._tcp.local.",
                "居間._omamori-test._tcp.local.",
                port=8080,
                addresses=[socket.inet_aton("192.0.2.77")],
                properties={"md": "Test Lamp\x07", "ci": "5"},
                server="lamp.local.",
            )
            await zeroconf.async_register_service(service)
            await asyncio.sleep(PATIENCE_S)
        finally:
            await zeroconf.async_close()

    heard = heard_until(
        lambda heard: bool(fields_of(heard, "mdns.name")),
        lambda voice: MdnsAsker(voice, ["127.0.0.1"]),
        peer,
    )
    assert fields_of(heard, "mdns.service") == [
        {
            "type": "_omamori-test._tcp",
            "instance": "居間",
            "host": "lamp.local",
            "port": "8080",
            "txt.md": "Test Lamp",
            "txt.ci": "5",
        }
    ]
    assert fields_of(heard, "mdns.name") == [{"name": "lamp.local", "ip": "192.0.2.77"}]
    assert {sighting.source for sighting in heard} == {"ip:192.0.2.77"}
