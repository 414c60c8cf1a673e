"""Vouching: the hub's own word for a thing that has no certificate its peers understand.

Never above the configured cap; never on a guess: what is only *unsure* gets the lowest rung, what is
unknown gets nothing (a learned or guessed identity must not grant trust).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.oids import VOUCH_PROFILE
from omamori.documents.statement import Statement

if TYPE_CHECKING:
    from omamori.documents.level import Ladder

VOUCH_S = 3600
RUNG_OF_CONFIDENCE = {"sure": 2, "likely": 1}
"""Only what is well known of a thing lifts it; people's own naming counts as sure."""


def vouched_rung(confidence: str, cap: int) -> int:
    """The rung that the hub may speak for; 0 is no word at all."""
    return min(RUNG_OF_CONFIDENCE.get(confidence, 0), cap)


def word_for(
    thing_id: str,
    confidence: str,
    clues: tuple[str, ...],
    ladder: Ladder,
    hub_thumbprint: bytes,
    hub_uri: str,
    cap: int,
    seq: int,
    now: float,
) -> Statement | None:
    """The hub's word for one thing, ready to be signed, or None when it has nothing to say.

    Args:
        clues: reason keys of what the word stands on.
        cap: highest rung, Lv.2 by default.
    """
    rung = vouched_rung(confidence, cap)
    if rung == 0:
        return None
    return Statement(
        profile=VOUCH_PROFILE,
        issuer=hub_uri,
        subject=thing_id,
        thumbprint=hub_thumbprint,
        level=ladder.level(rung).oid,
        tier=2 if confidence == "sure" else 32,
        vector={0: 2 if confidence == "sure" else 32},
        reasons=clues,
        product="",
        software="",
        seq=seq,
        issued_at=int(now),
        expires_at=int(now) + VOUCH_S,
    )
