"""CoAP messages (RFC 7252 §3): whether a thing asks or serves, and for what path."""

from __future__ import annotations

from omamori.adapters.protocols.text import Facts, plain, worded

OPTIONS_MAX = 32
PATH_MAX = 128
_URI_PATH = 11
_PAYLOAD_MARKER = 0xFF
_CODE_CLASSES_OF_SERVER = {2, 4, 5}


def facts(payload: bytes) -> Facts:
    """Role and path of a CoAP message; nothing for empty messages and other protocols."""
    if len(payload) < 4 or payload[0] >> 6 != 1 or payload[0] & 15 > 8:  # noqa: PLR2004 - RFC 7252 §3
        return []
    code_class, code = payload[1] >> 5, payload[1] & 31
    if code_class == 0 and 1 <= code <= 7:  # noqa: PLR2004 - methods, RFC 7252 §12.1.1, RFC 8132
        path = _path(payload, 4 + (payload[0] & 15))
        return [] if path is None else [("coap.message", worded(role="client", path=path))]
    if code_class in _CODE_CLASSES_OF_SERVER:
        return [("coap.message", {"role": "server"})]
    return []


def _path(payload: bytes, at: int) -> str | None:
    """The Uri-Path segments joined by slashes, or None when the options are broken."""
    segments: list[bytes] = []
    number = 0
    for _ in range(OPTIONS_MAX):
        if at >= len(payload) or payload[at] == _PAYLOAD_MARKER:
            break
        head = payload[at]
        delta, at_size = _extended(payload, head >> 4, at + 1)
        size, start = _extended(payload, head & 15, at_size)
        at = start + size
        if delta < 0 or size < 0 or at > len(payload):
            return None
        number += delta
        if number == _URI_PATH:
            segments.append(payload[start:at])
    return plain(b"/" + b"/".join(segments), PATH_MAX) if segments else ""


def _extended(payload: bytes, nibble: int, at: int) -> tuple[int, int]:
    """An option's delta or length (RFC 7252 §3.1) and the position after it; -1 is reserved."""
    if nibble < 13:  # noqa: PLR2004 - RFC 7252 §3.1
        return nibble, at
    if nibble == 13:  # noqa: PLR2004
        return int.from_bytes(payload[at : at + 1]) + 13, at + 1
    if nibble == 14:  # noqa: PLR2004
        return int.from_bytes(payload[at : at + 2]) + 269, at + 2
    return -1, at
