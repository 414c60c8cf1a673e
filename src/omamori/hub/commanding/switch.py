"""Switch: who may command a thing at all, apart from priority (IEC 61850-7-4, `Loc` and `PSTO`).

It differs from IEC 61850 in three ways, each on purpose: who stands at the thing is never locked
out; commands from a cloud do not pass because they call themselves automatic; and the home's own
protection always passes.
"""

from __future__ import annotations

from omamori.hub.commanding.command import (
    AUTOMATION_BY,
    BROKER,
    HAND,
    HUB,
    PAGE,
    PERSON,
    SAFETY,
    THING,
    Origin,
)

OFF, LOCAL, HOME, REMOTE = "off", "local", "home", "remote"
POSITIONS = (OFF, LOCAL, HOME, REMOTE)
"""Only at hand; at hand and the home's own automations; all of the home; everybody. The last is
where a thing begins."""

BY_HAND, BY_PAGE, BY_HOME, FROM_AFAR, FROM_CLOUD, PROTECTION = (
    "hand", "page", "automation", "afar", "cloud", "protection",
)  # fmt: skip

PASSES: dict[str, frozenset[str]] = {
    OFF: frozenset({BY_HAND, PROTECTION}),
    LOCAL: frozenset({BY_HAND, PROTECTION, BY_HOME}),
    HOME: frozenset({BY_HAND, PROTECTION, BY_HOME, BY_PAGE}),
    REMOTE: frozenset({BY_HAND, PROTECTION, BY_HOME, BY_PAGE, FROM_AFAR, FROM_CLOUD}),
}


def side_of(origin: Origin) -> str:
    """From which side it comes; IEC 61850's originator category."""
    if origin.kind == SAFETY:
        return PROTECTION  # from afar it can only calm (`slots.CALM`)
    if origin.channel == HAND:
        return BY_HAND
    if origin.kind == PERSON:
        return BY_PAGE if origin.channel == PAGE else FROM_AFAR
    if origin.channel == BROKER:
        return BY_PAGE  # of the home, but anybody with the broker's password
    if origin.kind == AUTOMATION_BY and origin.channel == HUB:
        return BY_HOME
    return BY_HOME if origin.kind == THING else FROM_CLOUD


def passes(position: str, origin: Origin) -> bool:
    """Whether a command of this origin passes the switch."""
    return side_of(origin) in PASSES[position]
