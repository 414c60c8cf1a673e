"""A verifier of another industry judges what an authority issued, from the bundle alone."""

from __future__ import annotations

import pytest

from authority.made import KEYS, NOW, Made
from omamori.adapters.path_engine import HankoEngine
from omamori.authority.registry import Target
from omamori.documents.bundle import read_bundle
from omamori.trust.book import Book
from omamori.trust.standing import Credentials, Standing, judge

KEY = KEYS[30]
MAP = {3: 2, 4: 3, 5: 4}


class Two:
    """Energy's verifier and a device of health."""

    def __init__(self) -> None:
        self.energy, self.health = Made("energy", 0), Made("health", 4)
        self.health.product(rung=5)
        self.device = self.health.device(KEY)
        self.book = Book(self.energy.root, HankoEngine())

    def cross(self) -> None:
        bundle = self.health.service.bundle(NOW)
        self.energy.service.cross(bundle, self.health.root, MAP, "", NOW)

    def pass_on(self) -> None:
        self.energy.service.refresh("health", self.health.service.bundle(NOW), NOW)

    def judged(self, statement: bytes) -> Standing:
        self.book.load(read_bundle(self.energy.service.bundle(NOW)), NOW)
        return judge(Credentials(self.device.certificate, statement), None, self.book, NOW)


@pytest.fixture
def two() -> Two:
    return Two()


def _rung(standing: Standing) -> int | None:
    return standing.effective.rung if standing.effective else None


def test_a_mapped_level_is_translated(two: Two) -> None:
    two.cross()
    standing = two.judged(two.health.octets(two.device, KEY))
    assert standing.reasons == ()
    assert standing.effective == two.energy.service.identity.ladder.level(4)


def test_an_acquaintance_has_no_level(two: Two) -> None:
    bundle = two.health.service.bundle(NOW)
    two.energy.service.acquaint(bundle, two.health.root, "", NOW)
    standing = two.judged(two.health.octets(two.device, KEY))
    assert standing.effective is None
    assert {r.key for r in standing.reasons} == {"standing.no-map-for-industry"}


def test_a_lowered_level_reaches_the_other_industry(two: Two) -> None:
    two.cross()
    high = two.health.octets(two.device, KEY)
    two.health.service.lower(Target(product="aircon"), 3, "unpatched", NOW)
    two.pass_on()
    low = two.health.octets(two.device, KEY)
    assert _rung(two.judged(low)) == 2
    withdrawn = two.judged(high)
    assert "standing.statement-withdrawn" in {r.key for r in withdrawn.reasons} | {
        r.key for r in withdrawn.steps
    }
    assert (_rung(withdrawn) or 0) <= 2
    two.health.service.raise_(Target(product="aircon"), 5, NOW)
    two.pass_on()
    assert _rung(two.judged(two.health.octets(two.device, KEY))) == 4


def test_a_level_below_the_map_is_none(two: Two) -> None:
    two.cross()
    two.health.service.lower(Target(product="aircon"), 1, "exploited", NOW)
    two.pass_on()
    assert _rung(two.judged(two.health.octets(two.device, KEY))) is None


def test_a_revoked_device_and_a_forgotten_industry_have_no_level(two: Two) -> None:
    two.cross()
    said = two.health.octets(two.device, KEY)
    assert _rung(two.judged(said)) == 4
    two.health.service.revoke(two.device.name, "key-suspect", NOW)
    two.pass_on()
    assert _rung(two.judged(said)) is None
    two.energy.service.forget("health", NOW)
    assert _rung(two.judged(said)) is None


def test_an_own_device_counts_as_it_is(two: Two) -> None:
    two.energy.product(rung=5)
    own = two.energy.device(KEYS[31])
    two.book.load(read_bundle(two.energy.service.bundle(NOW)), NOW)
    said = two.energy.octets(own, KEYS[31])
    standing = judge(Credentials(own.certificate, said), None, two.book, NOW)
    assert _rung(standing) == 5
    assert standing.reasons == ()
