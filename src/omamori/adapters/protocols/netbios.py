"""NetBIOS names over UDP (RFC 1002 §4.2, §4.4): what a thing calls itself to its neighbours."""

from __future__ import annotations

from struct import Struct
from struct import error as struct_error

from omamori.adapters.protocols.text import Facts, plain

NAME_SERVICE_PORT = 137
DATAGRAM_PORT = 138
NAMES_MAX = 32

_HEADER = Struct("!6H")
_OPCODES_CLAIMING = {5, 8, 9, 15}  # registration, refresh (8 and 9 both occur), multi-homed
_ENCODED = 32  # RFC 1001 §14.1: 16 octets as 32 letters
_NBSTAT = 0x21
_NB = 0x20
_GROUP = 0x8000
_DATAGRAMS = {0x10, 0x11, 0x12}  # direct unique, direct group, broadcast


def _decoded(payload: bytes, at: int) -> bytes:
    """The sixteen octets of the first-level encoded name at ``at``; empty when there is none."""
    letters = payload[at + 1 : at + 1 + _ENCODED]
    if len(letters) < _ENCODED or payload[at] != _ENCODED:
        return b""
    halves = [letter - 0x41 for letter in letters]
    if not all(0 <= half < 16 for half in halves):  # noqa: PLR2004 - a nibble
        return b""
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return bytes(high << 4 | low for high, low in pairs)


def _fact(name: bytes) -> Facts:
    text = plain(name[:15].rstrip(b" \0"))
    if len(name) < 16 or not text or text.startswith("*"):  # noqa: PLR2004 - padded name, suffix
        return []
    return [("netbios.name", {"name": text, "suffix": f"{name[15]:02x}"})]


def name_facts(payload: bytes) -> Facts:
    """Names that the speaker registers, refreshes or answers to; a query claims nothing."""
    try:
        _id, flags, _asked, answered, _authority, extra = _HEADER.unpack_from(payload)
        opcode, is_response = flags >> 11 & 15, bool(flags & 0x8000)
        if not is_response and opcode in _OPCODES_CLAIMING and extra:
            return _fact(_decoded(payload, 12))
        if not is_response or not answered or flags & 15:
            return []
        return _answer(payload)
    except (IndexError, struct_error):
        return []


def _answer(payload: bytes) -> Facts:
    kind = int.from_bytes(payload[46:48])
    if kind == _NB:
        is_group = int.from_bytes(payload[56:58]) & _GROUP
        return [] if is_group else _fact(_decoded(payload, 12))
    if kind != _NBSTAT:
        return []
    facts: Facts = []
    for index in range(min(payload[56], NAMES_MAX)):  # RFC 1002 §4.2.18
        entry = payload[57 + 18 * index : 75 + 18 * index]
        if len(entry) == 18 and not entry[16] & 0x80:  # noqa: PLR2004 - name and flags; not a group
            facts += _fact(entry[:16])
    return facts


def datagram_facts(payload: bytes) -> Facts:
    """The source name of a NetBIOS datagram, such as a Windows browser announcement."""
    if len(payload) < 15 or payload[0] not in _DATAGRAMS:  # noqa: PLR2004 - RFC 1002 §4.4.1
        return []
    return _fact(_decoded(payload, 14))
