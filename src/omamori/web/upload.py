"""Upload: a form that brings one file, read with bounds, and refused early when it is too big."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
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
    from starlette.requests import Request

PARTS_MAX = 8
BOUNDARY_BYTES_MAX = 70
"""RFC 2046, section 5.1.1."""

UPLOAD_DEADLINE_S = 30.0
"""256 kB within it needs 70 kbit/s: a telephone at the edge of its reach."""

FILE_FIELD = "file"
DISPOSITION = b"content-disposition"


class _Parts:
    """Collects the parts of one body; the body's own bound is the bound of what is kept."""

    def __init__(self) -> None:
        self.found: list[tuple[str, bytes]] = []
        self.is_whole = False
        self._header, self._said = bytearray(), bytearray()
        self._name, self._octets = "", bytearray()

    def read(self, body: bytes, boundary: bytes) -> None:
        """Take the body apart; raises FormParserError where it is no multipart body."""
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._said.extend(data[start:end]),
                "on_header_end": self._header_ended,
                "on_part_data": lambda data, start, end: self._octets.extend(data[start:end]),
                "on_part_end": self._ended,
                "on_end": self._all_ended,
            },
        )
        parser.write(body)
        parser.finalize()

    def _begin(self) -> None:
        if len(self.found) >= PARTS_MAX:
            raise FormError("web.form-malformed")
        self._name, self._octets = "", bytearray()

    def _header_ended(self) -> None:
        if bytes(self._header).lower() == DISPOSITION:
            _form, options = parse_options_header(bytes(self._said))
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._header, self._said = bytearray(), bytearray()

    def _ended(self) -> None:
        self.found.append((self._name, bytes(self._octets)))

    def _all_ended(self) -> None:
        self.is_whole = True


async def _read_body(request: Request) -> bytes:
    octets = bytearray()
    try:
        async with asyncio.timeout(UPLOAD_DEADLINE_S):
            async for chunk in request.stream():
                octets += chunk
                if len(octets) > UPLOAD_BYTES_MAX:
                    raise file_too_long()
    except (TimeoutError, ClientDisconnect):
        raise FormError("web.form-too-slow") from None
    return bytes(octets)


def _parts_of(body: bytes, boundary: bytes) -> list[tuple[str, bytes]]:
    parts = _Parts()
    try:
        parts.read(body, boundary)
    except (FormParserError, ValueError):
        raise FormError("web.form-malformed") from None
    if not parts.is_whole:
        raise FormError("web.form-malformed")
    return parts.found


async def read_upload(request: Request, secret: bytes) -> tuple[dict[str, str], bytes]:
    """The fields of a posted form and the octets of its one file, which is never written to disk.

    Raises:
        FormError: for anything but a form of our own with one file of at most ``FILE_BYTES_MAX``.
    """
    sort, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if sort != b"multipart/form-data" or not 0 < len(boundary) <= BOUNDARY_BYTES_MAX:
        raise FormError("web.form-type")
    fields: dict[str, str] = {}
    octets = b""
    for name, said in _parts_of(await _read_body(request), boundary):
        if name == FILE_FIELD:
            octets = said
        elif len(said) > FIELD_CHARACTERS_MAX:
            raise FormError("web.form-too-long")
        else:
            fields[name] = said.decode("utf-8", "replace")
    check_token(fields, secret, request.state.visit)
    if not octets:
        raise FormError("web.file-missing")
    if len(octets) > FILE_BYTES_MAX:
        raise file_too_long()
    return fields, octets
