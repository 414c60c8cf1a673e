"""A computer that sends much to a country that is new to it is told of, and nothing else is."""

from __future__ import annotations

from hub.flows_made import uses
from omamori.hub.behaving.carrying import CARRIED_OCTETS_MIN, COUNTED_MAX, KIND, Carrying
from omamori.hub.behaving.deed import Peer
from omamori.hub.behaving.habit import DAY_S, Habits

NOW = 1_800_000_000.0
FAR = Peer(country="AQ", names=("your-parcel.example",), is_outside=True)


def habits(*countries: str, settled: bool = True) -> Habits:
    known = dict.fromkeys(countries, NOW - 30 * DAY_S)
    return Habits(NOW - 30 * DAY_S, NOW, countries=known, is_settled=settled)


def told(peer: Peer, of: Habits, kind: str = "computer", octets: int = CARRIED_OCTETS_MIN) -> str:
    carrying = Carrying()
    found = None
    for number in range(10):
        one = uses(NOW + number)
        found = found or carrying.hear(one, octets // 10, "pc", kind, peer, of)
    return found.kind if found else ""


def test_much_that_goes_to_a_new_country_is_told_once_with_its_place() -> None:
    carrying, of = Carrying(), habits("JP", "US")
    found = [
        carrying.hear(uses(NOW + n), CARRIED_OCTETS_MIN // 2, "pc", "computer", FAR, of)
        for n in range(6)
    ]
    (finding,) = filter(None, found)
    assert (finding.kind, finding.thing, finding.about) == (KIND, "pc", "out AQ")
    assert finding.params["place"] == "your-parcel.example"


def test_what_is_usual_or_little_or_fine_is_not_told() -> None:
    of = habits("JP", "US")
    assert told(FAR, of) == KIND
    assert told(FAR, of, octets=CARRIED_OCTETS_MIN - 10) == ""
    assert told(FAR, of, kind="television") == ""
    assert told(FAR, habits("JP", "AQ")) == ""
    assert told(FAR, habits("JP", settled=False)) == ""
    assert told(FAR, habits()) == ""
    assert told(FAR, habits("JP", "US", "DE", "FR", "GB", "KR")) == ""
    of.allow("out AQ")
    assert told(FAR, of) == ""


def test_a_flood_of_countries_keeps_memory_bounded() -> None:
    carrying, of = Carrying(), habits("JP")
    for number in range(COUNTED_MAX * 2):
        carrying.hear(uses(NOW), 1, f"pc{number}", "computer", FAR, of)
    assert len(carrying._sent) <= COUNTED_MAX
