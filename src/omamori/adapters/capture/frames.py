"""What every source of frames gives, and the words for what can be wrong with it."""

from __future__ import annotations

from omamori.documents.reason import RefusedError

Frame = tuple[float, int, bytes]
"""When it was heard (seconds since the epoch), its link type, and its octets."""

CHUNK_OCTETS = 1 << 20
FRAME_OCTETS_MAX = 262_144  # libpcap's MAXIMUM_SNAPLEN; a record that claims more is broken

# Link types: https://www.tcpdump.org/linktypes.html
NULL, ETHERNET, RAW, LOOP, LINUX_SLL, PPI, IPV4, IPV6, LINUX_SLL2 = (
    0, 1, 101, 108, 113, 192, 228, 229, 276,
)  # fmt: skip
LINK_NAMES = {
    6: "Token Ring",
    9: "PPP",
    50: "PPP",
    105: "802.11",
    119: "802.11 (Prism)",
    127: "802.11 (radiotap)",
    187: "Bluetooth HCI",
    189: "USB",
    190: "CAN",
    195: "802.15.4",
    201: "Bluetooth HCI",
    220: "USB",
    227: "CAN",
    230: "802.15.4",
    249: "USB",
    251: "Bluetooth LE",
    256: "Bluetooth LE",
    283: "802.15.4",
}
ETHERTYPE_NAMES = {
    0x000C: "CAN",
    0x000D: "CAN FD",
    0x88CC: "LLDP",
    0x888E: "802.1X",
    0x8863: "PPPoE",
    0x8864: "PPPoE",
    0x8847: "MPLS",
    0x88E1: "HomePlug",
    0x893A: "IEEE 1905",
}


class CaptureError(RefusedError):
    """A capture or an interface that cannot be read at all."""
