"""Private keys at rest: PKCS#8, encrypted, in files that only their owner can read.

Layout under the data folder (every folder 0700, every file 0600):
    passphrase          32 random octets in base64, unless the operator names a passphrase file
    keys/<name>.key     one private key each, PBES2 with AES-256
A file that others could read is refused, not repaired: whoever could read it may have done so.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE_CHARACTERS_MIN = 20
"""The key derivation of PKCS#8 is quick (2,048 rounds), so the passphrase itself must be long."""

SECRET_BYTES_MAX = 16 * 1024
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeysError(RefusedError):
    """A key or secret that is missing, damaged, not opened by the passphrase, or open to others."""


def private_folder(path: Path) -> Path:
    """Create `path` with mode 0700, or check that only its owner may enter.

    Raises:
        KeysError: `keys.folder-open` or `keys.not-owner`.
    """
    if not path.exists():
        path.mkdir(mode=0o700, parents=True)
    _check(path, "keys.folder-open")
    return path


def _check(path: Path, key: str) -> None:
    found = path.stat(follow_symlinks=False)
    if found.st_uid != os.geteuid():
        raise KeysError("keys.not-owner", {"file": path.name})
    if found.st_mode & OTHERS:
        raise KeysError(key, {"file": path.name, "mode": f"{stat.S_IMODE(found.st_mode):o}"})


def read_secret(path: Path) -> bytes:
    """The octets of a secret file.

    Raises:
        KeysError: `keys.missing`, `keys.file-open`, `keys.not-owner` or `keys.not-a-file`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise KeysError("keys.missing", {"file": path.name}) from error
    except OSError as error:
        raise KeysError("keys.not-a-file", {"file": path.name}) from error
    try:
        _check_file(descriptor, path.name)
        return os.read(descriptor, SECRET_BYTES_MAX)
    finally:
        os.close(descriptor)


def _check_file(descriptor: int, name: str) -> None:
    """The open file itself is checked, not its name: a name can be moved in between."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise KeysError("keys.not-a-file", {"file": name})
    if found.st_uid != os.geteuid():
        raise KeysError("keys.not-owner", {"file": name})
    if found.st_mode & OTHERS:
        mode = f"{stat.S_IMODE(found.st_mode):o}"
        raise KeysError("keys.file-open", {"file": name, "mode": mode})


def write_secret(path: Path, octets: bytes) -> None:
    """Write a secret file with mode 0600, whole or not at all, on the disk when this returns."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def passphrase(folder: Path, named: Path | None = None) -> bytes:
    """The passphrase of the keys in `folder`: from the file `named`, or one made on first use.

    Raises:
        KeysError: as `read_secret`, or `keys.passphrase-short`.
    """
    path = named or folder / "passphrase"
    if named is None and not path.exists():
        write_secret(path, base64.b64encode(secrets.token_bytes(32)) + b"\n")
    secret = read_secret(path).strip()
    if len(secret) < PASSPHRASE_CHARACTERS_MIN:
        raise KeysError("keys.passphrase-short", {"characters_min": PASSPHRASE_CHARACTERS_MIN})
    return secret


class KeyFolder:
    """The private keys in one folder, all under one passphrase."""

    def __init__(self, folder: Path, secret: bytes) -> None:
        self._folder = folder
        self._secret = secret

    def path(self, name: str) -> Path:
        """The file of a key."""
        return self._folder / f"{name}.key"

    def create(self, name: str) -> ec.EllipticCurvePrivateKey:
        """Make a new P-256 key; raises KeysError `keys.exists`."""
        path = self.path(name)
        if path.exists():
            raise KeysError("keys.exists", {"file": path.name})
        key = ec.generate_private_key(ec.SECP256R1())
        private_folder(self._folder)
        write_secret(
            path,
            key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(self._secret)
            ),
        )
        return key

    def load(self, name: str) -> ec.EllipticCurvePrivateKey:
        """Read a key.

        Raises:
            KeysError: as `read_secret`, `keys.not-opened` (damaged, or another passphrase) or
                `keys.not-p256`.
        """
        private_folder(self._folder)
        octets = read_secret(self.path(name))
        try:
            key = load_pem_private_key(octets, self._secret)
        except (ValueError, TypeError) as error:  # TypeError: a key that was not encrypted
            raise KeysError("keys.not-opened", {"file": self.path(name).name}) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(
            key.curve, ec.SECP256R1
        ):
            raise KeysError("keys.not-p256", {"file": self.path(name).name})
        return key
