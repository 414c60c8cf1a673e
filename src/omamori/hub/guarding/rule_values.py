"""Values a rule set is made of, in the words of libnftables' JSON (libnftables-json(5))."""

from __future__ import annotations

from typing import Any

import msgspec

Expression = Any
"""A JSON value: text, number, list or object."""

Statement = dict[str, Any]
Rule = tuple[Statement, ...]
Key = str | int | tuple[str | int, ...]

DROP: Statement = {"drop": None}
RETURN: Statement = {"return": None}
ACCEPT: Statement = {"accept": None}


class Element(msgspec.Struct, frozen=True):
    """A member of a set; of a map, with what it leads to.

    Attributes:
        key: one value, or one for each part of a joined key.
        leads_to: a chain to jump to (``stop`` and its like) or a counter; empty in plain sets.
        timeout_s: when the kernel forgets it by itself; 0 is never.
    """

    key: Key
    leads_to: str = ""
    timeout_s: int = 0


class Group(msgspec.Struct, frozen=True):
    """A set or a map.

    Attributes:
        types: of the key's parts.
        leads_to: ``verdict`` or ``counter`` for a map.
        flags: ``timeout``, ``interval``.
        size: the most it may hold, where frames fill it; then it is the kernel's, and a new plan
            leaves it as it is.
    """

    name: str
    types: tuple[str, ...]
    elements: tuple[Element, ...] = ()
    leads_to: str = ""
    flags: tuple[str, ...] = ()
    size: int = 0


class Chain(msgspec.Struct, frozen=True):
    """Rules in their order; with a hook, frames come to them by themselves."""

    name: str
    rules: tuple[Rule, ...]
    hook: str = ""


class Table(msgspec.Struct, frozen=True):
    """All of ours in one family."""

    family: str
    groups: tuple[Group, ...]
    chains: tuple[Chain, ...]
    counters: tuple[str, ...]


def meta(key: str) -> Expression:
    """What the kernel knows of a frame: ``iifname``, ``protocol``, ``l4proto`` and so on."""
    return {"meta": {"key": key}}


def field(protocol: str, name: str) -> Expression:
    """A field of a header by its name."""
    return {"payload": {"protocol": protocol, "field": name}}


def bits(offset: int, length: int) -> Expression:
    """Bits counted from the beginning of the transport header."""
    return {"payload": {"base": "th", "offset": offset, "len": length}}


def joined(*parts: Expression) -> Expression:
    """Several fields as one key."""
    return {"concat": list(parts)}


def masked(left: Expression, mask: int) -> Expression:
    """Some bits of a field."""
    return {"&": [left, mask]}


def where(left: Expression, right: Expression, op: str = "==") -> Statement:
    """Go on with this rule only where it holds; `right` may name a set: ``@cut``."""
    return {"match": {"op": op, "left": left, "right": right}}


def among(left: Expression, *values: Expression) -> Statement:
    """Go on with this rule only where the field is one of these."""
    return where(left, {"set": list(values)})


def unlike(left: Expression, right: Expression) -> Statement:
    """Go on with this rule only where it does not hold."""
    return where(left, right, "!=")


def jump(chain: str) -> Statement:
    """Ask another chain, and come back if it says nothing."""
    return {"jump": {"target": chain}}


def goto(chain: str) -> Statement:
    """Ask another chain, and do not come back here."""
    return {"goto": {"target": chain}}


def led(key: Expression, name: str) -> Statement:
    """Ask the chain that a map names for a key; nothing where it has none."""
    return {"vmap": {"key": key, "data": f"@{name}"}}


def counted(key: Expression, name: str) -> Statement:
    """Count at the counter that a map names for a key; ends the rule where it has none."""
    return {"counter": {"map": {"key": key, "data": f"@{name}"}}}


def noted(key: Expression, name: str, timeout_s: int) -> Statement:
    """Put a key into a set, or renew it there."""
    element = {"elem": {"val": key, "timeout": timeout_s}}
    return {"set": {"op": "update", "elem": element, "set": f"@{name}"}}
