"""Pictures are well-formed whatever they are told, and say nothing by colour only."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.web import draw
from omamori.web.views import LabelView, LevelView, LinkView, ThingCard
from web.home_fixture import FixtureHome

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
LEVELS = st.one_of(st.none(), st.builds(LevelView, NAMES, st.integers(0, 9), st.integers(1, 9)))


@settings(max_examples=50, deadline=None)
@given(NAMES, LEVELS, st.integers(-2, 9), st.sampled_from(["ja", "en"]))
def test_a_label_is_always_well_formed(
    name: str, level: LevelView | None, state: int, lang: str
) -> None:
    label = LabelView(
        "id", name, name, state, level, name, 3, None, name, 1.0, f"http://127.0.0.1/{name}"
    )
    root = ET.fromstring(draw.label_svg(label, lang))  # noqa: S314 - our own text
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg", "title", "rect", "text", "g", "path",
    }  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(NAMES, min_size=0, max_size=12), st.sampled_from(["ja", "en"]))
def test_a_map_is_always_well_formed(found: list[str], lang: str) -> None:
    cards = [
        ThingCard(str(at), name, "car", at % 7, "said", (), "nothing", None, 0.0, name)
        for at, name in enumerate(found)
    ]
    links = [
        LinkView("l", "0", "a", str(at), "b", "x", answer, None, None, ())
        for at, answer in enumerate(("allow", "limit", "ask", "refuse", "?!"))
    ]
    ET.fromstring(draw.home_map(cards, links, lang))  # noqa: S314 - our own text


def test_the_map_marks_what_is_narrow_by_a_sign() -> None:
    sample = FixtureHome().sample("ja")
    drawn = draw.home_map(sample.things, sample.links, "ja")
    for sign in ("△", "×", "?"):
        assert f">{sign}</text>" in drawn
    for thing in sample.things:
        assert thing.name[:10] in drawn


def test_bars_count() -> None:
    assert draw.level_bars(LevelView("energy", 3), "en").count("bar-full") == 3
    assert draw.level_bars(None, "en").count("bar-full") == 0
    assert 'aria-label="No level"' in draw.level_bars(None, "en")


def test_every_state_has_its_own_shape() -> None:
    assert len(set(draw.SIGNS)) == len(draw.SIGNS) == 6
    assert draw.state_sign(99) == "?"


def test_the_label_reads_in_one_colour() -> None:
    label = FixtureHome().label("aircon", "ja")
    assert label is not None
    drawn = draw.label_svg(label, "ja")
    for told in ("守りの段階", "4 / 5", "▲ 注意", "はい（2台）", "青空電機"):
        assert told in drawn
