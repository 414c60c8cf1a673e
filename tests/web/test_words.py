"""Every word exists in both languages, nothing a page says can fail, and no text is markup."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from jinja2.ext import babel_extract

from omamori.documents.reason import Reason, Value
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.web import names, names_points, names_protect, sentences, words

SOURCE = Path(words.__file__).parents[1]
WEB = SOURCE / "web"
KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")
GAPS = re.compile(r"\{[a-z_0-9]+(?::[a-z]+)?\}")
TABLES = (
    names.INDUSTRIES, names.PURPOSES, names.FAULTS, names.ANSWERS, names.ANSWERS_SHORT,
    names.GROUNDS, names.STATES, names.SOURCES, names.FORCES, names.ENTRIES,
    names.VIEWS, names.SEES, names.SEES_NOT, names.AMOUNTS, names.SPANS, names.BEGUN,
    names.SHOULD_GROUNDS, names.WHO, names.DIRECTIONS, names.NEWS, names.SITUATIONS,
    names.SITUATIONS_MORE, names.SERVICES,
)  # fmt: skip


PROTECT_TABLES = tuple(
    table
    for name, table in {**vars(names_protect), **vars(names_points)}.items()
    if name.isupper() and not name.endswith("TONES") and name != "BOOLS"
)


def catalogue() -> dict[str, str]:
    path = WEB / "locale/ja/LC_MESSAGES/omamori.po"
    with path.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


def template_texts() -> set[str]:
    found: set[str] = set()
    for path in WEB.glob("templates/**/*.html"):
        with path.open("rb") as file:
            for _line, _function, message, _comments in babel_extract(file, ["_", "plain"], [], {}):
                first = message[0] if isinstance(message, tuple) else message
                if first:
                    found.add(first)
    return found


def literal_keys() -> dict[str, str]:
    """Every reason key written out in the source: the first argument of what makes a reason."""
    makers = re.compile(r"Reason|because|step|\w*Error|refuse|_refuse|_stop|reason")
    found: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if not makers.fullmatch(called):
                continue
            first = node.args[0] if node.args else None
            key = first.value if isinstance(first, ast.Constant) else None
            if isinstance(key, str) and KEY.fullmatch(key):
                found[key] = str(path.relative_to(SOURCE))
    return found


def test_every_page_text_has_its_japanese() -> None:
    japanese = catalogue()
    spoken = template_texts() | {text for table in TABLES for text in table.values()}
    spoken |= {text for table in PROTECT_TABLES for text in table.values() if text}
    assert len(spoken) > 150
    assert sorted(text for text in spoken if not japanese.get(text)) == []


def test_texts_of_the_modules_have_their_japanese() -> None:
    japanese = catalogue()
    for path in WEB.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "text":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    assert japanese.get(str(first.value)), f"{path.name}: {first.value!r}"


def test_both_languages_fill_the_same_gaps() -> None:
    for english, japanese in catalogue().items():
        assert set(GAPS.findall(english)) == set(GAPS.findall(japanese)), english


def test_every_sentence_exists_in_both_languages() -> None:
    english, japanese = words.tables()["en"], words.tables()["ja"]
    assert sorted(set(english) ^ set(japanese)) == []
    for key, told in english.items():
        assert KEY.fullmatch(key), key
        # Japanese may leave out a gap (a unit said otherwise), never fill one that is not given.
        assert set(GAPS.findall(japanese[key])) <= set(GAPS.findall(told)), key


def test_no_two_rooms_claim_one_key() -> None:
    seen: dict[str, str] = {}
    for found in pkgutil.iter_modules(sentences.__path__):
        table = importlib.import_module(f"{sentences.__name__}.{found.name}")
        for key in table.SENTENCES:
            assert key not in seen, f"{key} is in {seen.get(key)} and in {found.name}"
            seen[key] = found.name


def test_every_reason_key_in_the_source_has_a_sentence() -> None:
    keys = literal_keys()
    assert len(keys) > 60
    told = words.tables()["en"]
    assert {key: place for key, place in keys.items() if key not in told} == {}


def test_every_kind_has_both_words() -> None:
    assert all(english and japanese for english, japanese in KINDS.values())


def test_an_unknown_key_says_so() -> None:
    assert "no.such-key" in words.sentence(Reason("no.such-key"), "en")
    assert "no.such-key" in words.sentence(Reason("no.such-key"), "ja")


def test_a_missing_parameter_leaves_a_mark() -> None:
    assert "Lv.…" in words.sentence(Reason("verdict.level-suffices", {"rung": 3}), "en")


def test_parameters_are_spelled_in_the_language() -> None:
    reason = Reason("step.effective", {"industry": "energy", "rung": 3})
    assert words.sentence(reason, "ja") == "そこで、今日は家庭エネルギー Lv.3として扱います。"
    waiting = Reason("web.too-many-tries", {"wait_s": 130.0})
    assert "2 minutes" in words.sentence(waiting, "en")
    assert "2分" in words.sentence(waiting, "ja")


@given(st.text(max_size=900), st.sampled_from(words.LANGUAGES))
def test_broken_text_is_never_markup(told: str, lang: str) -> None:
    shown = str(words.broken(words.cleaned(told), lang))
    assert "<" not in shown.replace("<wbr>", "")
    assert len(words.cleaned(told)) <= words.TEXT_CHARACTERS_MAX


VALUES = st.one_of(st.text(max_size=50), st.integers(), st.floats(), st.booleans())


@given(st.sampled_from(sorted(words.tables()["en"])), st.dictionaries(st.text(max_size=9), VALUES))
def test_sentences_are_total(key: str, params: dict[str, Value]) -> None:
    gaps = [gap.strip("{}").split(":")[0] for gap in GAPS.findall(words.tables()["en"][key])]
    odd: list[dict[str, Value]] = [params, {gap: float("nan") for gap in gaps}]
    odd.append(dict.fromkeys(gaps, 1e300))
    for values in odd:
        for lang in words.LANGUAGES:
            assert words.sentence(Reason(key, values), lang)


def test_hidden_characters_are_dropped() -> None:
    assert words.cleaned("a\u202egnp.exe\u200b\x00b") == "agnp.exeb"


def test_japanese_breaks_between_phrases() -> None:
    assert str(words.broken("居間のエアコンです。", "ja")).count("<wbr>") >= 1
    assert words.broken("The air conditioner", "en") == "The air conditioner"
    assert "2028年" in words.broken(
        "期限は 8月10日 16時37分 から 2028年2月28日 19時43分 まで。", "ja"
    )


@pytest.mark.parametrize(
    ("asked", "remembered", "accepted", "chosen"),
    [
        (None, None, "", "ja"),
        (None, None, "en-GB,en;q=0.9", "en"),
        (None, None, "fr,en;q=0.3,ja;q=0.8", "ja"),
        (None, "en", "ja", "en"),
        ("ja", "en", "en", "ja"),
        ("xx", "yy", "de", "ja"),
        (None, None, "en;q=bad,ja;q=0.1", "ja"),
    ],
)
def test_language(asked: str | None, remembered: str | None, accepted: str, chosen: str) -> None:
    assert words.choose_language(asked, remembered, accepted) == chosen


def test_times() -> None:
    assert words.ago(100, 101, "ja") == "たった今"
    assert words.ago(0, 180, "en") == "3 minutes ago"
    assert words.moment(float("inf"), "en") == "…"
    assert "時" in words.moment(1_790_000_000, "ja")
    assert words.instant(1_790_000_003.26, "ja").endswith("分23.2秒")
    assert words.instant(1_790_000_003.26, "en").endswith(":23.2")
    assert words.instant(1_790_000_039.99, "en").endswith(":59.9")
    assert words.instant(float("nan"), "en") == "…"
