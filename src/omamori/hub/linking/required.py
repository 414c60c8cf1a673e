"""Required: how much a link needs, by what could be harmed; a published table, not law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.level import RUNGS_MAX
from omamori.hub.points import ADJUST, COMFORT, LIFE, NOTHING, OPERATE, PROPERTY, act_of, harm_of

if TYPE_CHECKING:
    from omamori.trust.verdict import Purpose

RUNG_OF_HARM: dict[str, int] = {NOTHING: 1, COMFORT: 2, PROPERTY: 3, LIFE: 4}
"""The least rung, in this home's ladder, of whoever may operate a thing that can do such harm.
A proposal after IEC 62443's SL-T: the target level follows from the consequence."""


def act_on(purpose: Purpose, kind: str) -> str:
    """What the purpose is, done to a thing of such a kind: heat switched on is no comfort."""
    if purpose.act == ADJUST and act_of("power", kind) == OPERATE:
        return OPERATE
    return purpose.act


def required_for(purpose: Purpose, kind: str) -> Purpose:
    """The purpose with the rungs that it needs where such a thing is operated.

    Its harmless part stays as it is, unless it has none.
    """
    if act_on(purpose, kind) != OPERATE:
        return purpose
    required = min(max(purpose.required, RUNG_OF_HARM[harm_of(kind)]), RUNGS_MAX)
    has_harmless_part = purpose.limited < purpose.required
    limited = purpose.limited if has_harmless_part else required
    return msgspec.structs.replace(purpose, required=required, limited=limited)
