"""Draw talk: who talks to whom as a map, large and for a phone, and talk by the hour as bars.

Widths go in four steps, each with its word beside it; the table under every picture says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from omamori.web import talk_words, words
from omamori.web.draw import shape, text_at, width_of
from omamori.web.views import ATTENTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omamori.web.views_talk import TalkEdge, TalkNode, TalkView

BARS_MAX = 28
BARS_WIDE, BARS_HALF = 300.0, 54.0
STROKES = (1.5, 2.5, 5.0, 9.0, 14.0)
"""Widths of a line, by `talk_words.amount_step`."""

PLACES_MAX, THINGS_MAX = 6, 24
"""Countries and things on the large map; what is left out is in the table."""

PHONE_THINGS_MAX = 10
COLUMNS = 6
MAP_WIDE, ROUTER_Y, FIRST_ROW_Y, ROW_HEIGHT = 1200.0, 215.0, 350.0, 118.0
PHONE_WIDE, PHONE_ROW, PHONE_LEFT, PHONE_RIGHT = 300.0, 58.0, 138.0, 192.0
PHONE_NAME_WIDTH, PHONE_PLACE_WIDTH, MAP_NAME_WIDTH = 7.6, 5.9, 8.6
HERE, ELSEWHERE = "=home", "=elsewhere"
"""Ends that stand for many: talk at home, and the countries that find no room of their own."""


class End(NamedTuple):
    """One end of lines on a map: its name, and the words under it."""

    name: str
    below: str
    is_odd: bool = False


def fitted(name: str, width: float) -> str:
    """A name cut to a width, in units of its letters' size."""
    shown = words.cleaned(name)
    if width_of(shown) <= width:
        return shown
    while shown and width_of(shown) > width - 1:
        shown = shown[:-1]
    return shown + "…"


def hour_bars(hours: Sequence[tuple[float, int, int]], lang: str) -> Markup:
    """Talk by the hour: sent upwards and full, received downwards and hollow."""
    merged = _merged(hours)
    most = max((max(sent, got) for _at, sent, got in merged), default=0)
    if not most:
        return Markup("")
    step = BARS_WIDE / len(merged)
    shapes = []
    for position, (_at, sent, got) in enumerate(merged):
        x, wide = round(position * step + step * 0.12, 1), round(step * 0.76, 1)
        for octets, sign in ((sent, -1), (got, 1)):
            if not octets:
                continue
            high = round(max(3.0, BARS_HALF * octets / most), 1)
            y = BARS_HALF + 3 - high if sign < 0 else BARS_HALF + 7
            sort = "hour-sent" if sign < 0 else "hour-got"
            shapes.append(shape("rect", x=x, y=round(y, 1), width=wide, height=high, class_=sort))
    shapes.append(shape("path", d=f"M0 {BARS_HALF + 5}H{BARS_WIDE:.0f}", class_="hour-axis"))
    busiest = max(merged, key=lambda one: one[1] + one[2])
    about = words.text(
        "Talk over time: sent upwards, received downwards. Most at {at:time}, up to {most}.",
        lang,
        at=busiest[0],
        most=talk_words.amount(most),
    )
    return Markup(
        '<svg class="hours" viewBox="0 0 300 118" role="img" aria-label="{}">{}</svg>'
    ).format(about, Markup("").join(shapes))


def hour_marks(hours: Sequence[tuple[float, int, int]], lang: str) -> list[str]:
    """Three marks of time under the bars."""
    if not hours:
        return []
    days = len(hours) > BARS_MAX
    ends = (hours[0][0], hours[len(hours) // 2][0])
    marks = [talk_words.hour_mark(at, lang, days=days) for at in ends]
    return [*marks, words.text("now", lang)]


def _merged(hours: Sequence[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """At most ``BARS_MAX`` bars: hours are joined where there are more."""
    each = -(-len(hours) // BARS_MAX) or 1
    found = []
    for first in range(0, len(hours), each):
        part = hours[first : first + each]
        found.append((part[0][0], sum(one[1] for one in part), sum(one[2] for one in part)))
    return found


class Drawing:
    """What both maps share: the edges between known points, and the countries with most talk."""

    def __init__(self, view: TalkView, lang: str) -> None:
        self.lang = lang
        self.nodes = {node.id: node for node in view.nodes}
        self.edges = [e for e in view.edges if e.one in self.nodes and e.other in self.nodes]
        self.amounts: dict[str, int] = {}
        self.odd = {"+" + node.id for node in view.nodes if node.state >= ATTENTION}
        for edge in self.edges:
            ends = {self.end_of(edge.one), self.end_of(edge.other)}
            for end in ends:
                self.amounts[end] = self.amounts.get(end, 0) + edge.sent + edge.received
            if edge.is_odd:
                self.odd |= ends
        codes = {node.country for node in view.nodes if node.place == "outside"}
        busiest = sorted(codes, key=lambda code: -self.amounts.get("-" + code, 0))
        self.countries = busiest[:PLACES_MAX]
        self.is_cut = len(busiest) > PLACES_MAX

    def end_of(self, node_id: str) -> str:
        """A thing is its own end (``+``); what is outside stands under its country (``-``)."""
        node = self.nodes[node_id]
        return "+" + node_id if node.place != "outside" else "-" + node.country

    def place_of(self, end: str) -> str:
        """The country's own end, or the one for all the others."""
        return end if end[1:] in self.countries else ELSEWHERE

    def place_ends(self) -> dict[str, End]:
        """The ends outside, with their names and how much goes there."""
        found = {}
        for code in self.countries:
            end = "-" + code
            word = talk_words.amount_word(self.amounts.get(end, 0), self.lang)
            found[end] = End(talk_words.country(code, self.lang), word, end in self.odd)
        if self.is_cut:
            rest = [e for e in self.amounts if e.startswith("-") and self.place_of(e) == ELSEWHERE]
            word = talk_words.amount_word(sum(self.amounts[e] for e in rest), self.lang)
            odd = any(e in self.odd for e in rest)
            found[ELSEWHERE] = End(words.text("elsewhere", self.lang), word, odd)
        return found

    def things(self, most: int) -> list[TalkNode]:
        """Things that talk, those of one kind together; what is odd and the busiest if too many."""
        inside = [
            n for n in self.nodes.values() if n.place == "home" and "+" + n.id in self.amounts
        ]
        inside.sort(key=lambda n: ("+" + n.id not in self.odd, -self.amounts["+" + n.id]))
        return sorted(inside[:most], key=lambda node: (node.kind, node.name))

    def thing_end(self, node: TalkNode) -> End:
        """A thing as an end."""
        word = talk_words.amount_word(self.amounts.get("+" + node.id, 0), self.lang)
        return End(node.name, word, "+" + node.id in self.odd)


def _box(end: End, x: float, y: float, wide: float, high: float, sort: str, fit: float) -> Markup:
    """A rounded box with a name and a word; an odd one has the sign of attention, too."""
    odd = " is-odd" if end.is_odd else ""
    below = f"▲ {end.below}" if end.is_odd else end.below
    return (
        shape(
            "rect", x=x - wide / 2, y=y - high / 2, width=wide, height=high, rx=12,
            class_=f"end {sort}{odd}",
        )
        + text_at(fitted(end.name, fit), x, y - 3, class_="end-name")
        + text_at(below, x, y + high / 2 - 9, class_="end-word")
    )  # fmt: skip


def _curve(path: str, edges: list[TalkEdge], lang: str) -> Markup:
    """One line for all talk between two ends that is odd, or that is not."""
    octets = sum(edge.sent + edge.received for edge in edges)
    width = STROKES[talk_words.amount_step(octets)]
    sort = "talk is-odd" if edges[0].is_odd else "talk"
    title = talk_words.amount_word(octets, lang)
    return Markup('<path d="{}" class="{}" stroke-width="{}"><title>{}</title></path>').format(
        path, sort, width, title
    )


def talk_map(view: TalkView, lang: str) -> Markup:
    """The large map: outside above, this home's router in the middle, the things below."""
    drawing = Drawing(view, lang)
    things, outside = drawing.things(THINGS_MAX), drawing.place_ends()
    spots: dict[str, tuple[float, float]] = {
        "+" + node.id: (MAP_WIDE / 2, ROUTER_Y)
        for node in view.nodes
        if node.place in ("router", "group")
    }
    rows = [things[at : at + COLUMNS] for at in range(0, len(things), COLUMNS)]
    for row, members in enumerate(rows):
        for column, node in enumerate(members):
            x = MAP_WIDE * (column + 0.5) / len(members)
            spots["+" + node.id] = (round(x, 1), FIRST_ROW_Y + ROW_HEIGHT * row)
    for column, end in enumerate(outside):
        spots[end] = (round(MAP_WIDE * (column + 0.5) / len(outside), 1), 60.0)
    sums: dict[tuple[str, str, bool], list[TalkEdge]] = {}
    for edge in drawing.edges:
        ends = [drawing.end_of(edge.one), drawing.end_of(edge.other)]
        one, other = sorted(drawing.place_of(end) if end.startswith("-") else end for end in ends)
        if one in spots and other in spots:
            sums.setdefault((one, other, edge.is_odd), []).append(edge)
    lines = [
        _curve(_map_path(spots[one], spots[other]), edges, lang)
        for (one, other, _odd), edges in sorted(sums.items(), key=lambda found: found[0][2])
    ]
    router = next((node.name for node in view.nodes if node.place == "router"), "")
    middle = End(router or words.text("this home's router", lang), words.text("the way out", lang))
    boxes = [_box(middle, MAP_WIDE / 2, ROUTER_Y, 216, 76, "end-router", 10.6)]
    boxes += [
        _box(end, *spots[key], 176, 72, "end-out", MAP_NAME_WIDTH) for key, end in outside.items()
    ]
    boxes += [
        _box(drawing.thing_end(node), *spots["+" + node.id], 176, 72, "end-thing", MAP_NAME_WIDTH)
        for node in things
    ]
    high = FIRST_ROW_Y + ROW_HEIGHT * max(len(rows) - 1, 0) + 60
    return _framed("talk-map", MAP_WIDE, high, drawing, lines, boxes)


def _map_path(one: tuple[float, float], other: tuple[float, float]) -> str:
    """Talk with the outside bends through the router; talk at home bends below it."""
    (x1, y1), (x2, y2) = one, other
    if min(y1, y2) < ROUTER_Y < max(y1, y2):
        return f"M{x1} {y1}Q{MAP_WIDE / 2} {ROUTER_Y} {x2} {y2}"
    cy = round((y1 + y2) / 2 - 50 - abs(x1 - x2) / 12, 1)
    return f"M{x1} {y1}Q{round((x1 + x2) / 2, 1)} {cy} {x2} {y2}"


def phone_map(view: TalkView, lang: str) -> Markup:
    """The simple map for a phone: things on the left; this home and countries on the right."""
    drawing = Drawing(view, lang)
    things, right = drawing.things(PHONE_THINGS_MAX), drawing.place_ends()
    left = {"+" + node.id: drawing.thing_end(node) for node in things}
    sums: dict[tuple[str, str, bool], list[TalkEdge]] = {}
    for edge in drawing.edges:
        ends = (drawing.end_of(edge.one), drawing.end_of(edge.other))
        for end, far in (ends, ends[::-1]):
            if end in left:
                aim = drawing.place_of(far) if far.startswith("-") else HERE
                sums.setdefault((end, aim, edge.is_odd), []).append(edge)
    # Talk between two things here stands under both of them, and counts once.
    here = {id(e): e for (_end, aim, _odd), found in sums.items() if aim == HERE for e in found}
    if here:
        step = talk_words.amount_word(sum(e.sent + e.received for e in here.values()), lang)
        odd = any(edge.is_odd for edge in here.values())
        at_home = End(words.text("in this home", lang), step, odd)
        right = {HERE: at_home, **right}
    high = PHONE_ROW * max(len(left), len(right), 1)
    spots = {key: _row(at, len(left), high) for at, key in enumerate(left)}
    aims = {key: _row(at, len(right), high) for at, key in enumerate(right)}
    lines = [
        _curve(_phone_path(spots[end], aims[aim]), edges, lang)
        for (end, aim, _odd), edges in sorted(sums.items(), key=lambda found: found[0][2])
    ]
    near, beyond = PHONE_LEFT - 2, PHONE_WIDE - PHONE_RIGHT - 2
    boxes = [
        _box(end, near / 2 + 1, spots[key], near, 50, "end-thing", PHONE_NAME_WIDTH)
        for key, end in left.items()
    ]
    boxes += [
        _box(
            end,
            PHONE_RIGHT + beyond / 2 + 1,
            aims[key],
            beyond,
            50,
            "end-out",
            PHONE_PLACE_WIDTH,
        )
        for key, end in right.items()
    ]
    return _framed("talk-phone", PHONE_WIDE, high, drawing, lines, boxes)


def _phone_path(y1: float, y2: float) -> str:
    middle = (PHONE_LEFT + PHONE_RIGHT) / 2
    return f"M{PHONE_LEFT - 4} {y1}C{middle} {y1} {middle} {y2} {PHONE_RIGHT + 4} {y2}"


def _row(position: int, count: int, high: float) -> float:
    return round(high * (position + 0.5) / max(count, 1), 1)


def _framed(
    sort: str,
    wide: float,
    high: float,
    drawing: Drawing,
    lines: list[Markup],
    boxes: list[Markup],
) -> Markup:
    about = words.text(
        "Map of talk: {count} pairs. Thicker lines carry more. The table says the same.",
        drawing.lang,
        count=len(drawing.edges),
    )
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        sort, f"{wide:.0f}", f"{high:.0f}", escape(about), Markup("").join([*lines, *boxes])
    )
