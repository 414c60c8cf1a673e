"""Offices: the five authorities of the sample world, served on loopback and set up as neighbours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from omamori.adapters.authority_folder import AuthorityFolder
from omamori.adapters.path_engine import HankoEngine
from omamori.authority.csr import write_csr
from omamori.authority.records import Product
from omamori.documents.bundle import read_bundle
from omamori.simulation.cast import (
    ACQUAINTANCES,
    CAST,
    HUB,
    INDUSTRIES,
    RECOGNITION,
    SAVER,
    SPARE_PRODUCT,
    Role,
)
from omamori.simulation.faults import Office
from omamori.trust.book import Book

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec

    from omamori.adapters.authority_client import AuthorityClient
    from omamori.authority.service import AuthorityService


class Running(Protocol):
    """An authority that is being served; see `app.authority`."""

    url: str
    service: AuthorityService

    def client(self) -> AuthorityClient:
        """A client of it, its root pinned."""
        ...

    async def stop(self) -> None:
        """Stop serving."""
        ...


class Offices:
    """Every authority of the sample world; `open` brings them up."""

    def __init__(
        self,
        folder: Path,
        serve: Callable[[Path, str, str], Awaitable[Running]],
        clock: Callable[[], float],
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.running: dict[str, Running] = {}
        self.clients: dict[str, AuthorityClient] = {}
        self._serve = serve

    async def open(self) -> None:
        """Serve all of them, with their products, and let them recognise one another."""
        for one in INDUSTRIES:
            running = await self._serve(self.folder / one.name, one.name, one.host)
            self.running[one.name] = running
            self.clients[one.name] = running.client()
        self._set_up()

    async def close(self) -> None:
        """Stop them all."""
        for client in self.clients.values():
            await client.aclose()
        await asyncio.gather(*(running.stop() for running in self.running.values()))

    def _set_up(self) -> None:
        now = self.clock()
        for name, running in self.running.items():
            service = running.service
            known = {product.name for product in service.products()}
            roles = [r for r in (*CAST, HUB, SAVER) if r.industry == name]
            products = [(r.product, r.en, r.rung) for r in roles]
            for product, title, rung in (*products, (SPARE_PRODUCT, "Practice unit", 4)):
                if product not in known:
                    service.add_product(
                        Product(name=product, title=title, assessed=rung, rung=rung), now
                    )
        for (mine, theirs), rungs in RECOGNITION.items():
            self._recognise(mine, theirs, rungs, now)
        for mine, theirs in ACQUAINTANCES:
            self._recognise(mine, theirs, {}, now)

    def _recognise(self, mine: str, theirs: str, rungs: dict[int, int], now: float) -> None:
        service, other = self.running[mine].service, self.running[theirs]
        bundle, root = other.service.bundle(now), other.service.identity.root
        known = {foreign.ladder.industry: foreign.url for foreign in service.foreigners()}
        if known.get(theirs) == other.url:
            service.refresh(theirs, bundle, now)
        elif rungs:
            service.cross(bundle, root, rungs, other.url, now)
        else:
            service.acquaint(bundle, root, other.url, now)

    def office(self, industry: str) -> Office:
        """The authority of `industry`, as its own operator has it."""
        issuing = AuthorityFolder(self.folder / industry).keys().issuing
        return Office(self.running[industry].service, issuing)

    def fresh_book(self, industry: str) -> Book:
        """A book that knows what the authority of `industry` publishes now."""
        service, now = self.running[industry].service, self.clock()
        book = Book(service.identity.root, HankoEngine())
        book.load(read_bundle(service.bundle(now)), now)
        return book

    async def certificate(self, role: Role, key: ec.EllipticCurvePrivateKey) -> bytes:
        """A fresh certificate for a thing of this role, enrolled as any thing is."""
        service = self.running[role.industry].service
        code = service.enrolment_code(role.product, role.software, 0, self.clock())
        return (await self.clients[role.industry].enrol(write_csr(key), code)).certificate
