"""The hub's own word: a small authority of this home, and a hub certificate to vouch with.

No other industry recognises `home` until its authority says so; inside the home, the word gives old
things a ground that can be shown, checked and ended.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import structlog
from cryptography import x509

from omamori.adapters.authority_folder import AuthorityFolder
from omamori.adapters.keys import KeyFolder, passphrase, write_secret
from omamori.adapters.path_engine import HankoEngine
from omamori.adapters.transport import Bearer
from omamori.authority.industry import Plan
from omamori.authority.records import Product
from omamori.authority.service import AuthorityService, StatementRequest, open_service
from omamori.authority.statements import STATEMENT_REQUEST, proof_message
from omamori.documents.bundle import read_bundle
from omamori.documents.certificate import read_device_certificate, sha256
from omamori.documents.sealed import sign_raw
from omamori.documents.statement import write_cwt
from omamori.hub.vouch import word_for
from omamori.trust.book import Book
from omamori.trust.standing import DEFAULT_CAPS, NOBODY, Credentials, Standing, judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec

    from omamori.documents.reason import Reason
    from omamori.hub.knowing.inventory import KnownThing
    from omamori.trust.standing import Caps

HUB_PRODUCT = "omamori-hub"
HUB_RUNG = 3
WORD_KEPT_S = 1200.0
AGAIN_S = 60.0  # a word that could not be renewed is tried again
WORDS_KEPT_MAX = 4096


class Silent:
    """A hub that cannot speak for anything, because its own papers cannot be read."""

    def __init__(self, why: Reason) -> None:
        self.why = why
        self.caps = DEFAULT_CAPS
        self.book = Book(b"", HankoEngine())

    def standing(self, _thing: KnownThing, *, is_doubted: bool = False) -> Standing:  # noqa: ARG002 - one shape
        """Nothing speaks for the thing."""
        return judge(NOBODY, None, self.book, 0.0)

    def credentials(self, _thing: KnownThing, *, is_doubted: bool = False) -> Credentials:  # noqa: ARG002 - one shape
        """Nothing can be shown for it."""
        return NOBODY


class Voucher:
    """Speaks for things without a certificate; `open_voucher` makes one."""

    def __init__(
        self,
        service: AuthorityService,
        certificate: bytes,
        key: ec.EllipticCurvePrivateKey,
        caps: Caps,
        clock: Callable[[], float],
    ) -> None:
        self.service = service
        self.certificate = certificate
        self.key = key
        self.caps = caps
        self.clock = clock
        self.uri = read_device_certificate(certificate).uri
        self.book = Book(service.identity.root, HankoEngine())
        self._fresh_until = 0.0
        self._seq = -1
        self._statement = b""
        self._words: dict[tuple[str, str], tuple[float, bytes]] = {}

    def standing(self, thing: KnownThing, *, is_doubted: bool = False) -> Standing:
        """What this home concludes of a thing that shows no certificate: the hub's word, or nothing.

        The hub does not speak for a thing whose behaviour is in doubt.
        """
        shown = self.credentials(thing, is_doubted=is_doubted)
        return judge(shown, None, self.book, self.clock(), self.caps)

    def credentials(self, thing: KnownThing, *, is_doubted: bool = False) -> Credentials:
        """What the hub shows for it; nobody's where it does not speak for it."""
        now = self.clock()
        # What likeness alone ties to a known thing may be another that copied its name.
        word = b"" if thing.is_likeness or is_doubted else self._word(thing, now)
        if not word:
            return NOBODY
        self._renew(now)
        return Credentials(self.certificate, self._statement, word)

    def bearer(self) -> Bearer:
        """The hub itself, ready for meetings."""
        self._renew(self.clock())
        certificate = x509.load_der_x509_certificate(self.certificate)
        return Bearer(certificate, self.key, self._own, self.book, self.clock, self.caps)

    def keep_up(self) -> bool:
        """Take in what this home's authority heard of the others; whether there was anything."""
        if self.service.seq == self._seq:
            return False
        self._fresh_until = 0.0
        self._renew(self.clock())
        return True

    def _own(self) -> Credentials:
        self._renew(self.clock())
        return Credentials(self.certificate, self._statement)

    def _word(self, thing: KnownThing, now: float) -> bytes:
        band = "sure" if thing.is_corrected else thing.identity.confidence
        made_at, word = self._words.get((thing.id, band), (0.0, b""))
        if made_at and 0 <= now - made_at < WORD_KEPT_S:
            return word
        said = word_for(
            thing.id,
            band,
            ("vouch.identified",),
            self.service.identity.ladder,
            sha256(self.certificate),
            self.uri,
            self.caps.vouched,
            int(now),
            now,
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()).digest
        word = write_cwt(said, self.key, identifier) if said else b""
        if len(self._words) >= WORDS_KEPT_MAX:
            self._words.clear()
        self._words[thing.id, band] = (now, word)
        return word

    def _renew(self, now: float) -> None:
        """The hub's own statement and book, fetched anew before they grow old."""
        if 0 <= self._fresh_until - now <= WORD_KEPT_S:
            return
        try:
            self._fetch(now)
        except (
            Exception
        ):  # a full disk, say: what was said last is worth what it is worth by its age
            if not self._statement:
                raise
            structlog.get_logger().exception("home.word-not-renewed")
            self._fresh_until = now + AGAIN_S

    def _fetch(self, now: float) -> None:
        self.service.step(now)
        self.book.load(read_bundle(self.service.bundle(now)), now)
        nonce = self.service.nonce(now)
        host = self.service.identity.host
        message = proof_message(STATEMENT_REQUEST, host, nonce)
        request = StatementRequest(self.certificate, nonce, sign_raw(self.key, message))
        self._statement = self.service.statement(request, now)
        self._fresh_until, self._seq = now + WORD_KEPT_S, self.service.seq


def open_voucher(folder: Path, caps: Caps, clock: Callable[[], float]) -> Voucher:
    """This home's own authority and hub certificate, made on the first start.

    Raises:
        KeysError, FolderError: when the folder cannot be opened.
    """
    authority = AuthorityFolder(folder)
    now = clock()
    if not (folder / "authority.sqlite3").exists():
        host = f"h{secrets.token_hex(8)}.home.arpa"  # RFC 8375: names of homes, nobody else's
        authority.create(Plan(industry="home", host=host), now)
    service = open_service(authority.store(), authority.keys(), secrets.token_bytes, _nobody, now)
    keys = KeyFolder(folder / "hub", passphrase(folder))
    path = folder / "hub.der"
    if not path.exists():
        keys.path("hub").unlink(missing_ok=True)
        key = keys.create("hub")
        if HUB_PRODUCT not in {product.name for product in service.products()}:
            service.add_product(Product(name=HUB_PRODUCT, assessed=HUB_RUNG, rung=HUB_RUNG), now)
        device = service.certify(HUB_PRODUCT, "1.0.0", 0, key.public_key(), now)
        write_secret(path, device.certificate)
    return Voucher(service, path.read_bytes(), keys.load("hub"), caps, clock)


def _nobody(_seq: int) -> None:
    """Nobody follows this authority yet."""
