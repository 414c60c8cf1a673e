"""The folder of one authority: its store, keys, operator token, and who serves it now.

authority.sqlite3   records          keys/           private keys, encrypted
passphrase          unless named     operator.token  what the operator's calls carry
root.crt            to hand out      server.crt      of the web server
serving.json        while it serves  lock            held by who has the store open
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.adapters.keys import KeyFolder, passphrase, private_folder, read_secret, write_secret
from omamori.adapters.storage.sqlite import SqliteRegistryStore
from omamori.authority.industry import AuthorityKeys, check_plan, create_industry
from omamori.documents.certificate import load_certificate
from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omamori.authority.industry import Plan
    from omamori.authority.records import Identity

KEY_NAMES = ("root", "issuing", "registry", "server")
TOKEN_OCTETS = 32
FILE_BYTES_MAX = 64 * 1024


class FolderError(RefusedError):
    """A folder that holds no authority, or one that is in use."""


class Serving(msgspec.Struct, frozen=True):
    """Where an authority answers now; `root` is its root certificate, DER."""

    url: str
    root: bytes


class AuthorityFolder:
    """Everything that one authority keeps on this machine."""

    def __init__(self, path: Path, passphrase_file: Path | None = None) -> None:
        self.path = path
        self._passphrase_file = passphrase_file

    def create(self, plan: Plan, now: float) -> Identity:
        """Make a new industry here.

        Raises:
            FolderError: `authority.exists`; KeysError, RequestError: as they say.
        """
        check_plan(plan)
        private_folder(self.path)
        with self.claimed():
            if (self.path / "authority.sqlite3").exists():
                raise FolderError("authority.exists", {"folder": self.path.name})
            keys = self._key_folder()
            # What an interrupted creation left is used (keys) or made anew (records).
            made = AuthorityKeys(
                **{
                    name: keys.load(name) if keys.path(name).exists() else keys.create(name)
                    for name in KEY_NAMES
                }
            )
            part = self.path / "authority.part"
            for left in self.path.glob("authority.part*"):
                left.unlink()
            store = SqliteRegistryStore.open(part)
            try:
                identity = create_industry(plan, made, store, secrets.token_bytes, now)
            finally:
                store.close()
            write_secret(self.path / "operator.token", secrets.token_hex(TOKEN_OCTETS).encode())
            self.write_certificates(identity)
            part.replace(self.path / "authority.sqlite3")
        return identity

    def _key_folder(self) -> KeyFolder:
        return KeyFolder(self.path / "keys", self.secret())

    def secret(self) -> bytes:
        """The passphrase of the keys."""
        return passphrase(self.path, self._passphrase_file)

    def keys(self) -> AuthorityKeys:
        """The authority's private keys; raises KeysError."""
        folder = self._key_folder()
        return AuthorityKeys(**{name: folder.load(name) for name in KEY_NAMES})

    def store(self) -> SqliteRegistryStore:
        """The authority's records; raises FolderError `authority.none` or StoreError."""
        path = self.path / "authority.sqlite3"
        if not path.exists():
            raise FolderError("authority.none", {"folder": self.path.name})
        private_folder(self.path)
        return SqliteRegistryStore.open(path)

    def token(self) -> bytes:
        """The operator's token; raises KeysError."""
        return read_secret(self.path / "operator.token").strip()

    def write_certificates(self, identity: Identity) -> None:
        """Write the certificates that others read as files, PEM."""
        for name, der in (("root.crt", identity.root), ("server.crt", identity.server)):
            pem = load_certificate(der).public_bytes(Encoding.PEM)
            write_secret(self.path / name, pem)

    @property
    def server_certificate(self) -> Path:
        """The web server's certificate, PEM."""
        return self.path / "server.crt"

    @property
    def server_key(self) -> Path:
        """The web server's key, PEM, encrypted."""
        return self.path / "keys" / "server.key"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the folder alone; raises FolderError `authority.in-use`.

        The system lets go of the lock when its holder ends, however it ends.
        """
        if not self.path.is_dir():
            raise FolderError("authority.none", {"folder": self.path.name})
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FolderError("authority.in-use", {"folder": self.path.name}) from error
            yield
        finally:
            os.close(descriptor)

    def write_serving(self, serving: Serving) -> None:
        """Note where the authority answers, for the operator's commands."""
        write_secret(self.path / "serving.json", msgspec.json.encode(serving))

    def serving(self) -> Serving | None:
        """Where the authority said that it answers, if it did; it may be gone since."""
        path = self.path / "serving.json"
        if not path.exists():
            return None
        try:
            return msgspec.json.decode(read_secret(path), type=Serving)
        except msgspec.DecodeError:
            return None

    def stopped(self) -> None:
        """The authority answers no more."""
        (self.path / "serving.json").unlink(missing_ok=True)
