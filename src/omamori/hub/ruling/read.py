"""Read a home's table of rules from its octets: the text's grammar joined with this home's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.policy import read_policy
from omamori.hub.ruling.reasons import BUILT_IN
from omamori.hub.ruling.vocabulary import VOCABULARY, is_impossible

if TYPE_CHECKING:
    from omamori.documents.policy_shape import Rule


def read_rules(octets: bytes) -> tuple[Rule, ...]:
    """The rules of a file.

    Raises:
        PolicyError: with every mistake in ``reasons``, each with its line.
    """
    return read_policy(octets, VOCABULARY, BUILT_IN, is_impossible)
