"""A shelf leaves most patterns untried, and never one that fits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.adapters import rules
from omamori.hub.knowing.identify_rules import Rule
from omamori.hub.knowing.identify_shelf import Pattern, Shelf

BOOK, _ = rules.load(register=None)
LIKES = sorted({rule.like for shelf in BOOK._shelves.values() for _, rule in shelf._like})
WORDS = sorted({word for like in LIKES for word in Pattern(like).words})
SHELF = Shelf()
for _like in LIKES:
    SHELF.put(Rule(at=("dns.query.name",), like=_like), Pattern(_like))


def tried_one_by_one(text: str) -> list[str]:
    return [like for like in LIKES if re.search(like, text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("like", "words"),
    [
        ("Tapo", {"tapo"}),
        (r"\bTapo[ _-]?Cam", {"tapo"}),
        ("blue|green", {"blue", "green"}),
        ("b(?:lue|rown)", {"lue", "rown"}),
        ("(Hue)?bridge", {"bridge"}),
        ("(?:Hue)+", {"hue"}),
        ("(?:Hue)*", set()),
        ("(?:hue|)x?", set()),
        ("(?!hue)lamp", {"lamp"}),
        ("lamp(?=hue-bridge)", {"lamp"}),
        (r"hue|\d+", set()),
        ("[hH]ue", {"ue"}),
        ("", set()),
    ],
)
def test_words_of_which_every_match_holds_one(like: str, words: set[str]) -> None:
    assert Pattern(like).words == words


@pytest.mark.parametrize("like", LIKES)
def test_nearly_every_bundled_pattern_can_be_left_untried(like: str) -> None:
    assert Pattern(like).words or like == "." or "[hba]" in like


@settings(max_examples=300)
@given(st.sampled_from(LIKES).flatmap(lambda like: st.from_regex(re.compile(like, re.IGNORECASE))))
def test_what_fits_a_pattern_is_found(text: str) -> None:
    assert [rule.like for rule, _ in SHELF.find(text)] == tried_one_by_one(text)


@given(
    st.lists(st.sampled_from(WORDS) | st.text("aBz09 -_./:[]ıİſK", max_size=3), max_size=6),
    st.sampled_from([str.lower, str.upper, str.title, str.swapcase]),
)
def test_any_text_finds_what_trying_them_one_by_one_finds(parts: list[str], case: object) -> None:
    text = case("".join(parts))  # type: ignore[operator]
    assert [rule.like for rule, _ in SHELF.find(text)] == tried_one_by_one(text)


@pytest.mark.parametrize("mark", ["K", "ſ", "ı", "İ"])
def test_letters_whose_case_is_unlike_others_are_no_gap(mark: str) -> None:
    shelf = Shelf()
    likes = [mark, f"{mark}ey", "key", "sun", "ink"]
    for like in likes:
        shelf.put(Rule(at=("dns.query.name",), like=like), Pattern(like))
    for text in ("key", "KEY", "sun", "SUN", "ink", "INK", "iey", "sey", f"{mark}ey", f"{mark}un"):
        fit = [like for like in likes if re.search(like, text, re.IGNORECASE)]
        assert [rule.like for rule, _ in shelf.find(text)] == fit
