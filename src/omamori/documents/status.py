"""Status list: two bits a statement, a million devices in 29 KB (IETF Token Status List).

Lists are fetched whole, so that a look-up never tells whom one is about to meet.
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

import cbor2
import msgspec

from omamori.documents.limits import STATUS_LIST_BYTES_MAX, STATUS_TOKEN_BYTES_MAX
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import Sealed, SealedError, read_cbor, read_sealed, seal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

VALID, INVALID, SUSPENDED, APPLICATION = 0, 1, 2, 3
"""Status types (draft-ietf-oauth-status-list, section 7.1)."""

STATUS_TYPE = "application/statuslist+cwt"
SUB, EXP, IAT, TTL, STATUS_LIST = 2, 4, 6, 65534, 65533
BITS_ALLOWED = (1, 2, 4, 8)


class StatusError(RefusedError):
    """A status list or token that is not well formed, or an index outside of it."""


class StatusList(msgspec.Struct, frozen=True, gc=False):
    """An array of small numbers: `bits` each, least significant bits first (section 4.1)."""

    bits: int
    octets: bytes

    def __len__(self) -> int:
        return len(self.octets) * 8 // self.bits

    def at(self, index: int) -> int:
        """The status at `index`; raises StatusError `status.index-outside`."""
        per = 8 // self.bits
        if not 0 <= index < len(self.octets) * per:
            raise StatusError("status.index-outside", {"index": index})
        return self.octets[index // per] >> (index % per * self.bits) & (1 << self.bits) - 1

    def packed(self) -> bytes:
        """The array in DEFLATE with the zlib format, at the highest compression (section 4.1)."""
        return zlib.compress(self.octets, 9)

    def json(self) -> dict[str, object]:
        """The JSON form (section 4.2)."""
        lst = base64.urlsafe_b64encode(self.packed()).rstrip(b"=").decode("ascii")
        return {"bits": self.bits, "lst": lst}

    def cbor(self) -> dict[str, object]:
        """The CBOR form (section 4.3), still a map."""
        return {"bits": self.bits, "lst": self.packed()}


class StatusToken(msgspec.Struct, frozen=True, gc=False):
    """A signed status list; its signature is still to be checked."""

    uri: str
    issued_at: int
    expires_at: int
    ttl_s: int
    statuses: StatusList
    sealed: Sealed


def status_list(bits: int, statuses: dict[int, int], size: int) -> StatusList:
    """A list of `size` entries, all VALID but those named in `statuses`."""
    if bits not in BITS_ALLOWED:
        raise StatusError("status.bits-not-allowed")
    per = 8 // bits
    octets = bytearray(-(-size // per))
    for index, status in statuses.items():
        if not 0 <= index < size or not 0 <= status < 1 << bits:
            raise StatusError("status.index-outside", {"index": index})
        octets[index // per] |= status << (index % per * bits)
    return StatusList(bits, bytes(octets))


def _unpacked(bits: object, lst: object) -> StatusList:
    """Inflate, refusing bombs: never more than `STATUS_LIST_BYTES_MAX` bytes come out."""
    if bits not in BITS_ALLOWED or isinstance(bits, bool) or not isinstance(bits, int):
        raise StatusError("status.bits-not-allowed")
    if not isinstance(lst, bytes) or len(lst) > STATUS_TOKEN_BYTES_MAX:
        raise StatusError("status.unreadable")
    inflate = zlib.decompressobj()
    try:
        octets = inflate.decompress(lst, STATUS_LIST_BYTES_MAX)
    except zlib.error as error:
        raise StatusError("status.unreadable") from error
    if inflate.unconsumed_tail:
        raise StatusError("status.too-long", {"bytes_max": STATUS_LIST_BYTES_MAX})
    if not inflate.eof or inflate.unused_data:
        raise StatusError("status.unreadable")
    return StatusList(bits, octets)


def read_json_list(value: object) -> StatusList:
    """Read the JSON form, already decoded from JSON."""
    match value:
        case {"bits": bits, "lst": str() as lst}:
            try:
                packed = base64.b64decode(
                    lst.encode("ascii") + b"=" * (-len(lst) % 4), altchars=b"-_", validate=True
                )
            except ValueError as error:
                raise StatusError("status.unreadable") from error
            return _unpacked(bits, packed)
    raise StatusError("status.unreadable")


def read_cbor_list(value: object) -> StatusList:
    """Read the CBOR form, already decoded from CBOR."""
    match value:
        case {"bits": bits, "lst": lst}:
            return _unpacked(bits, lst)
    raise StatusError("status.unreadable")


def write_status_token(
    statuses: StatusList,
    uri: str,
    issued_at: int,
    expires_at: int,
    ttl_s: int,
    key: ec.EllipticCurvePrivateKey,
    key_id: bytes,
) -> bytes:
    """Sign a status list as CWT (section 5.2)."""
    claims = {
        SUB: uri,
        EXP: expires_at,
        IAT: issued_at,
        TTL: ttl_s,
        STATUS_LIST: statuses.cbor(),
    }
    return seal(cbor2.dumps(claims), STATUS_TYPE, key, key_id)


def read_status_token(octets: bytes) -> StatusToken:
    """Read a signed status list from any bytes; the signature is not checked here.

    Raises:
        StatusError: with the key of what is wrong.
    """
    try:
        sealed = read_sealed(octets, STATUS_TOKEN_BYTES_MAX)
    except SealedError as error:
        raise StatusError("status.unreadable", {"why": error.reason.key}) from error
    if sealed.type != STATUS_TYPE:
        raise StatusError("status.wrong-type")
    match read_cbor(sealed.payload, StatusError, "status.unreadable"):
        case {2: str() as uri, 6: int() as issued_at, 65533: found, **rest}:
            expires_at, ttl_s = rest.get(EXP, 0), rest.get(TTL, 0)
            if not isinstance(expires_at, int) or not isinstance(ttl_s, int):
                raise StatusError("status.unreadable")
            return StatusToken(uri, issued_at, expires_at, ttl_s, read_cbor_list(found), sealed)
    raise StatusError("status.claims-missing")
