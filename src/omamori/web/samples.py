"""Samples: one example of each view, for the page that shows every part."""

from __future__ import annotations

from omamori.documents.reason import Reason
from omamori.web.views import (
    AS_USUAL,
    ATTENTION,
    UNCONFIRMED,
    LabelView,
    LevelView,
    LinkView,
    SourceView,
    ThingCard,
    TodoView,
)
from omamori.web.views_protect import (
    AskView,
    CommandView,
    CutView,
    EnvelopeView,
    HoldView,
    SteerView,
)
from omamori.web.views_rules import MeasuredRow, PlayStep, PlayView
from omamori.web.views_talk import AlertCard, HearingView, PeerView, RuleView

_AT = 1_790_000_000.0
LEVELS = (LevelView("energy", 4), LevelView("health", 1), None)
REASONS = (
    Reason("verdict.level-too-low", {"rung": 2, "required": 3, "purpose": "switch-power"}),
    Reason("standing.level-lowered", {"rung": 2, "certified": 4, "why": ""}),
)
STEPS = (
    Reason("step.certificate", {"industry": "health", "rung": 4}),
    Reason("step.mapped", {"industry": "health", "rung": 4, "to_industry": "energy", "to_rung": 3}),
    Reason("step.effective", {"industry": "energy", "rung": 3}),
)
TODO = TodoView(ATTENTION, REASONS[1], "/patterns", (), "Cool Breeze 3")
THING = ThingCard(
    "example-1",
    "Cool Breeze 3",
    "air-conditioner",
    AS_USUAL,
    "sure",
    (Reason("ground.certificate"),),
    "certificate",
    LEVELS[0],
    _AT,
    "energy",
)
UNKNOWN_THING = ThingCard(
    "example-2",
    "192.0.2.7",
    "unknown",
    UNCONFIRMED,
    "unknown",
    (Reason("ground.nothing"),),
    "nothing",
    None,
    _AT,
)
LINK = LinkView(
    "example-3",
    "example-1",
    "Cool Breeze 3",
    "example-2",
    "Care Gate 2",
    "switch-power",
    "limit",
    LevelView("energy", 2),
    _AT,
    REASONS,
    before="allow",
)
LABEL = LabelView(
    "example-1",
    "Cool Breeze 3",
    "air-conditioner",
    AS_USUAL,
    LEVELS[0],
    "certificate",
    2,
    1_870_000_000.0,
    "Home Energy Authority",
    _AT,
    "http://127.0.0.1/label/example-1",
)
SOURCES = (
    SourceView("mdns", on=True, heard=42, last_at=_AT),
    SourceView("capture", on=False, why=(Reason("web.source-needs-rights"),)),
)
ALERT = AlertCard(
    "example", ATTENTION, REASONS[1], Reason("todo.update"), _AT, _AT, 3, "", "Cool Breeze 3"
)
PEERS = (
    PeerView(
        "outside", "weather.example", "", "JP", ("tcp/443",), 41_000, 2_300_000, _AT, _AT, "it"
    ),
    PeerView("group", "", "", "", ("udp/5353",), 900, 0, _AT, _AT, is_new=True, is_odd=True),
)
HOURS = tuple((_AT + 3600 * hour, hour * 1000, (24 - hour) * 700) for hour in range(24))
RULE = RuleView("named", "weather.example", "JP", ("tcp/443", "tcp/48101"), "to")
HEARING = HearingView("bridge", "br0", 1_204_031, 12, _AT)
CUT = CutView("", "Cool Breeze 3", "air-conditioner", "hub", _AT, _AT, REASONS[1:], stopped=412)
ASK = AskView("example", "", "Cool Breeze 3", "air-conditioner", ATTENTION, REASONS[1], _AT)
COMMAND = CommandView(
    "example",
    "",
    "Cool Breeze 3",
    "target_temperature_c",
    28,
    "Energy service",
    "service",
    "meeting",
    "asked",
    _AT,
    _AT,
    REASONS[:1],
    (("slot", "demand-response"), ("envelope", "kind")),
    can_do=True,
    can_refuse=True,
)
HOLD = HoldView(
    "",
    "Cool Breeze 3",
    "mode",
    "cool",
    "Care Gate 2",
    "thing",
    "remote-user",
    _AT,
    _AT,
)
ENVELOPE = EnvelopeView(
    "",
    "Cool Breeze 3",
    "target_temperature_c",
    16,
    32,
    0,
    50,
    now=24.0,
    changes_per_hour=20,
)
STEER = SteerView("", "Cool Breeze 3", "air-conditioner", "remote", joins=True)
MEASURED = tuple(
    MeasuredRow(
        number, _AT, "Solar 5", "energy_kwh", 5.5, 5.5, arrived, found, _AT, ground="certificate"
    )
    for number, (found, arrived) in enumerate((("ok", 5.5), ("altered", 9.9), ("lost", None)))
)
PLAY = PlayView(
    "film",
    _AT,
    _AT,
    (("a", "Energy service"), ("b", "Hub"), ("c", "Cool Breeze 3")),
    (
        PlayStep(_AT, "a", REASONS[1], "b"),
        PlayStep(_AT, "b", REASONS[1], "c", (), ATTENTION, "ask"),
        PlayStep(_AT, "a", REASONS[1], "c", (), ATTENTION, "refuse"),
    ),
)
