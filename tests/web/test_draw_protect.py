"""The pictures of protection: within their frame, never anybody's markup, nothing by colour alone."""

from __future__ import annotations

import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from omamori.documents.reason import Reason
from omamori.web import draw_protect
from omamori.web.views_protect import EnvelopeView
from omamori.web.views_rules import PlayStep, PlayView

WHAT = Reason("todo.update")
LANES = (("a", "省エネサービス"), ("hub", "<b>ハブ</b>"), ("tv", "テレビ"))
STEPS = (
    PlayStep(1.0, "a", WHAT, "hub"),
    PlayStep(2.0, "a", WHAT, "tv", state=4, answer="refuse"),
    PlayStep(3.0, "tv", WHAT, state=3),
    PlayStep(4.0, "nobody", WHAT, "tv"),
)
PLAY = PlayView("film", 0.0, 0.0, LANES, STEPS)
PICTURES = (draw_protect.play_wide, draw_protect.play_phone)


def test_what_was_refused_stops_half_way_with_a_cross() -> None:
    for draw in PICTURES:
        drawn = str(draw(PLAY, "ja"))
        assert drawn.count("step-cross") == 1
        assert drawn.count("step-head") == 1
        assert "▲" in drawn, "a state has its shape, too"
    allowed = msgspec.structs.replace(PLAY, steps=STEPS[:1])
    assert "step-cross" not in str(draw_protect.play_phone(allowed, "ja"))


def test_names_are_text_and_a_phone_has_numbers() -> None:
    wide, phone = (str(draw(PLAY, "en")) for draw in PICTURES)
    assert "&lt;b&gt;" in wide
    assert "<b>" not in wide
    assert "ハブ" not in phone
    assert ">②<" in phone


def test_a_long_play_shows_its_end() -> None:
    many = msgspec.structs.replace(PLAY, steps=STEPS * 100)
    drawn = str(draw_protect.play_phone(many, "en"))
    assert ">399<" in drawn
    assert drawn.count("step-dot") <= draw_protect.STEPS_DRAWN_MAX
    assert "400 steps" in drawn


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.none() | NUMBERS, st.sampled_from(["charge_w", "x"]))
def test_a_bar_never_leaves_its_frame(
    low: float, high: float, least: float, most: float, now: float | None, point: str
) -> None:
    view = EnvelopeView("a", "b", point, low, high, least, most, now=now)
    drawn = str(draw_protect.envelope_bar(view, "ja"))
    for x, width in re.findall(r'x="([-0-9.]+)"[^>]*?width="([-0-9.]+)"', drawn):
        assert 0 <= float(x) <= float(x) + float(width) <= draw_protect.BAR_WIDE + 1
    assert "nan" not in drawn.lower().split("aria-label")[0]


@given(
    st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3), st.integers(-9, 9)), max_size=9)
)
def test_any_play_can_be_drawn(told: list[tuple[str, str, int]]) -> None:
    steps = tuple(PlayStep(0.0, actor, WHAT, target, state=state) for actor, target, state in told)
    lanes = tuple(dict.fromkeys((actor, actor) for actor, _target, _state in told))
    for draw in PICTURES:
        assert "<svg" in str(draw(PlayView("film", 0.0, 0.0, lanes, steps), "en"))
