"""The checker: automations in, conflicts out; pure, the same answer every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.automation import Automation, Automations, Thing, checked
from omamori.documents.reason import Reason
from omamori.hub.automating.chains import Links, chained, conditioned
from omamori.hub.automating.conflict import Conflict
from omamori.hub.automating.home import CONFLICTS_MAX, LINKS_MAX, PAIRS_MAX, Findings, Home
from omamori.hub.automating.pairs import at_one_thing, in_one_room
from omamori.hub.automating.safety import alone, over_budget, silenced

if TYPE_CHECKING:
    from collections.abc import Sequence


class Checked(msgspec.Struct, frozen=True):
    """What a check found.

    Attributes:
        conflicts: the gravest and surest first.
        notes: what was not looked at, and why; nothing that is left out goes unsaid.
    """

    conflicts: tuple[Conflict, ...]
    notes: tuple[Reason, ...] = ()


def examine(told: Automations) -> Checked:
    """Check a home's automations against each other.

    Raises:
        AutomationError: where they are beyond the document's limits.
    """
    home = Home(checked(told))
    found = Findings(home)
    silenced(home, found)
    alone(home, found)
    at_one_thing(home, found)
    in_one_room(home, found)
    links = Links(home)
    chained(links, found)
    conditioned(home, found)
    over_budget(home, found)
    notes = [
        Reason("automating.crowded", {"thing": home.named(thing), "limit": PAIRS_MAX})
        for thing in sorted(found.crowded)
    ]
    if links.is_full:
        notes.append(Reason("automating.too-many-links", {"limit": LINKS_MAX}))
    if found.is_full:
        notes.append(Reason("automating.too-many-found", {"limit": CONFLICTS_MAX}))
    inexact = sum(any(not way.is_exact for way in rule.ways) for rule in home.rules)
    if inexact:
        notes.append(Reason("automating.not-exact", {"count": inexact}))
    return Checked(found.told(), tuple(notes))


def check(automations: Sequence[Automation], things: Sequence[Thing] = ()) -> tuple[Conflict, ...]:
    """The conflicts alone, of automations that need no scenes or scripts."""
    return examine(Automations(tuple(automations), tuple(things))).conflicts
