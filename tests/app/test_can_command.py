"""The words of `omamori can`: a log is learned, its table reviewed, and an attack is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from omamori.app.can_command import app

if TYPE_CHECKING:
    from pathlib import Path

RUN = CliRunner()
LOG = "".join(f"({n * 0.1:.6f}) can0 1A0#{n % 256:02X}00\n" for n in range(60))
ATTACK = LOG + "".join(f"({n * 0.1:.6f}) can0 7E0#0210020000000000\n" for n in range(60, 70))


def test_a_healthy_log_passes_its_own_table_and_an_attack_does_not(tmp_path: Path) -> None:
    (tmp_path / "healthy.log").write_text(LOG)
    (tmp_path / "attack.log").write_text(ATTACK)
    said = RUN.invoke(app, ["learn", str(tmp_path / "healthy.log"), "--state", "driving"])
    assert said.exit_code == 0
    table = tmp_path / "car.toml"
    table.write_text(said.stdout)
    said = RUN.invoke(app, ["check", str(table), "--lang", "en"])
    assert "1 rules" in said.output
    assert "Nobody has reviewed" in said.output
    replay = ["replay", str(table), "--state", "driving", "--lang", "en"]
    said = RUN.invoke(app, [*replay, str(tmp_path / "healthy.log")])
    assert (said.exit_code, "Passed: 60. Stopped: 0." in said.output) == (0, True)
    said = RUN.invoke(app, [*replay, str(tmp_path / "attack.log")])
    assert said.exit_code == 3
    assert "10 × telematics sent a message (7E0) that it never needs to send" in said.output


def test_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    table = tmp_path / "car.toml"
    table.write_text('version = 1\nbuses = ["a", "b"]\nreviewed = 3\n')
    said = RUN.invoke(app, ["check", str(table), "--lang", "en"])
    assert (said.exit_code, "Line 3" in said.output) == (1, True)


def test_what_cannot_be_learned_is_said(tmp_path: Path) -> None:
    (tmp_path / "car.log").write_text(LOG)
    (tmp_path / "car.txt").write_text(LOG)
    for args in (["car.log"], ["car.txt", "--state", "parked"], ["no.log", "--state", "parked"],
                 ["car.log", "--state", "parked", "--from", "A B"]):  # fmt: skip
        said = RUN.invoke(app, ["learn", str(tmp_path / args[0]), *args[1:]])
        assert said.exit_code == 1, args
