"""Quick reading of a device certificate in the one plain DER form that our own authorities issue.

A library's parser makes some forty objects that the judgement never looks at. This walk slices what it
needs, and answers None for *anything* that is not literally of the expected form; the library then reads
it in full. What is accepted here is a subset of what is accepted there, with the same result (a test
generates both).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

ES256 = bytes.fromhex("300a06082a8648ce3d040302")
P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
POINT_BYTES = 65
VERSION_3 = bytes.fromhex("a003020102")
ORGANISATION, SERIAL_NAME = bytes.fromhex("060355040a"), bytes.fromhex("0603550405")
SIGNS_ONLY = bytes.fromhex("03020780")
CLIENT, SERVER = bytes.fromhex("06082b06010505070302"), bytes.fromhex("06082b06010505070301")
BOTH_USAGES = (b"\x30\x14" + CLIENT + SERVER, b"\x30\x14" + SERVER + CLIENT)
SEQUENCE, SET, INTEGER, BITS, OCTETS, OID, BOOLEAN = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x01
UTF8, PRINTABLE, UTC_TIME, URI, CONTEXT_0, CONTEXT_3 = 0x0C, 0x13, 0x17, 0x86, 0xA0, 0xA3
KEY_ID = 0x80
TRUE = b"\x01\x01\xff"
SHORT_MAX, LONG_FORM_1, LONG_FORM_2 = 0x7F, 0x81, 0x82
SERIAL_BYTES_MAX = 20
OID_BYTES_MAX = 63
"""As long as `cryptography` reads; one arc of a UUID takes 19."""

TEXT = re.compile(rb"[A-Za-z0-9 .'()+,/:=?-]+")
TIME = re.compile(rb"\d{12}Z")
EXTENSIONS = {
    b"\x55\x1d\x0e": "ski",
    b"\x55\x1d\x0f": "usage",
    b"\x55\x1d\x11": "names",
    b"\x55\x1d\x1f": "list",
    b"\x55\x1d\x20": "policies",
    b"\x55\x1d\x23": "aki",
    b"\x55\x1d\x25": "eku",
}


class Parts(msgspec.Struct, frozen=True, gc=False):
    """What a certificate of the plain form consists of; nothing is judged yet but its form."""

    industry: str
    serial_name: str
    uri: str
    policy: str
    serial: int
    not_before: float
    not_after: float
    authority_key_id: bytes
    subject_key_id: bytes
    crl_url: str
    issuer_der: bytes
    signed: bytes
    signature: bytes
    point: bytes


class _OtherFormError(Exception):
    """Not literally of the plain form: the library reads it."""


def _within(octets: bytes, at: int, tag: int) -> tuple[int, int]:
    """Start and end of the content of the DER element at `at`, of this tag, shortest length form."""
    length = octets[at + 1]
    start = at + 2
    if length > SHORT_MAX:
        if length == LONG_FORM_1:
            length, start = octets[at + 2], at + 3
            shortest = length > SHORT_MAX
        elif length == LONG_FORM_2:
            length, start = octets[at + 2] << 8 | octets[at + 3], at + 4
            shortest = length > 0xFF  # noqa: PLR2004 - one octet
        else:
            shortest = False
        if not shortest:
            raise _OtherFormError
    end = start + length
    if octets[at] != tag or end > len(octets):
        raise _OtherFormError
    return start, end


def _only(octets: bytes, *tags: int) -> bytes:
    """The content of nested elements, each the only one in its parent."""
    start, stop = 0, len(octets)
    for tag in tags:
        start, end = _within(octets, start, tag)
        if end != stop:
            raise _OtherFormError
    return octets[start:stop]


def quick_parts(der: bytes) -> Parts | None:
    """The parts of a device certificate of the plain form, or None: then the library must read it."""
    try:
        return _parts(der)
    except (_OtherFormError, IndexError, ValueError):
        return None


def _need(holds: bool) -> None:  # noqa: FBT001 - a rule is a truth value
    if not holds:
        raise _OtherFormError


def _parts(der: bytes) -> Parts:
    start, stop = _within(der, 0, SEQUENCE)
    body, end = _within(der, start, SEQUENCE)
    signature = _signature(der, end, stop)
    at = body + len(VERSION_3)
    _need(stop == len(der) and der.startswith(VERSION_3, body))
    first, at = _within(der, at, INTEGER)
    number = der[first:at]
    plain = 0 < len(number) <= SERIAL_BYTES_MAX and 0 < number[0] <= SHORT_MAX
    _need(plain and der.startswith(ES256, at))
    issuer = at + len(ES256)
    _, at = _within(der, issuer, SEQUENCE)
    issuer_der = der[issuer:at]
    first, at = _within(der, at, SEQUENCE)
    not_before, not_after = _times(der[first:at])
    first, at = _within(der, at, SEQUENCE)
    industry, serial_name = _subject(der[first:at])
    _need(der.startswith(P256, at))
    point = at + len(P256)
    at = point + POINT_BYTES
    found = _extensions(_only(der[at:end], CONTEXT_3, SEQUENCE))
    _need(found["usage"] == SIGNS_ONLY and found["eku"] in BOTH_USAGES)
    return Parts(
        industry,
        serial_name,
        _only(found["names"], SEQUENCE, URI).decode("ascii"),
        dotted(_only(found["policies"], SEQUENCE, SEQUENCE, OID)),
        int.from_bytes(number, "big"),
        not_before,
        not_after,
        _only(found["aki"], SEQUENCE, KEY_ID),
        _only(found["ski"], OCTETS),
        _only(found["list"], SEQUENCE, SEQUENCE, CONTEXT_0, CONTEXT_0, URI).decode("ascii"),
        issuer_der,
        der[start:end],
        signature,
        der[point:at],
    )


def _signature(der: bytes, at: int, stop: int) -> bytes:
    _need(der.startswith(ES256, at))
    first, end = _within(der, at + len(ES256), BITS)
    _need(end == stop and der[first] == 0)
    return der[first + 1 : end]


def _times(octets: bytes) -> tuple[float, float]:
    """Two UTCTime (RFC 5280, 4.1.2.5.1)."""
    half = len(octets) // 2
    return _time(_only(octets[:half], UTC_TIME)), _time(_only(octets[half:], UTC_TIME))


def _time(text: bytes) -> float:
    _need(TIME.fullmatch(text) is not None)
    year = int(text[:2])
    numbers = (int(text[at : at + 2]) for at in range(2, 12, 2))
    return datetime(year + (2000 if year < 50 else 1900), *numbers, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]  # noqa: PLR2004 - RFC 5280's turn of the century


def _subject(octets: bytes) -> tuple[str, str]:
    _, middle = _within(octets, 0, SET)
    return _named(octets[:middle], ORGANISATION), _named(octets[middle:], SERIAL_NAME)


def _named(octets: bytes, oid: bytes) -> str:
    content = _only(octets, SET, SEQUENCE)
    _need(content.startswith(oid))
    value = content[len(oid) :]
    text = _only(value, PRINTABLE if value[0] == PRINTABLE else UTF8)
    _need(TEXT.fullmatch(text) is not None)
    return text.decode("ascii")


def _extensions(octets: bytes) -> dict[str, bytes]:
    """Each of the seven expected extensions exactly once, and no other."""
    found: dict[str, bytes] = {}
    at, stop = 0, len(octets)
    while at < stop:
        start, at = _within(octets, at, SEQUENCE)
        _need(at <= stop)
        first, middle = _within(octets, start, OID)
        kind = EXTENSIONS.get(octets[first:middle])
        if octets.startswith(TRUE, middle):
            middle += len(TRUE)
        first, end = _within(octets, middle, OCTETS)
        _need(end == at and kind is not None and kind not in found)
        if kind is not None:
            found[kind] = octets[first:end]
    _need(len(found) == len(EXTENSIONS))
    return found


@lru_cache(1024)
def dotted(content: bytes) -> str:
    """The dotted form of a DER OID's content; raises ValueError when it is not well formed."""
    if len(content) > OID_BYTES_MAX:
        raise ValueError("long")
    arcs, value, begun = [], 0, False
    for octet in content:
        if not begun and octet == 0x80:  # noqa: PLR2004 - a padded arc is not DER
            raise ValueError("padded")
        value, begun = value << 7 | octet & 0x7F, bool(octet & 0x80)
        if not begun:
            arcs.append(value)
            value = 0
    if begun or not arcs:
        raise ValueError("cut short")
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))
