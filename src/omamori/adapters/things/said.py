"""What things said of themselves lately, as far as drivers find them by it; bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.sighting import Sighting

SOURCES_MAX = 512
FACTS_PER_SOURCE_MAX = 96  # the objects of the largest ECHONET Lite node (Appendix, EPC 0xD6: 84)
AGE_S_MAX = 7200.0  # askers ask every hour or oftener; what is not said again is no longer so
_KEYS = ("eoj", "location", "nt", "type", "instance")  # what tells one fact of a kind from the next


class Said:
    """The last word of each source on each matter.

    Args:
        kinds: the kinds of sighting that are kept.
    """

    def __init__(self, kinds: Iterable[str]) -> None:
        self._kinds = frozenset(kinds)
        self._sources: dict[str, dict[tuple[str, ...], Sighting]] = {}

    def hear(self, sighting: Sighting) -> None:
        """Keep a fact; the oldest source and the oldest facts go when there is no room."""
        if sighting.kind not in self._kinds:
            return
        facts = self._sources.pop(sighting.source, {})
        self._sources[sighting.source] = facts
        if len(self._sources) > SOURCES_MAX:
            del self._sources[next(iter(self._sources))]
        key = (sighting.kind, *(sighting.fields.get(name, "") for name in _KEYS))
        before = facts.pop(key, None)
        if before is not None:  # what one message leaves out an earlier one said
            fields = {**before.fields, **sighting.fields}
            sighting = type(sighting)(sighting.at, sighting.source, sighting.kind, fields)
        facts[key] = sighting
        if len(facts) > FACTS_PER_SOURCE_MAX:
            del facts[next(iter(facts))]

    def of(self, known: KnownThing, now: float) -> Sequence[Sighting]:
        """What a thing said under any of its addresses, the last word last."""
        sources = {known.id, known.mac, *known.aliases, *(f"ip:{ip}" for ip in known.ips)}
        found = [
            fact
            for source in sources & self._sources.keys()
            for fact in self._sources[source].values()
            if now - fact.at <= AGE_S_MAX
        ]
        return sorted(found, key=lambda fact: fact.at)
