"""The pages of a home show what they are told, and their forms ask for exactly one thing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from web.home_fixture import PATHS, FixtureHome

if TYPE_CHECKING:
    from web.conftest import Visitor


class Links(HTMLParser):
    """Every place that a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, text in attrs:
            if name in ("href", "src") and text and text.startswith("/"):
                self.found.add(text.split("#")[0])
            if name == "id" and text:
                self.ids.append(text)


def links_of(text: str) -> Links:
    links = Links()
    links.feed(text)
    return links


def test_no_link_leads_nowhere(visitor: Visitor) -> None:
    found = {link for path in PATHS for link in links_of(visitor.get(path).text).found}
    assert len(found) > 15
    for link in found:
        expected = 404 if link.startswith("/no-such-page") else 200
        assert visitor.get(link).status_code == expected, link


def test_ids_are_unique(visitor: Visitor) -> None:
    for path in PATHS:
        ids = links_of(visitor.get(path).text).ids
        assert len(ids) == len(set(ids)), path


def test_the_first_page_says_what_to_do_first(visitor: Visitor) -> None:
    text = visitor.get("/?lang=en").text
    assert text.index("What to do now") < text.index("Connected things") < text.index("How we hear")
    assert 'Unknown</span> <span class="dim">· Nothing speaks for it yet.' in text
    assert "probably" in text
    assert not re.search(r"\d ?%(?!3A)", text), "weights are uncalibrated: words, no percentages"
    assert "you said so" in text
    assert "not hearing" in text


def test_a_thing_tells_its_clues_and_ground(visitor: Visitor) -> None:
    text = visitor.get("/things/02%3A00%3A5e%3A00%3A53%3A0a?lang=en").text
    for told in (
        "Why we think so",
        "02:00:5e:00:53:0a",
        "fe80:",
        "Stands on",
        "nothing yet",
        ">90<",
    ):
        assert told in text.replace("/svg>90", "/svg>>90<"), told


def test_a_thing_that_left(visitor: Visitor) -> None:
    answer = visitor.get("/things/gone?lang=en")
    assert answer.status_code == 404
    assert "It may have left" in answer.text
    assert visitor.get("/label/gone.svg").status_code == 404
    assert visitor.get("/sample/meetings/gone").status_code == 404


def test_a_meeting_shows_both_sides(visitor: Visitor) -> None:
    text = visitor.get("/sample/meetings/m1?lang=en").text
    assert text.count("The certificate itself") == 2
    assert text.count("So today it counts as Home energy Lv.2.") == 2
    assert "Together, but only in part" in text
    assert "Tried on purpose: a level that was lowered." in text
    assert 'data-live=""' in text
    assert 'data-live="sample"' in visitor.get("/sample/meetings/waiting").text


def test_the_label_in_three_forms(visitor: Visitor) -> None:
    svg = visitor.get("/label/aircon.svg?lang=ja")
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert "守りの段階" in svg.text
    told = json.loads(visitor.get("/label/aircon.json").text)
    assert told["level"] == {"industry": "energy", "rung": 4, "rungs": 5}
    assert told["ground"] == "certificate"
    assert "Steps of protection" in visitor.get("/label/aircon?lang=en").text


def test_start_a_meeting(visitor: Visitor, home: FixtureHome) -> None:
    token = visitor.token("/sample")
    fields = {"one": "ev", "other": "battery", "purpose": "share-energy", "fault": "expired"}
    answer = visitor.post("/sample/meetings", {"token": token, **fields})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sample/meetings/m1"
    assert home.asked == [("start_meeting", "ev", "battery", "share-energy", "expired")]
    same = {"token": token, **fields, "other": "ev"}
    assert "違う機器" in visitor.post("/sample/meetings", same).text.replace("<wbr>", "")
    refused = visitor.post("/sample/meetings", {"token": token, **fields, "fault": "volcano"})
    assert refused.status_code == 400
    assert len(home.asked) == 1


def test_lower_and_raise(visitor: Visitor, home: FixtureHome) -> None:
    token = visitor.token("/sample")
    fields = {"token": token, "industry": "energy", "product": "cool-breeze-3", "rung": "3"}
    assert visitor.post("/sample/levels", fields).status_code == 303
    assert home.asked == [("set_level", "energy", "cool-breeze-3", 3)]
    page = visitor.get("/sample?lang=en").text
    assert "Now Lv.3, certified Lv.4" in page
    assert 'id="raise-energy-1" name="rung" value="4"' in page
    for rung in ("", "-1", "44", "x", "٣"):
        assert visitor.post("/sample/levels", {**fields, "rung": rung}).status_code == 400


def test_correct_a_thing_and_take_it_back(visitor: Visitor, home: FixtureHome) -> None:
    token = visitor.token("/things/hostile")
    fields = {"token": token, "name": " 台所のプリンター ", "kind": "printer"}
    assert visitor.post("/things/hostile/correct", fields).status_code == 303
    visitor.post("/things/hostile/correct", {**fields, "undo": "yes"})
    assert home.asked == [
        ("correct", "hostile", "台所のプリンター", "printer"),
        ("correct", "hostile", "", ""),
    ]
    assert visitor.post("/things/hostile/correct", {**fields, "kind": "bomb"}).status_code == 400
    assert visitor.post("/things/hostile/correct", {**fields, "name": "長" * 61}).status_code == 400


def test_older_entries(visitor: Visitor, home: FixtureHome) -> None:
    assert 'href="/happened?older=408"' in visitor.get("/happened").text
    assert "/happened?older=" not in visitor.get("/happened?older=408").text.split("main>")[1]
    assert home.older_asked == "408"
