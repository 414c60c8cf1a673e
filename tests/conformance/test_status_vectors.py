"""The published vectors of the IETF Token Status List: lists in both forms, and a signed token."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import TYPE_CHECKING

import cbor2
import pytest

from omamori.documents.status import (
    StatusList,
    read_cbor_list,
    read_json_list,
    read_status_token,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.shared

LISTS = ["encoding", "encoding1_long", "encoding2", "encoding2_long", "encoding4", "encoding8"]
SHORT = {"encoding": (1, bytes([0xB9, 0xA3])), "encoding2": (2, bytes([0xC9, 0x44, 0xF9]))}

# Sections 4.1 and 4.2 of the draft write these two out, index by index.
BY_INDEX = {
    "encoding": [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1],
    "encoding2": [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3],
}


@pytest.fixture
def examples(shared_data: Path) -> Path:
    folder = shared_data / "pki" / "token-status-list" / "examples"
    if not folder.is_dir():
        pytest.skip("the Token Status List's vectors are not beside this clone")
    return folder


def _json(examples: Path, name: str) -> tuple[StatusList, dict[str, object]]:
    text = (examples / f"status_list_{name}_json.md").read_text()
    value = json.loads(re.sub(r"\s+", "", text[text.index("{") :]))
    return read_json_list(value), value


def _cbor(examples: Path, name: str) -> StatusList:
    text = (examples / f"status_list_{name}_cbor.md").read_text()
    return read_cbor_list(cbor2.loads(_hex(text)))


def _hex(text: str) -> bytes:
    return bytes.fromhex("".join(re.findall(r"^[0-9a-f]+$", text, re.MULTILINE)))


@pytest.mark.parametrize("name", LISTS)
def test_both_forms_say_the_same(examples: Path, name: str) -> None:
    from_json, value = _json(examples, name)
    assert from_json == _cbor(examples, name)
    packed = base64.urlsafe_b64decode(str(value["lst"]) + "==")
    raw, bits = zlib.decompress(packed), int(str(value["bits"]))
    assert (from_json.bits, from_json.octets) == (bits, raw)
    # Read once more another way: every octet's bits as text, lowest first.
    written = "".join(f"{octet:08b}"[::-1] for octet in raw)
    for index in range(0, len(from_json), 1 + len(from_json) // 5000):
        bit = written[index * bits : (index + 1) * bits]
        assert from_json.at(index) == int(bit[::-1], 2)


@pytest.mark.parametrize("name", SHORT)
def test_the_draft_tells_these_index_by_index(examples: Path, name: str) -> None:
    read, _ = _json(examples, name)
    assert (read.bits, read.octets) == SHORT[name]
    assert [read.at(index) for index in range(len(read))] == BY_INDEX[name]


@pytest.mark.parametrize("name", LISTS)
def test_what_we_pack_is_what_the_draft_packs(examples: Path, name: str) -> None:
    read, value = _json(examples, name)
    again = read.json()
    assert read_json_list(again) == read
    assert again["bits"] == value["bits"]


def test_the_long_lists_hold_what_the_draft_sets(examples: Path) -> None:
    """A million entries, almost all valid; the draft lists these few (section `Test Vectors`)."""
    one, _ = _json(examples, "encoding1_long")
    two, _ = _json(examples, "encoding2_long")
    assert len(one) == len(two) == 1 << 20
    assert [one.at(index) for index in (0, 1, 1993, 25460, 159495)] == [1, 0, 1, 1, 1]
    assert [two.at(index) for index in (0, 1, 1993, 25460, 159495)] == [1, 0, 2, 1, 3]


def test_the_signed_token_is_read(examples: Path) -> None:
    token = read_status_token(_hex((examples / "status_list_cwt.md").read_text()))
    assert token.uri == "https://example.com/statuslists/1"
    assert (token.issued_at, token.expires_at, token.ttl_s) == (1686920170, 2291720170, 43200)
    assert token.sealed.key_id == b"12"
    assert [token.statuses.at(index) for index in range(16)] == BY_INDEX["encoding"]
