"""How an authority's API says no: the HTTP status of a reason, and its sentence in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from omamori.documents.reason import Reason

STATUS = {
    "operator.token-wrong": 401,
    "nonce.unknown": 403,
    "nonce.too-old": 403,
    "nonce.spent": 403,
    "proof.not-held": 403,
    "device.held": 403,
    "device.revoked": 403,
    "device.expired": 403,
    "device.certificate-replaced": 403,
    "enrolment.code-unknown": 403,
    "device.unknown": 404,
    "product.unknown": 404,
    "version.unknown": 404,
    "cross.unknown": 404,
    "operation.unknown": 404,
    "request.too-slow": 408,
    "product.exists": 409,
    "version.exists": 409,
    "cross.rolled-back": 409,
    "lower.not-lower": 409,
    "raise.not-higher": 409,
    "request.too-long": 413,
    "request.too-many": 429,
    "request.busy": 503,
}


HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def status_of(key: str) -> int:
    """The HTTP status for a reason: 400 unless the table says more."""
    return STATUS.get(key, 400)


def refusal(reason: Reason, status: int) -> Response:
    """A refusal with its sentence; it never says more than the reason does."""
    # The word tables are large and most servers never refuse in their first second.
    from omamori.web.words import sentence  # noqa: PLC0415

    said = {
        "reason": reason.key,
        "params": reason.params,
        "message_ja": sentence(reason, "ja"),
        "message_en": sentence(reason, "en"),
    }
    headers = dict(HEADERS)
    if status == 401:  # noqa: PLR2004 - RFC 9110, 15.5.2
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(said), status, headers, "application/json")
