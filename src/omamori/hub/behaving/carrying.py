"""Carrying out: a computer that suddenly sends much to a country it never had to do with.

People go anywhere with a computer, so a new place is no news. But who opens a letter made for them
(the report's targeted mail, 2.2.1) is seen by what goes *out* afterwards: much, to a new country.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.behaving.departure import WORLDLY_COUNTRIES
from omamori.hub.finding import Fact, Finding

if TYPE_CHECKING:
    from omamori.hub.behaving.deed import Peer
    from omamori.hub.behaving.habit import Habits
    from omamori.hub.flow import Flow

CARRIED_OCTETS_MIN = 5_000_000  # a few documents with pictures; uncalibrated
NEW_S = 86_400.0  # for so long a country is new to it
CARRYING_KINDS = frozenset({"computer", "storage"})  # what holds a family's papers
COUNTED_MAX = 1024  # pairs of a thing and a country
KIND = "behaviour.carries-out"


class Carrying:
    """Counts what goes to new countries; memory is bounded, a flood pushes out the oldest."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, str], int] = {}

    def hear(
        self, flow: Flow, octets: int, thing: str, kind: str, peer: Peer, habits: Habits | None
    ) -> Finding | None:
        """Take in what a thing of this kind sends to a peer; a finding at the threshold, once."""
        if kind not in CARRYING_KINDS or not peer.is_outside or not peer.country or not habits:
            return None
        about = f"out {peer.country}"
        if about in habits.allowed or not _is_new(habits, peer.country, flow.at):
            return None
        key = (thing, peer.country)
        before = self._sent.pop(key, 0)
        self._sent[key] = before + octets
        if len(self._sent) > COUNTED_MAX:
            del self._sent[next(iter(self._sent))]
        if not before < CARRIED_OCTETS_MIN <= before + octets:
            return None
        place = peer.names[0] if peer.names else flow.target
        sent = f"{before + octets} octets to {peer.country} since it first went there"
        return Finding(
            KIND,
            thing,
            flow.at,
            about,
            {"place": place, "country": peer.country, "megabytes": (before + octets) // 1_000_000},
            (Fact(flow.at, flow.source, place, sent),),
        )


def _is_new(habits: Habits, country: str, at: float) -> bool:
    """It has been watched for long enough, and never had to do with this country until today."""
    first = habits.countries.get(country)
    if not habits.is_settled or not 0 < len(habits.countries) <= WORLDLY_COUNTRIES:
        return False
    return first is None or 0 <= at - first < NEW_S
