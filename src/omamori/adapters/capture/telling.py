"""Which frames tell most: a filter for the kernel, for when there are more than can be read."""

from __future__ import annotations

Program = tuple[tuple[int, int, int, int], ...]
"""Classic BPF: operation, jump if true, jump if false, value (linux/filter.h)."""

ALL: Program = ()

EXPRESSION = (
    "not (ip or ip6) or icmp or icmp6 or igmp "
    "or (ip and tcp[13] & 7 != 0) or (ip6[6] == 6 and ip6[53] & 7 != 0) "
    "or (ip and tcp[((tcp[12] & 0xf0) >> 2):2] = 0x1603) "
    "or (udp and (port 53 or port 67 or port 68 or port 546 or port 547 or port 137 or port 1900 "
    "or port 3610 or port 5353 or port 5355 or port 5683))"
)
"""What says who is there and who begins what; the bulk of TCP and UDP stays in the kernel."""

# EXPRESSION as `tcpdump -i lo -y EN10MB -ddd` translates it.
TELLING: Program = (
    (40, 0, 0, 12), (21, 0, 34, 2048), (48, 0, 0, 23), (21, 69, 0, 1), (21, 68, 0, 2),
    (21, 0, 12, 6), (40, 0, 0, 20), (69, 64, 0, 8191), (177, 0, 0, 14), (80, 0, 0, 27),
    (69, 62, 0, 7), (80, 0, 0, 26), (84, 0, 0, 240), (116, 0, 0, 2), (12, 0, 0, 0),
    (7, 0, 0, 0), (72, 0, 0, 14), (21, 55, 54, 5635), (21, 0, 53, 17), (40, 0, 0, 20),
    (69, 51, 0, 8191), (177, 0, 0, 14), (72, 0, 0, 14), (21, 49, 0, 53), (21, 48, 0, 67),
    (21, 47, 0, 68), (21, 46, 0, 546), (21, 45, 0, 547), (21, 44, 0, 137), (21, 43, 0, 1900),
    (21, 42, 0, 3610), (21, 41, 0, 5353), (21, 40, 0, 5355), (21, 39, 0, 5683), (72, 0, 0, 16),
    (21, 37, 26, 53), (21, 0, 36, 34525), (48, 0, 0, 20), (21, 34, 0, 58), (21, 0, 2, 44),
    (48, 0, 0, 54), (21, 31, 0, 58), (48, 0, 0, 20), (21, 0, 2, 6), (48, 0, 0, 67),
    (69, 27, 0, 7), (48, 0, 0, 20), (21, 0, 24, 17), (40, 0, 0, 54), (21, 23, 0, 53),
    (21, 22, 0, 67), (21, 21, 0, 68), (21, 20, 0, 546), (21, 19, 0, 547), (21, 18, 0, 137),
    (21, 17, 0, 1900), (21, 16, 0, 3610), (21, 15, 0, 5353), (21, 14, 0, 5355), (21, 13, 0, 5683),
    (40, 0, 0, 56), (21, 11, 0, 53), (21, 10, 0, 67), (21, 9, 0, 68), (21, 8, 0, 546),
    (21, 7, 0, 547), (21, 6, 0, 137), (21, 5, 0, 1900), (21, 4, 0, 3610), (21, 3, 0, 5353),
    (21, 2, 0, 5355), (21, 1, 0, 5683), (6, 0, 0, 0), (6, 0, 0, 262144),
)  # fmt: skip

_IPV4, _IPV6 = b"\x08\x00", b"\x86\xdd"
_CONTROL = {1, 2, 58}  # ICMP, IGMP, ICMPv6
_TCP, _UDP = 6, 17
_BEGINS_OR_ENDS = 7  # FIN, SYN, RST
_HELLO = b"\x16\x03"
_PORTS = frozenset(
    port.to_bytes(2, "big") for port in (53, 67, 68, 546, 547, 137, 1900, 3610, 5353, 5355, 5683)
)


def tells(octets: bytes) -> bool:
    """The same choice as ``TELLING``, for Ethernet frames that came before it was in force."""
    kind = octets[12:14]
    if kind == _IPV4:
        protocol, at = octets[23:24], 14 + 4 * (octets[14] & 0x0F) if len(octets) > 14 else 0  # noqa: PLR2004 - an Ethernet head
    elif kind == _IPV6:
        protocol, at = octets[20:21], 54
    else:
        return True
    if len(octets) < at + 14 or not protocol or protocol[0] in _CONTROL:
        return True
    if protocol[0] == _TCP:
        begins = at + 4 * (octets[at + 12] >> 4)
        is_hello = octets[begins : begins + 2] == _HELLO
        return is_hello or bool(octets[at + 13] & _BEGINS_OR_ENDS)
    is_asked = octets[at : at + 2] in _PORTS or octets[at + 2 : at + 4] in _PORTS
    return protocol[0] == _UDP and is_asked
