"""Links are judged again when anything they rest on changes, and every state is reached by the table."""

from __future__ import annotations

import msgspec
import pytest

from omamori.hub.links import ACTIVE, ENDED, LIFE, LIMITED, SUSPENDED, Change, End, Links
from omamori.trust.standing import Caps
from omamori.trust.verdict import STRICTEST_LAST
from trust.industries import NOW, Industry, Thing


class Two:
    """Two things of two industries and the hub that keeps their link."""

    def __init__(self, a_rung: int = 4, b_rung: int = 4) -> None:
        self.energy, self.health = Industry("energy"), Industry("health")
        self.energy.recognise(self.health, {5: 4, 4: 3, 3: 3, 2: 1})
        self.health.recognise(self.energy, {5: 4, 4: 3, 3: 3, 2: 1})
        self.books = {"energy": self.energy.book(), "health": self.health.book()}
        self.ends: dict[str, End] = {}
        self.a = self.shows("a", self.energy.thing(a_rung))
        self.b = self.shows("b", self.health.thing(b_rung))
        self.links = Links(self.books, self.ends.get, Caps())

    def shows(self, name: str, thing: Thing, rung: int | None = None) -> Thing:
        self.ends[name] = End(name, thing.industry.name, thing.credentials(rung=rung))
        return thing


def test_a_meeting_makes_a_link_with_the_smaller_level() -> None:
    home = Two()
    change = home.links.met("l", "a", "b", "share-energy", NOW)
    assert change is not None
    assert (change.before, change.link.state) == ("proposed", ACTIVE)
    assert str(change.link.level) == "energy Lv.3"
    assert not change.narrowed


def test_a_lowered_level_narrows_and_a_raised_one_restores() -> None:
    home = Two()
    home.links.met("l", "a", "b", "share-energy", NOW)
    assert home.links.rejudge(NOW) == []
    home.shows("b", home.b, rung=2)
    (change,) = home.links.rejudge(NOW + 1)
    assert change.narrowed
    assert change.link.state == SUSPENDED
    assert "standing.level-lowered" in {reason.key for reason in change.link.reasons}
    home.shows("b", home.b, rung=4)
    (change,) = home.links.rejudge(NOW + 2)
    assert change.link.state == ACTIVE
    assert change.link.since == NOW + 2


def test_news_in_pieces_is_told_as_one_change() -> None:
    home = Two()
    met = home.links.met("l", "a", "b", "read-measurement", NOW)
    assert met is not None
    active = met.link
    suspended = Change(msgspec.structs.replace(active, state=SUSPENDED), ACTIVE, NOW + 1)
    limited = Change(msgspec.structs.replace(active, state=LIMITED), SUSPENDED, NOW + 2)
    first = suspended.told_after(met)
    assert first == suspended
    assert limited.told_after(first).before == ACTIVE
    assert limited.told_after(first).narrowed
    later = msgspec.structs.replace(limited, at=NOW + 9)
    assert later.told_after(first) == later


def test_the_harmless_part_stays_where_there_is_one() -> None:
    home = Two()
    home.links.met("l", "a", "b", "read-measurement", NOW)
    home.shows("b", home.b, rung=2)
    (change,) = home.links.rejudge(NOW + 1)
    assert change.link.state == LIMITED


def test_a_first_refusal_makes_no_link_that_could_come_back() -> None:
    home = Two(b_rung=2)
    change = home.links.met("l", "a", "b", "share-energy", NOW)
    assert change is not None
    assert change.link.state == ENDED
    home.shows("b", home.health.thing(5))
    assert home.links.rejudge(NOW + 1) == []


def test_who_was_refused_at_first_may_meet_again() -> None:
    home = Two(b_rung=2)
    home.links.met("l", "a", "b", "share-energy", NOW)
    again = home.links.met("l", "a", "b", "share-energy", NOW + 1)
    assert again is not None
    assert (again.before, again.link.state) == ("proposed", ENDED)
    home.shows("b", home.health.thing(5))
    better = home.links.met("l", "a", "b", "share-energy", NOW + 2)
    assert better is not None
    assert (better.before, better.link.state) == ("proposed", ACTIVE)


def test_a_thing_that_left_keeps_its_link_as_it_was_judged_last() -> None:
    home = Two()
    home.links.met("l", "a", "b", "share-energy", NOW)
    del home.ends["b"]
    assert home.links.rejudge(NOW + 1) == []
    home.links.end("l")
    assert home.links.all() == ()


@pytest.mark.parametrize("state", ["proposed", ACTIVE, LIMITED, "asked", SUSPENDED])
@pytest.mark.parametrize("answer", STRICTEST_LAST)
def test_the_table_knows_every_answer_in_every_living_state(state: str, answer: str) -> None:
    assert (state, answer) in LIFE
