"""What the authority publishes: revocation lists, status list and bundle, signed when they are asked for.

Each document is kept until something in it changes or half of its life is over. The change
sequence is the bundle's sequence number; whoever sees it move fetches the bundle again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.authority.certificates import issue_crl
from omamori.authority.records import Foreign, Identity, Revoked
from omamori.authority.statuses import StatusBook
from omamori.documents.bundle import Bundle, Member, write_bundle
from omamori.documents.certificate import load_certificate, read_registry_certificate
from omamori.documents.status import write_status_token

if TYPE_CHECKING:
    from omamori.authority.industry import AuthorityKeys
    from omamori.authority.ports import Entropy, RegistryStore

LIST_HOURS = 24
LIST_S = LIST_HOURS * 3600
BUNDLE_S = 7 * 86400
STATUS_TTL_S = 300
EXPIRED_KEPT_S = 2 * 86400
"""A revoked serial stays listed a little beyond its certificate's end (RFC 5280, 3.3)."""

ROOT, ISSUING, STATUS, BUNDLE = "root", "issuing", "status", "bundle"
LIFE_S = {ROOT: LIST_S, ISSUING: LIST_S, STATUS: LIST_S, BUNDLE: BUNDLE_S}


class _Made(msgspec.Struct, frozen=True):
    octets: bytes
    at: float


class Publication:
    """The signed documents of one authority, as of the last change."""

    def __init__(
        self, store: RegistryStore, identity: Identity, keys: AuthorityKeys, entropy: Entropy
    ) -> None:
        self._store = store
        self._keys = keys
        self.book = StatusBook(store, entropy)
        self._made: dict[str, _Made] = {}
        self.identity = identity

    @property
    def seq(self) -> int:
        """The change sequence."""
        return self._store.counter("seq")

    @property
    def status_url(self) -> str:
        """The name of the status list; things fetch it inside the bundle, whole."""
        return f"https://{self.identity.host}/status/1"

    def changed(self, *names: str) -> int:
        """Something in the named documents changed: they and the bundle will be signed anew."""
        for name in (*names, BUNDLE):
            self._made.pop(name, None)
        return self._store.advance("seq")

    def due(self, now: float) -> tuple[str, ...]:
        """The documents that are past half of their life, or never signed since the start."""
        return tuple(name for name in LIFE_S if self._stale(name, now))

    def _stale(self, name: str, now: float) -> bool:
        made = self._made.get(name)
        # A clock that went back makes a document look as if it came from the future: sign anew.
        return made is None or not made.at <= now < made.at + LIFE_S[name] / 2

    def document(self, name: str, now: float) -> bytes:
        """One of `ROOT`, `ISSUING` (revocation lists, DER), `STATUS` (token), `BUNDLE`."""
        if self._stale(name, now):
            self._made[name] = _Made(self._sign(name, now), now)
        return self._made[name].octets

    def _sign(self, name: str, now: float) -> bytes:
        if name == BUNDLE:
            return self._bundle(now)
        if name == STATUS:
            return self._status(now)
        return self._crl(name, now)

    def _crl(self, ca: str, now: float) -> bytes:
        der, key = (
            (self.identity.root, self._keys.root)
            if ca == ROOT
            else (self.identity.issuing, self._keys.issuing)
        )
        revoked = {
            int(line.serial, 16): line.at
            for line in self._store.every(Revoked, ca)
            if line.not_after + EXPIRED_KEPT_S > now
        }
        number = self._store.advance(f"crl.{ca}")
        crl = issue_crl(load_certificate(der), key, number, revoked, now, LIST_HOURS)
        return crl.public_bytes(Encoding.DER)

    def _status(self, now: float) -> bytes:
        return write_status_token(
            self.book.list(),
            self.status_url,
            int(now),
            int(now) + LIST_S,
            STATUS_TTL_S,
            self._keys.registry,
            self.registry_key_id(),
        )

    def registry_key_id(self) -> bytes:
        """The subject key identifier of the registry's key."""
        return read_registry_certificate(self.identity.registry).subject_key_id

    def _bundle(self, now: float) -> bytes:
        members = (self._own(now), *(self._known(f, now) for f in self._store.every(Foreign)))
        bundle = Bundle(
            industry=self.identity.ladder.industry,
            root=self.identity.root,
            seq=self.seq,
            issued_at=int(now),
            expires_at=int(now) + BUNDLE_S,
            members=members,
        )
        return write_bundle(bundle, self._keys.registry, self.registry_key_id())

    def _own(self, now: float) -> Member:
        identity = self.identity
        return Member(
            ladder=identity.ladder,
            host=identity.host,
            issuing=identity.issuing,
            registry=identity.registry,
            paths=((identity.issuing,),),
            revocations=(self.document(ROOT, now), self.document(ISSUING, now)),
            statuses=(self.document(STATUS, now),),
            contact=identity.contact,
        )

    def _known(self, foreign: Foreign, now: float) -> Member:
        crossed = bool(foreign.cross)
        return Member(
            ladder=foreign.ladder,
            host=foreign.host,
            issuing=foreign.issuing,
            registry=foreign.registry,
            paths=((foreign.cross, foreign.issuing),) if crossed else (),
            revocations=(self.document(ROOT, now), *foreign.revocations) if crossed else (),
            statuses=foreign.statuses,
            contact=foreign.contact,
        )
