"""Keys at rest: encrypted, private, refused when they are not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from omamori.adapters.keys import (
    KeyFolder,
    KeysError,
    passphrase,
    private_folder,
    read_secret,
    write_secret,
)

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"a long enough passphrase"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return private_folder(tmp_path / "authority")


def _key_of(error: pytest.ExceptionInfo[KeysError]) -> str:
    return error.value.reason.key


def test_a_key_is_encrypted_in_a_file_of_its_owner(home: Path) -> None:
    folder = KeyFolder(home / "keys", SECRET)
    key = folder.create("root")
    path = folder.path("root")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(TypeError):
        load_pem_private_key(path.read_bytes(), None)
    assert folder.load("root").private_numbers() == key.private_numbers()
    assert [p.name for p in path.parent.iterdir()] == ["root.key"]


def test_another_passphrase_opens_nothing(home: Path) -> None:
    KeyFolder(home / "keys", SECRET).create("root")
    with pytest.raises(KeysError) as error:
        KeyFolder(home / "keys", SECRET + b"!").load("root")
    assert _key_of(error) == "keys.not-opened"


def test_a_key_is_never_overwritten(home: Path) -> None:
    folder = KeyFolder(home / "keys", SECRET)
    key = folder.create("root")
    with pytest.raises(KeysError) as error:
        folder.create("root")
    assert _key_of(error) == "keys.exists"
    assert folder.load("root").private_numbers() == key.private_numbers()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_may_touch_is_refused(home: Path, mode: int) -> None:
    folder = KeyFolder(home / "keys", SECRET)
    folder.create("root")
    folder.path("root").chmod(mode)
    with pytest.raises(KeysError) as error:
        folder.load("root")
    assert _key_of(error) == "keys.file-open"
    assert error.value.reason.params == {"file": "root.key", "mode": f"{mode:o}"}


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o711, 0o777])
def test_a_folder_that_others_may_enter_is_refused(home: Path, mode: int) -> None:
    folder = KeyFolder(home / "keys", SECRET)
    folder.create("root")
    (home / "keys").chmod(mode)
    with pytest.raises(KeysError) as error:
        folder.load("root")
    assert _key_of(error) == "keys.folder-open"


def test_a_link_or_a_pipe_is_no_key(home: Path, tmp_path: Path) -> None:
    write_secret(home / "true", b"secret")
    (home / "link").symlink_to(home / "true")
    os.mkfifo(home / "pipe", 0o600)
    for name in ("link", "pipe", "keys-that-are-a-folder"):
        if name.startswith("keys"):
            (home / name).mkdir(mode=0o700)
        with pytest.raises(KeysError) as error:
            read_secret(home / name)
        assert _key_of(error) == "keys.not-a-file"
    with pytest.raises(KeysError) as error:
        read_secret(tmp_path / "nothing")
    assert _key_of(error) == "keys.missing"


def test_a_damaged_unencrypted_or_other_key_is_refused(home: Path) -> None:
    folder = KeyFolder(home / "keys", SECRET)
    folder.create("root")
    pem = folder.path("root").read_bytes()
    p256, p384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    bare = p256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other = p384.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(SECRET))
    for octets, key in (
        (pem[:100], "keys.not-opened"),
        (b"", "keys.not-opened"),
        (bare, "keys.not-opened"),
        (other, "keys.not-p256"),
    ):
        write_secret(folder.path("root"), octets)
        with pytest.raises(KeysError) as error:
            folder.load("root")
        assert _key_of(error) == key


def test_a_passphrase_is_made_once_and_is_long(home: Path) -> None:
    made = passphrase(home)
    assert passphrase(home) == made
    assert len(made) >= 40
    assert (home / "passphrase").stat().st_mode & 0o777 == 0o600


def test_a_named_passphrase_file_is_read_and_checked(home: Path, tmp_path: Path) -> None:
    named = tmp_path / "phrase"
    with pytest.raises(KeysError) as error:
        passphrase(home, named)
    assert _key_of(error) == "keys.missing"
    write_secret(named, b"short\n")
    with pytest.raises(KeysError) as error:
        passphrase(home, named)
    assert _key_of(error) == "keys.passphrase-short"
    write_secret(named, SECRET + b"\n")
    assert passphrase(home, named) == SECRET
    assert not (home / "passphrase").exists()


def test_a_secret_is_replaced_whole(home: Path) -> None:
    write_secret(home / "s", b"one")
    write_secret(home / "s", b"two")
    assert read_secret(home / "s") == b"two"
    assert [p.name for p in home.iterdir()] == ["s"]
