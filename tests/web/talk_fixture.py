"""What the fixture home's things do: rich, realistic and partly hostile views."""

from __future__ import annotations

import time

from omamori.documents.reason import Reason, RefusedError
from omamori.web.views import ATTENTION, DANGER, TAKE_CARE
from omamori.web.views_talk import (
    AlertCard,
    AlertsView,
    AlertView,
    AliasView,
    DoingView,
    FactView,
    HearingView,
    NewItem,
    NewView,
    OtherThing,
    OutsideThing,
    OutsideView,
    PeerView,
    RuleView,
    ShouldView,
    SuggestionView,
    TalkEdge,
    TalkNode,
    TalkView,
)

NOW = time.time()
CAMERA, ROUTER, TELEVISION = "02:00:5e:00:53:0a", "02:00:5e:00:53:01", "02:00:5e:00:53:0b"
BEHIND = f"{ROUTER}/lamp-1"  # known by a bridge's word
HOSTILE_HOST = '<img src=x onerror="alert(1)">.\u202emoc.live' + "a" * 90
HEARING = HearingView(
    "plugged", "eth0", 1_284_031, 412, NOW - 90_000, is_hurried=True,
    why=(Reason("web.source-needs-rights"),),
)  # fmt: skip
SITUATIONS = ("iron", "second-hand", "camera", "phone", "rogue-dhcp", "spoof")


def outside(name: str, country: str, sent: int, received: int, **more: bool) -> PeerView:
    return PeerView(
        "outside", name, "", country, ("tcp/443", "udp/443", "udp/123"), sent, received,
        NOW - 400_000, NOW - 70, "it", **more,
    )  # fmt: skip


PEERS = (
    outside("camera-maker.example", "JP", 3_400_000_000, 12_000_000),
    outside("cdn.example", "US", 88_000, 64_000_000),
    outside(HOSTILE_HOST, "NL", 700, 300, is_new=True, is_odd=True),
    outside("203.0.113.77", "", 900, 0),
    PeerView(
        "home", "[LG] webOS TV OLED65C1PJB", TELEVISION, "", ("tcp/554", "udp/1900"), 21_000_000,
        4_000, NOW - 90_000, NOW - 9, "peer",
    ),
    PeerView("group", "", "", "", ("udp/5353", "udp/1900", "arp"), 12_000, 0, NOW - 9e5, NOW - 2),
    PeerView("home", "わが家のルーター", ROUTER, "", ("udp/53", "tcp/48101"), 9_000, 31_000, NOW, NOW),
    *(outside(f"service-{number}.example", "DE", 900 * number, 70) for number in range(1, 7)),
)  # fmt: skip
HOURS = tuple(
    (NOW - 3600 * (24 - hour), (hour * 37) % 23 * 40_000, (hour * 11) % 7 * 90_000)
    for hour in range(24)
)
RULES = (
    RuleView("named", "camera-maker.example", "JP", ("tcp/443",), "to"),
    RuleView("named", HOSTILE_HOST, "", (), "to"),
    RuleView("local", services=("tcp/554",), direction="from"),
    RuleView("router", services=("udp/53", "udp/123", "udp/67"), direction="to"),
    *(RuleView("same-maker", services=(f"tcp/{port}",)) for port in range(9000, 9008)),
)
QUIET = DoingView(86_400.0)
DOING = DoingView(86_400.0, PEERS, 3_421_000_000, 76_000_000, 14, HOURS)
SHOULD = {
    "declared": ShouldView(
        "declared", RULES, 3, None, NOW - 9e5, "The Example Camera 2", "https://maker.example/mud.json",
        (Reason("web.name-too-long", {"most": 5}),), can_download=True,
    ),
    "learning": ShouldView("learning", RULES[:3], 0, NOW + 400_000, can_download=True),
    "nothing": ShouldView(),
}  # fmt: skip
ALIASES = (
    AliasView("06:00:5e:00:53:aa", NOW - 9e5, NOW - 4e5, (Reason("address.private"),)),
    AliasView("0a:00:5e:00:53:ab", NOW - 19e5, NOW - 9e5, is_first=True),
    AliasView("0e:00:5e:00:53:ac", NOW - 9e4, NOW, is_guess=True, is_used=True),
)
CHILDREN = (
    OtherThing("hostile", "玄関の照明", "light", "Zigbee"),
    OtherThing(TELEVISION, HOSTILE_HOST, "sensor", HOSTILE_HOST),
)
SUGGESTION = SuggestionView("printer", (Reason("clue.talk", {"said": "tcp/631", "place": "x"}),))


def alert_cards(lang: str, fine: frozenset[str] = frozenset()) -> tuple[AlertCard, ...]:
    camera = "居間の見守りカメラ" if lang == "ja" else "Living room camera"
    lowered = Reason("lowered.exploited")
    return (
        AlertCard(
            "a1", DANGER, Reason("standing.contraindicated"), Reason("todo.update"), NOW - 4000,
            NOW - 60, 74, CAMERA, camera, fine="a1" in fine,
        ),
        AlertCard("a2", ATTENTION, lowered, None, NOW - 9000, NOW - 9000, 1, "hostile", HOSTILE_HOST),
        AlertCard("a3", TAKE_CARE, lowered, Reason("todo.update"), NOW - 9e5, NOW - 8e5, 3, CAMERA,
                  camera, over=True),
    )  # fmt: skip


class TalkFixture:
    """The part of HomePort on what things do; `asked` holds every action, `looked` what was asked to be seen."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.looked: list[tuple[object, ...]] = []
        self.fine: frozenset[str] = frozenset()
        self.situation = ""
        self.is_deaf = False

    def talk(self, home: str, since_s: float, thing: str, lang: str) -> TalkView:
        self.looked.append(("talk", home, since_s, thing))
        if self.is_deaf:
            return TalkView(NOW, home, since_s, HEARING, thing=thing)
        router = "わが家のルーター" if lang == "ja" else "Our router"
        nodes = [
            TalkNode(ROUTER, router, "router", "router"),
            TalkNode("everybody", "", "group"),
            TalkNode(CAMERA, "居間の見守りカメラ", "home", "camera", state=DANGER),
            TalkNode(TELEVISION, "[LG] webOS TV OLED65C1PJB", "home", "television"),
            TalkNode("hostile", HOSTILE_HOST, "home", "printer"),
            TalkNode("ip:192.168.1.77", "192.168.1.77", "home"),
        ]
        edges = []
        for number, peer in enumerate(PEERS):
            if peer.place == "outside":
                nodes.append(TalkNode(f"out-{number}", peer.name, "outside", country=peer.country))
            end = peer.thing_id or (f"out-{number}" if peer.place == "outside" else "everybody")
            edges.append(
                TalkEdge(
                    CAMERA, end, peer.services, peer.sent, peer.received, peer.first_at,
                    peer.last_at, CAMERA, is_new=peer.is_new, is_odd=peer.is_odd,
                )
            )  # fmt: skip
        edges.append(TalkEdge(TELEVISION, "out-1", ("tcp/443",), 4_000_000, 900_000_000, NOW, NOW))
        edges.append(TalkEdge("hostile", ROUTER, ("udp/53",), 2_000, 900, NOW, NOW, "hostile"))
        edges.append(
            TalkEdge("ip:192.168.1.77", TELEVISION, ("tcp/23",), 900, 0, NOW, NOW, is_odd=True)
        )
        things = tuple((node.id, node.name) for node in nodes if node.place == "home")
        return TalkView(NOW, home, since_s, HEARING, things, thing, tuple(nodes), tuple(edges), 31)

    def outside(self, home: str, since_s: float, thing: str, lang: str) -> OutsideView:
        self.looked.append(("outside", home, since_s, thing))
        if self.is_deaf:
            return OutsideView(NOW, home, since_s, HEARING)
        camera = "居間の見守りカメラ" if lang == "ja" else "Living room camera"
        places = tuple(peer for peer in PEERS if peer.place == "outside")
        things = (
            OutsideThing(CAMERA, camera, "camera", 3_400_000_000, 76_000_000, places, 7),
            OutsideThing("hostile", HOSTILE_HOST, "printer", 900, 80, places[2:3]),
        )
        choices = tuple((one.id, one.name) for one in things)
        return OutsideView(NOW, home, since_s, HEARING, choices, thing, things, left_out=3)

    def new(self, home: str, since_s: float, lang: str) -> NewView:
        self.looked.append(("new", home, since_s))
        camera = "居間の見守りカメラ" if lang == "ja" else "Living room camera"
        items = (
            NewItem(NOW - 60, "country", Reason("standing.no-statement"), CAMERA, camera, ATTENTION),
            NewItem(NOW - 900, "thing", Reason("ground.nothing"), "hostile", HOSTILE_HOST, TAKE_CARE),
            NewItem(NOW - 90_000, "partner", Reason("vouch.identified"), TELEVISION, ""),
        )  # fmt: skip
        return NewView(NOW, home, since_s, () if self.is_deaf else items, 4, NOW - 3e5)

    def alerts(self, home: str, lang: str) -> AlertsView:
        return AlertsView(NOW, home, alert_cards(lang, self.fine))

    def alert(self, home: str, alert_id: str, lang: str) -> AlertView | None:
        found = {card.id: card for card in alert_cards(lang, self.fine)}
        if alert_id not in found:
            return None
        card = found[alert_id]
        facts = (
            FactView(NOW - 4000, "192.168.1.20", "192.168.1.31", "tcp/23 SYN", card.name, HOSTILE_HOST),
            FactView(NOW - 3999, "fe80::1", "ff02::1:ff00:530b", "icmp6 135"),
            FactView(NOW - 60, HOSTILE_HOST, "192.168.1.32", '<b onfocus="alert(1)">'),
        )  # fmt: skip
        fine_at = NOW if card.fine else None
        return AlertView(card, home, facts, (Reason("lowered.unpatched"),), fine_at)

    def mud_of(self, home: str, thing_id: str) -> bytes | None:
        self.looked.append(("mud_of", home, thing_id))
        return b'{"ietf-mud:mud":{}}' if not thing_id.startswith("ip:") else None

    async def say_fine(self, home: str, alert_id: str, *, fine: bool) -> None:
        self.asked.append(("say_fine", home, alert_id, fine))
        self.fine = self.fine | {alert_id} if fine else self.fine - {alert_id}

    async def declare(self, home: str, thing_id: str, octets: bytes) -> None:
        if not octets.startswith(b"{"):
            raise RefusedError("label.unreadable")
        self.asked.append(("declare", home, thing_id, octets))

    async def undeclare(self, home: str, thing_id: str) -> None:
        self.asked.append(("undeclare", home, thing_id))

    async def part(self, home: str, thing_id: str, alias: str) -> None:
        self.asked.append(("part", home, thing_id, alias))

    async def join(self, home: str, thing_id: str, alias: str) -> None:
        self.asked.append(("join", home, thing_id, alias))

    async def disturb(self, situation: str) -> None:
        self.asked.append(("disturb", situation))
        self.situation = situation
