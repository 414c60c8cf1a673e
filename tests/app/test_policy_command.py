"""The words of `omamori policy`: a table is checked, shown and asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from omamori.app.policy_command import WORRIES, app

if TYPE_CHECKING:
    from pathlib import Path

RUN = CliRunner()


def told(*words: str) -> tuple[int, str]:
    said = RUN.invoke(app, [*words, "--lang", "en"])
    return said.exit_code, said.output


def test_the_usual_table_is_shown_and_passes_its_own_check(tmp_path: Path) -> None:
    made = tmp_path / "policy.toml"
    code, text = told("show", "--toml")
    made.write_text(text, encoding="utf-8")
    assert code == 0
    code, text = told("check", str(made))
    assert code == 0
    assert "built-in ones beneath" in text
    code, text = told("show")
    assert code == 0
    assert "refuse  floor-suspect" in text
    assert "The thing is in use now" in text


def test_a_mistake_is_shown_at_its_line(tmp_path: Path) -> None:
    made = tmp_path / "policy.toml"
    made.write_text('version = 1\n[[rule]]\nid = "a"\neffect = "alow"\n', encoding="utf-8")
    code, text = told("check", str(made))
    assert code == 1
    assert "Line 4, column 1: “alow” is no effect." in text
    assert "perhaps “allow” is meant" in text
    assert told("check", str(tmp_path / "none.toml"))[0] == 1


def test_a_rule_that_decides_nothing_is_told(tmp_path: Path) -> None:
    rule = '[[rule]]\nid = "{}"\neffect = "{}"\nwhen.grant = "guest"\nwhy = "ruling.guest"\n'
    made = tmp_path / "policy.toml"
    rules = [rule.format(*one) for one in (("a", "allow"), ("b", "ask"), ("c", "ask"))]
    made.write_text("version = 1\n" + "".join(rules), encoding="utf-8")
    code, text = told("check", str(made))
    assert code == WORRIES
    assert "Line 2: the rule “a” never decides anything" in text
    assert "“b” changes nothing" in text


def test_a_question_is_answered_with_all_that_spoke() -> None:
    code, text = told(
        "ask", "slot=demand-response", "in_use=true", "act=adjust", "rung=4", "channel=broker"
    )
    assert code == 0
    assert text.startswith("ask\n")
    assert "* ask     film" in text
    assert "  allow   power" in text


def test_what_cannot_be_asked_is_refused() -> None:
    for odd in ("rung=9", "colour=red", "rung", "industries=same", "in_use=True"):
        assert told("ask", odd)[0] == 1
