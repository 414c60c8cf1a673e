"""The frame: strict headers, our own name only, our own forms only, errors in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omamori.web import guard
from omamori.web.hub import hub_app, hub_site
from omamori.web.live import Live
from web.conftest import SECRET, Visitor
from web.home_fixture import PATHS, FixtureHome

if TYPE_CHECKING:
    from omamori.web.views import HomeView


def test_every_page_answers_in_both_languages(visitor: Visitor) -> None:
    for path in PATHS:
        for lang in ("ja", "en"):
            answer = visitor.get(f"{path}{'&' if '?' in path else '?'}lang={lang}")
            assert answer.status_code == (404 if path == "/no-such-page" else 200), path
            assert f'<html lang="{lang}">' in answer.text
            assert "<script>alert" not in answer.text
            assert "style=" not in answer.text
            assert "onclick" not in answer.text


def test_headers_are_strict_on_every_answer(visitor: Visitor) -> None:
    for path in ("/", "/no-such-page", "/static/omamori.css", "/healthz", "/label/aircon.svg"):
        headers = visitor.get(path).headers
        assert headers["content-security-policy"] == guard.CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] in ("no-store", "no-cache")
    assert "unsafe" not in guard.CONTENT_SECURITY_POLICY
    assert "require-trusted-types-for 'script'" in guard.CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "a@127.0.0.1", "[bad", ""]
)
def test_another_name_is_refused(visitor: Visitor, host: str) -> None:
    answer = visitor.get("/", host=host)
    assert answer.status_code == 421
    assert "居間" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8119", "[::1]:8119", "192.168.1.5", "127.0.0.1"])
def test_our_own_names_are_answered(visitor: Visitor, host: str) -> None:
    assert visitor.get("/", host=host).status_code == 200


def test_a_given_name_is_answered(home: FixtureHome) -> None:
    named = Visitor(hub_app(home, hub_site(SECRET, hosts=frozenset({"hub.local"})), Live()))
    assert named.get("/", host="hub.local:8119").status_code == 200


def test_a_form_of_ours_acts(visitor: Visitor, home: FixtureHome) -> None:
    fields = {"token": visitor.token(), "on": "no"}
    answer = visitor.post("/settings/listening", fields, origin="http://127.0.0.1:8119")
    assert answer.status_code == 303
    assert home.asked == [("listen", False)]


def test_a_form_without_its_token_does_nothing(visitor: Visitor, home: FixtureHome) -> None:
    visitor.get("/")
    for token in ("", "0" * 64, "é", "\x00"):
        assert visitor.post("/settings/listening", {"token": token, "on": "no"}).status_code == 400
    assert home.asked == []


def test_another_visitors_token_does_nothing(visitor: Visitor, home: FixtureHome) -> None:
    other = Visitor(visitor._app)
    answer = visitor.post("/settings/listening", {"token": other.token(), "on": "no"})
    assert answer.status_code == 400
    assert home.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://[abc"},
        {"origin": "http://127.0.0.1:9"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "none"},
    ],
)
def test_another_page_cannot_press(
    visitor: Visitor, home: FixtureHome, headers: dict[str, str]
) -> None:
    fields = {"token": visitor.token(), "on": "no"}
    assert visitor.post("/settings/listening", fields, **headers).status_code == 403
    assert home.asked == []


def test_a_long_form_is_refused(visitor: Visitor) -> None:
    token = visitor.token()
    long = {"token": token, "name": "x" * 20000}
    assert visitor.post("/things/hostile/correct", long).status_code == 413
    many = {"token": token, **{f"f{number}": "" for number in range(40)}}
    assert visitor.post("/things/hostile/correct", many).status_code == 400
    wide = {"token": token, "name": "x" * 2000}
    assert visitor.post("/things/hostile/correct", wide).status_code == 400

    async def endless() -> object:
        for _ in range(100):
            yield b"name=" + b"x" * 1000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = visitor.ask("POST", "/settings/listening", content=endless(), headers=kind)
    assert answer.status_code == 400


def test_another_kind_of_body_is_refused(visitor: Visitor, home: FixtureHome) -> None:
    answer = visitor.ask("POST", "/settings/listening", json={"on": "no"})
    assert answer.status_code == 400
    assert home.asked == []


def test_a_long_address_is_refused(visitor: Visitor) -> None:
    assert visitor.get("/happened?older=" + "9" * 3000).status_code == 414


def test_a_failure_is_told_without_its_trace(
    visitor: Visitor, home: FixtureHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_lang: str) -> HomeView:
        raise ZeroDivisionError("secret of the house")

    monkeypatch.setattr(home, "home", broken)
    answer = visitor.get("/?lang=en")
    assert answer.status_code == 500
    assert "Something went wrong here, not with you." in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == guard.CONTENT_SECURITY_POLICY


def test_only_get_where_only_get(visitor: Visitor) -> None:
    assert visitor.ask("PUT", "/").status_code == 405
    assert visitor.get("/sample/levels").status_code == 405


def test_the_language_is_remembered(visitor: Visitor) -> None:
    assert '<html lang="ja">' in visitor.get("/help").text
    visitor.get("/help?lang=en")
    assert '<html lang="en">' in visitor.get("/help").text
    assert 'href="/help?lang=ja"' in visitor.get("/help").text


def test_metrics_and_health(visitor: Visitor, home: FixtureHome) -> None:
    assert visitor.get("/metrics").text == "omamori_up 1\n"
    assert visitor.get("/healthz").json() == {"ok": True}
    ill = Visitor(hub_app(home, hub_site(SECRET, healthy=lambda: False), Live()))
    assert ill.get("/healthz").status_code == 503
    assert ill.get("/metrics").status_code == 404


def test_no_word_of_complete_safety(visitor: Visitor) -> None:
    for path in PATHS:
        text = visitor.get(path + "?lang=en").text.lower()
        for claim in ("completely secure", "100 % safe", "perfectly safe", "guarantee"):
            assert claim not in text


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(body=st.binary(max_size=300))
def test_any_bytes_as_a_form_are_refused_in_words(visitor: Visitor, body: bytes) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = visitor.ask("POST", "/sample/meetings", content=body, headers=kind)
    assert answer.status_code == 400
    assert "web." in answer.text


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(host=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_any_host_is_judged(visitor: Visitor, host: str) -> None:
    assert visitor.get("/help", host=host).status_code in (200, 421)
