"""Kept: a link as bytes on the shelf, and back; never an error."""

from __future__ import annotations

import msgspec

from omamori.hub.linking.link import ENDED, LIVING, PROPOSED, Link
from omamori.trust.verdict import PURPOSES

KEPT_BYTES_MAX = 64 * 1024
_STATES = {*LIVING, ENDED} - {PROPOSED}
_READ = msgspec.msgpack.Decoder(Link)


def written(link: Link) -> bytes:
    """The bytes to keep."""
    return msgspec.msgpack.encode(link)


def read(key: str, octets: bytes, now: float) -> Link | None:
    """What was kept, due to be judged again at once; None where it cannot be read."""
    if len(octets) > KEPT_BYTES_MAX:
        return None
    try:
        link = _READ.decode(octets)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    times = [link.since, link.until, link.ends_at, link.met_at]
    if link.consent is not None:
        times += [link.consent.at, link.consent.until]
    is_finite = all(at - at == 0 for at in times)
    is_known = link.id == key and link.state in _STATES and link.purpose in PURPOSES
    if not is_finite or not is_known:
        return None
    consent = link.consent
    if consent is not None and consent.at > now:  # the clock was set back since
        left = max(0.0, consent.until - consent.at)
        consent = msgspec.structs.replace(consent, at=now, until=now + left)
    return msgspec.structs.replace(link, until=min(link.until, now), consent=consent)
