"""Shield: what the guard decides is held by the firewall, and whoever must know is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog

from omamori.documents.reason import Reason, RefusedError
from omamori.hub.alerting.alert import OPEN
from omamori.hub.guarding.answers import Scene
from omamori.hub.guarding.guard import Guard
from omamori.hub.guarding.places import Whereabouts
from omamori.hub.guarding.plan import OBSERVING, Features, Place, Plan
from omamori.hub.guarding.quarantine import Change
from omamori.hub.guarding.reaching import GUARDING, MODES, WATCHING
from omamori.ledger.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omamori.hub.alerting.alert import Alert
    from omamori.hub.guarding.reaching import Reached
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.ports import Firewall
    from omamori.hub.service import Watch
    from omamori.hub.sighting import Sighting

SCREEN_S = 7 * 86_400.0
"""For so long the hub asks before it cuts off the screen from which a person used its pages."""
SCREENS_MAX = 64
HOLD_AGAIN_S = 10.0
"""So often the plan is given to the firewall anew: another program may have swept it away."""
HOLD_PAUSE_S = 5.0
"""Between two alerts for whose sake more than a cut is held at once: a flood of alerts must not keep
the hub busy with plans, of which one may take a second."""
STOPPED_KEPT_S = 10.0  # the kernel needs 0.2 s to count them beside 2,000 pairs
_CLAIMS = "claims."


class Force(msgspec.Struct, frozen=True):
    """What is held now.

    Attributes:
        trouble: why the plan is not in force although it should be; None where all is well.
    """

    features: Features
    trouble: Reason | None = None


class Shield:
    """Guards one home. A decision is held first and written down next: an attack does not wait.

    Attributes:
        guard: who is cut off and who is asked about.
        mode: ``watching``, ``guarding`` or ``strict``.
        hub: where this machine is.
    """

    def __init__(
        self,
        watch: Watch,
        firewall: Firewall,
        clock: Callable[[], float],
        record: Callable[[list[Entry]], None],
    ) -> None:
        self.watch = watch
        self.firewall = firewall
        self.clock = clock
        self.record = record
        self.guard = Guard(self._kind_of)
        self.mode = GUARDING
        self.hub = Place("hub")
        self.routers: tuple[Place, ...] = ()
        self.networks: tuple[str, ...] = ()
        self.reaching: Callable[[Callable[[str], Place], str], Reached] | None = None
        self.force = Force(firewall.features())
        self._held: Plan | None = None
        self._held_at = self._hurried_at = float("-inf")
        self._stopped: tuple[float, Mapping[str, int]] = (-STOPPED_KEPT_S, {})
        self._screens: dict[str, float] = {}

    def _kind_of(self, thing: str) -> str:
        return self.watch.inventory.what(thing)[0].value

    # What is heard.

    def hear(self, said: Iterable[Sighting]) -> None:
        """Learn where things are."""
        self.guard.hear(said)

    def alerted(self, alerts: Iterable[Alert], ended: Iterable[Alert]) -> list[Change]:
        """Act on what was noticed, at once; returns what was done or asked."""
        now, done = self.clock(), list[Change]()
        for alert in alerts:
            thing = self.watch.inventory.thing(alert.thing)
            if thing is not None and self.mode != WATCHING:
                done += self.guard.alerted(alert, thing, now)
        for alert in ended:
            done += self.guard.ended(alert, now)
        self._told(done)
        return done

    def step(self) -> list[Change]:
        """Let time pass, and hold the plan where things are now."""
        inventory = self.watch.inventory
        done = self.guard.step(self.clock(), self._is_open)
        self.guard.reunite(self.now_of, inventory.is_guessed)
        self._see()
        self._told(done)
        self.hold(again=not 0 <= self.clock() - self._held_at < HOLD_AGAIN_S)
        return done

    def now_of(self, address: str) -> str:
        """The thing that has this address now; empty where none has."""
        ip = address[3:] if address.startswith("ip:") else ""
        return self.watch.inventory.thing_of(address, ip)

    def is_cut(self, thing: str) -> bool:
        """Whether a thing is cut off now."""
        return self.guard.is_cut(thing)

    def _is_open(self, alert_id: str) -> bool:
        alert = self.watch.alerts.get(alert_id)
        return alert is not None and alert.state == OPEN

    def used_from(self, address: str) -> None:
        """A person used the pages from this address: the hub asks before it cuts that off."""
        self._screens.pop(address, None)
        self._screens[address] = self.clock()
        if len(self._screens) > SCREENS_MAX:
            del self._screens[next(iter(self._screens))]
        self._see()

    def stand(self, hub: Place, own: frozenset[str], ways: frozenset[str]) -> None:
        """Know this machine's addresses and the ways out."""
        self.hub = hub
        self.guard.scene = Scene(own=own, ways=ways, screens=self.guard.scene.screens)
        self._see()

    def _see(self) -> None:
        now = self.clock()
        lately = {a for a, at in self._screens.items() if abs(now - at) < SCREEN_S}
        found = {self.watch.inventory.thing_of("", address) for address in lately}
        names = frozenset(found | lately) - {""}
        contested = frozenset(
            str(alert.about)
            for alert in self.watch.alerts.all()
            if alert.state == OPEN and alert.kind.startswith(_CLAIMS)
        )
        self.guard.scene = msgspec.structs.replace(
            self.guard.scene, screens=names, contested=contested
        )

    # A person's word; it is held and written down when these return.

    def cut(self, thing_id: str, by: str) -> Change:
        """Cut a thing off, or keep it cut off for longer; raises GuardRefusedError."""
        return self._said(self.guard.cut(self._thing(thing_id), by, self.clock()))

    def undo(self, thing_id: str, by: str) -> Change:
        """Let it talk again; raises GuardRefusedError."""
        return self._said(self.guard.undo(thing_id, by, self.clock()))

    def answer(self, thing_id: str, by: str, *, cut: bool) -> Change:
        """Answer what was asked; raises GuardRefusedError."""
        act = self.guard.agree if cut else self.guard.decline
        return self._said(act(thing_id, by, self.clock()))

    def said_fine(self, alert: Alert, by: str) -> None:
        """An alert is fine: what was done for its sake alone is taken back."""
        self._told(self.guard.said_fine(alert, by, self.clock()))

    def set_mode(self, mode: str, by: str) -> None:
        """Watch only, guard, or guard strictly."""
        if mode not in MODES:
            raise ShieldError("guard.no-such-mode")
        before, self.mode = self.mode, mode
        said = Reason("guard.mode-changed", {"mode": mode, "before": before})
        self.record([Entry(self.clock(), "guard.mode", (), (said,), {"by": by, "mode": mode})])
        if before == WATCHING:  # what went on meanwhile is acted on now
            self.alerted([one for one in self.watch.alerts.all() if one.state == OPEN], ())
        self.hold()

    def calm(self) -> None:
        """Undo and forget everything: for a home that is only played."""
        for quarantine in self.guard.quarantines():
            if quarantine.is_cut:
                self.guard.undo(quarantine.thing, "play", self.clock())
            self.guard.forget(quarantine.thing)
        before, self.guard = self.guard, Guard(self._kind_of)  # nor what was said no to
        self.guard.ports, self.guard.scene = before.ports, before.scene
        self.hold()

    def restore_mode(self, mode: str) -> None:
        """Guard as before the restart; anything unreadable is the usual."""
        self.mode = mode if mode in MODES else GUARDING

    def _thing(self, thing_id: str) -> KnownThing:
        thing = self.watch.inventory.thing(thing_id)
        if thing is None:
            raise ShieldError("identify.no-such-thing")
        return thing

    def _said(self, change: Change) -> Change:
        self._told([change])
        return change

    # Holding.

    def plan(self) -> Plan:
        """What is wanted now."""
        held = {q.place.port: q.thing for q in self.guard.quarantines() if q.is_cut}
        places = Whereabouts(self.watch.inventory.things(), self.guard.ports, held)
        plan = msgspec.structs.replace(
            self.guard.plan(places.of, self.hub),
            routers=self.routers,
            networks=self.networks,
            bound=() if self.mode == WATCHING else self.guard.ports.bound(self.clock()),
        )
        if self.reaching is None or self.mode == WATCHING:
            return plan
        reached = self.reaching(places.of, self.mode)
        return msgspec.structs.replace(
            plan,
            pairs=reached.pairs,
            carriers=reached.carriers,
            guarded=reached.guarded,
            familiar=reached.familiar,
        )

    def hold_soon(self) -> None:
        """Hold what is wanted now; at the next step where somebody else was in such a hurry before."""
        now = self.clock()
        if not 0 <= now - self._hurried_at < HOLD_PAUSE_S:
            self._hurried_at = now
            self.hold()

    def hold(self, *, again: bool = False) -> None:
        """Have the firewall hold what is wanted, if that changed."""
        plan = self.plan()
        if self.force.features.force == OBSERVING:
            return
        if plan == self._held and not again and self.force.trouble is None:
            return
        try:
            self.firewall.apply(plan, self.clock())
        except RefusedError as error:
            structlog.get_logger().error("shield.not-held", reason=str(error.reason))
            self.force = Force(self.force.features, error.reason)
            return
        except Exception:  # noqa: BLE001 - whatever breaks: what was noticed must be told
            structlog.get_logger().exception("shield.not-held")
            self.force = Force(self.force.features, Reason("guard.not-held"))
            return
        self._held, self._held_at = plan, self.clock()
        self.force = Force(self.force.features)

    def stopped(self) -> Mapping[str, int]:
        """Frames stopped, by thing; counted anew now and then, for the kernel tells it slowly."""
        now = self.clock()
        at, _ = self._stopped
        if not 0 <= now - at < STOPPED_KEPT_S:
            self._stopped = (now, self.firewall.stopped())
        return self._stopped[1]

    def _told(self, changes: list[Change]) -> None:
        if not changes:
            return
        if any(change.is_new_plan for change in changes):
            self.hold()
        facts = {"held": int(self.force.features.force != OBSERVING and not self.force.trouble)}
        entries = [change.entry for change in changes]
        self.record([msgspec.structs.replace(e, facts={**e.facts, **facts}) for e in entries])


class ShieldError(RefusedError):
    """A wish that cannot be followed."""
