"""QUIC's Initial packets: the vectors of RFC 9001 and RFC 9369, cut, shuffled and altered."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.protocols import quic, tls

# RFC 9001 §A.2: the CRYPTO frame; RFC 9369 §A.2 carries the same.
CRYPTO = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff"
)
HELLO = CRYPTO[4:]
CONNECTION = bytes.fromhex("8394c8f03e515708")
# Key, nonce and header key (§A.1), and how the protected packet begins and ends (§A.2); its end is
# the tag, which speaks for every octet before it.
VECTORS = {
    b"\0\0\0\1": (
        "1f369613dd76d5467730efcbe3b1a22d",
        "fa044b2f42a3fd3b46fb255c",
        "9f50449e04a0e810283a1e9933adedd2",
        "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
        "e221af44860018ab0856972e194cd934",
    ),
    b"\x6b\x33\x43\xcf": (
        "8b1a0bc121284290a29e0971b5cd045d",
        "91f73e2351d8fa91660e909f",
        "45b95e15235d6f45a6b19cbcb0294ba9",
        "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
        "a18b2faa745b6fe189cf772a9f84cbfc",
    ),
}
V1, V2 = VECTORS
TOLD = {"sni": "example.com", "alpn": "alpn", "ja4": "q13d0211an_62ed6f6ca7ad_4d634acda6c0"}


def protect(
    frames: bytes, number: int = 2, *, version: bytes = V1, connection: bytes = CONNECTION
) -> bytes:
    """A protected Initial packet, made with the keys that the RFC prints."""
    key, nonce, header, _, _ = (bytes.fromhex(text) for text in VECTORS[version])
    kind = quic.VERSIONS[version].initial << 4
    head = bytes([0xC3 | kind]) + version + wire.vector(connection, 1) + b"\0\0"
    head += (0x4000 + 4 + len(frames) + 16).to_bytes(2) + number.to_bytes(4)
    iv = (int.from_bytes(nonce) ^ number).to_bytes(12)
    sealed = AESGCM(key).encrypt(iv, frames, head)
    cipher = Cipher(algorithms.AES(header), modes.ECB())  # noqa: S305 - RFC 9001 §5.4.3
    mask = cipher.encryptor().update(sealed[:16])
    first = head[0] ^ mask[0] & 0x0F
    masked = bytes(a ^ b for a, b in zip(head[-4:], mask[1:5], strict=True))
    return bytes([first]) + head[1:-4] + masked + sealed


def crypto(offset: int, octets: bytes) -> bytes:
    return b"\x06" + (0x4000 + offset).to_bytes(2) + (0x4000 + len(octets)).to_bytes(2) + octets


def read(*payloads: bytes) -> list[dict[str, str]]:
    hellos = quic.Hellos()
    return [fields for payload in payloads for _, fields in hellos.read(b"flow", payload)[0]]


@pytest.mark.parametrize("version", VECTORS, ids=["v1", "v2"])
def test_the_published_packet_is_read(version: bytes) -> None:
    packet = protect(CRYPTO.ljust(1162, b"\0"), version=version)
    *_, begins, ends = VECTORS[version]
    assert len(packet) == 1200
    assert packet.hex().startswith(begins)
    assert packet.hex().endswith(ends)
    assert quic.looks_like_initial(packet)
    hellos = quic.Hellos()
    assert hellos.read(b"flow", packet) == ([("tls.client", TOLD)], False)
    assert len(hellos) == 0


def test_a_hello_over_quic_differs_from_one_over_tcp_by_one_letter() -> None:
    record = b"\x16\x03\x01" + wire.vector(HELLO, 2)
    [(_, fields)] = tls.facts(record)
    assert fields == TOLD | {"ja4": "t" + TOLD["ja4"][1:]}


def test_pieces_in_any_order_and_several_packets_make_one_hello() -> None:
    pieces = [crypto(at, HELLO[at : at + 30]) for at in range(0, len(HELLO), 30)]
    shuffled = b"\x01" + b"\0\0".join(pieces[::-1])
    assert read(protect(shuffled)) == [TOLD]
    first, second = b"".join(pieces[4:]), b"".join(pieces[:4])
    assert read(protect(first, 0), protect(second, 1)) == [TOLD]
    assert read(protect(first, 0), b"\x40short header", protect(second, 1)) == [TOLD]
    assert read(protect(first, 0) + protect(second, 1)) == [TOLD]
    ack = b"\x02\x05\x00\x01\x02\x00\x01" + b"\x03\x05\x00\x00\x02\x01\x01\x01"
    assert read(protect(ack + CRYPTO)) == [TOLD]
    overlapping = crypto(0, HELLO[:100]) + crypto(50, HELLO[50:])
    assert read(protect(overlapping)) == [TOLD]


def test_after_a_retry_the_new_identifier_gives_the_keys() -> None:
    half = crypto(0, HELLO[:100]).ljust(300, b"\0")
    retried = crypto(100, HELLO[100:]).ljust(300, b"\0")
    # The keys are those of CONNECTION, so a packet with another identifier is refused at first...
    other = protect(retried, 1, connection=b"another!")
    assert read(other) == []
    # ...and read when the connection began with CONNECTION (RFC 9000 §7.2).
    assert read(protect(half, 0), other) == [TOLD]
    # When the connection began with another identifier, the new one is tried.
    hellos = quic.Hellos()
    begun = quic.Held(quic.keys(quic.VERSIONS[V1], b"first id"), {0: b"\x01"}, 1)
    hellos._held[b"flow"] = begun
    assert hellos.read(b"flow", protect(CRYPTO)) == ([("tls.client", TOLD)], False)


def test_what_never_becomes_whole_is_held_shortly_and_boundedly() -> None:
    half = protect(crypto(0, HELLO[:100]).ljust(300, b"\0"))
    hellos = quic.Hellos()
    more = [hellos.read(b"flow", half)[1] for _ in range(quic.DATAGRAMS_MAX + 1)]
    assert more == [True] * quic.DATAGRAMS_MAX + [False]
    for flow in range(quic.HELD_MAX * 2):
        hellos.read(b"%d" % flow, half)
    assert len(hellos) == quic.HELD_MAX
    far = protect((b"\x06\x80\xff\xff\xff\x41\x00" + bytes(256)).ljust(300, b"\0"))
    many = b"".join(crypto(1 + 2 * i, b"x") for i in range(200))
    for frames in (far, protect(many), protect(b"\x02\x05\x00\xff" + b"\xff" * 40)):
        assert read(frames) == []
    held = quic.Hellos()
    held.read(b"flow", protect(many))
    assert len(held._held[b"flow"].pieces) <= quic.PIECES_MAX


def test_a_server_hello_and_another_protocol_say_nothing() -> None:
    server = b"\x06\x00\x40\x5a\x02" + bytes(89)
    hellos = quic.Hellos()
    assert hellos.read(b"a", protect(server))[0] == []
    assert hellos.read(b"b", b"") == ([], False)
    assert hellos.read(b"c", b"\xc0\0\0\0\2" + bytes(100)) == ([], False)
    assert hellos.read(b"d", b"\xc0\0\0\0\1\xff" + bytes(300)) == ([], False)


PACKET = protect(CRYPTO.ljust(400, b"\0"))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_octets_give_facts_or_nothing(data: st.DataObject) -> None:
    frames = bytearray(data.draw(st.just(CRYPTO) | st.binary(max_size=300)).ljust(300, b"\0"))
    for place in data.draw(st.lists(st.integers(0, 299), max_size=8)):
        frames[place] = data.draw(st.integers(0, 255))
    payload = bytearray(PACKET)
    for place in data.draw(st.lists(st.integers(0, len(payload) - 1), max_size=3)):
        payload[place] = data.draw(st.integers(0, 255))
    hostile = [protect(bytes(frames)), bytes(payload), data.draw(st.binary(max_size=100))]
    hellos = quic.Hellos()
    for octets in (*hostile, bytes(payload)[: data.draw(st.integers(0, len(payload)))]):
        for _, fields in hellos.read(b"flow", octets)[0]:
            assert all(value.isprintable() and len(value) <= 300 for value in fields.values())
