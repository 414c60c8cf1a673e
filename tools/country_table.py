"""Derive the bundled table of countries: ``country_table.py OUT TOLD FILE...``.

FILE is the registries' joint statistics, in either form:

* NRO's delegated statistics (``registry|country|type|start|value|date|status``), or
* lines ``first,last,country`` with inclusive ranges, addresses or numbers, as the npm package
  ``@ip-location-db/asn-country`` has them, which is made from these statistics.

Source of the bundled table: Number Resource Organization (NRO), nro.net, through version
2.3.2026061719 of that package (17 June 2026), files asn-country-ipv4-num.csv and
asn-country-ipv6-num.csv. Licence: Creative Commons Attribution 4.0, given attribution to nro.net
(NRO_LICENSE in the package); the package adds CC0 1.0. Its author warns of wrong values in some of
his tables; this one agreed with another reading of the same statistics, 13 months older, on 99.3 %
of the IPv4 and 98.8 % of the IPv6 address space.

TOLD says whose word the table is, and from when; it is kept in it.
"""

from __future__ import annotations

import lzma
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC = b"omamori countries 1"
REGIONS = {"EU", "AP", "ZZ"}  # registries' words for "somewhere there"; no countries
V4_BITS, V6_BITS = 32, 128
GIVEN_OUT = {"allocated", "assigned"}
DELEGATED_FIELDS, PLAIN_FIELDS, CODE_LETTERS = 7, 3, 2
Range = tuple[int, int, int, str]  # bits, first, last, country


def ranges(lines: Iterable[str]) -> Iterator[Range]:
    """Every range that the lines tell of; other lines are passed over."""
    for line in lines:
        fields = line.strip().split("|" if "|" in line else ",")
        if "|" in line:
            if (
                len(fields) >= DELEGATED_FIELDS
                and fields[6] in GIVEN_OUT
                and fields[2] in {"ipv4", "ipv6"}
            ):
                first, value = int(ip_address(fields[3])), int(fields[4])
                if fields[2] == "ipv4":
                    yield V4_BITS, first, first + value - 1, fields[1]
                else:
                    yield V6_BITS, first, first + (1 << (V6_BITS - value)) - 1, fields[1]
        elif len(fields) == PLAIN_FIELDS:
            first, last = _number(fields[0]), _number(fields[1])
            yield (V6_BITS if last >> V4_BITS else V4_BITS), first, last, fields[2]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else int(ip_address(text))


def steps(found: list[tuple[int, int, str]], codes: list[str]) -> tuple[list[int], bytearray]:
    """Starts of ranges that follow one another without gaps, and each one's code."""
    starts: list[int] = []
    countries = bytearray()
    free = 0  # the first address that nothing was said of yet
    for first, last, country in sorted(found):
        if last < free:
            continue
        for start, said in ((free, ""), (max(first, free), country)):
            code = codes.index(said)
            if (said or first > free) and (not countries or countries[-1] != code):
                starts.append(start)
                countries.append(code)
        free = last + 1
    if starts:
        starts.append(free)
        countries.append(0)
    return starts, countries


def table(found: Iterable[Range], told: str) -> bytes:
    """The table, packed."""
    by_bits: dict[int, list[tuple[int, int, str]]] = {V4_BITS: [], V6_BITS: []}
    for bits, first, last, country in found:
        is_country = len(country) == CODE_LETTERS and country.isalpha() and country not in REGIONS
        if not is_country:
            continue
        half = 64 if bits == V6_BITS else 0  # no registry gives out less than a /64
        by_bits[bits].append((first >> half, last >> half, country.upper()))
    codes = ["", *sorted({country for some in by_bits.values() for *_, country in some})]
    body = bytearray()
    counts = []
    for bits, width in ((V4_BITS, 4), (V6_BITS, 8)):
        starts, countries = steps(by_bits[bits], codes)
        while starts and starts[-1] >> (8 * width):  # the very end of the address space
            starts.pop(), countries.pop()
        ups = [now - before for before, now in zip([0, *starts], starts, strict=False)]
        for place in range(width):
            body += bytes(up >> (8 * place) & 255 for up in ups)
        body += countries
        counts.append(str(len(starts)))
    head = [MAGIC, told.encode(), " ".join(codes[1:]).encode(), " ".join(counts).encode(), b""]
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "pb": 0}]
    return lzma.compress(b"\n".join(head) + bytes(body), lzma.FORMAT_XZ, filters=filters)


def main() -> None:
    """Write the table."""
    out, told, *paths = sys.argv[1:]
    found: list[Range] = []
    for path in paths:
        with Path(path).open(encoding="utf-8") as lines:
            found += ranges(lines)
    Path(out).write_bytes(table(found, told))


if __name__ == "__main__":
    main()
