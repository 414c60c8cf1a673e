"""Rules in words: what a rule asks about, with the values that fit, as short as they can be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.level import RUNGS_MAX
from omamori.hub.points import ACTS, HARMS
from omamori.web import names, names_points, names_protect, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omamori.documents.reason import Value

VALUES_SHOWN_MAX = 6
HOURS = 24

_TABLES: dict[str, Mapping[str, str]] = {
    "purpose": names.PURPOSES,
    "act": names_protect.ACTS,
    "point": names_points.POINTS,
    "asker_industry": names.INDUSTRIES,
    "target_industry": names.INDUSTRIES,
    "industries": names_protect.RELATIONS,
    "ground": names.GROUNDS,
    "slot": names_protect.SLOTS,
    "channel": names_protect.CHANNELS,
    "harm": names_protect.HARMS,
    "grant": names_protect.GRANTS,
}
_ORDERS: dict[str, tuple[Value, ...]] = {
    "act": ACTS,
    "harm": HARMS,
    "rung": tuple(range(RUNGS_MAX + 1)),
    "hour": tuple(range(HOURS)),
}


def condition(name: str, values: tuple[Value, ...], lang: str) -> str:
    """One condition: what it is about, and which values fit."""
    about = words.named(names_protect.RULE_ABOUT, name, lang)
    order = _ORDERS.get(name)
    said = _spanned(name, values, order, lang) if order else ""
    return words.text(
        "{about}: {said}", lang, about=about, said=said or _listed(name, values, lang)
    )


def _spanned(name: str, values: tuple[Value, ...], order: tuple[Value, ...], lang: str) -> str:
    """Values that follow one another as a span; empty where they do not."""
    places = sorted(order.index(one) for one in values if one in order)
    if len(places) != len(values) or len(places) <= 1:
        return ""
    # The hours are a circle: a gap in the middle is the day of a rule for the night.
    gaps = [at for at in range(1, len(places)) if places[at] != places[at - 1] + 1]
    if gaps and not (
        name == "hour" and len(gaps) == 1 and places[0] == 0 and places[-1] == HOURS - 1
    ):
        return ""
    first, last = (gaps[0], gaps[0] - 1) if gaps else (0, -1)
    low, high = order[places[first]], order[places[last]]
    if high == order[-1] and not gaps and name != "hour":
        return words.text("at least {low}", lang, low=_one(name, low, lang))
    if low == order[0] and not gaps and name != "hour":
        return words.text("at most {high}", lang, high=_one(name, high, lang))
    return words.text(
        "from {low} to {high}", lang, low=_one(name, low, lang), high=_one(name, high, lang)
    )


def _listed(name: str, values: tuple[Value, ...], lang: str) -> str:
    comma = words.text(", ", lang)
    shown = comma.join(_one(name, one, lang) for one in values[:VALUES_SHOWN_MAX])
    left = len(values) - VALUES_SHOWN_MAX
    if left <= 0:
        return shown
    return words.text("{shown} and {count} more", lang, shown=shown, count=left)


def _one(name: str, value: Value, lang: str) -> str:
    """One value in words."""
    if isinstance(value, bool):
        return words.text("yes" if value else "no", lang)
    if name == "hour":
        return words.text("{hour} o'clock", lang, hour=value)
    if name == "rung" and value:
        return f"Lv.{value}"
    return _named(name, str(value), lang)


def _named(name: str, value: str, lang: str) -> str:
    if name == "rung":
        return words.text("No level", lang)
    if name in {"asker_kind", "target_kind"}:
        is_person = value == "person"
        return (
            words.text("a person", lang) if is_person else words.kind_word(value or "unknown", lang)
        )
    if not value and name not in {"asker_industry", "target_industry"}:
        return words.text("none", lang)
    return words.named(_TABLES.get(name, {}), value, lang)
