"""Crowded: where many tables share one limit, the fullest give first."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Table = TypeVar("Table")


def relieve(
    tables: Iterable[Table], size: Callable[[Table], int], give: Callable[[Table], int], excess: int
) -> int:
    """Let the fullest tables give entries up until ``excess`` are gone; returns how many went.

    Looking for the fullest costs a look at each table: callers ask for many entries at once.

    Args:
        tables: all that share the limit.
        size: how many entries a table holds.
        give: lets a table give some up; returns 0 when it has none to give.
        excess: entries to be gone.
    """
    ranked = [(-size(table), number, table) for number, table in enumerate(tables)]
    heapify(ranked)
    gone = 0
    while ranked and gone < excess:
        held, number, table = heappop(ranked)
        if give(table):
            gone += -held - size(table)
            heappush(ranked, (-size(table), number, table))
    return gone
