"""The two engines, each behind the same question: does this frame come out?"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from adapters.firewall.wires import BRIDGE, PORTS, Wires, own_network
from omamori.adapters.firewall.kernel import KernelFirewall
from omamori.adapters.firewall.library import FirewallError, Nftables
from omamori.adapters.firewall.memory import MemoryFirewall
from omamori.hub.guarding.plan import BRIDGED, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator


class Memory:
    """The engine that is played; time passes when it is told so."""

    def __init__(self) -> None:
        self.firewall = MemoryFirewall()
        self.now = 1_000_000.0

    def apply(self, plan: Plan) -> None:
        self.firewall.apply(plan, self.now)

    def out(self, port: str, frame: bytes) -> set[str]:
        """At which ports a frame comes out that everybody would be sent."""
        others = (other for other in PORTS if other != port)
        return {o for o in others if self.firewall.passes(frame + bytes(4), port, self.now, o)}

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Kernel:
    """The kernel's engine in a namespace of its own."""

    def __init__(self, nftables: Nftables, wires: Wires) -> None:
        self.firewall = KernelFirewall(nftables, BRIDGE)
        self.wires = wires

    @property
    def now(self) -> float:
        return time.time()

    def apply(self, plan: Plan) -> None:
        self.firewall.apply(plan, self.now)

    def out(self, port: str, frame: bytes) -> set[str]:
        return self.wires.send([(port, frame)])[0]

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    if os.geteuid() != 0:
        pytest.skip("only an administrator may change a kernel's rules")
    try:
        nftables = Nftables()
    except FirewallError as refused:
        pytest.skip(f"libnftables is not on this machine: {refused.reason}")
    nftables.close()
    with own_network():
        wires = Wires()
        try:
            engine = Kernel(Nftables(), wires)
            if engine.firewall.features().force != BRIDGED:
                pytest.skip(f"this kernel holds no bridge rules: {engine.firewall.features()}")
            yield engine
            engine.firewall.close()
        finally:
            wires.close()


@pytest.fixture(params=["memory", pytest.param("kernel", marks=pytest.mark.root)])
def engine(request: pytest.FixtureRequest) -> Any:
    """The contract: what holds for one engine holds for all."""
    return Memory() if request.param == "memory" else request.getfixturevalue("kernel")
