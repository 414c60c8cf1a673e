"""The maps of talk: never more than they can hold, never anybody's markup, odd never by colour alone."""

from __future__ import annotations

import re

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from omamori.web import draw_talk
from omamori.web.views_talk import HearingView, TalkEdge, TalkNode, TalkView
from web.talk_fixture import TalkFixture

VIEW = TalkFixture().talk("", 86400.0, "", "en")
MAPS = (draw_talk.talk_map, draw_talk.phone_map)


def test_what_is_odd_has_a_sign_and_dashes() -> None:
    for draw in MAPS:
        drawn = str(draw(VIEW, "en"))
        assert "▲ a little" in drawn
        assert 'class="talk is-odd"' in drawn
    calm = msgspec.structs.replace(
        VIEW,
        edges=tuple(msgspec.structs.replace(edge, is_odd=False) for edge in VIEW.edges),
        nodes=tuple(msgspec.structs.replace(node, state=1) for node in VIEW.nodes),
    )
    for draw in MAPS:
        assert "▲" not in str(draw(calm, "en"))
        assert "is-odd" not in str(draw(calm, "en"))


def test_a_thing_to_look_at_is_shown_however_little_it_says() -> None:
    nodes = tuple(TalkNode(f"{n}", f"N{n}", "home") for n in range(40))
    nodes = (*nodes, TalkNode("iron", "Iron", "home", state=4), TalkNode("jp", "x", "outside"))
    edges = tuple(TalkEdge(node.id, "jp", sent=100) for node in nodes[:-2])
    edges = (*edges, TalkEdge("iron", "jp", sent=1))
    view = TalkView(0.0, "", 1.0, HearingView(), nodes=nodes, edges=edges)
    for draw in MAPS:
        assert "Iron" in str(draw(view, "en"))
        assert "▲" in str(draw(view, "en"))


def test_width_goes_with_the_amount() -> None:
    widths = {
        float(width)
        for width in re.findall(r'stroke-width="([0-9.]+)"', str(draw_talk.talk_map(VIEW, "en")))
    }
    assert {2.5, 9.0, 14.0} <= widths <= set(draw_talk.STROKES)


def test_countries_beyond_the_room_are_gathered() -> None:
    codes = ("JP", "US", "DE", "NL", "FR", "IT", "KR", "GB", "AU")
    nodes = (
        TalkNode("a", "A", "home"),
        *(TalkNode(code, "x", "outside", country=code) for code in codes),
    )
    edges = tuple(TalkEdge("a", code, sent=1000 - at) for at, code in enumerate(codes))
    view = TalkView(0.0, "", 1.0, HearingView(), nodes=nodes, edges=edges)
    for draw in MAPS:
        drawn = str(draw(view, "en"))
        assert drawn.count("end-out") == draw_talk.PLACES_MAX + 1
        assert "elsewhere" in drawn
        assert "Australia" not in drawn


def test_a_name_is_cut_to_its_room() -> None:
    assert draw_talk.fitted("short", 9) == "short"
    assert draw_talk.fitted("居間の見守りカメラ", 5) == "居間の見…"
    assert draw_talk.fitted("\u202e<b>", 5) == "<b>"


def test_bars() -> None:
    assert draw_talk.hour_bars((), "en") == ""
    assert draw_talk.hour_bars(((0.0, 0, 0),), "en") == ""
    week = tuple((3600.0 * hour, hour, 0) for hour in range(168))
    drawn = str(draw_talk.hour_bars(week, "en"))
    assert drawn.count("hour-sent") == draw_talk.BARS_MAX
    assert len(draw_talk.hour_marks(week, "en")) == 3


IDS = st.sampled_from(("a", "b", "c", "out", "-home", "-elsewhere", "-", "router"))
NODES = st.builds(
    TalkNode, IDS, st.text(max_size=30),
    st.sampled_from(("router", "home", "outside", "group")), st.text(max_size=3), st.text(max_size=3),
)  # fmt: skip
EDGES = st.builds(
    TalkEdge, IDS, IDS, sent=st.integers(0, 1 << 60), received=st.integers(0, 1 << 60),
    is_odd=st.booleans(),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(NODES, max_size=9), st.lists(EDGES, max_size=12))
def test_any_view_can_be_drawn(nodes: list[TalkNode], edges: list[TalkEdge]) -> None:
    view = TalkView(0.0, "", 1.0, HearingView(), nodes=tuple(nodes), edges=tuple(edges))
    for draw in MAPS:
        drawn = str(draw(view, "ja"))
        assert drawn.startswith("<svg")
        assert set(re.findall(r"<([a-z]+)", drawn)) <= {"svg", "path", "title", "rect", "text"}
