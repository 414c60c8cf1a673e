"""The TLS ClientHello (RFC 8446 §4.1.2): the name asked for, the protocols offered, and JA4."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from struct import unpack_from
from typing import NamedTuple

from omamori.adapters.protocols.text import Facts, plain, worded

HELLO_OCTETS_MAX = 16384  # one TLS record (RFC 8446 §5.1)
CIPHERS_MAX = 256
EXTENSIONS_MAX = 64
ALPN_MAX = 8

_SNI, _SIGNATURES, _ALPN, _VERSIONS = 0, 13, 16, 43
_JA4_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3"}


class Hello(NamedTuple):
    """What a ClientHello carries, as numbers in the order sent, GREASE left out (RFC 8701)."""

    version: int
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    sni: bytes
    alpn: tuple[bytes, ...]
    signatures: tuple[int, ...]


def looks_like_hello(payload: bytes) -> bool:
    """Whether a TLS record with a ClientHello begins here."""
    return payload[:2] == b"\x16\x03" and payload[5:6] == b"\x01"


def octets_wanted(payload: bytes) -> int:
    """How many octets the ClientHello's record has, its header included."""
    return min(5 + int.from_bytes(payload[3:5]), 5 + HELLO_OCTETS_MAX)


def without_random(payload: bytes) -> bytes:
    """A ClientHello's record without what differs each time: random and session (§4.1.2)."""
    return payload[43 + 1 + payload[43] :] if len(payload) > 43 else payload  # noqa: PLR2004


def _is_grease(number: int) -> bool:
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF  # noqa: PLR2004 - RFC 8701


def _numbers(raw: bytes, most: int) -> tuple[int, ...]:
    """The 16-bit numbers in ``raw``, without those that only grease (RFC 8701 §2)."""
    count = min(len(raw) // 2, most)
    numbers = unpack_from(f"!{count}H", raw)
    return tuple([number for number in numbers if not _is_grease(number)])


def _sized(raw: bytes, at: int, width: int) -> tuple[bytes, int]:
    """A vector behind its length (RFC 8446 §3.4), and the position after it."""
    start = at + width
    end = start + int.from_bytes(raw[at:start])
    if end > len(raw):
        raise ValueError
    return raw[start:end], end


def parse(payload: bytes) -> Hello | None:
    """The ClientHello in a TLS record, or None when it is none or not whole."""
    if not looks_like_hello(payload):
        return None
    try:
        return hello(_sized(payload[: 5 + HELLO_OCTETS_MAX], 3, 2)[0])
    except ValueError:
        return None


def hello(message: bytes) -> Hello | None:
    """The ClientHello in a handshake message, which QUIC carries without a record around it."""
    try:
        body, _ = _sized(message, 1, 3)
        at = 34  # legacy_version and random
        _session, at = _sized(body, at, 1)
        ciphers, at = _sized(body, at, 2)
        _compression, at = _sized(body, at, 1)
        extensions = _sized(body, at, 2)[0] if at < len(body) else b""
        return _hello(int.from_bytes(body[:2]), ciphers, extensions)
    except ValueError:
        return None


def _hello(version: int, ciphers: bytes, extensions: bytes) -> Hello:
    numbers: list[int] = []
    values: dict[int, bytes] = {}
    at = 0
    while at < len(extensions) and len(numbers) < EXTENSIONS_MAX:
        number = int.from_bytes(extensions[at : at + 2])
        value, at = _sized(extensions, at + 2, 2)
        if not _is_grease(number):
            numbers.append(number)
            values.setdefault(number, value)
    offered = _numbers(values.get(_VERSIONS, b"")[1:], CIPHERS_MAX)
    return Hello(
        max(offered, default=version),
        _numbers(ciphers, CIPHERS_MAX),
        tuple(numbers),
        _server_name(values.get(_SNI, b"")),
        _protocols(values.get(_ALPN, b"")),
        _numbers(values.get(_SIGNATURES, b"")[2:], CIPHERS_MAX),
    )


def _server_name(value: bytes) -> bytes:
    """The first host name (RFC 6066 §3)."""
    if value[2:3] != b"\0":
        return b""
    return value[5 : 5 + int.from_bytes(value[3:5])]


def _protocols(value: bytes) -> tuple[bytes, ...]:
    names: list[bytes] = []
    at = 2
    while at < len(value) and len(names) < ALPN_MAX:
        names.append(value[at + 1 : at + 1 + value[at]])
        at += 1 + value[at]
    return tuple(names)


@lru_cache(maxsize=512)  # a home has few TLS libraries, and each sends the same hello all day
def ja4(
    version: int,
    ciphers: tuple[int, ...],
    extensions: tuple[int, ...],
    alpn: tuple[bytes, ...],
    signatures: tuple[int, ...],
    transport: str = "t",
) -> str:
    """The JA4 fingerprint: what a client's library looks like, whatever it connects to.

    ``transport`` is ``t`` for TCP and ``q`` for QUIC.
    """
    server = "d" if _SNI in extensions else "i"
    counts = f"{min(len(ciphers), 99):02d}{min(len(extensions), 99):02d}"
    kept = sorted(f"{n:04x}" for n in extensions if n not in (_SNI, _ALPN))
    listed = ",".join(kept)
    if signatures:
        listed += "_" + ",".join(f"{n:04x}" for n in signatures)
    offered = sorted(f"{n:04x}" for n in ciphers)
    first = f"{transport}{_JA4_VERSIONS.get(version, '00')}{server}{counts}{_alpn_ends(alpn)}"
    return f"{first}_{_short(','.join(offered), offered)}_{_short(listed, kept)}"


def _alpn_ends(names: tuple[bytes, ...]) -> str:
    """First and last character of the first protocol; of its hex where they are not letters."""
    first = names[0] if names else b""
    if not first:
        return "00"
    ends = bytes((first[0], first[-1]))
    text = ends.decode("latin-1")
    return text if ends.isalnum() else first.hex()[0] + first.hex()[-1]


def _short(listed: str, kept: list[str]) -> str:
    return sha256(listed.encode()).hexdigest()[:12] if kept else "0" * 12


def facts(payload: bytes) -> Facts:
    """The name asked for, the protocols offered and the JA4 of a whole ClientHello."""
    found = parse(payload)
    return [] if found is None else _facts(found, "t")


def message_facts(message: bytes, transport: str) -> Facts:
    """The same of a handshake message without a record."""
    found = hello(message)
    return [] if found is None else _facts(found, transport)


def _facts(found: Hello, transport: str) -> Facts:
    version, ciphers, extensions, sni, alpn, signatures = found
    fields = worded(
        sni=plain(sni).lower(),
        alpn=",".join(plain(name, 32) for name in alpn),
        ja4=ja4(version, ciphers, extensions, alpn, signatures, transport),
    )
    return [("tls.client", fields)]
