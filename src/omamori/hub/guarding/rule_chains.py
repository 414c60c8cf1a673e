"""Rule chains: what each way through the hub lets pass. They never change; the sets beside them do.

`ct` is not to be had in every kernel's bridge family, so who may answer is remembered in sets that
frames themselves fill (`seen4`, `seen6`). Everything a limited thing may do is listed; what is not
listed, cannot be parsed or comes in pieces is stopped.
"""

from __future__ import annotations

from omamori.hub.guarding.plan import DISCOVER, NONE, READ
from omamori.hub.guarding.rule_values import (
    ACCEPT,
    DROP,
    RETURN,
    Chain,
    Expression,
    Rule,
    Statement,
    among,
    bits,
    counted,
    field,
    goto,
    joined,
    jump,
    led,
    masked,
    meta,
    noted,
    unlike,
    where,
)

STOP = "stop"
NOTE = "note"
UDP_ANSWER_S = 120  # RFC 4787 §4.3: a mapping lives two minutes at least
TCP_IDLE_S = 7440  # RFC 5382 §5: an idle connection lives 2 h 4 min at least

_FROM, _TO = field("ether", "saddr"), field("ether", "daddr")
_IN, _OUT = meta("iifname"), meta("oifname")
_V4_FROM, _V4_TO = field("ip", "saddr"), field("ip", "daddr")
_V6_FROM, _V6_TO = field("ip6", "saddr"), field("ip6", "daddr")
_ARP_FROM, _ARP_TO = field("arp", "saddr ip"), field("arp", "daddr ip")
_SPORT, _DPORT = field("th", "sport"), field("th", "dport")
_L4 = meta("l4proto")
_UDP, _TCP, _IGMP, _ICMP6 = where(_L4, 17), where(_L4, 6), where(_L4, 2), where(_L4, 58)
_ICMP = where(_L4, 1)
_ARP = where(meta("protocol"), "arp")
_TYPE = bits(0, 8)  # of ICMP and ICMPv6
_SYN = where(masked(bits(104, 8), 0x12), 0x02)  # RFC 9293 §3.1: SYN without ACK
_TO_GROUP = among(meta("pkttype"), "broadcast", "multicast")
_PIECE = unlike(masked(field("ip", "frag-off"), 0x3FFF), 0)  # RFC 791 §3.1: MF, or an offset

_ICMP_ANSWERS = (0, 3, 11, 12)  # RFC 792: echo reply, unreachable, time exceeded, parameter
_ICMP6_ANSWERS = (1, 2, 3, 4, 129)  # RFC 4443
_NEIGHBOURS = (135, 136)  # RFC 4861 §4.3, §4.4
_LISTENERS = (130, 131, 132, 143)  # RFC 2710, RFC 3810
_ECHO, _ECHO6 = 8, 128
_ROUTER_ASKED, _ROUTER_SAYS = 133, 134

_FINDING_PORTS = (5353, 1900, 3702, 5355)  # mDNS, SSDP, WS-Discovery, LLMNR
_BASIC_PORTS = (53, 67, 123, 547, 853)  # what a phone needs of its router: names, address, time

# ECHONET Lite specification part 2: EHD1 0x10, EHD2 0x81 (0x82 is any format: never let pass);
# TID 2, SEOJ 3, DEOJ 3, ESV 1 octets.
_ECHONET = (_UDP, where(_DPORT, 3610), where(bits(64, 16), 0x1081))
_ESV, _DEOJ_CLASS = bits(144, 8), bits(120, 16)
_ESV_ANSWERS = (0x50, 0x51, 0x52, 0x53, 0x5E, 0x71, 0x72, 0x7A, 0x7E)
_ESV_FINDING = (0x63, 0x73, 0x74)  # INF_REQ, INF, INFC
_ESV_GET = 0x62
_NODE_PROFILE = 0x0EF0
# RFC 7252 §3: version 1, then the code: 0.01 GET, 0.05 FETCH, empty, and answers 2.00 to 5.31.
_COAP = (_UDP, where(_DPORT, 5683), where(bits(64, 2), 1))
_COAP_CODE = bits(72, 8)
_COAP_ANSWERS = (0x00, {"range": [0x40, 0xBF]})
_COAP_READS = (0x01, 0x05, *_COAP_ANSWERS)

# ASHRAE 135 Annex J and clause 20: BVLC of a unicast or broadcast, NPDU version 1 without routing,
# then the APDU's type: acknowledgements, errors, rejects and aborts are 2 to 7.
_BACNET = (_UDP, where(_DPORT, 47808), where(bits(64, 8), 0x81), among(bits(72, 8), 0x0A, 0x0B))
_BACNET_PLAIN = (*_BACNET, where(bits(96, 8), 1), among(bits(104, 8), 0, 4))
_BACNET_KIND = bits(112, 4)
_BACNET_ANSWERS = (2, 3, 4, 5, 6, 7)
_SAME_DOOR = (3610, 3671, 5683, 47808)
"""ECHONET Lite, KNXnet/IP, CoAP and BACnet ask and answer at one port: there an answer's way back is
the door itself, and only its content tells that it is an answer."""

_FLOW4 = joined(_V4_FROM, _V4_TO, _L4, _SPORT, _DPORT)
_FLOW6 = joined(_V6_FROM, _V6_TO, _L4, _SPORT, _DPORT)
_BACK4 = joined(_V4_TO, _V4_FROM, _L4, _DPORT, _SPORT)
_BACK6 = joined(_V6_TO, _V6_FROM, _L4, _DPORT, _SPORT)


def _whole() -> tuple[Rule, ...]:
    """Pieces, and IPv6 headers before the transport's, could hide what is asked."""
    return (
        (_PIECE, goto(STOP)),
        (unlike(field("ip6", "nexthdr"), {"set": [0, 6, 17, 58]}), goto(STOP)),
        # RFC 2710 §3: hop-by-hop options come before listeners' reports, and nothing else here.
        (where(field("ip6", "nexthdr"), 0), unlike(_L4, 58), goto(STOP)),
    )


def _answers() -> tuple[Rule, ...]:
    return (
        (_ARP, RETURN),
        *_whole(),
        (_ICMP, among(_TYPE, *_ICMP_ANSWERS), RETURN),
        (_ICMP6, among(_TYPE, *_ICMP6_ANSWERS, *_NEIGHBOURS), RETURN),
        *(
            rule
            for flow, seen in ((_FLOW4, "@seen4"), (_FLOW6, "@seen6"))
            for rule in (
                (_TCP, where(flow, seen), RETURN),
                (_UDP, unlike(_DPORT, {"set": list(_SAME_DOOR)}), where(flow, seen), RETURN),
                (*_COAP, where(flow, seen), among(_COAP_CODE, *_COAP_ANSWERS), RETURN),
                (*_BACNET_PLAIN, where(flow, seen), among(_BACNET_KIND, *_BACNET_ANSWERS), RETURN),
            )
        ),
        (*_ECHONET, among(_ESV, *_ESV_ANSWERS), RETURN),
    )


def _finding(then: Statement) -> tuple[Rule, ...]:
    return (
        (_ICMP, where(_TYPE, _ECHO), then),
        (_ICMP6, where(_TYPE, _ECHO6), then),
        (_UDP, among(_DPORT, *_FINDING_PORTS), then),
        (*_ECHONET, among(_ESV, *_ESV_FINDING), then),
        (*_ECHONET, where(_ESV, _ESV_GET), where(_DEOJ_CLASS, _NODE_PROFILE), then),
    )


def _reading(then: Statement) -> tuple[Rule, ...]:
    return (
        (*_ECHONET, where(_ESV, _ESV_GET), then),
        (*_COAP, among(_COAP_CODE, *_COAP_READS), then),
    )


def _group() -> tuple[Rule, ...]:
    """What a limited thing may say to all: to be found and to read, and what networks live on."""
    return (
        (_ARP, RETURN),
        *_whole(),
        (_IGMP, RETURN),
        (_UDP, among(_DPORT, 67, 68, 546, 547), RETURN),
        (_ICMP6, among(_TYPE, *_LISTENERS, _ROUTER_ASKED, *_NEIGHBOURS), RETURN),
        *_finding(RETURN),
        *_reading(RETURN),
        (goto(STOP),),
    )


def _note() -> tuple[Rule, ...]:
    """Remember, the other way round, what was asked: its answer may come back."""
    rules: list[Rule] = []
    for back, name in ((_BACK4, "seen4"), (_BACK6, "seen6")):
        rules += [
            (_UDP, noted(back, name, UDP_ANSWER_S)),
            (_TCP, _SYN, noted(back, name, TCP_IDLE_S)),
            (_TCP, where(back, f"@{name}"), noted(back, name, TCP_IDLE_S)),
        ]
    return tuple(rules)


def _carrier(*, router_known: bool) -> tuple[Rule, ...]:
    return (
        (_ARP, RETURN),
        *_outside(router_known=router_known),
        *_answers()[1:],
        (_IGMP, RETURN),
        (_UDP, among(_DPORT, 67, 547), RETURN),
        (_ICMP6, among(_TYPE, *_LISTENERS, _ROUTER_ASKED), RETURN),
        (where(_TO, "@router"), _UDP, among(_DPORT, *_BASIC_PORTS), RETURN),
        (where(_TO, "@router"), _TCP, among(_DPORT, *_BASIC_PORTS), RETURN),
        (where(joined(_FROM, _L4, _DPORT), "@doors"), RETURN),
        (goto(STOP),),
    )


def _asks_address(*arp: Statement) -> tuple[Rule, ...]:
    return (
        (_ARP, *arp, ACCEPT),
        (_PIECE, goto(STOP)),
        (_UDP, where(_SPORT, 68), where(_DPORT, 67), ACCEPT),
        (_UDP, where(_SPORT, 546), where(_DPORT, 547), ACCEPT),
        (_ICMP6, among(_TYPE, _ROUTER_ASKED, *_NEIGHBOURS), ACCEPT),
    )


def _gives_address() -> tuple[Rule, ...]:
    return (
        (_ARP, ACCEPT),
        (_PIECE, goto(STOP)),
        (_UDP, where(_SPORT, 67), where(_DPORT, 68), ACCEPT),
        (_UDP, where(_SPORT, 547), where(_DPORT, 546), ACCEPT),
        (_ICMP6, among(_TYPE, _ROUTER_SAYS, *_NEIGHBOURS), ACCEPT),
    )


def _reaches() -> tuple[Chain, ...]:
    note, stop = goto(NOTE), (goto(STOP),)
    return (
        Chain(STOP, ((counted(_FROM, "whose"),), (DROP,))),
        Chain(NOTE, _note()),
        Chain(NONE, (*_answers(), stop)),
        Chain(DISCOVER, (*_answers(), *_finding(note), stop)),
        Chain(READ, (*_answers(), *_finding(note), *_reading(note), stop)),
    )


def _cut_by_address() -> tuple[Rule, ...]:
    return (
        (where(_V4_FROM, "@cut4"), goto(STOP)),
        (where(_V4_TO, "@cut4"), goto(STOP)),
        (where(_V6_FROM, "@cut6"), goto(STOP)),
        (where(_V6_TO, "@cut6"), goto(STOP)),
    )


def _by_address() -> tuple[Rule, ...]:
    return (
        (led(joined(_V4_FROM, _V4_TO), "pairs4"),),
        (led(joined(_V6_FROM, _V6_TO), "pairs6"),),
    )


def _claims() -> tuple[Rule, ...]:
    """An address belongs to the hardware it is known at."""
    by: tuple[tuple[Rule, Expression, Expression, str], ...] = (
        ((), _V4_FROM, _FROM, "4"),
        ((), _V6_FROM, _FROM, "6"),
        ((_ARP,), _ARP_FROM, _FROM, "4"),
        ((_ARP,), _ARP_FROM, field("arp", "saddr ether"), "4"),
    )
    return tuple(
        (
            unlike(_FROM, "@router"),
            *kind,
            where(address, f"@home{version}"),
            unlike(joined(address, hardware), f"@known{version}"),
            goto(STOP),
        )
        for kind, address, hardware, version in by
    )


def _outside(*, router_known: bool) -> tuple[Rule, ...]:
    through = (where(_TO, "@router"),) if router_known else ()
    return (
        (*through, unlike(_V4_TO, "@local4"), RETURN),
        (*through, unlike(_V6_TO, "@local6"), RETURN),
    )


def _between() -> tuple[Rule, ...]:
    """From one port of the bridge to another."""
    stranger = unlike(joined(_FROM, _IN), "@at")
    return (
        (where(_IN, "@foreign"), ACCEPT),
        (where(_IN, "@cut_port"), goto("cut_from")),
        (where(_FROM, "@cut"), goto("cut_from")),
        (where(_OUT, "@cut_port"), goto("cut_to")),
        (where(_TO, "@cut"), goto("cut_to")),
        *_cut_by_address(),
        (_ARP, where(_ARP_FROM, "@cut4"), goto(STOP)),
        (_ARP, where(_ARP_TO, "@cut4"), goto(STOP)),
        (where(_IN, "@owned"), stranger, goto(STOP)),
        *_claims(),
        (where(_TO, "@carrier"), jump(NOTE)),
        (where(_FROM, "@carrier"), jump("carrying")),
        (_TO_GROUP, where(joined(_FROM, _OUT), "@apart"), goto(STOP)),
        (_ARP, where(joined(_ARP_FROM, _ARP_TO), "@apart4"), goto(STOP)),
        (_TO_GROUP, where(_FROM, "@limited"), jump("to_all")),
        (led(joined(_FROM, _TO), "pairs"),),
        *_by_address(),
    )


def bridge_chains(*, router_known: bool) -> tuple[Chain, ...]:
    """All chains of the bridge's table."""
    # nft itself would ask `ether type`, which does not see ARP behind a VLAN's tag.
    own = where(joined(_ARP_FROM, _FROM), "@known4")
    wrong_port = unlike(joined(_FROM, _IN), "@at")
    return (
        *_reaches(),
        Chain("to_all", _group()),
        Chain("carrying", _carrier(router_known=router_known)),
        Chain("asks", _asks_address(own)),
        Chain("gives", _gives_address()),
        Chain(
            "cut_from",
            (
                (where(_TO, "@router"), jump("asks")),
                (where(_OUT, "@router_port"), jump("asks")),
                (goto(STOP),),
            ),
        ),
        Chain("cut_to", ((where(_FROM, "@router"), jump("gives")), (goto(STOP),))),
        Chain("cut_hub", ((jump("asks"),), (goto(STOP),))),
        Chain("hub_cut", ((jump("gives"),), (DROP,))),
        Chain(
            "before",
            (
                (where(_IN, "@foreign"), ACCEPT),
                (where(_FROM, "@own"), goto(STOP)),
                # Before the bridge learns from it: a false sender must not draw another's frames.
                (where(_FROM, "@bound"), wrong_port, goto(STOP)),
            ),
            "prerouting",
        ),
        Chain("between", _between(), "forward"),
        Chain(
            "inward",
            (
                (where(_IN, "@foreign"), ACCEPT),
                # Under its own name it is stopped one step later, where the hub still hears it.
                (where(_IN, "@cut_port"), unlike(_FROM, "@cut"), goto("cut_hub")),
                (
                    where(_FROM, "@cut"),
                    _ARP,
                    unlike(_ARP_FROM, "0.0.0.0"),  # noqa: S104 - RFC 5227 §1.1: a probe
                    unlike(joined(_ARP_FROM, _FROM), "@known4"),
                    goto(STOP),
                ),
            ),
            "input",
        ),
        Chain(
            "outward",
            (
                (where(_OUT, "@foreign"), ACCEPT),
                (where(_TO, "@cut"), goto("hub_cut")),
                (where(_OUT, "@cut_port"), goto("hub_cut")),
            ),
            "output",
        ),
    )


def inet_chains() -> tuple[Chain, ...]:
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
                (where(_FROM, "@cut"), goto("cut_hub")),
                (where(_V4_FROM, "@cut4"), goto("cut_hub")),
                (where(_V6_FROM, "@cut6"), goto("cut_hub")),
            ),
            "prerouting",
        ),
        Chain(
            "between",
            (
                # Bridged frames come here too where bridge-nf-call-iptables is on, as beside
                # containers; a router's own address in them tells them from routed ones.
                (where(_TO, "@router"), where(_FROM, "@cut"), jump("asks")),
                (where(_FROM, "@router"), where(_TO, "@cut"), jump("gives")),
                (where(_FROM, "@cut"), goto(STOP)),
                *_cut_by_address(),
                (where(_V4_TO, "@carrier4"), jump(NOTE)),
                (where(_V6_TO, "@carrier6"), jump(NOTE)),
                (where(_FROM, "@carrier"), jump("carrying")),
                *_by_address(),
            ),
            "forward",
        ),
        Chain("inward", _by_address(), "input"),
        Chain(
            "outward",
            (
                (where(_V4_TO, "@cut4"), goto("hub_cut")),
                (where(_V6_TO, "@cut6"), goto("hub_cut")),
                *_by_address(),
            ),
            "output",
        ),
    )


def _without_arp_rules(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if _ARP not in rule)


def _without_arp(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    return tuple(Chain(c.name, _without_arp_rules(c.rules), c.hook) for c in chains)
