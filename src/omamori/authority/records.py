"""What an authority keeps: typed records, each with its key and the label that it is also found by."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from omamori.documents.level import Ladder
from omamori.documents.reason import RefusedError

PRODUCT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
VERSION_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,39}")
INDUSTRY_NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
TITLE_CHARACTERS_MAX = 120
GOOD, HELD, REVOKED = "good", "held", "revoked"
WHY = (
    "unpatched",
    "exploited",
    "unsupported",
    "recalled",
    "untested",
    "cloud-suspect",
    "key-suspect",
    "other",
)
"""Why an operator may lower a level; each has a sentence in the catalogues."""


class RequestError(RefusedError):
    """A request that an authority cannot grant: the asker's fault, with its reason."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is kept; `key` is unique among its kind, `label` finds several at once."""

    @property
    def key(self) -> str:
        """What it is found by."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """What it is found by together with others, or nothing."""
        return ""


RecordT = TypeVar("RecordT", bound=Record)


class Identity(Record, frozen=True, kw_only=True):
    """Who this authority is.

    Attributes:
        ladder: its industry's levels; host: the exact host in its things' URIs.
        root, issuing, registry, server: its certificates, DER.
        statement_s: how long its statements hold, seconds.
        server_names: host names and addresses that its web server's certificate speaks for.
        contact: whom to ask.
    """

    ladder: Ladder
    host: str
    root: bytes
    issuing: bytes
    registry: bytes
    server: bytes
    statement_s: int
    server_names: tuple[str, ...]
    contact: str = ""

    @property
    def key(self) -> str:
        """There is one."""
        return "self"


class Product(Record, frozen=True, kw_only=True):
    """A product of the industry.

    Attributes:
        name: its short name; title and maker: what people call it.
        assessed: the rung that it was assessed at; rung: the rung that it has now.
        why: an item of `WHY` while `rung` is below `assessed`.
        changed_at: seconds since the epoch.
    """

    name: str
    title: str = ""
    maker: str = ""
    assessed: int
    rung: int
    why: str = ""
    changed_at: float = 0.0

    @property
    def key(self) -> str:
        """Its short name."""
        return self.name


class Version(Record, frozen=True, kw_only=True):
    """One software version of a product, with the rungs as in `Product`."""

    product: str
    name: str
    assessed: int
    rung: int
    why: str = ""
    changed_at: float = 0.0

    @property
    def key(self) -> str:
        """Product and version."""
        return version_key(self.product, self.name)

    @property
    def label(self) -> str:
        """Its product."""
        return self.product


def version_key(product: str, version: str) -> str:
    """The key of a version; neither name may contain the separator."""
    return f"{product}@{version}"


class Device(Record, frozen=True, kw_only=True):
    """One certified device.

    Attributes:
        name: opaque, the last part of its URI and its certificate's serialNumber.
        certified: the rung in its certificate; rung: what the authority grants this one device.
        state: `GOOD`, `HELD` or `REVOKED`.
        certificate: DER; thumbprint, serial, not_after are of it.
        seq: of its newest statement.
        status_index: where its newest statement is on the status list, -1 for nowhere.
        stated: the rung that it was stated with, 0 for none; stated_until: when the last
            statement with that index expires, seconds since the epoch.
    """

    name: str
    uri: str
    product: str
    software: str
    certified: int
    rung: int
    why: str = ""
    state: str = GOOD
    certificate: bytes
    thumbprint: bytes
    serial: str
    not_after: float
    seq: int = 0
    status_index: int = -1
    stated: int = 0
    stated_until: float = 0.0
    changed_at: float = 0.0

    @property
    def key(self) -> str:
        """Its opaque name."""
        return self.name

    @property
    def label(self) -> str:
        """Its product: a lowered product concerns all its devices."""
        return self.product


class StatusEntry(Record, frozen=True, kw_only=True):
    """One allotted place on the status list.

    Attributes:
        index: the place; status: what it says.
        until: when no statement with this index is alive any more; 0 while it may be used.
    """

    index: int
    status: int = 0
    until: float = 0.0

    @property
    def key(self) -> str:
        """The index, padded so that keys sort as numbers do."""
        return status_key(self.index)

    @property
    def label(self) -> str:
        """`set` for those that are not VALID."""
        return "set" if self.status else ""


def status_key(index: int) -> str:
    """The key of the place `index` on the status list."""
    return f"{index:010d}"


class Revoked(Record, frozen=True, kw_only=True):
    """A revoked certificate: by which CA (`root` or `issuing`), its serial number, when and why."""

    ca: str
    serial: str
    at: float
    why: str
    not_after: float

    @property
    def key(self) -> str:
        """CA and serial number."""
        return f"{self.ca}:{self.serial}"

    @property
    def label(self) -> str:
        """Its CA: a revocation list is of one CA."""
        return self.ca


class Issued(Record, frozen=True, kw_only=True):
    """One line of the append-only record of all that was ever signed as a certificate."""

    kind: str
    serial: str
    subject: str
    der: bytes
    at: float
    number: int = 0

    @property
    def key(self) -> str:
        """Its serial number."""
        return self.serial


class Enrolment(Record, frozen=True, kw_only=True):
    """A one-time code by which a device may ask for its certificate; only its hash is kept."""

    code_sha256: str
    product: str
    software: str
    rung: int
    until: float
    used_by: str = ""

    @property
    def key(self) -> str:
        """The hash of the code."""
        return self.code_sha256


class Foreign(Record, frozen=True, kw_only=True):
    """Another industry as this authority knows it.

    Attributes:
        ladder, host, root, issuing, registry: as in its own bundle, verified.
        revocations, statuses: its own lists, newest seen; seq: of the bundle that brought them.
        url: where its authority answers, empty when it is told by hand.
        mapping: foreign rung → local rung; empty for an acquaintance.
        cross: the cross-certificate, DER, or nothing.
        contact: whom to ask.
    """

    ladder: Ladder
    host: str
    root: bytes
    issuing: bytes
    registry: bytes
    revocations: tuple[bytes, ...] = ()
    statuses: tuple[bytes, ...] = ()
    seq: int = 0
    url: str = ""
    mapping: dict[int, int] = {}
    cross: bytes = b""
    contact: str = ""

    @property
    def key(self) -> str:
        """The industry's name."""
        return self.ladder.industry


def require(holds: bool, key: str, **params: str | float) -> None:  # noqa: FBT001 - a rule is a truth value
    """Refuse with `key` unless the rule holds; raises RequestError."""
    if not holds:
        raise RequestError(key, params)
