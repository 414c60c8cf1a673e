"""`omamori thing describe` says what of a description this home would understand, and no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from omamori.app.thing_command import app

if TYPE_CHECKING:
    from pathlib import Path

TD = {
    "title": "Lamp\u202e",
    "securityDefinitions": {"n": {"scheme": "nosec"}},
    "security": "n",
    "properties": {
        "on": {"type": "boolean", "forms": [{"href": "/on"}]},
        "locked": {"type": "boolean", "forms": [{"href": "/locked"}]},
        "glow": {"type": "number", "forms": [{"href": "/glow"}]},
    },
    "actions": {"blink": {"forms": [{"href": "/blink"}]}},
}


def test_each_property_is_told_with_its_point(tmp_path: Path) -> None:
    path = tmp_path / "lamp.td.jsonld"
    path.write_text(json.dumps(TD), encoding="utf-8")
    result = CliRunner().invoke(app, ["describe", str(path)])
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "Lamp (nosec)",
        "  on: power on and off (power, name, set)",
        "  locked: the lock (locked, name)",
        "  glow: ?",
        "  blink()",
    ]


def test_what_is_no_description_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for octets in (b"{}", b"\xff" * 9):
        path.write_bytes(octets)
        assert CliRunner().invoke(app, ["describe", str(path)]).exit_code == 1
    assert CliRunner().invoke(app, ["describe", str(tmp_path / "no")]).exit_code == 1
