"""Draw: our own SVG, made on the server: level bars, the map of a home, the common label, QR codes.

Inline pictures take their colours from the style sheet by class; the label stands alone and
carries its own. Nothing says anything by colour only, and every picture has a text beside it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import segno
from markupsafe import Markup, escape

from omamori.web import names, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omamori.web.views import LabelView, LevelView, LinkView, ThingCard

SIGNS = ("?", "○", "△", "▲", "×", "■")
"""The shape of each step of state; the first is "cannot be confirmed"."""

STATE_INK = ("#45423b", "#0b4f8a", "#574500", "#7a3300", "#990019", "#571a78")
STATE_PAPER = ("#eceae4", "#e6f0fa", "#fff3b8", "#ffe3cc", "#fde2e7", "#f2e4f9")
RUNGS_MAX = 9
NAME_CHARACTERS_MAX = 11
MAP_CENTRE, MAP_MIDDLE = 500.0, 275.0
SIDE_FROM = 200.0


def _attributes(attributes: dict[str, str | float]) -> str:
    """Attributes, escaped; underscores in their names become hyphens."""
    return "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )


def shape(name: str, **attributes: str | float) -> Markup:
    """An empty element; `name` and the attributes' names are our own literals."""
    return Markup(f"<{name}{_attributes(attributes)}/>")  # noqa: S704 - values are escaped above


def text_at(shown: str, x: float, y: float, **attributes: str | float) -> Markup:
    """Text at a place, escaped."""
    inside = escape(shown)
    return Markup(f'<text x="{x}" y="{y}"{_attributes(attributes)}>{inside}</text>')  # noqa: S704


def level_words(level: LevelView | None, lang: str) -> str:
    """A level in words, as on every badge: the rung, of how many, in whose ladder."""
    if level is None:
        return words.text("No level", lang)
    return words.text(
        "Level {rung} of {rungs} ({industry})",
        lang,
        rung=level.rung,
        rungs=level.rungs,
        industry=level.industry,
    )


@lru_cache(maxsize=64)
def _bars(rung: int, rungs: int) -> Markup:
    shapes = []
    for step in range(1, min(rungs, RUNGS_MAX) + 1):
        height = 6 + 4 * step
        shapes.append(
            shape(
                "rect",
                x=(step - 1) * 18 + 1.5,
                y=30 - height,
                width=14,
                height=height,
                rx=3,
                class_="bar-full" if step <= rung else "bar-empty",
            )
        )
    return Markup("").join(shapes)


def level_bars(level: LevelView | None, lang: str) -> Markup:
    """Bars of 「守りの段階」, filled up to the rung."""
    rung, rungs = (level.rung, level.rungs) if level else (0, 5)
    return Markup(
        '<svg class="bars" viewBox="0 0 {} 32" role="img" aria-label="{}">{}</svg>'
    ).format(min(rungs, RUNGS_MAX) * 18, level_words(level, lang), _bars(rung, rungs))


def state_sign(state: int) -> str:
    """The shape of a step of state."""
    return SIGNS[state] if 0 <= state < len(SIGNS) else SIGNS[0]


def _short(name: str) -> str:
    shown = words.cleaned(name)
    if shown.isascii():
        most = NAME_CHARACTERS_MAX + 5
        return shown if len(shown) <= most else shown[: most - 1] + "…"
    most = NAME_CHARACTERS_MAX
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _places(things: Sequence[ThingCard]) -> dict[str, tuple[float, float]]:
    """Each thing on an ellipse, things of one industry side by side."""
    ordered = sorted(things, key=lambda thing: thing.industry)
    places = {}
    for position, thing in enumerate(ordered):
        angle = 2 * math.pi * (position + 0.5) / max(len(ordered), 1) - math.pi / 2
        x = round(MAP_CENTRE + 370 * math.cos(angle), 1)
        places[thing.id] = (x, round(MAP_MIDDLE + 185 * math.sin(angle), 1))
    return places


_LINK_SIGNS = {"allow": "", "limit": "△", "ask": "?", "refuse": "×"}


def _line(
    link: LinkView, places: dict[str, tuple[float, float]], lang: str
) -> tuple[Markup, Markup]:
    """A link's line and, above all lines, its sign."""
    (x1, y1), (x2, y2) = places[link.one_id], places[link.other_id]
    # Bent towards the middle, so that lines between neighbours are told apart from the ring.
    cx, cy = (x1 + x2 + 2 * MAP_CENTRE) / 4, (y1 + y2 + 2 * MAP_MIDDLE) / 4
    title = f"{link.one} – {link.other}: {words.named(names.ANSWERS, link.answer, lang)}"
    line = Markup('<path d="M{} {}Q{} {} {} {}" class="link link-{}"><title>{}</title></path>')
    answer = link.answer if link.answer in _LINK_SIGNS else "ask"
    drawn = line.format(x1, y1, round(cx, 1), round(cy, 1), x2, y2, answer, words.cleaned(title))
    sign = _LINK_SIGNS[answer]
    if not sign:
        return drawn, Markup("")
    mx, my = round((x1 + 2 * cx + x2) / 4, 1), round((y1 + 2 * cy + y2) / 4, 1)
    badge = shape("circle", cx=mx, cy=my, r=18, class_=f"sign sign-{answer}")
    return drawn, badge + text_at(sign, mx, my + 8, class_=f"sign-text sign-{answer}")


def _thing(thing: ThingCard, x: float, y: float) -> Markup:
    state = thing.state if 0 <= thing.state < len(SIGNS) else 0
    rung = f"Lv.{thing.level.rung}" if thing.level else "–"
    return (
        shape("circle", cx=x, cy=y, r=39, class_=f"thing state-fill-{state}")
        + text_at(state_sign(state), x, y - 7, class_=f"thing-sign state-text-{state}")
        + text_at(rung, x, y + 22, class_=f"thing-level state-text-{state}")
    )


def _name(thing: ThingCard, x: float, y: float) -> Markup:
    """A thing's name, outside the ring, where no line runs through it."""
    shown = _short(thing.name)
    if abs(x - MAP_CENTRE) > SIDE_FROM:
        anchor, aside = ("start", x + 48) if x > MAP_CENTRE else ("end", x - 48)
        return text_at(shown, aside, y + 8, class_=f"thing-name at-{anchor}")
    return text_at(shown, x, y - 50 if y < MAP_MIDDLE else y + 66, class_="thing-name")


def home_map(things: Sequence[ThingCard], links: Sequence[LinkView], lang: str) -> Markup:
    """The map of a home for wide screens; the lists beside it say the same in text."""
    places = _places(things)
    drawn = [
        _line(link, places, lang)
        for link in links
        if link.one_id in places and link.other_id in places
    ]
    about = words.text(
        "Map of the home. Things: {things}, links: {links}. The lists below say the same.",
        lang,
        things=len(things),
        links=len(links),
    )
    return Markup(
        '<svg class="map" viewBox="-150 0 1300 560" role="img" aria-label="{}">{}</svg>'
    ).format(
        about,
        Markup("").join(line for line, _sign in drawn)
        + Markup("").join(_thing(thing, *places[thing.id]) for thing in things)
        + Markup("").join(sign for _line_drawn, sign in drawn)
        + Markup("").join(_name(thing, *places[thing.id]) for thing in things),
    )


@lru_cache(maxsize=64)
def qr_path(content: str) -> tuple[Markup, int]:
    """A QR code as one SVG path of unit modules, and its side in modules; M error correction."""
    code = segno.make(content[:500], error="m", micro=False)
    runs: list[str] = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            x += 1
    return shape("path", d="".join(runs), fill="#000"), len(code.matrix)


def qr(content: str, lang: str) -> Markup:
    """A QR code with its quiet zone of four modules (ISO/IEC 18004)."""
    path, side = qr_path(content)
    paper = shape("rect", x=-4, y=-4, width=side + 8, height=side + 8, fill="#fff")
    box = f"-4 -4 {side + 8} {side + 8}"
    return Markup('<svg class="qr" viewBox="{}" role="img" aria-label="{}">{}</svg>').format(
        box, words.text("QR code: opens this label", lang), paper + path
    )


def label_facts(label: LabelView, lang: str) -> list[tuple[str, str]]:
    """The lines under a label: checked, promise of updates, ground, issuer."""
    support = (
        words.text("until {month}", lang, month=words.day(label.support_until, lang))
        if label.support_until is not None
        else words.text("nobody has promised", lang)
    )
    return [
        (words.text("Checked", lang), words.moment(label.checked_at, lang)),
        (words.text("Updates", lang), support),
        (words.text("Stands on", lang), words.named(names.GROUNDS, label.ground, lang)),
        (words.text("Issued by", lang), words.cleaned(label.issuer)),
    ]


def partners_words(count: int, lang: str) -> str:
    """The present cooperation on a label."""
    if count == 0:
        return words.text("none now", lang)
    return words.text("with {count}", lang, count=count)


def _label_cell(x: float, title: str, inside: Markup) -> Markup:
    return text_at(title, x + 100, 112, font_size=20, text_anchor="middle") + inside


def _label_face(label: LabelView, lang: str) -> Markup:
    state = label.state if 0 <= label.state < len(SIGNS) else 0
    level = label.level
    rung, rungs = (level.rung, level.rungs) if level else (0, 5)
    shown = f"{rung} / {rungs}" if level else words.text("No level", lang)
    bars = Markup('<g transform="translate(34 126) scale(1.4)">{}</g>').format(
        _bars(rung, rungs)
        .replace('class="bar-full"', Markup('fill="#0b4f8a"'))
        .replace('class="bar-empty"', Markup('fill="#fff" stroke="#555" stroke-width="1.4"'))
    )
    level_cell = bars + text_at(
        shown, 100, 208, font_size=26, font_weight=700, text_anchor="middle"
    )
    badge = shape(
        "rect", x=226, y=132, width=208, height=58, rx=10,
        fill=STATE_PAPER[state], stroke=STATE_INK[state], stroke_width=2,
    )  # fmt: skip
    word = f"{state_sign(state)} {words.named(names.STATES, str(state), lang)}"
    size = min(26.0, round(186 / width_of(word), 1))
    state_cell = badge + text_at(
        word, 330, 170, font_size=size, font_weight=700, text_anchor="middle", fill=STATE_INK[state]
    )
    together = partners_words(label.partners, lang)
    together_cell = text_at(together, 560, 172, font_size=26, font_weight=700, text_anchor="middle")
    return (
        shape(
            "rect",
            x=4,
            y=80,
            width=652,
            height=146,
            rx=12,
            fill="none",
            stroke="#1b1b1b",
            stroke_width=3,
        )
        + shape("path", d="M210 80V226M450 80V226", stroke="#1b1b1b", stroke_width=2)
        + _label_cell(7, words.text("Steps of protection", lang), level_cell)
        + _label_cell(230, words.text("Now", lang), state_cell)
        + _label_cell(455, words.text("Works together", lang), together_cell)
    )


def width_of(shown: str) -> float:
    """The rough width of a text, in units of its size."""
    return sum(0.6 if character.isascii() else 1.0 for character in shown)


def label_svg(label: LabelView, lang: str) -> str:
    """The common label as a picture that stands alone, readable at 320 px and in one colour."""
    path, side = qr_path(label.url)
    facts = label_facts(label, lang)
    name = words.cleaned(label.name)
    size = min(34.0, round(640 / max(width_of(name), 1), 1))
    lines = Markup("").join(
        text_at(f"{title}  {shown}", 8, 268 + 34 * row, font_size=22)
        for row, (title, shown) in enumerate(facts)
    )
    code = Markup('<g transform="translate(520 252) scale({})">{}</g>').format(
        round(132 / side, 3), path
    )
    about = words.text("Security label of {name}", lang, name=name)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 396" role="img" '
        "font-family=\"'Noto Sans CJK JP','Noto Sans JP','Hiragino Sans',Meiryo,sans-serif\" "
        'fill="#1b1b1b"><title>{}</title>{}</svg>\n'
    ).format(
        about,
        shape("rect", width=660, height=396, fill="#fff")
        + text_at(name, 4, 50, font_size=size, font_weight=700)
        + _label_face(label, lang)
        + lines
        + code,
    )
