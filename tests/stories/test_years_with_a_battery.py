"""A story in virtual time: a battery and a car, two authorities, and what two years do to their link.

No clock runs here: each chapter says what day it is.
"""

from __future__ import annotations

import pytest

from authority.made import KEYS, NOW, Made
from omamori.adapters.path_engine import HankoEngine
from omamori.authority.registry import Target
from omamori.documents.bundle import read_bundle
from omamori.hub.links import ACTIVE, LIMITED, SUSPENDED, Change, End, Links
from omamori.trust.book import Book
from omamori.trust.standing import Caps, Credentials

HOUR_S, DAY_S = 3600.0, 86400.0
MAP = {5: 4, 4: 3, 3: 3, 2: 1}


class Home:
    """Energy and mobility recognise one another; a battery and a car share electricity."""

    def __init__(self) -> None:
        self.energy, self.mobility = Made("energy", 0), Made("mobility", 4)
        self.energy.product("battery")
        self.mobility.product("car")
        self.keys = {"battery": KEYS[20], "car": KEYS[21]}
        self.devices = {
            "battery": self.energy.device(self.keys["battery"], "battery"),
            "car": self.mobility.device(self.keys["car"], "car"),
        }
        self.authorities = {"battery": self.energy, "car": self.mobility}
        self.meet_industries()
        self.books = {
            name: Book(made.root, HankoEngine())
            for name, made in (("energy", self.energy), ("mobility", self.mobility))
        }
        self.statements = {"battery": b"", "car": b""}
        self.links = Links(self.books, self.end_of, Caps())
        self.news(NOW)

    def meet_industries(self) -> None:
        for mine, theirs in ((self.energy, self.mobility), (self.mobility, self.energy)):
            mine.service.cross(theirs.service.bundle(NOW), theirs.root, MAP, "", NOW)

    def end_of(self, thing: str) -> End:
        industry = "energy" if thing == "battery" else "mobility"
        shown = Credentials(self.devices[thing].certificate, self.statements[thing])
        return End(thing, industry, shown)

    def news(self, now: float) -> None:
        """Everybody hears what the authorities publish, as a hub that is online does."""
        for made in (self.energy, self.mobility):
            made.service.step(now)
        for mine, theirs in ((self.energy, self.mobility), (self.mobility, self.energy)):
            industry = theirs.service.identity.ladder.industry
            mine.service.refresh(industry, theirs.service.bundle(now), now)
        self.books["energy"].load(read_bundle(self.energy.service.bundle(now)), now)
        self.books["mobility"].load(read_bundle(self.mobility.service.bundle(now)), now)
        for thing, made in self.authorities.items():
            self.statements[thing] = made.octets(self.devices[thing], self.keys[thing], now)

    def look(self, now: float) -> Change | None:
        changes = self.links.rejudge(now)
        return changes[0] if changes else None

    def meet(self, now: float) -> str:
        change = self.links.met("l", "battery", "car", "share-energy", now)
        assert change is not None
        return change.link.state

    def why(self) -> set[str]:
        link = self.links.get("l")
        assert link is not None
        return {reason.key for reason in link.reasons}


@pytest.fixture
def home() -> Home:
    return Home()


def test_a_weakness_is_found_and_mended(home: Home) -> None:
    # On the first day the two meet and may share electricity.
    assert home.meet(NOW) == ACTIVE

    # On the third day a weakness of the battery is found. Its authority lowers the product.
    day = NOW + 3 * DAY_S
    home.energy.service.lower(Target(product="battery"), 2, "unpatched", day)
    home.news(day)
    change = home.look(day)
    assert change is not None
    assert change.narrowed
    assert change.link.state == SUSPENDED
    assert "standing.level-lowered" in home.why()

    # On the tenth day the fixed version is out, and the level rises again.
    day = NOW + 10 * DAY_S
    home.energy.service.raise_(Target(product="battery"), 4, day)
    home.news(day)
    change = home.look(day)
    assert change is not None
    assert (change.before, change.link.state) == (SUSPENDED, ACTIVE)


def test_a_battery_that_hides_the_bad_news_gains_nothing(home: Home) -> None:
    assert home.meet(NOW) == ACTIVE
    kept = home.statements["battery"]
    day = NOW + HOUR_S
    home.energy.service.lower(Target(product="battery"), 2, "exploited", day)
    home.news(day)
    home.statements["battery"] = kept
    change = home.look(day)
    assert change is not None
    assert change.link.state == SUSPENDED
    assert "standing.statement-withdrawn" in home.why()


def test_without_the_internet_trust_fades_and_comes_back(home: Home) -> None:
    assert home.meet(NOW) == ACTIVE

    # The line is cut. For a day nothing changes; then the lists are old, and only a part is left.
    assert home.look(NOW + 20 * HOUR_S) is None
    change = home.look(NOW + 2 * DAY_S)
    assert change is not None
    assert change.link.state == LIMITED
    assert {"standing.lists-old", "standing.statement-old"} <= home.why()

    # After more than a week without news nothing can be believed any more.
    change = home.look(NOW + 9 * DAY_S)
    assert change is not None
    assert change.link.state == SUSPENDED
    assert "path.revocation-stale" in home.why()

    # When the line is back, so is the link.
    day = NOW + 10 * DAY_S
    home.news(day)
    change = home.look(day)
    assert change is not None
    assert change.link.state == ACTIVE


def test_a_stolen_car_is_revoked_for_ever(home: Home) -> None:
    assert home.meet(NOW) == ACTIVE
    day = NOW + DAY_S / 2
    home.mobility.service.revoke(home.devices["car"].name, "key-suspect", day)
    kept = dict(home.statements)
    home.authorities.pop("car")  # its authority gives it no word any more
    home.news(day)
    home.statements["car"] = kept["car"]
    change = home.look(day)
    assert change is not None
    assert change.link.state == SUSPENDED
    assert "standing.certificate-revoked" in home.why()


def test_after_two_years_a_certificate_runs_out(home: Home) -> None:
    assert home.meet(NOW) == ACTIVE
    change = home.look(NOW + 2 * 366 * DAY_S)
    assert change is not None
    assert change.link.state == SUSPENDED
