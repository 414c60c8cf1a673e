"""A home's own table is used where it can be, else the usual one, and it is said why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters.policy import load
from omamori.hub.ruling.question import Question

if TYPE_CHECKING:
    from pathlib import Path

OWN = """\
version = 1
[[rule]]
id = "all"
effect = "allow"
when.act = ["look", "adjust"]
why = { ja = "なんでもどうぞ。", en = "Anything." }
"""


def test_without_an_own_table_the_usual_one_holds(tmp_path: Path) -> None:
    rules, reasons = load(tmp_path / "policy.toml")
    assert len(rules.rules) > 50
    assert reasons == []
    assert load()[0].rules == rules.rules


def test_an_own_table_replaces_the_usual_one_but_never_the_floor(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(OWN, encoding="utf-8")
    rules, reasons = load(tmp_path / "policy.toml")
    assert reasons == []
    assert rules.ask(Question(act="adjust")).deciding == ("all",)
    assert rules.ask(Question(act="operate", suspect=True)).deciding == ("floor-suspect",)


def test_a_table_with_a_mistake_leaves_the_usual_one_and_every_reason(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(OWN.replace("allow", "alow"), encoding="utf-8")
    rules, reasons = load(tmp_path / "policy.toml")
    assert rules.rules == load()[0].rules
    assert [reason.key for reason in reasons] == [
        "policy.in-use-instead", "policy.effect-unknown", "policy.did-you-mean",
    ]  # fmt: skip
    assert reasons[1].params["line"] == 4


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").mkdir()
    rules, reasons = load(tmp_path / "policy.toml")
    assert len(rules.rules) > 50
    assert reasons[1].key == "policy.unreadable"
