"""docs/vectors.json is what this code makes, and reads as the page says, without this code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cbor2
import cwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.vectors import BINDING, THUMBPRINT, made

KEPT = Path(__file__).parents[2] / "docs" / "vectors.json"


def kept() -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return vectors


def test_this_code_makes_the_same_octets() -> None:
    assert kept() == made()


def test_the_cwt_library_verifies_the_statement() -> None:
    vectors = kept()
    key = ec.derive_private_key(int(vectors["key"]["d"], 16), ec.SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    cose = cwt.COSEKey.from_pem(pem, kid=bytes.fromhex(vectors["key"]["key_id"]))
    for name in ("statement", "vouch"):
        claims = cbor2.loads(cwt.COSE.new().decode(bytes.fromhex(vectors[name]["cwt"]), cose))
        assert claims[8] == {3: THUMBPRINT}
        assert claims[-65537] == "2.25.1.1.1.2"


def test_the_transcripts_are_the_pages_arrays() -> None:
    said = kept()["meeting"]
    hellos = [bytes.fromhex(said[f"{who}_hello"]) for who in ("caller", "answerer")]
    shown = [bytes.fromhex(said[part]) for part in ("certificate", "statement", "vouch")]
    hashes = [hashlib.sha256(part).digest() for part in shown]
    for role in ("caller", "answerer"):
        nonce = bytes.fromhex(said[f"{role}_nonce"])
        hello = bytes.fromhex(said[f"{role}_hello"])
        assert hello == cbor2.dumps([1, "omamori-meeting/1", nonce, said["purpose"]])
        transcript = cbor2.dumps(["omamori-meeting/1", role, BINDING, *hellos, *hashes])
        show = cbor2.dumps([2, *shown, transcript])
        assert said[f"{role}_show_with_transcript_as_proof"] == show.hex()
