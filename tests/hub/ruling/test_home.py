"""What the usual rules answer in the situations of a home."""

from __future__ import annotations

import pytest
from hypothesis import given

from hub.ruling.asked import QUESTIONS
from omamori.adapters.policy import load, usual
from omamori.hub.ruling.coverage import look_through
from omamori.hub.ruling.question import Question
from omamori.hub.ruling.read import read_rules
from omamori.hub.ruling.reasons import BUILT_IN
from omamori.web.words import tables

RULES = load()[0]


def asked(**said: object) -> tuple[str, tuple[str, ...]]:
    ruling = RULES.ask(Question(**said))  # type: ignore[arg-type] # names and values as below
    return ruling.answer, ruling.deciding


SERVICE = {"asker_kind": "service", "channel": "meeting", "ground": "certificate"}
ENERGY = {**SERVICE, "asker_industry": "energy", "target_industry": "energy"}
FAMILY = {"asker_kind": "person", "channel": "page"}
PLAN = {"channel": "hub", "slot": "automation"}
SAVING = {**ENERGY, "slot": "demand-response", "rung": 4}
BATTERY = {
    "target_kind": "storage-battery",
    "act": "operate",
    "harm": "property",
    "point": "charge_w",
}
PUMP = {
    "target_kind": "medical",
    "act": "operate",
    "harm": "life",
    "point": "dose_u",
    "target_industry": "health",
}
DOOR = {"target_kind": "lock", "act": "operate", "harm": "property", "point": "locked"}
TV = {"target_kind": "television", "act": "adjust", "point": "power", "target_industry": "av"}

SITUATIONS = [
    # The report's second situation: energy saving and the film.
    ({**SAVING, **TV, "in_use": True}, "ask", {"film", "crossing-in-use"}),
    ({**SAVING, **TV}, "allow", {"power"}),
    ({**SAVING, **TV, "rung": 0}, "ask", {"comfort-ask"}),
    # The fifth: a hijacked service and the home battery.
    ({**ENERGY, **BATTERY, "rung": 4, "purpose": "share-energy"}, "allow", {"energy"}),
    ({**ENERGY, **BATTERY, "rung": 4, "purpose": "share-energy", "suspect": True}, "refuse", {"floor-suspect"}),
    ({**ENERGY, **BATTERY, "rung": 2, "purpose": "share-energy"}, "refuse", {"operating-needs-a-level"}),
    ({**ENERGY, **BATTERY, "rung": 5, "slot": "safety-auto"}, "refuse", {"safety-is-the-homes-own"}),
    ({**ENERGY, **BATTERY, "rung": 5, "slot": "local-manual"}, "refuse", {"manual-is-by-hand"}),
    ({**ENERGY, **BATTERY, "rung": 3, "slot": "emergency-remote"}, "refuse", {"emergency-needs-a-level"}),
    ({**BATTERY, "channel": "network", "rung": 5}, "refuse", {"floor-nobody-on-the-network"}),
    # §2.2.1: an implant commanded by a stranger, and by the doctor beside it.
    ({**SERVICE, **PUMP}, "refuse", {"floor-life-without-level", "floor-body-from-afar", "medical", "operating-needs-a-level"}),
    ({**SERVICE, **PUMP, "asker_industry": "health", "rung": 4, "near": True, "fresh": True}, "allow", {"power"}),
    ({**SERVICE, **PUMP, "asker_industry": "health", "rung": 4, "near": True}, "refuse", {"floor-body-from-afar", "medical"}),
    ({**SERVICE, **PUMP, "asker_industry": "energy", "rung": 5, "near": True, "fresh": True}, "refuse", {"floor-life-of-another-industry", "medical"}),
    ({**FAMILY, **PUMP, "rung": 3}, "refuse", {"floor-body-from-afar", "medical"}),
    ({**PUMP, "channel": "hand", "at_hand": True}, "allow", {"person-at-hand"}),
    # ... and a car that is being driven.
    ({**SERVICE, "asker_industry": "mobility", "target_industry": "mobility", "rung": 5, "target_kind": "car", "act": "operate", "harm": "life", "in_use": True}, "refuse", {"driving"}),
    # The family, and its plans.
    ({**FAMILY, **TV, "in_use": True}, "allow", {"family"}),
    ({**FAMILY, **DOOR}, "allow", {"family"}),
    ({**FAMILY, **DOOR, "hour": 23}, "ask", {"doors-at-night"}),
    ({**FAMILY, **DOOR, "hour": 23, "near": True}, "allow", {"family"}),
    ({**PLAN, **DOOR}, "ask", {"doors-by-plan"}),
    ({**PLAN, "target_kind": "light", "act": "adjust"}, "allow", {"own-plans"}),
    ({**PLAN, "target_kind": "heater", "act": "operate", "harm": "property"}, "ask", {"heat-unseen"}),
    ({"channel": "hub", "slot": "safety-auto", "target_kind": "heater", "act": "operate", "harm": "property"}, "allow", {"own-safety"}),
    # What saving energy may never touch.
    ({**SAVING, "target_kind": "router", "act": "adjust"}, "refuse", {"saving-never-doors", "ways-out"}),
    ({**SAVING, "target_kind": "air-conditioner", "act": "adjust", "hour": 2}, "ask", {"sleeping"}),
    ({**SAVING, "target_kind": "air-conditioner", "act": "adjust", "hour": 14}, "allow", {"power"}),
    ({**SAVING, "target_kind": "refrigerator", "act": "adjust"}, "ask", {"cold-food"}),
    # Readings, eyes and ears.
    ({**SERVICE, "purpose": "read-measurement", "rung": 2}, "allow", {"reads"}),
    ({**SERVICE, "purpose": "read-measurement", "rung": 1}, "limit", {"reads-in-part"}),
    ({"channel": "meeting", "purpose": "read-measurement"}, "ask", {"reads-ask"}),
    ({**SERVICE, "purpose": "read-measurement", "rung": 3, "target_kind": "camera"}, "ask", {"eyes-and-ears"}),
    ({**SERVICE, "purpose": "share-health", "rung": 2}, "refuse", set()),
    ({**SERVICE, "purpose": "share-health", "rung": 3, "asker_industry": "health", "target_industry": "health"}, "allow", {"health"}),
    ({**SERVICE, "purpose": "share-health", "rung": 3, "asker_industry": "energy", "target_industry": "health"}, "ask", {"health-elsewhere"}),
    # New programs.
    ({**ENERGY, "purpose": "update-firmware", "rung": 4, "act": "operate", "point": "firmware"}, "allow", {"updates"}),
    ({**ENERGY, "purpose": "update-firmware", "rung": 4, "act": "operate", "point": "firmware", "in_use": True}, "ask", {"update-in-use"}),
    ({**ENERGY, "purpose": "switch-power", "rung": 5, "act": "operate", "point": "firmware"}, "refuse", {"firmware-by-another-name"}),
    # Who comes for one thing and wants another.
    ({**SERVICE, "purpose": "show-content", "rung": 4, "act": "adjust", "point": "power", "target_kind": "camera", "harm": "property"}, "refuse", {"content-elsewhere"}),
    ({**SERVICE, "purpose": "warn-of-danger", "rung": 4, "act": "adjust", "point": "power", "target_kind": "storage-battery", "harm": "property"}, "refuse", {"content-elsewhere"}),
    ({**SERVICE, "purpose": "show-content", "rung": 4, "act": "adjust", "point": "power", "target_kind": "refrigerator"}, "refuse", {"content-and-climate"}),
    ({**SERVICE, "purpose": "show-content", "rung": 2, "act": "adjust", "point": "power", "target_kind": "light"}, "allow", {"shows"}),
    ({**SERVICE, "purpose": "warn-of-danger", "rung": 2, "act": "adjust", "point": "volume_percent", "target_kind": "television"}, "allow", {"warns"}),
    # What nobody knows, and locks that call themselves something else.
    ({**ENERGY, "rung": 4, "act": "operate", "point": "valve_open", "target_kind": "unknown", "harm": "property"}, "ask", {"unknown-by-another"}),
    ({**ENERGY, "rung": 4, "act": "operate", "point": "locked", "target_kind": "unknown", "harm": "property"}, "ask", {"unknown-by-another"}),
    ({**ENERGY, "rung": 4, "act": "operate", "point": "locked", "target_kind": "appliance", "harm": "property"}, "ask", {"locks-by-another"}),
    # Guests and rentals.
    ({"channel": "meeting", "grant": "guest", "near": True, "act": "adjust", "target_kind": "light"}, "allow", {"guest-comfort"}),
    ({"channel": "meeting", "grant": "guest", "near": True, "act": "operate", **DOOR, "rung": 4}, "refuse", {"guest-operates"}),
    ({**ENERGY, "grant": "rental", "purpose": "share-energy", "rung": 3, "act": "operate", "target_kind": "ev-charger", "harm": "property"}, "allow", {"energy"}),
    ({**SERVICE, "grant": "guest", "purpose": "share-health", "rung": 5}, "refuse", {"guest-private"}),
    # Somebody unknown.
    ({"channel": "network", "act": "adjust", "target_kind": "light"}, "ask", {"comfort-ask"}),
    ({"channel": "network", **DOOR}, "refuse", {"floor-nobody-on-the-network", "operating-needs-a-level"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "answer", "deciding"),
    SITUATIONS,
    ids=[f"{n}-{'-'.join(sorted(s[2])) or 'nobody'}"[:60] for n, s in enumerate(SITUATIONS)],
)
def test_in_a_home(said: dict[str, object], answer: str, deciding: set[str]) -> None:
    told = asked(**said)
    assert (told[0], set(told[1])) == (answer, deciding)


@given(QUESTIONS)
def test_somebody_at_the_thing_itself_is_never_shut_out(question: Question) -> None:
    if question.at_hand:
        assert RULES.ask(question).answer == "allow"


def test_each_rule_can_decide_and_none_only_repeats_others() -> None:
    for found in look_through(RULES.rules):
        assert isinstance(found.decides, Question), found.rule.id
        assert isinstance(found.alone, Question), found.rule.id
        assert RULES.ask(found.alone).deciding == (found.rule.id,)


def test_every_built_in_sentence_is_used_and_said() -> None:
    used = {rule.why.key for rule in RULES.rules}
    assert used >= BUILT_IN
    said = {key for key in tables()["en"] if key.startswith("ruling.")}
    assert said == used | {"ruling.own-words", "ruling.no-rule", "ruling.changed"}


def test_the_usual_table_is_one_that_a_person_may_hand_in() -> None:
    assert len(read_rules(usual())) > 40
