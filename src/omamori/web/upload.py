"""Upload: a form that brings one file, read with bounds, and refused early when it is too big."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from omamori.web.guard import (
    FIELD_CHARACTERS_MAX,
    FILE_BYTES_MAX,
    UPLOAD_BYTES_MAX,
    FormError,
    check_token,
    file_too_long,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

UPLOAD_FIELDS_MAX = 8
UPLOAD_DEADLINE_S = 30.0
"""256 kB within it needs 70 kbit/s: a telephone at the edge of its reach."""


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > UPLOAD_BYTES_MAX:
            raise file_too_long()
        yield chunk


async def read_upload(request: Request, secret: bytes) -> tuple[dict[str, str], bytes]:
    """The fields of a posted form and the octets of its one file, which is never written to disk.

    Raises:
        FormError: for anything but a form of our own with one file of at most ``FILE_BYTES_MAX``.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise FormError("web.form-type")
    parser = MultiPartParser(
        request.headers,
        _bounded(request),
        max_files=1,
        max_fields=UPLOAD_FIELDS_MAX,
        max_part_size=FIELD_CHARACTERS_MAX,
    )
    try:
        async with asyncio.timeout(UPLOAD_DEADLINE_S):
            form = await parser.parse()
    except (TimeoutError, ClientDisconnect):
        raise FormError("web.form-too-slow") from None
    except FormError:
        raise
    except (MultiPartException, ValueError, LookupError):  # the parser's own, and odd charsets
        raise FormError("web.form-malformed") from None
    try:
        fields = {key: text for key, text in form.multi_items() if isinstance(text, str)}
        check_token(fields, secret, request.state.visit)
        brought = form.get("file")
        octets = await brought.read() if isinstance(brought, UploadFile) else b""
    finally:
        await form.close()
    if not octets:
        raise FormError("web.file-missing")
    if len(octets) > FILE_BYTES_MAX:
        raise file_too_long()
    return fields, octets
