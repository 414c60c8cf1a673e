"""Kept: a quarantine as bytes on the shelf, and back; never an error."""

from __future__ import annotations

import msgspec

from omamori.hub.guarding.quarantine import (
    ALERTS_MAX,
    ASKED,
    CUT,
    DECLINED,
    HUB,
    KINDS_MAX,
    PERSONS_CUT_S_MAX,
    REASONS_MAX,
    UNDONE,
    Quarantine,
)

KEPT_BYTES_MAX = 32 * 1024
AHEAD_S = 3600.0  # a time further ahead than this was written by a clock that was set back since

_READ = msgspec.msgpack.Decoder(Quarantine)


def written(quarantine: Quarantine) -> bytes:
    """The bytes to keep."""
    return msgspec.msgpack.encode(quarantine)


def read(key: str, octets: bytes, now: float) -> Quarantine | None:
    """What was kept, with sane times; None where it cannot be read."""
    if len(octets) > KEPT_BYTES_MAX:
        return None
    try:
        quarantine = _READ.decode(octets)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if quarantine.thing != key or not _is_sound(quarantine):
        return None
    length = min(max(quarantine.until - quarantine.since, 0.0), PERSONS_CUT_S_MAX)
    if quarantine.since > now + AHEAD_S:
        quarantine = msgspec.structs.replace(quarantine, since=now, until=now + length)
    if quarantine.until > now + PERSONS_CUT_S_MAX:
        quarantine = msgspec.structs.replace(quarantine, until=now + PERSONS_CUT_S_MAX)
    return quarantine


def _is_sound(quarantine: Quarantine) -> bool:
    is_finite = all(
        at - at == 0
        for at in (quarantine.since, quarantine.until, *(one.at for one in quarantine.no))
    )
    is_small = (
        len(quarantine.alerts) <= ALERTS_MAX
        and len(quarantine.no) <= KINDS_MAX
        and len(quarantine.reasons) <= REASONS_MAX
    )
    is_named = bool(quarantine.by) or quarantine.by == HUB
    return (
        is_finite and is_small and is_named and quarantine.state in {CUT, ASKED, UNDONE, DECLINED}
    )
