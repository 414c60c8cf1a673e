"""Question: everything that a rule may look at, and the ruling that it gets."""

from __future__ import annotations

import msgspec

from omamori.documents.level import RUNGS_MAX
from omamori.documents.reason import Reason
from omamori.hub.commanding.command import BROKER, HAND, HUB, MEETING, NETWORK, PAGE
from omamori.hub.points import ACTS, ADJUST, HARMS, LIFE, OPERATE
from omamori.trust.standing import GROUND_CERTIFICATE, GROUND_HUB, GROUND_NOTHING

CHANNELS = (HAND, PAGE, MEETING, BROKER, NETWORK, HUB)
GROUNDS = (GROUND_CERTIFICATE, GROUND_HUB, GROUND_NOTHING)
_KNOWN = frozenset(
    (act, harm, channel)
    for act in ACTS
    for harm in HARMS
    for channel in ("", *CHANNELS)
    if (act, harm) != (ADJUST, LIFE)
)
HOUR_MAX = 23
GRANTS = ("", "guest", "rental")

SAME, OTHER, UNPROVEN = "same", "other", "unproven"
RELATIONS = (SAME, OTHER, UNPROVEN)
"""How the asker's industry stands to the target's; ``unproven`` where the asker has none."""


def relation(asker: str, target: str) -> str:
    """How two industries stand to each other; a target of no known industry is another's."""
    if not asker:
        return UNPROVEN
    return SAME if asker == target else OTHER


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

    @property
    def industries(self) -> str:
        """``same``, ``other`` or ``unproven``: see `relation`."""
        return relation(self.asker_industry, self.target_industry)

    def gravest(self) -> Question:
        """The same with the gravest meaning for every word that this home does not know.

        Without this an act of an unknown name would slip past each rule that names the known.  To
        adjust what can harm life is to operate it, as `points.act_of` has it.
        """
        known = (self.act, self.harm, self.channel) in _KNOWN
        if known and 0 <= self.rung <= RUNGS_MAX and 0 <= self.hour <= HOUR_MAX:
            return self
        act = self.act if self.act in ACTS else OPERATE
        harm = self.harm if self.harm in HARMS else LIFE
        return msgspec.structs.replace(
            self,
            act=OPERATE if act == ADJUST and harm == LIFE else act,
            harm=harm,
            channel=self.channel if self.channel in ("", *CHANNELS) else NETWORK,
            rung=max(0, min(self.rung, RUNGS_MAX)),
            hour=self.hour % (HOUR_MAX + 1),
        )


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
