"""Meetings over mutual TLS 1.3: moves bytes between a socket and the meeting's state machine.

pyOpenSSL, because only it gives the TLS 1.3 exporter that binds a proof to its channel (RFC 9266);
`ssl` does not. TLS itself accepts any certificate that proves its key: it is blind to policies, so
the judgement stands above it. One deadline, one size and one count bound what a peer can cost.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

from omamori.documents.certificate import sha256
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import ECDSA
from omamori.trust import meeting
from omamori.trust.book import Book
from omamori.trust.standing import DEFAULT_CAPS, Caps, Credentials

if TYPE_CHECKING:
    from types import TracebackType

    from OpenSSL.crypto import X509


READ_BYTES = 16 * 1024
TLS_BYTES_MAX = 64 * 1024
"""All that one side may send in a whole meeting, handshake included; a flight is about 3 KB."""

LENGTH = struct.Struct(">I")
MEETINGS_MAX = 32
"""How many meetings a thing holds at once; more are turned away, not queued."""


class TransportError(RefusedError):
    """The peer could not be reached, stalled, flooded or hung up."""


class Bearer(msgspec.Struct, frozen=True):
    """A thing that can go to meetings: its credentials, its key and the book it judges by.

    Attributes:
        clock: seconds since the epoch.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    credentials: Callable[[], Credentials]
    book: Book
    clock: Callable[[], float]
    caps: Caps = DEFAULT_CAPS

    def sign(self, octets: bytes) -> bytes:
        """DER ECDSA-SHA256 signature with the certificate's key."""
        return self.key.sign(octets, ECDSA)


def _accept(
    _connection: SSL.Connection, _certificate: X509, _error: int, _depth: int, _ok: int
) -> bool:
    """Accept any certificate at the TLS layer; the possession of its key is proved by TLS."""
    return True


def _context(bearer: Bearer) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _accept)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.use_certificate(bearer.certificate)
    context.use_privatekey(bearer.key)
    return context


class _Channel:
    """TLS over asyncio streams, in memory BIOs, with everything counted."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: SSL.Connection
    ) -> None:
        self.reader, self.writer, self.tls = reader, writer, tls
        self.received = 0
        self.waiting = bytearray()

    async def flush(self) -> None:
        while True:
            try:
                self.writer.write(self.tls.bio_read(READ_BYTES))
            except SSL.WantReadError:
                break
        await self.writer.drain()

    async def feed(self) -> None:
        octets = await self.reader.read(READ_BYTES)
        if not octets:
            raise TransportError("meeting.hung-up")
        self.received += len(octets)
        if self.received > TLS_BYTES_MAX:
            raise TransportError("meeting.flooded", {"bytes_max": TLS_BYTES_MAX})
        self.tls.bio_write(octets)

    async def handshake(self) -> tuple[bytes, bytes]:
        """Shake hands; returns the channel binding and the peer certificate's thumbprint."""
        while True:
            try:
                self.tls.do_handshake()
                break
            except SSL.WantReadError:
                await self.flush()
                await self.feed()
        await self.flush()
        # Not as a `cryptography` object: its stricter parser may raise on what OpenSSL accepted.
        peer = self.tls.get_peer_certificate()
        if peer is None:
            raise TransportError("meeting.no-certificate")
        binding = self.tls.export_keying_material(meeting.BINDING_LABEL, meeting.BINDING_BYTES, b"")
        return binding, sha256(dump_certificate(FILETYPE_ASN1, peer))

    async def send(self, messages: tuple[bytes, ...]) -> None:
        for message in messages:
            self.tls.sendall(LENGTH.pack(len(message)) + message)
        await self.flush()

    async def receive(self) -> bytes:
        header = await self._take(LENGTH.size)
        (length,) = LENGTH.unpack(header)
        if length > meeting.MESSAGE_BYTES_MAX:
            raise TransportError("meeting.too-long", {"bytes_max": meeting.MESSAGE_BYTES_MAX})
        return await self._take(length)

    async def _take(self, count: int) -> bytes:
        while len(self.waiting) < count:
            try:
                self.waiting += self.tls.recv(READ_BYTES)
            except SSL.WantReadError:
                await self.feed()
        taken = bytes(self.waiting[:count])
        del self.waiting[:count]
        return taken

    async def close(self) -> None:
        try:
            self.tls.shutdown()
            await self.flush()
        except (SSL.Error, OSError):
            pass  # the meeting is over either way
        self.writer.close()


async def _meet(channel: _Channel, role: str, bearer: Bearer, purpose: str) -> meeting.Outcome:
    binding, peer = await channel.handshake()
    me = meeting.Self(bearer.credentials(), bearer)
    nonce = secrets.token_bytes(meeting.NONCE_BYTES)
    table = meeting.Meeting(role, me, bearer.book, purpose, nonce, binding, peer, bearer.caps)
    await channel.send(table.start())
    while table.outcome is None:
        await channel.send(table.receive(await channel.receive(), bearer.clock()))
    return table.outcome


async def _bounded(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    role: str,
    bearer: Bearer,
    purpose: str,
    deadline_s: float,
) -> meeting.Outcome:
    """One whole meeting under one deadline; every failure is a refusal with a reason."""
    tls = SSL.Connection(_context(bearer), None)
    if role == meeting.CALLER:
        tls.set_connect_state()
    else:
        tls.set_accept_state()
    channel = _Channel(reader, writer, tls)
    try:
        async with asyncio.timeout(deadline_s):
            return await _meet(channel, role, bearer, purpose)
    except TimeoutError as error:
        raise TransportError("meeting.stalled", {"deadline_s": deadline_s}) from error
    except SSL.Error as error:
        raise TransportError("meeting.channel-broken") from error
    except OSError as error:
        raise TransportError("meeting.hung-up") from error
    finally:
        await channel.close()


async def call(
    host: str, port: int, bearer: Bearer, purpose: str, deadline_s: float = meeting.DEADLINE_S
) -> meeting.Outcome:
    """Meet the thing that answers at `host:port`.

    Raises:
        TransportError: it could not be reached, stalled, flooded or hung up.
        MeetingError: it broke the meeting's protocol.
    """
    try:
        async with asyncio.timeout(deadline_s):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        raise TransportError("meeting.not-reached") from error
    return await _bounded(reader, writer, meeting.CALLER, bearer, purpose, deadline_s)


class Answerer:
    """Answers meetings on a port; tells each outcome, or why it was cut."""

    def __init__(
        self,
        bearer: Bearer,
        told: Callable[[meeting.Outcome | RefusedError], None],
        deadline_s: float = meeting.DEADLINE_S,
    ) -> None:
        self.bearer = bearer
        self.told = told
        self.deadline_s = deadline_s
        self.port = 0
        self._server: asyncio.Server | None = None
        self._busy = 0

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen; loopback unless told otherwise."""
        self._server = await asyncio.start_server(self._answer, host, port, limit=READ_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        await self.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._busy >= MEETINGS_MAX:
            writer.close()
            self.told(TransportError("meeting.too-many", {"meetings_max": MEETINGS_MAX}))
            return
        self._busy += 1
        try:
            outcome = await _bounded(
                reader, writer, meeting.ANSWERER, self.bearer, "", self.deadline_s
            )
        except RefusedError as error:
            self.told(error)
        else:
            self.told(outcome)
        finally:
            self._busy -= 1
