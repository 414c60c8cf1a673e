"""The cast of the sample home: who lives in it, of which industry, and which links it begins with."""

from __future__ import annotations

import msgspec


class Role(msgspec.Struct, frozen=True):
    """One thing of the sample home.

    Attributes:
        id: stable name; `ja` and `en` what a family calls it.
        industry: its industry; "" for a thing that no industry certified.
        kind: what it is, in the words of `hub.knowing.identify_kinds`.
        product, software: what its authority knows of it.
        rung: the level its product was certified at, in its own ladder.
    """

    id: str
    ja: str
    en: str
    industry: str
    kind: str
    product: str = ""
    software: str = "1.0.0"
    rung: int = 0


class Industry(msgspec.Struct, frozen=True):
    """One industry of the sample world."""

    name: str
    ja: str
    en: str
    host: str


INDUSTRIES = (
    Industry("energy", "家庭エネルギー", "Home energy", "energy.sample.example"),
    Industry("health", "医療・ヘルスケア", "Health", "health.sample.example"),
    Industry("mobility", "自動車", "Mobility", "mobility.sample.example"),
    Industry("av", "AV家電", "Audio and video", "av.sample.example"),
    Industry("telecom", "通信", "Telecom", "telecom.sample.example"),
)

RECOGNITION: dict[tuple[str, str], dict[int, int]] = {
    # (who recognises, whom): foreign rung → own rung. Conservative and many-to-one, so that no
    # industry gives another's level more than the other itself claims.
    ("energy", "health"): {5: 4, 4: 4, 3: 3, 2: 2, 1: 1},
    ("energy", "mobility"): {5: 4, 4: 3, 3: 3, 2: 1},
    ("energy", "av"): {5: 3, 4: 3, 3: 2, 2: 1},
    ("health", "energy"): {5: 4, 4: 3, 3: 3, 2: 1},
    ("health", "mobility"): {5: 3, 4: 3, 3: 2},
    ("mobility", "energy"): {5: 4, 4: 4, 3: 3, 2: 2},
    ("mobility", "health"): {5: 4, 4: 3, 3: 3, 2: 1},
    ("av", "energy"): {5: 4, 4: 4, 3: 3, 2: 2, 1: 1},
}
ACQUAINTANCES = tuple((one.name, "telecom") for one in INDUSTRIES if one.name != "telecom")
"""Known but not recognised: what an *unmapped industry* looks like."""

CAST = (
    Role(
        "aircon",
        "居間のエアコン",
        "Living room air conditioner",
        "energy",
        "air-conditioner",
        "cool-breeze-3",
        rung=4,
    ),
    Role(
        "battery",
        "家庭用蓄電池",
        "Home battery",
        "energy",
        "storage-battery",
        "power-bank-10",
        rung=5,
    ),
    Role("solar", "太陽光発電", "Solar power", "energy", "solar", "sun-catcher-5", rung=4),
    Role(
        "television",
        "居間のテレビ",
        "Living room television",
        "av",
        "television",
        "wide-view-8k",
        rung=3,
    ),
    Role("recorder", "レコーダー", "Recorder", "av", "recorder", "keep-it-2", rung=3),
    Role("glucose", "血糖計", "Glucose meter", "health", "glucose-meter", "sugar-check-1", rung=4),
    Role(
        "gateway",
        "健康ゲートウェイ",
        "Health gateway",
        "health",
        "health-gateway",
        "care-gate-2",
        rung=4,
    ),
    Role("ev", "電気自動車", "Electric car", "mobility", "car", "kaze-ev", rung=4),
    Role("visitor", "お客さまの車", "Visiting car", "mobility", "car", "tabi-wagon", rung=3),
    Role("phone", "家族のスマートフォン", "Family phone", "", "phone"),
)

SAVER = Role(
    "saver", "省エネサービス", "Energy-saving service", "energy", "service", "save-watt", rung=4
)
"""Asks things of the practice home (`app.plays`); its level is the energy authority's word."""

HUB = Role("hub", "わが家のハブ", "Home hub", "energy", "controller", "omamori-hub", rung=4)
SPARE_PRODUCT = "practice-unit"
"""What a visitor's experiments use, so that they never hurt the home itself."""

FIRST_LINKS = (
    ("solar", "battery", "share-energy"),
    ("glucose", "gateway", "share-health"),
    ("gateway", "aircon", "switch-power"),
    ("battery", "ev", "share-energy"),
    ("ev", "visitor", "warn-of-danger"),
    ("television", "recorder", "show-content"),
    ("phone", "aircon", "read-measurement"),
)
"""The report's five links (section 3.3-1), one between AV things, and one on the hub's word."""

FAULTS = (
    "nothing",
    "expired",
    "revoked",
    "unmapped",
    "lowered",
    "rogue",
    "replayed",
    "clock",
)

BY_PRODUCT = {role.product: role for role in (*CAST, HUB, SAVER) if role.product}
BY_ID = {role.id: role for role in (*CAST, HUB, SAVER)}
