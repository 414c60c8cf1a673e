"""What a page weighs and when it is there, on a slow phone, against a bare page of the same server.

Slow phone: processor slowed 6 times, 1.6 Mbit/s down, 150 ms round trip (Lighthouse's "slow 4G").
Also the processor time of each page on the server, and 200 live streams.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from starlette.responses import HTMLResponse
from starlette.routing import Route

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from omamori.web.hub import hub_app, hub_site
from omamori.web.live import Live
from web.home_fixture import FixtureHome

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = (
    "/",
    "/things/aircon",
    "/sample",
    "/talk",
    "/outside",
    "/new",
    "/alerts",
    "/sample/meetings/m1",
    "/happened",
    "/label/aircon",
)
FLOOR = "/bare"
ROUNDS = 3
STREAMS = 200
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LARGEST_PAINT = """() => new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
    .observe({type: "largest-contentful-paint", buffered: true});
})"""


async def bare(_request: object) -> HTMLResponse:
    """The floor: one heading and one sentence, no style, no script."""
    return HTMLResponse("<!doctype html><title>bare</title><h1>This network now</h1><p>Bare.</p>")


def served(live: Live) -> tuple[uvicorn.Server, threading.Thread, str]:
    app = hub_app(FixtureHome(), hub_site(b"b" * 32), live)
    app.router.routes.insert(0, Route(FLOOR, bare))
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return server, thread, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


def weigh(base: str) -> None:
    """Bytes on the wire of each page with all that it loads, and of the page alone."""
    with httpx.Client(base_url=base, headers={"accept-language": "ja"}) as client:
        around = [f"/static/omamori.{kind}" for kind in ("css", "js", "svg")]
        shared = sum(client.get(path).num_bytes_downloaded for path in around)
        for path in PAGES:
            own = client.get(path).num_bytes_downloaded
            print(
                f"  {path:24} {(own + shared) / 1000:6.1f} kB, of which {own / 1000:5.1f} kB page"
            )


def time_on_server(base: str) -> None:
    """Processor time a page costs the server, as a ratio to the bare page, same client."""
    with httpx.Client(base_url=base) as client:

        def cost_ms(path: str) -> float:
            for _ in range(10):
                client.get(path)
            before = time.process_time()
            for _ in range(100):
                client.get(path)
            return (time.process_time() - before) * 10

        floor = cost_ms(FLOOR)
        print(f"  bare page {floor:.2f} ms of processor a request, the asking client included")
        for path in PAGES:
            own = cost_ms(path)
            print(f"  {path:24} {own:6.2f} ms, {own / floor:4.1f} x bare")


def largest_paint_ms(browser: Browser, base: str, path: str) -> float:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    slow: dict[str, Any] = {
        "offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000,
    }  # fmt: skip
    client.send("Network.emulateNetworkConditions", slow)
    client.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto(base + path)
    found = float(page.evaluate(LARGEST_PAINT))
    context.close()
    return found


def paint(base: str) -> None:
    """Median largest paint of each page, beside the bare page's."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("  no Chromium on this machine: largest paint not measured")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        floor = 0.0
        for path in (FLOOR, *PAGES):
            own = statistics.median(largest_paint_ms(browser, base, path) for _ in range(ROUNDS))
            floor = floor or own
            print(f"  {path:24} {own:6.0f} ms, {own / floor:4.1f} x bare")
        browser.close()


async def streams(base: str, live: Live) -> None:
    """How long until every one of many open pages has heard of a change."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=base, limits=limits, timeout=30) as client:
        opened = asyncio.Semaphore(0)

        async def listen() -> float:
            async with client.stream("GET", "/live") as stream:
                opened.release()
                async for line in stream.aiter_lines():
                    if line == "data: home":
                        return time.monotonic()
            return float("inf")

        heard = [asyncio.create_task(listen()) for _ in range(STREAMS)]
        for _ in heard:
            await opened.acquire()
        began = time.monotonic()
        live.changed("home")
        last = max(await asyncio.gather(*heard)) - began
        print(f"  {STREAMS} streams: the last heard after {last * 1000:.0f} ms (250 of them calm)")


def main() -> None:
    """Measure everything and print it."""
    live = Live()
    server, thread, base = served(live)
    print("weight of a page and all that it loads:")
    weigh(base)
    print("processor time:")
    time_on_server(base)
    print("largest paint on a slow phone:")
    paint(base)
    print("live:")
    asyncio.run(streams(base, live))
    print(
        f"  memory of server and client {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    )
    live.close()
    server.should_exit = True
    thread.join(5)


if __name__ == "__main__":
    main()
