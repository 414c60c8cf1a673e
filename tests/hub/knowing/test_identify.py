"""Identify: clues are weighed, contradictions named, and unknown is an answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omamori.hub.knowing.identify import BANDS, Identity, corrected, identify
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.hub.knowing.identify_makers import Claim
from omamori.hub.knowing.identify_rules import Clue

ASPECTS = ("vendor", "kind", "model", "module", "name")


def clue(place: str, said: str, *claims: tuple[str, str, float, str]) -> Clue:
    return Clue(1.0, place, said, tuple(Claim(*claim) for claim in claims))


def keys(identity: Identity) -> set[str]:
    return {reason.key for reason in identity.reasons}


def test_nothing_heard_is_unknown_and_says_so() -> None:
    identity = identify([])
    assert identity.kind.value == "unknown"
    assert identity.confidence == "unknown"
    assert keys(identity) == {"identify.unknown-nothing-said"}


def test_an_address_alone_names_a_maker_but_no_kind() -> None:
    identity = identify(
        [clue("address.mac", "00:17:88 Philips", ("vendor", "Philips", 2.0, "oui"))]
    )
    assert (identity.vendor.value, identity.vendor.band) == ("Philips", "unsure")
    assert identity.kind.value == "unknown"
    assert "identify.unknown-only-address" in keys(identity)


def test_different_families_add_up_and_one_family_does_not() -> None:
    once = clue("mdns.service.type", "_ipp._tcp", ("kind", "printer", 4.0, "mdns"))
    again = clue("mdns.name.name", "printer.local", ("kind", "printer", 3.0, "mdns"))
    other = clue("dhcp.request.hostname", "BRW001122334455", ("kind", "printer", 3.0, "dhcp"))
    assert identify([once, again]).kind.weight == 4.0
    assert identify([once, again, other]).kind.weight == 7.0
    assert identify([once, again, other]).kind.band == "sure"


def test_a_contradiction_is_named_and_lowers_the_band() -> None:
    camera = clue("dhcp.request.hostname", "ipcam", ("kind", "camera", 3.0, "dhcp"))
    printer = clue("mdns.service.type", "_ipp._tcp", ("kind", "printer", 4.0, "mdns"))
    identity = identify([camera, printer])
    assert identity.kind.value == "printer"
    assert identity.kind.band == "unsure"
    assert identity.kind.against == (("camera", 3.0),)
    assert "identify.kind-disputed" in keys(identity)


def test_a_radio_maker_is_not_the_maker() -> None:
    identity = identify(
        [clue("address.mac", "5c:cf:7f Espressif", ("module", "Espressif", 2.0, "oui"))]
    )
    assert identity.vendor.value == ""
    assert "identify.unknown-only-radio-maker" in keys(identity)


def test_who_asks_for_many_makers_is_not_all_of_them() -> None:
    makers = ("Philips", "Sonos", "Fitbit")
    asked = [
        clue("dns.query.name", m, ("vendor", m, 2.0, "asked"), ("kind", "bridge", 1.0, "asked"))
        for m in makers
    ]
    identity = identify(asked)
    assert identity.vendor.value == ""
    assert identity.kind.value == "unknown"
    assert "identify.asks-many-makers" in keys(identity)
    assert identify(asked[:1]).vendor.value == "Philips"


def test_a_claim_given_a_maker_counts_only_with_that_maker() -> None:
    port = Clue(
        1.0, "talk.service.use", "tcp/10000 offers", (Claim("kind", "plug", 2.0, "talk", "Edimax"),)
    )
    assert identify([port]).kind.value == "unknown"
    maker = clue("address.mac", "74:da:38 Edimax", ("vendor", "Edimax", 2.0, "oui"))
    assert identify([port, maker]).kind.value == "plug"


def test_several_appliances_in_one_are_no_contradiction() -> None:
    solar = clue("echonet.object.eoj", "027901", ("kind", "solar", 5.0, "echonet"))
    battery = clue("echonet.object.eoj", "027d01", ("kind", "storage-battery", 5.0, "echonet"))
    identity = identify([solar, battery])
    assert identity.kind.band == "likely"
    assert "identify.many-in-one" in keys(identity)
    assert "identify.kind-disputed" not in keys(identity)


def test_a_person_wins_and_the_guess_stays_visible() -> None:
    guessed = identify([clue("dhcp.request.hostname", "ipcam", ("kind", "camera", 3.0, "dhcp"))])
    told = corrected(guessed, "doorbell")
    assert (told.kind.value, told.kind.band) == ("doorbell", "sure")
    assert told.kind.against == (("camera", 3.0),)
    assert "identify.person-said-kind" in keys(told)


claims = st.builds(
    Claim,
    st.sampled_from(ASPECTS),
    st.text(max_size=4) | st.sampled_from(sorted(KINDS)),
    st.floats(0, 10),
    st.sampled_from(["oui", "dhcp", "mdns", "asked"]),
    st.sampled_from(["", "Edimax"]),
)
clues = st.lists(
    st.builds(
        Clue,
        st.floats(0, 2e9),
        st.text(max_size=4),
        st.text(max_size=4),
        st.tuples(claims) | st.tuples(claims, claims),
    ),
    max_size=12,
)


@given(clues)
def test_any_clues_give_an_explained_identity(heard: list[Clue]) -> None:
    identity = identify(heard)
    for guess in (identity.vendor, identity.kind, identity.model):
        assert guess.band in BANDS
        assert guess.weight >= 0
        assert list(guess.against) == sorted(guess.against, key=lambda pair: (-pair[1], pair[0]))
    assert (identity.kind.band == "unknown") == any(
        k in keys(identity)
        for k in (
            "identify.unknown-nothing-said",
            "identify.unknown-only-address",
            "identify.unknown-no-rule",
        )
    )
    assert len(identity.evidence) == len(heard)


@given(clues, st.randoms())
def test_the_order_of_hearing_does_not_matter(heard: list[Clue], random: object) -> None:
    shuffled = list(heard)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = identify(heard), identify(shuffled)
    assert (first.vendor.value, first.kind.value, first.model.value) == (
        second.vendor.value, second.kind.value, second.model.value,
    )  # fmt: skip
