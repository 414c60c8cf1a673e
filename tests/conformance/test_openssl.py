"""Generated topologies judged twice: by our table with its leaf step, and by system OpenSSL.

Ladders, mappings, offered policies, path lengths, names, revocations, sub-CAs and several paths are
drawn; what OpenSSL says of each path, one level at a time, must be what our table says. Where we are
stricter it is by a named rule of the profile, never by accident:

- a CA certificate outside the profile is refused before any engine sees it (`certificate.*`);
- of two levels of ours that one of theirs maps to, the lower counts (`mapping-ambiguous` forbids it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from conformance.openssl import LIBRARY, Judge
from documents.forge import MOMENT, name, point, policies, uri, usage
from documents.test_cross import limits, mapping
from omamori.adapters.path_engine import HankoEngine
from omamori.authority.certificates import issue_crl
from omamori.documents.certificate import read_device_certificate
from omamori.documents.level import Ladder
from omamori.trust.table import Table, build_table
from trust.industries import NOW, Key, der, new_key

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="no OpenSSL library on this machine")

OWN, THEIRS = Ladder("energy", "2.25.71.1.1"), Ladder("health", "2.25.72.1.1")
OWN_OIDS = [level.oid for level in OWN.levels()]
THEIR_OIDS = [level.oid for level in THEIRS.levels()]
HOSTS = ("health.example", "energy.example", "a.health.example")
ORGANISATIONS = ("health", "energy")
KEYS = {who: new_key() for who in ("root", "foreign", "sub", "issuing", "leaf")}
SUBJECTS = {
    "root": name((NameOID.ORGANIZATION_NAME, "energy"), (NameOID.COMMON_NAME, "root")),
    "foreign": name((NameOID.ORGANIZATION_NAME, "health"), (NameOID.COMMON_NAME, "root")),
    "sub": name((NameOID.ORGANIZATION_NAME, "health"), (NameOID.COMMON_NAME, "sub")),
    "issuing": name((NameOID.ORGANIZATION_NAME, "health"), (NameOID.COMMON_NAME, "issuing")),
}


def _identifier(key: Key) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def certificate(subject: x509.Name, who: str, issuer: str, serial: int, *more: Any) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(SUBJECTS[issuer])
        .public_key(KEYS[who].public_key())
        .serial_number(serial)
        .not_valid_before(MOMENT)
        .not_valid_after(MOMENT + timedelta(days=300))
    )
    identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        _identifier(KEYS[issuer])
    )
    always = [
        (_identifier(KEYS[who]), False),
        (identifier, False),
        (x509.CRLDistributionPoints([point(uri("https://x.example/c"))]), False),
    ]
    for extension in (*always, *more):
        builder = builder.add_extension(*extension)
    return der(builder.sign(KEYS[issuer], hashes.SHA256()))


def ca(who: str, issuer: str, serial: int, length: int | None, *more: Any) -> bytes:
    return certificate(
        SUBJECTS[who],
        who,
        issuer,
        serial,
        (x509.BasicConstraints(ca=True, path_length=length), True),
        (usage(key_cert_sign=True, crl_sign=True), True),
        *more,
    )


ROOT = ca("root", "root", 1, None)


def crl(who: str, revoked: frozenset[int]) -> bytes:
    issuer = x509.load_der_x509_certificate(ca(who, "root", 2, None))
    return der(issue_crl(issuer, KEYS[who], 1, dict.fromkeys(revoked, NOW - 60), NOW))


@dataclass
class Topology:
    """One drawn world."""

    crosses: list[bytes]
    middle: list[bytes]
    leaf: bytes
    revoked: frozenset[int] = frozenset()
    lists: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lists = [crl(who, self.revoked) for who in SUBJECTS]

    def paths(self) -> list[tuple[bytes, ...]]:
        return [(cross, *self.middle) for cross in self.crosses]


@st.composite
def crosses(draw: st.DrawFn, serial: int) -> bytes:
    """A cross-certificate: mostly of the profile, sometimes loose where the profile is strict."""
    strict = draw(st.integers(0, 5)) > 0
    pairs = draw(
        st.dictionaries(st.sampled_from(THEIR_OIDS), st.sampled_from(OWN_OIDS), min_size=3)
    )
    offered = draw(
        st.just(set(pairs.values())) if strict else st.sets(st.sampled_from(OWN_OIDS), min_size=1)
    )
    hosts = draw(st.sampled_from([HOSTS[:1], HOSTS[:1], HOSTS[:2], HOSTS[1:2]]))
    organisations = draw(st.sampled_from([("health",), ("health",), ORGANISATIONS, ("energy",)]))
    directories = [x509.DirectoryName(name((NameOID.ORGANIZATION_NAME, o))) for o in organisations]
    zero = st.just(0) if strict else st.sampled_from([0, 1, None])
    explicit, inhibit_mapping, inhibit_any = draw(zero), draw(zero), draw(zero)
    more: list[Any] = []
    if explicit is not None or inhibit_mapping is not None:
        more.append((x509.PolicyConstraints(explicit, inhibit_mapping), True))
    if inhibit_any is not None:
        more.append((x509.InhibitAnyPolicy(inhibit_any), True))
    return ca(
        "foreign",
        "root",
        serial,
        draw(st.sampled_from([1, 1, 1, 1, 1, 0] if strict else [0, 1, 2, None])),
        (policies(*sorted(offered)), True),
        (mapping(*((mine, theirs) for theirs, mine in sorted(pairs.items()))), True),
        (limits(*directories, *map(uri, hosts)), True),
        *more,
    )


@st.composite
def middles(draw: st.DrawFn) -> list[bytes]:
    """The issuing CA, rarely below a sub-CA, with its policies, path length and names."""
    above = "foreign"
    path = []
    if draw(st.integers(0, 9)) == 9:
        path.append(ca("sub", "foreign", 21, 1, (policies(*THEIR_OIDS), True)))
        above = "sub"
    spoken = draw(st.one_of(
        st.just(set(THEIR_OIDS)),
        st.just(set(THEIR_OIDS)),
        st.sets(st.sampled_from([*THEIR_OIDS, *OWN_OIDS]), min_size=1),
    ))  # fmt: skip
    more: list[Any] = [(policies(*sorted(spoken)), True)]
    if draw(st.booleans()):
        more.append((x509.PolicyConstraints(0, 0), True))
    if draw(st.integers(0, 3)) == 3:
        host = draw(st.sampled_from([HOSTS[0], *HOSTS[:2]]))
        more.append((limits(uri(host), excluded=()), True))
    path.append(ca("issuing", above, 22, draw(st.sampled_from([0, 1, None])), *more))
    return path


@st.composite
def leaves(draw: st.DrawFn) -> bytes:
    organisation = draw(st.sampled_from(["health", "health", *ORGANISATIONS]))
    host = draw(st.sampled_from(["health.example"] * 4 + list(HOSTS)))
    oid = draw(st.sampled_from([*THEIR_OIDS * 3, *OWN_OIDS]))
    return certificate(
        name((NameOID.ORGANIZATION_NAME, organisation), (NameOID.SERIAL_NUMBER, "thing")),
        "leaf",
        "issuing",
        31,
        (policies(oid), False),
        (usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([uri(f"https://{host}/t/thing")]), False),
    )  # fmt: skip


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    count = draw(st.integers(1, 3))
    revoked = draw(st.one_of(
        st.just(frozenset()), st.just(frozenset()), st.frozensets(st.sampled_from([11, 12, 13, 21, 22, 31]), max_size=2)
    ))  # fmt: skip
    return Topology(
        [draw(crosses(11 + at)) for at in range(count)],
        draw(middles()),
        draw(leaves()),
        revoked,
    )


def ours(topology: Topology, paths: list[tuple[bytes, ...]]) -> tuple[int, list[str]]:
    """The leaf's rung by our table, 0 for none; and the reasons of the paths that did not hold."""
    table = build_table(ROOT, OWN, paths, topology.lists, HankoEngine(), NOW)
    if not isinstance(table, Table):
        return 0, [reason.key for reason in table]
    leaf = read_device_certificate(topology.leaf)
    reasons = [reason.key for reason in table.reasons]
    if leaf.serial in table.revoked:
        return 0, reasons
    found = table.permitted(leaf.policy, leaf.host, leaf.industry)
    return (found.level.rung if found else 0), reasons


def theirs(topology: Topology, path: tuple[bytes, ...]) -> set[int]:
    """The rungs that OpenSSL accepts for the leaf over this one path."""
    judge = Judge(ROOT, path, topology.lists)
    leaf = judge.certificate(topology.leaf)
    try:
        return {level.rung for level in OWN.levels() if not judge.verdict(leaf, [level.oid], NOW)}
    finally:
        judge.free(leaf)
        judge.close()


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(topologies())
def test_openssl_agrees_level_by_level(topology: Topology) -> None:
    best = 0
    for path in topology.paths():
        rung, reasons = ours(topology, [path])
        accepted = theirs(topology, path)
        if any(reason.startswith("certificate.") for reason in reasons):
            assert rung == 0  # outside the profile: refused whatever the engines would say
            event("outside the profile; OpenSSL " + ("accepts" if accepted else "refuses"))
            continue
        event(f"within the profile, level {bool(rung)}")
        assert accepted == ({rung} if rung else set()), reasons
        best = max(best, rung)
    together, _ = ours(topology, topology.paths())
    backwards, _ = ours(topology, topology.paths()[::-1])
    assert together == backwards == best


def test_the_oracle_itself_can_say_no() -> None:
    pairs = mapping((OWN_OIDS[2], THEIR_OIDS[3]))
    names = limits(x509.DirectoryName(name((NameOID.ORGANIZATION_NAME, "health"))), uri(HOSTS[0]))
    common = [(policies(OWN_OIDS[2]), True), (pairs, True), (names, True)]
    strict = [(x509.PolicyConstraints(0, 0), True), (x509.InhibitAnyPolicy(0), True)]
    cross = ca("foreign", "root", 11, 1, *common, *strict)
    issuing = ca("issuing", "foreign", 22, 0, (policies(*THEIR_OIDS), True))
    leaf = certificate(
        name((NameOID.ORGANIZATION_NAME, "health"), (NameOID.SERIAL_NUMBER, "t")),
        "leaf", "issuing", 31,
        (policies(THEIR_OIDS[3]), False), (usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([uri("https://health.example/t")]), False),
    )  # fmt: skip
    good = Topology([cross], [issuing], leaf)
    assert theirs(good, good.paths()[0]) == {3}
    assert ours(good, good.paths()) == (3, [])
    for serial in (11, 22, 31):
        revoked = Topology([cross], [issuing], leaf, frozenset({serial}))
        assert theirs(revoked, revoked.paths()[0]) == set()
        assert ours(revoked, revoked.paths())[0] == 0
