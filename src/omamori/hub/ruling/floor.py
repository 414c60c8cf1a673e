"""The floor: what no edited file can take away.  It only refuses, and never a person at hand."""

from __future__ import annotations

from omamori.documents.level import RUNGS_MAX
from omamori.documents.policy import RESERVED
from omamori.documents.policy_shape import REFUSE, Box, Rule
from omamori.documents.reason import Reason
from omamori.hub.commanding.command import HUB, NETWORK
from omamori.hub.points import LIFE, OPERATE
from omamori.hub.ruling.question import OTHER

BODY_POINTS = ("dose_u", "pacing_bpm")
BODY_RUNG_MIN = 3  # the level from which `switch-power` allows in full (trust.verdict, a proposal)

_BY_HAND: Box = {"at_hand": frozenset((True,))}
_OWN_SAFETY: Box = {
    "channel": frozenset((HUB,)),
    "slot": frozenset(("safety-auto", "safety-local")),
}


def _never(name: str, when: Box, *unless: Box) -> Rule:
    operates: Box = {"act": frozenset((OPERATE,))}
    key = f"{RESERVED}{name}"
    why = Reason(f"ruling.{key}", {"rule": key})
    return Rule(key, REFUSE, operates | when, (_BY_HAND, *unless), why)


FLOOR: tuple[Rule, ...] = (
    # The report's fifth situation: the server is the enemy.
    _never("suspect", {"suspect": frozenset((True,))}),
    # The report's §2.2.1: a car through its telematics unit, an implant by radio.
    _never("life-of-another-industry", {"harm": frozenset((LIFE,)), "industries": frozenset((OTHER,))}),
    # On the bare network anybody may say to be anybody (ECHONET Lite has no authentication).
    _never("nobody-on-the-network", {"channel": frozenset((NETWORK,))}),
    _never(
        "life-without-level", {"harm": frozenset((LIFE,)), "rung": frozenset((0,))}, _OWN_SAFETY
    ),
    # An implant commanded by a stranger: proximity, a fresh meeting and a level, all three.
    _never(
        "body-from-afar",
        {"point": frozenset(BODY_POINTS)},
        {
            "near": frozenset((True,)),
            "fresh": frozenset((True,)),
            "rung": frozenset(range(BODY_RUNG_MIN, RUNGS_MAX + 1)),
        },
    ),
)  # fmt: skip
"""Each refuses to *operate*; a person at the thing itself is never shut out."""
