"""Home Assistant's YAML: its parts in the neutral form, its tags unknown, its bombs refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.home_assistant import join, load_yaml, read_automations, read_home_assistant
from omamori.documents import automation as doc
from omamori.documents.automation import AutomationError
from omamori.hub.automating.check import examine

HALL = b"""
- id: '17'
  alias: Hall light
  mode: restart
  trigger:
    - platform: state
      entity_id: binary_sensor.hall_motion, binary_sensor.door
      to: 'on'
      for: '00:00:05'
    - platform: numeric_state
      entity_id: sensor.lux
      below: 20
  condition:
    - condition: sun
      after: sunset
      before: sunrise
    - "{{ is_state('input_boolean.guests', 'off') }}"
    - or:
        - condition: time
          after: '18:00:00'
          weekday: [mon, tue]
        - condition: template
          value_template: "{{ now().hour > 3 }}"
  action:
    - service: light.turn_on
      target: {entity_id: [light.hall, light.stairs]}
      data: {brightness: 255}
    - delay: {minutes: 5}
    - choose:
        - conditions: {condition: state, entity_id: person.mum, state: home}
          sequence: [{service: scene.turn_on, target: {entity_id: scene.evening}}]
      default: [{action: light.turn_off, target: {entity_id: light.hall}}]
    - service: notify.phone
      data: {message: !secret words}
"""
PACKAGE = b"""
automation:
  - alias: Off at night
    trigger: {platform: time, at: 82800}
    action: {service: script.all_off}
automation more: !include_dir_merge_list automations/
script:
  all_off:
    sequence:
      - service: switch.turn_off
        entity_id: switch.heater
      - service: automation.turn_off
        entity_id: automation.hall_light
scene:
  - name: Evening
    entities: {light.hall: {state: on, brightness: 80}, light.sofa: off}
"""


def test_an_automation_is_read_part_by_part() -> None:
    (made,) = read_home_assistant([HALL]).automations
    assert (made.id, made.name, made.mode) == ("17", "Hall light", "restart")
    assert made.triggers == (
        doc.StateTrigger("binary_sensor.hall_motion", "", "in", "on", None, 5),
        doc.StateTrigger("binary_sensor.door", "", "in", "on", None, 5),
        doc.StateTrigger("sensor.lux", "", "<", 20.0),
    )
    assert made.conditions[:2] == (
        doc.SunIs("down"),
        doc.StateIs("input_boolean.guests", "", "=", "off"),
    )
    assert isinstance(made.conditions[2], doc.AnyOf)
    assert isinstance(made.conditions[2].of[1], doc.Unclear)
    assert doc.SetPoint("light.stairs", "brightness_percent", 100.0) in made.actions
    assert doc.Delay(300.0) in made.actions
    assert doc.Notify() in made.actions


def test_a_package_brings_its_scripts_and_scenes() -> None:
    home = read_home_assistant([PACKAGE])
    assert home.automations[0].triggers == (doc.TimeTrigger("23:00:00"),)
    assert home.automations[0].actions == (doc.RunScript("script.all_off"),)
    assert home.scenes[0].sets == (
        doc.SetPoint("light.hall", "", value=True),
        doc.SetPoint("light.sofa", "", value=False),
    )


def test_files_of_one_home_are_checked_together() -> None:
    off = HALL.replace(b"'17'", b"'18'").replace(b"turn_on", b"turn_off")
    found = examine(join([read_home_assistant([HALL]), read_home_assistant([off])])).conflicts
    assert any(one.kind == "opposite" and one.thing == "light.stairs" for one in found)


def test_two_files_with_one_id_are_told_apart() -> None:
    home = join([read_automations(HALL, "yaml"), read_automations(HALL, "yaml")])
    assert [one.id for one in home.automations] == ["17", "17 (2)"]


@pytest.mark.parametrize(
    ("octets", "key"),
    [
        (b"a: [", "automation.not-yaml"),
        (b"a: *nobody", "automation.not-yaml"),
        (b"\xff\xfe\x00\xd8", "automation.not-text"),
        (b"- !!python/object/apply:os.system [ls]", "automation.not-yaml"),
        (b"a: 2001-99-99", "automation.not-yaml"),
        (b"[" * 500 + b"]" * 500, "automation.too-deep"),
        (b"&a [*a]", "automation.too-many"),
        (b" " * 5_000_000, "automation.too-long"),
    ],
)
def test_what_is_no_yaml_is_refused(octets: bytes, key: str) -> None:
    with pytest.raises(AutomationError) as refused:
        load_yaml(octets)
    assert refused.value.reason.key == key


def test_a_bomb_of_aliases_is_refused_unbuilt() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 12)]
    with pytest.raises(AutomationError) as refused:
        load_yaml("\n".join(lines).encode())
    assert refused.value.reason.key == "automation.too-many"


WORDS = st.sampled_from([
    "- alias: x\n", "  trigger:\n", "  action:\n", "    - platform: state\n", "      entity_id: a.b\n",
    "      to: 'on'\n", "    - service: light.turn_on\n", "      target: {entity_id: light.a}\n", "  condition: ",
    "!include x\n", "<<: *x\n", "&x ", "[", "]", "{", "}", "? ", ": 1\n", "    - choose: 3\n", "null\n",
    "    - repeat: {sequence: [{delay: -1}]}\n", "    - delay: {hours: 1e9}\n", "1e999\n", "0x7f\n",
])  # fmt: skip


@given(st.one_of(st.lists(WORDS, max_size=14).map("".join).map(str.encode), st.binary(max_size=80)))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        examine(read_home_assistant([octets]))
    except AutomationError as refused:
        assert refused.reason.key.startswith("automation.")


def test_switching_a_thermostat_off_is_against_setting_its_mode() -> None:
    told = b"""
- alias: Warm
  trigger: {platform: time, at: '06:30'}
  action: {service: climate.set_hvac_mode, entity_id: climate.a, data: {hvac_mode: heat}}
- alias: Air
  trigger: {platform: time, at: '06:30'}
  action: {service: climate.turn_off, entity_id: climate.a}
"""
    assert len(examine(read_home_assistant([told])).conflicts) == 1
