"""Protection in words: points and their values as a family says them, and values as it writes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from omamori.documents.reason import RefusedError
from omamori.hub.points import BOOL, CHOICE, NUMBER, POINTS, TEXT, WHOLE
from omamori.web import names_points, names_protect, words

if TYPE_CHECKING:
    from omamori.documents.reason import Value
    from omamori.hub.points import Given

TEXT_GIVEN_MAX = 200
NUMBER_CHARACTERS_MAX = 12
"""No point means anything with more digits."""

NUMBERS = (WHOLE, NUMBER)


class GivenError(RefusedError):
    """A value that a point cannot have."""


def point(name: str, lang: str) -> str:
    """What a point is, in words; one without words shows its sign."""
    return words.named(names_points.POINTS, name, lang)


def number(shown: float, unit: str, lang: str) -> str:
    """A number with its unit: 2,000 W, 21.5 °C."""
    if not math.isfinite(shown):
        return "…"
    figure = f"{shown:,.0f}" if float(shown).is_integer() else f"{shown:,.2f}".rstrip("0")
    sign = words.text("times a minute", lang) if unit == "/min" else unit
    space = "" if sign in {"", "%"} else "\u00a0"
    return figure.replace("-", "−") + space + sign


def value(name: str, given: Value | None, lang: str) -> str:
    """The value of a point in words; none is a dash."""
    if given is None:
        return "–"
    known = POINTS.get(name)
    form = known.form if known else ""
    if isinstance(given, bool):
        yes, no = names_points.BOOLS.get(name, names_points.BOOLS[""])
        return words.named(names_points.VALUES, yes if given else no, lang)
    if isinstance(given, (int, float)):
        if name == "charge_w" and given:
            amount = number(abs(given), "W", lang)
            if given < 0:
                return words.text("gives {amount}", lang, amount=amount)
            return words.text("takes {amount}", lang, amount=amount)
        return number(given, known.unit if known else "", lang)
    return words.named(names_points.VALUES, given, lang) if form == CHOICE else given


def envelope(name: str, low: float, high: float, lang: str) -> str:
    """A safe range in words."""
    if name == "charge_w" and low < 0 < high:
        gives, takes = number(-low, "W", lang), number(high, "W", lang)
        return words.text(
            "gives at most {gives}, takes at most {takes}", lang, gives=gives, takes=takes
        )
    return words.text(
        "from {low} to {high}", lang, low=value(name, low, lang), high=value(name, high, lang)
    )


def form_of(name: str) -> str:
    """How a value of this point is written: its form in `hub.points`; text for what nobody knows."""
    known = POINTS.get(name)
    return known.form if known else TEXT


def options(name: str, lang: str) -> list[tuple[str, str]]:
    """What can be chosen at a point that is yes or no, or one of several: (sign, word)."""
    known = POINTS.get(name)
    if known is None:
        return []
    if known.form == BOOL:
        return [("yes", value(name, True, lang)), ("no", value(name, False, lang))]  # noqa: FBT003
    return [(one, value(name, one, lang)) for one in known.choices]


def given(name: str, written: str) -> Given:
    """The value that a person wrote for a point.

    Raises:
        GivenError: `web.choice-unknown`, `protect.not-a-number` or `protect.out-of-range`.
    """
    known = POINTS.get(name)
    if known is None:
        raise GivenError("web.choice-unknown")
    if known.form in NUMBERS:
        return _numbered(name, written.strip(), whole=known.form == WHOLE)
    if known.form == BOOL and written in {"yes", "no"}:
        return written == "yes"
    if known.form == CHOICE and written in known.choices:
        return written
    if known.form == TEXT and 0 < len(written) <= TEXT_GIVEN_MAX:
        return words.cleaned(written)
    raise GivenError("web.choice-unknown")


def _numbered(name: str, written: str, *, whole: bool) -> int | float:
    known = POINTS[name]
    if len(written) > NUMBER_CHARACTERS_MAX:
        raise GivenError("protect.not-a-number")
    try:
        shown = float(written.replace("−", "-"))
    except ValueError:
        raise GivenError("protect.not-a-number") from None
    if not known.low <= shown <= known.high:  # also what is no number at all
        low, high = known.low, known.high
        raise GivenError("protect.out-of-range", {"low": low, "high": high, "unit": known.unit})
    return round(shown) if whole else shown


def unit(name: str) -> str:
    """The unit of a point."""
    known = POINTS.get(name)
    return known.unit if known else ""


def condition_read(name: str, low: float, high: float, when: str, lang: str) -> str:
    """What another point must read for a value to be set."""
    if not math.isfinite(high):
        span = words.text("at least {low}", lang, low=value(name, low, lang))
    elif not math.isfinite(low):
        span = words.text("at most {high}", lang, high=value(name, high, lang))
    else:
        span = envelope(name, low, high, lang)
    pattern = names_protect.CONDITIONS.get(when, names_protect.CONDITIONS["any"])
    return words.text(pattern, lang, point=point(name, lang), range=span)


def fact(key: str, told: Value, lang: str) -> str:
    """A fact of responsibility as the record has it, in words."""
    if key.endswith("until") and isinstance(told, (int, float)):
        return words.moment(told, lang)
    shown = str(told)
    table = {
        "channel": names_protect.CHANNELS,
        "slot": names_protect.SLOTS,
        "holder_slot": names_protect.SLOTS,
        "envelope": names_protect.ENVELOPE_SOURCES,
        "asker": names_protect.CHANNELS,  # who is not named is told by the way it came
        "holder": names_protect.CHANNELS,
    }.get(key, {})
    return words.text(", ", lang).join(
        words.named(table, one, lang) for one in shown.split(",") if one
    )
