"""A table of rules in Cedar's language, so that another's engine says which rules match.

Cedar knows two effects; ours are four layers.  Each layer is asked by itself as a set of
``permit`` policies, whose determining policies are all that match; the strictest layer with any is
the answer.  Where Cedar differs from us, and what is done about it:

- silence is Deny there too; among its reasons Cedar names the policies of the winning effect only,
  which is why layers are asked one by one;
- an error in one policy (an attribute that is missing) makes Cedar skip it, even a ``forbid``: it
  fails open there.  So every attribute is always given, and no error is tolerated;
- ``@id`` is an annotation that the engine does not use: ids are ours, policies are numbered;
- Cedar's ordering works on Long only; sets of values stand in for our ranges.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cedarpy

from omamori.documents.policy_shape import EFFECTS, Box, Plain, Rule
from omamori.hub.ruling.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omamori.hub.ruling.question import Question


def literal(value: Plain) -> str:
    return json.dumps(value)


def condition(box: Box) -> str:
    parts = []
    for name, values in box.items():
        listed = ", ".join(literal(value) for value in sorted(values, key=str))
        parts.append(f"[{listed}].contains(context.{name})")
    return " && ".join(parts)


def policy(rule: Rule, effect: str = "permit") -> str:
    without = "".join(f" unless {{ {condition(box)} }}" for box in rule.unless)
    return f"{effect}(principal, action, resource) when {{ {condition(rule.when)} }}{without};"


def request(question: Question) -> dict[str, object]:
    return {
        "principal": 'Asker::"one"',
        "action": 'Action::"asks"',
        "resource": 'Thing::"other"',
        "context": {name: getattr(question, name) for name in VOCABULARY},
    }


def answered(
    rules: Sequence[Rule], questions: Sequence[Question]
) -> list[tuple[str, tuple[str, ...]]]:
    """What Cedar says of each question: the answer, and the rules that give it."""
    found: list[tuple[str, tuple[str, ...]]] = [("refuse", ()) for _ in questions]
    requests = [request(question) for question in questions]
    for effect in EFFECTS:  # the mildest first: each stricter one overrides it
        layer = [rule for rule in rules if rule.effect == effect]
        if not layer:
            continue
        policies = "\n".join(policy(rule) for rule in layer)
        for at, result in enumerate(cedarpy.is_authorized_batch(requests, policies, [])):
            assert not result.diagnostics.errors
            numbers = sorted(
                int(name.removeprefix("policy")) for name in result.diagnostics.reasons
            )
            if numbers:
                found[at] = (effect, tuple(layer[number].id for number in numbers))
    return found
