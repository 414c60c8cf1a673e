"""Memory: the same rules as the kernel's, played on raw frames in a home that is only simulated.

It answers for each frame what the kernel would (`tests/adapters/firewall` compares the two).
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from omamori.adapters.firewall.expressions import Heard, key_of, number_of, value_of
from omamori.hub.guarding.plan import BRIDGED, Features, Place, Plan
from omamori.hub.guarding.rules import desired

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network

    from omamori.hub.guarding.rule_values import Chain, Group, Key, Rule, Statement, Table
    from omamori.hub.guarding.rules import Rules

HUB = ""
"""Instead of a port: this machine itself."""

_END, _GO_ON, _BACK = "end", "", "back"
_IP_KINDS = (0x0800, 0x86DD)


class _Members:
    """A set or map as it is now."""

    def __init__(self, group: Group, now: float) -> None:
        self.name = group.name
        self.size = group.size
        self._prefixes: list[IPv4Network | IPv6Network] = []
        self._held: dict[bytes, tuple[str, float]] = {}
        for element in group.elements:
            if "interval" in group.flags:
                self._prefixes.append(ip_network(str(element.key)))
                continue
            end = now + element.timeout_s if element.timeout_s else float("inf")
            self._held[_key(element.key, group.types)] = (element.leads_to, end)

    def find(self, key: bytes, now: float) -> str | None:
        """What a key leads to; None where it is not here."""
        if self._prefixes:
            number = int.from_bytes(key, "big")
            found = any(
                int(prefix.network_address) <= number <= int(prefix.broadcast_address)
                for prefix in self._prefixes
                if prefix.max_prefixlen == len(key) * 8
            )
            return "" if found else None
        led, end = self._held.get(key, ("", float("-inf")))
        return led if now < end else None

    def note(self, key: bytes, now: float, timeout_s: int) -> bool:
        """Put a key in; no room is no entry."""
        if len(self._held) >= self.size and key not in self._held:
            self._held = {k: held for k, held in self._held.items() if now < held[1]}
            if len(self._held) >= self.size:
                return False
        self._held[key] = ("", now + timeout_s)
        return True


def _key(key: Key, types: tuple[str, ...]) -> bytes:
    parts = key if isinstance(key, tuple) else (key,)
    return b"".join(key_of(part, kind) for part, kind in zip(parts, types, strict=True))


class _Played:
    """One table: its chains, its sets, what it counted."""

    def __init__(self, table: Table, now: float, before: _Played | None) -> None:
        self._chains: dict[str, Chain] = {chain.name: chain for chain in table.chains}
        self._members: dict[str, _Members] = {}
        for group in table.groups:
            kept = before._members.get(group.name) if before and group.size else None  # noqa: SLF001 - of its own kind
            self._members[group.name] = kept or _Members(group, now)
        self.counted: dict[str, int] = {
            name: before.counted.get(name, 0) if before else 0 for name in table.counters
        }

    def drops(self, chain: str, heard: Heard, now: float) -> bool:
        """The chain at a hook stops this frame."""
        return chain in self._chains and self._run(chain, heard, now) == "drop"

    def _run(self, name: str, heard: Heard, now: float) -> str:
        for rule in self._chains[name].rules:
            said = self._rule(rule, heard, now)
            if said == _BACK:
                return _GO_ON
            if said not in {_GO_ON, _END}:
                return said
        return _GO_ON

    def _rule(self, rule: Rule, heard: Heard, now: float) -> str:
        for statement in rule:
            said = self._statement(statement, heard, now)
            if said != _GO_ON:
                return said
        return _GO_ON

    def _statement(self, statement: Statement, heard: Heard, now: float) -> str:
        ((verb, told),) = statement.items()
        if verb == "match":
            return _GO_ON if self._matches(told, heard, now) else _END
        if verb in {"accept", "drop"}:
            return verb
        if verb == "return":
            return _BACK
        if verb == "jump":
            return self._run(told["target"], heard, now)
        if verb == "goto":
            return self._run(told["target"], heard, now) or _BACK
        return self._by_map(verb, told, heard, now)

    def _by_map(self, verb: str, told: Statement, heard: Heard, now: float) -> str:
        if verb == "set":
            key = value_of(told["elem"]["elem"]["val"], heard)
            noted = self._members[told["set"][1:]]
            timeout_s = told["elem"]["elem"]["timeout"]
            return _GO_ON if key is not None and noted.note(key, now, timeout_s) else _END
        named = told["map"] if verb == "counter" else told
        key = value_of(named["key"], heard)
        led = None if key is None else self._members[named["data"][1:]].find(key, now)
        if led is None:
            return _END
        if verb == "counter":
            self.counted[led] += 1
            return _GO_ON
        return self._run(led, heard, now)

    def _matches(self, told: Statement, heard: Heard, now: float) -> bool:
        value = value_of(told["left"], heard)
        if value is None:
            return False
        right = told["right"]
        if isinstance(right, str) and right.startswith("@"):
            found = self._members[right[1:]].find(value, now) is not None
        else:
            number = int.from_bytes(value, "big")
            wanted = right["set"] if isinstance(right, dict) else [right]
            found = any(_equals(number, one) for one in wanted)
        return found is (told["op"] == "==")


def _equals(number: int, wanted: object) -> bool:
    if isinstance(wanted, dict):
        low, high = wanted["range"]
        return bool(low <= number <= high)
    return number == number_of(wanted)


class MemoryFirewall:
    """`hub.ports.Firewall` for a simulated network: ask `passes` for each frame."""

    def __init__(self) -> None:
        self._tables: dict[str, _Played] = {}
        self._things: dict[str, str] = {}
        self._hub = Place("hub")

    def features(self) -> Features:
        """Everything that the kernel's rules need."""
        return Features(BRIDGED, frozenset({"bridge", "inet", "timeout"}))

    def apply(self, plan: Plan, now: float) -> None:
        """Hold exactly this plan.

        Raises:
            RefusedError: when the plan is malformed; what was in force stays.
        """
        rules: Rules = desired(plan, now)[0]
        self._tables = {
            table.family: _Played(table, now, self._tables.get(table.family))
            for table in rules.tables
        }
        self._things = rules.counters
        self._hub = plan.hub

    def passes(self, frame: bytes, in_port: str, now: float, out_port: str = HUB) -> bool:
        """Whether a frame gets through.

        Args:
            frame: from its Ethernet header on.
            in_port: where it comes in; `HUB` for what this machine sends.
            now: which cuts still hold.
            out_port: where it would leave; for what goes to this machine it does not count. Where
                it is not known, ports play no part on the way out.
        """
        heard = Heard.of(frame, in_port, out_port)
        if heard is None or not self._tables:
            return heard is not None
        if in_port == HUB:
            return not self._stopped(heard, now, (("inet", "outward"), ("bridge", "outward")))
        if heard.target not in {key_of(mac, "ether_addr") for mac in self._hub.macs}:
            return not self._stopped(heard, now, (("bridge", "before"), ("bridge", "between")))
        own = heard.to_ip() in {key_of(ip, "ip") for ip in self._hub.ips}
        return self._to_hub(heard, now, "inward" if own or not self._hub.ips else "between")

    def hears(self, frame: bytes, in_port: str, now: float) -> bool:
        """Whether this machine itself takes a frame that is for all."""
        heard = Heard.of(frame, in_port, HUB)
        return heard is not None and (not self._tables or self._to_hub(heard, now, "inward"))

    def _to_hub(self, heard: Heard, now: float, last: str) -> bool:
        ways = (("bridge", "before"), ("bridge", "inward"), ("inet", "before"), ("inet", last))
        return not self._stopped(heard, now, ways)

    def _stopped(self, heard: Heard, now: float, ways: tuple[tuple[str, str], ...]) -> bool:
        return any(
            self._tables[family].drops(chain, heard, now)
            for family, chain in ways
            if family == "bridge" or heard.protocol in _IP_KINDS
        )

    def stopped(self) -> Mapping[str, int]:
        """How many frames were stopped, by thing."""
        told: dict[str, int] = {}
        for table in self._tables.values():
            for name, count in table.counted.items():
                if count:
                    told[self._things[name]] = told.get(self._things[name], 0) + count
        return told

    def clear(self) -> None:
        """Hold nothing."""
        self._tables = {}
        self._things = {}
