"""Scripts: rule sets as libnftables' JSON commands (libnftables-json(5)), each one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.guarding.rules import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.adapters.firewall.library import Command
    from omamori.hub.guarding.rule_values import Chain, Element, Group, Rule, Table
    from omamori.hub.guarding.rules import Rules

FAMILIES = ("bridge", "inet")
PRIORITY = -301  # before other programs' raw rules: what we stop, they need not look at


def changing(held: Rules, rules: Rules, marks: tuple[str, str]) -> list[Command] | None:
    """Only what differs; refused by the kernel unless the last mark is still there.

    None where chains differ, which is for a newer program.
    """
    if [(t.family, t.chains) for t in held.tables] != [(t.family, t.chains) for t in rules.tables]:
        return None
    commands: list[Command] = []
    for before, table in zip(held.tables, rules.tables, strict=True):
        place = {"family": table.family, "table": TABLE}
        gone = [name for name in before.counters if name not in set(table.counters)]
        come = [name for name in table.counters if name not in set(before.counters)]
        commands += [{"delete": {"counter": {**place, "name": marks[0]}}}]
        commands += [{"add": {"counter": {**place, "name": name}}} for name in (marks[1], *come)]
        for old, group in zip(before.groups, table.groups, strict=True):
            commands += _difference(old, group, place)
        commands += [{"delete": {"counter": {**place, "name": name}}} for name in gone]
    return commands


def _difference(old: Group, group: Group, place: dict[str, str]) -> list[Command]:
    if group.size or old.elements == group.elements:
        return []
    named = {**place, "name": group.name}
    if group.flags:
        return _filled(group, named)
    before, after = set(old.elements), set(group.elements)
    commands: list[Command] = []
    for verb, elements in (("delete", before - after), ("add", after - before)):
        if elements:
            told = [_element(element, group) for element in elements]
            commands.append({verb: {"element": {**named, "elem": told}}})
    return commands


def refilling(rules: Rules, mark: str, stale: Iterable[tuple[str, str]] = ()) -> list[Command]:
    """Refill what is there; counters, and whose answers are awaited, are kept.

    Args:
        rules: what must be held.
        mark: a new counter by which the next change knows that nobody else wrote.
        stale: counters (family, name) of things that are in no rule any more.
    """
    commands = [command for table in rules.tables for command in _table(table, mark, new=False)]
    commands += [
        {"delete": {"counter": {"family": family, "table": TABLE, "name": name}}}
        for family, name in stale
    ]
    kept = {table.family for table in rules.tables}
    return commands + [c for family in FAMILIES if family not in kept for c in _gone(family)]


def anew(rules: Rules, mark: str) -> list[Command]:
    """Put ours in place of whatever is there under our name."""
    gone = clearing()
    return gone + [command for table in rules.tables for command in _table(table, mark, new=True)]


def clearing(families: Iterable[str] = FAMILIES) -> list[Command]:
    """Take all of ours away."""
    return [command for family in families for command in _gone(family)]


def _gone(family: str) -> list[Command]:
    table = {"table": {"family": family, "name": TABLE}}
    return [{"add": table}, {"delete": table}]  # to delete what is not there would be refused


def _table(table: Table, mark: str, *, new: bool) -> list[Command]:
    place = {"family": table.family, "table": TABLE}
    commands: list[Command] = [{"add": {"table": {"family": table.family, "name": TABLE}}}]
    commands += [{"add": {"counter": {**place, "name": name}}} for name in (mark, *table.counters)]
    chains = [{**place, "name": chain.name} for chain in table.chains]
    for chain, named in zip(table.chains, chains, strict=True):
        commands.append({"add": {"chain": {**named, **_hook(chain)}}})
    commands += [{"flush": {"chain": named}} for named in chains]
    for group in table.groups:
        # The kernel marks the sets that frames fill: to add them again would be refused.
        commands += _group(group, place) if new or not group.size else []
    for chain in table.chains:
        commands += [
            {"add": {"rule": {**place, "chain": chain.name, "expr": _expressions(rule)}}}
            for rule in chain.rules
        ]
    return commands


def _hook(chain: Chain) -> dict[str, object]:
    if not chain.hook:
        return {}
    return {"type": "filter", "hook": chain.hook, "prio": PRIORITY, "policy": "accept"}


def _expressions(rule: Rule) -> list[object]:
    return list(rule)


def _group(group: Group, place: dict[str, str]) -> list[Command]:
    kind = "map" if group.leads_to else "set"
    named = {**place, "name": group.name}
    types = group.types[0] if len(group.types) == 1 else list(group.types)
    made: dict[str, object] = {**named, "type": types}
    if group.leads_to:
        made["map"] = group.leads_to
    if group.flags:
        made["flags"] = list(group.flags)
    if group.size:
        made["size"] = group.size
    commands: list[Command] = [{"add": {kind: made}}]
    if group.size:
        return commands
    return commands + _filled(group, named)


def _filled(group: Group, named: dict[str, str]) -> list[Command]:
    commands: list[Command] = [{"flush": {"map" if group.leads_to else "set": named}}]
    if group.elements:
        elements = [_element(element, group) for element in group.elements]
        commands.append({"add": {"element": {**named, "elem": elements}}})
    return commands


def _element(element: Element, group: Group) -> object:
    key: object = element.key
    if isinstance(key, tuple):
        key = {"concat": list(key)}
    elif "interval" in group.flags and isinstance(key, str):
        address, _, length = key.partition("/")
        key = {"prefix": {"addr": address, "len": int(length)}}
    if element.timeout_s:
        return {"elem": {"val": key, "timeout": element.timeout_s}}
    if group.leads_to == "verdict":
        return [key, {"jump": {"target": element.leads_to}}]
    if group.leads_to:
        return [key, element.leads_to]
    return key
