"""The ClientHello: what is asked for, and the fingerprint as its authors publish it."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.protocols import tls

# The example in the technical details of JA4 (FoxIO, "JA4: TLS Client Fingerprinting").
CIPHERS = (
    0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C,
    0x009D, 0x002F, 0x0035,
)  # fmt: skip
EXTENSIONS = (
    0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B,
    0xFF01, 0x000B, 0x000A, 0x0015,
)  # fmt: skip
SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
PUBLISHED = "t13d1516h2_8daaf6152771_e5627efa2ab1"


def numbers(values: tuple[int, ...], width: int) -> bytes:
    return wire.vector(b"".join(struct.pack("!H", value) for value in values), width)


def browser_hello() -> bytes:
    """A browser's hello with the published lists, grease in between."""
    values = {
        0: wire.vector(b"\0" + wire.vector(b"Shop.Example", 2), 2),
        16: wire.vector(wire.vector(b"h2", 1) + wire.vector(b"http/1.1", 1), 2),
        13: numbers(SIGNATURES, 2),
        43: numbers((0x2A2A, 0x0304, 0x0303), 1),
    }
    listed = ((0x4A4A, b""), *((code, values.get(code, b"")) for code in EXTENSIONS))
    return wire.client_hello(ciphers=(0x3A3A, *CIPHERS), extensions=listed)


HELLO = browser_hello()


def test_the_fingerprint_is_the_published_one() -> None:
    expected = {"sni": "shop.example", "alpn": "h2,http/1.1", "ja4": PUBLISHED}
    assert tls.facts(HELLO) == [("tls.client", expected)]


def test_a_plain_old_hello_has_a_fingerprint_too() -> None:
    [(_, fields)] = tls.facts(wire.client_hello(ciphers=(), extensions=()))
    assert fields == {"ja4": "t12i000000_000000000000_000000000000"}


def test_a_hello_that_is_not_whole_says_nothing() -> None:
    assert tls.octets_wanted(HELLO) == len(HELLO)
    for end in range(len(HELLO)):
        assert tls.facts(HELLO[:end]) == []


def test_the_random_is_left_out_of_comparison() -> None:
    other = HELLO[:11] + bytes(32) + HELLO[43:]
    assert other != HELLO
    assert tls.without_random(other) == tls.without_random(HELLO)


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_any_octets_give_facts_or_nothing(data: st.DataObject) -> None:
    payload = bytearray(HELLO)
    for place in data.draw(st.lists(st.integers(0, len(payload) - 1), max_size=8)):
        payload[place] = data.draw(st.integers(0, 255))
    for octets in (bytes(payload), data.draw(st.binary(max_size=200))):
        for _, fields in tls.facts(octets):
            assert all(value.isprintable() and len(value) <= 300 for value in fields.values())
        tls.without_random(octets)
        tls.octets_wanted(octets)
