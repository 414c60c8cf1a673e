"""Talk in words: amounts, countries and services, as a family says them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from omamori.web import names, words

if TYPE_CHECKING:
    from markupsafe import Markup

AMOUNT_STEPS = (1, 100_000, 10_000_000, 1_000_000_000)
"""Octets from which an amount is a little (a letter), some (pictures), much (music), very much (films)."""

MESSAGE_READ_MAX = 120
"""Characters of a message's sign that are looked at."""

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_THOUSAND = 1000
_TEN = 10
_SERVICE = re.compile(r"(?:tcp|udp)/[0-9]{1,5}|[a-z0-9/]{1,12}")


def amount_step(octets: int) -> int:
    """How much that is, from 0 (nothing) to 4 (very much)."""
    return sum(octets >= least for least in AMOUNT_STEPS)


def amount(octets: int) -> str:
    """An amount with its unit: 840 B, 3.2 MB (SI prefixes, as disks are sold)."""
    size, unit = float(max(octets, 0)), 0
    while size >= _THOUSAND - 0.5 and unit < len(_UNITS) - 1:
        size, unit = size / _THOUSAND, unit + 1
    shown = f"{size:.1f}" if unit and size < _TEN else f"{size:.0f}"
    return f"{shown}\u00a0{_UNITS[unit]}"


def amount_word(octets: int, lang: str) -> str:
    """How much that is, in a word."""
    return words.named(names.AMOUNTS, str(amount_step(octets)), lang)


def country(code: str, lang: str) -> str:
    """See `words.country_word`."""
    return words.country_word(code, lang)


def service(sign: str, lang: str) -> str:
    """A service such as ``tcp/443`` in plain words; one without words shows its sign."""
    word = names.SERVICES.get(sign)
    if word is not None:
        return words.text(word, lang)
    shown = sign if _SERVICE.fullmatch(sign) else words.shortened(sign)
    return words.text("something else ({sign})", lang, sign=shown)


def message(what: str, lang: str) -> str:
    """What a message was about, in plain words; empty where there are none for it."""
    spoken = names.MESSAGES.get(what.partition(".")[0] if "." in what else what)
    if spoken is not None:
        return words.text(spoken, lang)
    signs = (names.SERVICES.get(token) for token in what[:MESSAGE_READ_MAX].split())
    return next((words.text(word, lang) for word in signs if word), "")


def services(signs: tuple[str, ...], lang: str) -> Markup:
    """Services in words, each word once, in the order given."""
    said = dict.fromkeys(service(sign, lang) for sign in signs)
    return words.broken(words.text(", ", lang).join(said), lang)


def hour_mark(at: float, lang: str, *, days: bool) -> str:
    """A mark under a picture of hours: 19時, or the day where many days are shown."""
    try:
        then = datetime.fromtimestamp(at, tz=UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return "…"
    if days:
        return f"{then.month}/{then.day}" if lang == "ja" else f"{then.day} {then:%b}"
    return f"{then.hour}時" if lang == "ja" else f"{then.hour}:00"
