"""World: the physical side of a sample home, whose clock moves only when told.

Seeded and deterministic: the same seed and the same steps give the same home, in tests as on the page.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

DAY_S = 86400.0
STEP_S_MAX = 60.0
"""A longer absence is lived through in steps of a minute, so that nothing jumps."""

SOLAR_PEAK_W = 4500.0
BATTERY_WH = 10_000.0
CAR_WH = 60_000.0
CHARGE_W_MAX = 3000.0


@dataclass
class World:
    """One home: sun, house load, battery, car, room and a body, each a few numbers.

    Attributes:
        now: the world's clock, seconds since the epoch (local solar time is UTC + 9 h).
        battery_wh, car_wh: energy stored.
        room_c: temperature of the living room, °C.
        glucose_mg_dl: the glucose meter's last reading, mg/dL.
    """

    seed: int
    now: float
    battery_wh: float = 6000.0
    car_wh: float = 30_000.0
    room_c: float = 22.0
    glucose_mg_dl: float = 105.0
    solar_w: float = 0.0
    load_w: float = 400.0
    aircon_w: float = 0.0
    _random: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a world, not a secret

    def step(self, now: float) -> None:
        """Live until `now`; a clock that goes back is not followed."""
        while self.now < now:
            span_s = min(STEP_S_MAX, now - self.now)
            self.now += span_s
            self._live(span_s)

    def _live(self, span_s: float) -> None:
        hour = (self.now + 9 * 3600) % DAY_S / 3600
        height = max(0.0, math.sin((hour - 6) / 12 * math.pi))
        clouds = 0.85 + 0.15 * math.sin(self.now / 900)
        self.solar_w = SOLAR_PEAK_W * height * clouds
        self.load_w = 350 + 250 * math.exp(-(((hour - 19) / 2.5) ** 2)) + self._random.gauss(0, 8)
        outside_c = 12 + 8 * math.sin((hour - 9) / 12 * math.pi)
        self.aircon_w = min(1200.0, max(0.0, (22.5 - self.room_c) * 600))
        drift = (outside_c - self.room_c) * 2e-5 + self.aircon_w * 4e-7
        self.room_c += drift * span_s
        self._store(span_s)
        meal = 35 * sum(math.exp(-(((hour - at) / 0.9) ** 2)) for at in (8, 13, 19.5))
        target = 95 + meal
        self.glucose_mg_dl += (target - self.glucose_mg_dl) * min(1.0, span_s / 1200)
        self.glucose_mg_dl += self._random.gauss(0, 0.15)

    def _store(self, span_s: float) -> None:
        spare_w = self.solar_w - self.load_w - self.aircon_w
        flow_w = max(-CHARGE_W_MAX, min(CHARGE_W_MAX, spare_w))
        self.battery_wh = min(BATTERY_WH, max(0.0, self.battery_wh + flow_w * span_s / 3600))
        if flow_w > 0 and self.battery_wh >= BATTERY_WH:
            self.car_wh = min(CAR_WH, self.car_wh + flow_w * span_s / 3600)

    def reading(self, thing: str) -> dict[str, float]:
        """What a thing shows of itself, by name with its unit; empty for one without readings."""
        readings: dict[str, dict[str, float]] = {
            "solar": {"power_w": self.solar_w},
            "battery": {"charge_percent": 100 * self.battery_wh / BATTERY_WH},
            "ev": {"charge_percent": 100 * self.car_wh / CAR_WH},
            "aircon": {"room_c": self.room_c, "power_w": self.aircon_w},
            "glucose": {"glucose_mg_dl": self.glucose_mg_dl},
        }
        return {name: round(value, 1) for name, value in readings.get(thing, {}).items()}
