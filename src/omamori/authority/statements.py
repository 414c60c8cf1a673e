"""A thing asks for the word on itself: proof of its key over a nonce, then a signed statement.

Nobody can ask for another thing, so look-ups tell nothing about who meets whom. The proof is an
ES256 signature over purpose ‖ 0 ‖ host ‖ 0 ‖ nonce ‖ extra: the host keeps a rogue authority from
passing on another's nonce.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import msgspec

from omamori.authority.records import GOOD, Device, Identity, require
from omamori.documents.certificate import read_registry_certificate
from omamori.documents.oids import STATEMENT_PROFILE
from omamori.documents.sealed import SealedError, raw_to_der, verify_der
from omamori.documents.statement import Statement, write_cwt, write_jwt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from omamori.authority.ports import Entropy
    from omamori.authority.registry import Current

STATEMENT_REQUEST = b"omamori statement request v1"
RENEWAL_REQUEST = b"omamori renewal request v1"
NONCE_S = 60
NONCE_TIME_OCTETS, NONCE_RANDOM_OCTETS, NONCE_TAG_OCTETS = 8, 16, 16
NONCE_OCTETS = NONCE_TIME_OCTETS + NONCE_RANDOM_OCTETS + NONCE_TAG_OCTETS
SPENT_MAX = 65536
CWT, JWT = "cwt", "jwt"


def proof_message(purpose: bytes, host: str, nonce: bytes, extra: bytes = b"") -> bytes:
    """The octets that a thing signs to prove its key to the authority at `host`."""
    return b"\0".join((purpose, host.encode("ascii"), nonce + extra))


class Nonces:
    """Nonces that need no memory until they are used, so that a flood of askers costs none.

    A nonce is time ‖ random ‖ tag; only one whose proof holds is remembered as spent.
    """

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._secret = entropy(32)
        self._spent: dict[bytes, float] = {}

    def make(self, now: float) -> bytes:
        """A fresh nonce, good for `NONCE_S` seconds."""
        said = int(now).to_bytes(NONCE_TIME_OCTETS, "big") + self._entropy(NONCE_RANDOM_OCTETS)
        return said + self._tag(said)

    def _tag(self, said: bytes) -> bytes:
        return hmac.digest(self._secret, said, "sha256")[:NONCE_TAG_OCTETS]

    def check(self, nonce: bytes, now: float) -> None:
        """Raises RequestError `nonce.unknown`, `nonce.too-old` or `nonce.spent`."""
        require(len(nonce) == NONCE_OCTETS, "nonce.unknown")
        said, tag = nonce[:-NONCE_TAG_OCTETS], nonce[-NONCE_TAG_OCTETS:]
        require(hmac.compare_digest(tag, self._tag(said)), "nonce.unknown")
        made_at = int.from_bytes(said[:NONCE_TIME_OCTETS], "big")
        require(now < made_at + NONCE_S, "nonce.too-old")
        require(nonce not in self._spent, "nonce.spent")

    def spend(self, nonce: bytes, now: float) -> None:
        """Never accept `nonce` again."""
        if len(self._spent) >= SPENT_MAX:
            self._spent = {one: at for one, at in self._spent.items() if at + NONCE_S > now}
        require(len(self._spent) < SPENT_MAX, "request.busy")
        self._spent[nonce] = now


def check_proof(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> None:
    """Raises RequestError `proof.not-held` unless `signature` (64 bytes r‖s) is by `key`."""
    try:
        der = raw_to_der(signature)
    except SealedError:
        der = b""
    require(bool(der) and verify_der(key, der, message), "proof.not-held")


def state(
    device: Device,
    current: Current,
    identity: Identity,
    index: int,
    status_url: str,
    now: float,
) -> tuple[Device, Statement]:
    """The next statement on `device`, and the device as it is after it."""
    expires_at = min(int(now) + identity.statement_s, int(device.not_after))
    require(device.state == GOOD and expires_at > now, "device.expired")
    after = msgspec.structs.replace(
        device,
        seq=device.seq + 1,
        status_index=index,
        stated=current.rung,
        stated_until=max(float(expires_at), device.stated_until),
    )
    return after, Statement(
        profile=STATEMENT_PROFILE,
        issuer=read_registry_certificate(identity.registry).uri,
        subject=device.uri,
        thumbprint=device.thumbprint,
        level=identity.ladder.level(current.rung).oid,
        tier=current.tier,
        vector=current.vector,
        reasons=current.reasons,
        product=device.product,
        software=device.software,
        seq=after.seq,
        issued_at=int(now),
        expires_at=expires_at,
        status_index=index,
        status_url=status_url,
    )


def write_statement(
    statement: Statement, form: str, key: ec.EllipticCurvePrivateKey, key_id: bytes
) -> bytes:
    """Sign a statement as `cwt` or `jwt`; raises RequestError `statement.form-unknown`."""
    require(form in (CWT, JWT), "statement.form-unknown")
    return (write_cwt if form == CWT else write_jwt)(statement, key, key_id)
