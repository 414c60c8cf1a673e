"""AuthorityService: one industry's authority, in plain synchronous methods.

    service = open_service(store, keys, entropy, listener, now)
    .bundle(now), .root_crl(now), .issuing_crl(now), .status(now)     what it publishes
    .nonce(now), .statement(request, now), .enrol(csr, code, now), .renew(request, now)
    .add_product(product, now), .add_version(…), .certify(…), .enrolment_code(…)
    .lower(target, rung, why, now), .raise_(target, rung, now)
    .hold(name, now), .release(name, now), .revoke(name, why, now)
    .cross(bundle, root, rungs, url, now), .acquaint(…), .refresh(industry, bundle, now), .forget(…)
    .step(now)                                            renews what is due; call it every minute

Whatever changes is durable when the method returns, and the listener has been told. Refusals are
`RefusedError` with their reason.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from omamori.authority.publication import BUNDLE, ISSUING, ROOT, STATUS, Publication
from omamori.authority.recognised import Recognised
from omamori.authority.records import (
    Device,
    Foreign,
    Identity,
    Issued,
    Product,
    RequestError,
    Version,
)
from omamori.authority.registry import Current, Registry, Target
from omamori.authority.renewal import renewed, warnings
from omamori.authority.things import RenewalRequest, StatementRequest, Things

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric import ec

    from omamori.authority.industry import AuthorityKeys
    from omamori.authority.ports import Entropy, Listener, RegistryStore
    from omamori.documents.reason import Reason

__all__ = ["AuthorityService", "RenewalRequest", "StatementRequest", "Target", "open_service"]


class AuthorityService:
    """One industry's authority: its registry, its certification and what it publishes."""

    def __init__(
        self,
        store: RegistryStore,
        identity: Identity,
        keys: AuthorityKeys,
        entropy: Entropy,
        listener: Listener,
    ) -> None:
        self._store = store
        self._keys = keys
        self._entropy = entropy
        self._listener = listener
        self._publication = Publication(store, identity, keys, entropy)
        self._registry = Registry(store, identity.ladder)
        self._things = Things(store, keys, entropy, self._registry, self._publication)
        self._recognised = Recognised(store, keys, entropy, self._publication)

    @contextmanager
    def _change(self, *documents: str) -> Iterator[None]:
        """One durable change of the named documents; told when it is on the disk."""
        with self._transaction():
            yield
            self._publication.changed(*documents)
        self._listener(self.seq)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One durable change, or none at all: what was kept in memory is forgotten with it."""
        try:
            with self._store.transaction():
                yield
        except BaseException:
            self._publication.book.forget()
            raise

    @property
    def identity(self) -> Identity:
        """Who this authority is."""
        return self._publication.identity

    @property
    def seq(self) -> int:
        """The change sequence: it grows with every change of what is published."""
        return self._publication.seq

    # What it publishes.

    def bundle(self, now: float) -> bytes:
        """The signed bundle for the industry's own things."""
        return self._publication.document(BUNDLE, now)

    def root_crl(self, now: float) -> bytes:
        """The root's revocation list, DER."""
        return self._publication.document(ROOT, now)

    def issuing_crl(self, now: float) -> bytes:
        """The issuing CA's revocation list, DER."""
        return self._publication.document(ISSUING, now)

    def status(self, now: float) -> bytes:
        """The signed status list."""
        return self._publication.document(STATUS, now)

    def products(self, after: str = "", limit: int = 100) -> list[Product]:
        """The public level database, a page at a time in the order of names."""
        return self._store.page(Product, after, limit)

    def versions(self, product: str) -> list[Version]:
        """The listed versions of a product."""
        return list(self._store.every(Version, product))

    # What things ask.

    def nonce(self, now: float) -> bytes:
        """A nonce for one proof, good for a minute."""
        return self._things.nonces.make(now)

    def statement(self, request: StatementRequest, now: float) -> bytes:
        """A fresh statement on the thing that asks, signed."""
        with self._transaction():
            octets, moved = self._things.statement(request, now)
            if moved:
                self._publication.changed(STATUS)
        if moved:
            self._listener(self.seq)
        return octets

    def enrol(self, csr: bytes, code: str, now: float) -> Device:
        """A certificate for the device that has an enrolment code."""
        with self._transaction():
            return self._things.enrol(csr, code, now)

    def renew(self, request: RenewalRequest, now: float) -> Device:
        """The next certificate of a device; statements bound to the one before end."""
        with self._change(STATUS):
            return self._things.renew(request, now)

    # What the operator does.

    def add_product(self, product: Product, now: float) -> Product:
        """Add a product at its assessed rung."""
        with self._change():
            return self._registry.add_product(product, now)

    def add_version(self, product: str, name: str, rung: int, now: float) -> Version:
        """List a software version; from the first on, other versions count as the lowest rung."""
        with self._change(STATUS):
            version = self._registry.add_version(product, name, rung, now)
            self._things.restate(Target(product=product), now)
        return version

    def certify(
        self, product: str, software: str, rung: int, key: ec.EllipticCurvePublicKey, now: float
    ) -> Device:
        """Issue a device certificate; `rung` 0 means the product's assessed rung."""
        with self._transaction():
            return self._things.certify(product, software, rung, key, now)

    def enrolment_code(self, product: str, software: str, rung: int, now: float) -> str:
        """A code with which one device may enrol, once, within a day."""
        with self._transaction():
            return self._things.enrolment_code(product, software, rung, now)

    def lower(self, target: Target, rung: int, why: str, now: float) -> int:
        """Lower a level; returns how many devices' statements ended with it."""
        with self._change(STATUS):
            self._registry.lower(target, rung, why, now)
            return self._things.restate(target, now)

    def raise_(self, target: Target, rung: int, now: float) -> int:
        """Raise a level again; returns how many devices' statements ended with it."""
        with self._change(STATUS):
            self._registry.raise_(target, rung, now)
            return self._things.restate(target, now)

    def assessed(self, target: Target) -> int:
        """The rung that a target may be raised to."""
        return self._registry.assessed(target)

    def hold(self, name: str, now: float) -> None:
        """Suspend the word on a device."""
        with self._change(STATUS):
            self._things.hold(name, now)

    def release(self, name: str, now: float) -> None:
        """The word on a held device counts again."""
        with self._change(STATUS):
            self._things.release(name, now)

    def revoke(self, name: str, why: str, now: float) -> None:
        """Take a device's certificate back, for ever."""
        with self._change(STATUS, ISSUING):
            self._things.revoke(name, why, now)

    def devices(self, after: str = "", limit: int = 100) -> list[Device]:
        """Devices, a page at a time in the order of names."""
        return self._store.page(Device, after, limit)

    def device(self, name: str) -> Device:
        """One device by its opaque name or its URI."""
        return self._registry.device(name)

    def current(self, device: Device) -> Current:
        """The current level of a device, and why."""
        return self._registry.current(device)

    def issued(self, after: int = 0, limit: int = 100) -> list[Issued]:
        """The append-only record of issuance, a page at a time."""
        return self._store.issued(after, limit)

    # Other industries.

    def foreigners(self) -> list[Foreign]:
        """Every other industry that this authority knows."""
        return list(self._store.every(Foreign))

    def cross(
        self, bundle: bytes, root: bytes, rungs: Mapping[int, int], url: str, now: float
    ) -> Foreign:
        """Recognise another industry.

        Args:
            bundle: its bundle, signed; root: the root certificate that the operator trusts, DER.
            rungs: foreign rung → local rung, never valuing a lower one above a higher one.
            url: where its authority answers, or empty.
            now: seconds since the epoch.
        """
        with self._change(ROOT):
            return self._recognised.cross(bundle, root, rungs, url, now)

    def acquaint(self, bundle: bytes, root: bytes, url: str, now: float) -> Foreign:
        """Know another industry without recognising its levels."""
        with self._change(ROOT):
            return self._recognised.acquaint(bundle, root, url, now)

    def refresh(self, industry: str, bundle: bytes, now: float) -> bool:
        """Take the newest lists of a known industry; whether what we publish changed."""
        with self._transaction():
            moved = self._recognised.refresh(industry, bundle, now)
            if moved:
                self._publication.changed()
        if moved:
            self._listener(self.seq)
        return moved

    def forget(self, industry: str, now: float) -> None:
        """Know an industry no more; its cross-certificate is revoked."""
        with self._change(ROOT):
            self._recognised.forget(industry, now)

    # Time.

    def step(self, now: float) -> bool:
        """Renew lists, bundle and own certificates that are due; whether anything was."""
        identity, lines = renewed(self.identity, self._keys, self._entropy, now)
        due = self._publication.due(now)
        if not due and not lines:
            return False
        with self._change(*due):
            self._things.sweep(now)
            for line in lines:
                self._store.append(line)
            self._store.put(identity)
        self._publication.identity = identity
        self.bundle(now)  # signed now, so that nobody who asks waits for it
        return True

    def warnings(self, now: float) -> list[Reason]:
        """What a person must decide soon."""
        return warnings(self.identity, self.foreigners(), now)

    def count(self) -> dict[str, int]:
        """How many products, devices and industries there are."""
        return {
            "products": self._store.count(Product),
            "devices": self._store.count(Device),
            "industries": self._store.count(Foreign),
        }


def open_service(
    store: RegistryStore, keys: AuthorityKeys, entropy: Entropy, listener: Listener, now: float
) -> AuthorityService:
    """The authority that `store` keeps, its documents freshly signed.

    Raises:
        RequestError: `industry.none` when the store has no industry yet.
    """
    identity = store.get(Identity, "self")
    if identity is None:
        raise RequestError("industry.none")
    service = AuthorityService(store, identity, keys, entropy, listener)
    service.step(now)
    return service
