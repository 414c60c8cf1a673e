"""Vocabulary: what a rule may ask about, attribute by attribute, and what can never be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.level import RUNGS_MAX
from omamori.documents.policy_shape import Attribute, Box, Vocabulary
from omamori.hub.commanding.command import SLOTS
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.hub.points import ACTS, ADJUST, HARMS, LIFE, LOOK, POINTS
from omamori.hub.ruling.question import CHANNELS, GRANTS, GROUNDS, RELATIONS, relation
from omamori.trust.verdict import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS = ("", "person", *KINDS)
_FLAG = (False, True)
HOURS = tuple(range(24))

VOCABULARY: Vocabulary = {
    attribute.name: attribute
    for attribute in (
        Attribute("purpose", tuple(PURPOSES)),
        Attribute("act", ACTS, is_ordered=True),
        Attribute("point", ("", *POINTS)),
        Attribute("asker_kind", _KINDS),
        Attribute("target_kind", _KINDS),
        Attribute("asker_industry"),
        Attribute("target_industry"),
        Attribute("industries", RELATIONS),
        Attribute("rung", tuple(range(RUNGS_MAX + 1)), is_ordered=True),
        Attribute("ground", GROUNDS),
        Attribute("suspect", _FLAG),
        Attribute("slot", ("", *SLOTS)),
        Attribute("channel", ("", *CHANNELS)),
        Attribute("at_hand", _FLAG),
        Attribute("near", _FLAG),
        Attribute("fresh", _FLAG),
        Attribute("in_use", _FLAG),
        Attribute("harm", HARMS, is_ordered=True),
        Attribute("grant", GRANTS),
        Attribute("hour", HOURS, is_ordered=True, wraps=True),
    )
}

_PAIR = ("asker_industry", "target_industry", "industries")
_ADJUST_ONLY, _LIFE_ONLY = frozenset((ADJUST,)), frozenset((LIFE,))
OTHERS = ("-one", "-two")
"""Two industries that no rule names; a name cannot begin so."""


def industries_named(boxes: Iterable[Box]) -> frozenset[str]:
    """Every industry that can make a difference to these conjunctions, none, and two more."""
    named = {
        str(value)
        for box in boxes
        for name in ("asker_industry", "target_industry")
        for value in box.get(name, ())
    }
    return frozenset(named | {"", *OTHERS})


def pair_of(box: Box, named: frozenset[str]) -> tuple[str, str] | None:
    """An asker's and a target's industry that fit the box, relation included; None: there are none."""
    askers, targets = box.get("asker_industry", named), box.get("target_industry", named)
    wanted = box.get("industries", frozenset(RELATIONS))
    for asker in sorted(map(str, askers)):
        for target in sorted(map(str, targets)):
            if relation(asker, target) in wanted:
                return asker, target
    return None


def is_impossible(box: Box) -> bool:
    """Whether nothing can ever fit: industries against their relation, setting what is only read."""
    points = box.get("point")
    acts = box.get("act")
    if points and acts and LOOK not in acts:
        settable = {p.name for p in POINTS.values() if p.act != LOOK} | {""}
        if points.isdisjoint(settable):
            return True
    return is_empty(box, industries_named([box]))


def is_empty(box: Box, named: frozenset[str]) -> bool:
    """Whether no question fits: its industries contradict, or it adjusts what can harm life.

    To adjust what can harm life counts as operating it (`points.act_of`, `Question.gravest`).
    """
    if box.get("act") == _ADJUST_ONLY and box.get("harm") == _LIFE_ONLY:
        return True
    return any(name in box for name in _PAIR) and pair_of(box, named) is None
