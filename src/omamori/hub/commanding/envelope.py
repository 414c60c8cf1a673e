"""Envelope: the values that a point of a thing may never leave, whoever commands.

It lies at home and holds with every service hostile (ASTM F3269, run-time assurance; the Simplex
architecture). All envelopes of a thing hold at once: what its kind may do, what its maker says, what
a person says. None can widen another.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from omamori.documents.reason import Reason
from omamori.hub.points import BOOL, CHOICE, LOOK, POINTS, TEXT, WHOLE, Given, Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TEXT_CHARACTERS_MAX = 2000  # an address of content or of firmware; RFC 9110 asks for 8000, of URIs
CHOICES_MAX = 32
CONDITION_AGE_S_MAX = 3600.0
"""A reading older than this says nothing; what depends on it is not done. Our own figure."""

POINT, KIND, MAKER, HOUSEHOLD = "point", "kind", "maker", "person"
"""Whose word an envelope is: the point's own meaning, the kind's default, the maker's, a person's."""

NEGATIVE, POSITIVE, ANY = "negative", "positive", "any"


class Condition(msgspec.Struct, frozen=True):
    """What another point of the thing must read for a value to be set.

    Attributes:
        when: for which values it holds: ``negative``, ``positive`` or ``any``.
    """

    point: str
    low: float = -float("inf")
    high: float = float("inf")
    when: str = ANY

    def is_for(self, value: Given) -> bool:
        """Whether it is asked for this value."""
        if self.when == ANY or isinstance(value, str):
            return True
        return value < 0 if self.when == NEGATIVE else value > 0


class Envelope(msgspec.Struct, frozen=True):
    """The values that a point may have.

    Attributes:
        low, high: inclusive.
        choices: what may be set at all; None for anything.
        step_max_per_min: by how much a command from elsewhere may change it in a minute; 0 for any.
        changes_max_per_hour: how often commands from elsewhere may change it; 0 for any.
        conditions: what must be read for it.
        rest: what it goes back to when no command is left; None leaves it as it is.
    """

    point: str
    low: float = -float("inf")
    high: float = float("inf")
    choices: Annotated[tuple[Given, ...], Meta(max_length=CHOICES_MAX)] | None = None
    step_max_per_min: float = 0.0
    changes_max_per_hour: float = 0.0
    conditions: Annotated[tuple[Condition, ...], Meta(max_length=4)] = ()
    rest: Given | None = None


CHARGE_FLOOR_PERCENT = 20.0
_FLOOR = (Condition("state_of_charge_percent", low=CHARGE_FLOOR_PERCENT, when=NEGATIVE),)

_COMPRESSORS_AND_HEAT = (
    "air-conditioner", "refrigerator", "water-heater", "heater", "fuel-cell", "storage-battery",
    "ev-charger", "washer", "plug", "appliance", "unknown", "",
)  # fmt: skip
"""A compressor that is switched on again within minutes stalls against its own pressure, and the
contactor of a heater wears out; behind a plug there can be either. Lamps and televisions may be
switched as often as their origin may ask."""

OF_KIND: dict[tuple[str, str], Envelope] = {
    (kind, envelope.point): envelope
    for kind, envelope in (
        # A home battery of usual size; 3 kW to 5.5 kW are sold in Japan.
        ("storage-battery", Envelope("charge_w", -6000, 6000, conditions=_FLOOR)),
        ("car", Envelope("charge_w", -6000, 11_000, conditions=_FLOOR)),
        ("ev-charger", Envelope("charge_w", -6000, 11_000)),
        ("ev-charger", Envelope("charge_limit_a", 0, 32)),  # IEC 61851-1, mode 3 at home
        ("air-conditioner", Envelope("target_temperature_c", 16, 32)),
        ("thermostat", Envelope("target_temperature_c", 5, 30)),
        ("heater", Envelope("target_temperature_c", 5, 28)),
        ("refrigerator", Envelope("target_temperature_c", -25, 10)),
        ("bath", Envelope("water_temperature_c", 20, 48)),  # ISO 13732-1: ten minutes at 48 °C burn
        ("water-heater", Envelope("water_temperature_c", 30, 75)),
        *((kind, Envelope("power", changes_max_per_hour=20)) for kind in _COMPRESSORS_AND_HEAT),
    )
}
"""By kind and point; proposals, published here."""

OF_POINT: dict[str, Envelope] = {
    envelope.point: envelope
    for envelope in (
        Envelope("charge_w", changes_max_per_hour=60, rest=0),
        Envelope("charge_limit_a", changes_max_per_hour=60),
        Envelope("locked", changes_max_per_hour=20),
        Envelope("position_percent", changes_max_per_hour=20),
        Envelope("valve_open", changes_max_per_hour=12),
        Envelope("water_temperature_c", changes_max_per_hour=12),
        Envelope("cook", changes_max_per_hour=12, rest=False),
        Envelope("siren", changes_max_per_hour=12, rest=False),
        Envelope("drive", changes_max_per_hour=12),
        Envelope("dose_u", 0, 25, changes_max_per_hour=2),
        Envelope("pacing_bpm", 40, 180, changes_max_per_hour=4),
        Envelope("firmware", changes_max_per_hour=2),
    )
}
"""For any kind: relays, locks and bodies wear out by being switched; our own figures."""

CONDITION_POINTS = frozenset(
    condition.point
    for envelope in (*OF_KIND.values(), *OF_POINT.values())
    for condition in envelope.conditions
)


def form_of(point: str, value: object) -> Reason | None:
    """Why a value cannot be one of this point, whatever the thing; None where it can."""
    known = POINTS.get(point)
    if known is None:
        return Reason("command.unknown-point")
    if known.act == LOOK:
        return Reason("command.only-read")
    return form_of_reading(known, value)


def form_of_reading(point: Point, value: object) -> Reason | None:
    """The same for a value that was read."""
    if point.form == BOOL:
        return None if isinstance(value, bool) else _wrong(point)
    if point.form in {CHOICE, TEXT}:
        return _text(point, value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _wrong(point)
    return _number(point, value)


def _number(point: Point, value: float) -> Reason | None:
    if isinstance(value, float) and not isfinite(value):
        return Reason("command.not-a-number")
    if point.form == WHOLE and isinstance(value, float) and not value.is_integer():
        return _wrong(point)
    if point.low <= value <= point.high:
        return None
    return Reason("command.impossible", {"low": point.low, "high": point.high, "unit": point.unit})


def _text(point: Point, value: object) -> Reason | None:
    if not isinstance(value, str):
        return _wrong(point)
    if point.form == CHOICE:
        return None if value in point.choices else Reason("command.not-a-choice")
    if len(value) > TEXT_CHARACTERS_MAX or not is_sound(value):
        return Reason("command.too-long", {"max": TEXT_CHARACTERS_MAX})
    return None


def is_sound(text: str) -> bool:
    """No half of a surrogate pair: it could be neither kept nor sent."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _wrong(point: Point) -> Reason:
    return Reason("command.wrong-form", {"form": point.form})


def value_outside(envelope: Envelope, value: Given) -> Reason | None:
    """Why a value leaves this envelope, if it does."""
    if envelope.choices is not None and value not in envelope.choices:
        return Reason("command.not-here")
    if isinstance(value, (bool, str)):
        return None
    if envelope.low <= value <= envelope.high:
        return None
    low, high = max(envelope.low, -1e9), min(envelope.high, 1e9)
    return Reason(
        "command.outside", {"low": low, "high": high, "unit": POINTS[envelope.point].unit}
    )


def condition_unmet(
    envelope: Envelope, value: Given, readings: Mapping[str, tuple[Given, float]], now: float
) -> Reason | None:
    """Why the thing's state does not allow it, if it does not; what nobody has read allows nothing."""
    for condition in envelope.conditions:
        if not condition.is_for(value):
            continue
        reading, at = readings.get(condition.point, (None, 0.0))
        if reading is None or isinstance(reading, str) or at < now - CONDITION_AGE_S_MAX:
            return Reason("command.not-read", {"reading": condition.point})
        if not condition.low <= reading <= condition.high:
            return Reason(
                "command.state-forbids",
                {
                    "reading": condition.point,
                    "is": reading,
                    "low": max(condition.low, -1e9),
                    "high": min(condition.high, 1e9),
                    "unit": POINTS[condition.point].unit,
                },
            )
    return None


def too_steep(envelope: Envelope, value: Given, before: Given | None, since_s: float) -> bool:
    """Whether it changes too much since the last write, at most a minute's worth at once."""
    if not envelope.step_max_per_min or before is None:
        return False
    if isinstance(value, (bool, str)) or isinstance(before, (bool, str)):
        return False
    minutes = min(max(since_s, 0.0) / 60.0, 1.0)
    return abs(value - before) > envelope.step_max_per_min * minutes


def defaults(kind: str, point: str) -> tuple[tuple[str, Envelope], ...]:
    """What holds for a point of such a thing before anybody said more."""
    found: list[tuple[str, Envelope]] = []
    if (of_kind := OF_KIND.get((kind, point))) is not None:
        found.append((KIND, of_kind))
    if (of_point := OF_POINT.get(point)) is not None:
        found.append((POINT, of_point))
    return tuple(found)


def sound(envelope: Envelope) -> bool:
    """Whether it can be an envelope: of a point that can be set, its bounds in order."""
    point = POINTS.get(envelope.point)
    numbers = (envelope.step_max_per_min, envelope.changes_max_per_hour)
    return (
        point is not None
        and point.act != LOOK
        and envelope.low <= envelope.high  # never true of what is not a number
        and all(isfinite(number) and number >= 0 for number in numbers)
        and all(c.point in POINTS and c.low <= c.high for c in envelope.conditions)
        and all(form_of(envelope.point, choice) is None for choice in envelope.choices or ())
        and (envelope.rest is None or form_of(envelope.point, envelope.rest) is None)
    )


def rest_of(envelopes: Iterable[tuple[str, Envelope]]) -> Given | None:
    """What the point goes back to: the first that says so; a person's comes first."""
    for _, envelope in envelopes:
        if envelope.rest is not None:
            return envelope.rest
    return None
