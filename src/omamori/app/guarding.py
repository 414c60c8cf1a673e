"""Guarding: composes the real home's protection: firewall, drivers, rules and the doors that are open."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from omamori.adapters import policy
from omamori.adapters.firewall.kernel import ObservingFirewall, open_firewall
from omamori.adapters.keys import read_secret
from omamori.adapters.things.doing import Doing
from omamori.adapters.things.registry import Chargers, build_drivers
from omamori.adapters.vantage import bridge_of, home_interface
from omamori.app.hands import DriverHands
from omamori.app.protection import Protection
from omamori.app.service_door import ServiceDoor
from omamori.app.vouching import Voucher
from omamori.app.wire import AUTO
from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.app.config import Config
    from omamori.app.network import Network
    from omamori.app.vouching import Silent
    from omamori.hub.ports import Firewall
    from omamori.ledger.entry import Entry

CHARGER = "charger"
"""The name under which a car charger signs in."""


class Guarding:
    """The real home's protection, and what it holds open.

    Attributes:
        protection, hands: for the pages.
        notes: mistakes of the home's own rules, for which the usual ones hold.
        troubles: doors that could not be opened, and why.
    """

    def __init__(
        self,
        folder: Path,
        config: Config,
        network: Network,
        voucher: Voucher | Silent,
        append: Callable[[list[Entry]], object],
    ) -> None:
        self.config = config
        self.voucher = voucher
        self.troubles: list[Reason] = []
        rules, self.notes = policy.load(folder / policy.POLICY_NAME)
        drivers = build_drivers(time.time, network.echonet_port, self._chargers())
        inventory = network.inventory
        doing = Doing(drivers, inventory.things, inventory.thing, time.time)
        self.hands = DriverHands(doing, time.time)
        self.protection = Protection(
            network.watch, voucher, self._firewall(), self.hands, rules, time.time, append
        )
        self.hands.steward = self.protection.steward
        self.door: ServiceDoor | None = None
        network.attach(self.protection, self.hands)

    def _firewall(self) -> Firewall:
        wanted = self.config.network.interface
        if not self.config.protect.firewall:
            return ObservingFirewall(Reason("firewall.switched-off"))
        if not wanted:
            return ObservingFirewall(Reason("firewall.not-listening"))
        return open_firewall(bridge_of(home_interface() if wanted == AUTO else wanted))

    def _chargers(self) -> Chargers | None:
        """Where chargers may call; without a password nobody is let in."""
        wanted = self.config.protect
        if not wanted.charger:
            return None
        try:
            secret = read_secret(Path(wanted.charger_secret)).decode().strip()
        except (RefusedError, OSError, UnicodeDecodeError) as error:
            structlog.get_logger().error("charger.no-secret", why=str(error))
            self.troubles.append(Reason("door.no-secret", {"file": wanted.charger_secret}))
            return None
        return Chargers(wanted.door_host, wanted.charger, {CHARGER: secret})

    async def open(self) -> None:
        """Open the doors that somebody wants open."""
        wanted = self.config.protect
        if not wanted.door or not isinstance(self.voucher, Voucher):
            return
        door = ServiceDoor(self.voucher.bearer(), self.protection.steward)
        try:
            await door.open(wanted.door_host, wanted.door)
        except OSError as error:
            structlog.get_logger().error("door.not-open", why=str(error))
            self.troubles.append(Reason("door.port-taken", {"port": wanted.door}))
            return
        self.door = door

    async def close(self) -> None:
        """Close them."""
        if self.door is not None:
            await self.door.close()
