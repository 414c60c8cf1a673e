"""The public page of an authority: its products and their levels, for anybody who asks."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec
from starlette.routing import Route

from omamori.documents.reason import Reason
from omamori.web.authority_refusals import refusal
from omamori.web.frame import Pages, Site, Tab, site_app
from omamori.web.views import LevelView

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from omamori.authority.records import Product
    from omamori.authority.service import AuthorityService
    from omamori.web.limits import Allowance

PRODUCTS_SHOWN = 50


class ProductView(msgspec.Struct, frozen=True):
    """One product as people read it; `versions` are (name, level) pairs."""

    title: str
    maker: str
    level: LevelView
    assessed: int
    why: tuple[Reason, ...]
    versions: tuple[tuple[str, str], ...]
    changed_at: float


class ProductsView(msgspec.Struct, frozen=True):
    """A page of products; `after` leads to the next."""

    industry: str
    products: tuple[ProductView, ...]
    after: str
    contact: str


def _product(service: AuthorityService, product: Product) -> ProductView:
    ladder = service.identity.ladder
    return ProductView(
        title=product.title or product.name,
        maker=product.maker,
        level=LevelView(ladder.industry, product.rung, ladder.rungs),
        assessed=product.assessed,
        why=(Reason(f"product.{product.why}"),) if product.why else (),
        versions=tuple((v.name, f"Lv.{v.rung}") for v in service.versions(product.name)),
        changed_at=product.changed_at,
    )


def products_view(service: AuthorityService, after: str) -> ProductsView:
    """What the page shows."""
    found = service.products(after[:80], PRODUCTS_SHOWN)
    return ProductsView(
        industry=service.identity.ladder.industry,
        products=tuple(_product(service, product) for product in found),
        after=found[-1].name if len(found) == PRODUCTS_SHOWN else "",
        contact=service.identity.contact,
    )


class PublicPage:
    """The page as an ASGI application, built when it is first asked for: most servers never are."""

    def __init__(self, service: AuthorityService, allowance: Allowance) -> None:
        self._service = service
        self._allowance = allowance
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, unless its caller asks too much."""
        caller = (scope.get("client") or ("", 0))[0]
        if not self._allowance.take(caller):
            await refusal(Reason("request.too-many"), 429)(scope, receive, send)
            return
        if self._app is None:
            self._app = self._built()
        await self._app(scope, receive, send)

    def _built(self) -> ASGIApp:
        identity = self._service.identity
        site = Site(
            "An industry's authority",
            (Tab("/", "Levels of products"),),
            secrets.token_bytes(32),
            hosts=frozenset((*identity.server_names, identity.host)),
        )
        pages = Pages(site)

        async def products(request: Request) -> Response:
            view = products_view(self._service, request.query_params.get("after", ""))
            return pages.render(request, "authority/products.html", view=view)

        return site_app(site, pages, [Route("/", products)])
