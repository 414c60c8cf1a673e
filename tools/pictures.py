"""Make the pictures in docs/pictures from a really running home: ``.venv/bin/python tools/pictures.py``.

Needs Chromium on this machine. Nothing is drawn or arranged here but which page, how wide, how far.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1200, "height": 860}
OMAMORI = [sys.executable, "-c", "from omamori.app.cli import main; main()"]
SETTLE_MS = 12_000


@contextmanager
def running() -> Iterator[str]:
    """A fresh home on a free port; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        home = subprocess.Popen(
            [*OMAMORI, "run", "--data", f"{folder}/home", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            for line in home.stdout or ():
                if found := re.search(r"http://\S+", line):
                    yield found[0]
                    return
        finally:
            home.terminate()
            home.wait(30)


def page_of(browser: Browser, size: dict[str, int], lang: str) -> Page:
    """A visitor with a screen of `size`."""
    return browser.new_context(viewport=size, locale=lang).new_page()


def keep(page: Page, name: str) -> None:
    """What the visitor sees now."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    sys.stdout.write(f"{path.name} {path.stat().st_size}\n")


def take(browser: Browser, address: str) -> None:
    """Every picture."""
    wide = page_of(browser, WIDE, "en-US")
    wide.goto(f"{address}/?lang=en")
    wide.wait_for_timeout(SETTLE_MS)  # the sample home's first meetings
    wide.goto(f"{address}/sample?lang=en")
    wide.mouse.wheel(0, 690)  # past the form, to the map and the links
    wide.wait_for_timeout(500)
    keep(wide, "sample-home")
    phone = page_of(browser, PHONE, "ja-JP")
    phone.goto(f"{address}/?lang=ja")
    keep(phone, "home")
    phone.goto(f"{address}/sample?lang=ja")
    meet(phone, "sample-battery", "sample-ev", "share-energy", "revoked")
    keep(phone, "meeting")
    phone.goto(f"{address}/sample?lang=ja")
    phone.click("form[action='/sample/situations'] button[value=camera]")
    phone.wait_for_timeout(SETTLE_MS)
    phone.goto(f"{address}/alerts?home=sample&lang=ja")
    keep(phone, "alert")
    wide.goto(f"{address}/talk?home=sample&lang=en")
    keep(wide, "talk")


def meet(page: Page, one: str, other: str, purpose: str, fault: str) -> None:
    """Let two things meet and wait for what came of it."""
    chosen = {"one": one, "other": other, "purpose": purpose, "fault": fault}
    for field, value in chosen.items():
        page.select_option(f"select[name={field}]", value)
    page.click("form[action='/sample/meetings'] button")
    page.wait_for_timeout(4000)
    page.reload()


def main() -> None:
    """Start a home, visit it, end it."""
    with running() as address, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        take(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
