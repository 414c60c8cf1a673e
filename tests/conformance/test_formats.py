"""A second implementation, written from docs/formats.md alone: it enrols, asks, reads and meets.

Nothing of ours is imported below; the authority and the peer are our programs. If this needs more than
the page says, the page is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import ssl
import struct
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import cbor2
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 60
OMAMORI = [sys.executable, "-c", "from omamori.app.cli import main; main()"]
ES256 = ec.ECDSA(SHA256())
HOST = "energy.example"


def omamori(*words: str | Path) -> str:
    told = subprocess.run(
        [*OMAMORI, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    return told.stdout


@contextmanager
def program(*words: str | Path, ready: str) -> Iterator[None]:
    running = subprocess.Popen(
        [*OMAMORI, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert running.stdout is not None
        assert any(ready in line for line in running.stdout)
        yield
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE_S)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


class Stranger:
    """A thing made from the page: section 12 for its papers, section 9 for its manners."""

    def __init__(self, url: str, root_pem: str, code: str) -> None:
        self.http = httpx.Client(
            base_url=url, verify=ssl.create_default_context(cadata=root_pem), trust_env=False
        )
        self.key = ec.generate_private_key(ec.SECP256R1())
        csr = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(self.key, SHA256())
        body = {"csr": b64(csr.public_bytes(Encoding.DER)), "code": code}
        given = self.asked("/v1/enrol", body).json()
        self.certificate = base64.b64decode(given["certificate"])

    def asked(self, path: str, body: dict[str, str]) -> httpx.Response:
        answer = self.http.post(path, json=body)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer

    def statement(self) -> bytes:
        nonce = base64.b64decode(self.http.get("/v1/nonce").json()["nonce"])
        message = b"omamori statement request v1\0" + HOST.encode() + b"\0" + nonce
        r, s = decode_dss_signature(self.key.sign(message, ES256))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        body = {
            "certificate": b64(self.certificate),
            "nonce": b64(nonce),
            "signature": b64(signature),
        }
        return self.asked("/v1/statement", body).content

    def bundle(self) -> dict[str, Any]:
        item = cbor2.loads(self.http.get("/v1/bundle").content)
        assert item.tag == 18
        bundle: dict[str, Any] = json.loads(item.value[2])
        return bundle


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stranger, int]]:
    """A stranger with its papers, and the port at which a thing of ours answers."""
    folder = tmp_path_factory.mktemp("formats")
    port, answering = free_port(), free_port()
    url, at = f"https://127.0.0.1:{port}", folder / "energy"
    with ExitStack() as stack:
        omamori("authority", "create", "energy", "--host", HOST, "--data", at)
        serve = ("authority", "serve", "--data", at, "--port", str(port))
        stack.enter_context(program(*serve, ready="https://"))
        omamori("authority", "add-product", "lamp", "--level", "3", "--data", at)
        codes = [omamori("authority", "code", "lamp", "--data", at).strip() for _ in range(2)]
        stranger = Stranger(url, (at / "root.crt").read_text(), codes[0])
        stack.callback(stranger.http.close)
        lamp, root = folder / "lamp", at / "root.crt"
        omamori("thing", "enrol", lamp, "--authority", url, "--root", root, "--code", codes[1])
        answer = ("thing", "answer", lamp, "--port", str(answering))
        stack.enter_context(program(*answer, ready="answering"))
        yield stranger, answering


def test_a_statement_reads_as_the_page_says(met: tuple[Stranger, int]) -> None:
    stranger, _ = met
    item = cbor2.loads(stranger.statement())
    assert item.tag == 18
    protected, unprotected, payload, signature = item.value
    own = stranger.bundle()["members"][0]
    registry = x509.load_der_x509_certificate(base64.b64decode(own["registry"]))
    key_id = registry.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    header = {1: -7, 4: key_id, 16: "application/omamori-statement+cwt"}
    assert (cbor2.loads(protected), unprotected) == (header, {})
    der = encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )
    key = registry.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(der, cbor2.dumps(["Signature1", protected, b"", payload]), ES256)
    claims = cbor2.loads(payload)
    assert claims[8] == {3: sha256(stranger.certificate)}
    assert claims[265] == "tag:omamori.example,2026:statement#1"
    assert claims[-65537] == f"{own['ladder']['base']}.3"
    assert claims[6] <= time.time() < claims[4]
    assert claims[65535]["status_list"]["uri"] == f"https://{HOST}/status/1"


class Talk:
    """One call: mutual TLS 1.3, frames, and the transcript of section 9."""

    def __init__(self, me: Stranger, port: int) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(SSL.TLS1_3_VERSION)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.use_certificate(x509.load_der_x509_certificate(me.certificate))
        context.use_privatekey(me.key)
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        plain.settimeout(None)  # pyOpenSSL wants a blocking socket
        self.me = me
        self.tls = SSL.Connection(context, plain)
        self.tls.set_connect_state()
        self.tls.do_handshake()
        self.binding = self.tls.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")

    def say(self, message: list[object]) -> bytes:
        octets = cbor2.dumps(message)
        self.tls.sendall(struct.pack(">I", len(octets)) + octets)
        return octets

    def hear(self) -> bytes:
        (length,) = struct.unpack(">I", self.take(4))
        return self.take(length)

    def take(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            octets += self.tls.recv(count - len(octets))
        return octets

    def transcript(self, role: str, hellos: tuple[bytes, bytes], shown: list[bytes]) -> bytes:
        hashes = [sha256(part) for part in shown]
        return cbor2.dumps(["omamori-meeting/1", role, self.binding, *hellos, *hashes])

    def meet(self, purpose: str, role: str = "caller") -> list[Any]:
        """The whole meeting; returns what the peer told of us."""
        mine = self.say([1, "omamori-meeting/1", secrets.token_bytes(32), purpose])
        theirs = self.hear()
        assert cbor2.loads(theirs)[3] == purpose
        _, *shown, proof = cbor2.loads(self.hear())
        peer = x509.load_der_x509_certificate(shown[0])
        channel = self.tls.get_peer_certificate(as_cryptography=True)
        assert channel == peer
        key = peer.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(proof, self.transcript("answerer", (mine, theirs), shown), ES256)
        papers = [self.me.certificate, self.me.statement(), b""]
        signed = self.me.key.sign(self.transcript(role, (mine, theirs), papers), ES256)
        self.say([2, *papers, signed])
        self.say([3, "allow", "", [], int(time.time()) + 60])
        told: list[Any] = cbor2.loads(self.hear())
        self.tls.shutdown()
        self.tls.close()
        return told


def test_it_meets_and_is_allowed(met: tuple[Stranger, int]) -> None:
    stranger, port = met
    kind, answer, level, reasons, until = Talk(stranger, port).meet("share-energy")
    base = stranger.bundle()["members"][0]["ladder"]["base"]
    assert (kind, answer, level) == (3, "allow", f"{base}.3")
    assert reasons == ["verdict.level-suffices"]
    assert until > time.time()


def test_a_proof_for_the_other_role_is_none(met: tuple[Stranger, int]) -> None:
    told = Talk(*met).meet("share-energy", role="answerer")
    assert told[1:3] == ["refuse", ""]
    assert "standing.key-not-proved" in told[3]


def test_more_than_its_level_gives_is_refused(met: tuple[Stranger, int]) -> None:
    told = Talk(*met).meet("update-firmware")
    assert told[1] == "refuse"
    assert told[3] == ["verdict.level-too-low"]
