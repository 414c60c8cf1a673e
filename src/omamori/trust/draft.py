"""Draft: a derivation while it is written down, with every step and every reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from omamori.documents.certificate import DeviceCertificate


class Draft:
    """The derivation while it is written down."""

    __slots__ = ("certificate", "reasons", "steps", "until")

    def __init__(self) -> None:
        self.steps: list[Reason] = []
        self.reasons: list[Reason] = []
        self.until: list[float] = []
        self.certificate: DeviceCertificate | None = None

    def step(self, key: str, **params: str | float) -> None:
        """Note a step that led on."""
        self.steps.append(Reason(key, params))

    def because(self, key: str, **params: str | float) -> None:
        """Note a reason that lowered or refused."""
        self.reasons.append(Reason(key, params))
