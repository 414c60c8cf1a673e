"""A little home for the behaviour tests: flows as the decoder would tell them."""

from __future__ import annotations

import msgspec

from omamori.hub.behaving.deed import Peer
from omamori.hub.flow import ACK, SYN, Flow

DAY_S, HOUR_S = 86_400.0, 3600.0
BEGIN = 20_000 * DAY_S + 10 * HOUR_S
CAM, IRON, NAS = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
MAKER = Peer(is_outside=True, names=("api.maker.example",), country="JP")
NEIGHBOUR = Peer(thing=NAS)
RESOLVER = Peer(is_resolver=True, is_router=True, thing="router")
EVERYONE = Peer(is_everyone=True)


def uses(
    at: float,
    port: int = 443,
    *,
    proto: str = "tcp",
    flags: int = SYN | ACK,
    outside: bool = True,
    frames: int = 6,
    octets: int = 900,
    target: str = "",
) -> Flow:
    """A talk that the thing began, as it is summed up after its opening."""
    return Flow(
        first_at=at,
        at=at,
        mac=CAM,
        peer_mac="02:00:00:00:00:fe",
        source="192.168.1.20",
        target=target or ("203.0.113.9" if outside else "192.168.1.30"),
        proto=proto,
        from_port=50_000,
        to_port=port,
        flags=flags if proto == "tcp" else 0,
        frames=frames,
        octets=octets,
        is_opening=False,
        is_to_here=not outside,
    )


def tries(at: float, port: int, *, outside: bool = False) -> Flow:
    """The first frame of a connection."""
    begun = uses(at, port, flags=SYN, outside=outside, frames=1, octets=60)
    return msgspec.structs.replace(begun, is_opening=True)


def accepts(at: float, port: int, *, outside: bool = False) -> Flow:
    """The thing lets somebody in."""
    target = "198.51.100.7" if outside else ""
    asked = tries(at, port, outside=outside)
    return msgspec.structs.replace(
        asked,
        target=target or asked.target,
        from_port=port,
        to_port=51_000,
        flags=SYN | ACK,
        is_answer=True,
    )
