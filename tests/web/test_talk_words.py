"""Amounts, countries and services are said as a family says them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.web import talk_words


@pytest.mark.parametrize(
    ("octets", "shown", "step"),
    [
        (0, "0 B", 0),
        (1, "1 B", 1),
        (999, "999 B", 1),
        (1000, "1.0 kB", 1),
        (99_999, "100 kB", 1),
        (100_000, "100 kB", 2),
        (3_240_000, "3.2 MB", 2),
        (64_000_000, "64 MB", 3),
        (999_999_999, "1.0 GB", 3),
        (3_400_000_000, "3.4 GB", 4),
    ],
)
def test_amounts(octets: int, shown: str, step: int) -> None:
    assert talk_words.amount(octets) == shown.replace(" ", "\u00a0")
    assert talk_words.amount_step(octets) == step


def test_countries_are_words() -> None:
    assert talk_words.country("NL", "en") == "Netherlands"
    assert talk_words.country("NL", "ja") == "オランダ"
    for code in ("", "nl", "NLD", "<b>", "001"):
        assert talk_words.country(code, "en") == "country not known"


def test_services_are_words_and_each_is_said_once() -> None:
    told = talk_words.services(("tcp/443", "udp/443", "tcp/9"), "en")
    assert told == "web pages, locked on the way, something else (tcp/9)"
    assert "<b>" not in talk_words.services(("<b>",), "ja")


@given(st.text(max_size=99), st.sampled_from(("ja", "en")))
def test_anything_has_words(sign: str, lang: str) -> None:
    assert len(talk_words.service(sign, lang)) < 99
    assert talk_words.country(sign, lang)


@given(st.integers(), st.floats())
def test_numbers_are_total(octets: int, at: float) -> None:
    assert talk_words.amount(octets)
    assert talk_words.hour_mark(at, "ja", days=False)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("arp asks", "asking who has an address"),
        ("dhcp.offer", "handing out addresses"),
        ("tcp/23 SYN", "steering from afar without a lock (telnet)"),
        ("uses tcp/443", "web pages, locked on the way"),
        ("tcp/180 SYN", ""),
        ("7 octets today, 1 on the fullest of 3 days before", ""),
        ("", ""),
    ],
)
def test_a_message_is_put_in_words_where_there_are_some(what: str, said: str) -> None:
    assert talk_words.message(what, "en") == said
    assert bool(talk_words.message(what, "ja")) == bool(said)
