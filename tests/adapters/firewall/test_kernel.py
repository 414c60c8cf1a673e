"""What only the kernel's engine has: other programs beside it, other hubs, a restart."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.firewall.frames import echonet, ether, ip, place, sent, tcp, udp
from adapters.firewall.wires import BRIDGE, ip_command, through_inet
from omamori.adapters.firewall.kernel import KernelFirewall, ObservingFirewall, open_firewall
from omamori.adapters.firewall.library import FirewallError, Nftables
from omamori.hub.guarding.plan import OBSERVING, Carrier, Cut, Pair, Place, Plan

if TYPE_CHECKING:
    from adapters.firewall.conftest import Kernel
    from omamori.adapters.firewall.library import Command

ONE, OTHER, ROUTER = place(2, "p2"), place(3, "p3"), place(4, "p4")
HUB = Place("hub", ("02:00:00:00:00:01",), ("192.168.77.1",))
CALL = sent(ONE, OTHER, 6, tcp((40000, 80), 2))


def cutting() -> Plan:
    return Plan(cuts=(Cut(ONE, time.time() + 1000),), hub=HUB, routers=(ROUTER,))


@pytest.mark.root
def test_another_programs_rules_are_never_touched(kernel: Kernel) -> None:
    theirs = {"family": "bridge", "name": "theirs"}
    nftables = Nftables()
    nftables.run([{"add": {"table": theirs}}])
    for plan in (cutting(), Plan(hub=HUB), cutting()):
        kernel.apply(plan)
    kernel.firewall.clear()
    told = nftables.run([{"list": {"tables": {}}}])
    assert [t["table"]["name"] for t in told if "table" in t] == ["theirs"]
    nftables.close()


@pytest.mark.root
def test_the_kernel_holds_without_the_hub_and_the_next_hub_takes_over(kernel: Kernel) -> None:
    kernel.apply(cutting())
    kernel.firewall.close()
    assert kernel.out("p2", CALL) == set()
    kernel.firewall = KernelFirewall(Nftables(), BRIDGE)
    assert kernel.out("p2", CALL) == set()
    kernel.apply(cutting())
    assert kernel.out("p2", CALL) == set()
    assert kernel.firewall.stopped()["thing2"] >= 3


@pytest.mark.root
def test_of_two_hubs_the_last_writer_holds(kernel: Kernel) -> None:
    second = KernelFirewall(Nftables(), BRIDGE)
    kernel.apply(cutting())
    second.apply(Plan(pairs=(Pair(ONE, OTHER, "read"),), hub=HUB), time.time())
    assert kernel.out("p2", sent(ONE, ROUTER, 6, tcp((1, 80), 2))) == {"p3", "p4"}
    kernel.apply(cutting())
    assert kernel.out("p2", sent(ONE, ROUTER, 6, tcp((1, 80), 2))) == set()
    second.apply(Plan(hub=HUB), time.time())
    assert kernel.out("p2", CALL) == {"p3", "p4"}
    second.close()


@pytest.mark.root
def test_no_frame_slips_through_while_plans_change(kernel: Kernel) -> None:
    kernel.apply(cutting())
    for number in range(20):
        pairs = tuple(Pair(place(n), place(n + 1), "none") for n in range(10, 11 + number))
        plan = Plan(cuts=cutting().cuts, pairs=pairs, hub=HUB, routers=(ROUTER,))
        kernel.apply(plan)
        assert kernel.wires.send([("p2", CALL)] * 20) == [set()] * 20


@pytest.mark.root
def test_beside_containers_a_cut_thing_keeps_its_address_and_a_phone_its_names(
    kernel: Kernel,
) -> None:
    through_inet(wanted=True)

    def asked(other: Place, ports: tuple[int, int]) -> set[str]:
        # On this way the kernel cuts off what is behind a packet's end: the wires' number is in it.
        return kernel.out("p2", sent(ONE, other, 17, udp(ports, bytes(4)))[:-4])

    kernel.apply(Plan(hub=HUB))
    assert asked(OTHER, (40000, 53)) == {"p3", "p4"}
    kernel.apply(cutting())
    assert "p4" in asked(ROUTER, (68, 67))
    assert asked(ROUTER, (40000, 53)) == set()
    kernel.apply(Plan(carriers=(Carrier(ONE, ()),), hub=HUB, routers=(ROUTER,)))
    assert "p4" in asked(ROUTER, (40000, 53))
    assert asked(OTHER, (40000, 53)) == set()


@pytest.mark.root
@pytest.mark.usefixtures("kernel")
def test_a_bridge_that_is_not_there_is_told() -> None:
    elsewhere = KernelFirewall(Nftables(), "br9")
    assert [reason.key for reason in elsewhere.features().why] == ["firewall.not-a-bridge"]
    elsewhere.close()


def test_without_the_library_it_only_observes() -> None:
    firewall = open_firewall("br0", "libnothing.so.0")
    assert isinstance(firewall, ObservingFirewall)
    assert firewall.features().force == OBSERVING
    assert [reason.key for reason in firewall.features().why] == ["firewall.no-library"]
    firewall.apply(Plan(), 0)
    with pytest.raises(FirewallError, match=r"firewall\.observing"):
        firewall.apply(cutting(), time.time())


@pytest.mark.root
@pytest.mark.parametrize("what", ["table", "rules", "set", "everything"])
def test_what_another_program_takes_away_is_put_back(kernel: Kernel, what: str) -> None:
    table = {"family": "bridge", "name": "omamori"}
    commands: dict[str, Command] = {
        "table": {"delete": {"table": table}},
        "rules": {"flush": {"table": table}},
        "set": {"flush": {"set": {"family": "bridge", "table": "omamori", "name": "cut_port"}}},
        "everything": {"flush": {"ruleset": None}},
    }
    plan = Plan(cuts=(Cut(ONE, time.time() + 1000),), hub=HUB)
    other_mac = sent(place(99), OTHER, 6, tcp((40000, 80), 2))
    kernel.apply(plan)
    nftables = Nftables()
    nftables.run([commands[what]])
    nftables.close()
    assert kernel.out("p2", other_mac) == {"p3", "p4"}
    kernel.apply(plan)
    assert kernel.out("p2", other_mac) == set()


@pytest.mark.root
def test_the_same_plan_again_is_no_work_while_nobody_else_writes(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = cutting()
    kernel.apply(plan)
    kernel.apply(Plan(hub=HUB))
    kernel.apply(plan)
    monkeypatch.setattr(Nftables, "run", lambda *_: pytest.fail("nothing has changed"))
    kernel.apply(plan)


@pytest.mark.root
def test_this_machine_passes_nothing_on_for_who_may_not(kernel: Kernel) -> None:
    ip_command("address", "add", f"{HUB.ips[0]}/24", "dev", BRIDGE)
    ip_command("neighbour", "add", OTHER.ips[0], "lladdr", OTHER.macs[0], "dev", BRIDGE)
    for name, value in (("ip_forward", 1), ("conf/all/rp_filter", 0), ("conf/br0/rp_filter", 0)):
        Path(f"/proc/sys/net/ipv4/{name}").write_text(str(value))

    def by_hub(hardware: str, source: str) -> set[str]:
        made = ip(source, OTHER.ips[0], 17, udp((3610, 3610), echonet(0x60) + bytes(4)))
        return kernel.out("p2", ether(hardware, HUB.macs[0], 0x0800, made)[:-4])

    familiar = (*ONE.macs, *OTHER.macs)
    kernel.apply(Plan(hub=HUB))
    assert "p3" in by_hub(ONE.macs[0], "192.168.77.200")  # as this machine routes
    limited = Plan(pairs=(Pair(ONE, OTHER, "read"),), hub=HUB, guarded=(OTHER,), familiar=familiar)
    kernel.apply(limited)
    assert by_hub(ONE.macs[0], ONE.ips[0]) == set()
    assert by_hub(ONE.macs[0], "192.168.77.200") == set()
    assert by_hub("02:00:00:00:00:99", "192.168.77.200") == set()
    kernel.apply(Plan(cuts=(Cut(ONE, time.time() + 1000),), hub=HUB))
    assert by_hub(ONE.macs[0], "192.168.77.200") == set()
    assert by_hub("02:00:00:00:00:99", "192.168.77.201") == set()
