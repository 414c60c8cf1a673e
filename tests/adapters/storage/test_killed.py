"""Nothing that was acknowledged is lost, however the program ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from omamori.adapters.storage.sqlite import SqliteRegistryStore
from omamori.authority.records import Product

WRITER = """
import sys
from pathlib import Path
from omamori.adapters.storage.sqlite import SqliteRegistryStore
from omamori.authority.records import Issued, Product
store = SqliteRegistryStore.open(Path(sys.argv[1]))
n = store.counter("n")
while True:
    n += 1
    with store.transaction():
        store.put(Product(name=f"p{n}", assessed=1, rung=1))
        store.append(Issued(kind="device", serial=str(n), subject="", der=b"", at=0.0))
        store.advance("n")
    sys.stdout.write(f"{n}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("lines", [1, 40, 300])
def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "s.sqlite3"
    acknowledged = 0
    for _ in range(3):
        acknowledged = _killed_after(path, acknowledged + lines)
        store = SqliteRegistryStore.open(path)
        kept = store.counter("n")
        # One more may be on the disk than was told; never one less, and never a part of one.
        assert kept in {acknowledged, acknowledged + 1}
        assert len(store.issued(0, 10_000)) == kept
        assert {p.name for p in store.every(Product)} == {f"p{n}" for n in range(1, kept + 1)}
        store.close()


def _killed_after(path: Path, line: int) -> int:
    """Kill a writer as soon as it told `line`; the last number that it told."""
    source = str(Path(__file__).parents[3] / "src")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
    ) as writer:
        assert writer.stdout is not None
        last = 0
        while last < line:
            told = writer.stdout.readline()
            assert told, "the writer ended by itself"
            last = int(told)
        writer.send_signal(signal.SIGKILL)
        for told in writer.stdout.read().split(b"\n"):
            if told.isdigit():
                last = max(last, int(told))
    return last
