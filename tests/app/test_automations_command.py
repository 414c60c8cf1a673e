"""`omamori automations check`: two files in, what collides out, in both languages and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from omamori.app.automations_command import app

if TYPE_CHECKING:
    from pathlib import Path

ON = b"""
- alias: Light at seven
  trigger: {platform: time, at: '07:00:00'}
  action: {service: light.turn_on, target: {entity_id: light.hall}}
"""
OFF = ON.replace(b"Light at seven", b"Dark at seven").replace(b"turn_on", b"turn_off")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_two_files_that_collide_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(ON)
    (tmp_path / "b.yaml").write_bytes(OFF)
    files = [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]
    code, told = run("check", *files, "--lang", "en")
    assert code == 3
    assert "[certain] “Light at seven” switches light.hall on" in told
    assert "it is 07:00" in told
    code, told = run("check", *files)
    assert code == 3
    assert "時刻は 07:00" in told
    code, told = run("check", *files, "--json")
    assert json.loads(told)["conflicts"][0]["kind"] == "opposite"


def test_one_that_collides_with_none_is_no_promise(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(ON)
    code, told = run("check", str(tmp_path / "a.yaml"), "--lang", "en")
    assert code == 0
    assert "no promise" in told


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"automations": 3}')
    code, told = run("check", str(tmp_path / "a.json"), "--lang", "en")
    assert (code, "$.automations" in told) == (1, True)
    code, told = run("check", str(tmp_path / "none.yaml"), "--lang", "en")
    assert (code, "none.yaml" in told) == (1, True)


def test_the_schema_is_printed() -> None:
    code, told = run("schema")
    assert code == 0
    assert "Automation" in json.loads(told)["$defs"]
