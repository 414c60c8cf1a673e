"""The developer's ten lines, as real programs: two authorities, two things, one verdict."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omamori.app.authority_server import create_authority

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
OMAMORI = [sys.executable, "-c", "from omamori.app.cli import main; main()"]


def omamori(*words: str | Path) -> str:
    done = subprocess.run(
        [*OMAMORI, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def program(*words: str | Path, ready: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs beside the test, from the line that says `ready` on."""
    running = subprocess.Popen(
        [*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        while ready not in line:
            assert line, running.stderr and running.stderr.read()
            line = running.stdout.readline()
        yield running
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE_S)


def enrolled(authority: Path, port: int, product: str, folder: Path) -> Path:
    omamori("authority", "add-product", "--data", authority, product, "--level", "4")
    code = omamori("authority", "code", "--data", authority, product)
    found = re.search(r"[a-hjkmnp-z2-9]{20}", code)
    assert found, code
    url, root = f"https://127.0.0.1:{port}", authority / "root.crt"
    omamori("thing", "enrol", folder, "--authority", url, "--root", root, "--code", found[0])
    return folder


@pytest.fixture
def industries(tmp_path: Path) -> Iterator[dict[str, tuple[Path, int]]]:
    """Two authorities that recognise one another, served by the real command."""
    made: dict[str, tuple[Path, int]] = {}
    with ExitStack() as stack:
        for name in ("energy", "mobility"):
            folder, port = tmp_path / name, free_port()
            create_authority(folder, name, f"{name}.example", time.time())
            serve = ["authority", "serve", "--data", str(folder), "--port", str(port)]
            stack.enter_context(program(*OMAMORI, *serve, ready="https://"))
            made[name] = (folder, port)
        for mine, theirs in (("energy", "mobility"), ("mobility", "energy")):
            folder, port = made[theirs]
            url, root = f"https://127.0.0.1:{port}", folder / "root.crt"
            maps = [word for pair in ("5=4", "4=3", "3=3") for word in ("--map", pair)]
            omamori("authority", "cross", "--data", made[mine][0], url, "--root", root, *maps)
        yield made


def test_two_programs_meet_and_get_a_verdict(
    industries: dict[str, tuple[Path, int]], tmp_path: Path
) -> None:
    battery = enrolled(*industries["energy"], "battery-1", tmp_path / "battery")
    car = enrolled(*industries["mobility"], "car-1", tmp_path / "car")
    port = free_port()
    examples = ROOT / "examples"
    with program(
        sys.executable, examples / "answerer.py", car, str(port), ready="ready"
    ) as answering:
        done = subprocess.run(
            [sys.executable, examples / "caller.py", battery, str(port), "share-energy"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[0] == "allow energy Lv.3"
        assert answering.stdout is not None
        assert answering.stdout.readline().strip() == "allow"


def test_a_service_asks_a_home(industries: dict[str, tuple[Path, int]], tmp_path: Path) -> None:
    """As the operators' page says: the home and the industry recognise one another, then it asks."""
    energy, port = industries["energy"]
    house, door, own_port = tmp_path / "house", free_port(), free_port()
    own = house / "home"
    house.mkdir(mode=0o700)
    quiet = "mdns = false\nssdp = false\nechonet = false\nneighbours = false\ninterface = ''"
    protect = f"firewall = false\ndoor = {door}"
    (house / "omamori.toml").write_text(f"[network]\n{quiet}\n[protect]\n{protect}\n")
    hub = ["hub", "serve", "--data", str(house), "--port", str(free_port())]
    service = enrolled(energy, port, "service-1", tmp_path / "service")
    with program(*OMAMORI, *hub, ready="Ctrl-C"):
        pass  # the first start makes the home's own authority
    serve = ["authority", "serve", "--data", str(own), "--port", str(own_port)]
    with program(*OMAMORI, *serve, ready="https://"):
        for mine, theirs, at in ((own, energy, port), (energy, own, own_port)):
            url, root = f"https://127.0.0.1:{at}", theirs / "root.crt"
            maps = ["--map", "3=3"] + (["--map", "4=3"] if mine == own else [])
            omamori("authority", "cross", "--data", mine, url, "--root", root, *maps)
    asker = [sys.executable, ROOT / "examples" / "asker.py", service, str(door)]
    with program(*OMAMORI, *hub, ready="Ctrl-C"):
        asked = [*map(str, asker), "nobody", "power", "false"]
        done = subprocess.run(
            asked, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    assert done.returncode == 0, done.stderr
    met, answer = done.stdout.splitlines()
    assert met == "met: allow energy Lv.3"
    assert answer.startswith("refused command.unknown-thing")
