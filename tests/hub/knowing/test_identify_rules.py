"""The rulebook: tables in, clues out; a bad table is refused by name."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters import rules
from omamori.adapters.capture.services import UDP_SERVICES
from omamori.hub.knowing.identify import identify
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.hub.knowing.identify_rules import (
    Rulebook,
    RulesRefusedError,
    is_group,
    is_private,
    rule_file,
)
from omamori.hub.sighting import KINDS as FACTS

BOOK, _ = rules.load(register=None)


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("dhcp.request", {"hostname": "HS110(EU)"}, ("TP-Link", "plug", "HS110")),
        ("dhcp.request", {"hostname": "BRW48E244ABCDEF"}, ("Brother", "printer", "")),
        ("dhcp.request", {"hostname": "ESP_07AEFB"}, ("", "unknown", "")),
        ("dhcp.request", {"hostname": "reolink0123"}, ("Reolink", "camera", "")),
        ("dhcp.request", {"hostname": "intel-nuc"}, ("", "unknown", "")),
        ("dhcp.request", {"hostname": "sky-blue"}, ("", "unknown", "")),
        ("dhcp.request", {"vendor_class": "MSFT 5.0"}, ("", "computer", "")),
        ("mdns.service", {"type": "_ipp._tcp.local"}, ("", "printer", "")),
        ("mdns.service", {"type": "_ipp._tcp"}, ("", "printer", "")),
        ("mdns.service", {"type": "_hap._tcp", "txt.ci": "6"}, ("", "lock", "")),
        ("mdns.service", {"type": "_googlecast._tcp", "txt.md": "Google Home Mini"}, ("Google", "speaker", "Google Home Mini")),
        ("ssdp.notify", {"nt": "urn:Belkin:device:insight:1"}, ("Belkin", "plug", "")),
        ("ssdp.notify", {"nt": "urn:schemas-upnp-org:device:InternetGatewayDevice:1"}, ("", "router", "")),
        ("upnp.description", {"manufacturer": "Royal Philips Electronics", "model_name": "Philips hue bridge 2015"}, ("Philips", "bridge", "Philips hue bridge 2015")),
        ("upnp.description", {"manufacturer": "Nobody Knows Co., Ltd."}, ("Nobody Knows", "unknown", "")),
        ("echonet.object", {"eoj": "027d01", "epc.8a": "00006c", "epc.8c": "45535331000000"}, ("Nichicon", "storage-battery", "ESS1")),
        ("echonet.object", {"eoj": "013001", "epc.8a": "000008"}, ("Daikin", "air-conditioner", "")),
        ("dns.query", {"name": "fw.meethue.com."}, ("Philips", "unknown", "")),
        ("dns.query", {"name": "notmeethue.com"}, ("", "unknown", "")),
        ("dns.query", {"name": "hms.cloudlabs.sharp.co.jp"}, ("Sharp", "appliance", "")),
        ("dns.query", {"name": "app.melcloud.com"}, ("Mitsubishi Electric", "air-conditioner", "")),
        ("dns.query", {"name": "www.myedimax.com"}, ("Edimax", "plug", "")),
        ("dns.query", {"name": "www.example.com"}, ("", "unknown", "")),
        ("mdns.search", {"type": "_dhnap._tcp.local"}, ("D-Link", "unknown", "")),
        ("mdns.search", {"type": "_ipp._tcp.local"}, ("", "unknown", "")),
        ("talk.service", {"proto": "udp", "port": "2081", "role": "offers"}, ("Smarter", "unknown", "")),
        ("talk.service", {"proto": "udp", "port": "48899", "role": "offers"}, ("", "unknown", "")),
        ("http.request", {"user_agent": "Dalvik/2.1.0 (Linux; U; Android 5.1.1; SM-N7505 Build/LMY47X)"}, ("Samsung", "phone", "SM-N7505")),
        ("sample.thing", {"name": "居間のエアコン", "kind": "air-conditioner"}, ("", "air-conditioner", "")),
        ("mdns.service", {"txt.vp": "65521+32769", "txt.dt": "257"}, ("", "light", "")),
        ("mdns.service", {"txt.dt": "10"}, ("", "lock", "")),
        ("dhcp.offer", {"router": "192.0.2.1"}, ("", "router", "")),
    ],
)  # fmt: skip
def test_what_the_world_says_about_itself(
    kind: str, fields: dict[str, str], expected: tuple[str, str, str]
) -> None:
    identity = identify(BOOK.read(kind, fields, 1.0))
    assert (identity.vendor.value, identity.kind.value, identity.model.value) == expected


def test_a_camera_that_asks_for_its_makers_cloud_is_no_plug() -> None:
    clues = [
        *BOOK.read("dns.query", {"name": "www.myedimax.com"}, 1.0),
        *BOOK.read("ssdp.notify", {"location": "http://192.0.2.1/IPCamDesc.xml"}, 1.0),
        *BOOK.read("mdns.name", {"name": "localcam.local"}, 1.0),
    ]
    assert identify(clues).kind.value == "camera"


def test_every_datagram_port_that_a_rule_knows_is_listened_for() -> None:
    text = files("omamori.hub.knowing").joinpath("clues", "ports.toml").read_text("utf-8")
    uses = {use for rule in tomllib.loads(text)["rule"] for use in rule["equals"]}
    ports = {int(use.split()[0].removeprefix("udp/")) for use in uses if use.startswith("udp/")}
    assert ports - UDP_SERVICES == {67}  # which the DHCP decoder reads


def test_who_makes_radios_for_others_is_told_from_who_makes_things() -> None:
    assert BOOK.is_module_maker("5c:cf:7f:00:00:01")  # Espressif
    assert not BOOK.is_module_maker("00:17:88:00:00:01")  # Philips
    assert not BOOK.is_module_maker("02:00:00:00:00:01")


def test_an_address_names_its_maker_unless_the_thing_made_it_up() -> None:
    clue = BOOK.address("00:17:88:00:00:01", 1.0)
    assert clue is not None
    assert clue.claims[0].value == "Philips"
    assert BOOK.address("02:17:88:00:00:01", 1.0) is None
    assert is_private("02:17:88:00:00:01")
    assert not is_private("00:17:88:00:00:01")
    assert is_group("01:00:5e:00:00:fb")
    assert not is_group("ip:192.0.2.1")


def test_the_longest_registered_prefix_wins() -> None:
    book = Rulebook([], {"8c1f64": "A Registry", "8c1f64abc": "A Small Maker"})
    clue = book.address("8c:1f:64:ab:c0:01", 1.0)
    assert clue is not None
    assert clue.claims[0].value == "A Small Maker"


def test_every_place_speaks_of_a_fact_that_can_be_heard() -> None:
    assert all(".".join(place.split(".")[:2]) in FACTS for place in BOOK._places)


def test_every_maker_has_an_address_or_a_reason_to_be_listed_once() -> None:
    assert BOOK._makers.known("SAMSUNG ELECTRONICS CO.,LTD") == "Samsung"
    assert BOOK._makers.known("tp-link corporation limited") == "TP-Link"
    assert BOOK._makers.known("Samsungish Widgets") == ""


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"rules": []}, "rules.shape"),
        ({"rule": [{"at": "dns.query.name", "equals": ["x"]}]}, "rules.shape"),
        ({"rule": [{"at": ["dns.query.name"], "like": "("}]}, "rules.rule"),
        ({"rule": [{"at": ["dns.query.name"], "like": "x", "model": "\\1"}]}, "rules.rule"),
        ({"rule": [{"at": ["dns.query.name"], "like": "x" * 400}]}, "rules.rule"),
        ({"rule": [{"at": ["dns.query.name"], "kind": "toaster", "like": "x"}]}, "rules.rule"),
        ({"rule": [{"at": ["dns.query.name"], "kind": "light"}]}, "rules.rule"),
        ({"rule": [{"at": ["dns.query.name"], "like": "x", "weight": 0}]}, "rules.rule"),
        ({"usually": {"X": "toaster"}}, "rules.kind"),
        ({"places": {"dns.query.name": {"source": "rumour", "weight": 1}}}, "rules.family"),
        ([], "rules.shape"),
    ],
)
def test_a_bad_table_is_refused_by_name(table: Any, key: str) -> None:
    with pytest.raises(RulesRefusedError) as refused:
        rule_file(table, "mine.toml")
    assert refused.value.reason.key == key
    assert refused.value.reason.params["file"] == "mine.toml"


def test_a_place_that_does_not_exist_is_refused() -> None:
    file = rule_file({"rule": [{"at": ["dns.query.nmae"], "equals": ["x"]}]}, "mine.toml")
    with pytest.raises(RulesRefusedError, match=r"rules\.place"):
        Rulebook([file])


@given(
    st.sampled_from(sorted(FACTS)),
    st.dictionaries(
        st.sampled_from(
            [
                "name",
                "hostname",
                "type",
                "eoj",
                "epc.8c",
                "epc.8a",
                "nt",
                "user_agent",
                "path",
                "kind",
            ]
        ),
        st.text(max_size=300),
        max_size=6,
    ),
)
def test_any_sighting_gives_clues_of_the_vocabulary(kind: str, fields: dict[str, str]) -> None:
    for clue in BOOK.read(kind, fields, 1.0):
        assert clue.claims
        assert all(c.value in KINDS for c in clue.claims if c.aspect == "kind")
        assert all(0 <= c.weight <= 10 for c in clue.claims)
    assert len(BOOK._cache) <= 4096


@given(st.text(max_size=30))
def test_any_text_is_an_address_without_harm(mac: str) -> None:
    BOOK.address(mac, 1.0)
    is_private(mac)
    is_group(mac)
