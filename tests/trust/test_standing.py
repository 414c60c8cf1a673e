"""Standing: every way a peer may be less than it says, and that nothing shown makes it more."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from documents.forge import device
from omamori.adapters.path_engine import HankoEngine
from omamori.authority import certificates as issue
from omamori.documents.bundle import read_bundle
from omamori.documents.oids import VOUCH_PROFILE
from omamori.documents.status import INVALID, SUSPENDED
from omamori.trust.book import Book
from omamori.trust.standing import (
    GROUND_CERTIFICATE,
    GROUND_NOTHING,
    Credentials,
    Proof,
    Standing,
    judge,
)
from trust.industries import NOW, Industry, Thing, der, new_key

MAP = {5: 4, 4: 3, 3: 3, 2: 1}
DAY = 86400


@pytest.fixture
def health() -> Industry:
    return Industry("health")


@pytest.fixture
def energy(health: Industry) -> Industry:
    energy = Industry("energy")
    energy.recognise(health, MAP)
    return energy


def seen(thing: Thing, book: Book, now: float = NOW, **says: Any) -> Standing:
    return judge(thing.credentials(**says), thing.proof(), book, now)


def rungs(standing: Standing) -> tuple[int, int, int]:
    levels = (standing.certified, standing.current, standing.effective)
    return tuple(level.rung if level else 0 for level in levels)  # type: ignore[return-value]


def why(standing: Standing) -> list[str]:
    return [reason.key for reason in standing.reasons]


@pytest.mark.parametrize("rung", [2, 3, 4, 5])
def test_a_peer_of_another_industry_stands_at_the_mapped_level(
    energy: Industry, health: Industry, rung: int
) -> None:
    standing = seen(health.thing(rung), energy.book())
    assert rungs(standing) == (MAP[rung],) * 3
    assert standing.effective == energy.ladder.level(MAP[rung])
    assert standing.ground == GROUND_CERTIFICATE
    assert not standing.reasons
    assert [step.key for step in standing.steps] == [
        "step.certificate",
        "step.mapped",
        "step.key-proved",
        "step.statement",
        "step.effective",
    ]
    assert standing.steps[1].params == {
        "industry": "health",
        "rung": rung,
        "to_industry": "energy",
        "to_rung": MAP[rung],
    }
    assert standing.valid_until == NOW + DAY


def test_a_peer_of_the_own_industry_keeps_its_level(energy: Industry) -> None:
    standing = seen(energy.thing(5), energy.book())
    assert rungs(standing) == (5, 5, 5)
    assert "step.same-ladder" in [step.key for step in standing.steps]


def test_the_jwt_twin_says_the_same(energy: Industry, health: Industry) -> None:
    thing, book = health.thing(4), energy.book()
    assert rungs(seen(thing, book, jwt=True, rung=2)) == (3, 1, 1)


def test_no_policy_mapped_is_no_level(energy: Industry, health: Industry) -> None:
    standing = seen(health.thing(1), energy.book())
    assert rungs(standing) == (0, 0, 0)
    assert why(standing) == ["standing.level-not-mapped"]


def test_a_certificate_out_of_its_time(energy: Industry, health: Industry) -> None:
    book = energy.book()
    old = health.thing(4, now=NOW - 731 * DAY)
    assert why(seen(old, book)) == ["standing.certificate-expired"]
    young = health.thing(4, now=NOW + 3 * DAY)
    standing = seen(young, book)
    assert why(standing) == ["standing.certificate-not-yet-valid"]
    assert standing.reasons[0].params == {"days": 2}
    assert standing.effective is None


def test_the_very_second_of_expiry_is_over(energy: Industry, health: Industry) -> None:
    born = NOW - 730 * DAY + 300
    thing = health.thing(4, now=born)
    book = energy.book()
    assert seen(thing, book, NOW - 1).effective is not None
    assert why(seen(thing, book, NOW)) == ["standing.certificate-expired"]


def test_a_revoked_certificate(energy: Industry, health: Industry) -> None:
    thing = health.thing(4)
    health.revoke(thing)
    energy.known = []
    energy.recognise(health, MAP)
    standing = seen(thing, energy.book())
    assert why(standing) == ["standing.certificate-revoked"]
    assert rungs(standing) == (0, 0, 0)


def test_an_unknown_authority(energy: Industry) -> None:
    standing = seen(Industry("toys").thing(5), energy.book())
    assert why(standing) == ["standing.unknown-authority"]
    assert rungs(standing) == (0, 0, 0)


def test_a_rogue_authority_that_borrows_the_key_identifier(
    energy: Industry, health: Industry
) -> None:
    rogue = Industry("health")
    rogue.ladder = health.ladder
    real = health.issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    octets = device(
        {
            "aki": (x509.AuthorityKeyIdentifier(real.digest, None, None), False),
            "names": (
                x509.SubjectAlternativeName(
                    [x509.UniformResourceIdentifier("https://health.example/t")]
                ),
                False,
            ),
        }
    )
    standing = judge(Credentials(octets), None, energy.book(), NOW)
    assert why(standing) == ["standing.signature-wrong"]
    assert standing.effective is None


def test_an_industry_known_but_not_recognised(energy: Industry) -> None:
    toys = Industry("toys")
    energy.known.append(toys.member())
    standing = seen(toys.thing(5), energy.book())
    assert why(standing) == ["standing.no-map-for-industry"]


@pytest.mark.parametrize(
    "change",
    [
        {"uri": "https://energy.example/t/x"},
        {"uri": "https://a.health.example/t/x"},
        {"uri": "https://health.example.evil.example/t/x"},
        {"industry": "energy"},
        {"industry": "Health"},
    ],
)
def test_a_name_of_another_industry_is_not_permitted(
    energy: Industry, health: Industry, change: dict[str, str]
) -> None:
    standing = seen(health.thing(5, **change), energy.book())
    assert why(standing) == ["standing.name-not-permitted"]
    assert rungs(standing) == (0, 0, 0)


def test_a_leaf_that_asserts_the_verifiers_own_level(energy: Industry, health: Industry) -> None:
    """Health's CA issues an energy policy: after mapping it means nothing."""
    thing = health.thing(5, level=energy.ladder.level(5))
    assert why(seen(thing, energy.book())) == ["standing.level-not-mapped"]


def test_a_statement_only_lowers(energy: Industry, health: Industry) -> None:
    book = energy.book()
    for certified, mine in MAP.items():
        for says, lowered_to in MAP.items():
            standing = seen(health.thing(certified), book, rung=says)
            least = min(mine, lowered_to)
            assert rungs(standing) == (mine, least, least)
            lowered = "standing.level-lowered" in why(standing)
            assert lowered == (lowered_to < mine)


def test_a_statement_at_an_unmapped_level_is_no_level(energy: Industry, health: Industry) -> None:
    standing = seen(health.thing(5), energy.book(), rung=1)
    assert why(standing) == ["standing.lowered-below-map"]
    assert standing.effective is None


def test_levels_of_other_ladders_are_translated_never_compared(
    energy: Industry, health: Industry
) -> None:
    """A statement that names a level of the verifier's ladder says nothing in its own."""
    standing = seen(health.thing(5), energy.book(), level=energy.ladder.level(5).oid)
    assert why(standing) == ["standing.level-not-mapped"]
    assert standing.effective is None


def test_a_missing_statement_is_capped(energy: Industry, health: Industry) -> None:
    thing = health.thing(5)
    standing = judge(Credentials(thing.certificate), thing.proof(), energy.book(), NOW)
    assert rungs(standing) == (4, 1, 1)
    assert why(standing) == ["standing.no-statement"]


@pytest.mark.parametrize(
    ("past_s", "rung", "until"),
    [
        (-1, 4, NOW + DAY),
        (0, 2, NOW + 8 * DAY),
        (7 * DAY - 1, 2, NOW + 8 * DAY),
        (7 * DAY, 1, None),
        (30 * DAY, 1, None),
    ],
)
def test_an_old_statement_is_capped_by_its_age(
    health: Industry, past_s: int, rung: int, until: float | None
) -> None:
    energy = Industry("energy")
    energy.born = health.born = NOW
    now = NOW + DAY + past_s
    thing = health.thing(5)
    energy.recognise(health, MAP)
    book = _long_book(energy, health, now)
    standing = seen(thing, book, now)
    assert rungs(standing)[2] == rung
    if until is not None:
        assert standing.valid_until == pytest.approx(min(until, now + 3600))


def _long_book(energy: Industry, health: Industry, now: float) -> Book:
    """A book whose lists were made just now, long after the statement."""

    def crls(one: Industry) -> tuple[bytes, bytes]:
        return (
            der(issue.issue_crl(one.root, one.root_key, 1, {}, now, hours=1)),
            der(issue.issue_crl(one.issuing, one.issuing_key, 1, {}, now, hours=1)),
        )

    energy.crls = lambda: crls(energy)  # type: ignore[method-assign]
    health.crls = lambda: crls(health)  # type: ignore[method-assign]
    energy.known = []
    energy.recognise(health, MAP)
    bundle = energy.bundle(issued_at=int(now) - 1, expires_at=int(now) + 99)
    book = Book(der(energy.root), HankoEngine())
    book.load(read_bundle(bundle), now)
    return book


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"thumbprint": b"x" * 32}, "standing.statement-of-another"),
        ({"profile": VOUCH_PROFILE}, "standing.statement-of-other-kind"),
        ({"issued_at": int(NOW) + 200}, "standing.statement-from-the-future"),
        ({"tier": 96}, "standing.contraindicated"),
    ],
)
def test_a_statement_that_does_not_count_refuses(
    energy: Industry, health: Industry, change: dict[str, Any], key: str
) -> None:
    standing = seen(health.thing(5), energy.book(), **change)
    assert why(standing) == [key]
    assert standing.effective is None
    assert standing.certified == energy.ladder.level(4)


def test_a_slightly_fast_clock_is_no_lie(energy: Industry, health: Industry) -> None:
    assert seen(health.thing(5), energy.book(), issued_at=int(NOW) + 100).effective is not None


def test_a_statement_signed_by_another(energy: Industry, health: Industry) -> None:
    thing, book = health.thing(5), energy.book()
    for key in (new_key(), energy.registry_key, health.issuing_key, thing.key):
        health.registry_key = key
        standing = seen(thing, book)
        assert why(standing) == ["standing.statement-signature-wrong"]
        assert standing.effective is None


def test_a_statement_of_another_thing_of_the_same_industry(
    energy: Industry, health: Industry
) -> None:
    good, bad = health.thing(5), health.thing(2)
    shown = Credentials(bad.certificate, good.statement())
    assert why(judge(shown, bad.proof(), energy.book(), NOW)) == ["standing.statement-of-another"]


def test_a_malformed_statement_refuses(energy: Industry, health: Industry) -> None:
    thing = health.thing(5)
    standing = judge(Credentials(thing.certificate, b"rot"), thing.proof(), energy.book(), NOW)
    assert why(standing) == ["statement.unreadable"]
    assert standing.effective is None


def test_an_older_statement_is_a_replay(energy: Industry, health: Industry) -> None:
    thing, book = health.thing(5), energy.book()
    old, new = thing.credentials(rung=5), thing.credentials(rung=2)
    proof = thing.proof()
    assert rungs(judge(old, proof, book, NOW)) == (4, 4, 4)
    assert rungs(judge(new, proof, book, NOW)) == (4, 1, 1)
    standing = judge(old, proof, book, NOW)
    assert why(standing) == ["standing.statement-replayed"]
    assert standing.effective is None
    assert rungs(judge(new, proof, book, NOW)) == (4, 1, 1)


@pytest.mark.parametrize("change", [{"tier": 96}, {"status_index": 1}])
def test_bad_news_is_not_answered_with_older_good_news(
    energy: Industry, health: Industry, change: dict[str, Any]
) -> None:
    health.statuses[1] = INVALID
    energy.known = []
    energy.recognise(health, MAP)
    thing, book = health.thing(5), energy.book()
    if "status_index" in change:
        change |= {"status_url": health.status_url}
    old, new = thing.credentials(), thing.credentials(**change)
    assert judge(new, thing.proof(), book, NOW).effective is None
    assert why(judge(old, thing.proof(), book, NOW)) == ["standing.statement-replayed"]


def test_a_forged_high_number_does_not_shut_a_thing_out(energy: Industry, health: Industry) -> None:
    thing, book = health.thing(5), energy.book()
    registry, health.registry_key = health.registry_key, new_key()
    assert seen(thing, book, seq=1 << 40).effective is None
    health.registry_key = registry
    assert seen(thing, book).effective is not None


@pytest.mark.parametrize(
    ("status", "key"),
    [(INVALID, "standing.statement-withdrawn"), (SUSPENDED, "standing.held-by-authority")],
)
def test_a_status_withdraws_or_holds(
    energy: Industry, health: Industry, status: int, key: str
) -> None:
    health.statuses[7] = status
    energy.known = []
    energy.recognise(health, MAP)
    thing, book = health.thing(5), energy.book()
    standing = seen(thing, book, status_index=7, status_url=health.status_url)
    assert why(standing) == [key]
    assert standing.effective is None
    assert seen(thing, book, status_index=8, status_url=health.status_url).effective is not None


def test_a_status_that_cannot_be_known_is_told(energy: Industry, health: Industry) -> None:
    standing = seen(health.thing(5), energy.book(), status_index=7, status_url="https://x.example/")
    assert "step.status-not-known" in [step.key for step in standing.steps]


def test_a_revoked_registry_key_says_nothing(energy: Industry, health: Industry) -> None:
    health.revoked[health.registry.serial_number] = NOW - 30
    energy.known = []
    energy.recognise(health, MAP)
    standing = seen(health.thing(5), energy.book())
    assert why(standing) == ["standing.registry-key-not-valid"]
    assert standing.effective is None


def test_the_key_must_be_proved(energy: Industry, health: Industry) -> None:
    thing, thief, book = health.thing(5), health.thing(5), energy.book()
    shown = thing.credentials()
    for proof in (
        thief.proof(),
        Proof(b"transcript", b""),
        Proof(b"other", thing.proof().signature),
    ):
        standing = judge(shown, proof, book, NOW)
        assert why(standing) == ["standing.key-not-proved"]
        assert standing.effective is None


def test_nothing_shown_is_nothing(energy: Industry) -> None:
    standing = judge(Credentials(b""), None, energy.book(), NOW)
    assert standing.ground == GROUND_NOTHING
    assert why(standing) == ["standing.no-credentials"]


def test_a_certificate_outside_the_profile_is_nothing(energy: Industry) -> None:
    standing = judge(Credentials(device({"policies": None})), None, energy.book(), NOW)
    assert why(standing) == ["certificate.extension-missing"]
    assert standing.effective is None


def test_a_warning_cannot_be_left_out(energy: Industry, health: Industry) -> None:
    """A thing that was warned of, and now shows no word at all, does not count as unstated."""
    book, thing = energy.book(), health.thing(5)
    bare = Credentials(thing.certificate)
    assert judge(bare, None, book, NOW).effective is not None
    assert seen(thing, book, tier=96).effective is None
    assert why(judge(bare, None, book, NOW)) == ["standing.word-left-out"]
    assert seen(thing, book).effective is not None
    assert why(judge(bare, None, book, NOW)) == ["standing.no-statement"]
