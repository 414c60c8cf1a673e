"""Draw protection: a safe range as a bar, and a play as arrows between those who take part.

The words stand beside every picture as text; a number on an arrow is the step's number in the list.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from omamori.web import protect_words, words
from omamori.web.draw import shape, state_sign, text_at
from omamori.web.draw_talk import fitted

if TYPE_CHECKING:
    from omamori.web.views_protect import EnvelopeView
    from omamori.web.views_rules import PlayStep, PlayView

BAR_WIDE, BAR_HIGH, BAR_TOP = 300.0, 20.0, 16.0
LANES_MAX = 6
STEPS_DRAWN_MAX = 40
"""The list under the picture has all of them."""

WIDE, WIDE_TOP, WIDE_STEP = 1000.0, 84.0, 54.0
PHONE, PHONE_TOP, PHONE_STEP = 300.0, 44.0, 46.0
MARGIN = 40.0
NUMBERS = "①②③④⑤⑥"
LANE_NAME_WIDTH = 8.4
REFUSED = "refuse"


def _share(at: float, least: float, most: float) -> float:
    """Where a value stands between two ends, from 0 to 1; never outside."""
    if not (math.isfinite(at) and most > least):
        return 0.0
    return min(max((at - least) / (most - least), 0.0), 1.0)


def envelope_bar(view: EnvelopeView, lang: str) -> Markup:
    """The whole range as a frame, the safe range as a full bar, the value now as a mark."""
    low, high = (
        round(4 + (BAR_WIDE - 8) * _share(at, view.least, view.most), 1)
        for at in (view.low, view.high)
    )
    shapes = [
        shape("rect", x=2, y=BAR_TOP, width=BAR_WIDE - 4, height=BAR_HIGH, rx=6, class_="range-all"),
        shape("rect", x=low, y=BAR_TOP, width=max(high - low, 4), height=BAR_HIGH, rx=4,
              class_="range-safe"),
    ]  # fmt: skip
    about = words.text(
        "Safe range {range}",
        lang,
        range=protect_words.envelope(view.point, view.low, view.high, lang),
    )
    if view.now is not None and math.isfinite(view.now):
        x = round(4 + (BAR_WIDE - 8) * _share(view.now, view.least, view.most), 1)
        top, end = BAR_TOP - 3, BAR_TOP + BAR_HIGH + 4
        shapes.append(shape("path", d=f"M{x} {top}l-8 -11h16zM{x} {top}V{end}", class_="range-now"))
        now = protect_words.value(view.point, view.now, lang)
        about = words.text("{range}, now {now}", lang, range=about, now=now)
    return Markup('<svg class="range" viewBox="0 0 300 42" role="img" aria-label="{}">{}</svg>').format(
        about, Markup("").join(shapes)
    )  # fmt: skip


def lane_number(position: int) -> str:
    """The sign of a lane on a phone and in the list."""
    return NUMBERS[position] if position < len(NUMBERS) else "…"


def play_wide(view: PlayView, lang: str) -> Markup:
    """The play with names, for wide screens."""
    return _drawn(view, lang, "play-wide", WIDE, WIDE_TOP, WIDE_STEP)


def play_phone(view: PlayView, lang: str) -> Markup:
    """The play with numbers for names, for a phone."""
    return _drawn(view, lang, "play-phone", PHONE, PHONE_TOP, PHONE_STEP)


def _drawn(view: PlayView, lang: str, sort: str, wide: float, top: float, step: float) -> Markup:
    lanes = view.lanes[:LANES_MAX]
    steps = list(enumerate(view.steps, start=1))[-STEPS_DRAWN_MAX:]
    high = top + step * max(len(steps), 1) + 12
    margin = MARGIN if sort == "play-phone" else wide / (2 * max(len(lanes), 1))
    room = wide - 2 * margin
    spots = {
        key: round(margin + room * position / max(len(lanes) - 1, 1), 1)
        for position, (key, _name) in enumerate(lanes)
    }
    shapes = [shape("path", d=f"M{x} {top - 8}V{high - 4}", class_="lane") for x in spots.values()]
    for position, (key, name) in enumerate(lanes):
        sign = lane_number(position)
        label = sign if sort == "play-phone" else f"{sign} {fitted(name, LANE_NAME_WIDTH)}"
        shapes.append(text_at(label, spots[key], top - 20, class_="lane-name"))
    for row, (number, one) in enumerate(steps):
        shapes.append(_arrow(number, one, spots, top + step * (row + 0.6)))
    about = words.text(
        "Picture of {count} steps; the list says the same.", lang, count=len(view.steps)
    )
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        sort, f"{wide:.0f}", f"{high:.0f}", escape(about), Markup("").join(shapes)
    )


def _arrow(number: int, step: PlayStep, spots: dict[str, float], y: float) -> Markup:
    """One step: an arrow from who acts to whom; stopped with × where the hub refused it."""
    if step.actor not in spots:
        return Markup("")
    x, sign = spots[step.actor], state_sign(step.state)
    tone = f"step-{step.state if 0 <= step.state < 6 else 0}"  # noqa: PLR2004 - the steps of state
    end = spots.get(step.target, x)
    shapes = []
    if end != x:
        way = 1 if end > x else -1
        stop = (x + end) / 2 if step.answer == REFUSED else end - way * 2
        shapes.append(shape("path", d=f"M{x} {y}H{stop - way * 8}", class_=f"step-line {tone}"))
        if step.answer == REFUSED:
            cross = f"M{stop - 8} {y - 8}l16 16M{stop - 8} {y + 8}l16 -16"
            shapes.append(shape("path", d=cross, class_=f"step-cross {tone}"))
        else:
            head = f"M{stop} {y}l{-way * 13} -7v14z"
            shapes.append(shape("path", d=head, class_=f"step-head {tone}"))
    shapes.append(shape("circle", cx=x, cy=y, r=15, class_=f"step-dot {tone}"))
    shapes.append(text_at(str(number), x, y + 6, class_="step-number"))
    if step.state > 1 and end == x:
        shapes.append(text_at(sign, x + 24, y + 6, class_="step-sign"))
    return Markup("").join(shapes)
