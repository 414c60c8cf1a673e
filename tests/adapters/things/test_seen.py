"""What was seen: changes are told at once, and what goes on is told again now and then."""

from __future__ import annotations

from omamori.adapters.things.driver import Address, Change
from omamori.adapters.things.seen import AGAIN_S, Seen

ON, OFF = True, False
TV = Address("tv", "192.0.2.1", "")


class Look:
    """Sees at a time, and notes what is told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.told: list[Change] = []
        self.seen = Seen(lambda: self.now)

    def __call__(self, value: object, *, by_hand: bool | None = None) -> list[object]:
        before = len(self.told)
        self.seen.is_now(TV, "playing", value, self.told.append, by_hand=by_hand)  # type: ignore[arg-type]  # any value
        return [one.value for one in self.told[before:]]


def test_a_change_is_told_once_and_what_goes_on_is_told_again() -> None:
    look = Look()
    assert look(ON) == [ON]
    assert look(ON) == []
    look.now += AGAIN_S
    assert look(ON) == [ON]
    assert look(ON) == []
    assert look(OFF) == [OFF]


def test_what_is_told_again_was_nobodys_hand() -> None:
    look = Look()
    look(ON, by_hand=True)
    look.now += AGAIN_S
    look(ON, by_hand=True)
    assert [one.by_hand for one in look.told] == [True, None]


def test_a_clock_that_goes_back_tells_it_again() -> None:
    look = Look()
    look(ON)
    look.now -= 10**6
    assert look(ON) == [ON]
