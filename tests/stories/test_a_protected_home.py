"""A week in a protected home, in virtual time: the family, a guest, a service, and trouble.

Nothing here runs a clock: the story lets time pass, and the hub does what it would do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.protected import (
    BATTERY,
    DAY_S,
    HEATER,
    HOUR_S,
    LAMP,
    LOCK,
    OFF,
    ON,
    OTHER,
    PHONE,
    POWER,
    TV,
    ProtectedHome,
)
from omamori.documents.grant import Grant
from omamori.hub.alerting.alert import FINE
from omamori.hub.commanding.command import DONE, EXPIRED, HELD, OVERRIDDEN, REFUSED, SENT
from omamori.hub.guarding.quarantine import ASKED

if TYPE_CHECKING:
    from pathlib import Path

MINUTE_S = 60.0
GUESTS_PHONE = "02:00:00:00:01:01"
SECOND_HAND = "02:00:00:00:01:02"


@pytest.mark.slow
def test_a_week_in_a_protected_home(tmp_path: Path) -> None:
    home = ProtectedHome(tmp_path)
    monday(home)
    until = tuesday(home)
    wednesday(home)
    thursday(home)
    the_guest_leaves(home, until)
    friday(home)
    saturday(home)
    sunday(home)
    # All week nothing was lost, and nothing troubled the disk.
    assert home.protection.trouble is None
    assert home.shield.force.trouble is None


def monday(home: ProtectedHome) -> None:
    # The hub is new here; it watches and guards. Nothing is cut off, nobody waits.
    home.live(HOUR_S, MINUTE_S)
    assert home.kinds() == []
    assert home.passes(TV, LAMP)

    # In the evening Anna sees a film. An energy service, certified and known, wants to save power.
    home.meet()
    home.steward.seen(TV, "power", ON)
    home.steward.seen(TV, "playing", ON)
    wish = home.ask(TV, "power", OFF, lease_s=3 * HOUR_S)
    assert home.states(wish) == [HELD]
    for _ in range(18):  # an hour and a half: the television says that it still plays
        home.live(5 * MINUTE_S, MINUTE_S)
        home.steward.seen(TV, "playing", ON)
    assert home.things.values.get((TV, "power")) is None  # nobody touched it
    # It may charge the battery meanwhile, within what a battery takes, and for as long as it said.
    charging = home.ask(BATTERY, "charge_w", 1500, lease_s=HOUR_S)
    home.live(10)
    assert home.states(charging) == [SENT, DONE]
    assert home.states(home.ask(BATTERY, "charge_w", 900_000)) == [REFUSED]
    # The film ends. What waited is done, and the family can take the remote control again.
    home.steward.seen(TV, "playing", OFF)
    home.live(10)
    assert home.states(wish) == [HELD, SENT, DONE]
    home.by_hand(TV, "power", ON)
    assert home.states(wish)[-1] == OVERRIDDEN
    home.live(HOUR_S, MINUTE_S)
    assert home.states(charging)[-1] == EXPIRED
    assert home.things.values[BATTERY, "charge_w"] == 0


def tuesday(home: ProtectedHome) -> int:
    # A guest comes for two days, and may show pictures on the television: that, no more.
    home.live(DAY_S, 600)
    home.hear(GUESTS_PHONE, "phone")
    until = int(home.now + 2 * DAY_S)
    home.protection.give(
        Grant(
            id="visit", granter="family", kind="guest", purposes=("show-content",), targets=(TV,),
            since=int(home.now), until=until, cap=2, thing=GUESTS_PHONE,
        )
    )  # fmt: skip
    assert home.steward.home.grant_of(GUESTS_PHONE, TV, "show-content") == "guest"
    assert home.steward.home.grant_of(GUESTS_PHONE, LOCK, "open-doors") == ""
    return until


def wednesday(home: ProtectedHome) -> None:
    # The power fails while everybody is out. The hub comes back, and so does all it knew.
    home.live(DAY_S, 600)
    home.killed()
    assert [grant.id for grant in home.protection.grants.all()] == ["visit"]
    assert home.protection.unread == 0
    # The service was not met since: it begins nothing until it shows its papers again.
    assert home.states(home.ask(LAMP, "power", OFF)) == [REFUSED]
    home.meet()
    assert home.states(home.ask(LAMP, "power", OFF)) == [SENT]


def thursday(home: ProtectedHome) -> None:
    # Grandfather brings a heater from a flea market, and somebody came along inside it.
    home.live(DAY_S / 2, 600)
    home.hear(SECOND_HAND, "heater")
    home.attacks(SECOND_HAND, "spread.telnet")
    assert home.is_cut(SECOND_HAND)
    assert not home.passes(SECOND_HAND, TV)
    assert home.passes(TV, LAMP)  # the home goes on
    entry = next(one for one in home.recorded() if one.kind == "guard.cut")
    assert entry.facts["held"] == 1
    # It goes on trying, so it stays cut off, over the hub's second restart too.
    for _ in range(4):
        home.live(HOUR_S, 600)
        home.attacks(SECOND_HAND, "spread.telnet")
    home.killed()
    assert not home.passes(SECOND_HAND, TV)


def the_guest_leaves(home: ProtectedHome, until: int) -> None:
    # The guest has gone. Nothing is left of the visit but the line that there was one.
    home.live(until - home.now + HOUR_S, 600)
    assert not home.protection.grants.all()
    assert home.watch.inventory.thing(GUESTS_PHONE) is None
    assert {"grant.given", "grant.ended", "grant.wiped"} <= set(home.kinds())
    assert not any(
        GUESTS_PHONE in str(one) for one in home.recorded() if one.kind.startswith("grant")
    )


def friday(home: ProtectedHome) -> None:
    # The computer club's program on Anna's phone looks for everybody: a false alarm.
    alert = home.attacks(PHONE, "sweep.arp")
    if home.shield.guard.of(PHONE).state == ASKED:
        home.shield.answer(PHONE, "anna", cut=False)
    else:
        home.shield.undo(PHONE, "anna")
    said = home.watch.say_fine(alert.id, home.now, fine=True)
    home.protection.said_fine(said, "anna", fine=True)
    assert said.state == FINE
    assert home.passes(PHONE)
    assert not home.protection.doubts(PHONE)
    # The lock is another matter: it is never cut off by itself, and never without its key.
    home.attacks(LOCK, "sweep.arp")
    assert home.shield.guard.of(LOCK).state == ASKED
    assert home.passes(LOCK)


def saturday(home: ProtectedHome) -> None:
    # The service's maker has a hole in its program: its authority lowers its level.
    home.meet()
    home.meet(OTHER)
    charging = home.ask(BATTERY, "charge_w", 1500, lease_s=4 * HOUR_S)
    home.live(MINUTE_S)
    home.rungs[POWER.who] = 0
    home.live(MINUTE_S)
    assert home.states(charging) == [SENT, DONE, REFUSED]
    assert home.things.values[BATTERY, "charge_w"] == 0
    assert home.states(home.ask(BATTERY, "charge_w", 1500)) == [REFUSED]
    # Another service, which did nothing wrong, is heard as before; and so is the family.
    assert home.states(home.ask(BATTERY, "charge_w", 1000, OTHER)) == [SENT]
    assert home.states(home.by_page(LAMP, "power", ON)) == [SENT]


def sunday(home: ProtectedHome) -> None:
    # The hole is mended, the level rises. What was lost does not come back by itself.
    home.live(DAY_S / 2, 600)
    home.rungs[POWER.who] = 3
    home.live(MINUTE_S)
    assert home.steward.arbiter.in_force(BATTERY, "charge_w") is None
    assert home.states(home.ask(BATTERY, "charge_w", 1200)) == [SENT]

    # The heater has been unplugged since Thursday night: its cut has run out, and nothing forgot it.
    home.live(DAY_S, 600)
    assert not home.is_cut(SECOND_HAND)
    assert {"guard.cut", "guard.over"} <= set(home.kinds())
    assert home.passes(HEATER)
