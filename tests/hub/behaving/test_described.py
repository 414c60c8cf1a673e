"""A file made from what a thing did lets it do that, and little else; our own reader accepts it."""

from __future__ import annotations

import msgspec
import pytest

from hub.flows_made import (
    BEGIN,
    CAM,
    EVERYONE,
    MAKER,
    NEIGHBOUR,
    RESOLVER,
    accepts,
    uses,
)
from omamori.documents.mud import MudFile, read_mud, write_mud
from omamori.hub.behaving.behaviour import Behaviour
from omamori.hub.behaving.declared import Fit, fit
from omamori.hub.behaving.deed import Peer, deed_of
from omamori.hub.behaving.described import as_mud
from omamori.hub.flow import Flow

URL = "https://maker.example/cam.json"
PING = Flow(
    first_at=BEGIN, at=BEGIN, mac=CAM, peer_mac="", source="192.168.1.20", target="192.168.1.1",
    proto="icmp", from_port=8,
)  # fmt: skip
PONG = msgspec.structs.replace(PING, from_port=0, is_answer=True)
DONE = [
    (uses(BEGIN, 443), MAKER),
    (uses(BEGIN, 443, target="2001:db8::1"), MAKER),
    (uses(BEGIN, 53, proto="udp", outside=False), RESOLVER),
    (uses(BEGIN, 123, proto="udp"), Peer(is_outside=True, names=("ntp.example",))),
    (uses(BEGIN, 123, proto="udp"), Peer(is_outside=True)),
    (uses(BEGIN, 5353, proto="udp", outside=False, target="224.0.0.251"), EVERYONE),
    (uses(BEGIN, 40_000, proto="udp"), Peer(is_outside=True, country="JP")),
    (uses(BEGIN, 80, outside=False), NEIGHBOUR),
    (accepts(BEGIN, 554), NEIGHBOUR),
    (PING, RESOLVER),
    (PONG, RESOLVER),
    (msgspec.structs.replace(PING, proto="ip/47"), RESOLVER),
]


def learned() -> MudFile:
    one = Behaviour()
    for flow, peer in DONE:
        one.hear(flow, CAM, peer)
    habits = one.habits(CAM)
    assert habits is not None
    return as_mud(habits, URL, "2026-01-01T00:00:00+00:00", system="Cam", maker="Maker")


def held(mud: MudFile, flow: Flow, peer: Peer) -> Fit:
    deed = deed_of(flow)
    assert deed is not None
    return fit(mud, flow, deed, peer, "")


def test_our_own_reader_accepts_it() -> None:
    mud = learned()
    assert read_mud(write_mud(mud)) == mud
    assert read_mud(write_mud(mud)).notes == ()


@pytest.mark.parametrize("done", DONE, ids=lambda done: getattr(done[0], "service", ""))
def test_what_it_did_is_let_through(done: tuple[Flow, Peer]) -> None:
    assert held(learned(), *done) is Fit.YES


@pytest.mark.parametrize(
    ("flow", "peer"),
    [
        (uses(BEGIN, 8443), MAKER),
        (uses(BEGIN, 443), Peer(is_outside=True, names=("elsewhere.test",))),
        (uses(BEGIN, 23, outside=False), NEIGHBOUR),
        (uses(BEGIN, 80), MAKER),
        (accepts(BEGIN, 23), NEIGHBOUR),
        (accepts(BEGIN, 554, outside=True), MAKER),
    ],
)
def test_what_it_never_did_is_not(flow: Flow, peer: Peer) -> None:
    assert held(learned(), flow, peer) is Fit.NO
