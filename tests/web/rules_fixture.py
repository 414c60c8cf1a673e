"""What the fixture home agreed to: links, rules, automations, measurements and a play."""

from __future__ import annotations

from omamori.documents.reason import Reason, RefusedError
from omamori.web.views import ATTENTION, DANGER, LevelView
from omamori.web.views_rules import (
    AutomationsView,
    Box,
    ConflictEnd,
    ConflictView,
    GrantView,
    LinkRow,
    LinksView,
    MeasuredRow,
    MeasuredView,
    PlayStep,
    PlayView,
    RuleFault,
    RuleRow,
    RulesView,
    RulingView,
)
from web.protect_fixture import LOWERED, UNPATCHED, ProtectFixture
from web.talk_fixture import CAMERA, HOSTILE_HOST, NOW, TELEVISION

TOML = """# きまり </textarea><script>alert(1)</script>
[[rule]]
id = "guest-looks-only"
effect = "refuse"
"""
EFFECTS = ("allow", "limit", "ask", "refuse")
STATES = ("asked", "active", "limited", "suspended", "proposed", "ended", "unheard-of")


WHEN: Box = (
    ("act", ("adjust", "operate")), ("rung", (1, 2, 3)), ("in_use", (True,)),
    ("hour", (0, 1, 2, 3, 4, 22, 23)), ("asker_kind", ("", "person", *("phone", "car") * 9)),
    ("asker_industry", ("", HOSTILE_HOST)), ("unheard_of", ("x",)), ("slot", ("demand-response",)),
)  # fmt: skip


def rule_rows() -> tuple[RuleRow, ...]:
    return tuple(
        RuleRow(f"rule-{number}-{HOSTILE_HOST}", EFFECTS[number % 4], (LOWERED, UNPATCHED),
                HOSTILE_HOST if number == 1 else "", WHEN if number % 3 else (), (WHEN[:2],) * (number % 2),
                number * 5, number * 17,
                NOW - 60 * number if number else None)
        for number in range(11)
    )  # fmt: skip


def measured_rows() -> tuple[MeasuredRow, ...]:
    found = (
        ("ok", 5.5, 5.5, 5.5), ("altered", 5.5, 5.5, 9.9), ("replayed", None, None, 5.4),
        ("delayed", 5.6, 5.6, 5.6), ("lost", 5.7, 5.7, None), ("unheard-of", "x", 3, True),
    )  # fmt: skip
    return tuple(
        MeasuredRow(900 - number, NOW - number * 60, HOSTILE_HOST if number == 3 else "太陽光発電",
                    "energy_kwh" if number % 2 else "power_w", measured, sent, arrived, sort,
                    NOW - number * 50 if arrived is not None else None, "電力サービス", "certificate",
                    () if sort == "ok" else (LOWERED,))
        for number, (sort, measured, sent, arrived) in enumerate(found)
    )  # fmt: skip


class RulesFixture(ProtectFixture):
    """The rest of ProtectPort."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = TOML

    def links(self, home: str, lang: str) -> LinksView:
        self.looked.append(("links", home))
        if self.is_calm:
            return LinksView(NOW, home)
        battery = "家庭用蓄電池" if lang == "ja" else "Home battery"
        links = tuple(
            LinkRow(f"l{number}", "battery", battery, "hostile", HOSTILE_HOST if number % 2 else "車",
                    "share-energy", state, LevelView("energy", 3) if number < 3 else None, NOW - 900,
                    None if state == "ended" else NOW + 9000, (LOWERED, UNPATCHED)[: number % 3],
                    can_agree=state == "asked", can_withdraw=state != "ended")
            for number, state in enumerate(STATES)
        )  # fmt: skip
        grants = (
            GrantView("g1", "guest", "phone", HOSTILE_HOST, ("show-content", "read-measurement"),
                      NOW - 900, NOW + 9000, ("居間のテレビ", HOSTILE_HOST), (LOWERED,)),
            GrantView("g2", "rental", "tv", "借りたテレビ", ("show-content",), NOW - 9e5, NOW - 9e4,
                      wipes=(LOWERED,), ended_at=NOW - 9e4),
        )  # fmt: skip
        things = (("phone", HOSTILE_HOST), (CAMERA, "居間の見守りカメラ"))
        return LinksView(NOW, home, links, grants, things, things,
                         ("read-measurement", "show-content"), can_propose=True)  # fmt: skip

    def rules(self, home: str, lang: str) -> RulesView:  # noqa: ARG002 - the port's shape
        self.looked.append(("rules", home))
        if self.is_calm:
            return RulesView(NOW, home, self.kept)
        things = ((CAMERA, "居間の見守りカメラ"), ("hostile", HOSTILE_HOST))
        return RulesView(NOW, home, self.kept, rule_rows(), is_default=False, kept_at=NOW - 9000,
                         askers=things, targets=things, points=("power", "charge_w", "locked"))  # fmt: skip

    def automations(self, home: str, lang: str) -> AutomationsView:  # noqa: ARG002 - the port's shape
        if self.is_calm:
            return AutomationsView(NOW, home)
        ends = (ConflictEnd("朝の暖房", LOWERED), ConflictEnd(HOSTILE_HOST, UNPATCHED))
        sorts = ("opposite", "repeated", "loop", "goals", "room-loop", "unheard-of")
        conflicts = tuple(
            ConflictView(f"x{number}", sort, ATTENTION, ends, "居間" if number % 2 else HOSTILE_HOST,
                         (LOWERED,), Reason("todo.update"), "temperature" if number > 2 else "",
                         "likely", (LOWERED, UNPATCHED)[: number % 3])
            for number, sort in enumerate(sorts)
        )  # fmt: skip
        return AutomationsView(
            NOW, home, NOW - 60, ("朝の暖房", HOSTILE_HOST), conflicts, (LOWERED,)
        )

    def measured(self, home: str, lang: str) -> MeasuredView:  # noqa: ARG002 - the port's shape
        return MeasuredView(NOW, home, () if self.is_calm else measured_rows(), 12)

    def play(self, situation: str, lang: str) -> PlayView | None:
        if situation not in {"film", "measurement"}:
            return None
        film = "映画" if lang == "ja" else "Film"
        lanes = (("service", "省エネサービス SaveWatt"), ("hub", "ハブ"), (TELEVISION, "居間のテレビ"),
                 ("person", HOSTILE_HOST))  # fmt: skip
        if self.is_calm:
            return PlayView(situation, NOW, NOW, lanes)
        steps = (
            PlayStep(NOW - 30, TELEVISION, LOWERED),
            PlayStep(NOW - 20, "service", UNPATCHED, "hub", (LOWERED,), 2),
            PlayStep(NOW - 19, "hub", LOWERED, TELEVISION, (LOWERED, UNPATCHED), ATTENTION, "ask"),
            PlayStep(NOW - 12, "service", UNPATCHED, TELEVISION, (LOWERED,), DANGER, "refuse"),
            PlayStep(NOW - 9, "hub", LOWERED, "person", (), 3),
            PlayStep(NOW - 5, "person", LOWERED, "", (), 5, "allow"),
            PlayStep(NOW - 1, "nobody", Reason("todo.update"), film, (), 0),
        )
        rows = measured_rows() if situation == "measurement" else ()
        choices = () if rows else ("agree", "decline", "film-ends", "take-over")
        return PlayView(situation, NOW, NOW - 40, lanes, steps, choices, bool(rows), rows)

    def check_rules(self, home: str, text: str) -> tuple[RuleFault, ...]:
        self.looked.append(("check_rules", home, text))
        return self._faults(text)

    @staticmethod
    def _faults(text: str) -> tuple[RuleFault, ...]:
        lines = enumerate(text.split("\n"), start=1)
        faults = [RuleFault(number, LOWERED, 3) for number, line in lines if "wrong" in line]
        return (*faults, RuleFault(9999, UNPATCHED)) if faults else ()

    def try_rules(
        self, home: str, asker: str, target: str, point: str, *, look: bool, lang: str
    ) -> RulingView:
        self.looked.append(("try_rules", home, asker, target, point, look, lang))
        if asker == "stranger":
            return RulingView("refuse", (UNPATCHED,))
        return RulingView("ask", (LOWERED, UNPATCHED), rule_rows()[:2])

    async def agree(self, home: str, link_id: str, *, agree: bool) -> None:
        self.asked.append(("agree", home, link_id, agree))

    async def propose(self, home: str, one: str, other: str, purpose: str, lasts_s: float) -> None:
        self.asked.append(("propose", home, one, other, purpose, lasts_s))

    async def grant(
        self,
        home: str,
        sort: str,
        thing_id: str,
        target_id: str,
        purpose: str,
        lasts_s: float,
    ) -> None:
        self.asked.append(("grant", home, sort, thing_id, target_id, purpose, lasts_s))

    async def end_grant(self, home: str, grant_id: str) -> None:
        self.asked.append(("end_grant", home, grant_id))

    async def keep_rules(self, home: str, text: str) -> tuple[RuleFault, ...]:
        faults = self._faults(text)
        if not faults:
            self.asked.append(("keep_rules", home, text))
        return faults

    async def take_automations(self, home: str, octets: bytes) -> None:
        if octets.startswith(b"\x00"):
            raise RefusedError("label.unreadable")
        self.asked.append(("take_automations", home, octets))

    async def forget_automations(self, home: str) -> None:
        self.asked.append(("forget_automations", home))

    async def choose(self, situation: str, choice: str) -> None:
        self.asked.append(("choose", situation, choice))
