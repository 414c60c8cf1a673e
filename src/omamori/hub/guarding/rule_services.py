"""Rule services: the fields of a frame, and what it asks or answers, as parts of rules."""

from __future__ import annotations

from omamori.hub.guarding.rule_values import (
    RETURN,
    Rule,
    Statement,
    among,
    bits,
    field,
    goto,
    joined,
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

FROM, TO = field("ether", "saddr"), field("ether", "daddr")
IN, OUT = meta("iifname"), meta("oifname")
V4_FROM, V4_TO = field("ip", "saddr"), field("ip", "daddr")
V6_FROM, V6_TO = field("ip6", "saddr"), field("ip6", "daddr")
ARP_FROM, ARP_TO = field("arp", "saddr ip"), field("arp", "daddr ip")
SPORT, DPORT = field("th", "sport"), field("th", "dport")
L4 = meta("l4proto")
UDP, TCP, IGMP, ICMP6 = where(L4, 17), where(L4, 6), where(L4, 2), where(L4, 58)
_ICMP = where(L4, 1)
ARP = where(meta("protocol"), "arp")
TYPE = bits(0, 8)  # of ICMP and ICMPv6
_SYN = where(masked(bits(104, 8), 0x12), 0x02)  # RFC 9293 §3.1: SYN without ACK
TO_GROUP = among(meta("pkttype"), "broadcast", "multicast")
PIECE = unlike(masked(field("ip", "frag-off"), 0x3FFF), 0)  # RFC 791 §3.1: MF, or an offset

_ICMP_ANSWERS = (0, 3, 11, 12)  # RFC 792: echo reply, unreachable, time exceeded, parameter
_ICMP6_ANSWERS = (1, 2, 3, 4, 129)  # RFC 4443
NEIGHBOURS = (135, 136)  # RFC 4861 §4.3, §4.4
LISTENERS = (130, 131, 132, 143)  # RFC 2710, RFC 3810
_ECHO, _ECHO6 = 8, 128
ROUTER_ASKED, ROUTER_SAYS = 133, 134

_FINDING_PORTS = (5353, 1900, 3702, 5355)  # mDNS, SSDP, WS-Discovery, LLMNR
BASIC_PORTS = (53, 67, 123, 547, 853)  # what a phone needs of its router: names, address, time

# ECHONET Lite specification part 2: EHD1 0x10, EHD2 0x81 (0x82 is any format: never let pass);
# TID 2, SEOJ 3, DEOJ 3, ESV 1 octets.
_ECHONET = (UDP, where(DPORT, 3610), where(bits(64, 16), 0x1081))
_ESV, _DEOJ_CLASS = bits(144, 8), bits(120, 16)
_ESV_ANSWERS = (0x50, 0x51, 0x52, 0x53, 0x5E, 0x71, 0x72, 0x7A, 0x7E)
_ESV_FINDING = (0x63, 0x73, 0x74)  # INF_REQ, INF, INFC
_ESV_GET = 0x62
_NODE_PROFILE = 0x0EF0
# RFC 7252 §3: version 1, then the code: 0.01 GET, 0.05 FETCH, empty, and answers 2.00 to 5.31.
_COAP = (UDP, where(DPORT, 5683), where(bits(64, 2), 1))
_COAP_CODE = bits(72, 8)
_COAP_ANSWERS = (0x00, {"range": [0x40, 0xBF]})
_COAP_READS = (0x01, 0x05, *_COAP_ANSWERS)

# ASHRAE 135 Annex J and clause 20: BVLC of a unicast or broadcast, NPDU version 1 without routing,
# then the APDU's type: acknowledgements, errors, rejects and aborts are 2 to 7.
_BACNET = (UDP, where(DPORT, 47808), where(bits(64, 8), 0x81), among(bits(72, 8), 0x0A, 0x0B))
_BACNET_PLAIN = (*_BACNET, where(bits(96, 8), 1), among(bits(104, 8), 0, 4))
_BACNET_KIND = bits(112, 4)
_BACNET_ANSWERS = (2, 3, 4, 5, 6, 7)
_SAME_DOOR = (3610, 3671, 5683, 47808)
"""ECHONET Lite, KNXnet/IP, CoAP and BACnet ask and answer at one port: there an answer's way back is
the door itself, and only its content tells that it is an answer."""

_FLOW4 = joined(V4_FROM, V4_TO, L4, SPORT, DPORT)
_FLOW6 = joined(V6_FROM, V6_TO, L4, SPORT, DPORT)
_BACK4 = joined(V4_TO, V4_FROM, L4, DPORT, SPORT)
_BACK6 = joined(V6_TO, V6_FROM, L4, DPORT, SPORT)


def _whole() -> tuple[Rule, ...]:
    """Pieces, and IPv6 headers before the transport's, could hide what is asked."""
    return (
        (PIECE, goto(STOP)),
        (unlike(field("ip6", "nexthdr"), {"set": [0, 6, 17, 58]}), goto(STOP)),
        # RFC 2710 §3: hop-by-hop options come before listeners' reports, and nothing else here.
        (where(field("ip6", "nexthdr"), 0), unlike(L4, 58), goto(STOP)),
    )


def answers() -> tuple[Rule, ...]:
    """What answers what was asked; it comes first, whatever the reach."""
    return (
        (ARP, RETURN),
        *_whole(),
        (_ICMP, among(TYPE, *_ICMP_ANSWERS), RETURN),
        (ICMP6, among(TYPE, *_ICMP6_ANSWERS, *NEIGHBOURS), RETURN),
        *(
            rule
            for flow, seen in ((_FLOW4, "@seen4"), (_FLOW6, "@seen6"))
            for rule in (
                (TCP, where(flow, seen), RETURN),
                (UDP, unlike(DPORT, {"set": list(_SAME_DOOR)}), where(flow, seen), RETURN),
                (*_COAP, where(flow, seen), among(_COAP_CODE, *_COAP_ANSWERS), RETURN),
                (*_BACNET_PLAIN, where(flow, seen), among(_BACNET_KIND, *_BACNET_ANSWERS), RETURN),
            )
        ),
        (*_ECHONET, among(_ESV, *_ESV_ANSWERS), RETURN),
    )


def finding(then: Statement) -> tuple[Rule, ...]:
    """What asks who is there."""
    return (
        (_ICMP, where(TYPE, _ECHO), then),
        (ICMP6, where(TYPE, _ECHO6), then),
        (UDP, among(DPORT, *_FINDING_PORTS), then),
        (*_ECHONET, among(_ESV, *_ESV_FINDING), then),
        (*_ECHONET, where(_ESV, _ESV_GET), where(_DEOJ_CLASS, _NODE_PROFILE), then),
    )


def reading(then: Statement) -> tuple[Rule, ...]:
    """What asks how things are, and sets nothing."""
    return (
        (*_ECHONET, where(_ESV, _ESV_GET), then),
        (*_COAP, among(_COAP_CODE, *_COAP_READS), then),
    )


def group() -> tuple[Rule, ...]:
    """What a limited thing may say to all: to be found and to read, and what networks live on."""
    return (
        (ARP, RETURN),
        *_whole(),
        (IGMP, RETURN),
        (UDP, among(DPORT, 67, 68, 546, 547), RETURN),
        (ICMP6, among(TYPE, *LISTENERS, ROUTER_ASKED, *NEIGHBOURS), RETURN),
        *finding(RETURN),
        *reading(RETURN),
        (goto(STOP),),
    )


def note() -> tuple[Rule, ...]:
    """Remember, the other way round, what was asked: its answer may come back."""
    rules: list[Rule] = []
    for back, name in ((_BACK4, "seen4"), (_BACK6, "seen6")):
        rules += [
            (UDP, noted(back, name, UDP_ANSWER_S)),
            (TCP, _SYN, noted(back, name, TCP_IDLE_S)),
            (TCP, where(back, f"@{name}"), noted(back, name, TCP_IDLE_S)),
        ]
    return tuple(rules)
