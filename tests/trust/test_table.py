"""Translation tables: several paths, rogue authorities, and what each path rests on."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents.forge import ENERGY, HEALTH, doubled, name, resigned, uri
from documents.test_cross import cross as forged_cross
from documents.test_cross import limits, mapping
from omamori.adapters.path_engine import HankoEngine
from omamori.authority import certificates as issue
from omamori.documents.limits import PATHS_MAX
from omamori.trust.ports import PathError, PathRules
from omamori.trust.table import Table, build_table
from trust.industries import NOW, Industry, der

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omamori.documents.reason import Reason

MAP = {5: 4, 4: 3, 3: 3, 2: 1}
ENGINE = HankoEngine()


class Counting:
    """The engine, counted."""

    def __init__(self) -> None:
        self.asked = 0

    def policies(
        self,
        anchor: bytes,
        chain: Sequence[bytes],
        revocations: Sequence[bytes],
        now: float,
        rules: PathRules,
    ) -> dict[str, frozenset[str]]:
        self.asked += 1
        return ENGINE.policies(anchor, chain, revocations, now, rules)


@pytest.fixture(scope="module")
def energy() -> Industry:
    return Industry("energy")


@pytest.fixture(scope="module")
def health() -> Industry:
    return Industry("health")


@pytest.fixture(scope="module")
def rogue() -> Industry:
    return Industry("rogue")


def lists(*industries: Industry) -> list[bytes]:
    return [crl for industry in industries for crl in industry.crls()]


def made(
    own: Industry,
    paths: Sequence[Sequence[bytes]],
    revocations: Sequence[bytes],
    now: float = NOW,
) -> Table | tuple[Reason, ...]:
    return build_table(der(own.root), own.ladder, paths, revocations, ENGINE, now)


def rungs(table: Table | tuple[Reason, ...], industry: Industry) -> dict[int, int]:
    assert isinstance(table, Table), table
    found = {}
    for level in industry.ladder.levels():
        best = table.best(level.oid)
        if best is not None:
            found[level.rung] = best.level.rung
    assert len(found) == len(table.levels)
    return found


def why(table: Table | tuple[Reason, ...]) -> list[str]:
    assert not isinstance(table, Table), table.levels
    return [reason.key for reason in table]


def test_the_table_is_the_level_map(energy: Industry, health: Industry) -> None:
    table = made(energy, [(energy.cross(health, MAP), health.issuing_der)], lists(energy, health))
    assert rungs(table, health) == MAP
    assert isinstance(table, Table)
    best = table.best(health.ladder.level(4).oid)
    assert best is not None
    assert best.pairs == ((energy.ladder.level(3).oid, health.ladder.level(4).oid),)
    assert best.names.permit("health.example", "health")
    assert not best.names.permit("health.example", "energy")
    assert not best.names.permit("a.health.example", "health")


def test_the_own_industry_needs_no_map(energy: Industry) -> None:
    table = made(energy, [(energy.issuing_der,)], lists(energy))
    assert rungs(table, energy) == {n: n for n in range(1, 6)}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.integers(1, 5), st.integers(1, 5), min_size=1))
def test_any_level_map_is_read_back_whole(chosen: dict[int, int]) -> None:
    one, two = PAIR
    table = made(one, [(one.cross(two, chosen), two.issuing_der)], lists(one, two))
    assert rungs(table, two) == chosen


PAIR = Industry("one"), Industry("two")


def test_of_several_paths_the_best_level_counts_whatever_their_order(
    energy: Industry, health: Industry
) -> None:
    """With two cross-certificates for one CA, engines answer by their order: we do not."""
    paths = [
        (energy.cross(health, chosen), health.issuing_der)
        for chosen in ({5: 2, 4: 2}, {5: 4, 3: 1}, {4: 3, 3: 2})
    ]
    for order in permutations(paths):
        table = made(energy, order, lists(energy, health))
        assert rungs(table, health) == {5: 4, 4: 3, 3: 2}


def test_a_path_that_does_not_permit_the_name_leaves_the_other(
    energy: Industry, health: Industry
) -> None:
    narrow = energy.cross(health, {5: 5}, foreign_host="clinic.example")
    wide = energy.cross(health, {5: 3})
    for order in permutations([(narrow, health.issuing_der), (wide, health.issuing_der)]):
        table = made(energy, order, lists(energy, health))
        assert isinstance(table, Table)
        oid = health.ladder.level(5).oid
        for host, rung in (("health.example", 3), ("clinic.example", 5)):
            found = table.permitted(oid, host, "health")
            assert found is not None
            assert found.level.rung == rung
        assert table.permitted(oid, "bank.example", "health") is None


def test_no_more_paths_than_the_limit_are_tried(energy: Industry, health: Industry) -> None:
    engine = Counting()
    path = (energy.cross(health, MAP), health.issuing_der)
    build_table(der(energy.root), energy.ladder, [path] * 50, lists(energy, health), engine, NOW)
    assert engine.asked == PATHS_MAX


def test_a_path_to_another_ca_does_not_mix_in(
    energy: Industry, health: Industry, rogue: Industry
) -> None:
    paths = [
        (energy.cross(health, {5: 1}), health.issuing_der),
        (energy.cross(rogue, {5: 5}), rogue.issuing_der),
    ]
    table = made(energy, paths, lists(energy, health, rogue))
    assert rungs(table, health) == {5: 1}
    assert isinstance(table, Table)
    assert [reason.key for reason in table.reasons] == ["path.ends-elsewhere"]


def test_a_rogue_third_ca_reaches_nothing(
    energy: Industry, health: Industry, rogue: Industry
) -> None:
    """Health recognises a rogue: energy's cross-certificate binds health, so nothing passes on."""
    through = (energy.cross(health, MAP), health.cross(rogue, {5: 5, 4: 5}), rogue.issuing_der)
    assert why(made(energy, [through], lists(energy, health, rogue))) == ["path.too-long"]
    with pytest.raises(PathError):  # nor does the engine let it pass, were the length no limit
        ENGINE.policies(der(energy.root), through, lists(energy, health, rogue), NOW, PathRules())


def test_a_rogue_who_asserts_our_own_levels_reaches_nothing(energy: Industry) -> None:
    rogue = Industry("rogue")
    theirs = rogue.ladder
    rogue.ladder = energy.ladder
    rogue.issuing = issue.issue_issuing_ca(
        energy.ladder, rogue.issuing_key.public_key(), rogue.root, rogue.root_key, 5, "u", NOW - 99
    )
    rogue.ladder = theirs
    cross = energy.cross(rogue, {5: 1})
    found = made(energy, [(cross, rogue.issuing_der)], lists(energy, rogue))
    assert isinstance(found, tuple) or not found.levels


def test_a_rogue_who_asserts_a_neighbours_levels_reaches_nothing(
    energy: Industry, health: Industry
) -> None:
    rogue = Industry("rogue")
    issuing = issue.issue_issuing_ca(
        health.ladder, rogue.issuing_key.public_key(), rogue.root, rogue.root_key, 5, "u", NOW - 99
    )
    rogue.issuing = issuing
    found = made(energy, [(energy.cross(rogue, MAP), der(issuing))], lists(energy, rogue))
    assert isinstance(found, tuple) or not found.levels


def _changed(certificate: x509.Certificate, industry: Industry, **change: Any) -> bytes:
    """The issuing CA's certificate, reissued by its root with extensions changed or added."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(industry.issuing_key.public_key())
        .serial_number(99)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(change.pop("until", certificate.not_valid_after_utc))
    )
    for extension in certificate.extensions:
        replaced = change.pop(extension.oid._name, (extension.value, extension.critical))
        if replaced is not None:
            builder = builder.add_extension(*replaced)
    for added in change.values():
        builder = builder.add_extension(*added)
    return der(builder.sign(industry.root_key, SHA256()))


def test_an_issuing_ca_with_any_policy_reaches_nothing(energy: Industry, health: Industry) -> None:
    policy = x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)
    issuing = _changed(
        health.issuing, health, certificatePolicies=(x509.CertificatePolicies([policy]), True)
    )
    keys = why(made(energy, [(energy.cross(health, MAP), issuing)], lists(energy, health)))
    assert keys == ["certificate.policy-is-any"]


def test_an_issuing_ca_that_maps_on_is_refused(energy: Industry, health: Industry) -> None:
    """As the path's last certificate its mappings would be ignored, but a leaf follows."""
    oids = [level.oid for level in health.ladder.levels()]
    issuing = _changed(
        health.issuing,
        health,
        mappings=(mapping((oids[4], oids[0])), True),
        names=(limits(x509.DirectoryName(name((x509.NameOID.ORGANIZATION_NAME, "health"))), uri("health.example")), True),
        inhibit=(x509.InhibitAnyPolicy(0), True),
    )  # fmt: skip
    keys = why(made(energy, [(energy.cross(health, MAP), issuing)], lists(energy, health)))
    assert keys == ["path.issuing-maps"]


def test_a_path_longer_than_a_ca_permits_is_refused() -> None:
    """The issuing CA is the engine's last certificate, so the length above it is ours to check."""
    tight = forged_cross({"bc": (x509.BasicConstraints(ca=True, path_length=0), True)})
    found = made(ENERGY, [(tight, HEALTH.issuing_der)], lists(ENERGY, HEALTH))
    assert why(found) == ["path.too-long"]
    good = made(ENERGY, [(forged_cross(), HEALTH.issuing_der)], lists(ENERGY, HEALTH))
    assert rungs(good, HEALTH) == {4: 3}


def test_a_repeated_extension_on_the_path_is_refused(energy: Industry, health: Industry) -> None:
    """The engine accepts duplicates; the profile's own reading does not."""
    cross = resigned(energy.cross(health, MAP), energy.root_key, doubled("2.5.29.33"))
    keys = why(made(energy, [(cross, health.issuing_der)], lists(energy, health)))
    assert keys == ["certificate.unreadable"]


def test_a_cross_certificate_of_another_root_does_not_hold(
    energy: Industry, health: Industry, rogue: Industry
) -> None:
    path = (rogue.cross(health, MAP), health.issuing_der)
    assert why(made(energy, [path], lists(energy, health, rogue))) != []


def test_a_revoked_cross_certificate_ends_its_path(health: Industry) -> None:
    energy = Industry("energy")
    cross = energy.cross(health, MAP)
    energy.root_revoked[x509.load_der_x509_certificate(cross).serial_number] = NOW - 60
    path = (cross, health.issuing_der)
    assert why(made(energy, [path], lists(energy, health))) == ["path.revoked"]
    other = (energy.cross(health, {5: 2}), health.issuing_der)
    assert rungs(made(energy, [path, other], lists(energy, health)), health) == {5: 2}


def test_a_revoked_issuing_ca_ends_its_path(energy: Industry) -> None:
    health = Industry("health")
    health.root_revoked[health.issuing.serial_number] = NOW - 60
    path = (energy.cross(health, MAP), health.issuing_der)
    assert why(made(energy, [path], lists(energy, health))) == ["path.revoked"]


@pytest.mark.parametrize("missing", range(4))
def test_each_list_on_the_path_is_needed(energy: Industry, health: Industry, missing: int) -> None:
    """Energy's root list and both of health's; only energy's issuing CA is not on this path."""
    path = (energy.cross(health, MAP), health.issuing_der)
    some = [crl for at, crl in enumerate(lists(energy, health)) if at != missing]
    found = made(energy, [path], some)
    if missing == 1:
        assert rungs(found, health) == MAP
    else:
        assert why(found) == ["path.revocation-unknown"]


def test_without_a_distribution_point_a_list_still_counts(health: Industry) -> None:
    """The engine ignores a supplied list in its softer modes when no point names it."""
    energy = Industry("energy")
    issuing = _changed(health.issuing, health, cRLDistributionPoints=None)
    revoked = Industry("health")
    revoked.root, revoked.root_key = health.root, health.root_key
    revoked.root_revoked[99] = NOW - 60
    crls = [*lists(energy), der(issue.issue_crl(health.root, health.root_key, 2, {99: NOW - 60}, NOW)), health.crls()[1]]  # fmt: skip
    assert why(made(energy, [(energy.cross(health, MAP), issuing)], crls)) != []


@pytest.mark.parametrize(
    ("hours", "key"), [(8 * 24 + 1, "path.revocation-stale"), (-30, "path.not-yet-valid")]
)
def test_a_list_out_of_its_time_is_no_list(
    energy: Industry, health: Industry, hours: int, key: str
) -> None:
    path = (energy.cross(health, MAP), health.issuing_der)
    assert key in why(made(energy, [path], lists(energy, health), NOW + hours * 3600))


@pytest.mark.parametrize("hours", [25, 7 * 24])
def test_a_list_that_ran_out_less_than_a_week_ago_still_counts_and_says_so(
    energy: Industry, health: Industry, hours: int
) -> None:
    path = (energy.cross(health, MAP), health.issuing_der)
    now = NOW + hours * 3600
    table = made(energy, [path], lists(energy, health), now)
    assert isinstance(table, Table)
    assert table.stale_since == NOW + 24 * 3600
    assert now < table.valid_until <= NOW + 8 * 24 * 3600


def test_grace_for_lists_is_no_grace_for_certificates(energy: Industry, health: Industry) -> None:
    cross = energy.cross(health, MAP, days=2)  # it ran from a day before NOW to a day after
    table = made(energy, [(cross, health.issuing_der)], lists(energy, health), NOW + 30 * 3600)
    assert isinstance(table, tuple)
    assert "path.expired" in why(table)


def test_a_list_that_another_signed_does_not_clear_the_revoked(
    energy: Industry, health: Industry, rogue: Industry
) -> None:
    """The issuing CA's own list is not on the engine's way: its signature is checked here."""
    forged = issue.issue_crl(health.issuing, rogue.issuing_key, 999, {}, NOW)
    path = (energy.cross(health, MAP), health.issuing_der)
    root_list, _ = health.crls()
    assert why(made(energy, [path], [*lists(energy), root_list, der(forged)])) == [
        "path.revocation-unknown"
    ]
    revoked = der(issue.issue_crl(health.issuing, health.issuing_key, 5, {4711: NOW}, NOW))
    table = made(energy, [path], [*lists(energy, health), revoked, der(forged)])
    assert isinstance(table, Table)
    assert table.revoked == {4711}


def test_the_newest_of_several_lists_counts(energy: Industry, health: Industry) -> None:
    path = (energy.cross(health, MAP), health.issuing_der)
    numbered = [
        der(issue.issue_crl(health.issuing, health.issuing_key, n, {n: NOW}, NOW))
        for n in (7, 9, 8)
    ]
    for order in permutations(numbered):
        table = made(energy, [path], [*lists(energy), health.crls()[0], *order])
        assert isinstance(table, Table)
        assert table.revoked == {9}


def test_the_table_holds_until_the_earliest_end(energy: Industry, health: Industry) -> None:
    path = (energy.cross(health, MAP), health.issuing_der)
    table = made(energy, [path], lists(energy, health))
    assert isinstance(table, Table)
    assert table.valid_until == NOW + 24 * 3600  # the lists
    soon = health.issuing.not_valid_before_utc + timedelta(days=1, hours=2)
    table = made(
        energy, [(path[0], _changed(health.issuing, health, until=soon))], lists(energy, health)
    )
    assert isinstance(table, Table)
    assert table.valid_until == soon.timestamp()


@pytest.mark.parametrize(("days", "key"), [(400, "path.expired"), (-3, "path.not-yet-valid")])
def test_a_cross_certificate_out_of_its_time(
    energy: Industry, health: Industry, days: int, key: str
) -> None:
    now = NOW + days * 86400
    crls = [
        der(issue.issue_crl(ca, ca_key, 1, {}, now))
        for one in (energy, health)
        for ca, ca_key in ((one.root, one.root_key), (one.issuing, one.issuing_key))
    ]
    path = (energy.cross(health, MAP), health.issuing_der)
    assert why(made(energy, [path], crls, now)) == [key]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 599), st.integers(0, 255))
def test_a_mutated_cross_certificate_never_opens_more(at: int, byte: int) -> None:
    one, two = PAIR
    octets = bytearray(FIXED)
    octets[at % len(octets)] = byte
    found = made(one, [(bytes(octets), two.issuing_der)], lists(one, two))
    if bytes(octets) == FIXED:
        assert rungs(found, two) == {4: 3}
    else:
        assert not isinstance(found, Table)


FIXED = PAIR[0].cross(PAIR[1], {4: 3})


@given(st.lists(st.lists(st.binary(max_size=40), max_size=3), max_size=3))
@settings(max_examples=30, deadline=None)
def test_any_paths_and_lists_give_reasons(paths: list[list[bytes]]) -> None:
    found = made(PAIR[0], paths, [octets for path in paths for octets in path])
    assert isinstance(found, tuple)
