"""The words of `omamori measure`: what was signed is sound, what was changed, repeated or lost is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from omamori.app.measure_command import app

if TYPE_CHECKING:
    from pathlib import Path

RUN = CliRunner()


class Desk:
    """A folder with a thing's key, and its messages."""

    def __init__(self, tmp: Path) -> None:
        self.tmp, self.count = tmp, 0
        self.thing = tmp / "thing"

    def sign(self, *readings: str) -> Path:
        self.count += 1
        out = self.tmp / f"{self.count}.cose"
        told = RUN.invoke(
            app, ["sign", str(self.thing), "pulse", *readings, "--out", str(out), "--lang", "en"]
        )
        assert told.exit_code == 0, told.output
        assert f"message {self.count}" in told.output
        return out

    def check(self, *messages: Path) -> tuple[int, str]:
        args = [str(self.thing / "public.pem"), "pulse", *(str(one) for one in messages)]
        memory = ["--memory", str(self.tmp / "memory")]
        told = RUN.invoke(app, ["check", *args, *memory, "--lang", "en"])
        return told.exit_code, told.output


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_was_signed_is_sound_and_shown(desk: Desk) -> None:
    code, said = desk.check(desk.sign("heart_rate_bpm=72", "motion=no"))
    assert code == 0
    assert "arrived as it was measured" in said
    assert "heart_rate_bpm = 72.0 /min" in said


def test_a_repetition_is_told_also_by_another_call(desk: Desk) -> None:
    one = desk.sign("heart_rate_bpm=72")
    assert desk.check(one)[0] == 0
    code, said = desk.check(one)
    assert (code, "came before" in said) == (3, True)


def test_a_changed_message_is_told(desk: Desk) -> None:
    one = desk.sign("heart_rate_bpm=72")
    octets = bytearray(one.read_bytes())
    octets[-80] ^= 1
    one.write_bytes(octets)
    code, said = desk.check(one)
    assert (code, "changed" in said or "damaged" in said) == (3, True)


def test_a_missing_message_is_told(desk: Desk) -> None:
    first, _, third = (desk.sign("heart_rate_bpm=72") for _ in range(3))
    code, said = desk.check(first, third)
    assert (code, "did not arrive: 1 (numbers 2 to 2)" in said) == (3, True)


@pytest.mark.parametrize("reading", ["heart_rate_bpm", "heart_rate_bpm=x", "love=3", "motion=2"])
def test_readings_of_no_sense_are_refused(desk: Desk, reading: str) -> None:
    said = RUN.invoke(app, ["sign", str(desk.thing), "pulse", reading, "--out", "x"])
    assert said.exit_code == 1


def test_what_is_no_key_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("rubbish")
    for name in ("none.pem", "nowhere.pem"):
        said = RUN.invoke(app, ["check", str(tmp_path / name), "pulse", str(tmp_path)])
        assert said.exit_code == 1
