"""Loads a home's rules: its own table where it has one that can be used, else the usual one."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import structlog

from omamori.documents.policy_places import PolicyError
from omamori.documents.policy_shape import POLICY_OCTETS_MAX
from omamori.documents.reason import Reason
from omamori.hub.ruling.read import read_rules
from omamori.hub.ruling.rules import Rules

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.documents.policy_shape import Rule

POLICY_NAME = "policy.toml"
"""The name of a home's own table in its data folder."""

_log = structlog.get_logger(__name__)


def usual() -> bytes:
    """The table that every home begins with."""
    return files("omamori.hub.ruling").joinpath("home.toml").read_bytes()


def read(path: Path) -> tuple[Rule, ...]:
    """The rules of one file.

    Raises:
        PolicyError: it cannot be read, or has mistakes.
    """
    try:
        with path.open("rb") as file:
            return read_rules(file.read(POLICY_OCTETS_MAX + 1))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PolicyError("policy.unreadable", {"name": path.name, "why": why}) from None


def load(own: Path | None = None) -> tuple[Rules, list[Reason]]:
    """The home's rules, and every mistake of its own table where that cannot be used.

    Args:
        own: a home's own table; where it does not exist, or has any mistake, the usual one holds.
    """
    reasons: list[Reason] = []
    if own is not None and own.exists():
        try:
            return Rules(read(own)), []
        except PolicyError as wrong:
            reasons = [Reason("policy.in-use-instead"), *wrong.reasons]
            _log.warning("own rules left out", reason=str(wrong.reason))
    return Rules(read_rules(usual())), reasons
