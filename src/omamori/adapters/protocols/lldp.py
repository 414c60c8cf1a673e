"""LLDP (IEEE 802.1AB §8): what a thing says of itself to whoever is on the same cable."""

from __future__ import annotations

from omamori.adapters.protocols.dhcp import url
from omamori.adapters.protocols.text import Facts, plain, worded

FIELDS_MAX = 64
ETHERTYPE = 0x88CC

_END, _NAME, _DESCRIPTION, _BY_ORGANISATION = 0, 5, 6, 127
_MUD = b"\x00\x00\x5e\x01"  # IANA's number and the subtype of a MUD URL (RFC 8520 §11)


def facts(payload: bytes) -> Facts:
    """System name, system description and MUD URL; nothing when it is no LLDP."""
    if len(payload) < 4 or payload[0] >> 1 != 1:  # noqa: PLR2004 - the chassis comes first, §8.2
        return []
    found: dict[int, bytes] = {}
    mud_url = b""
    at = 0
    for _ in range(FIELDS_MAX):
        kind, size = payload[at] >> 1, int.from_bytes(payload[at : at + 2]) & 511
        value = payload[at + 2 : at + 2 + size]
        at += 2 + size
        if kind == _END or len(value) < size:
            break
        if kind == _BY_ORGANISATION and value.startswith(_MUD):
            mud_url = mud_url or value[len(_MUD) :]
        found.setdefault(kind, value)
        if at + 2 > len(payload):
            break
    fields = worded(
        name=plain(found.get(_NAME, b"")),
        description=plain(found.get(_DESCRIPTION, b"")),
        mud_url=url(mud_url),
    )
    return [("lldp.says", fields)] if fields else []
