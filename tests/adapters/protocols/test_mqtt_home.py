"""Things behind an MQTT publisher: who is told, as what, and that nothing hostile gets through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.adapters.protocols import mqtt, mqtt_home
from omamori.hub.knowing.identify_kinds import KINDS

BRIDGE = b"bridge"
LAMP_TOPIC = "homeassistant/light/0x00158d0001/light/config"
LAMP = {
    "name": None,
    "unique_id": "0x00158d0001_light_zigbee2mqtt",
    "device": {
        "identifiers": ["zigbee2mqtt_0x00158d0001"],
        "name": "Kitchen lamp",
        "manufacturer": "IKEA",
        "model": "TRADFRI bulb (LED1545G12)",
        "via_device": "zigbee2mqtt_bridge_0x00124b0001",
    },
}
LAMP_TOLD = {
    "child": "0x00158d0001",
    "name": "Kitchen lamp",
    "maker": "IKEA",
    "model": "TRADFRI bulb (LED1545G12)",
    "kind": "light",
    "by": "mqtt",
}


def told(topic: str, message: Any) -> list[dict[str, str]]:
    return [child.fields for child in mqtt_home.children(topic, json.dumps(message).encode())]


def test_a_lamp_behind_a_bridge_is_told_with_its_maker_and_model() -> None:
    assert told(LAMP_TOPIC, LAMP) == [LAMP_TOLD]
    short = {"dev": {"ids": "l1", "mf": "m", "mdl": "x", "cns": [["mac", "0a:0b"]]}}
    expected = {"child": "l1", "maker": "m", "model": "x", "kind": "lock", "by": "mqtt"}
    assert told("homeassistant/lock/l1/config", short) == [expected]
    by_address = {"dev": {"cns": [["mac", "0a:0b"]]}}
    assert told("homeassistant/lock/l1/config", by_address)[0]["child"] == "0a:0b"


@pytest.mark.parametrize(
    ("component", "config", "kind"),
    [
        ("switch", {}, "plug"),
        ("switch", {"entity_category": "config"}, ""),
        ("sensor", {"device_class": "battery"}, ""),
        ("sensor", {"dev_cla": "temperature"}, "sensor"),
        ("binary_sensor", {"device_class": "motion"}, "sensor"),
        ("climate", {"modes": ["off", "heat", "auto"]}, "thermostat"),
        ("climate", {"modes": ["off", "heat", "cool", "dry", "fan_only"]}, "air-conditioner"),
        ("climate", {"modes": ["off", "heat", "cool"]}, ""),
        ("climate", {}, ""),
        ("cover", {}, "blind"),
        ("cover", {"device_class": "garage"}, "garage-door"),
        ("cover", {"device_class": "gate"}, ""),
        ("camera", {}, "camera"),
        ("button", {}, ""),
        ("nonsense", {}, ""),
    ],
)
def test_a_component_tells_the_kind_where_it_is_sure(
    component: str, config: dict[str, Any], kind: str
) -> None:
    [fields] = told(f"homeassistant/{component}/x/config", config | {"device": {"ids": ["a"]}})
    assert fields.get("kind", "") == kind


def test_every_kind_told_is_one_of_ours() -> None:
    kinds = {*mqtt_home._KINDS.values(), *mqtt_home._COVERS.values(), "sensor", "thermostat"}
    assert kinds - {""} <= set(KINDS)


def test_a_whole_device_is_what_its_weightiest_part_is() -> None:
    parts = {
        "a": {"p": "sensor", "device_class": "temperature"},
        "b": {"p": "light"},
        "c": {"p": "sensor", "device_class": "battery"},
    }
    config = {"dev": {"ids": "d1", "name": "Lamp"}, "cmps": parts}
    expected = {"child": "d1", "name": "Lamp", "kind": "light", "by": "mqtt"}
    assert told("homeassistant/device/d1/config", config) == [expected]
    assert told("homeassistant/device/d1/config", {"dev": {"ids": "d1"}, "cmps": {}}) == [
        {"child": "d1", "by": "mqtt"}
    ]


def test_zigbee2mqtts_list_tells_all_but_the_coordinator() -> None:
    listed = [
        {"ieee_address": "0x0", "type": "Coordinator", "friendly_name": "Coordinator"},
        {
            "ieee_address": "0x00158d0001",
            "type": "Router",
            "friendly_name": "Kitchen lamp",
            "definition": {
                "vendor": "IKEA",
                "model": "LED1545G12",
                "exposes": [{"type": "numeric", "name": "linkquality"}, {"type": "light"}],
            },
        },
        {"ieee_address": "0x2", "manufacturer": "m", "model_id": "x", "definition": None},
        {"ieee_address": "0x3", "definition": {"exposes": [{"type": "binary", "name": "contact"}]}},
        "nonsense",
    ]
    assert told("zigbee2mqtt/bridge/devices", listed) == [
        LAMP_TOLD | {"model": "LED1545G12"},
        {"child": "0x2", "maker": "m", "model": "x", "by": "mqtt"},
        {"child": "0x3", "kind": "sensor", "by": "mqtt"},
    ]


def test_a_thing_that_announces_itself_is_no_bridge_until_it_names_another() -> None:
    bridges = mqtt_home.Bridges()

    def hear(child: str, component: str = "light", **more: str) -> list[str]:
        text = json.dumps({"device": {"ids": child, **more}, "device_class": "door"}).encode()
        topic = f"homeassistant/{component}/x/config"
        return [fields["child"] for _, fields in bridges.hear(BRIDGE, topic, text)]

    assert hear("self") == []
    assert hear("self", "button") == []
    assert hear("other", "binary_sensor") == ["self", "other"]
    assert hear("other") == ["other"]  # a sensor at first, and then a lamp
    assert hear("other", "binary_sensor") == []
    bridges.forget()
    assert hear("behind", via_device="bridge") == ["behind"]


def test_what_is_remembered_is_bounded() -> None:
    bridges = mqtt_home.Bridges()
    for index in range(mqtt_home.CHILDREN_MAX * 2):
        text = json.dumps({"device": {"ids": f"c{index}", "via_device": "b"}}).encode()
        bridges.hear(BRIDGE, "homeassistant/light/x/config", text)
        bridges.hear(b"%d" % index, "homeassistant/light/x/config", text)
    assert len(bridges._ranks) == mqtt_home.PUBLISHERS_MAX
    assert all(len(ranks) <= mqtt_home.CHILDREN_MAX for ranks in bridges._ranks.values())


HOSTILE = [
    b"[" * 100_000,
    b'{"device":' * 10_000,
    b'{"device": {"ids": [[[["a"]]]], "name": 7, "mdl": []}}',
    b'{"device": {"ids": "a\\u202e\\u0000\\ud800b", "name": "<b>\\u202eevil"}}',
    b'{"device": {"ids": "' + b"a" * 10_000 + b'"}}',
    b'{"device": {"ids": "\xb9"}}',
    b'{"device": []}',
    b'{"device": {"ids": []}, "cmps": []}',
    b'{"device": {"cns": ["mac"]}}',
    b"[null, 1, [], {}]",
    b"\xff\xfe{}",
    b"",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("topic", ["homeassistant/device/x/config", "zigbee2mqtt/bridge/devices"])
def test_hostile_messages_are_refused_or_cleaned(topic: str, text: bytes) -> None:
    for child in mqtt_home.children(topic, text):
        assert all(v.isprintable() and len(v) <= mqtt_home.TEXT_MAX for v in child.fields.values())


@pytest.mark.parametrize(
    "topic",
    ["homeassistant/status", "home/light/a/config", "a/bridge/state", "homeassistant//config"],
)
def test_other_topics_tell_nothing(topic: str) -> None:
    assert told(topic, LAMP) == []


KEYS = (
    "device", "dev", "ids", "cns", "modes", "cmps", "p", "definition", "exposes", "type",
    "ieee_address", "device_class", "name", "mdl", "via_device",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
COMPONENTS = ["device", "climate", "cover", "sensor", "light", "\u202e"]


@settings(max_examples=300, deadline=None)
@given(message=JSON, component=st.sampled_from(COMPONENTS), raw=st.binary(max_size=40))
def test_any_message_gives_children_or_nothing(message: Any, component: str, raw: bytes) -> None:
    for topic in (f"homeassistant/{component}/x/config", "z/bridge/devices"):
        for text in (json.dumps(message).encode(), json.dumps([message]).encode(), raw):
            for child in mqtt_home.children(topic, text):
                assert child.fields["child"]
                assert all(value.isprintable() for value in child.fields.values())


@settings(max_examples=300, deadline=None)
@given(head=st.integers(0, 255), body=st.binary(max_size=60))
def test_any_packet_is_published_or_not(head: int, body: bytes) -> None:
    topic, text = mqtt.published(mqtt.Packet(head, body))
    assert bool(topic) <= (text[:1] in (b"{", b"["))
    octets = bytes([head]) + body
    size = mqtt.size_of(octets)
    assert size == 0 or size >= 2
    mqtt.packet(octets)
