"""Rule chains: what each way through the hub lets pass. They never change; the sets beside them do.

`ct` is not to be had in every kernel's bridge family, so who may answer is remembered in sets that
frames themselves fill (`seen4`, `seen6`). Everything a limited thing may do is listed; what is not
listed, cannot be parsed or comes in pieces is stopped.
"""

from __future__ import annotations

from omamori.hub.guarding.plan import DISCOVER, NONE, READ
from omamori.hub.guarding.rule_services import (
    ARP,
    ARP_FROM,
    ARP_TO,
    BASIC_PORTS,
    DPORT,
    FROM,
    ICMP6,
    IGMP,
    IN,
    L4,
    LISTENERS,
    NEIGHBOURS,
    NOTE,
    OUT,
    PIECE,
    ROUTER_ASKED,
    ROUTER_SAYS,
    SPORT,
    STOP,
    TCP,
    TO,
    TO_GROUP,
    TYPE,
    UDP,
    V4_FROM,
    V4_TO,
    V6_FROM,
    V6_TO,
    answers,
    finding,
    group,
    note,
    reading,
)
from omamori.hub.guarding.rule_values import (
    ACCEPT,
    DROP,
    RETURN,
    Chain,
    Expression,
    Rule,
    Statement,
    among,
    counted,
    field,
    goto,
    joined,
    jump,
    led,
    unlike,
    where,
)


def _carrier(*, router_known: bool) -> tuple[Rule, ...]:
    return (
        (ARP, RETURN),
        *_outside(router_known=router_known),
        *answers()[1:],
        (IGMP, RETURN),
        (UDP, among(DPORT, 67, 547), RETURN),
        (ICMP6, among(TYPE, *LISTENERS, ROUTER_ASKED), RETURN),
        (where(TO, "@router"), UDP, among(DPORT, *BASIC_PORTS), RETURN),
        (where(TO, "@router"), TCP, among(DPORT, *BASIC_PORTS), RETURN),
        (where(joined(FROM, L4, DPORT), "@doors"), RETURN),
        (goto(STOP),),
    )


def _asks_address(*arp: Statement) -> tuple[Rule, ...]:
    """What a cut thing may say: asked of somebody here, for a router would pass on even this."""
    here4, here6 = where(V4_TO, "@local4"), where(V6_TO, "@local6")
    return (
        (ARP, *arp, ACCEPT),
        (PIECE, goto(STOP)),
        (UDP, where(SPORT, 68), where(DPORT, 67), here4, ACCEPT),
        (UDP, where(SPORT, 546), where(DPORT, 547), here6, ACCEPT),
        # What asks also says where the asker is (RFC 4861 §4.1, §4.3): in nobody else's name. What
        # it claims in answers (§4.4) no rule can compare with its address, so it gives none.
        *(
            (ICMP6, among(TYPE, ROUTER_ASKED, NEIGHBOURS[0]), source, here6, ACCEPT)
            for source in (where(V6_FROM, "::"), where(joined(V6_FROM, FROM), "@known6"))
        ),
    )


def _gives_address() -> tuple[Rule, ...]:
    here4, here6 = where(V4_FROM, "@local4"), where(V6_FROM, "@local6")
    return (
        (ARP, ACCEPT),
        (PIECE, goto(STOP)),
        (UDP, where(SPORT, 67), where(DPORT, 68), here4, ACCEPT),
        (UDP, where(SPORT, 547), where(DPORT, 546), here6, ACCEPT),
        (ICMP6, among(TYPE, ROUTER_SAYS, *NEIGHBOURS), here6, ACCEPT),
    )


def _reaches() -> tuple[Chain, ...]:
    noted, stop = goto(NOTE), (goto(STOP),)
    return (
        Chain(STOP, ((counted(FROM, "whose"),), (DROP,))),
        Chain(NOTE, note()),
        Chain(NONE, (*answers(), stop)),
        Chain(DISCOVER, (*answers(), *finding(noted), stop)),
        Chain(READ, (*answers(), *finding(noted), *reading(noted), stop)),
    )


def _cut_by_address() -> tuple[Rule, ...]:
    return (
        (where(V4_FROM, "@cut4"), goto(STOP)),
        (where(V4_TO, "@cut4"), goto(STOP)),
        (where(V6_FROM, "@cut6"), goto(STOP)),
        (where(V6_TO, "@cut6"), goto(STOP)),
    )


def _by_address() -> tuple[Rule, ...]:
    return (
        (led(joined(V4_FROM, V4_TO), "pairs4"),),
        (led(joined(V6_FROM, V6_TO), "pairs6"),),
    )


def _claims() -> tuple[Rule, ...]:
    """An address belongs to the hardware it is known at."""
    by: tuple[tuple[Rule, Expression, Expression, str], ...] = (
        ((), V4_FROM, FROM, "4"),
        ((), V6_FROM, FROM, "6"),
        ((ARP,), ARP_FROM, FROM, "4"),
        ((ARP,), ARP_FROM, field("arp", "saddr ether"), "4"),
    )
    return tuple(
        (
            unlike(FROM, "@router"),
            *kind,
            where(address, f"@home{version}"),
            unlike(joined(address, hardware), f"@known{version}"),
            goto(STOP),
        )
        for kind, address, hardware, version in by
    )


def _outside(*, router_known: bool) -> tuple[Rule, ...]:
    through = (where(TO, "@router"),) if router_known else ()
    return (
        (*through, unlike(V4_TO, "@local4"), RETURN),
        (*through, unlike(V6_TO, "@local6"), RETURN),
    )


def _strangers() -> tuple[Rule, ...]:
    """Whoever the plan does not know may read what can harm: a made-up address is always new."""
    stranger, to_stranger = unlike(FROM, "@familiar"), unlike(TO, "@familiar")
    return (
        (where(FROM, "@guarded"), to_stranger, jump(NOTE)),
        *(
            (where(to, name), stranger, goto(READ))
            for to, name in ((TO, "@guarded"), (V4_TO, "@guarded4"), (V6_TO, "@guarded6"))
        ),
    )


def _between(*, guarding: bool) -> tuple[Rule, ...]:
    """From one port of the bridge to another."""
    all_hear = ((TO_GROUP, unlike(FROM, "@familiar"), jump("to_all")),) if guarding else ()
    stranger = unlike(joined(FROM, IN), "@at")
    return (
        (where(IN, "@foreign"), ACCEPT),
        (where(IN, "@cut_port"), goto("cut_from")),
        (where(FROM, "@cut"), goto("cut_from")),
        (where(OUT, "@cut_port"), goto("cut_to")),
        (where(TO, "@cut"), goto("cut_to")),
        *_cut_by_address(),
        (ARP, where(ARP_FROM, "@cut4"), goto(STOP)),
        (ARP, where(ARP_TO, "@cut4"), goto(STOP)),
        (where(IN, "@owned"), stranger, goto(STOP)),
        *_claims(),
        (where(TO, "@carrier"), jump(NOTE)),
        (where(FROM, "@carrier"), jump("carrying")),
        (TO_GROUP, where(joined(FROM, OUT), "@apart"), goto(STOP)),
        (ARP, where(joined(ARP_FROM, ARP_TO), "@apart4"), goto(STOP)),
        (TO_GROUP, where(FROM, "@limited"), jump("to_all")),
        *all_hear,
        (led(joined(FROM, TO), "pairs"),),
        *_by_address(),
        *(_strangers() if guarding else ()),
    )


def bridge_chains(*, router_known: bool, guarding: bool) -> tuple[Chain, ...]:
    """All chains of the bridge's table."""
    # nft itself would ask `ether type`, which does not see ARP behind a VLAN's tag.
    own = where(joined(ARP_FROM, FROM), "@known4")
    wrong_port = unlike(joined(FROM, IN), "@at")
    return (
        *_reaches(),
        Chain("to_all", group()),
        Chain("carrying", _carrier(router_known=router_known)),
        Chain("asks", _asks_address(own)),
        Chain("gives", _gives_address()),
        Chain(
            "cut_from",
            (
                (where(TO, "@router"), jump("asks")),
                (where(OUT, "@router_port"), jump("asks")),
                (goto(STOP),),
            ),
        ),
        Chain("cut_to", ((where(FROM, "@router"), jump("gives")), (goto(STOP),))),
        Chain("cut_hub", ((jump("asks"),), (goto(STOP),))),
        Chain("hub_cut", ((jump("gives"),), (DROP,))),
        Chain(
            "before",
            (
                (where(IN, "@foreign"), ACCEPT),
                (where(FROM, "@own"), goto(STOP)),
                # Before the bridge learns from it: a false sender must not draw another's frames.
                (where(FROM, "@bound"), wrong_port, goto(STOP)),
            ),
            "prerouting",
        ),
        Chain("between", _between(guarding=guarding), "forward"),
        Chain(
            "inward",
            (
                (where(IN, "@foreign"), ACCEPT),
                # Under its own name it is stopped one step later, where the hub still hears it.
                (where(IN, "@cut_port"), unlike(FROM, "@cut"), goto("cut_hub")),
                (
                    where(FROM, "@cut"),
                    ARP,
                    unlike(ARP_FROM, "0.0.0.0"),  # noqa: S104 - RFC 5227 §1.1: a probe
                    unlike(joined(ARP_FROM, FROM), "@known4"),
                    goto(STOP),
                ),
            ),
            "input",
        ),
        Chain(
            "outward",
            (
                (where(OUT, "@foreign"), ACCEPT),
                (where(TO, "@cut"), goto("hub_cut")),
                (where(OUT, "@cut_port"), goto("hub_cut")),
            ),
            "output",
        ),
    )


def inet_chains(*, guarding: bool) -> tuple[Chain, ...]:
    """All chains of the table for what this machine receives, sends and routes."""
    return (
        *(chain for chain in _without_arp(_reaches())),
        Chain("carrying", _without_arp_rules(_carrier(router_known=False))),
        Chain("asks", _without_arp_rules(_asks_address())),
        Chain("gives", _without_arp_rules(_gives_address())),
        Chain("cut_hub", ((jump("asks"),), (goto(STOP),))),
        Chain("hub_cut", ((jump("gives"),), (DROP,))),
        Chain(
            "before",
            (
                (where(FROM, "@cut"), goto("cut_hub")),
                (where(V4_FROM, "@cut4"), goto("cut_hub")),
                (where(V6_FROM, "@cut6"), goto("cut_hub")),
            ),
            "prerouting",
        ),
        Chain(
            "between",
            (
                # Bridged frames come here too where bridge-nf-call-iptables is on, as beside
                # containers; a router's own address in them tells them from routed ones.
                (where(TO, "@router"), where(FROM, "@cut"), jump("asks")),
                (where(FROM, "@router"), where(TO, "@cut"), jump("gives")),
                (where(FROM, "@cut"), goto(STOP)),
                *_cut_by_address(),
                (where(V4_TO, "@carrier4"), jump(NOTE)),
                (where(V6_TO, "@carrier6"), jump(NOTE)),
                (where(FROM, "@carrier"), jump("carrying")),
                # Whoever asks this machine to pass it on may have taken another IP address.
                (led(joined(FROM, V4_TO), "from4"),),
                (led(joined(FROM, V6_TO), "from6"),),
                *_by_address(),
                (where(IN, "@foreign"), ACCEPT),
                *(_strangers()[2:] if guarding else ()),
            ),
            "forward",
        ),
        Chain("inward", _by_address(), "input"),
        Chain(
            "outward",
            (
                (where(V4_TO, "@cut4"), goto("hub_cut")),
                (where(V6_TO, "@cut6"), goto("hub_cut")),
                *_by_address(),
            ),
            "output",
        ),
    )


def _without_arp_rules(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if ARP not in rule)


def _without_arp(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    return tuple(Chain(c.name, _without_arp_rules(c.rules), c.hook) for c in chains)
