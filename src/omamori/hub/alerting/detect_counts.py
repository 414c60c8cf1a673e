"""Bounded counting of different things within a while, for detectors; fair under floods."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from omamori.hub.finding import FACTS_MAX, Fact
from omamori.hub.flow import ACK, ASKS, FIN, RST, SYN

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from omamori.hub.flow import Flow

KEYS_MAX = 1024  # senders (and what they aim at) that are counted at once
ITEMS_MAX = 16_384  # different things counted at once, over all keys: about 6 MB
ITEMS_PER_KEY_MAX = 1024  # more are as bad as so many
EVICT_SHARE = 4  # a full table lets go of one part in so many at once
REPEATED_AFTER_S = 300.0  # what goes on is found again, so that its alert stays open
MINUTE_S, HOUR_S = 60.0, 3600.0

_FLAGS = {SYN: "SYN", SYN | ACK: "SYN, ACK", RST: "RST", RST | ACK: "RST, ACK", FIN | ACK: "FIN"}


class Count:
    """What one key was heard with lately.

    Attributes:
        items: different things, each with its latest flow, the latest last.
        size: how many of them made it enough.
        level: so many are found next.
        found_at: when it was found last.
    """

    __slots__ = ("found_at", "items", "level", "size")

    def __init__(self, level: int) -> None:
        self.items: dict[Hashable, Flow] = {}
        self.size = 0
        self.level = level
        self.found_at = 0.0

    def flows(self) -> list[Flow]:
        """The flows that made it enough."""
        return list(self.items.values())[-self.size :]

    def facts(self) -> tuple[Fact, ...]:
        """The packets' facts: the first ones, and the last."""
        return facts(self.flows())


class Different:
    """How many different items each key was heard with, within a sliding while.

    A key is found when it has ``enough`` within ``while_s``, or ``slow`` within the longer
    ``slow_s``; again each time that this doubles, and again while it goes on. A full table lets go of the keys with the fewest items: a flood of made-up keys
    carries the least evidence, and pushes out itself.

    Attributes:
        evicted: keys let go because there were too many.
    """

    def __init__(
        self, enough: int, slow: int = 0, while_s: float = MINUTE_S, slow_s: float = HOUR_S
    ) -> None:
        """Count up to ``enough``, and over ``slow_s`` up to ``slow``, unless that is 0."""
        self.enough = enough
        self.slow = slow
        self.while_s = while_s
        self._kept_s = max(while_s, slow_s) if slow else while_s
        self.evicted = 0
        self._counts: dict[Hashable, Count] = {}
        self._items = 0

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def items(self) -> int:
        """Items held, over all keys."""
        return self._items

    def add(self, key: Hashable, item: Hashable, flow: Flow, only: int = 0) -> Count | None:
        """Count an item; the count is given back when it is enough, or ``only`` so many."""
        count = self._counts.get(key)
        if count is None:
            count = self._new(key)
        items = count.items
        if items.pop(item, None) is None:
            self._items += 1
            if self._items > ITEMS_MAX:
                self._make_room(key)
        items[item] = flow
        self._forget_old(count, flow.at)
        size = len(items)
        if size > ITEMS_PER_KEY_MAX:
            del items[next(iter(items))]
            self._items -= 1
        return (
            count if size >= (only or self.enough) and self._finds(count, flow.at, only) else None
        )

    def _finds(self, count: Count, at: float, only: int) -> bool:
        """Whether it is enough, and news."""
        enough, latest = only or self.enough, count.items
        if not 0 <= at - count.found_at < REPEATED_AFTER_S:
            count.level = enough
        need = max(count.level, enough)
        count.size = len(latest)
        if self.slow and not only and count.size >= max(self.slow, need):
            pass  # slow, but much
        elif count.size < need or abs(at - _nth_last(latest, need).at) > self.while_s:
            return False
        else:
            count.size = need
        count.level = count.size * 2
        count.found_at = at
        return True

    def remove(self, key: Hashable, item: Hashable) -> None:
        """The item turned out to be harmless."""
        count = self._counts.get(key)
        if count is not None and count.items.pop(item, None) is not None:
            self._items -= 1

    def step(self, now: float) -> None:
        """Forget keys of which nothing is left."""
        for key, count in list(self._counts.items()):
            self._forget_old(count, now)
            if not count.items:
                del self._counts[key]

    def _forget_old(self, count: Count, at: float) -> None:
        items = count.items
        while items:
            first = next(iter(items))
            # What lies far in the future was heard before the clock was set back.
            if -self._kept_s <= at - items[first].at <= self._kept_s:
                return
            del items[first]
            self._items -= 1

    def _new(self, key: Hashable) -> Count:
        if len(self._counts) >= KEYS_MAX:
            self._make_room(key)
        count = self._counts[key] = Count(self.enough)
        return count

    def _make_room(self, kept: Hashable) -> None:
        """Let those go that have the fewest items; never the one that is being counted."""
        least = sorted(self._counts, key=lambda key: len(self._counts[key].items))
        for one in least[: max(len(least) // EVICT_SHARE, 1)]:
            if one != kept:
                self._items -= len(self._counts.pop(one).items)
                self.evicted += 1


def _nth_last(items: dict[Hashable, Flow], number: int) -> Flow:
    return next(islice(reversed(items.values()), number - 1, None))


def facts(flows: Iterable[Flow]) -> tuple[Fact, ...]:
    """Facts of these flows: of the first ones, and of the last."""
    heard = list(flows)
    if len(heard) > FACTS_MAX:
        heard = heard[: FACTS_MAX // 2] + heard[-FACTS_MAX // 2 :]
    return tuple(Fact(flow.at, flow.source, flow.target, what(flow)) for flow in heard)


def asker_of(flow: Flow) -> str:
    """Who asks: by its hardware address, if it is here; IPv6 lets it change the other each time."""
    return flow.mac if flow.is_from_here and flow.mac else flow.source


def asked_by(flow: Flow) -> tuple[str, ...]:
    """Whom an answer answers, as `asker_of` may have named it; nobody answers itself."""
    return () if flow.mac and flow.mac == flow.peer_mac else (flow.peer_mac, flow.target)


def what(flow: Flow) -> str:
    """What was said, as people who know protocols write it."""
    if flow.proto == "arp":
        return "arp asks" if flow.to_port == ASKS else "arp answers"
    if flow.proto in {"icmp", "icmp6"}:
        return f"{flow.proto} type {flow.from_port}"
    flags = _FLAGS.get(flow.flags, "") if flow.proto == "tcp" else ""
    return f"{flow.service} {flags}".rstrip()
