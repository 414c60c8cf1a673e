"""The neutral JSON: read as written, refused with its path, bounded against everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.documents import automation as doc
from omamori.documents.automation import AutomationError, read_document, schema, write_document

GOOD: dict[str, Any] = {
    "things": [{"id": "lamp", "kind": "light", "room": "kitchen"}],
    "automations": [
        {
            "id": "a",
            "triggers": [{"kind": "state", "thing": "pir", "attribute": "motion", "value": "on"}],
            "conditions": [{"kind": "not", "of": [{"kind": "time", "after": "22:00"}]}],
            "actions": [
                {"kind": "command", "thing": "lamp", "command": "switch.on"},
                {
                    "kind": "choose",
                    "branches": [{"conditions": [], "actions": [{"kind": "stop"}]}],
                },
            ],
        }
    ],
}


def changed(*path: Any, to: Any) -> bytes:
    made = json.loads(json.dumps(GOOD))
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return json.dumps(made).encode()


def test_what_is_written_is_read_again() -> None:
    home = read_document(json.dumps(GOOD).encode())
    assert home.automations[0].triggers == (doc.StateTrigger("pir", "motion", value="on"),)
    assert read_document(write_document(home)) == home


@pytest.mark.parametrize(
    ("octets", "key", "where"),
    [
        (b"", "automation.not-so", ""),
        (b"\xff{", "automation.not-so", ""),
        (b"[]", "automation.not-so", "$"),
        (changed("version", to=2), "automation.version", ""),
        (changed("surprise", to=2), "automation.not-so", "$"),
        (changed("automations", 0, "triggers", 0, "kind", to="x"), "automation.not-so", "triggers"),
        (changed("automations", 0, "triggers", 0, "operator", to="~"), "automation.word", "$.automations[0].triggers[0].operator"),
        (changed("automations", 0, "conditions", 0, "of", 0, "after", to="25:00"), "automation.word", "$.automations[0].conditions[0].of[0].after"),
        (changed("automations", 0, "mode", to="often"), "automation.word", "mode"),
        (changed("automations", 0, "id", to=""), "automation.id", "$.automations[0].id"),
        (changed("automations", 0, "name", to="x" * 300), "automation.text", "name"),
        (changed("automations", 0, "actions", 0, to={"kind": "delay", "seconds": 1e99}), "automation.number", "seconds"),
        (changed("automations", 0, "actions", to=[{"kind": "stop"}] * 300), "automation.too-many", "actions"),
        (changed("automations", to=[GOOD["automations"][0]] * 2), "automation.id", "$.automations[1].id"),
        (changed("budget_w", to=-1), "automation.number", "budget_w"),
        (b'{"automations":[]}' + b" " * doc.AUTOMATIONS_OCTETS_MAX, "automation.too-long", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(octets: bytes, key: str, where: str) -> None:
    with pytest.raises(AutomationError) as refused:
        read_document(octets)
    assert refused.value.reason.key == key
    assert where in str(refused.value.reason.params.get("where", ""))


@pytest.mark.parametrize("depth", [30, 5_000, 200_000])
def test_what_lies_in_itself_too_deep_is_refused(depth: int) -> None:
    condition = b'{"kind":"not","of":[' * depth + b"]}" * depth
    octets = (
        b'{"automations":[{"id":"a","triggers":[],"actions":[],"conditions":[' + condition + b"]}]}"
    )
    with pytest.raises(AutomationError):
        read_document(octets)


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        read_document(octets)
    except AutomationError as refused:
        assert refused.reason.key.startswith("automation.")


ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda of: st.one_of(
        st.lists(of, max_size=3), st.dictionaries(st.sampled_from(["kind", "thing", "of"]), of)
    ),
    max_leaves=8,
)


@given(st.sampled_from(["triggers", "conditions", "actions"]), st.lists(ANY, max_size=3))
def test_any_parts_are_read_or_refused(role: str, parts: list[Any]) -> None:
    try:
        octets = changed("automations", 0, role, to=parts)
        read_document(octets)
    except AutomationError as refused:
        assert refused.reason.key.startswith("automation.")


def test_the_schema_names_every_part() -> None:
    names = set(schema()["$defs"])
    assert {"StateTrigger", "TimeIs", "SetPoint", "Choose", "Automation", "Thing"} <= names


def test_operators_have_many_names_and_one_sign() -> None:
    assert doc.operator_of("above") == ">"
    assert doc.operator_of("==") == "="
    assert doc.operator_of("~") == ""
    assert doc.minute_of("7:30") == 450
    assert doc.minute_of("24:00") < 0
