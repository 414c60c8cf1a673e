"""Meetings over real loopback TLS 1.3: honest peers, and peers that stall, flood, lie or hang up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from OpenSSL import SSL, crypto

from documents.forge import resigned
from omamori.adapters import transport
from omamori.adapters.channel import TLS_BYTES_MAX, TransportError
from omamori.adapters.transport import (
    MEETINGS_MAX,
    PER_ADDRESS_MAX,
    Answerer,
    Bearer,
    Session,
    call,
    visit,
)
from omamori.documents.reason import RefusedError
from omamori.trust.meeting import MESSAGE_BYTES_MAX, Outcome
from trust.industries import NOW, Industry, Thing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from asn1crypto import x509 as asn1

ENERGY, HEALTH = Industry("energy"), Industry("health")
ENERGY.recognise(HEALTH, {5: 4, 4: 3, 3: 3, 2: 1})
HEALTH.recognise(ENERGY, {5: 4, 4: 4, 3: 3})
BOOKS = {"energy": ENERGY.book(), "health": HEALTH.book()}
METER, GLUCOSE = ENERGY.thing(4, "meter"), HEALTH.thing(4, "glucose")
DEADLINE_S = 0.6


def bearer(thing: Thing) -> Bearer:
    return Bearer(
        x509.load_der_x509_certificate(thing.certificate),
        thing.key,
        thing.credentials,
        BOOKS[thing.industry.name],
        lambda: NOW,
    )


def keys(told: list[Outcome | RefusedError]) -> list[str]:
    return [t.reason.key if isinstance(t, RefusedError) else t.answer for t in told]


Client = "Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]"


def answered(
    client: Callable[[Answerer], Coroutine[Any, Any, Any]], deadline_s: float = DEADLINE_S
) -> list[str]:
    """What a real answerer tells of one client, within its deadline."""
    told: list[Outcome | RefusedError] = []

    async def main() -> None:
        async with Answerer(bearer(GLUCOSE), told.append, deadline_s) as answerer:
            await client(answerer)
            for _ in range(200):
                if told and not answerer._busy:
                    break
                await asyncio.sleep(0.02)
            assert not answerer._busy

    asyncio.run(main())
    return keys(told)


def called(serve: Any, deadline_s: float = DEADLINE_S) -> str:
    """Why a real caller gives up on this server."""

    async def main() -> str:
        async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            except (OSError, SSL.Error):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(each, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            await call("127.0.0.1", port, bearer(METER), "share-energy", deadline_s)
        except RefusedError as error:
            return error.reason.key
        finally:
            server.close()
        return "met"

    return asyncio.run(main())


async def raw(
    answerer: Answerer,
    *pieces: bytes,
    pause_s: float = 0.0,
    stay_s: float = 0.0,
    at: str = "127.0.0.1",
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", answerer.port, local_addr=(at, 0))
    with contextlib.suppress(OSError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        await asyncio.sleep(stay_s)
    writer.close()
    assert reader


def _loaded(octets: bytes) -> Any:
    try:
        return x509.load_der_x509_certificate(octets)
    except x509.InvalidVersion:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, octets)


class Peer:
    """A TLS client of one's own, that may say anything."""

    def __init__(self, thing: Thing | None, version: int = SSL.TLS1_3_VERSION) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
        if thing is not None:
            context.use_certificate(_loaded(thing.certificate))
            context.use_privatekey(thing.key)
        self.tls = SSL.Connection(context, None)
        self.tls.set_connect_state()

    async def say(self, answerer: Answerer, *messages: bytes, stay_s: float = 0.0) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", answerer.port)
        try:
            while True:
                try:
                    self.tls.do_handshake()
                    break
                except SSL.WantReadError:
                    self._out(writer)
                    octets = await reader.read(16384)
                    if not octets:
                        return
                    self.tls.bio_write(octets)
            for message in messages:
                for at in range(0, len(message), 8192):
                    self.tls.send(message[at : at + 8192])
                    self._out(writer)
                    await writer.drain()
            self._out(writer)
            await asyncio.sleep(stay_s)
        except (OSError, SSL.Error):
            pass
        finally:
            writer.close()

    def _out(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(SSL.WantReadError):
            while True:
                writer.write(self.tls.bio_read(16384))


def test_two_things_meet() -> None:
    told: list[Outcome | RefusedError] = []

    async def main() -> Outcome:
        async with Answerer(bearer(GLUCOSE), told.append) as answerer:
            mine = await call("127.0.0.1", answerer.port, bearer(METER), "share-energy")
            await asyncio.sleep(0.3)
            return mine

    mine = asyncio.run(main())
    (theirs,) = told
    assert isinstance(theirs, Outcome)
    assert mine.answer == theirs.answer == "allow"
    assert mine.level == ENERGY.ladder.level(3)
    assert theirs.level == HEALTH.ladder.level(3)
    assert mine.standing.uri == "https://health.example/t/glucose"
    assert theirs.standing.uri == "https://energy.example/t/meter"


def test_many_meet_at_once() -> None:
    told: list[Outcome | RefusedError] = []

    async def main() -> list[Outcome]:
        async with Answerer(bearer(GLUCOSE), told.append) as answerer:
            calls = [
                call("127.0.0.1", answerer.port, bearer(METER), "read-measurement")
                for _ in range(16)
            ]
            return await asyncio.gather(*calls)

    assert [outcome.answer for outcome in asyncio.run(main())] == ["allow"] * 16


def test_a_peer_of_an_unknown_industry_is_refused_above_tls() -> None:
    """TLS accepts anyone who proves a key; the judgement above it does not."""
    toys = Industry("toys")
    toys.recognise(HEALTH, {4: 4})
    doll = toys.thing(5, "doll")
    BOOKS["toys"] = toys.book()
    found: list[Outcome] = []

    async def client(answerer: Answerer) -> None:
        found.append(await call("127.0.0.1", answerer.port, bearer(doll), "share-energy"))

    assert answered(client) == ["refuse"]
    assert found[0].peer_reasons[0] == "standing.unknown-authority"


def test_a_client_that_says_nothing_is_cut() -> None:
    assert answered(lambda a: raw(a, stay_s=2 * DEADLINE_S)) == ["meeting.stalled"]


def test_a_client_that_drips_is_cut_by_the_one_deadline() -> None:
    drips = [
        bytes([octet]) for octet in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)
    ]
    assert answered(lambda a: raw(a, *drips, pause_s=0.03)) == ["meeting.stalled"]


def test_a_client_that_hangs_up_is_told() -> None:
    assert answered(lambda a: raw(a, b"\x16\x03\x01")) == ["meeting.hung-up"]
    assert answered(raw) == ["meeting.hung-up"]


@pytest.mark.parametrize(
    "octets",
    [
        os.urandom(500),
        b"GET / HTTP/1.1\r\n\r\n" * 10,
        b"\x80" * 999,
        b"\x15\x03\x03\x00\x02\x02\x28",
    ],
)
def test_a_client_that_speaks_no_tls_is_cut(octets: bytes) -> None:
    (key,) = answered(lambda a: raw(a, octets, stay_s=2 * DEADLINE_S))
    assert key in {"meeting.channel-broken", "meeting.stalled"}


def test_a_client_of_an_older_tls_is_cut() -> None:
    peer = Peer(METER, SSL.TLS1_2_VERSION)
    assert answered(peer.say) == ["meeting.channel-broken"]


def test_a_client_without_a_certificate_is_cut() -> None:
    peer = Peer(None)
    assert answered(lambda a: peer.say(a, b"\0", stay_s=0.3)) == ["meeting.channel-broken"]


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
def test_a_client_with_a_certificate_that_only_openssl_reads_is_cut_in_time() -> None:
    """OpenSSL accepts what a stricter parser raises on: that must not leave the meeting hanging."""

    def second(body: asn1.TbsCertificate) -> None:
        body["version"] = "v2"

    strange = Thing(ENERGY, resigned(METER.certificate, ENERGY.issuing_key, second), METER.key, 4)
    with pytest.raises(x509.InvalidVersion):
        x509.load_der_x509_certificate(strange.certificate)
    peer = Peer(strange)
    assert answered(lambda a: peer.say(a, stay_s=2 * DEADLINE_S)) == ["meeting.stalled"]


def test_a_client_that_stalls_after_the_handshake_is_cut() -> None:
    peer = Peer(METER)
    assert answered(lambda a: peer.say(a, stay_s=2 * DEADLINE_S)) == ["meeting.stalled"]


def test_a_client_that_announces_too_much_is_cut_at_once() -> None:
    length = struct.pack(">I", MESSAGE_BYTES_MAX + 1)
    peer = Peer(METER)
    assert answered(lambda a: peer.say(a, length, stay_s=0.3)) == ["meeting.too-long"]


def test_a_client_that_says_nonsense_is_cut() -> None:
    peer = Peer(METER)
    message = struct.pack(">I", 3) + b"abc"
    assert answered(lambda a: peer.say(a, message, stay_s=0.3)) == ["meeting.malformed"]


def test_a_client_that_floods_is_cut_and_costs_little() -> None:
    peer = Peer(METER)
    message = struct.pack(">I", MESSAGE_BYTES_MAX) + b"\0" * (20 * 1024 * 1024)
    tracemalloc.start()
    try:
        (key,) = answered(lambda a: peer.say(a, message), 5.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert key in {"meeting.flooded", "meeting.malformed"}
    assert peak - len(message) < 32 * TLS_BYTES_MAX


def test_a_handshake_that_never_ends_is_cut_by_size() -> None:
    """Plain TLS records in a row, each well formed, before any key is agreed."""
    record = b"\x16\x03\x03\x40\x00" + b"\x01\x00\xff\xff" + b"\0" * 16380
    (key,) = answered(lambda a: raw(a, *[record] * 40, stay_s=0.3), 5.0)
    assert key in {"meeting.flooded", "meeting.channel-broken"}


def test_more_meetings_than_the_limit_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MEETINGS_MAX", PER_ADDRESS_MAX)
    monkeypatch.setattr(transport, "PER_ADDRESS_MAX", PER_ADDRESS_MAX + 1)

    async def client(answerer: Answerer) -> None:
        crowd = [
            asyncio.ensure_future(raw(answerer, stay_s=DEADLINE_S)) for _ in range(PER_ADDRESS_MAX)
        ]
        await asyncio.sleep(0.2)
        with pytest.raises(RefusedError):
            await call("127.0.0.1", answerer.port, bearer(METER), "share-energy")
        await asyncio.gather(*crowd)
        await asyncio.sleep(DEADLINE_S)

    told = answered(client)
    assert told.count("meeting.too-many") == 1
    assert len(told) == PER_ADDRESS_MAX + 1


def test_who_opens_connections_and_says_nothing_keeps_nobody_else_out() -> None:
    async def client(answerer: Answerer) -> None:
        crowd = [
            asyncio.ensure_future(raw(answerer, stay_s=DEADLINE_S, at="127.0.0.2"))
            for _ in range(MEETINGS_MAX)
        ]
        await asyncio.sleep(0.2)
        met = await call("127.0.0.1", answerer.port, bearer(METER), "share-energy")
        assert met.answer == "allow"
        await asyncio.gather(*crowd)
        await asyncio.sleep(DEADLINE_S)

    told = answered(client)
    assert told.count("meeting.too-many") == MEETINGS_MAX - PER_ADDRESS_MAX


def test_after_a_bad_client_the_next_is_answered() -> None:
    async def client(answerer: Answerer) -> None:
        await raw(answerer, os.urandom(300), stay_s=0.1)
        await call("127.0.0.1", answerer.port, bearer(METER), "share-energy")

    assert answered(client)[-1] == "allow"


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(TransportError, match="not-reached"):
        asyncio.run(call("127.0.0.1", 1, bearer(METER), "share-energy", DEADLINE_S))


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    await asyncio.sleep(2 * DEADLINE_S)


async def _hangs_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def _random(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x99" * 400)
    await writer.drain()


async def _floods(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    record = b"\x16\x03\x03\x40\x00" + b"\x02\x00\x00\x00" * 4096
    for _ in range(4000):
        writer.write(record)
        await writer.drain()


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        (_silent, {"meeting.stalled"}),
        (_hangs_up, {"meeting.hung-up"}),
        (_random, {"meeting.channel-broken"}),
        (_floods, {"meeting.flooded", "meeting.channel-broken"}),
    ],
)
def test_a_server_that_misbehaves_is_left(serve: Any, expected: set[str]) -> None:
    assert called(serve) in expected


def test_two_that_may_cooperate_talk_on_over_the_same_channel() -> None:
    heard: list[bytes] = []

    async def stay(session: Session) -> None:
        heard.append(await session.receive(100, DEADLINE_S))
        await session.send(b"heard")

    async def main() -> bytes:
        answering = Answerer(bearer(GLUCOSE), lambda _: None, stay=stay)
        async with (
            answering as answerer,
            visit("127.0.0.1", answerer.port, bearer(METER), "share-energy") as session,
        ):
            await session.send(b"please")
            return await session.receive(100, DEADLINE_S)

    assert asyncio.run(main()) == b"heard"
    assert heard == [b"please"]


def test_a_visitor_who_says_too_much_or_nothing_is_shown_out() -> None:
    ends: list[str] = []

    async def stay(session: Session) -> None:
        try:
            await session.receive(100, 0.2)
        except TransportError as error:
            ends.append(error.reason.key)

    async def says(message: bytes) -> None:
        answering = Answerer(bearer(GLUCOSE), lambda _: None, stay=stay)
        async with (
            answering as answerer,
            visit("127.0.0.1", answerer.port, bearer(METER), "share-energy") as session,
        ):
            if message:
                await session.send(message)
            await asyncio.sleep(0.4)

    asyncio.run(says(b"x" * 101))
    asyncio.run(says(b""))
    assert ends == ["meeting.too-long", "meeting.stalled"]


def test_closing_the_door_ends_what_is_still_being_said() -> None:
    async def stay(session: Session) -> None:
        await session.receive(100, 60.0)

    async def main() -> None:
        answering = await Answerer(bearer(GLUCOSE), lambda _: None, stay=stay).open()
        async with visit("127.0.0.1", answering.port, bearer(METER), "share-energy"):
            async with asyncio.timeout(5):
                await answering.close()

    asyncio.run(main())
