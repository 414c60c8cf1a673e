"""An authority's HTTPS API: what it publishes, what things ask, and what its operator does.

Public:   GET /v1/bundle, /v1/root, /v1/root.crl, /v1/issuing.crl, /v1/status/1, /v1/ladder,
          /v1/products?after=, /v1/changes?after=N&wait=S (long poll), /v1/nonce, /healthz
Things:   POST /v1/statement, /v1/renew, /v1/enrol (JSON; octets in base64)
Operator: POST /v1/operator/<operation> with a bearer token; see `omamori.authority.operations`
Page:     GET / , the products and their levels for people, Japanese and English
Metrics:  GET /metrics from this machine, or with the operator's token

A refusal is {"reason": key, "message_ja": …, "message_en": …} and never a trace.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from omamori.authority.operations import OPERATIONS, certified, perform
from omamori.authority.service import RenewalRequest, StatementRequest
from omamori.documents.limits import BUNDLE_BYTES_MAX
from omamori.documents.reason import Reason, RefusedError
from omamori.web.authority_page import PublicPage
from omamori.web.authority_refusals import HEADERS, refusal, status_of
from omamori.web.limits import Allowance, read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from omamori.authority.service import AuthorityService
    from omamori.web.changes import Changes

    Act = Callable[[Request], Awaitable[Response]]

BODY_BYTES_MAX = 16 * 1024
OPERATOR_BODY_BYTES_MAX = BUNDLE_BYTES_MAX * 2
BODY_S_MAX = 10.0
PAGE_MAX = 100
LOOPBACK = frozenset({"127.0.0.1", "::1"})


class Enrol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device asks for its first certificate: a PKCS#10 request, DER, and its one-time code."""

    csr: bytes
    code: str


class Limits(msgspec.Struct, frozen=True):
    """How many requests a second one caller may make, and how many at once after a rest."""

    reads_per_s: float = 200.0
    reads_burst: float = 400.0
    writes_per_s: float = 50.0
    writes_burst: float = 200.0


class AuthorityApi:
    """The routes of one authority."""

    def __init__(
        self,
        service: AuthorityService,
        changes: Changes,
        token: bytes,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        limits: Limits,
    ) -> None:
        self._service = service
        self._changes = changes
        self._token = token
        self._clock = clock
        self._reads = Allowance(limits.reads_per_s, limits.reads_burst, monotonic)
        self._writes = Allowance(limits.writes_per_s, limits.writes_burst, monotonic)
        self.page = PublicPage(service, self._reads)
        self._log = structlog.get_logger().bind(industry=service.identity.ladder.industry)
        self._measures = CollectorRegistry()
        self._requests = Counter(
            "omamori_authority_requests",
            "Requests by route and status.",
            ("route", "status"),
            registry=self._measures,
        )
        self._kept = Gauge(
            "omamori_authority_kept",
            "What the authority keeps, by kind.",
            ("kind",),
            registry=self._measures,
        )

    # Every request passes here.

    def guarded(self, route: str, act: Act) -> Act:
        """`act` with bounds, refusals in plain words, headers and a count."""

        async def answer(request: Request) -> Response:
            try:
                response = await self._answer(request, act)
            except ClientDisconnect:
                response = Response(status_code=400)
            self._requests.labels(route, str(response.status_code)).inc()
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return answer

    async def _answer(self, request: Request, act: Act) -> Response:
        caller = request.client.host if request.client else ""
        allowance = self._reads if request.method in {"GET", "HEAD"} else self._writes
        if not allowance.take(caller):
            return refusal(Reason("request.too-many"), 429)
        try:
            return await act(request)
        except RefusedError as error:
            return refusal(error.reason, status_of(error.reason.key))
        except ClientDisconnect:
            raise
        except Exception:  # noqa: BLE001 - the last line of defence: told to the log, not to the caller
            self._log.exception("authority.failed", path=request.url.path[:100])
            return refusal(Reason("authority.failed"), 500)

    async def _read(self, request: Request, kind: type[Any], bytes_max: int) -> Any:  # noqa: ANN401 - one of many requests
        octets = await read_body(request, bytes_max, BODY_S_MAX)
        try:
            return msgspec.json.decode(octets or b"{}", type=kind)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise RequestUnreadableError("request.unreadable") from None

    # What it publishes.

    async def bundle(self, _: Request) -> Response:
        """The signed bundle."""
        return _octets(self._service.bundle(self._clock()), "application/cose")

    async def root(self, _: Request) -> Response:
        """The root certificate: worth something only if its hash is known another way."""
        return _octets(self._service.identity.root, "application/pkix-cert")

    async def root_crl(self, _: Request) -> Response:
        """The root's revocation list."""
        return _octets(self._service.root_crl(self._clock()), "application/pkix-crl")

    async def issuing_crl(self, _: Request) -> Response:
        """The issuing CA's revocation list."""
        return _octets(self._service.issuing_crl(self._clock()), "application/pkix-crl")

    async def status(self, _: Request) -> Response:
        """The status list, whole."""
        return _octets(self._service.status(self._clock()), "application/statuslist+cwt")

    async def ladder(self, _: Request) -> Response:
        """The industry's levels and where its things live."""
        identity = self._service.identity
        levels = [{"rung": one.rung, "oid": one.oid} for one in identity.ladder.levels()]
        return _json(
            {
                "industry": identity.ladder.industry,
                "host": identity.host,
                "levels": levels,
                "statement_s": identity.statement_s,
                "contact": identity.contact,
            }
        )

    async def products(self, request: Request) -> Response:
        """The public level database, a page at a time."""
        found = self._service.products(request.query_params.get("after", "")[:80], PAGE_MAX)
        following = found[-1].name if len(found) == PAGE_MAX else ""
        return _json({"seq": self._service.seq, "products": found, "after": following})

    async def changes(self, request: Request) -> Response:
        """The change sequence, as soon as it is greater than `after`."""
        after = _number(request, "after", 0.0)
        seq = await self._changes.after(int(after), _number(request, "wait", 0.0))
        return _json({"seq": seq})

    async def nonce(self, _: Request) -> Response:
        """A nonce for one proof."""
        return _json({"nonce": self._service.nonce(self._clock())})

    async def healthz(self, _: Request) -> Response:
        """Whether the store answers and the bundle can be signed."""
        self._service.bundle(self._clock())
        return _json({"ok": True, "seq": self._service.seq})

    async def metrics(self, request: Request) -> Response:
        """Measures in Prometheus' text form."""
        if (request.client.host if request.client else "") not in LOOPBACK:
            self._check_token(request)
        kept = self._service.count() | {"seq": self._service.seq, "waiters": self._changes.waiters}
        for kind, count in kept.items():
            self._kept.labels(kind).set(count)
        return _octets(generate_latest(self._measures), "text/plain; version=0.0.4")

    # What things ask.

    async def statement(self, request: Request) -> Response:
        """A fresh statement on the thing that asks."""
        asked: StatementRequest = await self._read(request, StatementRequest, BODY_BYTES_MAX)
        media = "application/cwt" if asked.form == "cwt" else "application/jwt"
        return _octets(self._service.statement(asked, self._clock()), media)

    async def renew(self, request: Request) -> Response:
        """The next certificate of the thing that asks."""
        asked = await self._read(request, RenewalRequest, BODY_BYTES_MAX)
        return _json(certified(self._service, self._service.renew(asked, self._clock())))

    async def enrol(self, request: Request) -> Response:
        """The first certificate of who has a code."""
        asked: Enrol = await self._read(request, Enrol, BODY_BYTES_MAX)
        device = self._service.enrol(asked.csr, asked.code, self._clock())
        return _json(certified(self._service, device))

    # What the operator does.

    def _check_token(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        held = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token)
        if scheme.lower() != "bearer" or not held:
            raise RequestUnreadableError("operator.token-wrong")

    async def operate(self, request: Request) -> Response:
        """One operation of the table."""
        self._check_token(request)
        name = request.path_params["name"]
        operation = OPERATIONS.get(name)
        if operation is None:
            raise RequestUnreadableError("operation.unknown")
        asked = await self._read(request, operation.request, OPERATOR_BODY_BYTES_MAX)
        answer = perform(self._service, name, asked, self._clock())
        self._log.info("authority.operated", operation=name, seq=self._service.seq)
        return _json(answer)

    def routes(self) -> list[Route]:
        """Every route."""
        reads = {
            "/v1/bundle": self.bundle,
            "/v1/root": self.root,
            "/v1/root.crl": self.root_crl,
            "/v1/issuing.crl": self.issuing_crl,
            "/v1/status/1": self.status,
            "/v1/ladder": self.ladder,
            "/v1/products": self.products,
            "/v1/changes": self.changes,
            "/v1/nonce": self.nonce,
            "/healthz": self.healthz,
            "/metrics": self.metrics,
        }
        writes = {
            "/v1/statement": self.statement,
            "/v1/renew": self.renew,
            "/v1/enrol": self.enrol,
            "/v1/operator/{name}": self.operate,
        }
        return [Route(p, self.guarded(p, act), methods=["GET"]) for p, act in reads.items()] + [
            Route(p, self.guarded(p, act), methods=["POST"]) for p, act in writes.items()
        ]


class RequestUnreadableError(RefusedError):
    """A request that is not of the form that its route asks for."""


def _octets(octets: bytes, media: str) -> Response:
    return Response(octets, media_type=media)


def _json(answer: object) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _number(request: Request, name: str, default: float) -> float:
    try:
        value = float(request.query_params.get(name, default))
    except ValueError:
        value = -1.0
    if not 0 <= value < 1 << 53:
        raise RequestUnreadableError("request.unreadable")
    return value


def authority_application(
    service: AuthorityService,
    changes: Changes,
    token: bytes,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    limits: Limits | None = None,
) -> Starlette:
    """The ASGI application of one authority.

    Args:
        service: what it answers from; `changes` must be its listener.
        changes: where the long poll waits.
        token: the operator's bearer token.
        clock: seconds since the epoch; `monotonic`: seconds that never go back.
        monotonic: see `clock`.
        limits: how much one caller may ask.
    """
    api = AuthorityApi(service, changes, token, clock, monotonic, limits or Limits())

    async def elsewhere(request: Request, error: Exception) -> Response:
        del request
        code = getattr(error, "status_code", 500)
        return refusal(Reason("request.no-such-route"), code)

    page = [Route(path, api.page, methods=["GET"]) for path in ("/", "/static/{path:path}")]
    return Starlette(
        routes=[*api.routes(), *page], exception_handlers={404: elsewhere, 405: elsewhere}
    )
