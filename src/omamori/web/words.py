"""Words: everything that a page says, Japanese and English, from one place.

Page text is written in English and looked up in a gettext catalogue; reasons are looked up by
key in the tables of `omamori.web.sentences`. Both are total: nothing a page says can fail.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import budoux
from babel import Locale
from babel.dates import format_timedelta
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from omamori.documents.policy import OWN_WORDS
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.web import names, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omamori.documents.reason import Reason, Value

LANGUAGES = ("ja", "en")
"""The first is what a visitor gets who asks for neither."""

TEXT_CHARACTERS_MAX = 400
"""No name or parameter from outside is shown longer than this."""

SHORT_CHARACTERS_MAX = 40
BROKEN_CHARACTERS_MAX = 600
"""Above this, line breaks are left to the browser: BudouX's time grows with the text."""

_COUNTRY = re.compile("[A-Z]{2}")
_GAP = re.compile(r"\{([a-z_0-9]+)(?::(span|time))?\}")
"""A parameter; ``:span`` spells seconds as a length of time, ``:time`` as a time of day."""
# Control characters and the marks that turn the reading direction: a device's name may hold them
# to disguise itself (Unicode Technical Report 36, 2.7).
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@cache
def _page_catalogue() -> dict[str, str]:
    path = Path(__file__).parent / "locale" / "ja" / "LC_MESSAGES" / "omamori.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale="ja", abort_invalid=True)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}


@cache
def tables() -> dict[str, dict[str, str]]:
    """Per language: reason key → sentence with {gaps}, merged from every room's table."""
    merged: dict[str, dict[str, str]] = {"en": {}, "ja": {}}
    for room in sorted(found.name for found in pkgutil.iter_modules(sentences.__path__)):
        table = importlib.import_module(f"{sentences.__name__}.{room}")
        merged["en"].update(table.SENTENCES)
        merged["ja"].update(table.JA)
    return merged


def cleaned(text: str) -> str:
    """Text from outside, bounded and without characters that cannot be seen."""
    shown = _UNSEEN.sub("", text)
    return shown if len(shown) <= TEXT_CHARACTERS_MAX else shown[: TEXT_CHARACTERS_MAX - 1] + "…"


def shortened(text: str) -> str:
    """A name for a card; its own page shows it whole."""
    shown = cleaned(text)
    return shown if len(shown) <= SHORT_CHARACTERS_MAX else shown[: SHORT_CHARACTERS_MAX - 1] + "…"


def _filled(pattern: str, params: Mapping[str, Value], lang: str) -> str:
    def gap(match: re.Match[str]) -> str:
        name, form = match.groups()
        return _spelled(name, form, params[name], lang) if name in params else "…"

    return _GAP.sub(gap, pattern)


_SAID = {
    "wish": "command.wish.", "use": "command.use.", "reading": "command.reading.",
    "asker": "command.who.", "holder": "command.who.",
}  # fmt: skip
"""Parameters whose values are said by sentences of their own."""


def _spelled(name: str, form: str | None, value: Value, lang: str) -> str:
    """A parameter in words; names such as `industry` and `kind` say which words."""
    if isinstance(value, bool):
        return text("yes" if value else "no", lang)
    if isinstance(value, (int, float)):
        if form is not None:
            return moment(value, lang) if form == "time" else duration(value, lang)
        return f"{value:g}" if isinstance(value, float) else str(value)
    if name == "kind":
        return kind_word(value, lang)
    if name == "country":
        return country_word(value, lang)
    return _worded(name, value, lang)


def _worded(name: str, value: str, lang: str) -> str:
    said = tables()[lang].get(_SAID[name] + (value or "somebody")) if name in _SAID else None
    if said is not None:
        return said
    table = names.PARAMETERS.get(name)
    return named(table, value, lang) if table is not None else cleaned(value)


def text(english: str, lang: str, **params: Value) -> str:
    """Page text: `english` itself or its Japanese twin, with {gaps} filled."""
    pattern = english if lang == "en" else _page_catalogue().get(english, english)
    return _filled(pattern, params, lang)


def sentence(reason: Reason, lang: str) -> str:
    """A reason in plain words; total: a key without words says so and shows itself.

    A rule that somebody of this home wrote brings its own sentences.
    """
    pattern = tables()[lang].get(reason.key)
    own = reason.params.get(f"own_{lang}") if reason.key == OWN_WORDS else None
    if isinstance(own, str) and own:
        return cleaned(own)
    if pattern is None:
        return text(
            "There are no plain words for this yet (its sign: {sign}).", lang, sign=reason.key
        )
    return _filled(pattern, reason.params, lang)


def kind_word(kind: str, lang: str) -> str:
    """The kind of a thing, in words."""
    pair = KINDS.get(kind)
    return cleaned(kind) if pair is None else pair[0 if lang == "en" else 1]


@cache
def _territories(lang: str) -> dict[str, str]:
    return {code: str(name) for code, name in Locale(lang).territories.items()}


def country_word(code: str, lang: str) -> str:
    """A country's name by its two letters (ISO 3166-1); others are "country not known"."""
    known = _territories(lang).get(code) if _COUNTRY.fullmatch(code) else None
    return known or text("country not known", lang)


def named(table: Mapping[str, str], key: str, lang: str) -> str:
    """The word for `key` in one of the tables of `names`; a key without a word shows itself."""
    word = table.get(key)
    return cleaned(key) if word is None else text(word, lang)


@cache
def _phrases() -> budoux.Parser:
    return budoux.load_default_japanese_parser()


@lru_cache(maxsize=4096)
def broken(shown: str, lang: str) -> Markup:
    """`shown` as safe HTML; Japanese with <wbr> between phrases, so that no word is torn."""
    if lang != "ja" or len(shown) > BROKEN_CHARACTERS_MAX or shown.isascii():
        return escape(shown)
    phrases: list[str] = []
    for phrase in _phrases().parse(shown):
        # BudouX was not trained on dates and addresses: it may tear 2028 into 202 and 8.
        if phrases and _is_latin(phrases[-1][-1:]) and _is_latin(phrase[:1]):
            phrases[-1] += phrase
        else:
            phrases.append(phrase)
    return Markup("<wbr>").join(escape(phrase) for phrase in phrases)


def _is_latin(character: str) -> bool:
    return character.isascii() and not character.isspace()


def moment(at: float, lang: str) -> str:
    """A time of day on this machine's clock: 11月22日 19時05分, or 22 Nov 19:05."""
    try:
        then = datetime.fromtimestamp(at, tz=UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return "…"
    year = abs((then - datetime.now(tz=UTC)).days) > names.YEAR_SHOWN_DAYS
    if lang == "ja":
        day = f"{then.year}年{then.month}月{then.day}日" if year else f"{then.month}月{then.day}日"
        return f"{day} {then.hour}時{then.minute:02}分"
    return f"{then.day} {then:%b %Y %H:%M}" if year else f"{then.day} {then:%b %H:%M}"


def instant(at: float, lang: str) -> str:
    """The same with its seconds, for what follows one another quickly."""
    shown = moment(at, lang)
    if shown == "…":
        return shown
    seconds = f"{int(at % 60 * 10) / 10:04.1f}"  # cut, for there is no second 60.0
    return f"{shown}{seconds}秒" if lang == "ja" else f"{shown}:{seconds}"


def day(at: float, lang: str) -> str:
    """A month in words, as on a promise of support: 2029年3月, or Mar 2029."""
    try:
        then = datetime.fromtimestamp(at, tz=UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return "…"
    return f"{then.year}年{then.month}月" if lang == "ja" else f"{then:%b %Y}"


def duration(seconds: float, lang: str) -> str:
    """A length of time in one rounded unit: 3 分, or 3 minutes."""
    try:
        span = timedelta(seconds=abs(seconds))
    except (OverflowError, ValueError):
        return "…"
    return format_timedelta(span, threshold=1.2, locale=lang).replace(
        " ", "" if lang == "ja" else " "
    )


def ago(at: float, now: float, lang: str) -> str:
    """How long before `now`: 3分前, or 3 minutes ago."""
    age_s = now - at
    if age_s < names.JUST_NOW_S:
        return text("just now", lang)
    return text("{age_s:span} ago", lang, age_s=age_s)


def choose_language(asked: str | None, remembered: str | None, accepted: str) -> str:
    """The language by query, cookie, then Accept-Language (RFC 9110, 12.5.4); Japanese first."""
    for wish in (asked, remembered):
        if wish in LANGUAGES:
            return wish
    best, best_weight = LANGUAGES[0], 0.0
    for part in accepted[:200].split(","):
        tag, _, weight_text = part.strip().partition(";q=")
        lang = tag.strip().lower().split("-")[0]
        weight = _weight(weight_text)
        if lang in LANGUAGES and weight > best_weight:
            best, best_weight = lang, weight
    return best


def _weight(shown: str) -> float:
    if not shown:
        return 1.0
    match = re.fullmatch(r"[01](\.[0-9]{0,3})?", shown.strip())
    return min(float(match.group()), 1.0) if match else 0.0
