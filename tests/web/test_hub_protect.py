"""The pages of protection: each shows what it is told, and each button asks for one thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.documents.reason import RefusedError
from omamori.hub.points import POINTS
from omamori.web import names_points, names_protect, protect_words, words
from omamori.web.hub import hub_app, hub_site
from omamori.web.live import Live
from web.conftest import SECRET, Visitor
from web.talk_fixture import CAMERA

if TYPE_CHECKING:
    from web.home_fixture import FixtureHome

THING = f"/things/{quote(CAMERA, safe='')}"


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text.replace("<wbr>", "")))


def test_a_hub_that_cannot_protect_has_no_such_page(home: FixtureHome) -> None:
    bare = Visitor(hub_app(home, hub_site(SECRET), Live()))
    assert bare.get("/protect").status_code == 404
    assert "/protect" not in bare.get("/").text
    assert "/protect" not in bare.get(THING).text


def test_what_is_in_force_is_said_with_its_reason_and_what_to_do(visitor: Visitor) -> None:
    text = plain(visitor.get("/protect?lang=en").text)
    for told in (
        "Talk with the outside can be stopped here.", "To get more:", "1,284,031",
        "The hub asks you: 2", "Cut it off?", "Until you answer, nothing is cut off.",
        "Commands that wait: 2",
    ):  # fmt: skip
        assert told in text, told
    practice = plain(visitor.get("/protect?home=sample&lang=en").text)
    assert "Let the Wi-Fi and the sockets of this home run over this computer." in practice


def test_a_calm_home_says_so(visitor: Visitor, home: FixtureHome) -> None:
    home.is_calm = True
    text = plain(visitor.get("/protect?lang=en").text)
    assert "Nothing is cut off" in text
    assert "To get more" not in text
    commands = plain(visitor.get("/protect/commands?lang=en").text)
    for told in ("Nothing waits.", "Nobody holds anything now.", "No command came yet."):
        assert told in commands, told


def test_a_cut_links_to_its_alert_and_can_be_undone_and_kept(visitor: Visitor) -> None:
    text = visitor.get("/protect?home=sample").text
    assert "/alerts/a1?home=sample" in text
    assert text.count('action="/protect/cut"') == 2
    assert text.count('action="/protect/longer"') == 1, "what a person cut off has no end to move"


FORMS: list[tuple[str, dict[str, str], tuple[object, ...], str]] = [
    ("mode", {"mode": "strict"}, ("set_mode", "", "strict"), "/protect?told=mode"),
    ("cut", {"thing": CAMERA, "off": "yes"}, ("cut", "", CAMERA, True), "/protect?told=cut"),
    ("cut", {"thing": CAMERA, "off": "no", "home": "sample"}, ("cut", "sample", CAMERA, False),
     "/protect?home=sample&told=uncut"),
    ("cut", {"thing": CAMERA, "off": "yes", "from": "thing"}, ("cut", "", CAMERA, True),
     f"{THING}?told=cut#guard"),
    ("longer", {"thing": CAMERA}, ("cut_longer", "", CAMERA), "/protect?told=longer"),
    ("answer", {"ask": "q1", "off": "no"}, ("answer", "", "q1", False), "/protect?told=left"),
    ("decide", {"command": "c1", "do": "yes"}, ("decide", "", "c1", True),
     "/protect/commands?told=do"),
    ("decide", {"command": "c1", "do": "no"}, ("decide", "", "c1", False),
     "/protect/commands?told=no"),
    ("take-over", {"thing": "battery", "point": "charge_w", "value": "−1500"},
     ("take_over", "", "battery", "charge_w", -1500), "/protect/commands?told=taken"),
    ("take-over", {"thing": "tv", "point": "power", "value": "no"},
     ("take_over", "", "tv", "power", False), "/protect/commands?told=taken"),
    ("take-over", {"thing": "ac", "point": "mode", "value": "cool", "from": "thing"},
     ("take_over", "", "ac", "mode", "cool"), "/things/ac?told=taken#guard"),
    ("give-back", {"thing": "tv", "point": "power"}, ("give_back", "", "tv", "power"),
     "/protect/commands?told=back"),
    ("steer", {"thing": "tv", "position": "off"}, ("steer", "", "tv", "off"),
     "/protect/commands?told=steered"),
    ("programs", {"thing": "tv", "join": "yes"}, ("join_programs", "", "tv", True),
     "/protect/commands?told=joins"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "fields", "asked", "shown"), FORMS)
def test_each_button_asks_for_one_thing_and_says_so(
    visitor: Visitor,
    home: FixtureHome,
    path: str,
    fields: dict[str, str],
    asked: tuple[object, ...],
    shown: str,
) -> None:
    token = visitor.token("/protect")
    answer = visitor.post(f"/protect/{path}", {**fields, "token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, shown)
    assert home.asked == [asked]
    assert type(home.asked[0][-1]) is type(asked[-1])
    if not shown.startswith("/things/"):
        page = plain(visitor.get(f"{shown}&lang=en").text)
        assert plain(words.text(names_protect.TOLD[shown.split("told=")[1]], "en")) in page


@pytest.mark.parametrize(("path", "fields", "_asked", "_shown"), FORMS)
def test_a_form_from_elsewhere_does_nothing(
    visitor: Visitor,
    home: FixtureHome,
    path: str,
    fields: dict[str, str],
    _asked: tuple[object, ...],
    _shown: str,
) -> None:
    assert visitor.post(f"/protect/{path}", fields).status_code == 400
    fields = {**fields, "token": visitor.token("/protect")}
    elsewhere = visitor.post(f"/protect/{path}", fields, origin="http://evil.example")
    assert elsewhere.status_code == 403
    assert visitor.get(f"/protect/{path}").status_code == 405
    assert home.asked == []


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("mode", {"mode": "asleep"}),
        ("cut", {"thing": CAMERA}),
        ("cut", {"thing": CAMERA, "off": "maybe"}),
        ("cut", {"thing": "", "off": "yes"}),
        ("cut", {"thing": "x" * 101, "off": "yes"}),
        ("cut", {"thing": "a\nb", "off": "yes"}),
        ("answer", {"off": "yes"}),
        ("decide", {"command": "c1", "do": ""}),
        ("take-over", {"thing": "b", "point": "warp", "value": "1"}),
        ("take-over", {"thing": "b", "point": "charge_w", "value": "lots"}),
        ("take-over", {"thing": "b", "point": "charge_w", "value": "nan"}),
        ("take-over", {"thing": "b", "point": "charge_w", "value": "99999999"}),
        ("take-over", {"thing": "b", "point": "power", "value": "1"}),
        ("take-over", {"thing": "b", "point": "mode", "value": "explode"}),
        ("give-back", {"thing": "b", "point": ""}),
    ],
)
def test_what_is_not_offered_is_refused(
    visitor: Visitor, home: FixtureHome, path: str, fields: dict[str, str]
) -> None:
    fields = {**fields, "token": visitor.token("/protect")}
    assert visitor.post(f"/protect/{path}", fields).status_code == 400
    assert home.asked == []


def test_a_refusal_of_the_home_is_told(visitor: Visitor) -> None:
    fields = {"token": visitor.token("/protect"), "thing": "router", "off": "yes"}
    answer = visitor.post("/protect/cut", fields)
    assert answer.status_code == 400
    assert "まだできません" in plain(answer.text)


def test_what_is_told_comes_from_our_list_only(visitor: Visitor) -> None:
    assert "<script" not in visitor.get("/protect?told=%3Cscript%3E").text.split("<main")[1]
    assert 'role="status"' not in visitor.get("/protect?told=evil").text.split("</main>")[0]


def test_the_page_of_a_thing_has_its_switch(visitor: Visitor, home: FixtureHome) -> None:
    cut = visitor.get(f"{THING}?lang=en").text
    assert "Undo" in cut
    assert 'name="from" value="thing"' in cut
    assert "Cut off" in plain(visitor.get("/things/hostile?lang=en").text)
    never = visitor.get("/things/ip%3A192.168.1.77?lang=en").text
    assert 'action="/protect/cut"' not in never
    visitor.get(f"{THING}?home=sample")
    assert home.guarded_of[-1] == ("sample", CAMERA)


def test_every_command_says_who_what_why_and_who_decided(visitor: Visitor) -> None:
    text = plain(visitor.get("/protect/commands?lang=en").text)
    for told in (
        "power on and off → off", "charging and giving power → gives 12,000 W",
        "Energy saving service", "the bare network, unproven", "film-in-use", "Whose safe range",
        "gives at most 2,000 W, takes at most 3,000 W", "an energy program", "41 older ones",
    ):  # fmt: skip
        assert told in text, told


def test_links_and_forms_stay_in_their_home(visitor: Visitor) -> None:
    for path in ("/protect", "/protect/commands"):
        text = visitor.get(f"{path}?home=sample").text.split('<main id="main"')[1]
        text = text.split("</main>")[0]
        for link in re.findall(r'href="(/(?:protect|alerts|things)[^"]*)"', text):
            assert "home=sample" in link or link == path, (path, link)
        for form in re.findall(r"<form.*?</form>", text, re.DOTALL):
            assert 'name="home" value="sample"' in form, path


@settings(max_examples=300)
@given(st.sampled_from(sorted(POINTS)), st.text(max_size=300))
def test_a_written_value_is_one_of_the_points_or_refused(name: str, written: str) -> None:
    try:
        value = protect_words.given(name, written)
    except RefusedError as error:
        assert error.reason.key in words.tables()["ja"]
    else:
        known = POINTS[name]
        assert known.low <= value <= known.high if isinstance(value, float) else True
        assert protect_words.value(name, value, "ja") is not None


def test_values_are_said_as_a_family_says_them() -> None:
    assert protect_words.value("locked", False, "en") == "open"  # noqa: FBT003 - a value
    assert protect_words.value("power", True, "ja") == "入"  # noqa: FBT003 - a value
    assert protect_words.value("charge_w", -1500, "ja") == "放電 1,500\u00a0W"
    assert protect_words.value("target_temperature_c", 21.5, "en") == "21.5\u00a0°C"
    assert protect_words.value("state_of_charge_percent", 80, "en") == "80%"
    assert protect_words.value("mode", "cool", "ja") == "冷房"
    assert protect_words.value("power_w", float("inf"), "en") == "…"
    assert protect_words.value("unheard", None, "en") == "–"


def test_every_point_has_its_words() -> None:
    assert set(POINTS) - set(names_points.POINTS) == set()
