"""A heart rate over a hostile cable, and the plain program's page of what is cut off, both for real."""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .hub import Pings, wait_for
from .measurer import FIRST_BPM, LIE_BPM, MEASURED
from .net import NETWORK, PATIENCE_S, Home, State, need, sh

if TYPE_CHECKING:
    from collections.abc import Callable

    Deeds = dict[int, tuple[str, float]]

MEASURER = (sys.executable, str(Path(__file__).parent / "measurer.py"))
OMAMORI = (sys.executable, "-c", "from omamori.app.cli import main; main()")
HEART, WAY, DOCTOR, PORT = 50, 51, 52, 8119
GRACE_S, LATE_S, HELD_S = 2.0, 3.0, 6.0
pytestmark = pytest.mark.root


class Line:
    """A heart meter whose only cable ends in `way`, and a doctor's side behind the home's bridge."""

    def __init__(self, home: Home, deeds: Deeds, grace_s: float, late_s: float) -> None:
        self._told = home.folder / "doctor.txt"
        self._home = home
        key = ec.generate_private_key(ec.SECP256R1())
        self._key, public = home.folder / "heart.pem", home.folder / "heart.pub"
        pem = serialization.Encoding.PEM
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self._key.write_bytes(key.private_bytes(pem, form, plain))
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        public.write_bytes(key.public_key().public_bytes(pem, info))
        for who, number in (("way", WAY), ("heart", HEART), ("doctor", DOCTOR)):
            home.plug(who, number, with_address=who != "way")
        # The far end of the heart's cable leaves the bridge: it is in the hands of `way` now.
        sh("ip", "-n", home.name("home"), "link", "set", "heart", "netns", home.name("way"))
        sh("ip", "-n", home.name("way"), "link", "set", "heart", "up")
        limits = (str(grace_s), str(late_s))
        home.start("doctor", *MEASURER, "receive", str(public), *limits, told=self._told)
        lies = home.folder / "way.txt"
        home.start("way", *MEASURER, "way", "heart", "eth0", json.dumps(deeds), told=lies)
        for told in (self._told, lies):
            wait_for(lambda: "ready" in told.read_text(), home.logs)  # noqa: B023 - used at once

    def measure(self, *how: str) -> None:
        """The heart begins to speak to its doctor."""
        self._home.start("heart", *MEASURER, "measure", str(self._key), f"{NETWORK}.{DOCTOR}", *how)

    def until(self, enough: Callable[[list[State]], object]) -> list[State]:
        """All that the receiver said, once it is enough."""
        wait_for(lambda: enough(self.said()), lambda: f"{self.said()}\n{self._home.logs()}")
        return self.said()

    def said(self) -> list[State]:
        """All that the receiver said until now."""
        whole = self._told.read_text().rpartition("\n")[0]
        return [told for told in map(json.loads, whole.splitlines()) if "ready" not in told]


def of(said: list[State], kind: str) -> list[State]:
    return [told for told in said if told.get("kind") == kind]


def test_a_hostile_way_is_seen_through_one_deed_from_the_other(home: Home) -> None:
    deeds: Deeds = {
        3: ("alter", 0), 5: ("again", HELD_S), 7: ("late", HELD_S), 9: ("drop", 0),
        11: ("twice", 0), MEASURED + 1: ("cut", 0),
    }  # fmt: skip
    line = Line(home, deeds, GRACE_S, LATE_S)
    line.measure()
    said = line.until(
        lambda said: of(said, "silent") and of(said, "delayed") and len(of(said, "replayed")) > 1
    )

    # The altered one is nobody's word, and no value of the lie came in.
    assert [(t["why"], t["kept"], t["value"]) for t in of(said, "altered")] == [
        (["altered"], False, None)
    ]
    assert LIE_BPM not in {told.get("value") for told in said}
    # What came again at once is no attack, what was kept for later is; neither counts again.
    again = {t["seq"]: (t["why"][0], t["harmless"], t["kept"]) for t in of(said, "replayed")}
    assert again == {11: ("came-twice", True, False), 5: ("replayed", False, False)}
    # The delayed one is kept in its place and not acted upon.
    (late,) = of(said, "delayed")
    assert (late["seq"], late["value"]) == (7, FIRST_BPM + 6)
    assert (late["kept"], late["current"]) == (True, False)
    assert set(late["why"]) == {"late", "found-again"}
    assert late["late_s"] > LATE_S
    # What did not come is told by its numbers: a lie's true message is lost as well.
    assert [(t["first"], t["last"]) for t in of(said, "lost")] == [(3, 3), (7, 7), (9, 9)]
    # An old message that is let through does not hide that the line is cut.
    assert len(of(said, "silent")) == 1
    # Nobody else is accused.
    sound = {t["seq"]: t["value"] for t in of(said, "ok") if t["current"] and not t["why"]}
    true = {n: FIRST_BPM + n - 1 for n in range(1, MEASURED + 1) if n not in {3, 7, 9}}
    assert sound == true
    assert len(said) == len(true) + 1 + 2 + 1 + 3 + 1


def test_the_same_way_doing_nothing_is_not_accused(home: Home) -> None:
    line = Line(home, {}, GRACE_S, LATE_S)
    line.measure("closing")
    said = line.until(lambda said: said and "end" in said[-1])
    assert [(t["kind"], t["seq"], t["why"]) for t in said[:-1]] == [
        ("ok", number, []) for number in range(1, MEASURED + 2)
    ]


class Pages:
    """What somebody at the hub's own machine sees and presses, by curl."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._jar = str(home.folder / "cookies.txt")
        self.log = home.folder / "serve.txt"
        data = ("--data", str(home.folder / "family"), "--port", str(PORT))
        home.start("home", *OMAMORI, "hub", "serve", "--interface", "br0", *data, told=self.log)
        wait_for(lambda: f"http://127.0.0.1:{PORT}" in self.log.read_text(), self.log.read_text)

    def get(self, path: str, lang: str = "en") -> str:
        """A page as it was sent."""
        return self._curl(path, "-H", f"Accept-Language: {lang}")

    def read(self, path: str, lang: str = "en") -> str:
        """A page's words; where a line may break, no word ends."""
        plain = re.sub(r"<[^>]*>", " ", self.get(path, lang).replace("<wbr>", ""))
        return " ".join(html.unescape(plain).split())

    def post(self, path: str, fields: dict[str, str]) -> str:
        """The status of a form's answer."""
        given = [part for pair in fields.items() for part in ("--data-urlencode", "=".join(pair))]
        return self._curl(path, *given, "-o", "/dev/null", "-w", "%{http_code}")

    def _curl(self, path: str, *more: str) -> str:
        curl = ("curl", "-sS", "-m", "20", "-b", self._jar, "-c", self._jar)
        return self._home.run("home", *curl, *more, f"http://127.0.0.1:{PORT}{path}")


def undo_form(page: str) -> dict[str, str]:
    """The fields of the one button that ends the one cut on this page."""
    forms = re.findall(r'<form[^>]*action="/protect/cut".*?</form>', page, re.DOTALL)
    undo = [form for form in forms if 'value="no"' in form]
    assert len(undo) == 1, page
    named = re.findall(r'<(?:input|button)[^>]*name="([^"]*)"[^>]*value="([^"]*)"', undo[0])
    return {name: html.unescape(value) for name, value in named}


def stays_unanswered(pings: Pings) -> bool:
    """Whether the next few are asked in vain."""
    asked, answers = pings.asked(), pings.answers()
    pings.until(lambda pings: pings.asked() > asked + 5)
    return pings.answers() == answers


def test_the_page_says_who_is_cut_off_and_why_and_its_button_undoes_it(home: Home) -> None:
    need("curl", "nmap", "nft", "ping")
    iron, _ = home.plug("iron", 20), home.plug("tv", 21)
    talk = Pings(home, "iron", f"{NETWORK}.21")
    talk.goes_on()
    pages = Pages(home)
    assert "Nothing is cut off" in pages.read("/protect")
    # The two and the hub's own machine are known, so it is known who is where.
    wait_for(lambda: "omamori_things 3" in pages.get("/metrics"), lambda: pages.get("/metrics"))
    sweep = home.start("iron", "nmap", "-n", "-sn", "--send-eth", f"{NETWORK}.0/24")
    wait_for(lambda: "Cut off now: 1" in pages.read("/protect"), lambda: pages.read("/protect"))
    english, japanese = pages.read("/protect", "en"), pages.read("/protect", "ja")
    assert re.search(r"It asked for \d+ addresses of this home, one after another", english)
    assert re.search(r"この家のアドレス \d+ 個に「だれかいますか」と次々に聞きました。", japanese)
    assert "You can undo this at any time." in english
    assert "いつでも元に戻せます。" in japanese
    wait_for(lambda: stays_unanswered(talk), home.logs)

    sweep.wait(PATIENCE_S)  # who is connected again must not still be at it
    form = undo_form(pages.get("/protect"))
    assert iron in form["thing"]
    assert form["off"] == "no"
    assert pages.post("/protect/cut", {**form, "token": "0" * 64}) == "400"
    assert "Cut off now: 1" in pages.read("/protect")
    assert pages.post("/protect/cut", form) == "303"
    assert "Nothing is cut off" in pages.read("/protect")
    talk.goes_on()
