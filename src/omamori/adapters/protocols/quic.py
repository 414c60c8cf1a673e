"""The ClientHello in QUIC's Initial packets (RFC 9000 §17.2.2), whose keys are no secret.

They follow from the connection's first destination identifier (RFC 9001 §5.2, RFC 9369 §3.3): they
keep meddlers out of the connection's beginning, not readers.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from omamori.adapters.protocols import tls

if TYPE_CHECKING:
    from omamori.adapters.protocols.text import Facts

HELD_MAX = 128  # connections whose hello is not whole yet; the oldest goes first
DATAGRAMS_MAX = 8  # of one connection; a hello with post-quantum keys takes two
PACKETS_MAX = 4  # that share a datagram (RFC 9000 §12.2)
PIECES_MAX = 64  # CRYPTO frames of one connection: some browsers cut and shuffle them
FRAMES_MAX = 1500  # of one packet, runs of padding counted once
HELLO_OCTETS_MAX = 16_384
CONNECTION_ID_MAX = 20  # RFC 9000 §17.2

_INITIAL_OCTETS_MIN = 64  # shorter is no client's: it pads to 1200 (§14.1), others may cut
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO = 0, 1, 2, 3, 6
_TAG = 16
_HELLO = 1


class Version(NamedTuple):
    """What differs between versions: salt, how key labels begin, and an Initial's type bits."""

    salt: bytes
    label: bytes
    initial: int


_DRAFT_29 = Version(bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899"), b"quic ", 0)
VERSIONS = {
    b"\x00\x00\x00\x01": Version(
        bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic ", 0
    ),
    b"\x6b\x33\x43\xcf": Version(
        bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2 ", 1
    ),
    # Drafts 29 to 32: what home things of 2020 and 2021 speak until someone updates them.
    **{b"\xff\x00\x00" + bytes([draft]): _DRAFT_29 for draft in range(29, 33)},
}


class Keys(NamedTuple):
    """The client's Initial keys: packet protection, its nonce, and header protection."""

    packet: AESGCM
    nonce: int
    header: Cipher[modes.ECB]


class Held(NamedTuple):
    """A connection's beginning: its keys, the hello's pieces by place, and datagrams so far."""

    keys: Keys
    pieces: dict[int, bytes]
    datagrams: int


def looks_like_initial(payload: bytes) -> bool:
    """Whether a long header with an Initial packet of a known version begins here."""
    version = VERSIONS.get(payload[1:5])
    return (
        version is not None
        and payload[0] & 0xC0 == 0xC0  # noqa: PLR2004 - long header, fixed bit (RFC 9000 §17.2)
        and payload[0] >> 4 & 3 == version.initial
        and len(payload) >= _INITIAL_OCTETS_MIN
    )


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label without context (RFC 8446 §7.1) for at most one block (RFC 5869 §2.3)."""
    label = b"tls13 " + label
    info = size.to_bytes(2) + bytes([len(label)]) + label + b"\0\x01"
    return hmac.digest(secret, info, "sha256")[:size]


def keys(version: Version, connection: bytes) -> Keys:
    """The client's Initial keys for the destination identifier of its first packet."""
    secret = _expand(hmac.digest(version.salt, connection, "sha256"), b"client in", 32)
    header = _expand(secret, version.label + b"hp", 16)
    return Keys(
        AESGCM(_expand(secret, version.label + b"key", 16)),
        int.from_bytes(_expand(secret, version.label + b"iv", 12)),
        # ECB over one block is what RFC 9001 §5.4.3 asks for; no text is hidden by it.
        Cipher(algorithms.AES(header), modes.ECB()),  # noqa: S305
    )


def _number(octets: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer (RFC 9000 §16), and the position after it."""
    size = 1 << (octets[at] >> 6)
    value = octets[at : at + size]
    if len(value) < size:
        raise IndexError
    return int.from_bytes(value) & ((1 << (8 * size - 2)) - 1), at + size


def _open(protection: Keys, octets: bytes, start: int, place: int, end: int) -> bytes:
    """The frames of the packet at ``start``, whose number lies at ``place`` (RFC 9001 §5.3, §5.4).

    Raises:
        InvalidTag: when these are not its keys, or it was altered.
    """
    sample = octets[place + 4 : place + 20]
    if len(sample) < _TAG or end > len(octets):
        raise IndexError
    mask = protection.header.encryptor().update(sample)
    first = octets[start] ^ (mask[0] & 0x0F)
    size = (first & 3) + 1
    number = bytes(a ^ b for a, b in zip(octets[place : place + size], mask[1:], strict=False))
    header = bytes([first]) + octets[start + 1 : place] + number
    # The first packets of a connection: the number is small enough to be sent whole (§17.1).
    nonce = (protection.nonce ^ int.from_bytes(number)).to_bytes(12)
    return protection.packet.decrypt(nonce, octets[place + size : end], header)


def _crypto(frames: bytes, pieces: dict[int, bytes]) -> None:
    """Add the CRYPTO frames' octets to ``pieces``; other frames of an Initial are passed over."""
    at = 0
    for _ in range(FRAMES_MAX):
        at = len(frames) - len(frames[at:].lstrip(b"\0"))  # padding is most of a packet
        if at >= len(frames):
            return
        kind, at = frames[at], at + 1
        if kind == _CRYPTO:
            offset, at = _number(frames, at)
            size, at = _number(frames, at)
            if offset + size > HELLO_OCTETS_MAX or len(pieces) >= PIECES_MAX:
                return
            pieces[offset] = max(pieces.get(offset, b""), frames[at : at + size], key=len)
            at += size
        elif kind in (_ACK, _ACK_ECN):
            at = _after_ack(frames, at, has_counts=kind == _ACK_ECN)
        elif kind != _PING:
            return


def _after_ack(frames: bytes, at: int, *, has_counts: bool) -> int:
    """The position after an ACK frame (RFC 9000 §19.3)."""
    _largest, at = _number(frames, at)
    _delay, at = _number(frames, at)
    ranges, at = _number(frames, at)
    if ranges > FRAMES_MAX:
        raise IndexError
    for _ in range(1 + 2 * ranges + 3 * has_counts):
        _, at = _number(frames, at)
    return at


def hello_in(pieces: dict[int, bytes]) -> bytes:
    """The whole ClientHello message; empty while a piece is missing, or when it is another."""
    whole = b""
    for offset in sorted(pieces):
        if offset > len(whole):
            break
        whole += pieces[offset][len(whole) - offset :]
    if len(whole) < 4 or whole[0] != _HELLO:  # noqa: PLR2004 - a handshake message's header
        return b""
    end = 4 + int.from_bytes(whole[1:4])
    return whole[:end] if end <= len(whole) else b""


class Hellos:
    """Joins the hellos of connections that begin; at most ``HELD_MAX`` wait for their rest."""

    def __init__(self) -> None:
        self._held: dict[bytes, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def waits(self, flow: bytes) -> bool:
        """Whether this flow's hello waits for its rest."""
        return flow in self._held

    def read(self, flow: bytes, payload: bytes) -> tuple[Facts, bool]:
        """What a client's datagram says, and whether this flow's next ones may say more.

        Args:
            flow: the direction that it belongs to.
            payload: of one datagram; any octets.
        """
        held = self._held.pop(flow, None)
        if not looks_like_initial(payload):
            return [], held is not None and self._hold(flow, held)
        try:
            held = self._packets(payload, held)
        except IndexError:  # a packet was cut
            return [], False
        except InvalidTag:  # the server's, or of a version that only looks like these
            return [], False
        message = hello_in(held.pieces)
        if message:
            return tls.message_facts(message, "q"), False
        return [], self._hold(flow, held)

    def _hold(self, flow: bytes, held: Held) -> bool:
        if held.datagrams >= DATAGRAMS_MAX:
            return False
        while len(self._held) >= HELD_MAX:
            del self._held[next(iter(self._held))]
        self._held[flow] = held._replace(datagrams=held.datagrams + 1)
        return True

    def _packets(self, payload: bytes, held: Held | None) -> Held:
        """Read the Initial packets of one datagram."""
        start = 0
        for _ in range(PACKETS_MAX):
            version = VERSIONS.get(payload[start + 1 : start + 5])
            if version is None or payload[start] >> 4 & 3 != version.initial:
                break
            at = start + 6 + payload[start + 5]
            connection = payload[start + 6 : at]
            if len(connection) > CONNECTION_ID_MAX:
                raise IndexError
            at += 1 + payload[at]
            token, at = _number(payload, at)
            size, place = _number(payload, at + token)
            end = place + size
            if held is None:
                held = Held(keys(version, connection), {}, 0)
            try:
                frames = _open(held.keys, payload, start, place, end)
            except InvalidTag:
                if not held.datagrams:
                    raise
                # After a Retry the keys follow from the identifier that the server chose (§17.2.5).
                held = Held(keys(version, connection), {}, held.datagrams)
                frames = _open(held.keys, payload, start, place, end)
            _crypto(frames, held.pieces)
            start = end
            if start >= len(payload):
                break
        if held is None:
            raise IndexError
        return held
