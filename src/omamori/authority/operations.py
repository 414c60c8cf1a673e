"""What an operator may do, as one table: the API, its client and the command line all read it.

Each operation has a name, a request and an answer, all typed; `perform` does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from omamori.authority.csr import read_csr
from omamori.authority.lines import (
    DeviceLine,
    DeviceLines,
    ForeignLine,
    IssuedLine,
    IssuedLines,
    ProductLine,
    ProductLines,
    Shown,
)
from omamori.authority.records import Device, Foreign, Product, RequestError
from omamori.authority.registry import Target
from omamori.documents.certificate import sha256

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.authority.service import AuthorityService

PAGE_MAX = 200


class AddProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Add a product at its assessed rung."""

    name: str
    rung: int
    title: str = ""
    maker: str = ""


class AddVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """List a software version of a product."""

    product: str
    name: str
    rung: int


class Lower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lower a product, a version or one device to `rung`, because of `why`."""

    rung: int
    why: str
    product: str = ""
    version: str = ""
    device: str = ""


class Raise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raise a product, a version or one device to `rung`; 0 for what was assessed."""

    rung: int = 0
    product: str = ""
    version: str = ""
    device: str = ""


class Certify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Issue a device certificate for a PKCS#10 request, DER; `rung` 0 for the product's."""

    product: str
    csr: bytes
    software: str = ""
    rung: int = 0


class MakeCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make a one-time enrolment code; `rung` 0 for the product's."""

    product: str
    software: str = ""
    rung: int = 0


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device by opaque name or URI, or an industry by name."""

    name: str


class Revoke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a device's certificate back."""

    name: str
    why: str


class Cross(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Recognise an industry; `rungs` maps theirs (as text, for JSON) to ours."""

    bundle: bytes
    root: bytes
    rungs: dict[str, int]
    url: str = ""


class Acquaint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Know an industry without recognising it."""

    bundle: bytes
    root: bytes
    url: str = ""


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a list: what comes after `after`."""

    after: str = ""
    limit: int = 100


class Done(msgspec.Struct, frozen=True):
    """It is done and durable; `seq` is the change sequence, `ended` how many statements ended."""

    seq: int
    ended: int = 0


class Certified(msgspec.Struct, frozen=True):
    """A new device certificate with what the device needs beside it."""

    name: str
    uri: str
    certificate: bytes
    issuing: bytes
    root: bytes


class Code(msgspec.Struct, frozen=True):
    """An enrolment code; it is told once."""

    code: str


RequestT = TypeVar("RequestT", bound=msgspec.Struct)
AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)


class Operation(Generic[RequestT, AnswerT]):
    """One thing that an operator may do."""

    def __init__(
        self,
        request: type[RequestT],
        answer: type[AnswerT],
        act: Callable[[AuthorityService, RequestT, float], AnswerT],
    ) -> None:
        self.request = request
        self.answer = answer
        self.act = act


def _target(asked: Lower | Raise) -> Target:
    return Target(product=asked.product, version=asked.version, device=asked.device)


def _add_product(service: AuthorityService, asked: AddProduct, now: float) -> Done:
    product = Product(
        name=asked.name,
        title=asked.title,
        maker=asked.maker,
        assessed=asked.rung,
        rung=asked.rung,
    )
    service.add_product(product, now)
    return Done(service.seq)


def _add_version(service: AuthorityService, asked: AddVersion, now: float) -> Done:
    service.add_version(asked.product, asked.name, asked.rung, now)
    return Done(service.seq)


def _lower(service: AuthorityService, asked: Lower, now: float) -> Done:
    ended = service.lower(_target(asked), asked.rung, asked.why, now)
    return Done(service.seq, ended)


def _raise(service: AuthorityService, asked: Raise, now: float) -> Done:
    target = _target(asked)
    ended = service.raise_(target, asked.rung or service.assessed(target), now)
    return Done(service.seq, ended)


def certified(service: AuthorityService, device: Device) -> Certified:
    """A device's certificate with the chain above it."""
    identity = service.identity
    return Certified(device.name, device.uri, device.certificate, identity.issuing, identity.root)


def _certify(service: AuthorityService, asked: Certify, now: float) -> Certified:
    key = read_csr(asked.csr).key
    device = service.certify(asked.product, asked.software, asked.rung, key, now)
    return certified(service, device)


def _code(service: AuthorityService, asked: MakeCode, now: float) -> Code:
    return Code(service.enrolment_code(asked.product, asked.software, asked.rung, now))


def _hold(service: AuthorityService, asked: Name, now: float) -> Done:
    service.hold(asked.name, now)
    return Done(service.seq)


def _release(service: AuthorityService, asked: Name, now: float) -> Done:
    service.release(asked.name, now)
    return Done(service.seq)


def _revoke(service: AuthorityService, asked: Revoke, now: float) -> Done:
    service.revoke(asked.name, asked.why, now)
    return Done(service.seq)


def _cross(service: AuthorityService, asked: Cross, now: float) -> Done:
    try:
        rungs = {int(theirs): mine for theirs, mine in asked.rungs.items()}
    except ValueError:
        raise RequestError("request.unreadable") from None
    service.cross(asked.bundle, asked.root, rungs, asked.url, now)
    return Done(service.seq)


def _acquaint(service: AuthorityService, asked: Acquaint, now: float) -> Done:
    service.acquaint(asked.bundle, asked.root, asked.url, now)
    return Done(service.seq)


def _forget(service: AuthorityService, asked: Name, now: float) -> Done:
    service.forget(asked.name, now)
    return Done(service.seq)


def _limit(asked: Page) -> int:
    return max(1, min(asked.limit, PAGE_MAX))


def _devices(service: AuthorityService, asked: Page, now: float) -> DeviceLines:
    del now
    lines = []
    for device in service.devices(asked.after, _limit(asked)):
        current = service.current(device)
        lines.append(
            DeviceLine(
                name=device.name,
                uri=device.uri,
                product=device.product,
                software=device.software,
                certified=device.certified,
                rung=device.rung,
                current=current.rung,
                state=device.state,
                reasons=current.reasons,
                not_after=device.not_after,
            )
        )
    return DeviceLines(lines)


def _catalogue(service: AuthorityService, asked: Page, now: float) -> ProductLines:
    del now
    return ProductLines(
        [
            ProductLine(
                name=one.name,
                title=one.title,
                maker=one.maker,
                assessed=one.assessed,
                rung=one.rung,
                why=one.why,
                versions={v.name: v.rung for v in service.versions(one.name)},
            )
            for one in service.products(asked.after, _limit(asked))
        ]
    )


def _issued(service: AuthorityService, asked: Page, now: float) -> IssuedLines:
    del now
    after = int(asked.after) if asked.after.isascii() and asked.after.isdigit() else 0
    lines = service.issued(min(after, 1 << 53), _limit(asked))
    return IssuedLines(
        [IssuedLine(one.number, one.kind, one.serial, one.subject, one.at) for one in lines]
    )


def _foreign_line(foreign: Foreign) -> ForeignLine:
    return ForeignLine(foreign.key, foreign.host, foreign.url, foreign.seq, foreign.mapping)


def _show(service: AuthorityService, _: Page, now: float) -> Shown:
    identity = service.identity
    return Shown(
        industry=identity.ladder.industry,
        host=identity.host,
        base=identity.ladder.base,
        rungs=identity.ladder.rungs,
        seq=service.seq,
        statement_s=identity.statement_s,
        root_sha256=sha256(identity.root).hex(),
        counts=service.count(),
        industries=[_foreign_line(foreign) for foreign in service.foreigners()],
        warnings=[str(reason) for reason in service.warnings(now)],
    )


OPERATIONS: dict[str, Operation[Any, Any]] = {
    "products": Operation(AddProduct, Done, _add_product),
    "versions": Operation(AddVersion, Done, _add_version),
    "lower": Operation(Lower, Done, _lower),
    "raise": Operation(Raise, Done, _raise),
    "certify": Operation(Certify, Certified, _certify),
    "codes": Operation(MakeCode, Code, _code),
    "hold": Operation(Name, Done, _hold),
    "release": Operation(Name, Done, _release),
    "revoke": Operation(Revoke, Done, _revoke),
    "cross": Operation(Cross, Done, _cross),
    "acquaint": Operation(Acquaint, Done, _acquaint),
    "forget": Operation(Name, Done, _forget),
    "devices": Operation(Page, DeviceLines, _devices),
    "catalogue": Operation(Page, ProductLines, _catalogue),
    "issued": Operation(Page, IssuedLines, _issued),
    "show": Operation(Page, Shown, _show),
}


def perform(service: AuthorityService, name: str, request: msgspec.Struct, now: float) -> Any:  # noqa: ANN401 - the operation's own answer
    """Do one operation; raises RequestError `operation.unknown`, or what the operation refuses."""
    operation = OPERATIONS.get(name)
    if operation is None or not isinstance(request, operation.request):
        raise RequestError("operation.unknown")
    return operation.act(service, request, now)
