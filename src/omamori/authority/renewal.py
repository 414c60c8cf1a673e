"""Renewal: which of the authority's own certificates are due, and their successors for the same keys.

The root and the cross-certificates are never renewed by themselves: whom to trust is decided by a
person, and `warnings` says in time that a decision is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.authority.certificates import DEVICE_DAYS, issue_issuing_ca
from omamori.authority.industry import (
    line_of,
    new_serial,
    registry_certificate,
    root_crl_url,
    server_certificate,
)
from omamori.documents.certificate import load_certificate
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.authority.industry import AuthorityKeys
    from omamori.authority.ports import Entropy
    from omamori.authority.records import Foreign, Identity, Issued

DAY_S = 86400
SOON_S = 30 * DAY_S
ISSUING_SOON_S = (DEVICE_DAYS + 30) * DAY_S
"""The issuing CA must outlive every device certificate that it signs from now on."""


def _left_s(der: bytes, now: float) -> float:
    return load_certificate(der).not_valid_after_utc.timestamp() - now


def renewed(
    identity: Identity, keys: AuthorityKeys, entropy: Entropy, now: float
) -> tuple[Identity, list[Issued]]:
    """The authority with every certificate of its own that is due renewed, and what was issued."""
    lines: list[Issued] = []
    industry, host = identity.ladder.industry, identity.host
    root = load_certificate(identity.root)
    if _left_s(identity.issuing, now) < min(ISSUING_SOON_S, _left_s(identity.root, now)):
        certificate = issue_issuing_ca(
            identity.ladder,
            keys.issuing.public_key(),
            root,
            keys.root,
            new_serial(entropy),
            root_crl_url(host),
            now,
        )
        lines.append(line_of("issuing", industry, certificate, now))
        identity = msgspec.structs.replace(identity, issuing=certificate.public_bytes(Encoding.DER))
    if _left_s(identity.registry, now) < SOON_S:
        issuing = load_certificate(identity.issuing)
        certificate = registry_certificate(industry, host, keys, issuing, entropy, now)
        lines.append(line_of("registry", industry, certificate, now))
        identity = msgspec.structs.replace(
            identity, registry=certificate.public_bytes(Encoding.DER)
        )
    if _left_s(identity.server, now) < SOON_S:
        certificate = server_certificate(
            industry, host, identity.server_names, keys, root, entropy, now
        )
        lines.append(line_of("server", industry, certificate, now))
        identity = msgspec.structs.replace(identity, server=certificate.public_bytes(Encoding.DER))
    return identity, lines


def warnings(identity: Identity, foreigners: Iterable[Foreign], now: float) -> list[Reason]:
    """What a person must decide soon: the root or a cross-certificate that ends."""
    told: list[Reason] = []
    left_s = _left_s(identity.root, now)
    if left_s < ISSUING_SOON_S:
        told.append(Reason("root.ends-soon", {"days": int(left_s // DAY_S)}))
    told.extend(
        Reason("cross.ends-soon", {"industry": foreign.key, "days": int(left_s // DAY_S)})
        for foreign in foreigners
        if foreign.cross and (left_s := _left_s(foreign.cross, now)) < SOON_S
    )
    return told
