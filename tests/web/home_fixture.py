"""A home with rich, realistic views, for the tests of pages; it keeps what it was asked to do."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from omamori.documents.reason import Reason, RefusedError
from omamori.web.views import (
    AS_USUAL,
    ATTENTION,
    DANGER,
    TAKE_CARE,
    UNCONFIRMED,
    AddressView,
    AuthorityView,
    CertificateView,
    ClueView,
    EntryView,
    HappenedView,
    HomeView,
    LabelView,
    LevelView,
    LinkView,
    MeetingView,
    ProductView,
    SampleView,
    SettingsView,
    SideView,
    SourceView,
    StandingView,
    ThingCard,
    ThingView,
    TodoView,
)
from web import talk_fixture
from web.rules_fixture import RulesFixture
from web.talk_fixture import alert_cards

NOW = time.time()
HOSTILE_NAME = "<script>alert(1)</script>\u202egnp.exe" + "W" * 80
FAULTS = ("nothing", "expired", "revoked", "unmapped", "lowered", "rogue", "replayed", "clock")
PURPOSES = ("read-measurement", "show-content", "share-energy", "switch-power", "share-health")


def reason(key: str, **params: str | float) -> Reason:
    return Reason(key, params)


def energy(rung: int) -> LevelView:
    return LevelView("energy", rung)


CERTIFICATE, VOUCHED, NOTHING = (
    (reason("ground.certificate"),),
    (reason("ground.hub-word"),),
    (reason("ground.nothing"),),
)

THINGS = (
    ("aircon", "居間のエアコン", "Living room air conditioner", "energy", "air-conditioner", 4),
    ("battery", "家庭用蓄電池", "Home battery", "energy", "storage-battery", 5),
    ("solar", "太陽光発電", "Solar power", "energy", "solar", 4),
    ("television", "居間のテレビ", "Living room television", "av", "television", 3),
    ("recorder", "レコーダー", "Recorder", "av", "recorder", 3),
    ("glucose", "血糖計", "Glucose meter", "health", "medical", 4),
    ("gateway", "健康ゲートウェイ", "Health gateway", "health", "health-gateway", 4),
    ("ev", "電気自動車", "Electric car", "mobility", "car", 4),
    ("visitor", "お客さまの車", "Visiting car", "mobility", "car", 3),
    ("phone", "家族のスマートフォン", "Family phone", "", "phone", 0),
)


def name_of(thing_id: str, lang: str) -> str:
    for key, ja, en, *_rest in THINGS:
        if key == thing_id:
            return ja if lang == "ja" else en
    return thing_id


def sample_things(lang: str) -> tuple[ThingCard, ...]:
    return tuple(
        ThingCard(
            key,
            name_of(key, lang),
            kind,
            ATTENTION if key == "aircon" else AS_USUAL,
            "said" if key == "phone" else "itself",
            CERTIFICATE if rung else VOUCHED,
            "certificate" if rung else "hub-word",
            LevelView(industry, rung) if rung else energy(2),
            NOW - 3,
            industry,
        )
        for key, _ja, _en, industry, kind, rung in THINGS
    )


def network_things(lang: str) -> tuple[ThingCard, ...]:
    router = "わが家のルーター" if lang == "ja" else "Our router"
    return (
        ThingCard(
            "02:00:5e:00:53:0a", "居間の見守りカメラ" if lang == "ja" else "Living room camera",
            "camera", DANGER, "likely", NOTHING, "nothing", None, NOW - 20, address="192.168.1.20",
        ),
        ThingCard(
            "02:00:5e:00:53:01", router, "router", AS_USUAL, "sure",
            (reason("ground.hub-word"),), "hub-word", energy(2), NOW - 4, address="192.168.1.1",
        ),
        ThingCard(
            "ip:192.168.1.77", "192.168.1.77", "unknown", UNCONFIRMED, "unknown", NOTHING, "nothing",
            None, NOW - 4000, address="192.168.1.77",
        ),
        ThingCard(
            "02:00:5e:00:53:0b", "[LG] webOS TV OLED65C1PJB", "television", AS_USUAL, "said",
            CERTIFICATE, "certificate", LevelView("av", 3), NOW - 90, address="192.168.1.31",
        ),
        ThingCard(
            "hostile", HOSTILE_NAME, "printer", TAKE_CARE, "likely", VOUCHED, "hub-word",
            energy(1), NOW - 9, address="192.168.1.32",
        ),
    )  # fmt: skip


LOWERED = (
    reason("standing.level-lowered", rung=2, certified=4, why="unpatched"),
    reason("verdict.level-too-low", rung=2, required=3, purpose="switch-power"),
)


def links(lang: str) -> tuple[LinkView, ...]:
    def link(
        one: str, other: str, purpose: str, answer: str, rung: int, **more: object
    ) -> LinkView:
        level = energy(rung) if rung else None
        why = (
            LOWERED
            if answer == "limit"
            else (reason("verdict.level-suffices", rung=rung, required=3),)
        )
        if not rung:
            why = (
                reason("standing.unknown-authority", industry="mobility"),
                reason("verdict.no-level"),
            )
        return LinkView(
            f"{one}-{other}", one, name_of(one, lang), other, name_of(other, lang), purpose,
            answer, level, NOW + 86000 if rung else None, why, meeting_id="m1",
            before=str(more.get("before", "")), changed_at=NOW,
        )  # fmt: skip

    return (
        link("gateway", "aircon", "switch-power", "limit", 2, before="allow"),
        link("solar", "battery", "share-energy", "allow", 4),
        link("glucose", "gateway", "share-health", "allow", 4),
        link("battery", "ev", "share-energy", "allow", 4),
        link("ev", "visitor", "warn-of-danger", "refuse", 0),
        link("phone", "aircon", "read-measurement", "ask", 1),
    )


def standing(answer: str, rung: int) -> StandingView:
    steps = (
        reason("step.certificate", industry="health", rung=4),
        reason("step.mapped", industry="health", rung=4, to_industry="energy", to_rung=3),
        reason("step.key-proved"),
        reason(
            "step.statement", industry="health", rung=2, to_industry="energy", to_rung=2, age_s=40
        ),
        reason("step.effective", industry="energy", rung=rung),
    )
    return StandingView(
        "certificate", energy(3), energy(rung), energy(rung), steps, LOWERED, NOW + 3000, answer
    )


def side(thing_id: str, lang: str, industry: str, answer: str) -> SideView:
    certificate = CertificateView(
        f"O={industry}, serialNumber=8f3a1c77d21b",
        f"O={industry}, CN={industry} issuing authority 1",
        industry,
        LevelView(industry, 4),
        NOW - 9_000_000,
        NOW + 40_000_000,
        (
            ("URI", f"https://{industry}.sample.example/thing/8f3a1c77d21b"),
            ("SHA-256", "a3" * 32),
            ("policy", "2.25.329800735698586629295641978511506172918.1.1.4"),
        ),
    )
    rows = (("seq", "12"), ("level", "2.25.329800735698586629295641978511506172918.1.1.2"))
    return SideView(
        thing_id, name_of(thing_id, lang), "air-conditioner" if industry == "energy" else "health-gateway",
        industry, (certificate,), rows, standing(answer, 2),
    )  # fmt: skip


class FixtureHome(RulesFixture):
    """Implements HomePort and ProtectPort; `asked` holds every action."""

    def __init__(self) -> None:
        super().__init__()
        self.level = 4
        self.listening = True
        self.older_asked = ""

    def home(self, lang: str) -> HomeView:
        things = network_things(lang)
        todo = TodoView(
            DANGER, reason("standing.contraindicated"), "/things/02%3A00%3A5e%3A00%3A53%3A0a",
            NOTHING, things[0].name,
        )  # fmt: skip
        care = TodoView(
            TAKE_CARE, reason("standing.no-statement"), "/things/hostile", (), HOSTILE_NAME
        )
        alerts = tuple(
            card for card in alert_cards(lang, self.fine) if not card.over and not card.fine
        )
        hearing = talk_fixture.HEARING
        sources, situation = self._sources(), self.situation
        return HomeView(NOW, things, (todo, care), sources, "observing", alerts, hearing, situation)

    def _sources(self) -> tuple[SourceView, ...]:
        needs = (reason("web.source-needs-rights"),)
        return (
            SourceView("mdns", on=self.listening, heard=128, last_at=NOW - 2),
            SourceView("ssdp", on=True, heard=31, last_at=NOW - 40),
            SourceView("echonet", on=True, heard=7, last_at=NOW - 400),
            SourceView("neighbour", on=True, heard=12, last_at=NOW - 1),
            SourceView("capture", on=False, why=needs),
        )

    def thing(
        self, thing_id: str, lang: str, home: str = "", since_s: float = 86400.0
    ) -> ThingView | None:
        self.looked.append(("thing", home, since_s))
        found = {card.id: card for card in (*network_things(lang), *sample_things(lang))}
        lamp = msgspec.structs.replace(found["hostile"], id=talk_fixture.BEHIND)
        card = lamp if thing_id == lamp.id else found.get(thing_id)
        if card is None:
            return None
        clues = (
            ClueView(reason("ground.certificate"), "mdns", 0.9, NOW - 30),
            ClueView(reason("standing.no-statement"), "ssdp", 0.42, NOW - 4000),
        )
        addresses = (
            AddressView("mac", "02:00:5e:00:53:0a", NOW - 3, VOUCHED),
            AddressView("ipv4", "192.168.1.20", NOW - 3),
            AddressView("ipv6", "fe80:0000:0000:0000:0200:5eff:fe00:530a", NOW - 3),
        )
        own = tuple(link for link in links(lang) if thing_id in (link.one_id, link.other_id))
        return ThingView(
            card, clues if card.sure != "unknown" else (), addresses, ("camera-530a.local", card.name),
            card.why, own, "Example Electric 株式会社", corrected=card.sure == "said",
            sample=bool(own), **self._talk_of(thing_id, lang),
        )  # fmt: skip

    def _talk_of(self, thing_id: str, lang: str) -> dict[str, Any]:
        if thing_id == "ip:192.168.1.77":
            return {
                "doing": talk_fixture.QUIET, "hearing": talk_fixture.HEARING,
                "should": talk_fixture.SHOULD["nothing"], "suggestion": talk_fixture.SUGGESTION,
            }  # fmt: skip
        should = talk_fixture.SHOULD["learning" if thing_id == "hostile" else "declared"]
        return {
            "doing": talk_fixture.DOING, "should": should, "children": talk_fixture.CHILDREN,
            "alerts": tuple(one for one in alert_cards(lang, self.fine) if one.thing_id == thing_id),
            "aliases": talk_fixture.ALIASES if thing_id != "aircon" else (),
            "others": ((talk_fixture.TELEVISION, talk_fixture.HOSTILE_HOST), ("aircon", "エアコン")),
            "parent": talk_fixture.CHILDREN[1] if thing_id == "hostile" else None,
        }  # fmt: skip

    def label(self, thing_id: str, lang: str) -> LabelView | None:
        view = self.thing(thing_id, lang)
        if view is None:
            return None
        card = view.card
        return LabelView(
            card.id, card.name, card.kind, card.state, card.level, card.ground, len(view.links),
            NOW + 80_000_000 if card.level else None, "青空電機" if lang == "ja" else "Blue Sky Electric",
            NOW, f"http://127.0.0.1:8119/label/{card.id}",
        )  # fmt: skip

    def sample(self, lang: str) -> SampleView:
        why = (reason("standing.level-lowered", rung=self.level, certified=4, why=""),)
        authorities = (
            AuthorityView(
                "energy", "Sample Energy Authority", "https://127.0.0.1:44301",
                (
                    ProductView("cool-breeze-3", "そよかぜ3 Cool Breeze 3", 4, self.level, why if self.level < 4 else ()),
                    ProductView("power-bank-10", "Power Bank 10", 5, 5),
                ),
                {"health": ((5, 4), (4, 4), (3, 3), (2, 2), (1, 1)), "mobility": ((5, 4), (4, 3))},
            ),
            AuthorityView(
                "health", "Sample Health Authority", "https://127.0.0.1:44302",
                (ProductView("sugar-check-1", "Sugar Check 1", 4, 4),), {"energy": ((5, 4), (4, 3))},
            ),
        )  # fmt: skip
        return SampleView(
            NOW, sample_things(lang), links(lang), authorities, PURPOSES, FAULTS,
            situations=talk_fixture.SITUATIONS, situation=self.situation,
            alerts=alert_cards(lang)[:1] if self.situation else (),
        )  # fmt: skip

    def meeting(self, meeting_id: str, lang: str) -> MeetingView | None:
        if meeting_id not in ("m1", "waiting"):
            return None
        sides = (side("gateway", lang, "health", "limit"), side("aircon", lang, "energy", "allow"))
        if meeting_id == "waiting":
            return MeetingView(
                "waiting", NOW, "switch-power", "nothing", "waiting", None, None, None, sides, ()
            )
        return MeetingView(
            "m1",
            NOW,
            "switch-power",
            "lowered",
            "limit",
            energy(2),
            NOW + 3000,
            0.0123,
            sides,
            LOWERED,
        )

    def happened(self, older: str, lang: str) -> HappenedView:
        self.older_asked = older
        entries = (
            EntryView(NOW - 2, "verdict", LOWERED[1], TAKE_CARE, LOWERED[:1], "/sample/meetings/m1",
                      name_of("gateway", lang), "b7" * 32),
            EntryView(NOW - 60, "level", LOWERED[0], ATTENTION),
            EntryView(NOW - 3600, "meeting", reason("standing.certificate-revoked"), DANGER),
            EntryView(NOW - 90000, "verdict", reason("verdict.level-suffices", rung=4, required=3)),
        )  # fmt: skip
        return HappenedView(entries, 412, "" if older else "408")

    def settings(self, _lang: str) -> SettingsView:
        return SettingsView(
            self.listening, "observing", (reason("web.source-needs-rights"),), "http://127.0.0.1:8119",
            on_lan=False, folder="/home/somebody/.local/share/omamori", version="0.1.0",
            sources=self._sources(), hearing=talk_fixture.HEARING,
        )  # fmt: skip

    async def start_meeting(self, one: str, other: str, purpose: str, fault: str) -> str:
        if fault not in FAULTS:
            raise RefusedError("web.choice-unknown")
        self.asked.append(("start_meeting", one, other, purpose, fault))
        return "m1"

    async def set_level(self, industry: str, product: str, rung: int) -> None:
        self.asked.append(("set_level", industry, product, rung))
        self.level = rung

    async def correct(self, thing_id: str, name: str, kind: str) -> None:
        self.asked.append(("correct", thing_id, name, kind))

    async def listen(self, *, on: bool) -> None:
        self.asked.append(("listen", on))
        self.listening = on


class MemorySecrets:
    """Implements SecretPort."""

    def __init__(self) -> None:
        self.digest = ""

    def password_hash(self) -> str:
        return self.digest

    def keep_password_hash(self, digest: str) -> None:
        self.digest = digest


PATHS = (
    "/", "/things/02%3A00%3A5e%3A00%3A53%3A0a", "/things/ip%3A192.168.1.77", "/things/hostile",
    "/things/aircon", "/label/aircon", "/label/hostile", "/sample", "/sample/meetings/m1",
    "/happened", "/settings", "/patterns", "/help", "/no-such-page", "/talk", "/outside", "/new",
    "/alerts", "/alerts/a1", "/talk?home=sample&since=week", "/alerts/a3?home=sample",
    "/protect?told=cut", "/protect?home=sample", "/protect/commands",
    "/protect/links", "/protect/rules", "/protect/automations?told=read", "/protect/measured",
    "/protect/rules/try?asker=stranger&target=hostile&point=power&act=set&home=sample",
    "/sample/plays/film", "/sample/plays/measurement",
)  # fmt: skip
"""Every page of a home."""
