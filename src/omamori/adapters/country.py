"""In which country an address is registered, from a bundled table; honest "" where nobody knows."""

from __future__ import annotations

import lzma
import sys
from array import array
from bisect import bisect_right
from functools import lru_cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import structlog

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"omamori countries 1"
PACKED_BYTES_MAX = 2_000_000  # ten times the bundled table
TABLE_BYTES_MAX = 20_000_000
HEAD_BYTES_MAX = 4096
CODES_MAX = 256  # an octet stands for each; ISO 3166-1 has 249
BUNDLED = "countries.xz"
ASKED_REMEMBERED = 4096  # addresses, under 1 MB; a busy home talks with hundreds
_V4_OCTETS, _V6_OCTETS = 4, 8  # an IPv6 address by its network half: no registry splits finer
# RFC 6052: behind this prefix lies an IPv4 address, translated.
_TRANSLATED = IPv6Network("64:ff9b::/96")

# IANA's IPv4 special-purpose addresses and multicast, which nobody has registered: begin and end,
# in turn. (`ipaddress.is_global` asks one network after another and takes ten times as long.)
_SPECIAL = [
    number
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
    for number in (
        int(IPv4Network(network).network_address),
        int(IPv4Network(network).broadcast_address) + 1,
    )
]  # fmt: skip

_log = structlog.get_logger(__name__)


class CountryTableError(RefusedError):
    """A table that cannot be read."""


class _Ranges(NamedTuple):
    """Where each range begins, and an octet for its country; it ends where the next begins."""

    starts: array[int]
    countries: bytes

    def at(self, number: int) -> int:
        place = bisect_right(self.starts, number) - 1
        return self.countries[place] if place >= 0 else 0


class _Table(NamedTuple):
    codes: tuple[str, ...]
    v4: _Ranges
    v6: _Ranges
    told: str


class Countries:
    """`hub.ports.Places` from a table that tools/country_table.py made.

    The table is read when it is first asked; one that cannot be read knows nothing, and says so in
    the log. Registered where does not mean that the machine stands there.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Use the operator's own table at ``path``, else the bundled one."""
        self._path = path
        self._table: _Table | None = None
        self._remembered = lru_cache(ASKED_REMEMBERED)(self._look_up)

    @property
    def told(self) -> str:
        """Whose word it is, and from when; empty where there is no table."""
        return self._read().told

    def country(self, ip: str) -> str:
        """See `Places.country`."""
        return self._remembered(ip)

    def _look_up(self, ip: str) -> str:
        try:
            address = ip_address(ip)
        except ValueError:
            return ""
        if isinstance(address, IPv6Address):
            address = _inside(address)
        table = self._read()
        number = int(address)
        if isinstance(address, IPv4Address):
            if bisect_right(_SPECIAL, number) & 1:
                return ""
            return table.codes[table.v4.at(number)]
        if number >> 125 != 1:  # RFC 4291 2.4: global unicast is 2000::/3 so far
            return ""
        return table.codes[table.v6.at(number >> 64)]

    def _read(self) -> _Table:
        if self._table is None:
            try:
                self._table = read_table(self._octets())
            except (OSError, CountryTableError) as wrong:
                _log.warning("no table of countries", reason=str(wrong))
                nothing = _Ranges(array("I"), b"")
                self._table = _Table(("",), nothing, nothing, "")
        return self._table

    def _octets(self) -> bytes:
        if self._path is None:
            return files("omamori.adapters").joinpath(BUNDLED).read_bytes()
        with self._path.open("rb") as file:
            return file.read(PACKED_BYTES_MAX + 1)


def _inside(address: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address only carries (RFC 4291 2.5.5.2, RFC 3056, RFC 6052)."""
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def read_table(octets: bytes) -> _Table:
    """The table in a file's octets.

    Raises:
        CountryTableError: `places.unreadable`.
    """
    try:
        return _parsed(_unpacked(octets))
    except (ValueError, lzma.LZMAError) as wrong:
        raise CountryTableError("places.unreadable", {"why": str(wrong)}) from None


def _unpacked(octets: bytes) -> bytes:
    if len(octets) > PACKED_BYTES_MAX:
        raise ValueError("too long")
    unpacking = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    table = unpacking.decompress(octets, TABLE_BYTES_MAX)
    if not unpacking.eof:
        raise ValueError("too long, or cut off")
    return table


def _parsed(table: bytes) -> _Table:
    """Lines: the magic, whose word it is, the codes, both counts; then the ranges."""
    end = 0
    lines = []
    for _ in range(4):
        start, end = end, table.index(b"\n", end, HEAD_BYTES_MAX) + 1
        lines.append(table[start : end - 1])
    magic, told, names, counts = lines
    codes = ("", *names.decode("ascii").split())
    n4, n6 = (int(count) for count in counts.split())
    if magic != MAGIC or len(codes) > CODES_MAX or n4 < 0 or n6 < 0:
        raise ValueError("no table of countries")
    if len(table) != end + n4 * (_V4_OCTETS + 1) + n6 * (_V6_OCTETS + 1):
        raise ValueError("not as long as it says")
    middle = end + n4 * (_V4_OCTETS + 1)
    v4 = _ranges(table[end:middle], n4, _V4_OCTETS)
    v6 = _ranges(table[middle:], n6, _V6_OCTETS)
    known = bytes(range(len(codes)))
    if any(ranges.countries.translate(None, known) for ranges in (v4, v6)):
        raise ValueError("a country without a code")
    return _Table(codes, v4, v6, told.decode("utf-8"))


def _ranges(octets: bytes, count: int, width: int) -> _Ranges:
    """Steps from start to start, all lowest octets first, then the next (it packs far better)."""
    steps = bytearray(count * width)
    for place in range(width):
        steps[place::width] = octets[place * count : (place + 1) * count]
    numbers = array("I" if width == _V4_OCTETS else "Q", bytes(steps))
    if sys.byteorder == "big":
        numbers.byteswap()
    try:
        starts = array(numbers.typecode, accumulate(numbers))
    except OverflowError:
        raise ValueError("beyond the last address") from None
    return _Ranges(starts, octets[count * width :])
