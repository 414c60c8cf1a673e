"""The RFC 5280 engine: pyhanko-certvalidator behind the judgement's port.

Chosen because `cryptography`, pyOpenSSL and `ssl` cannot map policies. Its known gaps are closed
here and in the profile's lint: revocation is always required, no fetching, and any exception is a
refusal.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    RevokedError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import PKIXValidationParams
from pyhanko_certvalidator.validate import async_validate_path

from omamori.trust.ports import PathError, PathRules

if TYPE_CHECKING:
    from collections.abc import Sequence

ANY_POLICY = "any_policy"
"""How asn1crypto names 2.5.29.32.0 when it reads a certificate."""

FAILURES = (
    (RevokedError, "path.revoked"),
    (ExpiredError, "path.expired"),
    (NotYetValidError, "path.not-yet-valid"),
    (InsufficientRevinfoError, "path.revocation-unknown"),
)


class HankoEngine:
    """One validation at a time; holds no state."""

    def policies(
        self,
        anchor: bytes,
        chain: Sequence[bytes],
        revocations: Sequence[bytes],
        now: float,
        rules: PathRules,
    ) -> dict[str, frozenset[str]]:
        """See `PathEngine.policies`."""
        try:
            path = _run(_validated(anchor, chain, revocations, now, rules))
        except Exception as error:  # a validator that stumbles has not said yes
            for kind, key in FAILURES:
                if isinstance(error, kind):
                    raise PathError(key) from error
            raise PathError("path.does-not-hold", {"why": str(error)[:200]}) from error
        return _mapped(path)


def _run(validation: object) -> ValidationPath:
    """Run the library's coroutine, which awaits nothing real, also beneath a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(validation)  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, validation).result()  # type: ignore[arg-type]


async def _validated(
    anchor: bytes,
    chain: Sequence[bytes],
    revocations: Sequence[bytes],
    now: float,
    rules: PathRules,
) -> ValidationPath:
    root = asn1.Certificate.load(anchor, strict=True)
    certificates = [asn1.Certificate.load(der, strict=True) for der in chain]
    context = ValidationContext(
        trust_roots=[root],
        other_certs=certificates,
        crls=[asn1_crl.CertificateList.load(der, strict=True) for der in revocations],
        allow_fetching=False,
        revocation_mode="require",
        moment=datetime.fromtimestamp(now, UTC),
        time_tolerance=timedelta(0),
    )
    path = ValidationPath(CertTrustAnchor(root), certificates[:-1], certificates[-1])
    await async_validate_path(
        context,
        path,
        parameters=PKIXValidationParams(
            user_initial_policy_set=rules.initial_policies or frozenset([ANY_POLICY]),
            initial_policy_mapping_inhibit=rules.inhibit_mapping,
            initial_explicit_policy=rules.explicit_policy,
            initial_any_policy_inhibit=rules.inhibit_any_policy,
        ),
    )
    return path


def _mapped(path: ValidationPath) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for policy in path.qualified_policies() or ():
        theirs, ours = policy.issuer_domain_policy_id, policy.user_domain_policy_id
        if ANY_POLICY not in (theirs, ours):
            found.setdefault(theirs, set()).add(ours)
    return {theirs: frozenset(ours) for theirs, ours in found.items()}
