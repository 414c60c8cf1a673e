"""How soon the home is there, what it weighs, and how soon it reacts when a level falls.

Floors: the same interpreter serving one empty Starlette page; and one HTTPS question to an authority.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from omamori.adapters.entries import MemoryEntries
from omamori.app.sample import serve_sample_authority
from omamori.simulation.sample_home import SampleHome
from omamori.simulation.world import World
from omamori.trust.standing import Caps

ROUNDS = 20
FLOOR = """
import socket, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
async def page(_): return PlainTextResponse("x")
s = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{s.getsockname()[1]} Ctrl-C", flush=True)
c = uvicorn.Config(Starlette(routes=[Route("/", page)]), log_config=None, lifespan="off")
uvicorn.Server(c).run(sockets=[s])
"""


def first_page(command: list[str], wanted: str = "") -> tuple[float, float, float]:
    """Seconds to the first page, seconds until a page holds `wanted`, resident MB then."""
    begun = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        found = None
        while found is None:
            found = re.search(r"http://\S+", running.stdout.readline())
        ask(found[0] + "/")
        page_s = time.perf_counter() - begun
        while wanted and wanted not in ask(found[0] + "/sample?lang=en"):
            time.sleep(0.05)
        ready_s = time.perf_counter() - begun
        time.sleep(1)
        return page_s, ready_s, resident_mb(running.pid)
    finally:
        running.terminate()
        running.wait()


def ask(url: str) -> str:
    """One page's text; a refused connection is tried again."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(url) as answer:  # noqa: S310 - loopback
                text: str = answer.read().decode()
                return text
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(url)


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its children, from /proc."""
    total = 0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    for each in (str(pid), *children):
        status = Path(f"/proc/{each}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        total += int(found[1]) if found else 0
    return total / 1024


async def reactions(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds from an operator's act to the narrowed link; and one HTTPS question's seconds."""
    world = World(1, time.time())
    home = SampleHome(
        folder, world, serve_sample_authority, MemoryEntries(), Caps(), time.time, lambda: None
    )
    await home.open()
    client = home.offices.clients["energy"]
    times, questions = [], []
    link = "battery~ev~share-energy"
    for _ in range(ROUNDS):
        for rung, state in ((1, "suspended"), (5, "active")):
            begun = time.perf_counter()
            home.set_level("energy", "power-bank-10", rung)
            while (found := home.links.get(link)) is None or found.state != state:  # noqa: ASYNC110 - it looks from outside
                await asyncio.sleep(0.001)
            times.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        await client.products()
        questions.append(time.perf_counter() - begun)
    await home.close()
    return times, questions


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        run = [sys.executable, "-c", "from omamori.app.cli import main; main()", "run"]
        command = [*run, "--data", str(data), "--port", "0"]
        floor_s, _, floor_mb = first_page([sys.executable, "-c", FLOOR])
        first = first_page(command, "They may work together")
        again = first_page(command, "They may work together")
        print("| | first page s | sample home alive s | resident MB | first page / floor |")
        print("|---|---:|---:|---:|---:|")
        print(f"| floor: empty Starlette page | {floor_s:.2f} | | {floor_mb:.0f} | 1.0 |")
        for name, (page_s, ready_s, mb) in (("very first start", first), ("later start", again)):
            print(f"| {name} | {page_s:.2f} | {ready_s:.2f} | {mb:.0f} | {page_s / floor_s:.1f} |")
        times, questions = asyncio.run(reactions(Path(folder) / "reactions"))
    middle = statistics.median(times)
    worst = max(times)
    question = statistics.median(questions)
    print("\n| a level falls or rises → the link follows | ms | of one HTTPS question |")
    print("|---|---:|---:|")
    print(f"| median of {len(times)} | {middle * 1e3:.0f} | {middle / question:.1f} |")
    print(f"| worst | {worst * 1e3:.0f} | {worst / question:.1f} |")


if __name__ == "__main__":
    main()
