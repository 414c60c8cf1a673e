"""Thing: the library for who builds a device or service; meet a peer, get a verdict.

    thing = Thing.open(folder)
    await thing.refresh()
    outcome = await thing.meet("192.0.2.7", 4119, "share-energy")
    outcome.answer, outcome.level, outcome.verdict.reasons

The folder is made once, with a code from the industry's authority: `omamori thing enrol`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.adapters.authority_client import AuthorityClient
from omamori.adapters.keys import KeyFolder, passphrase, private_folder, read_secret, write_secret
from omamori.adapters.path_engine import HankoEngine
from omamori.adapters.transport import Answerer, Bearer, Session, call, visit
from omamori.authority.csr import write_csr
from omamori.documents.bundle import read_bundle
from omamori.documents.certificate import (
    CertificateError,
    load_certificate,
    read_device_certificate,
)
from omamori.documents.reason import RefusedError
from omamori.documents.request import (
    REQUEST_BYTES_MAX,
    Answer,
    Request,
    read_answer,
    write_request,
    write_withdrawal,
)
from omamori.trust.book import Book
from omamori.trust.standing import DEFAULT_CAPS, Caps, Credentials
from omamori.trust.verdict import PURPOSES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from omamori.trust.meeting import Outcome

ABOUT, CERTIFICATE, BUNDLE, STATEMENT = "thing.json", "thing.der", "bundle.cose", "statement.cwt"
KEY = "thing"
FOLLOW_RETRY_S = 5.0
ANSWER_S = 10.0  # a hub answers at once, if only that it waits
ANSWERS_KEPT_MAX = 64


class ThingError(RefusedError):
    """A folder that holds no thing, or parts that do not belong together."""


class About(msgspec.Struct, frozen=True):
    """Where a thing's authority answers, and the root that it trusts, DER."""

    url: str
    root: bytes


class Thing:
    """One thing with its key, its certificate and what its authority last told it."""

    def __init__(
        self, folder: Path, about: About, certificate: bytes, keys: KeyFolder, caps: Caps
    ) -> None:
        self.folder = folder
        self.about = about
        self.certificate = certificate
        self.caps = caps
        self.key = keys.load(KEY)
        self.book = Book(about.root, HankoEngine())
        self.statement = b""

    @classmethod
    def open(cls, folder: Path, caps: Caps = DEFAULT_CAPS) -> Self:
        """The thing in `folder`, with what it last heard, so that it can meet offline.

        Raises:
            ThingError: `thing.none` when the folder holds no thing, `thing.damaged`.
            KeysError, CertificateError: as they say.
        """
        if not (folder / ABOUT).exists():
            raise ThingError("thing.none", {"folder": str(folder)})
        try:
            about = msgspec.json.decode(read_secret(folder / ABOUT), type=About)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ThingError("thing.damaged", {"file": str(folder / ABOUT)}) from error
        certificate = read_secret(folder / CERTIFICATE)
        read_device_certificate(certificate)
        keys = KeyFolder(folder / "keys", passphrase(folder))
        thing = cls(folder, about, certificate, keys, caps)
        thing._remember()
        return thing

    def _remember(self) -> None:
        """Take up what was heard before; what is too old by now counts as not heard."""
        if (self.folder / STATEMENT).exists():
            self.statement = read_secret(self.folder / STATEMENT)
        if (self.folder / BUNDLE).exists():
            try:
                octets = (self.folder / BUNDLE).read_bytes()
                self.book.load(read_bundle(octets), time.time(), kept=True)
            except RefusedError:
                return

    async def refresh(self) -> None:
        """Fetch the industry's bundle and the own statement, and keep them.

        Raises:
            RefusedError: the authority is not reached, refuses, or what it sends does not hold.
        """
        async with AuthorityClient(self.about.url, self.about.root) as client:
            bundle = await client.bundle()
            self.book.load(read_bundle(bundle), time.time())
            self.statement = await client.statement(self.certificate, self.key)
        write_secret(self.folder / BUNDLE, bundle)
        write_secret(self.folder / STATEMENT, self.statement)

    async def follow(self) -> None:
        """Refresh whenever the authority publishes anything new, until cancelled.

        A thing that does not follow keeps showing a word that was withdrawn, and is refused for it.
        """
        async with AuthorityClient(self.about.url, self.about.root) as client:
            seq = 0
            while True:
                try:
                    newest = await client.changes(seq)
                    if newest != seq:
                        await self.refresh()
                        seq = newest
                except RefusedError:
                    await asyncio.sleep(FOLLOW_RETRY_S)

    def credentials(self) -> Credentials:
        """What it shows."""
        return Credentials(self.certificate, self.statement)

    def bearer(self) -> Bearer:
        """Itself, ready for `omamori.adapters.transport`."""
        certificate = x509.load_der_x509_certificate(self.certificate)
        return Bearer(certificate, self.key, self.credentials, self.book, time.time, self.caps)

    async def meet(self, host: str, port: int, purpose: str) -> Outcome:
        """Meet the thing that answers at `host:port`.

        Raises:
            ThingError: `thing.purpose-unknown`, before anybody is called.
            TransportError, MeetingError: the meeting broke; the reason says how.
        """
        if purpose not in PURPOSES:
            raise ThingError("thing.purpose-unknown", {"purpose": purpose[:60]})
        return await call(host, port, self.bearer(), purpose)

    @asynccontextmanager
    async def visit(self, host: str, port: int, purpose: str) -> AsyncIterator[Visit]:
        """Meet a hub, and stay to ask things of its home; raises as `meet`."""
        if purpose not in PURPOSES:
            raise ThingError("thing.purpose-unknown", {"purpose": purpose[:60]})
        async with visit(host, port, self.bearer(), purpose) as session:
            yield Visit(session)

    def answer(self, told: Callable[[Outcome | RefusedError], None]) -> Answerer:
        """A port at which it answers; `await .open(host, port)` begins."""
        return Answerer(self.bearer(), told)


class Visit:
    """A meeting that goes on: ask a hub to set things of its home, and hear what became of it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._heard: deque[Answer] = deque(maxlen=ANSWERS_KEPT_MAX)
        self.outcome = session.outcome

    async def ask(
        self,
        target: str,
        point: str,
        value: bool | float | str,  # noqa: FBT001 - a point's value may be any of these
        *,
        seq: int,
        slot: str = "automation",
        lease_s: float = 900.0,
    ) -> Answer:
        """Ask for a value; returns the hub's first answer (`sent`, `held`, `asked`, `refused` …).

        Args:
            slot: ``automation`` or ``demand-response``; a service may claim no other.
            seq: your own number for this request, larger than any that you used before; kept by
                you over a restart (the time in microseconds serves).

        Raises:
            TransportError: the hub is gone or does not answer.
            RequestError: it answers nonsense.
        """
        asked = Request(seq, target, point, value, slot, lease_s, time.time())
        await self._session.send(write_request(asked))
        return await self._answer(seq, ANSWER_S)

    async def withdraw(self, seq: int) -> Answer:
        """Take a request back; raises as `ask`."""
        await self._session.send(write_withdrawal(seq))
        return await self._answer(seq, ANSWER_S)

    async def told(self, patience_s: float) -> Answer:
        """What became of an earlier request; raises as `ask`."""
        if self._heard:
            return self._heard.popleft()
        return read_answer(await self._session.receive(REQUEST_BYTES_MAX, patience_s))

    async def _answer(self, seq: int, patience_s: float) -> Answer:
        for _ in range(ANSWERS_KEPT_MAX):
            answer = read_answer(await self._session.receive(REQUEST_BYTES_MAX, patience_s))
            if answer.seq == seq:
                return answer
            self._heard.append(answer)
        raise ThingError("thing.unanswered")


async def enrol(folder: Path, url: str, root: bytes, code: str) -> Thing:
    """Make a thing in `folder`: a new key, and a certificate from its industry's authority.

    Args:
        root: the authority's root certificate, PEM or DER, received by a safe way.
        code: one-time code from its operator.

    Raises:
        ThingError: `thing.exists`.
        RefusedError: the authority's own reason.
    """
    if (folder / ABOUT).exists():
        raise ThingError("thing.exists", {"folder": str(folder)})
    private_folder(folder)
    pinned = _root(root)
    keys = KeyFolder(folder / "keys", passphrase(folder))
    key = keys.load(KEY) if keys.path(KEY).exists() else keys.create(KEY)
    async with AuthorityClient(url, pinned) as client:
        certified = await client.enrol(write_csr(key), code)
    write_secret(folder / CERTIFICATE, certified.certificate)
    write_secret(folder / ABOUT, msgspec.json.encode(About(url, pinned)))
    return Thing.open(folder)


def _root(octets: bytes) -> bytes:
    if not octets.lstrip().startswith(b"-----BEGIN"):
        return load_certificate(octets).public_bytes(Encoding.DER)
    try:
        return x509.load_pem_x509_certificate(octets).public_bytes(Encoding.DER)
    except ValueError as error:
        raise CertificateError("certificate.unreadable") from error
