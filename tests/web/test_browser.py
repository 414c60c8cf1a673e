"""Every page in a real browser: both languages, light and dark, small screens, large text, no JS."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from omamori.web.hub import hub_app, hub_site
from omamori.web.live import Live
from web.conftest import SECRET
from web.home_fixture import PATHS, FixtureHome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LOOKS = [(lang, scheme) for lang in ("ja", "en") for scheme in ("light", "dark")]
TARGET_PX_MIN = 44
GLYPH_PX_MIN = 15
AXE_RULES = {"color-contrast-enhanced": {"enabled": True}}
"""Contrast 7:1 beside the usual rules; sizes of targets are measured below, at 44 px."""

MEASURE = """() => {
  const shown = e => { const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    return r.width > 1 && r.height > 1 && s.visibility !== "hidden" && !hidden(e); };
  const hidden = e => e && (getComputedStyle(e).clipPath.includes("inset") || hidden(e.parentElement));
  const name = e => e.tagName + "." + (e.className.baseVal ?? e.className) + " " + e.textContent.trim().slice(0, 30);
  const small = [], tiny = [], wide = [];
  const edge = document.documentElement.clientWidth;
  for (const e of document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")) {
    const r = e.getBoundingClientRect();
    if (shown(e) && (r.width < TARGET || r.height < TARGET)) small.push([name(e), r.width, r.height]);
  }
  for (const e of document.querySelectorAll("body *")) {
    if (!shown(e)) continue;
    if (e.getBoundingClientRect().right > edge + 1 && !e.closest("svg")) wide.push(name(e));
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const scale = e.getScreenCTM ? e.getScreenCTM().a : 1;
    const size = parseFloat(getComputedStyle(e).fontSize) * scale;
    if (size < GLYPH) tiny.push([name(e), size]);
  }
  return {small, tiny, wide, overflow: document.documentElement.scrollWidth - edge};
}""".replace("TARGET", str(TARGET_PX_MIN)).replace("GLYPH", str(GLYPH_PX_MIN))


class Served:
    """The fixture home behind a real server on loopback."""

    def __init__(self) -> None:
        self.home = FixtureHome()
        self.live = Live()
        config = uvicorn.Config(
            hub_app(self.home, hub_site(SECRET), self.live, protects=self.home), port=0, log_level="error",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def open(self) -> None:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    @property
    def address(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def close(self) -> None:
        self.live.close()
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served()
    served.open()
    yield served
    served.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe() -> str:
    named = os.environ.get("OMAMORI_AXE", "")
    root = Path(__file__).parents[2]
    for folder in (Path(named), root / "node_modules/axe-core"):
        for path in (folder / "axe.min.js", folder / "node_modules/axe-core/axe.min.js"):
            if (named or "node_modules" in str(folder)) and path.is_file():
                return path.read_text()
    pytest.skip("no axe-core: npm install axe-core, and name its folder in OMAMORI_AXE")


def context_of(
    browser: Browser, served: Served, lang: str, scheme: str = "light", **more: Any
) -> BrowserContext:
    context = browser.new_context(
        base_url=served.address, color_scheme=scheme, reduced_motion="reduce", **more
    )
    context.add_cookies([{"name": "omamori_lang", "value": lang, "url": served.address}])
    return context


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and everything the browser complains of (a missing page is asked for on purpose)."""
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda said: complaints.append(said.text) if "404" not in said.text else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


WIDTHS = [320, 390, pytest.param(1200, marks=pytest.mark.slow)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("lang", "scheme"), LOOKS)
def test_pages_fit(browser: Browser, served: Served, lang: str, scheme: str, width: int) -> None:
    context = context_of(browser, served, lang, scheme, viewport={"width": width, "height": 800})
    page, complaints = watched(context)
    for path in PATHS:
        page.goto(path)
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        found = page.evaluate(MEASURE)
        assert found == {"small": [], "tiny": [], "wide": [], "overflow": 0}, path
    assert complaints == []
    context.close()


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("width", [320, 390])
def test_pages_fit_with_text_twice_as_large(
    browser: Browser, served: Served, lang: str, width: int
) -> None:
    context = context_of(browser, served, lang, viewport={"width": width, "height": 800})
    page, _complaints = watched(context)
    client = context.new_cdp_session(page)
    client.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    for path in PATHS:
        page.goto(path)
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "36px"
        found = page.evaluate(MEASURE)
        assert (found["overflow"], found["wide"], found["small"]) == (0, [], []), path
    context.close()


# Each of the languages and looks once in the usual lane; every pairing in the full one.
AXE_LOOKS = [
    (390, "ja", "light"),
    (390, "en", "dark"),
    *(
        pytest.param(width, lang, scheme, marks=pytest.mark.slow)
        for width in (390, 1200)
        for lang, scheme in LOOKS
        if (width, lang, scheme) not in ((390, "ja", "light"), (390, "en", "dark"))
    ),
]


@pytest.mark.parametrize(("width", "lang", "scheme"), AXE_LOOKS)
def test_axe_finds_nothing(
    browser: Browser, served: Served, axe: str, lang: str, scheme: str, width: int
) -> None:
    context = context_of(
        browser, served, lang, scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page, _complaints = watched(context)
    for path in PATHS:
        page.goto(path)
        page.evaluate(axe)
        found = page.evaluate("rules => axe.run(document, {rules})", AXE_RULES)
        told = [
            (one["id"], one["nodes"][0]["html"][:150], one["nodes"][0]["failureSummary"][:200])
            for one in found["violations"]
        ]
        assert told == [], path
    context.close()


def test_everything_works_without_javascript(browser: Browser, served: Served) -> None:
    context = context_of(browser, served, "en", java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.click("text=Sample home")
    page.select_option("#one", "ev")
    page.select_option("#other", "battery")
    page.select_option("#fault", "rogue")
    page.click("text=Start the meeting")
    assert page.url.endswith("/sample/meetings/m1")
    meeting = ("start_meeting", "ev", "battery", "read-measurement", "rogue")
    assert meeting in served.home.asked
    page.click("text=The certificate itself >> nth=0")
    assert page.is_visible("text=SHA-256 >> nth=0")
    page.goto("/things/hostile")
    page.fill("#name", "Kitchen printer")
    page.click("text=Keep this")
    assert ("correct", "hostile", "Kitchen printer", "printer") in served.home.asked
    page.click("text=日本語")
    assert page.locator("html").get_attribute("lang") == "ja"
    context.close()


def test_what_things_do_works_without_javascript(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    context = context_of(browser, served, "en", java_script_enabled=False)
    page = context.new_page()
    page.goto("/talk")
    page.select_option("#thing", "hostile")
    page.click("text=Show")
    assert served.home.looked[-1] == ("talk", "", 86400.0, "hostile")
    page.click("text=the last week")
    assert served.home.looked[-1] == ("talk", "", 604800.0, "hostile")
    page.goto("/alerts/a1")
    page.click("text=This is fine")
    page.click("text=Take that back")
    assert ("say_fine", "", "a1", False) in served.home.asked
    for octets, told in ((b"{}", None), (b"x" * 10_000_000, "never more than 256 kB")):
        rules = tmp_path / "mud.json"
        rules.write_bytes(octets)
        page.goto("/things/hostile")
        page.click("text=Give its maker's rules")
        page.set_input_files("#file", rules)
        page.click("text=Use these rules")
        assert page.is_visible("#should") if told is None else page.is_visible(f"text={told}")
    assert ("declare", "", "hostile", b"{}") in served.home.asked
    page.goto("/sample")
    page.click("text=An iron scans the Wi-Fi")
    page.click("text=Calm again")
    assert ("disturb", "") in served.home.asked
    context.close()


def test_protection_works_without_javascript(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    context = context_of(browser, served, "en", java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.click("nav >> text=Protect")
    page.click("text=Keep longer")
    assert page.is_visible("text=It stays cut off for longer.")
    page.click("text=Undo >> nth=0")
    page.click("text=Leave it >> nth=0")
    page.click("nav >> text=Commands")
    page.click("text=Take over >> nth=0")
    page.fill("[id^=take-battery] input[name=value]", "500")
    page.click("[id^=take-battery] button")
    page.click("text=Do it now >> nth=0")
    page.click("nav >> text=Rules")
    page.fill("#text", 'id = "a"\nwrong')
    page.click("text=Check only")
    assert page.is_visible("text=Line 2")
    assert page.input_value("#text") == 'id = "a"\nwrong'
    page.fill("#text", "right")
    page.click("text=Use these rules")
    assert page.is_visible("text=These rules are in force now.")
    automations = tmp_path / "automations.yaml"
    automations.write_bytes(b"- alias: morning")
    page.click("nav >> text=Automations")
    page.set_input_files("#file", automations)
    page.click("text=Look at them")
    page.goto("/sample/plays/film")
    page.click("text=The film ends")
    asked = served.home.asked[-8:]
    assert [one[0] for one in asked] == [
        "cut_longer", "cut", "answer", "take_over", "decide", "keep_rules", "take_automations",
        "choose",
    ]  # fmt: skip
    assert ("take_over", "", "battery", "charge_w", 500) in asked
    assert ("keep_rules", "", "right") in asked
    context.close()


def test_a_change_shows_by_itself_and_keeps_what_is_open(browser: Browser, served: Served) -> None:
    context = context_of(browser, served, "en")
    page, complaints = watched(context)
    page.goto("/sample")
    page.wait_for_selector("body.is-live")
    page.click("#products-energy summary")
    page.click("#map-energy summary")
    page.focus("#lower-energy-2")
    assert page.is_visible("text=Now Lv.4, certified Lv.4 >> nth=0")
    served.home.level = 2
    served.live.changed("sample")
    page.wait_for_selector("text=Now Lv.2, certified Lv.4", timeout=5000)
    assert page.get_attribute("#products-energy", "open") is not None
    assert page.get_attribute("#map-energy", "open") is not None
    assert page.evaluate("document.activeElement.id") == "lower-energy-2"
    served.home.level = 4
    assert complaints == []
    context.close()


def test_a_change_on_the_way_is_not_missed(browser: Browser, served: Served) -> None:
    context = context_of(browser, served, "en")
    page, _complaints = watched(context)

    def late(route: Any) -> None:
        served.home.level = 1
        served.live.changed("sample")
        route.continue_()

    page.route("**/live", late)
    page.goto("/sample")
    page.wait_for_selector("text=Now Lv.1, certified Lv.4", state="attached", timeout=5000)
    served.home.level = 4
    context.close()


def test_a_writing_hand_is_not_disturbed(browser: Browser, served: Served) -> None:
    context = context_of(browser, served, "en")
    page, _complaints = watched(context)
    page.goto("/things/hostile")
    page.wait_for_selector("body.is-live")
    page.fill("#name", "Half a na")
    served.live.changed("home")
    page.wait_for_timeout(800)
    assert page.input_value("#name") == "Half a na"
    assert page.evaluate("document.activeElement.id") == "name"
    context.close()


def test_the_policy_stops_what_it_should(browser: Browser, served: Served) -> None:
    context = context_of(browser, served, "en")
    page, _complaints = watched(context)
    page.goto("/")
    blocked = page.evaluate(
        """() => { try { document.body.innerHTML = "<b>x</b>"; return false; } catch { return true; } }"""
    )
    assert blocked
    with pytest.raises(Exception, match="violates"):
        page.evaluate(
            "fetch('http://127.0.0.1:9/').catch(e => { throw new Error('violates ' + e) })"
        )
    context.close()


def test_keyboard_reaches_the_main_part_first(browser: Browser, served: Served) -> None:
    context = context_of(browser, served, "ja")
    page, _complaints = watched(context)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    context.close()


def test_forced_colours_keep_every_word(browser: Browser, served: Served) -> None:
    context = context_of(browser, served, "ja", forced_colors="active")
    page, complaints = watched(context)
    page.goto("/patterns")
    for word in ("いつもどおり", "気をつけて", "注意", "危険", "緊急", "確認できません"):
        assert page.locator(f".state:has-text('{word}')").first.is_visible()
    assert complaints == []
    context.close()
