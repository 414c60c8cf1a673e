"""Probe: what this machine's kernel can hold, found by trying it in a table that never comes to be.

Each trial is one transaction that adds a table and deletes it again, so no frame ever meets it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from omamori.adapters.firewall.library import FirewallError, Nftables
from omamori.adapters.firewall.ports import is_bridge
from omamori.documents.reason import Reason
from omamori.hub.guarding.plan import BRIDGED, OBSERVING, ROUTED, Features

if TYPE_CHECKING:
    from omamori.adapters.firewall.library import Command

_HOOKED = {"type": "filter", "hook": "forward", "prio": 0, "policy": "accept"}
_SYN = {
    "match": {"op": "==", "left": {"payload": {"base": "th", "offset": 144, "len": 8}}, "right": 96}
}
_CT = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "established"}}
_NAME = {"match": {"op": "==", "left": {"meta": {"key": "ibrname"}}, "right": "br0"}}
_INGRESS = {"type": "filter", "hook": "ingress", "dev": "lo", "prio": 0, "policy": "accept"}


def _trial(family: str, rule: list[object], hook: dict[str, object] | None = None) -> list[Command]:
    name = f"omamori_probe_{os.getpid()}"
    chain = {"family": family, "table": name, "name": "c", **(hook or _HOOKED)}
    return [
        {"add": {"table": {"family": family, "name": name}}},
        {"add": {"chain": chain}},
        {"add": {"rule": {"family": family, "table": name, "chain": "c", "expr": rule}}},
        {"delete": {"table": {"family": family, "name": name}}},
    ]


def _timed() -> list[Command]:
    name = f"omamori_probe_{os.getpid()}"
    made = {
        "family": "inet",
        "table": name,
        "name": "s",
        "type": "ether_addr",
        "flags": ["timeout"],
    }
    return [
        {"add": {"table": {"family": "inet", "name": name}}},
        {"add": {"set": made}},
        {"delete": {"table": {"family": "inet", "name": name}}},
    ]


_TRIALS: dict[str, list[Command]] = {
    "bridge": _trial("bridge", [_SYN, {"drop": None}]),
    "inet": _trial("inet", [{"drop": None}]),
    "netdev": _trial("netdev", [{"drop": None}], _INGRESS),
    "timeout": _timed(),
    "ct-bridge": _trial("bridge", [_CT, {"drop": None}]),
    "reject-bridge": _trial("bridge", [{"reject": None}], {**_HOOKED, "hook": "input"}),
    "bridge-name": _trial("bridge", [_NAME, {"drop": None}]),
}


def probe(nftables: Nftables, bridge: str) -> Features:
    """Try everything; `bridge` is the name of the home's bridge, empty where there is none."""
    can: set[str] = set()
    refusals: dict[str, Reason] = {}
    for name, trial in _TRIALS.items():
        try:
            nftables.run(trial)
        except FirewallError as refused:
            refusals[name] = refused.reason
        else:
            can.add(name)
    if not {"inet", "timeout"} <= can:
        return Features(OBSERVING, frozenset(can), (_why(refusals),))
    if "bridge" not in can:
        return Features(ROUTED, frozenset(can), (Reason("firewall.no-bridge-rules"),))
    if not bridge:
        return Features(ROUTED, frozenset(can), (Reason("firewall.no-bridge"),))
    if not is_bridge(bridge):
        return Features(
            ROUTED, frozenset(can), (Reason("firewall.not-a-bridge", {"name": bridge}),)
        )
    return Features(BRIDGED, frozenset(can))


def _why(refusals: dict[str, Reason]) -> Reason:
    if any("not permitted" in str(reason.params.get("why", "")) for reason in refusals.values()):
        return Reason("firewall.no-rights")
    return Reason("firewall.no-kernel")
