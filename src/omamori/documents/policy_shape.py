"""The parts of a table of rules: what may be asked about, and what a rule says, all of it finite."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason

ALLOW, LIMIT, ASK, REFUSE = "allow", "limit", "ask", "refuse"
EFFECTS = (ALLOW, LIMIT, ASK, REFUSE)
"""The mildest first; of several that hold, the strictest is the answer."""

POLICY_OCTETS_MAX = 524_288  # a thousand rules of 500 octets each
RULES_MAX = 1_000  # twenty times the rules that a home begins with
LIST_MAX = 64  # values in one list; there are 54 kinds of things
UNLESS_MAX = 8  # exceptions of one rule
WORDS_MAX = 300  # characters of a sentence that a person wrote; pages show 400
SHOWN_MAX = 48  # characters of a wrong value that an error repeats
ID_MAX = 48  # characters of a rule's name

Plain = str | int | bool
"""A value that can be asked about."""


class Attribute(msgspec.Struct, frozen=True):
    """One thing that a rule may ask about.

    Attributes:
        values: all it can be, in their order; empty where any word is possible (industries).
        is_ordered: whether ``at_least`` and ``at_most`` have a meaning.
        wraps: the order is a circle, as the hours are: from 22 at most 5 is the night.
    """

    name: str
    values: tuple[Plain, ...] = ()
    is_ordered: bool = False
    wraps: bool = False

    @property
    def of(self) -> type[str | int | bool]:
        """The type of its values; a bool is no number here."""
        return type(self.values[0]) if self.values else str


Vocabulary = dict[str, Attribute]
Box = dict[str, frozenset[Plain]]
"""A conjunction: for each attribute that it names, the values that fit."""


class Rule(msgspec.Struct, frozen=True):
    """One rule.

    Attributes:
        when: must hold; `unless` must not hold, none of them.
        why: the reason that it gives.
        line: where it begins in its file; 0 for what is built in.
    """

    id: str
    effect: str
    when: Box
    unless: tuple[Box, ...]
    why: Reason
    line: int = 0


def overlap(one: Box, other: Box) -> bool:
    """Whether some question fits both, the attributes taken one by one."""
    return all(not values.isdisjoint(other[name]) for name, values in one.items() if name in other)


def within(inner: Box, outer: Box) -> bool:
    """Whether all that fits `inner` fits `outer`."""
    return all(name in inner and inner[name] <= values for name, values in outer.items())


def shown(told: object) -> str:
    """A wrong value as it may stand in a sentence: short and printable."""
    said = told if isinstance(told, str) else _KINDS.get(type(told), type(told).__name__)
    return "".join(c if c.isprintable() else "?" for c in said[:SHOWN_MAX])


_KINDS: dict[type, str] = {dict: "{…}", list: "[…]"}
