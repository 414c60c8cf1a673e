"""The vectors of docs/vectors.json: made by ``.venv/bin/python tests/conformance/vectors.py``.

Signatures are deterministic (RFC 6979), so whoever implements docs/formats.md gets the same octets.
"""

from __future__ import annotations

import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.authority.statements import STATEMENT_REQUEST, proof_message
from omamori.documents.oids import STATEMENT_PROFILE, VOUCH_PROFILE
from omamori.documents.sealed import sign_raw
from omamori.documents.statement import Statement, write_cwt, write_jwt
from omamori.trust.meeting import CALLER, Meeting, Self
from omamori.trust.standing import Credentials

SCALAR = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
"""The published test key of RFC 6979, A.2.5."""

BASE = "2.25.1.1.1"
THUMBPRINT = bytes(range(32))
BINDING = bytes([0xB1]) * 32
NONCE = bytes([0xC1]) * 32
ANSWERERS_NONCE = bytes([0xA1]) * 32


def statement(profile: str) -> Statement:
    """One statement with every claim."""
    return Statement(
        profile=profile,
        issuer="https://energy.example/registry",
        subject="https://energy.example/t/00112233445566778899aabbccddeeff",
        thumbprint=THUMBPRINT,
        level=f"{BASE}.2",
        tier=32,
        vector={0: 2, 2: 32, 4: 2},
        reasons=("version.unpatched",),
        product="power-bank-10",
        software="1.0.0",
        seq=7,
        issued_at=1_800_000_000,
        expires_at=1_800_086_400,
        status_index=251,
        status_url="https://energy.example/status/1",
    )


class _Silent:
    """A signer for what is never sent."""

    def sign(self, octets: bytes) -> bytes:
        return octets


def transcripts() -> dict[str, str]:
    """What caller and answerer sign, and the messages that lead there."""
    shown = Credentials(b"certificate", b"statement", b"")
    me = Self(shown, _Silent())
    caller = Meeting(CALLER, me, None, "share-energy", NONCE, BINDING, b"")  # type: ignore[arg-type]  # judges nobody here
    answerer = Meeting("answerer", me, None, "", ANSWERERS_NONCE, BINDING, b"")  # type: ignore[arg-type]  # nor here
    (hello,) = caller.start()
    hello_back, show_back = answerer.receive(hello, 0.0)
    (show,) = caller.receive(hello_back, 0.0)
    return {
        "purpose": "share-energy",
        "binding": BINDING.hex(),
        "certificate": shown.certificate.hex(),
        "statement": shown.statement.hex(),
        "vouch": "",
        "caller_nonce": NONCE.hex(),
        "answerer_nonce": ANSWERERS_NONCE.hex(),
        "caller_hello": hello.hex(),
        "caller_hello_framed": (len(hello).to_bytes(4, "big") + hello).hex(),
        "answerer_hello": hello_back.hex(),
        # the silent signer put the transcript itself where the proof would be
        "caller_show_with_transcript_as_proof": show.hex(),
        "answerer_show_with_transcript_as_proof": show_back.hex(),
    }


def made() -> dict[str, object]:
    """Every vector."""
    key = ec.derive_private_key(SCALAR, ec.SECP256R1())
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    nonce = bytes(range(40))
    asked = proof_message(STATEMENT_REQUEST, "energy.example", nonce, b"1.0.0")
    return {
        "key": {"d": f"{SCALAR:064x}", "key_id": key_id.hex()},
        "statement": {
            "cwt": write_cwt(statement(STATEMENT_PROFILE), key, key_id).hex(),
            "jwt": write_jwt(statement(STATEMENT_PROFILE), key, key_id).decode(),
        },
        "vouch": {"cwt": write_cwt(statement(VOUCH_PROFILE), key, key_id).hex()},
        "statement_request": {
            "host": "energy.example",
            "nonce": nonce.hex(),
            "software": "1.0.0",
            "signed": asked.hex(),
            "signature": sign_raw(key, asked).hex(),
        },
        "meeting": transcripts(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(made(), indent=1) + "\n")
