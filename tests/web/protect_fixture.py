"""How the fixture home is protected: rich, realistic and partly hostile views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.reason import Reason, RefusedError
from omamori.web.views import ATTENTION, DANGER
from omamori.web.views_protect import (
    AskView,
    CommandsView,
    CommandView,
    CutView,
    EnvelopeView,
    ForceView,
    GuardedView,
    HoldView,
    ProtectView,
    SteerView,
)
from web.talk_fixture import CAMERA, HOSTILE_HOST, NOW, TELEVISION, TalkFixture

if TYPE_CHECKING:
    from omamori.hub.points import Given

LOWERED = Reason("lowered.exploited")
UNPATCHED = Reason("lowered.unpatched")
FACTS = (
    ("asker", "省エネサービス SaveWatt"),
    ("holder", HOSTILE_HOST),
    ("holder_slot", "local-manual"),
    ("rules", "film-in-use,guest-not"),
    ("envelope", "maker,kind"),
    ("lease_until", NOW + 900),
    ("waits", "reserved"),
)


def camera_of(lang: str) -> str:
    return "居間の見守りカメラ" if lang == "ja" else "Living room camera"


def battery_of(lang: str) -> str:
    return "家庭用蓄電池" if lang == "ja" else "Home battery"


def cuts(lang: str) -> tuple[CutView, ...]:
    return (
        CutView(CAMERA, camera_of(lang), "camera", "hub", NOW - 900, NOW + 80_000,
                (LOWERED, UNPATCHED), "a1", 18_403, Reason("todo.update")),
        CutView("hostile", HOSTILE_HOST, "printer", "person", NOW - 90_000, None),
    )  # fmt: skip


def asks(lang: str) -> tuple[AskView, ...]:
    lock = "玄関の電気錠" if lang == "ja" else "Front door lock"
    return (
        AskView("q1", "glucose", lock, "lock", ATTENTION, Reason("standing.contraindicated"), NOW - 60,
                Reason("todo.update"), (LOWERED,), NOW + 3600, "a1"),
        AskView("q2", "hostile", HOSTILE_HOST, "meter", DANGER, LOWERED, NOW - 600),
    )  # fmt: skip


def commands(lang: str) -> tuple[CommandView, ...]:
    television = "居間のテレビ" if lang == "ja" else "Living room television"
    saver = "省エネサービス" if lang == "ja" else "Energy saving service"
    return (
        CommandView("c1", TELEVISION, television, "power", False, saver, "service", "meeting", "held",  # noqa: FBT003 - a value
                    NOW - 30, NOW + 1800, (LOWERED, UNPATCHED), FACTS, can_do=True, can_refuse=True),
        CommandView("c2", "battery", battery_of(lang), "charge_w", -12_000, HOSTILE_HOST, "service",
                    "network", "asked", NOW - 10, NOW + 50, (LOWERED,), can_do=True, can_refuse=True),
        CommandView("c3", "battery", battery_of(lang), "charge_w", 2000, saver, "service", "broker",
                    "done", NOW - 900, NOW + 900, (), FACTS[:2]),
        CommandView("c4", "aircon", HOSTILE_HOST, "mode", "cool", "", "person", "page", "failed",
                    NOW - 1900, None, (UNPATCHED,)),
        *(
            CommandView(f"d{state}", "aircon", "居間のエアコン", "target_temperature_c", 21.5, saver,
                        "automation", "hub", state, NOW - 5000, None, (LOWERED, UNPATCHED), FACTS)
            for state in ("refused", "overridden", "expired", "withdrawn", "sent", "unheard-of")
        ),
    )  # fmt: skip


def holds(lang: str) -> tuple[HoldView, ...]:
    saver = "省エネサービス" if lang == "ja" else "Energy saving service"
    return (
        HoldView("battery", battery_of(lang), "charge_w", -1500, saver, "service", "demand-response",
                 NOW - 600, NOW + 1200, -2000, 3000, under=HOSTILE_HOST),
        HoldView(TELEVISION, HOSTILE_HOST, "power", True, "", "person", "local-manual", NOW - 30,  # noqa: FBT003 - a value
                 mine=True),
        HoldView("aircon", "居間のエアコン", "mode", "cool", HOSTILE_HOST, "automation", "automation",
                 NOW - 30, NOW + 30),
        HoldView("television", "テレビ", "content", '"><b>', "x", "thing", "remote-user", NOW, NOW + 30),
    )  # fmt: skip


def envelopes(lang: str) -> tuple[EnvelopeView, ...]:
    return (
        EnvelopeView("battery", battery_of(lang), "charge_w", -2000, 3000, -5000, 5000, now=-1500.0,
                     source="maker", at=NOW - 9e5, step_per_min=500, changes_per_hour=60, rest=0,
                     conditions=(("state_of_charge_percent", 20, float("inf"), "negative"),),
                     why=(LOWERED,)),
        EnvelopeView("aircon", HOSTILE_HOST, "mode", 0, 0, 0, 0, ("cool", "heat", "off")),
        EnvelopeView("aircon", "居間のエアコン", "target_temperature_c", 16, 30, -30, 100, now=99999.0),
    )  # fmt: skip


def steers(lang: str) -> tuple[SteerView, ...]:
    return (
        SteerView(
            "battery",
            battery_of(lang),
            "storage-battery",
            "remote",
            joins=True,
            since=NOW - 9e4,
            by="person",
        ),
        SteerView("hostile", HOSTILE_HOST, "printer", "off", why=(LOWERED,)),
        SteerView(
            "aircon",
            "居間のエアコン",
            "air-conditioner",
            "home",
            joins=False,
            since=NOW,
            rejoins_at=NOW + 9e5,
        ),
    )


class ProtectFixture(TalkFixture):
    """Implements ProtectPort; `asked` holds every action."""

    def __init__(self) -> None:
        super().__init__()
        self.guarded_of: list[tuple[str, str]] = []
        self.mode = "guarding"
        self.is_calm = False

    def protect(self, home: str, lang: str) -> ProtectView:
        self.looked.append(("protect", home))
        if self.is_calm:
            return ProtectView(NOW, home, self.mode, ForceView("bridge"))
        force = ForceView("routed", (Reason("web.source-needs-rights"),), None if home else LOWERED)
        return ProtectView(NOW, home, self.mode, force, cuts(lang), asks(lang), 1_284_031, NOW - 9e5,
                           2, (Reason("web.source-needs-rights"),))  # fmt: skip

    def guarded(self, home: str, thing_id: str, lang: str) -> GuardedView | None:
        self.guarded_of.append((home, thing_id))
        if thing_id == CAMERA:
            return GuardedView(cuts(lang)[0], steer=steers(lang)[0], holds=holds(lang),
                               envelopes=envelopes(lang))  # fmt: skip
        if thing_id == "hostile":
            return GuardedView(then=Reason("todo.update"))
        if thing_id.startswith("ip:"):
            return GuardedView(can_cut=False, why_not=Reason("web.source-needs-rights"))
        return None

    def commands(self, home: str, lang: str) -> CommandsView:
        self.looked.append(("commands", home))
        if self.is_calm:
            return CommandsView(NOW, home)
        every = commands(lang)
        return CommandsView(NOW, home, every[:2], holds(lang), steers(lang), envelopes(lang),
                            every[2:], 41)  # fmt: skip

    async def set_mode(self, home: str, mode: str) -> None:
        self.asked.append(("set_mode", home, mode))
        self.mode = mode

    async def cut(self, home: str, thing_id: str, *, off: bool) -> None:
        if thing_id == "router":
            raise RefusedError("web.not-yet")
        self.asked.append(("cut", home, thing_id, off))

    async def cut_longer(self, home: str, thing_id: str) -> None:
        self.asked.append(("cut_longer", home, thing_id))

    async def answer(self, home: str, ask_id: str, *, cut: bool) -> None:
        self.asked.append(("answer", home, ask_id, cut))

    async def decide(self, home: str, command_id: str, *, do: bool) -> None:
        self.asked.append(("decide", home, command_id, do))

    async def take_over(self, home: str, thing_id: str, point: str, value: Given) -> None:
        self.asked.append(("take_over", home, thing_id, point, value))

    async def give_back(self, home: str, thing_id: str, point: str) -> None:
        self.asked.append(("give_back", home, thing_id, point))

    async def steer(self, home: str, thing_id: str, position: str) -> None:
        self.asked.append(("steer", home, thing_id, position))

    async def join_programs(self, home: str, thing_id: str, *, join: bool) -> None:
        self.asked.append(("join_programs", home, thing_id, join))
