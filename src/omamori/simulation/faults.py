"""Faults: ways to make a meeting fail, each with real certificates and real registries.

None of them touches the home's own things: a practice unit is enrolled for each, spoiled, and shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.authority.certificates import issue_end_entity, issue_issuing_ca, issue_root
from omamori.authority.registry import Target
from omamori.authority.service import AuthorityService
from omamori.documents.certificate import read_device_certificate, sha256
from omamori.documents.level import ladder_of_uuid
from omamori.documents.oids import STATEMENT_PROFILE
from omamori.documents.statement import Statement, write_cwt
from omamori.simulation.cast import SPARE_PRODUCT, Role
from omamori.simulation.player import Player, der
from omamori.trust.standing import judge

if TYPE_CHECKING:
    from omamori.trust.book import Book

DAY_S = 86400.0
CLOCK_WRONG_S = 3 * 365 * DAY_S
NEWS_S_MAX = 5.0
"""How long to wait until the verifier's industry has heard of the change."""


class Office(msgspec.Struct, frozen=True):
    """An authority of the sample world, as its own operator has it, with its issuing CA's key."""

    service: AuthorityService
    issuing_key: ec.EllipticCurvePrivateKey


class Stage(msgspec.Struct, frozen=True):
    """Who meets, and by which clocks."""

    caller: Player
    answerer: Player
    caller_clock: Callable[[], float]


class Prop(Protocol):
    """What a fault needs of the home."""

    def clock(self) -> float:
        """Seconds since the epoch."""
        ...

    def office(self, industry: str) -> Office:
        """The authority of `industry`."""
        ...

    async def enrol(self, role: Role) -> Player:
        """A new thing with a fresh certificate and statement."""
        ...

    async def restate(self, player: Player) -> None:
        """Fetch its newest statement."""
        ...

    def fresh_book(self, industry: str) -> Book:
        """A book of its own for somebody of `industry`."""
        ...


def spare(industry: str) -> Role:
    """The practice unit of an industry."""
    return Role("spare", "練習用の機器", "Practice unit", industry, "appliance", SPARE_PRODUCT)


async def stage(fault: str, home: Prop, caller: Player, answerer: Player) -> Stage:
    """Prepare a meeting in which `fault` is real; raises KeyError for an unknown fault."""
    if fault == "nothing":
        return Stage(caller, answerer, home.clock)
    if fault == "clock":
        return _wrong_clock(home, caller, answerer)
    makers = {
        "expired": _expired,
        "revoked": _revoked,
        "unmapped": _unmapped,
        "lowered": _lowered,
        "rogue": _rogue,
        "replayed": _replayed,
    }
    other = await makers[fault](home, caller, answerer)
    return Stage(caller, other, home.clock)


def _wrong_clock(home: Prop, caller: Player, answerer: Player) -> Stage:
    """The caller's clock runs three years ahead; it judges by a book of its own."""
    book = home.fresh_book(caller.industry)
    confused = Player(caller.role, caller.industry, caller.certificate, caller.key, book)
    confused.statement, confused.vouch = caller.statement, caller.vouch
    return Stage(confused, answerer, lambda: home.clock() + CLOCK_WRONG_S)


async def _expired(home: Prop, _caller: Player, answerer: Player) -> Player:
    """A certificate that its issuing CA really signed, two years and three days ago."""
    unit = await home.enrol(spare(answerer.industry))
    office = home.office(answerer.industry)
    identity = office.service.identity
    device = office.service.device(_name(unit))
    old = issue_end_entity(
        identity.ladder.industry,
        device.name,
        device.uri,
        identity.ladder.level(device.certified),
        unit.key.public_key(),
        x509.load_der_x509_certificate(identity.issuing),
        office.issuing_key,
        x509.random_serial_number(),
        f"https://{identity.host}/v1/issuing.crl",
        home.clock() - 733 * DAY_S,
    )
    unit.certificate = der(old)
    return unit


def _name(unit: Player) -> str:
    """What its authority calls it."""
    return read_device_certificate(unit.certificate).serial_name


async def _revoked(home: Prop, caller: Player, answerer: Player) -> Player:
    unit = await home.enrol(spare(answerer.industry))
    office = home.office(answerer.industry)
    office.service.revoke(_name(unit), "other", home.clock())
    await _heard(home, caller, unit, "standing.certificate-revoked")
    return unit


async def _unmapped(home: Prop, _caller: Player, _answerer: Player) -> Player:
    return await home.enrol(spare("telecom"))


async def _lowered(home: Prop, _caller: Player, answerer: Player) -> Player:
    unit = await home.enrol(spare(answerer.industry))
    office = home.office(answerer.industry)
    office.service.lower(Target(device=_name(unit)), 2, "unpatched", home.clock())
    await home.restate(unit)
    return unit


async def _replayed(home: Prop, caller: Player, answerer: Player) -> Player:
    """The good word from before its level was lowered, shown once more."""
    unit = await home.enrol(spare(answerer.industry))
    office = home.office(answerer.industry)
    office.service.lower(Target(device=_name(unit)), 2, "unpatched", home.clock())
    await _heard(home, caller, unit, "standing.statement-withdrawn")
    return unit


async def _heard(home: Prop, caller: Player, unit: Player, key: str) -> None:
    """Wait until the caller's industry has heard the news, as it would within a second or two."""
    for _ in range(int(NEWS_S_MAX / 0.05)):
        found = judge(unit.credentials(), None, caller.book, home.clock())
        if any(reason.key == key for reason in found.reasons):
            return
        await asyncio.sleep(0.05)


async def _rogue(home: Prop, _caller: Player, answerer: Player) -> Player:
    """Somebody who calls himself the industry's authority, with keys of his own."""
    now, industry = home.clock(), answerer.industry
    host = home.office(industry).service.identity.host
    ladder = ladder_of_uuid(industry, x509.random_serial_number() % (1 << 128))
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
    root_key, issuing_key, registry_key, key = keys
    root = issue_root(industry, root_key, x509.random_serial_number(), now)
    crl = f"https://{host}/v1/issuing.crl"
    issuing = issue_issuing_ca(
        ladder, issuing_key.public_key(), root, root_key, x509.random_serial_number(), crl, now
    )
    leaf = issue_end_entity(
        industry,
        "impostor",
        f"https://{host}/t/impostor",
        ladder.level(5),
        key.public_key(),
        issuing,
        issuing_key,
        x509.random_serial_number(),
        crl,
        now,
    )
    unit = Player(spare(industry), industry, der(leaf), key, home.fresh_book(industry))
    word = Statement(
        profile=STATEMENT_PROFILE,
        issuer=f"https://{host}",
        subject=f"https://{host}/t/impostor",
        thumbprint=sha256(unit.certificate),
        level=ladder.level(5).oid,
        tier=2,
        vector={0: 2},
        reasons=(),
        product=SPARE_PRODUCT,
        software="1.0.0",
        seq=1,
        issued_at=int(now),
        expires_at=int(now + DAY_S),
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(registry_key.public_key()).digest
    unit.statement = write_cwt(word, registry_key, identifier)
    return unit
