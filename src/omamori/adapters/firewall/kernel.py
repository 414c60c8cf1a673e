"""Kernel: a plan held by nftables, in tables of our own, with one transaction for each change."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from omamori.adapters.firewall import script
from omamori.adapters.firewall.generation import generation
from omamori.adapters.firewall.library import LIBRARY, FirewallError, Nftables
from omamori.adapters.firewall.ports import foreign_ports
from omamori.adapters.firewall.probe import probe
from omamori.hub.guarding.plan import BRIDGED, OBSERVING, Features, Plan
from omamori.hub.guarding.rules import TABLE, Rules, desired

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omamori.documents.reason import Reason
    from omamori.hub.ports import Firewall


class KernelFirewall:
    """`hub.ports.Firewall` on this machine's kernel.

    Whoever writes between two of our changes is noticed by the kernel's own count of changes: then
    everything is written again. Between that look and our change, another hub is noticed by a mark
    that only we know. Whoever writes last holds, and nobody's plan is half there.

    Args:
        nftables: the library.
        bridge: name of the home's bridge; empty where this machine only routes.
    """

    def __init__(self, nftables: Nftables, bridge: str = "") -> None:
        self._nftables = nftables
        self._bridge = bridge
        self._features = probe(nftables, bridge)
        self._held: Rules | None = None
        self._asked: tuple[Plan, tuple[str, ...]] | None = None
        self._mark = ""
        self._generation: int | None = None

    def features(self) -> Features:
        """What can be held here."""
        return self._features

    def apply(self, plan: Plan, now: float) -> None:
        """Hold exactly this plan.

        Raises:
            RefusedError: when the plan is malformed or the kernel refuses; what was in force stays.
        """
        foreign = foreign_ports(self._bridge) if self._bridge else ()
        before = generation()
        is_ours = before is not None and before == self._generation
        if is_ours and (plan, foreign) == self._asked:
            return
        bridged, routed = desired(plan, now, foreign)
        if self._features.force == OBSERVING:
            if plan.cuts or plan.pairs or plan.carriers:
                raise FirewallError("firewall.observing")
            return
        rules = bridged if self._features.force == BRIDGED else routed
        mark = f"mark-{secrets.token_hex(8)}"
        if not ((is_ours or before is None) and self._changed(rules, mark)):
            self._written(rules, mark)
        self._held, self._asked, self._mark = rules, (plan, foreign), mark
        after = generation()
        is_only_ours = before is not None and after == before + 1
        self._generation = after if is_only_ours else None

    def _changed(self, rules: Rules, mark: str) -> bool:
        """Only what differs, if nobody else wrote since."""
        if self._held is None:
            return False
        commands = script.changing(self._held, rules, (self._mark, mark))
        if commands is None:
            return False
        try:
            self._nftables.run(commands)
        except FirewallError:
            return False
        return True

    def _written(self, rules: Rules, mark: str) -> None:
        kept = {(table.family, name) for table in rules.tables for name in table.counters}
        found = self._counters()
        if found:
            try:
                stale = [key for key in found if key not in kept]
                self._nftables.run(script.refilling(rules, mark, stale))
            except FirewallError:
                pass  # an older program's table, or another hub's deletion came between
            else:
                return
        self._nftables.run(script.anew(rules, mark))

    def _counters(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        try:
            told = self._nftables.run([{"list": {"counters": {}}}])
        except FirewallError:
            return found
        for entry in told:
            one = entry.get("counter")
            if isinstance(one, dict) and one.get("table") == TABLE:
                found[str(one["family"]), str(one["name"])] = int(one.get("packets", 0))
        return found

    def stopped(self) -> Mapping[str, int]:
        """How many frames were stopped, by thing, since it first came into a plan."""
        told: dict[str, int] = {}
        things = self._held.counters if self._held else {}
        for (_family, name), count in self._counters().items():
            if name in things:
                told[things[name]] = told.get(things[name], 0) + count
        return {thing: count for thing, count in told.items() if count}

    def clear(self) -> None:
        """Take everything of ours away.

        Raises:
            RefusedError: when the kernel refuses.
        """
        self._held = self._asked = self._generation = None
        if self._features.force != OBSERVING:
            self._nftables.run(script.clearing())

    def close(self) -> None:
        """Give the library back; the kernel goes on holding what it holds."""
        self._nftables.close()


class ObservingFirewall:
    """Holds nothing, and says why."""

    def __init__(self, why: Reason) -> None:
        self._why = why

    def features(self) -> Features:
        """Nothing can be held here."""
        return Features(OBSERVING, why=(self._why,))

    def apply(self, plan: Plan, now: float) -> None:
        """Hold nothing.

        Raises:
            RefusedError: when anything is wanted.
        """
        desired(plan, now)
        if plan.cuts or plan.pairs or plan.carriers:
            raise FirewallError("firewall.observing")

    def stopped(self) -> Mapping[str, int]:
        """Nothing."""
        return {}

    def clear(self) -> None:
        """There is nothing to take away."""


def open_firewall(bridge: str = "", library: str = LIBRARY) -> Firewall:
    """The best that this machine can hold; `features()` says what that is, and why not more."""
    try:
        return KernelFirewall(Nftables(library), bridge)
    except FirewallError as refused:
        return ObservingFirewall(refused.reason)
