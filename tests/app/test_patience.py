"""A server does not wait for ever, nor read without end, nor give one caller everything."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from omamori.app import patience
from omamori.app.patience import PatientProtocol
from omamori.app.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def _app(_scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})


def with_server(act: Callable[[int], Awaitable[None]]) -> None:
    async def run() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            _app, http=PatientProtocol, ws="none", lifespan="off", log_config=None
        )
        server = Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        await server.answering.wait()
        try:
            await act(listening.getsockname()[1])
        finally:
            server.should_exit = True
            await serving

    asyncio.run(run())


async def _ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the server ended the connection."""
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:
        return b""


async def _answered(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(ASK)
        answer = await reader.readuntil(b"ok")
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()
    return answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(patience, "HEAD_S_MAX", 0.1)

    async def act(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(start)
        assert await _ended(reader) == b""
        writer.close()
        assert await _answered(port)

    with_server(act)


def test_the_second_head_on_a_connection_is_not_waited_for_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "HEAD_S_MAX", 0.2)

    async def act(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(ASK)
            await reader.readuntil(b"ok")
        writer.write(b"GET / HTTP/1.1\r\nHost:")
        assert await _ended(reader) == b""
        writer.close()

    with_server(act)


def test_a_slow_body_is_the_application_s_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S_MAX", 0.1)

    async def act(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
        for _ in range(2):
            await asyncio.sleep(0.15)
            writer.write(b"x" * 100_000)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.close()

    with_server(act)


@pytest.mark.parametrize("piece", [b"X-Long: " + b"a" * 4000 + b"\r\n", b"/" * 4000])
def test_a_head_without_end_is_cut(piece: bytes) -> None:
    async def act(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /" if piece[:1] == b"/" else ASK[:-2])
        sent = 0
        try:
            while sent < 4_000_000:
                writer.write(piece)
                sent += len(piece)
                await writer.drain()
                await asyncio.sleep(0)  # the server shares this loop
        except ConnectionError:
            pass
        assert sent < 4_000_000
        await _ended(reader)
        writer.close()
        assert await _answered(port)

    with_server(act)


def test_one_caller_does_not_hold_every_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "CALLER_CONNECTIONS_MAX", 3)

    async def act(port: int) -> None:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert not await _answered(port)
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.1)
        assert await _answered(port)

    with_server(act)
