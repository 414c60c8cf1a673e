"""Device descriptions: read if small, plain and the speaker's own; refused otherwise."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.discovery import upnp
from omamori.adapters.discovery.upnp import UpnpRefusedError

from .peers import DESCRIPTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.protocols.text import Facts

EXPECTED = {
    "device_type": "urn:schemas-upnp-org:device:MediaRenderer:1",
    "friendly_name": "居間のテレビ",
    "manufacturer": "Sony Corporation",
    "model_name": "KJ-55X9500H",
    "serial_number": "123",
}
BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><root><device>&b;</device></root>'
FOREIGN = b'<!DOCTYPE r SYSTEM "http://192.0.2.9/x"><root><device/></root>'


def test_a_description_is_read() -> None:
    assert upnp.description(DESCRIPTION) == EXPECTED


@pytest.mark.parametrize(
    ("octets", "key"),
    [
        (b"", "upnp.not-xml"),
        (b"<root>", "upnp.not-xml"),
        (b"<root/>", "upnp.no-device"),
        (BOMB, "upnp.not-xml"),
        (FOREIGN, "upnp.not-xml"),
        (b"<?xml version='1.0' encoding='no-such'?><root/>", "upnp.not-xml"),
        (b" " * 70_000, "upnp.too-long"),
    ],
)
def test_what_is_no_description_is_refused(octets: bytes, key: str) -> None:
    with pytest.raises(UpnpRefusedError) as refused:
        upnp.description(octets)
    assert refused.value.reason.key == key


@given(
    st.binary(max_size=300) | st.binary(max_size=100).map(lambda b: DESCRIPTION.replace(b"Sony", b))
)
def test_any_bytes_give_fields_or_a_refusal(octets: bytes) -> None:
    try:
        fields = upnp.description(octets)
    except UpnpRefusedError:
        return
    assert all(text.isprintable() and 0 < len(text) <= 255 for text in fields.values())


def embedding(*devices: str) -> bytes:
    inner = f"<deviceList>{''.join(devices)}</deviceList></device></root>"
    return DESCRIPTION.replace(b"</device></root>", inner.encode())


def device(kind: str, name: str, inner: str = "") -> str:
    return (
        f"<device><deviceType>urn:schemas-upnp-org:device:{kind}:1</deviceType>"
        f"<friendlyName>{name}</friendlyName><UDN>uuid:{name}</UDN>{inner}</device>"
    )


def test_a_light_behind_another_thing_is_told_of_and_the_same_boxs_other_sides_are_not() -> None:
    lamp = device("DimmableLight", "lamp")
    hidden = device("WANDevice", "wan", f"<deviceList>{lamp}</deviceList>")
    told = upnp.facts(embedding(hidden, device("MediaServer", "same box")))
    assert told == [
        ("upnp.description", EXPECTED),
        (
            "bridge.child",
            {
                "child": "uuid:lamp",
                "name": "lamp",
                "kind": "urn:schemas-upnp-org:device:DimmableLight:1",
                "by": "upnp",
            },
        ),
    ]


def test_devices_inside_a_description_are_bounded_in_number_and_depth() -> None:
    many = [device("BinaryLight", f"lamp {n}") for n in range(200)]
    assert len(upnp.facts(embedding(*many))) == 1 + upnp.EMBEDDED_MAX
    deep = ""
    for n in range(300):
        deep = device("BinaryLight", f"{n}", f"<deviceList>{deep}</deviceList>")
    assert len(upnp.facts(embedding(deep))) == 1 + upnp.DEPTH_MAX


def test_only_the_speakers_own_address_is_fetched() -> None:
    assert upnp.own_address("http://192.0.2.6:80/d.xml", "192.0.2.6") == "http://192.0.2.6:80/d.xml"


@pytest.mark.parametrize(
    "location",
    [
        "http://192.0.2.7/d.xml", "http://example.org/d.xml", "https://192.0.2.6/d.xml", "file:///etc/passwd",
        "http://192.0.2.6@192.0.2.7/", "http://u:p@192.0.2.6/", "http://192.0.2.6:0/", "http://192.0.2.6:99999/",
        "http://192.0.2.6/\r\nX: y", "http://[192.0.2.6/", "", "//192.0.2.6/",
    ],
)  # fmt: skip
def test_any_other_address_is_not(location: str) -> None:
    with pytest.raises(UpnpRefusedError):
        upnp.own_address(location, "192.0.2.6")


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_location_is_own_or_refused(location: str, speaker: str) -> None:
    with suppress(UpnpRefusedError):
        assert upnp.own_address(location, speaker).startswith("http://")


def fetched(answer: bytes) -> Facts:
    """What a fetch gives when the thing answers so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def run() -> Facts:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await upnp.fetch(f"http://127.0.0.1:{port}/d.xml", "127.0.0.1")
        finally:
            server.close()

    return asyncio.run(run())


def test_a_real_answer_is_read() -> None:
    assert fetched(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + DESCRIPTION) == [
        ("upnp.description", EXPECTED)
    ]


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.9/\r\nContent-Length: 0\r\n\r\n",
            "upnp.status",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, "upnp.too-long"),
        (b"\x16\x03\x01\x00", "upnp.no-answer"),
        (b"", "upnp.no-answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<a/>", "upnp.no-answer"),
    ],
)
def test_a_bad_answer_is_refused(answer: bytes, key: str) -> None:
    with pytest.raises(UpnpRefusedError) as refused:
        fetched(answer)
    assert refused.value.reason.key == key


def test_a_port_where_nobody_answers_is_refused(unused_port: Callable[[], int]) -> None:
    with pytest.raises(UpnpRefusedError, match=r"upnp\.no-answer"):
        asyncio.run(upnp.fetch(f"http://127.0.0.1:{unused_port()}/", "127.0.0.1"))
