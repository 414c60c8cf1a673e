"""The country of an address: from the bundled table, from one's own, and "" where nobody knows."""

from __future__ import annotations

import importlib.util
import lzma
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.adapters.country import Countries, CountryTableError, read_table

if TYPE_CHECKING:
    from types import ModuleType

TOOL = Path(__file__).parents[2] / "tools" / "country_table.py"
NRO = """\
2|nro|20260617|3|19821231|20260617|+0000
nro|*|ipv4|*|3|summary
arin|US|ipv4|8.8.8.0|256|20000101|assigned|x
apnic|JP|ipv4|8.8.9.0|512|20000101|allocated|x
apnic|AP|ipv4|8.8.12.0|256|20000101|allocated|x
ripencc||ipv4|8.8.13.0|256||available|
apnic|JP|ipv6|2001:200::|32|19990813|allocated|x
arin|US|asn|1|1|20010920|assigned|x
"""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("country_table", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bundled() -> Countries:
    return Countries()


@pytest.mark.parametrize(
    ("ip", "country"),
    [  # networks that have been where they are since the nineties
        ("133.11.0.1", "JP"),  # University of Tokyo
        ("18.7.22.69", "US"),
        ("193.0.6.139", "NL"),  # RIPE NCC
        ("2001:200::1", "JP"),  # WIDE
        ("2001:67c:2e8::1", "NL"),
        ("::ffff:133.11.0.1", "JP"),
        ("2002:850b:1::1", "JP"),  # 6to4
        ("64:ff9b::850b:1", "JP"),  # NAT64
    ],
)
def test_a_public_address_has_its_country(bundled: Countries, ip: str, country: str) -> None:
    assert bundled.country(ip) == country


@pytest.mark.parametrize(
    "ip",
    [
        "", "nonsense", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "127.0.0.1",
        "169.254.1.1", "224.0.0.251", "255.255.255.255", "0.0.0.0", "::", "::1", "fe80::1",
        "fe80::1%eth0", "fd00::1", "ff02::fb", "2001:db8::1", "::ffff:10.0.0.1", "2002:a00:1::1",
        "64:ff9b::a00:1", "1.2.3", "9" * 1000,
    ],
)  # fmt: skip
def test_an_address_of_nowhere_has_none(bundled: Countries, ip: str) -> None:
    assert bundled.country(ip) == ""


def test_the_table_says_whose_word_it_is(bundled: Countries) -> None:
    assert "nro.net" in bundled.told
    assert "CC BY 4.0" in bundled.told


@given(st.text(max_size=60) | st.ip_addresses().map(str))
def test_whatever_is_asked_two_letters_or_nothing_is_the_answer(asked: str) -> None:
    said = SHARED.country(asked)
    assert said == "" or (len(said) == 2 and said.isupper())


SHARED = Countries()


def test_ones_own_table_from_the_registries_statistics(tmp_path: Path) -> None:
    (tmp_path / "nro.txt").write_text(NRO)
    out = tmp_path / "own.xz"
    subprocess.run(
        [sys.executable, TOOL, out, "mine, 2026", tmp_path / "nro.txt"], check=True, timeout=60
    )
    own = Countries(out)
    asked = ("8.8.7.255", "8.8.8.0", "8.8.8.255", "8.8.9.0", "8.8.10.255", "8.8.11.0")
    assert [own.country(ip) for ip in asked] == ["", "US", "US", "JP", "JP", ""]
    assert own.country("8.8.12.1") == own.country("8.8.13.1") == ""
    assert own.country("2001:200:ffff::1") == "JP"
    assert own.country("2001:201::1") == ""
    assert own.told == "mine, 2026"


RANGES = st.lists(
    st.tuples(
        st.integers(0, 2**32 - 1), st.integers(0, 2**20), st.sampled_from(["JP", "DE", "EU"])
    ),
    max_size=30,
)


@settings(max_examples=20)
@given(RANGES, st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_the_packed_table_says_what_the_ranges_say(
    tool: Any, spans: list[tuple[int, int, str]], asked: list[int]
) -> None:
    apart, free = [], 0
    for first, size, country in sorted(spans):
        last = min(first + size, 2**32 - 1)
        if first >= free:
            apart.append((32, first, last, country))
            free = last + 1
    table = read_table(tool.table(apart, "x"))
    for number in [*asked, *(r[1] for r in apart), *(r[2] for r in apart)]:
        there = [r[3] for r in apart if r[1] <= number <= r[2] and r[3] != "EU"]
        assert table.codes[table.v4.at(number)] == (there[0] if there else ""), ip_address(number)


def test_a_table_that_is_missing_or_damaged_knows_nothing_and_harms_nothing(
    tmp_path: Path,
) -> None:
    assert Countries(tmp_path / "none").country("133.11.0.1") == ""
    (tmp_path / "bad").write_bytes(b"no table")
    damaged = Countries(tmp_path / "bad")
    assert (damaged.country("133.11.0.1"), damaged.told) == ("", "")


@given(st.binary(max_size=300), st.booleans())
def test_any_octets_are_a_table_or_are_refused(octets: bytes, packed: bool) -> None:  # noqa: FBT001 - drawn
    head = b"omamori countries 1\nx\nJP\n2 1\n"
    try:
        table = read_table(lzma.compress(head + octets) if packed else octets)
    except CountryTableError as refused:
        assert refused.reason.key == "places.unreadable"
    else:
        assert table.codes[table.v4.at(1)] in table.codes


def test_a_table_that_unpacks_to_more_than_is_read_is_refused() -> None:
    with pytest.raises(CountryTableError):
        read_table(lzma.compress(bytes(30_000_000)))
