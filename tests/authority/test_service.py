"""What things and operators can, and cannot, get from an authority."""

from __future__ import annotations

import pytest
from cryptography import x509

from authority.made import KEYS, NOW, Made, broken, replaced
from omamori.adapters.storage.memory import MemoryRegistryStore
from omamori.authority.csr import CsrError, write_csr
from omamori.authority.records import Product, RequestError
from omamori.authority.registry import Target
from omamori.authority.service import RenewalRequest, open_service
from omamori.authority.statements import NONCE_S, RENEWAL_REQUEST, proof_message
from omamori.documents.bundle import read_bundle
from omamori.documents.certificate import read_registry_certificate
from omamori.documents.crl import read_revocation_list
from omamori.documents.level import LevelError
from omamori.documents.sealed import sign_raw
from omamori.documents.statement import read_statement
from omamori.documents.status import INVALID, SUSPENDED, VALID, read_status_token

DAY_S = 86400
KEY, OTHER = KEYS[30], KEYS[31]
AIRCON = Target(product="aircon")


@pytest.fixture
def made() -> Made:
    one = Made()
    one.product()
    return one


def _status(made: Made, index: int, now: float = NOW) -> int:
    return read_status_token(made.service.status(now)).statuses.at(index)


def _refused(made: Made, **fields: object) -> str:
    device = made.device(KEY)
    with pytest.raises(RequestError) as error:
        made.service.statement(replaced(made.asked(device, KEY), **fields), NOW)
    return error.value.reason.key


# Statements.


def test_a_statement_is_signed_by_the_registry_and_says_the_current_level(made: Made) -> None:
    device = made.device(KEY, software="1.0")
    signed = read_statement(made.octets(device, KEY))
    registry = read_registry_certificate(made.service.identity.registry)
    assert signed.sealed.verify(registry.key)
    assert signed.sealed.key_id == registry.subject_key_id
    said = signed.statement
    assert said.level == made.service.identity.ladder.level(4).oid
    assert said.thumbprint == device.thumbprint
    assert (said.subject, said.product, said.software) == (device.uri, "aircon", "1.0")
    assert said.expires_at - said.issued_at == DAY_S
    assert said.status_url == "https://energy.example/status/1"


def test_the_number_grows_and_the_place_stays_while_nothing_changes(made: Made) -> None:
    device = made.device(KEY)
    one = made.statement(device, KEY)
    two = made.statement(device, KEY, NOW + 3600)
    assert two.seq == one.seq + 1
    assert two.status_index == one.status_index
    assert _status(made, one.status_index) == VALID


def test_a_jwt_twin_says_the_same(made: Made) -> None:
    device = made.device(KEY)
    one = made.statement(device, KEY)
    octets = made.service.statement(made.asked(device, KEY, form="jwt"), NOW)
    assert octets[:1] == b"e"
    two = read_statement(octets).statement
    assert (two.level, two.thumbprint, two.seq) == (one.level, one.thumbprint, one.seq + 1)


def test_after_a_lowering_the_old_word_is_withdrawn_and_the_new_one_is_lower(made: Made) -> None:
    device = made.device(KEY)
    before = made.statement(device, KEY)
    assert made.service.lower(AIRCON, 1, "unpatched", NOW) == 1
    assert _status(made, before.status_index) == INVALID
    after = made.statement(device, KEY)
    assert after.level == made.service.identity.ladder.level(1).oid
    assert after.reasons == ("product.unpatched",)
    assert after.status_index != before.status_index
    assert _status(made, after.status_index) == VALID
    assert made.service.raise_(AIRCON, 4, NOW) == 1
    assert _status(made, after.status_index) == INVALID
    assert made.statement(device, KEY).level == before.level
    assert _status(made, before.status_index) == INVALID


def test_a_lowering_that_a_device_does_not_feel_leaves_its_word_alone(made: Made) -> None:
    made.product("heater")
    device = made.device(KEY, "heater")
    said = made.statement(device, KEY)
    assert made.service.lower(AIRCON, 1, "unpatched", NOW) == 0
    assert _status(made, said.status_index) == VALID


def test_one_device_and_one_version_can_be_lowered_alone(made: Made) -> None:
    made.service.add_version("aircon", "1.0", 4, NOW)
    made.service.add_version("aircon", "1.1", 4, NOW)
    old, new = made.device(KEY, software="1.0"), made.device(OTHER, software="1.1")
    level = made.service.identity.ladder.level
    made.service.lower(Target(product="aircon", version="1.0"), 2, "unpatched", NOW)
    assert made.statement(old, KEY).level == level(2).oid
    assert made.statement(new, OTHER).level == level(4).oid
    made.service.lower(Target(device=new.uri), 1, "key-suspect", NOW)
    assert made.statement(new, OTHER).reasons == ("device.key-suspect",)
    # An update to the mended version restores the level, and ends the word on the old one.
    mended = made.statement(old, KEY, software="1.1")
    assert mended.level == level(4).oid
    # A version that nobody listed is worth the lowest.
    assert made.statement(old, KEY, software="9.9").level == level(1).oid


def test_a_nonce_serves_once_and_for_a_minute(made: Made) -> None:
    device = made.device(KEY)
    asked = made.asked(device, KEY)
    made.service.statement(asked, NOW)
    for request, now, key in (
        (asked, NOW, "nonce.spent"),
        (made.asked(device, KEY), NOW + NONCE_S, "nonce.too-old"),
    ):
        with pytest.raises(RequestError) as error:
            made.service.statement(request, now)
        assert error.value.reason.key == key


def test_only_the_holder_of_the_key_is_told(made: Made) -> None:
    device = made.device(KEY)
    with pytest.raises(RequestError, match=r"proof.not-held"):
        made.service.statement(made.asked(device, OTHER), NOW)
    assert _refused(made, nonce=bytes(40)) == "nonce.unknown"
    assert _refused(made, nonce=b"") == "nonce.unknown"
    assert _refused(made, signature=b"") == "proof.not-held"
    assert _refused(made, software="2.0") == "proof.not-held"


def test_a_failed_proof_does_not_spend_the_nonce(made: Made) -> None:
    device = made.device(KEY)
    asked = made.asked(device, KEY)
    with pytest.raises(RequestError):
        made.service.statement(replaced(asked, signature=broken(asked.signature, 9)), NOW)
    made.service.statement(asked, NOW)


def test_a_nonce_passed_on_by_another_authority_is_worth_nothing(made: Made) -> None:
    device = made.device(KEY)
    nonce = made.service.nonce(NOW)
    for_rogue = sign_raw(
        KEY, proof_message(b"omamori statement request v1", "rogue.example", nonce)
    )
    asked = replaced(made.asked(device, KEY), nonce=nonce, signature=for_rogue)
    with pytest.raises(RequestError, match=r"proof.not-held"):
        made.service.statement(asked, NOW)


def test_another_industry_s_device_is_not_known_here(made: Made) -> None:
    other = Made("health", 4)
    other.product("aircon")
    device = other.device(KEY)
    with pytest.raises(RequestError, match=r"device.unknown"):
        made.service.statement(made.asked(device, KEY), NOW)


def test_a_statement_never_outlives_its_certificate(made: Made) -> None:
    device = made.device(KEY)
    late = device.not_after - 100
    assert made.statement(device, KEY, late).expires_at == device.not_after
    with pytest.raises(RequestError, match=r"device.expired"):
        made.octets(device, KEY, device.not_after + 1)


# Held, revoked, renewed.


def test_a_held_device_is_suspended_until_it_is_released(made: Made) -> None:
    device = made.device(KEY)
    said = made.statement(device, KEY)
    made.service.hold(device.name, NOW)
    assert _status(made, said.status_index) == SUSPENDED
    with pytest.raises(RequestError, match=r"device.held"):
        made.octets(device, KEY)
    made.service.release(device.name, NOW)
    assert _status(made, said.status_index) == VALID
    with pytest.raises(RequestError, match=r"device.not-held"):
        made.service.release(device.name, NOW)


def test_a_level_that_fell_while_a_device_was_held_stays_fallen(made: Made) -> None:
    device = made.device(KEY)
    said = made.statement(device, KEY)
    made.service.hold(device.name, NOW)
    made.service.lower(AIRCON, 1, "exploited", NOW)
    made.service.release(device.name, NOW)
    assert _status(made, said.status_index) == INVALID


def test_a_revoked_device_is_on_the_list_for_ever(made: Made) -> None:
    device = made.device(KEY)
    said = made.statement(device, KEY)
    made.service.revoke(device.uri, "key-suspect", NOW)
    assert int(device.serial, 16) in read_revocation_list(made.service.issuing_crl(NOW)).revoked
    assert _status(made, said.status_index) == INVALID
    for act in (
        lambda: made.octets(device, KEY),
        lambda: made.service.hold(device.name, NOW),
        lambda: made.service.revoke(device.name, "other", NOW),
        lambda: made.service.lower(Target(device=device.name), 1, "other", NOW),
    ):
        with pytest.raises(RequestError, match=r"device.revoked"):
            act()


def _renewal(made: Made, certificate: bytes, nonce: bytes, new_csr: bytes) -> RenewalRequest:
    message = proof_message(RENEWAL_REQUEST, made.service.identity.host, nonce, new_csr)
    return RenewalRequest(certificate, nonce, sign_raw(KEY, message), new_csr)


def test_a_device_renews_its_certificate_with_a_new_key(made: Made) -> None:
    device = made.device(KEY)
    said = made.statement(device, KEY)
    later = NOW + 700 * DAY_S
    request = _renewal(made, device.certificate, made.service.nonce(later), write_csr(OTHER))
    after = made.service.renew(request, later)
    assert (after.uri, after.name) == (device.uri, device.name)
    assert after.not_after > device.not_after
    assert _status(made, said.status_index, later) == INVALID
    assert made.statement(after, OTHER, later).thumbprint == after.thumbprint
    with pytest.raises(RequestError, match=r"device.certificate-replaced"):
        made.octets(device, KEY, later)


def test_the_request_that_is_renewed_is_the_one_that_was_signed(made: Made) -> None:
    device = made.device(KEY)
    request = _renewal(made, device.certificate, made.service.nonce(NOW), write_csr(OTHER))
    with pytest.raises(RequestError, match=r"proof.not-held"):
        made.service.renew(replaced(request, csr=write_csr(KEYS[32])), NOW)  # type: ignore[arg-type]


# Enrolment.


def test_a_code_serves_once_within_a_day(made: Made) -> None:
    code = made.service.enrolment_code("aircon", "1.0", 2, NOW)
    device = made.service.enrol(write_csr(KEY), f" {code[:5]}-{code[5:].upper()}", NOW)
    assert (device.certified, device.software) == (2, "1.0")
    late = made.service.enrolment_code("aircon", "", 0, NOW)
    for attempt, now in ((code, NOW), (late, NOW + DAY_S), ("wrong", NOW), ("", NOW)):
        with pytest.raises(RequestError, match=r"enrolment.code-unknown"):
            made.service.enrol(write_csr(KEY), attempt, now)


def test_a_bad_request_does_not_spend_the_code(made: Made) -> None:
    code = made.service.enrolment_code("aircon", "", 0, NOW)
    with pytest.raises(CsrError):
        made.service.enrol(b"nonsense", code, NOW)
    made.service.enrol(write_csr(KEY), code, NOW)


def test_no_device_is_certified_above_its_product(made: Made) -> None:
    with pytest.raises(RequestError, match=r"device.above-assessed"):
        made.service.enrolment_code("aircon", "", 5, NOW)
    with pytest.raises((RequestError, LevelError)):
        made.service.certify("aircon", "", -1, KEY.public_key(), NOW)


# Publication.


def test_every_change_moves_the_sequence_and_tells(made: Made) -> None:
    device = made.device(KEY)
    made.statement(device, KEY)
    seq, told = made.service.seq, len(made.told)
    made.service.lower(AIRCON, 2, "unpatched", NOW)
    assert made.service.seq == seq + 1
    assert made.told[told:] == [seq + 1]
    bundle = read_bundle(made.service.bundle(NOW)).bundle
    assert bundle.seq == seq + 1
    assert bundle.members[0].statuses == (made.service.status(NOW),)


def test_a_refused_change_changes_nothing(made: Made) -> None:
    seq, bundle = made.service.seq, made.service.bundle(NOW)
    with pytest.raises(RequestError):
        made.service.lower(AIRCON, 4, "unpatched", NOW)
    assert made.service.seq == seq
    assert made.service.bundle(NOW) == bundle


def test_a_change_that_fails_half_way_leaves_the_status_list_as_it_was(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = made.device(KEY)
    said = made.statement(device, KEY)
    made.service.status(NOW)
    with monkeypatch.context() as patch:
        patch.setattr(made.store, "advance", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            made.service.revoke(device.name, "other", NOW)
    made.service.add_product(Product(name="another", assessed=1, rung=1), NOW)
    made.service.hold(made.device(OTHER).name, NOW)
    assert _status(made, said.status_index) == VALID
    assert made.service.device(device.name).state == "good"


def test_a_document_is_signed_once_until_something_changes(made: Made) -> None:
    first = made.service.bundle(NOW)
    assert made.service.bundle(NOW + 60) == first
    assert made.service.step(NOW + 60) is False
    assert made.service.step(NOW + DAY_S / 2 + 1) is True
    after = NOW + DAY_S / 2 + 1
    assert made.service.bundle(after) != first
    crl = read_revocation_list(made.service.root_crl(after))
    assert crl.next_update > after + DAY_S - 10


def test_lists_grow_in_number_over_a_restart(made: Made) -> None:
    before = read_revocation_list(made.service.issuing_crl(NOW)).number
    seq = made.service.seq
    again = made.opened(NOW + 5)
    assert read_revocation_list(again.issuing_crl(NOW + 5)).number > before
    assert again.seq > seq


def test_the_authority_s_own_certificates_are_renewed_in_time(made: Made) -> None:
    first = made.service.identity
    later = NOW + 380 * DAY_S
    made.service.step(later)
    second = made.service.identity
    assert second.server != first.server
    assert second.registry == first.registry
    much_later = NOW + 1200 * DAY_S
    made.service.step(much_later)
    third = made.service.identity
    assert third.registry != first.registry
    assert third.issuing != first.issuing
    old = x509.load_der_x509_certificate(first.issuing)
    new = x509.load_der_x509_certificate(third.issuing)
    assert old.public_key() == new.public_key()
    assert made.opened(much_later).identity == third
    kinds = [line.kind for line in made.service.issued()]
    assert kinds[:4] == ["root", "issuing", "registry", "server"]
    assert {"issuing", "registry", "server"} <= set(kinds[4:])


def test_an_empty_store_has_no_industry() -> None:
    made = Made()
    with pytest.raises(RequestError, match=r"industry.none"):
        open_service(MemoryRegistryStore(), made.keys, made.entropy, lambda _: None, NOW)
