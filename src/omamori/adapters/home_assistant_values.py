"""Values as Home Assistant writes them: texts, spans, clocks, entities, states; bounded and typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from omamori.documents import automation as doc

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT_MAX = doc.TEXT_MAX

_SPAN = re.compile(r"(\d{1,3}):(\d{1,2})(?::(\d{1,2}))?")
_ENTITY = re.compile(r"[a-z_0-9]+\.[A-Za-z0-9_]+")
_SPANS_S = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}


def text(told: object) -> str:
    """Any value as short text."""
    return str(told)[:TEXT_MAX] if told is not None else ""


def many(told: object) -> list[Any]:
    """One or several as a list, bounded."""
    if told is None:
        return []
    return list(told[: doc.PARTS_MAX]) if isinstance(told, list) else [told]


def entities(told: object) -> Iterator[str]:
    """The entity ids in a field: a list, one, or several with commas; templates are none."""
    for one in many(told):
        for name in str(one).split(",") if isinstance(one, str) else ():
            bare = name.strip()
            if len(bare) <= TEXT_MAX and _ENTITY.fullmatch(bare):
                yield bare


def seconds(told: object) -> float:
    """A length of time in seconds; 0 for a template or nonsense."""
    total = 0.0
    if isinstance(told, (int, float)) and not isinstance(told, bool):
        total = float(told)
    elif isinstance(told, dict):
        for name, size in _SPANS_S.items():
            part = told.get(name)
            if isinstance(part, (int, float)) or (isinstance(part, str) and part.isdigit()):
                total += float(part) * size
    elif isinstance(told, str):
        sign, bare = (-1, told[1:]) if told[:1] == "-" else (1, told.removeprefix("+"))
        match = _SPAN.fullmatch(bare.strip())
        if match:
            hours, minutes, rest = match.groups()
            total = sign * (int(hours) * 3600 + int(minutes) * 60 + int(rest or 0))
        elif bare.isdigit() and len(bare) < 10:  # noqa: PLR2004 - longer is beyond any limit
            total = sign * float(bare)
    return total if abs(total) <= doc.SECONDS_MAX else 0.0


def value_of(told: object) -> doc.Value:
    """A state as Home Assistant has it; YAML 1.1's on and off are states, too."""
    if isinstance(told, (bool, int, float)):
        return told if abs(told) < 1e12 else 0  # noqa: PLR2004 - no state of a home is larger
    told = text(told)
    return None if "{{" in told or "{%" in told else told


def values_of(told: object) -> doc.Value | tuple[doc.Value, ...]:
    """One state, or a list of them; None where a template may give any."""
    if not isinstance(told, list):
        return value_of(told) if told is not None else None
    found = tuple(value_of(one) for one in many(told))
    return None if not found or None in found else found


def clock(told: object) -> str:
    """A time of day; YAML 1.1 reads 7:30 as a number of base sixty."""
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 86_400:  # noqa: PLR2004 - a day
        hours, rest = divmod(told, 3600)
        return f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    bare = text(told).strip()
    return bare if doc.minute_of(bare) >= 0 else ""


def bound(told: object) -> float | None:
    """A bound of a comparison as a number; None for a helper's name or a template."""
    if isinstance(told, bool) or not isinstance(told, (int, float, str)):
        return None
    try:
        number = float(told)
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None  # noqa: PLR2004 - no state of a home is larger
