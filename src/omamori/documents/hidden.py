"""Hidden: a signed measurement for the eyes of its receiver alone.

COSE_Encrypt0 (RFC 9052, 5.2) with HPKE (RFC 9180: DHKEM P-256, HKDF-SHA256, AES-128-GCM) in the
manner of draft-ietf-cose-hpke. Signed first, then hidden: whoever cannot open it sees a length, a
time and two addresses, and still no value. Nothing here says who sent it; the signature inside does.
The COSE draft binds its header as additional data; the library offers only `info`, so the header
stands there, and other readers of that draft do not understand this form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from omamori.documents.measurement import MEASUREMENT_BYTES_MAX
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import read_cbor

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

COSE_ENCRYPT0_TAG = 16
ENCAPSULATED = -4
"""Header parameter `ek` of draft-ietf-cose-hpke."""

HPKE_0 = 35
POINT_BYTES = 65
HIDDEN_BYTES_MAX = MEASUREMENT_BYTES_MAX + 256
PURPOSE = b"omamori-measurement/1"
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_PROTECTED = cbor2.dumps({1: HPKE_0})
_HEAD = b"\xd0\x83" + cbor2.dumps(_PROTECTED) + b"\xa1\x23\x58\x41"
"""Tag 16, three parts, the header, and `ek` of 65 bytes: all of it is always the same."""


class HiddenError(RefusedError):
    """What cannot be opened with this key."""


def hide(octets: bytes, receiver: ec.EllipticCurvePublicKey) -> bytes:
    """Hide a signed measurement from everybody but its receiver."""
    hidden = _SUITE.encrypt(octets, receiver, info=PURPOSE + _PROTECTED)
    return _HEAD + hidden[:POINT_BYTES] + cbor2.dumps(hidden[POINT_BYTES:])


def reveal(octets: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The signed measurement; whether it is one is not judged here.

    Raises:
        HiddenError: ``measurement.encrypted-unreadable``.
    """
    at = len(_HEAD) + POINT_BYTES
    if len(octets) > HIDDEN_BYTES_MAX or not octets.startswith(_HEAD):
        raise HiddenError("measurement.encrypted-unreadable")
    hidden = read_cbor(octets[at:], HiddenError, "measurement.encrypted-unreadable")
    if not isinstance(hidden, bytes):
        raise HiddenError("measurement.encrypted-unreadable")
    try:
        return _SUITE.decrypt(octets[len(_HEAD) : at] + hidden, key, info=PURPOSE + _PROTECTED)
    except (InvalidTag, ValueError) as error:
        raise HiddenError("measurement.encrypted-unreadable") from error
