"""What the arbiter keeps over a restart, and what a clock that jumps does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hub.commanding.made import (
    ANNA,
    HANDY,
    POWER,
    SMOKE,
    T0,
    Home,
    keys,
    outcomes,
    states,
    told,
    writes,
)
from omamori.hub.commanding import kept
from omamori.hub.commanding.command import MEETING, SERVICE, Origin
from omamori.hub.commanding.envelope import Envelope
from omamori.hub.commanding.switch import LOCAL
from omamori.hub.commanding.use import needed

if TYPE_CHECKING:
    from omamori.hub.ports import Learned

ON, NOT = True, False


def again(home: Home, now: float) -> Home:
    """The hub is killed and starts anew."""
    later = Home()
    later.count = home.count
    shelf = [(key, value) for key, value in home.arbiter.take_changes() if value is not None]
    assert later.arbiter.restore(shelf, now) == 0
    return later


def test_what_was_held_a_persons_word_and_numbers_outlast_a_restart() -> None:
    home = Home()
    home.arbiter.use("tv", [needed("power", ON)], "sofa", T0 + 900, "playing", T0)
    home.ask(POWER, "tv", "power", NOT, seq=7)
    home.arbiter.opt_out("lamp", ANNA, T0 + 9000, T0)
    home.arbiter.set_switch("battery", LOCAL, HANDY, T0)
    home.arbiter.set_envelope("battery", Envelope("charge_w", 0, 10), HANDY, T0)
    home.arbiter.lost("other-co", (), T0)
    home = again(home, T0 + 5)
    assert keys(home.ask(POWER, "tv", "power", ON, seq=7, now=T0 + 6)) == {"replayed"}
    assert keys(home.ask(POWER, "lamp", "power", ON, seq=8, now=T0 + 6)) == {"opted-out"}
    assert "switched-local" in keys(home.ask(POWER, "battery", "charge_w", 5, now=T0 + 6))
    assert keys(home.ask(HANDY, "battery", "charge_w", 11, "local-manual", now=T0 + 7)) == {
        "outside"
    }
    assert "other-co" in home.arbiter._register.lost
    assert states(home.arbiter.end_use("tv", "sofa", T0 + 8)) == [("sent", "comes-now")]


def test_leases_that_ended_while_the_hub_was_away_end_safely() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "battery", "charge_w", 3000), T0)
    home = again(home, T0 + 10**6)
    events = home.arbiter.step(T0 + 10**6)
    assert states(events) == [("expired", "over")]
    assert writes(events)[0].value == 0


def test_after_a_restart_with_an_earlier_clock_no_lease_is_believed() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "battery", "charge_w", 3000), T0)
    home.confirm(home.ask(SMOKE, "tv", "power", NOT, "safety-auto", lease_s=0.0), T0)
    before = T0 - 10**6
    home = again(home, before)
    assert states(home.arbiter.step(before)) == [("expired", "over")]
    protecting = home.arbiter.in_force("tv", "power")
    assert protecting is not None
    assert protecting.slot == "safety-auto"


def test_a_clock_that_goes_back_prolongs_nothing() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "battery", "charge_w", 3000, lease_s=100.0), T0)
    assert not home.arbiter.step(T0 - 5000)
    assert states(home.arbiter.step(T0 - 5000 + 100)) == [("expired", "over")]
    assert outcomes(home.ask(POWER, "tv", "power", ON, now=T0 - 4000))[0].state == "sent"


def test_a_clock_that_goes_back_lets_no_replay_in() -> None:
    home = Home()
    command = home.command(POWER, "tv", "power", ON)
    home.arbiter.ask(command, T0)
    home.arbiter.withdraw(command.id, POWER, T0)
    assert keys(home.arbiter.ask(command, T0 - 60)) == {"id-used"}


def test_a_write_under_way_is_still_looked_for() -> None:
    home = Home()
    home.ask(POWER, "lamp", "power", ON)
    home = again(home, T0 + 1)
    assert told(home.arbiter.step(T0 + 16), "command.no-effect") == {"power-co", "home"}


def test_nothing_is_kept_twice_and_what_is_gone_is_forgotten() -> None:
    home = Home()
    home.ask(POWER, "lamp", "power", ON, lease_s=60.0)
    assert {key.partition("/")[0] for key, _ in home.arbiter.take_changes()} == {
        "caller", "clock", "spot", "thing",
    }  # fmt: skip
    assert not list(home.arbiter.take_changes())
    for now in (T0 + 60, T0 + 4000, T0 + 8000, T0 + 12_000):
        home.arbiter.step(now)
    gone = [key for key, value in home.arbiter.take_changes() if value is None]
    assert gone == ["spot/power/lamp"]


def test_every_piece_that_cannot_be_read_is_left_out_and_counted() -> None:
    home = Home()
    home.arbiter.use("tv", [needed("power", ON)], "sofa", T0 + 900, "playing", T0)
    home.ask(POWER, "tv", "power", NOT)
    pieces = [(key, value) for key, value in home.arbiter.take_changes() if value is not None]
    bad = [
        ("spot/power/lamp", pieces[0][1]),
        ("nothing/x", b"\x80"),
        ("thing/x", b"\xc1"),
        ("clock/", b"x" * (kept.VALUE_OCTETS_MAX + 1)),
    ]
    later = Home()
    assert later.arbiter.restore([*bad, *pieces], T0) == len(bad)
    assert [o.command.id for o in later.arbiter.live(T0)] == ["c1"]


def test_the_fullest_array_can_be_kept_and_read_again() -> None:
    home = Home()
    for number in range(kept.PER_SPOT_MAX):
        who = f"{number:03}" + "🎬" * 197
        origin = Origin(who, SERVICE, MEETING, "e" * 200, "🎬" * 200)
        for turn in range(1, 6):  # each leaves the ids of some minutes, too
            now = T0 + number * 3 + turn * 0.1
            first = home.ask(
                origin, "tv", "content", f"{turn}" + "🎬" * 1999, now=now, id=f"{number}/{turn}"
            )
            if turn == 1:
                assert outcomes(first)[0].state == "sent"
    later = again(home, T0 + 300)
    assert len(later.arbiter.live(T0 + 300)) == kept.PER_SPOT_MAX


@given(st.sampled_from(["spot/power/tv", "thing/tv", "caller/x", "lost/x", "clock/"]), st.binary())
def test_hostile_pieces_raise_nothing(key: str, value: bytes) -> None:
    home = Home()
    assert home.arbiter.restore([(key, value)], T0) in {0, 1}
    home.arbiter.step(T0)
    home.ask(POWER, "tv", "power", ON)


@given(st.data())
def test_changed_octets_raise_nothing(data: st.DataObject) -> None:
    home = Home()
    home.arbiter.use("tv", [needed("power", ON)], "sofa", T0 + 900, "playing", T0)
    home.ask(POWER, "tv", "power", NOT)
    home.ask(HANDY, "battery", "charge_w", 5, "local-manual")
    pieces = []
    for key, value in home.arbiter.take_changes():
        octets = bytearray(value or b"")
        place = data.draw(st.integers(0, max(len(octets) - 1, 0)))
        octets[place] = data.draw(st.integers(0, 255))
        pieces.append((key, bytes(octets)))
    later = Home()
    assert 0 <= later.arbiter.restore(pieces, T0) <= len(pieces)
    for now in (T0, T0 + 1000, T0 + 10**7):
        later.arbiter.step(now)
    outcomes(later.ask(POWER, "tv", "power", ON, now=T0 + 10**7))
    list(later.arbiter.take_changes())


def test_it_is_one_of_those_that_learn() -> None:
    learned: Learned = Home().arbiter
    assert list(learned.take_changes()) == []
