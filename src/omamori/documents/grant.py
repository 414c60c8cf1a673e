"""Grant: what a guest's or a rented thing may do in a home, until when; signed by who grants it.

No cross-certificate is made for a week's stay: a grant names one thing, by the thumbprint of the
certificate whose key it proves or by its id in this home, and ends by itself. COSE_Sign1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cbor2
import msgspec

from omamori.documents.level import RUNGS_MAX
from omamori.documents.limits import TEXT_CHARACTERS_MAX
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import Sealed, SealedError, read_cbor, read_sealed, seal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

GRANT_TYPE = "application/omamori-grant+cbor"
GRANT_PROFILE = "tag:omamori.example,2026:grant#1"
GRANT_BYTES_MAX = 8192
"""Full scopes of short names are about 5 KB; a usual grant is 400 B."""
SCOPE_MAX = 32  # purposes, points and targets, each: some more than a home has rooms
DAY_S = 86_400
GUEST, RENTAL = "guest", "rental"
GRANT_S_MAX: dict[str, int] = {GUEST: 14 * DAY_S, RENTAL: 92 * DAY_S}
"""A stay, and a season's rental; who stays longer is no guest. A judgement."""
THUMBPRINT_BYTES = 32
TIME_END = 1 << 40
SEQ_END = 1 << 53

PROFILE, ID, GRANTER, THUMBPRINT, THING, KIND, PURPOSES, POINTS, TARGETS = range(1, 10)
SINCE, UNTIL, CAP, SEQ = range(10, 14)
LABELS = frozenset(range(PROFILE, SEQ + 1))


class GrantError(RefusedError):
    """A grant outside the profile, or bytes that are none."""


class Grant(msgspec.Struct, frozen=True):
    """Who may do what, until when.

    Attributes:
        id: opaque, unique for its granter.
        granter: who grants it: a person's or thing's id or URI.
        thumbprint: SHA-256 of the certificate whose key the grantee must prove, or empty.
        thing: the grantee's id in this home, where it has no certificate; one of both is given.
        kind: ``guest`` or ``rental``.
        purposes: keys of purposes; never empty.
        points: what may be set; empty for all that the purposes need.
        targets: ids of things; never empty: a grant for everything is none.
        since, until: whole seconds since the epoch.
        cap: the highest rung that it gives.
        seq: grows with every grant for the same id.
    """

    id: str
    granter: str
    kind: str
    purposes: tuple[str, ...]
    targets: tuple[str, ...]
    since: int
    until: int
    cap: int
    thumbprint: bytes = b""
    thing: str = ""
    points: tuple[str, ...] = ()
    seq: int = 0


class SignedGrant(msgspec.Struct, frozen=True):
    """A grant together with the signature that is still to be checked."""

    grant: Grant
    sealed: Sealed


def write_grant(grant: Grant, key: ec.EllipticCurvePrivateKey, key_id: bytes) -> bytes:
    """Sign `grant`.

    Raises:
        GrantError: it is outside the profile; nothing is signed that no one may read.
    """
    check_grant(grant)
    claims: dict[int, object] = {
        PROFILE: GRANT_PROFILE, ID: grant.id, GRANTER: grant.granter,
        THUMBPRINT: grant.thumbprint, THING: grant.thing, KIND: grant.kind,
        PURPOSES: list(grant.purposes), POINTS: list(grant.points), TARGETS: list(grant.targets),
        SINCE: grant.since, UNTIL: grant.until, CAP: grant.cap, SEQ: grant.seq,
    }  # fmt: skip
    return seal(cbor2.dumps(claims), GRANT_TYPE, key, key_id)


def read_grant(octets: bytes) -> SignedGrant:
    """Read a grant from any bytes.

    Raises:
        GrantError: with the key of what is wrong; the signature is not checked here.
    """
    if len(octets) > GRANT_BYTES_MAX:
        raise GrantError("grant.too-long", {"bytes_max": GRANT_BYTES_MAX})
    try:
        sealed = read_sealed(octets, GRANT_BYTES_MAX)
    except SealedError as error:
        raise GrantError("grant.unreadable", {"why": error.reason.key}) from error
    if sealed.type != GRANT_TYPE:
        raise GrantError("grant.wrong-type")
    claims = read_cbor(sealed.payload, GrantError, "grant.unreadable")
    if not isinstance(claims, dict) or claims.keys() != LABELS:
        raise GrantError("grant.claims-missing")
    if claims.pop(PROFILE) != GRANT_PROFILE:
        raise GrantError("grant.profile-unknown")
    grant = _typed(claims)
    check_grant(grant)
    return SignedGrant(grant, sealed)


def _typed(claims: dict[object, object]) -> Grant:
    match claims:
        case {
            2: str() as id_,
            3: str() as granter,
            4: bytes() as thumbprint,
            5: str() as thing,
            6: str() as kind,
            7: list() as purposes,
            8: list() as points,
            9: list() as targets,
            10: int() as since,
            11: int() as until,
            12: int() as cap,
            13: int() as seq,
        } if not {bool} & {type(n) for n in (since, until, cap, seq)}:
            pass
        case _:
            raise GrantError("grant.claims-missing")
    return Grant(
        id_, granter, kind, tuple(purposes), tuple(targets), since, until, cap, thumbprint, thing,
        tuple(points), seq,
    )  # fmt: skip


def check_grant(grant: Grant) -> None:
    """Refuse what is outside the profile.

    Raises:
        GrantError: with the key of what is wrong.
    """
    _check_scope(grant)
    if grant.kind not in GRANT_S_MAX:
        raise GrantError("grant.kind-unknown")
    is_named_once = bool(grant.thing) != bool(grant.thumbprint)
    if not is_named_once or len(grant.thumbprint) not in {0, THUMBPRINT_BYTES}:
        raise GrantError("grant.for-nobody")
    if not 0 < grant.since < grant.until < TIME_END or not 0 <= grant.seq < SEQ_END:
        raise GrantError("grant.times-not-in-profile")
    longest = GRANT_S_MAX[grant.kind]
    if grant.until - grant.since > longest:
        raise GrantError("grant.too-long-for-kind", {"days": longest // DAY_S, "kind": grant.kind})
    if not 1 <= grant.cap <= RUNGS_MAX:
        raise GrantError("grant.cap-not-in-profile")


def _check_scope(grant: Grant) -> None:
    if not grant.purposes or not grant.targets:
        raise GrantError("grant.for-everything")
    lists = (grant.purposes, grant.points, grant.targets)
    if max(map(len, lists)) > SCOPE_MAX:
        raise GrantError("grant.too-much", {"max": SCOPE_MAX})
    texts = (grant.id, grant.granter, grant.thing, *grant.purposes, *grant.points, *grant.targets)
    if not {str} >= set(map(type, texts)):
        raise GrantError("grant.text-not-plain")
    is_plain = max(map(len, texts)) <= TEXT_CHARACTERS_MAX and "".join(texts).isprintable()
    if not is_plain or not grant.id or not grant.granter or "" in {*lists[0], *lists[1], *lists[2]}:
        raise GrantError("grant.text-not-plain")
