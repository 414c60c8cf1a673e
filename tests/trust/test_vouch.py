"""Vouching: an old thing stands on its hub's word, up to a cap and never above the hub."""

from __future__ import annotations

from typing import Any

import pytest

from omamori.documents.oids import STATEMENT_PROFILE
from omamori.trust.standing import (
    DEFAULT_CAPS,
    GROUND_HUB,
    Caps,
    Credentials,
    Standing,
    judge,
)
from trust.industries import NOW, Industry

MAP = {5: 4, 4: 3, 3: 3, 2: 1}


@pytest.fixture
def health() -> Industry:
    return Industry("health")


@pytest.fixture
def energy(health: Industry) -> Industry:
    energy = Industry("energy")
    energy.recognise(health, MAP)
    return energy


def why(standing: Standing) -> list[str]:
    return [reason.key for reason in standing.reasons]


@pytest.mark.parametrize(("says", "rung"), [(5, 2), (3, 2), (2, 2), (1, 1)])
def test_an_old_thing_stands_on_its_hubs_word_up_to_the_cap(
    energy: Industry, says: int, rung: int
) -> None:
    hub = energy.thing(5)
    shown = Credentials(hub.certificate, hub.statement(), hub.vouch(says))
    standing = judge(shown, hub.proof(), energy.book(), NOW)
    assert standing.ground == GROUND_HUB
    assert standing.certified is None
    assert standing.effective == energy.ladder.level(rung)


def test_a_hub_lends_no_more_than_it_has(energy: Industry) -> None:
    hub = energy.thing(5)
    shown = Credentials(hub.certificate, hub.statement(rung=1), hub.vouch(5))
    assert judge(shown, hub.proof(), energy.book(), NOW).effective == energy.ladder.level(1)


def test_a_hub_of_another_industry_vouches_in_its_own_ladder(
    energy: Industry, health: Industry
) -> None:
    hub, book = health.thing(5), energy.book()
    for says, rung in ((4, 2), (2, 1)):
        shown = Credentials(hub.certificate, hub.statement(), hub.vouch(says))
        assert judge(shown, hub.proof(), book, NOW).effective == energy.ladder.level(rung)
    shown = Credentials(hub.certificate, hub.statement(), hub.vouch(1))
    assert judge(shown, hub.proof(), book, NOW).effective is None


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"thumbprint": b"x" * 32}, "standing.statement-of-another"),
        ({"profile": STATEMENT_PROFILE}, "standing.statement-of-other-kind"),
        ({"issued_at": int(NOW) + 200}, "standing.statement-from-the-future"),
        ({"issued_at": int(NOW) - 99, "expires_at": int(NOW)}, "standing.vouch-expired"),
        ({"tier": 96}, "standing.contraindicated"),
        ({"level": "1.2.3.4"}, "standing.level-not-mapped"),
    ],
)
def test_a_vouch_that_does_not_count_refuses(
    energy: Industry, change: dict[str, Any], key: str
) -> None:
    hub = energy.thing(5)
    shown = Credentials(hub.certificate, hub.statement(), hub.vouch(2, **change))
    standing = judge(shown, hub.proof(), energy.book(), NOW)
    assert why(standing) == [key]
    assert standing.effective is None


def test_a_vouch_signed_by_another_hub(energy: Industry) -> None:
    hub, other = energy.thing(5), energy.thing(5)
    other.certificate = hub.certificate
    shown = Credentials(hub.certificate, hub.statement(), other.vouch(2))
    standing = judge(shown, hub.proof(), energy.book(), NOW)
    assert why(standing) == ["standing.vouch-signature-wrong"]


def test_a_hub_without_level_vouches_for_nothing(energy: Industry) -> None:
    hub = energy.thing(5)
    shown = Credentials(hub.certificate, hub.statement(tier=96), hub.vouch(2))
    standing = judge(shown, hub.proof(), energy.book(), NOW)
    assert why(standing) == ["standing.contraindicated", "standing.hub-without-level"]
    assert standing.effective is None


def test_caps_are_configuration(energy: Industry, health: Industry) -> None:
    thing = health.thing(5)
    caps = Caps(vouched=1, aged=3, unstated=3)
    shown = Credentials(thing.certificate)
    assert judge(shown, thing.proof(), energy.book(), NOW, caps).effective == energy.ladder.level(3)
    assert DEFAULT_CAPS.vouched == 2
