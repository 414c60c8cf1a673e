"""The operator's commands, as they are typed: with a server and without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from authority.made import KEYS
from omamori.app.authority import app
from omamori.authority.csr import write_csr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result

SOURCE = str(Path(__file__).parents[2] / "src")
START = "from omamori.app.authority import app; app(prog_name='authority')"


class Shell:
    """A folder with an operator in front of it; only servers are programs of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"LC_ALL": "C.UTF-8"}

    def run(self, *words: object, data: str = "energy") -> Result:
        typed = [*map(str, words), "--data", str(self.folder / data)]
        return CliRunner().invoke(app, typed, env=self.environment)

    def done(self, *words: object, data: str = "energy") -> str:
        ran = self.run(*words, data=data)
        assert ran.exit_code == 0, ran.output
        return ran.stdout

    def refused(self, *words: object, data: str = "energy") -> str:
        ran = self.run(*words, data=data)
        assert ran.exit_code == 1, ran.output
        assert isinstance(ran.exception, SystemExit)
        return ran.stderr

    def serve(self, data: str = "energy") -> subprocess.Popen[str]:
        folder = str(self.folder / data)
        return subprocess.Popen(
            [sys.executable, "-c", START, "serve", "--data", folder],
            env={**os.environ, "PYTHONPATH": SOURCE},
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    one = Shell(tmp_path)
    one.done("create", "energy", "--host", "energy.example")
    one.done("add-product", "aircon", "--level", 4, "--title", "エアコン")
    return one


@pytest.fixture
def served(shell: Shell) -> Iterator[Shell]:
    with shell.serve() as server:
        assert server.stdout
        assert server.stdout.readline().startswith("https://127.0.0.1:")
        yield shell
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0


def _low(shell: Shell) -> int:
    found = json.loads(shell.done("products", "--json"))
    return int(found["products"][0]["rung"])


def _acts(shell: Shell) -> None:
    shell.done("lower", "aircon", "--level", 1, "--reason", "unpatched")
    assert _low(shell) == 1
    assert "unpatched" in shell.done("products")
    assert "lower.not-lower" in shell.refused(
        "lower", "aircon", "--level", 1, "--reason", "unpatched"
    )
    shell.done("raise", "aircon")
    assert _low(shell) == 4


def test_levels_go_down_and_up_through_the_server(served: Shell) -> None:
    _acts(served)


def test_levels_go_down_and_up_when_no_server_runs(shell: Shell) -> None:
    _acts(shell)


def test_after_a_killed_server_the_commands_still_work(shell: Shell) -> None:
    with shell.serve() as server:
        assert server.stdout
        server.stdout.readline()
        shell.done("lower", "aircon", "--level", 2, "--reason", "exploited")
        server.kill()
        server.wait(20)
    assert (shell.folder / "energy" / "serving.json").exists()
    assert _low(shell) == 2


def test_a_device_is_certified_held_and_revoked(shell: Shell) -> None:
    csr, out = shell.folder / "a.csr", shell.folder / "a.pem"
    csr.write_bytes(x509.load_der_x509_csr(write_csr(KEYS[30])).public_bytes(Encoding.PEM))
    uri = shell.done("issue", "aircon", "--csr", csr, "--out", out, "--software", "1.0").strip()
    leaf, issuing = x509.load_pem_x509_certificates(out.read_bytes())
    leaf.verify_directly_issued_by(issuing)
    shell.done("hold", uri)
    assert " held " in shell.done("devices")
    shell.done("release", uri)
    shell.done("revoke", uri, "--reason", "key-suspect")
    (line,) = json.loads(shell.done("devices", "--json"))["devices"]
    assert line["state"] == "revoked"
    assert "device.revoked" in shell.refused("hold", uri)
    kinds = [one["kind"] for one in json.loads(shell.done("issued"))["issued"]]
    assert kinds == ["root", "issuing", "registry", "server", "device"]
    assert len(shell.done("code", "aircon").strip()) == 20


def test_two_industries_recognise_one_another(served: Shell) -> None:
    served.done("create", "health", "--host", "health.example", data="health")
    url = json.loads((served.folder / "energy" / "serving.json").read_text())["url"]
    root = served.folder / "energy" / "root.crt"
    crossing = ("cross", url, "--root", root, "--map", "3=2", "--map", "4=3")
    served.done(*crossing, data="health")
    shown = json.loads(served.done("show", data="health"))
    assert shown["industries"][0]["industry"] == "energy"
    assert shown["industries"][0]["rungs"] == {"3": 2, "4": 3}
    wrong = served.folder / "health" / "root.crt"
    told = served.refused("cross", url, "--root", wrong, "--map", "3=2", data="health")
    assert "authority.unreachable" in told
    served.done("acquaint", url, "--root", root, data="health")
    served.done("forget", "energy", data="health")
    assert json.loads(served.done("show", data="health"))["industries"] == []


def test_mistakes_are_one_sentence(shell: Shell) -> None:
    assert "authority.none" in shell.refused("show", data="nowhere")
    assert "product.unknown" in shell.refused("code", "toaster")
    assert "authority.exists" in shell.refused("create", "energy", "--host", "energy.example")
    missing = shell.folder / "missing.csr"
    told = shell.refused("issue", "aircon", "--csr", missing, "--out", shell.folder / "x")
    assert "missing.csr" in told
    missing.write_bytes(b"hello")
    told = shell.refused("issue", "aircon", "--csr", missing, "--out", shell.folder / "x")
    assert "file.unreadable" in told
    shell.environment["LC_ALL"] = "ja_JP.UTF-8"
    assert "ありません" in shell.refused("code", "toaster")
