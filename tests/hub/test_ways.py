"""A way out is known by what others send to it and by what it brings; never by its own word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hub.alerting.detect_made import IRON, PHONE, ROUTER, START, answered, home, opens, world
from omamori.hub import ways as module
from omamori.hub.ways import OUTSIDERS_ENOUGH, Ways

if TYPE_CHECKING:
    from omamori.hub.flow import Flow


def calls(through: str, mac: str = PHONE, count: int = OUTSIDERS_ENOUGH) -> list[Flow]:
    asked = [opens(START + n, world(n), 443, mac=mac, source=home(30)) for n in range(count)]
    asked = [msgspec.structs.replace(one, peer_mac=through) for one in asked]
    return [flow for one in asked for flow in (one, answered(one))]


def heard(flows: list[Flow], ways: Ways | None = None) -> Ways:
    known = ways or Ways()
    for flow in flows:
        known.hear(flow)
    return known


def test_who_carries_others_talk_to_and_fro_is_a_way_out() -> None:
    assert ROUTER in heard(calls(ROUTER))
    assert ROUTER not in heard(calls(ROUTER, count=OUTSIDERS_ENOUGH - 1))
    assert PHONE not in heard(calls(ROUTER))


def test_neither_half_is_enough_and_nobody_does_both_alone() -> None:
    flows = calls(IRON)
    assert IRON not in heard([one for one in flows if one.is_answer])
    assert IRON not in heard([one for one in flows if not one.is_answer])
    assert IRON not in heard(calls(IRON, mac=IRON))


def test_made_up_receivers_push_out_themselves_and_not_who_brings() -> None:
    asked = calls(ROUTER)[0]
    ways = heard(calls(ROUTER, count=1))
    for n in range(5 * module.USED_MAX):
        ways.hear(msgspec.structs.replace(asked, mac=IRON, peer_mac=f"06:00:00:00:{n:04x}"))
    assert len(ways._used) <= module.USED_MAX
    assert ROUTER in heard(calls(ROUTER), ways)
    for n in range(5 * module.WAYS_MAX):
        ways.add(f"06:00:00:00:{n:04x}")
    assert len(ways._ways) == module.WAYS_MAX
    assert ROUTER in ways
