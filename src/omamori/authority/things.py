"""An authority and its things: certificates, statements, and what happens to a device's place on the status list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.authority.certificates import issue_end_entity
from omamori.authority.csr import read_csr
from omamori.authority.industry import issuing_crl_url, line_of, new_serial
from omamori.authority.records import (
    GOOD,
    HELD,
    REVOKED,
    VERSION_NAME,
    WHY,
    Device,
    Enrolment,
    Revoked,
    require,
)
from omamori.authority.statements import (
    CWT,
    RENEWAL_REQUEST,
    STATEMENT_REQUEST,
    Nonces,
    check_proof,
    proof_message,
    state,
    write_statement,
)
from omamori.documents.certificate import load_certificate, read_device_certificate, sha256
from omamori.documents.status import INVALID, SUSPENDED, VALID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from omamori.authority.industry import AuthorityKeys
    from omamori.authority.ports import Entropy, RegistryStore
    from omamori.authority.publication import Publication
    from omamori.authority.registry import Registry, Target

NAME_OCTETS = 16
CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 20
"""Twenty letters of 31: 99 bits, and none that look alike."""

CODE_S = 86400
CODES_MAX = 100_000


class StatementRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing asks for its own statement.

    Attributes:
        certificate: its device certificate, DER.
        nonce: from the authority; signature: ES256, 64 bytes, see `statements.proof_message`.
        software: the version that it runs now, or empty for the registered one; it is the extra
            of the proof.
        form: `cwt` or `jwt`.
    """

    certificate: bytes
    nonce: bytes
    signature: bytes
    software: str = ""
    form: str = CWT


class RenewalRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing asks for its next certificate; the PKCS#10 request is the extra of the proof."""

    certificate: bytes
    nonce: bytes
    signature: bytes
    csr: bytes


class Things:
    """The things that one authority certifies; every method is called inside a transaction."""

    def __init__(
        self,
        store: RegistryStore,
        keys: AuthorityKeys,
        entropy: Entropy,
        registry: Registry,
        publication: Publication,
    ) -> None:
        self._store = store
        self._keys = keys
        self._entropy = entropy
        self._registry = registry
        self._publication = publication
        self._book = publication.book
        self.nonces = Nonces(entropy)

    # Certificates.

    def certify(
        self, product: str, software: str, rung: int, key: ec.EllipticCurvePublicKey, now: float
    ) -> Device:
        """Issue a device certificate; `rung` 0 means the rung that the product was assessed at."""
        rung = self._certifiable(product, software, rung)
        name = self._entropy(NAME_OCTETS).hex()
        uri = f"https://{self._publication.identity.host}/t/{name}"
        bare = Device(
            name=name,
            uri=uri,
            product=product,
            software=software,
            certified=rung,
            rung=rung,
            certificate=b"",
            thumbprint=b"",
            serial="",
            not_after=0.0,
            changed_at=now,
        )
        return self._sign(bare, key, now)

    def _certifiable(self, product: str, software: str, rung: int) -> int:
        assessed = self._registry.product(product).assessed
        require(
            not software or VERSION_NAME.fullmatch(software) is not None, "version.name-not-plain"
        )
        require(0 <= rung <= assessed, "device.above-assessed", rung=assessed)
        return rung or assessed

    def _sign(self, device: Device, key: ec.EllipticCurvePublicKey, now: float) -> Device:
        identity = self._publication.identity
        certificate = issue_end_entity(
            identity.ladder.industry,
            device.name,
            device.uri,
            identity.ladder.level(device.certified),
            key,
            load_certificate(identity.issuing),
            self._keys.issuing,
            new_serial(self._entropy),
            issuing_crl_url(identity.host),
            now,
        )
        der = certificate.public_bytes(Encoding.DER)
        signed = msgspec.structs.replace(
            device,
            certificate=der,
            thumbprint=sha256(der),
            serial=f"{certificate.serial_number:x}",
            not_after=certificate.not_valid_after_utc.timestamp(),
        )
        self._store.append(line_of("device", device.uri, certificate, now))
        self._store.put(signed)
        return signed

    def enrolment_code(self, product: str, software: str, rung: int, now: float) -> str:
        """A code with which one device may ask for its certificate, once, within a day."""
        rung = self._certifiable(product, software, rung)
        require(self._store.count(Enrolment) < CODES_MAX, "enrolment.too-many-codes")
        drawn = int.from_bytes(self._entropy(32), "big")
        code = ""
        for _ in range(CODE_LENGTH):
            drawn, letter = divmod(drawn, len(CODE_LETTERS))
            code += CODE_LETTERS[letter]
        self._store.put(
            Enrolment(
                code_sha256=sha256(code.encode()).hex(),
                product=product,
                software=software,
                rung=rung,
                until=now + CODE_S,
            )
        )
        return code

    def enrol(self, csr: bytes, code: str, now: float) -> Device:
        """The certificate for who has a code; raises CsrError or RequestError."""
        request = read_csr(csr)
        plain = code.replace("-", "").strip().lower()
        found = self._store.get(Enrolment, sha256(plain.encode()).hex())
        if found is None or found.until <= now:
            require(False, "enrolment.code-unknown")  # noqa: FBT003 - one answer for wrong and late
            raise AssertionError
        # A code is spent in the same transaction in which its certificate is issued.
        self._store.remove(Enrolment, found.key)
        return self.certify(found.product, found.software, found.rung, request.key, now)

    def renew(self, request: RenewalRequest, now: float) -> Device:
        """The next certificate of a device, for its old key or a new one."""
        device = self._proved(
            request.certificate, request.nonce, request.signature, RENEWAL_REQUEST, request.csr, now
        )
        key = read_csr(request.csr).key
        self._void(device)
        free = msgspec.structs.replace(device, status_index=-1, stated=0)
        return self._sign(free, key, now)

    def sweep(self, now: float) -> None:
        """Forget codes that are over, and free places whose statements are."""
        for code in list(self._store.every(Enrolment)):
            if code.until <= now:
                self._store.remove(Enrolment, code.key)
        self._book.sweep(now)

    # Statements.

    def _proved(
        self,
        certificate: bytes,
        nonce: bytes,
        signature: bytes,
        purpose: bytes,
        extra: bytes,
        now: float,
    ) -> Device:
        """The device that proves its key; raises CertificateError or RequestError."""
        read = read_device_certificate(certificate)
        self.nonces.check(nonce, now)
        host = self._publication.identity.host
        require(read.host == host, "device.unknown")
        device = self._registry.device(read.uri)
        require(device.thumbprint == read.thumbprint, "device.certificate-replaced")
        check_proof(read.key, signature, proof_message(purpose, host, nonce, extra))
        self.nonces.spend(nonce, now)
        return self._registry.usable(device)

    def statement(self, request: StatementRequest, now: float) -> tuple[bytes, bool]:
        """A fresh statement on the thing that asks, and whether the status list changed."""
        extra = request.software.encode()
        device = self._proved(
            request.certificate, request.nonce, request.signature, STATEMENT_REQUEST, extra, now
        )
        if request.software:
            require(VERSION_NAME.fullmatch(request.software) is not None, "version.name-not-plain")
            device = msgspec.structs.replace(device, software=request.software)
        current = self._registry.current(device)
        moved = device.status_index >= 0 and current.rung != device.stated
        if moved:
            self._void(device)
            device = msgspec.structs.replace(device, status_index=-1)
        index = device.status_index if device.status_index >= 0 else self._book.allot()
        after, said = state(
            device, current, self._publication.identity, index, self._publication.status_url, now
        )
        self._store.put(after)
        key_id = self._publication.registry_key_id()
        return write_statement(said, request.form, self._keys.registry, key_id), moved

    def _void(self, device: Device) -> None:
        """The statements of `device` hold no more; their place is free when the last is over."""
        if device.status_index >= 0:
            self._book.set(device.status_index, INVALID, device.stated_until)

    def restate(self, target: Target, now: float) -> int:
        """Void the statements of every device whose level is not what was stated; how many."""
        count = 0
        for device, current in self._registry.judged(target):
            if device.status_index < 0 or device.state == REVOKED:
                continue
            if current.rung != device.stated:
                self._void(device)
                self._store.put(
                    msgspec.structs.replace(device, status_index=-1, stated=0, changed_at=now)
                )
                count += 1
        return count

    # One device.

    def hold(self, name: str, now: float) -> None:
        """Suspend the word on a device until it is released."""
        device = self._registry.usable(self._registry.device(name))
        if device.status_index >= 0:
            self._book.set(device.status_index, SUSPENDED)
        self._store.put(msgspec.structs.replace(device, state=HELD, changed_at=now))

    def release(self, name: str, now: float) -> None:
        """The word on a held device counts again, unless its level moved meanwhile."""
        device = self._registry.device(name)
        require(device.state == HELD, "device.not-held")
        if device.status_index >= 0:
            self._book.set(device.status_index, VALID)
        self._store.put(msgspec.structs.replace(device, state=GOOD, changed_at=now))

    def revoke(self, name: str, why: str, now: float) -> None:
        """Take a device's certificate back, for ever, because of an item of `WHY`."""
        device = self._registry.device(name)
        require(device.state != REVOKED, "device.revoked")
        require(why in WHY, "lower.why-unknown", why=why)
        self._void(device)
        self._store.put(
            Revoked(ca="issuing", serial=device.serial, at=now, why=why, not_after=device.not_after)
        )
        self._store.put(
            msgspec.structs.replace(
                device, state=REVOKED, why=why, status_index=-1, stated=0, changed_at=now
            )
        )
