"""The pages of what things do: each shows what it is told, and each form asks for one thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from web.talk_fixture import BEHIND, CAMERA, TELEVISION

if TYPE_CHECKING:
    import httpx

    from web.conftest import Visitor
    from web.home_fixture import FixtureHome

THING = f"/things/{quote(CAMERA, safe='')}"
PLACES = ("/talk", "/outside", "/new", "/alerts", "/alerts/a1", THING)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text.replace("<wbr>", "")))


def test_the_practice_home_says_so_on_every_page(visitor: Visitor) -> None:
    for path in PLACES:
        real = plain(visitor.get(f"{path}?lang=en").text)
        practice = plain(visitor.get(f"{path}?home=sample&lang=en").text)
        assert "Nothing here is about your own home." not in real, path
        assert "Nothing here is about your own home." in practice, path


def test_links_and_forms_stay_in_their_home(visitor: Visitor) -> None:
    for path in PLACES:
        text = (
            visitor.get(f"{path}?home=sample").text.split('<main id="main"')[1].split("</main>")[0]
        )
        for link in re.findall(r'href="(/(?:talk|outside|new|alerts|things)[^"]*)"', text):
            assert "home=sample" in link, (path, link)
        for form in re.findall(r"<form.*?</form>", text, re.DOTALL):
            if "/correct" not in form:
                assert 'name="home" value="sample"' in form, path
        assert 'data-live="sample"' in visitor.get(f"{path}?home=sample").text or path == THING


def test_a_home_that_is_not_known_is_the_real_one(visitor: Visitor, home: FixtureHome) -> None:
    visitor.get("/talk?home=../../etc")
    assert home.looked == [("talk", "", 86400.0, "")]


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        ("/talk?since=hour", 3600.0),
        ("/talk?since=week", 604800.0),
        ("/talk?since=month", 86400.0),
        ("/outside?since=x", 86400.0),
        ("/new", 604800.0),
        ("/new?since=month", 2592000.0),
        ("/new?since=hour", 604800.0),
        (f"{THING}?since=week", 604800.0),
        (f"{THING}?since=hour", 86400.0),
    ],
)
def test_how_far_back(visitor: Visitor, home: FixtureHome, path: str, seconds: float) -> None:
    assert visitor.get(path).status_code == 200
    assert home.looked[-1][2] == seconds


def test_only_one_thing(visitor: Visitor, home: FixtureHome) -> None:
    text = visitor.get(f"/talk?thing={quote(CAMERA)}").text
    assert home.looked[-1] == ("talk", "", 86400.0, CAMERA)
    assert f'<option value="{CAMERA}" selected>' in text
    assert f"thing={quote(CAMERA, safe='')}" in text, "the time is changed without losing the thing"
    visitor.get("/outside?thing=" + "x" * 500)
    assert home.looked[-1][3] == "x" * 100


def test_who_talks_to_whom_in_plain_words(visitor: Visitor) -> None:
    text = plain(visitor.get("/talk?lang=en").text)
    for told in (
        "camera-maker.example Japan",
        "web pages, locked on the way, asking the time",
        "very much 3.4 GB",
        "everybody at home",
        "something else (tcp/48101)",
        "country not known",
        "31 more are not listed here",
    ):
        assert told in text, told
    japanese = plain(visitor.get("/talk?lang=ja").text)
    assert "オランダ" in japanese
    assert "映像の中継" in japanese


def test_nothing_heard_says_why(visitor: Visitor, home: FixtureHome) -> None:
    home.is_deaf = True
    for path, told in (
        ("/talk", "No talk was heard in this time."),
        ("/outside", "Nothing was heard that went outside."),
    ):
        text = plain(visitor.get(f"{path}?lang=en").text)
        assert told in text
        assert "Because this computer is only plugged in." in text
        assert "It does not see what a thing says to another thing" in text
    assert "Nothing new was noticed" in plain(visitor.get("/new?lang=en").text)
    quiet = plain(visitor.get("/things/ip%3A192.168.1.77?lang=en").text)
    assert "Nothing was heard of its talk." in quiet
    assert "Nobody has said what it should do" in quiet


def test_what_can_be_seen_and_what_was_missed(visitor: Visitor) -> None:
    text = plain(visitor.get("/settings?lang=en").text)
    for told in ("this computer is only plugged in", "1,284,031", "412, because they came too fast",
                 "only what tells most"):  # fmt: skip
        assert told in text, told
    assert "412" in plain(visitor.get("/?lang=en").text)


def test_alerts_stand_first(visitor: Visitor) -> None:
    text = visitor.get("/?lang=en").text
    assert text.index("/alerts/a1") < text.index("Connected things")
    assert "4/5" in text
    assert "/alerts/a3" not in text, "what is over is no longer to do"
    listed = visitor.get("/alerts?lang=en").text
    assert listed.index("/alerts/a1") < listed.index("Over, or fine") < listed.index("/alerts/a3")
    assert "over by itself" in plain(listed)


def test_an_alert_shows_its_facts(visitor: Visitor) -> None:
    text = plain(visitor.get("/alerts/a1?lang=en").text)
    for told in ("tcp/23 SYN", "192.168.1.31", "74 times", "What to do", "This is fine"):
        assert told in text, told
    assert visitor.get("/alerts/none").status_code == 404


def test_this_is_fine_and_taken_back(visitor: Visitor, home: FixtureHome) -> None:
    token = visitor.token("/alerts/a1")
    fields = {"token": token, "fine": "yes", "home": "sample"}
    answer = visitor.post("/alerts/a1/fine", fields)
    assert answer.headers["location"] == "/alerts/a1?home=sample"
    assert home.asked == [("say_fine", "sample", "a1", True)]
    text = visitor.get("/alerts/a1?lang=en").text
    assert "You said that this is fine" in plain(text)
    assert 'name="fine" value="no"' in text
    assert "/alerts/a1" not in visitor.get("/?lang=en").text
    visitor.post("/alerts/a1/fine", {"token": token, "fine": "no"})
    assert home.asked[-1] == ("say_fine", "", "a1", False)


def test_hostile_names_are_only_text(visitor: Visitor) -> None:
    for path in (*PLACES, "/", "/things/hostile"):
        text = visitor.get(path).text
        assert "<img src=x" not in text, path
        assert "<b onfocus" not in text, path
        assert "\u202e" not in text, path
    assert "&lt;img src=x" in visitor.get("/outside").text
    assert (
        "&lt;img src" in visitor.get("/talk").text.split('class="talk-map"')[1].split("</svg>")[0]
    )


def upload(visitor: Visitor, token: str, octets: bytes, **more: str) -> httpx.Response:
    fields = {"token": token, **more}
    return visitor.ask("POST", f"{THING}/mud", data=fields, files={"file": ("mud.json", octets)})


def test_a_makers_rules_are_taken_in_and_away(visitor: Visitor, home: FixtureHome) -> None:
    token = visitor.token(THING)
    answer = upload(visitor, token, b'{"a": 1}', home="sample")
    assert answer.headers["location"] == f"{THING}?home=sample#should"
    assert home.asked == [("declare", "sample", CAMERA, b'{"a": 1}')]
    assert upload(visitor, token, b"not a file of ours").status_code == 400
    gone = visitor.post(f"{THING}/mud/away", {"token": token})
    assert gone.headers["location"] == f"{THING}#should"
    assert home.asked[-1] == ("undeclare", "", CAMERA)


def test_what_stands_behind_a_bridge_has_a_page_and_forms(
    visitor: Visitor, home: FixtureHome
) -> None:
    path = f"/things/{quote(BEHIND, safe='')}"
    assert visitor.get(path).status_code == 200
    assert visitor.get(f"{path}/mud.json").status_code == 200
    fields = {"token": visitor.token(path), "name": "lamp", "kind": ""}
    assert visitor.post(f"{path}/correct", fields).headers["location"] == path
    assert home.asked == [("correct", BEHIND, "lamp", "")]


def test_what_was_learned_is_downloaded(visitor: Visitor) -> None:
    answer = visitor.get(f"{THING}/mud.json")
    assert answer.headers["content-type"] == "application/mud+json"
    assert answer.headers["content-disposition"] == 'attachment; filename="mud.json"'
    assert visitor.get("/things/ip%3A192.168.1.77/mud.json").status_code == 404


def test_not_the_same_thing(visitor: Visitor, home: FixtureHome) -> None:
    token = visitor.token(THING)
    answer = visitor.post(f"{THING}/part", {"token": token, "alias": "06:00:5e:00:53:aa"})
    assert answer.status_code == 303
    assert home.asked == [("part", "", CAMERA, "06:00:5e:00:53:aa")]
    for alias in ("", "x" * 101):
        fields = {"token": token, "alias": alias}
        assert visitor.post(f"{THING}/part", fields).status_code == 400
    assert len(home.asked) == 1


def test_it_is_the_same_thing(visitor: Visitor, home: FixtureHome) -> None:
    text = visitor.get(f"{THING}?lang=en").text
    assert text.count("It is the same thing<span") == 1  # only where likeness alone ties it
    assert text.count("Not the same thing<span") == 2  # never for the address it began with
    token = visitor.token(THING)
    for alias in ("0e:00:5e:00:53:ac", TELEVISION):
        answer = visitor.post(f"{THING}/join", {"token": token, "alias": alias, "home": "sample"})
        assert answer.status_code == 303
        assert home.asked.pop() == ("join", "sample", CAMERA, alias)
    for alias in ("", "x" * 101):
        fields = {"token": token, "alias": alias}
        assert visitor.post(f"{THING}/join", fields).status_code == 400
    assert home.asked == []


def test_things_that_are_left_out_are_counted(visitor: Visitor) -> None:
    assert "3 more things that send less" in visitor.get("/outside?lang=en").text


def test_the_first_page_says_what_is_practised(visitor: Visitor, home: FixtureHome) -> None:
    assert "for practice" not in visitor.get("/?lang=en").text
    home.situation = "camera"
    text = visitor.get("/?lang=en").text
    assert "Only in the sample home, for practice" in text
    assert "A camera talks to a new country" in text


def test_a_suggestion_becomes_a_correction(visitor: Visitor, home: FixtureHome) -> None:
    path = "/things/ip%3A192.168.1.77"
    text = visitor.get(f"{path}?lang=en").text
    assert "It sounds like" in text
    assert 'name="kind" value="printer"' in text
    fields = {"token": visitor.token(path), "name": "", "kind": "printer"}
    visitor.post(f"{path}/correct", fields)
    assert home.asked == [("correct", "ip:192.168.1.77", "", "printer")]


def test_something_goes_wrong_and_is_calm_again(visitor: Visitor, home: FixtureHome) -> None:
    token = visitor.token("/sample")
    answer = visitor.post("/sample/situations", {"token": token, "situation": "second-hand"})
    assert answer.headers["location"] == "/sample#disturb"
    text = visitor.get("/sample?lang=en").text
    assert "Calm again" in text
    assert "What the hub noticed here" in text
    assert "/alerts/a1?home=sample" in text
    visitor.post("/sample/situations", {"token": token, "situation": ""})
    assert home.asked == [("disturb", "second-hand"), ("disturb", "")]
    for bad in ("volcano", "iron "):
        fields = {"token": token, "situation": bad}
        assert visitor.post("/sample/situations", fields).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/alerts/a1/fine",
        f"{THING}/part",
        f"{THING}/join",
        f"{THING}/mud/away",
        "/sample/situations",
    ],
)
def test_a_form_from_elsewhere_does_nothing(visitor: Visitor, home: FixtureHome, path: str) -> None:
    fields = {"fine": "yes", "alias": "a", "situation": "iron"}
    assert visitor.post(path, fields).status_code == 400
    assert visitor.post(path, {**fields, "token": "0" * 64}).status_code == 400
    token = visitor.token("/sample")
    elsewhere = visitor.post(path, {**fields, "token": token}, origin="http://evil.example")
    assert elsewhere.status_code == 403
    assert visitor.get(path).status_code in {404, 405}
    assert home.asked == []
