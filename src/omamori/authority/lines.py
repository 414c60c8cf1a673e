"""What an operator is shown: lists of devices, products, certificates and industries."""

from __future__ import annotations

import msgspec


class DeviceLine(msgspec.Struct, frozen=True):
    """One device in a list."""

    name: str
    uri: str
    product: str
    software: str
    certified: int
    rung: int
    current: int
    state: str
    reasons: tuple[str, ...]
    not_after: float


class DeviceLines(msgspec.Struct, frozen=True):
    """A page of devices."""

    devices: list[DeviceLine]


class ProductLine(msgspec.Struct, frozen=True):
    """One product in a list, with its listed versions: name → current rung."""

    name: str
    title: str
    maker: str
    assessed: int
    rung: int
    why: str
    versions: dict[str, int]


class ProductLines(msgspec.Struct, frozen=True):
    """A page of products."""

    products: list[ProductLine]


class IssuedLine(msgspec.Struct, frozen=True):
    """One line of the record of issuance."""

    number: int
    kind: str
    serial: str
    subject: str
    at: float


class IssuedLines(msgspec.Struct, frozen=True):
    """A page of the record of issuance."""

    issued: list[IssuedLine]


class ForeignLine(msgspec.Struct, frozen=True):
    """An industry that this one knows; `rungs` is empty for an acquaintance."""

    industry: str
    host: str
    url: str
    seq: int
    rungs: dict[int, int]


class Shown(msgspec.Struct, frozen=True):
    """An authority at a glance."""

    industry: str
    host: str
    base: str
    rungs: int
    seq: int
    statement_s: int
    root_sha256: str
    counts: dict[str, int]
    industries: list[ForeignLine]
    warnings: list[str]
