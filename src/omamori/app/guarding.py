"""Guarding: composes the real home's protection: firewall, drivers, rules and the doors that are open."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from omamori.adapters import policy
from omamori.adapters.firewall.kernel import ObservingFirewall, open_firewall
from omamori.adapters.keys import read_secret
from omamori.adapters.things.doing import Doing
from omamori.adapters.things.registry import Chargers, build_drivers
from omamori.adapters.vantage import ROUTER, bridge_of, home_interface, vantage_of
from omamori.app.authority_follow import follow_known
from omamori.app.hands import DriverHands
from omamori.app.network import STEP_S
from omamori.app.protection import Protection
from omamori.app.recalling import cuts_of, mode_of
from omamori.app.service_door import ServiceDoor
from omamori.app.vouching import Voucher
from omamori.app.wire import AUTO
from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from omamori.app.config import Config
    from omamori.app.network import Network
    from omamori.app.vouching import Silent
    from omamori.hub.ports import Firewall
    from omamori.ledger.entry import Entries

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
        entries: Entries,
    ) -> None:
        self.config = config
        self.network = network
        self.voucher = voucher
        self.troubles: list[Reason] = []
        rules, self.notes = policy.load(folder / policy.POLICY_NAME)
        drivers = build_drivers(time.time, network.echonet_port, self._chargers())
        inventory = network.inventory
        doing = Doing(drivers, inventory.things, inventory.thing, time.time)
        self.hands = DriverHands(doing, time.time)
        self.protection = Protection(
            network.watch, voucher, self._firewall(), self.hands, rules, time.time, entries.append
        )
        self.hands.steward = self.protection.steward
        self.door: ServiceDoor | None = None
        self._stepping: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        network.attach(self.protection, self.hands)
        if network.shelf_lost:
            self._recall(entries)
        self._note()

    def _recall(self, entries: Entries) -> None:
        """What was kept is gone: what was cut off stays so, as far as the record tells."""
        now, shield = time.time(), self.protection.shield
        try:
            kept, mode = cuts_of(entries, now), mode_of(entries)
        except (RefusedError, OSError) as error:
            structlog.get_logger().error("guarding.not-recalled", why=str(error))
            return
        shield.guard.restore(kept, now)
        if mode:
            shield.restore_mode(mode)
        if kept:
            self.notes.append(Reason("protection.cuts-from-record", {"count": len(kept)}))

    def _note(self) -> None:
        """What the family should know of its rules and doors."""
        self.protection.notes = (*self.notes, *self.troubles)

    def _firewall(self) -> Firewall:
        wanted = self.config.network.interface
        if not self.config.protect.firewall:
            return ObservingFirewall(Reason("firewall.switched-off"))
        if not wanted:
            return ObservingFirewall(Reason("firewall.not-listening"))
        name = home_interface() if wanted == AUTO else wanted
        bridge = bridge_of(name)
        if not bridge and vantage_of(name).kind != ROUTER:
            return ObservingFirewall(Reason("firewall.not-between"))
        return open_firewall(bridge)

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
        loop = asyncio.get_running_loop()
        self.protection.steward.later = loop.call_soon  # what comes in one moment is kept at once
        self._stepping = loop.create_task(self._steps())
        wanted = self.config.protect
        if not wanted.door or not isinstance(self.voucher, Voucher):
            return
        door = ServiceDoor(self.voucher.bearer(), self.protection.steward)
        try:
            await door.open(wanted.door_host, wanted.door)
        except OSError as error:
            structlog.get_logger().error("door.not-open", why=str(error))
            self.troubles.append(Reason("door.port-taken", {"port": wanted.door}))
            self._note()
            return
        self.door = door
        self._following = loop.create_task(follow_known(self.voucher.service, time.time))

    async def _steps(self) -> None:
        """Leases end also while nobody listens on the network; a level that falls counts at once."""
        while True:
            await asyncio.sleep(STEP_S)
            self._hear_levels()
            if not self.network.listening:
                self.protection.step()

    def _hear_levels(self) -> None:
        """Whoever visits is judged by what its industry says now."""
        if self.door is None or not isinstance(self.voucher, Voucher):
            return
        try:
            if self.voucher.keep_up():
                self.protection.steward.rejudge()
        except Exception:  # noqa: BLE001 - said in the log; one fault must not end the steps
            structlog.get_logger().exception("guarding.levels-not-heard")

    async def close(self) -> None:
        """Close them; what was asked until now is kept and told."""
        if self.door is not None:
            await self.door.close()
        tasks = [task for task in (self._stepping, self._following) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.protection.steward.later = None
        self.protection.steward.flush()
