"""The real hub, pages and all, inside a network namespace: prints what it holds as lines of JSON.

``guarded.py FOLDER INTERFACE PORT`` is `omamori hub serve` with one window more: it does what lines
of JSON on its input ask, ``[number, "undo" | …, arguments…]``, and names the last number as ``done``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

import msgspec

from omamori.app.config import load_config
from omamori.app.logs import set_up_logs
from omamori.app.run import Program
from omamori.app.steward import family
from omamori.documents.reason import RefusedError
from omamori.hub.commanding.command import Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.app.guarding import Guarding
    from omamori.app.network import Network
    from omamori.hub.commanding.command import Outcome

TELL_EVERY_S = 0.1
LEASE_S = 600.0


class Window:
    """Looks into the running program, and does what a page would."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.done = 0
        self.answer: object = None
        self._lines: queue.Queue[str] = queue.Queue(1)
        threading.Thread(target=self._print, daemon=True).start()

    @property
    def network(self) -> Network:
        assert self.program.home is not None
        return self.program.home.network

    @property
    def guarding(self) -> Guarding:
        assert self.program.guarding is not None
        return self.program.guarding

    def state(self) -> dict[str, Any]:
        """All that the tests ask for."""
        protection, network, wire = self.guarding.protection, self.network, self.network.wire
        shield, now = protection.shield, time.time()
        plan = shield.plan()
        force = shield.force
        return {
            "at": now,
            "done": self.done,
            "answer": self.answer,
            "things": [
                {
                    "id": known.id,
                    "mac": known.mac,
                    "ips": known.ips,
                    "kind": known.identity.kind.value,
                    "rung": protection.standing_of(known.id)[0],
                    "behind": known.behind,
                    "port": shield.guard.ports.of(known.mac),
                    "sure": shield.guard.ports.surety(known.mac, now),
                    "points": sorted(self.guarding.hands.settable(known.id)),
                }
                for known in network.inventory.things()
            ],
            "alerts": [
                {"kind": a.kind, "thing": a.thing, "first_at": a.first_at, "params": a.params}
                for a in network.watch.alerts.all()
            ],
            "cuts": [msgspec.to_builtins(cut) for cut in plan.cuts],
            "pairs": [(p.one.thing, p.other.thing, p.reach) for p in plan.pairs],
            "carriers": [(c.place.thing, list(c.doors)) for c in plan.carriers],
            "asked": [q.thing for q in shield.guard.quarantines() if q.state == "asked"],
            "why": [str(r) for q in shield.guard.quarantines() for r in q.reasons],
            "force": force.features.force,
            "not_held": str(force.trouble.key) if force.trouble else "",
            "stopped": dict(shield.stopped()),
            "vantage": wire.vantage.kind if wire else "asking",
            "frames": wire.frames if wire else 0,
            "last": [_told(outcome) for outcome in protection.steward.last],
            "notices": [(n.to, str(n.reason)) for n in protection.steward.notices],
            "used": [
                use.by
                for known in network.inventory.things()
                for use in protection.steward.arbiter.in_use(known.id)
            ],
            "door": self.guarding.door.port if self.guarding.door else 0,
            "troubles": [str(reason) for reason in self.guarding.troubles],
            "trouble": str(protection.trouble or ""),
        }

    def act(self, what: str, *told: Any) -> object:
        """One wish of a person."""
        protection = self.guarding.protection
        acts: dict[str, Callable[..., object]] = {
            "undo": lambda thing: protection.shield.undo(thing, "test"),
            "cut": lambda thing: protection.shield.cut(thing, "test"),
            "fine": self._fine,
            "correct": self.network.correct,
            "mode": lambda mode: protection.set_mode(mode, "test"),
            "steer": self._steer,
            "decide": lambda one, do: protection.steward.decide(one, family(), do=do),
            "shorten": self._shorten,
            "calm": protection.shield.calm,
        }
        try:
            acts[what](*told)
        except RefusedError as error:
            return {"error": error.reason.key}
        return True

    def _steer(self, thing: str, point: str, value: Any, purpose: str) -> None:
        number = f"family#{time.time()}"
        command = Command(
            number, family(), thing, point, value, "remote-user", time.time(), LEASE_S, purpose
        )
        self.guarding.protection.steward.ask(command)

    def _fine(self, thing: str) -> None:
        """All that was told of a thing is fine."""
        for alert in self.network.watch.alerts_of(thing):
            self.network.say_fine(alert.id, fine=True)

    def _shorten(self, seconds: float) -> None:
        """Have the kernel hold every cut for so long only, as if it had been cut long ago."""
        shield = self.guarding.protection.shield
        plan = shield.plan()
        until = time.time() + seconds
        cuts = tuple(msgspec.structs.replace(cut, until=until) for cut in plan.cuts)
        shield.firewall.apply(msgspec.structs.replace(plan, cuts=cuts), time.time())

    async def listen(self) -> None:
        """Do what is asked, line by line."""
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            number, what, *told = json.loads(line)
            self.answer = self.act(what, *told)
            self.done = number
            self.tell()

    def tell(self) -> None:
        """One line; the program never waits for whoever reads it, and what is old is not told."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(json.dumps(self.state(), default=str))

    def _print(self) -> None:
        while True:
            print(self._lines.get(), flush=True)  # noqa: T201 - its only way to tell

    async def run(self) -> None:
        """Tell and listen, as long as the program runs."""
        listening = asyncio.create_task(self.listen())
        while not listening.done():
            self.tell()
            await asyncio.sleep(TELL_EVERY_S)


def _told(outcome: Outcome) -> dict[str, Any]:
    command = outcome.command
    return {
        "id": command.id,
        "state": outcome.state,
        "target": command.target,
        "point": command.point,
        "value": command.value,
        "reasons": [str(reason) for reason in outcome.reasons],
    }


async def main(folder: Path, interface: str, port: int) -> None:
    """Serve until ended; what the folder's configuration says counts as for everybody."""
    set_up_logs("warning")
    config = load_config(folder)
    replace = msgspec.structs.replace
    config = replace(
        config,
        network=replace(config.network, interface=interface),
        web=replace(config.web, port=port),
        sample=replace(config.sample, on=False),
    )
    windows: list[asyncio.Task[None]] = []

    def started(program: Program) -> None:
        windows.append(asyncio.create_task(Window(program).run()))

    await Program(folder, config, exact_port=True).run(started)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
