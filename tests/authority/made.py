"""An industry made for a test: fixed time, counted entropy, everything in memory."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.adapters.storage.memory import MemoryRegistryStore
from omamori.authority.csr import write_csr
from omamori.authority.industry import AuthorityKeys, Plan, create_industry
from omamori.authority.records import Product
from omamori.authority.service import AuthorityService, StatementRequest, open_service
from omamori.authority.statements import STATEMENT_REQUEST, proof_message
from omamori.documents.certificate import read_device_certificate
from omamori.documents.sealed import sign_raw
from omamori.documents.statement import Statement, read_statement

if TYPE_CHECKING:
    from omamori.authority.ports import RegistryStore
    from omamori.authority.records import Device

NOW = 1_795_000_000.0
KEYS = [ec.derive_private_key(0x1F00 + n, ec.SECP256R1()) for n in range(40)]


class Counted:
    """Octets that differ each time and are the same in each run."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, count: int, /) -> bytes:
        octets = b""
        while len(octets) < count:
            self._count += 1
            octets += sha256(f"{self._seed}:{self._count}".encode()).digest()
        return octets[:count]


class Made:
    """One authority with what a test wants to reach of it."""

    def __init__(
        self, industry: str = "energy", first_key: int = 0, store: RegistryStore | None = None
    ) -> None:
        self.store: RegistryStore = store or MemoryRegistryStore()
        self.entropy = Counted(industry)
        self.keys = AuthorityKeys(*KEYS[first_key : first_key + 4])
        self.told: list[int] = []
        plan = Plan(industry=industry, host=f"{industry}.example")
        create_industry(plan, self.keys, self.store, self.entropy, NOW)
        self.service = self.opened(NOW)

    def opened(self, now: float) -> AuthorityService:
        return open_service(self.store, self.keys, self.entropy, self.told.append, now)

    @property
    def root(self) -> bytes:
        return self.service.identity.root

    def product(self, name: str = "aircon", rung: int = 4) -> Product:
        return self.service.add_product(Product(name=name, assessed=rung, rung=rung), NOW)

    def device(
        self, key: ec.EllipticCurvePrivateKey, product: str = "aircon", software: str = ""
    ) -> Device:
        code = self.service.enrolment_code(product, software, 0, NOW)
        return self.service.enrol(write_csr(key), code, NOW)

    def asked(
        self,
        device: Device,
        key: ec.EllipticCurvePrivateKey,
        now: float = NOW,
        software: str = "",
        form: str = "cwt",
    ) -> StatementRequest:
        nonce = self.service.nonce(now)
        host = read_device_certificate(device.certificate).host
        message = proof_message(STATEMENT_REQUEST, host, nonce, software.encode())
        return StatementRequest(device.certificate, nonce, sign_raw(key, message), software, form)

    def octets(
        self,
        device: Device,
        key: ec.EllipticCurvePrivateKey,
        now: float = NOW,
        software: str = "",
    ) -> bytes:
        return self.service.statement(self.asked(device, key, now, software), now)

    def statement(
        self,
        device: Device,
        key: ec.EllipticCurvePrivateKey,
        now: float = NOW,
        software: str = "",
    ) -> Statement:
        return read_statement(self.octets(device, key, now, software)).statement


def broken(octets: bytes, at: int) -> bytes:
    """`octets` with one bit turned."""
    at %= len(octets)
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]


def replaced(request: StatementRequest, **fields: object) -> StatementRequest:
    return msgspec.structs.replace(request, **fields)
