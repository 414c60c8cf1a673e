"""Flow: one direction of talk between two addresses, told at its first frame and then summed up."""

from __future__ import annotations

import msgspec

FIN, SYN, RST, ACK = 1, 2, 4, 16
"""TCP flags (RFC 9293 §3.1)."""
CROWD = "crowd"
"""Protocol of a flow that sums up what was too much to be told one by one: it has no addresses."""
ASKS, ANSWERS = 1, 2
"""ARP operations (RFC 826)."""
FOR_OTHER = 1
"""ARP's ``from_port`` where the message names another hardware address than its frame does."""


class Flow(msgspec.Struct, frozen=True, gc=False):
    """What was counted of one direction since it was last told; nothing is concluded here.

    Attributes:
        first_at, at: first and latest frame told of here, seconds since the epoch.
        mac: hardware address of the sender (``aa:bb:cc:dd:ee:ff``); the router's where the talk
            comes from elsewhere; empty where the link has none; for ARP the one in the message.
        peer_mac: hardware address that it was sent to; may be a group's.
        source, target: IP addresses, as text; for ARP the sender's and the wanted one; the
            source of a neighbour advertisement is the address that it speaks for.
        proto: ``tcp``, ``udp``, ``icmp``, ``icmp6``, ``arp``, ``CROWD``, else ``ip/<number>``.
        from_port, to_port: ports; for ICMP type and code; for ARP 0 or ``FOR_OTHER``, and the
            operation.
        flags: TCP flags of all frames told of here, joined.
        frames, octets: counted since it was last told; octets of whole frames.
        is_opening: this is the direction's first frame (since it was long quiet).
        is_answer: the other direction was there first.
        is_from_here, is_to_here: the address is this network's; groups are here, too.
    """

    first_at: float
    at: float
    mac: str
    peer_mac: str
    source: str
    target: str
    proto: str
    from_port: int = 0
    to_port: int = 0
    flags: int = 0
    frames: int = 1
    octets: int = 0
    is_opening: bool = True
    is_answer: bool = False
    is_from_here: bool = True
    is_to_here: bool = True

    @property
    def service(self) -> str:
        """The service spoken, as ``tcp/443``; without ports the protocol alone."""
        if self.proto not in {"tcp", "udp"}:
            return self.proto
        return f"{self.proto}/{self.from_port if self.is_answer else self.to_port}"
