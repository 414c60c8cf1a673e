"""Question: everything that a rule may look at, and the ruling that it gets."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason


class Question(msgspec.Struct, frozen=True):
    """May this one do this to that one?

    Attributes:
        purpose: of `trust.verdict.PURPOSES`.
        act: ``look``, ``adjust`` or ``operate`` (`hub.points.ACTS`).
        point: of `hub.points.POINTS`; empty for a link.
        asker_kind, target_kind: of `identify_kinds.KINDS`; ``person`` for a person; empty unknown.
        asker_industry, target_industry: trust domains; empty where there is no certificate.
        rung: the asker's effective level in this home's ladder; 0 is no level.
        ground: ``certificate``, ``hub-word`` or ``nothing``.
        suspect: an open alert of step 3 or more, an advisory, or a fallen level speaks against it.
        slot: of `commanding.command.SLOTS`; empty for a link.
        channel: how it came (`commanding.command`).
        at_hand: a person at the thing itself.
        near: nearness was proven in this meeting; `fresh`: they met within the last minute.
        in_use: the target is in use now.
        harm: ``nothing``, ``comfort``, ``property`` or ``life`` (`hub.points.HARMS`).
        grant: ``guest`` or ``rental`` where the asker has only such a grant; else empty.
        hour: 0–23 at home.
    """

    purpose: str = "switch-power"
    act: str = "look"
    point: str = ""
    asker_kind: str = ""
    target_kind: str = ""
    asker_industry: str = ""
    target_industry: str = ""
    rung: int = 0
    ground: str = "nothing"
    suspect: bool = False
    slot: str = ""
    channel: str = ""
    at_hand: bool = False
    near: bool = False
    fresh: bool = False
    in_use: bool = False
    harm: str = "comfort"
    grant: str = ""
    hour: int = 12


class Ruling(msgspec.Struct, frozen=True):
    """What the rules answer.

    Attributes:
        answer: ``allow``, ``limit``, ``ask`` or ``refuse`` (`trust.verdict`); the strictest wins.
        deciding: ids of all rules that gave this answer; empty when no rule spoke (refused).
        reasons: one for each.
    """

    answer: str
    deciding: tuple[str, ...]
    reasons: tuple[Reason, ...]
