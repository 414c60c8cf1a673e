"""Verdict: whether and how far to cooperate for a purpose, from a standing.

Pure, total and explained. Each side decides in its own ladder; the link's level is the smaller of
both after each side translated the other's into its own.
"""

from __future__ import annotations

import msgspec

from omamori.documents.level import Level, lowest
from omamori.documents.reason import Reason
from omamori.trust.standing import GROUND_NOTHING, Standing

ALLOW, LIMIT, ASK, REFUSE = "allow", "limit", "ask", "refuse"
STRICTEST_LAST = (ALLOW, LIMIT, ASK, REFUSE)


LOOK, ADJUST, OPERATE = "look", "adjust", "operate"
"""What is done for a purpose: nothing is changed; what the next press of a button undoes; what moves
energy, heat, doors or a body."""


class Purpose(msgspec.Struct, frozen=True):
    """What a link is for.

    Attributes:
        key: stable name, such as `switch-power`.
        required: rung that allows it in full, in the verifier's ladder.
        limited: rung that allows its harmless part (to read, not to act); equal to `required`
            where there is no such part.
        ask: whether a person may allow it below `limited`; never where safety is at stake.
        act: the gravest act that it needs.
    """

    key: str
    required: int
    limited: int
    ask: bool = False
    act: str = LOOK


PURPOSES = {
    purpose.key: purpose
    for purpose in (
        Purpose("read-measurement", required=2, limited=1, ask=True),
        Purpose("show-content", required=2, limited=1, ask=True, act=ADJUST),
        Purpose("share-energy", required=3, limited=2, act=OPERATE),
        Purpose("switch-power", required=3, limited=2, act=ADJUST),
        Purpose("share-health", required=3, limited=3),
        Purpose("warn-of-danger", required=2, limited=1),
        Purpose("update-firmware", required=4, limited=4, act=OPERATE),
        Purpose("open-doors", required=4, limited=4, act=OPERATE),
        Purpose("give-therapy", required=5, limited=5, act=OPERATE),
    )
}
"""The purposes of a home; rungs are proposals, published here, not law."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The answer on a link.

    Attributes:
        answer: `allow`, `limit`, `ask` or `refuse`.
        level: the peer's effective level, in the verifier's ladder; None is no level.
        reasons: all deciding reasons.
        until: when it must be decided again, seconds since the epoch.
    """

    answer: str
    level: Level | None
    reasons: tuple[Reason, ...]
    until: float


def decide(standing: Standing, purpose: Purpose) -> Verdict:
    """Decide on `purpose` with a peer of `standing`; fails closed."""
    level = standing.effective
    reasons = list(standing.reasons)
    if level is None:
        answer = ASK if purpose.ask and standing.ground == GROUND_NOTHING else REFUSE
        reasons.append(Reason("verdict.no-level", {"purpose": purpose.key}))
    elif level.rung >= purpose.required:
        answer = ALLOW
        reasons.append(
            Reason("verdict.level-suffices", {"rung": level.rung, "required": purpose.required})
        )
    else:
        answer = LIMIT if level.rung >= purpose.limited else ASK if purpose.ask else REFUSE
        reasons.append(
            Reason(
                "verdict.level-too-low",
                {"rung": level.rung, "required": purpose.required, "purpose": purpose.key},
            )
        )
    return Verdict(answer, level, tuple(reasons), standing.valid_until)


def stricter(one: str, other: str) -> str:
    """The stricter of two answers."""
    return max(one, other, key=STRICTEST_LAST.index)


def link_level(mine_of_peer: Level | None, peers_of_me: Level | None) -> Level | None:
    """The smaller of both verdicts' levels, both already in the own ladder; None if either is."""
    if mine_of_peer is None or peers_of_me is None:
        return None
    return lowest([mine_of_peer, peers_of_me])
