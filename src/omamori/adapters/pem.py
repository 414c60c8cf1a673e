"""PEM files: one object in, several certificates out."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from omamori.documents.certificate import load_certificate
from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE_BYTES_MAX = 64 * 1024
_ARMOUR = re.compile(rb"-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----")


class PemError(RefusedError):
    """A file that holds no PEM or DER object."""


def read_pem_or_der(path: Path) -> bytes:
    """The first object of a PEM file, or a DER file as it is; DER.

    Raises:
        PemError: `file.too-long` or `file.unreadable`; OSError as the system says.
    """
    with path.open("rb") as file:
        octets = file.read(FILE_BYTES_MAX + 1)
    if len(octets) > FILE_BYTES_MAX:
        raise PemError("file.too-long", {"bytes_max": FILE_BYTES_MAX})
    found = _ARMOUR.search(octets)
    if found is None:
        if octets[:1] == b"\x30":  # a DER SEQUENCE
            return octets
        raise PemError("file.unreadable", {"file": path.name})
    try:
        return base64.b64decode(found.group(2))
    except ValueError as error:
        raise PemError("file.unreadable", {"file": path.name}) from error


def write_pem(path: Path, certificates: Iterable[bytes]) -> None:
    """Write certificates, DER, into one PEM file, leaf first."""
    pem = b"".join(load_certificate(der).public_bytes(Encoding.PEM) for der in certificates)
    path.write_bytes(pem)
