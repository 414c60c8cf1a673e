"""Asking: how long a question for the family stands, and how many one asker may leave with them."""

from __future__ import annotations

ASK_S_MAX = 600.0
"""Nobody's answer is a no: after ten minutes, or when its lease ends, whichever is first."""

ASKS_PER_ORIGIN_MAX = 4
"""More open questions than this are refused: people who are asked again and again say yes to have
peace (MITRE ATT&CK T1621)."""


def ask_until(now: float, lease_until: float) -> float:
    """When the question is taken as refused."""
    return min(now + ASK_S_MAX, lease_until)
