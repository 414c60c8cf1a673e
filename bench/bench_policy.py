"""Decisions a second of a home's rules: ours against Cedar, OPA's Rego (regopy) and Casbin.

    python bench/bench_policy.py

The same tables of 50 and 500 rules with random conditions, the same questions, all in one process
taking turns, CPU time, best of several turns.  Every engine is first seen to agree with ours (Casbin
and Rego on allow or not; Casbin's deny-override has no reasons).  Ratios travel; absolute numbers do
not.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import casbin  # noqa: E402 - the path is set above
import cedarpy  # noqa: E402
import msgspec  # noqa: E402
import regopy  # noqa: E402

from conformance.policy_cedar import policy, request  # noqa: E402
from hub.ruling.asked import drawn_box, drawn_question  # noqa: E402
from omamori.adapters.policy import load  # noqa: E402
from omamori.documents.policy_shape import Rule  # noqa: E402
from omamori.documents.reason import Reason  # noqa: E402
from omamori.hub.ruling.rules import Rules  # noqa: E402
from omamori.hub.ruling.vocabulary import VOCABULARY  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.hub.ruling.question import Question

TURNS = 5
SIZES = (50, 500)
GROWTH = (50, 200, 500, 1_000)
ASKED = {"ours": 2_000, "Cedar": 40, "Rego": 12, "Casbin": 40}
WHY = Reason("ruling.in-use")


def table(count: int) -> list[Rule]:
    """Of 25 rules one refuses; the other engines know only these two effects."""
    dice = Random(count)  # noqa: S311 - a fixed draw
    return [
        Rule(f"r{at}", "refuse" if at % 25 == 0 else "allow", box, (), WHY)
        for at in range(count)
        for box in [{**drawn_box(dice), **drawn_box(dice)}]  # two to eight conditions
    ]


def questions(count: int) -> list[Question]:
    dice = Random(7)  # noqa: S311 - a fixed draw
    return [drawn_question(dice) for _ in range(count)]


def said(question: Question) -> dict[str, object]:
    return {name: getattr(question, name) for name in VOCABULARY}


def ours(rules: list[Rule]) -> Callable[[Question], bool]:
    made = Rules(rules, floor=())
    return lambda question: made.ask(question).answer == "allow"


def cedar(rules: list[Rule]) -> Callable[[Question], bool]:
    text = "\n".join(policy(r, "permit" if r.effect == "allow" else "forbid") for r in rules)
    made = cedarpy.PolicySet.from_str(text)  # parsed once, as ours is compiled once
    none = cedarpy.Entities.from_json_str("[]")

    def ask(question: Question) -> bool:
        return bool(cedarpy.is_authorized(request(question), made, none).allowed)

    return ask


def rego(rules: list[Rule]) -> Callable[[Question], bool]:
    lines = ["package home", "import rego.v1"]
    for rule in rules:
        conditions = "; ".join(
            f"input.{name} in {json.dumps(sorted(values, key=str))}"
            for name, values in rule.when.items()
        )
        head = "allows" if rule.effect == "allow" else "refuses"
        lines.append(f'{head} contains "{rule.id}" if {{ {conditions} }}')
    lines.append("default answer := false")
    lines.append("answer if { count(allows) > 0; count(refuses) == 0 }")
    made = regopy.Interpreter()
    made.add_module("home", "\n".join(lines))
    bundle = made.build("data.home.answer")  # compiled once

    def ask(question: Question) -> bool:
        made.set_input(said(question))
        return "true" in str(made.query_bundle(bundle))

    return ask


MODEL = """
[request_definition]
r = q
[policy_definition]
p = rule, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = eval(p.rule)
"""


def by_casbin(rules: list[Rule]) -> Callable[[Question], bool]:
    model = casbin.Model()
    model.load_model_from_text(MODEL)
    made = casbin.Enforcer(model)
    for rule in rules:
        text = " && ".join(
            f"in_set(r.q.{name}, '{'|'.join(sorted(map(str, values)))}')"
            for name, values in rule.when.items()
        )
        made.add_policy(text, "allow" if rule.effect == "allow" else "deny")
    made.add_function("in_set", lambda value, listed: str(value) in listed.split("|"))
    return lambda question: bool(made.enforce(question))


ENGINES = {"ours": ours, "Cedar": cedar, "Rego": rego, "Casbin": by_casbin}


def took_us(ask: Callable[[Question], bool], asked: list[Question]) -> float:
    start = time.process_time()
    for question in asked:
        ask(question)
    return (time.process_time() - start) / len(asked) * 1e6


def compare(count: int) -> list[str]:
    rules = table(count)
    engines = {name: make(rules) for name, make in ENGINES.items()}
    asked = {name: questions(number) for name, number in ASKED.items()}
    for name, ask in engines.items():
        assert {ask(question) for question in asked[name]} == {True, False}, name
        for question in asked[name]:
            assert ask(question) == engines["ours"](question), name
    best = dict.fromkeys(engines, float("inf"))
    for _ in range(TURNS):
        for name, ask in engines.items():
            best[name] = min(best[name], took_us(ask, asked[name]))
    return [
        f"| {count} | {name} | {us:,.1f} | {1e6 / us:,.0f} | {us / best['ours']:,.0f} |"
        for name, us in best.items()
    ]


def growth() -> list[str]:
    asked = questions(2_000)
    made = {count: ours(table(count)) for count in GROWTH}
    best = dict.fromkeys(GROWTH, float("inf"))
    for _ in range(TURNS):
        for count, ask in made.items():
            best[count] = min(best[count], took_us(ask, asked))
    return [f"| {c:,} | {us:.1f} | {us / best[GROWTH[0]]:.2f} |" for c, us in best.items()]


def usual() -> str:
    rules = load()[0]
    asked = questions(2_000)
    us = min(took_us(lambda q: bool(rules.ask(q).answer), asked) for _ in range(TURNS))
    copy = min(took_us(lambda q: bool(msgspec.msgpack.encode(q)), asked) for _ in range(TURNS))
    return (
        f"The usual rules and the floor, {len(rules.rules)}: {us:.1f} µs a decision, {1e6 / us:,.0f} a "
        f"second, all deciding rules named; {us / copy:.1f} times what packing the question costs."
    )


def main() -> None:
    print("| rules | engine | µs CPU a decision | a second | times ours |\n|--:|---|--:|--:|--:|")
    for count in SIZES:
        print("\n".join(compare(count)))
    print("\n| rules | µs CPU, ours | of the first |\n|--:|--:|--:|")
    print("\n".join(growth()))
    print(f"\n{usual()}")


if __name__ == "__main__":
    main()
