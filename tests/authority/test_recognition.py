"""Another industry is believed only as far as its documents hold together, down from its root."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from authority.made import KEYS, NOW, Made, broken
from omamori.authority.certificates import issue_crl
from omamori.authority.recognition import CrossError, read_mapping, read_offer
from omamori.authority.registry import Target
from omamori.documents.bundle import Bundle, read_bundle, write_bundle
from omamori.documents.certificate import load_certificate
from omamori.documents.crl import read_revocation_list
from omamori.documents.cross import read_authority_certificate
from omamori.documents.level import LevelError, ladder_of_uuid
from omamori.documents.reason import RefusedError

ENERGY, HEALTH, ROGUE = Made("energy", 0), Made("health", 4), Made("rogue", 8)
MAP = {2: 1, 3: 2, 4: 3, 5: 4}
OFFER = HEALTH.service.bundle(NOW)


def _bundle(made: Made) -> Bundle:
    return read_bundle(made.service.bundle(NOW)).bundle


def _signed(made: Made, bundle: Bundle) -> bytes:
    key_id = read_bundle(made.service.bundle(NOW)).sealed.key_id
    return write_bundle(bundle, made.keys.registry, key_id)


def _with_own(made: Made, **fields: object) -> bytes:
    bundle = _bundle(made)
    own = msgspec.structs.replace(bundle.members[0], **fields)
    return _signed(made, msgspec.structs.replace(bundle, members=(own,)))


def _refused(octets: bytes, root: bytes, now: float = NOW) -> str:
    with pytest.raises(CrossError) as error:
        read_offer(octets, root, now)
    return error.value.reason.key


def test_a_true_bundle_is_an_offer() -> None:
    offer = read_offer(OFFER, HEALTH.root, NOW)
    assert offer.ladder == HEALTH.service.identity.ladder
    assert offer.host == "health.example"
    assert len(offer.revocations) == 2


def test_another_root_is_refused() -> None:
    assert _refused(OFFER, ENERGY.root) == "cross.root-differs"


def test_a_rogue_cannot_speak_under_another_s_root() -> None:
    rogue = _bundle(ROGUE)
    own = msgspec.structs.replace(
        rogue.members[0], ladder=msgspec.structs.replace(rogue.members[0].ladder, industry="health")
    )
    forged = msgspec.structs.replace(rogue, industry="health", root=HEALTH.root, members=(own,))
    assert _refused(_signed(ROGUE, forged), HEALTH.root) == "cross.issuing-not-signed"


def test_a_bundle_signed_by_another_key_is_refused() -> None:
    assert _refused(_signed(ROGUE, _bundle(HEALTH)), HEALTH.root) == "cross.bundle-not-signed"


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(OFFER) - 1))
def test_a_turned_bit_is_refused(at: int) -> None:
    with pytest.raises(CrossError):
        read_offer(broken(OFFER, at), HEALTH.root, NOW)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(octets: bytes) -> None:
    with pytest.raises(CrossError):
        read_offer(octets, HEALTH.root, NOW)


def test_time_is_checked() -> None:
    assert _refused(OFFER, HEALTH.root, NOW + 8 * 86400) == "cross.bundle-expired"
    assert _refused(OFFER, HEALTH.root, NOW + 2 * 86400) == "cross.revocation-expired"
    assert _refused(OFFER, HEALTH.root, NOW - 1000) == "cross.certificate-not-in-time"
    assert _refused(OFFER, HEALTH.root, NOW - 200) == "cross.bundle-from-the-future"


def test_each_part_must_be_its_own() -> None:
    energy, health = _bundle(ENERGY).members[0], _bundle(HEALTH).members[0]
    wrong: dict[str, dict[str, object]] = {
        "cross.issuing-not-signed": {"issuing": energy.issuing},
        "cross.registry-not-signed": {"registry": energy.registry},
        "cross.revocation-missing": {"revocations": health.revocations[:1]},
        "cross.revocation-of-another": {"revocations": energy.revocations},
        "cross.status-not-signed": {"statuses": energy.statuses},
        "cross.host-not-plain": {"host": ".example"},
        "cross.ladder-not-issued": {
            "ladder": msgspec.structs.replace(health.ladder, base=energy.ladder.base)
        },
        "cross.unreadable": {"issuing": b"nonsense"},
        "cross.too-many-statuses": {"statuses": health.statuses * 9},
        "cross.ladder-not-in-profile": {"ladder": msgspec.structs.replace(health.ladder, rungs=9)},
    }
    for key, fields in wrong.items():
        assert _refused(_with_own(HEALTH, **fields), HEALTH.root) == key
    forged = issue_crl(load_certificate(HEALTH.root), ROGUE.keys.root, 99, {}, NOW)
    lists = (forged.public_bytes(Encoding.DER), health.revocations[1])
    unsigned = _with_own(HEALTH, revocations=lists)
    assert _refused(unsigned, HEALTH.root) == "cross.revocation-not-signed"
    nobody = msgspec.structs.replace(_bundle(HEALTH), members=())
    assert _refused(_signed(HEALTH, nobody), HEALTH.root) == "cross.no-word-of-itself"


@given(st.dictionaries(st.integers(1, 5), st.integers(1, 5), min_size=1))
def test_a_map_is_taken_only_if_it_never_falls(rungs: dict[int, int]) -> None:
    foreign, own = ladder_of_uuid("health", 1), ladder_of_uuid("energy", 2)
    values = [rungs[theirs] for theirs in sorted(rungs)]
    if values == sorted(values):
        mapping = read_mapping(rungs, foreign, own)
        assert {t.rung: o.rung for t, o in mapping.items()} == rungs
    else:
        with pytest.raises(CrossError, match=r"cross.map-not-monotone"):
            read_mapping(rungs, foreign, own)


def test_a_map_names_rungs_that_exist() -> None:
    foreign, own = ladder_of_uuid("health", 1), ladder_of_uuid("energy", 2)
    with pytest.raises(CrossError, match=r"cross.map-empty"):
        read_mapping({}, foreign, own)
    for rungs in ({0: 1}, {6: 1}, {1: 0}, {1: 6}):
        with pytest.raises(LevelError):
            read_mapping(rungs, foreign, own)


# What an authority does with an offer.


def test_crossing_issues_a_limited_certificate_and_keeps_a_line_of_it() -> None:
    energy = Made("energy")
    foreign = energy.service.cross(OFFER, HEALTH.root, MAP, "", NOW)
    cross = read_authority_certificate(foreign.cross)
    assert cross.crosses
    assert cross.names.permit("health.example", "health")
    assert not cross.names.permit("energy.example", "health")
    assert cross.path_length == 1
    assert energy.service.issued()[-1].kind == "cross"
    assert energy.service.issued()[-1].der == foreign.cross
    member = _bundle(energy).members[1]
    assert member.paths == ((foreign.cross, foreign.issuing),)
    assert member.revocations == (energy.service.root_crl(NOW), *foreign.revocations)


def test_a_new_map_ends_the_old_one() -> None:
    energy = Made("energy")
    old = energy.service.cross(OFFER, HEALTH.root, MAP, "", NOW)
    new = energy.service.cross(OFFER, HEALTH.root, {5: 2}, "", NOW)
    revoked = read_revocation_list(energy.service.root_crl(NOW)).revoked
    assert load_certificate(old.cross).serial_number in revoked
    assert load_certificate(new.cross).serial_number not in revoked
    energy.service.acquaint(OFFER, HEALTH.root, "", NOW)
    revoked = read_revocation_list(energy.service.root_crl(NOW)).revoked
    assert load_certificate(new.cross).serial_number in revoked
    assert _bundle(energy).members[1].paths == ()
    energy.service.forget("health", NOW)
    assert len(_bundle(energy).members) == 1


def test_an_authority_does_not_recognise_itself_or_two_of_one_name() -> None:
    energy = Made("energy")
    with pytest.raises(CrossError, match=r"cross.industry-taken"):
        energy.service.cross(energy.service.bundle(NOW), energy.root, MAP, "", NOW)
    energy.service.cross(OFFER, HEALTH.root, MAP, "", NOW)
    twin = Made("health", 12)
    with pytest.raises(CrossError, match=r"cross.root-differs"):
        energy.service.cross(twin.service.bundle(NOW), twin.root, MAP, "", NOW)
    with pytest.raises(CrossError, match=r"cross.url-not-plain"):
        energy.service.cross(OFFER, HEALTH.root, MAP, "http://health.example", NOW)


def test_a_refresh_brings_a_foreign_lowering_and_then_comes_to_rest() -> None:
    energy, health = Made("energy"), Made("health", 4)
    health.product()
    device = health.device(KEYS[30])
    health.octets(device, KEYS[30])
    energy.service.cross(health.service.bundle(NOW), health.root, MAP, "", NOW)
    seq = energy.service.seq
    assert energy.service.refresh("health", health.service.bundle(NOW), NOW) is False
    health.service.lower(Target(product="aircon"), 1, "exploited", NOW)
    assert energy.service.refresh("health", health.service.bundle(NOW), NOW) is True
    assert energy.service.seq == seq + 1
    assert _bundle(energy).members[1].statuses == (health.service.status(NOW),)
    assert energy.service.refresh("health", health.service.bundle(NOW), NOW) is False
    assert energy.told[-1] == energy.service.seq


def test_a_refresh_cannot_go_back_or_change_who_it_is() -> None:
    energy, health = Made("energy"), Made("health", 4)
    old = health.service.bundle(NOW)
    health.product()
    energy.service.cross(health.service.bundle(NOW), health.root, MAP, "", NOW)
    with pytest.raises(CrossError, match=r"cross.rolled-back"):
        energy.service.refresh("health", old, NOW)
    with pytest.raises(CrossError, match=r"cross.changed-what-it-is"):
        energy.service.refresh("health", _with_own(health, host="other.example"), NOW)
    with pytest.raises(CrossError, match=r"cross.unknown"):
        energy.service.refresh("mobility", old, NOW)
    with pytest.raises(RefusedError):
        energy.service.refresh("health", ROGUE.service.bundle(NOW), NOW)


def test_a_cross_certificate_that_ends_soon_is_told() -> None:
    energy = Made("energy")
    energy.service.cross(OFFER, HEALTH.root, MAP, "", NOW)
    assert energy.service.warnings(NOW) == []
    soon = energy.service.warnings(NOW + 350 * 86400)
    assert [reason.key for reason in soon] == ["cross.ends-soon"]
