"""`omamori run` as a real process: it starts, tells where, survives kill -9, stops when asked."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from omamori.adapters.entries import SqliteEntries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 90.0
COMMAND = [sys.executable, "-c", "from omamori.app.cli import main; main()"]
QUIET = "[network]\nmdns = false\nssdp = false\nechonet = false\n"


@contextmanager
def home(
    folder: Path, *words: str, program: str = "run"
) -> Iterator[tuple[str, list[str], subprocess.Popen[str]]]:
    """A running home: its address, the lines it printed until then, and the process."""
    running = subprocess.Popen(
        [*COMMAND, *program.split(), "--data", str(folder), "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    lines: list[str] = []
    try:
        while not (lines and "Ctrl-C" in lines[-1]):
            line = running.stdout.readline()
            assert line, running.stderr and running.stderr.read()
            lines.append(line)
        found = re.search(r"http://\S+", "".join(lines))
        assert found
        yield found[0], lines, running
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE_S)


def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_for(url: str, text: str) -> str:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        _, page = get(url)
        if text in page:
            return page
        time.sleep(0.1)
    raise AssertionError(page)


def quiet(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    (folder / "omamori.toml").write_text(QUIET, encoding="utf-8")
    return folder


def test_a_home_starts_survives_kill_9_and_stops_in_order(tmp_path: Path) -> None:
    folder = quiet(tmp_path / "data")
    with home(folder) as (address, _, running):
        page = wait_for(f"{address}/sample?lang=en", "They may work together")
        assert "Home battery" in page
        assert get(f"{address}/healthz")[0] == 200
        assert "omamori_entries" in get(f"{address}/metrics")[1]
        before = count(get(f"{address}/metrics")[1])
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    with home(folder) as (address, _, running):
        wait_for(f"{address}/sample?lang=en", "They may work together")
        assert count(get(f"{address}/metrics")[1]) > before
        running.terminate()
        assert running.wait(PATIENCE_S) == 0
    entries = SqliteEntries(folder / "ledger.sqlite3")
    newest = entries.read(limit=1)[0]
    entries.close()
    assert newest.reasons[0].key == "happened.stopped"
    for path in (folder, folder / "web.secret", folder / "home" / "passphrase"):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def count(metrics: str) -> float:
    found = re.search(r"^omamori_entries (\S+)", metrics, re.MULTILINE)
    assert found
    return float(found[1])


def test_a_hub_alone_opened_to_the_home_asks_for_a_login_from_the_first_start(
    tmp_path: Path,
) -> None:
    folder = quiet(tmp_path / "data")
    with home(folder, "--lan", program="hub serve") as (address, lines, _):
        assert re.search(r"\b\d{8}\b", "".join(lines)), "no code to set the first password"
        port = int(address.rpartition(":")[2])
        own = own_address()
        if own is None:
            pytest.skip("this machine has no address but loopback")
        status, page = get(f"http://{own}:{port}/", {"Accept": "text/html"})
        assert status == 200
        assert 'name="password"' in page or 'type="password"' in page
        assert get(f"http://{own}:{port}/metrics", {"Accept": "application/json"})[0] == 401


def own_address() -> str | None:
    """An address of this machine that is not loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def refused(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [*COMMAND, "run", "--data", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_mistake_in_the_configuration_is_named_by_file_and_line(tmp_path: Path) -> None:
    folder = quiet(tmp_path / "data")
    (folder / "omamori.toml").write_text("[web]\nprot = 1\n", encoding="utf-8")
    told = refused(folder)
    assert "omamori.toml:2" in told
    assert "2行目" in told


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    assert refused(folder)


def test_a_port_that_is_taken_and_was_asked_for_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "Address already in use" in refused(quiet(tmp_path / "data"), "--port", port)


def test_a_home_with_damaged_papers_goes_on_watching_and_says_so(tmp_path: Path) -> None:
    folder = quiet(tmp_path / "data")
    with home(folder, program="hub serve"):
        pass
    (folder / "home" / "hub.der").write_bytes(b"damaged")
    (folder / "corrections.json").write_bytes(b"damaged")
    with home(folder, program="hub serve") as (address, _, _running):
        page = get(f"{address}/?lang=en")[1]
        assert "cannot speak for things now" in page
        assert "corrections.unreadable" in get(f"{address}/happened?lang=en")[1]
