"""Meetings over mutual TLS 1.3: moves bytes between a socket and the meeting's state machine.

TLS itself accepts any certificate that proves its key: it is blind to policies, so the judgement
stands above it. One deadline, one size and one count bound what a peer can cost.

Who may cooperate can stay after the meeting and talk on, over the channel that was judged.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from omamori.adapters.channel import READ_BYTES, Channel, TransportError
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import ECDSA
from omamori.trust import meeting
from omamori.trust.book import Book
from omamori.trust.standing import DEFAULT_CAPS, Caps, Credentials
from omamori.trust.verdict import ALLOW, LIMIT

if TYPE_CHECKING:
    from types import TracebackType

    from OpenSSL.crypto import X509


NETWORK_OCTETS = 8  # a /64
STALLED_S = 10.0  # for the peer to take in one message
MEETINGS_MAX = 32
"""How many meetings a thing holds at once; more are turned away, not queued."""
PER_ADDRESS_MAX = 16
"""Of them from one address: who only opens connections and says nothing keeps nobody else out."""


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


class Session:
    """The channel after its meeting: whole messages either way, each bounded.

    Attributes:
        outcome: what the meeting concluded; who uses the session judges again when it must.
        address: the IP address from which the peer speaks; somebody else's where addresses are
            translated in between.
    """

    def __init__(self, channel: Channel, outcome: meeting.Outcome) -> None:
        self._channel = channel
        self.outcome = outcome
        peer = channel.writer.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""

    async def send(self, message: bytes) -> None:
        """Send one message.

        Raises:
            TransportError: the peer does not take it in, or is gone.
        """
        async with _named(STALLED_S):
            await self._channel.send((message,))

    async def receive(self, bytes_max: int, patience_s: float) -> bytes:
        """The peer's next message.

        Raises:
            TransportError: none came in time, it was too long, or the peer is gone.
        """
        async with _named(patience_s):
            self._channel.received = 0
            return await self._channel.receive(bytes_max)


Stay = Callable[[Session], Awaitable[None]]
"""What to do after a meeting that ended well; the channel closes when it returns."""


@asynccontextmanager
async def _named(deadline_s: float) -> AsyncIterator[None]:
    """Every failure within is a refusal with a reason."""
    try:
        async with asyncio.timeout(deadline_s):
            yield
    except TimeoutError as error:
        raise TransportError("meeting.stalled", {"deadline_s": deadline_s}) from error
    except SSL.Error as error:
        raise TransportError("meeting.channel-broken") from error
    except OSError as error:
        raise TransportError("meeting.hung-up") from error


async def _meet(channel: Channel, role: str, bearer: Bearer, purpose: str) -> meeting.Outcome:
    binding, peer = await channel.handshake()
    me = meeting.Self(bearer.credentials(), bearer)
    nonce = secrets.token_bytes(meeting.NONCE_BYTES)
    table = meeting.Meeting(role, me, bearer.book, purpose, nonce, binding, peer, bearer.caps)
    await channel.send(table.start())
    while table.outcome is None:
        await channel.send(table.receive(await channel.receive(), bearer.clock()))
    return table.outcome


def _channel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: str, bearer: Bearer
) -> Channel:
    tls = SSL.Connection(_context(bearer), None)
    if role == meeting.CALLER:
        tls.set_connect_state()
    else:
        tls.set_accept_state()
    return Channel(reader, writer, tls)


@asynccontextmanager
async def visit(
    host: str, port: int, bearer: Bearer, purpose: str, deadline_s: float = meeting.DEADLINE_S
) -> AsyncIterator[Session]:
    """Meet the thing that answers at `host:port`, and keep the channel; see `Session.outcome`.

    Raises:
        TransportError: it could not be reached, stalled, flooded or hung up.
        MeetingError: it broke the meeting's protocol.
    """
    try:
        async with asyncio.timeout(deadline_s):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        raise TransportError("meeting.not-reached") from error
    channel = _channel(reader, writer, meeting.CALLER, bearer)
    try:
        async with _named(deadline_s):
            outcome = await _meet(channel, meeting.CALLER, bearer, purpose)
        yield Session(channel, outcome)
    finally:
        await channel.close()


async def call(
    host: str, port: int, bearer: Bearer, purpose: str, deadline_s: float = meeting.DEADLINE_S
) -> meeting.Outcome:
    """Meet the thing that answers at `host:port`, and hang up.

    Raises:
        TransportError, MeetingError: as `visit`.
    """
    async with visit(host, port, bearer, purpose, deadline_s) as session:
        return session.outcome


def _address_of(writer: asyncio.StreamWriter) -> str:
    """Where a peer is; in IPv6 its network, of which it can have every address (RFC 4291, 2.5.4)."""
    peer = writer.get_extra_info("peername")
    try:
        address = ip_address(str(peer[0]).partition("%")[0])
    except (TypeError, IndexError, ValueError):
        return ""
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else address.packed[:NETWORK_OCTETS].hex()
    return str(address)


class Answerer:
    """Answers meetings on a port; tells each outcome, or why it was cut."""

    def __init__(
        self,
        bearer: Bearer,
        told: Callable[[meeting.Outcome | RefusedError], None],
        deadline_s: float = meeting.DEADLINE_S,
        stay: Stay | None = None,
    ) -> None:
        """`told` hears each outcome once all is said, `stay` goes on before that."""
        self.bearer = bearer
        self.told = told
        self.deadline_s = deadline_s
        self.stay = stay
        self.port = 0
        self._server: asyncio.Server | None = None
        self._busy: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen; loopback unless told otherwise."""
        self._server = await asyncio.start_server(self._answer, host, port, limit=READ_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Stop listening, and end what is still being said."""
        if self._server is not None:
            self._server.close()
            for task in tuple(self._running):
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
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
        of = _address_of(writer)
        if self._busy.total() >= MEETINGS_MAX or self._busy[of] >= PER_ADDRESS_MAX:
            writer.close()
            self.told(TransportError("meeting.too-many", {"meetings_max": MEETINGS_MAX}))
            return
        self._busy[of] += 1
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            outcome = await self._met(reader, writer)
        except RefusedError as error:
            self.told(error)
        else:
            self.told(outcome)
        finally:
            self._busy[of] -= 1
            self._busy += Counter()  # forgets who has none

    async def _met(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> meeting.Outcome:
        """One whole meeting under one deadline; every failure is a refusal with a reason."""
        channel = _channel(reader, writer, meeting.ANSWERER, self.bearer)
        try:
            async with _named(self.deadline_s):
                outcome = await _meet(channel, meeting.ANSWERER, self.bearer, "")
            if self.stay is not None and outcome.answer in (ALLOW, LIMIT):
                await self.stay(Session(channel, outcome))
            return outcome
        finally:
            await channel.close()
