"""Should: what a thing should do, by its maker's file or by its habits, put as a page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.mud_acl import (
    DNS_CLASS,
    GATEWAY_CLASS,
    ICMP,
    ICMP6,
    NTP_CLASS,
    PORT_MAX,
    TCP,
    UDP,
)
from omamori.hub.behaving.habit import LEARN_S
from omamori.web.views_talk import RuleView, ShouldView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.documents.mud import MudFile
    from omamori.documents.mud_acl import Ace, Ports
    from omamori.hub.behaving.habit import Habits, Key

RULES_SHOWN_MAX = 40
_CLASSES = {GATEWAY_CLASS: "router", DNS_CLASS: "names", NTP_CLASS: "names"}
_ROLES = {"resolver": "names", "clock": "names", "router": "router", "everyone": "local"}
_PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmp6"}
_WAYS = {"uses": "to", "offers": "from"}

Rule = tuple[str, str, str, str]
"""Who, name, country, direction: rules that differ in their services only are one."""


def should(habits: Habits | None, mud: MudFile | None, name_of: Callable[[str], str]) -> ShouldView:
    """What it should do; `name_of` gives the name of a thing here by its id."""
    if mud is not None:
        rules = _joined(_of_ace(ace, "to") for acl in mud.from_device for ace in acl.aces)
        back = _joined(_of_ace(ace, "from") for acl in mud.to_device for ace in acl.aces)
        every = _both(rules, back)
        return ShouldView(
            ground="declared",
            rules=every[:RULES_SHOWN_MAX],
            left_out=max(len(every) - RULES_SHOWN_MAX, 0),
            about=mud.system or " ".join(filter(None, (mud.maker, mud.model))),
            url=mud.url,
            notes=mud.notes,
            can_download=habits is not None and bool(habits.known),
        )
    if habits is None or not habits.known:
        return ShouldView()
    rules = _joined(_of_habit(key, name_of) for key in habits.known)
    return ShouldView(
        ground="learned" if habits.is_settled else "learning",
        rules=tuple(rules[:RULES_SHOWN_MAX]),
        left_out=max(len(rules) - RULES_SHOWN_MAX, 0),
        until=None if habits.is_settled else habits.since + LEARN_S,
        at=habits.since,
        can_download=True,
    )


def _of_habit(key: Key, name_of: Callable[[str], str]) -> tuple[Rule, str]:
    way, role, service = key
    kind, _, value = role.partition(":")
    direction = _WAYS.get(way, "both")
    if kind == "thing":
        return ("named", name_of(value), "", direction), service
    if kind == "name":
        return ("named", value, "", direction), service
    if kind in {"country", "outside"}:
        return ("outside", "", value, direction), service
    return (_ROLES.get(kind, "local"), "", "", direction), service


def _of_ace(ace: Ace, direction: str) -> tuple[Rule, str] | None:
    """What an accepting entry allows; refusing ones allow nothing."""
    if ace.forwarding != "accept":
        return None
    far_name = ace.target_name if direction == "to" else ace.source_name
    far_net = ace.target if direction == "to" else ace.source
    far_ports = ace.target_ports if direction == "to" else ace.source_ports
    who, name = _who(ace, far_name or far_net)
    proto = _PROTOCOLS.get(ace.protocol or 0, "")
    near_ports = ace.source_ports if direction == "to" else ace.target_ports
    return (who, name, "", direction), _service(proto, far_ports or near_ports)


def _who(ace: Ace, far: str) -> tuple[str, str]:
    if far:
        return "named", far
    if ace.controller:
        return _CLASSES.get(ace.controller, "controller"), ""
    if ace.is_my_controller:
        return "controller", ""
    if ace.is_same_maker:
        return "same-maker", ""
    if ace.maker or ace.model:
        return "named", ace.model or ace.maker
    return ("local" if ace.is_local else "anyone"), ""


def _service(proto: str, ports: Ports | None) -> str:
    if ports is None or not proto:
        return proto
    match ports.operator:
        case "eq":
            return f"{proto}/{ports.port}"
        case "range":
            return f"{proto}/{ports.port}-{ports.upper}"
        case "lte":
            return f"{proto}/0-{ports.port}"
        case "gte":
            return f"{proto}/{ports.port}-{PORT_MAX}"
    return proto


def _joined(told: Iterable[tuple[Rule, str] | None]) -> list[RuleView]:
    """One rule for all services with the same other side."""
    services: dict[Rule, dict[str, None]] = {}
    for rule, service in filter(None, told):
        services.setdefault(rule, {})[service] = None
    return [
        RuleView(who, name, country, tuple(filter(None, spoken)), direction)
        for (who, name, country, direction), spoken in services.items()
    ]


def _both(there: list[RuleView], back: list[RuleView]) -> tuple[RuleView, ...]:
    """Rules for what is sent, then those for what only comes; answers are no rule of their own."""
    sent = {(rule.who, rule.name) for rule in there}
    return (*there, *(rule for rule in back if (rule.who, rule.name) not in sent))
