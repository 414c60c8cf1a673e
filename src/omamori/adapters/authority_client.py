"""AuthorityClient: an authority's API over HTTPS, its root pinned.

    async with AuthorityClient(url, root_der) as client:
        octets = await client.bundle()
        seq = await client.changes(after=seq, wait_s=25)
        cwt = await client.statement(certificate_der, key)
        certified = await client.enrol(csr, code)

With the operator's token: `lower`, `raise_`, `revoke`, `hold`, `release`, `cross`, `acquaint`,
`forget`, or any operation of `omamori.authority.operations` by `operate(name, request)`.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.authority import operations as op
from omamori.authority.statements import RENEWAL_REQUEST, STATEMENT_REQUEST, proof_message
from omamori.authority.things import RenewalRequest, StatementRequest
from omamori.documents.certificate import load_certificate, read_device_certificate
from omamori.documents.limits import BUNDLE_BYTES_MAX, STATEMENT_BYTES_MAX
from omamori.documents.reason import RefusedError, Value
from omamori.documents.sealed import sign_raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric import ec

CONNECT_S_MAX = 5.0
ANSWER_S_MAX = 15.0
ANSWER_BYTES_MAX = 1024 * 1024
AnswerT = TypeVar("AnswerT")


class AuthorityUnreachableError(RefusedError):
    """No authority of this root answers at the address."""


class AuthorityRefusedError(RefusedError):
    """The authority said no; the reason is its own."""


class _Refusal(msgspec.Struct):
    reason: str
    params: dict[str, Value] = {}


class _Nonce(msgspec.Struct):
    nonce: bytes


class _Seq(msgspec.Struct):
    seq: int


def pinned(root_der: bytes) -> ssl.SSLContext:
    """TLS 1.3 that trusts one root and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    pem = load_certificate(root_der).public_bytes(Encoding.PEM)
    context.load_verify_locations(cadata=pem.decode("ascii"))
    return context


class AuthorityClient:
    """One authority's API; close it with `aclose`, or use it as an asynchronous context."""

    def __init__(self, base_url: str, root_der: bytes, token: bytes = b"") -> None:
        self.base_url = base_url
        self._token = token
        # No proxy of the environment may stand between a thing and its authority.
        self._http = httpx.AsyncClient(
            base_url=base_url,
            verify=pinned(root_der),
            trust_env=False,
            timeout=httpx.Timeout(ANSWER_S_MAX, connect=CONNECT_S_MAX),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        bytes_max: int = ANSWER_BYTES_MAX,
        timeout_s: float = ANSWER_S_MAX,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_S_MAX)
        try:
            async with self._http.stream(
                method, path, content=body, headers=headers, timeout=timeout
            ) as response:
                octets = await _bounded(response, bytes_max)
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise AuthorityUnreachableError(
                "authority.unreachable", {"why": type(error).__name__}
            ) from error
        if response.status_code != httpx.codes.OK:
            raise _refused(octets, response.status_code)
        return octets

    # What it publishes.

    async def bundle(self) -> bytes:
        """The signed bundle; its signature is for the reader to check."""
        return await self._ask("GET", "/v1/bundle", bytes_max=BUNDLE_BYTES_MAX)

    async def changes(self, after: int, wait_s: float = 25.0) -> int:
        """The change sequence, as soon as it is greater than `after` or `wait_s` have passed."""
        octets = await self._ask(
            "GET", f"/v1/changes?after={after}&wait={wait_s}", timeout_s=wait_s + ANSWER_S_MAX
        )
        return _read(octets, _Seq).seq

    async def products(self) -> dict[str, Any]:
        """The first page of the public level database, as JSON."""
        return _read(await self._ask("GET", "/v1/products"), dict[str, Any])

    # What things ask.

    async def _nonce(self) -> bytes:
        return _read(await self._ask("GET", "/v1/nonce"), _Nonce).nonce

    async def statement(
        self,
        certificate_der: bytes,
        key: ec.EllipticCurvePrivateKey,
        software: str = "",
        form: str = "cwt",
    ) -> bytes:
        """A fresh statement on the thing that holds `key`; `software` is what it runs now."""
        host = read_device_certificate(certificate_der).host
        nonce = await self._nonce()
        message = proof_message(STATEMENT_REQUEST, host, nonce, software.encode())
        asked = StatementRequest(certificate_der, nonce, sign_raw(key, message), software, form)
        octets = msgspec.json.encode(asked)
        return await self._ask("POST", "/v1/statement", octets, bytes_max=STATEMENT_BYTES_MAX)

    async def enrol(self, csr: bytes, code: str) -> op.Certified:
        """The first certificate of a device that has a one-time code."""
        body = msgspec.json.encode({"csr": csr, "code": code})
        return _read(await self._ask("POST", "/v1/enrol", body), op.Certified)

    async def renew(
        self, certificate_der: bytes, key: ec.EllipticCurvePrivateKey, csr: bytes
    ) -> op.Certified:
        """The next certificate of the thing that holds `key`, for the key in `csr`."""
        host = read_device_certificate(certificate_der).host
        nonce = await self._nonce()
        signature = sign_raw(key, proof_message(RENEWAL_REQUEST, host, nonce, csr))
        body = msgspec.json.encode(RenewalRequest(certificate_der, nonce, signature, csr))
        return _read(await self._ask("POST", "/v1/renew", body), op.Certified)

    # What the operator does.

    async def operate(self, name: str, request: msgspec.Struct) -> Any:  # noqa: ANN401 - the operation's own answer
        """Do one operation of the table; needs the operator's token."""
        octets = await self._ask(
            "POST",
            f"/v1/operator/{name}",
            msgspec.json.encode(request),
            headers={"Authorization": f"Bearer {self._token.decode('ascii') or 'none'}"},
        )
        return _read(octets, op.OPERATIONS[name].answer)

    async def lower(
        self, product: str, rung: int, why: str, version: str = "", device: str = ""
    ) -> op.Done:
        """Lower a product, a version of it, or one device."""
        done: op.Done = await self.operate("lower", op.Lower(rung, why, product, version, device))
        return done

    async def raise_(
        self, product: str, rung: int = 0, version: str = "", device: str = ""
    ) -> op.Done:
        """Raise again; `rung` 0 for what was assessed."""
        done: op.Done = await self.operate("raise", op.Raise(rung, product, version, device))
        return done

    async def revoke(self, device: str, why: str) -> op.Done:
        """Take a device's certificate back, for ever."""
        done: op.Done = await self.operate("revoke", op.Revoke(device, why))
        return done

    async def hold(self, device: str) -> op.Done:
        """Suspend the word on a device."""
        done: op.Done = await self.operate("hold", op.Name(device))
        return done

    async def release(self, device: str) -> op.Done:
        """The word on a held device counts again."""
        done: op.Done = await self.operate("release", op.Name(device))
        return done

    async def cross(
        self, bundle: bytes, root: bytes, rungs: Mapping[int, int], url: str = ""
    ) -> op.Done:
        """Recognise another industry; `rungs` maps theirs to ours."""
        told = {str(theirs): mine for theirs, mine in rungs.items()}
        done: op.Done = await self.operate("cross", op.Cross(bundle, root, told, url))
        return done

    async def acquaint(self, bundle: bytes, root: bytes, url: str = "") -> op.Done:
        """Know another industry without recognising its levels."""
        done: op.Done = await self.operate("acquaint", op.Acquaint(bundle, root, url))
        return done

    async def forget(self, industry: str) -> op.Done:
        """Know an industry no more."""
        done: op.Done = await self.operate("forget", op.Name(industry))
        return done


async def _bounded(response: httpx.Response, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    length = 0
    async for chunk in response.aiter_bytes():
        length += len(chunk)
        if length > bytes_max:
            raise AuthorityUnreachableError("authority.answer-too-long", {"bytes_max": bytes_max})
        chunks.append(chunk)
    return b"".join(chunks)


def _read(octets: bytes, kind: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(octets, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise AuthorityUnreachableError("authority.answer-unreadable") from error


def _refused(octets: bytes, status: int) -> RefusedError:
    try:
        said = msgspec.json.decode(octets, type=_Refusal)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return AuthorityUnreachableError("authority.unreachable", {"why": f"HTTP {status}"})
    return AuthorityRefusedError(said.reason[:100], said.params)
