"""A reason: a stable key with parameters, whose sentence lives in the language catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | int | float | bool


class Reason(msgspec.Struct, frozen=True):
    """Why something was decided or refused.

    Attributes:
        key: dotted, stable, lower-case: ``<what>.<why>``, such as ``link.no-map-for-industry``.
        params: what the sentence needs to fill its gaps; plain values only.
    """

    key: str
    params: dict[str, Value] = {}

    def __str__(self) -> str:
        """The key with its parameters, for logs; never shown to a family."""
        told = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.key}({told})" if told else self.key


class RefusedError(ValueError):
    """Bytes or a request from outside that cannot be accepted; the other side's fault.

    Each document has its own subclass, so that a caller can tell whose error it is.
    """

    def __init__(self, key: str, params: Mapping[str, Value] | None = None) -> None:
        self.reason = Reason(key, dict(params or {}))
        super().__init__(str(self.reason))
