"""A hub in a process of its own, to be killed, frozen and starved; says what it acknowledged."""

from __future__ import annotations

import itertools
import resource
import sys
import time
from pathlib import Path

from app.protected import BATTERY, HEATER, KINDS, LAMP, OFF, TV, ProtectedHome
from omamori.hub.guarding.guard import GuardRefusedError


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def busy(home: ProtectedHome) -> None:
    """Cuts, undoes and commands without end; each is said once it is acknowledged."""
    for number in itertools.count():
        for mac in KINDS:
            try:
                home.shield.cut(mac, "anna") if number % 2 == 0 else home.shield.undo(mac, "anna")
            except GuardRefusedError:
                continue
            say("cut" if number % 2 == 0 else "undone", mac)
        home.now += 1
        command = home.by_page(TV, "power", number % 2 == 0)
        say("held" if home.states(command)[0] == "sent" else "refused", command.id)
        home.protection.step()


def leased(home: ProtectedHome) -> None:
    """One command of a second; then time passes as it does."""
    home.meet()
    asked = home.ask(BATTERY, "charge_w", 1500, lease_s=1.0)
    home.show()
    say("leased", *home.states(asked))
    while home.states(asked)[-1] != "expired":
        time.sleep(0.05)
        home.now = time.time()
        home.protection.step()
    say("ended", home.things.values[BATTERY, "charge_w"])


def starved(home: ProtectedHome) -> None:
    """The disk takes nothing more, and then takes something again."""
    home.meet()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    home.attacks(HEATER)
    say("cut", home.is_cut(HEATER), home.passes(HEATER))
    say("outside", *home.states(home.ask(LAMP, "power", OFF)))
    say("family", *home.states(home.by_page(TV, "power", OFF)))
    home.live(10)
    say("trouble", home.protection.trouble)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    home.live(10)
    say("trouble", home.protection.trouble)
    say("record", *home.kinds())


def main() -> None:
    home = ProtectedHome(Path(sys.argv[2]))
    if sys.argv[1] == "leased":
        home.now = time.time()
    {"busy": busy, "leased": leased, "starved": starved}[sys.argv[1]](home)


if __name__ == "__main__":
    main()
