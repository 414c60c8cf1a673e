"""The practice home: its past is heard bit by bit, and what goes wrong in it is told as at home."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from documents import mud_made
from omamori.app import practice as room
from omamori.app.practice import Practice, PracticeError
from omamori.app.vouching import Silent
from omamori.documents.mud import read_mud
from omamori.documents.reason import Reason
from omamori.hub.alerting.alert import FINE
from omamori.hub.knowing.inventory import CorrectionRefusedError
from omamori.simulation.practice import DAY_S, PAST_DAYS, PIECE_S
from omamori.simulation.practice_cast import CAST, HEATER, PHONES, STRANGER
from omamori.simulation.situations import SITUATIONS

if TYPE_CHECKING:
    from omamori.ledger.entry import Entry

START = 1_800_000_000.0
HEARD_AT_ONCE_MAX = 600  # frames between two breaths of the loop
DOER = {
    "iron": {CAST["iron"].end.mac},
    "second-hand": {HEATER.end.mac},
    "camera": {CAST["camera"].end.mac},
    "phone": {end.mac for end in PHONES},
    "mail": {CAST["computer"].end.mac},
    "rogue-dhcp": {STRANGER.end.mac},
    "spoof": {CAST["computer"].end.mac},
}


class Opened:
    """A practice home whose past was heard, and its clock."""

    def __init__(self) -> None:
        self.now = START
        self.changes = 0
        self.entries: list[Entry] = []
        speaker = Silent(Reason("vouch.doubted"))
        self.practice = Practice(119, lambda: self.now, self._changed, speaker, self.entries.extend)
        self.breaths = 0
        self.heard_at_once = 0
        asyncio.run(self._open())

    def _changed(self) -> None:
        self.changes += 1

    async def _open(self) -> None:
        with pytest.raises(PracticeError):
            self.practice.disturb("iron")
        running = asyncio.create_task(self.practice.run())
        decoder, before = self.practice._decoder, 0
        while self.changes == 0:  # it says when it is open
            await asyncio.sleep(0)
            self.breaths += 1
            self.heard_at_once = max(self.heard_at_once, decoder.frames - before)
            before = decoder.frames
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    def beats(self, for_s: float) -> None:
        until = self.now + for_s
        while self.now < until:
            self.now += room.BEAT_S
            self.practice.beat(self.now)

    def alerts(self) -> dict[str, set[str]]:
        """Kinds, by thing."""
        found: dict[str, set[str]] = {}
        for alert in self.practice.watch.alerts.all():
            found.setdefault(alert.thing, set()).add(alert.kind)
        return found


@pytest.fixture(scope="module")
def once() -> Opened:
    """Opened once; what a test does to it, the next ones see."""
    return Opened()


def test_the_loop_breathes_while_the_past_is_heard(once: Opened) -> None:
    assert once.breaths >= PAST_DAYS * DAY_S / PIECE_S
    assert once.heard_at_once < HEARD_AT_ONCE_MAX
    assert once.changes == 1
    assert once.practice.is_open


def test_after_its_past_the_home_is_known_and_calm(once: Opened) -> None:
    once.beats(1200.0)
    assert once.alerts() == {}
    watch = once.practice.watch
    named = {once.practice.name_of(thing, "en") for thing in watch.inventory.things()}
    assert {member.name[1] for member in CAST.values()} <= named
    for name, member in CAST.items():
        known = watch.inventory.thing(member.end.mac)
        if name != "phone":
            assert known is not None
            assert known.identity.kind.value == member.kind
    camera = watch.behaviour.habits(CAST["camera"].end.mac)
    assert camera is not None
    assert camera.is_settled


def test_names_are_the_familys_in_either_language(once: Opened) -> None:
    known = once.practice.watch.inventory.thing(CAST["iron"].end.mac)
    assert known is not None
    assert once.practice.name_of(known, "ja") == "アイロン"
    assert once.practice.name_of(known, "en") == "Iron"
    assert once.practice.name_of(known, "xx") == "アイロン"


def test_a_situation_that_nobody_wrote_is_refused(once: Opened) -> None:
    with pytest.raises(PracticeError):
        once.practice.disturb("earthquake")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_situation_is_told_within_a_minute_and_of_its_doer_alone(
    once: Opened, situation: str
) -> None:
    before = once.alerts()
    once.practice.disturb(situation)
    once.beats(60.0)
    fresh = {
        thing: kinds - before.get(thing, set())
        for thing, kinds in once.alerts().items()
        if kinds - before.get(thing, set())
    }
    assert fresh
    assert set(fresh) <= DOER[situation]
    once.practice.disturb("")
    assert once.practice.network.situation == ""


CUT, ASKED = {"iron", "second-hand", "phone", "spoof"}, {"rogue-dhcp"}
"""Who clearly attacks is cut off; whoever may be the way outside is asked about; the rest is told."""


@pytest.mark.parametrize("situation", SITUATIONS)
def test_who_attacks_is_cut_off_within_a_second_of_the_alert_and_nobody_else(
    once: Opened, situation: str
) -> None:
    shield = once.practice.protection.shield
    once.practice.disturb("")
    once.beats(120.0)  # what was before is over
    once.practice.disturb("")
    assert not shield.guard.quarantines()
    before = len(once.entries)
    once.practice.disturb(situation)
    once.beats(75.0)
    cut = {q.thing for q in shield.guard.quarantines() if q.is_cut}
    assert cut == (DOER[situation] & cut if situation in CUT else set())
    assert bool(cut) is (situation in CUT)
    kinds = [entry.kind for entry in once.entries[before:]]
    assert ("guard.cut" in kinds) is bool(cut)
    if situation in {"iron", "second-hand", "phone"}:
        assert sum(shield.stopped().get(thing, 0) for thing in cut) > 10
        others = {thing for thing in shield.stopped() if thing not in DOER[situation]}
        assert not others & cut
    asked = {q.thing for q in shield.guard.quarantines() if not q.is_cut}
    assert asked == (DOER[situation] if situation in ASKED else set())
    for thing in cut:
        shield.undo(thing, "family")
    assert not shield.plan().cuts
    once.practice.disturb("")


def test_what_a_person_says_of_it_holds(once: Opened) -> None:
    once.practice.disturb("iron")
    once.beats(20.0)
    alert = once.practice.watch.alerts.all()[0]
    assert once.practice.say_fine(alert.id, fine=True).state == FINE
    bulb = read_mud(mud_made.octets(mud_made.BULB))
    once.practice.declare(CAST["iron"].end.mac, bulb)
    assert once.practice.watch.behaviour.declared(CAST["iron"].end.mac) == bulb
    once.practice.declare(CAST["iron"].end.mac, None)
    assert once.practice.watch.behaviour.declared(CAST["iron"].end.mac) is None
    with pytest.raises(CorrectionRefusedError):
        once.practice.part(CAST["iron"].end.mac)


def test_a_clock_that_jumps_does_not_end_it(once: Opened) -> None:
    for jump_s in (-3600.0, 3 * 3600.0, -DAY_S, 20_000 * DAY_S, -10_000 * DAY_S):
        once.now += jump_s
        once.beats(30.0)
    assert once.practice.watch.inventory.things()
