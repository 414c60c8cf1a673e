"""Industries made in memory for the tests of the judgement: real keys, real certificates."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.adapters.path_engine import HankoEngine
from omamori.authority import certificates as issue
from omamori.documents.bundle import Bundle, Member, read_bundle, write_bundle
from omamori.documents.certificate import sha256
from omamori.documents.level import Ladder, Level
from omamori.documents.oids import STATEMENT_PROFILE, VOUCH_PROFILE
from omamori.documents.sealed import ECDSA_DETERMINISTIC
from omamori.documents.statement import Statement, write_cwt, write_jwt
from omamori.documents.status import status_list, write_status_token
from omamori.trust.book import Book
from omamori.trust.standing import Credentials, Proof

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = 1_800_000_000.0
_serials = itertools.count(1000)
_arcs = itertools.count(7_000_000)
Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def der(certificate: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def key_id(key: Key) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


@dataclass
class Thing:
    """A thing with its key; its statement may be remade."""

    industry: Industry
    certificate: bytes
    key: Key
    rung: int
    seq: int = 0

    def sign(self, octets: bytes) -> bytes:
        return self.key.sign(octets, ECDSA_DETERMINISTIC)

    def statement(self, rung: int | None = None, *, jwt: bool = False, **other: Any) -> bytes:
        self.seq += 1
        facts: dict[str, Any] = {
            "profile": STATEMENT_PROFILE,
            "issuer": f"https://{self.industry.host}",
            "subject": "thing",
            "thumbprint": sha256(self.certificate),
            "level": self.industry.ladder.level(rung or self.rung).oid,
            "tier": 2,
            "vector": {0: 2, 2: 2},
            "reasons": (),
            "product": "product",
            "software": "1.0",
            "seq": self.seq,
            "issued_at": int(NOW) - 60,
            "expires_at": int(NOW) + 86400,
            "status_index": -1,
            "status_url": "",
        } | other
        write = write_jwt if jwt else write_cwt
        registry = self.industry.registry_key
        return write(Statement(**facts), registry, key_id(registry))

    def vouch(self, rung: int, **other: Any) -> bytes:
        facts: dict[str, Any] = {
            "profile": VOUCH_PROFILE,
            "issuer": "hub",
            "subject": "old-thing",
            "thumbprint": sha256(self.certificate),
            "level": self.industry.ladder.level(rung).oid,
            "tier": 2,
            "vector": {},
            "reasons": ("identified",),
            "product": "",
            "software": "",
            "seq": 1,
            "issued_at": int(NOW) - 60,
            "expires_at": int(NOW) + 86400,
        } | other
        return write_cwt(Statement(**facts), self.key, key_id(self.key))

    def credentials(self, **other: Any) -> Credentials:
        return Credentials(self.certificate, self.statement(**other))

    def proof(self, transcript: bytes = b"transcript") -> Proof:
        return Proof(transcript, self.sign(transcript))


@dataclass
class Industry:
    """An authority in memory."""

    name: str
    born: float = NOW - 86400
    revoked: dict[int, float] = field(default_factory=dict)
    root_revoked: dict[int, float] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    known: list[Member] = field(default_factory=list)
    seq: int = 0

    def __post_init__(self) -> None:
        self.host = f"{self.name}.example"
        self.ladder = Ladder(self.name, f"2.25.{next(_arcs)}.1.1")
        self.root_key, self.issuing_key, self.registry_key = new_key(), new_key(), new_key()
        self.root = issue.issue_root(self.name, self.root_key, next(_serials), self.born)
        self.issuing = issue.issue_issuing_ca(
            self.ladder,
            self.issuing_key.public_key(),
            self.root,
            self.root_key,
            next(_serials),
            f"https://{self.host}/root.crl",
            self.born,
        )
        self.registry = self.end_entity(None, self.registry_key, "registry")

    def end_entity(self, rung: int | None, key: Key, name: str, **other: Any) -> x509.Certificate:
        facts: dict[str, Any] = {
            "industry": self.name,
            "serial_name": name,
            "uri": f"https://{self.host}/t/{name}",
            "level": self.ladder.level(rung) if rung else None,
            "key": key.public_key(),
            "issuer": self.issuing,
            "issuer_key": self.issuing_key,
            "serial": next(_serials),
            "crl_url": f"https://{self.host}/issuing.crl",
            "now": self.born,
        } | other
        return issue.issue_end_entity(**facts)

    def thing(self, rung: int = 4, name: str = "thing", **other: Any) -> Thing:
        key = new_key()
        return Thing(self, der(self.end_entity(rung, key, name, **other)), key, rung)

    def revoke(self, thing: Thing) -> None:
        serial = x509.load_der_x509_certificate(thing.certificate).serial_number
        self.revoked[serial] = NOW - 30

    @property
    def status_url(self) -> str:
        return f"https://{self.host}/status/1"

    def status_token(self) -> bytes:
        return write_status_token(
            status_list(2, self.statuses, 1024),
            self.status_url,
            int(NOW) - 10,
            int(NOW) + 3600,
            300,
            self.registry_key,
            key_id(self.registry_key),
        )

    @cached_property
    def issuing_der(self) -> bytes:
        return der(self.issuing)

    def crls(self) -> tuple[bytes, bytes]:
        return (
            der(issue.issue_crl(self.root, self.root_key, 1, self.root_revoked, NOW)),
            der(issue.issue_crl(self.issuing, self.issuing_key, 1, self.revoked, NOW)),
        )

    def cross(self, other: Industry, mapping: Mapping[int, int], **facts: Any) -> bytes:
        levels: dict[Level, Level] = {
            other.ladder.level(theirs): self.ladder.level(mine) for theirs, mine in mapping.items()
        }
        arguments: dict[str, Any] = {
            "ladder": self.ladder,
            "foreign_root": other.root,
            "foreign_host": other.host,
            "mapping": levels,
            "issuer": self.root,
            "issuer_key": self.root_key,
            "serial": next(_serials),
            "crl_url": f"https://{self.host}/root.crl",
            "now": self.born,
        } | facts
        return der(issue.issue_cross(**arguments))

    def member(self, *paths: tuple[bytes, ...], more: tuple[bytes, ...] = ()) -> Member:
        return Member(
            self.ladder,
            self.host,
            self.issuing_der,
            der(self.registry),
            paths,
            (*self.crls(), *more),
            (self.status_token(),),
        )

    def recognise(self, other: Industry, mapping: Mapping[int, int], **facts: Any) -> None:
        cross = self.cross(other, mapping, **facts)
        self.known.append(other.member((cross, other.issuing_der), more=self.crls()[:1]))

    def bundle(self, **other: Any) -> bytes:
        self.seq += 1
        facts: dict[str, Any] = {
            "industry": self.name,
            "root": der(self.root),
            "seq": self.seq,
            "issued_at": int(NOW) - 10,
            "expires_at": int(NOW) + 86400,
            "members": (self.member((self.issuing_der,)), *self.known),
        } | other
        return write_bundle(Bundle(**facts), self.registry_key, key_id(self.registry_key))

    def book(self, now: float = NOW) -> Book:
        book = Book(der(self.root), HankoEngine())
        book.load(read_bundle(self.bundle()), now)
        return book
