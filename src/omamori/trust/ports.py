"""What the judgement needs from outside: an RFC 5280 engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence


class PathError(RefusedError):
    """A certification path that does not hold."""


class PathRules(msgspec.Struct, frozen=True):
    """The user-initial inputs of RFC 5280, 6.1.1 (c) to (g)."""

    initial_policies: frozenset[str] = frozenset()
    explicit_policy: bool = True
    inhibit_mapping: bool = False
    inhibit_any_policy: bool = False


class PathEngine(Protocol):
    """Validates one explicit path; never looks for others."""

    def policies(
        self,
        anchor: bytes,
        chain: Sequence[bytes],
        revocations: Sequence[bytes],
        now: float,
        rules: PathRules,
    ) -> dict[str, frozenset[str]]:
        """What the last certificate's policies mean at the anchor.

        Args:
            anchor: the trust anchor's certificate, DER.
            chain: certificates from just below the anchor to the last, DER.
            revocations: revocation lists, DER; each certificate of the chain needs one.
            now: seconds since the epoch.
            rules: user-initial inputs; empty `initial_policies` stands for anyPolicy.

        Returns:
            policy OID of the last certificate → the anchor's own policy OIDs that it maps to.

        Raises:
            PathError: when the path does not hold, whatever the reason.
        """
        ...
