"""Channel: TLS 1.3 over asyncio streams, in memory BIOs, with every byte counted.

pyOpenSSL, because only it gives the TLS 1.3 exporter that binds a proof to its channel (RFC 9266);
`ssl` does not.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

from omamori.documents.certificate import sha256
from omamori.documents.reason import RefusedError
from omamori.trust import meeting

if TYPE_CHECKING:
    import asyncio

READ_BYTES = 16 * 1024
TLS_BYTES_MAX = 64 * 1024
"""All that one side may send in a whole meeting, handshake included; a flight is about 3 KB. After
the meeting it is what one message may cost."""

LENGTH = struct.Struct(">I")


class TransportError(RefusedError):
    """The peer could not be reached, stalled, flooded or hung up."""


class Channel:
    """One TLS connection; `tls` is set to call or to answer by who makes it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: SSL.Connection
    ) -> None:
        self.reader, self.writer, self.tls = reader, writer, tls
        self.received = 0
        self.waiting = bytearray()

    async def flush(self) -> None:
        """Send what TLS wants sent."""
        while True:
            try:
                self.writer.write(self.tls.bio_read(READ_BYTES))
            except SSL.WantReadError:
                break
        await self.writer.drain()

    async def feed(self) -> None:
        """Give TLS what the peer sent next.

        Raises:
            TransportError: the peer hung up, or sent too much.
        """
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
        """Send whole messages."""
        for message in messages:
            self.tls.sendall(LENGTH.pack(len(message)) + message)
        await self.flush()

    async def receive(self, bytes_max: int = meeting.MESSAGE_BYTES_MAX) -> bytes:
        """One whole message."""
        header = await self._take(LENGTH.size)
        (length,) = LENGTH.unpack(header)
        if length > bytes_max:
            raise TransportError("meeting.too-long", {"bytes_max": bytes_max})
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
        """Say goodbye, and hang up."""
        try:
            self.tls.shutdown()
            await self.flush()
        except (SSL.Error, OSError):
            pass  # the meeting is over either way
        self.writer.close()
