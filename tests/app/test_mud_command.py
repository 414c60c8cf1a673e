"""The words of `omamori mud`: a good file is read, a bad one refused with its place, one learned holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from documents.mud_made import BULB, changed, octets
from omamori.app.mud_command import app

if TYPE_CHECKING:
    from pathlib import Path

RUN = CliRunner()


def test_a_good_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "bulb.json").write_bytes(octets(BULB))
    said = RUN.invoke(app, ["check", str(tmp_path / "bulb.json"), "--lang", "en"])
    assert said.exit_code == 0
    assert "Bulb 7. 5 rules." in said.output
    assert "not signed" in said.output


def test_a_bad_file_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bulb.json").write_bytes(changed(("ietf-mud:mud", "mud-url"), None))
    said = RUN.invoke(app, ["check", str(tmp_path / "bulb.json"), "--lang", "en"])
    assert said.exit_code == 1
    assert "/mud/mud-url" in said.output
    assert RUN.invoke(app, ["check", str(tmp_path / "none.json")]).exit_code == 1


@pytest.mark.shared
def test_a_file_is_learned_from_a_recording_and_held_against_it(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "captures/setups/Aria"
    capture = str(min(folder.glob("*.pcap")))
    thing = (folder / "_iotdevice-mac.txt").read_text().split()[0].lower()
    made = RUN.invoke(app, ["learn", capture, "--thing", thing])
    assert made.exit_code == 0
    (tmp_path / "made.json").write_text(made.stdout)
    held = RUN.invoke(app, ["test", str(tmp_path / "made.json"), capture, "--thing", thing])
    assert held.exit_code == 0
    (tmp_path / "bulb.json").write_bytes(octets(BULB))
    odd = RUN.invoke(app, ["test", str(tmp_path / "bulb.json"), capture, "--thing", thing])
    assert odd.exit_code == 3
    assert RUN.invoke(app, ["learn", capture]).exit_code == 1  # several speak: it does not guess
    assert RUN.invoke(app, ["learn", capture, "--thing", "02:00:00:00:00:99"]).exit_code == 1
