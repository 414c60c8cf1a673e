"""A table of rules is read as written, and every kind of mistake is shown where it stands."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omamori.documents.policy import MISTAKES_MAX, OWN_WORDS
from omamori.documents.policy_places import Path, PolicyError, parse, scan
from omamori.documents.policy_shape import POLICY_OCTETS_MAX, RULES_MAX, Rule
from omamori.hub.ruling.read import read_rules
from omamori.web.words import LANGUAGES, sentence, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = """\
version = 1

[[rule]]
id = "film"
effect = "ask"
when = { slot = "demand-response", in_use = true, act = { at_least = "adjust" } }
unless = { at_hand = true }
why = { ja = "映画の途中です。", en = "A film is on." }

[[rule]]
id = "night"
effect = "refuse"
when.hour = { at_least = 22, at_most = 5 }
when.target_kind = ["lock", "garage-door"]
why = "ruling.door-at-night"

[[rule.unless]]
rung = 5
[[rule.unless]]
channel = "hub"
slot = "safety-auto"
"""
HEAD = 'version = 1\n[[rule]]\nid = "a"\neffect = "ask"\n'
WHEN = "when = { at_hand = true }\n"
WHY = 'why = "ruling.in-use"\n'


def ruled(when: str) -> str:
    return f"{HEAD}when = {{ {when} }}\n{WHY}"


def mistakes(text: str | bytes) -> list[tuple[str, int]]:
    octets = text if isinstance(text, bytes) else text.encode()
    try:
        read_rules(octets)
    except PolicyError as wrong:
        assert wrong.reasons[0] == wrong.reason
        return [
            (r.key.removeprefix("policy."), int(r.params.get("line", 0))) for r in wrong.reasons
        ]
    return []


def test_a_table_is_read_as_written() -> None:
    film, night = read_rules(GOOD.encode())
    assert (film.id, film.effect, film.line) == ("film", "ask", 3)
    assert film.when == {
        "slot": {"demand-response"}, "in_use": {True}, "act": {"adjust", "operate"},
    }  # fmt: skip
    assert list(film.unless) == [{"at_hand": {True}}]
    assert film.why.key == OWN_WORDS
    assert sentence(film.why, "ja") == "映画の途中です。"
    assert sentence(film.why, "en") == "A film is on."
    assert night.when["hour"] == {22, 23, 0, 1, 2, 3, 4, 5}
    assert list(night.unless) == [
        {"rung": {5}},
        {"channel": {"hub"}, "slot": {"safety-auto"}},
    ]
    assert night.why.key == "ruling.door-at-night"


def test_a_file_of_another_machine_is_read_as_well() -> None:
    assert read_rules(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()) == read_rules(
        GOOD.encode()
    )


WRONG: list[tuple[str, str | bytes, int]] = [
    # what the file is
    ("policy.too-large", b"#" * (POLICY_OCTETS_MAX + 1), 0),
    ("policy.not-utf8", b"version = 1\n# \xff\n", 2),
    ("policy.syntax", "version = 1\n[[rule]\n", 2),
    ("policy.syntax", "version = 1\nx = 1\nx = 2\n", 3),
    ("policy.syntax", "version = 1\nwhy = 'no end\n", 2),
    ("policy.syntax", "version = 1\n\nx = " + "9" * 5000, 3),
    ("policy.syntax", "version = 1\nx = 2026-13-45\n", 2),
    ("policy.too-deep", "version = 1\nx = " + "[" * 9000, 2),
    ("policy.too-deep", "version = 1\n" + "a." * 9000 + "a = 1", 2),
    ("policy.too-deep", "version = 1\nx = " + "{a=" * 9000, 2),
    # what stands at its top
    ("policy.no-version", WHEN and HEAD.replace("version = 1\n", "") + WHEN + WHY, 1),
    ("policy.version", "version = 2\n" + HEAD.removeprefix("version = 1\n") + WHEN + WHY, 1),
    ("policy.version", "version = true\n" + HEAD.removeprefix("version = 1\n") + WHEN + WHY, 1),
    ("policy.unknown-key", "version = 1\nrules = 3\n" + HEAD.removeprefix("version = 1\n") + WHEN + WHY, 2),
    ("policy.unknown-key", HEAD + WHEN + "whenn = 3\n" + WHY, 6),
    ("policy.rule-not-table", "version = 1\nrule = 5\n", 2),
    ("policy.rule-not-table", "version = 1\nrule = [1]\n", 2),
    ("policy.no-rules", "version = 1\n", 1),
    ("policy.too-many-rules", "version = 1\n" + "[[rule]]\n" * (RULES_MAX + 1), RULES_MAX + 2),
    # a rule's own words
    ("policy.id-missing", 'version = 1\n[[rule]]\neffect = "ask"\n' + WHEN + WHY, 2),
    ("policy.id-form", HEAD.replace('"a"', '"A rule"') + WHEN + WHY, 3),
    ("policy.id-form", HEAD.replace('"a"', "7") + WHEN + WHY, 3),
    ("policy.id-reserved", HEAD.replace('"a"', '"floor-x"') + WHEN + WHY, 3),
    ("policy.id-twice", HEAD + WHEN + WHY + HEAD.removeprefix("version = 1\n") + WHEN + WHY, 8),
    ("policy.effect-missing", 'version = 1\n[[rule]]\nid = "a"\n' + WHEN + WHY, 2),
    ("policy.effect-unknown", HEAD.replace('"ask"', '"asks"') + WHEN + WHY, 4),
    ("policy.effect-unknown", HEAD.replace('"ask"', "[]") + WHEN + WHY, 4),
    ("policy.when-missing", HEAD + WHY, 2),
    ("policy.when-missing", HEAD + "when = {}\n" + WHY, 5),
    # conditions
    ("policy.condition-form", HEAD + 'when = "always"\n' + WHY, 5),
    ("policy.attribute-unknown", ruled("slott = 1"), 5),
    ("policy.value-unknown", ruled('slot = "automatic"'), 5),
    ("policy.value-unknown", ruled('asker_industry = "ENERGY!"'), 5),
    ("policy.value-outside", ruled("rung = 9"), 5),
    ("policy.value-outside", ruled("hour = { at_least = 24 }"), 5),
    ("policy.value-not-text", ruled("slot = 3"), 5),
    ("policy.value-not-number", ruled('rung = "3"'), 5),
    ("policy.value-not-number", ruled("rung = true"), 5),
    ("policy.value-not-number", ruled("rung = 3.0"), 5),
    ("policy.value-not-number", ruled("hour = 07:30:00"), 5),
    ("policy.value-not-yes-no", ruled("suspect = 1"), 5),
    ("policy.list-empty", ruled("rung = []"), 5),
    ("policy.list-long", ruled(f"rung = {[1] * 65}"), 5),
    ("policy.list-twice", HEAD + "when.rung = [\n  1,\n  2,\n  1,\n]\n" + WHY, 8),
    ("policy.value-outside", HEAD + "when.rung = [\n  1,\n  2,\n  8,\n]\n" + WHY, 8),
    ("policy.range-unordered", ruled('slot = { at_least = "automation" }'), 5),
    ("policy.range-key", ruled("rung = { atleast = 3 }"), 5),
    ("policy.range-empty", ruled("rung = {}"), 5),
    ("policy.range-impossible", ruled("rung = { at_least = 4, at_most = 2 }"), 5),
    ("policy.range-impossible", ruled('act = { at_least = "operate", at_most = "look" }'), 5),
    ("policy.always", ruled("rung = { at_least = 0 }"), 5),
    ("policy.always", ruled("suspect = [true, false]"), 5),
    ("policy.impossible", ruled('industries = "same", asker_industry = "av", target_industry = "energy"'), 5),
    ("policy.impossible", ruled('industries = "unproven", asker_industry = "av"'), 5),
    ("policy.impossible", ruled('point = "motion", act = "operate"'), 5),
    ("policy.impossible", ruled('harm = "life", act = "adjust"'), 5),
    # exceptions
    ("policy.unless-empty", HEAD + WHEN + "unless = {}\n" + WHY, 6),
    ("policy.unless-empty", HEAD + WHEN + "unless = []\n" + WHY, 6),
    ("policy.unless-many", HEAD + WHEN + "unless = [" + "{ rung = 1 }," * 9 + "]\n" + WHY, 6),
    ("policy.unless-beside", HEAD + WHEN + "unless = { at_hand = false }\n" + WHY, 6),
    ("policy.unless-whole", HEAD + WHEN + "unless = { at_hand = true }\n" + WHY, 6),
    ("policy.condition-form", HEAD + WHEN + "unless = [7]\n" + WHY, 6),
    # the reason
    ("policy.why-missing", HEAD + WHEN, 2),
    ("policy.why-unknown", HEAD + WHEN + 'why = "ruling.in-us"\n', 6),
    ("policy.why-form", HEAD + WHEN + "why = 3\n", 6),
    ("policy.why-form", HEAD + WHEN + 'why = { ja = "", en = "x" }\n', 6),
    ("policy.why-language", HEAD + WHEN + 'why = { en = "x" }\n', 6),
    ("policy.unknown-key", HEAD + WHEN + 'why = { ja = "x", en = "x", de = "x" }\n', 6),
    ("policy.why-long", HEAD + WHEN + f'why = {{ ja = "x", en = "{"x" * 301}" }}\n', 6),
    ("policy.why-unprintable", HEAD + WHEN + 'why = { ja = "x", en = "a\\u202Eb" }\n', 6),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "text", "line"), WRONG, ids=[f"{w[0]}-{n}" for n, w in enumerate(WRONG)]
)
def test_every_mistake_has_its_word_and_its_line(key: str, text: str | bytes, line: int) -> None:
    told = [one for one in mistakes(text) if one[0] != "did-you-mean"]
    assert told == [(key.removeprefix("policy."), line)]


def test_no_word_for_a_mistake_is_without_a_test() -> None:
    tried = {key for key, _, _ in WRONG} | {
        "policy.did-you-mean", "policy.more-mistakes", "policy.unreadable",
        "policy.dead", "policy.shadowed", "policy.not-settled", "policy.good",
        "policy.in-use-instead", "policy.not-asked",
    }  # fmt: skip
    assert {key for key in tables()["en"] if key.startswith("policy.")} == tried


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        (ruled("slott = 1"), "slot"),
        (ruled('slot = "automatic"'), "automation"),
        (HEAD.replace('"ask"', '"asks"') + WHEN + WHY, "ask"),
        (HEAD + WHEN + "whenn = 3\n" + WHY, "when"),
        (HEAD + WHEN + 'why = "ruling.in-us"\n', "ruling.in-use"),
        (ruled("rung = { atleast = 3 }"), "at_least"),
    ],
)
def test_a_near_word_is_suggested(text: str, suggestion: str) -> None:
    with pytest.raises(PolicyError) as refused:
        read_rules(text.encode())
    assert refused.value.reasons[-1].params["suggestion"] == suggestion


def test_the_column_is_told_where_a_condition_begins() -> None:
    with pytest.raises(PolicyError) as refused:
        read_rules(ruled("at_hand = true, rung = 9").encode())
    assert refused.value.reason.params["column"] == len("when = { at_hand = true, ") + 1


def test_all_mistakes_are_told_at_once_and_not_without_end() -> None:
    text = HEAD.replace('"ask"', '"x"') + "when = { rung = 9, slot = 3 }\n"
    assert [key for key, _ in mistakes(text)] == [
        "effect-unknown", "value-outside", "value-not-text", "why-missing",
    ]  # fmt: skip
    told = mistakes("version = 1\n" + "[[rule]]\n" * 100)
    assert len(told) == MISTAKES_MAX + 1
    assert told[-1][0] == "more-mistakes"


@pytest.mark.parametrize("key", sorted({key for key, _, _ in WRONG}))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_is_said_with_nothing_missing(key: str, lang: str) -> None:
    text: str | bytes = next(text for one, text, _ in WRONG if one == key)
    with pytest.raises(PolicyError) as refused:
        read_rules(text if isinstance(text, bytes) else text.encode())
    for reason in refused.value.reasons:
        assert "…" not in sentence(reason, lang).replace("{…}", "").replace("[…]", "")


def paths(said: object, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    inner: list[tuple[str | int, Any]] = []
    if isinstance(said, dict):
        inner = list(said.items())
    elif isinstance(said, list):
        inner = list(enumerate(said))
    for key, value in inner:
        yield from paths(value, (*path, key))


PIECES = st.sampled_from([
    "a", "b", "when", "rule", '"q u"', "'l'", '"\\u0041"', ".", " . ", "=", " = ", "1", "-7", "0x1F", "1.5",
    "true", '"x"', "'y'", '"""m\n"q" ""\\""" ""', '"""\n"""""', "'''m\n'q'''", "1979-05-27 07:32:00", "07:30:00",
    "[", "]", "[[", "]]", "{", "}", ", ", "\n", "\n\n", "# c = [\n", "\t", "é", "\\", '"', "'", "\x00", "[a]\n",
    "[[rule]]\n", "[rule.when]\n", "[[rule.unless]]\n", "k = 1\n", "k.l = [1, {m = 2}]\n", "n = [\n1, # c\n2,\n]\n",
])  # fmt: skip


WHOLE_LINES = st.sampled_from([f"{line}\n" for line in GOOD.splitlines()])


@given(st.lists(PIECES | WHOLE_LINES, max_size=25).map("".join))
@example("[[a]]\n[[a.b]]\nc = 1\n[[a.b]]\n[a.b.d]\ne.f = 2\n[[a]]\n[a.b]\nc = 3\n")
@example('a = """x"""""\nb = 1\n')
@example("a = {b = 1, c = {d = [1, [2, 3]]}}\n")
def test_the_places_are_those_of_what_tomllib_reads(text: str) -> None:
    try:
        said = tomllib.loads(text)
    except ValueError:
        with pytest.raises(PolicyError):
            parse(text)
        return
    places = scan(text)
    assert places.paths() == set(paths(said))
    assert parse(text)[0].keys() == said.keys()


LINES = st.sampled_from(GOOD.splitlines())


@given(st.lists(LINES, max_size=30).map("\n".join))
def test_lines_in_any_order_are_read_or_refused_with_a_line(text: str) -> None:
    for key, line in mistakes(text):
        assert key == "more-mistakes" or 1 <= line <= text.count("\n") + 1


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_octets_give_rules_or_that_error(octets: bytes) -> None:
    try:
        rules = read_rules(octets)
    except PolicyError:
        return
    assert all(isinstance(rule, Rule) for rule in rules)


@given(st.data())
def test_a_good_table_with_one_character_changed(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    put = data.draw(
        st.sampled_from(["", '"', "[", "]", "{", "}", "=", "\n", ".", "#", "x", "0", "é"])
    )
    mistakes(GOOD[:at] + put + GOOD[at + 1 :])
