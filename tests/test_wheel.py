"""A wheel that installs by itself: templates, catalogues and data inside, in an empty environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATIENCE_S = 240


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with nothing but the wheel and what it depends on."""
    own = ROOT / ".tools" / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    if uv is None:
        pytest.skip("uv, which builds the wheel, is not on this machine")
    folder = tmp_path_factory.mktemp("wheel")
    environment = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}

    def run(*words: str | Path) -> None:
        done = subprocess.run(
            [uv, *map(str, words)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    run("build", "--wheel", "-q", "-o", folder / "dist", ".")
    (wheel,) = (folder / "dist").glob("*.whl")
    run("venv", "-q", "--python", sys.executable, folder / "env")
    python = folder / "env" / "bin" / "python"
    run("pip", "install", "-q", "--python", python, "--require-hashes", "-r", "requirements.lock")
    run("pip", "install", "-q", "--python", python, "--no-deps", wheel)
    return folder


def test_it_starts_away_from_the_source_and_shows_its_pages(installed: Path) -> None:
    data = installed / "data"
    data.mkdir(mode=0o700)
    quiet = "[network]\nmdns = false\nssdp = false\nechonet = false\n[sample]\non = false\n"
    (data / "omamori.toml").write_text(quiet, encoding="utf-8")
    running = subprocess.Popen(
        [installed / "env" / "bin" / "omamori", "run", "--data", data, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=installed,
        env={"PATH": os.environ["PATH"], "HOME": str(installed)},
    )
    try:
        assert running.stdout is not None
        address = None
        while address is None:
            line = running.stdout.readline()
            assert line, running.stderr and running.stderr.read()
            address = re.search(r"http://\S+", line)
        for path in ("/", "/patterns", "/static/omamori.css"):
            with urllib.request.urlopen(address[0] + path, timeout=PATIENCE_S) as answer:
                assert answer.status == 200
                assert len(answer.read()) > 500
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE_S)
