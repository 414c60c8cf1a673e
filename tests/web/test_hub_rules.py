"""The pages of what a home agreed to: each shows what it is told, and each button asks for one thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.documents.reason import Reason
from omamori.hub.automating import conflict
from omamori.hub.commanding import command, envelope, switch
from omamori.hub.linking import link
from omamori.hub.measuring import receiver
from omamori.hub.points import ACTS, HARMS
from omamori.hub.ruling.question import CHANNELS, RELATIONS
from omamori.hub.ruling.vocabulary import VOCABULARY
from omamori.web import names_protect, rule_words
from omamori.web.hub_rules import fault_lines
from omamori.web.views_rules import RuleFault
from web.talk_fixture import CAMERA

if TYPE_CHECKING:
    import httpx

    from web.conftest import Visitor
    from web.home_fixture import FixtureHome

WHY = Reason("lowered.exploited")


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text.replace("<wbr>", "")))


def sent(
    visitor: Visitor, path: str, fields: dict[str, str], octets: bytes, **more: str
) -> httpx.Response:
    fields = {"token": visitor.token("/protect/rules"), **fields}
    return visitor.ask(
        "POST", path, data=fields, files={"file": ("", octets)}, headers={**more} or None
    )


def test_every_state_of_a_link_has_its_word_and_its_button(visitor: Visitor) -> None:
    text = visitor.get("/protect/links?lang=en").text
    for word in names_protect.LINK_STATES.values():
        assert word in plain(text), word
    assert text.count('name="agree" value="yes"') == 1, "only what asks can be agreed to"
    assert text.count('name="agree" value="no"') == 6, "what ended cannot be withdrawn"
    assert "What was wiped" in plain(text)
    assert "What is wiped when it ends" in plain(text)


FORMS: list[tuple[str, dict[str, str], tuple[object, ...], str]] = [
    ("links/agree", {"link": "l0", "agree": "yes"}, ("agree", "", "l0", True),
     "/protect/links?told=agreed"),
    ("links/agree", {"link": "l0", "agree": "no", "home": "sample"},
     ("agree", "sample", "l0", False), "/protect/links?home=sample&told=withdrawn"),
    ("links/grant", {"sort": "guest", "thing": "phone", "target": CAMERA,
                     "purpose": "show-content", "lasts": "week"},
     ("grant", "", "guest", "phone", CAMERA, "show-content", 604800.0),
     "/protect/links?told=granted#grants"),
    ("links/propose", {"one": "phone", "other": CAMERA, "purpose": "show-content",
                       "lasts": "month"},
     ("propose", "", "phone", CAMERA, "show-content", 2592000.0),
     "/protect/links?told=proposed"),
    ("links/end", {"grant": "g1"}, ("end_grant", "", "g1"), "/protect/links?told=ended#grants"),
    ("rules/usual", {"home": "sample"}, ("keep_rules", "sample", ""),
     "/protect/rules?home=sample&told=usual-rules"),
    ("automations/away", {}, ("forget_automations", ""), "/protect/automations?told=forgotten"),
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
    token = visitor.token("/protect/links")
    answer = visitor.post(f"/protect/{path}", {**fields, "token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, shown)
    assert home.asked == [asked]
    assert 'role="status"><span' in visitor.get(shown).text


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
    fields = {**fields, "token": visitor.token("/protect/links")}
    elsewhere = visitor.post(f"/protect/{path}", fields, origin="http://evil.example")
    assert elsewhere.status_code == 403
    assert home.asked == []


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("links/agree", {"link": "", "agree": "yes"}),
        ("links/agree", {"link": "l0", "agree": "perhaps"}),
        ("links/grant", {"sort": "burglar"}),
        ("links/grant", {"sort": "guest", "thing": "a", "target": "b", "purpose": "rule"}),
        ("links/grant", {"sort": "guest", "thing": "a", "target": "b", "purpose": "show-content",
                         "lasts": "for ever"}),
        ("links/propose", {"one": "a", "other": "a", "purpose": "show-content", "lasts": "day"}),
        ("links/end", {}),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_refused(
    visitor: Visitor, home: FixtureHome, path: str, fields: dict[str, str]
) -> None:
    fields = {**fields, "token": visitor.token("/protect/links")}
    assert visitor.post(f"/protect/{path}", fields).status_code == 400
    assert home.asked == []


def test_checking_rules_shows_every_fault_at_its_line_and_keeps_nothing(
    visitor: Visitor, home: FixtureHome
) -> None:
    text = 'fine = 1\r\nwrong = "<b>"\r\nfine = 2'
    answer = sent(visitor, "/protect/rules/text", {"do": "check"}, text.encode())
    assert answer.status_code == 400
    shown = plain(answer.text)
    assert "2行目" in shown
    assert 'fault-line">wrong = &#34;&lt;b&gt;&#34;<' in answer.text.replace("<wbr>", "")
    assert ("check_rules", "", text.replace("\r\n", "\n")) in home.looked
    assert home.asked == []
    assert "wrong = &#34;" in answer.text.split("<textarea")[1], "what was written is still there"
    fine = sent(visitor, "/protect/rules/text", {"do": "check"}, b"fine = 1")
    assert fine.status_code == 200
    assert "まちがいはありません" in plain(fine.text)
    assert home.asked == []


def test_only_rules_without_a_fault_are_kept(visitor: Visitor, home: FixtureHome) -> None:
    wrong = sent(visitor, "/protect/rules/text", {"do": "keep"}, b"wrong")
    assert wrong.status_code == 400
    assert home.asked == []
    kept = sent(visitor, "/protect/rules/text", {"do": "keep", "home": "sample"}, "# 家".encode())
    assert kept.headers["location"] == "/protect/rules?home=sample&told=rules"
    assert home.asked == [("keep_rules", "sample", "# 家")]


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"", "何も書かれていません"),
        (b"\xff\xfe", "文字として読めない"),
        (b"x" * 300_000, "大きすぎます"),
    ],
)
def test_what_is_no_text_of_rules_is_refused(
    visitor: Visitor, home: FixtureHome, octets: bytes, told: str
) -> None:
    answer = sent(visitor, "/protect/rules/text", {"do": "keep"}, octets)
    assert answer.status_code in {400, 413}
    assert told in plain(answer.text)
    assert home.asked == []


def test_rules_from_elsewhere_are_not_read(visitor: Visitor, home: FixtureHome) -> None:
    for path in ("/protect/rules/text", "/protect/automations/file"):
        no_token = sent(visitor, path, {"do": "keep", "token": "0" * 64}, b"x")
        assert no_token.status_code == 400
        elsewhere = sent(visitor, path, {"do": "keep"}, b"x", origin="http://evil.example")
        assert elsewhere.status_code == 403
    assert home.asked == []


def test_rules_are_said_with_their_conditions_and_how_often_they_decided(visitor: Visitor) -> None:
    text = plain(visitor.get("/protect/rules?lang=en").text)
    for told in (
        "how far it goes: at least set something harmless", "level of who asks: from Lv.1 to Lv.3",
        "in use now: yes", "hour of the day: from 22 o'clock to 4 o'clock", "and 14 more",
        "but not when", "34 times", "You changed the rules.",
    ):  # fmt: skip
        assert told in text.replace("&#39;", "'"), told


def test_a_rule_is_tried_without_doing_anything(visitor: Visitor, home: FixtureHome) -> None:
    path = "/protect/rules/try?asker=stranger&target=tv&point=power&act=look&lang=en"
    text = plain(visitor.get(path).text)
    assert home.looked[0] == ("try_rules", "", "stranger", "tv", "power", True, "en")
    assert "No rule speaks of this, so it is not allowed." in text
    text = plain(visitor.get(path.replace("stranger", "ev").replace("=look", "=set")).text)
    assert "All rules that gave this answer" in text
    assert home.asked == []
    for bad in ("asker=&target=a&point=power&act=set", "asker=a&target=a&point=x&act=set",
                "asker=a&target=a&point=power&act=kill"):  # fmt: skip
        assert visitor.get(f"/protect/rules/try?{bad}").status_code == 400


def test_automations_are_brought_in_and_what_collides_is_shown(
    visitor: Visitor, home: FixtureHome
) -> None:
    answer = sent(visitor, "/protect/automations/file", {"home": "sample"}, b"- alias: x")
    assert answer.headers["location"] == "/protect/automations?home=sample&told=read"
    assert home.asked == [("take_automations", "sample", b"- alias: x")]
    assert sent(visitor, "/protect/automations/file", {}, b"\x00").status_code == 400
    text = plain(visitor.get("/protect/automations?lang=en").text)
    for told in ("They want opposite things", "朝の暖房", "What to do", "it can happen easily"):
        assert told in text, told
    home.is_calm = True
    assert "No automations were brought in yet." in plain(
        visitor.get("/protect/automations?lang=en").text
    )


def test_each_measurement_says_what_the_receiver_found(visitor: Visitor) -> None:
    text = plain(visitor.get("/protect/measured?lang=en").text)
    for told in ("Arrived as measured", "Changed on the way", "An old one shown again",
                 "Came late, and was kept", "Did not arrive", "9.9"):  # fmt: skip
        assert told in text, told


def test_a_play_shows_its_steps_and_lets_the_visitor_act(
    visitor: Visitor, home: FixtureHome
) -> None:
    page = visitor.get("/sample/plays/film?lang=en").text
    for told in ("Agree", "The film ends", "Take over by hand", "Step by step"):
        assert told in plain(page), told
    assert page.count("<li><p class=") == 7
    token = visitor.token("/protect")
    answer = visitor.post("/sample/plays/film", {"token": token, "choice": "film-ends"})
    assert answer.headers["location"] == "/sample/plays/film#now"
    assert home.asked == [("choose", "film", "film-ends")]
    for path, choice in (("film", "explode"), ("volcano", "agree"), ("film", "")):
        fields = {"token": token, "choice": choice}
        assert visitor.post(f"/sample/plays/{path}", fields).status_code == 400
    assert visitor.post("/sample/plays/film", {"choice": "agree"}).status_code == 400
    assert visitor.get("/sample/plays/battery").status_code == 404
    assert visitor.get("/sample/plays/..%2f..").status_code == 404


def test_beginning_a_play_leads_to_its_page(visitor: Visitor) -> None:
    token = visitor.token("/sample")
    for situation, shown in (("film", "/sample/plays/film"), ("iron", "/sample#disturb")):
        fields = {"token": token, "situation": situation}
        assert visitor.post("/sample/situations", fields).headers["location"] == shown


def test_empty_pages_say_so(visitor: Visitor, home: FixtureHome) -> None:
    home.is_calm = True
    for path, told in (
        ("/protect/links", "No guest has a permission now."),
        ("/protect/rules", "There is no rule, so nothing is allowed."),
        ("/protect/measured", "No measurement goes to a service from here."),
        ("/sample/plays/film", "It is about to begin."),
    ):
        assert told in plain(visitor.get(f"{path}?lang=en").text), path


def test_links_and_forms_stay_in_their_home(visitor: Visitor) -> None:
    for path in ("/protect/links", "/protect/rules", "/protect/automations", "/protect/measured"):
        text = visitor.get(f"{path}?home=sample").text.split('<main id="main"')[1]
        text = text.split("</main>")[0]
        for href in re.findall(r'href="(/(?:protect|alerts|things)[^"]*)"', text):
            assert "home=sample" in href or href == path, (path, href)
        for form in re.findall(r"<form.*?</form>", text, re.DOTALL):
            assert 'name="home" value="sample"' in form, path


@given(st.text(), st.lists(st.integers()))
def test_a_fault_is_shown_at_its_line_wherever_it_is_said_to_be(
    text: str, lines: list[int]
) -> None:
    shown = fault_lines(text, tuple(RuleFault(line, WHY) for line in lines))
    assert sum(len(one.why) for one in shown) == len(lines)
    for one in shown:
        written = text.split("\n")[one.line - 1 : one.line] if one.line > 0 else []
        assert one.text == (written[0] if written else "")


def test_everything_that_a_rule_may_ask_has_its_words() -> None:
    assert set(VOCABULARY) == set(names_protect.RULE_ABOUT)
    for name, attribute in VOCABULARY.items():
        for lang in ("ja", "en"):
            for value in attribute.values:
                assert rule_words.condition(name, (value,), lang)
            assert rule_words.condition(name, attribute.values, lang)


def test_values_that_follow_one_another_are_a_span() -> None:
    said = rule_words.condition
    assert said("rung", (3, 4, 5), "en") == "level of who asks: at least Lv.3"
    assert said("rung", (0, 1), "en") == "level of who asks: at most Lv.1"
    assert said("rung", (1, 3), "en") == "level of who asks: Lv.1, Lv.3"
    assert said("hour", (8, 9, 10), "ja") == "時間：8時から10時まで"
    assert said("hour", (0, 1, 23), "en") == "hour of the day: from 23 o'clock to 1 o'clock"
    assert said("hour", (0, 2, 23), "en").count(",") == 2
    assert said("suspect", (False,), "en") == "something speaks against it: no"


def test_every_word_that_the_hub_may_say_has_its_words() -> None:
    told: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
        (conflict.KINDS, names_protect.CONFLICTS),
        (conflict.SURENESS, names_protect.CONFLICT_SURE),
        ((*receiver.ARRIVED, receiver.LOST, receiver.END_UNKNOWN, receiver.SILENT),
         names_protect.MEASURED),
        ((*link.LIVING, link.ENDED), names_protect.LINK_STATES),
        (command.SLOTS, names_protect.SLOTS),
        (switch.POSITIONS, names_protect.POSITIONS),
        ((envelope.POINT, envelope.KIND, envelope.MAKER, envelope.HOUSEHOLD),
         names_protect.ENVELOPE_SOURCES),
        ((command.ASKED, command.HELD, command.SENT, command.DONE, command.OVERRIDDEN,
          *command.ENDED), names_protect.COMMAND_STATES),
        (CHANNELS, names_protect.CHANNELS),
        (ACTS, names_protect.ACTS),
        (HARMS, names_protect.HARMS),
        (RELATIONS, names_protect.RELATIONS),
    )  # fmt: skip
    for words, table in told:
        assert set(words) <= set(table)
    for table, tones in (
        (names_protect.MEASURED, names_protect.MEASURED_TONES),
        (names_protect.LINK_STATES, names_protect.LINK_TONES),
        (names_protect.COMMAND_STATES, names_protect.COMMAND_TONES),
    ):
        assert set(table) == set(tones)
