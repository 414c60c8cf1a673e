"""What a broker is told of a home and may ask of it; whoever puts the home together answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from omamori.documents.reason import Reason, RefusedError
from omamori.hub.commanding.slots import MOMENTARY
from omamori.hub.points import Given, Point

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NEVER = MOMENTARY | {"pacing_bpm"}
"""Points that no broker is ever offered: what happens once and cannot be taken back, and bodies."""


class BrokerError(RefusedError):
    """What came from a broker, or a wish that came through it, cannot be followed."""


class PointShown(msgspec.Struct, frozen=True):
    """A point that can be set.

    Attributes:
        name: what the family calls it; `value` what it shows now, None while nobody knows.
    """

    point: Point
    name: str
    value: Given | None = None


class ThingShown(msgspec.Struct, frozen=True):
    """A thing of the home, in the words of one language.

    Attributes:
        kind: of `identify_kinds.KINDS`; `kind_words` the same in words.
        rung: its level here; None where it has none.
        state: in words, one of `BrokerHome.states`.
        alert: the one sentence of its gravest open alert, or empty; `todo` what to do.
        is_cut: it is cut off now; `can_cut`: a broker may ask for that.
    """

    id: str
    name: str
    kind: str
    kind_words: str
    state: str
    maker: str = ""
    rung: int | None = None
    alert: str = ""
    todo: str = ""
    is_cut: bool = False
    can_cut: bool = False
    points: tuple[PointShown, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """What became of a wish.

    Attributes:
        point: of `hub.points.POINTS`; ``cut`` where it was to cut a thing off.
        state: of `commanding.command`; `reason` in words, empty where there is nothing to say.
    """

    thing: str
    point: str
    state: str
    reason: str = ""


class BrokerHome(Protocol):
    """A home as a broker may know it."""

    def things(self) -> Sequence[ThingShown]:
        """Every thing of the home now."""
        ...

    def states(self) -> tuple[str, ...]:
        """Every state that a thing can have, in words."""
        ...

    def said(self, reason: Reason) -> str:
        """A reason, or the name of an entity, in words."""
        ...

    def ask(self, thing: str, point: str, value: Given, tell: Callable[[Answer], None]) -> None:
        """Ask for a value; `tell` hears whatever becomes of it, perhaps at once and more than once."""
        ...

    def set_cut(self, thing: str, *, cut: bool) -> None:
        """Cut a thing off, or take that back.

        Raises:
            RefusedError: that is not for a broker to say.
        """
        ...
