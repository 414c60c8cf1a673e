"""ECHONET Lite frames: bytes to typed objects and back, and the sightings that they hold.

After "ECHONET Lite Specification, Part II" (communication middleware) version 1.14 and its
Appendix for the properties that every object shares.  Nothing here opens a socket.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from omamori.documents.reason import RefusedError

PORT = 3610
GROUP_IPV4 = "224.0.23.0"
GROUP_IPV6 = "ff02::1"

FRAME_BYTES_MAX = 1500  # one Ethernet payload; the specification's own UDP limit is lower
STREAM_FRAME_OCTETS_MAX = 8192  # over TCP: some thirty properties of full length
PROPERTIES_MAX = 255  # OPC is one byte
INSTANCES_MAX = 84  # Appendix, EPC 0xD6: one count byte and at most 84 objects
SIGHTINGS_MAX = 1 + INSTANCES_MAX

NODE_PROFILE = bytes.fromhex("0ef001")
CONTROLLER = bytes.fromhex("05ff01")

_HEADER = 12  # EHD1, EHD2, TID 2, SEOJ 3, DEOJ 3, ESV, OPC
_EHD1 = 0x10
_EHD2_FORMAT_1 = 0x81


class EchonetRefusedError(RefusedError):
    """Bytes that are no ECHONET Lite frame of format 1; the sender's fault."""


class Epc(IntEnum):
    """The properties that tell who an object is; not its measurements, which are private."""

    STATUS = 0x80
    INSTALLED = 0x81
    VERSION = 0x82
    IDENTIFIER = 0x83
    MAKER = 0x8A
    PLACE = 0x8B
    PRODUCT = 0x8C
    SERIAL = 0x8D
    INF_MAP = 0x9D
    SET_MAP = 0x9E
    GET_MAP = 0x9F
    INSTANCES_NOTICE = 0xD5
    INSTANCES = 0xD6
    CLASSES = 0xD7


class Esv(IntEnum):
    """What a frame asks or answers (Part II, 3.2.5)."""

    SET_I_SNA = 0x50
    SET_C_SNA = 0x51
    GET_SNA = 0x52
    INF_SNA = 0x53
    SET_GET_SNA = 0x5E
    SET_I = 0x60
    SET_C = 0x61
    GET = 0x62
    INF_REQ = 0x63
    SET_GET = 0x6E
    SET_RES = 0x71
    GET_RES = 0x72
    INF = 0x73
    INF_C = 0x74
    INF_C_RES = 0x7A
    SET_GET_RES = 0x7E


_TWO_LISTS = {Esv.SET_GET, Esv.SET_GET_RES, Esv.SET_GET_SNA}
_TELLS = {Esv.GET_RES, Esv.GET_SNA, Esv.INF, Esv.INF_C, Esv.SET_GET_RES, Esv.SET_GET_SNA}
_SAID = frozenset(Epc)
_LISTS = {Epc.INSTANCES, Epc.INSTANCES_NOTICE}
_MAPS = {Epc.GET_MAP: "get", Epc.SET_MAP: "set", Epc.INF_MAP: "inf"}
_CODES_TOLD_MAX = 127  # of at most 128: the text of a sighting's field has 255 characters
_EPC_MIN = 0x80  # codes below are no properties (Part II, 3.2.6)


class Property(msgspec.Struct, frozen=True):
    """One property: its code and its value, empty where it is only asked for."""

    epc: int
    edt: bytes = b""


class Frame(msgspec.Struct, frozen=True):
    """One frame of format 1.

    Attributes:
        tid: the asker's number, 0–65535, repeated in the answer.
        seoj: the object that speaks: class group, class, instance.
        deoj: the object spoken to.
        esv: the service.
        properties: the list, or the Set list of a SetGet.
        also: the Get list of a SetGet; otherwise empty.
    """

    tid: int
    seoj: bytes
    deoj: bytes
    esv: Esv
    properties: tuple[Property, ...]
    also: tuple[Property, ...] = ()


def decode(payload: bytes, octets_max: int = FRAME_BYTES_MAX) -> Frame:
    """Read one frame.

    Raises:
        EchonetRefusedError: for anything that is not exactly one frame of format 1.
    """
    if not _HEADER <= len(payload) <= octets_max:
        raise EchonetRefusedError("echonet.length", {"length": len(payload)})
    if payload[0] != _EHD1 or payload[1] != _EHD2_FORMAT_1:
        raise EchonetRefusedError("echonet.header")
    try:
        esv = Esv(payload[10])
    except ValueError:
        raise EchonetRefusedError("echonet.service", {"esv": payload[10]}) from None
    properties, end = _properties(payload, 11)
    also: tuple[Property, ...] = ()
    if esv in _TWO_LISTS:
        also, end = _properties(payload, end)
    if end != len(payload):
        raise EchonetRefusedError("echonet.trailing", {"length": len(payload) - end})
    tid = int.from_bytes(payload[2:4], "big")
    return Frame(tid, payload[4:7], payload[7:10], esv, properties, also)


def first_of(stream: bytes) -> tuple[bytes, bytes]:
    """The first frame of a TCP stream and what follows it; the frame is empty while unfinished.

    Raises:
        EchonetRefusedError: when no frame of format 1 can come of it any more.
    """
    begin = bytes((_EHD1, _EHD2_FORMAT_1))
    if not stream.startswith(begin[: len(stream)]):
        raise EchonetRefusedError("echonet.header")
    if len(stream) < _HEADER:
        return b"", stream
    end = _HEADER - 1
    for _ in range(1 + (stream[_HEADER - 2] in _TWO_LISTS)):
        if end >= len(stream):
            return _unfinished(stream)
        count, end = stream[end], end + 1
        for _ in range(count):
            if end + 1 >= len(stream):
                return _unfinished(stream)
            end += 2 + stream[end + 1]
    return (stream[:end], stream[end:]) if end <= len(stream) else _unfinished(stream)


def _unfinished(stream: bytes) -> tuple[bytes, bytes]:
    if len(stream) > STREAM_FRAME_OCTETS_MAX:
        raise EchonetRefusedError("echonet.length", {"length": len(stream)})
    return b"", stream


def _properties(payload: bytes, at: int) -> tuple[tuple[Property, ...], int]:
    if at >= len(payload):
        raise EchonetRefusedError("echonet.truncated")
    count, at = payload[at], at + 1
    found: list[Property] = []
    for _ in range(count):
        if at + 2 > len(payload):
            raise EchonetRefusedError("echonet.truncated")
        epc, size = payload[at], payload[at + 1]
        at += 2
        if at + size > len(payload):
            raise EchonetRefusedError("echonet.truncated")
        found.append(Property(epc, payload[at : at + size]))
        at += size
    return tuple(found), at


def encode(frame: Frame) -> bytes:
    """Write one frame; the caller keeps it within one datagram.

    Raises:
        EchonetRefusedError: when a value does not fit its field.
    """
    if len(frame.seoj) != 3 or len(frame.deoj) != 3 or not 0 <= frame.tid <= 0xFFFF:  # noqa: PLR2004 -- widths of the header's fields
        raise EchonetRefusedError("echonet.field")
    parts = [bytes((_EHD1, _EHD2_FORMAT_1)), frame.tid.to_bytes(2, "big")]
    parts += [frame.seoj, frame.deoj, bytes((frame.esv,)), _list(frame.properties)]
    if frame.esv in _TWO_LISTS:
        parts.append(_list(frame.also))
    elif frame.also:
        raise EchonetRefusedError("echonet.field")
    return b"".join(parts)


def _list(properties: tuple[Property, ...]) -> bytes:
    if len(properties) > PROPERTIES_MAX:
        raise EchonetRefusedError("echonet.field")
    out = bytearray((len(properties),))
    for one in properties:
        if len(one.edt) > 0xFF or not 0 <= one.epc <= 0xFF:  # noqa: PLR2004 -- one byte each
            raise EchonetRefusedError("echonet.field")
        out += bytes((one.epc, len(one.edt))) + one.edt
    return bytes(out)


def ask(tid: int, deoj: bytes, *epcs: int) -> bytes:
    """A Get of these properties, from a controller object."""
    asked = tuple(Property(epc) for epc in epcs)
    return encode(Frame(tid, CONTROLLER, deoj, Esv.GET, asked))


def property_map(edt: bytes) -> frozenset[int] | None:
    """Property codes of a map (EPC 0x9D, 0x9E, 0x9F), or None for a malformed one.

    Below 16 properties the codes are listed (format 1); from 16 on the byte's place gives the
    low nibble and the bit's place the high nibble less 8 (format 2, Appendix annex 1).
    """
    if not edt:
        return None
    count, rest = edt[0], edt[1:]
    if count < 16:  # noqa: PLR2004 -- the formats' own border
        is_whole = len(rest) == count and all(epc >= _EPC_MIN for epc in rest)
        return frozenset(rest) if is_whole else None
    if len(rest) != 16:  # noqa: PLR2004 -- sixteen low nibbles
        return None
    return frozenset(
        ((bit + 8) << 4) | low
        for low, bits in enumerate(rest)
        for bit in range(8)
        if bits >> bit & 1
    )


def encode_property_map(epcs: frozenset[int]) -> bytes:
    """The map of these codes, in the format that their number asks for."""
    if len(epcs) < 16:  # noqa: PLR2004 -- the formats' own border
        return bytes((len(epcs), *sorted(epcs)))
    rest = bytearray(16)
    for epc in epcs:
        rest[epc & 0x0F] |= 1 << ((epc >> 4) - 8)
    return bytes((len(epcs),)) + bytes(rest)


def instances(edt: bytes) -> tuple[bytes, ...]:
    """Objects of an instance list (EPC 0xD5, 0xD6); what is cut short is left out."""
    listed = edt[1 : 1 + 3 * min(edt[0], INSTANCES_MAX)] if edt else b""
    return tuple(listed[i : i + 3] for i in range(0, len(listed) - 2, 3))


def told(frame: Frame) -> tuple[Property, ...]:
    """The properties that the sender says it has; those with an empty value it did not give."""
    if frame.esv not in _TELLS:
        return ()
    return frame.also if frame.esv in _TWO_LISTS else frame.properties


def sightings(payload: bytes) -> list[tuple[str, dict[str, str]]]:
    """What one datagram tells of its sender: kind and fields, at most ``SIGHTINGS_MAX``.

    Total: bytes that are no frame tell nothing.
    """
    try:
        return facts(decode(payload))
    except EchonetRefusedError:
        return []


def facts(frame: Frame) -> list[tuple[str, dict[str, str]]]:
    """What a frame tells of its sender; measurements are left out on purpose."""
    fields = {"eoj": frame.seoj.hex()}
    named: list[bytes] = []
    for one in told(frame):
        if one.epc in _SAID and one.edt:
            fields[f"epc.{one.epc:02x}"] = one.edt.hex()
        if one.epc in _MAPS and (codes := property_map(one.edt)):
            fields[_MAPS[Epc(one.epc)]] = bytes(sorted(codes)[:_CODES_TOLD_MAX]).hex()
        if one.epc in _LISTS and frame.seoj[:2] == NODE_PROFILE[:2]:
            named += instances(one.edt)
    heard = [("echonet.object", fields)]
    heard += [("echonet.object", {"eoj": eoj.hex()}) for eoj in dict.fromkeys(named)]
    return heard[:SIGHTINGS_MAX]
