"""Who is at the other end is told from what was said on the network, and memory is bounded."""

from __future__ import annotations

from hub.alerting.detect_made import answered
from hub.flows_made import CAM, NAS, tries, uses
from omamori.hub.behaving import peers as module
from omamori.hub.behaving.deed import NAMES_OF_PEER_MAX
from omamori.hub.behaving.peers import Peers
from omamori.hub.sighting import Sighting

AT = 1_700_000_000.0


class Japan:
    def country(self, ip: str) -> str:
        return "JP" if ip.startswith("203.") else ""


def peers() -> Peers:
    return Peers(Japan(), lambda _mac, ip: NAS if ip == "192.168.1.30" else "")


def named(name: str, ip: str = "203.0.113.9") -> Sighting:
    return Sighting(AT, CAM, "name.address", {"name": name, "ip": ip, "by": "dns"})


def test_an_address_outside_has_the_names_that_the_thing_knows() -> None:
    one = peers()
    one.note(named("Old.example."), CAM)
    one.note(named("new.example"), CAM)
    one.note(named("new.example"), CAM)
    peer = one.of(uses(AT), CAM)
    assert (peer.is_outside, peer.country) == (True, "JP")
    assert peer.names == ("new.example", "old.example")
    assert one.of(uses(AT), NAS).names == ()


def test_names_go_with_an_address_that_turned_out_to_be_another_things() -> None:
    one = peers()
    for name in ("old.example", "new.example"):
        one.note(named(name), CAM)
    one.note(named("its.example", "203.0.113.10"), CAM)
    one.note(named("own.example", "203.0.113.10"), NAS)
    one.join(CAM, NAS)
    assert one.of(uses(AT), NAS).names == ("new.example", "old.example")
    assert one.of(uses(AT, target="203.0.113.10"), NAS).names == ("own.example",)
    assert one.of(uses(AT), CAM).names == ()
    assert one._named == 2


def test_things_routers_and_resolvers_are_known() -> None:
    one = peers()
    one.note(
        Sighting(AT, NAS, "dhcp.offer", {"router": "192.168.1.1", "dns": "192.168.1.1, 192.168.1.30"}),
        NAS,
    )  # fmt: skip
    peer = one.of(uses(AT, outside=False), CAM)
    assert (peer.thing, peer.is_resolver, peer.is_router) == (NAS, True, False)
    router = one.of(uses(AT, outside=False, target="192.168.1.1"), CAM)
    assert (router.is_router, router.is_resolver) == (True, True)


def test_who_carries_talk_outside_and_back_is_the_router() -> None:
    one, asked = peers(), tries(AT, 443, outside=True)
    assert not one.of(uses(AT, outside=False), CAM).is_router
    one.hear(asked)
    one.of(asked, CAM)  # anybody may send a neighbour what is meant for outside
    assert not one.of(uses(AT, outside=False), CAM).is_router
    one.hear(answered(asked))
    assert one.of(uses(AT, outside=False), CAM).is_router


def test_groups_are_everyone() -> None:
    one = peers()
    for target in ("224.0.0.251", "ff02::fb", "255.255.255.255"):
        assert one.of(uses(AT, outside=False, target=target), CAM).is_everyone
        assert one.of(uses(AT, target=target), CAM).is_everyone


def test_names_are_bounded_and_a_flood_pushes_out_itself() -> None:
    one = peers()
    one.note(named("mine.example"), CAM)
    for n in range(10):
        one.note(named(f"other{n}.example", "203.0.113.10"), CAM)
    for thing in range(40):
        for n in range(2 * module.NAMED_PER_THING_MAX if thing < 2 else 600):
            one.note(named("x.example", f"198.51.{n // 256}.{n % 256}"), f"t{thing}")
    assert sum(map(len, one._names.values())) == one._named <= module.NAMED_MAX
    assert len(one._names["t0"]) <= module.NAMED_PER_THING_MAX
    assert one.of(uses(AT), CAM).names == ("mine.example",)
    assert len(one.of(uses(AT, target="203.0.113.10"), CAM).names) == NAMES_OF_PEER_MAX
    one.forget(CAM)
    assert one.of(uses(AT), CAM).names == ()


def test_odd_sightings_are_ignored() -> None:
    one = peers()
    for kind in ("name.address", "dhcp.offer", "icmp6.router", "dns.query"):
        one.note(Sighting(AT, CAM, kind, {}), CAM)
        one.note(Sighting(AT, "", kind, {}), "")
    assert one._named == 0
